"""What search reads of records: the title and the searched fields, each in the slot that is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xrm.engine.storage.entity_tables import EntityTable
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.search import TITLE_SLOT
from xrm.metadata.model import Entity

TITLE = "title"


def searched_slots(table: EntityTable, numbers: Numbers) -> Mapping[str, int]:
    """The slot of the search index of each name that search reads."""
    slots = {n: slot for (e, n), slot in numbers.slots.items() if e == table.entity.name}
    return {TITLE: TITLE_SLOT, **{n: s for n, s in slots.items() if n in table.fields}}


def searched_words(
    entity: Entity, slots: Mapping[str, int], records: Sequence[Mapping[str, Any]]
) -> dict[int, Sequence[str | None]]:
    """The text of each record by slot."""
    return {slot: _words(entity, name, [r.get(name) for r in records]) for name, slot in slots.items()}


def _words(entity: Entity, name: str, values: Sequence[Any]) -> Sequence[str | None]:
    if name == TITLE:
        return values
    field = entity.fields[name]
    words, params = field.type.words, field.params
    return [None if value is None else words(value, params) for value in values]
