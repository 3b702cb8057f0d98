"""What no write may break, by whichever way it comes: keys, spans, references, locks and links."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from tests.support.ward import PACK
from xrm.engine.commands import Create, Delete, Link, Restore, Target, Transition, Unlink, Update, Upsert
from xrm.engine.queries.request import Expand
from xrm.errors import XrmError
from xrm.testing import admin_actor, an_actor


@pytest.fixture(scope="module")
def ward(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The ward, installed; the administrator does everything."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("ward"), [PACK])
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def refused(ward: Office, *commands, by=None) -> list[tuple[str, str]]:
    """Code and place of each problem of the refusal, which left no trace in the change log."""
    before = ward.log_length()
    with pytest.raises(XrmError) as caught:
        ward.run(*commands, by=by)
    assert ward.log_length() == before
    return [(p.code, p.where.path) for p in caught.value.problems]


def made(ward: Office, entity: str, **values) -> UUID:
    """The id of a new record; other records are given by their ids."""
    plain = {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
    return ward.make(entity, **plain)


# --- keys ---------------------------------------------------------------------------------------------------


def test_an_upsert_by_a_key_with_an_empty_part_meets_nobody(ward: Office) -> None:
    record = made(ward, "thing", name="one", a="k1", b="k2")
    for empty in (None, ""):
        assert refused(ward, Upsert("thing", "ab", {"name": "x", "a": "k1", "b": empty})) == [("R138", "b")]
    assert refused(ward, Upsert("thing", "code", {"name": "x", "code": None})) == [("R138", "code")]
    key = {"name": "x", "external_key": None}
    assert refused(ward, Upsert("thing", "external_key", key)) == [("R138", "external_key")]
    assert ward.read("thing", record)["name"] == "one"


def test_every_empty_part_of_a_key_is_named_at_its_place_in_a_batch(ward: Office) -> None:
    both = Upsert("thing", "ab", {"name": "x", "a": None, "b": None})
    assert refused(ward, Create("thing", {"name": "first"}), both) == [
        ("R138", "commands[1].values.a"),
        ("R138", "commands[1].values.b"),
    ]


@pytest.mark.parametrize("key", [{"a": "d1", "b": None}, {"code": None}, {"external_key": ""}], ids=str)
def test_a_key_with_an_empty_part_addresses_no_record(ward: Office, key) -> None:
    record = made(ward, "thing", name="kept", a="d1")
    name = next(n for n, value in key.items() if not value)
    nobody = Target(key=key)
    for command in (
        Delete("thing", nobody),
        Update("thing", nobody, {"name": "x"}),
        Restore("thing", nobody),
    ):
        assert refused(ward, command) == [("R138", f"key.{name}")]
    ward.run(Delete("thing", Target(record)))


def test_a_key_that_two_records_share_addresses_neither(ward: Office) -> None:
    room = made(ward, "room", name="Shared")
    for hour in (8, 9):
        made(
            ward,
            "booking",
            name="b",
            room=room,
            starts=f"2026-07-01T{hour:02}:00:00Z",
            ends=f"2026-07-01T{hour:02}:30:00Z",
        )
    assert refused(ward, Delete("booking", Target(key={"room": str(room)})))[0][0] == "R136"
    assert refused(ward, Upsert("booking", "slot", {"room": str(room), "name": "x"}))[0][0] == "R136"


# --- restore ------------------------------------------------------------------------------------------------


def booked(ward: Office, room: UUID | str, begin: str, end: str, **values) -> UUID:
    """A booking on a day in June."""
    day = "2026-06-01T"
    return made(
        ward, "booking", name="b", room=room, starts=f"{day}{begin}:00Z", ends=f"{day}{end}:00Z", **values
    )


def test_what_comes_back_does_not_overlap_what_came_meanwhile(ward: Office) -> None:
    room = made(ward, "room", name="Overlap")
    first = booked(ward, room, "10:00", "11:00")
    ward.run(Delete("booking", Target(first)))
    second = booked(ward, room, "10:30", "11:30")
    assert refused(ward, Restore("booking", Target(first))) == [("R140", "room")]
    ward.run(Delete("booking", Target(second)), Restore("booking", Target(first)))
    assert ward.read("booking", first)["deleted_at"] is None


def test_what_comes_back_keeps_the_rules_over_other_records(ward: Office) -> None:
    room = made(ward, "room", name="Full", beds=1)
    first = made(ward, "guest", name="first", room=room)
    ward.run(Delete("guest", Target(first)))
    second = made(ward, "guest", name="second", room=room)
    assert [code for code, _ in refused(ward, Restore("guest", Target(first)))] == ["R151"]
    ward.run(Delete("guest", Target(second)), Restore("guest", Target(first)))


def test_what_comes_back_points_at_nothing_in_the_trash(ward: Office) -> None:
    room, doctor = made(ward, "room", name="Gone"), made(ward, "guest", name="Doctor")
    cleared = booked(ward, room, "08:00", "09:00")
    held = booked(ward, room, "09:00", "10:00", doctor=doctor)
    for booking in (cleared, held):
        ward.run(Delete("booking", Target(booking)))
    ward.run(Delete("room", Target(room)), Delete("guest", Target(doctor)))
    assert [code for code, _ in refused(ward, Restore("booking", Target(held)))] == ["R143"]
    ward.run(Restore("booking", Target(cleared)))
    assert ward.read("booking", cleared)["room"] is None
    history = ward.runtime.current().queries.history(ward.admin, "booking", cleared).data
    assert history[0]["operation"] == "restore"
    assert history[0]["changes"]["room"]["after"] is None
    ward.run(Restore("guest", Target(doctor)), Restore("booking", Target(held)))
    assert ward.read("booking", held)["doctor"]["id"] == str(doctor)


# --- locked states ------------------------------------------------------------------------------------------


def closed_doc(ward: Office, **values) -> tuple[UUID, UUID, UUID]:
    """A locked record with a child and a grandchild."""
    doc = made(ward, "doc", name="D", **values)
    line = made(ward, "line", name="L", doc=doc)
    part = made(ward, "part", name="P", line=line)
    ward.run(Transition("doc", Target(doc), "close"))
    return doc, line, part


def lines_of(ward: Office, doc: UUID):
    """The children of a record."""
    return [line for line in ward.list("line") if line["doc"]["id"] == str(doc)]


def test_a_part_of_a_locked_record_is_locked_at_its_own_address(ward: Office) -> None:
    doc, line, part = closed_doc(ward)
    locked = [
        Create("line", {"name": "new", "doc": str(doc)}),
        Update("line", Target(line), {"number": 9}),
        Delete("line", Target(line)),
        Create("part", {"name": "new", "line": str(line)}),
        Update("part", Target(part), {"name": "new"}),
        Delete("part", Target(part)),
        Update("line", Target(line), {"parts": {"update": [{"id": str(part), "name": "new"}]}}),
        Update("line", Target(line), {"parts": {"delete": [str(part)]}}),
        Update("doc", Target(doc), {"lines": {"create": [{"name": "new"}]}}),
    ]
    for command in locked:
        assert [code for code, _ in refused(ward, command)] == ["R150"], command
    ward.run(Transition("doc", Target(doc), "reopen"), *locked[1:2], Transition("doc", Target(doc), "close"))


def test_a_part_moves_neither_into_a_locked_record_nor_out_of_it(ward: Office) -> None:
    doc, line, _ = closed_doc(ward)
    other = made(ward, "doc", name="Other")
    mine = made(ward, "line", name="mine", doc=other)
    assert refused(ward, Update("line", Target(line), {"doc": str(other)})) == [("R150", "")]
    assert refused(ward, Update("line", Target(mine), {"doc": str(doc)})) == [("R150", "")]


def test_a_transition_into_a_locked_state_may_bring_its_parts(ward: Office) -> None:
    doc = made(ward, "doc", name="D", lines={"create": [{"name": "old"}, {"name": "gone"}]})
    ids = {line["name"]: line["id"] for line in lines_of(ward, doc)}
    lines = {
        "create": [{"name": "new"}],
        "update": [{"id": ids["old"], "number": 1}],
        "delete": [ids["gone"]],
    }
    ward.run(Transition("doc", Target(doc), "close", {"lines": lines}))
    assert {line["name"] for line in lines_of(ward, doc)} == {"old", "new"}


def test_links_of_a_locked_record_stay(ward: Office) -> None:
    mark, doc = made(ward, "mark", name="M", live=True), made(ward, "doc", name="D")
    link = ward.run(Link("doc", Target(doc), "marks", str(mark))).results[0].link
    ward.run(Transition("doc", Target(doc), "close"))
    assert refused(ward, Unlink("doc", Target(doc), "marks", link)) == [("R150", "")]
    again = Link("doc", Target(doc), "marks", str(made(ward, "mark", name="N", live=True)))
    assert refused(ward, again) == [("R150", "")]


def test_a_locked_record_is_neither_deleted_nor_taken_along_nor_cleared(ward: Office) -> None:
    shelf, near, wall = (made(ward, "room", name=n) for n in ("shelf", "near", "wall"))
    doc, line, _ = closed_doc(ward, shelf=shelf, near=near)
    assert refused(ward, Delete("doc", Target(doc))) == [("R150", "")]
    assert refused(ward, Delete("room", Target(shelf))) == [("R150", "")]
    assert refused(ward, Delete("room", Target(near))) == [("R150", "")]
    ward.run(
        Transition("doc", Target(doc), "reopen"),
        Update("line", Target(line), {"room": str(wall)}),
        Transition("doc", Target(doc), "close"),
    )
    assert refused(ward, Delete("room", Target(wall))) == [("R150", "")]
    ward.run(Transition("doc", Target(doc), "reopen"), Delete("doc", Target(doc)))


def test_a_part_does_not_come_back_into_a_locked_record(ward: Office) -> None:
    doc = made(ward, "doc", name="D")
    line = made(ward, "line", name="L", doc=doc)
    ward.run(Delete("line", Target(line)), Transition("doc", Target(doc), "close"))
    assert refused(ward, Restore("line", Target(line))) == [("R150", "")]
    ward.run(Transition("doc", Target(doc), "reopen"), Restore("line", Target(line)))


def test_an_upsert_changes_no_locked_record(ward: Office) -> None:
    doc = made(ward, "doc", name="D", external_key="locked-1")
    ward.run(Transition("doc", Target(doc), "close"))
    upsert = Upsert("doc", "external_key", {"external_key": "locked-1", "name": "E"})
    assert [code for code, _ in refused(ward, upsert)] == ["R150"]


# --- links --------------------------------------------------------------------------------------------------


def test_a_link_never_ends_before_it_begins_whichever_end_is_given(ward: Office) -> None:
    mark, doc = made(ward, "mark", name="M", live=True), made(ward, "doc", name="D")
    link = (
        ward.run(Link("doc", Target(doc), "marks", str(mark), {"valid_from": "2026-05-01"})).results[0].link
    )
    for values, stands in (({"valid_to": "2026-01-01"}, True), ({"valid_to": "2026-05-01"}, False)):
        change = Update("doc", Target(doc), {"marks": {"update": [{"id": str(link), **values}]}})
        if stands:
            assert refused(ward, change) == [("R156", "marks.update[0]")]
        else:
            ward.run(change)
    late = Update("doc", Target(doc), {"marks": {"update": [{"id": str(link), "valid_from": "2026-06-01"}]}})
    assert refused(ward, late) == [("R156", "marks.update[0]")]


def history_of(ward: Office, entity: str, record: UUID) -> list[tuple[str, int]]:
    """Operation and version of each row of the log about the record, the oldest first."""
    rows = ward.runtime.current().queries.history(ward.admin, entity, record).data
    return [(row["operation"], row["version"]) for row in reversed(rows)]


def test_a_link_by_itself_keeps_the_rules_over_other_records(ward: Office) -> None:
    first, second = (made(ward, "mark", name=n, live=True) for n in ("first", "second"))
    kit = made(ward, "kit", name="K")
    both = {"parts": {"create": [{"to": str(first)}, {"to": str(second)}]}}
    assert refused(ward, Update("kit", Target(kit), both)) == [("R151", "")]
    link = ward.run(Link("kit", Target(kit), "parts", str(first))).results[0].link
    more = Link("kit", Target(kit), "parts", str(second))
    assert refused(ward, more) == [("R151", "")]
    assert refused(ward, Create("mark", {"name": "x"}), more) == [("R151", "commands[1].values")]
    assert ward.run(Update("kit", Target(kit), {"sealed": True})).results[0].version == 2
    assert refused(ward, Unlink("kit", Target(kit), "parts", link)) == [("R151", "")]
    ward.run(Update("kit", Target(kit), {"sealed": False}), Unlink("kit", Target(kit), "parts", link))


def test_links_of_two_records_in_one_batch_are_judged_each_by_itself(ward: Office) -> None:
    mark, other = (made(ward, "mark", name=n, live=True) for n in ("one", "other"))
    kits = [made(ward, "kit", name=n) for n in ("K", "L")]
    results = ward.run(*(Link("kit", Target(kit), "parts", str(mark)) for kit in kits)).results
    assert [(r.id, r.outcome, r.position) for r in results] == [
        (kits[0], "linked", 0),
        (kits[1], "linked", 1),
    ]
    assert len({r.link for r in results}) == len(kits)
    swap = [Unlink("kit", Target(kits[0]), "parts", results[0].link)]
    assert ward.run(*swap, Link("kit", Target(kits[0]), "parts", str(other))).results[1].link
    third = made(ward, "kit", name="M")
    twice = [Link("kit", Target(third), "parts", str(m)) for m in (mark, other)]
    assert refused(ward, *twice) == [("R151", "commands[1].values")]


def test_a_link_is_one_row_of_the_log_and_raises_no_version(ward: Office) -> None:
    mark, kit = made(ward, "mark", name="M", live=True), made(ward, "kit", name="K")
    linked = ward.run(Link("kit", Target(kit), "parts", str(mark))).results[0]
    unlinked = ward.run(Unlink("kit", Target(kit), "parts", linked.link)).results[0]
    assert [(r.outcome, r.version, r.link) for r in (linked, unlinked)] == [
        ("linked", 1, linked.link),
        ("unlinked", 1, linked.link),
    ]
    assert history_of(ward, "kit", kit) == [("create", 1), ("link", 1), ("unlink", 1)]


def test_a_link_does_not_take_its_record_out_of_the_writers_reach(ward: Office) -> None:
    mark, kit = made(ward, "mark", name="M", live=True), made(ward, "kit", name="K")
    packer = an_actor(ward.runtime, "packer", ["packer"])
    nested = Update("kit", Target(kit), {"parts": {"create": [{"to": str(mark)}]}})
    for command in (nested, Link("kit", Target(kit), "parts", str(mark))):
        assert refused(ward, command, by=packer) == [("A104", "")]


def test_a_link_leads_only_to_what_the_filter_admits(ward: Office) -> None:
    live, dead = (
        made(ward, "mark", name="live", live=True, area="x"),
        made(ward, "mark", name="dead", live=False),
    )
    doc = made(ward, "doc", name="D", area="y")
    for mark in (live, dead):
        assert refused(ward, Link("doc", Target(doc), "marks", str(mark))) == [("R152", "marks")]
        nested = {"marks": {"create": [{"to": str(mark)}]}}
        assert refused(ward, Update("doc", Target(doc), nested)) == [("R152", "marks.create[0]")]
        assert refused(ward, Create("doc", {"name": "N", "area": "y", **nested})) == [
            ("R152", "marks.create[0]")
        ]
    ward.run(Create("doc", {"name": "X", "area": "x", "marks": {"create": [{"to": str(live)}]}}))
    ward.run(Update("doc", Target(doc), {"area": "x", "marks": {"create": [{"to": str(live)}]}}))
    shown = ward.runtime.current().queries.get(ward.admin, "doc", doc, expand=(Expand("marks"),))
    assert [far["id"] for far in shown["marks"]["data"]] == [str(live)]


def test_a_change_that_leaves_a_link_outside_its_filter_is_refused(ward: Office) -> None:
    live, doc = made(ward, "mark", name="live", live=True, area="x"), made(ward, "doc", name="D", area="x")
    link = ward.run(Link("doc", Target(doc), "marks", str(live))).results[0].link
    assert refused(ward, Update("doc", Target(doc), {"area": "y"})) == [("R152", "marks")]
    ward.run(Update("doc", Target(doc), {"name": "E"}))
    ward.run(Update("doc", Target(doc), {"area": "y", "marks": {"delete": [str(link)]}}))


# --- what belongs to others ---------------------------------------------------------------------------------


def test_an_upload_of_someone_else_is_not_taken_into_ones_own_record(ward: Office) -> None:
    ana, ben = (an_actor(ward.runtime, name, ["clerk"]) for name in ("ana", "ben"))
    paper = str(ward.runtime.uploads.upload(ben, BytesIO(b"of ben"), "ben.txt").id)
    mine = ward.run(Create("thing", {"name": "mine"}), by=ana).results[0].id
    for command in (
        Create("thing", {"name": "x", "paper": paper}),
        Update("thing", Target(mine), {"paper": paper}),
    ):
        assert refused(ward, command, by=ana) == [("R158", "paper")]
    own = ward.run(Create("thing", {"name": "own", "paper": paper}), by=ben).results[0].id
    assert ward.read("thing", own)["paper"] == paper
    assert refused(ward, Update("thing", Target(mine), {"paper": paper}), by=ben) == [("R158", "paper")]


def test_giving_a_record_to_someone_else_needs_the_right_to_assign(ward: Office) -> None:
    clerk, sender = (an_actor(ward.runtime, role, [role]) for role in ("clerk", "sender"))
    other = {"owner": {"id": str(ward.admin.id)}}
    errand = Target(ward.run(Create("errand", {"name": "mine"}), by=clerk).results[0].id)
    for command in (Create("errand", {"name": "given", **other}), Update("errand", errand, other)):
        assert refused(ward, command, by=clerk) == [("A102", "owner")]
        ward.run(command, by=sender)
    assert ward.read("errand", errand.id)["owner"]["id"] == str(ward.admin.id)
