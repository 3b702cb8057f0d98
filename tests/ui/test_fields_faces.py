"""Every kind of control shows every state, ties label, help and error to its input, and escapes values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from tests.support.pages import Element, elements
from xrm.metadata.fieldtypes.base import Control
from xrm.ui.assets import TEMPLATES, load_assets
from xrm.ui.environment import prepare
from xrm.ui.fields import CONTROLS, FACES
from xrm.ui.fields.view import ChildRow, Field, Lookup, Option, children_of
from xrm.ui.fields.words import in_words
from xrm.ui.formatting import Reader

ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
prepare(ENVIRONMENT, load_assets())
FORM = ENVIRONMENT.from_string('{% from "fields/_field.html" import field %}{{ field(f, ui) }}')
FACE = ENVIRONMENT.from_string("{{ face(name, f, f.value, ui) }}")
UI = Reader(locale="en_GB", zone="Europe/Lisbon")

OPTIONS = (Option("a", "Alpha", "green"), Option("b", "Beta", "red"))
COLUMNS = (Field("product", "Product", "line"), Field("quantity", "Quantity", "number", required=True))
LOOKUP = Lookup("/r/account/lookup", "/r/account/search", icon="users")
FILE = {"id": "0197", "name": "offer.pdf", "size": 1200, "href": "/files/0197"}
CHILDREN = children_of("it", COLUMNS, [("0198", {"product": "Sensor", "quantity": 3})])

VALUES: dict[str, tuple[Any, str]] = {
    "line": ("Iron Foods", "Iron Foods"),
    "area": ("Two\nlines", "Two\nlines"),
    "rich": ("<p>Called <b>twice</b></p>", "twice"),
    "markdown": ("Called **twice**", "twice"),
    "email": ("ana@iron.example", "ana@iron.example"),
    "phone": ("+351210000000", "+351 21 000 0000"),
    "url": ("https://iron.example/a", "iron.example/a"),
    "number": (12500, "12,500"),
    "decimal": ("12500.50", "12,500.5"),
    "percent": ("12.5", "12.5%"),
    "money": ({"amount": "1250.50", "currency": "EUR"}, "€1,250.50"),
    "boolean": (True, "Yes"),
    "date": ("2026-05-31", "31 May 2026"),
    "datetime": ("2026-05-31T10:00:00Z", "31 May 2026, 11:00"),
    "time": ("09:30:00", "09:30"),
    "duration": ("PT1H30M", "1 h 30 min"),
    "select": ("a", "Alpha"),
    "multi_select": (["a", "b"], "AlphaBeta"),
    "tags": (["fair", "cold"], "faircold"),
    "rating": (3, "3 of 5"),
    "color": ("#4148d8", "#4148d8"),
    "readonly": ("CMP-0001", "CMP-0001"),
    "person_name": ({"salutation": "Dr", "first": "Ana", "last": "Ruiz"}, "Dr Ana Ruiz"),
    "address": ({"street": "Rua Augusta", "number": "12", "city": "Lisboa", "country": "PT"}, "Portugal"),
    "geo": ({"lat": "38.722252", "lon": "-9.139337"}, "38.722252"),
    "file": (FILE, "offer.pdf"),
    "image": ([FILE, FILE], "offer.pdf"),
    "json": ({"source": "fair"}, '"source": "fair"'),
    "secret": (True, "Set"),
    "expression": ("amount > 100", "amount > 100"),
    "lookup": ({"id": "0197", "entity": "account", "title": "Iron Foods"}, "Iron Foods"),
    "rows": ([{"product": "Sensor", "quantity": 3}], "Sensor"),
}
# As a short text; of the other kinds it is what their face says, with commas between several.
IN_WORDS = {
    "rich": "Called twice",
    "markdown": "Called **twice**",
    "url": "https://iron.example/a",
    "multi_select": "Alpha, Beta",
    "tags": "fair, cold",
    "rating": "3",
    "person_name": "Ana Ruiz",
    "address": "Rua Augusta, 12, Lisboa, PT",
    "geo": "38.722252, -9.139337",
    "image": "offer.pdf, offer.pdf",
    "json": '{"source": "fair"}',
}
INPUTLESS = {"readonly"}
KINDS = sorted(CONTROLS)


def a_field(kind: str, **changes: Any) -> Field:
    options = OPTIONS if kind in ("select", "multi_select") else ()
    return replace(Field("it", "It", kind, options=options, lookup=LOOKUP, children=CHILDREN), **changes)


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("rows", "secret")])
def test_every_value_can_be_told_in_words_and_nothing_in_none(kind: str) -> None:
    value, shown = VALUES[kind]
    assert in_words(a_field(kind), value, UI) == IN_WORDS.get(kind, shown)
    assert in_words(a_field(kind), None, UI) == ""


def words(html: str) -> str:
    """The text of a page with what images say, white space as it is."""
    top = elements(f"<body>{html}</body>")
    return top[0].text + "".join(
        e["aria-label"] + e["alt"] for e in top if e["role"] == "img" or e.tag == "img"
    )


def by_id(found: list[Element], id_: str) -> Element:
    (element,) = [e for e in found if e["id"] == id_]
    return element


def test_there_is_a_template_and_a_sample_for_every_kind() -> None:
    assert set(KINDS) == {str(kind) for kind in Control} == set(VALUES)
    for kind in KINDS:
        module: Any = ENVIRONMENT.get_template(CONTROLS[kind].template).module
        assert all(callable(getattr(module, face)) for face in FACES), kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("face", ["read", "cell"])
def test_a_value_can_be_read(kind: str, face: str) -> None:
    value, said = VALUES[kind]
    html = FACE.render(name=face, f=a_field(kind, value=value), ui=UI)
    if face == "read":
        assert said in words(html)
    assert words(html).strip()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_reads_as_empty_and_fills_no_cell(kind: str) -> None:
    assert "empty" in words(FACE.render(name="read", f=a_field(kind), ui=UI))
    assert FACE.render(name="cell", f=a_field(kind), ui=UI) == ""


@pytest.mark.parametrize("kind", sorted(set(KINDS) - INPUTLESS))
@pytest.mark.parametrize("state", ["empty", "value", "error"])
def test_an_input_has_label_help_and_error(kind: str, state: str) -> None:
    value = VALUES[kind][0] if state == "value" else None
    error = "Enter it." if state == "error" else ""
    found = elements(FORM.render(f=a_field(kind, value=value, error=error, help="As on paper"), ui=UI))
    control = by_id(found, "f-it")
    labels = [e for e in found if e.tag == "label" and e["for"] == "f-it"]
    assert labels or control.within("fieldset") is not None
    assert by_id(found, "h-it").text == "As on paper"
    assert ("Enter it." in {e.text for e in found if e["id"] == "e-it"}) == bool(error)
    if kind != "rows":
        assert control["aria-describedby"].split() == (["h-it", "e-it"] if error else ["h-it"])
        assert control["aria-invalid"] == ("true" if error else "")


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_only_field_shows_value_and_reason_and_posts_nothing(kind: str) -> None:
    value, said = VALUES[kind]
    html = FORM.render(f=a_field(kind, value=value, readonly=True, reason="Only managers change it."), ui=UI)
    assert said in words(html)
    assert "Only managers change it." in words(html)
    assert not [e for e in elements(html) if e.tag in ("input", "select", "textarea")]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_optional_is_marked(kind: str) -> None:
    optional = FORM.render(f=a_field(kind), ui=UI)
    assert ("optional" in words(optional)) == (kind not in ("boolean", "readonly", "rows"))
    assert "optional" not in words(FORM.render(f=a_field(kind, required=True), ui=UI))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("face", FACES)
def test_no_value_can_bring_markup_into_a_page(kind: str, face: str) -> None:
    hostile = '"><script>x</script><img src=x onerror=y>'
    shapes: list[Any] = [hostile, {"id": hostile, "entity": hostile, "title": hostile, "name": hostile}]
    for value in shapes if face != "filter" else [hostile]:
        if isinstance(value, str) != (kind not in ("file", "image", "rows", "lookup")):
            continue
        wrapped = [{"product": hostile}] if kind == "rows" else value
        options = (Option(hostile, hostile, "red"),) if kind in ("select", "multi_select") else ()
        field = a_field(kind, value=wrapped, label=hostile, error=hostile, options=options)
        html = FACE.render(name=face, f=field, ui=UI)
        assert not [
            e for e in elements(html) if e.tag == "script" or any(a.startswith("on") for a in e.attributes)
        ]


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "//evil.example"]
)
def test_only_web_addresses_become_links(href: str) -> None:
    html = FACE.render(name="read", f=a_field("url", value=href), ui=UI)
    assert not [e for e in elements(html) if e.tag == "a"]


def test_up_to_five_choices_are_shown_at_once_and_more_in_a_list() -> None:
    five = tuple(Option(str(n), f"Option {n}") for n in range(5))
    few = elements(FORM.render(f=a_field("select", options=five), ui=UI))
    many = elements(FORM.render(f=a_field("select", options=(*five, Option("5", "Option 5"))), ui=UI))
    assert len([e for e in few if e["type"] == "radio"]) == 6
    assert by_id(many, "f-it").tag == "select"


def test_a_choice_that_is_no_longer_offered_is_still_read() -> None:
    assert words(FACE.render(name="read", f=a_field("select", value="gone"), ui=UI)) == "gone"


def test_what_was_mistyped_comes_back_as_it_was_typed() -> None:
    money = elements(
        FORM.render(f=a_field("money", value={"amount": "12k", "currency": "EUR"}, error="No."), ui=UI)
    )
    number = elements(FORM.render(f=a_field("number", value="a dozen", error="No."), ui=UI))
    lookup = elements(FORM.render(f=a_field("lookup", value={"text": "Irn"}, error="No."), ui=UI))
    assert [by_id(found, "f-it")["value"] for found in (money, number, lookup)] == ["12k", "a dozen", "Irn"]


def test_a_lookup_is_a_combobox_tied_to_its_list() -> None:
    found = elements(FORM.render(f=a_field("lookup", value=VALUES["lookup"][0]), ui=UI))
    box = by_id(found, "f-it")
    assert (box["role"], box["value"], box["aria-expanded"]) == ("combobox", "Iron Foods", "false")
    assert by_id(found, box["aria-controls"])["role"] == "listbox"
    assert [e["value"] for e in found if e["name"] == "it"] == ["0197"]


def test_a_lookup_into_several_entities_posts_the_entity_too() -> None:
    several = replace(LOOKUP, several=True)
    found = elements(FORM.render(f=a_field("lookup", value=VALUES["lookup"][0], lookup=several), ui=UI))
    assert [e["value"] for e in found if e["name"] == "it"] == ["account/0197"]


def test_a_secret_is_never_shown() -> None:
    for face in FACES:
        assert "hunter2" not in FACE.render(name=face, f=a_field("secret", value="hunter2"), ui=UI)


def test_a_grid_has_its_records_blank_rows_and_a_pattern_for_more() -> None:
    found = elements(FORM.render(f=a_field("rows"), ui=UI))
    names = [e["name"] for e in found if e.tag == "input" and e.within("template") is None]
    assert names[:4] == ["it.0.product", "it.0.quantity", "it.0.id", "it.0.delete"]
    assert names[-3:] == ["it.3.product", "it.3.quantity", "it.3.delete"]
    pattern = [e["name"] for e in found if e.tag == "input" and e.within("template") is not None]
    assert pattern == ["it.-1.product", "it.-1.quantity", "it.-1.delete"]


def test_an_error_in_a_grid_stands_in_its_cell() -> None:
    cell = Field("it.0.quantity", "Quantity", "number", "x", error="Must be a number.")
    row = ChildRow(0, (replace(COLUMNS[0], name="it.0.product"), cell))
    found = elements(FORM.render(f=a_field("rows", children=replace(CHILDREN, rows=(row,))), ui=UI))
    assert by_id(found, "f-it-0-quantity")["aria-describedby"] == "e-it-0-quantity"
    assert by_id(found, "e-it-0-quantity").within("td") is not None
