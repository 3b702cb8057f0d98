"""Order and place: sort keys, always ending in the id, and the conditions that continue after a cursor.

Empty values are the smallest: first when ascending, last when descending, as the indexes are built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from xrm.engine.queries.frame import Element, Frame, over_lookup
from xrm.engine.queries.joins import Here
from xrm.engine.queries.outputs import readable_names
from xrm.engine.queries.reading import unknown_name
from xrm.engine.queries.request import Sort
from xrm.engine.storage.statements import order_by
from xrm.engine.storage.types import Duration
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.expressions.scope import CLOCK
from xrm.metadata.model import POINTERS
from xrm.metadata.orders import why_unordered

BEGUN = "begun_"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column to order by; `is_full` says that it is never empty."""

    column: Element
    descending: bool
    is_full: bool = False


def sort_keys(frame: Frame, sorts: Sequence[Sort]) -> list[SortKey]:
    """The keys of these sorts, or of the entity's own order, with the id at the end."""
    if sorts:
        keys = [key for sort in sorts for key in _keys_of(frame, sort)]
    else:
        keys = [_own_key(frame, c.key, down) for c, down in _default(frame)]
    last = sorts[-1].descending if sorts else bool(keys) and keys[-1].descending
    return [*keys, SortKey(frame.id, last, True)]


def _default(frame: Frame) -> list[tuple[sa.Column[Any], bool]]:
    """The entity's own order, without columns that this actor may not read."""
    known = set(readable_names(frame))
    return [(c, down) for c, down in frame.stored.order if _field_of(frame, c.key) in known]


def _own_key(frame: Frame, physical: str, descending: bool) -> SortKey:
    """The key of a column, which is empty where the actor may not read its field."""
    column, name = frame.own(physical), _field_of(frame, physical)
    masked = frame.masked(name, column)
    return SortKey(masked, descending, masked is column and _is_full(frame, physical))


def _field_of(frame: Frame, physical: str) -> str:
    """The name of the field, lookup or system field that a column belongs to."""
    return physical.split("__")[0]


def _is_full(frame: Frame, physical: str) -> bool:
    column = frame.stored.table.c[physical]
    return not column.nullable


def _keys_of(frame: Frame, sort: Sort) -> list[SortKey]:
    columns = _columns(frame, sort.path, ".".join(sort.path))
    return [SortKey(column, sort.descending, is_full) for column, is_full in columns]


def _columns(frame: Frame, path: tuple[str, ...], shown: str) -> list[tuple[Element, bool]]:
    name = path[0]
    known = readable_names(frame)
    if name not in known:
        raise unknown_name(frame.entity, name, known, "sort")
    is_pointer = name in frame.stored.lookups or name in POINTERS
    if len(path) > 1 and is_pointer:
        found = over_lookup(frame, name, _Far(path[1:], shown))
        if not found:
            raise unknown_name(frame.entity, shown, [], "sort")
        return [(column, False) for column in found]
    if is_pointer:
        return [(c, False) for c in over_lookup(frame, name, lambda there: [there.own("title__key")])]
    return _own(frame, path, shown)


@dataclass(slots=True)
class _Far:
    """Gives the columns that order by the rest of a path, which are of one kind in every entity that it leads to."""

    path: tuple[str, ...]
    shown: str
    kinds: dict[int, type] = field(default_factory=dict)

    def __call__(self, there: Frame) -> list[Element]:
        columns = [column for column, _ in _columns(there, self.path, self.shown)]
        if any(kind_of(c) is not self.kinds.setdefault(n, kind_of(c)) for n, c in enumerate(columns)):
            raise _unsortable(self.shown)
        return columns


def _own(frame: Frame, path: tuple[str, ...], shown: str) -> list[tuple[Element, bool]]:
    """The columns that order a field: the folded twin of text, the base value of money, last and first name."""
    name = path[0]
    stored = frame.stored.fields.get(name)
    if stored is None and len(path) == 1 and name not in frame.stored.entity.fields:
        physical = "title__key" if name == "title" else name
        return [(frame.own(physical), _is_full(frame, physical))]
    field_ = frame.stored.entity.fields.get(name)
    if field_ is not None and (why := why_unordered(field_)):
        raise _unsortable(shown, why)
    if field_ is not None and field_.through:
        return _columns(frame, field_.through, shown)
    if field_ is not None and field_.is_live and len(path) == 1:
        return [(_as_begun(column), False) for column in frame.columns(name)]
    if stored is None:
        raise _unsortable(shown)
    columns = stored.ordering(*path[1:2])
    if not columns:
        raise _unsortable(shown)
    return [(frame.masked(name, frame.own(column.key)), False) for column in columns]


