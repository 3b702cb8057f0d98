"""Linking two records: many-to-many links with their attributes, from either side, and connections with roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response

from xrm.engine.commands import Create, Target, Unlink
from xrm.engine.commands import Link as LinkCommand
from xrm.engine.projection.references import LOOKUP, lookup_params
from xrm.engine.queries.request import Query, Sort
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Place, Problem
from xrm.metadata.model import Entity, Relationship, Shape
from xrm.ui.fields.view import Field, Lookup, Option
from xrm.ui.models import FormPage, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.controls import of_lookup
from xrm.ui.pages.crumbs import called, to_record
from xrm.ui.pages.digests import is_untitled
from xrm.ui.pages.layout import TO, Ask, Layout, Part, Slot, link_columns, slot_of, value_slot
from xrm.ui.pages.posting import Post, read_post, sent_values
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary
from xrm.ui.pages.related import CONNECTION, connection_row, is_end, link_facts, may_link
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.record_pages import LinksPage, Related, RelatedRow

ROLES = 500
MOST = 500
ROLE, OTHER = "role_a", "record_b"
MORE = ("valid_from", "valid_to", "strength", "trust", "note")
REFUSALS = (Invalid, Conflict, Forbidden)


# --- many to many -----------------------------------------------------------------------------------


def show(visit: Visit, entity: str, record: str, relationship: str) -> Response:
    """`GET /r/<entity>/<id>/links/<relationship>`: all links, a page at a time."""
    found, side, stored = _side(visit, entity, relationship)
    id_ = record_id(record)
    rows = visit.queries.links(visit.actor, entity, id_, relationship, limit=50, after=visit.arg("cursor"))
    shown = visit.queries.get(visit.actor, entity, id_, fields=(("title",),))
    listed = tuple(
        RelatedRow(str(r["title"] or ""), f"/r/{r['entity']}/{r['id']}", link_facts(visit, stored, r["link"]))
        for r in rows.data
    )
    label = visit.text(side.label, side.name)
    model = LinksPage(
        title=label,
        crumbs=to_record(visit, found, id_, shown),
        card=Related(label, found.icon, listed),
        next_href=f"/r/{entity}/{record}/links/{relationship}?cursor={rows.next}" if rows.next else "",
    )
    return page(visit, "links.html", model, current=entity)


def new(visit: Visit, entity: str, record: str, relationship: str) -> Response:
    """`GET, POST /r/<entity>/<id>/links/<relationship>/new`: one more link, with its attributes."""
    found, side, stored = _side(visit, entity, relationship)
    id_ = record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_, fields=(("title",),))
    if not may_link(visit, side):
        raise Forbidden(Problem("A102", visit.ui.t("Your roles do not let you link here.")))
    layout = Layout((Part("", _link_slots(visit, side, stored)),))
    label = visit.ui.t("Add to {list}", list=visit.text(side.label, side.name))
    if not visit.is_post:
        return _asked(visit, found, id_, shown, layout, label)
    post = read_post(visit, layout, stored.entity)
    said = [] if visit.is_again else _missing(visit, post, layout)
    if said or visit.is_again:
        return _asked(visit, found, id_, shown, layout, label, post, said)
    try:
        visit.records.do(visit.actor, _command(entity, id_, side, stored, post))
    except REFUSALS as error:
        found_said = said_of(error.problems, {}, frozenset(s.name for s in layout.slots))
        return _asked(visit, found, id_, shown, layout, label, post, found_said, status_of(error))
    return moved(f"/r/{entity}/{id_}", visit.ui.t("Linked"))


def remove(visit: Visit, entity: str, record: str, relationship: str, link: str) -> Response:
    """`POST /r/<entity>/<id>/links/<relationship>/<link>/remove`: the link is gone; both records stay."""
    _, side, stored = _side(visit, entity, relationship)
    near = record_id(record)
    source, owner = entity, near
    if side is not stored:
        source, _, far = visit.form.get("far", "").partition("/")
        owner = record_id(far)
    visit.records.do(visit.actor, Unlink(source, Target(owner), stored.name, record_id(link)))
    return moved(f"/r/{entity}/{record}", visit.ui.t("Link removed"))


def _side(visit: Visit, entity: str, name: str) -> tuple[Entity, Relationship, Relationship]:
    """The entity, the relationship as seen from it, and the side of it that is stored."""
    found = visit.entity(entity)
    known = {r.name: r for r in visit.queries.reader(visit.actor).relationships(found)}
    side = known.get(name)
    stored = side
    if side is not None and side.of is not None:
        stored = visit.model.entities[side.of[0]].relationships[side.of[1]]
    if side is None or stored is None or stored.shape is not Shape.MANY:
        raise NotFound(Problem("R104", "There is no such relationship for you."))
    return found, side, stored


def _link_slots(visit: Visit, side: Relationship, stored: Relationship) -> tuple[Slot, ...]:
    """The other record, then what the link says about itself. From the far side the other record is the source."""
    first, *rest = link_columns(visit, stored)
    if side is not stored:
        source = visit.model.entities[stored.entity]
        base = f"/r/{side.entity}/lookup/{side.name}"
        field = Field(
            TO,
            visit.label(source),
            "lookup",
            required=True,
            lookup=Lookup(base, f"{base}?page=1", icon=source.icon),
        )
        params = {**lookup_params(stored, visit.model), "targets": (source.name,)}
        first = Slot(field, LOOKUP, params, replace(side, targets=(source.name,)))
    else:
        first = replace(first, field=replace(first.field, label=visit.text(side.label, side.name)))
    return (first, *rest)


def _command(entity: str, id_: UUID, side: Relationship, stored: Relationship, post: Post) -> LinkCommand:
    values = {
        n: v for n, v in sent_values(post, [n for n in post.values if n != TO]).items() if v is not None
    }
    far = sent_values(post, [TO])[TO]
    if side is stored:
        return LinkCommand(entity, Target(id_), stored.name, far, values)
    try:
        source = record_id(str(far["id"] if isinstance(far, Mapping) else far))
    except NotFound as error:
        raise Invalid([problem.at(Place(path=TO)) for problem in error.problems]) from None
    return LinkCommand(stored.entity, Target(source), stored.name, {"entity": entity, "id": str(id_)}, values)


def _missing(visit: Visit, post: Post, layout: Layout) -> list[Said]:
    """What has to be there before the record service can be asked."""
    said = [Said(text, name) for name, text in post.unknown.items()]
    named = {s.name for s in said}
    lacking = (s for s in layout.slots if s.field.required and post.values.get(s.name) in (None, "", []))
    needed = (s for s in lacking if s.name not in named)
    return [*said, *(Said(visit.ui.t("{field} is needed.", field=s.field.label), s.name) for s in needed)]


# --- connections ------------------------------------------------------------------------------------


def connect(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/connect`: this record is, in a role to choose, connected with another."""
    found = visit.entity(entity)
    connection = visit.entity_to("create", CONNECTION)
    id_ = record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_, fields=(("title",),))
    roles = _roles(visit)
    layout = _connect_layout(visit, connection, called(visit, found, shown), roles)
    label = visit.ui.t("Connect with another record")
    if not visit.is_post:
        return _asked(visit, found, id_, shown, layout, label)
    post = read_post(visit, layout, CONNECTION)
    role = str(post.values.get(ROLE) or "")
    said = [] if visit.is_again else _missing(visit, post, layout)
    if role and role not in roles and not visit.is_again:
        unknown = visit.ui.t("No record is called “{text}”. Choose one from the list.", text=role)
        said.append(Said(unknown, ROLE))
    if said or visit.is_again:
        return _asked(visit, found, id_, shown, layout, label, post, said)
    values = {
        "record_a": {"entity": entity, "id": str(id_)},
        "role_b": roles[role]["other"],
        **{n: v for n, v in sent_values(post, list(post.values)).items() if v is not None},
    }
    try:
        visit.records.do(visit.actor, Create(CONNECTION, values))
    except REFUSALS as error:
        told = said_of(error.problems, {}, frozenset(s.name for s in layout.slots))
        return _asked(visit, found, id_, shown, layout, label, post, told, status_of(error))
    return moved(f"/r/{entity}/{id_}", visit.ui.t("Connected"))


