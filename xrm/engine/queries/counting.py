"""Counts and latest changes of many entities at once: one statement, however many they are.

Each count stops at the published limit, so what a page of counts costs is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.queries.conditions import base_conditions, within_condition
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.request import Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared
from xrm.metadata.fieldtypes.times import write_instant

T = TypeVar("T")
OWNER = "owner"
MOST_AT_ONCE = 200  # SQLite takes 500 selects in one statement


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are, or that there are more than are counted."""

    count: int
    is_exact: bool

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.count + other.count, self.is_exact and other.is_exact)


@dataclass(frozen=True, slots=True)
class Far:
    """Records of `entity` on the far side of a relationship of one record; without a name all, or the actor's own."""

    entity: str
    relationship: str = ""
    is_mine: bool = False


def counts(
    kit: Kit,
    unit: UnitOfWork,
    asked: Sequence[Far],
    parameters: Mapping[str, Any],
    source: tuple[str, UUID] | None = None,
) -> list[Counted]:
    """How many readable records each has; `source` is the record whose relationships are meant."""
    values = {**parameters, "most": kit.limits.capped_count + 1}
    near = ""
    if source is not None:
        near, values["within"] = source
        values["within_entity"] = kit.numbers.entities[near]
    rows = (_row(kit, unit, part, near, values) for part in _portions(asked))
    return [_counted(kit, found) for row in rows for found in row]


def _portions(items: Sequence[T]) -> list[tuple[T, ...]]:
    return [tuple(items[at : at + MOST_AT_ONCE]) for at in range(0, len(items), MOST_AT_ONCE)]


def _row(
    kit: Kit, unit: UnitOfWork, asked: tuple[Far, ...], near: str, values: Mapping[str, Any]
) -> Sequence[int]:
    prepared = kit.plan(("counts", near, asked), lambda: _counting(kit, asked, near))
    return unit.run(prepared, values)[0]


def _counted(kit: Kit, found: int) -> Counted:
    most = kit.limits.capped_count
    return Counted(most, False) if found > most else Counted(found, True)


def _counting(kit: Kit, asked: Sequence[Far], near: str) -> Prepared:
    return kit.prepare(sa.select(*(_count(kit, far, near).label(f"c{n}") for n, far in enumerate(asked))))


def _count(kit: Kit, far: Far, near: str) -> sa.ScalarSelect[Any]:
    frame = kit.desk.frame(far.entity)
    conditions = base_conditions(frame, Trash.LIVE)
    if far.relationship:
        conditions.append(within_condition(frame, (near, UUID(int=0), far.relationship)))
    if far.is_mine:
        conditions.append(is_mine(frame))
    chosen: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(frame.table).where(*conditions)
    limited = chosen.limit(sa.bindparam("most", type_=sa.Integer())).subquery()
    return sa.select(sa.func.count()).select_from(limited).scalar_subquery()


def is_mine(frame: Frame) -> sa.ColumnElement[bool]:
    """The actor owns the record."""
    owner = frame.own(OWNER)
    return owner == sa.bindparam("me", type_=owner.type)


def recent(
    kit: Kit, unit: UnitOfWork, entities: Sequence[str], parameters: Mapping[str, Any], limit: int
) -> dict[str, list[dict[str, Any]]]:
    """The readable records of each entity that the actor changed last: id, title and when."""
    found: dict[str, list[dict[str, Any]]] = {entity: [] for entity in entities}
    for part in _portions(entities):
        prepared = _recent_plan(kit, part)
        for raw in unit.run(prepared, {**parameters, "limit": limit}):
            place, record, title, at = prepared.read(raw)
            found[part[place]].append({"id": str(record), "title": title, "updated_at": write_instant(at)})
    return found


def _recent_plan(kit: Kit, entities: tuple[str, ...]) -> Prepared:
    return kit.plan(("recent", entities), lambda: _recent(kit, entities))


def _recent(kit: Kit, entities: Sequence[str]) -> Prepared:
    both = sa.union_all(*_latest(kit, entities)).subquery()
    return kit.prepare(sa.select(both).order_by(both.c.place, both.c.at.desc(), both.c.id.desc()))


def _latest(kit: Kit, entities: Sequence[str]) -> Iterator[sa.Select[Any]]:
    for place, entity in enumerate(entities):
        frame = kit.desk.frame(entity)
        by, at = frame.own("updated_by"), frame.own("updated_at")
        latest = (
            sa.select(frame.id.label("id"), frame.own("title").label("title"), at.label("at"))
            .where(*base_conditions(frame, Trash.LIVE), by == sa.bindparam("me", type_=by.type))
            .order_by(at.desc(), frame.id.desc())
            .limit(sa.bindparam("limit", type_=sa.Integer()))
            .subquery()
        )
        yield sa.select(sa.literal_column(str(place), sa.Integer()).label("place"), latest)
