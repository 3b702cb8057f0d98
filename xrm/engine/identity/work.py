"""What every service of identity stands on: the database, the world, and the two checks all changes share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity.audit import NOTHING, note
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.stamp import bump
from xrm.engine.world import World
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Place, Problem, Stale
from xrm.metadata.values import fold

NAME_LENGTH = 200
DEFINE = "change definitions"
INSTALLER_EMAIL = "installer@system.invalid"  # the system actor; nobody is it


@dataclass(frozen=True, slots=True)
class Identified:
    """A row of users, teams or units that a change is about."""

    entity: str
    table: sa.Table
    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Work:
    """Opens transactions in which people, groups and their rights change; or works `within` one that is open."""

    database: Database
    world: World
    within: UnitOfWork | None = None

    @contextmanager
    def change(self, actor: Actor, *, sessions: bool = False) -> Iterator[UnitOfWork]:
        """What the block changes is committed together, and every process forgets what it knew of rights."""
        demand_administrator(actor)
        with nullcontext(self.within) if self.within else self.database.write() as unit:
            bump(
                unit, rights=True, sessions=sessions
            )  # first: its row makes such changes wait for each other
            yield unit

    def insert(
        self, unit: UnitOfWork, actor: Actor, entity: str, table: sa.Table, values: Mapping[str, Any]
    ) -> UUID:
        """A new row with its system columns, and the change log row that says so."""
        record, now = self.world.new_id(), self.world.now()
        system = {
            "id": record,
            "version": 1,
            "created_at": now,
            "created_by": actor.id,
            "updated_at": now,
            "updated_by": actor.id,
        }
        self._run(unit, entity, sa.insert(table), {**with_keys(values), **system})
        note(unit, self.world, actor, (entity, record, 1), "create", after=json_ready(values))
        return record

    def find(
        self, unit: UnitOfWork, entity: str, table: sa.Table, record: UUID, version: int | None = None
    ) -> Identified:
        """The live row; raises NotFound, or Stale when it has another version than the one given."""
        wanted = sa.select(table.c.version).where(table.c.id == record, table.c.deleted_at.is_(None))
        found = unit.execute(wanted).scalar()
        if found is None:
            raise NotFound(Problem("R104", f"There is no such {entity}."))
        if version is not None and version != found:
            message = f"Somebody changed this {entity} meanwhile."
            raise Stale(Problem("R112", message, "Look at how it is now, then change it again."))
        return Identified(entity, table, record, found)

    def update(self, unit: UnitOfWork, actor: Actor, about: Identified, given: Mapping[str, Any]) -> None:
        """The row with other values, one version on, and the change log row with what was there before.

        Values that are there already are no change.
        """
        columns = [about.table.c[name] for name in given]
        kept = unit.execute(sa.select(*columns).where(about.table.c.id == about.id)).mappings().one()
        values = {name: value for name, value in given.items() if kept[name] != value}
        if not values:
            return
        before = {name: kept[name] for name in values}
        system = {"version": about.version + 1, "updated_at": self.world.now(), "updated_by": actor.id}
        change = sa.update(about.table).where(about.table.c.id == about.id)
        self._run(unit, about.entity, change.values({**with_keys(values), **system}))
        row = (about.entity, about.id, about.version + 1)
        note(unit, self.world, actor, row, "update", json_ready(before), json_ready(values))

    def note(
        self,
        unit: UnitOfWork,
        actor: Actor,
        about: Identified,
        operation: str,
        before: Mapping[str, Any] = NOTHING,
        after: Mapping[str, Any] = NOTHING,
    ) -> None:
        """The change log row of something that is not in the row itself."""
        row = (about.entity, about.id, about.version)
        note(unit, self.world, actor, row, operation, before, after)

    @staticmethod
    def _run(unit: UnitOfWork, entity: str, statement: Any, values: Mapping[str, Any] | None = None) -> None:
        try:
            unit.execute(statement, values)
        except Conflict:
            message = f"There is a {entity} of this name or e-mail address already."
            path = "email" if entity == "user" else "name"  # people may be namesakes
            raise Conflict(Problem("R140", message, "Choose another.", Place(path=path))) from None


def demand_administrator(actor: Actor, what: str = "change people and their rights") -> None:
    """The actor may administer, which is needed to do `what`; raises Forbidden."""
    if ADMINISTRATOR not in actor.roles:
        hint = "Ask an administrator."
        raise Forbidden(Problem("A102", f"Only administrators may {what}.", hint))


def with_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their folded twins; the name is the title too."""
    made = dict(values)
    if "name" in values:
        made |= {
            "title": values["name"],
            "title__key": fold(values["name"]),
            "name__key": fold(values["name"]),
        }
    if "email" in values:
        made["email__key"] = fold(values["email"])
    return made


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the change log holds them."""
    said = {str(name): str(v) if isinstance(v, UUID) else v for name, v in values.items()}
    return {name: value for name, value in said.items() if value is not None}


def checked_name(name: str) -> str:
    """The name without space around it; raises Invalid when it is none."""
    bare = name.strip()
    if bare and len(bare) <= NAME_LENGTH and bare.isprintable():
        return bare
    message = f"A name has 1 to {NAME_LENGTH} printable characters."
    raise Invalid(Problem("R111", message, "Give another.", Place(path="name")))
