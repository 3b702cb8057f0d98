"""How a list is shown: as what, with which columns and in which order, sorted by what, with which totals, how dense.

All but the density is the state of the list, so the form is asked again and again until it is done, and leads back to
the list; without scripts it is a page. How dense lists are is the person's own, wherever they work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Response

from xrm.engine.views import TOTALS
from xrm.metadata.expressions.types import ORDERED, Attribute, Kind
from xrm.metadata.model import BOARD, LIST, Entity, View
from xrm.metadata.orders import why_unordered
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.listing import Look, groups_of, look_at
from xrm.ui.pages.offering import choices
from xrm.ui.pages.totals import total_words
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Choices, DisplayPage, SortTerm

SHEET: Final = "sheet"
MOST_COLUMNS: Final = 40
SORTED: Final = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.MONEY, Kind.REFERENCE}
HIDDEN: Final = frozenset({"deleted_at"})
SAID_HERE: Final = frozenset({"fields", "sort", "type", "group", "totals"})
UP, DOWN, OUT, TURN = "up", "down", "out", "turn"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a list is to be shown; `kind` is its type, and for a board what it stands by: `board:state`."""

    kind: str
    columns: tuple[str, ...]
    sort: tuple[str, ...]
    totals: str


def show(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/display?<state of the list>&c.<what is wished>`: a form, or the list shown so."""
    look = look_at(visit, visit.entity(entity))
    wish = _wished(visit, look) if visit.arg("c.asked") else _as_it_is(look)
    if not visit.arg("c.done"):
        return _answer(visit, look, wish)
    usual = _as_it_is(replace(look, state=look.chosen, view=look.base)) if look.saved is None else None
    type_, _, group = wish.kind.partition(":")
    return moved(
        look.state.address(
            type="" if usual and usual.kind == wish.kind else type_,
            group="" if usual and usual.kind == wish.kind else group,
            fields="" if usual and usual.columns == wish.columns else ",".join(wish.columns),
            sort="" if usual and usual.sort == wish.sort else ",".join(wish.sort),
            totals=wish.totals,
        )
    )


def set_density(visit: Visit, entity: str) -> Response:
    """`POST /r/<entity>/density?<state of the list>`: this person's lists are so dense."""
    look = look_at(visit, visit.entity(entity))
    visit.snapshot.views.set_density(visit.actor, visit.form.get("density", ""))
    return moved(look.state.address())


# --- what is wished --------------------------------------------------------------------------------------


def _as_it_is(look: Look) -> Wish:
    view, state = look.view, look.state
    order = [f"{'-' if down else ''}{path}" for path, down in view.sort] if view else []
    totals = state.totals if state.totals in TOTALS else ""
    return Wish(_kind(view), look.paths or _usual(view), state.sorts or tuple(order), totals)


def _kind(view: View | None) -> str:
    return f"{BOARD}:{view.params['group_by']}" if view and view.type == BOARD else LIST


def _usual(view: View | None) -> tuple[str, ...]:
    if view is None:
        return ("title",)
    return tuple(view.params.get("card", ())) if view.type == BOARD else view.columns


def _wished(visit: Visit, look: Look) -> Wish:
    """What the form holds, after what was done in it."""
    columns = _listed(visit.args.get("c.col", ()))[:MOST_COLUMNS]
    sort = _listed(visit.args.get("c.sort", ()))
    kinds = {option.value for option in _kinds(visit, look.entity)}
    kind = visit.arg("c.as") if visit.arg("c.as") in kinds else LIST
    act, _, about = visit.arg("c.do").partition(":")
    where, _, name = about.partition(":")
    if where == "col":
        columns = _acted(columns, act, name)
    elif where == "sort":
        sort = _acted(sort, act, name)
    columns = _listed((*columns, visit.arg("c.add")))[:MOST_COLUMNS]
    added = visit.arg("c.addsort")
    if added and added not in {word.removeprefix("-") for word in sort}:
        sort = (*sort, added)
    most = visit.runtime.settings.limits.sort_terms
    totals = visit.arg("c.totals") if visit.arg("c.totals") in TOTALS else ""
    return Wish(kind, columns or ("title",), sort[:most], totals)


def _listed(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _acted(words: Sequence[str], act: str, name: str) -> tuple[str, ...]:
    """The words after one of them was moved, turned round or taken out."""
    if name not in words:
        return tuple(words)
    at, others = words.index(name), list(words)
    del others[at]
    if act == OUT:
        return tuple(others)
    if act == TURN:
        others.insert(at, name.removeprefix("-") if name.startswith("-") else f"-{name}")
    else:
        others.insert(max(0, at - 1) if act == UP else at + 1, name)
    return tuple(others)


# --- the form --------------------------------------------------------------------------------------------


def _answer(visit: Visit, look: Look, wish: Wish) -> Response:
    form = _form(visit, look, wish)
    if visit.fragment == SHEET:
        return part(visit, "_display.html", page=form)
    crumbs = (Link(visit.plural(look.entity), form.cancel_href, look.entity.icon),)
    return page(visit, "display.html", replace(form, crumbs=crumbs), current=look.entity.name)


def _form(visit: Visit, look: Look, wish: Wish) -> DisplayPage:
    t, entity = visit.ui.t, look.entity
    columns = tuple(_named(visit, entity, wish.columns))
    sorts = tuple(
        SortTerm(option, option.value.startswith("-")) for option in _named(visit, entity, wish.sort)
    )
    is_board = wish.kind.startswith(BOARD)
    return DisplayPage(
        title=t("Display"),
        action=f"/r/{entity.name}/display",
        hidden=tuple(pair for pair in look.state.said if pair[0] not in SAID_HERE),
        submit=t("Apply"),
        cancel_href=look.state.address(),
        kinds=tuple(_kinds(visit, entity)),
        kind=wish.kind,
        columns=columns,
        columns_label=t("On a card") if is_board else t("Columns"),
        more_columns=_without(choices(visit, entity, _is_shown), {o.value for o in columns}),
        sorts=sorts,
        more_sorts=_without(
            choices(visit, entity, _is_sorted), {s.option.value.removeprefix("-") for s in sorts}
        ),
        totals=() if is_board else (Option("", t("None")), *_options(total_words(visit))),
        total=wish.totals,
        density_href=look.state.address(below="/density"),
        densities=tuple(_options(density_words(visit))),
        density=look.shelf.density or "normal",
    )


def density_words(visit: Visit) -> Mapping[str, str]:
    """What each density is called."""
    t = visit.ui.t
    return {"comfortable": t("Comfortable"), "normal": t("Normal"), "compact": t("Compact")}


def _options(words: Mapping[str, str]) -> Iterable[Option]:
    return (Option(name, label) for name, label in words.items())


def _kinds(visit: Visit, entity: Entity) -> Iterable[Option]:
    """A list, and a board by each choice."""
    yield Option(LIST, visit.ui.t("List"))
    for name in groups_of(visit, entity):
        control = control_for(visit, entity, name)
        if control is not None:
            yield Option(f"{BOARD}:{name}", visit.ui.t("Board by {field}", field=control.label))


def _named(visit: Visit, entity: Entity, words: Iterable[str]) -> Iterable[Option]:
    """The words with the labels of their fields, without those that this person may not read."""
    for word in words:
        control = control_for(visit, entity, word.removeprefix("-"))
        if control is not None:
            yield Option(word, control.label)


def _without(groups: Iterable[Choices], chosen: set[str]) -> tuple[Choices, ...]:
    left = (replace(g, options=tuple(o for o in g.options if o.value not in chosen)) for g in groups)
    return tuple(group for group in left if group.options)


def _is_shown(entity: Entity, attribute: Attribute, control: Field) -> bool:
    return attribute.type.kind is not Kind.MANY and control.kind != "secret" and attribute.name not in HIDDEN


def _is_sorted(entity: Entity, attribute: Attribute, control: Field) -> bool:
    field = entity.fields.get(attribute.name)
    fits = field is None or not why_unordered(field)
    return fits and attribute.type.kind in SORTED and attribute.name not in HIDDEN
