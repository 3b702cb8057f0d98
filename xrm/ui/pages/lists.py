"""The type of view that is a table: a row for each record, in pages by keyset, sorted by its heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response

from xrm.engine.queries.counting import Counted
from xrm.engine.queries.request import Count, Page, Query
from xrm.engine.views import TOTALS
from xrm.errors import Invalid, TooLarge, Unreadable
from xrm.metadata.model import Entity
from xrm.metadata.orders import FOUND, why_unordered
from xrm.ui.fields.view import Column, on_a_phone
from xrm.ui.pages.answers import part
from xrm.ui.pages.bulk import bulk_actions
from xrm.ui.pages.cells import is_edited_in_lists
from xrm.ui.pages.controls import Columns, columns_of, value_at
from xrm.ui.pages.files import naming
from xrm.ui.pages.listing import ROWS, Look, Shown, look_at, query_of
from xrm.ui.pages.totals import total_words, totals_of
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.pages.waiting import told_pending
from xrm.ui.views import Row, Table, ViewPage

ROWS_ALONE = "_rows.html"


def as_list(visit: Visit, look: Look) -> Shown:
    """One page of the records as a table."""
    columns = columns_of(visit, look.entity, _paths(look))
    try:
        query = query_of(visit, look, columns)
        if look.state.totals in TOTALS and not query.cursor:
            return _with_totals(visit, look, columns, query)
        found = visit.queries.list(visit.actor, query)
    except (Invalid, Unreadable, TooLarge) as error:
        return Shown(_table(visit, look, columns, Page(())), columns, refusal=error)
    count = None if found.count is None else Counted(found.count, found.count_is != "at_least")
    return Shown(_table(visit, look, columns, found), columns, count)


def _with_totals(visit: Visit, look: Look, columns: Columns, query: Query) -> Shown:
    """The same with what the columns of the whole list come to, which counts the records as well."""
    found = visit.queries.list(visit.actor, replace(query, count=Count.NONE))
    kind = look.state.totals
    totals, count = totals_of(visit, look.entity, columns, query, kind)
    table = _table(visit, look, columns, found)
    return Shown(replace(table, totals=totals, totals_label=total_words(visit)[kind]), columns, count)


def rows(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/rows?ids=&<state of the list>`: some rows of the list as they are now, in any order."""
    look = look_at(visit, visit.entity(entity))
    columns = columns_of(visit, look.entity, _paths(look))
    ids = tuple(record_id(text) for text in visit.arg("ids").split(",")[:ROWS] if text)
    query = Query(entity, fields=(*columns.paths, ("title",)), ids=ids, limit=ROWS, count=Count.NONE)
    found = visit.queries.list(visit.actor, query) if ids else Page(())
    body = _table(visit, look, columns, replace(found, next=None))
    return part(visit, ROWS_ALONE, page=ViewPage("", "", f"/r/{entity}", ROWS_ALONE, body))


def _paths(look: Look) -> Sequence[str]:
    """The columns that the address asks for, else those of the view."""
    return look.paths or (look.view.columns if look.view else ("title",))


def _table(visit: Visit, look: Look, columns: Columns, found: Page) -> Table:
    return Table(
        on_a_phone(_columns(visit, look, columns)),
        _rows(visit, look.entity, columns, found.data),
        look.state.address(cursor=found.next) if found.next else "",
        bulk_actions(visit, look.entity),
        pending=_pending(visit, look.entity, columns, found.data),
    )


def _pending(visit: Visit, entity: Entity, columns: Columns, data: Sequence[Mapping[str, Any]]) -> str:
    """Which of the columns show values that wait for a job."""
    shown = {path[0] for path in columns.paths if len(path) == 1}
    ids = [UUID(str(record["id"])) for record in data]
    found = visit.records.pending(visit.actor, entity.name, ids, shown)
    return told_pending(visit, entity, [n for names in found.values() for n in names if n in shown])


def _columns(visit: Visit, look: Look, columns: Columns) -> list[Column]:
    now = _sorted_by(look)
    return [
        Column(
            field,
            _sort_href(look, path, now),
            _direction(path, now),
            edited=len(path) == 1 and is_edited_in_lists(visit, look.entity, field),
            unsorted=_unsorted(visit, look.entity, path),
        )
        for path, field in zip(columns.paths, columns.fields, strict=True)
    ]


def _unsorted(visit: Visit, entity: Entity, path: tuple[str, ...]) -> str:
    """Why the list is not put in order by a computed field."""
    field = entity.fields.get(path[0]) if len(path) == 1 else None
    if field is None or field.formula is None or why_unordered(field) != FOUND:
        return ""
    return visit.ui.t(
        "It is found when it is read, and only numbers, days, times and yes or no put a list in order then."
    )


def _sorted_by(look: Look) -> tuple[str, bool]:
    """The first sort key in force and whether it descends."""
    first = look.state.sort.split(",")[0].strip()
    if first:
        return first.removeprefix("-"), first.startswith("-")
    return look.view.sort[0] if look.view is not None and look.view.sort else ("", False)


def _direction(path: tuple[str, ...], now: tuple[str, bool]) -> str:
    if ".".join(path) != now[0]:
        return ""
    return "descending" if now[1] else "ascending"


def _sort_href(look: Look, path: tuple[str, ...], now: tuple[str, bool]) -> str:
    """The same list sorted by this column, the other way round if it is already."""
    field = look.entity.fields.get(path[0]) if len(path) == 1 else None
    if field is not None and why_unordered(field):
        return ""
    name = ".".join(path)
    return look.state.address(sort=f"-{name}" if now == (name, False) else name)


def _rows(
    visit: Visit, entity: Entity, columns: Columns, data: Sequence[Mapping[str, Any]]
) -> tuple[Row, ...]:
    files = naming(visit, columns.fields, data)
    return tuple(
        Row(
            record["id"],
            f"/r/{entity.name}/{record['id']}",
            tuple(
                files(field, value_at(record, path))
                for path, field in zip(columns.paths, columns.fields, strict=True)
            ),
            record.get("title") or "",
        )
        for record in data
    )
