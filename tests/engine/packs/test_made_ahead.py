"""What PostgreSQL makes while people write: indexes, references and checks of tables in which something is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.engine.packs.living import ACCOUNT, go_back, sales, version
from tests.support.dying import was_killed
from tests.support.installed import make_runtime
from tests.support.servers import until
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision, proposing
from xrm.engine.runtime.examination import examine
from xrm.engine.storage import apply
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.ledger import JOURNAL
from xrm.errors import Conflict, PlanRefused
from xrm.testing import a_pack, admin_actor

BOAT = """
title: name
fields:
  name: {type: text, required: true}
  mark: {type: text}
  size: {type: text}
"""
MORE = """
title: name
fields:
  name: {type: text, required: true}
  mark: {type: text, unique: true}
  size: {type: integer, unique: true}
  kind: {type: choice, options: [hot, cold]}
  code: {type: text, index: true}
relationships:
  owner: {to: account}
  about: {to: [account, boat]}
  thing: {to: any}
keys:
  pair: {fields: [name, size]}
"""
HEAVY = ("CREATE INDEX", "CREATE UNIQUE INDEX", "ADD CONSTRAINT", "VALIDATE")
ACTIVITY = "SELECT query FROM pg_stat_activity"
LEFT = """
SELECT relname FROM pg_class WHERE relname LIKE 'zz0%' UNION ALL
SELECT conname FROM pg_constraint WHERE conname LIKE 'zz0%' UNION ALL
SELECT attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE attname LIKE 'zz0%' AND NOT attisdropped AND relkind = 'r'
"""
DIES = """
import os, signal, sys
from pathlib import Path
from xrm.engine.packs import Revision
from xrm.engine.storage import apply
from xrm.testing import a_pack, make_runtime, pack_from

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, boat = sys.argv[1:]
runtime = make_runtime(url, Path(folder), install=False)
apply._carry_out = die
sources = (pack_from(a_pack("sales", account={account!r}, boat=boat)),)
runtime.packs.revise(Revision(sources, dev=True), runtime.installer)
"""


@pytest.fixture
def harbour(postgres_url, tmp_path):
    """A runtime with two boats, and these by their names."""
    runtime = make_runtime(postgres_url, tmp_path, [a_pack("sales", account=ACCOUNT, boat=BOAT)])
    records, ana = runtime.current().records, admin_actor(runtime)
    records.execute(ana, [Create("account", {"name": "Um"})])
    boats = {
        name: records.execute(ana, [Create("boat", {"name": name, "mark": name, "size": size})]).results[0].id
        for name, size in (("Ship", "1"), ("Raft", "2"))
    }
    yield runtime, boats
    runtime.close()


def become(runtime, boat):
    return runtime.packs.revise(Revision((sales(account=ACCOUNT, boat=boat),), dev=True), runtime.installer)


def edit(runtime, boat, **values):
    runtime.current().records.execute(runtime.installer, [Update("boat", Target(boat), values)])


def asked(runtime, words):
    with runtime.database.read() as unit:
        return list(unit.execute(sa.text(words)).scalars())


def journal(runtime):
    """What it says of work that is done ahead, in its order."""
    with runtime.database.read() as unit:
        told = sa.select(JOURNAL.c.step, JOURNAL.c.phase).where(JOURNAL.c.phase.is_not(None))
        return {row.step: row.phase for row in unit.execute(told.order_by(JOURNAL.c.number))}


@contextmanager
def statements(runtime) -> Iterator[list[str]]:
    """What the steps of plans say to the database meanwhile."""
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_):
        said.append(statement)

    sa.event.listen(runtime.database.engine, "before_cursor_execute", hear)
    yield said
    sa.event.remove(runtime.database.engine, "before_cursor_execute", hear)


def test_under_the_lock_what_was_made_ahead_only_gets_its_names(harbour, monkeypatch):
    """Indexes, keys over converted values, new columns, references and checks, of a table with two rows."""
    runtime, boats = harbour
    then, carry_out, seen = version(runtime), apply._carry_out, []

    def between(*arguments):
        seen.append(sorted(asked(runtime, LEFT)))
        with runtime.database.read() as unit:
            seen.append(inspect(unit).base)
        edit(runtime, boats["Ship"], size="2")
        carry_out(*arguments)

    monkeypatch.setattr(apply, "_carry_out", between)
    with runtime.database.read() as unit:
        base = inspect(unit).base
    edit(runtime, boats["Raft"], size="3")
    with statements(runtime) as said:
        become(runtime, MORE)
    made, during = seen
    assert during == base
    assert {"zz0__size", "zz0__kind", "zz0__owner", "zz0__about__boat"} <= set(made)
    assert any(name.startswith("zz0__uq_sales__boat__field_size") for name in made)
    assert any(name.startswith("zz0__fk_sales__boat__owner") for name in made)
    assert any(name.startswith("zz0__ck_sales__boat__about") for name in made)
    assert [each for each in said if "sales__boat" in each and any(word in each for word in HEAVY)] == []
    assert (asked(runtime, LEFT), runtime.packs.plan().is_empty) == ([], True)
    told = journal(runtime)
    assert told["Convert the values of boat.size (sales__boat)."] == "begun"
    assert told["What was made ahead has its names."] == "done"
    with pytest.raises(Conflict):
        edit(runtime, boats["Raft"], size=2)
    go_back(runtime, then)
    assert (asked(runtime, LEFT), runtime.packs.plan().is_empty) == ([], True)


def test_records_that_exchange_a_converted_key_before_the_lock_keep_what_they_exchanged(harbour, monkeypatch):
    runtime, boats = harbour
    carry_out = apply._carry_out

    def between(*arguments):
        ship, raft = (
            Update("boat", Target(boats[n]), {"size": s}) for n, s in (("Ship", "2"), ("Raft", "1"))
        )
        runtime.current().records.execute(runtime.installer, [ship, raft])
        with pytest.raises(Conflict):  # the index of a key that is made already
            edit(runtime, boats["Raft"], mark="Ship")
        carry_out(*arguments)

    monkeypatch.setattr(apply, "_carry_out", between)
    become(runtime, MORE)
    assert asked(runtime, "SELECT size FROM sales__boat ORDER BY name") == [1, 2]


def test_nobody_waits_for_an_index_that_waits_for_somebody_itself(harbour):
    """An index that is made ahead waits for those who are writing; whoever comes behind it does not."""
    runtime, _ = harbour
    waiting = f"{ACTIVITY} WHERE query LIKE 'CREATE UNIQUE%' AND wait_event_type = 'Lock'"
    unique = BOAT.replace("mark: {type: text}", "mark: {type: text, unique: true}")
    with ThreadPoolExecutor(1) as pool:
        with runtime.database.write() as slow:
            slow.execute(sa.text("UPDATE sales__boat SET version = version WHERE name = 'Ship'"))
            made = pool.submit(become, runtime, unique)
            assert until(lambda: made.done() or asked(runtime, waiting))
            with runtime.database.write() as quick:
                quick.script("SET LOCAL lock_timeout = 500")
                quick.execute(sa.text("UPDATE sales__boat SET version = version WHERE name = 'Raft'"))
            assert asked(runtime, waiting)
        made.result(60)
    assert runtime.packs.plan().is_empty


SHARED = {
    "a key": (BOAT.replace("mark: {type: text}", "mark: {type: text, unique: true}"), {"mark": "Ship"}),
    "a key over converted values": (
        BOAT.replace("size: {type: text}", "size: {type: integer, unique: true}"),
        {"size": "01"},
    ),
    "a key of several fields": (
        BOAT + "keys:\n  pair: {fields: [mark, size]}\n",
        {"mark": "Ship", "size": "1"},
    ),
}


def test_a_key_that_records_share_since_the_plan_is_refused_by_their_names_and_nothing_is_left(
    harbour, monkeypatch
):
    runtime, boats = harbour
    before, plan_for = version(runtime), proposing.plan_for
    for what, (boat, values) in SHARED.items():

        def overtaken(*arguments, values=values):
            plan = plan_for(*arguments)
            edit(runtime, boats["Raft"], **values)
            return plan

        monkeypatch.setattr(proposing, "plan_for", overtaken)
        with pytest.raises(PlanRefused) as caught:
            become(runtime, boat)
        monkeypatch.setattr(proposing, "plan_for", plan_for)
        told = [(p.code, *(name in p.message for name in boats)) for p in caught.value.problems]
        assert told == [("S121", True, True)], what
        assert (version(runtime), asked(runtime, LEFT)) == (before, []), what
        assert [*journal(runtime).values()][-1] == "given up"
        edit(runtime, boats["Raft"], mark="Raft", size="2")


def test_a_process_that_is_killed_between_the_index_and_its_name_leaves_what_was_there(
    harbour, postgres_url, tmp_path
):
    """The journal tells what was under way, and the next start that it is gone."""
    runtime, boats = harbour
    was_killed(DIES.format(account=ACCOUNT), postgres_url, tmp_path, MORE)
    assert (asked(runtime, LEFT) != [], runtime.packs.plan().is_empty) == (True, True)
    edit(runtime, boats["Raft"], mark="Plank")
    (told,) = (f for f in examine(runtime, thorough=False) if f.name == "definitions")
    assert ("Make the index" in told.says, told.is_well) == (True, False)
    make_runtime(postgres_url, tmp_path, install=False).close()
    assert asked(runtime, LEFT) == []
    phases = [*journal(runtime).values()]
    assert (set(phases[:-1]), phases[-1]) == ({"begun"}, "given up")
    (told,) = (f for f in examine(runtime, thorough=False) if f.name == "definitions")
    assert told.is_well
