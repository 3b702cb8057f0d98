"""Sharing one record from its page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Place
from xrm.app import mount
from xrm.engine.commands import Create, Delete, Target
from xrm.metadata.values import Ref
from xrm.testing import a_pack, an_actor

PACK = a_pack(
    "deals",
    deal="title: name\nownership: user_or_team\nfields:\n  name: {type: text, required: true}\n",
    files={
        "roles.yaml": """
seller:
  label: Seller
  grants:
    own: {entity: deal, can: [create, read, update, share], rows: own}
clearer:
  label: Clearer
  grants:
    own: {entity: deal, can: [create, read, delete, share], rows: own}
"""
    },
)


@pytest.fixture
def deals(database_url: str, tmp_path: Path) -> Iterator[Place]:
    runtime = make_runtime(database_url, tmp_path, [PACK])
    yield Place(runtime, mount(runtime))
    runtime.close()


def test_a_record_is_shared_and_the_share_ended_from_its_page(deals: Place) -> None:
    ana, rui = deals.person("Ana", "seller"), deals.person("Rui", "seller")
    made = ana.fill(ana.open("/r/deal/new"), "/r/deal/new", name="Lisbon bridge")
    href = made.address.partition("?")[0]
    assert rui.open(href).status == 404
    assert "Shared with" in made.text

    asked = ana.open(f"{href}/share")
    choice = f"user:{deals.runtime.directory.user('rui@example.com')}"
    assert choice in asked.html
    chips = [e for e in asked.find("input", name="level") if e["type"] == "hidden"]
    shown = ana.fill(asked, f"{href}/share", to=["", choice], level=[*(e["value"] for e in chips), "update"])
    assert "Rui" in shown.text
    seen = rui.open(href)
    assert (seen.status, "Shared with" in seen.text) == (200, False)
    assert "Edit" in seen.text

    assert rui.open(f"{href}/share").status == 403
    ana.fill(shown, f"{href}/shares/")
    assert rui.open(href).status == 404
    assert "ended a share" in ana.open(f"{href}/history").text


def test_a_share_is_ended_on_the_page_of_a_record_in_the_trash(deals: Place) -> None:
    page, rui = deals.person("Ana", "clearer"), an_actor(deals.runtime, "Rui", ["clearer"])
    ana, records = an_actor(deals.runtime, "Ana"), deals.runtime.current().records
    deal = records.do(ana, Create("deal", {"name": "Lisbon bridge"})).results[0].id
    records.share(ana, "deal", deal, Ref("user", rui.id), ["read"])
    records.do(ana, Delete("deal", Target(deal)))
    shown = page.open(f"/r/deal/{deal}")
    assert "Shared with 1 Rui read End the share" in " ".join(shown.text.split())
    assert f'/r/deal/{deal}/share"' not in shown.html
    ended = page.fill(shown, f"/r/deal/{deal}/shares/")
    assert "With nobody in particular." in ended.text


def test_a_share_with_nobody_is_refused_at_its_input(deals: Place) -> None:
    ana = deals.person("Ana", "seller")
    href = ana.fill(ana.open("/r/deal/new"), "/r/deal/new", name="Bridge").address.partition("?")[0]
    refused = ana.fill(ana.open(f"{href}/share"), f"{href}/share", to="")
    assert refused.status == 422
    assert "With whom is needed." in refused.links()
    odd = ana.fill(ana.open(f"{href}/share"), f"{href}/share", to="user:nobody")
    assert odd.status == 404


def test_nobody_gives_more_than_they_hold(deals: Place) -> None:
    ana, rui = deals.person("Ana", "seller"), deals.person("Rui", "seller")
    href = ana.fill(ana.open("/r/deal/new"), "/r/deal/new", name="Bridge").address.partition("?")[0]
    asked = ana.open(f"{href}/share")
    choice = f"user:{deals.runtime.directory.user('rui@example.com')}"
    assert choice in asked.html
    refused = ana.fill(asked, f"{href}/share", to=choice, level="everything")
    assert refused.status == 422
    assert rui.open(href).status == 404
