"""Importing a file: it is chosen, its columns are given places, and it is tried out before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from flask import Response

from xrm.engine.transfer import ImportRequest
from xrm.engine.transfer.mapping import ID
from xrm.engine.transfer.service import Preview
from xrm.errors import Invalid, NotFound, Problem, TooLarge, Unreadable, XrmError
from xrm.metadata.model import Entity
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import FormProblem, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.controls import system_label
from xrm.ui.pages.crumbs import to_records
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.transfers import ImportColumn, ImportFilePage, ImportMapPage, Stage

REFUSALS = (Invalid, Unreadable, TooLarge)
NO_COLUMN = "I109"
SAMPLES, LONGEST_SAMPLE, LONGEST_NAME = 3, 60, 200
COLUMN = "column."
NEW = "new"  # every row becomes a record of its own
READING = ("encoding", "delimiter")
FORMATS = ("date", "decimal")
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class File:
    """A file that this person brought: its content, its name, and how it is to be read."""

    content: str
    name: str
    encoding: str = ""
    delimiter: str = ""

    def request(self, entity: Entity, **more: Any) -> ImportRequest:
        """The import of this file into the entity."""
        given = {"content": self.content, "name": self.name, "encoding": self.encoding}
        return ImportRequest.of({**given, "entity": entity.name, "delimiter": self.delimiter, **more})


# --- choosing the file ------------------------------------------------------------------------------


def choose(visit: Visit, entity: str) -> Response:
    """`GET, POST /r/<entity>/import`: asks for a file; then its columns are given places."""
    found = visit.entity_to("import", entity)
    if not visit.is_post:
        return _chooser(visit, found)
    given = visit.files.get("file")
    if given is None or not given.filename:
        return _chooser(visit, found, visit.ui.t("Choose a file."))
    name = given.filename[:LONGEST_NAME]
    try:
        file = File(visit.runtime.transfer.keep(visit.actor, entity, cast(BinaryIO, given.stream)), name)
        preview(visit, found, file)
    except REFUSALS as error:
        return _chooser(visit, found, *(whole_text(p) for p in error.problems))
    return moved(address(visit, found, file))


def _chooser(visit: Visit, entity: Entity, *said: str) -> Response:
    href = f"/r/{entity.name}"
    model = ImportFilePage(
        title=visit.ui.t("Import {plural}", plural=visit.plural(entity).lower()),
        crumbs=(to_records(visit, entity),),
        stages=stages(visit, 0),
        action=f"{href}/import",
        cancel_href=href,
        columns=tuple(_label(visit, entity, n) for n in _usual_columns(visit, entity)),
        problems=tuple(FormProblem(text, "f-file") for text in said),
    )
    status = UNPROCESSABLE if said else 200
    return page(visit, "import_file.html", model, status=status, current=entity.name)


def _usual_columns(visit: Visit, entity: Entity) -> list[str]:
    writable = visit.rights(entity.name).names("create")
    own = [n for n, f in entity.fields.items() if n in writable and f.is_given]
    return [*own, *(r.name for r in entity.lookups if r.name in writable)]


def stages(visit: Visit, current: int) -> tuple[Stage, ...]:
    """The way of an import, as far as it has come."""
    t = visit.ui.t
    labels = (t("File"), t("Columns"), t("Check"), t("Done"))
    return tuple(
        Stage(label, "done" if i < current else "current" if i == current else "open")
        for i, label in enumerate(labels)
    )


# --- the file in an address -------------------------------------------------------------------------


def address(visit: Visit, entity: Entity, file: File, **more: str) -> str:
    """Where the columns of this file are given places; it leads nobody else to the file."""
    seal = visit.runtime.identity.seal(visit.actor.id, file.content)
    said = {"name": file.name, "encoding": file.encoding, "delimiter": file.delimiter, **more}
    query = urlencode({n: v for n, v in said.items() if v})
    return f"/r/{entity.name}/import/{file.content}.{seal}?{query}"


def _file(visit: Visit, sealed: str) -> File:
    content, _, seal = sealed.partition(".")
    if not visit.runtime.identity.is_seal(visit.actor.id, content, seal):
        raise NotFound(Problem("R104", "There is no such file for you."))
    name = visit.arg("name")[:LONGEST_NAME]
    return File(content, name, *(visit.arg(n)[:20] for n in READING))


def preview(visit: Visit, entity: Entity, file: File, **more: Any) -> Preview:
    """What the file holds; where no column is recognised, none has a place yet."""
    request = file.request(entity, **more)
    try:
        return visit.runtime.transfer.preview(visit.actor, request)
    except Invalid as error:
        if [p.code for p in error.problems] != [NO_COLUMN] or request.mapping is not None:
            raise
        return visit.runtime.transfer.glance(visit.actor, request)


# --- the columns ------------------------------------------------------------------------------------


def columns(visit: Visit, entity: str, file: str) -> Response:
    """`GET, POST /r/<entity>/import/<file>`: where each column goes; then the import is tried out."""
    found = visit.entity_to("import", entity)
    chosen = _file(visit, file)
    try:
        seen = visit.runtime.transfer.glance(visit.actor, chosen.request(found, by=ID))
    except REFUSALS as error:
        again = File(chosen.content, chosen.name)
        return _mapper(visit, found, again, preview(visit, found, again), {}, error)
    if not visit.is_post:
        asked = _earlier(visit, found) or _recognised(preview(visit, found, chosen))
        return _mapper(visit, found, chosen, seen, asked)
    asked = _asked(visit, seen)
    try:
        request = chosen.request(found, dry_run=True, **asked)
        job = visit.runtime.transfer.start_import(visit.actor, request)
    except REFUSALS as error:
        return _mapper(visit, found, chosen, seen, asked, error)
    return moved(f"/r/{entity}/jobs/{job.id}")


def _asked(visit: Visit, seen: Preview) -> dict[str, Any]:
    """What the form says of the import, as its request takes it."""
    by = visit.chosen("by").removeprefix(NEW)
    given = {name: visit.chosen(f"{COLUMN}{i}") or None for i, name in enumerate(seen.mapping)}
    mapping = {name: None if path == ID and by != ID else path for name, path in given.items()}
    formats = {name: value for name in FORMATS if (value := visit.chosen(name))}
    return {
        "mapping": mapping,
        "by": by,
        "mode": visit.chosen("mode"),
        "duplicates": visit.chosen("duplicates") or "tell",
        "formats": formats,
    }


def _recognised(seen: Preview) -> dict[str, Any]:
    """What the file itself says of its import."""
    return {"mapping": dict(seen.mapping), "formats": seen.formats}


def _earlier(visit: Visit, entity: Entity) -> dict[str, Any] | None:
    """What was asked for when the file was tried out before."""
    job = visit.arg("job")
    if not job:
        return None
    params = job_of(visit, entity, job).params
    return {
        name: params[name] for name in ("mapping", "by", "mode", "duplicates", "formats") if name in params
    }


def job_of(visit: Visit, entity: Entity, job: str) -> Any:
    """The job of this person about this entity; raises NotFound."""
    found = visit.runtime.jobs.status(visit.actor, record_id(job))
    if found.params.get("entity") != entity.name:
        raise NotFound(Problem("R104", "There is no such job for you."))
    return found


def _mapper(
    visit: Visit,
    entity: Entity,
    file: File,
    seen: Preview,
    asked: Mapping[str, Any],
    refusal: XrmError | None = None,
) -> Response:
    said = list(_said(seen, refusal))
    there = address(visit, entity, file)
    model = ImportMapPage(
        title=visit.ui.t("Where do the columns go?"),
        crumbs=(
            to_records(visit, entity),
            Link(visit.ui.t("Import"), f"/r/{entity.name}/import"),
        ),
        stages=stages(visit, 1),
        action=there,
        read_action=there.partition("?")[0],
        cancel_href=f"/r/{entity.name}",
        facts=_facts(visit, file, seen),
        columns=tuple(_columns(seen, asked.get("mapping") or {}, said)),
        targets=tuple(Option(path, _label(visit, entity, path)) for path in seen.targets),
        fields=_fields(visit, entity, asked),
        reading=_reading(visit, file, seen),
        hidden=(("name", file.name),),
        problems=tuple(said),
    )
    status = UNPROCESSABLE if refusal else 200
    return page(visit, "import_map.html", model, status=status, current=entity.name)


def _facts(visit: Visit, file: File, seen: Preview) -> str:
    rows = visit.ui.t("{count} rows", count=seen.rows)
    mark = {",": visit.ui.t("comma"), ";": visit.ui.t("semicolon"), "\t": visit.ui.t("tab")}
    found = (file.name, rows, seen.encoding.upper(), mark.get(seen.delimiter, seen.delimiter))
    return " · ".join(part for part in found if part)


def _said(seen: Preview, refusal: XrmError | None) -> Iterator[FormProblem]:
    """The problems, each at the control of its column."""
    names = list(seen.mapping)
    for problem in refusal.problems if refusal else ():
        column = problem.where.path.removeprefix("mapping.")
        at = f"f-column-{names.index(column)}" if column in names else ""
        where = at or ("f-by" if problem.where.path == "by" else "")
        yield FormProblem(f"{problem.message} {problem.hint}".strip(), where)


def _columns(
    seen: Preview, mapping: Mapping[str, str | None], said: Sequence[FormProblem]
) -> Iterator[ImportColumn]:
    for index, label in enumerate(seen.mapping):
        cells = (row[index] for row in seen.sample if index < len(row))
        samples = tuple(cell[:LONGEST_SAMPLE] for cell in dict.fromkeys(cells) if cell)[:SAMPLES]
        name = f"{COLUMN}{index}"
        error = " ".join(p.message for p in said if p.field_id == f"f-column-{index}")
        yield ImportColumn(label, name, samples, mapping.get(label) or "", error)


def _fields(visit: Visit, entity: Entity, asked: Mapping[str, Any]) -> tuple[Field, ...]:
    t, formats = visit.ui.t, asked.get("formats") or {}
    by = (Option(NEW, t("Make a new record of every row")), *_keys(visit, entity))
    modes = (
        Option("good_rows", t("Import the others")),
        Option("all", t("Import nothing")),
    )
    twins = (
        Option("tell", t("Refuse the row and tell which")),
        Option("accept", t("Import it anyway")),
        Option("skip", t("Leave the row out")),
        Option("update", t("Change that record")),
    )
    like, policy = t("When a row is like another record"), asked.get("duplicates", "tell")
    asks = (Field("duplicates", like, "select", policy, True, options=twins),) if entity.duplicates else ()
    dates = (Option("iso", "2026-12-31"), Option("dmy", "31/12/2026"), Option("mdy", "12/31/2026"))
    decimals = (Option(".", "1,234.50"), Option(",", "1.234,50"))
    return (
        Field("by", t("When a record is there already"), "select", asked.get("by") or NEW, True, options=by),
        Field("mode", t("When some rows are refused"), "select", asked.get("mode", "good_rows"), True, options=modes),
        *asks,
        Field("date", t("Dates look like"), "select", formats.get("date", "iso"), True, options=dates),
        Field("decimal", t("Numbers look like"), "select", formats.get("decimal", "."), True, options=decimals),
    )  # fmt: skip


def _keys(visit: Visit, entity: Entity) -> Iterator[Option]:
    """By what a record can be found that is there already."""
    named = [n for n, f in entity.fields.items() if f.unique and f.is_given]
    for name in ("external_key", *named, *(k for k in entity.keys if k not in entity.fields), ID):
        label = _label(visit, entity, name)
        if name in entity.keys:
            label = ", ".join(_label(visit, entity, n) for n in entity.keys[name].fields)
        yield Option(name, visit.ui.t("Change it, found by: {key}", key=label))


def _reading(visit: Visit, file: File, seen: Preview) -> tuple[Field, ...]:
    t = visit.ui.t
    encodings = tuple(Option(e, e.upper()) for e in ("utf-8", "utf-8-sig", "utf-16", "cp1252"))
    marks = (Option(",", t("comma")), Option(";", t("semicolon")), Option("\t", t("tab")), Option("|", "|"))
    return (
        Field("encoding", t("Characters"), "select", file.encoding or seen.encoding, True, options=encodings),
        Field("delimiter", t("Columns are parted by"), "select", file.delimiter or seen.delimiter, True, options=marks),
    )  # fmt: skip


def _label(visit: Visit, entity: Entity, path: str) -> str:
    """What people call a target: a field, a part of it, or a lookup by a key of the far record."""
    name, _, part = path.partition(".")
    thing = entity.fields.get(name) or entity.relationships.get(name)
    label = visit.text(thing.label, name) if thing else system_label(visit, name)
    return f"{label} · {_part(visit, entity, name, part)}" if part else label


def _part(visit: Visit, entity: Entity, name: str, part: str) -> str:
    side = entity.relationships.get(name)
    far = [visit.model.entities[t] for t in side.targets] if side else []
    field = next((e.fields[part] for e in far if part in e.fields), None)
    if field is not None:
        return visit.text(field.label, part)
    return system_label(visit, part) if side else part.replace("_", " ")
