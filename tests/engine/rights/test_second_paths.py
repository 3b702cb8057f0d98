"""What an attacker would try: the ways around the front door to records and fields that are hidden."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from xrm.engine.commands import (
    Actor,
    Command,
    Create,
    Delete,
    Link,
    Restore,
    Target,
    Transition,
    Unlink,
    Update,
    Upsert,
)
from xrm.engine.queries.request import Aggregate, Expand, Query, Sort, Trash
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, XrmError
from xrm.testing import a_pack, an_actor, make_runtime

FIRM = """
title: name
fields:
  name: {type: text, required: true, search: true}
  town: {type: text, search: true}
  size: {type: integer}
  tax_number: {type: text, unique: true, sensitive: true}
  memo: {type: long_text, sensitive: true, search: true}
  token: {type: secret}
  chief_size: {from: chief.age}
relationships:
  chief: {to: worker, inverse: leads, on_delete: clear}
  patron: {to: firm, sensitive: true, inverse: protects, on_delete: clear}
keys:
  place: {fields: [name, town]}
rules:
  modest: {must: "size < 100", when: "size != empty and memo == empty"}
"""
WORKER = """
title: name
fields:
  name: {type: text, required: true, search: true}
  age: {type: integer}
  code: {type: text, sensitive: true}
relationships:
  firm: {to: firm, inverse: staff, on_delete: cascade}
keys:
  by_code: {fields: [code]}
"""
CASE = """
title: name
fields:
  name: {type: text, required: true, search: true}
  verdict: {type: text, sensitive: true}
relationships:
  firm: {to: firm, inverse: cases, on_delete: restrict}
  jury: {to: worker, many: true, inverse: judges}
  notes: {from: remark, owned: true}
"""
REMARK = "title: text\nfields: {text: {type: text, required: true}}"
DESK = """
title: name
ownership: user_or_team
fields: {name: {type: text, required: true}, city: {type: text}, pay: {type: integer}}
"""
LIFECYCLE = """
states: {open: {initial: true}, shut: {}}
transitions:
  shut: {from: open, to: shut, requires: [verdict], guard: 'verdict != "none"'}
"""
VIEWS = "all: {type: list, columns: [name, size], sort: [-size]}\n"
ROLES = """
boss:
  grants:
    firms: {entity: firm, can: [create, read, update, delete],
      fields: [name, town, size, tax_number, memo, token, chief, patron, protects, staff, cases, chief_size]}
    workers: {entity: worker, can: [create, read, update, delete],
      fields: [name, age, code, firm, leads, judges]}
    cases: {entity: case, can: [create, read, update, delete, transition],
      fields: [name, verdict, firm, jury, notes]}
namer:
  grants:
    firms: {entity: firm, can: [create, read], fields: [name, town]}
porto:
  grants:
    all: {entity: firm, can: [read], fields: [name, town]}
    some: {entity: firm, can: [read], rows: 'town == "porto"',
      fields: [name, size, tax_number, memo, staff, cases, chief]}
    workers: {entity: worker, can: [read], fields: [name, age, firm]}
    cases: {entity: case, can: [read], fields: [name, jury]}
young:
  grants:
    workers: {entity: worker, can: [read, delete], rows: age < 30, fields: [name, age, firm]}
    firms: {entity: firm, can: [read, delete, update], rows: 'town == "porto"'}
loose:
  grants:
    firms: {entity: firm, can: [read]}
    workers: {entity: worker, can: [read], fields: [name, age]}
judge:
  grants:
    firms: {entity: firm, can: [read]}
    workers: {entity: worker, can: [read], fields: [name]}
clerk:
  grants:
    cases: {entity: case, can: [create, read, update, transition], fields: [name, jury, firm]}
    workers: {entity: worker, can: [read], rows: age < 30}
    firms: {entity: firm, can: [create, update, read], fields: [name, size, town]}
scribe:
  grants:
    remarks: {entity: remark, can: [read], fields: [text]}
    cases: {entity: case, can: [read], fields: [name]}
    some: {entity: case, can: [read], rows: 'name == "public"', fields: [name, notes]}
pointer:
  grants:
    firms: {entity: firm, can: [update], fields: [chief]}
    young: {entity: worker, can: [read], rows: age < 30}
sayer:
  grants:
    firms: {entity: firm, can: [read, update], fields: [name, chief, size]}
settler:
  grants:
    all: {entity: firm, can: [create, read], fields: [name, town]}
    some: {entity: firm, can: [create, read], rows: 'town == "porto"', fields: [name, town, size]}
owner:
  grants:
    own: {entity: desk, can: [create, read], rows: owner == me, fields: [name, city]}
    some: {entity: desk, can: [create, read], rows: 'city == "x"'}
