"""Records with the references that they have, as rows tell them, and what tells whether these were written since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.relinks import Spot
from xrm.engine.storage.rowversions import others, versions_of
from xrm.engine.storage.statements import any_of
from xrm.engine.storage.turning import PORTION
from xrm.engine.storage.types import Instant, Integer, Text, Uuid

FIRST = UUID(int=0)
Marks = dict[Any, int]  # by the id of a record as the driver gives it
Column = sa.ColumnClause[Any]


class To(NamedTuple):
    """What a reference leads to: the number of an entity, and the id of a record."""

    entity: int
    record: UUID


References = tuple[To, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record with the references that it has, and those that it had before they became others."""

    id: UUID
    title: str
    is_gone: bool
    now: References
    old: References


@dataclass(slots=True)
class Linked:
    """What is done ahead of a plan: on which `occasion`, by which `ruling`, and the marks of the records of which
    nothing is left to do. Where it `is_made`, what these have stands where it was added.
    """

    is_made: bool
    occasion: Any = None
    ruling: Any = None
    marks: Marks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where records and their references stand: in a table, in `source`, and in `kept` those of before."""

    table: str
    source: Spot | None = None
    kept: Spot | None = None

    def portions(self, unit: UnitOfWork) -> Iterator[list[Record]]:
        """All records in the order of their ids."""
        last: UUID | None = FIRST
        while last is not None:
            found, last = self.portion(unit, last)
            if found:
                yield found

    def portion(self, unit: UnitOfWork, after: UUID) -> tuple[list[Record], UUID | None]:
        """The next records by their ids, and the last id, if there may be more."""
        rows = self._rows()
        chosen = sa.select(rows).where(rows.c.id > after).order_by(rows.c.id).limit(PORTION)
        found = unit.execute(chosen).all()
        made = self._made(unit, found, lambda id_: id_.between(found[0].id, found[-1].id))
        return made, found[-1].id if len(found) == PORTION else None

    def of(self, unit: UnitOfWork, ids: Sequence[UUID]) -> list[Record]:
        """The records of these ids, in their order."""
        rows = self._rows()
        found = unit.execute(sa.select(rows).where(rows.c.id.in_(ids)).order_by(rows.c.id)).all()
        return self._made(unit, found, lambda id_: id_.in_(ids))

    def _rows(self) -> sa.TableClause:
        columns = (sa.column("id", Uuid()), sa.column("title", Text()), sa.column("deleted_at", Instant()))
        return sa.table(self.table, *columns)

    def _made(self, unit: UnitOfWork, found: Sequence[Any], which: Any) -> list[Record]:
        if not found:
            return []
        now, old = (_references(unit, spot, which) for spot in (self.source, self.kept))
        return [
            Record(r.id, r.title, r.deleted_at is not None, now.get(r.id, ()), old.get(r.id, ()))
            for r in found
        ]

    # --- what was written since -----------------------------------------------------------------------

    def marks(self, unit: UnitOfWork, ids: Sequence[UUID] = ()) -> Marks:
        """A mark of each record, or of these, which is another once it or a link of it was written.

        Changing a link does not raise the version of its record, so all that is read of links is part of the mark.
        """
        found = versions_of(unit, self.table, ids)
        if self.source is not None and self.source.is_links:
            found, (chosen, record) = dict(found), _chosen(self.source, "id")
            for row in self._raw(unit, chosen, record, ids):
                found[row[0]] = found.get(row[0], 0) + hash(row)
        return found

    def _raw(
        self, unit: UnitOfWork, chosen: sa.Select[Any], record: Column, ids: Sequence[UUID]
    ) -> list[tuple[Any, ...]]:
        if ids:
            chosen = chosen.where(any_of(record, "ids"))
        return unit.run(unit.database.prepare(chosen), {"ids": ids} if ids else {})

    def written_since(self, unit: UnitOfWork, known: Marks) -> list[UUID]:
        """The records that have other marks than these, or none, in the order of their ids."""
        read = unit.database.prepare(sa.select(sa.column("id", Uuid())))
        return sorted(read.read((key,))[0] for key in others(self.marks(unit), known))


def key_of(database: Database, record: UUID) -> Any:
    """The id as the driver gives it."""
    return record.bytes if database.dialect.is_sqlite else str(record)


def _chosen(spot: Spot, *besides: str) -> tuple[sa.Select[Any], Column]:
    """What says where references lead: the record, the ids, the pair, and what they are in the order of."""
    record: Column = sa.column(spot.record, Uuid())
    columns = [record, *(sa.column(name, Uuid()) for name in spot.columns.values())]
    if spot.pair is not None:
        columns += [sa.column(spot.pair[0], Integer()), sa.column(spot.pair[1], Uuid())]
    others: list[Column] = [sa.column(name) for name in dict.fromkeys((*spot.order, *besides))]
    rows = sa.table(spot.table, *{c.name: c for c in (*columns, *others)}.values())
    return sa.select(*(rows.c[c.name] for c in (*columns, *(others if besides else ())))), rows.c[record.name]


def _references(unit: UnitOfWork, spot: Spot | None, which: Any) -> Mapping[UUID, References]:
    """What records have, in order, by record; `which` says of whose column with the ids."""
    if spot is None:
        return {}
    chosen, record = _chosen(spot)
    order: list[Column] = [sa.column(name) for name in spot.order]
    asked = chosen.where(which(record)).order_by(record, *(column.asc().nulls_first() for column in order))
    found: dict[UUID, list[To]] = {}
    for row in unit.execute(asked):
        found.setdefault(row[0], []).extend(in_row(spot, row[1:]))
    return {id_: tuple(each) for id_, each in found.items()}


def in_row(spot: Spot, values: Sequence[Any]) -> Iterator[To]:
    """What one row leads to; `values` are those of the spot's columns, and of its pair."""
    if spot.pair is not None:
        if values[-1] is not None:
            yield To(values[-2], values[-1])
        return
    yield from (To(n, id_) for n, id_ in zip(spot.columns, values, strict=True) if id_ is not None)
