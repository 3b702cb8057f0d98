"""Contracts: what records of an entity look like in JSON, as marshmallow schemas made from the model.

One marshmallow field class wraps the field types; they are the only truth about input. A contract checks
names, types and presence of everything that came, and answers with every problem at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from xrm.engine.projection.references import (
    EXTERNAL_KEY,
    EXTERNAL_KEY_LENGTH,
    LOOKUP,
    NESTED,
    ByKey,
    ByName,
    Pointed,
    engine_lookup,
    is_nested,
    lookup_params,
)
from xrm.errors import Place, Problem, Problems
from xrm.metadata.expressions.types import TEXT as TEXT_VALUE
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Option, Params, Part, Storage
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.choices import CHOICE
from xrm.metadata.fieldtypes.columns import alone, column, only, schema, typed
from xrm.metadata.fieldtypes.files import ID_EXAMPLE, read_id
from xrm.metadata.fieldtypes.numbers import INTEGER
from xrm.metadata.fieldtypes.text import TEXT
from xrm.metadata.fieldtypes.times import DATETIME
from xrm.metadata.model import SETTABLE, Entity, Field, Model, Relationship, Shape, text_of
from xrm.registry import near_names

__all__ = [
    "CONTRACT_CODES",
    "ByKey",
    "ByName",
    "Contract",
    "Contracts",
    "Pointed",
    "Surroundings",
    "TypedField",
    "contract",
]

CONTRACT_CODES: Mapping[str, str] = {
    "R103": "The entity has no such field for this caller.",
    "R130": "A field that is needed has no value.",
    "R131": "The field is set by the system, or from the other side of its relationship.",
    "R132": "The caller may read the field, and may not change it.",
}
CURRENCY_PARAM = "default_currency"  # a type with such a parameter takes amounts without a currency
_SHOWN_NAME = 40
_MOST_HINTS = 20  # a near name costs a comparison with every field

RECORD_ID = FieldType(
    name="id",
    summary="The id of a record.",
    example="",
    control=Control.READONLY,
    parts=column(Storage.UUID),
    parse=lambda raw, params: read_id(raw, "the id of a record"),
    dump=lambda value, params: str(value),
    split=alone,
    join=only,
    expression=typed(TEXT_VALUE),
    json_schema=schema(type="string", format="uuid", readOnly=True, examples=[ID_EXAMPLE.strip('"')]),
    is_writable=False,
)


class TypedField(fields.Field[Any]):
    """A marshmallow field that reads and writes by a field type."""

    def __init__(self, type_: FieldType, params: Params, *, label: str = "", dump_only: bool = False) -> None:
        super().__init__(allow_none=True, dump_only=dump_only)
        self.type, self.params, self.label = type_, params, label

    @property
    def parts(self) -> tuple[Part, ...]:
        """The columns that hold it, or that a query selects for it."""
        return self.type.parts(self.params)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return write_value(self.type, value, self.params)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            return self.read(value)
        except BadValue as refusal:
            raise ValidationError([self.refused(refusal, attr or "")]) from None

    def read(self, raw: Any) -> Any:
        """The Python value that JSON input means; raises BadValue."""
        return read_value(self.type, raw, self.params)

    def read_all(self, raws: Sequence[Any]) -> list[Any]:
        """The values of many records; for a value that is refused, the refusal. Each text is read once."""
        known = _Readings(self)
        return [known[raw] if type(raw) is str else self._tried(raw) for raw in raws]

    def _tried(self, raw: Any) -> Any:
        try:
            return self.read(raw)
        except BadValue as refusal:
            return refusal.with_traceback(None)

    def refused(self, refusal: BadValue, name: str) -> Problem:
        """What is wrong with the value of the field `name`, in words about the field."""
        return _about(refusal.problem, self.label, name)


class _Readings(dict[str, Any]):
    """What texts mean to a field: options, days and ids come again and again."""

    def __init__(self, field: TypedField) -> None:
        super().__init__()
        self._parse, self._params = field.type.parse, field.params

    def __missing__(self, text: str) -> Any:
        """What `read` gives or raises, without the calls in between."""
        found: Any = None
        if text.strip():
            try:
                found = self._parse(text, self._params)
            except BadValue as refusal:
                found = refusal.with_traceback(None)
        self[text] = found
        return found


def _about(problem: Problem, label: str, name: str) -> Problem:
    """The problem with the field's label as the subject of its sentence, at the field's path."""
    message = problem.message
    sentence = f"{label} {message[:1].lower()}{message[1:]}" if label else message
    return Problem(problem.code, sentence, problem.hint, problem.where).under(name)


class RecordSchema(Schema):
    """The base of all record schemas: values come from mappings, by key only."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """The value under this key. An entity may have a field called `items`, which every dict has too."""
        return obj.get(attr, default)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which names came, each under the key that its caller wrote, and which of them may be set."""

    keys: Mapping[str, str]
    usable: frozenset[str]
    known: frozenset[str]
    partial: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """The JSON form of an entity's records. `aliases` are the former names of renamed fields."""

    entity: Entity
    schema: Schema
    aliases: Mapping[str, str]
    language: str = "en"

    @property
    def writable_names(self) -> frozenset[str]:
        """The names that a caller with every right may set."""
        return frozenset(self.schema.load_fields)

    def load(
        self,
        values: Mapping[str, Any],
        *,
        partial: bool,
        writable: frozenset[str],
        readable: frozenset[str] = frozenset(),
    ) -> tuple[dict[str, Any], Problems]:
        """The Python values of the given names, None for null and empty, and every problem found.

        Only names in `writable` are taken. A name that is neither writable nor `readable` is answered as if
        it did not exist. With `partial`, needed fields may be absent; empty they may never be.
        """
        parsed, found = self.load_many([values], partial=partial, writable=writable, readable=readable)
        problems = Problems()
        problems.extend(found.get(0, ()))
        return parsed[0], problems

    def load_many(
        self,
        records: Sequence[Mapping[str, Any]],
        *,
        partial: bool,
        writable: frozenset[str],
        readable: frozenset[str] = frozenset(),
    ) -> tuple[list[dict[str, Any]], dict[int, list[Problem]]]:
        """The same for many records: their values in order, and the problems of those that have any.

        Records with the same names are read together, each name in one go.
        """
        usable = writable & self.writable_names
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, record in enumerate(records):
            alike.setdefault(tuple(record), []).append(place)
        parsed: list[dict[str, Any]] = [{}] * len(records)
        problems: dict[int, list[Problem]] = {}
        for names, places in alike.items():
            known = writable | readable
            asked = _Asked(dict(self._present(names, known)), usable, known, partial)
            rows, found = self._load_alike(asked, [records[place] for place in places])
            for place, row in zip(places, rows, strict=True):
                parsed[place] = row
            problems.update((places[index], listed) for index, listed in found.items())
        return parsed, problems

    def present(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values under present names; one that is given by both names stays under each."""
        return {
            n if (n := self.aliases.get(name, name)) not in values else name: v for name, v in values.items()
        }

    def _present(self, names: Sequence[str], known: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Each name with its present one: a former name counts for whoever knows the field and does not name it too."""
        for name in names:
            present = self.aliases.get(name, name)
            yield (present if present in known and present not in names else name), name

    def dump(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON form of those of the record's values that the contract knows."""
        dumped: dict[str, Any] = self.schema.dump(record)
        return dumped

    def _load_alike(
        self, asked: _Asked, records: Sequence[Mapping[str, Any]]
    ) -> tuple[list[dict[str, Any]], dict[int, list[Problem]]]:
        """The values of records that were given the same names, and the problems by index."""
        given = {name: [record[key] for record in records] for name, key in asked.keys.items()}
        refused = list(self._refusals([n for n in given if n not in asked.usable], asked.usable, asked.known))
        columns = {
            name: self._typed(name).read_all(raws) for name, raws in given.items() if name in asked.usable
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        rows = rows or [{} for _ in records]
        problems: dict[int, list[Problem]] = {}
        if refused:
            problems = {index: list(refused) for index in range(len(records))}
        for name, read in columns.items():
            if BadValue in set(map(type, read)):
                self._take_out(name, rows, problems)
        for index, problem in self._empty(asked, columns, len(records)):
            problems.setdefault(index, []).append(problem)
        return rows, problems

    def _typed(self, name: str) -> TypedField:
        field = self.schema.load_fields[name]
        if not isinstance(field, TypedField):
            raise AssertionError("a contract has typed fields only")
        return field

    def _take_out(
        self, name: str, rows: Sequence[dict[str, Any]], problems: dict[int, list[Problem]]
    ) -> None:
        """Values of this name that were refused are no values but problems."""
        field = self._typed(name)
        for index, row in enumerate(rows):
            if isinstance(row[name], BadValue):
                problems.setdefault(index, []).append(field.refused(row.pop(name), name))

    def _refusals(
        self, names: Sequence[str], usable: frozenset[str], known: frozenset[str]
    ) -> Iterable[Problem]:
        """Why these names are not taken, in words that give away nothing that the caller may not know."""
        for index, name in enumerate(names):
            if name in self.schema.dump_fields and (name in known or not self._is_own(name)):
                yield self._not_yours(name)
            else:
                yield self._unknown(name, usable if index < _MOST_HINTS else frozenset())

    def _not_yours(self, name: str) -> Problem:
        where = Place(path=name)
        if name not in self.schema.load_fields:
            return Problem("R131", f"{self._label(name)} is set by the system.", "Leave it out.", where)
        return Problem("R132", f"{self._label(name)} is not yours to change.", "Leave it out.", where)

    def _unknown(self, name: str, usable: frozenset[str]) -> Problem:
        near = near_names(_shown(name), usable)
        hint = f"Did you mean {near[0]}?" if near else "Look at the fields of the entity."
        label = text_of(self.entity.label, self.language, self.entity.name)
        return Problem("R103", f'{label} has no field "{_shown(name)}".', hint, Place(path=_shown(name)))

    def _is_own(self, name: str) -> bool:
        return name in self.entity.fields or name in self.entity.relationships

    def _empty(
        self, asked: _Asked, columns: Mapping[str, Sequence[Any]], count: int
    ) -> Iterable[tuple[int, Problem]]:
        """A problem for each needed name that was given empty, or not given where nothing else fills it."""
        for thing in _needed(self.entity):
            name = thing.name
            if name not in asked.usable:
                continue
            if name in columns:
                empty = [i for i, value in enumerate(columns[name]) if value is None]
            else:
                empty = [] if asked.partial or thing.default is not None else list(range(count))
            if empty:
                problem = Problem(
                    "R130", f"{self._label(name)} is needed.", "Give it a value.", Place(path=name)
                )
                yield from ((index, problem) for index in empty)

    def _label(self, name: str) -> str:
        field = self.schema.fields.get(name)
        return field.label if isinstance(field, TypedField) and field.label else name


def _needed(entity: Entity) -> Iterable[Field | Relationship]:
    """What must have a value; a child's parent is given by where it is written, so it is not asked for."""
    yield from (f for f in entity.fields.values() if f.required and f.visible_when is None)
    yield from (r for r in entity.lookups if r.required and r.visible_when is None and not r.is_parent)


def _shown(name: object) -> str:
    """The start of a name that a caller made up, safe to send back."""
    return str(name)[:_SHOWN_NAME].encode("utf-8", "replace").decode() or '""'


def contract(model: Model, entity: str, language: str = "en") -> Contract:
    """The contract of an entity, made once per model."""
    return contracts_of(model, language)[entity]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What contracts need to know besides the model.

    `language` is that of the labels in messages. `numbers` are the entities by ledger number, for pointers to
    any entity. `currency` is that of an amount of money that comes without one, where the field has none.
    """

    language: str = "en"
    numbers: Mapping[int, str] = field(default_factory=dict)
    currency: str = ""


class Contracts(Mapping[str, Contract]):
    """The contracts of a model's entities, each made when it is first asked for."""

    def __init__(self, model: Model, around: Surroundings | None = None) -> None:
        self._model, self._around = model, around or Surroundings()
        self._made: dict[str, Contract] = {}

    def __getitem__(self, entity: str) -> Contract:
        if entity not in self._made:
            self._made[entity] = _contract(self._model, self._model.entities[entity], self._around)
        return self._made[entity]

    def __iter__(self) -> Any:
        return iter(self._model.entities)

    def __len__(self) -> int:
        return len(self._model.entities)


@dataclass(frozen=True, slots=True, eq=False)
class _SameModel:
    """A model as a cache key: equal to itself only."""

    model: Model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameModel) and other.model is self.model


def contracts_of(model: Model, language: str = "en") -> Contracts:
    """The contracts of a model; those of the few models used last are kept."""
    return _contracts_of(_SameModel(model), language)


@lru_cache(maxsize=8)
def _contracts_of(same: _SameModel, language: str) -> Contracts:
    return Contracts(same.model, Surroundings(language))


def _contract(model: Model, entity: Entity, around: Surroundings) -> Contract:
    made: dict[str, fields.Field[Any]] = {
        **_system_fields(model, entity),
        **{field.name: _own_field(field, around) for field in entity.fields.values()},
        **{r.name: _link(model, r, around) for r in entity.relationships.values()},
    }
    class_name = "".join(word.title() for word in entity.name.split("_"))
    return Contract(entity, RecordSchema.from_dict(made, name=class_name)(), entity.former, around.language)


def _system_fields(model: Model, entity: Entity) -> dict[str, TypedField]:
    """The fields that every entity of this kind has, in the order in which they are shown."""
    user = engine_lookup("user", model)
    found: dict[str, tuple[FieldType, Params]] = {
        "id": (RECORD_ID, {}),
        "version": (INTEGER, {}),
        "title": (TEXT, {}),
        EXTERNAL_KEY: (TEXT, {"max_length": EXTERNAL_KEY_LENGTH}),
        "created_at": (DATETIME, {}),
        "created_by": (LOOKUP, user),
        "updated_at": (DATETIME, {}),
        "updated_by": (LOOKUP, user),
        "deleted_at": (DATETIME, {}),
    }
    if entity.is_owned:
        team, unit = engine_lookup("team", model), engine_lookup("unit", model)
        found |= {"owner": (LOOKUP, user), "team": (LOOKUP, team), "unit": (LOOKUP, unit)}
    if entity.lifecycle is not None:
        states = tuple(Option(s.name, s.label, s.color) for s in entity.lifecycle.states.values())
        found |= {"state": (CHOICE, {"options": states}), "state_since": (DATETIME, {})}
    return {
        name: TypedField(type_, params, label=_worded(name), dump_only=name not in SETTABLE)
        for name, (type_, params) in found.items()
    }


def _worded(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _own_field(field: Field, around: Surroundings) -> TypedField:
    return TypedField(
        field.type,
        _params(field, around),
        label=text_of(field.label, around.language, _worded(field.name)),
        dump_only=not field.is_given,
    )


def _params(field: Field, around: Surroundings) -> Params:
    if field.many:
        return {**field.params, "many": True}
    if around.currency and CURRENCY_PARAM in field.type.params:
        return {CURRENCY_PARAM: around.currency, **field.params}
    return field.params


def _link(model: Model, relationship: Relationship, around: Surroundings) -> TypedField:
    label = text_of(relationship.label, around.language, _worded(relationship.name))
    if is_nested(relationship):
        return TypedField(NESTED, {}, label=label)
    params = lookup_params(relationship, model, around.numbers)
    return TypedField(LOOKUP, params, label=label, dump_only=relationship.shape is not Shape.LOOKUP)
