"""Gives out the records of a query as a file: what the actor may read, with no cell that would be run."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson

from xrm.engine.commands import Actor
from xrm.engine.jobs import Context
from xrm.engine.queries.request import Count, Query, parse_query
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.files import FileFacts, add_file
from xrm.engine.transfer.formulas import harmless
from xrm.engine.transfer.services import Ground, Services, carrying, demand_entity
from xrm.errors import Invalid, Place, Problem, TooLarge
from xrm.metadata.fieldtypes.base import Control
from xrm.metadata.model import HOLDERS, Entity, Shape

EXPORT = "export"
PAGE = 1000
SECONDS = 1800.0
MOST_BYTES = 4 << 30
MEDIA: Mapping[str, str] = {"csv": "text/csv", "jsonl": "application/jsonl"}
_NOT_ASKED = ("limit", "cursor", "count", "expand")
_FIRST = ("id", "external_key")
_LAST = ("state", "owner", "team", "created_at", "updated_at")
_PARTS: Mapping[Control, tuple[str, ...]] = {
    Control.PERSON_NAME: ("salutation", "first", "middle", "last", "suffix"),
    Control.ADDRESS: ("street", "number", "city", "state", "postal_code", "country"),
}

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which records, as the parameters of a list say it, and in which form; of `ids` only those, if any are given."""

    entity: str
    params: Mapping[str, Sequence[str]] = field(default_factory=dict)
    format: str = "csv"
    ids: tuple[UUID, ...] = ()

    def __post_init__(self) -> None:
        if self.format not in MEDIA:
            hint = f"Give {' or '.join(MEDIA)}."
            raise Invalid(Problem("I114", f"format is {self.format!r}.", hint, Place(path="format")))
        for name in _NOT_ASKED:
            if name in self.params:
                message = f"An export takes no parameter {name!r}."
                raise Invalid(Problem("I114", message, "Leave it out.", Place(path=name)))

    @property
    def kept(self) -> dict[str, Any]:
        """The request as a job keeps it."""
        params = {name: list(values) for name, values in self.params.items()}
        return {**asdict(self), "params": params, "ids": [str(id_) for id_ in self.ids]}

    @staticmethod
    def of(kept: Mapping[str, Any]) -> ExportRequest:
        """The request that a job keeps."""
        return ExportRequest(**{**kept, "ids": tuple(UUID(id_) for id_ in kept.get("ids", ()))})


@dataclass(frozen=True, slots=True)
class Export:
    """An export that may begin: how many records there are, and the file piece by piece."""

    name: str
    media_type: str
    rows: int
    pieces: Iterator[bytes]


