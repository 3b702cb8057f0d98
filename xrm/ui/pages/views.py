"""The page of an entity's records: the views on offer, what narrows them, and the body that the view's type makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from flask import Response

from xrm.engine.identity.marks import Mark
from xrm.engine.queries.counting import Counted
from xrm.errors import XrmError
from xrm.metadata.model import BOARD, LIST, Entity
from xrm.ui.criteria import Part
from xrm.ui.fields.view import Field
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.boards import as_board
from xrm.ui.pages.exporting import export_actions
from xrm.ui.pages.filtering import filter_chips, filter_parts, new_filter_href
from xrm.ui.pages.filters import base_name, pair_chips, records_of, shown_filters
from xrm.ui.pages.keeping import kept_records, marks_of
from xrm.ui.pages.listing import CHANGED, ListState, Look, Shown, look_at
from xrm.ui.pages.lists import as_list
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.saving import unsaved_of, view_actions
from xrm.ui.pages.visit import Visit
from xrm.ui.pages.wording import Titles, records_in
from xrm.ui.views import FilterChip, ViewPage

UNPROCESSABLE = 422
WHOLE, REPLACED = "view.html", "_fresh.html"
KEPT = ("view", "filter", "sort", "fields", "type", "group", "totals")  # what a filter form carries along


@dataclass(frozen=True, slots=True)
class ViewKind:
    """How one type of view is shown: who makes its body, the template of that, and of what more is loaded into it.

    `script` is a module that only its pages load.
    """

    show: Callable[[Visit, Look], Shown]
    template: str
    more: str = REPLACED
    script: str = ""


# One line for each type of view that this version carries out; a test holds that none is missing.
KINDS: Mapping[str, ViewKind] = MappingProxyType(
    {
        LIST: ViewKind(as_list, "_list.html", more="_rows.html"),
        BOARD: ViewKind(as_board, "_board.html", more="_cards.html", script="js/on/board.js"),
    }
)


def show(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>`: its records by the chosen view, or the part that a request of the page replaces."""
    look = look_at(visit, visit.entity(entity))
    kind = KINDS[look.type]
    shown = kind.show(visit, look)
    status = UNPROCESSABLE if shown.refusal else 200
    model = _model(visit, look, kind, shown)
    asked = visit.fragment.partition("-")[0]  # there may be more than one more, as in `more-won`
    if asked == "more":
        return part(visit, kind.more, status, page=model)
    marks, conditions = () if asked == "list" else marks_of(visit), filter_parts(look.state)
    titles = _titles(visit, look, marks, conditions)
    model = _with_bar(visit, look, shown, model, conditions, titles)
    if asked == "list":
        return part(visit, REPLACED, status, page=model)
    return page(
        visit, WHOLE, model, status=status, current=entity, marks=marks, titles=titles,
        density=look.shelf.density,
    )  # fmt: skip


def _with_bar(
    visit: Visit, look: Look, shown: Shown, model: ViewPage, conditions: Sequence[Part], titles: Titles
) -> ViewPage:
    """The page with its filter bar: what no control of that shows is told in chips, and carried along."""
    state = look.state
    filters = shown_filters(visit, look.entity, shown.offered, state.pairs, titles)
    in_bar = {field.name for field in filters}
    return replace(
        model,
        filters=filters,
        chips=_chips(visit, look, filters, conditions, titles),
        state=(*model.state, *(pair for pair in state.pairs if base_name(pair[0]) not in in_bar)),
        filter_href=new_filter_href(look),
        display_href=state.address(below="/display"),
    )


def _titles(visit: Visit, look: Look, marks: Sequence[Mark], conditions: Sequence[Part]) -> Titles:
    """The titles of all records that the page names besides its own, asked for at once."""
    favourites, recent = kept_records(visit, marks)
    named = [k for one in conditions for k in records_in(visit, look.entity, one)]
    in_bar = records_of(visit, look.entity, look.state.pairs)
    return visit.queries.titles(visit.actor, [*favourites, *recent, *named, *in_bar])


