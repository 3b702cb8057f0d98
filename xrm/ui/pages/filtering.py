"""Building the filter of a list: one condition after the other, each with a field, an operator and values.

The filter is text of the expression language in the address; this reads it, changes one condition of it, and leads back
to the list. Without scripts its forms are pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from flask import Response
from werkzeug.datastructures import MultiDict

from xrm.engine.queries.request import Query
from xrm.errors import Invalid, TooLarge, Unreadable
from xrm.metadata.expressions import Unparsable
from xrm.metadata.expressions.types import Attribute, Kind
from xrm.metadata.expressions.writing import conjunction
from xrm.metadata.model import Entity
from xrm.ui.criteria import (
    BARE,
    CONTAINS,
    EQ,
    LAST,
    MANY,
    NEXT,
    NUMERIC,
    OPERATORS,
    PERIOD,
    AnyOf,
    Criterion,
    Part,
    Raw,
    alternatives,
    alternatives_in,
    conditions_of,
    part_of,
    text_of,
)
from xrm.ui.fields.parsing import parse_form
from xrm.ui.fields.view import Field, Option
from xrm.ui.formatting import as_date, as_decimal, as_time
from xrm.ui.models import Link
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.listing import ListState, Look, look_at
from xrm.ui.pages.offering import choices
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.visit import Visit
from xrm.ui.pages.wording import (
    ID,
    Titles,
    attribute_of,
    operator_words,
    period_words,
    records_in,
    words_of,
)
from xrm.ui.views import FilterChip, FilterPage

SHEET: Final = "sheet"
VALUE: Final = "c.value"
ME: Final = "me"
MOST_DAYS: Final = 9_999
NOT_OFFERED: Final = frozenset({"id", "version", "deleted_at"})
NOT_ASKED: Final = frozenset(
    {"secret", "json", "geo", "expression"}
)  # controls whose values nobody looks for


class _Amiss(Exception):
    """What was said of a condition makes none; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in the filter a condition stands: its place, and its place among alternatives.

    A new one has none, and is put at the end, or `into` alternatives.
    """

    at: int = -1
    inner: int = -1
    into: int = -1

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """What an address says of it."""
        at = f"{self.at}.{self.inner}" if self.inner >= 0 else str(self.at)
        return (
            *([("c.at", at)] if self.at >= 0 else []),
            *([("c.into", str(self.into))] if self.into >= 0 else []),
        )


def build(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/filter?<state of the list>&c.<what is said of one condition>`: a form, or the list with it."""
    look = look_at(visit, visit.entity(entity))
    try:
        texts = conditions_of(look.state.filter)
    except Unparsable:
        return _text_form(visit, look)
    if visit.arg("c.mode") == "text":
        return _text_form(visit, look)
    spot = _spot(visit, texts)
    if not visit.arg("c.done"):
        return _condition_form(visit, look, texts, spot)
    try:
        changed = with_condition(texts, spot, _said(visit, look.entity))
        _demand_askable(visit, look, changed)
    except _Amiss as amiss:
        return _condition_form(visit, look, texts, spot, str(amiss))
    return moved(look.state.address(filter=changed))


# --- the filter with a condition more, or less -----------------------------------------------------------


def with_condition(texts: Sequence[str], spot: Spot, text: str) -> str:
    """The filter with that condition at its place."""
    changed = list(texts)
    if spot.into >= 0:
        changed[spot.into] = alternatives([*alternatives_in(changed[spot.into]), text])
    elif spot.at < 0:
        changed.append(text)
    elif spot.inner < 0:
        changed[spot.at] = text
    else:
        others = alternatives_in(changed[spot.at])
        others[spot.inner] = text
        changed[spot.at] = alternatives(others)
    return conjunction(changed)


def without_condition(texts: Sequence[str], spot: Spot) -> str:
    """The filter without the condition at that place."""
    changed = list(texts)
    others = alternatives_in(changed[spot.at]) if spot.inner >= 0 else []
    if len(others) > 1:
        del others[spot.inner]
        changed[spot.at] = alternatives(others)
    else:
        del changed[spot.at]
    return conjunction(changed)


def _spot(visit: Visit, texts: Sequence[str]) -> Spot:
    """The place that the address says, if the filter has it."""
    at, _, inner = visit.arg("c.at").partition(".")
    place, below, into = (_number(text) for text in (at, inner, visit.arg("c.into")))
    if not 0 <= place < len(texts):
        return Spot(into=into) if 0 <= into < len(texts) else Spot()
    return Spot(place, below if below < len(alternatives_in(texts[place])) else -1)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