def _as_begun(column: Element) -> Element:
    """The column by the clock of the first page: by that of each page, records would come twice, or never."""

    def turn(element: Any, **_: Any) -> Any:
        if isinstance(element, sa.BindParameter) and element.key in CLOCK:
            return sa.bindparam(BEGUN + element.key, type_=element.type)
        return element if isinstance(element, sa.Alias | sa.TableClause | sa.ColumnClause) else None

    return sa.sql.visitors.replacement_traverse(column, {}, turn)


def begun_at(now: datetime, zone: str) -> dict[str, Any]:
    """The values by which keys that follow from the clock are found for the first page and those after it."""
    return {f"{BEGUN}now": now, f"{BEGUN}today": now.astimezone(ZoneInfo(zone)).date()}


def follows_clock(keys: Sequence[SortKey]) -> bool:
    """Whether a key follows from the clock."""
    found = (element for key in keys for element in sa.sql.visitors.iterate(key.column))
    return any(isinstance(e, sa.BindParameter) and e.key.startswith(BEGUN) for e in found)


def _unsortable(shown: str, why: str = "") -> Invalid:
    message = f"{shown} can not be sorted by. {why}".strip()
    return Invalid(Problem("R108", message, "Choose a field with an order.", Place(path="sort")))


def ordered(keys: Sequence[SortKey]) -> list[Element]:
    """The ORDER BY of these keys."""
    return [order_by(key.column, key.descending) for key in keys]


def reordered(keys: Sequence[SortKey], here: Here) -> list[Element]:
    """The same order among the rows of a page, in which the columns are called as `here` says."""
    return [
        order_by(here[id(key.column)], key.descending, nullable=getattr(key.column, "nullable", True))
        for key in keys
    ]


def stretches(keys: Sequence[SortKey], empties: Sequence[bool]) -> list[sa.ColumnElement[bool]]:
    """The stretches of the order after the record whose values are bound to `after0`..., nearest first.

    A database finds each by one range of an index; all in one condition it would look for from the start.
    `empties` says which of those values are empty; an empty one is not bound.
    """
    descending = keys[0].descending
    if not any(empties) and all(k.descending is descending for k in keys):
        if not descending:
            return [_tuple(keys) > _bounds(keys)]
        if all(k.is_full for k in keys[1:]):
            rest = [] if keys[0].is_full else [keys[0].column.is_(None)]
            return [_tuple(keys) < _bounds(keys), *rest]
    found = []
    for place in reversed(range(len(keys))):
        same = [_same(p, keys[p], empties[p]) for p in range(place)]
        found += [sa.and_(*same, beyond) for beyond in _beyond(place, keys[place], empties[place])]
    return found


_KINDS: tuple[tuple[type, type], ...] = (
    (sa.Boolean, bool), (sa.BigInteger, int), (sa.Integer, int), (sa.Numeric, Decimal), (sa.DateTime, datetime),
    (sa.Date, date), (sa.Time, time), (sa.Uuid, UUID), (sa.LargeBinary, bytes), (sa.String, str),
)  # fmt: skip


def kind_of(column: Element) -> type:
    """The Python type of the values of this column, `object` where that is not known."""
    stored = column.type
    if isinstance(stored, Duration):
        return timedelta
    inner = stored.impl if isinstance(stored, sa.types.TypeDecorator) else stored
    return next((kind for type_, kind in _KINDS if isinstance(inner, type_)), object)


def _tuple(keys: Sequence[SortKey]) -> sa.Tuple:
    return sa.tuple_(*(key.column for key in keys))


def _bounds(keys: Sequence[SortKey]) -> sa.Tuple:
    return sa.tuple_(*(_bound(place, key) for place, key in enumerate(keys)))


def _bound(place: int, key: SortKey) -> sa.BindParameter[Any]:
    return sa.bindparam(f"after{place}", type_=key.column.type)


def _same(place: int, key: SortKey, is_empty: bool) -> sa.ColumnElement[bool]:
    return key.column.is_(None) if is_empty else key.column == _bound(place, key)


def _beyond(place: int, key: SortKey, is_empty: bool) -> list[sa.ColumnElement[bool]]:
    """What lies after the value; empty ones are the smallest."""
    if is_empty:
        return [] if key.descending else [key.column.is_not(None)]
    if not key.descending:
        return [key.column > _bound(place, key)]
    below = key.column < _bound(place, key)
    return [below] if key.is_full else [below, key.column.is_(None)]
