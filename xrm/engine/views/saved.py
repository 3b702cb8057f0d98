"""Saved views as values, and the statements that keep them beside the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import PREFERENCE, VIEW
from xrm.engine.storage.statements import Prepared
from xrm.engine.storage.types import Text
from xrm.engine.views.asked import Asked, from_json

ME, ROLE, ALL = "me", "role", "all"
SCOPES: Final = (ME, ROLE, ALL)
FIRST, DENSITY = "view", "density"
DENSITIES: Final = ("comfortable", "normal", "compact")
EVERYWHERE: Final = 0  # of settings that hold at all entities


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a view to be."""

    name: str
    asked: Asked
    scope: str = ME
    role: str = ""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view that somebody saved, as it holds for the reader: `left_out` parts are not there for them."""

    id: UUID
    entity: str
    name: str
    scope: str
    role: str
    owner: UUID
    asked: Asked
    version: int
    created_at: datetime
    updated_at: datetime
    may_change: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a person finds at an entity: saved views, the one to begin with (a name or an id), and how dense."""

    views: tuple[SavedView, ...] = ()
    first: str = ""
    density: str = ""

    def view(self, id_: str) -> SavedView | None:
        """The view of that id."""
        return next((v for v in self.views if str(v.id) == id_), None)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of the ledger: a view as it was saved."""

    id: UUID
    scope: str
    role: str | None
    owner: UUID
    name: str
    asked: Mapping[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def wanted(self) -> Wanted:
        """What was wanted of it."""
        return Wanted(self.name, from_json(self.asked), self.scope, self.role or "")


_COLUMNS: Final = (
    VIEW.c.id, VIEW.c.scope, VIEW.c.role, VIEW.c.owner, VIEW.c.name, VIEW.c.asked, VIEW.c.version,
    VIEW.c.created_at, VIEW.c.updated_at,
)  # fmt: skip
Settings = Mapping[str, str]


class Shelves:
    """Reads what stands on the shelves: views and settings of one person at one entity, in one statement."""

    def __init__(self, database: Database) -> None:
        self._statement: Prepared = database.prepare(_on_shelf())

    def read(self, unit: UnitOfWork, user: UUID, entity: int) -> tuple[list[Kept], Settings]:
        """Every view that could be the user's to see, and their settings, the nearer ones before the wider."""
        views: list[Kept] = []
        settings: dict[str, str] = {}
        for raw in unit.run(self._statement, {"me": user, "entity": entity}):
            row = self._statement.read(raw)
            name, value = row[-2:]
            if name is None:
                views.append(Kept(*row[:-2]))
            else:
                settings[name] = value
        return views, settings


def _on_shelf() -> sa.CompoundSelect[Any]:
    me = sa.bindparam("me", type_=VIEW.c.owner.type)
    entity = sa.bindparam("entity", type_=VIEW.c.entity.type)
    nothing = [sa.literal_column("NULL", Text()).label(name) for name in ("setting", "value")]
    shared = VIEW.c.scope.in_([sa.literal_column(f"'{scope}'") for scope in (ROLE, ALL)])
    views = sa.select(*_COLUMNS, *nothing).where(VIEW.c.entity == entity, sa.or_(VIEW.c.owner == me, shared))
    empty = [sa.literal_column("NULL", c.type) for c in _COLUMNS]
    settings = sa.select(*empty, PREFERENCE.c.name, PREFERENCE.c.value).where(
        PREFERENCE.c.user == me, sa.or_(PREFERENCE.c.entity == entity, PREFERENCE.c.entity == EVERYWHERE)
    )
    return sa.union_all(views, settings)


def prefer(unit: UnitOfWork, user: UUID, entity: int, name: str, value: str) -> None:
    """The user's setting is this; an empty value takes it away."""
    key = {"user": user, "entity": entity, "name": name}
    if not value:
        unit.execute(sa.delete(PREFERENCE).where(*(PREFERENCE.c[c] == v for c, v in key.items())))
        return
    row, columns = {**key, "value": value}, [PREFERENCE.c[c] for c in key]
    if unit.dialect.is_sqlite:
        made = sqlite.insert(PREFERENCE).values(row)
        unit.execute(made.on_conflict_do_update(columns, set_={"value": value}))
    else:
        inserted = postgresql.insert(PREFERENCE).values(row)
        unit.execute(inserted.on_conflict_do_update(index_elements=columns, set_={"value": value}))


def forget(unit: UnitOfWork, id_: UUID) -> None:
    """The view is gone, and nobody begins with it."""
    begins = (PREFERENCE.c.name == FIRST, PREFERENCE.c.value == str(id_))
    unit.execute(sa.delete(PREFERENCE).where(*begins))
    unit.execute(sa.delete(VIEW).where(VIEW.c.id == id_))


def users_of(unit: UnitOfWork, target: str) -> Sequence[tuple[int, str, str]]:
    """The views that use the target, or something inside it: the number of their entity, name and scope."""
    rows = unit.execute(sa.select(VIEW.c.entity, VIEW.c.name, VIEW.c.scope, VIEW.c.uses)).all()
    inside = f"{target}."
    return [
        (row.entity, row.name, row.scope)
        for row in rows
        if any(used == target or used.startswith(inside) for used in row.uses)
    ]
