"""How a list is shown: columns, order, type, totals and density are chosen by plain pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from tests.ui.pages.conftest import Person, Place, Sheet


@pytest.fixture(scope="module")
def shop(shop: Place) -> Iterator[Place]:
    top = shop.make("customer", name="Top", tier="gold", budget={"amount": "5", "currency": "EUR"})
    for n in range(6):
        shop.make(
            "customer", name=f"Firm {n}", tier=("gold", "silver")[n % 2], parent=top, weight=str(n),
            budget={"amount": f"{n}.50", "currency": "EUR"} if n else None, secret_score=n,
        )  # fmt: skip
    return shop


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def display(person: Person, sheet: Sheet) -> Sheet:
    return person.open(sheet.one("a", id="display-link")["href"])


def asked(person: Person, form: Sheet, **changed: str) -> Sheet:
    """The form asked again with something done in it, or the list that it leads to."""
    posted = form.form("/r/customer/display")
    for name in changed:
        posted = posted.without(f"c.{name}")
    pairs = [*posted.pairs, *((f"c.{name}", value) for name, value in changed.items())]
    address = f"/r/customer/display?{urlencode(pairs)}"
    answer = person.client.get(address, headers={"Accept": "text/html"})
    return (
        person.open(answer.headers["Location"])
        if answer.status_code == 303
        else person._read(answer, address)
    )


def lines(form: Sheet, name: str) -> list[str]:
    return form.form("/r/customer/display").getlist(name)


def heads(sheet: Sheet) -> list[str]:
    return [" ".join(e.text.split()) for e in sheet.find("th", scope="col")]


def feet(sheet: Sheet) -> list[str]:
    """The totals, by what they say."""
    return [" ".join(e.text.split()) for e in sheet.elements if e.within("tfoot") and e.tag in ("th", "td")]


def test_columns_are_chosen_and_put_in_order(ana: Person) -> None:
    form = display(ana, ana.open("/r/customer"))
    assert lines(form, "c.col") == ["name", "tier", "parent", "since", "budget", "loud"]
    form = asked(ana, form, do="out:col:loud")
    form = asked(ana, form, do="out:col:since")
    form = asked(ana, form, add="parent.tier")
    form = asked(ana, form, do="up:col:parent.tier")
    form = asked(ana, form, do="down:col:tier")
    assert lines(form, "c.col") == ["name", "parent", "tier", "parent.tier", "budget"]
    sheet = asked(ana, form, done="1")
    assert heads(sheet) == ["Name", "Parent customer", "Tier", "Parent customer · Tier", "Budget"]
    assert sheet.address == "/r/customer?fields=name%2Cparent%2Ctier%2Cparent.tier%2Cbudget"
    back = asked(ana, asked(ana, display(ana, sheet), do="out:col:name"), done="1")
    assert heads(back)[0] == "Parent customer"


def test_nothing_chosen_leaves_the_address_bare_and_nothing_left_shows_the_title(ana: Person) -> None:
    form = display(ana, ana.open("/r/customer"))
    assert asked(ana, form, done="1").address == "/r/customer"
    for name in ("name", "tier", "parent", "since", "budget", "loud"):
        form = asked(ana, form, do=f"out:col:{name}")
    assert heads(asked(ana, form, done="1")) == ["Title"]


def test_a_list_is_sorted_by_several(ana: Person) -> None:
    form = display(ana, ana.open("/r/customer?filter=parent != empty"))
    assert lines(form, "c.sort") == ["name"]
    form = asked(ana, form, addsort="tier")
    form = asked(ana, form, do="up:sort:tier")
    form = asked(ana, form, do="turn:sort:name")
    assert lines(form, "c.sort") == ["tier", "-name"]
    sheet = asked(ana, form, done="1")
    assert sheet.column(0) == ["Firm 4", "Firm 2", "Firm 0", "Firm 5", "Firm 3", "Firm 1"]
    again = asked(ana, display(ana, sheet), do="out:sort:-name")
    assert lines(asked(ana, again, do="turn:sort:tier"), "c.sort") == ["-tier"]


def test_what_is_offered_has_an_order_and_may_be_read(ana: Person, shop: Place) -> None:
    carl = shop.person("Carl", "clerk")
    form = carl.open("/r/customer/display")
    within = {
        name: {e["value"] for e in form.find("option") if e.within("select")["name"] == name}
        for name in ("c.add", "c.addsort")
    }
    assert {"marks", "owner", "weight", "parent.name"} <= within["c.add"]
    assert {"owner", "weight", "parent.name"} <= within["c.addsort"]
    assert "marks" not in within["c.addsort"]
    assert not [v for found in within.values() for v in found if "secret" in v or v.startswith("orders")]
    for query in (
        "c.asked=1&c.col=secret_score&c.done=1",
        "c.asked=1&c.sort=secret_score&c.done=1",
        "c.asked=1&c.do=x:y:z",
    ):
        answer = carl.client.get(f"/r/customer/display?{query}", headers={"Accept": "text/html"})
        sheet = carl.open(answer.headers["Location"]) if answer.status_code == 303 else None
        assert answer.status_code in (200, 303), query
        assert sheet is None or "Score" not in sheet.text


def test_a_list_becomes_a_board_and_a_list_again(ana: Person) -> None:
    form = asked(ana, display(ana, ana.open("/r/customer")), **{"as": "board:tier"})
    assert "On a card" in form.text
    board = asked(ana, form, done="1")
    assert board.find("x-board")
    assert "type=board&group=tier" in board.address
    back = asked(ana, asked(ana, display(ana, board), **{"as": "list"}), done="1")
    assert back.column(0)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("sum", ["Sum", "Budget €22.50", "Weight 15"]),
        ("avg", ["Average", "Budget €3.75", "Weight 2.5"]),
        ("min", ["Least", "Budget €1.50", "Weight 0"]),
        ("max", ["Most", "Budget €5.50", "Weight 5"]),
        ("count", ["Filled in", "Budget 6", "Weight 6"]),
    ],
)
def test_the_numbers_of_the_whole_list_come_to_something(ana: Person, kind: str, told: list[str]) -> None:
    form = display(ana, ana.open("/r/customer?fields=name,tier,budget,weight&filter=name != empty"))
    sheet = asked(ana, form, totals=kind, done="1")
    assert [text for text in feet(sheet) if text] == told
    assert "7 records" in sheet.text


def test_totals_follow_the_filter_and_what_one_may_read(ana: Person, shop: Place) -> None:
    sheet = ana.open("/r/customer?fields=name,budget,secret_score&totals=sum&f.tier=gold&search=firm")
    assert [t for t in feet(sheet) if t] == ["Sum", "Budget €7", "Score 6"]
    carl = shop.person("Carl", "clerk").open("/r/customer?fields=name,budget,secret_score&totals=sum")
    assert [t for t in feet(carl) if t] == ["Sum", "Budget €22.50"]
    none = ana.open("/r/customer?fields=name,budget&totals=sum&search=nobody")
    assert (none.status, "No customers match" in none.text) == (200, True)
    assert feet(ana.open("/r/customer?totals=median")) == []


def test_a_list_with_totals_costs_no_statement_more(ana: Person, statements: Callable[[], int]) -> None:
    def cost(address: str) -> int:
        ana.open(address)
        statements()
        ana.open(address)
        return statements()

    plain = cost("/r/customer?fields=name,budget,weight")
    assert plain <= 6
    assert cost("/r/customer?fields=name,budget,weight&totals=sum") == plain


def test_how_dense_lists_are_is_the_persons_own(ana: Person, shop: Place) -> None:
    form = display(ana, ana.open("/r/customer?sort=-name"))
    sheet = ana.fill(form, "/r/customer/density", density="compact")
    assert (sheet.address, sheet.one("html")["data-density"]) == ("/r/customer?sort=-name", "compact")
    assert ana.open("/r/person").one("html")["data-density"] == "compact"
    assert shop.person("Carl", "clerk").open("/r/customer").one("html")["data-density"] == "normal"
    assert ana.fill(form, "/r/customer/density", density="none").status == 422
    ana.fill(form, "/r/customer/density", density="normal")


def test_all_of_it_stays_with_a_saved_view(ana: Person) -> None:
    shown = ana.open("/r/customer?fields=name,weight&sort=tier,-name&totals=avg")
    made = ana.fill(ana.open(shown.one("a", id="save-1")["href"]), "/r/customer/views/new", name="Weights")
    assert heads(made) == ["Name", "Weight"]
    assert [t for t in feet(made) if t] == ["Average", "Weight 2.5"]
    assert lines(display(ana, made), "c.sort") == ["tier", "-name"]
    changed = asked(ana, display(ana, made), totals="", done="1")
    assert "Unsaved view" in changed.text


def test_clearing_the_filters_leaves_how_the_list_is_shown(ana: Person) -> None:
    sheet = ana.open(
        "/r/customer?search=firm&filter=weight > 1&f.tier=gold&fields=name,weight&sort=-name&totals=sum"
    )
    wide = "/r/customer?sort=-name&fields=name%2Cweight&totals=sum"
    assert sheet.one("a", id="clear-filters")["href"] == wide
    assert (
        ana.open("/r/customer?search=nobody&fields=name").links()["Clear the filters"]
        == "/r/customer?fields=name"
    )


def test_the_dialog_gets_the_form_alone(ana: Person) -> None:
    answer = ana.ask("/r/customer/display?sort=-name", "sheet")
    assert (answer.status_code, "<html" in answer.text) == (200, False)


NUMBERS = ["budget", "weight", "parent.budget", "parent.weight", "secret_score", "parent.secret_score"]


@pytest.mark.parametrize(
    "query",
    [
        "type=board",
        "type=board&group=nothing",
        "group=secret_score",
        "type=pivot",
        "type=list&group=tier",
        "view=tiers&type=list&totals=sum",
        "view=tiers&totals=sum&fields=name,budget",
        "fields=nothing,name.more,orders,helpers",
        "fields=" + ",".join(NUMBERS * 2) + "&totals=avg",
        "sort=" + ",".join(f"-x{n}" for n in range(40)),
        "view=00000000-0000-0000-0000-000000000000",
        "view=%00",
        "filter=" + "(" * 70 + "true" + ")" * 70,
        "filter=" + "a" * 12000,
        "filter=%00",
        "totals=sum&cursor=nonsense",
        "totals=sum&filter=tier ==",
        "changed=1",
        "f.budget.ge=x&totals=sum",
    ],
)  # fmt: skip
def test_an_address_that_nobody_made_is_answered_in_every_part_of_the_page(ana: Person, query: str) -> None:
    for below in ("", "/filter", "/display", "/views/new"):
        assert ana.open(f"/r/customer{below}?{query}").status in (200, 400, 413, 422), below
    assert ana.ask(f"/r/customer?{query}", "list").status_code in (200, 400, 413, 422)
