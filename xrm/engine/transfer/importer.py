"""Imports a table of records: in portions, in one actor's name, through the record service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, BinaryIO

import sqlalchemy as sa

from xrm.collector import collector_paused
from xrm.engine.commands import Actor
from xrm.engine.jobs import Context
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.files import FileFacts, add_file
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.transfer.cells import Formats, Shaped, Shaper, decimal_of
from xrm.engine.transfer.mapping import Columns, make_mapping, shown
from xrm.engine.transfer.pointers import Pointers
from xrm.engine.transfer.reader import Table, open_table
from xrm.engine.transfer.rejects import join_rejects, keep_rejects
from xrm.engine.transfer.request import ImportRequest
from xrm.engine.transfer.services import Ground, Services, carrying, demand_entity, writable_names
from xrm.engine.transfer.tally import Tally
from xrm.engine.transfer.writing import Writer, Written
from xrm.errors import Invalid, Place, Problem

PORTION = 1000
WHOLE_SECONDS = 1800.0
IMPORT, DOOR = "import", "import"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is ready to be imported, by the definitions of `services` and no others."""

    services: Services
    request: ImportRequest
    table: Table
    columns: Columns

    def formats(self) -> Mapping[str, str]:
        """The formats that were said; how decimals are written is seen from the file where nobody said it."""
        said = self.request.formats
        return said if "decimal" in said else {**said, "decimal": decimal_of(self.columns, self.table.rows())}

    @property
    def shaper(self) -> Shaper:
        """Who makes values of its rows."""
        return Shaper(self.columns, Formats.of(self.request.formats))


class _Rehearsed(Exception):
    """The portion has been tried and is to be undone."""


