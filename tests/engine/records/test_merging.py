"""Several records become one with all that belongs to them, and undo leaves the data equal to before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import (
    Command,
    Create,
    Delete,
    Link,
    Merge,
    Outcome,
    Restore,
    Target,
    Transition,
    Update,
)
from xrm.engine.queries.request import Trash
from xrm.engine.storage.ledger import COMMENT, MARK, MERGE, MERGED
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, XrmError
from xrm.testing import a_pack, admin_actor, an_actor

FIRM = """
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true, search: true}
  city: {type: text}
  code: {type: text, unique: true}
  tags: {type: tags}
  kinds: {type: multi_choice, options: [big, small, far]}
  worth: {type: money}
  place: {type: address}
  photo: {type: file}
  papers: {type: file, many: true}
  token: {type: secret}
  mood: {type: text, track: false}
  credit: {type: integer, sensitive: true}
  closed_because: {type: text, visible_when: city == "Gone"}
relationships:
  parent: {to: firm, hierarchy: true, inverse: children, on_delete: clear}
  partners: {to: firm, many: true, inverse: partner_of, attributes: {since: {type: integer}}}
  seat: {to: firm, many: true, valid: true, inverse: seat_of}
  rows: {from: row, owned: true}
duplicates: {same: {match: [city, name], then: warn}}
"""
CHILD = "title: name\nfields: {name: {type: text}}\nrelationships: {firm: {to: firm, inverse: NAME, MORE}}\n"
PACK = a_pack(
    "merging",
    {
        "lifecycles/deal.yaml": "states: {open: {initial: true}, won: {final: true, locked: true}}\n"
        "transitions: {win: {from: open, to: won}}\n",
        "roles.yaml": """
rep:
  grants:
    firms: {entity: firm, can: [create, read, update, delete], rows: own}
    deals: {entity: deal, can: [create, read, update], rows: own}
    notes: {entity: note, can: [read]}
reader: {grants: {firms: {entity: firm, can: [read, update]}}}
desk:
  grants:
    seen:  {entity: firm, can: [read], fields: {except: [parent, token, credit]}}
    led:   {entity: firm, can: [read], rows: city == "Far", fields: [name, parent]}
    near:  {entity: firm, can: [update, delete], rows: city == "Near"}
    named: {entity: firm, can: [update], fields: [name]}
