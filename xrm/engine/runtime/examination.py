"""Is this installation well? Each examination says what it found and, if something is wrong, the remedy."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from xrm.engine.jobs import State, desk
from xrm.engine.runtime.service import Runtime
from xrm.engine.storage.alone import Work, if_free
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.ledger import CHANGE, FILE
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.progress import under_way
from xrm.engine.storage.search import index_size
from xrm.errors import NotFound, XrmError
from xrm.metadata.sources import core_source
from xrm.settings import KEY_FILE, Settings

TOLERANCE = timedelta(seconds=30)
PATIENCE = timedelta(minutes=10)  # with which a job waits before somebody is told
REMOVED_TOLD = 10  # things that are named
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination came to; a remedy stands only where something is wrong."""

    name: str
    says: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.remedy


def examine_settings(settings: Settings) -> tuple[Finding, ...]:
    """What can be said before anything is opened."""
    return (_folder(settings), _key(settings), _address(settings))


def examine(runtime: Runtime, *, thorough: bool = True) -> tuple[Finding, ...]:
    """Every examination of an open installation; one that cannot be made is a finding, too.

    Unless `thorough`, those are left out that read every table or file.
    """
    looks = _EXAMINATIONS if thorough else {**_EXAMINATIONS, "database": _version}
    left_out = () if thorough else _LONG
    return tuple(_careful(name, look, runtime) for name, look in looks.items() if name not in left_out)


def _careful(name: str, look: Callable[[Runtime], Finding], runtime: Runtime) -> Finding:
    try:
        return look(runtime)
    except XrmError as error:
        problem = error.first
        return Finding(name, problem.message, problem.hint or "Mend that first.")


# --- before anything is opened ------------------------------------------------------------------------


