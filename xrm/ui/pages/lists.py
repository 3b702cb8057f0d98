"""The list of an entity's records: views, filters, sort, rows in pages by keyset, and what to say without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

from xrm.engine.queries.request import Page
from xrm.errors import Invalid, TooLarge, Unreadable, XrmError
from xrm.metadata.model import Entity, View
from xrm.ui.fields.view import Column, Field, on_a_phone
from xrm.ui.models import Action, Empty, FilterChip, Link, ListPage, Row
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.controls import Columns, columns_of, value_at
from xrm.ui.pages.exporting import export_actions
from xrm.ui.pages.files import naming
from xrm.ui.pages.filters import base_name, chips, shown_filters
from xrm.ui.pages.listing import ListState, chosen_view, query_of, state_of, views_for
from xrm.ui.pages.visit import Visit

UNPROCESSABLE = 422
NOTHING = Page((), count=0, count_is="exact")


def show(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>`: the list, or the part of it that a request of the page replaces."""
    found = visit.entity(entity)
    state = state_of(visit, entity)
    view = chosen_view(views_for(visit, found), state.view)
    columns = columns_of(visit, found, _paths(found, state, view))
    refusal: XrmError | None = None
    try:
        rows = visit.queries.list(visit.actor, query_of(visit, found, state, view, columns))
    except (Invalid, Unreadable, TooLarge) as error:
        rows, refusal = NOTHING, error
    model = _model(visit, found, state, view, columns, rows, refusal)
    status = UNPROCESSABLE if refusal else 200
    if visit.fragment in ("list", "more"):
        return part(visit, "_rows.html" if visit.fragment == "more" else "_list.html", status, page=model)
    return page(visit, "list.html", model, status=status, current=entity)


def _paths(entity: Entity, state: ListState, view: View | None) -> Sequence[str]:
    """The columns that the address asks for, else those of the view."""
    asked = tuple(name.strip() for name in state.fields.split(",") if name.strip())
    return asked or (view.columns if view else ("title",))


def _model(
    visit: Visit,
    entity: Entity,
    state: ListState,
    view: View | None,
    columns: Columns,
    rows: Page,
    refusal: XrmError | None,
) -> ListPage:
    is_whole = visit.fragment != "more"
    filters = shown_filters(visit, entity, columns, state.pairs) if not visit.fragment else ()
    return ListPage(
        title=visit.plural(entity),
        icon=entity.icon,
        href=f"/r/{entity.name}",
        columns=on_a_phone(_columns(entity, columns, state, view)),
        rows=_rows(visit, entity, columns, rows.data),
        search=state.search,
        filters=filters,
        chips=_chips(visit, entity, state, filters),
        expression=state.filter,
        expression_error=_said(refusal),
        state=tuple((n, getattr(state, n)) for n in ("view", "sort", "fields") if getattr(state, n)),
        next_href=state.address(cursor=rows.next) if rows.next else "",
        count=_count(visit, entity, rows) if is_whole and not refusal else "",
        count_href=state.address(count="exact") if rows.count_is == "at_least" else "",
        reset_href=ListState(entity.name, state.view, sort=state.sort).address() if state.is_narrowed else "",
        empty=_empty(visit, entity, state, view, refusal),
        tabs=_tabs(visit, entity, state, view),
        actions=_actions(visit, entity),
        more=_more(visit, entity, state),
    )


def _columns(entity: Entity, columns: Columns, state: ListState, view: View | None) -> list[Column]:
    now = _sorted_by(state, view)
    return [
        Column(field, _sort_href(entity, path, state, now), _direction(path, now))
        for path, field in zip(columns.paths, columns.fields, strict=True)
    ]


def _sorted_by(state: ListState, view: View | None) -> tuple[str, bool]:
    """The first sort key in force and whether it descends."""
    first = state.sort.split(",")[0].strip()
    if first:
        return first.removeprefix("-"), first.startswith("-")
    return view.sort[0] if view is not None and view.sort else ("", False)


def _direction(path: tuple[str, ...], now: tuple[str, bool]) -> str:
    if ".".join(path) != now[0]:
        return ""
    return "descending" if now[1] else "ascending"


