"""What is renamed onto the name of something else is refused, and what has changed places comes back to its own."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.engine.packs.conftest import Make
from tests.support.installed import make_runtime, plan_back
from xrm.engine.commands import Create
from xrm.engine.packs import Revision
from xrm.engine.queries.request import Query, Sort
from xrm.engine.runtime import Runtime
from xrm.errors import PlanRefused
from xrm.testing import a_pack, admin_actor, an_actor, pack_from


def thing(options: str = "[]", more: str = "") -> str:
    choices = (
        f"  kind: {{type: choice, options: {options}}}\n  many: {{type: multi_choice, options: {options}}}\n"
    )
    fields = choices if options != "[]" else ""
    return f"title: name\nfields:\n  name: {{type: text}}\n{fields}{more}"


def pack(roles: str = "", **entities: str) -> dict[str, str]:
    return a_pack("sales", {"roles.yaml": roles} if roles else {}, **entities)


def changed(runtime: Runtime, roles: str = "", **entities: str) -> int:
    """The number of the version with these entities in force."""
    revision = Revision((pack_from(pack(roles, **entities)),), dev=True)
    runtime.packs.revise(revision, runtime.installer)
    return runtime.packs.versions()[0].number


def back(runtime: Runtime, version: int) -> None:
    plan = plan_back(runtime, version)
    runtime.packs.roll_back(version, runtime.installer, confirmed=plan.hash)


def filled(make: Make) -> tuple[Runtime, int]:
    """Things of each kind, a and b, named after it; and the version in which they are called so."""
    runtime = make([pack(thing=thing("[a, b]"))])
    ana, records = admin_actor(runtime), runtime.current().records
    records.execute(ana, [Create("thing", {"name": k, "kind": k, "many": [k]}) for k in ("a", "b")])
    return runtime, runtime.packs.versions()[0].number


def kinds(runtime: Runtime) -> list[tuple[str, str, list[str]]]:
    query = Query("thing", sort=(Sort(("name",)),))
    rows = runtime.current().queries.list(admin_actor(runtime), query).data
    return [(row["name"], row["kind"], row["many"]) for row in rows]


AS_THEY_WERE = [("a", "a", ["a"]), ("b", "b", ["b"])]


ONTO_ANOTHER = (
    "{b: {renamed_from: a}}",
    "{b: {renamed_from: a}, c: {renamed_from: b}}",
    "{c: {renamed_from: [a, b]}}",
)


def test_an_option_is_not_renamed_onto_another_one(make: Make):
    runtime, _ = filled(make)
    for options in ONTO_ANOTHER:
        with pytest.raises(PlanRefused) as refused:
            changed(runtime, thing=thing(options))
        places = [(p.code, p.where.file.rpartition("/")[2]) for p in refused.value.problems]
        assert places == [("S127", "thing.yaml")] * 2
    assert kinds(runtime) == AS_THEY_WERE


def test_options_are_joined_by_a_decision_and_parted_by_going_back(make: Make):
    runtime, start = filled(make)
    source = pack_from(pack(thing=thing("[b]")))
    decisions = {"option:thing.kind.a": "b", "option:thing.many.a": "b"}
    runtime.packs.revise(Revision((source,), dev=True, decisions=decisions), runtime.installer)
    assert kinds(runtime) == [("a", "b", ["b"]), ("b", "b", ["b"])]
    back(runtime, start)
    assert kinds(runtime) == AS_THEY_WERE


def test_options_that_moved_up_one_after_the_other_come_back_to_their_places(make: Make):
    runtime, start = filled(make)
    changed(runtime, thing=thing("{a: {}, c: {renamed_from: b}}"))
    moved = changed(runtime, thing=thing("{b: {renamed_from: a}, c: {}}"))
    there = [("a", "b", ["b"]), ("b", "c", ["c"])]
    assert kinds(runtime) == there
    back(runtime, start)
    assert kinds(runtime) == AS_THEY_WERE
    back(runtime, moved)
    assert kinds(runtime) == there


def test_options_that_changed_places_come_back_to_their_places(make: Make):
    runtime, start = filled(make)
    changed(runtime, thing=thing("{x: {renamed_from: a}, b: {}}"))
    changed(runtime, thing=thing("{x: {}, a: {renamed_from: b}}"))
    swapped = changed(runtime, thing=thing("{b: {renamed_from: x}, a: {}}"))
    there = [("a", "b", ["b"]), ("b", "a", ["a"])]
    assert kinds(runtime) == there
    back(runtime, start)
    assert kinds(runtime) == AS_THEY_WERE
    back(runtime, swapped)
    assert kinds(runtime) == there


def test_an_option_that_took_the_key_of_another_is_decided_about_on_the_way_back(make: Make):
    runtime, start = filled(make)
    changed(runtime, thing=thing("{c: {renamed_from: a}, b: {}}"))
    changed(runtime, thing=thing("{c: {renamed_from: a}, b: {}, a: {}}"))
    ana = admin_actor(runtime)
    runtime.current().records.execute(ana, [Create("thing", {"name": "n", "kind": "a", "many": ["a"]})])
    with pytest.raises(PlanRefused) as refused:
        plan_back(runtime, start)
    assert [p.where.path for p in refused.value.problems] == ["option:thing.kind.a", "option:thing.many.a"]
    decisions = {"option:thing.kind.a": "b", "option:thing.many.a": ""}
    revision = Revision(version=start, dev=True, decisions=decisions)
    runtime.packs.revise(revision, runtime.installer)
    assert kinds(runtime) == [*AS_THEY_WERE, ("n", "b", None)]


def test_a_field_an_entity_or_a_role_is_not_renamed_onto_another_one(sqlite_url: str, tmp_path: Path):
    two = thing(more="  one: {type: text}\n  two: {type: text}\n")
    packs = [pack(role("low") + role("high"), thing=two, place=thing())]
    with closing(make_runtime(sqlite_url, tmp_path, packs)) as runtime:
        low = an_actor(runtime, "Low", ["low"])
        one = thing(more="  two: {type: text, renamed_from: one}\n")
        with pytest.raises(PlanRefused) as refused:
            changed(runtime, role("high", "  renamed_from: low\n"), thing=f"renamed_from: place\n{one}")
        assert [p.code for p in refused.value.problems] == ["S127"] * 3
        assert runtime.identity.actor(low.id, door="api").roles == {"low"}


def role(name: str, more: str = "") -> str:
    return f"{name}:\n  label: Role\n{more}  grants: {{all: {{entity: thing, can: [read]}}}}\n"


def test_back_over_names_that_two_entities_and_two_fields_have_exchanged(make: Make):
    plain = thing(more="  one: {type: text}\n  two: {type: text}\n")
    runtime = make([pack(place=plain, house=plain, thing=thing(more=leading("place", "house")))])
    start, ana, records = runtime.packs.versions()[0].number, admin_actor(runtime), runtime.current().records
    made = [Create(e, {"name": e, "one": "1", "two": "2"}, name=e) for e in ("place", "house")]
    refs = {"at": {"ref": "place"}, "of": {"ref": "house"}}
    records.execute(ana, [*made, Create("thing", {"name": "t", **refs})])

    def told() -> list[object]:
        queries, paths = runtime.current().queries, (("at", "name"), ("of", "name"))
        (row,) = queries.list(ana, Query("thing", fields=paths)).data
        rows = [queries.list(ana, Query(e)).data[0] for e in ("place", "house")]
        return [row["at"]["name"], row["of"]["name"], *((r["name"], r["one"], r["two"]) for r in rows)]

    was = told()
    aside = plain.replace("  one: {", "  six: {renamed_from: [one], ")
    changed(
        runtime, site=f"renamed_from: place\n{aside}", house=plain, thing=thing(more=leading("site", "house"))
    )
    over = plain.replace("  two: {", "  six: {").replace("  one: {", "  one: {renamed_from: [two], ")
    changed(
        runtime, site=over, place=f"renamed_from: house\n{plain}", thing=thing(more=leading("site", "place"))
    )
    done = plain.replace("  two: {", "  two: {renamed_from: [six], ")
    changed(
        runtime, house=f"renamed_from: site\n{done}", place=plain, thing=thing(more=leading("house", "place"))
    )
    changed(runtime, house=plain, place=plain, thing=thing(more=leading("house", "place")))
    assert told() == ["place", "house", ("house", "1", "2"), ("place", "2", "1")]
    back(runtime, start)
    assert told() == was == ["place", "house", ("place", "1", "2"), ("house", "1", "2")]


def test_entities_that_are_defined_alike_and_have_exchanged_names_get_their_own_records_back(make: Make):
    runtime = make([pack(place=thing(), house=thing())])
    start, ana = runtime.packs.versions()[0].number, admin_actor(runtime)
    runtime.current().records.execute(ana, [Create(e, {"name": e}) for e in ("place", "house")])
    changed(runtime, site=f"renamed_from: place\n{thing()}", house=thing())
    changed(runtime, site=thing(), place=f"renamed_from: house\n{thing()}")
    changed(runtime, house=f"renamed_from: site\n{thing()}", place=thing())
    changed(runtime, house=thing(), place=thing())
    back(runtime, start)
    queries = runtime.current().queries
    assert [queries.list(ana, Query(e)).data[0]["name"] for e in ("place", "house")] == ["place", "house"]


def leading(at: str, of: str) -> str:
    return f"relationships: {{at: {{to: {at}}}, of: {{to: {of}}}}}\n"