class Exporter:
    """Does exports of one installation; the handler of the jobs of kind `export`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def open(self, actor: Actor, request: ExportRequest) -> Export:
        """The export may begin; raises when the actor may not, when it asks for what is not there for them, or
        when there are too many records.
        """
        services = self._ground.current()
        entity = demand_entity(services, actor, request.entity, EXPORT)
        actor = carrying(actor, EXPORT)
        asked = parse_query(entity.name, request.params, self._ground.limits)
        query = replace(services.queries.present(actor, asked), limit=PAGE, ids=request.ids)
        rows = self._count(services, actor, query)
        if "fields" in request.params or "sort" in request.params:
            services.queries.list(actor, replace(query, limit=1))  # a name that is not there is refused here
        # From here on the rights are those of this moment: an export is one view of the data.
        pages = self._pages(services, actor, query)
        pieces: Iterator[bytes]
        if request.format == "jsonl":
            pieces = (b"".join(orjson.dumps(r) + b"\n" for r in page) for page in pages)
        else:
            pieces = _csv(columns_of(services, actor, entity, query), pages)
        return Export(f"{entity.name}.{request.format}", MEDIA[request.format], rows, pieces)

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """The export is a file of the job."""
        request, ground = ExportRequest.of(context.params), self._ground
        export = self.open(context.actor(), request)
        with tempfile.TemporaryFile() as whole:
            for number, piece in enumerate(export.pieces):
                context.progress(min(number * PAGE, export.rows), export.rows)
                whole.write(piece)
            whole.seek(0)
            content = ground.files.put(whole, MOST_BYTES)
        facts = FileFacts(ground.world.new_id(), content.sha256, content.size, export.media_type, export.name)
        with ground.database.write() as unit:
            add_file(unit, facts, ground.world.now(), context.actor().id)
            context.checkpoint(unit, {}, export.rows, export.rows)
        return {"entity": request.entity, "rows": export.rows, "file": str(facts.id), "bytes": content.size}

    def _count(self, services: Services, actor: Actor, query: Query) -> int:
        asked = replace(query, fields=(("id",),), sort=(), limit=1, count=Count.EXACT)
        rows = services.queries.list(actor, asked).count or 0
        most = self._ground.limits.export_rows
        if rows > most:
            problem = Problem("L117", f"One export takes at most {most} rows.", "Narrow it by a filter.")
            raise TooLarge(problem, facts={"limit": "export_rows"})
        return rows

    def _pages(self, services: Services, actor: Actor, query: Query) -> Iterator[Sequence[Mapping[str, Any]]]:
        """All pages, read in one transaction, so that they are of one moment."""
        with self._ground.database.read(seconds=SECONDS) as unit:
            services.queries.epoch.demand(unit)
            yield from _read(services, unit, actor, query)


def _read(
    services: Services, unit: UnitOfWork, actor: Actor, query: Query
) -> Iterator[Sequence[Mapping[str, Any]]]:
    while True:
        page = services.queries.list_in(unit, actor, query)
        yield page.data
        if page.next is None:
            return
        query = replace(query, cursor=page.next)


# --- as a table -----------------------------------------------------------------------------------------


def columns_of(services: Services, actor: Actor, entity: Entity, query: Query) -> list[tuple[str, Path]]:
    """The heading of each column and where its cells are in a record.

    The headings are the names that an import understands, so that what was exported can be imported again.
    """
    paths = query.fields or _default_paths(services, actor, entity)
    return [column for path in paths for column in _columns(entity, path)]


def _default_paths(services: Services, actor: Actor, entity: Entity) -> tuple[Path, ...]:
    reader = services.queries.reader(actor)
    own = [f.name for f in reader.fields(entity)]
    own += [r.name for r in reader.relationships(entity) if r.shape is Shape.LOOKUP]
    last = [n for n in _LAST if _has(entity, n)]
    return tuple((name,) for name in dict.fromkeys((*_FIRST, *own, *last)))


def _has(entity: Entity, name: str) -> bool:
    if name == "state":
        return entity.lifecycle is not None
    return entity.is_owned if name in HOLDERS else True


def _columns(entity: Entity, path: Path) -> list[tuple[str, Path]]:
    shown, name = ".".join(path), path[0]
    if len(path) > 1:
        return [(shown, path)]
    if name in HOLDERS or name in entity.relationships:
        return [(f"{shown}.id", (*path, "id")), (shown, (*path, "title"))]
    field_ = entity.fields.get(name)
    control = field_.type.control if field_ else Control.READONLY
    if control is Control.MONEY:
        return [(shown, (*path, "amount")), (f"{shown}.currency", (*path, "currency"))]
    if control in _PARTS:
        return [(f"{shown}.{part}", (*path, part)) for part in _PARTS[control]]
    return [(shown, path)]


def _csv(
    columns: Sequence[tuple[str, Path]], pages: Iterator[Sequence[Mapping[str, Any]]]
) -> Iterator[bytes]:
    yield _lines([[heading for heading, _ in columns]], "utf-8-sig")
    for page in pages:
        yield _lines([[harmless(cell(r, path)) for _, path in columns] for r in page], "utf-8")


def _lines(rows: Sequence[Sequence[str]], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def cell(record: Mapping[str, Any], path: Path) -> str:
    """The value at the path as the text of a cell; empty where the path ends before."""
    value: Any = record
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    if isinstance(value, Mapping) and "title" in value:
        return _text(value["title"])
    if isinstance(value, Mapping | list | tuple):
        return orjson.dumps(value).decode()
    return str(value)
