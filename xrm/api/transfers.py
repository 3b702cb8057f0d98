"""Handlers for import and export: the file comes and goes as it is, all else stands in the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xrm.api.answers import Answer, answer
from xrm.api.body import read_json
from xrm.api.call import Call
from xrm.api.codes import unreadable
from xrm.api.jobs import started
from xrm.api.shapes import as_object, known_keys, text
from xrm.engine.queries.request import parse_query
from xrm.engine.transfer import ExportRequest, ImportRequest
from xrm.errors import Problem, WrongType

_TEXTS = ("mode", "duplicates", "by", "encoding", "delimiter", "name")
_FORMATS = ("date", "decimal")
_MEDIA = (
    "text/csv",
    "text/tab-separated-values",
    "text/plain",
    "application/csv",
    "application/octet-stream",
)
_ASKED = ("filter", "search", "sort", "fields", "trash")


def imports(call: Call) -> Answer:
    """`POST /imports?entity=`: the CSV file in the body becomes records, or is only looked at."""
    call.allow_only("entity", "mapping", "dry_run", "preview", *_TEXTS, *_FORMATS)
    media = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media not in _MEDIA:
        raise WrongType(Problem("R115", "This call takes a CSV file.", "Send Content-Type: text/csv."))
    entity = call.former.entity(_entity(call.param("entity")))
    request = _request(call, entity, call.runtime.transfer.keep(call.actor, entity, call.stream()))
    if _flag(call, "preview"):
        return answer(_preview(call, request))
    return started(call.runtime.transfer.start_import(call.actor, request, beside=call.beside))


def exports(call: Call) -> Answer:
    """`POST /exports`: the records of a query become the file of a job."""
    call.allow_only()
    body = known_keys(call.object(), "entity", "format", *_ASKED)
    params = {name: (text(body, name),) for name in _ASKED if text(body, name)}
    entity = call.former.entity(_entity(text(body, "entity")))
    request = ExportRequest(entity, params, text(body, "format") or "csv")
    job = call.runtime.transfer.start_export(call.actor, request, beside=call.beside)
    call.uses(parse_query(entity, params, call.limits))
    return started(job)


def _request(call: Call, entity: str, content: str) -> ImportRequest:
    given: dict[str, Any] = {name: call.param(name) for name in _TEXTS if call.param(name)}
    formats = {name: call.param(name) for name in _FORMATS if call.param(name)}
    mapping = _mapping(call)
    if "by" in given:
        given["by"] = call.former.key(entity, given["by"])
    for path in (mapping or {}).values():
        call.former.member(entity, (path or "").partition(".")[0])
    call.writes((entity, {path.partition(".")[0]: None for path in (mapping or {}).values() if path}))
    return ImportRequest.of(
        {
            **given,
            "entity": entity,
            "content": content,
            "mapping": mapping,
            "dry_run": _flag(call, "dry_run"),
            "formats": formats,
        }
    )


def _entity(name: str) -> str:
    if not name:
        raise unreadable("R105", "entity is missing.", "Name the entity of the records.", "entity")
    return name


def _mapping(call: Call) -> Mapping[str, str | None] | None:
    raw = call.param("mapping")
    if not raw:
        return None
    made = as_object(read_json(raw.encode("utf-8", "replace"), call.limits), "mapping")
    for column, path in made.items():
        if path is not None and not isinstance(path, str):
            raise unreadable(
                "H105", "A column goes to a field name or to null.", "", f"mapping.{column[:60]}"
            )
    return made


def _flag(call: Call, name: str) -> bool:
    value = call.param(name, "false")
    if value in ("true", "false"):
        return value == "true"
    raise unreadable("R106", f"{name} is {value[:20]!r}.", "Give true or false.", name)


def _preview(call: Call, request: ImportRequest) -> dict[str, Any]:
    seen = call.runtime.transfer.preview(call.actor, request)
    return {
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "rows": seen.rows,
        "mapping": dict(seen.mapping),
        "targets": list(seen.targets),
        "sample": [list(cells) for cells in seen.sample],
        "formats": dict(seen.formats),
    }
