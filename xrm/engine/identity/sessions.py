"""Signing in and out: a session is a row, and ending it is deleting the row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity.attempts import Attempts
from xrm.engine.identity.audit import note
from xrm.engine.identity.passwords import Passwords
from xrm.engine.identity.people import email_key
from xrm.engine.identity.resolve import actor_of, not_signed_in
from xrm.engine.identity.secrets import csrf_of, digest, new_session_secret
from xrm.engine.identity.work import Work
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CREDENTIAL, SESSION, USER
from xrm.engine.storage.stamp import bump
from xrm.errors import NotFound, NotSignedIn, Problem

AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Session:
    """What the browser is given: the cookie's secret, the word against forgery, and when it ends."""

    token: str
    csrf: str
    user: UUID
    until: datetime
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class _Credential:
    user: UUID
    active: bool
    password: str
    must_change: bool


class Sessions:
    """The sessions of an installation."""

    def __init__(self, work: Work, passwords: Passwords, attempts: Attempts, key: str, hours: int) -> None:
        self._work, self._passwords, self._attempts = work, passwords, attempts
        self._key, self._lasts = key, timedelta(hours=hours)

    def sign_in(self, email: str, password: str, *, address: str = "", agent: str = "") -> Session:
        """A session begins; raises NotSignedIn, alike for unknown, wrong and switched-off accounts."""
        attempt = self._attempts.begin(email_key(email), address)
        found = self._credential(email)
        right = self._passwords.is_right(found.password if found else None, password)
        if found is None or not right or not found.active:
            message = "E-mail address or password is wrong, or the account is not active."
            raise NotSignedIn(Problem("A132", message, "Try again, or ask an administrator."))
        self._attempts.forget(attempt)
        return self._open(found, password, address, agent)

    def sign_out(self, secret: str) -> None:
        """The session is gone, in every process, at once."""
        hashed = digest(secret)
        with self._work.database.write() as unit:
            user = unit.execute(sa.select(SESSION.c.user).where(SESSION.c.hash == hashed)).scalar()
            if user is not None:
                unit.execute(sa.delete(SESSION).where(SESSION.c.hash == hashed))
                self._note(unit, user, "sign_out")
                bump(unit, sessions=True)

    def end_all(self, actor: Actor) -> None:
        """Every session of the actor is gone."""
        with self._work.database.write() as unit:
            unit.execute(sa.delete(SESSION).where(SESSION.c.user == actor.id))
            self._note(unit, actor.id, "sign_out_everywhere")
            bump(unit, sessions=True)

    def end(self, actor: Actor, session: bytes) -> None:
        """The session with this digest is gone, in every process, at once. Administrators may end any."""
        with self._work.database.write() as unit:
            user = unit.execute(sa.select(SESSION.c.user).where(SESSION.c.hash == session)).scalar()
            if user is None or (user != actor.id and ADMINISTRATOR not in actor.roles):
                raise NotFound(Problem("R104", "There is no such session."))
            unit.execute(sa.delete(SESSION).where(SESSION.c.hash == session))
            self._work.note(unit, actor, self._work.find(unit, "user", USER, user), "end_session")
            bump(unit, sessions=True)

    def end_of(self, actor: Actor, user: UUID) -> None:
        """Every session of the user is gone; for administrators."""
        with self._work.change(actor, sessions=True) as unit:
            about = self._work.find(unit, "user", USER, user)
            if unit.execute(sa.delete(SESSION).where(SESSION.c.user == user)).rowcount:
                self._work.note(unit, actor, about, "end_sessions")

    def _credential(self, email: str) -> _Credential | None:
        wanted = sa.select(USER.c.id, USER.c.active, CREDENTIAL.c.password, CREDENTIAL.c.must_change)
        wanted = wanted.join(CREDENTIAL, CREDENTIAL.c.user == USER.c.id)
        wanted = wanted.where(USER.c.email__key == email_key(email), USER.c.deleted_at.is_(None))
        with self._work.database.read() as unit:
            row = unit.execute(wanted).mappings().one_or_none()
        if row is None:
            return None
        return _Credential(row["id"], row["active"], row["password"], row["must_change"])

    def _open(self, found: _Credential, password: str, address: str, agent: str) -> Session:
        secret = new_session_secret(self._work.world)
        now = self._work.world.now()
        row = {
            "hash": digest(secret),
            "user": found.user,
            "created_at": now,
            "expires_at": now + self._lasts,
            "address": address or None,
            "agent": agent.replace("\0", "")[:AGENT_LENGTH] or None,
        }
        with self._work.database.write() as unit:
            self._recheck(unit, found)
            unit.execute(sa.delete(SESSION).where(SESSION.c.expires_at <= now))
            unit.execute(sa.insert(SESSION), row)
            self._note(unit, found.user, "sign_in")
            if self._passwords.is_outdated(found.password):
                kept = sa.update(CREDENTIAL).where(CREDENTIAL.c.user == found.user)
                unit.execute(kept.values(password=self._passwords.hash(password)))
        until = now + self._lasts
        return Session(secret, csrf_of(secret, self._key), found.user, until, found.must_change)

    def _recheck(self, unit: UnitOfWork, found: _Credential) -> None:
        """Nobody changed the password or switched the account off while it was checked."""
        wanted = sa.select(CREDENTIAL.c.password).join(USER, USER.c.id == CREDENTIAL.c.user)
        kept = unit.execute(wanted.where(USER.c.id == found.user, USER.c.active == sa.true())).scalar()
        if kept != found.password:
            raise not_signed_in()

    def _note(self, unit: UnitOfWork, user: UUID, operation: str) -> None:
        who = actor_of(unit, user, "page") or Actor(user, "")
        version = unit.execute(sa.select(USER.c.version).where(USER.c.id == user)).scalar_one()
        note(unit, self._work.world, who, ("user", user, version), operation)
