"""Seeds: in an order in which they can be made, each record once, with the places of the files."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrm.engine.packs import SeedRefused
from xrm.engine.packs.seeds import SeedRecord, key_of, plan_seed
from xrm.engine.queries.request import parse_query
from xrm.errors import Invalid, MetadataInvalid
from xrm.metadata.documents import SourceDocument
from xrm.metadata.positions import Positions
from xrm.metadata.refs import refs_in, with_refs
from xrm.testing import a_pack, admin_actor, make_settings, pack_from

DOCUMENT = SourceDocument("seed", "base", "sales", "sales/seed/base.yaml", {}, Positions([1, 1]))
PERSON = """
title: name
fields:
  name: {type: text, required: true}
relationships:
  boss: {to: person, inverse: staff}
  friends: {to: person, many: true, inverse: friends_of}
"""
RING = """
records:
- {ref: ana, entity: person, values: {name: Ana, boss: {ref: rui}}}
- {ref: rui, entity: person, values: {name: Rui, boss: {ref: ana}}}
"""
DEMO = "records:\n- {ref: zoe, entity: person, values: {name: Zoe, boss: {ref: ana}}}\n"
PEOPLE = """
people:
  units: [{name: Iberia}, {name: Porto, parent: Iberia}]
  teams: [{name: North, unit: Porto}]
  users: [{name: Ana Prates, email: ana@example.com, unit: Porto, teams: [North], roles: [seller]}]