def connections(visit: Visit, entity: str, record: str) -> Response:
    """`GET /r/<entity>/<id>/connections`: all connections of the record, from both ends."""
    found = visit.entity(entity)
    id_ = record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_, fields=(("title",),))
    fields = tuple((n,) for n in ("record_a", "role_a", "record_b", "role_b", "valid_from", "valid_to"))
    ends = [s for s in visit.queries.reader(visit.actor).relationships(found) if is_end(s)]
    rows = []
    for side in ends:
        query = Query(CONNECTION, fields=fields, within=(entity, id_, side.name), limit=MOST)
        rows += [
            connection_row(visit, side.of[1] if side.of else "", r)
            for r in visit.queries.list(visit.actor, query).data
        ]
    label = visit.plural(visit.model.entities[CONNECTION])
    model = LinksPage(label, to_record(visit, found, id_, shown), Related(label, "link", tuple(rows)))
    return page(visit, "links.html", model, current=entity)


def _roles(visit: Visit) -> dict[str, dict[str, str]]:
    """Every role with its name and the role of the other side, by id; one without another side is its own."""
    fields = (("name",), ("inverse",), ("category",))
    query = Query("connection_role", fields=fields, sort=(Sort(("name",)),), limit=ROLES)
    rows = visit.queries.list(visit.actor, query).data
    return {
        r["id"]: {"name": str(r["name"]), "other": str((r.get("inverse") or {}).get("id") or r["id"])}
        for r in rows
    }


