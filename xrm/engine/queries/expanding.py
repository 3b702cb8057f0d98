"""Related records given along with a page: a statement per relationship and entity, none per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.queries import cursor
from xrm.engine.queries.conditions import base_conditions
from xrm.engine.queries.frame import Element, Frame
from xrm.engine.queries.joins import Joins, gathered, labelled
from xrm.engine.queries.linked import LinkReader, cut, giving
from xrm.engine.queries.ordering import ordered, sort_keys
from xrm.engine.queries.outputs import Presenter, default_paths, outputs
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.reading import unknown_name
from xrm.engine.queries.references import name_references
from xrm.engine.queries.request import Expand, Query, Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared, any_of
from xrm.metadata.model import POINTERS, Relationship, Shape

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService


def expand(
    service: QueryService, unit: UnitOfWork, actor: Actor, query: Query, data: Sequence[dict[str, Any]]
) -> None:
    """Each record of the page has the related records that the query asks for."""
    if not query.expand:
        return
    kit = service.kit(actor)
    for item in query.expand:
        side = _side(kit, query.entity, item)
        if isinstance(side, str) or side.shape is Shape.LOOKUP:
            _to_one(service, unit, actor, query.entity, item, data)
        elif data:
            _to_many(kit, unit, side, item, data, service.parameters(actor))


def _side(kit: Kit, entity: str, item: Expand) -> Relationship | str:
    """The relationship, or the name of a system pointer; refused like a name that does not exist."""
    found = kit.desk.schema[entity].entity
    known = {r.name: r for r in kit.desk.reader.relationships(found)}
    if item.name in known:
        return known[item.name]
    if item.name in POINTERS and item.name in {p[0] for p in default_paths(kit.desk.frame(entity))}:
        return item.name
    raise unknown_name(entity, item.name, known, "expand")


def _to_one(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    entity: str,
    item: Expand,
    data: Sequence[dict[str, Any]],
) -> None:
    pointers = _pointers(service, unit, actor, entity, item.name, data)
    wanted: dict[str, dict[UUID, None]] = {}
    for ref in pointers.values():
        if ref is not None and ref["title"] is not None:
            wanted.setdefault(ref["entity"], {})[UUID(ref["id"])] = None
    records: dict[str, Mapping[str, Any]] = {}
    for target, ids in wanted.items():
        page = service.list_in(
            unit, actor, Query(target, fields=item.fields, ids=tuple(ids), limit=len(ids), trash=Trash.BOTH)
        )
        records.update((record["id"], record) for record in page.data)
    for record in data:
        ref = pointers.get(record["id"])
        record[item.name] = {**ref, **records.get(ref["id"], {})} if ref else None


def _pointers(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    entity: str,
    name: str,
    data: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """The pointer of each record by its id; read anew where the page does not hold it."""
    if all(name in record for record in data):
        return {record["id"]: record[name] for record in data}
    ids = tuple(UUID(record["id"]) for record in data)
    again = Query(entity, fields=((name,),), ids=ids, limit=max(len(ids), 1), trash=Trash.BOTH)
    return {record["id"]: record[name] for record in service.list_in(unit, actor, again).data}


def _to_many(
    kit: Kit,
    unit: UnitOfWork,
    side: Relationship,
    item: Expand,
    data: Sequence[dict[str, Any]],
    parameters: Mapping[str, Any],
) -> None:
    item = replace(item, limit=min(item.limit, kit.limits.expand_rows))
    ids = giving(kit, unit, side, [UUID(record["id"]) for record in data], parameters)
    found: dict[str, list[dict[str, Any]]] = {record["id"]: [] for record in data}
    stored = side if side.of is None else kit.desk.schema[side.of[0]].entity.relationships[side.of[1]]
    if stored.shape is Shape.MANY:
        LinkReader(kit, unit, parameters).read(side, stored, ids, item.limit + 1, found)
        ended: dict[str, str] = {}
    else:
        ended = _children(kit, unit, side, ids, item, found, parameters)
    for record in data:
        shown: Sequence[dict[str, Any]] = found[record["id"]]
        more = ended.get(record["id"])
        if stored.shape is Shape.MANY:
            shown, more = cut(side.entity, UUID(record["id"]), side.name, shown, item.limit)
        record[item.name] = {"data": shown, "next": more}


def _children(
    kit: Kit,
    unit: UnitOfWork,
    side: Relationship,
    ids: Sequence[UUID],
    item: Expand,
    found: dict[str, list[dict[str, Any]]],
    parameters: Mapping[str, Any],
) -> dict[str, str]:
    """The first records of each parent are in `found`, by the order of their entity.

    Gives the cursor of those parents that have more, for the pages of their relationship.
    """
    plan = kit.plan(
        ("children", side.entity, side.name, item.fields), lambda: _plan_children(kit, side, item.fields)
    )
    rows = unit.run(plan.statement, {**parameters, "ids": list(ids), "most": item.limit + 1})
    last: dict[str, Sequence[Any]] = {}
    ended: dict[str, str] = {}
    for row in rows:
        *key, parent, _ = plan.statement.read(row, len(row) - plan.keys - 2)
        near = str(parent)
        if len(found[near]) == item.limit:
            ended[near] = cursor.encode(_pages(side, parent), last[near])
        else:
            found[near].append(plan.presenter.record(row))
            last[near] = key
    records = [record for of_one in found.values() for record in of_one]
    name_references(kit, unit, records, plan.presenter.any_references, parameters)
    return ended


def _pages(side: Relationship, record: UUID) -> Query:
    """What the pages of a relationship's children have in common."""
    child, _ = _stored_end(side)
    return Query(child, within=(side.entity, record, side.name))


