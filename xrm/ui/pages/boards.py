"""The type of view that is a board: a lane for each state or option, with its count, its sum and its first cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from xrm.engine.queries.counting import Counted
from xrm.engine.queries.request import Aggregate, Count, FieldTest, Query
from xrm.errors import Invalid, TooLarge, Unreadable
from xrm.metadata.model import STATE, Entity
from xrm.ui.fields.view import Field, Option
from xrm.ui.pages.controls import Columns, columns_of, control_for, named, value_at
from xrm.ui.pages.files import naming
from xrm.ui.pages.listing import Look, Shown, query_of
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Board, Card, Lane

CARDS = 12
COUNT = "count()"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a board is made of, as far as this person may read it.

    `total` is the field that is summed by `value`; `hues` the field that colours the cards.
    """

    group: str
    columns: Columns
    total: Field | None
    value: str
    hues: Field | None
    may_move: bool


def as_board(visit: Visit, look: Look) -> Shown:
    """The lanes with their heads and first cards; for an address that names a lane, more of that one."""
    plan = _plan(visit, look)
    try:
        query = _query(visit, look, plan)
        heads = _heads(visit, plan, query)
        lanes = tuple(_lanes(visit, look, plan, query, heads))
    except (Invalid, Unreadable, TooLarge) as error:
        return Shown(Board(), plan.columns, refusal=error)
    return Shown(Board(lanes), plan.columns, Counted(sum(h[COUNT] for h in heads.values()), True))


def lane_options(visit: Visit, entity: Entity, group: str) -> tuple[Option, ...]:
    """The values that are lanes, in their order; a choice that may be empty begins with the lane of none."""
    field = named(visit, entity, group)
    options = field.options if field else ()
    known = entity.fields.get(group)
    return options if known is None or known.required else (Option("", visit.ui.t("None")), *options)


def _plan(visit: Visit, look: Look) -> Plan:
    params: Mapping[str, Any] = look.view.params if look.view else {}
    entity, group = look.entity, str(params.get("group_by", STATE))
    value = str(params.get("value", ""))
    _, _, summed = value.rstrip(")").partition("(")
    color = str(params.get("color", ""))
    shown = [path for path in look.paths or params.get("card", ()) if path not in ("title", entity.title)]
    total = control_for(visit, entity, summed) if summed else None
    return Plan(
        group,
        columns_of(visit, entity, shown or ("title",)),
        total,
        value if total else "",
        control_for(visit, entity, color) if color else None,
        visit.can("transition" if group == STATE else "update", entity.name),
    )


def _query(visit: Visit, look: Look, plan: Plan) -> Query:
    query = query_of(visit, look, plan.columns)
    more = [("version",)] + ([tuple(plan.hues.name.split("."))] if plan.hues else [])
    fields = tuple(dict.fromkeys((*(query.fields or ()), *more)))
    return replace(query, fields=fields, limit=CARDS, count=Count.NONE)


def _heads(visit: Visit, plan: Plan, query: Query) -> dict[str, Mapping[str, Any]]:
    """How many records each lane has, and what they come to, in one question."""
    asked = Aggregate(
        query.entity,
        (plan.group,),
        (COUNT, *([plan.value] if plan.value else [])),
        filters=query.filters,
        tests=query.tests,
        search=query.search,
    )
    return {row[plan.group] or "": row for row in visit.queries.aggregate(visit.actor, asked)}


def _lanes(
    visit: Visit, look: Look, plan: Plan, query: Query, heads: Mapping[str, Mapping[str, Any]]
) -> Iterator[Lane]:
    asked = visit.args.get("lane")
    for option in lane_options(visit, look.entity, plan.group):
        if asked and option.value not in asked:
            continue
        head = heads.get(option.value)
        if head is None:
            yield Lane(option, 0, ())
            continue
        found = visit.queries.list(visit.actor, _of_lane(plan, query, option))
        total = replace(plan.total, value=head[plan.value]) if plan.total else None
        more = f"{look.state.address(cursor=found.next)}&lane={quote(option.value)}" if found.next else ""
        yield Lane(option, head[COUNT], _cards(visit, look, plan, found.data), total, more)


def _of_lane(plan: Plan, query: Query, option: Option) -> Query:
    test = FieldTest((plan.group,), "eq", (option.value,))
    if not option.value:
        test = FieldTest((plan.group,), "empty", ("true",))
    return replace(query, tests=(*query.tests, test))


def _cards(visit: Visit, look: Look, plan: Plan, data: Any) -> tuple[Card, ...]:
    files = naming(visit, plan.columns.fields, data)
    return tuple(_card(visit, look, plan, record, files) for record in data)


def _card(visit: Visit, look: Look, plan: Plan, record: Mapping[str, Any], files: Any) -> Card:
    one = f"/{record['id']}"
    facts = (
        replace(field, value=files(field, value_at(record, path)))
        for path, field in zip(plan.columns.paths, plan.columns.fields, strict=True)
        if path != ("title",)
    )
    return Card(
        record["id"],
        f"/r/{look.entity.name}{one}",
        record.get("title") or "",
        tuple(fact for fact in facts if not fact.is_empty),
        str(record["version"]),
        _hue(plan, record),
        look.state.address(below=f"{one}/move") if plan.may_move else "",
    )


def _hue(plan: Plan, record: Mapping[str, Any]) -> str:
    if plan.hues is None:
        return ""
    value = value_at(record, plan.hues.name.split("."))
    return plan.hues.option(value).hue if value else ""
