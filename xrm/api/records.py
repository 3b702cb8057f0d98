"""Handlers for records: each asks the service one thing and answers with what it said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from xrm.api.answers import Answer, answer, nothing, tagged
from xrm.api.call import Call, Mode, record_id
from xrm.api.codes import unreadable
from xrm.api.former import as_asked
from xrm.api.problems import said
from xrm.api.shapes import as_object
from xrm.engine.commands import Create, Delete, Restore, Result, Target, Update, Upsert, inside
from xrm.engine.queries.request import Page, Query, Trash, parse_aggregate, parse_query
from xrm.engine.queries.service import no_record
from xrm.errors import NotFound, Problem, XrmError

GOOD_ROWS: Literal["good_rows"] = "good_rows"
_ALWAYS = ("version", "deleted_at")  # the tag needs the one, the other tells of a merge


def list_or_group(call: Call, entity: str) -> Answer:
    """`GET /records/{entity}`: a page of records, or groups when `group` or `aggregate` is given."""
    if "group" in call.params or "aggregate" in call.params:
        asked = parse_aggregate(entity, call.params, call.limits)
        groups = call.snapshot.queries.aggregate(call.actor, asked)
        call.uses(asked)
        return tagged({"data": groups}, 0)
    query = parse_query(entity, call.params, call.limits)
    page = call.snapshot.queries.list(call.actor, query)
    call.uses(query)
    call.watch.note(page.timings)
    body = page_body(replace(page, data=as_asked(call, query, page.data)))
    return tagged({**body, **_pending_of(call, entity, page.data)}, page.version or 0)


def read(call: Call, entity: str, record: str) -> Answer:
    """`GET /records/{entity}/{id}`: one record, with `fields` and `expand` as in a list."""
    call.allow_only("fields", "expand")
    query = parse_query(entity, call.params, call.limits)
    found, kept = _found(call, entity, query, record_id(record))
    call.uses(query)
    names = {name[0] for name in query.fields or ()}
    shown = (
        found if query.fields is None else {n: v for n, v in found.items() if n in names or n not in _ALWAYS}
    )
    waits = _pending(call, entity, kept or record_id(record), shown)
    made = tagged({**as_asked(call, query, [shown])[0], **waits}, found["version"])
    return made if kept is None else made.with_headers(Content_Location=f"/api/v1/records/{entity}/{kept}")


def _found(call: Call, entity: str, query: Query, record: UUID) -> tuple[dict[str, Any], UUID | None]:
    """The record, or the one into which it was merged, and then the id of that one."""
    wanted, read = query.fields, call.snapshot.queries.get
    fields = None if wanted is None else (*wanted, *((n,) for n in _ALWAYS if (n,) not in wanted))
    try:
        found = read(call.actor, entity, record, fields=fields, expand=query.expand, trash=Trash.BOTH)
        is_gone = found["deleted_at"] is not None
    except NotFound:
        found, is_gone = {}, True
    kept = call.snapshot.records.answering(call.actor, entity, record) if is_gone else None
    if kept is not None:
        found = read(call.actor, entity, kept, fields=fields, expand=query.expand, trash=Trash.BOTH)
    elif not found:
        raise no_record(entity)
    return found, kept


def create(call: Call, entity: str) -> Answer:
    """`POST /records/{entity}`: one record from an object, many from a list."""
    call.allow_only("mode", "duplicates")
    body = call.body()
    if isinstance(body, list):
        return _create_many(call, entity, body)
    _mode(call)
    values = written(call, entity, as_object(body))
    result = call.do(Create(entity, values, accept_duplicates=call.accepts_duplicates()))
    return shown(call, result, 201).with_headers(Location=address(result))


def update(call: Call, entity: str, record: str) -> Answer:
    """`PATCH /records/{entity}/{id}`: the given fields change; `If-Match` guards lost updates."""
    call.allow_only("duplicates")
    values = written(call, entity, call.object())
    command = Update(entity, Target(record_id(record)), values, call.version(), call.accepts_duplicates())
    return shown(call, call.do(command))


def delete(call: Call, entity: str, record: str) -> Answer:
    """`DELETE /records/{entity}/{id}`: the record is in the trash."""
    call.allow_only()
    call.do(Delete(entity, Target(record_id(record)), call.version()))
    call.writes((entity, {}))
    return nothing()


def upsert(call: Call, entity: str) -> Answer:
    """`PUT /records/{entity}?by=key`: created (201), or updated (200) where a record has the same key."""
    call.allow_only("by", "duplicates")
    by = call.param("by")
    if not by:
        raise unreadable("R105", "by is missing.", "Name a key of the entity: ?by=external_key.", "by")
    values = written(call, entity, call.object())
    accepted = call.accepts_duplicates()
    result = call.do(Upsert(entity, call.former.key(entity, by), values, accept_duplicates=accepted))
    if result.outcome == "created":
        return shown(call, result, 201).with_headers(Location=address(result))
    return shown(call, result)


def restore(call: Call, entity: str, record: str) -> Answer:
    """`POST .../restore`: everything that the same act removed is back."""
    call.allow_only()
    call.say_nothing()
    result = call.do(Restore(entity, Target(record_id(record))))
    call.writes((entity, {}))
    return shown(call, result)


def history(call: Call, entity: str, record: str) -> Answer:
    """`GET .../history`: what was changed, when and by whom, newest first."""
    call.allow_only("limit", "cursor")
    limit = call.number("limit", 100, call.limits.page_rows)
    page = call.snapshot.queries.history(
        call.actor, entity, record_id(record), limit=limit, after=call.param("cursor")
    )
    return tagged(page_body(page), 0)


def shown(call: Call, result: Result, status: int = 200) -> Answer:
    """The record as this caller sees it now; who may write without reading learns its id and version."""
    bare = {"id": str(result.id), "version": result.version}
    try:
        seen: Mapping[str, Any] = call.snapshot.queries.get(call.actor, result.entity, result.id)
    except NotFound:
        seen = bare
    call.watch.mark("read")
    waits = _pending(call, result.entity, result.id, seen)
    return tagged({**seen, **waits}, seen["version"], status)


def _pending(call: Call, entity: str, record: UUID, seen: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is said of the values that wait for a job; nothing where the record has a value of that name."""
    found = call.snapshot.records.pending(call.actor, entity, [record]).get(record, ())
    names = [name for name in found if name in seen]
    return {"pending": names} if names and "pending" not in seen else {}


