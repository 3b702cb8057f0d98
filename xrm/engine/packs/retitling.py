"""Titles over a change of definitions: every record is called by what its title is made of now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from xrm.engine.projection.programs import titled_by
from xrm.engine.records.computing import title_text
from xrm.engine.records.searched import index_rows
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.numbers import Identities, Numbers
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.steps import Effect, Retitle, Step, counting
from xrm.metadata.expressions.compile import compile_python
from xrm.metadata.expressions.environment import Context, RecordEnv
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Entity
from xrm.metadata.values import fold

if TYPE_CHECKING:
    from alembic.operations import Operations

AT_ONCE: Final = 1000
_SYSTEM: Final = ("id", "version", "external_key", "created_at", "updated_at", "deleted_at", "state")


def with_titles(
    plan: SchemaPlan, before: Schema | None, wanted: Schema, which: Identities, unit: UnitOfWork
) -> SchemaPlan:
    """The plan, which also says of which entities the titles are made anew, and of how many records."""
    stored = () if before is None else tuple(_retitled(plan, before, wanted, which))
    steps = tuple(_step(now, then, unit) for now, then in stored)
    return replace(plan, steps=(*plan.steps, *steps)) if steps else plan


def _retitled(
    plan: SchemaPlan, before: Schema, wanted: Schema, which: Identities
) -> Iterator[tuple[EntityTable, EntityTable]]:
    """The tables, as they are and as they will be, of the entities whose titles say something else."""
    for stored in wanted:
        entity, former = stored.entity, before.entities.get(which.present(stored.entity.name))
        if entity.is_engine or former is None or entity.name not in which.entities:
            continue
        is_turned = any((entity.name, name) in plan.turned for name in titled_by(entity))
        if is_turned or _said(entity, which) != _said(former.entity, Identities()):
            yield former, stored


def _said(entity: Entity, which: Identities) -> str:
    """What the title is made of, by the names of now, for a rename changes no title."""
    if not isinstance(entity.title, Expression):
        return ""
    known = {name: which.fields.get((entity.name, name)) for name in titled_by(entity)}
    names = {name: found.name for name, found in known.items() if found and not found.gone}
    return _renamed(entity.title.renewed, names)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    if all(name == former for name, former in names.items()):
        return text
    words = "|".join(map(re.escape, names))
    return re.sub(rf"\b(?:{words})\b", lambda found: names[found[0]], text)


def _step(now: EntityTable, then: EntityTable, unit: UnitOfWork) -> Step:
    measure = counting(now.table.name)
    return Retitle(
        f"Make the titles of {then.entity.name} anew ({then.table.name}).",
        _run,
        "Roll back: titles are made of what they were made of before.",
        Effect.REWRITE,
        measure(unit),
        entity=then.entity.name,
    )


def _run(op: Operations) -> None:
    """The work is done with the activation, by what it names; a database administrator is told so."""
    if op.get_context().as_sql:
        op.execute("-- each title is worked out and written by xrm")


# --- doing it ---------------------------------------------------------------------------------------


def renew_titles(
    unit: UnitOfWork, index: SearchIndex, plan: SchemaPlan, schema: Schema, numbers: Numbers, now: datetime
) -> None:
    """The records of each entity that the plan names have their titles, and are found by them."""
    for step in plan.steps:
        if isinstance(step, Retitle):
            _renew(unit, index, schema[step.entity], numbers, Context(now.date(), now))


def _renew(
    unit: UnitOfWork, index: SearchIndex, stored: EntityTable, numbers: Numbers, context: Context
) -> None:
    table, title = stored.table, stored.entity.title
    evaluate = compile_python(title) if isinstance(title, Expression) else None
    present = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("record"))
        .values(title=sa.bindparam("now"), title__key=sa.bindparam("folded"))
    )
    for rows in _portions(unit, table):
        changed = [{**row, "title": now} for row, now in _titles(stored, numbers, evaluate, context, rows)]
        told = [{"record": r["id"], "now": r["title"], "folded": fold(r["title"])} for r in changed]
        if told:
            unit.execute(present, told)
            index_rows(unit, index, stored, numbers, changed)


def _titles(
    stored: EntityTable,
    numbers: Numbers,
    evaluate: Callable[..., Any] | None,
    context: Context,
    rows: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The rows whose titles are other now, with these."""
    for row in rows:
        system = {name: row[name] for name in _SYSTEM if name in row}
        env = RecordEnv(stored.entity.name, {**system, **stored.join(row, numbers.names)})
        now = title_text(evaluate(env, context) if evaluate else None, row["id"])
        if now != row["title"]:
            yield row, now


def _portions(unit: UnitOfWork, table: sa.Table) -> Iterator[Sequence[Mapping[str, Any]]]:
    wanted, last = sa.select(table).order_by(table.c.id).limit(AT_ONCE), None
    while True:
        chosen = wanted if last is None else wanted.where(table.c.id > last)
        rows = unit.execute(chosen).mappings().all()
        if not rows:
            return
        yield [dict(row) for row in rows]
        last = rows[-1]["id"]
