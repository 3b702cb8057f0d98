"""The menu: groups as packs name them, what nobody names under More, and folded as the browser remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place
from xrm.testing import a_pack

ONE = "label: {name}\nplural: {name}s\ntitle: name\nfields:\n  name: {{type: text, required: true}}\n"
NAMES = ("apple", "boat", "cloud", "drum", "eagle")
MENU = """
menu:
  best: {label: {en: The best, pt: O melhor}, entities: [drum, boat]}
  setup: {label: Set-up, folded: true, entities: [apple]}
"""


@pytest.fixture(scope="module")
def den(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation with one pack that groups its entities, and one that does not."""
    folder = tmp_path_factory.mktemp("den")
    first = a_pack("den", **{n: ONE.format(name=n.title()) for n in NAMES})
    other = a_pack("zoo", bear=ONE.format(name="Bear"), ant=ONE.format(name="Ant"))
    packs = [{**first, "pack.yaml": first["pack.yaml"] + MENU}, other]
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, packs)
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def ana(den: Place) -> Person:
    return den.person("Ana")


def groups(sheet: Sheet) -> dict[str, list[str]]:
    """The menu as it reads: headings with their links."""
    found: dict[str, list[str]] = {}
    for link in sheet.find("a"):
        group = link.within("details")
        if group is not None and link.within("nav") is not None and group.has("data-group"):
            found.setdefault(group["data-group"], []).append(link.text.strip())
    found.pop("administration", None)
    return found


def open_ones(sheet: Sheet) -> set[str]:
    found = {e["data-group"] for e in sheet.find("details") if e.has("data-group") and e.has("open")}
    return found - {"administration"}


def test_entities_stand_in_the_groups_that_packs_name_in_their_order(ana: Person) -> None:
    assert groups(ana.open("/")) == {
        "best": ["Drums", "Boats"],
        "pack-zoo": ["Ants", "Bears"],
        "more": ["Clouds", "Connections", "Eagles"],
        "setup": ["Apples", "Connection roles", "Tags"],
    }


def test_folded_groups_are_closed_until_the_browser_says_otherwise(ana: Person) -> None:
    assert open_ones(ana.open("/")) == {"best", "pack-zoo"}
    ana.client.set_cookie("xrm_menu", "best.setup")
    assert open_ones(ana.open("/")) == {"pack-zoo", "setup"}
    ana.client.delete_cookie("xrm_menu")


def test_the_group_of_the_page_is_open(ana: Person) -> None:
    sheet = ana.open("/r/cloud")
    assert "more" in open_ones(sheet)
    (current,) = [e for e in sheet.find("a", aria_current="page") if e.within("nav") and e.within("details")]
    assert current.text.strip() == "Clouds"


def test_the_headings_are_in_the_language_of_the_person(den: Place) -> None:
    assert "O melhor" in den.person("Rui", "system_admin", language="pt").open("/").text


def test_a_group_without_anything_to_read_is_not_there(tmp_path: Path) -> None:
    roles = "reader:\n  grants:\n    clouds: {entity: cloud, can: [read]}\n"
    first = a_pack("den", {"roles.yaml": roles}, **{n: ONE.format(name=n.title()) for n in NAMES})
    packs = [{**first, "pack.yaml": first["pack.yaml"] + MENU}]
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, packs)
    try:
        assert groups(a_place(runtime).person("Rea", "reader").open("/")) == {"more": ["Clouds"]}
    finally:
        runtime.close()


def test_what_stands_between_two_others_is_in_the_menu_where_a_pack_names_it(tmp_path: Path) -> None:
    between = "relationships:\n  a: {to: apple, required: true}\n  b: {to: boat, required: true}\n"
    entities = {name: ONE.format(name=name.title()) for name in ("apple", "boat")}
    entities |= {name: ONE.format(name=name.title()) + between for name in ("deal", "ferry")}
    pack = a_pack("den", **entities)
    named = pack["pack.yaml"] + "menu:\n  best: {entities: [deal, boat, apple]}\n"
    runtime = make_runtime(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, [{**pack, "pack.yaml": named}])
    try:
        found = groups(a_place(runtime).person("Ana").open("/"))
        assert found["best"] == ["Deals", "Boats", "Apples"]
        assert "Ferrys" not in found.get("more", [])
    finally:
        runtime.close()
