"""A process that dies while it installs leaves what was there, and the next one succeeds."""

import pytest

from tests.support.dying import was_killed
from xrm.engine.commands import Create, Target, Update
from xrm.engine.packs import Revision
from xrm.engine.storage.alone import Work, alone
from xrm.engine.storage.inspection import inspect
from xrm.testing import a_pack, pack_from

DEAL = "fields:\n  name: {type: text, required: true}\n"

DIES = """
import os, signal, sys
from pathlib import Path
from xrm.engine.packs import service
from xrm.testing import a_pack, make_runtime, pack_from

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, place = sys.argv[1:]
runtime = make_runtime(url, Path(folder), install=False)
setattr(service, place, die)
runtime.packs.install([pack_from(a_pack("sales", deal={deal!r}))], runtime.installer)
"""


@pytest.mark.parametrize("place", ["write_layer", "bump", "seed_of"])
def test_a_killed_installation_leaves_what_was_there_and_can_be_repeated(
    make, look, database_url, tmp_path, place
):
    runtime = make()
    before = look(runtime)
    code = DIES.format(deal=DEAL)
    was_killed(code, database_url, tmp_path, place)
    assert look(runtime) == before
    again = make([a_pack("sales", deal=DEAL)])
    assert "deal" in again.current().model.entities
    assert again.packs.plan().is_empty


REMOVES = """
import os, signal, sys
from pathlib import Path
from xrm.engine.packs import service
from xrm.testing import a_pack, make_runtime, pack_from

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, place = sys.argv[1:]
runtime = make_runtime(url, Path(folder), install=False)
sources = [pack_from(a_pack("sales", deal={deal!r}))]
confirmed = runtime.packs.plan(sources, dev=True).hash
setattr(service, place, die)
runtime.packs.install(sources, runtime.installer, dev=True, confirmed=confirmed)
"""


def test_a_killed_removal_and_rename_leave_what_was_there_and_can_be_repeated(
    make, look, database_url, tmp_path
):
    old = "fields:\n  name: {type: text}\n  code: {type: text}\n"
    new = "fields:\n  label: {type: text, renamed_from: name}\n"
    runtime = make([a_pack("sales", deal=old)])
    before = look(runtime)
    was_killed(REMOVES.format(deal=new), database_url, tmp_path, "keep_version")
    assert (look(runtime), runtime.packs.removed()) == (before, ())
    sources = [pack_from(a_pack("sales", deal=new))]
    confirmed = runtime.packs.plan(sources, dev=True).hash
    runtime.packs.install(sources, runtime.installer, dev=True, confirmed=confirmed)
    assert runtime.packs.plan().is_empty


TURNS = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
from xrm.engine.packs import Revision
from xrm.testing import a_pack, make_runtime, pack_from

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, module, place = sys.argv[1:]
runtime = make_runtime(url, Path(folder), install=False)
revision = Revision((pack_from(a_pack("sales", deal={deal!r})),), dev=True)
setattr(import_module(module), place, die)
runtime.packs.revise(revision, runtime.installer)
"""


@pytest.mark.parametrize(
    ("module", "place"),
    [("turnahead", "put"), ("turnahead", "changed"), ("turnsteps", "write")],
    ids=lambda name: name,
)
def test_a_process_that_is_killed_while_values_turn_leaves_what_was_there_and_the_next_one_clears_up(
    make, look, database_url, tmp_path, module, place
):
    """While values are copied, when all are, and with the lock."""
    runtime = make([a_pack("sales", deal="fields:\n  name: {type: text}\n  code: {type: text}\n")])
    deal = runtime.current().records.execute(runtime.installer, [Create("deal", {"code": "7"})]).results[0].id
    before = without_journal(look(runtime))
    turned = killed_while_turning(database_url, tmp_path, module, place)
    assert without_journal(look(runtime)) == before
    assert copies(runtime) == ["zz0__code"]
    runtime.current().records.execute(runtime.installer, [Update("deal", Target(deal), {"code": "8"})])
    revision = Revision((pack_from(a_pack("sales", deal=turned)),), dev=True)
    runtime.packs.revise(revision, runtime.installer)
    assert runtime.current().queries.get(runtime.installer, "deal", deal)["code"] == 8
    assert (copies(runtime), runtime.packs.plan().is_empty) == ([], True)


def test_what_is_left_of_values_that_turned_is_gone_at_the_next_start_unless_somebody_copies(
    make, database_url, tmp_path
):
    runtime = make([a_pack("sales", deal="fields:\n  name: {type: text}\n  code: {type: text}\n")])
    runtime.current().records.execute(runtime.installer, [Create("deal", {"code": "7"})])
    killed_while_turning(database_url, tmp_path, "turnahead", "put")
    with alone(runtime.database, Work.COPY):
        make(install=False)
        assert copies(runtime) == ["zz0__code"]
    make(install=False)
    assert copies(runtime) == []


def killed_while_turning(database_url, folder, module, place):
    """A process has died there while codes of deals became numbers; gives what it wanted them to be."""
    turned = "fields:\n  name: {type: text}\n  code: {type: integer}\n"
    was_killed(TURNS.format(deal=turned), database_url, folder, f"xrm.engine.storage.{module}", place)
    return turned


def copies(runtime):
    with runtime.database.read() as unit:
        return [column for table in inspect(unit).tables.values() for column in table.copies]


def without_journal(seen):
    """What was begun is told, and that it was given up."""
    return {**seen, "rows": {name: count for name, count in seen["rows"].items() if name != "xrm_journal"}}