"""
ROLES = "seller:\n  label: Seller\n  grants:\n    all: {entity: person, can: [read]}\n"


def a_record(name, **refs):
    values = {lookup: {"ref": to} for lookup, to in refs.items()}
    return SeedRecord(f"sales:{name}", "person", values, DOCUMENT, ())


NAMES = st.sampled_from("abcdefgh")
LOOKUPS = st.dictionaries(st.sampled_from(["boss", "heir"]), NAMES, max_size=2)
GRAPHS = st.dictionaries(NAMES, LOOKUPS, min_size=1)


@given(GRAPHS)
def test_each_record_comes_once_and_needs_only_what_is_there(graph):
    inside = {name: {k: v for k, v in refs.items() if v in graph} for name, refs in graph.items()}
    records = [a_record(name, **refs) for name, refs in inside.items()]
    planting = plan_seed(records, {}, lambda entity, name: True)
    made = set()
    for round_ in planting.rounds:
        assert {key for record in round_ for key in needed_at_once(record, planting)} <= made
        made |= {record.key for record in round_}
    assert made == {r.key for r in records}
    assert sum(map(len, planting.rounds)) == len(records)


def needed_at_once(record, planting):
    now = [value for name, value in record.values.items() if (record.key, name) not in planting.late]
    return [key_of(ref, record) for value in now for ref in refs_in(value)]


def test_nothing_waits_where_nothing_has_to():
    chain = [a_record("a", boss="b"), a_record("b", boss="c"), a_record("c")]
    planting = plan_seed(chain, {}, lambda entity, name: True)
    assert [[r.key for r in round_] for round_ in planting.rounds] == [["sales:c"], ["sales:b"], ["sales:a"]]
    assert planting.late == frozenset()


def test_only_a_lookup_that_may_be_empty_waits():
    ring = [a_record("a", boss="b", heir="b"), a_record("b", boss="a")]
    planting = plan_seed(ring, {}, lambda entity, name: name == "boss")
    assert {name for _, name in planting.late} == {"boss"}


def test_a_ring_of_required_lookups_is_refused():
    with pytest.raises(MetadataInvalid) as refused:
        plan_seed([a_record("a", boss="b"), a_record("b", boss="a")], {}, lambda entity, name: False)
    assert refused.value.first.code == "P101"


def test_a_ref_may_carry_the_attributes_of_its_link():
    value = [{"ref": "a", "since": "2026-01-01"}, {"key": {"name": "b"}}]
    pointed = with_refs(value, lambda ref: {"id": ref.upper()})
    assert pointed == [{"since": "2026-01-01", "id": "A"}, {"key": {"name": "b"}}]


def people(runtime):
    rows = listed(runtime, {"fields": ["name,boss,external_key"]})
    return {row["name"]: ((row["boss"] or {}).get("title"), row["external_key"]) for row in rows}


def listed(runtime, params):
    query = parse_query("person", params, runtime.settings.limits)
    return runtime.current().queries.list(admin_actor(runtime), query).data


def test_records_that_point_at_each_other_are_all_there_after_an_installation(make):
    runtime = make([a_pack("staff", {"seed/base.yaml": RING}, person=PERSON)])
    assert people(runtime) == {"Ana": ("Rui", "staff:ana"), "Rui": ("Ana", "staff:rui")}


def test_demo_records_come_when_they_are_asked_for_and_once(make):
    runtime = make([a_pack("staff", {"seed/base.yaml": RING, "seed/demo.yaml": DEMO}, person=PERSON)])
    assert "Zoe" not in people(runtime)
    assert [runtime.packs.seed_demo(), runtime.packs.seed_demo()] == [1, 0]
    assert people(runtime)["Zoe"] == ("Ana", "staff:zoe")


def test_progress_is_told_up_to_the_last_record(make):
    runtime = make([a_pack("staff", {"seed/base.yaml": RING, "seed/demo.yaml": DEMO}, person=PERSON)])
    told = []
    runtime.packs.seed_demo(lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)


def test_a_seed_that_was_interrupted_is_finished_the_next_time(make, monkeypatch):
    runtime = make([a_pack("staff", {"seed/demo.yaml": RING}, person=PERSON)])
    monkeypatch.setattr("xrm.engine.packs.planting.BATCH", 1)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runtime.packs.seed_demo(stop)
    runtime.packs.seed_demo()
    assert people(runtime) == {"Ana": ("Rui", "staff:ana"), "Rui": ("Ana", "staff:rui")}


def test_links_of_a_seed_are_made(make):
    linked = RING + "- {ref: zoe, entity: person, values: {name: Zoe, friends: [{ref: ana}, {ref: rui}]}}\n"
    runtime = make([a_pack("staff", {"seed/base.yaml": linked}, person=PERSON)])
    zoe = listed(runtime, {"filter": ["name == 'Zoe'"]})[0]
    queries = runtime.current().queries
    friends = queries.links(admin_actor(runtime), "person", UUID(zoe["id"]), "friends").data
    assert sorted(row["title"] for row in friends) == ["Ana", "Rui"]


def test_a_refused_record_is_told_with_its_place_in_the_file(make):
    bad = RING.replace("name: Rui", "name: ''")
    with pytest.raises(SeedRefused) as refused:
        make([a_pack("staff", {"seed/base.yaml": bad}, person=PERSON)])
    problem = refused.value.first
    assert (problem.where.file, problem.where.line) == ("staff/seed/base.yaml", 4)


def test_people_come_with_their_units_teams_and_roles(make):
    runtime = make(
        [a_pack("staff", {"seed/demo.yaml": PEOPLE, "roles.yaml": ROLES}, person=PERSON)], demo=True
    )
    ana = runtime.identity.actor(runtime.directory.user("ANA@example.com"), door="page")
    assert (ana.name, ana.roles) == ("Ana Prates", {"seller"})
    assert ana.unit == runtime.directory.unit("Porto")
    assert ana.teams == {runtime.directory.team("North")}


def test_people_that_are_there_are_left_as_they_are(make):
    runtime = make(
        [a_pack("staff", {"seed/demo.yaml": PEOPLE, "roles.yaml": ROLES}, person=PERSON)], demo=True
    )
    user = runtime.directory.user("ana@example.com")
    runtime.identity.people.assign_roles(runtime.installer, user, [])
    runtime.packs.seed_demo()
    assert runtime.identity.people.roles_of(user) == frozenset()


@pytest.mark.parametrize(
    "change",
    [("teams: [North]", "teams: [South]"), ("com, unit: Porto", "com, unit: Faro")],
    ids=["team", "unit"],
)
def test_people_of_a_team_or_unit_that_is_not_there_are_refused(make, change):
    files = {"seed/demo.yaml": PEOPLE.replace(*change), "roles.yaml": ROLES}
    runtime = make([a_pack("staff", files, person=PERSON)])
    with pytest.raises(Invalid) as refused:
        runtime.packs.seed_demo()
    assert [problem.code for problem in refused.value.problems] == ["P102"]
    assert runtime.directory.user("ana@example.com") is None
    assert runtime.directory.team("North") is None


def test_people_of_a_base_seed_come_before_its_records(make):
    owned = PERSON + "ownership: user_or_team\n"
    values = "{name: Zoe, owner: {key: {email: ana@example.com}}}"
    record = f"records:\n- {{ref: zoe, entity: person, values: {values}}}\n"
    files = {"seed/base.yaml": record + PEOPLE, "roles.yaml": ROLES}
    runtime = make([a_pack("staff", files, person=owned)])
    assert people(runtime)["Zoe"] == (None, "staff:zoe")


def test_people_come_with_language_zone_and_manager(make):
    people = """
people:
  users:
    - {name: Ana, email: ana@example.com, manager: rui@example.com, language: pt, zone: Europe/Lisbon}
    - {name: Rui, email: rui@example.com}
