"""Forms of the administration: shown, read by their controls, and shown again with what a service refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response

from xrm.errors import Conflict, Forbidden, Invalid
from xrm.ui.fields.parsing import ABSENT
from xrm.ui.fields.view import Field, Lookup, Option
from xrm.ui.models import FormPage
from xrm.ui.pages.answers import page
from xrm.ui.pages.layout import Slot
from xrm.ui.pages.posting import read_one
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary
from xrm.ui.pages.visit import Visit, record_id

REFUSALS = (Invalid, Conflict, Forbidden)
VERSION, WAS = "_version", "_was"
Values = Mapping[str, Any]


def answered(visit: Visit, form: FormPage, current: str, do: Callable[[Values], Response]) -> Response:
    """The form; or what `do` answers to its values; or the form with what was typed and what is wrong with it."""
    if not visit.is_post:
        return page(visit, "form.html", form, current=current)
    values, said = _read(visit, form)
    if visit.is_again:
        return _shown_again(visit, form, current, values, [], 200)
    if said:
        return _shown_again(visit, form, current, values, said, 422)
    try:
        return do(values)
    except REFUSALS as error:
        told = said_of(error.problems, {}, frozenset(f.name for f in _fields(form)))
        return _shown_again(visit, form, current, values, told, status_of(error))


def _fields(form: FormPage) -> Iterable[Field]:
    return (field for section in form.sections for field in section.fields if not field.readonly)


def _read(visit: Visit, form: FormPage) -> tuple[dict[str, Any], list[Said]]:
    """The values of the controls, and what is wrong with them before anybody is asked."""
    unknown: dict[str, str] = {}
    users = visit.model.entities["user"].relationships["manager"]  # where every lookup here finds its users
    slots = [Slot(f, relationship=users) for f in _fields(form)]
    read = {s.name: read_one(visit, "user", s, s.name, visit.form, unknown) for s in slots}
    values = {name: None if value is ABSENT else value for name, value in read.items()}
    lacking = [f for f in _fields(form) if f.required and not values[f.name] and f.name not in unknown]
    said = [Said(text, name) for name, text in unknown.items()]
    return values, said + [Said(visit.ui.t("{field} is needed.", field=f.label), f.name) for f in lacking]


def _shown_again(
    visit: Visit, form: FormPage, current: str, values: Values, said: list[Said], status: int
) -> Response:
    sections = tuple(
        replace(
            section,
            fields=tuple(marked(replace(f, value=values.get(f.name, f.value)), said) for f in section.fields),
        )
        for section in form.sections
    )
    shown = replace(form, sections=sections, problems=summary(said, sections))
    return page(visit, "form.html", shown, status=status, current=current)


def id_in(value: object) -> UUID | None:
    """The id that a lookup or a choice of ids holds."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return record_id(str(found)) if found else None


def ids_in(values: object) -> tuple[UUID, ...]:
    """The ids that were ticked."""
    return tuple(record_id(str(value)) for value in values) if isinstance(values, list | tuple) else ()


def difference(was: Iterable[str], now: Iterable[str]) -> tuple[list[str], list[str]]:
    """What was added to a set of names as it was shown, and what was taken away."""
    before, after = set(was), set(now)
    return sorted(after - before), sorted(before - after)


def many(name: str, label: str, options: Iterable[Option], chosen: Iterable[str], *, text: str = "") -> Field:
    """A choice of several out of some."""
    return Field(name, label, "multi_select", tuple(chosen), options=tuple(options), help=text, wide=True)


def user_field(name: str, label: str, value: object = None, *, required: bool = False) -> Field:
    """The choice of a user."""
    base = "/r/user/lookup/manager"
    lookup = Lookup(base, f"{base}?page=1", icon="user")
    return Field(name, label, "lookup", value, required=required, lookup=lookup)
