"""What a backup holds is what comes back, in either database; nothing else does, and nothing is lost on the way."""

from __future__ import annotations

import stat
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import count as numbers
from pathlib import Path
from threading import Event, Thread

import orjson
import pytest
import sqlalchemy as sa

from tests.engine.backup.conftest import VALUES, Full, Places, count, digest
from tests.support.dying import was_killed
from tests.support.office import Office, open_office
from xrm.engine.backup import Manifest, write_backup
from xrm.engine.commands import Restore, Target
from xrm.engine.queries.request import Trash
from xrm.engine.runtime import Runtime, demand_installation
from xrm.engine.runtime.backups import ground_of
from xrm.engine.runtime.examination import examine
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE, CONSUMER, JOB, RESTORE, SESSION
from xrm.engine.storage.sealing import Seal
from xrm.errors import Conflict, Unavailable

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


@dataclass
class Restored:
    """An installation that came out of a backup, and a backup of it before anybody used it."""

    runtime: Runtime
    archive: Path
    digest: str

    @cached_property
    def office(self) -> Office:
        return open_office(self.runtime)


def restored(full: Full, archive: Path, places: Places) -> Restored:
    """What the archive becomes in the other database."""
    settings = places.settings(OTHER[full.runtime.database.dialect.name])
    places.restore(archive, settings)
    runtime = places.open(settings)
    again = settings.data / "again.zip"
    return Restored(runtime, again, write_backup(ground_of(runtime), again).digest)


@pytest.fixture(scope="module")
def there(full: Full, taken: tuple[Path, Manifest], places: Places) -> Restored:
    """The full installation in the other database."""
    return restored(full, taken[0], places)


def test_there_and_back_again_the_digest_is_the_same(
    full: Full, taken: tuple[Path, Manifest], there: Restored, places: Places
) -> None:
    back = places.settings(full.runtime.database.dialect.name)
    places.restore(there.archive, back)
    assert taken[1].digest == there.digest == digest(places.open(back))


def test_a_single_changed_value_changes_the_digest(full: Full) -> None:
    record = full.office.make("kinds", by=full.office.admin, name="Other", exact="0.000001")
    before = digest(full.runtime)
    with full.runtime.database.write() as unit:
        table = full.runtime.current().schema["kinds"].table
        unit.execute(sa.update(table).where(table.c.id == record).values(exact=Decimal("0.000002")))
    assert digest(full.runtime) != before


def test_search_finds_what_was_restored_and_not_what_is_in_the_trash(full: Full, there: Restored) -> None:
    office = there.office
    assert [row["name"] for row in office.list("kinds", by=office.admin, search="zebra")] == [VALUES["name"]]
    assert office.list("account", search="Lost") == []
    assert [row["name"] for row in office.list("account", search="mauve")] == ["Acme"]


def test_values_of_every_kind_history_and_trash_come_back(full: Full, there: Restored) -> None:
    office = there.office
    for entity, record in (("kinds", full.kinds), ("deal", full.deal)):
        assert office.read(entity, record, by=office.admin) == full.office.read(
            entity, record, by=full.office.admin
        )
    read = office.read("kinds", full.kinds, by=office.admin)
    assert {name: read[name] for name in ("exact", "instant", "bag", "note")} == {
        name: VALUES[name] for name in ("exact", "instant", "bag", "note")
    }
    assert office.list("account", trash=Trash.ONLY)[0]["name"] == "Lost"
    office.run(Restore("account", Target(full.trashed)))
    assert office.read("account", full.trashed)["city"] == "Faro"


def test_numbers_positions_and_rules_go_on(full: Full, there: Restored) -> None:
    office = there.office
    before = full.office.read("deal", full.deal)["number"]
    made = office.make("deal", name="Next")
    assert (before, office.read("deal", made)["number"]) == ("D-2026-0001", "D-2026-0002")
    with there.runtime.database.read() as unit:
        positions = unit.execute(sa.select(CHANGE.c.position).order_by(CHANGE.c.position)).scalars().all()
    assert positions[-1] > max(positions[:-1])
    office.make("account", name="Other", tax_number="7")
    with pytest.raises(Conflict):
        office.make("account", name="Third", tax_number="7")


def test_secrets_files_and_tokens_come_along_and_sessions_do_not(full: Full, there: Restored) -> None:
    runtime = there.runtime
    assert runtime.identity.resolve_token(full.token).id == full.office.boss.id
    with runtime.files.open(full.content) as content:
        assert content.read() == b"hello world"
    sealed = [sealed_in(full.runtime), sealed_in(runtime)]
    assert sealed[0] == sealed[1]
    assert Seal(runtime.settings.secret_key).open(sealed[1]) == "a sealed secret"
    assert count(runtime, SESSION) == 0


