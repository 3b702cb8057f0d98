"""What an attacker would try: the ways around the front door to read what is hidden."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import pytest

from tests.support.den import Den, to
from xrm.engine.commands import (
    Create,
    Target,
    Update,
)
from xrm.engine.queries.request import Aggregate, Expand, Query, Sort
from xrm.errors import Invalid, NotFound


def test_a_default_order_by_a_field_that_only_some_rows_give_tells_nothing_of_the_others(den: Den) -> None:
    sizes = {den.make("firm", name=f"order {n}", town="faro", size=n): n for n in (5, 9, 7, 8, 6)}
    here = den.list("porto", "firm", filters=('starts_with(name, "order")',))
    assert [UUID(r["id"]) for r in here] == sorted(sizes, reverse=True)


def test_a_cursor_holds_no_value_that_its_reader_may_not_read(den: Den) -> None:
    for n in (41, 42, 43):
        den.make("firm", name=f"cursor {n}", town="faro", size=n, tax_number=f"cursor{n}")
    for sort in ((), (Sort(("size",)),), (Sort(("tax_number",)),)):
        query = Query("firm", filters=('starts_with(name, "cursor")',), sort=sort, limit=1)
        cursor = den.queries.list(den.as_("porto"), query).next
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[1]
        assert not any(value and ("4" in value[1][:2] or "cursor" in value[1]) for value in told[:-1])


@pytest.mark.parametrize("name", ["staff", "cases"])
def test_records_behind_a_relationship_come_only_where_the_relationship_is_given(den: Den, name: str) -> None:
    firms = {town: den.make("firm", name=f"{name} {town}", town=town) for town in ("porto", "faro")}
    for town, firm in firms.items():
        den.make("worker", name=f"w {town}", age=3, firm=to(firm))
        den.make("case", name=f"c {town}", firm=to(firm))
    roles = "porto+clerk"
    found = den.list(roles, "firm", ids=tuple(firms.values()), expand=(Expand(name),), fields=(("town",),))
    assert {r["town"]: len(r[name]["data"]) for r in found} == {"porto": 1, "faro": 0}
    for town, firm in firms.items():
        page = den.queries.links(den.as_(*roles.split("+")), "firm", firm, name)
        assert len(page.data) == (1 if town == "porto" else 0)


def test_links_are_listed_only_where_their_relationship_is_given(den: Den) -> None:
    juror = den.make("worker", name="juror", age=50)
    case = den.make("case", name="linked", jury={"create": [to(juror)]})
    assert len(den.queries.links(den.as_("porto"), "case", case, "jury").data) == 1
    with pytest.raises(Invalid):
        den.queries.links(den.as_("loose"), "worker", juror, "judges")


@pytest.mark.parametrize("text", ["count(staff) > 0", "any(staff, name != empty)", "max(staff, age) == 61"])
def test_an_inverse_says_nothing_of_records_whose_pointer_is_hidden(den: Den, text: str) -> None:
    firm = den.make("firm", name="haunted")
    den.make("worker", name="ghost", age=61, firm=to(firm))
    asked = {"ids": (firm,), "filters": (text,)}
    assert len(den.list("boss", "firm", **asked)) == 1
    assert den.list("loose", "firm", **asked) == []
    assert den.list("loose", "firm", ids=(firm,), expand=(Expand("staff"),))[0]["staff"]["data"] == []
    assert den.queries.links(den.as_("loose"), "firm", firm, "staff").data == []


def test_a_read_through_field_is_there_only_for_readers_of_what_it_shows(den: Den) -> None:
    chief = den.make("worker", name="chief", age=44)
    firm = den.make("firm", name="led", town="porto", chief=to(chief))
    assert den.list("boss", "firm", ids=(firm,))[0]["chief_size"] == 44
    assert "chief_size" not in den.list("judge", "firm", ids=(firm,))[0]
    for asked in ({"fields": (("chief_size",),)}, {"filters": ("chief_size == 44",)}):
        with pytest.raises(Invalid) as refused:
            den.list("judge", "firm", **asked)
        assert "age" not in str(refused.value)


def test_an_order_by_a_read_through_field_tells_nothing_of_hidden_records(den: Den) -> None:
    for age in (27, 55, 21):
        chief = den.make("worker", name="c", age=age)
        den.make("firm", name=f"ordered {age}", town="porto", chief=to(chief))
    asked = {"sort": (Sort(("chief_size",)),), "filters": ('starts_with(name, "ordered")',)}
    names = [[row["name"][-2:] for row in den.list(role, "firm", **asked)] for role in ("boss", "young")]
    assert names == [["21", "27", "55"], ["55", "21", "27"]]
    with pytest.raises(Invalid):
        den.list("judge", "firm", **asked)


def test_a_sort_along_a_hidden_record_is_refused_as_unknown(den: Den) -> None:
    with pytest.raises(Invalid):
        den.list("namer", "firm", sort=(Sort(("chief", "age")),))
    with pytest.raises(Invalid):
        den.list("young", "worker", sort=(Sort(("firm", "nothing")),))


def test_the_rank_of_search_does_not_follow_hidden_words(den: Den) -> None:
    for number in range(6):
        memo = "zeppelin " * (6 if number == 4 else 0)
        den.make("firm", name=f"rank {number}", town="zeppelin yard", memo=memo or "other words")
    hits = [h["title"] for h in den.queries.search(den.as_("namer"), "zeppelin")]
    assert hits == sorted(hits)
    assert len(hits) == 6


def test_two_words_in_fields_of_different_grants_are_found_where_both_are_given(den: Den) -> None:
    den.make("firm", name="twofold", town="porto", memo="quagmire")
    assert len(den.list("porto", "firm", search="twofold quagmire")) == 1
    den.make("firm", name="twofold b", town="faro", memo="quagmire")
    assert len(den.list("porto", "firm", search="twofold quagmire")) == 1


@pytest.mark.parametrize("name", ["chief", "patron", "pattron", "cheif"])
def test_choosing_for_a_hidden_relationship_is_choosing_for_none(den: Den, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        den.queries.lookup(den.as_("namer"), "firm", name, "", {}, 5)
    assert "Did you mean" not in str(refused.value)


def test_whoever_may_only_create_can_create_and_choose(den: Den) -> None:
    outcome = den.run("maker", Create("firm", {"name": "made blindly", "town": "x"}))
    assert outcome.results[0].outcome == "created"
    with pytest.raises(NotFound):
        den.queries.get(den.as_("maker"), "firm", outcome.results[0].id)
    den.refused("maker", Update("firm", Target(outcome.results[0].id), {"name": "y"}), error=NotFound)


@pytest.mark.parametrize(
    "text", ['token == "x"', "token != empty", "contains(token, 'x')", "starts_with(token, 'x')"]
)
def test_a_secret_is_no_place_to_look_from(den: Den, text: str) -> None:
    den.make("firm", name="safe", token="x")
    try:
        found = den.list("boss", "firm", filters=(text,))
    except Invalid:
        return
    assert "==" not in text
    assert "contains" not in text
    assert all(r["token"] in (None, {"set": True}) for r in found)


def test_a_secret_is_neither_grouped_nor_sorted_nor_aggregated(den: Den) -> None:
    for group, term in ((("token",), "count()"), ((), "max(token)"), ((), "count(token)")):
        with pytest.raises(Invalid):
            den.queries.aggregate(den.as_("boss"), Aggregate("firm", group, (term,)))
    with pytest.raises(Invalid):
        den.list("boss", "firm", sort=(Sort(("token",)),))


def test_the_log_tells_of_links_only_to_records_that_may_be_read(den: Den) -> None:
    old, new = (den.make("worker", name=n, age=a) for n, a in (("senior", 60), ("junior", 20)))
    case = den.make("case", name="tried", jury={"create": [to(old), to(new)]})
    reader = den.as_("clerk")
    shown = den.queries.history(reader, "case", case).data
    assert str(old) not in str(shown)
    assert str(new) in str(shown)
    assert [e["operation"] for e in shown] == ["link", "create"]
    place, told = "", []
    while (page := den.queries.changes(reader, place, 500)).next != place:
        told += [e for e in page.data if e["record"] == str(case)]
        place = page.next
    assert str(old) not in str(told)
    assert [e["operation"] for e in told] == ["create", "link"]


def test_what_changed_on_a_link_is_told_only_where_its_far_record_may_be_read(den: Den) -> None:
    old, new = (den.make("worker", name=n, age=a) for n, a in (("senior", 60), ("junior", 20)))
    case = den.make("case", name="seated", jury={"create": [to(old), to(new)]})
    links = den.queries.links(den.as_("boss"), "case", case, "jury").data
    seats = [{"id": row["link"]["id"], "seat": f"seat of {row['title']}"} for row in links]
    den.run("boss", Update("case", Target(case), {"jury": {"update": seats}}))
    reader = den.as_("clerk")
    page = den.queries.changes(den.as_("boss"), "", 500)
    feed = [e for e in den.queries.changes(reader, "", 500).data if e["record"] == str(case)]
    for told in (
        den.queries.history(reader, "case", case).data,
        den.queries.history(reader, "case", case, field="jury").data,
        den.queries.timeline(reader, "case", case).data,
        feed,
    ):
        assert "seat of junior" in str(told)
        assert "seat of senior" not in str(told)
        assert links[0]["link"]["id"] not in str(told)
    assert "seat of senior" in str(page.data)


def test_names_in_expressions_lead_nowhere_that_is_hidden(den: Den) -> None:
    firm = den.make("firm", name="nested", town="faro")
    den.make("worker", name="elder", age=77, firm=to(firm))
    for text in ("any(staff, age > 70)", "count(staff) > 0", "max(staff, age) == 77", "sum(staff, age) > 0"):
        assert den.list("porto", "firm", ids=(firm,), filters=(text,)) == []
    for text in (
        "old.memo == empty",
        "record.memo == empty",
        "me.password == empty",
        "memo.x == empty",
        "id.memo == empty",
    ):
        with pytest.raises(Invalid):
            den.list("loose", "firm", filters=(text,))


def test_a_pointer_given_by_the_rights_of_its_parent_is_hidden_elsewhere_at_any_depth(den: Den) -> None:
    for name in ("public", "top secret"):
        den.make("case", name=name, notes={"create": [{"text": f"deep {name}"}]})
    asked = {"filters": ('starts_with(text, "deep")',), "sort": (Sort(("case", "name")),)}
    found = den.list("scribe", "remark", fields=(("text",), ("case", "name")), **asked)
    assert [(r["text"], (r["case"] or {}).get("name")) for r in found] == [
        ("deep top secret", None),
        ("deep public", "public"),
    ]
