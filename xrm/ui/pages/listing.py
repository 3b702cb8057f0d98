"""What is looked at: the view and what the address narrows it to. The whole state of a page of records is its address.

Every type of view takes a `Look` and makes a `Shown` of it; `views.KINDS` knows them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from xrm.engine.queries.counting import Counted
from xrm.engine.queries.request import Count, Query, Sort, parse_query
from xrm.errors import XrmError
from xrm.metadata.expressions.tree import uses
from xrm.metadata.model import BOARD, LIST, Entity, View
from xrm.ui.pages.controls import Columns, readable_names
from xrm.ui.pages.filters import tests_of
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Body

ROWS = 50
TEXTS = ("view", "search", "filter", "sort", "fields")
PREFIX = "f."


@dataclass(frozen=True, slots=True)
class ListState:
    """A page of records as its address says it. `pairs` are the short conditions (`f.<name>`) as they were given."""

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

    def address(self, *, cursor: str = "", count: str = "", below: str = "", **changes: Any) -> str:
        """The address of this list with some things changed, or of a page `below` it that is to keep them."""
        other = replace(self, **changes)
        said = [(name, getattr(other, name)) for name in TEXTS if getattr(other, name)]
        said += [
            *other.pairs,
            *([("count", count)] if count else []),
            *([("cursor", cursor)] if cursor else []),
        ]
        tail = f"?{urlencode(said)}" if said else ""
        return f"/r/{self.entity}{below}{tail}"

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


@dataclass(frozen=True, slots=True)
class Look:
    """An entity's records as the address asks for them: `view` is the chosen one of the `views` on offer."""

    entity: Entity
    state: ListState
    views: tuple[View, ...] = ()
    view: View | None = None

    @property
    def type(self) -> str:
        """The type of the view; where none may be asked, the records are a plain list."""
        return self.view.type if self.view else LIST


@dataclass(frozen=True, slots=True)
class Shown:
    """What a type of view made of a look: its body, the columns that its filter bar may offer, and how many.

    `refusal` says why the records could not be asked for; the body is empty then.
    """

    body: Body
    offered: Columns
    count: Counted | None = None
    refusal: XrmError | None = None


def look_at(visit: Visit, entity: Entity) -> Look:
    """What the address of this request asks to see of the entity; an unknown view is the first."""
    state = state_of(visit, entity.name)
    readable = readable_names(visit, entity)
    views = tuple(v for v in entity.views.values() if _may_ask(visit, v) and _has_lanes(v, readable))
    chosen = next((v for v in views if v.name == state.view), views[0] if views else None)
    return Look(entity, state, views, chosen)


def query_of(visit: Visit, look: Look, columns: Columns) -> Query:
    """The query of one page of the look; raises Invalid or Unreadable with every fault."""
    asked = {name: [v] for name in ("search", "filter", "sort", "cursor") if (v := visit.arg(name).strip())}
    parsed = parse_query(look.entity.name, asked, visit.runtime.settings.limits)
    return replace(
        parsed,
        fields=(*columns.paths, ("title",)),
        filters=(*_view_filter(look.view), *parsed.filters),
        tests=tuple(tests_of(visit, look.entity, look.state.pairs)),
        sort=parsed.sort or _view_sort(look.view),
        limit=ROWS,
        count=_count(visit),
    )


def _count(visit: Visit) -> Count:
    if visit.arg("cursor"):
        return Count.NONE
    return Count.EXACT if visit.arg("count") == "exact" else Count.CAPPED


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


def _has_lanes(view: View, readable: frozenset[str]) -> bool:
    """Whether what a board stands by may be read; other views have no lanes to lose."""
    return view.type != BOARD or view.params["group_by"] in readable
