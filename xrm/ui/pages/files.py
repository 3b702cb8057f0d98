"""Files on pages: their names in lists and records, uploads from forms, and downloads by way of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import Response, send_file
from werkzeug.datastructures import FileStorage

from xrm.engine.storage.files import FileFacts, delivery
from xrm.errors import NotFound, Problem
from xrm.ui.fields.view import Field
from xrm.ui.pages.visit import Visit, record_id

KINDS = ("file", "image")
UPLOAD = ".upload"

Naming = Callable[[Field, object], object]


def naming(
    visit: Visit, fields: Iterable[Field], records: Sequence[Mapping[str, Any]], base: str = ""
) -> Naming:
    """A function that gives file fields their names, read for all of these records at once.

    With `base`, the address of the one record, each file has the address to download it from.
    """
    names = [f.name for f in fields if f.kind in KINDS]
    ids = [i for record in records for name in names for i in ids_in(record.get(name))]
    facts = visit.runtime.uploads.facts(ids) if ids else {}

    def named(field: Field, value: object) -> object:
        if field.kind not in KINDS or not value:
            return value
        found = [_shown(facts[i], field.name, base) for i in ids_in(value) if i in facts]
        return found if field.many else (found[0] if found else None)

    return named


def ids_in(value: object) -> Iterator[UUID]:
    """The file ids that a value of a record, or of a posted form, holds."""
    for item in value if isinstance(value, list | tuple) else (value,):
        bare = item.get("id") if isinstance(item, Mapping) else item
        try:
            yield UUID(str(bare))
        except ValueError:
            continue


def _shown(facts: FileFacts, field: str, base: str) -> dict[str, object]:
    shown: dict[str, object] = {"id": str(facts.id), "name": facts.name, "size": facts.size}
    return {**shown, "href": f"{base}/files/{field}/{facts.id}"} if base else shown


def uploads(visit: Visit, name: str) -> list[FileStorage]:
    """What was chosen for a file field; a browser sends an empty part where nothing was."""
    return [f for f in visit.files.getlist(name + UPLOAD) if f.filename]


def keep_uploads(visit: Visit, name: str) -> list[str]:
    """The ids under which the chosen files are kept now."""
    chosen = [(cast(BinaryIO, f.stream), f.filename or "") for f in uploads(visit, name)]
    return [str(visit.runtime.uploads.upload(visit.actor, stream, label).id) for stream, label in chosen]


def download(visit: Visit, entity: str, record: str, field: str, file: str) -> Response:
    """`GET /r/<entity>/<id>/files/<field>/<file>`: the file, if the record holds it in a field that may be read."""
    found = visit.entity(entity)
    if field not in found.fields or str(found.fields[field].type.control) not in KINDS:
        raise _absent()
    shown = visit.queries.get(visit.actor, entity, record_id(record), fields=((field,),))
    wanted = record_id(file)
    facts = visit.runtime.uploads.facts([wanted] if wanted in set(ids_in(shown[field])) else []).get(wanted)
    if facts is None:
        raise _absent()
    sent = delivery(facts.name, facts.media_type, inline=True)
    made = send_file(visit.runtime.uploads.open(facts), mimetype=facts.media_type, etag=facts.sha256)
    for name, value in sent.headers.items():
        made.headers[name] = value
    made.headers["Cache-Control"] = "private, no-cache"
    return made


def _absent() -> NotFound:
    return NotFound(Problem("R104", "There is no such file for you."))
