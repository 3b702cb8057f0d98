"""Which records the cells of lookups mean: by id, by a key, or by a title that only one record has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.queries.request import FieldTest, Query
from xrm.engine.queries.service import QueryService
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.transfer.mapping import EXTERNAL_KEY, ID, Target, far_keys
from xrm.errors import Invalid, NotFound, Problem, Unreadable
from xrm.metadata.values import fold

AT_ONCE = 200
MOST_REMEMBERED = 50_000
TITLE = "title"


@dataclass(frozen=True, slots=True)
class Found:
    """The records that have a value: at most two, for one is enough and two are too many."""

    records: tuple[tuple[str, str], ...]

    def reference(self, *, alone: bool) -> dict[str, str] | str | None:
        """The one record as JSON points at it: by its id `alone` where that can mean one entity only."""
        if len(self.records) != 1:
            return None
        entity, record = self.records[0]
        return record if alone else {"entity": entity, "id": record}


class Pointers:
    """Finds records for one import, and remembers those that it found."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Found] = {}

    def find(
        self, unit: UnitOfWork, queries: QueryService, actor: Actor, target: Target, texts: Iterable[str]
    ) -> dict[str, Found]:
        """What each text means to this actor; a text that means nothing is left out."""
        wanted = dict.fromkeys(texts)
        found = {
            text: self._known[target.path, text] for text in wanted if (target.path, text) in self._known
        }
        for key in self._ways(queries, target):
            left = [text for text in wanted if text not in found]
            if left:
                found |= _by(unit, queries, actor, target, key, left)
        self._remember(target, found)
        return found

    def _ways(self, queries: QueryService, target: Target) -> Sequence[str]:
        if target.part:
            return (target.part,)
        return far_keys(queries.model, target.relationship) if target.relationship else ()

    def _remember(self, target: Target, found: dict[str, Found]) -> None:
        if len(self._known) + len(found) > MOST_REMEMBERED:
            self._known.clear()
        self._known |= {(target.path, text): what for text, what in found.items()}


def lost(target: Target, found: Found | None) -> Problem:
    """The refusal of a text that means no record, or more than one."""
    kind = " or ".join(target.relationship.targets) if target.relationship else "record"
    if found is None:
        return Problem(
            "R133", f"There is no {kind} like this for you.", "Check the value, or import it first."
        )
    return Problem("R136", f"More than one {kind} is called so.", "Give a key or the id instead.")


def _by(
    unit: UnitOfWork, queries: QueryService, actor: Actor, target: Target, key: str, texts: Sequence[str]
) -> dict[str, Found]:
    relationship = target.relationship
    found: dict[str, list[tuple[str, str]]] = {}
    for entity in relationship.targets if relationship else ():
        for text, record in matches(unit, queries, actor, entity, key, texts):
            found.setdefault(text, []).append((entity, record))
    return {text: Found(tuple(records[:2])) for text, records in found.items()}


def matches(
    unit: UnitOfWork, queries: QueryService, actor: Actor, entity: str, key: str, texts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Pairs of text and record id, for readable live records of the entity whose key is that text."""
    usable = [text for text in texts if _is_id(text)] if key == ID else list(texts)
    for portion in _portions(usable, queries.limits.filter_length // 2):
        # What the actor may not read, or what cannot be compared, finds nothing.
        with suppress(NotFound, Invalid, Unreadable):
            yield from _asked(unit, queries, actor, entity, key, portion)


def _asked(
    unit: UnitOfWork, queries: QueryService, actor: Actor, entity: str, key: str, texts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    if key == ID:
        query = Query(entity, fields=((ID,),), ids=tuple(UUID(text) for text in texts), limit=len(texts))
    else:
        test = FieldTest((key,), "in", tuple(texts))
        query = Query(entity, fields=((ID,), (key,)), tests=(test,), limit=2 * len(texts) + 1)
    by_key: dict[str, list[str]] = {}
    for text in texts:
        by_key.setdefault(_compared(text, key), []).append(text)
    for record in queries.list_in(unit, actor, query).data:
        for text in by_key.get(_compared(_shown(record[key]), key), ()):
            yield text, record[ID]


def _compared(text: str, key: str) -> str:
    if key == ID:
        return str(UUID(text))
    return text if key == EXTERNAL_KEY else fold(text)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _is_id(text: str) -> bool:
    with suppress(ValueError):
        return bool(UUID(text)) and len(text) == 36
    return False


def _portions(texts: Sequence[str], most_characters: int) -> Iterator[list[str]]:
    portion: list[str] = []
    size = 0
    for text in texts:
        if portion and (len(portion) == AT_ONCE or size + len(text) + 4 > most_characters):
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += len(text) + 4
    if portion:
        yield portion
