"""Users: created, changed, given roles, switched off. Nothing here tells what a secret is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity.attempts import Attempts
from xrm.engine.identity.groups import join
from xrm.engine.identity.passwords import Passwords, check_password
from xrm.engine.identity.work import Identified, Work, checked_name, demand_administrator
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CREDENTIAL, PASSWORD_LINK, SESSION, UNIT, USER, USER_ROLE
from xrm.engine.storage.stamp import bump
from xrm.errors import Conflict, Forbidden, Invalid, Place, Problem
from xrm.metadata.values import fold
from xrm.settings import known_zones

LANGUAGES = ("en", "pt", "es", "ru")
OWN = frozenset({"name", "language", "zone"})
CHANGEABLE = frozenset({"name", "email", "language", "zone", "unit", "manager"})


def no_check(_unit: UnitOfWork) -> None:
    """Nothing stands against it."""


class People:
    """The users of an installation."""

    def __init__(self, work: Work, passwords: Passwords, attempts: Attempts) -> None:
        self._work, self._passwords, self._attempts = work, passwords, attempts

    def within(self, unit: UnitOfWork) -> People:
        """The same, whose changes are part of this transaction."""
        return People(replace(self._work, within=unit), self._passwords, self._attempts)

    def create_user(
        self,
        actor: Actor,
        *,
        email: str,
        name: str,
        password: str | None = None,
        roles: Iterable[str] = (),
        teams: Iterable[UUID] = (),
        unit: UUID | None = None,
        manager: UUID | None = None,
        language: str = "en",
        zone: str = "UTC",
        check: Callable[[UnitOfWork], None] = no_check,
    ) -> UUID:
        """A user exists; without a password they cannot sign in yet.

        `check` may refuse it in the transaction in which the user is made, when no other such change is under way.
        """
        values = _checked({"email": email, "name": name, "language": language, "zone": zone})
        kept = None if password is None else hashed(self._passwords, password, email, name)
        row = {**values, "active": True, "unit": unit, "manager": manager}
        with self._work.change(actor) as change:
            check(change)
            self._check_places(change, row)
            user = self._work.insert(change, actor, "user", USER, row)
            about = Identified("user", USER, user, 1)
            if kept is not None:
                keep_password(self._work, change, actor, about, kept)
            self._assign(change, actor, about, frozenset(roles))
            for team in teams:
                join(self._work, change, actor, team, user)
        return user

    def update_user(
        self, actor: Actor, user: UUID, changes: Mapping[str, Any], version: int | None = None
    ) -> None:
        """The user has other particulars; raises Stale when their version is not the one given."""
        unknown = sorted(set(changes) - CHANGEABLE)
        if unknown:
            hint = f"Known: {', '.join(sorted(CHANGEABLE))}."
            raise Invalid(Problem("R103", f"A user has no field {unknown[0]!r} to change.", hint))
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "user", USER, user, version)
            self._check_places(unit, changes)
            self._work.update(unit, actor, about, _checked(changes))

    def update_self(self, actor: Actor, changes: Mapping[str, Any]) -> None:
        """The actor's own name, language and zone are as given; everything else is for administrators."""
        unknown = sorted(set(changes) - OWN)
        if unknown:
            hint = f"Known: {', '.join(sorted(OWN))}."
            raise Invalid(Problem("R103", f"You cannot change {unknown[0]!r} of yourself.", hint))
        with self._work.database.write() as unit:
            bump(unit, rights=True)
            about = self._work.find(unit, "user", USER, actor.id)
            self._work.update(unit, actor, about, _checked(changes))

    def set_active(self, actor: Actor, user: UUID, active: bool) -> None:
        """The user may act, or may not: their sessions end, and their tokens open nothing."""
        with self._work.change(actor, sessions=True) as unit:
            about = self._work.find(unit, "user", USER, user)
            if not active:
                _demand_another_administrator(unit, user)
                unit.execute(sa.delete(SESSION).where(SESSION.c.user == user))
                unit.execute(sa.delete(PASSWORD_LINK).where(PASSWORD_LINK.c.user == user))
            self._work.update(unit, actor, about, {"active": active})

    def assign_roles(self, actor: Actor, user: UUID, roles: Iterable[str]) -> None:
        """The user holds exactly these roles."""
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "user", USER, user)
            if ADMINISTRATOR not in (wanted := frozenset(roles)):
                _demand_another_administrator(unit, user)
            self._assign(unit, actor, about, wanted)

    def change_roles(self, actor: Actor, user: UUID, give: Iterable[str], take: Iterable[str]) -> None:
        """The user holds what they held, with the one and without the other."""
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "user", USER, user)
            wanted = (_roles(unit, user) | frozenset(give)) - frozenset(take)
            if ADMINISTRATOR not in wanted:
                _demand_another_administrator(unit, user)
            self._assign(unit, actor, about, wanted)

    def roles_of(self, user: UUID) -> frozenset[str]:
        """The roles that the user holds."""
        with self._work.database.read() as unit:
            return _roles(unit, user)

    def set_password(self, actor: Actor, user: UUID, password: str) -> None:
        """An administrator gave the user another password; every session of theirs has ended."""
        demand_administrator(actor)
        self._change_password(actor, user, password)

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """The actor has another password; every session of theirs has ended.

        A wrong present one counts as a failed sign-in to the account; raises TooMany after too many.
        """
        with self._work.database.read() as unit:
            email = unit.execute(sa.select(USER.c.email).where(USER.c.id == actor.id)).scalar_one()
            kept = unit.execute(
                sa.select(CREDENTIAL.c.password).where(CREDENTIAL.c.user == actor.id)
            ).scalar()
        attempt = self._attempts.begin(email_key(email), "")
        if not self._passwords.is_right(kept, old):
            message = "This is not your present password."
            raise Forbidden(Problem("A135", message, "Type it again.", Place(path="old")))
        self._attempts.forget(attempt)
        self._change_password(actor, actor.id, new)

    def _change_password(self, actor: Actor, user: UUID, password: str) -> None:
        with self._work.database.read() as reading:
            who = sa.select(USER.c.email, USER.c.name).where(USER.c.id == user)
            near = reading.execute(who).one_or_none() or ()
        kept = hashed(self._passwords, password, *near)
        with self._work.database.write() as unit:
            about = self._work.find(unit, "user", USER, user)
            replace_password(self._work, unit, actor, about, kept)

    def _check_places(self, unit: UnitOfWork, values: Mapping[str, Any]) -> None:
        if values.get("unit"):
            self._work.find(unit, "unit", UNIT, values["unit"])
        if values.get("manager"):
            self._work.find(unit, "user", USER, values["manager"])

    def _assign(self, unit: UnitOfWork, actor: Actor, about: Identified, roles: frozenset[str]) -> None:
        before = _roles(unit, about.id)
        if before == roles:
            return
        unit.execute(sa.delete(USER_ROLE).where(USER_ROLE.c.user == about.id))
        if roles:
            unit.execute(sa.insert(USER_ROLE), [{"user": about.id, "role": r} for r in sorted(roles)])
        old, new = {"roles": sorted(before)}, {"roles": sorted(roles)}
        self._work.note(unit, actor, about, "assign_roles", old, new)