def _model(visit: Visit, look: Look, kind: ViewKind, shown: Shown) -> ViewPage:
    entity, state = look.entity, look.state
    return ViewPage(
        title=visit.plural(entity),
        icon=entity.icon,
        href=f"/r/{entity.name}",
        template=kind.template,
        script=kind.script,
        body=shown.body,
        search=state.search,
        refusal=_said(shown.refusal),
        state=(
            *((n, value) for n in KEPT if (value := getattr(state, n))),
            *([CHANGED] if state.is_saved else []),
        ),
        count=_count(visit, entity, shown.count),
        total=_total(visit, shown.count),
        count_href=state.address(count="exact") if shown.count and not shown.count.is_exact else "",
        reset_href=_wide(look) if look.is_said and state.is_narrowed else "",
        empty=_empty(visit, look, shown.refusal),
        unsaved=unsaved_of(visit, look) if shown.refusal is None else None,
        left_out=_left_out(visit, look),
        tabs=_tabs(visit, look),
        actions=_actions(visit, entity),
        more=(*view_actions(visit, look), *_more(visit, entity, state)),
    )


def _wide(look: Look) -> str:
    """The list without what narrows it, shown as it is; a saved view as it was saved."""
    return look.chosen.address() if look.saved else look.state.address(search="", filter="", pairs=())


def _chips(
    visit: Visit, look: Look, shown: tuple[Field, ...], conditions: Sequence[Part], titles: Titles
) -> tuple[FilterChip, ...]:
    state = look.state
    ways = {name: state.address(pairs=state.without(name)) for name in map(base_name, dict(state.pairs))}
    short = pair_chips(visit, look.entity, state.pairs, shown, ways, titles)
    return (*short, *filter_chips(visit, look, conditions, titles))


def _said(refusal: XrmError | None) -> str:
    if refusal is None:
        return ""
    return " ".join(whole_text(p) for p in refusal.problems[:3])


def _count(visit: Visit, entity: Entity, counted: Counted | None) -> str:
    if counted is None:
        return ""
    if not counted.is_exact:
        plural = visit.plural_amid(entity)
        return visit.ui.t("More than {number} {plural}", number=counted.count, plural=plural)
    return visit.ui.t("{count} records", count=counted.count)


def _total(visit: Visit, counted: Counted | None) -> str:
    if counted is None:
        return ""
    return visit.ui.number(counted.count) + ("" if counted.is_exact else "+")


def _empty(visit: Visit, look: Look, refusal: XrmError | None) -> Empty:
    """Why there is nothing: the condition cannot be read, all are filtered out, or there never were any."""
    t, entity, plural = visit.ui.t, look.entity, visit.plural_amid(look.entity)
    if refusal is not None:
        return Empty(t("This filter cannot be used"), _said(refusal), "filter-x")
    if look.is_said and look.state.is_narrowed:
        clear = Action(t("Clear the filters"), _wide(look), "x")
        return Empty(
            t("No {plural} match", plural=plural),
            t("Other words or fewer conditions may find some."),
            "search-x",
            clear,
        )
    if look.state.is_narrowed or (look.view is not None and look.view.filter is not None):
        return Empty(
            t("No {plural} in this view", plural=plural),
            t("Records appear here when they fit the view."),
            entity.icon,
        )
    new = _new_action(visit, entity)
    text = t("The first one that you add will stand here.") if new else t("There are none that you may read.")
    return Empty(t("No {plural} yet", plural=plural), text, entity.icon, new)


def _left_out(visit: Visit, look: Look) -> str:
    if look.saved is None or not look.saved.left_out or look.is_said:
        return ""
    return visit.ui.t("A part of this view is left out: it is about something that is not there for you.")


def _tabs(visit: Visit, look: Look) -> tuple[Link, ...]:
    """The views that were written, then those that were saved."""
    saved = look.shelf.views
    if len(look.views) + len(saved) < 2 or visit.fragment:
        return ()
    named = [(v.name, visit.text(v.label, v.name), v.type == BOARD) for v in look.views]
    named += [(str(v.id), v.name, v.asked.type == BOARD) for v in saved]
    now = str(look.saved.id) if look.saved else look.base.name if look.base else ""
    return tuple(
        Link(label, ListState(look.entity.name, name).address(), "columns-3" if is_board else "", name == now)
        for name, label, is_board in named
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
    twins = Action(t("Duplicates…"), f"{href}/duplicates", "users")
    return (
        *([bring] if visit.can("import", entity.name) else []),
        *export_actions(visit, entity, state),
        *([twins] if entity.duplicates and visit.records.ways(visit.actor, entity.name) else []),
        *([trash] if visit.can("delete", entity.name) else []),
    )


def _new_action(visit: Visit, entity: Entity) -> Action | None:
    if entity.is_engine or not visit.can("create", entity.name):
        return None
    label = visit.ui.t("New {label}", label=visit.label(entity).lower())
    return Action(label, f"/r/{entity.name}/new", "plus", primary=True)
