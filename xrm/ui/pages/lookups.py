"""Finding the record that a lookup will point at: eight offers as one types, or a page to search without scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Response
from werkzeug.datastructures import MultiDict

from xrm.engine.queries.choosing import record_names
from xrm.engine.queries.request import Query
from xrm.errors import NotFound, Problem
from xrm.metadata.model import POINTERS, Entity, Relationship, Shape
from xrm.ui.fields.parsing import ABSENT, FormData, parse_form
from xrm.ui.fields.view import Field
from xrm.ui.models import Hit, HitGroup, Offer, SearchPage
from xrm.ui.pages.answers import page, part
from xrm.ui.pages.controls import makeable, named
from xrm.ui.pages.telling import facts_of
from xrm.ui.pages.visit import Visit

OFFERS = 8
FOUND = 40
LONGEST = 200
ID, NEW = "id", "new"
VALUE = "v."


def offer(visit: Visit, entity: str, relationship: str) -> Response:
    """`GET /r/<entity>/lookup/<relationship>?q=`: readable records whose words begin so."""
    found = _known(visit, entity)
    several = _is_several(found, relationship)
    is_page = bool(visit.arg("page"))
    most = FOUND if is_page else OFFERS
    values = values_for(visit, found, relationship, _sent(visit))
    rows = choices(visit, entity, relationship, visit.arg("q")[:LONGEST], most, values)
    if not is_page:
        said = _said(visit, rows)
        offers = [_offer(visit, row, several, said) for row in rows]
        return part(visit, "_options.html", offers=[*offers, *_makes(visit, found, relationship)])
    return page(visit, "search.html", _page(visit, entity, relationship, rows), current=entity)


def _makes(visit: Visit, entity: Entity, name: str) -> list[Offer]:
    """The ways to a new record, named with what was typed, for a form that has room for it."""
    side = entity.relationships.get(name)
    if side is None or not visit.arg(NEW):
        return []
    return [_make(visit, e, visit.arg("q").strip()[:LONGEST]) for e in makeable(visit, side)]


def _make(visit: Visit, entity: Entity, text: str) -> Offer:
    label = visit.label(entity).lower()
    title = visit.ui.t("New {label} “{text}”", label=label, text=text) if text else ""
    query = f"?{urlencode({'text': text})}" if text else ""
    return Offer("", title or visit.ui.t("New {label}", label=label), make=f"/r/{entity.name}/quick{query}")


def values_for(visit: Visit, entity: Entity, name: str, form: FormData) -> dict[str, Any]:
    """What a form holds for the names that the relationship's filter asks for, as JSON values."""
    side = entity.relationships.get(name)
    needed = record_names(side.filter) if side is not None and side.filter else ()
    found: dict[str, Any] = {}
    for need in needed:
        control = named(visit, entity, need)
        value = ABSENT if control is None else parse_form(control.kind, need, form, visit.ui)
        if value is not ABSENT:
            found[need] = value
    given = form.getlist(ID)
    return {**found, ID: given[0]} if needed and given else found


def asking(field: Field, id_: str, values: Mapping[str, Any]) -> Field:
    """The lookup whose addresses say which record is written and, for readers without scripts, its values."""
    if field.lookup is None or not field.lookup.needs:
        return field
    own = [(VALUE + ID, id_)] if id_ else []
    known = [(VALUE + n, _written(values.get(n))) for n in field.lookup.needs if n != ID and n in values]
    src = field.lookup.src + (f"?{urlencode(own)}" if own else "")
    there = f"{field.lookup.page}&{urlencode([*own, *((n, v) for n, v in known if v is not None)])}".rstrip(
        "&"
    )
    return replace(field, lookup=replace(field.lookup, src=src, page=there))


def _written(value: Any) -> str | None:
    """The value as its control would send it; None where that depends on the reader's language."""
    if isinstance(value, Mapping) and "id" in value:
        return f"{value['entity']}/{value['id']}" if value.get("entity") else str(value["id"])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value[:LONGEST] if isinstance(value, str) else None


def choices(
    visit: Visit,
    entity: str,
    name: str,
    text: str,
    most: int = OFFERS,
    values: Mapping[str, Any] | None = None,
) -> Sequence[Mapping[str, Any]]:
    """What may be chosen for a relationship; on the far side of links that is any record of the near side."""
    side = visit.model.entities[entity].relationships.get(name)
    if side is None or side.shape is not Shape.INVERSE or side.of is None:
        return visit.queries.lookup(visit.actor, entity, name, text, values or {}, most)
    query = Query(side.of[0], fields=(("title",),), search=text.strip(), limit=most)
    return [{**row, "entity": side.of[0]} for row in visit.queries.list(visit.actor, query).data]


def _known(visit: Visit, entity: str) -> Entity:
    """The entity whose form asks; whoever may create it may choose for it, even if they read none of it."""
    found = visit.model.entities.get(entity)
    if found is None or not (visit.can("read", entity) or visit.can("create", entity)):
        raise NotFound(Problem("R104", "There is no such page for you."))
    return found


def _is_several(entity: Entity, name: str) -> bool:
    side: Relationship | None = entity.relationships.get(name)
    if name in POINTERS:
        return False
    if side is None or (side.shape is Shape.INVERSE and side.of is None):
        raise NotFound(Problem("R104", "There is no such relationship for you."))
    return side.is_polymorphic


def _sent(visit: Visit) -> FormData:
    """The part of the form that came with the address."""
    pairs = [(n, v[:LONGEST]) for n, values in visit.args.items() if n.startswith(VALUE) for v in values]
    return MultiDict((n.removeprefix(VALUE), v) for n, v in pairs)


def _said(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What tells offers of the same name apart, by id; it is read only where there are such."""
    alike = [key for key, count in Counter((r["entity"], r["title"]) for r in rows).items() if count > 1]
    groups: dict[str, list[str]] = {}
    for row in rows:
        if (row["entity"], row["title"]) in alike:
            groups.setdefault(row["entity"], []).append(str(row["id"]))
    told = [facts_of(visit, visit.model.entities[name], ids) for name, ids in groups.items()]
    return {id_: text for found in told for id_, text in found.items()}


def _offer(visit: Visit, row: Mapping[str, Any], several: bool, said: Mapping[str, str]) -> Offer:
    value = f"{row['entity']}/{row['id']}" if several else str(row["id"])
    icon = visit.model.entities[row["entity"]].icon
    hints = (said.get(str(row["id"]), ""), str(row.get("hint") or "") if several else "")
    title = str(row["title"] or visit.ui.t("Untitled"))
    return Offer(value, title, " · ".join(hint for hint in hints if hint), icon)


def _page(visit: Visit, entity: str, relationship: str, rows: Any) -> SearchPage:
    groups: dict[str, list[Hit]] = {}
    for row in rows:
        hit = Hit(str(row["title"] or ""), f"/r/{row['entity']}/{row['id']}", f"{row['entity']}/{row['id']}")
        groups.setdefault(row["entity"], []).append(hit)
    return SearchPage(
        action=f"/r/{entity}/lookup/{relationship}",
        query=visit.arg("q"),
        groups=tuple(
            HitGroup(visit.plural(visit.model.entities[name]), visit.model.entities[name].icon, tuple(hits))
            for name, hits in groups.items()
        ),
        state=(("page", "1"), *((n, v) for n, vs in visit.args.items() if n.startswith(VALUE) for v in vs)),
    )