def sealed_in(runtime: Runtime) -> str:
    with runtime.database.read() as unit:
        found = unit.execute(sa.text("SELECT token FROM office__account WHERE name = 'Acme'"))
        return str(found.scalar_one())


def test_a_restored_installation_is_well_and_needs_no_plan(there: Restored) -> None:
    assert there.runtime.packs.plan().is_empty
    assert [f.name for f in examine(there.runtime) if not f.is_well] == []


# --- what is of this place and moment --------------------------------------------------------------------


@pytest.fixture(scope="module")
def marked(full: Full, places: Places, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Restored]:
    """The same with a consumer, a job that waits, shadows and a damaged content; and its digest."""
    runtime = full.runtime
    with runtime.database.write() as unit:
        consume(unit, runtime)
        wait(unit, runtime, full)
        leave_shadows(unit)
    content = runtime.settings.data / "files" / full.content[:2] / full.content[2:4] / full.content
    whole = content.read_bytes()
    content.write_bytes(b"something else")
    path = tmp_path_factory.mktemp("marked") / "marked.zip"
    manifest = write_backup(full.ground, path)
    content.write_bytes(whole)
    assert manifest.lost == (full.content,)
    return manifest.digest, restored(full, path, places)


def consume(unit: UnitOfWork, runtime: Runtime) -> None:
    """A consumer has seen the third change and not yet the first, whose transaction committed late."""
    rows = unit.execute(sa.select(CHANGE.c.transaction, CHANGE.c.position).order_by(CHANGE.c.position)).all()
    place = {"transaction": rows[2].transaction, "position": rows[2].position}
    late = sa.update(CHANGE).where(CHANGE.c.position == rows[0].position)
    unit.execute(late.values(transaction=rows[-1].transaction + 1))
    unit.execute(sa.insert(CONSUMER).values(name="c", **place, updated_at=runtime.world.now()))


def wait(unit: UnitOfWork, runtime: Runtime, full: Full) -> None:
    """A job waits for a worker."""
    values = {"kind": "sweep_files", "params": {}, "state": "queued", "done": 0, "attempt": 1}
    who = {"actor": full.office.admin.id, "authority": {"roles": [], "system": True, "name": "x"}}
    values |= {**who, "cancel_requested": False, "created_at": runtime.world.now()}
    unit.execute(sa.insert(JOB).values(id=runtime.world.new_id(), **values))


def leave_shadows(unit: UnitOfWork) -> None:
    """A column and a table are there that no definition asks for."""
    is_sqlite = unit.dialect.is_sqlite
    number, value = ("SCALED_INT_18_2", "1234") if is_sqlite else ("numeric(18, 2)", "12.34")
    unit.script(f"ALTER TABLE office__account ADD COLUMN zz7__amount {number}")
    unit.script(f"UPDATE office__account SET zz7__amount = {value}")
    key, whole = ("UUID_BLOB", "BIGINT") if is_sqlite else ("uuid", "bigint")
    columns = f"id {key} PRIMARY KEY, version {whole}, title__key text, deletion {key}, gone {number}"
    unit.script(f"CREATE TABLE zz8__gone ({columns})")
    copied = f"SELECT id, version, title__key, deletion, {value} FROM office__account"
    unit.script(f"INSERT INTO zz8__gone {copied}")


def test_what_no_definition_asks_for_any_more_is_kept_too(marked: tuple[str, Restored]) -> None:
    told, there = marked
    assert there.digest == told
    with there.runtime.database.read() as unit:
        rows = unit.execute(sa.text("SELECT count(*), max(gone) FROM zz8__gone")).one()
        column = unit.execute(sa.text("SELECT max(zz7__amount) FROM office__account")).scalar_one()
    assert rows[0] >= 2
    assert str(rows[1]) == str(column) == ("1234" if there.runtime.database.dialect.is_sqlite else "12.34")


def test_a_consumer_sees_again_rather_than_misses(full: Full, marked: tuple[str, Restored]) -> None:
    with full.runtime.database.read() as unit:
        first = unit.execute(sa.select(sa.func.min(CHANGE.c.position))).scalar_one()
    with marked[1].runtime.database.read() as unit:
        place = unit.execute(sa.select(CONSUMER.c.transaction, CONSUMER.c.position)).one()
    assert (place.transaction, place.position) == (0, first - 1)


def test_a_job_that_was_not_over_is_taken_up_by_the_next_worker(marked: tuple[str, Restored]) -> None:
    runtime = marked[1].runtime
    runtime.jobs.take_over(runtime.jobs.take_over())
    with runtime.database.read() as unit:
        assert unit.execute(sa.select(JOB.c.state, JOB.c.attempt)).all() == [("done", 2)]