def _pending_of(call: Call, entity: str, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The same of each record of a page, by its id."""
    seen = {UUID(str(row["id"])): row for row in rows if row.get("id")}
    found = call.snapshot.records.pending(call.actor, entity, seen)
    shown = {str(record): [n for n in names if n in seen[record]] for record, names in found.items()}
    named = {record: names for record, names in shown.items() if names}
    return {"pending": named} if named else {}


def page_body(page: Page) -> dict[str, Any]:
    """A page as lists answer it."""
    body: dict[str, Any] = {"data": page.data, "next": page.next}
    if page.count is not None:
        body |= {"count": page.count, "count_is": page.count_is}
    return body


def address(result: Result) -> str:
    """Where the record can be read."""
    return f"/api/v1/records/{result.entity}/{result.id}"


def told(result: Result) -> dict[str, Any]:
    """What one command of several came to."""
    facts = {"entity": result.entity, "id": str(result.id), "version": result.version}
    link = {"link": str(result.link)} if result.link else {}
    return {**facts, **link, "outcome": result.outcome}


def written(call: Call, entity: str, *values: dict[str, Any]) -> dict[str, Any]:
    """The first of the records' values; the names of all are counted, and former ones told of."""
    names = {name for one in values for name in one}
    call.former.values(entity, dict.fromkeys(names))
    call.writes(*((entity, one) for one in values))
    return values[0] if values else {}


def _create_many(call: Call, entity: str, rows: Sequence[Any]) -> Answer:
    accepted = call.accepts_duplicates()
    commands = [
        Create(entity, as_object(row, f"[{i}]"), accept_duplicates=accepted) for i, row in enumerate(rows)
    ]
    written(call, entity, *rows)
    if _mode(call) == GOOD_ROWS:
        outcome = call.execute(commands, mode=GOOD_ROWS)
        refused = [said(_in_list(p, i)) for i, found in outcome.refused.items() for p in found]
        return answer({"data": [told(r) for r in outcome.results], "errors": refused})
    try:
        return answer({"data": [told(r) for r in call.execute(commands).results]}, 201)
    except XrmError as error:
        alone = 0 if len(rows) == 1 else None
        raise type(error)([_in_list(p, alone) for p in error.problems], facts=error.facts) from None


def _mode(call: Call) -> Mode:
    mode = call.param("mode", "all")
    if mode == "all":
        return "all"
    if mode == GOOD_ROWS:
        return GOOD_ROWS
    raise unreadable("R106", f"mode is {mode!r}.", "Give all or good_rows.", "mode")


def _in_list(problem: Problem, position: int | None) -> Problem:
    """The problem as the caller wrote: `[2].amount` for `commands[2].values.amount`; `position` where it is known."""
    named, within = inside(problem)
    at = position if named is None else named
    return problem if at is None else within.under(f"[{at}]")
