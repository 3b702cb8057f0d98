"""Whether an index of now says what one of before said, of columns that have other names by now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.matching import Standing

Turned = Callable[[Any], Any]  # an expression over a former table, over the one of now


def turner(before: sa.Table, standing: Standing) -> Turned:
    """What gives an expression over the former table with the columns of now."""
    new: dict[str, Any] = {there: standing.table.c[name] for name, there in standing.columns.items()}
    new |= {
        column: sa.column(column) for turn in standing.turned for column in turn.aside
    }  # nothing's any more

    def turn(element: Any, **_: Any) -> Any:
        is_former = isinstance(element, sa.Column) and element.table is before
        return new.get(element.name) if is_former else None

    return partial(sa.sql.visitors.replacement_traverse, opts={}, replace=turn)


def says_same(old: sa.Index, new: sa.Index, turned: Turned) -> bool:
    """Whether the indexes are equal, term by term, with columns of now for those of before."""
    if old.unique != new.unique or len(old.expressions) != len(new.expressions):
        return False
    pairs = [(turned(o), n) for o, n in zip(old.expressions, new.expressions, strict=True)]
    former, wanted = (index.dialect_options["postgresql"]["where"] for index in (old, new))
    if former is None or wanted is None:
        return former is wanted and all(o.compare(n) for o, n in pairs)
    return all(o.compare(n) for o, n in [*pairs, (turned(former), wanted)])
