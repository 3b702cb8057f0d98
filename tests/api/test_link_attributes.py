"""Attributes of links are needed and begin with a value as fields of records do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.library import Library, made
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.testing import a_pack

THING = """
title: name
fields:
  name: {type: text, required: true}
  short: {type: text, max_length: 4, default: name}
relationships:
  hands:
    to: person
    many: true
    inverse: things
    attributes:
      role: {type: choice, options: [lead, sup], required: true}
      mode: {type: choice, options: [plain, rare], default: plain}
      called: {type: text, max_length: 6, default: name}
      share: {type: percent}
"""
PERSON = "title: name\nfields: {name: {type: text, required: true}}\n"


@pytest.fixture
def library(database_url: str, tmp_path: Path) -> Iterator[Library]:
    runtime = make_runtime(database_url, tmp_path, [a_pack("desk", thing=THING, person=PERSON)])
    yield Library(runtime, mount(runtime))
    runtime.close()


@pytest.fixture
def ends(library: Library) -> tuple[str, str]:
    """A thing and a person, not linked yet."""
    thing = made(library.admin, "thing", name="One")["id"]
    return thing, made(library.admin, "person", name="Ana")["id"]


def linked(library: Library, ends: tuple[str, str], **values: Any) -> Any:
    link = {"to": ends[1], "values": values}
    return library.admin("POST", f"/records/thing/{ends[0]}/links/hands", json=link)


def shown(library: Library, ends: tuple[str, str]) -> dict[str, Any]:
    [row] = library.admin("GET", f"/records/thing/{ends[0]}/links/hands").json["data"]
    return {name: row["link"][name] for name in ("role", "mode", "called", "share")}


def test_attributes_that_are_not_given_begin_with_their_defaults(library: Library, ends: tuple[str, str]):
    assert linked(library, ends, role="lead").status_code in (200, 201)
    assert shown(library, ends) == {"role": "lead", "mode": "plain", "called": "One", "share": None}


def test_attributes_that_are_given_stay_as_they_are(library: Library, ends: tuple[str, str]):
    assert linked(library, ends, role="sup", mode=None, called="x").status_code in (200, 201)
    assert shown(library, ends) == {"role": "sup", "mode": None, "called": "x", "share": None}


@pytest.mark.parametrize("values", [{}, {"role": None}])
def test_a_link_without_an_attribute_that_is_needed_is_refused(
    library: Library, ends: tuple[str, str], values: dict[str, Any]
):
    refused = linked(library, ends, **values)
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "R130")
    assert refused.json["errors"][0]["path"].endswith("role")
    assert library.admin("GET", f"/records/thing/{ends[0]}/links/hands").json["data"] == []


def test_an_attribute_that_is_needed_is_not_taken_from_a_link(library: Library, ends: tuple[str, str]):
    thing = f"/records/thing/{ends[0]}"
    link = linked(library, ends, role="lead", share="5").json["link"]
    changed = {"hands": {"update": [{"id": link, "role": None}]}}
    refused = library.admin("PATCH", thing, json=changed)
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "R130")
    assert (
        library.admin("PATCH", thing, json={"hands": {"update": [{"id": link, "share": "6"}]}}).status_code
        == 200
    )
    assert shown(library, ends)["role"] == "lead"


def test_a_default_that_does_not_fit_its_field_is_refused_at_its_place(library: Library):
    refused = library.admin("POST", "/records/thing", json={"name": "Longer"})
    assert (refused.status_code, [e["path"] for e in refused.json["errors"]]) == (422, ["short"])
    thing = made(library.admin, "thing", name="Eight or more", short="x")["id"]
    person = made(library.admin, "person", name="Ana")["id"]
    refused = linked(library, (thing, person), role="lead")
    assert (refused.status_code, [e["code"] for e in refused.json["errors"]]) == (422, ["R111"])
    assert refused.json["errors"][0]["path"].endswith("called")
