"""What a write holds until it commits, so that two at once cannot each break what the other relies on.

SQLite has one writer at a time and needs none of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.reach import Reach
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.writer import Writer
from xrm.engine.storage.rows import hold
from xrm.engine.storage.statements import any_of
from xrm.metadata.model import POINTERS, Field
from xrm.metadata.values import Ref


def hold_related(setting: Setting, drafts: Sequence[Draft]) -> None:
    """What the rules and guards of these drafts read of other records is held, before they read it.

    A rule that cannot be tied to records is held by its name. Names come in order, then records in order:
    two writers then wait for one another in one direction only.
    """
    if setting.unit.dialect.is_sqlite:
        return
    names: set[str] = set()
    refs: set[Ref] = set()
    for draft in drafts:
        for name, reach in _reaches(draft):
            refs.update(_pointed(draft.new, reach))
            if any(not way or draft.new.get(way) is not None for way in reach.loose):
                names.add(f"rule:{draft.writer.name}.{name}")
    for name in sorted(names):
        hold(setting.unit, name)
    hold_records(setting, refs)


def _reaches(draft: Draft) -> Iterable[tuple[str, Reach]]:
    programs, step = draft.writer.programs, draft.transition
    for rule in programs.wide_rules:
        yield rule.rule.name, rule.reach
    if step is not None and step.name in programs.guard_reaches:
        yield step.name, programs.guard_reaches[step.name]


def hold_followed(
    setting: Setting, writer: Writer, fields: Iterable[Field], records: Collection[Mapping[str, Any]]
) -> None:
    """What these fields of the records follow from is held, before it is read."""
    if setting.unit.dialect.is_sqlite:
        return
    reaches = {f.name: writer.programs.formula_reaches[f.name] for f in fields}
    for name, reach in sorted(reaches.items()):
        if any(not way or any(r.get(way) is not None for r in records) for way in reach.loose):
            hold(setting.unit, f"rule:{writer.name}.{name}")
    hold_records(setting, {ref for reach in reaches.values() for r in records for ref in _pointed(r, reach)})


def _pointed(values: Mapping[str, Any], reach: Reach) -> Iterable[Ref]:
    for name in reach.pointers:
        value = values.get(name)
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, UUID):
            yield Ref(POINTERS[name], value)


def hold_records(setting: Setting, refs: Iterable[Ref]) -> None:
    """Nobody else changes these records, or holds them, until this transaction ends; pointing at them is open."""
    if setting.unit.dialect.is_sqlite:
        return
    wanted: dict[str, set[UUID]] = {}
    for ref in refs:
        wanted.setdefault(ref.entity, set()).add(ref.id)
    for entity in sorted(wanted):
        if entity in setting.writers:
            writer = setting.writers[entity]
            statement = writer.statement("hold", partial(_holding, writer))
            setting.unit.run(statement, {"ids": list(wanted[entity])})


def _holding(writer: Writer) -> sa.Select[Any]:
    """Weaker than the lock of a delete: a record that two writers point at is not torn between them."""
    table = writer.table.table
    chosen = sa.select(table.c.id).where(any_of(table.c.id, "ids")).order_by(table.c.id)
    return chosen.with_for_update(key_share=True)
