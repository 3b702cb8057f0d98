"""What belongs to a record: short lists of the other sides, links with their attributes, and connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from xrm.engine.queries.counting import Counted, Far
from xrm.engine.queries.request import Page, Query, Sort
from xrm.metadata.kept_rules import kept_by
from xrm.metadata.model import Entity, Relationship, Shape
from xrm.ui.fields.words import in_words
from xrm.ui.models import Action, Link
from xrm.ui.pages.controls import of_field, readable_names, states
from xrm.ui.pages.layout import form_of
from xrm.ui.pages.telling import facts, telling
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import Related, RelatedRow

TOP = 5
MOST_GRIDS = 4
NONE = Counted(0, True)
CONNECTION = "connection"
ENDS = {"record_a": ("record_b", "role_a"), "record_b": ("record_a", "role_b")}


@dataclass(frozen=True, slots=True)
class Holding:
    """What a record's relationships hold, counted at once; a page then reads the first of a few of them."""

    counts: Mapping[str, Counted]

    def has(self, side: Relationship) -> bool:
        """Whether the relationship leads to anything that this person may read."""
        return self.count(side).count > 0

    def count(self, side: Relationship) -> Counted:
        """How many records it leads to."""
        return self.counts.get(side.name, NONE)


def holding(visit: Visit, entity: Entity, record: UUID) -> Holding:
    """What this record's relationships to many hold, by one statement."""
    asked = [
        (side.name, Far(name, side.name)) for side in _to_many(visit, entity) for name in _fars(visit, side)
    ]
    found = visit.queries.far_counts(visit.actor, entity.name, record, [far for _, far in asked])
    counts: dict[str, Counted] = {}
    for (name, _), count in zip(asked, found, strict=True):
        counts[name] = counts.get(name, NONE) + count
    return Holding(counts)


def counted_text(visit: Visit, found: Counted) -> str:
    """A count in words."""
    return visit.ui.number(found.count) + ("" if found.is_exact else "+")


def related_of(
    visit: Visit, entity: Entity, record: UUID, held: Holding, left: int
) -> tuple[tuple[Related, ...], tuple[Action, ...]]:
    """The short lists that hold something, and ways to add to those that do not.

    Of `left` lists the first records are read; of the others there is the count, and the way to them.
    """
    sides = [s for s in _sides(visit, entity, held) if not is_end(s)]
    filled, open_ = [s for s in sides if held.has(s)], [s for s in sides if not held.has(s)]
    cards = [_card(visit, entity, record, s, held) for s in filled[:left]]
    cards += [_closed(visit, entity, record, s, held) for s in filled[left:]]
    adds = tuple(add for s in open_ if (add := _add(visit, entity, record, s)) is not None)
    connections = _connections(visit, entity, record, held)
    return (*([connections] if connections else []), *cards), adds


def children(
    visit: Visit,
    entity: Entity,
    record: UUID,
    side: Relationship,
    names: Iterable[str] | None,
    most: int = TOP,
    order: str = "",
) -> Page:
    """The first records on the far side of an inverse relationship, with these values; None gives all."""
    fields = None if names is None else tuple((n,) for n in dict.fromkeys(("title", *names)))
    within, sort = (entity.name, record, side.name), (Sort((order,)),) if order else ()
    query = Query(_child(side), fields=fields, within=within, sort=sort, limit=most)
    return visit.queries.list(visit.actor, query)


def _child(side: Relationship) -> str:
    """The entity whose records point here."""
    if side.of is None:
        raise LookupError(side.name)
    return side.of[0]


def _to_many(visit: Visit, entity: Entity) -> Iterator[Relationship]:
    """The relationships that lead to many, or backwards to one, and that this person may follow."""
    for side in visit.queries.reader(visit.actor).relationships(entity):
        if side.shape is Shape.LOOKUP:
            continue
        if side.shape is Shape.INVERSE and side.of and not visit.can("read", side.of[0]):
            continue
        if not (side.any or any(visit.can("read", t) for t in side.targets)):
            continue
        yield side


def _sides(visit: Visit, entity: Entity, held: Holding) -> Iterator[Relationship]:
    """Those of them that have no grid on the form of this page."""
    grids = {side.name for side in grids_of(visit, entity, held)}
    for side in _to_many(visit, entity):
        if side.name not in grids and not (
            side.owned and side.name in _on_form(entity) and not held.has(side)
        ):
            yield side


