"""A pack in its next version over what the organisation changed, on pages: answer first, then look, then install."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Lay, Place, Sheet, a_place, the_pack
from tests.ui.pages.drafting import rows
from tests.ui.pages.test_admin_installation import told
from xrm.engine.packs import Revision, laying
from xrm.metadata.customising import from_documents
from xrm.testing import a_pack, make_settings

TOOL = """label: {label}
plural: Tools
title: name
fields:
  name: {{type: text, required: true, search: true}}
  kind: {{type: choice, options: {{hand: {{}}, power: {{label: {power}}}}}}}
"""
OURS = {
    "entities/tool.yaml": "label: Device\nfields: {kind: {options: {remove: [power]}}, tier: {type: integer}}\n"
}
KIND = "answer:entities/tool:fields.kind.options.remove.power"
LABEL = "answer:entities/tool:label.en"
PLAN = "/admin/packs/yard"


def yard(version: str = "1.0.0", label: str = "Tool", power: str = "Power", **files: str) -> dict[str, str]:
    documents = {f"scenarios/{name}.yaml": text for name, text in files.items()}
    return a_pack("yard", documents, version=version, tool=TOOL.format(label=label, power=power))


@pytest.fixture
def works(sqlite_url: str, tmp_path: Path, folder: Path) -> Iterator[Place]:
    """The shop with a yard that the organisation has changed."""
    settings = replace(make_settings(sqlite_url, tmp_path), packs=(folder,))
    runtime = make_runtime(sqlite_url, tmp_path, [the_pack(), yard()], settings=settings)
    runtime.packs.revise(Revision(edit=laying(from_documents(OURS), mirror=False)), runtime.installer)
    yield a_place(runtime)
    runtime.close()


def asked(sheet: Sheet) -> list[str]:
    """What is asked on the page, with what stands beside it."""
    return [" ".join(e.text.split()) for e in sheet.find("div", role="radiogroup")]


def ticked(sheet: Sheet) -> dict[str, str]:
    """The answers that are chosen."""
    found = sheet.find("input", type="radio")
    return {e.attributes["name"]: e.attributes["value"] for e in found if "checked" in e.attributes}


def test_conflicts_are_shown_with_three_values_and_nothing_can_be_installed_before_each_has_an_answer(
    works: Place, lay: Lay
) -> None:
    ana = works.person("Ana")
    lay(yard("1.1.0", "Implement", "Motor"))
    page = ana.open(PLAN)
    [label, kind] = asked(page)
    assert label.startswith(
        "Device › LabelThe pack had: Tool YoursDevicecustomisation/entities/tool.yaml:1:1TheirsImplementyard/"
    )
    assert kind.startswith("Device › Kind › Options › powerThe pack had: Power")
    assert "YoursTaken out" in kind
    assert "TheirsMotor" in kind
    assert f"{PLAN}/install" not in page.html
    assert ticked(page) == {}
    form = ana.open("/").form("/me/theme")
    refused = ana.send(f"{PLAN}/install", form)
    assert refused.status == 409
    assert works.runtime.packs.list()[-2].version == "1.0.0"


def test_what_is_answered_is_shown_as_a_plan_carried_out_and_remembered(works: Place, lay: Lay) -> None:
    ana = works.person("Ana")
    lay(yard("1.1.0", "Implement", "Motor"))
    page = ana.open(f"{PLAN}?{LABEL}=take&{KIND}=keep")
    assert ticked(page) == {LABEL: "take", KIND: "keep"}
    assert "entities/tool:label.en: your change goes, and what yard says holds." in page.text
    assert "Comes in: yard 1.1.0." in page.text
    done = ana.fill(page, f"{PLAN}/install")
    assert done.status == 200, done.text
    tool = works.runtime.current().model.entities["tool"]
    assert tool.label["en"] == "Implement"
    assert [option.key for option in tool.fields["kind"].options] == ["hand"]
    assert "tier" in tool.fields
    assert told(ana.open("/admin/packs"), "yard")[:2] == ["Installed", "1.1.0"]

    # The same question again is answered as before, and says so; another answer may be given.
    lay(yard("1.2.0", "Implement", "Engine"))
    ana.fill(ana.open(f"{PLAN}?{KIND}=keep"), f"{PLAN}/install")
    lay(yard("1.3.0", "Implement", "Motor"))
    again = ana.open(PLAN)
    assert "As you answered before" in asked(again)[0]
    assert ticked(again) == {KIND: "keep"}
    ana.fill(ana.open(f"{PLAN}?{KIND}=take"), f"{PLAN}/install")
    tool = works.runtime.current().model.entities["tool"]
    assert [option.key for option in tool.fields["kind"].options] == ["hand", "power"]


def test_a_plan_whose_answers_were_changed_on_the_way_is_not_carried_out(works: Place, lay: Lay) -> None:
    ana = works.person("Ana")
    lay(yard("1.1.0", "Implement", "Motor"))
    page = ana.open(f"{PLAN}?{LABEL}=keep&{KIND}=keep")
    changed = ana.fill(page, f"{PLAN}/install", **{LABEL: "take"})
    assert changed.status == 409
    assert "S120" in changed.text
    assert works.runtime.packs.list()[-2].version == "1.0.0"
    nonsense = ana.open(f"{PLAN}?answer:entities/tool:nothing=keep&{KIND}=perhaps")
    assert "P151" in nonsense.text


def test_an_installation_that_is_refused_is_told_on_the_page_of_its_plan(works: Place, lay: Lay) -> None:
    ana = works.person("Ana")
    lay(yard("1.1.0", made="scenario: Made\nthen: [{count: tool, is: 3}]\n"))
    page = ana.fill(ana.open(PLAN), f"{PLAN}/install")
    assert page.status == 422
    assert [row for row in rows(page) if row[0] == "T105"]
    assert "yard/scenarios/made.yaml:2:8" in page.text
    assert works.runtime.packs.list()[-2].version == "1.0.0"
