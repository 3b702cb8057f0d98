"""What search reads of records: the title and the searched fields, each in the slot that is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import EntityTable
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.search import TITLE_SLOT, SearchEntries, SearchIndex
from xrm.metadata.model import Entity

TITLE = "title"


def searched_slots(table: EntityTable, numbers: Numbers) -> Mapping[str, int]:
    """The slot of the search index of each name that search reads."""
    slots = {n: slot for (e, n), slot in numbers.slots.items() if e == table.entity.name}
    searched = (n for n, stored in table.fields.items() if stored.field.search and n in slots)
    return {TITLE: slots.get(TITLE, TITLE_SLOT), **{name: slots[name] for name in searched}}


def searched_words(
    entity: Entity, slots: Mapping[str, int], records: Sequence[Mapping[str, Any]]
) -> dict[int, Sequence[str | None]]:
    """The text of each record by slot."""
    return {slot: _words(entity, name, [r.get(name) for r in records]) for name, slot in slots.items()}


def index_rows(
    unit: UnitOfWork,
    index: SearchIndex,
    stored: EntityTable,
    numbers: Numbers,
    rows: Sequence[Mapping[str, Any]],
    *,
    fresh: bool = False,
) -> None:
    """The records of these whole rows that are outside the trash are found; `fresh` promises that none was before."""
    live = [row for row in rows if row["deleted_at"] is None]
    records = [{TITLE: row[TITLE], **stored.join(row, numbers.names)} for row in live]
    slots = searched_slots(stored, numbers)
    words = searched_words(stored.entity, slots, records)
    number = numbers.entities[stored.entity.name]
    entries = SearchEntries(number, [row["id"] for row in live], words, slots[TITLE])
    index.put(unit, entries, fresh=fresh)


def _words(entity: Entity, name: str, values: Sequence[Any]) -> Sequence[str | None]:
    if name == TITLE:
        return values
    field = entity.fields[name]
    words, params = field.type.words, field.params
    return [None if value is None else words(value, params) for value in values]
