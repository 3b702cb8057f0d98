"""Related records joined to a page: each once, under the reader's rights, however many of its values are given.

The page is chosen first and joined then, so what is joined costs by the page and not by all that matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.queries.frame import Element, Frame

Here = Mapping[int, Element]
PageOf = Callable[[Sequence[Element]], sa.Select[Any]]


@dataclass(frozen=True, slots=True)
class Joined:
    """The record that a pointer leads to; all of it is empty where the reader may not read it."""

    pointer: Element
    there: Frame

    def condition(self, here: Here) -> sa.ColumnElement[bool]:
        """The record is the one pointed at and may be read; `here` says what the page calls the pointer."""
        same = self.there.id == here.get(id(self.pointer), self.pointer)
        readable = self.there.readable()
        return same if readable is None else sa.and_(same, readable)


class Joins:
    """The related records that one statement joins, and which of its columns are theirs."""

    def __init__(self) -> None:
        self.all: list[Joined] = []
        self._known: dict[tuple[int, str], Sequence[Joined]] = {}
        self._far: dict[int, Element] = {}

    def known(self, frame: Frame, name: str) -> Sequence[Joined] | None:
        """The records that the lookup leads to from that frame, if they are joined already."""
        return self._known.get((id(frame.table), name))

    def of(self, frame: Frame, name: str) -> Sequence[Joined]:
        """The records that the lookup leads to from that frame, one for each entity; they are joined once."""
        found = self.known(frame, name)
        if found is None:
            found = self._known[id(frame.table), name] = [Joined(p, there) for p, there in frame.steps(name)]
            if any(joined.there.table is frame.table for joined in self.all):
                self.mark(joined.pointer for joined in found)  # the page itself has no such column
            self.all += found
        return found

    def mark(self, columns: Iterable[Element]) -> tuple[Element, ...]:
        """The columns, known as ones that stand behind the page."""
        marked = tuple(columns)
        self._far.update((id(column), column) for column in marked)
        return marked

    def is_far(self, column: Element) -> bool:
        """Whether the column stands behind the page."""
        return id(column) in self._far


def over_joins(
    joins: Joins, frame: Frame, name: str, value: Callable[[Frame], Sequence[Element]]
) -> list[Element]:
    """What `value` gives of the record that a lookup leads to; of several entities what the one pointed at has."""
    found = [list(value(joined.there)) for joined in joins.of(frame, name)]
    if len(found) < 2:
        return found[0] if found else []
    return [sa.func.coalesce(*column, type_=column[0].type) for column in zip(*found, strict=True)]


def labelled(columns: Iterable[Element]) -> list[sa.Label[Any]]:
    """The columns by their place."""
    return [column.label(f"c{place}") for place, column in enumerate(columns)]


def gathered(
    page: PageOf, columns: Sequence[Element], joins: Joins, order: Callable[[Here], list[Element]]
) -> sa.Select[Any]:
    """The columns of the page's records and of those joined to them, in the order of the page."""
    if not joins.all:
        return page(columns)
    wanted = (*(joined.pointer for joined in joins.all), *columns)
    own = list({id(c): c for c in wanted if not joins.is_far(c)}.values())
    rows = page(own).subquery()
    here = {id(column): rows.c[f"c{at}"] for at, column in enumerate(own)}
    source: sa.FromClause = rows
    for joined in joins.all:
        source = source.outerjoin(joined.there.table, joined.condition(here))
    shown = labelled(here.get(id(column), column) for column in columns)
    return sa.select(*shown).select_from(source).order_by(*order(here))