def _sort_href(entity: Entity, path: tuple[str, ...], state: ListState, now: tuple[str, bool]) -> str:
    """The same list sorted by this column, the other way round if it is already."""
    if len(path) == 1 and path[0] in entity.fields:
        field = entity.fields[path[0]]
        if not field.type.is_sortable or field.through:
            return ""
    name = ".".join(path)
    return state.address(sort=f"-{name}" if now == (name, False) else name)


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


def _chips(visit: Visit, entity: Entity, state: ListState, shown: Sequence[Field]) -> tuple[FilterChip, ...]:
    if visit.fragment:
        return ()
    ways = {name: state.address(pairs=state.without(name)) for name in map(base_name, dict(state.pairs))}
    found = chips(visit, entity, state.pairs, shown, ways)
    if state.filter:
        found = (*found, FilterChip(state.filter, state.address(filter="")))
    return found


def _said(refusal: XrmError | None) -> str:
    if refusal is None:
        return ""
    return " ".join(f"{p.message} {p.hint}".strip() for p in refusal.problems[:3])


def _count(visit: Visit, entity: Entity, rows: Page) -> str:
    if rows.count is None:
        return ""
    if rows.count_is == "at_least":
        return visit.ui.t(
            "More than {number} {plural}", number=rows.count, plural=_amid(visit.plural(entity))
        )
    return visit.ui.t("{count} records", count=rows.count)


def _empty(
    visit: Visit, entity: Entity, state: ListState, view: View | None, refusal: XrmError | None
) -> Empty:
    """Why there is nothing: the condition cannot be read, all are filtered out, or there never were any."""
    t, plural = visit.ui.t, _amid(visit.plural(entity))
    if refusal is not None:
        return Empty(t("This filter cannot be used"), _said(refusal), "filter-x")
    if state.is_narrowed:
        clear = Action(t("Clear the filters"), ListState(entity.name, state.view).address(), "x")
        return Empty(
            t("No {plural} match", plural=plural),
            t("Other words or fewer conditions may find some."),
            "search-x",
            clear,
        )
    if view is not None and view.filter is not None:
        return Empty(
            t("No {plural} in this view", plural=plural),
            t("Records appear here when they fit the view."),
            entity.icon,
        )
    new = _new_action(visit, entity)
    text = t("The first one that you add will stand here.") if new else t("There are none that you may read.")
    return Empty(t("No {plural} yet", plural=plural), text, entity.icon, new)


def _amid(label: str) -> str:
    """A label as it stands amid a sentence; what is written in capitals stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _tabs(visit: Visit, entity: Entity, state: ListState, chosen: View | None) -> tuple[Link, ...]:
    views = views_for(visit, entity)
    if len(views) < 2 or visit.fragment:
        return ()
    return tuple(
        Link(visit.text(v.label, v.name), ListState(entity.name, v.name).address(), current=v is chosen)
        for v in views
    )


def _actions(visit: Visit, entity: Entity) -> tuple[Action, ...]:
    if visit.fragment:
        return ()
    new = _new_action(visit, entity)
    return (new,) if new else ()


def _more(visit: Visit, entity: Entity, state: ListState) -> tuple[Action, ...]:
    """What one does with a list now and then: bring records, take them along, look into the trash."""
    if visit.fragment or entity.is_engine:
        return ()
    href, t = f"/r/{entity.name}", visit.ui.t
    bring = Action(t("Import…"), f"{href}/import", "upload")
    trash = Action(t("Trash"), f"{href}/trash", "trash-2")
    return (
        *([bring] if visit.can("import", entity.name) else []),
        *export_actions(visit, entity, state),
        *([trash] if visit.can("delete", entity.name) else []),
    )


def _new_action(visit: Visit, entity: Entity) -> Action | None:
    if entity.is_engine or not visit.can("create", entity.name):
        return None
    label = visit.ui.t("New {label}", label=visit.label(entity).lower())
    return Action(label, f"/r/{entity.name}/new", "plus", primary=True)
