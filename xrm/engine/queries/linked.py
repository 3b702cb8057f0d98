"""Records on the far side of a relationship, with the link between them where the relationship has one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.queries import cursor
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.reading import unknown_name
from xrm.engine.queries.request import Page, Query, unreadable_cursor
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import LinkTable
from xrm.engine.storage.statements import Prepared, any_of
from xrm.metadata.fieldtypes.builtins import write_value
from xrm.metadata.model import Relationship, Shape

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService


def page(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    entity: str,
    record: UUID,
    name: str,
    limit: int,
    after: str,
) -> Page:
    """One page of the far side: links of a many-to-many, or the child records."""
    kit = service.kit(actor)
    known = {r.name: r for r in kit.desk.reader.relationships(kit.desk.schema[entity].entity)}
    if name not in known:
        raise unknown_name(entity, name, known, "relationship")
    side = known[name]
    stored = side if side.of is None else kit.desk.schema[side.of[0]].entity.relationships[side.of[1]]
    if stored.shape is not Shape.MANY:
        target = side.of[0] if side.of else side.targets[0]
        query = Query(target, within=(entity, record, name), limit=limit, cursor=after)
        return service.list_in(unit, actor, query)
    found: dict[str, list[dict[str, Any]]] = {str(record): []}
    last = _last_of(entity, record, name, after) if after else None
    parameters = service.parameters(actor)
    near = giving(kit, unit, side, [record], parameters)
    LinkReader(kit, unit, parameters, last).read(side, stored, near, limit + 1, found)
    return Page(*cut(entity, record, name, found[str(record)], limit))


def cut(
    entity: str, record: UUID, name: str, rows: Sequence[dict[str, Any]], limit: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The links of one page, and the cursor of the next page if there are more."""
    if len(rows) <= limit:
        return rows, None
    last = UUID(rows[limit - 1]["link"]["id"])
    return rows[:limit], cursor.encode(_pages(entity, record, name), [last])


def _last_of(entity: str, record: UUID, name: str, after: str) -> UUID:
    """The last link of the page before; raises Unreadable when this relationship did not give the cursor."""
    (last,) = cursor.decode(replace(_pages(entity, record, name), cursor=after), [UUID])
    if not isinstance(last, UUID):
        raise unreadable_cursor()
    return last


def _pages(entity: str, record: UUID, name: str) -> Query:
    """What the pages of a relationship's links have in common."""
    return Query(entity, within=(entity, record, name))


def giving(
    kit: Kit, unit: UnitOfWork, side: Relationship, ids: Sequence[UUID], parameters: Mapping[str, Any]
) -> list[UUID]:
    """Those of the records on which the actor may read the relationship."""
    prepared = kit.plan(("giving", side.entity, side.name), lambda: _giving(kit, side))
    if prepared is None:
        return list(ids)
    found = {prepared.read(row)[0] for row in unit.run(prepared, {**parameters, "ids": list(ids)})}
    return [i for i in ids if i in found]


def _giving(kit: Kit, side: Relationship) -> Prepared | None:
    """The statement that asks which records give the relationship; None where all do."""
    frame = kit.desk.frame(side.entity)
    given = frame.given(side.name)
    return kit.prepare(sa.select(frame.id).where(any_of(frame.id, "ids"), *given)) if given else None


@dataclass(frozen=True, slots=True)
class LinkReader:
    """Reads links with id, entity and title of the far record, and the attributes of the link.

    With `last` only those that are newer than it.
    """

    kit: Kit
    unit: UnitOfWork
    parameters: Mapping[str, Any]
    last: UUID | None = None

    def read(
        self,
        side: Relationship,
        stored: Relationship,
        ids: Sequence[UUID],
        most: int,
        found: dict[str, list[dict[str, Any]]],
    ) -> None:
        """The links of each record among `ids` are in `found`, at most `most` of each, oldest first."""
        link = self.kit.desk.schema[stored.entity].links[stored.name]
        for near, far, entity in _ends(side, stored, link):
            if entity in self.kit.desk.schema.entities and self.kit.desk.reader.rights(entity).can("read"):
                inverse = stored.name if side is not stored else ""
                self._read(link, near, far, entity, inverse, ids, most, found)
        for rows in found.values():
            rows.sort(key=lambda row: row["link"]["id"])
            del rows[most:]

    def _read(
        self,
        link: LinkTable,
        near: sa.Column[Any],
        far: sa.Column[Any],
        entity: str,
        inverse: str,
        ids: Sequence[UUID],
        most: int,
        found: dict[str, list[dict[str, Any]]],
    ) -> None:
        """`inverse` names the stored side where that is the far one; it is asked for as well."""
        key = ("links", link.table.name, near.key, far.key, entity, inverse, self.last is None)
        prepared = self.kit.plan(key, lambda: self._prepared(link, near, far, entity, inverse))
        names = [c.key for c in link.table.c]
        asked = {"ids": list(ids), "most": most, "last": self.last}
        for raw in self.unit.run(prepared, {**self.parameters, **asked}):
            values = prepared.read(raw)
            row = dict(zip(names, values, strict=False))
            record, title = values[len(names) : len(names) + 2]
            shown = {"id": str(record), "entity": entity, "title": title, "link": shown_link(link, row)}
            found[str(row[near.key])].append(shown)

    def _prepared(
        self, link: LinkTable, near: sa.Column[Any], far: sa.Column[Any], entity: str, inverse: str
    ) -> Prepared:
        frame = self.kit.desk.frame(entity)
        conditions = list(frame.given(inverse)) if inverse else []
        if self.last is not None:
            conditions.append(link.table.c.id > sa.bindparam("last", type_=link.table.c.id.type))
        return self.kit.prepare(_statement(frame, link, near, far, conditions))


def _ends(
    side: Relationship, stored: Relationship, link: LinkTable
) -> Iterable[tuple[sa.Column[Any], sa.Column[Any], str]]:
    """The near and the far column of the link table as seen from `side`, and the far entity."""
    if side is stored:
        for entity, column in link.target.columns.items():
            yield link.source, column, entity
    else:
        yield link.target.columns[side.entity], link.source, stored.entity


def _statement(
    frame: Frame,
    link: LinkTable,
    near: sa.Column[Any],
    far: sa.Column[Any],
    more: Sequence[sa.ColumnElement[bool]],
) -> sa.Select[Any]:
    readable = frame.readable()
    conditions = [any_of(near, "ids"), frame.own("deleted_at").is_(None), *more]
    place = sa.func.row_number().over(partition_by=near, order_by=link.table.c.id).label("place")
    joined = link.table.join(frame.table, frame.id == far)
    columns = [*link.table.c, frame.id.label("far_id"), frame.own("title").label("far_title"), place]
    chosen = (
        sa.select(*columns)
        .select_from(joined)
        .where(*conditions, *([] if readable is None else [readable]))
        .subquery()
    )
    most = sa.bindparam("most", type_=sa.Integer())
    return sa.select(chosen).where(chosen.c.place <= most).order_by(chosen.c.place)


def shown_link(link: LinkTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """The link in JSON: its id, its attributes and its validity."""
    shown: dict[str, Any] = {"id": str(row["id"])}
    for name, stored in link.attributes.items():
        value = stored.join(row)
        shown[name] = None if value is None else write_value(stored.field.type, value, stored.field.params)
    for column in (link.valid_from, link.valid_to):
        if column is not None:
            day = row[column.key]
            # The key is SQLAlchemy's own kind of text, which is none for a writer of JSON.
            shown[str(column.key)] = None if day is None else day.isoformat()
    return shown
