"""Lists: what stands in them, how they are narrowed and sorted, and that their address says all of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, a_place, the_pack

TIERS = ("gold", "silver", "bronze")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A shop with 120 customers of three tiers."""
    folder = tmp_path_factory.mktemp("full")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    place = a_place(runtime)
    place.person("Ana")
    first = place.make("customer", place.actor(), name="Aurora", tier="gold", since="2024-05-01")
    for n in range(1, 120):
        place.make(
            "customer", place.actor(), name=f"Customer {n:03}", tier=TIERS[n % 3], since=f"2025-01-{n % 28 + 1:02}",
            parent=first if n % 10 == 0 else None, loud=n % 2 == 0, budget={"amount": str(n), "currency": "EUR"},
        )  # fmt: skip
    yield place
    runtime.close()


@pytest.fixture
def ana(full: Place) -> Person:
    return full.person("Ana")


def test_the_columns_are_those_of_the_view(ana: Person) -> None:
    heads = [e.text.strip() for e in ana.open("/r/customer").find("th")]
    assert heads == ["Name", "Tier", "Parent customer", "Since", "Budget", "Loud"]


def test_a_list_shows_fifty_and_leads_to_the_next_without_scripts(ana: Person) -> None:
    first = ana.open("/r/customer")
    assert len(first.column(0)) == 50
    second = ana.open(first.links()["Load more"])
    third = ana.open(second.links()["Load more"])
    assert len(third.column(0)) == 20
    assert "Load more" not in third.links()
    every = [*first.column(0), *second.column(0), *third.column(0)]
    assert every == sorted(set(every))
    assert len(every) == 120


def test_the_next_rows_come_alone_for_the_script(ana: Person) -> None:
    way = ana.open("/r/customer").one("a", id="load-more")
    rows = ana.open(way["hx-get"], HX_Request="true", HX_Target="tr#more")
    assert rows.html.lstrip().startswith("<tr")
    assert len(rows.column(0)) == 50


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("f.tier=gold", 40),
        ("f.tier=gold&f.loud=true", 19),
        ("f.since.from=2025-01-10&f.since.to=2025-01-10", 4),
        ("search=aurora", 1),
        ("filter=budget > 100", 19),
        ("view=gold", 40),
        ("view=gold&f.since.from=2025-01-01", 39),
        ("f.parent.empty=false", 11),
        ("f.owner=me", 120),
        ("f.created_at.from=2026-06-15&f.created_at.to=2026-06-15", 120),
        ("f.created_at.to=2026-06-14", 0),
        ("f.parent.text=auro", 11),
    ],
)
def test_an_address_narrows_the_list(ana: Person, query: str, count: int) -> None:
    assert f"{count} record" in ana.open(f"/r/customer?{query}").text


def test_a_filter_by_record_shows_its_title_in_the_bar(ana: Person) -> None:
    aurora = ana.open("/r/customer?search=aurora").one("td", class_="slot-title")
    id_ = next(
        e["href"] for e in ana.open("/r/customer?search=aurora").find("a") if e.text.strip() == "Aurora"
    ).rpartition("/")[2]
    sheet = ana.open(f"/r/customer?f.parent={id_}")
    assert aurora.text.strip() == "Aurora"
    assert sheet.one("input", name="f.parent.text")["value"] == "Aurora"
    assert "11 records" in sheet.text


def test_the_filter_form_posts_the_list_as_it_stands(ana: Person) -> None:
    address = "/r/customer?view=all&sort=-since&f.tier=gold&search=customer"
    form = ana.open(address).form("/r/customer")
    assert form.getlist("f.tier") == ["gold"]
    assert (form.getlist("view"), form.getlist("sort"), form.getlist("search")) == (
        ["all"],
        ["-since"],
        ["customer"],
    )


def test_a_condition_without_a_control_of_its_own_can_be_taken_away(ana: Person) -> None:
    sheet = ana.open("/r/customer?f.name.starts_with=Customer 00&f.tier=gold")
    (chip,) = [e for e in sheet.find("a") if "Remove filter" in e.text]
    assert ana.open(chip["href"]).address == "/r/customer?f.tier=gold"


