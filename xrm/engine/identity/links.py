"""Links by which people choose their password: made by an administrator, shown once, good for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.passwords import Passwords
from xrm.engine.identity.people import hashed, replace_password
from xrm.engine.identity.resolve import actor_of
from xrm.engine.identity.secrets import digest
from xrm.engine.identity.work import Identified, Work
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import PASSWORD_LINK, USER
from xrm.errors import Conflict, NotFound, Problem

LASTS = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Invited:
    """Whose password a link lets choose."""

    user: UUID
    name: str
    email: str
    version: int


class PasswordLinks:
    """The open links of an installation, at most one for each user; only their digests are kept."""

    def __init__(self, work: Work, passwords: Passwords) -> None:
        self._work, self._passwords = work, passwords

    def create(self, actor: Actor, user: UUID) -> tuple[str, datetime]:
        """The secret of a new link, this once, and when it ends; an earlier link of the user opens nothing."""
        secret, now = self._work.world.token(), self._work.world.now()
        row = {"user": user, "hash": digest(secret), "created_at": now, "created_by": actor.id}
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "user", USER, user)
            if not unit.execute(sa.select(USER.c.active).where(USER.c.id == user)).scalar():
                hint = "Let them sign in again first."
                raise Conflict(Problem("A138", "Who may not sign in chooses no password.", hint))
            unit.execute(sa.delete(PASSWORD_LINK).where(PASSWORD_LINK.c.user == user))
            unit.execute(sa.insert(PASSWORD_LINK), {**row, "expires_at": now + LASTS})
            self._work.note(unit, actor, about, "offer_password")
        return secret, now + LASTS

    def whose(self, secret: str) -> Invited:
        """Whose link this is; raises NotFound, alike for one that never was, was used or has ended."""
        with self._work.database.read() as unit:
            return self._find(unit, secret)

    def use(self, secret: str, password: str) -> None:
        """The user has the password, their sessions and the link have ended; raises NotFound or Invalid."""
        who = self.whose(secret)
        kept = hashed(self._passwords, password, who.email, who.name)
        with self._work.database.write() as unit:
            found = self._find(unit, secret)
            actor = actor_of(unit, found.user, "page") or Actor(found.user, found.name, door="page")
            about = Identified("user", USER, found.user, found.version)
            replace_password(self._work, unit, actor, about, kept)

    def _find(self, unit: UnitOfWork, secret: str) -> Invited:
        row: Any = unit.execute(
            sa.select(USER.c.id, USER.c.name, USER.c.email, USER.c.version)
            .join(PASSWORD_LINK, PASSWORD_LINK.c.user == USER.c.id)
            .where(
                PASSWORD_LINK.c.hash == digest(secret),
                PASSWORD_LINK.c.expires_at > self._work.world.now(),
                USER.c.active == sa.true(),
                USER.c.deleted_at.is_(None),
            )
        ).one_or_none()
        if row is None:
            hint = "Ask an administrator for another one."
            raise NotFound(Problem("R104", "This link was used, has ended, or never was.", hint))
        return Invited(*row)
