"""Installing packs: all or nothing, seen by everybody at once, the same twice as once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa

from xrm.engine.commands import Create, Delete, Target, Update
from xrm.engine.packs import DefinitionChanged, Revision, SeedRefused, proposing, service
from xrm.engine.queries.request import Query
from xrm.engine.storage import crowding
from xrm.engine.storage.inspection import inspect
from xrm.errors import Forbidden, Invalid, MetadataInvalid, NotFound, PlanRefused, Problem, XrmError
from xrm.metadata import definitions
from xrm.metadata.sources import core_source
from xrm.testing import a_pack, admin_actor, an_actor, make_runtime, pack_from

DEAL = "title: name\nfields:\n  name: {type: text, required: true}\n  code: {type: text}\n"
WITH_AMOUNT = DEAL + "  amount: {type: money}\n"
SEED = "records:\n- {ref: first, entity: deal, values: {name: First}}\n"


def install(runtime, *packs, **options):
    return runtime.packs.install([pack_from(pack) for pack in packs], runtime.installer, **options)


def names(runtime):
    return [layer.name for layer in runtime.packs.list()]


def test_the_core_is_the_lowest_layer_of_every_installation(make):
    runtime = make([a_pack("sales", deal=DEAL)])
    assert names(runtime) == ["core", "sales"]
    assert {"connection", "tag", "deal"} <= runtime.current().model.entities.keys()


def test_after_an_installation_the_plan_is_empty(make):
    runtime = make([a_pack("sales", deal=WITH_AMOUNT)])
    assert runtime.packs.plan().sentences() == ()


def test_what_would_be_done_can_be_read_before_it_is_done(make, look):
    runtime = make()
    before = look(runtime)
    plan = runtime.packs.plan([pack_from(a_pack("sales", deal=DEAL))])
    assert "Create the table of deal (sales__deal)." in plan.sentences()
    assert any("CREATE TABLE sales__deal" in sql for sql in plan.sql(runtime.database.engine.dialect))
    assert look(runtime) == before


def test_installing_the_same_again_changes_nothing(make, look):
    pack = a_pack("sales", {"seed/base.yaml": SEED}, deal=DEAL)
    runtime = make([pack])
    before = look(runtime)
    again = install(runtime, pack)
    assert (again.layers, again.steps, again.seeded) == ((), (), 0)
    assert look(runtime) == before


def test_what_a_plan_has_resolved_is_served_once_it_is_installed(make, monkeypatch, database_url):
    runtime, resolved, load = make([a_pack("sales", deal=DEAL)]), [], definitions.load_model
    runtime.current()
    monkeypatch.setattr(
        definitions, "load_model", lambda *a, **b: resolved.append(load(*a, **b)) or resolved[-1]
    )
    install(runtime, a_pack("sales", deal=f"{WITH_AMOUNT}# {database_url}\n", version="1.1.0"))
    assert [runtime.current().model] == resolved


def test_a_pack_is_served_by_another_process_with_its_next_request(make):
    here, there = make(), make(install=False)
    assert "deal" not in there.current().model.entities
    install(here, a_pack("sales", deal=DEAL))
    snapshot, ana = there.current(), admin_actor(there)
    made = snapshot.records.execute(ana, [Create("deal", {"name": "Ship"})]).results[0]
    assert here.current().queries.get(ana, "deal", made.id)["name"] == "Ship"


def test_whoever_reads_by_definitions_of_before_is_told_and_reads_again(make):
    runtime = make([a_pack("sales", deal=DEAL)])
    ana, before = admin_actor(runtime), runtime.current()
    made = before.records.execute(ana, [Create("deal", {"name": "Ship"})]).results[0]
    install(runtime, a_pack("sales", version="1.1.0", deal=WITH_AMOUNT))
    with pytest.raises(DefinitionChanged):
        before.queries.get(ana, "deal", made.id)
    assert runtime.current().queries.get(ana, "deal", made.id)["name"] == "Ship"
    assert "amount" not in before.model.entities["deal"].fields


def test_nobody_writes_by_a_definition_that_is_no_longer_in_force(make, look):
    here, there = make([a_pack("sales", deal=DEAL)]), make(install=False)
    ana, stale = admin_actor(there), there.current()
    install(here, a_pack("sales", version="1.1.0", deal=WITH_AMOUNT))
    before = look(here)
    with pytest.raises(DefinitionChanged) as refused:
        stale.records.execute(ana, [Create("deal", {"name": "Ship"})])
    assert refused.value.first.code == "P120"
    assert look(here) == before
    there.current().records.execute(
        ana, [Create("deal", {"name": "Ship", "amount": {"amount": "5", "currency": "EUR"}})]
    )


def test_packs_are_put_in_the_order_in_which_they_need_each_other(make):
    below = a_pack("parts", part=DEAL)
    above = a_pack("cars", car=DEAL + "relationships:\n  part: {to: part}\n")
    above["pack.yaml"] += "requires: {parts: '>=1.0'}\n"
    assert names(make([above, below])) == ["core", "parts", "cars"]


def test_a_pack_without_what_it_requires_is_refused(make):
    pack = a_pack("cars", car=DEAL)
    pack["pack.yaml"] += "requires: {parts: '>=1.0'}\n"
    with pytest.raises(MetadataInvalid) as refused:
        make([pack])
    assert [p.code for p in refused.value.problems] == ["M220"]


def test_a_pack_is_checked_together_with_all_that_is_installed(make, look):
    runtime = make([a_pack("sales", deal=DEAL)])
    before = look(runtime)
    with pytest.raises(MetadataInvalid) as refused:
        install(runtime, a_pack("other", deal=DEAL))
    assert [p.code for p in refused.value.problems] == ["M230"]
    assert look(runtime) == before


TAKEN = a_pack("sales", deal="fields:\n  name: {type: nonsense}\n")
BAD_SEED = "records:\n- {ref: a, entity: order, values: {name: A, amount: x}}\n"
BAD_VALUE = a_pack("more", {"seed/base.yaml": BAD_SEED}, order=DEAL + "  amount: {type: integer}\n")
NO_NAME = "records:\n- {ref: a, entity: order, values: {code: A}}\n"
BAD_RECORD = a_pack("more", {"seed/base.yaml": NO_NAME}, order=DEAL)
CODE = "  code: {type: text}\n"
OTHER_TYPE = a_pack("sales", version="2.0.0", deal=DEAL.replace(CODE, "  code: {type: geo}\n"))
LOST_FIELD = a_pack("sales", version="2.0.0", deal=DEAL.replace(CODE, ""))


@pytest.mark.parametrize(
    ("pack", "refusal", "code"),
    [
        (TAKEN, MetadataInvalid, "M117"),
        (BAD_VALUE, MetadataInvalid, "M226"),
        (BAD_RECORD, SeedRefused, "R130"),
        (OTHER_TYPE, PlanRefused, "S110"),
        (LOST_FIELD, PlanRefused, "S116"),
        (a_pack("sales", deal=WITH_AMOUNT), MetadataInvalid, "P110"),
        (a_pack("sales", version="0.9.0", deal=DEAL), MetadataInvalid, "P111"),
    ],
    ids=[
        "bad definition",
        "bad value",
        "bad seed",
        "other type",
        "lost field",
        "same version",
        "older version",
    ],
)
def test_a_refused_pack_leaves_everything_as_it_was(make, look, pack, refusal, code):
    runtime = make([a_pack("sales", {"seed/base.yaml": SEED}, deal=DEAL)])
    before = look(runtime)
    with pytest.raises(refusal) as refused:
        install(runtime, pack)
    assert refused.value.first.code == code
    assert look(runtime) == before


def test_a_version_under_way_may_change_its_content(make):
    runtime = make([a_pack("sales", deal=DEAL)])
    installed = install(runtime, a_pack("sales", deal=WITH_AMOUNT), dev=True)
    assert [layer.name for layer in installed.layers] == ["sales"]
    assert "amount" in runtime.current().model.entities["deal"].fields


def test_an_upgrade_keeps_the_records(make):
    runtime = make([a_pack("sales", deal=DEAL)])
    ana = admin_actor(runtime)
    made = runtime.current().records.execute(ana, [Create("deal", {"name": "Ship"})]).results[0]
    install(runtime, a_pack("sales", version="1.1.0", deal=WITH_AMOUNT))
    snapshot = runtime.current()
    target = snapshot.queries.get(ana, "deal", made.id)
    assert (target["name"], target["amount"]) == ("Ship", None)


LOOSE = (
    "title: name\nfields:\n  name: {type: text}\n  code: {type: text}\nrelationships:\n  above: {to: deal}\n"
)
STRICTER = {
    "required": (
        LOOSE.replace("code: {type: text}", "code: {type: text, required: true}"),
        "S115",
        "deal.code would be required, and 2 records have no value.",
    ),
    "a required lookup": (
        LOOSE.replace("to: deal", "to: deal, required: true"),
        "S115",
        "deal.above would be required, and 3 records have no value.",
    ),
    "a new required field": (
        LOOSE.replace("fields:\n", "fields:\n  price: {type: money, required: true}\n"),
        "S115",
        "deal.price would be required, and 3 records have no value.",
    ),
    "unique": (
        LOOSE.replace("name: {type: text}", "name: {type: text, unique: true}"),
        "S121",
        "deal.name would be unique, and 1 value is held by more than one record: Ship (<0>) and SHIP (<1>).",
    ),
    "a key": (
        LOOSE + "keys:\n  one: {fields: [name]}\n",
        "S121",
        "deal.name would be unique, and 1 value is held by more than one record: Ship (<0>) and SHIP (<1>).",
    ),
}


@pytest.mark.parametrize(("entity", "code", "says"), STRICTER.values(), ids=STRICTER)
def test_what_records_do_not_fit_is_refused_and_counted(make, look, entity, code, says):
    runtime = make([a_pack("sales", deal=LOOSE)])
    stricter = a_pack("sales", version="1.1.0", deal=entity)
    ana, records = admin_actor(runtime), runtime.current().records
    names = ({"name": "Ship", "code": "A"}, {"name": "SHIP"}, {"name": "Sail"})
    made = records.execute(ana, [Create("deal", values) for values in names]).results
    before = look(runtime)
    for attempt in (lambda: runtime.packs.plan([pack_from(stricter)]), lambda: install(runtime, stricter)):
        with pytest.raises(PlanRefused) as refused:
            attempt()
        for number, record in enumerate(made):
            says = says.replace(f"<{number}>", str(record.id))
        assert [(p.code, p.message) for p in refused.value.problems] == [(code, says)]
        assert refused.value.first.hint
    assert look(runtime) == before
    records.execute(ana, [Delete("deal", Target(record.id)) for record in made])
    assert install(runtime, stricter).layers


def test_what_was_required_before_does_not_hinder_a_later_installation(make):
    """A field that its writer may not fill stays empty, required or not."""
    runtime = make([a_pack("sales", deal=STRICTER["required"][0])])
    table = runtime.current().schema["deal"].table
    ana = admin_actor(runtime)
    runtime.current().records.execute(ana, [Create("deal", {"name": "Ship", "code": "A"})])
    with runtime.database.write() as unit:
        unit.execute(table.update().values(code=None, code__key=None))
    later = STRICTER["required"][0].replace("fields:\n", "fields:\n  note: {type: text}\n")
    assert install(runtime, a_pack("sales", version="1.1.0", deal=later)).layers


def test_only_administrators_install(make, look):
    runtime = make()
    ana, before = an_actor(runtime), look(runtime)
    with pytest.raises(Forbidden):
        runtime.packs.install([pack_from(a_pack("sales", deal=DEAL))], ana)
    assert look(runtime) == before


def test_tables_of_others_in_the_same_database_are_left_alone(make):
    runtime = make()
    with runtime.database.write() as unit:
        unit.script("CREATE TABLE legacy__customer (code integer)")
        unit.script("INSERT INTO legacy__customer VALUES (7)")
    install(runtime, a_pack("sales", deal=DEAL))
    assert runtime.packs.plan().sentences() == ()
    with runtime.database.read() as unit:
        assert unit.execute(sa.text("SELECT code FROM legacy__customer")).scalars().all() == [7]


@pytest.mark.parametrize("same", [True, False], ids=["the same pack", "different packs"])
def test_two_processes_that_install_at_once_both_succeed(make, same):
    make()
    runtimes = [make(install=False), make(install=False)]
    packs = [a_pack("sales", deal=DEAL), a_pack("sales", deal=DEAL) if same else a_pack("parts", part=DEAL)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(install, runtimes, packs))
    expected = ["core", "sales"] if same else ["core", "parts", "sales"]
    assert [names(runtime) for runtime in runtimes] == [expected, expected]
    assert [runtime.packs.plan().is_empty for runtime in runtimes] == [True, True]


def test_a_pack_installed_between_reading_and_planning_is_not_taken_for_one_that_went_away(make, monkeypatch):
    make()
    here, there = make(install=False), make(install=False)
    plan, others = proposing.plan_for, [a_pack("sales", deal=DEAL)]

    def overtaken(*arguments):
        if others:
            install(there, others.pop())
        return plan(*arguments)

    monkeypatch.setattr(proposing, "plan_for", overtaken)
    install(here, a_pack("parts", part=DEAL))
    assert names(here) == ["core", "parts", "sales"]
    assert here.packs.plan().is_empty


def test_whoever_writes_while_a_pack_is_installed_is_served_or_told_to_repeat(make):
    here, there = make([a_pack("sales", deal=DEAL)]), make(install=False)
    ana = admin_actor(there)
    made = there.current().records.execute(ana, [Create("deal", {"name": "0"})]).results[0]

    def write(number):
        try:
            there.current().records.execute(ana, [Update("deal", Target(made.id), {"name": str(number)})])
        except DefinitionChanged:
            return None
        return number

    with ThreadPoolExecutor(2) as pool:
        upgrade = pool.submit(install, here, a_pack("sales", version="1.1.0", deal=WITH_AMOUNT))
        written = [write(number) for number in range(1, 40)]
        assert [layer.name for layer in upgrade.result().layers] == ["sales"]
    acknowledged = [number for number in written if number is not None]
    assert there.current().queries.get(ana, "deal", made.id)["name"] == str(acknowledged[-1])
    assert there.current().queries.get(ana, "deal", made.id)["version"] == 1 + len(acknowledged)


CARS = DEAL + "relationships:\n  part: {to: part, inverse: cars}\n"


def test_packs_that_are_too_large_for_one_transaction_are_in_force_at_once_or_not_at_all(
    make, look, monkeypatch
):
    runtime = make([a_pack("sales", deal="fields: {name: {type: text}, code: {type: text}}\n")])
    ana, packs = admin_actor(runtime), runtime.packs
    runtime.current().records.execute(ana, [Create("deal", {"name": "A", "code": "many"})])
    monkeypatch.setattr("xrm.engine.storage.apply.STEPS_AT_ONCE", 6)
    below, above = a_pack("parts", part=DEAL), a_pack("cars", car=CARS)
    above["pack.yaml"] += "requires: {parts: '>=1.0', sales: '>=1.0'}\n"
    above["extend/deal.yaml"] = "fields: {size: {type: integer, required: true}}\n"
    turned = a_pack("sales", deal="fields: {name: {type: text}, code: {type: integer}}\n")
    sources = tuple(map(pack_from, (turned, below, above)))
    before = look(runtime)
    decisions = {"unfit:deal.code": "7", "empty:deal.size": "3"}
    whole = Revision(sources, dev=True, decisions=decisions)
    with monkeypatch.context() as patch:
        patch.setattr(service, "keep_version", refusing)
        with pytest.raises(Invalid):
            packs.revise(whole, runtime.installer)
        assert without_journal(look(runtime)) == without_journal(before)
        patch.setattr(service, "keep_version", dying)
        with pytest.raises(Died):
            packs.revise(whole, runtime.installer)
    assert look(runtime)["stamp"] == before["stamp"]
    installed = packs.revise(whole, runtime.installer)
    assert [layer.name for layer in installed.layers] == ["sales", "parts", "cars"]
    assert runtime.freshness.read().model == before["stamp"].model + 1
    assert packs.plan().is_empty
    (deal,) = runtime.current().queries.list(ana, Query("deal")).data
    assert (deal["code"], deal["size"]) == (7, 3)
    gone = Revision((pack_from(a_pack("boats", boat=DEAL)),), gone=frozenset({"cars"}))
    left = packs.revise(replace(gone, confirmed=packs.foresee(gone).plan.hash), runtime.installer)
    assert left.gone == ("cars",)
    assert set(names(runtime)) == {"core", "sales", "parts", "boats"}


def refusing(*_arguments):
    raise Invalid(Problem("P100", "It is refused at last."))


def without_journal(seen):
    """All but what was written down of tables that were made before, and taken away again."""
    return {**seen, "rows": {name: count for name, count in seen["rows"].items() if name != "xrm_journal"}}


class Died(BaseException):
    """The process is no more."""


def dying(*_arguments):
    raise Died


def test_an_installation_of_a_later_program_is_left_alone(make, look, monkeypatch):
    runtime = make([a_pack("sales", deal=DEAL)])
    before, core = look(runtime), core_source()
    older = {**core.files, "pack.yaml": core.files["pack.yaml"].replace(b"version: 1.0.0", b"version: 0.9.0")}
    monkeypatch.setattr("xrm.engine.packs.proposing.core_source", lambda: replace(core, files=older))
    with pytest.raises(MetadataInvalid) as refused:
        install(runtime, a_pack("sales", version="1.1.0", deal=WITH_AMOUNT), dev=True)
    assert "P112" in [problem.code for problem in refused.value.problems]
    assert look(runtime) == before


def test_processes_that_start_together_on_an_empty_database_all_start(database_url, tmp_path):
    def start(number):
        pack = a_pack(f"pack_{number}", **{f"thing_{number}": DEAL})
        runtime = make_runtime(database_url, tmp_path / str(number), [pack])
        runtime.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(start, range(3)))
    runtime = make_runtime(database_url, tmp_path, install=False)
    assert names(runtime) == ["core", "pack_0", "pack_1", "pack_2"]
    runtime.close()


def test_every_refusal_of_an_installation_is_one_that_doors_can_tell(make):
    runtime = make()
    with pytest.raises(XrmError):
        install(runtime, {"pack.yaml": "pack: [", "entities/x.yaml": "{"})


def test_a_table_that_would_have_too_many_columns_is_refused_by_the_plan(make, look, monkeypatch):
    runtime = make([a_pack("sales", deal=DEAL)])
    before = look(runtime)
    monkeypatch.setattr(crowding, "MOST_COLUMNS", 40)
    wide = a_pack(
        "sales", version="1.1.0", deal=DEAL + "".join(f"  a{n}: {{type: money}}\n" for n in range(12))
    )
    with pytest.raises(PlanRefused) as refused:
        runtime.packs.plan([pack_from(wide)])
    assert [problem.code for problem in refused.value.problems] == ["S128"]
    assert look(runtime) == before


def test_columns_that_have_gone_for_good_may_leave_no_room_for_another(make, look):
    """PostgreSQL goes on to count them, and nobody else can."""
    runtime = make([a_pack("sales", deal=DEAL)])
    uses_up = 0 if runtime.database.dialect.is_sqlite else 1_600
    with runtime.database.write() as unit:
        more = range(len(inspect(unit).tables["sales__deal"].columns), uses_up)
        for word in ("ADD COLUMN a{} int", "DROP COLUMN a{}") if more else ():
            unit.script(f"ALTER TABLE sales__deal {', '.join(map(word.format, more))}")
    before = look(runtime)
    wide = a_pack("sales", version="1.1.0", deal=WITH_AMOUNT)
    if not uses_up:
        assert install(runtime, wide).steps
        return
    with pytest.raises(PlanRefused) as refused:
        install(runtime, wide)
    assert [problem.code for problem in refused.value.problems] == ["S128"]
    assert look(runtime) == before


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_a_version_that_no_database_can_hold_is_one_that_is_not_there(make, number):
    runtime = make([a_pack("sales", deal=DEAL)])
    for ask in (runtime.packs.version, lambda number: runtime.packs.foresee(Revision(version=number))):
        with pytest.raises(NotFound):
            ask(number)
    assert len(runtime.packs.versions(number)) == (number > 0)