def test_sorting_is_a_link_that_turns_round(ana: Person) -> None:
    down = ana.open(next(e["href"] for e in ana.open("/r/customer").find("a", id="sort-name")))
    assert down.column(0)[0] == "Customer 119"
    assert down.one("th", aria_sort="descending").text.strip() == "Name"
    up = ana.open(down.one("a", id="sort-name")["href"])
    assert up.column(0)[0] == "Aurora"


def test_the_sort_stays_when_the_view_is_paged(ana: Person) -> None:
    first = ana.open("/r/customer?sort=-budget")
    second = ana.open(first.links()["Load more"])
    assert (first.column(0)[0], second.column(0)[0]) == ("Customer 119", "Customer 069")


def test_an_address_may_ask_for_other_columns(ana: Person) -> None:
    heads = [e.text.strip() for e in ana.open("/r/customer?fields=name,parent.tier,created_by").find("th")]
    assert heads == ["Name", "Parent customer · Tier", "Created by"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("filter=tier = ", "filter"),
        ("filter=colour == 1", "colour"),
        ("f.since.from=soon", ""),
        ("sort=nothing", ""),
    ],
)
def test_a_filter_that_cannot_be_used_says_why_and_shows_what_was_typed(
    ana: Person, query: str, said: str
) -> None:
    sheet = ana.open(f"/r/customer?{query}")
    assert sheet.status in (400, 422)
    assert "This filter cannot be used" in sheet.text
    assert said in sheet.text


def test_nothing_found_and_nothing_there_are_said_apart(ana: Person) -> None:
    assert "No customers match" in ana.open("/r/customer?search=zebra").text
    assert "No tickets yet" in ana.open("/r/ticket").text
    assert ana.open("/r/ticket").links()["New ticket"] == "/r/ticket/new"
    assert "No customers in this view" in ana.open("/r/customer?view=odd").text


def test_a_view_that_asks_what_one_may_not_read_is_not_offered(full: Place) -> None:
    assert "By score" not in full.person("Cleo", "clerk").open("/r/customer").links()
    assert "By score" in full.person("Ana").open("/r/customer").links()


def test_columns_that_one_may_not_read_are_not_there(full: Place) -> None:
    sheet = full.person("Cleo", "clerk").open("/r/customer?fields=name,secret_score")
    assert [e.text.strip() for e in sheet.find("th")] == ["Name"]


def test_a_list_takes_six_statements_and_none_for_each_row(
    full: Place, ana: Person, statements: Callable[[], int]
) -> None:
    ana.open("/r/customer")
    statements()
    ana.open("/r/customer")
    fifty = statements()
    ana.open("/r/customer?search=aurora")
    statements()
    ana.open("/r/customer?search=aurora")
    one = statements()
    assert fifty <= 6
    assert one <= 6
    ana.open("/r/customer?f.tier=gold&f.parent.empty=true&search=customer&sort=-since")
    assert statements() <= 6


def test_a_list_of_anything_connected_takes_no_statement_for_each_row(
    full: Place, ana: Person, statements: Callable[[], int]
) -> None:
    names = [full.make("connection_role", name=n) for n in ("knows", "known by")]
    people = [full.make("person", name=f"Person {n}") for n in range(12)]
    ids = [{"entity": "person", "id": i} for i in people]
    for near, far in itertools.pairwise(ids):
        full.make("connection", record_a=near, role_a=names[0], record_b=far, role_b=names[1])
    ana.open("/r/connection")
    statements()
    ana.open("/r/connection")
    assert statements() <= 6


def test_a_person_reads_amounts_and_days_their_own_way(full: Place) -> None:
    sheet = full.person("Rui", "system_admin", language="pt").open("/r/customer?search=119")
    assert sheet.column(4)[0].replace("\xa0", " ") == "119 €"


def test_a_page_of_a_list_stays_light(ana: Person) -> None:
    import gzip

    assert len(gzip.compress(ana.open("/r/customer").html.encode())) < 25_000


def test_the_address_of_a_list_is_kept_out_of_hands_that_write_into_pages(ana: Person) -> None:
    sheet = ana.open('/r/customer?search="><script>alert(1)</script>')
    assert "<script>alert" not in sheet.html
