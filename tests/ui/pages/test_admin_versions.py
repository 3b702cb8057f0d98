"""The versions of definitions on pages: what changed, the way back through its plan, and what was removed."""

from __future__ import annotations

import re

import pytest

from tests.ui.pages.conftest import Place, Sheet
from tests.ui.pages.drafting import rows
from xrm.testing import a_pack, pack_from

TOOL = "label: Tool\nplural: Tools\ntitle: name\nfields: {name: {type: text, required: true, search: true}}\n"
HEAVY = TOOL.replace("fields: {", "fields: {weight: {type: integer}, ")


def put(place: Place, text: str) -> int:
    """The number of the version in which the tool is defined so."""
    packs, sources = place.runtime.packs, [pack_from(a_pack("yard", tool=text))]
    packs.install(sources, place.actor(), dev=True, confirmed=packs.plan(sources, dev=True).hash)
    return packs.versions()[0].number


def fields(place: Place) -> set[str]:
    return set(place.runtime.current().model.entities["tool"].fields)


@pytest.fixture
def yard(place: Place) -> Place:
    """A shop with a yard; Ana is its administrator."""
    place.person("Ana")
    put(place, TOOL)
    return place


def row(sheet: Sheet, name: str) -> list[str]:
    return next(r for r in rows(sheet) if re.match(rf"{re.escape(name)}\b", r[0]))


def test_versions_tell_when_who_through_which_door_and_what(yard: Place) -> None:
    ana = yard.person("Ana")
    light = put(yard, HEAVY) - 1
    page = ana.open("/admin/versions")
    assert page.find("a", href="/admin/versions", aria_current="page")
    now, before = row(page, f"Version {light + 1}"), row(page, f"Version {light}")
    assert now[0].endswith("In force")
    assert now[2] == "Ana by the API"
    assert now[3].startswith("yard 1.0.0 has other content. Add the field weight to tool.")
    assert before[3].startswith("yard 1.0.0 comes in.")
    one = ana.open(f"/admin/versions/{light}")
    assert ["yard 1.0.0 comes in."] in rows(one)
    assert one.links()["Roll back to this"] == f"/admin/versions/{light}/back"
    assert "Roll back to this" not in ana.open(f"/admin/versions/{light + 1}").text
    for wrong in ("999999", "none", "9" * 30, "9" * 30 + "/back", "0"):
        assert ana.open(f"/admin/versions/{wrong}").status == 404


def test_a_version_comes_back_as_its_plan_was_shown(yard: Place) -> None:
    ana = yard.person("Ana")
    heavy = put(yard, HEAVY)
    hammer = yard.make("tool", name="Hammer", weight=3)
    light = put(yard, TOOL)
    way = f"/admin/versions/{heavy}/back"
    plan = ana.open(way)
    back = row(plan, "Bring back tool.weight")
    assert back[1:3] == ["Instant", "1 row"]
    assert ["yard 1.0.0 has other content."] in rows(plan)
    assert "Confirm and roll back" not in plan.text
    done = ana.fill(plan, way)
    assert "Back at version" in done.text
    assert row(done, f"Version {light + 1}")[2] == "Ana on a page"
    assert yard.read("tool", hammer)["weight"] == 3


def test_what_did_not_exist_then_goes_only_with_the_confirmation_of_this_plan(yard: Place) -> None:
    ana = yard.person("Ana")
    light = yard.runtime.packs.versions()[0].number
    heavy = put(yard, HEAVY)
    yard.make("tool", name="Hammer", weight=3)
    way = f"/admin/versions/{light}/back"
    plan = ana.open(way)
    gone = row(plan, "Remove tool.weight")
    assert gone[1:3] == ["Removes", "1 row"]
    form = plan.form(way)
    refused = ana.send(way, form.without("mark"))
    assert refused.status == 409
    assert "S116" in refused.text
    put(yard, HEAVY.replace("weight", "mass"))
    stale = ana.send(way, form)
    assert stale.status == 409
    assert "S120" in stale.text
    assert "mass" in fields(yard)
    ana.fill(stale, way)
    assert fields(yard) == {"name"}
    assert yard.runtime.packs.versions()[0].number == heavy + 2


def test_what_was_removed_is_listed_until_it_goes_and_goes_for_good_through_a_plan(yard: Place) -> None:
    ana = yard.person("Ana")
    assert "Nothing is kept" in ana.open("/admin/versions/removed").text
    put(yard, HEAVY)
    yard.make("tool", name="Hammer", weight=3)
    put(yard, TOOL)
    kept = ana.open("/admin/versions/removed")
    assert "What was removed (1)" in ana.open("/admin/versions").text
    assert row(kept, "Tool › Weight")[0] == "Tool › Weight tool.weight, with its values"
    assert row(kept, "Tool › Weight")[2] == "Ana"
    address = kept.links()["Destroy"]
    plan = ana.open(address)
    assert row(plan, "Destroy the values of tool.weight")[1:] == ["Removes", "1 row", "There is no undo."]
    form = plan.form(address)
    assert ana.send(address, form.without("mark")).status == 409
    assert len(yard.runtime.packs.removed()) == 1
    assert "Destroyed for good" in ana.send(address, form).text
    assert yard.runtime.packs.removed() == ()
    assert ana.open(address).status == 404
    assert ana.open("/admin/versions/removed/all").status == 404


def test_versions_are_for_administrators(shop: Place) -> None:
    bob = shop.person("Bob", "clerk")
    number = shop.runtime.packs.versions()[0].number
    for path in ("", f"/{number}", f"/{number}/back", "/removed", "/removed/1"):
        assert bob.open(f"/admin/versions{path}").status == 403
    form = bob.open("/").form("/me/theme")
    for path in (f"/{number}/back", "/removed/all"):
        assert bob.send(f"/admin/versions{path}", form).status == 403
