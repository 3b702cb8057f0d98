"""From a secret to an `Actor`: looked up once, then remembered until rights or sessions change anywhere."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.groups import units_below
from xrm.engine.identity.holding import held_roles
from xrm.engine.identity.secrets import digest
from xrm.engine.identity.sightings import Sightings
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import SESSION, SHARE, TEAM, TEAM_MEMBER, TOKEN, USER
from xrm.engine.storage.stamp import Stamp, StampReader
from xrm.engine.world import World
from xrm.errors import NotSignedIn, Problem

REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Known:
    """An actor, and when the secret that led to them stops to count."""

    actor: Actor
    until: datetime | None


class Resolver:
    """Answers who holds a secret. What it remembers is good for one state of rights and sessions only."""

    def __init__(self, database: Database, world: World, sightings: Sightings) -> None:
        self._database, self._world, self._sightings = database, world, sightings
        self._stamps = StampReader(database)
        self._lock = Lock()
        self._state: tuple[int, int] = (-1, -1)
        self._known: OrderedDict[tuple[str, bytes], Known] = OrderedDict()

    def session(self, secret: str, door: str, stamp: Stamp | None) -> Actor:
        """Who the session belongs to; raises NotSignedIn."""
        return self._resolve("session", secret, door, stamp)

    def token(self, secret: str, door: str, stamp: Stamp | None) -> Actor:
        """Who the token belongs to; raises NotSignedIn."""
        return self._resolve("token", secret, door, stamp)

    def _resolve(self, kind: str, secret: str, door: str, stamp: Stamp | None) -> Actor:
        hashed = digest(secret)
        state = self._current(stamp)
        known = self._recall((kind, hashed), state) or self._look_up(kind, hashed, state)
        if known is None or (known.until is not None and known.until <= self._world.now()):
            raise not_signed_in()
        self._sightings.note(kind, hashed)
        actor = known.actor
        return actor if actor.door == door else replace(actor, door=door)

    def _current(self, stamp: Stamp | None) -> tuple[int, int]:
        read = self._stamps.read() if stamp is None else stamp
        return (read.rights, read.sessions)

    def _recall(self, key: tuple[str, bytes], state: tuple[int, int]) -> Known | None:
        with self._lock:
            if self._state != state:
                self._known.clear()
                self._state = state
            return self._known.get(key)

    def _look_up(self, kind: str, hashed: bytes, state: tuple[int, int]) -> Known | None:
        with self._database.read() as unit:
            found = _load(unit, kind, hashed)
        if found is not None:
            self._remember((kind, hashed), state, found)
        return found

    def _remember(self, key: tuple[str, bytes], state: tuple[int, int], known: Known) -> None:
        with self._lock:
            if self._state == state:
                self._known[key] = known
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)


def not_signed_in() -> NotSignedIn:
    """The refusal of a secret: it says nothing about why."""
    hint = "Sign in again, or use another token."
    return NotSignedIn(Problem("A101", "You are not signed in.", hint))


_WHO = (USER.c.id, USER.c.name, USER.c.language, USER.c.zone, USER.c.unit)
_MAY = (USER.c.active == sa.true(), USER.c.deleted_at.is_(None))
_BY_SESSION = sa.select(SESSION.c.expires_at, sa.null().label("roles"), *_WHO).join(
    USER, USER.c.id == SESSION.c.user
)
_BY_TOKEN = sa.select(TOKEN.c.expires_at, TOKEN.c.roles, *_WHO).join(USER, USER.c.id == TOKEN.c.user)


def _load(unit: UnitOfWork, kind: str, hashed: bytes) -> Known | None:
    if kind == "session":
        wanted = _BY_SESSION.where(SESSION.c.hash == hashed, *_MAY)
    else:
        wanted = _BY_TOKEN.where(TOKEN.c.hash == hashed, TOKEN.c.revoked_at.is_(None), *_MAY)
    row = unit.execute(wanted).mappings().one_or_none()
    if row is None:
        return None
    actor, ends = _actor(unit, row), row["expires_at"]
    if kind == "token":
        actor = replace(actor, until=ends, narrowed=row["roles"] is not None)
    return Known(actor, ends)


def actor_of(unit: UnitOfWork, user: UUID, door: str) -> Actor | None:
    """The user as an actor, if they may act."""
    row = unit.execute(sa.select(*_WHO).where(USER.c.id == user, *_MAY)).mappings().one_or_none()
    return None if row is None else replace(_actor(unit, {**row, "roles": None}), door=door)


def _actor(unit: UnitOfWork, row: Any) -> Actor:
    user: UUID = row["id"]
    roles, teams = held_roles(unit, user), _teams(unit, user)
    return Actor(
        id=user,
        name=row["name"],
        roles=roles if row["roles"] is None else roles.intersection(row["roles"]),
        teams=teams,
        unit=row["unit"],
        units=units_below(unit, row["unit"]) if row["unit"] else frozenset(),
        language=row["language"] or "en",
        zone=row["zone"] or "UTC",
        shared=_shared(unit, user, teams),
    )


def _shared(unit: UnitOfWork, user: UUID, teams: frozenset[UUID]) -> frozenset[int]:
    """The numbers of the entities of which some record is shared with the user or one of the teams."""
    receives = sa.or_(SHARE.c.user == user, SHARE.c.team.in_(teams))
    return frozenset(unit.execute(sa.select(SHARE.c.entity).where(receives).distinct()).scalars())


def _teams(unit: UnitOfWork, user: UUID) -> frozenset[UUID]:
    held = sa.select(TEAM_MEMBER.c.team).join(TEAM, TEAM.c.id == TEAM_MEMBER.c.team)
    held = held.where(TEAM_MEMBER.c.user == user, TEAM.c.deleted_at.is_(None))
    return frozenset(unit.execute(held).scalars())
