"""What a page of the sales workspace may weigh and ask, with rights on: the same for few and for many records."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import sales
from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, a_place
from xrm.engine.queries.request import parse_query

FEW, MANY = 200, 100_000
KB = 1024
LIST = 6  # statements: the stamp, what one keeps and its titles, the saved views, the page, the count


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The demo with very many opportunities, of which the manager sees those of her unit."""
    folder: Path = tmp_path_factory.mktemp("sales")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, sales.PACKS, demo=True)
    sales.fill(runtime, MANY if request.config.getoption("--proofs") else FEW)
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def manager(place: Place) -> Person:
    """Somebody who sees a part of the records."""
    person = Person(place.app.test_client(), sales.MANAGER)
    person.fill(person.open("/login"), "/login", email=sales.MANAGER, password=sales.PASSWORD)
    return person


@pytest.fixture
def opportunity(place: Place) -> str:
    """One of her own."""
    runtime = place.runtime
    actor = runtime.identity.actor(runtime.directory.demand_user(sales.MANAGER), door="page")
    asked = {"filter": ['state == "prospecting" and owner == me'], "limit": ["1"]}
    query = parse_query("opportunity", asked, runtime.settings.limits)
    return str(runtime.current().queries.list(actor, query).data[0]["id"])


def test_no_page_is_heavier_than_a_later_page_may_be(manager: Person, opportunity: str) -> None:
    """25 KB of compressed HTML and 30 KB in all, since everything else is kept by the browser."""
    weights = {name: squeezed(manager.open(path).html) for name, path in sales.pages(opportunity).items()}
    assert {name: size for name, size in weights.items() if size > 25 * KB} == {}


def squeezed(html: str) -> int:
    return len(gzip.compress(html.encode(), 6, mtime=0))


def test_a_list_asks_at_most_six_times_however_it_is_narrowed(
    manager: Person, opportunity: str, statements: Callable[[], int]
) -> None:
    lists = {name: path for name, path in sales.pages(opportunity).items() if name.startswith("list")}
    assert len(lists) == 3
    for name, path in lists.items():
        manager.open(path)
        statements()
        assert manager.open(path).status == 200
        assert statements() <= LIST, name


def test_a_list_of_fifty_has_fewer_elements_than_a_page_may_have(manager: Person) -> None:
    sheet = manager.open("/r/opportunity?view=open")
    assert len(sheet.column(0)) == 50
    assert len(sheet.elements) < 2_500


def test_rights_are_on(manager: Person, place: Place) -> None:
    """She sees some of the opportunities and not all, or the figures above would say nothing."""
    runtime = place.runtime
    manager = runtime.identity.actor(runtime.directory.demand_user(sales.MANAGER), door="page")
    query = parse_query("opportunity", {"count": ["exact"], "limit": ["1"]}, runtime.settings.limits)
    hers, all_ = (
        runtime.current().queries.list(actor, query).count or 0 for actor in (manager, runtime.installer)
    )
    assert FEW // 4 < hers < all_
