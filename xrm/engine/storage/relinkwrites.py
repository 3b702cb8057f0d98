"""References of many records at a time are written where they shall stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import LinkTable
from xrm.engine.storage.relinkrows import Record, References, To, in_row
from xrm.engine.storage.relinks import Relink
from xrm.engine.storage.statements import any_of
from xrm.engine.storage.steps import Occasion
from xrm.engine.storage.types import Integer, Uuid
from xrm.errors import Conflict, PlanRefused, Problem

Changed = Sequence[tuple[Record, References]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Puts references into `table`, whose columns are called by these `names` where they have others by now."""

    unit: UnitOfWork
    relink: Relink
    occasion: Occasion
    table: Any
    names: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def into(unit: UnitOfWork, relink: Relink, occasion: Occasion) -> Writer:
        """What puts them where they shall stand when the tables are as they shall be."""
        stored = relink.stored
        return Writer(
            unit, relink, occasion, stored.table if isinstance(stored, LinkTable) else relink.home.table
        )

    def put(self, changed: Changed, *, is_new: bool = False) -> None:
        """The records have these references; raises PlanRefused where the database will not have them twice.

        Of those that are new nothing stands there yet.
        """
        try:
            if self.relink.to_links:
                self._put_links(changed, is_new=is_new)
            elif changed:
                self._put_values(changed)
        except Conflict as error:
            message = f"Records clash by what {self.relink.name} becomes: {error.first.message}"
            raise PlanRefused(
                Problem("S121", message, "Change or merge them first.", self.relink.wanted.place)
            ) from None

    def _put_values(self, changed: Changed) -> None:
        spot = self.relink.target
        called = {name: self.names.get(name, name) for name in (*spot.columns.values(), *(spot.pair or ()))}
        rows = [
            {"row_id": r.id, **dict.fromkeys(called.values()), **self._said(made[0] if made else None)}
            for r, made in changed
        ]
        kinds = {called[name]: Uuid() for name in called} | self._kinds
        table = sa.table(
            self.table.name, sa.column("id", Uuid()), *(sa.column(n, kinds[n]) for n in called.values())
        )
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id", type_=Uuid()))
        prepared = self.unit.database.prepare(statement, list(called.values()))
        self.unit.run_columns(prepared, {name: [row[name] for row in rows] for name in rows[0]}, len(rows))

    @property
    def _kinds(self) -> dict[str, Any]:
        pair = self.relink.target.pair
        return {self.names.get(pair[0], pair[0]): Integer()} if pair else {}

    def _put_links(self, changed: Changed, *, is_new: bool) -> None:
        there = {} if is_new else self._there([record.id for record, _ in changed])
        rows, gone = list[dict[str, Any]](), list[UUID]()
        for record, made in changed:
            links = there.get(record.id, ())
            gone += [id_ for id_, to in links if to not in made]
            present = {to for _, to in links}
            rows += [self._link(record.id, to) for to in made if to not in present]
        self._take_out(gone)
        spot = self.relink.target
        names = ("id", "source", *spot.columns.values(), *(spot.pair or ()), "created_at", "created_by")
        self.unit.insert_many(self.table, names, rows)

    def _there(self, sources: Sequence[UUID]) -> Mapping[UUID, list[tuple[UUID, To]]]:
        """The links that there are of these records: id, and what it leads to."""
        spot, columns = self.relink.target, self.table.c
        names = (*spot.columns.values(), *(spot.pair or ()))
        chosen: sa.Select[Any] = sa.select(columns.source, columns.id, *(columns[name] for name in names))
        found: dict[UUID, list[tuple[UUID, To]]] = {}
        rows: Any = self.unit.execute(chosen.where(columns.source.in_(sources)))
        for row in rows:
            found.setdefault(row[0], []).extend((row[1], to) for to in in_row(spot, row[2:]))
        return found

    def _take_out(self, links: Sequence[UUID]) -> None:
        if links:
            gone = sa.delete(self.table).where(any_of(self.table.c.id, "links"))
            self.unit.change(self.unit.database.prepare(gone), {"links": links})

    def _link(self, record: UUID, to: To) -> dict[str, Any]:
        spot = self.relink.target
        names = (*spot.columns.values(), *(spot.pair or ()))
        made = {"created_at": self.occasion.at, "created_by": self.occasion.actor}
        id_ = uuid5(record, f"{self.relink.name} {to.entity} {to.record}")
        return {"id": id_, "source": record, **dict.fromkeys(names), **self._said(to), **made}

    def _said(self, to: To | None) -> dict[str, Any]:
        if to is None:
            return {}
        spot = self.relink.target
        said = dict(zip(spot.pair, to, strict=True)) if spot.pair else {spot.columns[to.entity]: to.record}
        return {self.names.get(name, name): value for name, value in said.items()}