def _folder(settings: Settings) -> Finding:
    folder = settings.data
    if not folder.is_dir():
        return Finding(
            "data folder", f"{folder} is not there.", "Run xrm init, or name the folder by --data."
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", f"{folder} cannot be written.", "Let the account of xrm own it.")
    loose = [path.name for path in _private(folder) if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    if loose:
        names = ", ".join(loose)
        return Finding("data folder", f"Others can read {names}.", f"chmod 600 in {folder}: {names}.")
    return Finding("data folder", str(folder))


def _private(folder: Path) -> Iterator[Path]:
    yield from (path for path in (folder / KEY_FILE, folder / "demo-sign-in.txt") if path.exists())


def _key(settings: Settings) -> Finding:
    if settings.secret_key:
        return Finding("secret key", "There is one.")
    remedy = (
        "Run xrm init." if settings.is_embedded else "Set XRM_SECRET_KEY to the same text in every process."
    )
    return Finding("secret key", "There is none.", remedy)


def _address(settings: Settings) -> Finding:
    parts = urlsplit(settings.base_url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        says = f"{settings.base_url} is not encrypted, so passwords can be read on the way."
        return Finding("address", says, "Serve it behind HTTPS and set XRM_BASE_URL to the https:// address.")
    return Finding("address", settings.base_url)


# --- of an open installation ----------------------------------------------------------------------------


def _database(runtime: Runtime) -> Finding:
    with runtime.database.read() as unit:
        if unit.dialect.is_sqlite:
            return _sqlite(unit)
    return _version(runtime)


def _sqlite(unit: UnitOfWork) -> Finding:
    found = unit.execute(sa.text("PRAGMA quick_check(3)")).scalars().all()
    if list(found) != ["ok"]:
        return Finding("database", f"The file is damaged: {'; '.join(map(str, found))}.", "Restore a backup.")
    known = unit.execute(sa.text("SELECT sqlite_version()")).scalar_one()
    return Finding("database", f"SQLite {known}, undamaged")


def _version(runtime: Runtime) -> Finding:
    with runtime.database.read() as unit:
        asked = "SELECT sqlite_version()" if unit.dialect.is_sqlite else "SHOW server_version"
        known = unit.execute(sa.text(asked)).scalar_one()
        return Finding("database", f"{'SQLite' if unit.dialect.is_sqlite else 'PostgreSQL'} {known}")


def _stamp(runtime: Runtime) -> Finding:
    stamp = runtime.freshness.read()
    return Finding("stamp", f"model {stamp.model}, rights {stamp.rights}, sessions {stamp.sessions}")


def _queue(runtime: Runtime) -> Finding:
    jobs, now = runtime.jobs, runtime.world.now()
    with runtime.database.read() as unit:
        counts = {state: desk.count(unit, state) for state in (State.QUEUED, State.RUNNING, State.FAILED)}
        waits, workers = desk.oldest_waiting(unit), desk.living(unit, now - jobs.lease.silence)
    told = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    says = f"Jobs: {told}. Workers: {', '.join(workers) or 'none at work'}."
    if waits is not None and waits < now - PATIENCE:
        return Finding("queue", f"{says} The oldest waits since {waits:%Y-%m-%d %H:%M} UTC.", "Run xrm work.")
    return Finding("queue", says)


def _search(runtime: Runtime) -> Finding:
    with runtime.database.read() as unit:
        return Finding("search index", f"{index_size(unit)} records can be found")


def _computed(runtime: Runtime) -> Finding:
    records, installer, most = runtime.current().records, runtime.installer, runtime.settings.limits.fan_out
    counts, waiting = records.refill_needed(installer), records.waiting(installer)
    waits = f" For a job wait: {_counted(waiting)}." if waiting else ""
    if not any(counts.values()) and not waiting:
        says = f"{len(counts)} fields hold what follows in every record; up to {most:,} follow at once"
        return Finding("computed", says)
    remedy = "Run xrm work, or xrm doctor --recompute." if waiting else "Run xrm doctor --recompute."
    return Finding("computed", f"Something else than what follows: {_counted(counts)}.{waits}", remedy)


def _counted(counts: Mapping[tuple[str, str], int]) -> str:
    """The fields with how many records each is meant in; none that is meant in none."""
    found = [f"{entity}.{name} in {count}" for (entity, name), count in sorted(counts.items()) if count]
    more = [f"{len(found) - REMOVED_TOLD} more"] if len(found) > REMOVED_TOLD else []
    return ", ".join([*found[:REMOVED_TOLD], *more]) or "nothing"


def _versions(runtime: Runtime) -> Finding:
    return Finding("program", f"xrm {version('xrm')}, Python {platform.python_version()}")


def _model(runtime: Runtime) -> Finding:
    snapshot = runtime.current()
    packs = ", ".join(f"{pack.name} {pack.version}" for pack in snapshot.model.packs.values())
    return Finding("packs", f"{packs} (activation {snapshot.stamp.model})")


def _program(runtime: Runtime) -> Finding:
    core = runtime.definitions.read(core_source())
    installed = {layer.name: layer for layer in runtime.packs.list()}
    if core.name in installed and installed[core.name].content != core.content:
        says = "The core layer that is installed comes from another version of this program."
        return Finding("core layer", says, "Run xrm apply.")
    return Finding("core layer", "It is that of this program.")


def _tables(runtime: Runtime) -> Finding:
    plan = runtime.packs.plan()
    if plan.is_empty:
        return Finding("tables", "They are as the definitions want them.")
    says = f"{len(plan.steps)} steps are missing, first: {plan.steps[0].sentence}"
    return Finding("tables", says, "Run xrm plan to see all, and xrm apply.")


def _definitions(runtime: Runtime) -> Finding:
    """What is done ahead of a change; where nobody does it, whoever did has died."""
    with runtime.database.read() as unit:
        begun = under_way(unit)
    if not begun:
        return Finding("definitions", "No change of them is being prepared.")
    told = [
        f"{' '.join(each.what)} (since {each.at:%Y-%m-%d %H:%M} UTC, plan {each.plan[:12]})" for each in begun
    ]
    with if_free(runtime.database, Work.COPY) as is_free:
        if not is_free:
            return Finding("definitions", f"A change is being prepared: {' '.join(told)}")
    remedy = "The next start of xrm serve or xrm work takes away what is left; then make the change again."
    return Finding("definitions", f"A change was interrupted: {' '.join(told)}", remedy)


def _removed(runtime: Runtime) -> Finding:
    kept, due = runtime.packs.removed(), runtime.purging.due()
    if not kept:
        return Finding("removed", "Nothing that was removed is kept.")
    told = [f"{s.thing} ({s.number}) until {s.until:%Y-%m-%d}" for s in kept[:REMOVED_TOLD] if s.until]
    told += [f"{len(kept) - REMOVED_TOLD} more"] if len(kept) > REMOVED_TOLD else []
    says = f"Kept: {', '.join(told)}."
    if due:
        remedy = "Run xrm work, or xrm serve, which destroys it once a day, or xrm model purge."
        return Finding("removed", f"{says} The time of {len(due)} is over.", remedy)
    return Finding("removed", says)


def _administrator(runtime: Runtime) -> Finding:
    if runtime.directory.has_administrator():
        return Finding("administrator", "There is one.")
    return Finding("administrator", "Nobody can administer.", "Run xrm user add EMAIL --role system_admin.")


def _files(runtime: Runtime) -> Finding:
    with runtime.database.read() as unit:
        wanted = [str(h) for h in unit.execute(sa.select(FILE.c.sha256).distinct()).scalars()]
    lost = [sha for sha in wanted if not _is_kept(runtime, sha)]
    if lost:
        says = f"{len(lost)} of {len(wanted)} contents are lost, first: {lost[0]}."
        return Finding("files", says, "Restore the folder files from a backup.")
    return Finding("files", f"{len(wanted)} contents, all there")


def _unused_files(runtime: Runtime) -> Finding:
    unused, days = runtime.sweep.look(), runtime.settings.limits.unused_file_days
    says = (
        f"{unused.contents} contents of {unused.bytes:,} bytes that nothing uses; each stays for {days} days"
    )
    if unused.overdue:
        says = f"{says}, and {unused.overdue} have stayed for longer."
        return Finding("unused files", says, "Run xrm work, or xrm serve, which removes them once a day.")
    return Finding("unused files", says)


def _is_kept(runtime: Runtime, sha256: str) -> bool:
    try:
        runtime.files.open(sha256).close()
    except NotFound:
        return False
    return True


def _links(runtime: Runtime) -> Finding:
    snapshot, tables = runtime.current(), runtime.packs.tables()
    with runtime.database.read() as unit:
        orphans = sum(_orphans(unit, tables, snapshot.numbers))
    if orphans:
        says = f"{orphans} links to any record lead nowhere."
        return Finding(
            "links", says, "Open the records and choose others, or restore what was removed by hand."
        )
    return Finding("links", "Every link to any record leads to one.")


def _orphans(unit: UnitOfWork, schema: Schema, numbers: Numbers) -> Iterator[int]:
    for stored in schema:
        for lookup in stored.lookups.values():
            if lookup.entity_column is not None and lookup.record_column is not None:
                yield _lost(unit, stored.table, lookup.entity_column, lookup.record_column, schema, numbers)


def _lost(
    unit: UnitOfWork,
    table: sa.Table,
    entity: sa.ColumnElement[int],
    record: sa.ColumnElement[object],
    schema: Schema,
    numbers: Numbers,
) -> int:
    targets: Sequence[sa.ColumnElement[bool]] = [
        sa.and_(entity == numbers.entities[t.entity.name], sa.exists().where(t.table.alias().c.id == record))
        for t in schema
        if t.entity.name in numbers.entities
    ]
    lost = sa.and_(record.is_not(None), sa.not_(sa.or_(sa.false(), *targets)))
    return int(unit.execute(sa.select(sa.func.count()).select_from(table).where(lost)).scalar_one())


def _clock(runtime: Runtime) -> Finding:
    now = runtime.world.now()
    with runtime.database.read() as unit:
        last = unit.execute(sa.select(CHANGE.c.at).order_by(CHANGE.c.position.desc()).limit(1)).scalar()
    if last is not None and last > now + TOLERANCE:
        says = f"The last change was made at {last:%Y-%m-%d %H:%M:%S}, which is yet to come."
        return Finding("clock", says, "Set the clock of this machine right, best by NTP.")
    return Finding("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


_EXAMINATIONS: dict[str, Callable[[Runtime], Finding]] = {
    "database": _database,
    "packs": _model,
    "stamp": _stamp,
    "queue": _queue,
    "search index": _search,
    "core layer": _program,
    "tables": _tables,
    "definitions": _definitions,
    "removed": _removed,
    "administrator": _administrator,
    "files": _files,
    "unused files": _unused_files,
    "links": _links,
    "computed": _computed,
    "clock": _clock,
    "program": _versions,
}
_LONG = ("tables", "files", "unused files", "links", "computed")
