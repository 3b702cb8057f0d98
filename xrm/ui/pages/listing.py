"""What the address of a list says, and the query that it means. The whole state of a list is its address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from xrm.engine.queries.request import Count, FieldTest, Query, Sort, parse_query
from xrm.metadata.expressions.tree import uses
from xrm.metadata.model import Entity, View
from xrm.ui.pages.controls import Columns
from xrm.ui.pages.filters import tests_of
from xrm.ui.pages.visit import Visit

ROWS = 50
LIST = "list"
TEXTS = ("view", "search", "filter", "sort", "fields")
PREFIX = "f."


@dataclass(frozen=True, slots=True)
class ListState:
    """A list as its address says it. `pairs` are the short conditions (`f.<name>`) as they were given."""

    entity: str
    view: str = ""
    search: str = ""
    filter: str = ""
    sort: str = ""
    fields: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether the person narrowed the view any further."""
        return bool(self.search or self.filter or self.pairs)

    def address(self, *, cursor: str = "", count: str = "", **changes: Any) -> str:
        """The address of this list with some things changed."""
        other = replace(self, **changes)
        said = [(name, getattr(other, name)) for name in TEXTS if getattr(other, name)]
        said += [
            *other.pairs,
            *([("count", count)] if count else []),
            *([("cursor", cursor)] if cursor else []),
        ]
        tail = f"?{urlencode(said)}" if said else ""
        return f"/r/{self.entity}{tail}"

    def without(self, name: str) -> tuple[tuple[str, str], ...]:
        """The short conditions without those on this field."""
        return tuple(
            p for p in self.pairs if p[0] != PREFIX + name and not p[0].startswith(f"{PREFIX}{name}.")
        )


def state_of(visit: Visit, entity: str) -> ListState:
    """The list that the address of this request says."""
    pairs = tuple(
        (name, value)
        for name, values in visit.args.items()
        if name.startswith(PREFIX)
        for value in values
        if value.strip()
    )
    return ListState(entity, **{name: visit.arg(name).strip() for name in TEXTS}, pairs=pairs)


def views_for(visit: Visit, entity: Entity) -> tuple[View, ...]:
    """The lists of the entity whose conditions this person may ask."""
    return tuple(v for v in entity.views.values() if v.type == LIST and _may_ask(visit, v))


def chosen_view(views: tuple[View, ...], name: str) -> View | None:
    """The view of that name, else the first."""
    return next((v for v in views if v.name == name), views[0] if views else None)


def query_of(visit: Visit, entity: Entity, state: ListState, view: View | None, columns: Columns) -> Query:
    """The query of one page of the list; raises Invalid or Unreadable with every fault."""
    asked = {name: [v] for name in ("search", "filter", "sort", "cursor") if (v := visit.arg(name).strip())}
    parsed = parse_query(entity.name, asked, visit.runtime.settings.limits)
    return replace(
        parsed,
        fields=(*columns.paths, ("title",)),
        filters=(*_view_filter(view), *parsed.filters),
        tests=tuple(_tests(visit, entity, state)),
        sort=parsed.sort or _view_sort(view),
        limit=ROWS,
        count=_count(visit),
    )


def _count(visit: Visit) -> Count:
    if visit.arg("cursor"):
        return Count.NONE
    return Count.EXACT if visit.arg("count") == "exact" else Count.CAPPED


def _tests(visit: Visit, entity: Entity, state: ListState) -> Iterator[FieldTest]:
    return tests_of(visit, entity, state.pairs)


def _view_filter(view: View | None) -> tuple[str, ...]:
    return (view.filter.text,) if view is not None and view.filter is not None else ()


def _view_sort(view: View | None) -> tuple[Sort, ...]:
    if view is None:
        return ()
    return tuple(Sort(tuple(path.split(".")), descending) for path, descending in view.sort)


def _may_ask(visit: Visit, view: View) -> bool:
    """Whether every name in the view's condition may be read; a list that cannot be asked is not offered."""
    if view.filter is None:
        return True
    names = visit.queries.reader(visit.actor).names
    return all(names.attribute(entity, name) is not None for entity, name in uses(view.filter.tree))