def _stored_end(side: Relationship) -> tuple[str, str]:
    if side.of is None:
        raise AssertionError("an inverse side always names the stored one")
    return side.of


@dataclass(frozen=True, slots=True)
class _ChildrenPlan:
    """A statement and what its rows mean.

    They end with the sort key, of which they hold so many values, the parent and the place among its children.
    """

    statement: Prepared
    presenter: Presenter
    keys: int


def _plan_children(kit: Kit, side: Relationship, fields: tuple[tuple[str, ...], ...] | None) -> _ChildrenPlan:
    child, lookup = _stored_end(side)
    frame, joins = kit.desk.frame(child), Joins()
    pointer, extra = _pointer(kit, frame, lookup, side.entity)
    made = outputs(frame, kit.contracts, fields, joins)
    keys = sort_keys(frame, ())
    place = sa.func.row_number().over(partition_by=pointer, order_by=ordered(keys))

    def first_of_each(columns: Sequence[Element]) -> sa.Select[Any]:
        conditions = (any_of(pointer, "ids"), *extra, *base_conditions(frame, Trash.LIVE))
        chosen = sa.select(*labelled(columns)).select_from(frame.table).where(*conditions).subquery()
        last = list(chosen.c)[-1]
        return sa.select(chosen).where(last <= sa.bindparam("most", type_=sa.Integer())).order_by(last)

    columns = [*(c for o in made for c in o.columns), *(key.column for key in keys), pointer, place]
    statement = kit.prepare(gathered(first_of_each, columns, joins, lambda here: [here[id(place)]]))
    return _ChildrenPlan(statement, Presenter(made, kit.dialect), len(keys))


def _pointer(
    kit: Kit, frame: Frame, lookup: str, parent: str
) -> tuple[sa.ColumnElement[Any], list[sa.ColumnElement[bool]]]:
    """The column of the child that holds the parent's id, and what else makes it point there."""
    stored = frame.stored.lookups[lookup]
    if stored.entity_column is not None and stored.record_column is not None:
        same = frame.own(stored.entity_column.key) == kit.numbers.entities[parent]
        return frame.masked(lookup, frame.own(stored.record_column.key)), [same]
    return frame.masked(lookup, frame.own(stored.columns[parent].key)), []
