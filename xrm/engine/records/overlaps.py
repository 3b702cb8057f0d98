"""Keys that the database cannot hold by itself: no overlap in time, and conditions beyond an index."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment, stored_scene
from xrm.engine.records.writer import Writer
from xrm.engine.storage.entity_tables import UniqueKey
from xrm.engine.storage.rows import hold
from xrm.errors import Problem
from xrm.metadata.model import text_of

MOST_CANDIDATES = 100


def overlap_problems(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """The keys of the draft's record that another live record has too, among those that no index guards."""
    for name, stored in draft.writer.table.keys.items():
        if stored.index or not _applies(setting, draft, name):
            continue
        if _clashes(setting, draft, name, stored):
            message = text_of(
                stored.key.message, setting.actor.language, "Another record has the same values."
            )
            field = stored.key.fields[0] if stored.key.fields else ""
            yield draft.problem("R140", field, message, "Change one of: " + ", ".join(_named(stored)) + ".")


def _named(stored: UniqueKey) -> tuple[str, ...]:
    return (*stored.key.fields, *(stored.key.no_overlap or ()))


def _applies(setting: Setting, draft: Draft, name: str) -> bool:
    condition = draft.writer.programs.key_conditions.get(name)
    return condition is None or condition(environment(setting, draft)) is True


def _clashes(setting: Setting, draft: Draft, name: str, stored: UniqueKey) -> bool:
    """True when another live record with the same key values, under the same condition, is in the way."""
    columns = draft.writer.row(draft.new)
    if any(columns.get(c.name) is None for c in stored.columns):
        return False
    values = {f"k_{c.name}": columns[c.name] for c in stored.columns} | {"self": draft.id}
    hold(setting.unit, f"key:{draft.writer.entity.name}.{name}")
    statement = draft.writer.statement(("overlap", name), lambda: _candidates(draft.writer, stored))
    span = _span_values(draft, stored)
    rows = setting.unit.run(statement, {**values, **span})
    ids = [statement.read(row)[0] for row in rows]
    condition = draft.writer.programs.key_conditions.get(name)
    if condition is None or not ids:
        return bool(ids)
    others = draft.writer.load(setting.unit, ids).values()
    return any(condition(stored_scene(setting, draft.writer, other)) is True for other in others)


def _candidates(writer: Writer, stored: UniqueKey) -> sa.Select[Any]:
    table = writer.table.table
    same = [c == sa.bindparam(f"k_{c.name}", type_=c.type) for c in stored.columns]
    other = table.c.id != sa.bindparam("self", type_=table.c.id.type)
    chosen = sa.select(table.c.id).where(
        table.c.deleted_at.is_(None), other, *same, *_crossing(writer, stored)
    )
    return chosen.limit(MOST_CANDIDATES)


def _crossing(writer: Writer, stored: UniqueKey) -> list[sa.ColumnElement[bool]]:
    """Two spans cross when each begins before the other ends; an open end never ends."""
    if stored.key.no_overlap is None:
        return []
    start, end = (writer.table.column((name,)) for name in stored.key.no_overlap)
    mine_end = sa.bindparam("span_end", type_=end.type)
    mine_start = sa.bindparam("span_start", type_=start.type)
    return [
        sa.or_(mine_end.is_(None), start.is_(None), start < mine_end),
        sa.or_(mine_start.is_(None), end.is_(None), end > mine_start),
    ]


def _span_values(draft: Draft, stored: UniqueKey) -> dict[str, Any]:
    if stored.key.no_overlap is None:
        return {}
    start, end = stored.key.no_overlap
    return {"span_start": draft.new.get(start), "span_end": draft.new.get(end)}
