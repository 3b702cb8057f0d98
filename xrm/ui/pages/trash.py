"""The trash of an entity: what was deleted, when and by whom, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from xrm.engine.queries.request import Query, Sort, Trash
from xrm.metadata.model import Entity
from xrm.ui.models import Action
from xrm.ui.pages.answers import page
from xrm.ui.pages.crumbs import to_records
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import TrashedRow, TrashPage

ROWS = 50


def show(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/trash`: deleted records that this person may read, the latest first."""
    found = visit.entity(entity)
    fields = (("title",), ("deleted_at",), ("updated_by",))
    query = Query(
        entity,
        fields=fields,
        sort=(Sort(("deleted_at",), True),),
        trash=Trash.ONLY,
        limit=ROWS,
        cursor=visit.arg("cursor"),
    )
    rows = visit.queries.list(visit.actor, query)
    model = TrashPage(
        title=visit.ui.t("Trash"),
        crumbs=(to_records(visit, found),),
        rows=tuple(_row(visit, found, row) for row in rows.data),
        next_href=f"/r/{entity}/trash?cursor={rows.next}" if rows.next else "",
    )
    return page(visit, "trash.html", model, current=entity)


def _row(visit: Visit, entity: Entity, row: Mapping[str, Any]) -> TrashedRow:
    href = f"/r/{entity.name}/{row['id']}"
    back = Action(visit.ui.t("Restore"), f"{href}/restore", "undo-2", post=True)
    return TrashedRow(
        str(row["title"] or visit.ui.t("Untitled")),
        href,
        row["deleted_at"],
        str((row.get("updated_by") or {}).get("title") or ""),
        back if visit.can("delete", entity.name) else None,
    )