# --- what is said ------------------------------------------------------------------------------------------


def _said(visit: Visit, entity: Entity) -> str:
    """The condition that the form says, as text; raises _Amiss."""
    t, path = visit.ui.t, visit.arg("c.field")
    attribute = attribute_of(visit, entity, path) if path else None
    control = control_for(visit, entity, path) if path else None
    if attribute is None or control is None or attribute.type.kind not in OPERATORS:
        raise _Amiss(t("Choose a field."))
    kind, operator = attribute.type.kind, visit.arg("c.op")
    if operator not in operators_of(attribute):
        raise _Amiss(t("Choose what is asked of it."))
    if operator == ME:
        return text_of(Criterion(path, EQ, (ME,)), kind)
    if operator in BARE:
        return text_of(Criterion(path, operator), kind)
    if kind is Kind.REFERENCE and not _chosen_id(visit) and visit.arg(f"{VALUE}.text").strip():
        typed = visit.arg(f"{VALUE}.text").strip()
        return text_of(
            Criterion(f"{path}.title", CONTAINS if operator == EQ else "lacks", (typed,)), Kind.TEXT
        )
    values = _values(visit, attribute, operator)
    if not values:
        raise _Amiss(t("Give a value."))
    return text_of(Criterion(path, operator, values), kind)


def operators_of(attribute: Attribute) -> tuple[str, ...]:
    """What may be asked of the attribute; of people also whether it is the one who asks."""
    found = tuple(OPERATORS[attribute.type.kind])
    is_person = attribute.type.kind is Kind.REFERENCE and "user" in attribute.type.entities
    return (ME, *found) if is_person else found


def _values(visit: Visit, attribute: Attribute, operator: str) -> tuple[str, ...]:
    """The values that were given; raises _Amiss for what is none."""
    kind = attribute.type.kind
    if kind is Kind.REFERENCE:
        given = [_chosen_id(visit)]
    elif operator not in (PERIOD, LAST, NEXT) and kind in NUMERIC:
        given = [str(parse_form("decimal", VALUE, _args(visit), visit.ui) or "")]
    else:
        given = [value.strip() for value in visit.args.get(VALUE, ())]
    found = tuple(dict.fromkeys(value for value in given if value))[: None if operator in MANY else 1]
    amiss = _fault(visit, kind, operator, found)
    if amiss:
        raise _Amiss(amiss)
    return found if kind in (Kind.CHOICE, Kind.OPTIONS) or len(found) < 2 else found[-1:]


def _fault(visit: Visit, kind: Kind, operator: str, values: Sequence[str]) -> str:
    """What is wrong with the values."""
    t = visit.ui.t
    if operator in (LAST, NEXT) and not all(0 < _number(v) <= MOST_DAYS for v in values):
        return t("Give a whole number of days, for example 30.")
    if operator in (PERIOD, LAST, NEXT):
        known = period_words(visit)
        return "" if operator != PERIOD or all(v in known for v in values) else t("Choose a period.")
    if kind in NUMERIC and any(as_decimal(v) is None for v in values):
        return t("Give a number, for example 12.5.")
    if kind in (Kind.DATE, Kind.DATETIME) and any(as_date(v) is None for v in values):
        return t("Give a day.")
    if kind is Kind.TIME and any(as_time(v) is None for v in values):
        return t("Give a time, for example 10:30.")
    return t("Choose yes or no.") if kind is Kind.BOOLEAN and not set(values) <= {"true", "false"} else ""


def _chosen_id(visit: Visit) -> str:
    """The record that was chosen; nothing where something else was typed after that."""
    chosen, typed = visit.arg(VALUE), visit.arg(f"{VALUE}.text")
    bare = chosen.rpartition("/")[2]
    return bare if ID.match(bare) and visit.arg(f"{VALUE}.shown") == typed else ""


def _args(visit: Visit) -> MultiDict[str, str]:
    return MultiDict([(name, value) for name, values in visit.args.items() for value in values])


