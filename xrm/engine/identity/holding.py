"""Which roles somebody holds: those given to them, and those given to the teams that they are in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import TEAM, TEAM_MEMBER, TEAM_ROLE, USER_ROLE


def held_roles(unit: UnitOfWork, user: UUID) -> frozenset[str]:
    """Every role of the user, however they come to it."""
    own = sa.select(USER_ROLE.c.role).where(USER_ROLE.c.user == user)
    return frozenset(unit.execute(sa.union(own, by_team(TEAM_ROLE.c.role).where(_is(user)))).scalars())


def by_team(*columns: Any) -> sa.Select[Any]:
    """These columns of the roles that users hold through their teams."""
    wanted = sa.select(*columns).join(TEAM_MEMBER, TEAM_MEMBER.c.team == TEAM_ROLE.c.team)
    return wanted.join(TEAM, TEAM.c.id == TEAM_ROLE.c.team).where(TEAM.c.deleted_at.is_(None))


def _is(user: UUID) -> sa.ColumnElement[bool]:
    return TEAM_MEMBER.c.user == user
