"""Short filters with several values, and how many records a search finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.library import Library, made
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.testing import a_pack

ACCOUNT = """title: name
fields:
  name: {type: text, required: true, search: true}
  paid: {type: integer}
  ways: {type: multi_choice, options: [mail, phone, visit]}
"""
CITY = "title: name\nfields: {name: {type: text, required: true, search: true}}\n"


@pytest.fixture(scope="module")
def library(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    runtime = make_runtime(
        shared_url, tmp_path_factory.mktemp("library"), [a_pack("desk", account=ACCOUNT, city=CITY)]
    )
    library = Library(runtime, mount(runtime))
    made(library.admin, "account", name="a", paid=1, ways=["mail"])
    made(library.admin, "account", name="b", paid=2, ways=["phone", "visit"])
    made(library.admin, "account", name="c")
    yield library
    runtime.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("f.name=a&f.name=b", "ab"),
        ("f.name.eq=a&f.name.eq=b", "ab"),
        ("f.name.in=a&f.name.in=b", "ab"),
        ("f.name.ne=a", "bc"),
        ("f.name.ne=a&f.name.ne=b", "c"),
        ("f.paid.ne=1&f.paid.ne=3", "bc"),
        ("f.ways=mail&f.ways=phone", "ab"),
        ("f.ways.in=mail", "a"),
        ("f.ways.ne=mail", "bc"),
        ("f.ways.ne=mail&f.ways.ne=visit", "c"),
        ("f.ways.empty=true", "c"),
    ],
)
def test_several_values_mean_any_of_them_and_with_ne_none(library: Library, asked: str, found: str) -> None:
    got = library.admin("GET", f"/records/account?sort=name&{asked}")
    assert got.status_code == 200, got.text
    assert "".join(row["name"] for row in got.json["data"]) == found


@pytest.mark.parametrize(
    "asked",
    [
        "f.name.gt=a&f.name.gt=b",
        "f.name.contains=a&f.name.contains=b",
        "f.name.starts_with=a&f.name.starts_with=b",
        "f.paid.le=1&f.paid.le=2",
        "f.name.empty=true&f.name.empty=false",
    ],
)
def test_another_operator_takes_one_value(library: Library, asked: str) -> None:
    got = library.admin("GET", f"/records/account?{asked}")
    assert got.status_code == 422, got.text
    assert [(e["path"], e["code"]) for e in got.json["errors"]] == [(asked.partition("=")[0], "R105")]


@pytest.mark.parametrize("operator", ["lt", "le", "gt", "ge", "contains", "starts_with"])
def test_a_set_of_options_has_no_order_and_is_no_text(library: Library, operator: str) -> None:
    got = library.admin("GET", f"/records/account?f.ways.{operator}=mail")
    assert got.status_code == 422, got.text
    assert [(e["path"], e["code"]) for e in got.json["errors"]] == [(f"f.ways.{operator}", "R106")]


def test_a_search_finds_as_many_of_one_entity_as_are_asked_for(library: Library) -> None:
    library.admin("POST", "/records/city", json=[{"name": f"zebra {n}"} for n in range(30)])
    for entities in ("&entity=city", "", "&entity=city&entity=account"):
        found = [
            len(library.admin("GET", f"/search?q=zebra{entities}{limit}").json["data"])
            for limit in ("&limit=100", "&limit=25", "")
        ]
        assert found == [30, 25, 20], entities