def _demand_askable(visit: Visit, look: Look, text: str) -> None:
    """The filter can be asked by this person; raises _Amiss."""
    try:
        visit.queries.check(visit.actor, Query(look.entity.name, filters=(text,) if text.strip() else ()))
    except (Invalid, TooLarge, Unreadable) as error:
        raise _Amiss(" ".join(whole_text(p) for p in error.problems[:3])) from None


# --- the form ----------------------------------------------------------------------------------------------


def _text_form(visit: Visit, look: Look) -> Response:
    """The whole filter as text; once it is done and can be asked, the list with it."""
    error, text = "", visit.arg("c.text") if visit.arg("c.done") else look.state.filter
    if visit.arg("c.done"):
        try:
            _demand_askable(visit, look, text)
            return moved(look.state.address(filter=text.strip()))
        except _Amiss as amiss:
            error = str(amiss)
    form = FilterPage(
        title=visit.ui.t("Filter as text"),
        action=f"/r/{look.entity.name}/filter",
        hidden=(*_kept(look.state), ("c.mode", "text")),
        is_text=True,
        text=text,
        error=error,
        submit=visit.ui.t("Apply"),
        cancel_href=look.state.address(),
    )
    return _answer(visit, look, form)


def _condition_form(visit: Visit, look: Look, texts: Sequence[str], spot: Spot, error: str = "") -> Response:
    here = part_of(texts[spot.at]) if spot.at >= 0 else None
    if isinstance(here, AnyOf) and spot.inner >= 0:
        here = here.parts[spot.inner]
    if isinstance(here, Raw) and not visit.arg("c.field"):
        return _text_form(visit, look)
    form = _page(visit, look, texts, spot)
    if isinstance(here, AnyOf):
        inner = (Spot(spot.at, n) for n in range(len(here.parts)))
        return _answer(
            visit, look, replace(form, alternatives=tuple(_chip(visit, look, texts, s) for s in inner))
        )
    known = here if isinstance(here, Criterion) else None
    return _answer(visit, look, replace(_chosen(visit, look, form, known), error=error))


def _page(visit: Visit, look: Look, texts: Sequence[str], spot: Spot) -> FilterPage:
    """The form without what is chosen in it."""
    t, is_new = visit.ui.t, spot.at < 0
    title = (
        t("Add an alternative") if spot.into >= 0 else t("Add a filter") if is_new else t("Change the filter")
    )
    new = Spot(into=spot.at if spot.inner < 0 else -1)
    return FilterPage(
        title=title,
        action=f"/r/{look.entity.name}/filter",
        hidden=(*_kept(look.state), *spot.said),
        submit=t("Add") if is_new else t("Apply"),
        cancel_href=look.state.address(),
        remove_href="" if is_new else look.state.address(filter=without_condition(texts, spot)),
        or_href=_href(look, new) if spot.at >= 0 and spot.inner < 0 else "",
        text_href=_href(look, Spot(), ("c.mode", "text")),
    )


def _chosen(visit: Visit, look: Look, form: FilterPage, known: Criterion | None) -> FilterPage:
    """The form with its field, what is asked of it, and the control of its value."""
    entity = look.entity
    path = visit.arg("c.field") if "c.field" in visit.args else known.path if known else ""
    groups = tuple(choices(visit, entity, _is_asked, [path] if path else []))
    attribute = attribute_of(visit, entity, path) if path else None
    if attribute is None or attribute.type.kind not in OPERATORS or control_for(visit, entity, path) is None:
        return replace(form, fields=groups)
    is_same = known is not None and known.path == path
    words = {ME: visit.ui.t("is me"), **operator_words(visit, attribute.type.kind)}
    offered = operators_of(attribute)
    first = _operator_of(known) if known is not None and is_same else ""
    asked = visit.arg("c.op") if visit.arg("c.for") == path else first
    operator = asked if asked in offered else offered[0]
    was = known if known is not None and is_same and visit.arg("c.for") != path else None
    return replace(
        form,
        fields=groups,
        field=path,
        operators=tuple(Option(name, words[name]) for name in offered),
        operator=operator,
        control=_control(visit, entity, path, attribute.type.kind, operator, was),
    )


def _is_asked(entity: Entity, attribute: Attribute, control: Field) -> bool:
    is_offered = attribute.name not in NOT_OFFERED and control.kind not in NOT_ASKED
    return is_offered and attribute.type.kind in OPERATORS


def _operator_of(known: Criterion) -> str:
    return ME if known.values == (ME,) and known.operator == EQ else known.operator


