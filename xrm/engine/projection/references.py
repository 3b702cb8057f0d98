"""How a record is pointed at from JSON, and how nested writes of children and links are shaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.builtins import read_value
from xrm.metadata.fieldtypes.files import ID_EXAMPLE, read_id
from xrm.metadata.fieldtypes.problems import bad, inside, read_parts, text_of, wrong_type
from xrm.metadata.model import Entity, Model, Relationship, Shape
from xrm.metadata.values import Ref

MOST_NESTED = 500
MOST_KEY_LEVELS = 3
EXTERNAL_KEY = "external_key"
EXTERNAL_KEY_LENGTH = 255
_REF_LENGTH = 100
_EXAMPLE = f'{{"id": {ID_EXAMPLE}}}'
_ENTITY_EXAMPLE = f'{{"entity": "contact", "id": {ID_EXAMPLE}}}'
_NESTED = ("create", "update", "delete")
_NESTED_EXAMPLE = '{"create": [{"amount": "12.50"}]}'


@dataclass(frozen=True, slots=True)
class ByKey:
    """A record pointed at by an alternate key: Python values by field name."""

    entity: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ByName:
    """A record pointed at by the name of an earlier command of the batch."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointed:
    """A record pointed at, with the title that a reader sees."""

    entity: str
    id: UUID
    title: str | None


@dataclass(frozen=True, slots=True)
class Pointing:
    """What reading a reference needs to know: where it may lead, and the model that knows the keys."""

    targets: tuple[str, ...]
    any: bool
    model: Model
    level: int = 1

    def admits(self, entity: str) -> bool:
        """True when a record of this entity may be pointed at."""
        if not self.any:
            return entity in self.targets
        known = self.model.entities.get(entity)
        return known is not None and not known.abstract


def pointing(relationship: Relationship, model: Model, level: int = 1) -> Pointing:
    """What reading references of this relationship needs."""
    return Pointing(relationship.targets, relationship.any, model, level)


def read_reference(raw: Any, to: Pointing) -> Ref | ByKey | ByName:
    """The record that `raw` points at: by id, by entity and id, by alternate key, or by a batch name."""
    if isinstance(raw, str):
        return Ref(_entity(None, to), read_id(raw, "the id of a record"))
    parts = read_parts(raw, ("id", "entity", "title", "key", "ref"), _EXAMPLE)
    ways = parts.keys() & {"id", "key", "ref"}
    if len(ways) != 1:
        raise bad("R126", f"Must name one record, for example {_EXAMPLE}.", "Give one of id, key and ref.")
    if "ref" in parts:
        return ByName(_name(parts["ref"]))
    entity = _entity(parts.get("entity"), to)
    if "id" in parts:
        return Ref(entity, _within("id", lambda: read_id(parts["id"], "the id of a record")))
    return ByKey(entity, _within("key", lambda: _key(parts["key"], to.model.entities[entity], to)))


def _within(path: str, read: Any) -> Any:
    try:
        return read()
    except BadValue as refusal:
        raise inside(refusal, path) from None


def _name(raw: Any) -> str:
    name = text_of(raw, "the name of an earlier command", '"a"')
    if len(name) > _REF_LENGTH:
        raise bad("R111", f"Must have at most {_REF_LENGTH} characters.", path="ref")
    return name


def _entity(given: Any, to: Pointing) -> str:
    """The entity that is pointed at: the one given, or the only one there is."""
    if given is None:
        if to.any or len(to.targets) != 1:
            raise bad(
                "R126", f"Needs the entity, for example {_ENTITY_EXAMPLE}.", _targets_hint(to), "entity"
            )
        return to.targets[0]
    written = text_of(given, "the name of an entity", '"contact"')
    entity = to.model.former.entity(written)
    if not to.admits(entity):
        raise bad("R120", "Must point at another entity.", _targets_hint(to), "entity")
    return entity


def _targets_hint(to: Pointing) -> str:
    return "Any entity will do." if to.any else f"Give one of {', '.join(to.targets)}."


def _key(raw: Any, entity: Entity, to: Pointing) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise wrong_type(raw, "the values of a key", '{"tax_number": "500100200"}')
    if to.level >= MOST_KEY_LEVELS:
        raise bad("R129", "Must be given by id here.", "Keys inside of keys are too deep.")
    raw = {entity.former.get(name, name): value for name, value in raw.items()}
    if not _is_key(frozenset(raw), entity):
        raise bad("R126", "Must give exactly the fields of one key.", f"Look at the keys of {entity.name}.")
    return {name: _within(name, lambda n=name: _key_value(entity, n, raw[n], to)) for name in raw}


def _is_key(names: frozenset[Any], entity: Entity) -> bool:
    if names == {EXTERNAL_KEY} or any(names == frozenset(key.fields) for key in entity.keys.values()):
        return True
    return len(names) == 1 and any(f.unique and f.name in names for f in entity.fields.values())


def _key_value(entity: Entity, name: str, raw: Any, to: Pointing) -> Any:
    value: Any
    if name in entity.relationships:
        value = read_reference(raw, pointing(entity.relationships[name], to.model, to.level + 1))
    elif name in entity.fields:
        value = read_value(entity.fields[name].type, raw, entity.fields[name].params)
    else:
        value = text_of(raw, "a key", '"legacy-42"') or None
    if value is None:
        raise bad("R126", "Needs a value.", "A key with an empty field finds nothing.")
    return value


