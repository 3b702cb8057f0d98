"""What the numbers of a whole list come to, and how many records it has: one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xrm.engine.queries.counting import Counted
from xrm.engine.queries.request import Aggregate, Query
from xrm.metadata.expressions.types import Kind
from xrm.metadata.model import Entity
from xrm.ui.fields.view import Field
from xrm.ui.pages.controls import Columns
from xrm.ui.pages.visit import Visit
from xrm.ui.pages.wording import attribute_of

COUNT = "count()"
ADDED = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DURATION})
NOT_ADDED = frozenset({"rating"})  # controls whose values are no amounts


def total_words(visit: Visit) -> Mapping[str, str]:
    """What each kind of total is called."""
    t = visit.ui.t
    return {
        "sum": t("Sum"),
        "avg": t("Average"),
        "min": t("Least"),
        "max": t("Most"),
        "count": t("Filled in"),
    }


def totals_of(
    visit: Visit, entity: Entity, columns: Columns, query: Query, kind: str
) -> tuple[tuple[Field | None, ...], Counted]:
    """For each column the field with its total, or nothing where there is none; and the number of records."""
    asked = _asked(visit, entity, columns, kind)
    aggregates = (COUNT, *dict.fromkeys(asked.values()))
    question = Aggregate(
        query.entity, (), aggregates, query.filters, query.conditions, query.tests, query.search
    )
    (found,) = visit.queries.aggregate(visit.actor, question) or ({COUNT: 0},)
    fields = (
        _shown(field, kind, found.get(asked[path])) if path in asked else None
        for path, field in zip(columns.paths, columns.fields, strict=True)
    )
    return tuple(fields), Counted(found[COUNT], True)


def _asked(visit: Visit, entity: Entity, columns: Columns, kind: str) -> dict[tuple[str, ...], str]:
    """The aggregate of each column that has one; no more than may be asked at once."""
    found: dict[tuple[str, ...], str] = {}
    most = visit.runtime.settings.limits.group_terms - 1
    for path, field in zip(columns.paths, columns.fields, strict=True):
        attribute = attribute_of(visit, entity, ".".join(path))
        if attribute is not None and attribute.type.kind in ADDED and field.kind not in NOT_ADDED:
            found[path] = f"{kind}({'.'.join(path)})"
    return dict(list(found.items())[:most])


def _shown(field: Field, kind: str, value: object) -> Field:
    """The field with its total; how many are filled in is a plain number."""
    return replace(field, value=value) if kind != "count" else replace(field, kind="number", value=value)
