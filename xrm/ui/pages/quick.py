"""A record made on the way: a short form in the dialog of a lookup, whose record the lookup then holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Response
from werkzeug.datastructures import MultiDict

from xrm.engine.commands import Create
from xrm.errors import Conflict, Forbidden, Invalid, TooLarge, XrmError
from xrm.metadata.expressions import uses
from xrm.metadata.model import Entity, Form
from xrm.metadata.model import Section as FormSection
from xrm.ui.fields.view import Field
from xrm.ui.models import Made, QuickForm, Section
from xrm.ui.pages.answers import moved, part
from xrm.ui.pages.conditions import defaults
from xrm.ui.pages.forms import accepts
from xrm.ui.pages.layout import MAIN, Ask, Layout, Part, Slot, form_of, layout_by
from xrm.ui.pages.live import live_layout, previews
from xrm.ui.pages.lookups import asking
from xrm.ui.pages.posting import Post, read_post, sent_values
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, twins_of, with_untitled
from xrm.ui.pages.visit import Visit

QUICK, TEXT = "quick", "text"
PREFIX = f"{QUICK}."
LONGEST = 200
REFUSALS = (Invalid, Conflict, Forbidden, TooLarge)


def make(visit: Visit, entity: str) -> Response:
    """`GET, POST /r/<entity>/quick`: what a new record needs; then the record, as a lookup holds it."""
    found = visit.entity_to("create", entity)
    text = visit.arg(TEXT)[:LONGEST]
    if not visit.fragment:
        return moved(f"/r/{entity}/new")
    asked = replace(visit, form=_unprefixed(visit))
    if not visit.is_post:
        return _shown(visit, found, _begun(visit, found, text))
    post = read_post(asked, _layout(asked, found, {}, everything=True), entity)
    layout = _layout(asked, found, {**defaults(visit, found), **post.values})
    names = [s.name for s in layout.open if s.name in post.values]
    try:
        outcome = visit.records.do(
            visit.actor, Create(entity, sent_values(post, names), accept_duplicates=accepts(visit))
        )
    except REFUSALS as error:
        return _shown(visit, found, post.values, post, error)
    return _made(visit, found, outcome.results[0].id)


def _unprefixed(visit: Visit) -> MultiDict[str, str]:
    """What the dialog posted, without the word that keeps its names apart from those of the form behind it."""
    pairs = ((n.removeprefix(PREFIX), v) for n, v in visit.form.items(multi=True) if n.startswith(PREFIX))
    return MultiDict(pairs)


def _layout(visit: Visit, entity: Entity, values: Mapping[str, Any], everything: bool = False) -> Layout:
    return _laid_out(visit, _ask(visit, entity, values, everything=everything))


def _ask(
    visit: Visit,
    entity: Entity,
    values: Mapping[str, Any],
    *,
    everything: bool = False,
    is_live: bool = False,
) -> Ask:
    names = visit.rights(entity.name).names("create")
    return Ask(entity, values, names, is_new=True, everything=everything, is_live=is_live)


def _laid_out(visit: Visit, ask: Ask) -> Layout:
    """The short form of the pack, else what a record cannot be without and what names it."""
    layout = layout_by(visit, ask, _form(ask.entity))
    parts = (replace(p, slots=tuple(s for s in p.slots if _fits(s))) for p in layout.parts)
    return Layout(tuple(p for p in parts if p.slots))


def _form(entity: Entity) -> Form:
    return entity.forms.get(QUICK) or _least(entity)


def _fits(slot: Slot) -> bool:
    return not slot.is_grid and slot.field.kind not in ("file", "image")


def _least(entity: Entity) -> Form:
    names = [n for s in form_of(entity).sections for row in s.rows for n in row]
    title = _naming(entity)
    things: Mapping[str, Any] = {**entity.fields, **entity.relationships}
    kept = [n for n in names if n in things and (n in title or _is_needed(things[n]))]
    return Form(
        QUICK, entity.name, (FormSection(MAIN, entity.label, tuple((n,) for n in kept or names[:1])),)
    )


def _naming(entity: Entity) -> set[str]:
    """The names of which its title is made."""
    return {name for _, name in uses(entity.title.tree)} if entity.title else set()


def _is_needed(thing: Any) -> bool:
    return bool(thing.required or thing.required_when) and thing.default is None


def _begun(visit: Visit, entity: Entity, text: str) -> dict[str, Any]:
    """The defaults, and what was typed in the lookup as the name."""
    title = _naming(entity)
    named = (s for s in _layout(visit, entity, {}).open if s.name in title)
    first = next((s for s in named if s.field.kind in ("line", "area", "person_name")), None)
    begun = defaults(visit, entity)
    if first is None or not text:
        return begun
    before, _, last = text.rpartition(" ")
    is_person = first.field.kind == "person_name"
    return {**begun, first.name: {"first": before.strip() or None, "last": last} if is_person else text}


def _shown(
    visit: Visit,
    entity: Entity,
    values: Mapping[str, Any],
    post: Post | None = None,
    refusal: XrmError | None = None,
) -> Response:
    ask = _ask(visit, entity, {**defaults(visit, entity), **values}, is_live=True)
    layout = _laid_out(visit, ask)
    said = _said(post, refusal, layout)
    held = {**values, **previews(visit, entity, layout, ask.values)}
    known = {s.name for s in layout.slots}
    label = visit.label(entity).lower()
    twins, is_warned = twins_of(refusal) if refusal else ((), False)
    model = QuickForm(
        title=visit.ui.t("New {label}", label=label),
        action=f"/r/{entity.name}/quick",
        submit=visit.ui.t("Create {label}", label=label),
        sections=tuple(_section(visit, part, held, post, said) for part in layout.parts),
        problems=tuple(dict.fromkeys(s.message for s in said if s.control not in known)),
        whole_href=f"/r/{entity.name}/new" + _written(values),
        conditions=_conditions(visit, ask, layout),
        twins=twins,
        accept=visit.ui.t("Create anyway") if is_warned else "",
    )
    return part(visit, "_quick.html", status_of(refusal) if refusal else 200, page=model)


def _said(post: Post | None, refusal: XrmError | None, layout: Layout) -> tuple[Said, ...]:
    if post is None or refusal is None:
        return ()
    untitled = [Said(text, name) for name, text in post.unknown.items()]
    return with_untitled(untitled, said_of(refusal.problems, {}, frozenset(s.name for s in layout.slots)))


def _conditions(visit: Visit, ask: Ask, layout: Layout) -> str:
    """What the page of the dialog judges while somebody types."""
    sections = {s.name: s.visible_when for s in _form(ask.entity).sections}
    return live_layout(visit, ask, layout, sections, {"form": QUICK}, PREFIX)


def _section(
    visit: Visit, part: Part, values: Mapping[str, Any], post: Post | None, said: Sequence[Said]
) -> Section:
    fields = tuple(_fields(visit, part, values, post, said))
    return Section(part.label, fields, name=PREFIX.replace(".", "-") + part.name, hidden=part.hidden)


def _fields(
    visit: Visit, part: Part, values: Mapping[str, Any], post: Post | None, said: Sequence[Said]
) -> Iterator[Field]:
    for slot in part.slots:
        value = values.get(slot.name)
        if post and slot.field.kind == "lookup" and isinstance(value, str):
            value = {"id": value, "title": post.titles.get(slot.name, "")}
        field = asking(marked(replace(slot.field, value=value), said), "", values)
        yield replace(field, name=PREFIX + slot.name, wide=True)


def _written(values: Mapping[str, Any]) -> str:
    """The texts as the full form takes them in its address."""
    texts = {n: v for n, v in values.items() if isinstance(v, str) and v}
    return f"?{urlencode(texts)}" if texts else ""


def _made(visit: Visit, entity: Entity, id_: UUID) -> Response:
    """The record by name; a person who may not read it gets what they called it."""
    titles = visit.queries.titles(visit.actor, [(entity.name, id_)])
    title = next(iter(titles.values()), "") or visit.ui.t("Untitled")
    made = part(visit, "_quick_made.html", made=Made(entity.name, str(id_), title))
    made.headers["X-Said"] = quote(visit.ui.t("{label} created", label=visit.label(entity)))
    return made
