"""The whole change log, newest first, for administrators: who did what to which record, and with which fields.

Values are not told here: the history of a record tells them, with the rights of whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import UNDO, Actor
from xrm.engine.identity.audit import ACCESS
from xrm.engine.identity.overview import ROWS, Page
from xrm.engine.identity.work import INSTALLER_EMAIL, demand_administrator
from xrm.engine.storage.database import Database
from xrm.engine.storage.feed import FeedPosition
from xrm.engine.storage.ledger import CHANGE, ENTITY, TEAM, USER
from xrm.engine.storage.numbers import Numbers
from xrm.metadata.values import INT64_MAX, fold


@dataclass(frozen=True, slots=True)
class LogAsked:
    """Which changes are wanted: by a text in name or address of who did it, entity, operation, and from when to when.

    With `ACCESS` as entity: sign-ins, passwords, roles and whatever else is no change of a record.
    """

    who: str = ""
    entity: str = ""
    operation: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A change: its place in the log, who did it through which door, to what, and the names of the fields touched.

    `entity` is empty for what is no change of a record; then it was about a user or a team, as `kind` says.
    """

    position: str
    number: int
    at: datetime
    actor: UUID | None
    who: str
    door: str
    entity: str
    kind: str
    record: UUID
    title: str
    operation: str
    reason: str
    fields: tuple[str, ...]
    act: UUID | None
    is_undo: bool


class LogReader:
    """Reads the change log of one installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, actor: Actor, numbers: Numbers, asked: LogAsked, below: int = INT64_MAX) -> Page[LogEntry]:
        """A page of changes whose place lies below that number."""
        demand_administrator(actor)
        wanted = _wanted().where(CHANGE.c.position < below, *_conditions(asked))
        with self._database.read() as unit:
            rows = unit.execute(wanted.order_by(CHANGE.c.position.desc()).limit(ROWS + 1)).mappings().all()
        entries = tuple(_entry(row, numbers) for row in rows[:ROWS])
        return Page(entries, str(entries[-1].number) if len(rows) > ROWS else None)


def _wanted() -> sa.Select[Any]:
    """Changes with the names of who did them and of the user or team that they were about."""
    doer, user, team = USER.alias(), USER.alias(), TEAM.alias()
    around = (
        CHANGE.join(ENTITY, ENTITY.c.number == CHANGE.c.entity)
        .outerjoin(doer, sa.and_(doer.c.id == CHANGE.c.actor, doer.c.email__key != INSTALLER_EMAIL))
        .outerjoin(user, user.c.id == CHANGE.c.record)
        .outerjoin(team, team.c.id == CHANGE.c.record)
    )
    return sa.select(
        *CHANGE.c, ENTITY.c.name.label("entity_name"), doer.c.name.label("who"),
        user.c.name.label("user_name"), team.c.name.label("team_name"),
    ).select_from(around)  # fmt: skip


def _conditions(asked: LogAsked) -> Iterable[sa.ColumnElement[bool]]:
    if asked.who:
        like = fold(asked.who)
        texts = (
            USER.c.name__key.contains(like, autoescape=True),
            USER.c.email__key.contains(like, autoescape=True),
        )
        yield CHANGE.c.actor.in_(sa.select(USER.c.id).where(sa.or_(*texts)))
    if asked.entity:
        number = sa.select(ENTITY.c.number).where(ENTITY.c.name == asked.entity).scalar_subquery()
        yield CHANGE.c.entity == number
    if asked.operation:
        yield CHANGE.c.operation == asked.operation
    if asked.since is not None:
        yield CHANGE.c.at >= asked.since
    if asked.before is not None:
        yield CHANGE.c.at < asked.before


def _entry(row: Any, numbers: Numbers) -> LogEntry:
    name = row["entity_name"]
    keys = dict.fromkeys((*row["before"], *row["after"]))
    return LogEntry(
        position=str(FeedPosition(row["transaction"], row["position"])),
        number=row["position"],
        at=row["at"],
        actor=row["actor"],
        who=row["who"] or "",
        door=row["door"],
        entity="" if name == ACCESS else name,
        kind="team" if row["team_name"] else "user" if row["user_name"] else "",
        record=row["record"],
        title=row["title"] or row["user_name"] or row["team_name"] or "",
        operation=row["operation"],
        reason=row["reason"] or "",
        fields=tuple(_name(key, numbers) for key in keys),
        act=row["act"],
        is_undo=bool(row["cause"] and row["cause"].startswith(UNDO)),
    )


def _name(key: str, numbers: Numbers) -> str:
    found = numbers.field_names.get(int(key)) if key.isdecimal() else None
    return found[1] if found else key