def grids_of(visit: Visit, entity: Entity, held: Holding) -> list[Relationship]:
    """Owned children that stand on the main form: they stand on the page in the same place, as far as they fit.

    Those without records cost nothing; of the others the first have grids.
    """
    names = [n for s in form_of(entity).sections for row in s.rows for n in row]
    sides = [entity.relationships[n] for n in dict.fromkeys(names) if n in entity.relationships]
    known = readable_names(visit, entity)
    owned = [
        s
        for s in sides
        if s.shape is Shape.INVERSE and s.owned and s.name in known and s.of and visit.can("read", s.of[0])
    ]
    filled = [s for s in owned if held.has(s)][:MOST_GRIDS]
    return [s for s in owned if s in filled or not held.has(s)]


def _fars(visit: Visit, side: Relationship) -> list[str]:
    """The entities on the other side that this person may read."""
    names = (side.of[0],) if side.of else side.targets
    return [n for n in names if visit.can("read", n)]


def _on_form(entity: Entity) -> frozenset[str]:
    """The grids that stand on the form stand on the page in the same place."""
    return frozenset(n for f in entity.forms.values() for s in f.sections for row in s.rows for n in row)


def is_end(side: Relationship) -> bool:
    """Whether this is one end of the core layer's connections, which are shown together."""
    return side.of is not None and side.of[0] == CONNECTION and side.of[1] in ENDS


def _stored(visit: Visit, side: Relationship) -> Relationship:
    """The side that is kept in a table."""
    if side.of is None:
        return side
    return visit.model.entities[side.of[0]].relationships[side.of[1]]


def _card(visit: Visit, entity: Entity, record: UUID, side: Relationship, held: Holding) -> Related:
    stored, far = _stored(visit, side), _far(visit, side)
    if stored.shape is Shape.MANY:
        found = visit.queries.links(visit.actor, entity.name, record, side.name, limit=TOP)
        rows = tuple(_link_row(visit, entity, record, side, stored, r) for r in found.data)
    else:
        found = children(visit, entity, record, side, telling(visit, far, stored.name))
        rows = tuple(_row(visit, far, r, stored.name) for r in found.data)
    closed = _closed(visit, entity, record, side, held)
    if found.next:
        return replace(closed, rows=rows)
    return replace(closed, rows=rows, count=visit.ui.number(len(rows)), href="")


def _closed(visit: Visit, entity: Entity, record: UUID, side: Relationship, held: Holding) -> Related:
    """The list without its records: how many there are, and where."""
    stored, far = _stored(visit, side), _far(visit, side)
    if stored.shape is Shape.MANY:
        href = f"/r/{entity.name}/{record}/links/{side.name}"
    else:
        href = f"/r/{far.name}?f.{stored.name}={record}"
    return Related(
        label=visit.text(side.label, side.name),
        icon=far.icon,
        rows=(),
        count=counted_text(visit, held.count(side)),
        href=href,
        add=_add(visit, entity, record, side),
    )


def _far(visit: Visit, side: Relationship) -> Entity:
    """The entity on the other side; of several the first that may be read."""
    names = (side.of[0],) if side.of else side.targets
    return next(
        (visit.model.entities[n] for n in names if visit.can("read", n)), visit.model.entities[side.entity]
    )


def _row(visit: Visit, entity: Entity, record: Mapping[str, Any], way: str) -> RelatedRow:
    """A record that points by `way` at the one whose page this is."""
    option = next((o for o in states(visit, entity) if o.value == record.get("state")), None)
    return RelatedRow(
        title=str(record.get("title") or visit.ui.t("Untitled")),
        href=f"/r/{entity.name}/{record['id']}",
        detail=facts(visit, entity, record, 1, known=way),
        tag=option,
    )


# --- links ------------------------------------------------------------------------------------------


def _link_row(
    visit: Visit,
    entity: Entity,
    record: UUID,
    side: Relationship,
    stored: Relationship,
    row: Mapping[str, Any],
) -> RelatedRow:
    return RelatedRow(
        title=str(row["title"] or visit.ui.t("Untitled")),
        href=f"/r/{row['entity']}/{row['id']}",
        detail=link_facts(visit, stored, row["link"]),
        remove=_remove_link(visit, entity, record, side, row),
    )


def link_facts(visit: Visit, stored: Relationship, link: Mapping[str, Any]) -> str:
    """The attributes and validity of a link in one line."""
    said = [in_words(of_field(visit, f), link.get(name), visit.ui) for name, f in stored.attributes.items()]
    return " · ".join([*(s for s in said if s), *([span] if (span := validity(visit, link)) else [])])


