"""The page that tells why a computed field has its value; each value that it follows from leads to its own reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from flask import Response

from xrm.engine.queries.reasons import Along, Many, Reason, reason_of
from xrm.metadata.model import Entity, Field
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.fields.words import in_words
from xrm.ui.models import Empty
from xrm.ui.pages.answers import page
from xrm.ui.pages.controls import named
from xrm.ui.pages.crumbs import to_record
from xrm.ui.pages.visit import Visit


def why(visit: Visit, entity: Entity, record: UUID, field: Field) -> Response:
    """What the value of the field follows from."""
    reason = reason_of(visit.queries, visit.actor, entity, record, field)
    shown = visit.queries.get(visit.actor, entity.name, record, fields=(("title",),))
    label = visit.text(field.label, field.name)
    value = _said(visit, entity, field.name, reason.value) or visit.ui.t("No value")
    model = CardsPage(
        title=f"{label}: {value}",
        crumbs=to_record(visit, entity, record, shown),
        cards=tuple(_cards(visit, entity, record, reason)),
        facts=(visit.ui.t("It follows from what stands here, and is found anew whenever that changes."),),
    )
    return page(visit, "admin/cards.html", model, current=entity.name)


def _cards(visit: Visit, entity: Entity, record: UUID, reason: Reason) -> Iterator[Card]:
    t = visit.ui.t
    formula = (
        Cell(reason.formula, code=True) if reason.formula else Cell(t("It names what you may not read."))
    )
    facts = [(t("Formula"), formula)]
    facts += [_fact(visit, entity, record, name, value) for name, value in reason.own.items()]
    facts += [_far(visit, entity, along) for along in reason.along]
    yield Card(t("What it follows from"), "hash", facts=tuple(facts))
    for many in reason.many:
        yield _related(visit, many)


def _fact(visit: Visit, entity: Entity, record: UUID, name: str, value: Any) -> tuple[str, Cell]:
    href = _reason_href(entity, str(record), name)
    return _label(visit, entity, name), Cell(_said(visit, entity, name, value) or "–", href)


def _far(visit: Visit, entity: Entity, along: Along) -> tuple[str, Cell]:
    there, *_ = along.path
    side = entity.relationships.get(there)
    way = visit.text(side.label, side.name) if side is not None else there
    far = visit.model.entities[along.entity]
    name = along.path[-1]
    return f"{way} · {_label(visit, far, name)}", Cell(_said(visit, far, name, along.value) or "–")


def _related(visit: Visit, many: Many) -> Card:
    t, far = visit.ui.t, visit.model.entities[many.entity]
    names = tuple(name for name in many.names if name != "title")
    rows = tuple(
        Row((Cell(str(row["title"]), f"/r/{far.name}/{row['id']}"), *_cells(visit, far, row, names)))
        for row in many.rows
    )
    columns = (visit.label(far), *(_label(visit, far, name) for name in names))
    table = Table(visit.plural(far), columns, rows, Empty(t("No records")))
    note = "" if many.is_whole else t("These are the first {n}.", n=len(many.rows))
    return Card(visit.text(many.relationship.label, many.relationship.name), far.icon, table=table, note=note)


def _cells(visit: Visit, entity: Entity, row: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Cell]:
    for name in names:
        yield Cell(_said(visit, entity, name, row.get(name)), _reason_href(entity, str(row["id"]), name))


def _reason_href(entity: Entity, record: str, name: str) -> str:
    """Where the reason of that value is told, if it has one."""
    field = entity.fields.get(name)
    is_computed = field is not None and field.formula is not None
    return f"/r/{entity.name}/{record}/history?field={name}" if is_computed else ""


def _label(visit: Visit, entity: Entity, name: str) -> str:
    control = named(visit, entity, name)
    return control.label if control is not None else name


def _said(visit: Visit, entity: Entity, name: str, value: Any) -> str:
    control = named(visit, entity, name)
    return in_words(control, value, visit.ui) if control is not None else str(value or "")
