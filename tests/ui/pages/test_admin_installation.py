"""The installation itself: which packs it has and could have, and whether it is well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Lay, Place, Sheet, a_place, the_pack
from tests.ui.pages.drafting import rows
from xrm.engine.storage.ledger import CHANGE, JOB
from xrm.testing import a_pack, make_settings

TOOL = "label: Tool\nplural: Tools\ntitle: name\nfields: {name: {type: text, required: true, search: true}}\n"
MORE = TOOL.replace("fields: {", "fields: {weight: {type: integer}, ")
WRONG = "label: Tool\nplural: Tools\nfields: {name: {type: no_such_type}}\n"


@pytest.fixture
def works(database_url: str, tmp_path: Path, folder: Path) -> Iterator[Place]:
    """The shop on each database in turn, with a folder for more packs."""
    settings = replace(make_settings(database_url, tmp_path), packs=(folder,))
    runtime = make_runtime(database_url, tmp_path, [the_pack()], settings=settings)
    yield a_place(runtime)
    runtime.close()


def told(sheet: Sheet, name: str) -> list[str]:
    """What is said of one pack or examination."""
    return next(row[1:] for row in rows(sheet) if row[0] == name or row[0].endswith(f" {name}"))


def test_installed_packs_tell_their_version_and_what_they_bring(shop: Place) -> None:
    ana = shop.person("Ana")
    assert told(ana.open("/admin/packs"), "shop")[:2] == ["Installed", "1.0.0"]
    page = ana.open("/admin/packs/shop")
    assert [row[0] for row in rows(page)] == [
        "Customers customer",
        "Orders order",
        "People person",
        "Tickets ticket",
    ]
    assert "Clerk" in page.text
    assert ana.open("/admin/packs/nothing").status == 404


def test_a_pack_leads_to_where_its_entities_and_their_fields_are_used(shop: Place) -> None:
    ana = shop.person("Ana")
    assert ana.open("/admin/packs/shop").find("a", href="/admin/uses?of=customer")
    page = ana.open("/admin/uses?of=customer")
    assert "relationship:customer.parent" in [row[0] for row in rows(page)]
    assert page.find("a", href="/admin/uses?of=customer.weight")
    page = ana.open("/admin/uses?of=customer.weight")
    place = next(row[1] for row in rows(page) if row[0] == "rule:customer.light.must")
    assert place.startswith("shop/entities/customer.yaml:")
    assert ana.open("/admin/roles/clerk").links()["Where used"] == "/admin/uses?of=role%3Aclerk"
    tier = ana.open("/admin/definitions/e/customer/fields/tier")
    assert tier.find("a", href="/admin/uses?of=customer.tier.gold")
    assert "customer.wheight" in ana.open("/admin/uses?of=customer.wheight").text
    assert ana.open("/admin/uses").status == 200
    assert shop.person("Bob", "clerk").open("/admin/uses?of=customer").status == 403


def test_a_pack_at_hand_is_installed_after_a_look_at_its_plan_and_brought_up_to_date(
    works: Place, lay: Lay
) -> None:
    ana = works.person("Ana")
    lay(a_pack("yard", tool=TOOL))
    assert told(ana.open("/admin/packs"), "yard")[:3] == ["At hand", "", "1.0.0"]
    plan = ana.open("/admin/packs/yard")
    assert "Comes in: yard 1.0.0." in plan.text
    assert any("tool" in row[0] for row in rows(plan))
    assert "tool" not in works.runtime.current().model.entities
    page = ana.fill(plan, "/admin/packs/yard/install")
    assert page.status == 200, page.text
    assert told(ana.open("/admin/packs"), "yard")[:2] == ["Installed", "1.0.0"]
    assert ana.open("/r/tool").status == 200

    lay(a_pack("yard", version="1.1.0", tool=MORE))
    assert told(ana.open("/admin/packs"), "yard")[:3] == ["Other files at hand", "1.0.0", "1.1.0"]
    plan = ana.open("/admin/packs/yard")
    ana.fill(plan, "/admin/packs/yard/install")
    assert "weight" in works.runtime.current().model.entities["tool"].fields


def test_a_plan_that_has_changed_since_it_was_shown_is_not_carried_out(works: Place, lay: Lay) -> None:
    ana = works.person("Ana")
    lay(a_pack("yard", tool=TOOL))
    plan = ana.open("/admin/packs/yard")
    lay(a_pack("yard", tool=MORE))
    refused = ana.fill(plan, "/admin/packs/yard/install")
    assert (refused.status, "S120" in refused.text) == (409, True)
    assert "tool" not in works.runtime.current().model.entities


def test_what_is_wrong_with_a_pack_is_told_with_its_place_and_without_the_folder(
    works: Place, lay: Lay
) -> None:
    ana, tmp = works.person("Ana"), str(works.runtime.settings.packs[0])
    lay(a_pack("yard", tool=WRONG))
    assert told(ana.open("/admin/packs"), "yard")[0] in ("Wrong", "At hand")
    page = ana.open("/admin/packs/yard")
    assert any(cell.startswith("yard/entities/tool.yaml:") for row in rows(page) for cell in row)
    assert "/admin/packs/yard/install" not in page.html
    assert tmp not in page.html
    form = ana.open("/").form("/me/theme")
    assert ana.send("/admin/packs/yard/install", form).status in (409, 422)
    assert ana.send("/admin/packs/..%2Fyard/install", form).status == 404
    lay(a_pack("yard", tool=TOOL + "relationships: {customer: {to: customer}}\n"))
    page = ana.open("/admin/packs/yard")
    assert any(cell.startswith("yard/entities/tool.yaml:") for row in rows(page) for cell in row)
    assert "Add shop to requires in pack.yaml." in page.text
    assert ana.send("/admin/packs/yard/install", form).status == 422
    assert "yard" not in works.runtime.current().model.packs


def test_health_tells_what_the_doctor_finds_and_more_on_request(place: Place) -> None:
    ana = place.person("Ana")
    glance = ana.open("/admin/health")
    assert "Nothing is wrong" in glance.text
    assert {row[1] for row in rows(glance)} == {"Fine"}
    assert told(glance, "Search index")[1].endswith("records can be found")
    names = {row[0] for row in rows(glance)}
    whole = {row[0] for row in rows(ana.open(glance.links()["Examine everything"]))}
    assert {"Database", "Queue", "Stamp", "Packs", "Program", "Clock"} <= names
    assert all(name[0].isupper() for name in whole)
    assert whole - names == {"Tables", "Files", "Unused files", "Links", "Computed values"}


def test_what_is_ill_stands_first_with_what_helps(place: Place) -> None:
    ana, now = place.person("Ana"), place.runtime.world.now()
    place.make("person", name="Somebody", by=place.actor())
    place.runtime.jobs.register("easy", lambda context: {})
    job = place.runtime.jobs.start("easy", {}, place.actor())
    with place.runtime.database.write() as unit:
        old = {"state": "queued", "created_at": now - timedelta(hours=1)}
        unit.execute(sa.update(JOB).where(JOB.c.id == job).values(old))
        unit.execute(sa.update(CHANGE).values(at=now + timedelta(days=1)))
    found = rows(ana.open("/admin/health"))
    assert [row[:2] for row in found[:2]] == [["Queue", "Wrong"], ["Clock", "Wrong"]]
    assert found[0][3] == "Run xrm work."
    assert "1 queued" in found[0][2]


def test_a_plan_that_removes_something_says_so_and_its_button_confirms_it(works: Place, lay: Lay) -> None:
    ana = works.person("Ana")
    lay(a_pack("yard", tool=MORE))
    ana.fill(ana.open("/admin/packs/yard"), "/admin/packs/yard/install")
    lay(a_pack("yard", version="1.1.0", tool=TOOL))
    plan = ana.open("/admin/packs/yard")
    removal = next(row for row in rows(plan) if row[0].startswith("Remove tool.weight;"))
    assert removal[1] == "Removes"
    assert removal[3].startswith("Define tool.weight again")
    assert "Confirm and install" in plan.text
    form = ana.open("/").form("/me/theme")
    assert ana.send("/admin/packs/yard/install", form).status == 409
    assert "weight" in works.runtime.current().model.entities["tool"].fields
    assert ana.fill(plan, "/admin/packs/yard/install").status == 200
    assert "weight" not in works.runtime.current().model.entities["tool"].fields
    assert [kept.thing for kept in works.runtime.packs.removed()] == ["tool.weight"]


def test_a_pack_is_disabled_and_enabled_on_its_page(works: Place, lay: Lay) -> None:
    ana, bob = works.person("Ana"), works.person("Bob", "clerk")
    lay(a_pack("yard", tool=TOOL))
    ana.fill(ana.open("/admin/packs/yard"), "/admin/packs/yard/install")
    assert ana.open("/r/tool").status == 200
    page = ana.fill(ana.open("/admin/packs/yard/disable"), "/admin/packs/yard/disable")
    assert "Disabled: Yard" in page.text
    assert ana.open("/r/tool").status == 404
    assert "/r/tool" not in ana.open("/").html
    assert told(ana.open("/admin/packs"), "yard")[0] == "Disabled"
    assert ana.open("/r/customer").status == 200
    form = bob.open("/").form("/me/theme")
    assert bob.send("/admin/packs/yard/enable", form).status == 403
    ana.fill(ana.open("/admin/packs/yard/enable"), "/admin/packs/yard/enable")
    assert ana.open("/r/tool").status == 200
    needs = a_pack("barn", door=TOOL.replace("Tool", "Door"))
    lay({**needs, "pack.yaml": needs["pack.yaml"] + "requires: {yard: '>=1.0'}\n"})
    ana.fill(ana.open("/admin/packs/barn"), "/admin/packs/barn/install")
    refused = ana.open("/admin/packs/yard/disable")
    assert not refused.find("form", action="/admin/packs/yard/disable")
    assert "yard is required by barn." in refused.text


def test_a_pack_is_uninstalled_after_its_records_were_offered_as_files_and_its_plan_was_shown(
    works: Place, lay: Lay
) -> None:
    ana, bob = works.person("Ana"), works.person("Bob", "clerk")
    extra = {"extend/customer.yaml": "fields: {shed: {type: text}}\n", "roles.yaml": "keeper: {grants: {}}\n"}
    yard = a_pack("yard", extra, tool=TOOL)
    lay({**yard, "pack.yaml": yard["pack.yaml"] + "requires: {shop: '>=1.0'}\n"})
    ana.fill(ana.open("/admin/packs/yard"), "/admin/packs/yard/install")
    works.make("tool", name="Spade", by=works.actor())
    works.make("customer", name="Delta", shed="North", by=works.actor())
    page = ana.open(ana.open("/admin/packs/yard").links()["Uninstall"])
    assert [row[:2] for row in rows(page)][:3] == [
        ["Tools tool", "1 record"], ["Customer › Shed", "1 record"], ["Keeper keeper", "Held by 0"],
    ]  # fmt: skip
    form = ana.open("/").form("/me/theme")

    def saved(entity: str) -> str:
        given = MultiDict([*form.pairs, ("entity", entity)])
        return ana.client.post("/admin/uninstall/yard/file", data=given).get_data(as_text=True)

    assert page.text.count("Save as a file") == 2
    assert '"name":"Spade"' in saved("tool")
    fields = saved("customer")
    assert '"shed":"North"' in fields
    assert "Delta" not in fields
    assert ana.send("/admin/uninstall/yard/file", form, entity=["order"]).status == 404
    assert ana.send("/admin/uninstall/yard/go", form).status == 409
    assert bob.open("/admin/uninstall/yard").status == 403
    assert "tool" in works.runtime.current().model.entities
    assert any(row[0].startswith("Remove tool") for row in rows(page))
    gone = ana.fill(page, "/admin/uninstall/yard/go")
    assert "Uninstalled: yard" in gone.text
    assert "tool" not in works.runtime.current().model.entities
    assert {"tool", "customer.shed"} <= {kept.thing for kept in works.runtime.packs.removed()}
    assert ana.open("/admin/uninstall/yard").status == 404
    assert "is required by" not in ana.open("/admin/uninstall/shop").text
