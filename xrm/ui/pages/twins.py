"""Duplicates on pages: found in what is there, looked at side by side, and made one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response

from xrm.engine.commands import Merge, Target
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Place, Problem, TooLarge, XrmError
from xrm.metadata.model import Duplicate, Entity
from xrm.ui.models import FormProblem, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.controls import named
from xrm.ui.pages.crumbs import to_records
from xrm.ui.pages.files import naming
from xrm.ui.pages.refusals import status_of, whole_text
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.twin_pages import MergePage, MergeRow, TwinGroup, TwinsPage

GROUPS, MOST = 50, 5
KEEP, CHOOSE = "keep", "choose."
REFUSALS = (Invalid, Conflict, Forbidden, TooLarge)


def show(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/duplicates?way=`: groups of records that one way of the entity finds to be the same."""
    found, href = visit.entity(entity), f"/r/{entity}/duplicates"
    ways = visit.records.ways(visit.actor, entity)
    if not ways:
        raise NotFound(Problem("R104", "There is no way to find duplicates for you.", "", Place(path="way")))
    way = visit.arg("way") or ways[0].name
    groups = visit.records.duplicates(visit.actor, entity, way, visit.arg("cursor"), GROUPS)
    may_merge = visit.can("update", entity) and visit.can("delete", entity) and not found.append_only
    model = TwinsPage(
        title=visit.ui.t("Duplicates"),
        crumbs=(to_records(visit, found),),
        ways=tuple(
            Link(_called(visit, found, one), f"{href}?{urlencode({'way': one.name})}") for one in ways
        ),
        way=next((_called(visit, found, one) for one in ways if one.name == way), way),
        groups=tuple(
            TwinGroup(
                tuple(
                    Link(title or visit.ui.t("Untitled"), f"/r/{entity}/{id_}") for id_, title in one.records
                ),
                _address(entity, [id_ for id_, _ in one.records][:MOST]) if may_merge else "",
            )
            for one in groups.found
        ),
        next_href=f"{href}?{urlencode({'way': way, 'cursor': groups.next})}" if groups.next else "",
    )
    return page(visit, "duplicates.html", model, current=entity)


def _called(visit: Visit, entity: Entity, way: Duplicate) -> str:
    """A way by what it compares."""
    fields = (named(visit, entity, match.name) for match in way.match)
    return ", ".join(field.label if field else way.name for field in fields)


def _address(entity: str, ids: Sequence[UUID]) -> str:
    return f"/r/{entity}/merge?{urlencode([('id', str(id_)) for id_ in ids])}"


def merge(visit: Visit, entity: str) -> Response:
    """`GET, POST /r/<entity>/merge?id=&id=`: the records side by side; then the one that is left of them."""
    found = visit.entity_to("update", entity)
    ids = list(dict.fromkeys(record_id(text) for text in visit.args.get("id", ())))
    if not 2 <= len(ids) <= MOST:
        hint = "Choose them in a list, or among its duplicates."
        raise Invalid(Problem("R192", f"A merge makes one of two to {MOST} records.", hint, Place(path="id")))
    records = [visit.queries.get(visit.actor, entity, id_) for id_ in ids]
    if not visit.is_post or visit.is_again:
        return _shown(visit, found, records)
    try:
        command = _posted(visit, found, records)
        outcome = visit.records.do(visit.actor, command)
    except REFUSALS as error:
        return _shown(visit, found, records, error)
    said = visit.ui.t("{count} records became one", count=len(ids))
    href = f"/r/{entity}/{command.target.id}"
    return moved(href, said, undo=visit.records.place_of(outcome), back=f"/r/{entity}")


def _posted(visit: Visit, entity: Entity, records: Sequence[Mapping[str, Any]]) -> Merge:
    ids = [UUID(record["id"]) for record in records]
    keep = record_id(visit.form.get(KEEP, "") or records[0]["id"])
    if keep not in ids:
        raise Invalid(
            Problem("R192", "This is none of the records.", "Choose one of them.", Place(path=KEEP))
        )
    choose = {
        name.removeprefix(CHOOSE): record_id(value)
        for name, value in visit.form.items()
        if name.startswith(CHOOSE) and value
    }
    return Merge(entity.name, Target(keep), tuple(id_ for id_ in ids if id_ != keep), choose)


def _shown(
    visit: Visit, entity: Entity, records: Sequence[Mapping[str, Any]], refused: XrmError | None = None
) -> Response:
    keep = visit.form.get(KEEP, "") or records[0]["id"]
    model = MergePage(
        title=visit.ui.t("Make one of these"),
        crumbs=(to_records(visit, entity),),
        action=_address(entity.name, [UUID(record["id"]) for record in records]),
        cancel_href=f"/r/{entity.name}",
        records=tuple((r["id"], str(r["title"] or visit.ui.t("Untitled"))) for r in records),
        keep=keep,
        rows=tuple(_rows(visit, entity, records)),
        problems=tuple(FormProblem(whole_text(p)) for p in refused.problems) if refused else (),
    )
    status = status_of(refused) if refused else 200
    return page(visit, "merge.html", model, status=status, current=entity.name)


def _rows(visit: Visit, entity: Entity, records: Sequence[Mapping[str, Any]]) -> list[MergeRow]:
    """The fields in which the records differ and which this person may change."""
    writable = visit.rights(entity.name).names("update")
    names = [n for n in (*entity.fields, *(r.name for r in entity.lookups)) if n in writable]
    fields = [field for n in names if (field := named(visit, entity, n)) and field.kind != "secret"]
    told, rows = naming(visit, fields, records), list[MergeRow]()
    for field in fields:
        values = [record.get(field.name) for record in records]
        if all(value == values[0] for value in values):
            continue
        full = [r["id"] for r, value in zip(records, values, strict=True) if value not in (None, [], "")]
        is_united = any(isinstance(value, list) for value in values)
        chosen = visit.form.get(f"{CHOOSE}{field.name}") or ("" if is_united else full[0])
        shown = tuple((r["id"], told(field, value)) for r, value in zip(records, values, strict=True))
        rows.append(MergeRow(field, f"{CHOOSE}{field.name}", shown, chosen, is_united))
    return rows