def hashed(passwords: Passwords, password: str, *near: str) -> str:
    """What is kept of a password that may be one; raises Invalid for one that may not."""
    check_password(password, *near)
    return passwords.hash(password)


def replace_password(work: Work, unit: UnitOfWork, actor: Actor, about: Identified, kept: str) -> None:
    """The user has another password, and every session of theirs has ended."""
    unit.execute(sa.delete(SESSION).where(SESSION.c.user == about.id))
    keep_password(work, unit, actor, about, kept)
    bump(unit, sessions=True)


def keep_password(work: Work, unit: UnitOfWork, actor: Actor, about: Identified, kept: str) -> None:
    """The user has this password, and no link for choosing one is open any more."""
    row = {"user": about.id, "password": kept, "changed_at": work.world.now(), "must_change": False}
    for table in (CREDENTIAL, PASSWORD_LINK):
        unit.execute(sa.delete(table).where(table.c.user == about.id))
    unit.execute(sa.insert(CREDENTIAL), row)
    work.note(unit, actor, about, "set_password")


def _roles(unit: UnitOfWork, user: UUID) -> frozenset[str]:
    return frozenset(unit.execute(sa.select(USER_ROLE.c.role).where(USER_ROLE.c.user == user)).scalars())


def administrators(unit: UnitOfWork) -> set[UUID]:
    """Everybody who can sign in and administer."""
    held = sa.select(USER_ROLE.c.user).join(USER, USER.c.id == USER_ROLE.c.user)
    held = held.where(
        USER_ROLE.c.role == ADMINISTRATOR, USER.c.active == sa.true(), USER.c.deleted_at.is_(None)
    )
    return set(unit.execute(held).scalars())


def somebody_signs_in(unit: UnitOfWork) -> bool:
    """Whether anybody who may act has a password."""
    held = sa.select(USER.c.id).join(CREDENTIAL, CREDENTIAL.c.user == USER.c.id)
    return (
        unit.execute(held.where(USER.c.active == sa.true(), USER.c.deleted_at.is_(None))).first() is not None
    )


def _demand_another_administrator(unit: UnitOfWork, user: UUID) -> None:
    """Somebody can still administer when this user cannot; raises Conflict."""
    if administrators(unit) == {user}:
        hint = "Give the role to somebody else first."
        raise Conflict(Problem("A134", "This is the last administrator.", hint))


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(values)
    if "name" in made:
        made["name"] = checked_name(made["name"])
    if "email" in made:
        made["email"] = checked_email(made["email"])
    _check_known(made, "language", LANGUAGES)
    _check_known(made, "zone", known_zones())
    return made


def checked_email(email: str) -> str:
    """The address in its usual form; raises Invalid when it is none."""
    # Its patterns take long to load, and most processes never meet an address.
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        message = "This is not an e-mail address."
        raise Invalid(
            Problem("R122", message, "Write it like ana@iron.example.", Place(path="email"))
        ) from None


def _check_known(values: Mapping[str, Any], name: str, known: Iterable[str]) -> None:
    if name in values and values[name] not in known:
        raise Invalid(Problem("R120", f"This {name} is not known.", "Choose another.", Place(path=name)))


def email_key(email: str) -> str:
    """The form in which an address typed by somebody is looked for."""
    return fold(email.strip().replace("\0", "")[:320].encode("utf-8", "replace").decode())
