"""The filter of a list is built one condition after the other by plain pages, and stands in chips."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ui.pages.conftest import Person, Place, Sheet


@pytest.fixture(scope="module")
def shop(shop: Place) -> Iterator[Place]:
    top = shop.make("customer", name="Aurora", tier="gold", since="2026-06-15")
    lia = shop.make("person", name="Lia")
    for n, tier in enumerate(("gold", "silver", "bronze", "bronze")):
        shop.make(
            "customer", shop.actor() if n == 1 and shop.person("Ana") else None, name=f"Firm {n}", tier=tier,
            budget={"amount": str(10 * n), "currency": "EUR"}, parent=top if n > 1 else None, since=f"2026-0{n + 3}-02",
            marks=["early", "far"] if n == 0 else ["loyal"] if n == 2 else [], contact=lia if n == 3 else None,
        )  # fmt: skip
    return shop


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def add(person: Person, sheet: Sheet, field: str, op: str = "", **values: str | list[str]) -> Sheet:
    """The list after one more condition, said step by step."""
    return fill_in(person, person.open(sheet.one("a", id="more-filter")["href"]), field, op, **values)


def fill_in(person: Person, form: Sheet, field: str = "", op: str = "", **values: str | list[str]) -> Sheet:
    """The form sent once for the field, once for the operator, and then with its values."""
    for name, value in (("c.field", field), ("c.op", op)):
        if value:
            form = person.open(sent(form, {name: [value]}))
    given = {
        f"c.value{k.removeprefix('value').replace('__', '.')}": [v] if isinstance(v, str) else v
        for k, v in values.items()
    }
    return follow(person, sent(form, {**given, "c.done": ["1"]}))


def sent(form: Sheet, changed: dict[str, list[str]]) -> str:
    """The address that the form asks for with some of its inputs changed."""
    from urllib.parse import urlencode

    posted = form.form("/r/customer/filter")
    for name in changed:
        posted = posted.without(name)
    pairs = [*posted.pairs, *((name, v) for name, values in changed.items() for v in values)]
    return f"/r/customer/filter?{urlencode(pairs)}"


def follow(person: Person, address: str) -> Sheet:
    """The page that the address leads to."""
    answer = person.client.get(address, headers={"Accept": "text/html"})
    return (
        person.open(answer.headers["Location"])
        if answer.status_code == 303
        else person._read(answer, address)
    )


def chips(sheet: Sheet) -> list[str]:
    """The words of the chips."""
    return [e.text.strip() for e in sheet.elements if "chip-words" in e["class"]]


NAMES = ["Aurora", "Firm 0", "Firm 1", "Firm 2", "Firm 3"]


@pytest.mark.parametrize(
    ("field", "op", "values", "chip", "rows"),
    [
        ("tier", "eq", {"value": ["gold", "silver"]}, "Tier is Gold or Silver", [0, 1, 2]),
        ("tier", "ne", {"value": "bronze"}, "Tier is not Bronze", [0, 1, 2]),
        ("tier", "empty", {}, "Tier is empty", []),
        ("name", "", {"value": "firm"}, "Name contains firm", [1, 2, 3, 4]),
        ("name", "lacks", {"value": "firm"}, "Name does not contain firm", [0]),
        ("name", "starts_with", {"value": "AU"}, "Name begins with AU", [0]),
        ("budget", "ge", {"value": "20"}, "Budget is at least 20", [3, 4]),
        ("budget", "lt", {"value": "10"}, "Budget is less than 10", [1]),
        ("marks", "eq", {"value": ["early", "loyal"]}, "Marks has Early or Loyal", [1, 3]),
        ("marks", "ne", {"value": ["early"]}, "Marks does not have Early", [0, 2, 3, 4]),
        ("loud", "", {"value": "true"}, "Loud is Yes", []),
        ("parent.tier", "", {"value": "gold"}, "Parent customer · Tier is Gold", [3, 4]),
        ("contact.name", "eq", {"value": "Lia"}, "Contact · Name is Lia", [4]),
        ("parent", "", {"value__text": "auro"}, "Parent customer · Title contains auro", [3, 4]),
        ("parent", "full", {}, "Parent customer is not empty", [3, 4]),
        ("owner", "me", {}, "Owner is me", [2]),
        ("since", "", {"value": "this_month"}, "Since is this month", [0, 4]),
        ("since", "period", {"value": "last_month"}, "Since is last month", [3]),
        ("since", "period", {"value": "today"}, "Since is today", [0]),
        ("since", "period", {"value": "this_week"}, "Since is this week", [0]),
        ("since", "period", {"value": "this_quarter"}, "Since is this quarter", [0, 2, 3, 4]),
        ("since", "last", {"value": "45"}, "Since is in the last 45 days", [0, 3, 4]),
        ("since", "next", {"value": "1"}, "Since is in the next 1 day", [0]),
        ("since", "lt", {"value": "2026-04-01"}, "Since is before 1 Apr 2026", [1]),
        ("created_at", "", {"value": "today"}, "Created is today", [0, 1, 2, 3, 4]),
    ],
)  # fmt: skip
def test_a_condition_is_said_found_and_told(
    ana: Person, field: str, op: str, values: dict[str, str | list[str]], chip: str, rows: list[int]
) -> None:
    sheet = add(ana, ana.open("/r/customer?sort=name"), field, op, **values)
    assert (sheet.status, chips(sheet)) == (200, [chip])
    assert sheet.column(0) == [NAMES[n] for n in rows]
    again = ana.open(sheet.one("a", id="chip-1")["href"])
    assert follow(ana, sent(again, {"c.done": ["1"]})).address == sheet.address
    assert chips(ana.open(sheet.one("a", class_="chip-out")["href"])) == []


def test_a_record_that_was_chosen_is_told_by_its_title(ana: Person, shop: Place) -> None:
    id_ = next(e["href"] for e in ana.open("/r/customer").find("a") if e.text.strip() == "Aurora").rpartition(
        "/"
    )[2]
    chosen = {"value": id_, "value__text": "Aurora", "value__shown": "Aurora"}
    sheet = add(ana, ana.open("/r/customer?sort=name"), "parent", "", **chosen)
    assert (chips(sheet), sheet.column(0)) == (["Parent customer is Aurora"], ["Firm 2", "Firm 3"])
    form = ana.open(sheet.one("a", id="chip-1")["href"])
    assert form.one("input", name="c.value.text")["value"] == "Aurora"
    assert follow(ana, sent(form, {"c.done": ["1"]})).address == sheet.address


def test_conditions_add_up_and_alternatives_stand_in_one(ana: Person) -> None:
    sheet = add(
        ana, add(ana, ana.open("/r/customer?sort=name"), "tier", "eq", value="gold"), "name", "", value="firm"
    )
    assert (chips(sheet), sheet.column(0)) == (["Tier is Gold", "Name contains firm"], ["Firm 0"])
    form = ana.open(sheet.one("a", id="chip-1")["href"])
    wider = fill_in(ana, ana.open(form.one("a", id="c-or")["href"]), "since", "period", value="last_month")
    assert chips(wider) == ["Tier is Gold or Since is last month", "Name contains firm"]
    assert wider.column(0) == ["Firm 0", "Firm 2"]
    group = ana.open(wider.one("a", id="chip-1")["href"])
    assert "Since is last month" in group.links()
    changed = fill_in(ana, ana.open(group.links()["Since is last month"]), "", "", value="this_month")
    assert chips(changed) == ["Tier is Gold or Since is this month", "Name contains firm"]
    third = fill_in(ana, ana.open(group.one("a", id="c-or")["href"]), "budget", "gt", value="5")
    assert chips(third)[0] == "Tier is Gold or Since is last month or Budget is more than 5"
    less = ana.open(group.links()["Remove filter: Tier is Gold"])
    assert chips(less) == ["Since is last month", "Name contains firm"]


def test_a_condition_changes_its_field(ana: Person) -> None:
    sheet = add(ana, ana.open("/r/customer"), "tier", "eq", value="gold")
    changed = fill_in(ana, ana.open(sheet.one("a", id="chip-1")["href"]), "name", "eq", value="Firm 3")
    assert (chips(changed), changed.column(0)) == (["Name is Firm 3"], ["Firm 3"])


@pytest.mark.parametrize(
    ("field", "op", "values", "said"),
    [
        ("", "", {}, "Choose a field"),
        ("tier", "", {}, "Give a value"),
        ("tier", "contains", {"value": "x"}, "Choose what is asked"),
        ("budget", "gt", {"value": "much"}, "Give a number"),
        ("since", "lt", {"value": "soon"}, "Give a day"),
        ("since", "period", {"value": "this_age"}, "Choose a period"),
        ("since", "last", {"value": "0"}, "whole number of days"),
        ("since", "last", {"value": "99999"}, "whole number of days"),
        ("parent", "eq", {}, "Give a value"),
        ("loud", "eq", {"value": "maybe"}, "Choose yes or no"),
        ("nothing", "eq", {"value": "x"}, "Choose a field"),
        ("helpers", "eq", {"value": "x"}, "Choose a field"),
    ],
)
def test_what_makes_no_condition_is_said_and_changes_nothing(
    ana: Person, field: str, op: str, values: dict[str, str], said: str
) -> None:
    given = "&".join(f"c.{k}={v}" for k, v in values.items())
    sheet = follow(
        ana, f"/r/customer/filter?c.field={field}&c.for={field}&c.op={op or 'eq'}&{given}&c.done=1"
    )
    assert (sheet.status, said in sheet.text) == (422, True), sheet.text


def test_what_one_may_not_read_is_not_offered_and_is_refused(ana: Person, shop: Place) -> None:
    carl = shop.person("Carl", "clerk")
    offered = {e["value"] for e in carl.open("/r/customer/filter").find("option")}
    assert {"tier", "parent.tier", "contact.name", "owner"} <= offered
    assert not {o for o in offered if "secret_score" in o or o.startswith(("orders", "helpers"))}
    assert "secret_score" in {e["value"] for e in ana.open("/r/customer/filter").find("option")}
    for path in ("secret_score", "parent.secret_score"):
        sheet = follow(carl, f"/r/customer/filter?c.field={path}&c.for={path}&c.op=gt&c.value=1&c.done=1")
        assert (sheet.status, "Choose a field" in sheet.text) == (422, True)
        assert "core" not in sheet.text
    guest = shop.person("Gil", "guest")
    assert not {
        e["value"] for e in guest.open("/r/person/filter").find("option") if "works_at." in e["value"]
    }


def test_a_filter_is_written_as_text_and_a_faulty_one_says_why(ana: Person) -> None:
    form = ana.open(ana.open("/r/customer/filter").one("a", id="c-as-text")["href"])
    sheet = follow(ana, sent(form, {"c.text": ['tier == "gold" and count(orders) == 0'], "c.done": ["1"]}))
    assert chips(sheet) == ["Tier is Gold", "count(orders) == 0"]
    raw = ana.open(sheet.one("a", id="chip-2")["href"])
    assert raw.one("textarea", id="c-text").text.strip() == 'tier == "gold" and count(orders) == 0'
    wrong = follow(ana, sent(form, {"c.text": ["tier == "], "c.done": ["1"]}))
    assert (wrong.status, wrong.one("textarea", id="c-text").text.strip()) == (422, "tier ==")
    assert "ends too early" in wrong.text
    emptied = follow(ana, sent(raw, {"c.text": [""], "c.done": ["1"]}))
    assert (chips(emptied), emptied.address) == ([], "/r/customer")


def test_the_rest_of_the_list_stays_as_it_is(ana: Person) -> None:
    sheet = add(
        ana,
        ana.open("/r/customer?view=gold&sort=-name&fields=name&search=firm&f.loud=false"),
        "budget",
        "lt",
        value="99",
    )
    assert sheet.address.startswith(
        "/r/customer?view=gold&search=firm&filter=budget+%3C+99&sort=-name&fields=name&f.loud=false"
    )


def test_an_address_that_nobody_built_is_answered(ana: Person) -> None:
    for query in (
        "c.at=9",
        "c.at=0.7&filter=a",
        "c.into=x",
        "c.at=-1&c.into=-1",
        "c.at=%C2%B2",
        "filter=tier ==&c.done=1",
        "c.op=%00",
    ):
        assert ana.open(f"/r/customer/filter?{query}").status in (200, 400, 422), query
    assert ana.open("/r/nothing/filter").status == 404
