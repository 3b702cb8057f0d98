"""Teams and business units: who works with whom, and what lies below what."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity.work import Work, checked_name
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import TEAM, TEAM_MEMBER, UNIT, USER
from xrm.errors import Conflict, Problem


class Groups:
    """The teams and the tree of business units of an installation."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def create_team(self, actor: Actor, name: str, unit: UUID | None = None) -> UUID:
        """A team without members exists."""
        with self._work.change(actor) as change:
            row = {"name": checked_name(name), "unit": unit}
            if unit is not None:
                self._work.find(change, "unit", UNIT, unit)
            return self._work.insert(change, actor, "team", TEAM, row)

    def add_member(self, actor: Actor, team: UUID, user: UUID) -> None:
        """The user is in the team."""
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "team", TEAM, team)
            self._work.find(unit, "user", USER, user)
            if not _is_member(unit, team, user):
                unit.execute(sa.insert(TEAM_MEMBER), {"team": team, "user": user})
                self._work.note(unit, actor, about, "add_member", after={"member": str(user)})

    def remove_member(self, actor: Actor, team: UUID, user: UUID) -> None:
        """The user is not in the team."""
        with self._work.change(actor) as unit:
            about = self._work.find(unit, "team", TEAM, team)
            if _is_member(unit, team, user):
                unit.execute(sa.delete(TEAM_MEMBER).where(_membership(team, user)))
                self._work.note(unit, actor, about, "remove_member", before={"member": str(user)})

    def create_unit(self, actor: Actor, name: str, parent: UUID | None = None) -> UUID:
        """A business unit exists, below `parent` or at the top."""
        with self._work.change(actor) as change:
            row = {"name": checked_name(name), "parent": parent}
            if parent is not None:
                self._work.find(change, "unit", UNIT, parent)
            return self._work.insert(change, actor, "unit", UNIT, row)

    def move_unit(self, actor: Actor, unit: UUID, parent: UUID | None) -> None:
        """The unit, with all below it, lies below `parent`; raises Conflict when that would be a ring."""
        with self._work.change(actor) as change:
            about = self._work.find(change, "unit", UNIT, unit)
            if parent is not None:
                self._work.find(change, "unit", UNIT, parent)
            if parent in units_below(change, unit):
                hint = "Choose a unit outside it."
                raise Conflict(Problem("A136", "A unit cannot lie below itself.", hint))
            self._work.update(change, actor, about, {"parent": parent})


def units_below(unit: UnitOfWork, top: UUID) -> frozenset[UUID]:
    """The business unit and every one below it."""
    tree = sa.select(UNIT.c.id).where(UNIT.c.id == top).cte("tree", recursive=True)
    children = sa.select(UNIT.c.id).join(tree, UNIT.c.parent == tree.c.id).where(UNIT.c.deleted_at.is_(None))
    return frozenset(unit.execute(sa.select(tree.union(children).c.id)).scalars())


def _membership(team: UUID, user: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(TEAM_MEMBER.c.team == team, TEAM_MEMBER.c.user == user)


def _is_member(unit: UnitOfWork, team: UUID, user: UUID) -> bool:
    return unit.execute(sa.select(sa.literal(1)).where(_membership(team, user))).scalar() is not None