def _dump(value: Any, params: Params) -> dict[str, Any]:
    """Entity and id, and the title if it is known."""
    shown = {"id": str(value.id), "entity": value.entity}
    return {**shown, "title": value.title} if isinstance(value, Pointed) else shown


def _parts(params: Params) -> tuple[Part, ...]:
    """What a reading query selects for a lookup: id and title for each target; for any, the number first."""
    pair = (Part("id", Storage.UUID), Part("title", Storage.TEXT))
    return (Part("entity", Storage.INTEGER), *pair) if "numbers" in params else pair * len(params["targets"])


def _split(value: Pointed, params: Params) -> tuple[Any, ...]:
    if "numbers" in params:
        number = next(n for n, entity in params["numbers"].items() if entity == value.entity)
        return (number, value.id, value.title)
    pairs = ((value.id, value.title) if t == value.entity else (None, None) for t in params["targets"])
    return tuple(scalar for pair in pairs for scalar in pair)


def _join(scalars: tuple[Any, ...], params: Params) -> Pointed | None:
    if "numbers" in params:
        number, id_, title = scalars
        known = params["numbers"].get(number)  # None when the entity has left the model
        return None if id_ is None or known is None else Pointed(known, id_, title)
    for index, entity in enumerate(params["targets"]):
        id_, title = scalars[2 * index : 2 * index + 2]
        if id_ is not None:
            return Pointed(entity, id_, title)
    return None


def _schema(params: Params) -> Mapping[str, Any]:
    entity = {"enum": list(params["targets"])} if params.get("targets") else {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "entity": entity,
            "title": {"type": ["string", "null"]},
        },
        "required": ["id", "entity"],
        "examples": [
            {"id": ID_EXAMPLE.strip('"'), "entity": next(iter(params.get("targets", ())), "account")}
        ],
    }


LOOKUP = FieldType(
    name="lookup",
    summary="A record pointed at.",
    example="account: {to: account, required: true, inverse: contacts}",
    control=Control.LOOKUP,
    parts=_parts,
    parse=lambda raw, params: read_reference(raw, params["pointing"]),
    dump=_dump,
    split=_split,
    join=_join,
    expression=lambda params: Type(Kind.REFERENCE, entities=params.get("targets", ())),
    json_schema=_schema,
)


def lookup_params(
    relationship: Relationship, model: Model, numbers: Mapping[int, str] | None = None
) -> Params:
    """The parameters with which LOOKUP reads and shows this relationship.

    `numbers` are the ledger numbers of all entities; only a relationship to any entity needs them to show.
    """
    params = {"targets": relationship.targets, "pointing": pointing(relationship, model)}
    return {**params, "numbers": numbers or {}} if relationship.any else params


def engine_lookup(target: str, model: Model) -> Params:
    """The parameters of a lookup to one of the engine's own entities, as `owner` is."""
    return {"targets": (target,), "pointing": Pointing((target,), False, model)}


def _parse_nested(raw: Any, params: Params) -> dict[str, list[Any]] | None:
    """What to create, update and delete beside the record: bounded lists, checked for their shape only."""
    parts = read_parts(raw, _NESTED, _NESTED_EXAMPLE)
    nested = {verb: _within(verb, lambda v=verb: _items(parts.get(v, []), v)) for verb in _NESTED}
    size = sum(len(items) for items in nested.values())
    if size > MOST_NESTED:
        raise bad("R121", f"Must hold at most {MOST_NESTED} records.", "Write the others by themselves.")
    return nested if size else None


def _items(raw: Any, verb: str) -> list[Any]:
    if not isinstance(raw, list | tuple):
        raise wrong_type(raw, "a list", _NESTED_EXAMPLE)
    return [_within(f"[{index}]", lambda i=item: _item(i, verb)) for index, item in enumerate(raw)]


def _item(raw: Any, verb: str) -> Any:
    if verb == "delete":
        return read_id(raw["id"] if isinstance(raw, Mapping) and "id" in raw else raw, "the id of a record")
    if not isinstance(raw, Mapping):
        raise wrong_type(raw, "an object", '{"amount": "12.50"}')
    if verb == "create":
        return dict(raw)
    if "id" not in raw:
        raise bad("R126", "Needs the id of the record to update.", f"For example {_EXAMPLE}.", "id")
    return {**raw, "id": _within("id", lambda: read_id(raw["id"], "the id of a record"))}


NESTED = FieldType(
    name="nested",
    summary="Children or links that are written together with the record.",
    example="remedies: {from: remedy, owned: true}",
    control=Control.ROWS,
    parts=lambda params: (),
    parse=_parse_nested,
    dump=lambda value, params: value,
    split=lambda value, params: (),
    join=lambda scalars, params: None,
    expression=lambda params: Type(Kind.MANY),
    json_schema=lambda params: {
        "type": "object",
        "properties": {verb: {"type": "array", "maxItems": MOST_NESTED} for verb in _NESTED},
        "additionalProperties": False,
    },
    is_sortable=False,
    can_be_unique=False,
)


def is_nested(relationship: Relationship) -> bool:
    """True when its records or links may be written inside the record."""
    return relationship.shape is Shape.MANY or (relationship.shape is Shape.INVERSE and relationship.owned)
