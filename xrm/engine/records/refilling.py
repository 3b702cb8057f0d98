"""Computed fields over a change of definitions: every record holds what follows by the formulas of now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.postponing import is_beyond, postpone_all
from xrm.engine.records.recomputing import PORTION, found_anew, store
from xrm.engine.records.writer import Writer
from xrm.engine.storage.types import Uuid
from xrm.metadata.dependencies import Block
from xrm.metadata.model import Field

Names = Collection[tuple[str, str]]


def refill(setting: Setting, wanted: Names, *, is_kept: bool = True) -> dict[tuple[str, str], int]:
    """Every record holds what its computed fields among `wanted` follow to; tells how many held something else.

    Fields are found in the order of the graph, so that each rests on what has been found already; unless `is_kept`,
    on what is stored, and nothing is changed. The search index is left as it is. Raises Invalid for a value that its
    field cannot keep.
    """
    counts = dict.fromkeys(wanted, 0)
    for block in _blocks(setting, wanted):
        writer = setting.writers[block.entity]
        for ids in _portions(setting, writer):
            anew = dict.fromkeys((field.name for field in block.asked), None)
            changed = found_anew(setting, block, dict.fromkeys(ids, anew), is_held=is_kept)
            if is_kept:
                store(setting, writer, changed, is_searched=False)
            for touch in changed:
                for name in touch.names:
                    counts[block.entity, name] = counts.get((block.entity, name), 0) + 1
    return counts


def left_for_now(setting: Setting, wanted: Names) -> Names:
    """Those of the fields that are found at once; of large entities a job finds the others, which wait from now on.

    What makes a title is found at once, for records are called by it when the transaction commits.
    """
    tally, entities = Tally(), dict.fromkeys(entity for entity, _ in wanted)
    large = {entity for entity in entities if is_beyond(setting, entity)}
    graph = setting.writers.dependencies
    titles = {entity: graph.titling(setting.writers[entity].entity) for entity in large}
    later = {(entity, name) for entity, name in wanted if entity in large and name not in titles[entity]}
    for entity, name in sorted(later, key=lambda part: (graph.level(*part), part)):
        postpone_all(setting, tally, entity, name)
    return [part for part in wanted if part not in later]


def _blocks(setting: Setting, wanted: Names) -> Iterator[Block]:
    """The fields that are wanted, in the order in which they are found."""
    dependencies = setting.writers.dependencies
    for entity, fields in dependencies.early.items():
        yield from _of(Block(entity, 0, (), fields), wanted)
    for block in dependencies.blocks.values():
        yield from _of(block, wanted)


def _of(block: Block, wanted: Names) -> Iterator[Block]:
    def chosen(fields: Sequence[Field]) -> tuple[Field, ...]:
        return tuple(field for field in fields if (block.entity, field.name) in wanted)

    asked, following = chosen(block.asked), chosen(block.following)
    if asked or following:
        yield Block(block.entity, block.level, asked, following)


def _portions(setting: Setting, writer: Writer) -> Iterator[list[UUID]]:
    """The ids of all records, those in the trash too, some at a time."""
    column = writer.table.table.c.id
    after = sa.bindparam("after", type_=Uuid())
    first = writer.statement("first_ids", lambda: sa.select(column).order_by(column).limit(PORTION))
    later = writer.statement(
        "later_ids", lambda: sa.select(column).where(column > after).order_by(column).limit(PORTION)
    )
    rows = setting.unit.run(first, {})
    while ids := [first.read(row)[0] for row in rows]:
        yield ids
        rows = setting.unit.run(later, {"after": ids[-1]})