"""
    runtime = make([a_pack("staff", {"seed/base.yaml": people}, person=PERSON)])
    ana, rui = (runtime.directory.user(f"{name}@example.com") for name in ("ana", "rui"))
    actor = runtime.identity.actor(ana, door="page")
    assert (actor.language, actor.zone) == ("pt", "Europe/Lisbon")
    row = runtime.current().queries.get(admin_actor(runtime), "user", ana)
    assert row["manager"]["id"] == str(rui)


def test_a_manager_who_is_not_there_refuses_the_seed(make):
    people = "people: {users: [{name: Ana, email: ana@example.com, manager: no@example.com}]}\n"
    with pytest.raises(Invalid) as refused:
        make([a_pack("staff", {"seed/base.yaml": people}, person=PERSON)])
    assert refused.value.first.code == "P102"


def test_people_records_and_definitions_of_a_pack_come_together_or_not_at_all(make, look):
    runtime = make()
    before = look(runtime)
    nameless = "records:\n- {ref: zoe, entity: person, values: {}}\n"
    files = {"seed/base.yaml": nameless + PEOPLE, "roles.yaml": ROLES}
    with pytest.raises(SeedRefused):
        runtime.packs.install([pack_from(a_pack("staff", files, person=PERSON))], runtime.installer)
    assert look(runtime) == before
    assert runtime.directory.user("ana@example.com") is None


SHOP = "title: name\nfields: {name: {type: text}}\n"


def test_a_person_whom_two_packs_name_has_the_roles_and_teams_of_both(make):
    second = """
people:
  teams: [{name: South, unit: Porto}]
  users: [{name: Ana, email: ana@example.com, teams: [South], roles: [buyer]}]
"""
    buyer = ROLES.replace("seller", "buyer").replace("Seller", "Buyer").replace("person", "shop")
    packs = [
        a_pack("staff", {"seed/demo.yaml": PEOPLE, "roles.yaml": ROLES}, person=PERSON),
        a_pack("trade", {"seed/demo.yaml": second, "roles.yaml": buyer}, shop=SHOP),
    ]
    runtime = make(packs, demo=True)
    ana = runtime.identity.actor(runtime.directory.user("ana@example.com"), door="page")
    assert (ana.name, ana.roles, ana.unit) == (
        "Ana Prates",
        {"seller", "buyer"},
        runtime.directory.unit("Porto"),
    )
    assert ana.teams == {runtime.directory.team("North"), runtime.directory.team("South")}


VISIT = """
title: name
fields:
  name: {type: text, required: true}
  on: {type: date}
  at: {type: datetime}
  outcome: {type: text}
"""
STATES = """
states: {planned: {initial: true}, going: {}, done: {final: true, locked: true}, missed: {final: true}}
transitions:
  begin: {from: planned, to: going}
  finish: {from: going, to: done, requires: [outcome]}
  miss: {from: [planned, going], to: missed, reason: required}
