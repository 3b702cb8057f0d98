"""The shapes of manifests, settings, lifecycles, roles, option sets, translations and seeds."""

from __future__ import annotations

from xrm.metadata.fieldtypes.special import HUES
from xrm.metadata.model import OPERATIONS
from xrm.metadata.names import MAX_ENTITY, MAX_PACK, VERSION_PATTERN
from xrm.metadata.schemas.words import (
    RENAMED_FROM,
    WHEN_INSTALLED,
    Schema,
    by_name,
    closed,
    expression,
    flag,
    items,
    label,
    name,
    one_of,
    one_or_more,
    option_map,
    text,
)

SETTING_TYPES = ("text", "integer", "decimal", "boolean", "date", "choice", "calendar")


def _ranges(description: str) -> Schema:
    return by_name(
        description, {"type": ["string", "number"], "description": "A range, as in >=1.0 or ^2.1."}, MAX_PACK
    )


_MENU_GROUP: Schema = closed(
    "Entities that stand together in the menu of the pages.",
    {
        "label": label("What people read; made from the name when absent."),
        "entities": items(
            "The entities, what is used most first.", name("An entity.", MAX_ENTITY), uniqueItems=True
        ),
        "folded": flag("Whether it is folded until somebody opens it; such groups stand last."),
    },
    ("entities",),
)

PACK: Schema = closed(
    "A pack's manifest.",
    {
        "pack": name("Its name, which begins the names of its tables.", MAX_PACK),
        "label": label("What people read."),
        "version": {"type": "string", "pattern": VERSION_PATTERN, "description": "Its version, as in 1.0.0."},
        "requires": _ranges("Packs that must be installed, with the versions that will do."),
        "optional": _ranges("Packs that may be installed, with the versions that will do."),
        "license": text("For whoever reads the file: under which licence it is given."),
        "authors": items("For whoever reads the file: who made it.", {"type": "string", "minLength": 1}),
        "summary": label("For whoever reads the file: what it is for, in a sentence or two."),
        "menu": by_name(
            "Groups of the menu, in order; groups of one name in several packs are one. What no group names "
            "stands under More.",
            _MENU_GROUP,
        ),
    },
    ("pack", "version"),
)

PACKS: Schema = by_name(
    "Which packs an organisation does not use for now; in the customisation only.",
    closed(
        "One pack.",
        {
            "disabled": flag(
                "Whether its pages, menus, forms, rules and roles are away; tables and records stay as they are."
            )
        },
        ("disabled",),
    ),
    MAX_PACK,
)

SETTINGS: Schema = by_name(
    "Named values that expressions of the pack read as settings.name, and those of the customisation too; no two packs "
    "have one of the same name (M235). A customisation says their default alone.",
    closed(
        "One setting.",
        {
            "label": label("What administrators read; made from the name when absent."),
            "help": label("A sentence under it: what it is for."),
            "type": one_of("What kind of value it is.", SETTING_TYPES),
            "options": option_map("With the type choice: the options."),
            "default": {
                "type": ["string", "number", "boolean"],
                "description": "Its value; an organisation may give it another one.",
            },
        },
        ("type", "default"),
    ),
)

STATE: Schema = {
    **closed(
        "A state that a record can be in.",
        {
            "label": label("What people read; made from the name when absent."),
            "color": one_of("The colour of its tag.", HUES),
            "initial": flag("Whether new records begin here."),
            "final": flag("Whether the work is done here."),
            "locked": flag("Whether a record in it, its parts and links change by transitions only."),
        },
    ),
    "type": ["object", "null"],
}

TRANSITION: Schema = closed(
    "A step from one state to another.",
    {
        "label": label("What the button says; made from the name when absent."),
        "from": one_or_more("The states from which it goes; any for all others.", name("A state.")),
        "to": name("The state to which it goes."),
        "roles": items("Who may take it; without this, everybody who may transition.", name("A role.")),
        "requires": one_or_more("Fields that must have a value.", name("A field.")),
        "guard": expression("What must hold before it is taken."),
        "message": label("What to say when the guard does not hold."),
        "reason": one_of("Whether a reason must be given.", ("required", "optional")),
        "when_installed": WHEN_INSTALLED,
    },
)

