"""Sessions and tokens as they are told: to their owner, and to administrators those of everybody. Never a secret.

A session is known by the digest of its secret, which opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.overview import ROWS, Page
from xrm.engine.identity.secrets import digest_in
from xrm.engine.identity.work import demand_administrator
from xrm.engine.storage.database import Database
from xrm.engine.storage.ledger import SESSION, TOKEN, USER
from xrm.engine.world import World


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has not ended: whose, since when, until when, from where, with what, and when it was seen."""

    id: str
    user: UUID
    owner: str
    email: str
    created_at: datetime
    expires_at: datetime
    address: str
    agent: str
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldToken:
    """A token and whose it is; `roles` are those that it is narrowed to, None follows its owner's."""

    id: UUID
    user: UUID
    owner: str
    email: str
    name: str
    prefix: str
    roles: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None
    is_open: bool


class Keys:
    """The sessions and tokens of an installation, newest first, a page at a time."""

    def __init__(self, database: Database, world: World) -> None:
        self._database, self._world = database, world

    def sessions(self, actor: Actor, user: UUID | None = None, after: str = "") -> Page[OpenSession]:
        """The sessions of a user, or of everybody, that have not ended."""
        _demand(actor, user)
        facts = (
            SESSION.c[n] for n in ("hash", "user", "created_at", "expires_at", "address", "agent", "seen_at")
        )
        wanted = sa.select(*facts, USER.c.name.label("owner"), USER.c.email)
        wanted = wanted.join(USER, USER.c.id == SESSION.c.user).where(
            SESSION.c.expires_at > self._world.now()
        )
        if user is not None:
            wanted = wanted.where(SESSION.c.user == user)
        rows = self._page(wanted, SESSION, SESSION.c.hash, digest_in(after) if after else None)
        return Page(tuple(map(_session, rows[:ROWS])), _next(rows, lambda row: row["hash"].hex()))

    def tokens(
        self, actor: Actor, user: UUID | None = None, is_open: bool | None = None, after: UUID | None = None
    ) -> Page[HeldToken]:
        """The tokens of a user, or of everybody; all, or by whether they open something now."""
        _demand(actor, user)
        opens = self._opens()
        names = ("id", "user", "name", "prefix", "roles", "created_at", "expires_at", "revoked_at", "used_at")
        wanted = sa.select(
            *(TOKEN.c[n] for n in names), USER.c.name.label("owner"), USER.c.email, opens.label("is_open")
        ).join(USER, USER.c.id == TOKEN.c.user)
        if user is not None:
            wanted = wanted.where(TOKEN.c.user == user)
        if is_open is not None:
            wanted = wanted.where(opens if is_open else sa.not_(opens))
        rows = self._page(wanted, TOKEN, TOKEN.c.id, after)
        return Page(tuple(map(_token, rows[:ROWS])), _next(rows, lambda row: str(row["id"])))

    def _opens(self) -> sa.ColumnElement[bool]:
        """Whether a token opens something now."""
        lasts = sa.or_(TOKEN.c.expires_at.is_(None), TOKEN.c.expires_at > self._world.now())
        may = sa.and_(USER.c.active == sa.true(), USER.c.deleted_at.is_(None))
        return sa.and_(TOKEN.c.revoked_at.is_(None), lasts, may)

    def _page(self, wanted: sa.Select[Any], table: sa.Table, key: sa.Column[Any], after: Any) -> list[Any]:
        """One row more than a page holds."""
        if after is not None:
            last = table.alias()
            wanted = wanted.join(last, last.c[key.name] == after).where(
                sa.tuple_(table.c.created_at, key) < sa.tuple_(last.c.created_at, last.c[key.name])
            )
        ordered = wanted.order_by(table.c.created_at.desc(), key.desc()).limit(ROWS + 1)
        with self._database.read() as unit:
            return list(unit.execute(ordered).mappings())


def _demand(actor: Actor, user: UUID | None) -> None:
    if user != actor.id:
        demand_administrator(actor)


def _next(rows: list[Any], key: Any) -> str | None:
    return key(rows[ROWS - 1]) if len(rows) > ROWS else None


def _session(row: Any) -> OpenSession:
    facts = {n: row[n] for n in ("user", "owner", "email", "created_at", "expires_at", "seen_at")}
    return OpenSession(row["hash"].hex(), address=row["address"] or "", agent=row["agent"] or "", **facts)


def _token(row: Any) -> HeldToken:
    roles = None if row["roles"] is None else tuple(row["roles"])
    return HeldToken(**{**row, "roles": roles, "is_open": bool(row["is_open"])})
