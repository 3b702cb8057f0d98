"""Addresses that people kept lead to the pages that are called otherwise now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Place, a_place
from xrm.testing import a_pack

FIRM = """
renamed_from: company
title: name
fields:
  name: {type: text, required: true}
  telephone: {type: phone, renamed_from: phone}
"""
ROLES = """
clerk: {grants: {all: {entity: firm, can: [create, read, update]}}}
stranger: {grants: {none: {entity: connection_role, can: [read]}}}
"""


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    runtime = make_runtime(database_url, tmp_path, [a_pack("trade", {"roles.yaml": ROLES}, firm=FIRM)])
    yield a_place(runtime)
    runtime.close()


def test_a_list_by_former_names_is_at_its_present_address(place: Place) -> None:
    clerk = place.person("Cleo", "clerk")
    place.make("firm", name="A", telephone="+351211234567")
    page = clerk.open("/r/company?sort=-phone&filter=phone+%21%3D+empty&search=A")
    assert page.status == 200
    assert unquote_plus(page.address) == "/r/firm?sort=-telephone&filter=telephone != empty&search=A"
    assert page.column(0)[0].startswith("A")
    assert clerk.open("/r/firm?sort=-telephone").address == "/r/firm?sort=-telephone"


def test_a_form_that_goes_to_a_former_address_is_saved(place: Place) -> None:
    clerk = place.person("Cleo", "clerk")
    form = clerk.open("/r/firm/new").form("/r/firm/new").without("name")
    form.pairs.append(("name", "Brewery"))
    page = clerk.send("/r/company/new", form)
    assert page.status == 200
    assert "/r/firm/" in page.address
    assert "Brewery" in page.text


def test_whoever_may_not_know_an_entity_is_not_led_to_it(place: Place) -> None:
    page = place.person("Odd", "stranger").open("/r/company")
    assert (page.status, page.address) == (404, "/r/company")
