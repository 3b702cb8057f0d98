"""Teams and business units: who works with whom, and what lies below what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.identity.work import Work, checked_name
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import TEAM, TEAM_MEMBER, TEAM_ROLE, UNIT, USER
from xrm.errors import Conflict, Place, Problem


class Groups:
    """The teams and the tree of business units of an installation."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def within(self, unit: UnitOfWork) -> Groups:
        """The same, whose changes are part of this transaction."""
        return Groups(replace(self._work, within=unit))

    def create_team(self, actor: Actor, name: str, unit: UUID | None = None) -> UUID:
        """A team without members exists."""
        with self._work.change(actor) as change:
            row = {"name": checked_name(name), "unit": unit}
            if unit is not None:
                self._work.find(change, "unit", UNIT, unit)
            return self._work.insert(change, actor, "team", TEAM, row)

    def update_team(
        self, actor: Actor, team: UUID, name: str, unit: UUID | None, version: int | None = None
    ) -> None:
        """The team is called so and belongs to that unit; raises Stale when its version is not the one given."""
        with self._work.change(actor) as change:
            about = self._work.find(change, "team", TEAM, team, version)
            if unit is not None:
                self._work.find(change, "unit", UNIT, unit)
            self._work.update(change, actor, about, {"name": checked_name(name), "unit": unit})

    def change_roles(self, actor: Actor, team: UUID, give: Iterable[str], take: Iterable[str]) -> None:
        """Whoever is in the team holds what the team held, with the one roles and without the other.

        Raises Conflict for the administrator's: the last one could leave the team unseen.
        """
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "team", TEAM, team)
            before = frozenset(
                unit.execute(sa.select(TEAM_ROLE.c.role).where(TEAM_ROLE.c.team == team)).scalars()
            )
            after = (before | frozenset(give)) - frozenset(take)
            if ADMINISTRATOR in after:
                hint = "Give it to its members one by one."
                raise Conflict(Problem("A139", "A team cannot hold this role.", hint, Place(path="roles")))
            if after != before:
                self._keep_roles(unit, team, after)
                old, new = {"roles": sorted(before)}, {"roles": sorted(after)}
                self._work.note(unit, actor, about, "assign_roles", old, new)

    @staticmethod
    def _keep_roles(unit: UnitOfWork, team: UUID, roles: frozenset[str]) -> None:
        unit.execute(sa.delete(TEAM_ROLE).where(TEAM_ROLE.c.team == team))
        if roles:
            unit.execute(sa.insert(TEAM_ROLE), [{"team": team, "role": role} for role in sorted(roles)])

    def add_member(self, actor: Actor, team: UUID, user: UUID) -> None:
        """The user is in the team."""
        with self._work.change(actor) as unit:
            self._work.find(unit, "user", USER, user)
            join(self._work, unit, actor, team, user)

    def remove_member(self, actor: Actor, team: UUID, user: UUID) -> None:
        """The user is not in the team."""
        with self._work.change(actor) as unit:
            leave(self._work, unit, actor, team, user)

    def change_teams(self, actor: Actor, user: UUID, into: Iterable[UUID], out_of: Iterable[UUID]) -> None:
        """The user is in the one teams besides their own, and not in the others."""
        with self._work.change(actor) as unit:
            self._work.find(unit, "user", USER, user)
            for team in into:
                join(self._work, unit, actor, team, user)
            for team in out_of:
                leave(self._work, unit, actor, team, user)

    def create_unit(self, actor: Actor, name: str, parent: UUID | None = None) -> UUID:
        """A business unit exists, below `parent` or at the top."""
        with self._work.change(actor) as change:
            row = {"name": checked_name(name), "parent": parent}
            if parent is not None:
                self._work.find(change, "unit", UNIT, parent)
            return self._work.insert(change, actor, "unit", UNIT, row)

    def update_unit(
        self, actor: Actor, unit: UUID, name: str, parent: UUID | None, version: int | None = None
    ) -> None:
        """The unit is called so and lies, with all below it, below `parent`.

        Raises Conflict for a ring, Stale for another version.
        """
        with self._work.change(actor) as change:
            about = self._work.find(change, "unit", UNIT, unit, version)
            self._check_parent(change, unit, parent)
            self._work.update(change, actor, about, {"name": checked_name(name), "parent": parent})

    def _check_parent(self, change: UnitOfWork, unit: UUID, parent: UUID | None) -> None:
        if parent is not None:
            self._work.find(change, "unit", UNIT, parent)
        if parent in units_below(change, unit):
            hint = "Choose a unit outside it."
            raise Conflict(Problem("A136", "A unit cannot lie below itself.", hint, Place(path="parent")))


def join(work: Work, unit: UnitOfWork, actor: Actor, team: UUID, user: UUID) -> None:
    """The user is in the team; raises NotFound when there is no such team."""
    about = work.find(unit, "team", TEAM, team)
    if not _is_member(unit, team, user):
        unit.execute(sa.insert(TEAM_MEMBER), {"team": team, "user": user})
        work.note(unit, actor, about, "add_member", after={"member": str(user)})


def leave(work: Work, unit: UnitOfWork, actor: Actor, team: UUID, user: UUID) -> None:
    """The user is not in the team; raises NotFound when there is no such team."""
    about = work.find(unit, "team", TEAM, team)
    if _is_member(unit, team, user):
        unit.execute(sa.delete(TEAM_MEMBER).where(_membership(team, user)))
        work.note(unit, actor, about, "remove_member", before={"member": str(user)})


def units_below(unit: UnitOfWork, top: UUID) -> frozenset[UUID]:
    """The business unit and every one below it."""
    tree = sa.select(UNIT.c.id).where(UNIT.c.id == top).cte("tree", recursive=True)
    children = sa.select(UNIT.c.id).join(tree, UNIT.c.parent == tree.c.id).where(UNIT.c.deleted_at.is_(None))
    return frozenset(unit.execute(sa.select(tree.union(children).c.id)).scalars())


def _membership(team: UUID, user: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(TEAM_MEMBER.c.team == team, TEAM_MEMBER.c.user == user)


def _is_member(unit: UnitOfWork, team: UUID, user: UUID) -> bool:
    return unit.execute(sa.select(sa.literal(1)).where(_membership(team, user))).scalar() is not None