def validity(visit: Visit, record: Mapping[str, Any]) -> str:
    """From when to when, in words."""
    start, end = record.get("valid_from"), record.get("valid_to")
    if start and end:
        return f"{visit.ui.date(start)} – {visit.ui.date(end)}"
    if start:
        return visit.ui.t("since {day}", day=visit.ui.date(start))
    return visit.ui.t("until {day}", day=visit.ui.date(end)) if end else ""


def may_link(visit: Visit, side: Relationship) -> bool:
    """Whether this person may link here, by the rights on the side that is stored."""
    stored = _stored(visit, side)
    rights = visit.rights(stored.entity)
    kept = kept_by(visit.model.entities[stored.entity].kept_rules)
    return (
        stored.shape is Shape.MANY
        and stored.name not in kept
        and not rights.cell("update", stored.name).nowhere
    )


def _remove_link(
    visit: Visit, entity: Entity, record: UUID, side: Relationship, row: Mapping[str, Any]
) -> Action | None:
    if not may_link(visit, side):
        return None
    href = f"/r/{entity.name}/{record}/links/{side.name}/{row['link']['id']}/remove"
    values = {"far": f"{row['entity']}/{row['id']}"}
    return Action(
        visit.ui.t("Remove the link to {title}", title=row["title"]), href, "x", post=True, values=values
    )


# --- adding -----------------------------------------------------------------------------------------


def _add(visit: Visit, entity: Entity, record: UUID, side: Relationship) -> Action | None:
    """The way to one more: a link, or a new record that points here already."""
    stored = _stored(visit, side)
    if entity.is_engine:
        return None
    if stored.shape is Shape.MANY:
        label = visit.ui.t("Add to {list}", list=visit.text(side.label, side.name))
        href = f"/r/{entity.name}/{record}/links/{side.name}/new"
        return Action(label, href, "plus") if may_link(visit, side) else None
    far = _far(visit, side)
    if side.of is None or far.is_engine or far.append_only or not visit.can("create", far.name):
        return None
    if stored.name not in visit.rights(far.name).names("create"):
        return None
    value = f"{entity.name}/{record}" if stored.is_polymorphic else str(record)
    label = visit.text(side.label, side.name)
    return Action(
        visit.ui.t("New {label}", label=visit.label(far).lower())
        if _names_alike(visit, far, label)
        else label,
        f"/r/{far.name}/new?{stored.name}={value}",
        far.icon,
    )


def _names_alike(visit: Visit, far: Entity, label: str) -> bool:
    return label.lower() == visit.plural(far).lower()


# --- connections ------------------------------------------------------------------------------------


def _connections(visit: Visit, entity: Entity, record: UUID, held: Holding) -> Related | None:
    """The connections of the record, from both ends, each with the role that this record has in it."""
    sides = [s for s in visit.queries.reader(visit.actor).relationships(entity) if is_end(s)]
    if not sides or not visit.can("read", CONNECTION):
        return None
    fields = ("record_a", "role_a", "record_b", "role_b", "valid_from", "valid_to")
    found = [(s, children(visit, entity, record, s, fields)) for s in sides if held.has(s)]
    rows = [connection_row(visit, s.of[1], row) for s, page in found if s.of for row in page.data]
    more = any(page.next for _, page in found)
    can_add = visit.can("create", CONNECTION) and not entity.is_engine
    add = Action(visit.ui.t("Connect with another record"), f"/r/{entity.name}/{record}/connect", "plus")
    if not rows and not can_add:
        return None
    return Related(
        label=visit.plural(visit.model.entities[CONNECTION]),
        icon=visit.model.entities[CONNECTION].icon,
        rows=tuple(rows),
        count=f"{len(rows)}{'+' if more else ''}" if rows else "",
        add=add if can_add else None,
        empty=visit.ui.t("Not connected with any other record yet."),
        href=f"/r/{entity.name}/{record}/connections" if more else "",
    )


def connection_row(visit: Visit, end: str, row: Mapping[str, Any]) -> RelatedRow:
    """The other record, led by what this one is to it: "parent company of" Iron Health."""
    other_name, role_name = ENDS[end]
    other, role = row.get(other_name) or {}, row.get(role_name) or {}
    return RelatedRow(
        title=str(other.get("title") or visit.ui.t("A record that you may not read")),
        href=f"/r/{other['entity']}/{other['id']}" if other.get("title") else f"/r/{CONNECTION}/{row['id']}",
        detail=validity(visit, row),
        lead=str(role.get("title") or ""),
        more=Link(visit.ui.t("Open the connection"), f"/r/{CONNECTION}/{row['id']}", "link"),
    )
