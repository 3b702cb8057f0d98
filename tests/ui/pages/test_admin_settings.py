"""Settings of packs on pages: what they are, a form for those of a pack, and the plan before anything changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.settings_of_packs import PACK
from tests.ui.pages.conftest import Person, Place, Sheet, a_place
from tests.ui.pages.drafting import rows
from xrm.metadata.customising import CUSTOMISATION

SETTINGS = "/admin/settings"
SALES = f"{SETTINGS}/sales"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The pack with its settings, on SQLite."""
    folder = tmp_path_factory.mktemp("house")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [PACK])
    yield a_place(runtime)
    runtime.close()


def applied(ana: Person, plan: Sheet) -> Sheet:
    """The page after the button of a plan was pressed."""
    return ana.fill(plan, f"{SALES}/apply")


def test_settings_are_filled_in_planned_changed_and_reset(house: Place) -> None:
    ana = house.person("Ana")
    page = ana.open(SETTINGS)
    assert rows(page)[0][1:3] == ["Mon, Tue, Wed, Thu, Fri", "Mon, Tue, Wed, Thu, Fri"]
    assert [row[:4] for row in rows(page)][1:4] == [
        ["Word Ends each title.", "x", "x", "Sales"],
        ["Hot from", "70", "70", "Sales"],
        ["Rate", "12.5", "12.5", "Sales"],
    ]
    plan = ana.fill(ana.open(SALES), SALES, hot="40", first="2026-01-01", size="l", open=[])
    assert plan.address.startswith(f"{SALES}/plan?")
    assert "Found anew in every record: Lead › Hot, Lead › Told, Lead › Due." in plan.text
    assert [row for row in rows(plan) if row[0] == "Hot from"] == [["Hot from", "70", "40"]]
    assert house.runtime.packs.source(CUSTOMISATION) is None
    done = applied(ana, plan)
    assert "Changed: everybody works with it now" in done.text
    assert [row[1:3] for row in rows(done)][2:7:2] == [
        ["40", "70"],
        ["1 Jan 2026", "31 May 2020"],
        ["Large", "Small"],
    ]
    back = applied(ana, ana.open(f"{SALES}/plan?reset=hot&reset=first&reset=size&reset=open"))
    assert [row[1:3] for row in rows(back)][2:7:2] == [
        ["70", "70"],
        ["31 May 2020", "31 May 2020"],
        ["Small", "Small"],
    ]
    source = house.runtime.packs.source(CUSTOMISATION)
    assert source is not None
    assert source.files == {}


def test_what_a_setting_cannot_be_is_said_at_its_input_and_an_address_changes_nothing_by_itself(
    house: Place,
) -> None:
    ana = house.person("Ana")
    page = ana.fill(ana.open(SALES), SALES, hot="many", word="")
    assert page.status == 422
    assert "Word is needed." in page.text
    wrong = ana.open(f"{SALES}/plan?hot=many&size=xl&nothing=1")
    assert [row[0] for row in rows(wrong) if row[0].startswith("R1")] == ["R116", "R120"]
    assert ana.open(f"{SETTINGS}/nothing").status == 404
