"""The people that a seed brings: units, teams and users, each once, known by name or e-mail address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, INSTALL, Actor
from xrm.engine.identity import Identity
from xrm.engine.identity.directory import Directory
from xrm.engine.identity.groups import Groups
from xrm.engine.identity.people import People
from xrm.engine.identity.work import INSTALLER_EMAIL, with_keys
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.ledger import USER, USER_ROLE
from xrm.engine.world import World
from xrm.errors import Conflict, Invalid, Place, Problems

INSTALLER_NAME = "Installer"


def ensure_installer(database: Database, world: World) -> Actor:
    """The system actor in whose name packs are installed; nobody can sign in as it."""
    found = _installer(database)
    if found is None:
        with suppress(Conflict):  # another process was quicker
            _add_installer(database, world)
        found = _installer(database)
    if found is None:
        raise AssertionError("unreachable: the installer was added here or elsewhere")
    return Actor(found, INSTALLER_NAME, roles=frozenset({ADMINISTRATOR}), door=INSTALL, is_system=True)


def _installer(database: Database) -> UUID | None:
    with database.read() as unit:
        found: UUID | None = unit.execute(_INSTALLER).scalar()
    return found


def _add_installer(database: Database, world: World) -> None:
    id_ = world.new_id()
    with database.write() as unit:
        unit.execute(sa.insert(USER), _row(id_, world))
        unit.execute(sa.insert(USER_ROLE), {"user": id_, "role": ADMINISTRATOR})


_INSTALLER = sa.select(USER.c.id).where(USER.c.email__key == INSTALLER_EMAIL)


def _row(id_: UUID, world: World) -> dict[str, Any]:
    now = world.now()
    named = with_keys({"name": INSTALLER_NAME, "email": INSTALLER_EMAIL, "active": False})
    return {**named, "id": id_, "version": 1, "created_at": now, "updated_at": now}


@dataclass(frozen=True, slots=True)
class PeoplePlanter:
    """Makes units, teams and users that are not there yet, and changes none that are."""

    people: People
    groups: Groups
    directory: Directory
    installer: Actor

    @classmethod
    def of(cls, identity: Identity, database: Database, installer: Actor) -> PeoplePlanter:
        """Each change is durable by itself."""
        return cls(identity.people, identity.groups, Directory(database), installer)

    def within(self, unit: UnitOfWork, database: Database) -> PeoplePlanter:
        """The same, whose changes are part of this transaction."""
        here = Directory(database, unit)
        return PeoplePlanter(self.people.within(unit), self.groups.within(unit), here, self.installer)

    def plant(self, people: Iterable[Mapping[str, Any]]) -> int:
        """Everybody is there; gives how many users were made now."""
        together = tuple(people)
        self._check(together)
        for one in together:
            for unit in one.get("units", ()):
                self._unit(unit)
            for team in one.get("teams", ()):
                self._team(team)
        users = _together(user for one in together for user in one.get("users", ()))
        made = {user["email"]: id_ for user in users if (id_ := self._user(user)) is not None}
        for user in users:
            if user["email"] in made and "manager" in user:
                self._put_under(made[user["email"]], user["manager"])
        return len(made)

    def _check(self, together: Iterable[Mapping[str, Any]]) -> None:
        """Every unit and team that is named exists or comes along; else raises Invalid with all."""
        problems = Problems()
        units = {u["name"] for one in together for u in one.get("units", ())}
        teams = {t["name"] for one in together for t in one.get("teams", ())}
        emails = {u["email"] for one in together for u in one.get("users", ())}
        for user in (u for one in together for u in one.get("users", ())):
            where = Place(path=user["email"])
            for team in set(user.get("teams", ())) - teams:
                if self.directory.team(team) is None:
                    problems.add("P102", f'There is no team "{team}".', "Add it to teams.", where)
            boss = user.get("manager")
            if boss and boss not in emails and self.directory.user(boss) is None:
                problems.add("P102", f'There is no user "{boss}".', "Add the manager to users.", where)
            if user.get("unit") and user["unit"] not in units and self.directory.unit(user["unit"]) is None:
                problems.add("P102", f'There is no unit "{user["unit"]}".', "Add it to units.", where)
        if problems:
            raise Invalid(problems.found)

    def _unit(self, unit: Mapping[str, Any]) -> None:
        if self.directory.unit(unit["name"]) is None:
            parent = self.directory.unit(unit["parent"]) if "parent" in unit else None
            self.groups.create_unit(self.installer, unit["name"], parent)

    def _team(self, team: Mapping[str, Any]) -> None:
        if self.directory.team(team["name"]) is None:
            unit = self.directory.unit(team["unit"]) if "unit" in team else None
            self.groups.create_team(self.installer, team["name"], unit)

    def _put_under(self, user: UUID, manager: str) -> None:
        above = self.directory.user(manager)
        if above is not None:
            self.people.update_user(self.installer, user, {"manager": above})

    def _user(self, user: Mapping[str, Any]) -> UUID | None:
        """The user that was made now; None for one that is there."""
        if self.directory.user(user["email"]) is not None:
            return None
        made = self.people.create_user(
            self.installer,
            email=user["email"],
            name=user["name"],
            roles=user.get("roles", ()),
            unit=self.directory.unit(user["unit"]) if "unit" in user else None,
            language=user.get("language", "en"),
            zone=user.get("zone", "UTC"),
        )
        for name in user.get("teams", ()):
            team = self.directory.team(name)
            if team is not None:
                self.groups.add_member(self.installer, team, made)
        return made


def _together(users: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each person once. Roles and teams of all packs that name the address add up; of the rest, the first counts."""
    found: dict[str, dict[str, Any]] = {}
    for user in users:
        first = found.setdefault(user["email"], {**user})
        found[user["email"]] = {
            **user,
            **first,
            **{key: _union(first, user, key) for key in ("teams", "roles")},
        }
    return list(found.values())


def _union(first: Mapping[str, Any], second: Mapping[str, Any], key: str) -> list[str]:
    return list(dict.fromkeys([*first.get(key, ()), *second.get(key, ())]))
