"""Import and export for doors: small ones at once, large ones as jobs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.jobs import Beside, Job, Jobs, Watch
from xrm.engine.storage.files import FileFacts, file_facts
from xrm.engine.transfer.bulk import BULK, Bulk, BulkRequest
from xrm.engine.transfer.exporter import EXPORT, Export, Exporter, ExportRequest
from xrm.engine.transfer.importer import DOOR, IMPORT, Importer
from xrm.engine.transfer.mapping import shown, targets_of
from xrm.engine.transfer.reader import open_table
from xrm.engine.transfer.request import ImportRequest
from xrm.engine.transfer.services import Ground, carrying, demand_entity, writable_names
from xrm.engine.transfer.undo import UNDO, Undo, undo_params
from xrm.errors import NotFound, Problem

ROWS_AT_ONCE = 1000
SAMPLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a file before it is imported: its form, its mapping, and some of its rows.

    `formats` are those that were said, and what the numbers of the file show where nothing was.
    """

    encoding: str
    delimiter: str
    rows: int
    mapping: Mapping[str, str | None]
    targets: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    formats: Mapping[str, str] = field(default_factory=dict)


class Transfer:
    """Import and export of one installation."""

    def __init__(self, ground: Ground, jobs: Jobs) -> None:
        self._ground, self._jobs = ground, jobs
        self._importer, self._exporter = Importer(ground), Exporter(ground)
        jobs.register(IMPORT, self._importer, door=DOOR)
        jobs.register(UNDO, Undo(ground), door=DOOR)
        jobs.register(EXPORT, self._exporter)
        jobs.register(BULK, Bulk(ground))

    # --- import -------------------------------------------------------------------------------------

    def keep(self, actor: Actor, entity: str, source: BinaryIO) -> str:
        """The file is kept; gives its hash for a request. Raises TooLarge past the limit of a file.

        Raises NotFound or Forbidden, and keeps nothing, where the actor may not import into the entity.
        """
        demand_entity(self._ground.current(), actor, entity, IMPORT)
        return self._ground.files.put(source, self._ground.limits.file_bytes).sha256

    def preview(self, actor: Actor, request: ImportRequest) -> Preview:
        """What the file holds and where it would go; raises with everything that stands against it."""
        with closing(self._ground.files.open(request.content)) as source:
            opened = self._importer.look(actor, request, source)
            sample = tuple(tuple(row.cells) for row in islice(opened.table.rows(), SAMPLE_ROWS))
            rows, formats = opened.table.count(), opened.formats()
        table, targets = opened.table, self._targets(actor, request)
        mapping = shown(opened.columns)
        return Preview(table.encoding, table.delimiter, rows, mapping, targets, sample, formats)

    def glance(self, actor: Actor, request: ImportRequest) -> Preview:
        """What the file holds, no column of it mapped; raises with everything that stands against the file."""
        demand_entity(self._ground.current(), actor, request.entity, "import")
        with closing(self._ground.files.open(request.content)) as source:
            limits = self._ground.limits
            table = open_table(source, limits, encoding=request.encoding, delimiter=request.delimiter)
            sample = tuple(tuple(row.cells) for row in islice(table.rows(), SAMPLE_ROWS))
            rows = table.count()
        unmapped = dict.fromkeys(table.columns)
        targets = self._targets(actor, request)
        return Preview(table.encoding, table.delimiter, rows, unmapped, targets, sample)

    def _targets(self, actor: Actor, request: ImportRequest) -> tuple[str, ...]:
        services = self._ground.current()
        entity = services.model.entities[request.entity]
        writable = writable_names(services, carrying(actor, IMPORT), entity.name)
        return tuple(targets_of(services.model, entity, writable, request.by))

    def start_import(
        self,
        actor: Actor,
        request: ImportRequest,
        *,
        here: bool = False,
        watch: Watch | None = None,
        beside: Beside | None = None,
    ) -> Job:
        """The import has been done if it is small or `here` is said, else it is queued; gives its job.

        Raises, and starts nothing, when the file or the mapping cannot be used. `beside` writes in the
        transaction that creates the job.
        """
        preview = self.preview(actor, request)
        self._ground.files.renew(request.content)
        # Said by name from here on, the columns go where they were meant whatever is renamed meanwhile.
        request = replace(request, formats=preview.formats, mapping=preview.mapping)
        label = f"Import {request.name or request.entity}"
        here = here or preview.rows <= ROWS_AT_ONCE
        return self._begun(IMPORT, request.params, actor, label, here=here, beside=beside, watch=watch)

    def undo(self, actor: Actor, job: UUID, *, beside: Beside | None = None) -> Job:
        """What the import created is being deleted, as far as nobody changed it; gives the job of that."""
        done = self._jobs.status(actor, job)
        params, label = undo_params(done), f"Undo: {done.label}"
        here = params["created"] <= ROWS_AT_ONCE
        return self._begun(UNDO, params, actor, label, here=here, beside=beside)

    # --- export -------------------------------------------------------------------------------------

    def export(self, actor: Actor, request: ExportRequest) -> Export:
        """The export, piece by piece, for whoever waits for it."""
        return self._exporter.open(actor, request)

    def start_export(self, actor: Actor, request: ExportRequest, *, beside: Beside | None = None) -> Job:
        """The export has been done if it is small, else it is queued; gives its job."""
        rows = self._exporter.open(actor, request).rows
        label = f"Export {request.entity}"
        return self._begun(EXPORT, request.kept, actor, label, here=rows <= ROWS_AT_ONCE, beside=beside)

    # --- many records -------------------------------------------------------------------------------

    def start_bulk(self, actor: Actor, request: BulkRequest) -> Job:
        """The change of many records is queued; gives its job."""
        label = f"Change {len(request.ids)} of {request.entity}"
        return self._begun(BULK, request.params, actor, label, here=False, beside=None)

    def file(self, actor: Actor, job: UUID) -> tuple[FileFacts, BinaryIO]:
        """The file that the job made, to be read and closed; raises NotFound when it made none."""
        made: Any = self._jobs.status(actor, job).result.get("file")
        if made:
            id_ = UUID(made)
            with self._ground.database.read() as unit:
                found = file_facts(unit, [id_]).get(id_)
            if found is not None:
                return found, self._ground.files.open(found.sha256)
        raise NotFound(Problem("R104", "The job has made no file.", "Wait until it is done."))

    def _begun(
        self,
        kind: str,
        params: Mapping[str, Any],
        actor: Actor,
        label: str,
        *,
        here: bool,
        beside: Beside | None,
        watch: Watch | None = None,
    ) -> Job:
        if here:
            return self._jobs.run_here(kind, params, actor, label=label, watch=watch, beside=beside)
        job = self._jobs.start(kind, params, actor, label=label, beside=beside)
        return self._jobs.status(actor, job)
