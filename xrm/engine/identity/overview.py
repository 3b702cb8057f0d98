"""What administrators are shown of users, teams and business units: whole or page by page, never a secret.

Pages go by the key of their order. `after` is the id of the last row of the page before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.holding import by_team
from xrm.engine.identity.work import INSTALLER_EMAIL, demand_administrator
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import (
    CHANGE,
    PASSWORD_LINK,
    TEAM,
    TEAM_MEMBER,
    TEAM_ROLE,
    UNIT,
    USER,
    USER_ROLE,
)
from xrm.engine.world import World
from xrm.errors import NotFound, Problem
from xrm.metadata.values import fold

ROWS = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order, and the id after which the next page goes on; None on the last."""

    rows: tuple[Row, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A user, team or unit by id and name."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which users are wanted: with a text in name or address, only some by whether they may sign in, a role."""

    text: str = ""
    active: bool | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as an administrator sees them. `team_roles` are held through teams, each with the teams."""

    id: UUID
    version: int
    name: str
    email: str
    active: bool
    language: str
    zone: str
    created_at: datetime
    unit: Named | None
    manager: Named | None
    signed_in_at: datetime | None
    link_until: datetime | None
    roles: tuple[str, ...] = ()
    teams: tuple[Named, ...] = ()
    team_roles: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)

    @property
    def all_roles(self) -> tuple[str, ...]:
        """Every role, the user's own first."""
        return (*self.roles, *(role for role in self.team_roles if role not in self.roles))


@dataclass(frozen=True, slots=True)
class Team:
    """A team, its unit, and how many are in it."""

    id: UUID
    version: int
    name: str
    unit: Named | None
    members: int
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A business unit, how deep it lies, and how many users and teams belong to it."""

    id: UUID
    version: int
    name: str
    parent: UUID | None
    depth: int
    users: int
    teams: int


class Overview:
    """Reads for the pages of the administration; only administrators are shown anything."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self._world = database, world

    def users(self, actor: Actor, asked: Asked, after: UUID | None = None) -> Page[Account]:
        """A page of users by name, with roles, teams and when they signed in last."""
        demand_administrator(actor)
        wanted = self._accounts().where(*_asked(asked)).order_by(USER.c.title__key, USER.c.id)
        with self._database.read() as unit:
            rows = unit.execute(_onward(wanted, USER, after).limit(ROWS + 1)).mappings().all()
            return Page(_accounts_of(unit, rows[:ROWS]), _next(rows))

    def count_users(self, actor: Actor, asked: Asked) -> int:
        """How many users that are."""
        demand_administrator(actor)
        with self._database.read() as unit:
            found = unit.execute(sa.select(sa.func.count()).select_from(USER).where(*_asked(asked)))
            return int(found.scalar_one())

    def user(self, actor: Actor, user: UUID) -> Account:
        """The user; raises NotFound."""
        demand_administrator(actor)
        with self._database.read() as unit:
            rows = unit.execute(self._accounts().where(USER.c.id == user, *_people())).mappings().all()
            found = _accounts_of(unit, rows)
        if not found:
            raise NotFound(Problem("R104", "There is no such user."))
        return found[0]

    def teams(self, actor: Actor, after: UUID | None = None, limit: int = ROWS) -> Page[Team]:
        """A page of teams by name."""
        demand_administrator(actor)
        wanted = _teams().order_by(TEAM.c.title__key, TEAM.c.id)
        with self._database.read() as unit:
            rows = unit.execute(_onward(wanted, TEAM, after).limit(limit + 1)).mappings().all()
            return Page(_teams_of(unit, rows[:limit]), _next(rows, limit))

    def team(self, actor: Actor, team: UUID) -> Team:
        """The team; raises NotFound."""
        demand_administrator(actor)
        with self._database.read() as unit:
            found = _teams_of(unit, unit.execute(_teams().where(TEAM.c.id == team)).mappings().all())
        if not found:
            raise NotFound(Problem("R104", "There is no such team."))
        return found[0]

    def members(self, actor: Actor, team: UUID, after: UUID | None = None) -> Page[Account]:
        """A page of the users who are in the team."""
        demand_administrator(actor)
        here = sa.exists().where(TEAM_MEMBER.c.user == USER.c.id, TEAM_MEMBER.c.team == team)
        wanted = self._accounts().where(here, *_people()).order_by(USER.c.title__key, USER.c.id)
        with self._database.read() as unit:
            rows = unit.execute(_onward(wanted, USER, after).limit(ROWS + 1)).mappings().all()
            return Page(_accounts_of(unit, rows[:ROWS]), _next(rows))

    def names(self, actor: Actor, users: Iterable[UUID]) -> Mapping[str, str]:
        """What users are called, by their id as a text; in one statement, or none for nobody."""
        demand_administrator(actor)
        ids = list(users)
        if not ids:
            return {}
        with self._database.read() as unit:
            rows = unit.execute(sa.select(USER.c.id, USER.c.name).where(USER.c.id.in_(ids), *_people()))
            return {str(row.id): row.name for row in rows}

    def holders(self, actor: Actor) -> Mapping[str, int]:
        """How many users hold each role, by themselves or through a team."""
        demand_administrator(actor)
        own = sa.select(USER_ROLE.c.role, USER_ROLE.c.user)
        held = sa.union(own, by_team(TEAM_ROLE.c.role, TEAM_MEMBER.c.user)).subquery()
        counted = sa.select(held.c.role, sa.func.count().label("users")).join(USER, USER.c.id == held.c.user)
        with self._database.read() as unit:
            rows = unit.execute(counted.where(*_people()).group_by(held.c.role)).mappings().all()
        return {row["role"]: row["users"] for row in rows}

    def units(self, actor: Actor) -> tuple[Unit, ...]:
        """All business units, each right below the one that it belongs to."""
        demand_administrator(actor)
        wanted = sa.select(
            UNIT.c.id, UNIT.c.version, UNIT.c.name, UNIT.c.parent, _count(USER).label("users"),
            _count(TEAM).label("teams"),
        ).where(UNIT.c.deleted_at.is_(None))  # fmt: skip
        with self._database.read() as unit:
            rows = unit.execute(wanted.order_by(UNIT.c.title__key, UNIT.c.id)).mappings().all()
        return tuple(_tree(rows))

    def _accounts(self) -> sa.Select[Any]:
        """Users with what stands beside them, one row for each."""
        boss, place = USER.alias(), UNIT.alias()
        # Rows of the log hang on their record in order, so the last sign-in is a step or two from its end.
        signed_in = (
            sa.select(CHANGE.c.at)
            .where(CHANGE.c.record == USER.c.id, CHANGE.c.operation == "sign_in")
            .order_by(CHANGE.c.position.desc())
            .limit(1)
            .scalar_subquery()
        )
        open_link = (
            sa.select(PASSWORD_LINK.c.expires_at)
            .where(PASSWORD_LINK.c.user == USER.c.id, PASSWORD_LINK.c.expires_at > self._world.now())
            .scalar_subquery()
        )
        return sa.select(
            *(USER.c[n] for n in ("id", "version", "name", "email", "active", "language", "zone", "created_at")),
            place.c.id.label("unit_id"), place.c.name.label("unit_name"),
            boss.c.id.label("manager_id"), boss.c.name.label("manager_name"),
            signed_in.label("signed_in_at"), open_link.label("link_until"),
        ).select_from(
            USER.outerjoin(place, place.c.id == USER.c.unit).outerjoin(boss, boss.c.id == USER.c.manager)
        )  # fmt: skip


def _people() -> tuple[sa.ColumnElement[bool], ...]:
    return USER.c.deleted_at.is_(None), USER.c.email__key != INSTALLER_EMAIL


def _asked(asked: Asked) -> Iterable[sa.ColumnElement[bool]]:
    yield from _people()
    if asked.active is not None:
        yield USER.c.active == sa.literal(asked.active)
    if asked.text:
        like = fold(asked.text)
        texts = (USER.c.name__key, USER.c.email__key)
        yield sa.or_(*(text.contains(like, autoescape=True) for text in texts))
    if asked.role:
        own = sa.select(USER_ROLE.c.user).where(USER_ROLE.c.role == asked.role)
        yield USER.c.id.in_(sa.union(own, by_team(TEAM_MEMBER.c.user).where(TEAM_ROLE.c.role == asked.role)))


def _onward(wanted: sa.Select[Any], table: sa.Table, after: UUID | None) -> sa.Select[Any]:
    """What comes after that row in the order of titles."""
    if after is None:
        return wanted
    last = table.alias()
    here = sa.tuple_(table.c.title__key, table.c.id)
    return wanted.join(last, last.c.id == after).where(here > sa.tuple_(last.c.title__key, last.c.id))


def _next(rows: Sequence[Any], limit: int = ROWS) -> str | None:
    return str(rows[limit - 1]["id"]) if len(rows) > limit else None


def _accounts_of(unit: UnitOfWork, rows: Sequence[Any]) -> tuple[Account, ...]:
    ids = [row["id"] for row in rows]
    held = sa.select(USER_ROLE.c.user, USER_ROLE.c.role).where(USER_ROLE.c.user.in_(ids))
    joined = sa.select(TEAM_MEMBER.c.user, TEAM.c.id, TEAM.c.name, TEAM_ROLE.c.role).select_from(
        TEAM_MEMBER.join(TEAM, TEAM.c.id == TEAM_MEMBER.c.team).outerjoin(
            TEAM_ROLE, TEAM_ROLE.c.team == TEAM.c.id
        )
    )
    joined = joined.where(TEAM_MEMBER.c.user.in_(ids), TEAM.c.deleted_at.is_(None))
    joined = joined.order_by(TEAM.c.title__key, TEAM.c.id, TEAM_ROLE.c.role)
    roles: dict[UUID, list[str]] = {}
    teams: dict[UUID, dict[Named, list[str]]] = {}
    if ids:
        for row in unit.execute(held.order_by(USER_ROLE.c.role)):
            roles.setdefault(row.user, []).append(row.role)
        for row in unit.execute(joined):
            given = teams.setdefault(row.user, {}).setdefault(Named(row.id, row.name), [])
            given += [row.role] if row.role else []
    return tuple(_account(row, tuple(roles.get(row["id"], ())), teams.get(row["id"], {})) for row in rows)


def _account(row: Any, roles: tuple[str, ...], teams: Mapping[Named, list[str]]) -> Account:
    through = {
        role: tuple(t for t, held in teams.items() if role in held) for r in teams.values() for role in r
    }
    facts = {n: row[n] for n in ("id", "version", "name", "email", "active", "created_at", "link_until")}
    return Account(
        **facts,
        signed_in_at=row["signed_in_at"],
        language=row["language"] or "en",
        zone=row["zone"] or "UTC",
        unit=_named(row, "unit"),
        manager=_named(row, "manager"),
        roles=roles,
        teams=tuple(teams),
        team_roles=through,
    )


def _named(row: Any, what: str) -> Named | None:
    return Named(row[f"{what}_id"], row[f"{what}_name"]) if row[f"{what}_id"] else None


def _teams() -> sa.Select[Any]:
    place = UNIT.alias()
    members = sa.select(sa.func.count()).where(TEAM_MEMBER.c.team == TEAM.c.id).scalar_subquery()
    columns = (
        TEAM.c.id,
        TEAM.c.version,
        TEAM.c.name,
        place.c.id.label("unit_id"),
        place.c.name.label("unit_name"),
    )
    wanted = sa.select(*columns, members.label("members"))
    wanted = wanted.select_from(TEAM.outerjoin(place, place.c.id == TEAM.c.unit))
    return wanted.where(TEAM.c.deleted_at.is_(None))


def _teams_of(unit: UnitOfWork, rows: Sequence[Any]) -> tuple[Team, ...]:
    roles: dict[UUID, list[str]] = {}
    ids = [row["id"] for row in rows]
    held = sa.select(TEAM_ROLE.c.team, TEAM_ROLE.c.role).where(TEAM_ROLE.c.team.in_(ids))
    if ids:
        for row in unit.execute(held.order_by(TEAM_ROLE.c.role)):
            roles.setdefault(row.team, []).append(row.role)
    return tuple(_team(row, tuple(roles.get(row["id"], ()))) for row in rows)


def _team(row: Any, roles: tuple[str, ...]) -> Team:
    return Team(row["id"], row["version"], row["name"], _named(row, "unit"), row["members"], roles)


def _count(table: sa.Table) -> sa.ScalarSelect[int]:
    """How many live rows of a table belong to the unit."""
    return (
        sa.select(sa.func.count())
        .where(table.c.unit == UNIT.c.id, table.c.deleted_at.is_(None))
        .correlate(UNIT)
        .scalar_subquery()
    )


def _tree(rows: Sequence[Any]) -> Iterable[Unit]:
    """The units in the order of a tree; one whose parent is gone stands at the top."""
    known = {row["id"] for row in rows}
    below: dict[UUID | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row["parent"] if row["parent"] in known else None, []).append(row)
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        yield Unit(**row, depth=depth)
        waiting += [(child, depth + 1) for child in reversed(below.get(row["id"], []))]