maker:
  grants:
    firms: {entity: firm, can: [create], fields: [name, town]}
"""
PACK = a_pack(
    "den",
    {"roles.yaml": ROLES, "lifecycles/case.yaml": LIFECYCLE, "views/firm.yaml": VIEWS},
    firm=FIRM, worker=WORKER, case=CASE, remark=REMARK, desk=DESK,
)  # fmt: skip


@dataclass(frozen=True)
class Den:
    """An installation with secrets, and somebody to look for them."""

    runtime: Runtime
    someone: Actor

    def as_(self, *roles: str) -> Actor:
        """The same person with other roles."""
        return replace(self.someone, roles=frozenset(roles))

    def run(self, roles: str, *commands: Command) -> Any:
        """The commands done."""
        return self.runtime.current().records.execute(self.as_(*roles.split("+")), list(commands))

    def make(self, entity: str, **values: Any) -> UUID:
        """A new record of the boss."""
        return self.run("boss", Create(entity, values)).results[0].id

    def list(self, roles: str, entity: str, **asked: Any) -> Any:
        """The records that somebody with these roles gets."""
        return self.queries.list(self.as_(*roles.split("+")), Query(entity, **asked)).data

    @property
    def queries(self) -> Any:
        """The reading service."""
        return self.runtime.current().queries

    def refused(self, roles: str, *commands: Command, error: type[XrmError] = XrmError) -> str:
        """What the refusal says."""
        with pytest.raises(error) as refusal:
            self.run(roles, *commands)
        return " ".join(f"{p.message} {p.hint} {p.where.path}" for p in refusal.value.problems)


@pytest.fixture(scope="module")
def den(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Den]:
    """The den, installed."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("den"), [PACK])
    yield Den(runtime, an_actor(runtime, "sid"))
    runtime.close()


def to(record: UUID, entity: str = "") -> dict[str, str]:
    """A pointer as callers send it."""
    return {"id": str(record), **({"entity": entity} if entity else {})}


# --- reading ------------------------------------------------------------------------------------------------


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


def test_a_read_through_field_has_no_order(den: Den) -> None:
    with pytest.raises(Invalid):
        den.list("boss", "firm", sort=(Sort(("chief_size",)),))


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


# --- writing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "entity", "name", "inside", "outside"),
    [
        ("settler", "firm", "size", {"town": "porto"}, {"town": "lisboa"}),
        ("owner", "desk", "pay", {"city": "x"}, {"city": "y"}),
    ],
    ids=["every row may be made", "some rows may be made"],
)
def test_a_new_record_has_no_value_in_a_field_that_only_other_rows_give(
    den: Den, role: str, entity: str, name: str, inside: dict[str, str], outside: dict[str, str]
) -> None:
    """Which rows give a field is known only when the record is there, so it is asked of what was made."""
    made = den.run(role, Create(entity, {"name": "n", name: 1, **inside})).results[0]
    assert den.list(role, entity, ids=(made.id,))[0][name] == 1
    assert den.run(role, Create(entity, {"name": "n", **outside})).results[0].outcome == "created"
    with pytest.raises(Forbidden) as caught:
        den.run(role, Create(entity, {"name": "m", name: 1, **outside}))
    assert [(p.code, p.where.path) for p in caught.value.problems] == [("R132", name)]


def test_a_key_of_hidden_values_finds_nothing(den: Den) -> None:
    den.make("worker", name="coded", age=20, code="k17")
    case = den.make("case", name="keyed")

    def by_key(code):
        return Link("case", Target(case), "jury", {"entity": "worker", "key": {"code": code}})

    assert den.refused("young+clerk", by_key("k17")) == den.refused("young+clerk", by_key("none"))
    den.run("boss", by_key("k17"))


def test_a_key_whose_values_are_hidden_on_a_row_does_not_find_that_row(den: Den) -> None:
    for town in ("porto", "faro"):
        den.make("firm", name=f"taxed {town}", town=town, tax_number=f"tax {town}")

    def point(number):
        return Create("worker", {"name": "x", "firm": {"key": {"tax_number": number}}})

    replies = {n: den.refused("maker+porto", point(n)) for n in ("tax faro", "tax nowhere")}
    assert len(set(replies.values())) == 1


@pytest.mark.parametrize(
    "key", [{"memo": "m"}, {"tax_number": "t9"}, {"size": 3}, {"nothing": 1}, {"title__key": "a"}, {}]
)
def test_a_record_is_named_only_by_keys_whose_values_may_be_read(den: Den, key: dict[str, Any]) -> None:
    told = den.refused("clerk", Update("firm", Target(key=key), {"size": 3}))
    assert "Did you mean" not in told