# --- taking it ------------------------------------------------------------------------------------------


def test_the_archive_is_for_its_owner_only_and_replaces_nothing(
    full: Full, taken: tuple[Path, Manifest]
) -> None:
    archive = taken[0]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    before = archive.read_bytes()
    with pytest.raises(Conflict) as refused:
        write_backup(full.ground, archive)
    assert refused.value.first.code == "B108"
    assert archive.read_bytes() == before
    assert [path.name for path in archive.parent.iterdir() if "partial" in path.name] == []


def test_nothing_secret_of_the_moment_is_in_it(full: Full, taken: tuple[Path, Manifest]) -> None:
    with zipfile.ZipFile(taken[0]) as source:
        names = set(source.namelist())
        text = b"".join(source.read(name) for name in names)
    assert not names & {
        f"tables/xrm_{name}.jsonl" for name in ("session", "attempt", "password_link", "worker")
    }
    assert full.ground.secret_key.encode() not in text
    assert full.token.encode() not in text


def test_it_is_of_one_moment_while_others_write(full: Full, tmp_path: Path) -> None:
    stop, office = Event(), full.office
    writer = Thread(target=_write_until, args=(office, stop))
    writer.start()
    try:
        for number in range(3):
            path = tmp_path / f"{number}.zip"
            write_backup(full.ground, path)
            [account] = [e["number"] for e in _entries(path, "xrm_entity") if e["name"] == "account"]
            made = [
                c["record"]
                for c in _entries(path, "xrm_change")
                if c["operation"] == "create" and c["entity"] == account
            ]
            assert sorted(row["id"] for row in _entries(path, "office__account")) == sorted(made)
    finally:
        stop.set()
        writer.join()


def _write_until(office: Office, stop: Event) -> None:
    for number in numbers():
        if stop.is_set():
            return
        office.make("account", name=f"N{number}", city="X")


def _entries(path: Path, table: str) -> list[dict]:
    with zipfile.ZipFile(path) as source:
        return [orjson.loads(line) for line in source.read(f"tables/{table}.jsonl").splitlines()]


# --- where it may go, and what an interruption leaves -------------------------------------------------------


def test_only_an_empty_database_takes_it(
    taken: tuple[Path, Manifest], there: Restored, places: Places
) -> None:
    before = digest(there.runtime)
    with pytest.raises(Conflict) as refused:
        places.restore(taken[0], there.runtime.settings)
    assert refused.value.first.code == "B106"
    assert digest(there.runtime) == before


DIES = """
import os, signal, sys
from pathlib import Path
from xrm.engine.backup import restore, restoring
from xrm.engine.runtime.backups import empty_ground
from xrm.testing import make_settings

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, archive, place = sys.argv[1:]
settings = make_settings(url, Path(folder))
setattr(restoring, place, die)
with empty_ground(settings) as ground:
    restore(ground, Path(archive), settings.data)
"""


def test_an_interrupted_restore_is_not_served_and_can_be_repeated(
    full: Full, taken: tuple[Path, Manifest], places: Places
) -> None:
    archive, manifest = taken
    # Of the two, one dies before a row is there and the other when all are.
    place = "end_restore" if full.runtime.database.dialect.is_sqlite else "_bring_files"
    settings = places.settings(OTHER[full.runtime.database.dialect.name])
    folder = settings.data.parent
    was_killed(DIES, settings.database_url, folder, archive, place)
    for look in (lambda: demand_installation(settings), lambda: places.open(settings)):
        with pytest.raises(Unavailable) as refused:
            look()
        assert refused.value.first.code == "B107"
    places.restore(archive, settings)
    runtime = places.open(settings)
    assert digest(runtime) == manifest.digest
    assert count(runtime, RESTORE) == 1


KILLED = """
import os, signal, sys
from pathlib import Path
from xrm.engine.backup import taking, write_backup
from xrm.engine.runtime.backups import ground_of
from xrm.testing import make_runtime, make_settings

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

url, folder, archive = sys.argv[1:]
taking.sequences_of = die
runtime = make_runtime(url, Path(folder), install=False)
write_backup(ground_of(runtime), Path(archive))
"""


def test_a_killed_backup_leaves_nothing_under_its_name(full: Full, tmp_path: Path) -> None:
    target = tmp_path / "killed.zip"
    settings = full.runtime.settings
    was_killed(KILLED, settings.database_url, settings.data.parent, target)
    assert not target.exists()
    write_backup(full.ground, target)
    assert zipfile.is_zipfile(target)
