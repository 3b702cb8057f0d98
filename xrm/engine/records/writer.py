"""What the write pipeline knows about each entity: its table, contract and programs, made once per model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.contracts import Contract
from xrm.engine.projection.programs import Program, Programs, program_of
from xrm.engine.projection.references import is_nested
from xrm.engine.projection.sums import Sum, sums_of
from xrm.engine.records.priced import Priced
from xrm.engine.records.searched import searched_slots, searched_words
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.rows import Rows
from xrm.engine.storage.sealing import Seal
from xrm.engine.storage.statements import Prepared
from xrm.errors import NotFound, Place, Problem
from xrm.metadata.dependencies import dependencies_of
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.columns import as_is
from xrm.metadata.fieldtypes.times import write_instant
from xrm.metadata.model import OWNER_FIELDS, POINTERS, Entity, Field, Relationship, Shape, text_of
from xrm.metadata.typing_scope import ModelNames
from xrm.metadata.values import Ref, fold, meant, round_half_up
from xrm.registry import near_names

UNLOGGED = frozenset(
    {
        "id",
        "version",
        "title",
        "created_at",
        "created_by",
        "updated_at",
        "updated_by",
        "deletion",
        "state_since",
    }
)
_SAID = 1000  # expressions of records that are kept compiled
SYSTEM_COLUMNS = (
    "id", "version", "title", "external_key", "created_at", "created_by", "updated_at", "updated_by",
    "deleted_at", "deletion", "owner", "team", "unit", "state", "state_since",
)  # fmt: skip


class Writer:
    """What writes the records of one entity: its table, its contract and its programs."""

    def __init__(
        self,
        table: EntityTable,
        contract: Contract,
        programs: Programs,
        database: Database,
        numbers: Numbers,
        seal: Seal,
    ) -> None:
        self.table, self.contract, self.programs, self.numbers, self.seal = (
            table, contract, programs, numbers, seal,
        )  # fmt: skip
        self.rows = Rows(database, table)
        self.name, self.number = table.entity.name, numbers.entities[table.entity.name]
        self._database = database
        self._statements: dict[object, Prepared] = {}

    @property
    def entity(self) -> Entity:
        """The definition."""
        return self.table.entity

    @cached_property
    def lookups(self) -> tuple[Relationship, ...]:
        """The relationships kept in columns of its own."""
        return tuple(self.entity.lookups)

    @cached_property
    def pointers(self) -> tuple[Relationship, ...]:
        """Its lookups, and owner and team, which are given like lookups."""
        owners = {"owner": "user", "team": "team"} if self.entity.is_owned else {}
        made = (
            Relationship(n, self.entity.name, Shape.LOOKUP, (t,), {"en": n.title()})
            for n, t in owners.items()
        )
        return (*self.lookups, *made)

    @cached_property
    def nested_names(self) -> frozenset[str]:
        """The relationships whose records or links may be written inside a record of this entity."""
        return frozenset(r.name for r in self.entity.relationships.values() if is_nested(r))

    @cached_property
    def stored_names(self) -> tuple[str, ...]:
        """The fields and lookups that have columns."""
        return (*self.table.fields, *self.table.lookups)

    @cached_property
    def owner_columns(self) -> tuple[str, ...]:
        """The columns of ownership, if records have owners."""
        return OWNER_FIELDS if self.entity.is_owned else ()

    @cached_property
    def empty(self) -> MappingProxyType[str, Any]:
        """The values by name of a record in which nothing is filled."""
        return MappingProxyType(dict.fromkeys((*self.stored_names, "external_key", *self.owner_columns)))

    @cached_property
    def system_columns(self) -> tuple[str, ...]:
        """The system columns that its table has."""
        return tuple(n for n in SYSTEM_COLUMNS if n in self.table.table.c)

    @cached_property
    def autonumbers(self) -> tuple[Field, ...]:
        """The fields that get the next number of their pattern."""
        return tuple(f for f in self.entity.fields.values() if f.type.numbering)

    @cached_property
    def sums(self) -> Mapping[str, Sum]:
        """The sums and counts of its children that move with each of them, by field."""
        return sums_of(self.entity)

    @cached_property
    def in_base(self) -> Mapping[str, Priced]:
        """The given fields whose values are stored with their worth in the base currency."""
        given = (f for f in self.entity.fields.values() if f.is_stored and f.formula is None)
        return {f.name: Priced.of(f) for f in given if f.type.in_base}

    @cached_property
    def is_worth_after_defaults(self) -> bool:
        """Whether a default may begin an amount, or say the day of its rate."""
        read = {name for each in self.in_base.values() for name in (each.name, each.rate_on) if name}
        return not read.isdisjoint(self.programs.defaults)

    @cached_property
    def sealed_names(self) -> frozenset[str]:
        """The fields whose text is sealed at rest."""
        return frozenset(n for n, f in self.table.fields.items() if f.field.type.is_sealed)

    @cached_property
    def untracked(self) -> frozenset[str]:
        """The fields whose values history does not keep; what is computed follows from values that it keeps."""
        fields = self.entity.fields.values()
        return frozenset(f.name for f in fields if not f.track or f.formula is not None)

    @cached_property
    def key_names(self) -> frozenset[str]:
        """The names on whose values it depends whether a unique index admits a record."""
        held = [unique.key for unique in self.table.keys.values() if unique.index]
        said = (mention.attribute for key in held if key.when for mention in key.when.mentions)
        return frozenset(name for key in held for name in key.fields).union(said)

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """The fields that hold files."""
        return tuple(n for n, f in self.table.fields.items() if f.field.type.holds_files)

    @cached_property
    def searched(self) -> Mapping[str, int]:
        """The slot of the search index of each name that search reads."""
        return searched_slots(self.table, self.numbers)

    def words(self, records: Sequence[Mapping[str, Any]]) -> dict[int, Sequence[str | None]]:
        """What search reads of records, by slot."""
        return searched_words(self.entity, self.searched, records)

    def json(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """The JSON forms of stored values of a name, as the change log keeps them."""
        write = self._dumpers[name]
        if write is None:
            return values
        return [None if value is None else write(value) for value in values]

    @cached_property
    def _dumpers(self) -> Mapping[str, Callable[[Any], Any] | None]:
        """What makes JSON of the values of each name; nothing where they are JSON already."""
        fields = {name: _dumper(field) for name, field in self.entity.fields.items()}
        return {
            **dict.fromkeys(SYSTEM_COLUMNS, _plain),
            **{name: partial(_owner_json, entity) for name, entity in POINTERS.items()},
            **{relationship.name: _reference_json for relationship in self.lookups},
            **fields,
        }

    @cached_property
    def logged(self) -> tuple[str, ...]:
        """The names whose values the change log keeps, in its order."""
        names = (*self.stored_names, *self.system_columns)
        return tuple(n for n in names if n not in UNLOGGED and n not in self.untracked)

    def label(self, name: str) -> str:
        """What people call a field or relationship."""
        thing = self.entity.fields.get(name) or self.entity.relationships.get(name)
        return text_of(thing.label, "en", name) if thing else name

    def statement(self, key: object, make: Callable[[], sa.Executable]) -> Prepared:
        """The statement under `key`, compiled on first use."""
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = self._database.prepare(make())
        return found

    def load(
        self, unit: UnitOfWork, ids: Sequence[UUID], *, lock: bool = False, hold: bool = False
    ) -> dict[UUID, dict[str, Any]]:
        """The values by name of the stored records among `ids`, trashed ones too, system columns included."""
        if not ids:
            return {}
        rows = self.rows.load(unit, ids, lock=lock, hold=hold)
        return {record: self._values(row) for record, row in rows.items()}

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values = {name: row[name] for name in self.system_columns}
        values.update(self.table.join(row, self.numbers.names))
        return values

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The scalars by column of one record's values by name, the folded title included."""
        columns = self.columns({name: [value] for name, value in values.items()})
        return {name: column[0] for name, column in columns.items()}

    def columns(self, values: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The scalars of several records, whose values are given by name, column by column."""
        columns = self.table.split_all(values, self.numbers.entities)
        if "title" in columns:
            columns["title__key"] = [fold(title) for title in columns["title"]]
        for name in self.sealed_names & values.keys():
            column = self.table.fields[name].columns[0].key
            columns[column] = [None if text is None else self.seal.seal(text) for text in values[name]]
        return columns


def _dumper(field: Field) -> Callable[[Any], Any] | None:
    dump, params = field.type.dump, field.params
    if field.type.in_base is not None:
        return lambda value: _with_worth(dump(value, params), value)
    return None if dump is as_is else lambda value: dump(value, params)


def _with_worth(shown: Any, value: Any) -> Any:
    """An amount with what it is worth in the base currency, where that is another number."""
    worth = meant(value, "base")
    if worth is None or worth == meant(value, "amount"):
        return shown
    places = max(2, -int(worth.normalize().as_tuple().exponent))
    return {**shown, "base": format(round_half_up(worth, places), "f")}


def _reference_json(value: Ref) -> dict[str, str]:
    return {"id": str(value.id), "entity": value.entity}


def _owner_json(entity: str, value: UUID) -> dict[str, str]:
    return {"id": str(value), "entity": entity}


def _plain(value: Any) -> Any:
    return write_instant(value) if isinstance(value, datetime) else value


class Writers:
    """The writers of all entities of a model by name, each made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Writer]], numbers: Numbers, schema: Schema) -> None:
        self._makers, self.numbers, self.schema = makers, numbers, schema
        self.dependencies = dependencies_of(schema.model)
        self._made: dict[str, Writer] = {}
        self.names = ModelNames(schema.model.entities)
        self._said: dict[tuple[str, str], Program | None] = {}

    def __iter__(self) -> Iterator[Writer]:
        return (self[entity] for entity in self._makers)

    def __getitem__(self, entity: str) -> Writer:
        # Two threads may make one at the same time, and get the same: writers are told apart by identity.
        return self._made.get(entity) or self._made.setdefault(entity, self._makers[entity]())

    def __contains__(self, entity: str) -> bool:
        return entity in self._makers

    def said(self, entity: str, text: str) -> Program | None:
        """The condition over records of the entity that the text says; None if it cannot be read."""
        key = (entity, text)
        if key not in self._said:
            if len(self._said) >= _SAID:
                self._said.clear()
            found = check(text, entity, self.names)
            self._said[key] = program_of(found) if isinstance(found, Expression) else None
        return self._said[key]

    def named(self, entity: str, known: Iterable[str], where: Place) -> Writer:
        """The writer of that entity; raises NotFound with near names among `known`."""
        if entity in self and entity in known:
            return self[entity]
        near = near_names(entity, known)
        hint = f"Did you mean {near[0]}?" if near else ""
        raise NotFound(Problem("R104", f"There is no entity {entity!r} for you.", hint, where))


def writers_of(
    schema: Schema,
    contracts: Mapping[str, Contract],
    programs: Callable[[Entity], Programs],
    database: Database,
    numbers: Numbers,
    seal: Seal,
) -> Writers:
    """A writer for every entity that has a table made from metadata, and for the engine's own to be read."""

    def writer(table: EntityTable) -> Writer:
        name = table.entity.name
        return Writer(table, contracts[name], programs(table.entity), database, numbers, seal)

    return Writers({table.entity.name: partial(writer, table) for table in schema}, numbers, schema)