"""


def visits(make, records, **options):
    files = {"seed/demo.yaml": "records:\n" + records, "lifecycles/visit.yaml": STATES}
    return make([a_pack("staff", files, visit=VISIT)], **options)


def visit(runtime, name="A"):
    query = parse_query("visit", {"filter": [f"name == '{name}'"]}, runtime.settings.limits)
    [row] = runtime.current().queries.list(admin_actor(runtime), query).data
    return row


def test_days_and_instants_of_a_seed_move_with_the_day_of_planting(make):
    values = "{name: A, on: today() - 12 days, at: now() + 36h}"
    runtime = visits(make, f"- {{ref: a, entity: visit, values: {values}}}\n", demo=True)
    assert (visit(runtime)["on"], visit(runtime)["at"]) == ("2026-06-03", "2026-06-17T00:00:00Z")


def test_records_of_a_seed_take_their_steps_one_after_the_other(make):
    done = "- {ref: a, entity: visit, values: {name: A, outcome: Sold}, steps: [begin, finish]}\n"
    missed = "- {ref: b, entity: visit, values: {name: B}, steps: [begin, miss], reason: Ill}\n"
    runtime = visits(make, done + missed, demo=True)
    assert [visit(runtime, name)["state"] for name in "AB"] == ["done", "missed"]
    record = UUID(visit(runtime, "B")["id"])
    history = runtime.current().queries.history(admin_actor(runtime), "visit", record).data
    assert [entry["reason"] for entry in history if entry["reason"]] == ["Ill"]


def test_a_step_that_is_not_open_refuses_the_seed_at_its_place(make):
    records = "- {ref: a, entity: visit, values: {name: A},\n   steps: [begin,\n   finish]}\n"
    runtime = visits(make, records)
    with pytest.raises(SeedRefused) as refused:
        runtime.packs.seed_demo()
    problem = refused.value.first
    assert (problem.code, problem.where.line, problem.where.column) == ("R130", 4, 4)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_interruption_between_records_and_their_steps_leaves_no_step_out(make, monkeypatch, size):
    line = "- {{ref: {0}, entity: visit, values: {{name: {0}, outcome: Sold}}, steps: [begin, finish]}}\n"
    runtime = visits(make, "".join(map(line.format, "ABC")))
    monkeypatch.setattr("xrm.engine.packs.planting.BATCH", size)

    def stop(done, total):
        if done > 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runtime.packs.seed_demo(stop)
    runtime.packs.seed_demo()
    assert {visit(runtime, name)["state"] for name in "ABC"} == {"done"}


@pytest.mark.parametrize(
    ("record", "code", "column"),
    [
        ("values: {name: A}, steps: [finsh]", "M227", 60),
        ("values: {name: A}, steps: [finish]", "M227", 60),
        ("values: {name: A}, steps: [miss]", "M227", 60),
        ("values: {name: A, on: today() - 4h}", "M202", 66),
        ("values: {name: A, on: now()}", "M205", 55),
        ("values: {name: A, on: day(name)}", "M201", 59),
    ],
    ids=["no such step", "not from there", "no reason", "hours of a day", "an instant", "a name"],
)
def test_what_a_seed_cannot_do_is_told_before_it_is_planted(make, record, code, column):
    with pytest.raises(MetadataInvalid) as refused:
        visits(make, f"- {{ref: a, entity: visit, {record}}}\n")
    assert refused.value.first.code == code
    assert refused.value.first.where.line == 2


def above(seed):
    manifest = "pack: trade\nlabel: Trade\nversion: 1.0.0\nrequires: {staff: '>=1.0'}\n"
    shop = SHOP + "relationships:\n  keeper: {to: person, inverse: shops}\n"
    record = "{ref: a, entity: shop, values: {name: A, keeper: {ref: 'staff:zoe'}}}"
    files = {"pack.yaml": manifest, seed: f"records:\n- {record}\n"}
    staff = a_pack("staff", {"seed/base.yaml": RING, "seed/demo.yaml": DEMO}, person=PERSON)
    return [staff, a_pack("trade", files, shop=shop)]


def test_a_demo_names_records_of_the_packs_below(make):
    runtime = make(above("seed/demo.yaml"), demo=True)
    query = parse_query("shop", {}, runtime.settings.limits)
    [shop] = runtime.current().queries.list(admin_actor(runtime), query).data
    assert shop["keeper"]["title"] == "Zoe"


def test_a_base_seed_names_records_of_its_own_pack_alone(make):
    with pytest.raises(MetadataInvalid) as refused:
        make(above("seed/base.yaml"))
    assert refused.value.first.code == "M216"


def test_steps_are_taken_in_the_order_of_the_files(make):
    states = STATES.replace("requires: [outcome]", "guard: 'boss == empty or boss.state == \"done\"'")
    entity = VISIT + "relationships: {boss: {to: visit, inverse: staff}}\n"
    records = "".join(
        f"- {{ref: {name}, entity: visit, values: {{name: {name}{boss}}}, steps: [begin, finish]}}\n"
        for name, boss in (("A", ""), ("C", ""), ("B", ", boss: {ref: C}"))
    )
    files = {"seed/demo.yaml": "records:\n" + records, "lifecycles/visit.yaml": states}
    runtime = make([a_pack("staff", files, visit=entity)], demo=True)
    assert {visit(runtime, name)["state"] for name in "ABC"} == {"done"}


OFFER = """
title: name
fields:
  name: {type: text, required: true}
  price: {type: money}
  fee: {type: money, default_currency: CHF}
relationships:
  lines: {from: line, owned: true}
rules:
  not_negative: {must: price >= 0, field: price, message: A price is zero or more.}
"""
LINE = """
title: name
fields:
  name: {type: text, required: true}
  price: {type: money}
relationships:
  offer: {to: offer, required: true, inverse: lines}
"""
OFFERS = """
records:
- {ref: a, entity: offer, values: {name: A, price: "12.50", fee: 3, lines: [{name: B, price: {amount: 4}}]}}
"""


def test_amounts_that_name_no_currency_are_in_that_of_the_field_or_of_the_installation(
    make, database_url, tmp_path
):
    packs = [a_pack("sales", {"seed/demo.yaml": OFFERS}, offer=OFFER, line=LINE)]
    runtime = make(packs, demo=True, settings=make_settings(database_url, tmp_path, currency="USD"))
    actor, limits, queries = admin_actor(runtime), runtime.settings.limits, runtime.current().queries
    [offer] = queries.list(actor, parse_query("offer", {"fields": ["price,fee"]}, limits)).data
    [line] = queries.list(actor, parse_query("line", {"fields": ["price"]}, limits)).data
    told = [(money["amount"], money["currency"]) for money in (offer["price"], offer["fee"], line["price"])]
    assert told == [("12.50", "USD"), ("3.00", "CHF"), ("4.00", "USD")]
