"""Conditions in the words of a page: what is asked of a field, and the values as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from xrm.engine.queries.reading import along
from xrm.metadata.expressions.types import Attribute, Kind
from xrm.metadata.model import Entity
from xrm.ui.criteria import (
    BEGINS,
    CONTAINS,
    DAYS,
    EMPTY,
    EQ,
    FULL,
    GE,
    GT,
    LACKS,
    LAST,
    LE,
    LT,
    NE,
    NEXT,
    NUMERIC,
    PERIOD,
    AnyOf,
    Criterion,
    Part,
    Raw,
)
from xrm.ui.fields.view import Field
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.visit import Visit

ID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
Kept = tuple[str, UUID]
Titles = Mapping[Kept, str]


def attribute_of(visit: Visit, entity: Entity, path: str) -> Attribute | None:
    """What the end of the path is, if this person may read it."""
    found = along(path.split("."), entity.name, visit.queries.reader(visit.actor).names)
    return found[-1] if found else None


def operator_words(visit: Visit, kind: Kind) -> Mapping[str, str]:
    """What each operator is called, for values of the kind."""
    t = visit.ui.t
    words = {
        EQ: t("is"),
        NE: t("is not"),
        CONTAINS: t("contains"),
        LACKS: t("does not contain"),
        BEGINS: t("begins with"),
        EMPTY: t("is empty"),
        FULL: t("is not empty"),
        LT: t("is less than"),
        LE: t("is at most"),
        GT: t("is more than"),
        GE: t("is at least"),
        PERIOD: t("is in the period"),
        LAST: t("is in the last days"),
        NEXT: t("is in the next days"),
    }
    if kind in DAYS or kind is Kind.TIME:
        words |= {LT: t("is before"), LE: t("is not after"), GT: t("is after"), GE: t("is not before")}
    if kind is Kind.OPTIONS:
        words |= {EQ: t("has"), NE: t("does not have")}
    return words


def period_words(visit: Visit) -> Mapping[str, str]:
    """What each period is called."""
    t = visit.ui.t
    return {
        "today": t("today"),
        "yesterday": t("yesterday"),
        "tomorrow": t("tomorrow"),
        "this_week": t("this week"),
        "last_week": t("last week"),
        "next_week": t("next week"),
        "this_month": t("this month"),
        "last_month": t("last month"),
        "next_month": t("next month"),
        "this_quarter": t("this quarter"),
        "last_quarter": t("last quarter"),
        "next_quarter": t("next quarter"),
        "this_year": t("this year"),
        "last_year": t("last year"),
        "next_year": t("next year"),
    }


def words_of(visit: Visit, entity: Entity, part: Part, titles: Titles) -> str:
    """The condition as a sentence without end."""
    match part:
        case Raw(text=text):
            return text
        case AnyOf(parts=parts):
            said = [words_of(visit, entity, one, titles) for one in parts]
            return f" {visit.ui.t('or')} ".join(said)
    control, attribute = control_for(visit, entity, part.path), attribute_of(visit, entity, part.path)
    if control is None or attribute is None:
        return f"{part.path} {part.operator} {', '.join(part.values)}".strip()
    kind = attribute.type.kind
    shown = [_value(visit, control, kind, attribute, value, titles) for value in part.values]
    return f"{control.label} {_asked(visit, part, kind)} {_listed(visit, part, shown)}".strip()


def _asked(visit: Visit, part: Criterion, kind: Kind) -> str:
    t = visit.ui.t
    if part.operator in (LAST, NEXT):
        return t("is in the last") if part.operator == LAST else t("is in the next")
    if part.operator == PERIOD:
        return t("is")
    return operator_words(visit, kind)[part.operator]


def _listed(visit: Visit, part: Criterion, shown: list[str]) -> str:
    if part.operator == PERIOD:
        return period_words(visit).get(part.values[0], part.values[0])
    if part.operator in (LAST, NEXT):
        return visit.ui.t("{count} days", count=int(part.values[0]))
    return f" {visit.ui.t('or')} ".join(shown)


def _value(visit: Visit, control: Field, kind: Kind, attribute: Attribute, value: str, titles: Titles) -> str:
    """One value as people read it."""
    ui = visit.ui
    if kind is Kind.BOOLEAN:
        return ui.t("Yes") if value == "true" else ui.t("No")
    if kind is Kind.REFERENCE:
        return _title(visit, attribute, value, titles)
    if kind in DAYS:
        return ui.date(value)
    if kind in NUMERIC:
        return ui.number(value)
    return control.option(value).label if control.options else value


def _title(visit: Visit, attribute: Attribute, value: str, titles: Titles) -> str:
    if value == "me":
        return visit.ui.t("me")
    known = (titles.get(kept) for kept in _records(attribute, value))
    return next((title for title in known if title), visit.ui.t("a record that you may not read"))


def records_in(visit: Visit, entity: Entity, part: Part) -> Iterator[Kept]:
    """The records whose titles the words need."""
    if isinstance(part, AnyOf):
        for one in part.parts:
            yield from records_in(visit, entity, one)
    elif isinstance(part, Criterion):
        attribute = attribute_of(visit, entity, part.path)
        if attribute is not None and attribute.type.kind is Kind.REFERENCE:
            for value in part.values:
                yield from _records(attribute, value)


def _records(attribute: Attribute, value: str) -> Iterator[Kept]:
    if ID.match(value):
        yield from ((entity, UUID(value)) for entity in attribute.type.entities)
