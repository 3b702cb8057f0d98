"""The shapes of entity and extend documents: fields, relationships, keys, rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.names import MAX_ENTITY
from xrm.metadata.schemas.views import FORM, VIEW
from xrm.metadata.schemas.words import (
    FIELD,
    MOVED_FROM,
    OPTIONS_WHEN,
    RENAMED_FROM,
    WHEN_INSTALLED,
    Schema,
    by_name,
    closed,
    expression,
    flag,
    items,
    label,
    later,
    name,
    one_of,
    one_or_more,
    option_map,
    path,
    text,
)

FUZZY = 85
CASCADES = ("all", "active", "owned", "none")

FIELD_KEYS: Mapping[str, Schema] = {
    "label": label("What people read; made from the name when absent."),
    "required": flag("Whether every record has a value here."),
    "unique": flag("Whether no two live records have the same value here."),
    "default": {
        "type": ["string", "number", "boolean", "array"],
        "items": {"type": ["string", "number"]},
        "description": "The value of a new record: an expression, or an option's key, or a list of keys.",
    },
    "help": label("A sentence under the field."),
    "visible_when": expression("Shown only where this holds."),
    "required_when": expression("Required where this holds."),
    "readonly_when": expression("Not editable where this holds."),
    "sensitive": flag("Given only by grants that name it."),
    "privacy": one_of("Says that it is personal data, which only grants that name it give.", ("personal",)),
    "search": flag("Whether search reads it."),
    "index": flag("Whether it is often filtered or sorted by."),
    "track": flag("Whether history keeps its values.", default=True),
    "renamed_from": RENAMED_FROM,
    "when_installed": WHEN_INSTALLED,
}
_THROUGH_KEYS = ("label", "help", "visible_when", "sensitive", "privacy", "when_installed")
_COMPUTED_KEYS = (*_THROUGH_KEYS, "search", "index", "renamed_from")
# What the value of a computed field may be, and what else then says how it is kept.
RESULTS = (
    "text", "long_text", "integer", "decimal", "percent", "money", "boolean", "date", "datetime", "time", "duration",
    "choice",
)  # fmt: skip
_RESULT_KEYS: Mapping[str, Schema] = {
    "result": one_of("The type of its value; found by the expression when absent.", RESULTS),
    "scale": {
        "type": "integer",
        "minimum": 0,
        "maximum": 6,
        "description": "Decimals that are kept, rounded half up.",
    },
    "currency": text(
        "The currency of a result of money; else the one of the amounts it follows from, or the base.",
        pattern="^[A-Z]{3}$",
    ),
    "frozen_when": expression("Where this holds, a value that is there stays, whatever it follows from."),
    "reveal": flag("Whether whoever may read the record reads it, whatever it is computed of."),
}
FORMULA, ROLLUP = "formula", "rollup"
COMPUTED: Mapping[str, Schema] = {
    FORMULA: closed(
        "A value that follows from others: of the record, of records that it leads to, or over many.",
        {
            "type": {"const": FORMULA, "description": "The field type."},
            "formula": expression("What its value is."),
            **_RESULT_KEYS,
            **{key: FIELD_KEYS[key] for key in _COMPUTED_KEYS},
        },
        ("type", "formula"),
    ),
    ROLLUP: closed(
        "One value over the records at the other end of a relationship.",
        {
            "type": {"const": ROLLUP, "description": "The field type."},
            "over": path("The relationship to many, as in lines or account.contacts."),
            "value": expression(
                "What is told of them, as in count(), sum(amount) or latest(closed_on, title)."
            ),
            "where": expression("Only those where this holds; bare names are theirs, record. is this one."),
            **_RESULT_KEYS,
            **{key: FIELD_KEYS[key] for key in _COMPUTED_KEYS},
        },
        ("type", "over", "value"),
    ),
}


def field_variants(types: Mapping[str, FieldType]) -> dict[str, Schema]:
    """For each type the schema of a field of this type; `from` stands for a read-through field."""
    variants = {t.name: _variant(t) for t in types.values()}
    through = {k: FIELD_KEYS[k] for k in _THROUGH_KEYS}
    through["from"] = path("The relationship and field to read, as in account.phone.")
    variants |= COMPUTED
    variants["from"] = closed("A field of a related record, shown here and stored there.", through, ("from",))
    # Without a type it changes a field of a lower layer, whose type decides what it may say.
    own = {**FIELD_KEYS, **_overridable(types), **_computed_keys()}
    change = closed("A change of a field of a lower layer.", own)
    # Who misspells the key that says what a field is means no change.
    variants[""] = {**change, "x-near": ["type", "from"]}
    return variants


def _variant(type_: FieldType) -> Schema:
    properties = {
        "type": {"const": type_.name, "description": "The field type."},
        **FIELD_KEYS,
        **type_params(type_),
    }
    return closed(type_.summary, properties, ("type", *type_.required_params))


def type_params(type_: FieldType) -> dict[str, Schema]:
    """The keys that only fields of this type have."""
    params = {k: dict(v) for k, v in type_.params.items()}
    if "options" in params:
        params["options"] = option_map(
            "Option keys as a list or map, or the name of a shared option set.", "string", of_field=True
        )
        params["options_when"] = OPTIONS_WHEN
    return params


def _overridable(types: Mapping[str, FieldType]) -> dict[str, Schema]:
    merged: dict[str, Schema] = {}
    for type_ in types.values():
        for key, schema in type_params(type_).items():
            merged.setdefault(
                key,
                schema
                if key in ("options", "options_when")
                else {"description": schema.get("description", "")},
            )
    return merged


RELATIONSHIP: Schema = closed(
    "One relationship, seen from this entity.",
    {
        "label": label("What people read; made from the name when absent."),
        "to": one_or_more(
            "The entity, or entities, that it leads to; any for every entity.", name("An entity.", MAX_ENTITY)
        ),
        "from": name("The entity whose records lead here.", MAX_ENTITY),
        "via": name("With from: the relationship over there, where several lead here."),
        "owned": flag("With from: its records are edited, deleted and granted with this one."),
        "many": flag("Whether one record may have several of them."),
        "attributes": by_name("Fields of each link; makes sense with many or valid.", {"$ref": FIELD}),
        "valid": flag("Whether each link has a day from which and a day to which it holds."),
        "required": flag("Whether every record has one."),
        "unique": flag("Whether the other record may have only one of these: one to one."),
        "inverse": {
            "type": ["string", "object"],
            "pattern": "^[a-z](?:_?[a-z0-9])*$",
            "maxLength": 40,
            "properties": {
                "name": name("Its name over there."),
                "label": label("Its label over there."),
                "renamed_from": RENAMED_FROM,
            },
            "required": ["name"],
            "additionalProperties": False,
            "description": "What the other side calls it: a name, or name and label.",
        },
        "on_delete": one_of(
            "What happens to this record when the other one goes.", ("restrict", "cascade", "clear")
        ),
        "cascade": closed(
            "Which of these records follow the other one.",
            {
                "assign": one_of(
                    "Which are given along when the other one is given to somebody else: all, those in no final "
                    "state, those of the same owner, or none.",
                    CASCADES,
                ),
                "merge": one_of(
                    "Which lead to the kept record when the other one is merged into it: all, those in no final state, "
                    "those of the same owner, or none; the others go as when it is deleted.",
                    CASCADES,
                    default="all",
                ),
                **{
                    act: later(f"Which follow when the other one is {done}.", "Take it out.")
                    for act, done in (("share", "shared"), ("reparent", "moved"))
                },
            },
        ),
        "hierarchy": flag("Whether it makes a tree."),
        "filter": expression("Which records may be chosen; bare names are theirs, record. is this one."),
        "default": expression("The record that a new one leads to."),
        "help": label("A sentence under it."),
        "visible_when": FIELD_KEYS["visible_when"],
        "required_when": FIELD_KEYS["required_when"],
        "readonly_when": FIELD_KEYS["readonly_when"],
        "sensitive": FIELD_KEYS["sensitive"],
        "privacy": FIELD_KEYS["privacy"],
        "renamed_from": RENAMED_FROM,
        "when_installed": WHEN_INSTALLED,
    },
)

KEY: Schema = {
    **closed(
        "Fields that are unique together among live records.",
        {
            "fields": items(
                "Names of fields and relationships.", name("A name."), minItems=1, uniqueItems=True
            ),
            "when": expression("Only records where this holds."),
            "no_overlap": items(
                "The fields that begin and end a span; spans may not overlap.",
                name("A field."),
                minItems=2,
                maxItems=2,
            ),
            "message": label("What to say to whoever would break it."),
            "when_installed": WHEN_INSTALLED,
        },
    ),
    "type": ["object", "array"],
    "items": {"type": "string"},
}

MATCHES = ("exact", "folded", "phone", "email", "fuzzy")
_MATCHED = path("A field or relationship, or a part of a field, as in address.postal_code.")
_MATCH: Schema = {
    **closed(
        "What both records have alike: a name, or a name and how it is compared.",
        {
            "field": _MATCHED,
            "by": one_of(
                "How it is compared: exact, folded (case and accents do not count), phone, email, or fuzzy (texts that "
                "are nearly the same). Made from the field's type when absent.",
                MATCHES,
            ),
            "at_least": {
                "type": "integer",
                "minimum": 50,
                "maximum": 100,
                "default": FUZZY,
                "description": "With fuzzy: how alike the two texts are, in percent.",
            },
        },
        ("field",),
    ),
    "type": ["string", "object"],
    "pattern": _MATCHED["pattern"],
}
DUPLICATE: Schema = closed(
    "A way to find records that are the same thing twice.",
    {
        "match": items("What both have alike, all of it.", _MATCH, minItems=1, maxItems=6, uniqueItems=True),
        "then": one_of(
            "Whether a writer is warned, and may go on, or refused.", ("warn", "refuse"), default="warn"
        ),
        "when": expression("Only between records where this holds."),
        "message": label("What to say to whoever would write a duplicate."),
        "when_installed": WHEN_INSTALLED,
    },
)

RULE: Schema = {
    **closed(
        "A condition that every record meets.",
        {
            "must": expression("What must hold."),
            "when": expression("Only where this holds."),
            "field": name("The field beside which to say it."),
            "message": label("What to say to whoever would break it."),
            "each": path(
                "The records that each say something, as rules that are kept there. Bare names are theirs then, inside "
                "their many records each. is, and record. is this one."
            ),
            "holds": name(
                "With each: the field of those in which is written where they count, of type expression; "
                "without it they always count."
            ),
            "on": name("With each: the lookup to the record on which that is asked; else it is this one."),
            "say": name("With each: the field of those that says it to whoever would break it."),
            "then": one_of(
                "With each: whether a writer is refused, or is only told.",
                ("refuse", "warn"),
                default="refuse",
            ),
            "choose": name(
                "With each: the lookup of those to what a new record begins with, if it is given none."
            ),
            "into": name("With choose: the relationship of this record that begins with it."),
            "keep": name("With each: the relationship of this record that leads to those that count."),
            "when_installed": WHEN_INSTALLED,
        },
    ),
    "type": ["object", "string"],
}

_MEMBERS: Mapping[str, Schema] = {
    "fields": by_name("Fields by name.", {"$ref": FIELD}),
    "relationships": by_name("Relationships by name.", RELATIONSHIP),
    "keys": by_name("Combinations that are unique.", KEY),
    "duplicates": by_name("Ways to find records that are the same thing twice.", DUPLICATE),
    "rules": by_name("Conditions on every record.", RULE),
    "indexes": items(
        "Names that are often filtered and sorted by together.",
        items("One index.", name("A name."), minItems=1, maxItems=6, uniqueItems=True),
    ),
}

ENTITY: Schema = closed(
    "An entity: a definition of records.",
    {
        "entity": name("Its name; the file's name too.", MAX_ENTITY),
        "label": label("One of them, as people say it."),
        "plural": label("Several of them."),
        "icon": text("An icon's name.", pattern="^[a-z][a-z0-9-]*$", maxLength=60),
        "title": expression("The display text of a record, over its own stored fields."),
        "ownership": one_of("Who a record belongs to.", ("none", "organization", "user_or_team")),
        "features": later(
            "What its records have beside their fields.",
            "Add relationships to the entities that hold comments, files or tags, and take this out.",
        ),
        "abstract": flag("Whether it is only a shape for others and has no records of its own."),
        "like": name("The entity whose fields, relationships, rules and forms it starts with.", MAX_ENTITY),
        "append_only": flag("Whether records are only ever added."),
        "renamed_from": RENAMED_FROM,
        "moved_from": MOVED_FROM,
        **_MEMBERS,
        "privacy": later(
            "Whose data it is and how long it is kept.",
            "Mark fields with privacy: personal, delete what is due by hand, and take this out.",
        ),
    },
)

EXTEND: Schema = closed(
    "What this pack adds to another pack's entity.",
    {
        "extend": name("The entity; the file's name too.", MAX_ENTITY),
        "when_installed": WHEN_INSTALLED,
        "features": ENTITY["properties"]["features"],
        **_MEMBERS,
        "forms": by_name("Sections to add to its forms.", FORM),
        "views": by_name("Views to add.", VIEW),
    },
)


def _computed_keys() -> dict[str, Schema]:
    """The keys that only computed fields have."""
    found = {key: schema for variant in COMPUTED.values() for key, schema in variant["properties"].items()}
    return {key: schema for key, schema in found.items() if key != "type" and key not in FIELD_KEYS}


def _computed_rule(name: str, variant: Schema) -> Schema:
    """What an editor takes of a computed field: its own keys, and none that speak of what people give."""
    keys = {key: schema for key, schema in variant["properties"].items() if key != "type"}
    never: Schema = {"not": {}, "description": "Not of what is computed."}
    others = {key: never for key in FIELD_KEYS if key not in keys}
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": {**keys, **others, "from": never}, "required": list(variant["required"])},
    }


def definitions(types: Mapping[str, FieldType]) -> dict[str, Any]:
    """The field schema as editors read it: common keys, and each type's own keys once the type is known."""
    variants = field_variants(types)
    rules = [
        {
            "if": {"properties": {"type": {"const": t.name}}, "required": ["type"]},
            "then": {"properties": type_params(t), "required": list(t.required_params)},
        }
        for t in types.values()
    ]
    rules += [_computed_rule(name, variants[name]) for name in COMPUTED]
    field = {
        "type": "object",
        "properties": {
            "type": one_of("The field type.", (*types, *COMPUTED)),
            **FIELD_KEYS,
            "from": variants["from"]["properties"]["from"],
        },
        "allOf": rules,
        "if": {"not": {"required": ["type"]}},
        "then": {"properties": {**_overridable(types), **_computed_keys()}},
        "unevaluatedProperties": False,
        "description": "One field.",
    }
    return {"field": field}
