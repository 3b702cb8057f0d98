"""A form that is sent back as it came changes nothing, whatever the value, the locale and the zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from tests.support.inputs import READABLE_CASES, Case
from tests.support.pages import posted
from xrm.metadata.fieldtypes.base import BadValue
from xrm.ui.assets import TEMPLATES, load_assets
from xrm.ui.environment import prepare
from xrm.ui.fields.parsing import parse_form
from xrm.ui.fields.view import Field, Lookup, Option
from xrm.ui.formatting import Reader

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
READERS = tuple(
    Reader(locale.split("_")[0], locale, zone, NOW)
    for locale, zone in (
        ("en_GB", "UTC"),
        ("pt_PT", "Europe/Lisbon"),
        ("pt_BR", "America/Sao_Paulo"),
        ("es_ES", "America/Caracas"),
        ("ru", "Asia/Kathmandu"),
    )
)
ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
prepare(ENVIRONMENT, load_assets())
FORM = ENVIRONMENT.from_string('{% from "fields/_field.html" import field %}{{ field(f, ui) }}')
POSTED = tuple(case for case in READABLE_CASES if case.type.is_writable)


def shown(case: Case, value: object, many_options: bool) -> Field:
    """The field as a form shows it: files with their names, choices with all their options."""
    kind = str(case.type.control)
    options = tuple(Option(o.key, o.label.get("en", o.key)) for o in case.params.get("options", ()))
    if many_options:
        options = (*options, *(Option(f"more{n}", f"More {n}") for n in range(6)))
    if kind in ("file", "image"):
        ids = value if isinstance(value, list) else [value]
        value = [{"id": id_, "name": "offer.pdf", "size": 1200} for id_ in ids]
    return Field("it", "It", kind, value, options=options)


def returned(case: Case, html: str, reader: Reader) -> object:
    """What the page would hand to the field's type after a post."""
    raw = parse_form(str(case.type.control), "it", posted(html), reader)
    if isinstance(raw, list) and case.type.control in ("file", "image") and not case.params.get("many"):
        return raw[0]
    return raw


@pytest.mark.parametrize("case", POSTED, ids=lambda case: case.id)
@given(data=st.data(), reader=st.sampled_from(READERS), many_options=st.booleans())
def test_a_form_sent_back_as_it_came_means_the_same_value(
    case: Case, data: st.DataObject, reader: Reader, many_options: bool
) -> None:
    try:
        value = case.type.parse(data.draw(case.inputs), case.params)
    except BadValue:
        value = None
    if value is None:
        return
    field = shown(case, case.type.dump(value, case.params), many_options)
    raw = returned(case, FORM.render(f=field, ui=reader), reader)
    assert case.type.parse(raw, case.params) == value


@pytest.mark.parametrize("case", POSTED, ids=lambda case: case.id)
def test_an_empty_field_sent_back_stays_empty(case: Case) -> None:
    options = tuple(Option(o.key, o.key) for o in case.params.get("options", ()))
    field = Field("it", "It", str(case.type.control), options=options)
    raw = returned(case, FORM.render(f=field, ui=READERS[0]), READERS[0])
    assert raw is (False if case.type.control == "boolean" else None)


def test_a_chosen_record_without_a_title_stays_chosen() -> None:
    chosen = {"id": "0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "entity": "contact", "title": None}
    field = Field("it", "It", "lookup", chosen, lookup=Lookup("/r/account/lookup/it", ""))
    form = posted(FORM.render(f=field, ui=READERS[0]))
    assert parse_form("lookup", "it", form, READERS[0]) == chosen["id"]


def test_a_text_that_named_no_record_is_sent_back_as_that_text() -> None:
    field = Field("it", "It", "lookup", {"text": "Nowhere"}, lookup=Lookup("/r/account/lookup/it", ""))
    form = posted(FORM.render(f=field, ui=READERS[0]))
    assert parse_form("lookup", "it", form, READERS[0]) == {"text": "Nowhere"}
