"""What tells namesakes apart: a few values that stand beside a title, and values as short texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from xrm.engine.queries.request import Query
from xrm.metadata.model import Entity
from xrm.ui.fields.view import Field
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.visit import Visit

MOST_TELLING = 3
BESIDE = 2
_DETAILS = ("date", "datetime", "select", "lookup", "line", "readonly", "email", "phone", "money", "number")


def telling(visit: Visit, entity: Entity) -> list[str]:
    """The names whose values may stand beside a title: the state, and the first of its list that suit."""
    view = next((v for v in entity.views.values() if v.type == "list"), None)
    plain = [p for p in (view.columns if view else ())[1:] if "." not in p and p != "state"]
    fitting = [p for p in plain if (c := control_for(visit, entity, p)) is not None and c.kind in _DETAILS]
    return [*fitting[:MOST_TELLING], *(["state"] if entity.lifecycle else [])]


def facts(visit: Visit, entity: Entity, record: Mapping[str, Any], most: int = BESIDE) -> str:
    """The first telling values that the record has, in one line; empty where it has none."""
    found = list(dict.fromkeys(_said(visit, entity, record)))
    return " · ".join(found[:most])


def _said(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> Iterator[str]:
    for name in telling(visit, entity):
        field = control_for(visit, entity, name) if name != "state" else None
        text = written(visit, field, record.get(name)) if field is not None else ""
        if text and text != record.get("title"):
            yield text


def facts_of(visit: Visit, entity: Entity, ids: Iterable[str]) -> dict[str, str]:
    """What to say beside the titles of these records, by id, read by one statement."""
    names, wanted = telling(visit, entity), tuple(UUID(i) for i in ids)
    if not wanted or not any(name != "state" for name in names):
        return {}
    fields = tuple((name,) for name in ("title", *names))
    found = visit.queries.list(visit.actor, Query(entity.name, fields=fields, ids=wanted, limit=len(wanted)))
    return {str(record["id"]): facts(visit, entity, record) for record in found.data}


def written(visit: Visit, field: Field, value: Any) -> str:
    """A value as a short text."""
    if value in (None, "", [], {}):
        return ""
    ui = visit.ui
    if field.kind == "lookup" and isinstance(value, Mapping):
        return str(value.get("title") or "")
    if field.kind in ("select", "multi_select"):
        values = value if isinstance(value, list) else [value]
        return ", ".join(field.option(v).label for v in values)
    if field.kind == "boolean":
        return ui.t("Yes") if value is True else ui.t("No")
    if field.kind == "person_name" and isinstance(value, Mapping):
        return " ".join(str(value[k]) for k in ("first", "middle", "last", "suffix") if value.get(k))
    if field.kind == "address" and isinstance(value, Mapping):
        return ", ".join(str(v) for v in value.values() if v)
    ways = {
        "date": ui.date, "datetime": ui.datetime, "money": ui.money, "decimal": ui.number, "number": ui.number,
        "percent": ui.percent, "time": ui.time, "duration": ui.duration,
    }  # fmt: skip
    if field.kind in ways:
        return ways[field.kind](value)
    if isinstance(value, Mapping):
        return str(value.get("title") or value.get("name") or "")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
