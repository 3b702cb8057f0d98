"""Handlers for files: brought as they are, taken in by a field of a record, given out by way of that record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from xrm.api.answers import Answer, answer
from xrm.api.call import Call, record_id
from xrm.engine.storage.files import FileFacts, delivery
from xrm.errors import NotFound, Problem, WrongType

BYTES_AT_ONCE = 1 << 16
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def upload(call: Call) -> Answer:
    """`POST /files?name=`: the body is kept as a file, whose id a file or image field can take."""
    call.allow_only("name")
    media = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media in _FORMS:
        hint = "Send its bytes as the body, with Content-Type: application/octet-stream."
        raise WrongType(Problem("R115", "This call takes the file itself.", hint))
    uploads = call.runtime.uploads
    facts = uploads.upload(call.actor, call.stream(), call.param("name"), around=call.around(_told))
    return answer(_told(facts), 201).with_headers(Location=f"/api/v1/files/{facts.id}")


def download(call: Call, file: str) -> Answer:
    """`GET /files/{id}`: the file, for whoever may read the field that holds it, or brought it just now."""
    call.allow_only()
    facts = call.runtime.uploads.facts([record_id(file)]).get(record_id(file))
    if facts is None or not _is_open(call, facts):
        raise _absent()
    source = call.runtime.uploads.open(facts)
    headers = dict(delivery(facts.name, facts.media_type, inline=True).headers)
    media_type = headers.pop("Content-Type")
    headers |= {"ETag": f'"{facts.sha256}"', "Content-Length": str(facts.size)}
    pieces = iter(lambda: source.read(BYTES_AT_ONCE), b"")
    return Answer(200, headers=headers, media_type=media_type, pieces=pieces, close=source.close)


def _is_open(call: Call, facts: FileFacts) -> bool:
    """Whether the caller brought it and no record has taken it, or reads it in the record that has."""
    if facts.record is None or facts.field is None:
        return facts.created_by == call.actor.id
    queries, known = call.snapshot.queries, call.snapshot.numbers.field_names.get(facts.field)
    if known is None:
        return False
    entity, name = known
    reader = queries.reader(call.actor)
    if name not in {field.name for field in reader.fields(reader.entity(entity))}:
        return False
    shown = queries.get(call.actor, entity, facts.record, fields=((name,),))
    return facts.id in set(_ids(shown[name]))


def _ids(value: object) -> Iterator[UUID]:
    for item in value if isinstance(value, list | tuple) else (value,):
        bare = item.get("id") if isinstance(item, Mapping) else item
        if bare:
            yield UUID(str(bare))


def _told(facts: FileFacts) -> dict[str, object]:
    return {"id": str(facts.id), "name": facts.name, "size": facts.size, "media_type": facts.media_type}


def _absent() -> NotFound:
    return NotFound(Problem("R104", "There is no such file for you."))