""",
    },
    firm=FIRM,
    row="title: name\nfields: {name: {type: text}}\n"
    "relationships: {firm: {to: firm, required: true, inverse: rows, on_delete: cascade}}\n",
    deal=CHILD.replace("NAME", "deals").replace("MORE", "on_delete: restrict")
    .replace("title: name\n", "title: name\nownership: user_or_team\n"),
    note=CHILD.replace("NAME", "notes").replace("MORE", "on_delete: clear, cascade: {merge: none}"),
    visit=CHILD.replace("firm: {to: firm,", "firm: {to: [firm, deal],")
    .replace("NAME", "visits").replace("MORE", "on_delete: clear"),
    call="title: name\nfields: {name: {type: text}}\n"
    "relationships: {about: {to: any, inverse: calls}, guests: {to: [firm, deal], many: true, inverse: guest_in},\n"
    "  heard: {to: any, many: true, inverse: heard_in}}\n",
    entry=CHILD.replace("NAME", "entries").replace("MORE", "on_delete: restrict")
    .replace("title: name\n", "title: name\nappend_only: true\n"),
    seatplan="title: name\nfields: {name: {type: text}, line: {type: integer}}\n"
    "relationships: {firm: {to: firm, inverse: plans, on_delete: clear}}\n"
    "keys: {line: {fields: [firm, line]}}\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def hall(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Firms, and everything that may belong to one."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("merging"), [PACK])
    admin = admin_actor(runtime)
    yield Office(
        runtime, admin, an_actor(runtime, "rui", ["rep"]), an_actor(runtime, "rea", ["reader"]), admin
    )
    runtime.close()


def merge(hall: Office, kept: UUID, *others: UUID, by=None, **more: Any) -> Outcome:
    return hall.run(Merge("firm", Target(kept), others, **more), by=by)


def undo(hall: Office, outcome: Outcome, by=None) -> Outcome:
    records = hall.runtime.current().records
    return records.undo(by or hall.boss, records.place_of(outcome))


def refused(hall: Office, *commands: Command, by=None, error=XrmError) -> XrmError:
    before = hall.log_length()
    with pytest.raises(error) as caught:
        hall.run(*commands, by=by)
    assert hall.log_length() == before
    return caught.value


STAMPS = {"version", "updated_at", "updated_by", "created_at", "created_by", "title__key"}


def stored(hall: Office) -> dict[str, list[Any]]:
    """Every row of every table of records and links, and what stands beside them, without stamps."""
    schema = hall.runtime.current().schema
    tables = [*schema.metadata.tables.values(), COMMENT, MARK, MERGE, MERGED]
    found = {}
    with hall.runtime.database.read() as unit:
        for table in tables:
            columns = [c for c in table.c if c.name not in STAMPS]
            if table is MARK:
                columns = [c for c in columns if c.name != "at"]
            found[table.name] = sorted(map(repr, unit.execute(sa.select(*columns))))
    return found


# --- what becomes of the records ------------------------------------------------------------------------


def test_what_is_empty_is_filled_lists_are_united_and_what_is_there_stays(hall: Office) -> None:
    kept = hall.make("firm", name="Kept", tags=["a"], kinds=["big"])
    first = hall.make("firm", name="First", city="Faro", code="F1", tags=["b", "a"])
    second = hall.make(
        "firm", name="Second", city="Beja", kinds=["far"], worth={"amount": "5", "currency": "EUR"}
    )
    outcome = merge(hall, kept, first, second)
    assert [(r.id, r.outcome) for r in outcome.results] == [(kept, "merged")]
    firm = hall.read("firm", kept)
    assert (firm["name"], firm["city"], firm["code"]) == ("Kept", "Faro", "F1")
    assert (firm["tags"], sorted(firm["kinds"])) == (["a", "b"], ["big", "far"])
    assert firm["worth"]["amount"].startswith("5")
    assert hall.list("firm", ids=(first, second)) == []
    assert all(row["deleted_at"] for row in hall.list("firm", ids=(first, second), trash=Trash.BOTH))


def test_a_value_is_chosen_from_any_of_them_or_given(hall: Office) -> None:
    kept = hall.make("firm", name="Choosing", city="Faro")
    other = hall.make("firm", name="Other", city="Beja", code="chosen")
    merge(hall, kept, other, choose={"name": other, "city": kept, "code": kept}, values={"city": "Porto"})
    firm = hall.read("firm", kept)
    assert (firm["name"], firm["city"], firm["code"]) == ("Other", "Porto", None)


def test_what_cannot_be_merged_or_chosen_is_told_with_its_place(hall: Office) -> None:
    one, two = (hall.make("firm", name=n) for n in ("One", "Two"))
    many = tuple(hall.make("firm", name=str(n)) for n in range(5))
    for others in ((), (one,), (two, two), many):
        assert refused(hall, Merge("firm", Target(one), others), error=Invalid).first.code == "R192"
    wrong = Merge("firm", Target(one), (two,), {"citi": two, "city": many[0]})
    found = refused(hall, wrong, error=Invalid).problems
    assert [(p.code, p.where.path) for p in found] == [("R103", "choose.citi"), ("R192", "choose.city")]
    assert "city" in found[0].hint
    entry = hall.make("entry", name="E")
    other = hall.make("entry", name="F")
    assert refused(hall, Merge("entry", Target(entry), (other,))).first.code == "R146"
    assert refused(hall, Merge("firm", Target(one), (two,), {}, {"name": None})).first.code == "R130"


def test_a_value_that_has_no_place_there_is_left_out(hall: Office) -> None:
    kept = hall.make("firm", name="Standing", city="Faro")
    other = hall.make("firm", name="Other", city="Gone", closed_because="It burned")
    merge(hall, kept, other)
    assert hall.read("firm", kept)["closed_because"] is None


def test_a_record_that_led_to_the_other_does_not_lead_to_itself(hall: Office) -> None:
    top = hall.make("firm", name="Top")
    other = hall.make("firm", name="Other", parent=str(top))
    kept = hall.make("firm", name="Kept", parent=str(other))
    below = hall.make("firm", name="Below", parent=str(other))
    outcome = merge(hall, kept, other)
    assert hall.read("firm", kept)["parent"]["id"] == str(top)
    assert hall.read("firm", below)["parent"]["id"] == str(kept)
    undo(hall, outcome)
    assert hall.read("firm", kept)["parent"]["id"] == str(other)


# --- what belongs to them -------------------------------------------------------------------------------


def test_whatever_points_at_the_others_points_at_the_kept_record(hall: Office) -> None:
    kept, other = (hall.make("firm", name=n) for n in ("Kept", "Other"))
    there = {"id": str(other), "entity": "firm"}
    made = {
        entity: hall.make(entity, name=entity, firm=there) for entity in ("row", "deal", "visit", "entry")
    }
    call = hall.make("call", name="call", about=there)
    hall.run(Transition("deal", Target(made["deal"]), "win"))
    link = hall.run(Link("call", Target(call), "guests", there)).results[0].link
    merge(hall, kept, other)
    for entity, record in made.items():
        assert hall.read(entity, record)["firm"]["id"] == str(kept), entity
    assert hall.read("call", call)["about"]["id"] == str(kept)
    guests = hall.queries.links(hall.boss, "call", call, "guests").data
    assert [(row["id"], row["link"]["id"]) for row in guests] == [(str(kept), str(link))]


def test_what_the_definitions_keep_back_goes_as_with_a_deletion(hall: Office) -> None:
    kept, other = (hall.make("firm", name=n) for n in ("Kept", "Other"))
    note = hall.make("note", name="note", firm=str(other))
    outcome = merge(hall, kept, other)
    assert hall.read("note", note)["firm"] is None
    undo(hall, outcome)
    assert hall.read("note", note)["firm"]["id"] == str(other)


def test_links_go_over_once_and_none_leads_from_the_record_to_itself(hall: Office) -> None:
    kept, other, third = (hall.make("firm", name=n) for n in ("Kept", "Other", "Third"))
    for source, target in ((kept, third), (other, third), (other, kept), (third, other)):
        hall.run(Link("firm", Target(source), "partners", str(target)))
    before = stored(hall)
    outcome = merge(hall, kept, other)
    links = hall.queries.links
    assert [row["id"] for row in links(hall.boss, "firm", kept, "partners").data] == [str(third)]
    assert [row["id"] for row in links(hall.boss, "firm", third, "partners").data] == [str(kept)]
    undo(hall, outcome)
    assert stored(hall) == before


def test_two_that_may_not_both_belong_to_one_are_told_and_nothing_is_merged(hall: Office) -> None:
    kept, other = (hall.make("firm", name=n) for n in ("Kept", "Other"))
    for firm in (kept, other):
        hall.make("seatplan", name="plan", firm=str(firm), line=1)
    problem = refused(hall, Merge("firm", Target(kept), (other,)), error=Conflict).first
    assert problem.code == "R193"
    assert "Seatplans" in problem.message


def test_comments_and_stars_go_over_and_come_back(hall: Office) -> None:
    kept, other = (hall.make("firm", name=n) for n in ("Kept", "Other"))
    hall.runtime.current().records.comment(hall.boss, "firm", other, "About the other")
    number = hall.runtime.current().numbers.entities["firm"]
    marks = hall.runtime.identity.marks
    marks.put(hall.boss, "favourite", number, other)
    for actor in (hall.boss, hall.rep):
        marks.put(actor, "follow", number, other)
    marks.put(hall.boss, "follow", number, kept)
    before = stored(hall)
    outcome = merge(hall, kept, other)
    comments = hall.queries.timeline(hall.boss, "firm", kept, sources=("comments",), limit=5).data
    assert len(comments) == 1
    assert kept in [m.record for m in marks.of(hall.boss) if m.kind == "favourite"]
    undo(hall, outcome)
    assert stored(hall) == before


# --- the other's id, rights and the trash ---------------------------------------------------------------


def test_a_change_of_the_other_names_the_record_that_answers_for_it(hall: Office) -> None:
    first, second, third = (hall.make("firm", name=n) for n in ("First", "Second", "Third"))
    merge(hall, second, first)
    merge(hall, third, second)
    for command in (Update("firm", Target(first), {"name": "New"}), Delete("firm", Target(first))):
        problem = refused(hall, command, error=Conflict).first
        assert (problem.code, [about.id for about in problem.records]) == ("R194", [str(third)])
    assert refused(hall, Merge("firm", Target(third), (first,))).first.code == "R194"
    assert hall.runtime.current().records.answering(hall.boss, "firm", first) == third


def test_files_that_filled_the_kept_record_are_its_own(hall: Office) -> None:
    """The other one comes back with its files, and may go for ever: those of the kept record stay."""
    uploads = hall.runtime.uploads
    photo, paper = (str(uploads.upload(hall.boss, BytesIO(b"x"), n).id) for n in ("a.txt", "b.txt"))
    kept, other = hall.make("firm", name="Kept"), hall.make("firm", name="Other", photo=photo, papers=[paper])
    merge(hall, kept, other)
    hall.run(Restore("firm", Target(other)))
    for record in (kept, other):
        row = hall.read("firm", record)
        files = [UUID(each) for each in (row["photo"], *row["papers"])]
        assert [facts.record for facts in uploads.facts(files).values()] == [record] * 2


def test_a_record_that_is_restored_answers_for_itself(hall: Office) -> None:
    kept, other = (hall.make("firm", name=n) for n in ("Kept", "Other"))
    gone = hall.make("visit", name="gone", firm={"id": str(other), "entity": "firm"})
    hall.run(Delete("visit", Target(gone)))
    merge(hall, kept, other)
    hall.run(Restore("visit", Target(gone)))
    assert hall.read("visit", gone)["firm"]["id"] == str(kept)
    hall.run(Restore("firm", Target(other)))
    assert hall.runtime.current().records.answering(hall.boss, "firm", other) is None
    hall.change("firm", other, name="Itself")


def test_who_merges_may_change_all_of_them_delete_the_others_and_change_what_goes_over(hall: Office) -> None:
    mine, too = (hall.make("firm", by=hall.rep, name=n) for n in ("Mine", "Mine too"))
    theirs = hall.make("firm", name="Theirs")
    both = Merge("firm", Target(mine), (theirs,))
    assert refused(hall, both, by=hall.rep, error=NotFound).first.code == "R104"
    assert refused(hall, both, by=hall.auditor, error=Forbidden).first.code == "A102"
    deal = hall.make("deal", name="Hidden deal", firm=str(too))
    problem = refused(hall, Merge("firm", Target(mine), (too,)), by=hall.rep, error=Forbidden).first
    assert problem.code == "A105"
    assert "Deal" not in str(problem)
    hall.change("deal", deal, owner=str(hall.rep.id))
    hall.make("entry", name="entry", firm=str(too))
    assert refused(hall, Merge("firm", Target(mine), (too,)), by=hall.rep).first.code == "A105"
    assert refused(hall, Merge("firm", Target(mine), (too,), {"credit": too}), by=hall.rep, error=XrmError)


def test_what_goes_over_is_theirs_to_give_to_the_kept_record(hall: Office) -> None:
    """Of a firm that is far the desk may change the name alone, and not its rows or partners: by merging neither."""
    desk = an_actor(hall.runtime, "Dea", ["desk"])
    far = hall.make("firm", name="Far", city="Far")
    near = [hall.make("firm", name=f"Near {n}", city="Near") for n in range(3)]
    hall.make("row", name="row", firm=str(near[0]))
    hall.run(Link("firm", Target(near[1]), "partners", str(near[2])))
    codes = [refused(hall, Merge("firm", Target(far), (other,)), by=desk).first.code for other in near[:2]]
    assert codes == ["A104", "A105"]
    hall.change("firm", far, parent=str(near[2]))
    hall.change("firm", near[2], parent=str(near[0]))
    merge(hall, far, near[2], by=desk)
    assert hall.read("firm", far)["parent"] is None  # where the near one led is not for the desk to read


def test_secrets_and_what_history_does_not_keep_stay_where_they_are(hall: Office) -> None:
    kept = hall.make("firm", name="Kept")
    other = hall.make("firm", name="Other", token="t0ken", mood="good")
    outcome = merge(hall, kept, other)
    assert hall.read("firm", kept)["mood"] is None
    undo(hall, outcome)
    assert hall.read("firm", other)["mood"] == "good"


# --- taken back -----------------------------------------------------------------------------------------


def test_after_undo_the_data_is_equal_to_before_whatever_belonged_to_them(
    hall: Office, scale: Callable[[int, int], int]
) -> None:
    merged = [is_merged_and_parted(hall, Random(seed)) for seed in range(scale(3, 60))]
    assert merged.count(True) > len(merged) // 2


def is_merged_and_parted(hall: Office, random: Random) -> bool:
    """Whether some of five firms with much around them could be merged; then this was taken back."""
    firms = [
        hall.run(Create("firm", a_firm(random, n), accept_duplicates=True)).results[0].id for n in range(5)
    ]
    for _ in range(14):
        grow(hall, random, firms)
    before = stored(hall)
    group = random.sample(firms, random.randint(2, 4))
    choose = {name: random.choice(group) for name in ("name", "city", "worth") if random.random() < 0.4}
    try:
        outcome = merge(hall, group[0], *group[1:], choose=choose)
    except (Conflict, Invalid):  # a circle of parents, or two plans of one line: then nothing has changed
        assert stored(hall) == before
        return False
    assert stored(hall) != before
    undo(hall, outcome)
    assert stored(hall) == before
    return True


def a_firm(random: Random, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {"name": f"Firm {number}"}
    if random.random() < 0.5:
        values |= {
            "worth": {"amount": str(random.randint(1, 9)), "currency": "EUR"},
            "tags": random.sample("abcd", 2),
        }
    if random.random() < 0.5:
        values |= {"code": str(random.random()), "kinds": random.sample(["big", "small", "far"], 2)}
    return values


def grow(hall: Office, random: Random, firms: list[UUID]) -> None:
    """One more thing that belongs to one of the firms."""
    firm, other = random.sample(firms, 2)
    there = {"id": str(firm), "entity": "firm"}
    kind = random.choice(
        ["row", "deal", "note", "visit", "entry", "call", "seatplan", "parent", "partners", "seat"]
    )
    if kind in ("row", "deal", "note", "visit", "entry"):
        made = hall.make(kind, name=kind, firm=there)
        if kind == "deal" and random.random() < 0.5:
            hall.run(Transition("deal", Target(made), "win"))
    elif kind == "call":
        call = hall.make("call", name="call", about=there)
        hall.run(
            Link(
                "call", Target(call), random.choice(["guests", "heard"]), {"id": str(other), "entity": "firm"}
            )
        )
    else:
        change: Command = Link(
            "firm", Target(firm), kind, str(other), {"since": 3} if kind == "partners" else {}
        )
        if kind == "parent":
            change = Update("firm", Target(firm), {"parent": str(other)})
        elif kind == "seatplan":
            change = Create("seatplan", {"name": "plan", "firm": str(firm), "line": random.randint(1, 40)})
        try:
            hall.run(change)
        except XrmError:
            return  # linked already, below itself, or on one line with another plan
