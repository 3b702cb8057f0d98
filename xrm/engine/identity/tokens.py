"""API tokens: made by their owner, shown once, with at most the owner's roles, revoked for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity.holding import held_roles
from xrm.engine.identity.secrets import digest, new_token_secret, shown_part
from xrm.engine.identity.work import Work, checked_name
from xrm.engine.storage.database import Around, UnitOfWork
from xrm.engine.storage.ledger import TOKEN, USER
from xrm.engine.storage.stamp import bump
from xrm.errors import Forbidden, Invalid, NotFound, Place, Problem


@dataclass(frozen=True, slots=True)
class Token:
    """What can be told of a token: everything but the token."""

    id: UUID
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    roles: tuple[str, ...] | None
    used_at: datetime | None = None


NewToken = tuple[Token, str]


class Tokens:
    """The API tokens of an installation."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def create_token(
        self,
        actor: Actor,
        name: str,
        roles: Iterable[str] | None = None,
        expires: datetime | None = None,
        around: Around[NewToken] | None = None,
    ) -> NewToken:
        """A token and its secret, this once. `roles` narrows it to some of the actor's; None follows them.

        Who acts by a token that is narrowed or ends makes tokens that are narrowed or end alike. `around` may
        write beside in the same transaction.
        """
        narrowed = None if roles is None else sorted(set(roles))
        expires = expires or actor.until
        self._check(actor, narrowed or [], expires)
        secret, token = new_token_secret(self._work.world), self._work.world.new_id()
        row = {
            "id": token,
            "hash": digest(secret),
            "user": actor.id,
            "name": checked_name(name),
            "prefix": shown_part(secret),
            "created_at": self._work.world.now(),
            "expires_at": expires,
        }

        def work(unit: UnitOfWork) -> NewToken:
            kept = {**row, "roles": _narrowed(unit, actor) if narrowed is None else narrowed}
            self._add(unit, actor, kept)
            return _token({**kept, "revoked_at": None, "used_at": None}), secret

        return self._work.database.transact(work, around=around)

    def revoke_token(self, actor: Actor, token: UUID) -> None:
        """The token opens nothing any more, in every process, at once. Administrators may revoke any."""
        with self._work.database.write() as unit:
            wanted = sa.select(TOKEN.c.user, TOKEN.c.revoked_at).where(TOKEN.c.id == token)
            row = unit.execute(wanted).one_or_none()
            if row is None or (row.user != actor.id and ADMINISTRATOR not in actor.roles):
                raise NotFound(Problem("R104", "There is no such token."))
            if row.revoked_at is None:
                change = sa.update(TOKEN).where(TOKEN.c.id == token)
                unit.execute(change.values(revoked_at=self._work.world.now()))
                about = self._work.find(unit, "user", USER, row.user)
                self._work.note(unit, actor, about, "revoke_token", before={"token": str(token)})
                bump(unit, sessions=True)

    def list_tokens(self, actor: Actor) -> list[Token]:
        """The actor's own tokens, newest first."""
        columns = [TOKEN.c[name] for name in Token.__dataclass_fields__]
        wanted = sa.select(*columns).where(TOKEN.c.user == actor.id).order_by(TOKEN.c.id.desc())
        with self._work.database.read() as unit:
            rows = unit.execute(wanted).mappings().all()
        return [_token({str(name): value for name, value in row.items()}) for row in rows]

    def _add(self, unit: UnitOfWork, actor: Actor, row: Mapping[str, Any]) -> None:
        about = self._work.find(unit, "user", USER, actor.id)
        unit.execute(sa.insert(TOKEN), dict(row))
        said = {"token": str(row["id"]), "name": row["name"], "prefix": row["prefix"]}
        self._work.note(unit, actor, about, "create_token", after=said)

    def _check(self, actor: Actor, roles: list[str], expires: datetime | None) -> None:
        surplus = [role for role in roles if role not in actor.roles]
        if surplus:
            message = f"You do not hold the role {surplus[0]!r}, so you cannot give it."
            raise Forbidden(Problem("A102", message, "Choose among your own.", Place(path="roles")))
        if expires is not None and expires <= self._work.world.now():
            message = "The token would have ended already."
            raise Invalid(Problem("R118", message, "Choose a later instant.", Place(path="expires_at")))
        if expires is not None and actor.until is not None and expires > actor.until:
            message = "The token would outlive the one that makes it."
            raise Invalid(Problem("R118", message, "Choose an earlier instant.", Place(path="expires_at")))


def _token(row: Mapping[str, Any]) -> Token:
    known = {name: row[name] for name in Token.__dataclass_fields__}
    return Token(**{**known, "roles": None if row["roles"] is None else tuple(row["roles"])})


def _narrowed(unit: UnitOfWork, actor: Actor) -> list[str] | None:
    """The roles in which the actor acts, where a token or less than all that they hold narrows them."""
    is_whole = not actor.narrowed and actor.roles.issuperset(held_roles(unit, actor.id))
    return None if is_whole else sorted(actor.roles)
