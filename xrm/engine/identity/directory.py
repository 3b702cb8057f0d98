"""Who is there: users, teams and units looked up by what people call them. Tells nothing secret."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.identity.people import administrators
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import TEAM, TEAM_MEMBER, UNIT, USER, USER_ROLE
from xrm.errors import NotFound, Place, Problem
from xrm.metadata.values import fold


@dataclass(frozen=True, slots=True)
class Person:
    """A user as an administrator sees them in a list."""

    id: UUID
    email: str
    name: str
    active: bool
    roles: tuple[str, ...]
    teams: tuple[str, ...]


class Directory:
    """The users, teams and units of one installation, by name; those that a transaction sees, if it is `within` one."""

    def __init__(self, database: Database, within: UnitOfWork | None = None) -> None:
        self._database, self._within = database, within

    def people(self) -> tuple[Person, ...]:
        """Every user, by e-mail address."""
        wanted = sa.select(USER.c.id, USER.c.email, USER.c.name, USER.c.active)
        wanted = wanted.where(USER.c.deleted_at.is_(None)).order_by(USER.c.email__key)
        with self._database.read() as unit:
            users = unit.execute(wanted).all()
            roles = _grouped(unit.execute(sa.select(USER_ROLE.c.user, USER_ROLE.c.role)))
            teams = _grouped(unit.execute(_MEMBERSHIPS))
        return tuple(
            Person(u.id, u.email, u.name, u.active, roles.get(u.id, ()), teams.get(u.id, ())) for u in users
        )

    def user(self, email: str) -> UUID | None:
        """The user with this address, if there is one."""
        return self._find(USER, USER.c.email__key, email)

    def demand_user(self, email: str) -> UUID:
        """The user with this address; raises NotFound."""
        found = self.user(email)
        if found is None:
            hint = "xrm user list shows all."
            raise NotFound(Problem("R104", f"There is no user {email!r}.", hint, Place(path="email")))
        return found

    def team(self, name: str) -> UUID | None:
        """The team with this name, if there is one."""
        return self._find(TEAM, TEAM.c.name__key, name)

    def unit(self, name: str) -> UUID | None:
        """The business unit with this name, if there is one."""
        return self._find(UNIT, UNIT.c.name__key, name)

    def has_administrator(self) -> bool:
        """Whether somebody can sign in and administer."""
        with self._database.read() as unit:
            return bool(administrators(unit))

    def _find(self, table: sa.Table, key: sa.ColumnElement[str], name: str) -> UUID | None:
        wanted = sa.select(table.c.id).where(key == fold(name.strip()), table.c.deleted_at.is_(None))
        with nullcontext(self._within) if self._within else self._database.read() as unit:
            found: UUID | None = unit.execute(wanted).scalar()
        return found


_MEMBERSHIPS = sa.select(TEAM_MEMBER.c.user, TEAM.c.name).join(TEAM, TEAM.c.id == TEAM_MEMBER.c.team)


def _grouped(rows: Iterable[Any]) -> dict[UUID, tuple[str, ...]]:
    found: dict[UUID, tuple[str, ...]] = {}
    for user, name in rows:
        found[user] = (*found.get(user, ()), name)
    return {user: tuple(sorted(names)) for user, names in found.items()}
