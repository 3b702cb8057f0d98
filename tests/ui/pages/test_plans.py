"""Every page that shows a plan asks for the same decisions, carries them along, and is confirmed by the same mark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Lay, Place, Sheet, a_place, the_pack
from tests.ui.pages.drafting import rows
from xrm.engine.commands import Create, Link, Target, Transition
from xrm.engine.packs import Revision, laying
from xrm.engine.packs.versions import MOST
from xrm.engine.storage.ledger import ACTIVATION
from xrm.engine.views import ALL, Asked, Wanted
from xrm.metadata.customising import from_documents
from xrm.testing import a_pack, make_settings, pack_from

TOOL = """label: Tool
plural: Tools
title: name
fields:
  name: {type: text, required: true, search: true}
  code: {type: text}
"""
NUMBERED = TOOL.replace("code: {type: text}", "code: {type: integer}")
DEMANDED = TOOL.replace("code: {type: text}", "code: {type: text, required: true}")
YARD, UNFIT, EMPTY = "/admin/packs/yard", "unfit:tool.code", "empty:tool.code"


@pytest.fixture
def works(sqlite_url: str, tmp_path: Path, folder: Path) -> Iterator[Place]:
    """The shop with a yard whose files are at hand; Ana is its administrator."""
    settings = replace(make_settings(sqlite_url, tmp_path), packs=(folder,))
    runtime = make_runtime(sqlite_url, tmp_path, [the_pack(), a_pack("yard", tool=TOOL)], settings=settings)
    place = a_place(runtime)
    place.person("Ana")
    yield place
    runtime.close()


def make(place: Place, *tools: dict[str, object]) -> None:
    place.runtime.current().records.execute(place.actor(), [Create("tool", tool) for tool in tools])


def codes(place: Place) -> list[object]:
    table = place.runtime.current().schema.entities["tool"].table
    with place.runtime.database.read() as unit:
        return list(unit.execute(sa.select(table.c.code).order_by(table.c.title)).scalars())


def deciding(page: Sheet) -> set[str]:
    """The places that the page asks decisions for."""
    names = {e.attributes.get("name", "") for e in page.find("input", type="text")}
    return {name for name in names if ":" in name}


def carried(page: Sheet, action: str) -> dict[str, str]:
    """What the form that shows the plan again carries along."""
    hidden = page.find("input", type="hidden")
    forms = page.find("form", action=action, method="get")
    return {
        e.attributes["name"]: e.attributes["value"] for f in forms for e in hidden if e.within("form") is f
    }


def test_an_upgrade_asks_what_becomes_of_values_and_carries_the_decision_to_its_button(
    works: Place, lay: Lay
) -> None:
    ana = works.person("Ana")
    make(works, {"name": "Axe", "code": "7"}, {"name": "Saw", "code": "many"})
    lay(a_pack("yard", version="1.1.0", tool=NUMBERED))
    page = ana.open(YARD)
    assert deciding(page) == {UNFIT}
    assert "Tool › Code: values that do not fit become" in page.text
    assert not page.find("form", action=f"{YARD}/install")
    page = ana.open(f"{YARD}?{UNFIT}=0")
    assert ana.fill(page, f"{YARD}/install").status == 200
    assert codes(works) == [7, 0]


def test_answers_and_decisions_do_not_forget_each_other(works: Place, lay: Lay) -> None:
    ana, label = works.person("Ana"), "answer:entities/tool:label.en"
    ours = laying(from_documents({"entities/tool.yaml": "label: Device\n"}), mirror=False)
    works.runtime.packs.revise(Revision(edit=ours), works.actor())
    make(works, {"name": "Saw", "code": "many"})
    lay(a_pack("yard", version="1.1.0", tool=NUMBERED.replace("Tool\n", "Implement\n")))
    assert carried(ana.open(f"{YARD}?{label}=take"), YARD) == {label: "take"}
    assert carried(ana.open(f"{YARD}?clear={UNFIT}"), YARD) == {"clear": UNFIT}
    page = ana.open(f"{YARD}?{label}=take&clear={UNFIT}")
    assert ana.fill(page, f"{YARD}/install").status == 200
    assert works.runtime.current().model.entities["tool"].label["en"] == "Implement"
    assert codes(works) == [None]


def test_the_way_back_asks_what_becomes_of_values(works: Place) -> None:
    ana, packs = works.person("Ana"), works.runtime.packs
    packs.install([pack_from(a_pack("yard", version="1.1.0", tool=DEMANDED))], works.actor())
    number = packs.versions()[0].number
    packs.install([pack_from(a_pack("yard", version="1.2.0", tool=TOOL))], works.actor())
    make(works, {"name": "Saw"})
    way = f"/admin/versions/{number}/back"
    assert deciding(ana.open(way)) == {EMPTY}
    assert ana.fill(ana.open(f"{way}?{EMPTY}=none"), way).status == 200
    assert codes(works) == ["none"]


def test_an_uninstallation_asks_what_becomes_of_values(works: Place) -> None:
    ana = works.person("Ana")
    kind = TOOL.replace("code: {type: text}", "code: {type: choice, options: [old, new]}")
    works.runtime.packs.install(
        [pack_from(a_pack("yard", version="1.1.0", tool=kind)), pack_from(barn())], works.actor()
    )
    make(works, {"name": "Saw", "code": "rented"})
    page = ana.open("/admin/uninstall/barn")
    (choice,) = [e for e in page.find("select") if ":" in e.attributes.get("name", "")]
    assert choice.attributes["name"] == "option:tool.code.rented"
    options = [e.attributes["value"] for e in page.find("option") if e.within("select") is choice]
    assert options == ["", "old", "new"]
    page = ana.open("/admin/uninstall/barn?option:tool.code.rented=new")
    assert ana.fill(page, "/admin/uninstall/barn/go").status == 200
    assert codes(works) == ["new"]


LIFE = "states: {open: {initial: true}, lent: {label: Lent}, done: {label: Done}}\n"
STEPS = "transitions:\n  lend: {from: open, to: lent}\n  end: {from: [open, lent], to: done}\n"


def test_an_upgrade_asks_where_records_go_from_a_state_that_goes_and_what_becomes_of_links(
    works: Place, lay: Lay
) -> None:
    ana = works.person("Ana")
    linked = (
        TOOL
        + "relationships:\n  parts: {to: tool, many: true, attributes: {use: {type: text, label: Use}}}\n"
    )
    life = {"lifecycles/tool.yaml": LIFE + STEPS}
    works.runtime.packs.install(
        [pack_from(a_pack("yard", life, version="1.1.0", tool=linked))], works.actor()
    )
    make(works, {"name": "Saw"})
    records = works.runtime.current().records
    saw = records.execute(works.actor(), [Create("tool", {"name": "Axe"})]).results[0].id
    records.execute(works.actor(), [Transition("tool", Target(saw), "lend")])
    records.execute(works.actor(), [Link("tool", Target(saw), "parts", {"id": str(saw)}, {"use": "blade"})])
    shorter = {
        "lifecycles/tool.yaml": (LIFE + STEPS)
        .replace(" lent: {label: Lent},", "")
        .replace("  lend: {from: open, to: lent}\n", "")
        .replace("[open, lent]", "open")
    }
    number = linked.replace("use: {type: text", "use: {type: integer")
    lay(a_pack("yard", shorter, version="1.2.0", tool=number))
    page, use = ana.open(YARD), "unfit:tool.parts.use"
    assert deciding(page) == {use}
    assert "Tool › Parts › Use: values that do not fit become" in page.text
    assert "Tool: records in the state lent go to" in page.text
    (choice,) = [e for e in page.find("select") if e.attributes.get("name") == "state:tool.lent"]
    options = [e.attributes["value"] for e in page.find("option") if e.within("select") is choice]
    assert options == ["", "open", "done"]
    page = ana.open(f"{YARD}?{use}=1&state:tool.lent=done")
    assert ana.fill(page, f"{YARD}/install").status == 200
    assert works.runtime.current().queries.get(works.actor(), "tool", saw)["state"] == "done"
    assert ana.open(f"/r/tool/{saw}").status == 200


def barn() -> dict[str, str]:
    """A pack that adds an option to the tools of the yard."""
    files = {"extend/tool.yaml": "fields: {code: {options: {add: {rented: Rented}}}}\n"}
    pack = a_pack("barn", files, door=TOOL.replace("Tool", "Door"))
    return {**pack, "pack.yaml": pack["pack.yaml"] + "requires: {yard: '>=1.0'}\n"}


def test_a_pack_is_disabled_after_a_look_at_what_is_away_then_and_by_the_mark_of_that_plan(
    works: Place,
) -> None:
    ana, views = works.person("Ana"), works.runtime.current().views
    views.create(works.actor(), "tool", Wanted("Coded", Asked(fields=("name", "code")), ALL))
    make(works, {"name": "Saw"})
    page = ana.open(f"{YARD}/disable")
    assert ["Tools tool", "1 record"] in rows(page)
    assert ["Coded", "Tools", "tool"] in rows(page)
    unseen = ana.send(f"{YARD}/disable", ana.open("/").form("/me/theme"))
    assert (unseen.status, "S120" in unseen.text) == (409, True)
    assert ana.open("/r/tool").status == 200
    assert ana.fill(page, f"{YARD}/disable").status == 200
    assert ana.open("/r/tool").status == 404
    page = ana.open(f"{YARD}/enable")
    assert "No table changes" in page.text
    assert ana.fill(page, f"{YARD}/enable").status == 200
    assert ana.open("/r/tool").status == 200


def test_versions_go_on_below_those_that_are_listed_first(works: Place) -> None:
    ana = works.person("Ana")
    with works.runtime.database.write() as unit:
        last = unit.execute(sa.select(ACTIVATION).order_by(ACTIVATION.c.number.desc())).mappings().first()
        assert last is not None
        again = {name: value for name, value in last.items() if name != "number"}
        unit.execute(sa.insert(ACTIVATION), [again] * MOST)
    page = ana.open("/admin/versions")
    assert len(rows(page)) == MOST
    assert rows(page)[0][0].endswith("In force")
    further = ana.open(page.links()["Load more"])
    numbers = [row[0] for row in rows(further)]
    assert numbers[-1] == "Version 1"
    assert not any(name.endswith("In force") for name in numbers)
    assert ana.open("/admin/versions/1").status == 200
    assert ana.open("/admin/versions/1/back").status == 200
