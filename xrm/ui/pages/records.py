"""The page of one record: head, state and its steps, sections of the form, what belongs to it, and its way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response

from xrm.engine.commands import Delete, Restore, Target
from xrm.engine.queries.request import Trash
from xrm.engine.records.permitted import Permitted
from xrm.errors import Conflict, Forbidden, Invalid, XrmError
from xrm.metadata.model import OWNER_FIELDS, STATE, Entity, Relationship, Shape
from xrm.ui.fields import Use, suits
from xrm.ui.fields.view import Children, Field
from xrm.ui.fields.words import in_words
from xrm.ui.models import Action, FormPage, Section
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.cells import editable
from xrm.ui.pages.centre import centre_of, is_table
from xrm.ui.pages.conditions import holds, scene_of
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.crumbs import called, to_record, to_records
from xrm.ui.pages.files import naming
from xrm.ui.pages.keeping import seen
from xrm.ui.pages.layout import form_of, order_of
from xrm.ui.pages.marking import toggles
from xrm.ui.pages.refusals import Said, status_of, summary, whole_text
from xrm.ui.pages.related import Holding, children, counted_text, grids_of, holding, related_of
from xrm.ui.pages.sharing import shared_card
from xrm.ui.pages.steps import steps_of
from xrm.ui.pages.timelines import MORE, WHOLE, timeline_of
from xrm.ui.pages.visit import Visit, record_id, version_in
from xrm.ui.pages.waiting import told_pending
from xrm.ui.record_pages import RecordPage, Step

GRID_ROWS = 50
FACTS = 3
MOST_TOLD = 8
MOST_LISTS = 6


def show(visit: Visit, entity: str, record: str) -> Response:
    """`GET /r/<entity>/<id>`: the record as this person may read it."""
    found = visit.entity(entity)
    id_ = record_id(record)
    if visit.fragment in (WHOLE, MORE):
        bare = visit.queries.get(visit.actor, entity, id_, fields=(("deleted_at",),))
        told = timeline_of(visit, found, id_, is_gone=bool(bare["deleted_at"]))
        return part(visit, "_timeline.html", timeline=told, is_more=visit.fragment == MORE)
    shown = visit.queries.get(visit.actor, entity, id_)
    kept = visit.records.answering(visit.actor, entity, id_) if shown.get("deleted_at") else None
    if kept is not None:
        return moved(
            f"/r/{entity}/{kept}", visit.ui.t("{title} was merged into this record", title=shown["title"])
        )
    marks = seen(visit, found, id_)
    model = replace(_model(visit, found, id_, shown), toggles=toggles(visit, found, id_, marks))
    return page(visit, "record.html", model, current=entity, marks=marks)


def peek(visit: Visit, entity: str, record: str) -> Response:
    """`GET /r/<entity>/<id>/peek`: the record in short, to be shown over its list."""
    found, id_ = visit.entity(entity), record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_)
    allowed = visit.records.permitted(visit.actor, entity, id_) if not found.is_engine else _NOTHING
    model = RecordPage(
        title=called(visit, found, shown),
        icon=found.icon,
        crumbs=(),
        sections=tuple(sections_of(visit, found, id_, shown, holding(visit, found, id_), allowed)),
        facts=tuple(_facts(visit, found, shown)),
        path=_path(visit, found, shown),
        footnote=_footnote(visit, shown),
        trashed=visit.ui.t("This record is in the trash.") if shown.get("deleted_at") else "",
        pending=_pending(visit, found, id_, shown),
    )
    return part(visit, "_peek.html", page=model, href=f"/r/{entity}/{id_}")


def _model(visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any]) -> RecordPage:
    allowed = visit.records.permitted(visit.actor, entity.name, id_) if not entity.is_engine else _NOTHING
    is_gone = bool(record.get("deleted_at"))
    held = holding(visit, entity, id_)
    related, adds = related_of(visit, entity, id_, held, MOST_LISTS) if not is_gone else ((), ())
    title, sections = (
        called(visit, entity, record),
        tuple(sections_of(visit, entity, id_, record, held, allowed)),
    )
    actions = _actions(visit, entity, id_, record, allowed)
    edit = next((a for a in actions if a.primary), None)
    centre = centre_of(visit, entity, id_, record, title, sections, related, edit)
    shares = (shared_card(visit, entity, id_, is_gone=is_gone),) if allowed.may("share") else ()
    return RecordPage(
        title=title,
        icon=entity.icon,
        crumbs=(to_records(visit, entity),),
        sections=sections if entity.is_engine else tuple(s for s in sections if not is_table(s)),
        facts=tuple(_facts(visit, entity, record)),
        path=_path(visit, entity, record),
        transitions=() if is_gone else steps_of(visit, entity, id_, record),
        related=(*related, *shares),
        adds=adds,
        actions=tuple(a for a in actions if a.primary),
        more=tuple(a for a in actions if not a.primary),
        centre=centre,
        history_href="" if entity.is_engine else f"/r/{entity.name}/{id_}/history?field=",
        footnote=_footnote(visit, record),
        trashed=visit.ui.t("This record is in the trash.") if is_gone else "",
        restore=_restore(visit, entity, id_) if is_gone and allowed.may("delete") else None,
        pending=_pending(visit, entity, id_, record),
    )


_NOTHING = Permitted(frozenset(), frozenset())


# --- head -------------------------------------------------------------------------------------------


def _facts(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> Iterator[str]:
    """What one wants to know first: what the list shows beside the title, and who looks after it."""
    view = entity.first_list
    title, said = record.get("title"), 0
    yield visit.label(entity)
    for path in view.columns if view else ():
        field = (
            control_for(visit, entity, path) if "." not in path and path not in ("state", "owner") else None
        )
        if field is None or not suits(field.kind, Use.FACT):
            continue
        text = in_words(field, record.get(path), visit.ui)
        if text and text != title and said < FACTS:
            said += 1
            yield text
    owner = record.get("owner")
    if owner and owner.get("title"):
        yield visit.ui.t("Owner: {name}", name=owner["title"])


def _pending(visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any]) -> str:
    """Which of the values that are shown wait for a job."""
    names = visit.records.pending(visit.actor, entity.name, [id_]).get(id_, ())
    return told_pending(visit, entity, [name for name in names if name in record])


def _path(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> tuple[Step, ...]:
    """The states of the lifecycle with the present one; a path only where they follow each other."""
    if entity.lifecycle is None:
        return ()
    names = list(entity.lifecycle.states)
    now = record.get("state")
    at = names.index(now) if now in names else -1
    return tuple(
        Step(visit.text(s.label, s.name), "current" if i == at else "done" if i < at else "open")
        for i, s in enumerate(entity.lifecycle.states.values())
    )


def _actions(
    visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any], allowed: Permitted
) -> tuple[Action, ...]:
    t, href = visit.ui.t, f"/r/{entity.name}/{id_}"
    history = Action(t("History"), f"{href}/history", "history")
    if entity.is_engine:
        return ()
    if record.get("deleted_at"):
        return (history,)
    found = [history]
    if allowed.may("delete") and not entity.append_only:
        found.append(Action(t("Delete"), f"{href}/delete", "trash-2"))
    if allowed.may("update") and not entity.append_only:
        locked = _locked(visit, entity, record)
        edit = Action(t("Edit"), f"{href}/edit", "pencil", primary=True, disabled=bool(locked), reason=locked)
        found.append(edit)
    return tuple(found)


def _locked(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> str:
    """Why a record in its present state cannot be edited."""
    state = entity.lifecycle.lock(record.get(STATE)) if entity.lifecycle else None
    return (
        visit.ui.t("It is {state}, and locked.", state=visit.text(state.label, state.name)) if state else ""
    )


def _restore(visit: Visit, entity: Entity, id_: UUID) -> Action:
    return Action(visit.ui.t("Restore"), f"/r/{entity.name}/{id_}/restore", "undo-2", post=True)


def _footnote(visit: Visit, record: Mapping[str, Any]) -> str:
    def who(name: str) -> str:
        return str((record.get(name) or {}).get("title") or visit.ui.t("the system"))

    if not record.get("created_at"):
        return ""
    ui = visit.ui
    made = ui.t("Created {when} by {who}.", when=ui.datetime(record["created_at"]), who=who("created_by"))
    if record.get("version") == 1 or not record.get("updated_at"):
        return made
    changed = ui.t("Changed {when} by {who}.", when=ui.datetime(record["updated_at"]), who=who("updated_by"))
    return f"{made} {changed}"


# --- sections ---------------------------------------------------------------------------------------


def sections_of(
    visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any], held: Holding, allowed: Permitted
) -> Iterator[Section]:
    """The sections of the form with what may be read; grids stand in sections of their own."""
    scene = scene_of(visit, entity, record)
    with_address = editable(visit, entity, record, allowed)
    grids = _grids(visit, entity, id_, held)
    form = form_of(entity)
    controls = [
        c for s in form.sections for row in s.rows for n in row if (c := control_for(visit, entity, n))
    ]
    files = naming(visit, controls, [record], f"/r/{entity.name}/{id_}")
    for section in form.sections:
        if not holds(scene, section.visible_when, True):
            continue
        fields, below = [], []
        for name in (n for row in section.rows for n in row):
            thing = entity.fields.get(name) or entity.relationships.get(name)
            if thing is not None and not holds(scene, thing.visible_when, True):
                continue
            if name in grids:
                below.append(grids[name])
                continue
            control = control_for(visit, entity, name)
            if control is not None:
                fields.append(with_address(replace(control, value=files(control, record.get(name)))))
        if fields:
            yield Section(visit.text(section.label, section.name), tuple(fields))
        for grid in below:
            yield Section(grid.label, (grid,))
    aside = _aside(visit, entity, record, {f.name for f in controls})
    yield from (replace(s, fields=tuple(map(with_address, s.fields))) for s in aside)


def _aside(visit: Visit, entity: Entity, record: Mapping[str, Any], shown: set[str]) -> Iterator[Section]:
    """Who the record belongs to, where the form does not say it."""
    names = [n for n in OWNER_FIELDS if entity.is_owned and n not in shown]
    found = [(n, control_for(visit, entity, n)) for n in names]
    fields = tuple(replace(c, value=record.get(n)) for n, c in found if c is not None and record.get(n))
    if fields:
        yield Section(visit.ui.t("Responsible"), fields)


def _grids(visit: Visit, entity: Entity, id_: UUID, held: Holding) -> dict[str, Field]:
    """Owned children of the form, as tables to read."""
    return {s.name: _grid(visit, entity, id_, s, held) for s in grids_of(visit, entity, held)}


def _grid(visit: Visit, entity: Entity, id_: UUID, side: Relationship, held: Holding) -> Field:
    child, lookup = side.of or ("", "")
    order = order_of(visit, side)
    rows = list(children(visit, entity, id_, side, None, GRID_ROWS, order).data) if held.has(side) else []
    columns = Children(tuple(_child_columns(visit, child, lookup)))
    return Field(
        side.name, visit.text(side.label, side.name), "rows", value=rows, wide=True, children=columns
    )


def _child_columns(visit: Visit, child: str, lookup: str) -> Iterator[Field]:
    entity = visit.model.entities[child]
    for name in dict.fromkeys(n for s in form_of(entity).sections for row in s.rows for n in row):
        control = control_for(visit, entity, name) if name != lookup else None
        if control is not None and suits(control.kind, Use.COLUMN):
            yield control


# --- trash ------------------------------------------------------------------------------------------


def delete(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/delete`: says what goes with it, then moves all of it to the trash as one act."""
    found = visit.entity_to("delete", entity)
    id_ = record_id(record)
    shown = visit.queries.get(visit.actor, entity, id_, trash=Trash.LIVE)
    if not visit.is_post or visit.is_again:
        return _confirm(visit, found, id_, shown)
    version = visit.form.get("version", "")
    command = Delete(entity, Target(id_), version_in(version))
    try:
        outcome = visit.records.do(visit.actor, command)
    except (Conflict, Forbidden, Invalid) as error:
        return _confirm(visit, found, id_, shown, error)
    others = len([c for c in outcome.changes if c.operation == "delete"]) - 1
    said = visit.ui.t("{title} is in the trash", title=called(visit, found, shown))
    undo = visit.records.place_of(outcome)
    told = f"{said} (+{others})" if others > 0 else said
    return moved(
        f"/r/{entity}/trash", told, undo=undo, back=f"/r/{entity}/{id_}", saved=f"/r/{entity}/{id_}/edit"
    )