class Importer:
    """Does imports of one installation; the handler of the jobs of kind `import`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def look(self, actor: Actor, request: ImportRequest, source: BinaryIO) -> Opened:
        """The file can be read and its columns have targets; raises with all that stands against it."""
        services = self._ground.current()
        entity = demand_entity(services, actor, request.entity, IMPORT)
        limits = self._ground.limits
        table = open_table(source, limits, encoding=request.encoding, delimiter=request.delimiter)
        writable = writable_names(services, carrying(actor, IMPORT), entity.name)
        columns = make_mapping(services.model, entity, writable, table.columns, request.mapping, request.by)
        _refuse_keyless(columns, request.by)
        return Opened(services, request, table, columns)

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """The file is imported as the job's parameters say, or as far as its checkpoints show."""
        request = ImportRequest.of(context.params)
        with closing(self._ground.files.open(request.content)) as source:
            opened = self.look(context.actor(), request, source)
            total = opened.table.count()
            if total == 0:
                raise Invalid(Problem("I101", "The file has a heading and no rows.", "Add rows."))
            context.progress(Tally.of(context.saved).rows, total)
            if request.mode == "all" and not request.dry_run:
                tally = self._whole(context, opened, total)
            else:
                tally = self._portions(context, opened, total)
            return self._told(context, opened, tally, total)

    # --- in portions --------------------------------------------------------------------------------

    def _portions(self, context: Context, opened: Opened, total: int) -> Tally:
        """Each portion is a transaction of its own, in which its checkpoint is saved."""
        tally = Tally.of(context.saved) if context.saved else Tally(after=self._last_change())
        shaper, pointers = opened.shaper, Pointers()
        rows = opened.table.rows(skip=tally.rows)
        while portion := list(islice(rows, PORTION)):
            context.go_on()
            with collector_paused():
                shaped = shaper.shape(portion)
                tally = self._portion(context, opened, tally, shaped, pointers, total)
        return tally

    def _portion(
        self,
        context: Context,
        opened: Opened,
        tally: Tally,
        portion: Sequence[Shaped],
        pointers: Pointers,
        total: int,
    ) -> Tally:
        actor, services = carrying(context.actor(), IMPORT), opened.services
        writer = self._writer(services, opened.request, pointers)

        def work(unit: UnitOfWork) -> Tally:
            written = self._written(unit, writer, actor, portion, opened.request.dry_run)
            now = self._counted(tally, written, opened.columns)
            context.checkpoint(unit, now.saved, now.rows, total)
            return now

        return self._ground.database.transact(work, services.schema.meanings)

    def _written(
        self, unit: UnitOfWork, writer: Writer, actor: Actor, portion: Sequence[Shaped], dry: bool
    ) -> Written:
        """What the portion comes to; in a rehearsal nothing of it stays."""
        if not dry:
            return writer.write(unit, actor, portion)
        came: list[Written] = []
        try:
            with unit.savepoint():
                came.append(writer.write(unit, actor, portion))
                raise _Rehearsed
        except _Rehearsed:
            return came[0]

    # --- all or nothing -----------------------------------------------------------------------------

    def _whole(self, context: Context, opened: Opened, total: int) -> Tally:
        """One transaction holds every portion, and is undone if a single row is refused."""
        services, tally = opened.services, Tally(after=self._last_change())
        with self._ground.database.write(services.schema.meanings, seconds=WHOLE_SECONDS) as unit:
            for now in self._steps(context, opened, services, unit, tally, total):
                context.go_on()
                tally = now
            if tally.failed:
                raise _refused(tally)
            context.checkpoint(unit, tally.saved, tally.rows, total)
        return tally

    def _steps(
        self,
        context: Context,
        opened: Opened,
        services: Services,
        unit: UnitOfWork,
        tally: Tally,
        total: int,
    ) -> Iterator[Tally]:
        writer, shaper = self._writer(services, opened.request, Pointers()), opened.shaper
        rows = opened.table.rows()
        while portion := list(islice(rows, PORTION)):
            with collector_paused():
                written = writer.write(unit, carrying(context.actor(), IMPORT), shaper.shape(portion))
            tally = self._counted(tally, written, opened.columns)
            context.watch(tally.rows, total)
            yield tally

    # --- what both share ----------------------------------------------------------------------------

    def _writer(self, services: Services, request: ImportRequest, pointers: Pointers) -> Writer:
        return Writer(
            request.entity, request.by, services.records, services.queries, pointers, request.duplicates
        )

    def _counted(self, tally: Tally, written: Written, columns: Columns) -> Tally:
        part = keep_rejects(self._ground.files, written.refused, self._ground.limits.file_bytes)
        return tally.plus(written.outcomes, written.refused, columns, part)

    def _told(self, context: Context, opened: Opened, tally: Tally, total: int) -> dict[str, Any]:
        """The result of the job: counts, problems, the mapping, and the file of refused rows."""
        tally = replace(tally, until=self._last_change())
        rejects = self._rejects_file(context, opened, tally) if tally.parts else None
        return {
            **tally.saved,
            "entity": opened.request.entity,
            "mode": opened.request.mode,
            "dry_run": opened.request.dry_run,
            "total": total,
            "encoding": opened.table.encoding,
            "delimiter": opened.table.delimiter,
            "mapping": shown(opened.columns),
            "unmapped": list(opened.columns.unmapped),
            "file": rejects,
        }

    def _rejects_file(self, context: Context, opened: Opened, tally: Tally) -> str:
        ground = self._ground
        limit = 2 * ground.limits.file_bytes
        content = join_rejects(ground.files, opened.columns.columns, tally.parts, limit)
        name = f"{opened.request.name.rpartition('.')[0] or opened.request.entity}-refused.csv"
        facts = FileFacts(ground.world.new_id(), content.sha256, content.size, "text/csv", name)
        with ground.database.write() as unit:
            add_file(unit, facts, ground.world.now(), context.actor().id)
        return str(facts.id)

    def _last_change(self) -> int:
        with self._ground.database.read() as unit:
            return int(unit.execute(sa.select(sa.func.max(CHANGE.c.position))).scalar() or 0)


def _refuse_keyless(columns: Columns, by: str) -> None:
    """A key by which records are found needs a column; keys of several fields are checked by the records."""
    targets = {target.path for _, target in columns.taken} | {target.name for _, target in columns.taken}
    if by in ("id", "external_key") and by not in targets:
        hint = f"Map a column to {by}."
        raise Invalid(Problem("I110", f"No column gives {by}.", hint, Place(path="by")))


def _refused(tally: Tally) -> Invalid:
    """The refusal of a whole import, with its rows as places."""
    first = Problem("I112", f"{tally.failed} of {tally.rows} rows were refused.", "Nothing was imported.")
    rows = [
        Problem(p["code"], p["message"], p["hint"], Place(path=f"rows[{p['row']}].{p['path']}"))
        for p in tally.problems
    ]
    return Invalid([first, *rows])
