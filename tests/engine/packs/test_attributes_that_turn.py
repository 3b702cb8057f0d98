"""Attributes of links get other types, bounds, options and demands, as fields do."""

import pytest

from tests.engine.packs.living import (
    ACCOUNT,
    DEAL,
    change,
    data,
    filled,
    go_back,
    house,
    plan,
    sales,
    shop,
    version,
)
from xrm.engine.commands import Create, Link, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.storage import ahead
from xrm.engine.storage.steps import Effect, TurnValues
from xrm.errors import PlanRefused

__all__ = ["filled", "house", "shop"]

TEXT = "role: {type: text}"
NUMBER = "role: {type: integer}"
CHOICE = "role: {type: choice, options: [crew, cook]}"


def deal(role):
    return DEAL.replace(TEXT, role)


def refused(runtime, role, decisions=None):
    with pytest.raises(PlanRefused) as caught:
        plan(runtime, decisions or {}, account=ACCOUNT, deal=deal(role))
    return [(p.code, p.where.path, p.message) for p in caught.value.problems]


def links(runtime, ana, record):
    page = runtime.current().queries.links(ana, "deal", record, "helpers")
    return {row["title"]: row["link"] for row in page.data}


def roles(runtime, ana, record):
    return {name: link.get("role") for name, link in links(runtime, ana, record).items()}


def give(runtime, ana, record, helper, role):
    link = links(runtime, ana, record)[helper]["id"]
    changed = {"helpers": {"update": [{"id": link, "role": role}]}}
    runtime.current().records.execute(ana, [Update("deal", Target(record), changed)])


@pytest.fixture
def crewed(shop):
    return with_links(shop)


@pytest.fixture
def crew(house):
    return with_links(house)


def with_links(installed):
    """The deal of the shop has links to three accounts: with the roles crew and 7, and with none."""
    runtime, ana, record = installed
    records = runtime.current().records
    for name, role in (("Sete", {"role": "7"}), ("Nada", {})):
        account = records.execute(ana, [Create("account", {"name": name})]).results[0].id
        records.execute(ana, [Link("deal", Target(record), "helpers", {"id": str(account)}, role)])
    return runtime, ana, record


def test_an_attribute_gets_another_type_as_it_was_decided_and_goes_back_with_what_was_changed_since(crewed):
    runtime, ana, record = crewed
    before, then = data(runtime), version(runtime)
    place = "unfit:deal.helpers.role"
    link = links(runtime, ana, record)["Dois"]["id"]
    ((code, path, message),) = refused(runtime, NUMBER)
    assert (code, path) == ("S123", place)
    assert message == (
        f"1 link holds a value of deal.helpers.role that does not fit what it becomes: Ship ({link}): crew."
    )
    told = plan(runtime, {place: "1"}, account=ACCOUNT, deal=deal(NUMBER))
    (turn,) = (step for step in told.steps if isinstance(step, TurnValues))
    carry_out(runtime, NUMBER, {place: "1"})
    assert (turn.effect, turn.rows.touched, turn.rows.failing) == (Effect.DECISION, 2, 1)
    assert turn.rows.samples == (f"Ship ({link}): crew",)
    assert turn.sentence.startswith(
        "Turn deal.helpers.role (sales__deal__helpers) from text into integer; the values of now are kept"
    )
    assert roles(runtime, ana, record) == {"Dois": 1, "Sete": 7, "Nada": None}
    give(runtime, ana, record, "Nada", 12)
    go_back(runtime, then)
    assert roles(runtime, ana, record) == {"Dois": "crew", "Sete": "7", "Nada": "12"}
    give(runtime, ana, record, "Nada", None)
    unlike = {"version", "updated_at"}
    assert without(unlike, data(runtime)) == without(unlike, before)
    assert runtime.packs.plan().is_empty


def without(names, tables):
    """The rows without the columns that tell that somebody has written."""
    return {
        t: [{n: v for n, v in row.items() if n not in names} for row in rows] for t, rows in tables.items()
    }


def carry_out(runtime, role, decisions):
    """What removes nothing needs no look at it."""
    revision = Revision((sales(account=ACCOUNT, deal=deal(role)),), dev=True, decisions=decisions)
    runtime.packs.revise(revision, runtime.installer)