def _connect_layout(
    visit: Visit, connection: Entity, title: str, roles: Mapping[str, Mapping[str, str]]
) -> Layout:
    rights = visit.rights(CONNECTION).names("create")
    ask = Ask(connection, {}, rights, is_new=True)
    options = tuple(Option(id_, role["name"]) for id_, role in roles.items())
    role = Field(ROLE, visit.ui.t("Role of {title}", title=title), "select", required=True, options=options)
    far = of_lookup(visit, connection.relationships[OTHER])
    far = replace(far, label=visit.ui.t("Other record"), required=True)
    slots: list[Slot] = []
    chosen = value_slot(visit, connection, ROLE)
    other = value_slot(visit, connection, OTHER)
    if chosen is not None and other is not None:
        slots = [Slot(role, chosen.type, chosen.params), replace(other, field=far)]
    slots += [s for n in MORE if (s := slot_of(visit, ask, n)) is not None]
    return Layout((Part("", tuple(slots)),))


# --- both -------------------------------------------------------------------------------------------


def _asked(
    visit: Visit,
    entity: Entity,
    id_: UUID,
    record: Mapping[str, Any],
    layout: Layout,
    label: str,
    post: Post | None = None,
    said: list[Said] | None = None,
    status: int = 422,
) -> Response:
    found = said or []
    fields = tuple(marked(replace(s.field, value=_typed(s, post)), found) for s in layout.slots)
    sections = (Section("", fields),)
    model = FormPage(
        title=label,
        action=visit.path,
        submit=label,
        cancel_href=f"/r/{entity.name}/{id_}",
        sections=sections,
        crumbs=to_record(visit, entity, id_, record),
        problems=summary(found, sections),
    )
    return page(visit, "form.html", model, status=status if said else 200, current=entity.name)


def _typed(slot: Slot, post: Post | None) -> Any:
    value = post.values.get(slot.name) if post else None
    if slot.field.kind != "lookup" or value is None or post is None or is_untitled(value):
        return value
    known = value if isinstance(value, Mapping) else {"id": value}
    return {"title": post.titles.get(slot.name, ""), **known}