LIFECYCLE: Schema = closed(
    "The states of an entity's records and the steps between them.",
    {"states": by_name("States by name.", STATE), "transitions": by_name("Steps by name.", TRANSITION)},
)

GRANT: Schema = closed(
    "What may be done, to which records, with which fields.",
    {
        "entity": one_or_more("The entity or entities; any for all.", name("An entity.", MAX_ENTITY)),
        "can": items("What may be done.", {"type": "string", "enum": list(OPERATIONS)}, uniqueItems=True),
        "rows": expression(
            "Which records: own, team, unit, unit_and_below, all, or an expression. Absent: all."
        ),
        "fields": {
            "type": ["array", "object"],
            "items": {"type": "string"},
            "uniqueItems": True,
            "properties": {
                "except": items("All but these and the guarded ones.", {"type": "string"}, uniqueItems=True)
            },
            "required": ["except"],
            "additionalProperties": False,
            "description": "Which fields: a list, or except. Absent: all but sensitive and personal ones.",
        },
        "when_installed": WHEN_INSTALLED,
    },
)

ROLES: Schema = by_name(
    "Roles by name.",
    closed(
        "A named set of grants.",
        {
            "label": label("What people read; made from the name when absent."),
            "portal": name("For people outside: the entity that stands for the person.", MAX_ENTITY),
            "renamed_from": RENAMED_FROM,
            "grants": by_name("Grants by name.", GRANT),
        },
    ),
)

OPTIONS: Schema = closed(
    "A shared set of options.",
    {
        "label": label("For whoever reads the file: its name."),
        "options": option_map("Option keys as a list or map."),
    },
    ("options",),
)

I18N: Schema = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-z]+(\.[A-Za-z0-9_+-]+)+$"},
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 2000},
    "description": "Texts of one language by dotted path, as in entities.account.fields.name.label.",
}

PEOPLE: Schema = closed(
    "Units, teams and people that come with the pack, named by their names and addresses.",
    {
        "units": items(
            "Business units, parents first.",
            closed(
                "One unit.",
                {"name": text("Its name."), "parent": text("The name of the unit above it.")},
                ("name",),
            ),
        ),
        "teams": items(
            "Teams.",
            closed(
                "One team.", {"name": text("Its name."), "unit": text("The name of its unit.")}, ("name",)
            ),
        ),
        "users": items(
            "People.",
            closed(
                "One person.",
                {
                    "name": text("The name."),
                    "email": text("The address to sign in with."),
                    "unit": text("The name of the unit."),
                    "manager": text("The address of the manager."),
                    "teams": items("Names of teams.", {"type": "string"}, uniqueItems=True),
                    "roles": items("Names of roles.", {"type": "string"}, uniqueItems=True),
                    "language": text("The language."),
                    "zone": text("The time zone."),
                },
                ("name", "email"),
            ),
        ),
    },
)

_RECORD: Schema = closed(
    "One record.",
    {
        "ref": {
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$",
            "maxLength": 80,
            "description": "A name for it inside this pack.",
        },
        "entity": name("Its entity.", MAX_ENTITY),
        "values": {
            "type": "object",
            "description": "Values by field. A record of this pack is {ref: name}, in a demo one of a required pack "
            '{ref: "pack:name"}. A day or instant may be an expression, as in today() - 12 days; '
            "an amount of money that names no currency is in the base currency of the installation.",
        },
        "steps": items(
            "The steps of its lifecycle that it takes when all records are there, in the order of the files.",
            name("A step."),
        ),
        "reason": text("The reason for those of the steps that need one."),
    },
    ("ref", "entity", "values"),
)

SEED: Schema = closed(
    "Records that come with the pack.",
    {"people": PEOPLE, "records": items("The records, in the order in which they are made.", _RECORD)},
    minProperties=1,
)