def _confirm(
    visit: Visit, entity: Entity, id_: UUID, record: Mapping[str, Any], refusal: XrmError | None = None
) -> Response:
    href = f"/r/{entity.name}/{id_}"
    said = [Said(whole_text(p)) for p in refusal.problems] if refusal else []
    title = called(visit, entity, record)
    model = FormPage(
        title=visit.ui.t("Delete {title}", title=title),
        action=f"{href}/delete",
        submit=visit.ui.t("Move to the trash"),
        cancel_href=href,
        sections=(_goes_along(visit, entity, id_),),
        crumbs=to_record(visit, entity, id_, record),
        problems=summary(said),
        hidden=(("version", str(record["version"])),),
        is_danger=True,
    )
    return page(visit, "form.html", model, status=status_of(refusal) if refusal else 200, current=entity.name)


def _goes_along(visit: Visit, entity: Entity, id_: UUID) -> Section:
    """What goes, what loses its link, and what stands in the way, as far as this person may read it."""
    sides = [
        s
        for s in visit.queries.reader(visit.actor).relationships(entity)
        if s.shape is Shape.INVERSE and s.of
    ]
    stored = {s.name: visit.model.entities[s.of[0]].relationships[s.of[1]] for s in sides if s.of}
    kept = [s for s in sides if stored[s.name].shape is Shape.LOOKUP and s.of and visit.can("read", s.of[0])]
    said = [
        visit.ui.t("It moves to the trash and can be restored from there, with everything that goes along.")
    ]
    held = holding(visit, entity, id_)
    filled = [side for side in kept if held.has(side)]
    for place, side in enumerate(filled):
        label = visit.text(side.label, side.name)
        told = _told(visit, entity, id_, side) if place < MOST_TOLD else counted_text(visit, held.count(side))
        said.append(f"{_fate(visit, stored[side.name])} {label}: {told}")
    return Section("", (), "\n".join(said))


def _told(visit: Visit, entity: Entity, id_: UUID, side: Relationship) -> str:
    """The first records of the relationship by name."""
    found = children(visit, entity, id_, side, (), MOST_TOLD)
    return ", ".join(str(r.get("title") or "") for r in found.data) + ("…" if found.next else "")


def _fate(visit: Visit, stored: Any) -> str:
    if stored.is_parent or stored.on_delete == "cascade":
        return visit.ui.t("Goes along –")
    if stored.on_delete == "clear":
        return visit.ui.t("Stays, without the link –")
    return visit.ui.t("Stands in the way –")


def restore(visit: Visit, entity: str, record: str) -> Response:
    """`POST /r/<entity>/<id>/restore`: the record is back, with everything that went with it."""
    found = visit.entity_to("delete", entity)
    id_ = record_id(record)
    visit.records.do(visit.actor, Restore(entity, Target(id_)))
    return moved(f"/r/{entity}/{id_}", visit.ui.t("{label} restored", label=visit.label(found)))