def test_upsert_by_a_hidden_key_is_upsert_by_no_key(den: Den) -> None:
    den.make("firm", name="upserted", tax_number="t1")
    replies = [
        den.refused("namer", Upsert("firm", "tax_number", {"name": "n", "tax_number": n}))
        for n in ("t1", "t2")
    ]
    assert replies[0] == replies[1]
    assert "tax_number" not in den.refused("namer", Upsert("firm", "nothing", {"name": "n"}))


def test_a_refused_delete_counts_only_what_may_be_read(den: Den) -> None:
    firm = den.make("firm", name="held", town="porto")
    den.make("case", name="holds", firm=to(firm))
    told = den.refused("young", Delete("firm", Target(firm)), error=Conflict)
    assert "case" not in told
    assert "1" not in told
    assert "1 of case" in den.refused("boss", Delete("firm", Target(firm)), error=Conflict)


def test_restore_brings_back_only_acts_that_one_could_have_done(den: Den) -> None:
    firm = den.make("firm", name="gone", town="faro")
    worker = den.make("worker", name="gone too", age=20, firm=to(firm))
    den.run("boss", Delete("firm", Target(firm)))
    den.refused("young", Restore("worker", Target(worker)), error=Forbidden)
    assert den.list("boss", "firm", ids=(firm,), trash=Trash.LIVE) == []
    den.run("boss", Restore("worker", Target(worker)))
    assert len(den.list("boss", "firm", ids=(firm,))) == 1


def test_a_link_that_is_hidden_can_not_be_taken_away(den: Den) -> None:
    elder = den.make("worker", name="elder juror", age=70)
    case = den.make("case", name="unlinked", jury={"create": [to(elder)]})
    link = den.queries.links(den.as_("boss"), "case", case, "jury").data[0]["link"]["id"]
    den.refused("clerk", Unlink("case", Target(case), "jury", UUID(link)), error=NotFound)


def test_a_broken_rule_says_nothing_of_hidden_fields(den: Den) -> None:
    told = den.refused("clerk", Create("firm", {"name": "big", "size": 500}), error=Invalid)
    assert "memo" not in told
    case = den.make("case", name="to shut")
    told = den.refused("clerk", Transition("case", Target(case), "shut"), error=Invalid)
    assert "verdict" not in told
    steps = den.runtime.current().records.open_transitions(den.as_("clerk"), "case", case)
    assert "verdict" not in str(steps)
    assert "verdict" in str(den.runtime.current().records.open_transitions(den.as_("boss"), "case", case))


def test_a_clash_says_nothing_of_hidden_fields_or_records(den: Den) -> None:
    hidden = den.make("firm", name="clash", town="t", tax_number="clash1")
    told = den.refused("namer", Create("firm", {"name": "clash", "town": "t"}), error=Conflict)
    assert str(hidden) not in told
    assert "tax" not in told


def test_a_reference_is_not_tried_out_through_another_field(den: Den) -> None:
    worker = den.make("worker", name="target", age=55)
    firm = den.make("firm", name="other", town="porto", chief=to(worker))
    patron = den.make("firm", name="hidden patron", town="faro")
    den.run("boss", Update("firm", Target(firm), {"patron": to(patron)}))
    assert den.list("young", "firm", ids=(patron,)) == []
    den.refused("young", Update("firm", Target(firm), {"chief": to(UUID(int=5))}), error=Invalid)


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete"])
def test_an_empty_set_of_roles_gives_nothing(den: Den, operation: str) -> None:
    firm = den.make("firm", name=f"nobody {operation}")
    nobody = replace(den.someone, roles=frozenset())
    service = den.runtime.current()
    attempts = {
        "create": lambda: service.records.execute(nobody, [Create("firm", {"name": "x"})]),
        "read": lambda: service.queries.get(nobody, "firm", firm),
        "update": lambda: service.records.execute(nobody, [Update("firm", Target(firm), {"name": "x"})]),
        "delete": lambda: service.records.execute(nobody, [Delete("firm", Target(firm))]),
    }
    with pytest.raises(NotFound):
        attempts[operation]()


def test_a_pointer_that_one_may_write_and_not_read_is_not_guessed_by_sending_it_again(den: Den) -> None:
    hidden = den.make("worker", name="hidden chief", age=66)
    firm = den.make("firm", name="guessed", chief=to(hidden))
    told = den.refused("pointer", Update("firm", Target(firm), {"chief": to(hidden)}), error=Invalid)
    assert told == den.refused(
        "pointer", Update("firm", Target(firm), {"chief": to(UUID(int=7))}), error=Invalid
    )
    den.run("clerk+sayer", Update("firm", Target(firm), {"chief": to(hidden), "size": 4}))
