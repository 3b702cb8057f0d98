"""An act is taken back to what its values meant when it was done, whatever has their names by now."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.engine.packs.conftest import Make
from tests.engine.packs.test_names_that_meet import changed, filled, thing
from xrm.engine.commands import Create, Target, Update
from xrm.engine.queries.request import Query
from xrm.engine.runtime import Runtime
from xrm.errors import Conflict
from xrm.testing import a_pack, admin_actor


def act(runtime: Runtime, record: UUID, values: dict[str, object]) -> Callable[[], object]:
    """These values are written; what is returned takes that back."""
    ana, records = admin_actor(runtime), runtime.current().records
    at = records.place_of(records.execute(ana, [Update("thing", Target(record), values)]))
    return lambda: runtime.current().records.undo(ana, at)


def named(runtime: Runtime, name: str) -> UUID:
    rows = runtime.current().queries.list(admin_actor(runtime), Query("thing")).data
    return next(UUID(row["id"]) for row in rows if row["name"] == name)


def kind(runtime: Runtime, record: UUID) -> tuple[object, object]:
    row = runtime.current().queries.get(admin_actor(runtime), "thing", record)
    return row["kind"], row["many"]


def test_taking_back_gives_an_option_its_present_key_also_when_another_one_took_the_former(make: Make):
    runtime, _ = filled(make)
    record = named(runtime, "a")
    undo = act(runtime, record, {"kind": "b", "many": ["b"]})
    changed(runtime, thing=thing("{x: {renamed_from: a}, b: {}}"))
    changed(runtime, thing=thing("{x: {}, a: {renamed_from: b}}"))
    assert kind(runtime, record) == ("a", ["a"])
    undo()
    assert kind(runtime, record) == ("x", ["x"])


def test_taking_back_is_refused_where_an_option_is_gone_and_another_one_has_its_key(make: Make):
    runtime, _ = filled(make)
    record = named(runtime, "a")
    undo = act(runtime, record, {"kind": "b", "many": ["b"]})
    changed(runtime, thing=thing("[b]"))
    changed(runtime, thing=thing("{a: {renamed_from: b}}"))
    with pytest.raises(Conflict) as refused:
        undo()
    assert [(p.code, p.where.path) for p in refused.value.problems] == [("R173", "kind")]
    assert kind(runtime, record) == ("a", ["a"])


def test_taking_back_points_at_the_records_of_an_entity_by_its_present_name(make: Make):
    refs = "relationships: {about: {to: [place, house]}}\n"
    plain = thing()
    runtime = make([a_pack("sales", thing=plain + refs, place=plain, house=plain)])
    ana, records = admin_actor(runtime), runtime.current().records
    place = records.execute(ana, [Create("place", {"name": "p"})]).results[0].id
    made = Create("thing", {"name": "t", "about": {"entity": "place", "id": str(place)}})
    record = records.execute(ana, [made]).results[0].id
    undo = act(runtime, record, {"about": None})
    first = refs.replace("place, house", "site, house")
    changed(runtime, thing=plain + first, site="renamed_from: place\n" + plain, house=plain)
    second = refs.replace("place, house", "site, place")
    changed(runtime, thing=plain + second, site=plain, place="renamed_from: house\n" + plain)
    undo()
    row = runtime.current().queries.get(ana, "thing", record)
    assert (row["about"]["entity"], row["about"]["id"]) == ("site", str(place))
