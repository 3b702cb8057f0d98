"""Plans, versions and what they concern, in the words and the language of whoever reads the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Place, a_place, the_pack
from tests.ui.pages.drafting import HOME, REVIEW, applied, customised, fresh_shop, rows
from xrm.engine.packs import Revision
from xrm.testing import a_pack, pack_from
from xrm.ui.admin.stepwords import in_words, sentences
from xrm.ui.formatting import Reader

CUSTOMER = f"{HOME}/e/customer"
SHED = """title: name
fields:
  name: {type: text}
  code: {type: text, unique: true}
  kind: {type: choice, options: [hand, power]}
  note: {type: text}
  gone: {type: text}
relationships:
  maker: {to: maker}
  users: {to: maker, many: true}
"""
SHED_2 = """title: name
fields:
  name: {type: text}
  number: {type: integer, renamed_from: code}
  kind: {type: choice, options: [hand]}
  note: {type: text, required: true}
  more: {type: money}
relationships:
  maker: {to: maker, many: true}
  users: {to: maker}
"""
MAKER = "title: name\nfields: {name: {type: text}}\n"
DECIDED = {
    "unfit:tool.number": "0",
    "option:tool.kind.power": "hand",
    "empty:tool.note": "none",
}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A shop of its own for each test."""
    with fresh_shop(tmp_path) as place:
        yield place


def test_the_review_of_a_draft_tells_what_else_speaks_of_what_it_alters(shop: Place) -> None:
    customised(shop, entities__customer__yaml="fields: {area: {type: text}}\n")
    customised(shop, forms__customer__yaml="main: {sections: {more: {label: More, rows: [[area]]}}}\n")
    ana = shop.person("Ana")
    assert "What else is concerned" not in ana.open(REVIEW).text
    ana.press(f"{CUSTOMER}/fields/area/type/integer", f"{CUSTOMER}/fields/area/type/integer")
    page = ana.open(REVIEW)
    (told,) = [row for row in rows(page) if row[0].startswith("Customer › Area")][:1]
    assert told == ["Customer › Area customer.area", "form:customer.main.sections.more.rows",
                    "customisation/forms/customer.yaml:1:47"]  # fmt: skip
    assert page.find("a", href="/admin/uses?of=customer.area")
    applied(ana)
    assert "What else is concerned" not in ana.open(REVIEW).text


def test_what_changes_is_called_as_people_know_it(shop: Place) -> None:
    customised(shop, entities__customer__yaml="fields: {area: {type: text, label: Region}}\n")
    ana = shop.person("Ana")
    ana.press(f"{CUSTOMER}/fields/area/type/integer", f"{CUSTOMER}/fields/area/type/integer")
    ana.fill(ana.open(f"{CUSTOMER}/fields/tier/edit"), f"{CUSTOMER}/fields/tier/edit", label="Rank")
    ana.press(f"{HOME}/options/customer/tier/bronze/remove", f"{CUSTOMER}/fields/tier")
    told = [row for row in rows(ana.open(REVIEW)) if " › " in row[0]]
    assert ["Customer › Region › Type", "Text", "Whole number"] in told
    assert ["Customer › Tier › Label", "Tier", "Rank"] in told
    assert ["Customer › Tier › Options", "Bronze"] in told
    number = shop.runtime.packs.versions()[0].number
    applied(ana)
    ana.press(f"{HOME}/options/customer/tier/new/remove", f"{CUSTOMER}/fields/tier")
    told = rows(ana.open(REVIEW))
    assert ["Customer › Rank › Options", "New"] in told
    assert len({tuple(row) for row in told}) == len(told)
    customised(shop, forms__customer__yaml="main: {sections: {more: {label: More, rows: [[area]]}}}\n")
    back = ana.open(f"/admin/versions/{number}/back")
    assert ["Customer › Rank › Options", "Bronze"] in rows(back)
    assert ["Customer › Form", "More"] in rows(back)
    assert "{" not in " ".join(cell for row in rows(back) for cell in row)


def test_steps_and_ways_back_are_said_in_the_language_of_the_reader(tmp_path: Path) -> None:
    sources = [a_pack("shed", tool=SHED, maker=MAKER)]
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [the_pack(), *sources])
    place = a_place(runtime)
    maker = place.make("maker", name="Bosch")
    place.make("tool", name="Axe", code="A", kind="power", gone="x", maker=maker)
    place.make("tool", name="Saw", code="B")
    later = (pack_from(a_pack("shed", version="1.1.0", tool=SHED_2, maker=MAKER, crate=MAKER)),)
    revision = Revision(later, decisions=DECIDED)
    plan = runtime.packs.foresee(revision).plan
    ana = place.person("Ana", language="pt")
    said = {sentence for step in plan.steps for sentence in (step.sentence, step.inverse)}
    assert len(said) > 15
    assert [one for one in said if one and in_words(Reader("pt"), one) == in_words(Reader("en"), one)] == []
    confirmed = replace(revision, confirmed=runtime.packs.foresee(revision).mark)
    runtime.packs.revise(confirmed, runtime.installer)
    page = ana.open("/admin/versions")
    assert "shed passa de 1.0.0 para 1.1.0." in page.text
    assert "(shed__tool)" not in ana.open(f"/admin/versions/{runtime.packs.versions()[0].number}").text
    runtime.close()


@pytest.mark.parametrize("language", ["pt", "es", "ru"])
def test_every_sentence_is_taken_for_itself_and_not_for_one_that_is_more_general(language: str) -> None:
    reader = Reader(language)
    assert [one for one in sentences(str) if in_words(reader, one) != reader.t(one)] == []


def test_where_something_is_used_is_found_in_the_menu_and_asked_by_name(shop: Place) -> None:
    ana = shop.person("Ana")
    page = ana.open("/admin/definitions")
    assert page.links()["Where used"] == "/admin/uses"
    page = ana.open("/admin/uses?of=customer")
    assert page.find("a", href="/admin/uses", aria_current="page")
    assert page.find("option", value="customer")


def test_the_icon_of_an_entity_is_chosen_among_pictures_that_a_word_finds(shop: Place) -> None:
    ana = shop.person("Ana")
    box = ana.open(f"{CUSTOMER}/edit").one("input", name="icon")
    lookup = box.within("x-lookup")
    assert (box["role"], lookup is not None and lookup["src"]) == ("combobox", "/admin/icons")
    offered = ana.ask("/admin/icons?q=Map+pin").text
    assert 'data-title="map-pin"' in offered
    assert "#map-pin" in offered
    assert 'data-title="building"' in ana.ask("/admin/icons?q=").text
    assert "No picture is called so." in ana.ask("/admin/icons?q=%25").text
    assert shop.person("Bob", "clerk").ask("/admin/icons").status_code == 403