def test_bounds_options_and_demands_of_attributes_are_looked_at_and_decided(crew):
    runtime, ana, record = crew
    start = version(runtime)
    short = TEXT.replace("text", "text, max_length: 3")
    assert [each[:2] for each in refused(runtime, short)] == [("S123", "unfit:deal.helpers.role")]
    needed = TEXT.replace("text", "text, required: true")
    ((code, place, message),) = refused(runtime, needed)
    assert (code, place) == ("S115", "empty:deal.helpers.role")
    assert message == "deal.helpers.role would be required, and 1 link has no value."
    carry_out(runtime, needed, {place: "none"})
    assert roles(runtime, ana, record) == {"Dois": "crew", "Sete": "7", "Nada": "none"}
    carry_out(runtime, CHOICE, {"unfit:deal.helpers.role": "cook"})
    assert roles(runtime, ana, record) == {"Dois": "crew", "Sete": "cook", "Nada": "cook"}
    fewer = CHOICE.replace(", cook", ", mate")
    assert [each[:2] for each in refused(runtime, fewer)] == [("S124", "option:deal.helpers.role.cook")]
    carry_out(runtime, fewer, {"option:deal.helpers.role.cook": "mate"})
    assert roles(runtime, ana, record) == {"Dois": "crew", "Sete": "mate", "Nada": "mate"}
    fresh = f"{fewer}, mark: {{type: integer, required: true}}"
    assert [each[:2] for each in refused(runtime, fresh)] == [("S115", "empty:deal.helpers.mark")]
    carry_out(runtime, fresh, {"empty:deal.helpers.mark": "5"})
    assert {link["mark"] for link in links(runtime, ana, record).values()} == {5}
    go_back(runtime, start)
    assert roles(runtime, ana, record) == {"Dois": "crew", "Sete": "7", "Nada": None}


def test_what_an_attribute_is_given_between_the_copy_and_the_lock_is_converted_or_stops_the_plan(
    crew, monkeypatch
):
    runtime, ana, record = crew
    then, do = version(runtime), ahead.do
    give(runtime, ana, record, "Dois", "3")
    given = {"Dois": "many", "Nada": "9"}

    def overtaken(*arguments):
        do(*arguments)
        for helper, role in given.items():
            give(runtime, ana, record, helper, role)

    monkeypatch.setattr(ahead, "do", overtaken)
    with pytest.raises(PlanRefused) as caught:
        carry_out(runtime, NUMBER, {})
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("S123", "unfit:deal.helpers.role")]
    assert (version(runtime), roles(runtime, ana, record)["Nada"]) == (then, "9")
    given = {"Dois": "4", "Nada": None}
    give(runtime, ana, record, "Dois", "3")
    carry_out(runtime, NUMBER, {})
    assert roles(runtime, ana, record) == {"Dois": 4, "Sete": 7, "Nada": None}


@pytest.mark.proof
def test_an_attribute_that_is_renamed_with_all_around_it_turns_and_one_that_was_removed_comes_back_narrower(
    crew,
):
    runtime, ana, record = crew
    before, then = data(runtime), version(runtime)
    renamed = DEAL.replace("helpers: {", "hands: {renamed_from: helpers, ").replace(
        TEXT, "task: {renamed_from: role, type: integer}"
    )
    moved = "entity: offer\nrenamed_from: deal\n" + renamed
    change(runtime, {"unfit:offer.hands.task": ""}, account=ACCOUNT, offer=moved)
    held = runtime.current().queries.links(ana, "offer", record, "hands").data
    assert {row["title"]: row["link"].get("task") for row in held} == {"Dois": None, "Sete": 7, "Nada": None}
    go_back(runtime, then)
    assert data(runtime) == before
    change(runtime, account=ACCOUNT, deal=DEAL.replace(f", attributes: {{{TEXT}}}", ""))
    carry_out(runtime, TEXT.replace("text", "text, max_length: 3"), {"unfit:deal.helpers.role": "own"})
    assert roles(runtime, ana, record) == {"Dois": "own", "Sete": "7", "Nada": None}
    go_back(runtime, then)
    assert data(runtime) == before
