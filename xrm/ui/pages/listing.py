"""What is looked at: the view and what the address narrows it to. The whole state of a page of records is its address.

Every type of view takes a `Look` and makes a `Shown` of it; `views.KINDS` knows them all. A saved view is a state that
the address need not say: as soon as it says anything, that is the whole state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from xrm.engine.queries.counting import Counted
from xrm.engine.queries.request import Count, Query, Sort, parse_query
from xrm.engine.views import SavedView, Shelf
from xrm.errors import XrmError
from xrm.metadata.expressions.tree import uses
from xrm.metadata.model import BOARD, LIST, Entity, View
from xrm.ui.pages.asking import pairs_of
from xrm.ui.pages.controls import Columns, named, readable_names
from xrm.ui.pages.filters import tests_of
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Body

ROWS = 50
SAID = ("search", "filter", "sort", "fields", "type", "group", "totals")
TEXTS = ("view", *SAID)
PREFIX = "f."
CHANGED = (
    "changed",
    "1",
)  # how an address says that it asks for nothing, where a saved view asks for something
NO_SHELF = Shelf()
ON_A_CARD = 4


@dataclass(frozen=True, slots=True)
class ListState:
    """A page of records as its address says it. `pairs` are the short conditions (`f.<name>`) as they were given.

    `is_saved` says that the view was saved, so that an address that asks for nothing more has to say so.
    """

    entity: str
    view: str = ""
    search: str = ""
    filter: str = ""
    sort: str = ""
    fields: str = ""
    type: str = ""
    group: str = ""
    totals: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    is_saved: bool = False

    @property
    def is_narrowed(self) -> bool:
        """Whether the person narrowed the view any further."""
        return bool(self.search or self.filter or self.pairs)

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """What an address says of it."""
        texts = [(name, value) for name in SAID if (value := getattr(self, name))]
        whole = (*texts, *self.pairs) or ((CHANGED,) if self.is_saved else ())
        return (*([("view", self.view)] if self.view else []), *whole)

    @property
    def sorts(self) -> tuple[str, ...]:
        """The terms by which it is sorted, `-` before those that descend."""
        return tuple(word.strip() for word in self.sort.split(",") if word.strip())

    def address(
        self,
        *,
        cursor: str = "",
        count: str = "",
        below: str = "",
        more: tuple[tuple[str, str], ...] = (),
        **changes: Any,
    ) -> str:
        """The address of this list with some things changed, or of a page `below` it that is to keep them.

        `more` is what that page is told besides.
        """
        said = [
            *replace(self, **changes).said,
            *more,
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
    view, search, filter_, sort, fields, type_, group, totals = (visit.arg(name).strip() for name in TEXTS)
    return ListState(entity, view, search, filter_, sort, fields, type_, group, totals, pairs)


def _is_said(visit: Visit) -> bool:
    """Whether the address says a state, if only an empty one."""
    return any(name in (*SAID, CHANGED[0]) or name.startswith(PREFIX) for name in visit.args)


@dataclass(frozen=True, slots=True)
class Look:
    """An entity's records as the address asks for them: `view` is the chosen one of the `views` on offer.

    `saved` is the saved view that was chosen: then `view` gives what its type needs, and the state all the rest.
    `base` is the view before the state made another type of it; `is_said` tells that the address says a state.
    """

    entity: Entity
    state: ListState
    views: tuple[View, ...] = ()
    view: View | None = None
    shelf: Shelf = NO_SHELF
    saved: SavedView | None = None
    base: View | None = None
    is_said: bool = False

    @property
    def type(self) -> str:
        """The type of the view; where none may be asked, the records are a plain list."""
        return self.view.type if self.view else LIST

    @property
    def paths(self) -> tuple[str, ...]:
        """The columns, or the facts of cards, that the state asks for; nothing where the view decides."""
        return tuple(name.strip() for name in self.state.fields.split(",") if name.strip())

    @property
    def chosen(self) -> ListState:
        """The chosen view without any change to it."""
        return ListState(self.entity.name, self.state.view)


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
    state, is_said = state_of(visit, entity.name), _is_said(visit)
    readable = readable_names(visit, entity)
    views = tuple(v for v in entity.views.values() if _may_ask(visit, v) and _has_lanes(v, readable))
    shelf = visit.snapshot.views.shelf(visit.actor, entity.name)
    if not (state.view or is_said):
        state = replace(state, view=shelf.first)
    saved = shelf.view(state.view)
    if saved is not None:
        state = replace(state, is_saved=True) if is_said else _saved_state(visit, entity, saved)
        base = _named(views, saved.asked.base)
        view = None if base is None else replace(base, filter=None, sort=())
    else:
        view = _named(views, state.view)
    shaped = _shaped(visit, entity, view, state)
    return Look(entity, state, views, shaped, shelf, saved, base=view, is_said=is_said)


def _named(views: Sequence[View], name: str) -> View | None:
    return next((v for v in views if v.name == name), views[0] if views else None)


def _saved_state(visit: Visit, entity: Entity, saved: SavedView) -> ListState:
    """The state that a saved view stands for; simple conditions stand in the controls of the filter bar."""
    asked = saved.asked
    text, pairs = pairs_of(visit, entity, asked.filter)
    return ListState(
        entity.name, str(saved.id), asked.search, text, ",".join(asked.sort), ",".join(asked.fields),
        asked.type, asked.group, asked.totals, pairs, is_saved=True,
    )  # fmt: skip


def _shaped(visit: Visit, entity: Entity, view: View | None, state: ListState) -> View | None:
    """The view as the type and the lanes that the state asks for."""
    if view is None:
        return None
    wanted = state.type or (BOARD if state.group else view.type)
    if wanted == BOARD:
        return _as_board(visit, entity, view, state.group) or view
    if wanted == LIST and view.type != LIST:
        shown = entity.first_list.columns if entity.first_list else ("title",)
        return replace(view, type=LIST, columns=shown, params={})
    return view


def _as_board(visit: Visit, entity: Entity, view: View, group: str) -> View | None:
    """The view as a board by that choice or state, or by the one that it has already; None if there is none."""
    boards = [view] if view.type == BOARD else [v for v in entity.views.values() if v.type == BOARD]
    like = next((v for v in boards if group in ("", v.params["group_by"])), None)
    lanes = group or (str(like.params["group_by"]) if like else "")
    if lanes not in groups_of(visit, entity):
        return None
    card = tuple(view.columns[:ON_A_CARD]) if view.columns else ("title",)
    params = like.params if like else {"card": view.params.get("card", card)}
    return replace(view, type=BOARD, params={**params, "group_by": lanes})


def groups_of(visit: Visit, entity: Entity) -> tuple[str, ...]:
    """The choices by which this person may have a board, the state first."""
    names = [n for n in ("state", *entity.fields) if n in readable_names(visit, entity)]
    controls = ((name, named(visit, entity, name)) for name in names)
    return tuple(
        name for name, control in controls if control and control.kind == "select" and control.options
    )


def query_of(visit: Visit, look: Look, columns: Columns) -> Query:
    """The query of one page of the look; raises Invalid or Unreadable with every fault."""
    said = {name: getattr(look.state, name) for name in ("search", "filter", "sort")}
    said["cursor"] = visit.arg("cursor").strip()
    asked = {name: [value] for name, value in said.items() if value}
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