def _control(
    visit: Visit, entity: Entity, path: str, kind: Kind, operator: str, known: Criterion | None
) -> Field | None:
    """The control that takes the value, with what it holds."""
    found = control_for(visit, entity, path)
    if found is None or operator in BARE or operator == ME:
        return None
    t, label = visit.ui.t, visit.ui.t("Value")
    given = (
        list(known.values) if known else [v for v in visit.args.get(VALUE, ()) if visit.arg("c.for") == path]
    )
    last = given[-1] if given else None
    if operator == PERIOD:
        options = tuple(Option(name, words) for name, words in period_words(visit).items())
        return Field(VALUE, t("Period"), "select", last or options[0].value, required=True, options=options)
    if operator in (LAST, NEXT):
        return Field(VALUE, t("Days"), "number", last or "30", required=True)
    if kind is Kind.REFERENCE:
        value = _shown_record(visit, entity, path, known)
        lookup = replace(found.lookup, needs=()) if found.lookup else None
        return Field(VALUE, label, "lookup", value, required=True, lookup=lookup)
    if kind in (Kind.CHOICE, Kind.OPTIONS) and found.options:
        return Field(VALUE, label, "multi_select", given, required=True, options=found.options)
    if kind is Kind.BOOLEAN:
        options = (Option("true", t("Yes")), Option("false", t("No")))
        return Field(VALUE, label, "select", last or "true", required=True, options=options)
    days = {Kind.DATE: "date", Kind.DATETIME: "date", Kind.TIME: "time"}
    return Field(VALUE, label, "decimal" if kind in NUMERIC else days.get(kind, "line"), last, required=True)


def _shown_record(visit: Visit, entity: Entity, path: str, known: Criterion | None) -> object:
    if known is None:
        typed = visit.arg(f"{VALUE}.text")
        return {"text": typed} if typed else None
    kept = tuple(records_in(visit, entity, known))
    titles = visit.queries.titles(visit.actor, kept)
    return next(({"id": str(k[1]), "entity": k[0], "title": title} for k, title in titles.items()), None)


def _kept(state: ListState) -> tuple[tuple[str, str], ...]:
    return state.said


def _href(look: Look, spot: Spot, *more: tuple[str, str]) -> str:
    return look.state.address(below="/filter", more=(*spot.said, *more))


def _answer(visit: Visit, look: Look, form: FilterPage) -> Response:
    status = 422 if form.error else 200
    if visit.fragment == SHEET:
        return part(visit, "_filter.html", status, page=form)
    crumbs = (Link(visit.plural(look.entity), form.cancel_href, look.entity.icon),)
    return page(visit, "filter.html", replace(form, crumbs=crumbs), status=status, current=look.entity.name)


# --- chips -------------------------------------------------------------------------------------------------


def filter_parts(state: ListState) -> tuple[Part, ...]:
    """The conditions of the filter; one that cannot be read stands for itself."""
    try:
        return tuple(part_of(text) for text in conditions_of(state.filter))
    except Unparsable:
        return (Raw(state.filter),)


def filter_chips(visit: Visit, look: Look, parts: Sequence[Part], titles: Titles) -> tuple[FilterChip, ...]:
    """The conditions of the filter in words, each with the way to change it and the way out of it."""
    try:
        texts = conditions_of(look.state.filter)
    except Unparsable:
        edit = _href(look, Spot(), ("c.mode", "text"))
        return (FilterChip(look.state.filter, look.state.address(filter=""), edit),)
    return tuple(
        FilterChip(
            words_of(visit, look.entity, one, titles),
            look.state.address(filter=without_condition(texts, Spot(at))),
            _href(look, Spot(at)),
        )
        for at, one in enumerate(parts)
    )


def new_filter_href(look: Look) -> str:
    """Where a condition is added."""
    return _href(look, Spot())


def _chip(visit: Visit, look: Look, texts: Sequence[str], spot: Spot) -> FilterChip:
    """One of several alternatives, in the form that shows them all."""
    whole = part_of(texts[spot.at])
    one = whole.parts[spot.inner] if isinstance(whole, AnyOf) else whole
    titles = visit.queries.titles(visit.actor, tuple(records_in(visit, look.entity, one)))
    remove = look.state.address(filter=without_condition(texts, spot))
    return FilterChip(words_of(visit, look.entity, one, titles), remove, _href(look, spot))
