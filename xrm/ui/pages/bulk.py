"""Many records changed at once: what is chosen, what would become of them, and the change itself as one act.

Nothing is done before it has been tried: the trial says how many change and why others do not. What is then
confirmed is what was tried, for the digest of both must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qs, quote
from uuid import UUID

import orjson
from flask import Response

from xrm.engine.commands import Outcome
from xrm.engine.projection.programs import is_local, names_read
from xrm.engine.queries.choosing import record_names
from xrm.engine.queries.request import Count, Query
from xrm.engine.transfer import BulkRequest
from xrm.errors import Invalid, Problem, TooLarge, XrmError
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value
from xrm.metadata.model import Entity, Relationship
from xrm.metadata.model import Field as ModelField
from xrm.ui.editing import BulkForm, BulkPreview, BulkRefusal
from xrm.ui.fields.parsing import ABSENT
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Link
from xrm.ui.pages.ahead import decides
from xrm.ui.pages.answers import part
from xrm.ui.pages.cells import fits_a_cell, is_kept, sentence, titled
from xrm.ui.pages.choosing import given_ids, too_many
from xrm.ui.pages.conditions import judged, scene_of
from xrm.ui.pages.controls import columns_of, named
from xrm.ui.pages.layout import Slot, takes_input, value_slot
from xrm.ui.pages.listing import look_at, query_of
from xrm.ui.pages.posting import read_one, sent_value
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.visit import Visit

AT_ONCE = 200
PAGE = 500
ASSIGN, SET, DELETE, MERGE = "assign", "set", "delete", "merge"
OPERATIONS: Mapping[str, str] = {ASSIGN: "assign", SET: "update", DELETE: "delete"}
OWNER = "owner"
MOST_REASONS, MOST_NAMED = 6, 3


def bulk_actions(visit: Visit, entity: Entity) -> tuple[Action, ...]:
    """What this person may do with many records of the entity at once; `href` names it for the page's script."""
    t = visit.ui.t
    if entity.is_engine:
        return ()
    can_change = visit.can("update", entity.name) and not entity.append_only
    found = []
    if entity.is_owned and can_change and visit.can("assign", entity.name):
        found.append(Action(t("Assign…"), ASSIGN, "user", key="A"))
    if can_change and _settable(visit, entity):
        found.append(Action(t("Set a field…"), SET, "pencil", key="E"))
    if can_change and visit.can("delete", entity.name):
        found.append(Action(t("Merge…"), MERGE, "git-merge"))
    if visit.can("export", entity.name):
        found.append(Action(t("Export"), "export", "download"))
    if visit.can("delete", entity.name) and not entity.append_only:
        found.append(Action(t("Delete"), DELETE, "trash-2", danger=True))
    return tuple(found)


def _settable(visit: Visit, entity: Entity) -> list[Field]:
    """The fields that may be set on many records: what is unique to each is not."""
    writable = visit.rights(entity.name).names("update")
    names = (*entity.fields, *(r.name for r in entity.lookups))
    found = [named(visit, entity, n) for n in names if n in writable and takes_input(entity, n)]
    keys = {key.fields[0] for key in entity.keys.values() if len(key.fields) == 1}
    unique = {n for n, f in entity.fields.items() if f.unique} | keys
    return [f for f in found if f is not None and fits_a_cell(f.kind) and f.name not in unique]


# --- what is asked for ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records, and what shall become of them; `value` in the form of the API, `shown` as controls show it."""

    action: str
    ids: tuple[UUID, ...]
    field: str = ""
    value: Any = None
    shown: Any = None

    @property
    def digest(self) -> str:
        """Equal for the same records and the same change."""
        said = [self.action, sorted(map(str, self.ids)), self.field, self.value]
        return blake2b(orjson.dumps(said), digest_size=12).hexdigest()

    def request(self, entity: str) -> BulkRequest:
        """The change as the engine takes it."""
        return BulkRequest(entity, self.ids, {} if self.action == DELETE else {self.field: self.value})


def choose(visit: Visit, entity: str) -> Response:
    """`GET /r/<entity>/bulk?action=`: what is to be said before it can be tried: a person, a field and its value."""
    action = _action(visit.arg("action"))
    found = visit.entity_to(OPERATIONS[action], entity)
    return part(visit, "_bulk.html", bulk=_form(visit, found, action, visit.arg("field")))


def _action(name: str) -> str:
    if name not in OPERATIONS:
        raise Invalid(
            Problem("R105", f"There is no action {name!r}.", f"Give one of {', '.join(OPERATIONS)}.")
        )
    return name


def _form(
    visit: Visit, entity: Entity, action: str, name: str, said: str = "", value: Any = None
) -> BulkForm:
    fields = _settable(visit, entity) if action == SET else []
    name = name if any(f.name == name for f in fields) else ""
    slot = _slot(visit, entity, OWNER if action == ASSIGN else name)
    t = visit.ui.t
    title = {ASSIGN: t("Assign {plural}", plural=visit.plural_amid(entity)), SET: t("Set a field")}
    return BulkForm(
        title=title.get(action, t("Delete")),
        action=action,
        href=f"/r/{entity.name}/bulk",
        fields=tuple(Option(f.name, f.label) for f in fields),
        chosen=name,
        field=replace(_offered(visit, entity, slot), help="", required=False, error=said, value=value)
        if slot
        else None,
        submit=t("See what changes"),
        notes=tuple(_notes(visit, entity, slot.name)) if slot and action == SET else (),
    )


def _notes(visit: Visit, entity: Entity, name: str) -> Iterator[str]:
    """What this form cannot know: that depends on each of the records."""
    thing = entity.fields.get(name) or entity.relationships[name]
    conditions = [thing.visible_when, thing.readonly_when, *_options_when(thing).values()]
    needs = record_names(thing.filter) if isinstance(thing, Relationship) and thing.filter else ()
    if needs or any(c is not None and not is_same_for_all(c) for c in conditions):
        yield visit.ui.t(
            "Whether this value fits depends on each record; the next step tells where it does not."
        )
    if decides(visit, entity, name):
        yield visit.ui.t(
            "Other values follow from it; the next step tells where one is needed or does not fit."
        )


def _options_when(thing: ModelField | Relationship) -> Mapping[str, Expression]:
    return thing.options_when if isinstance(thing, ModelField) else {}


def is_same_for_all(condition: Expression) -> bool:
    """Whether the condition reads nothing of a record, and so holds for all of them or for none."""
    return is_local(condition) and not names_read(condition)


def _offered(visit: Visit, entity: Entity, slot: Slot) -> Field:
    """The control without the options that no record may have now."""
    when, scene = (
        _options_when(entity.fields[slot.name]) if slot.name in entity.fields else {},
        scene_of(visit, entity, {}),
    )
    closed = {key for key, c in when.items() if is_same_for_all(c) and judged(scene, c) is False}
    return replace(slot.field, options=tuple(o for o in slot.field.options if o.value not in closed))


def _slot(visit: Visit, entity: Entity, name: str) -> Slot | None:
    return value_slot(visit, entity, name) if name else None


# --- tried and done -------------------------------------------------------------------------------------


def change(visit: Visit, entity: str) -> Response:
    """`POST /r/<entity>/bulk`: what would come of it; with the digest of that as `confirm`, it is done.

    The answer to what was done is empty, with `X-Undo`; above two hundred records it leads to a job.
    """
    action = _action(visit.form.get("action", ""))
    found = visit.entity_to(OPERATIONS[action], entity)
    try:
        asked = _asked(visit, found, action)
    except (Invalid, TooLarge) as error:
        return _asked_again(visit, found, action, error)
    if visit.form.get("confirm", "") == asked.digest:
        return _done(visit, found, asked)
    return _tried(visit, found, asked)


def _asked_again(visit: Visit, entity: Entity, action: str, error: XrmError) -> Response:
    if action == DELETE:
        return sentence(error)
    said = " ".join(whole_text(p) for p in error.problems)
    form = _form(visit, entity, action, visit.form.get("field", ""), said)
    return part(visit, "_bulk.html", 422, bulk=form)


def _asked(visit: Visit, entity: Entity, action: str) -> Asked:
    ids = _all_ids(visit, entity) if visit.form.get("all") else given_ids(visit)
    if not ids:
        raise Invalid(Problem("R130", visit.ui.t("Nothing is selected.")))
    if action == DELETE:
        return Asked(action, ids)
    name = OWNER if action == ASSIGN else visit.form.get("field", "")
    slot = _slot(visit, entity, name)
    is_offered = action == ASSIGN or name in {f.name for f in _settable(visit, entity)}
    if slot is None or not is_offered:
        raise Invalid(Problem("R105", visit.ui.t("Choose a field.")))
    unknown: dict[str, str] = {}
    value = read_one(visit, entity.name, slot, name, visit.form, unknown)
    if unknown:
        raise Invalid(Problem("R133", unknown[name]))
    shown = None if value is ABSENT else value
    if action == ASSIGN and not shown:
        raise Invalid(Problem("R130", visit.ui.t("Choose who looks after them.")))
    _refuse_unreadable(slot, shown)
    return Asked(action, ids, name, sent_value(shown), titled(visit, slot, shown))


def _refuse_unreadable(slot: Slot, value: Any) -> None:
    """The value is one of its field's; what is none would be refused for every record, and no job could keep it."""
    if value is None or slot.type is None or slot.params is None:
        return
    try:
        read_value(slot.type, sent_value(value), slot.params)
    except BadValue as error:
        raise Invalid(error.problem) from None


def _all_ids(visit: Visit, entity: Entity) -> tuple[UUID, ...]:
    """Every record that the list of this address shows, page by page."""
    there = replace(visit, args=parse_qs(visit.form.get("list", ""), keep_blank_values=True))
    first = query_of(there, look_at(there, entity), columns_of(there, entity, ("title",)))
    most = visit.runtime.settings.limits.bulk_records
    found: list[UUID] = []
    for rows in _pages(there, replace(first, fields=(("title",),), limit=PAGE, count=Count.NONE, cursor="")):
        found += [UUID(str(row["id"])) for row in rows]
        if len(found) > most:
            raise too_many(visit)
    return tuple(found)


def _pages(visit: Visit, query: Query) -> Iterator[Sequence[Mapping[str, Any]]]:
    while True:
        page = visit.queries.list(visit.actor, query)
        yield page.data
        if not page.next:
            return
        query = replace(query, cursor=page.next)


def _tried(visit: Visit, entity: Entity, asked: Asked) -> Response:
    """What would come of it: so many change, and so many are refused, with reasons."""
    first = replace(asked, ids=asked.ids[:AT_ONCE])
    outcome = visit.records.trial(visit.actor, first.request(entity.name).commands)
    changing = sum(result.outcome != "unchanged" for result in outcome.results)
    same = len(outcome.results) - changing
    rest = len(asked.ids) - len(first.ids)
    t, slot = visit.ui.t, _slot(visit, entity, asked.field)
    preview = BulkPreview(
        title=_said(visit, asked.action, changing + rest),
        href=f"/r/{entity.name}/bulk",
        field=replace(slot.field, value=asked.shown) if slot else None,
        same=t("{count} are so already.", count=same) if same else "",
        others=_gone_along(visit, outcome) if asked.action == DELETE else "",
        untried=t("Only the first {count} were tried; the others follow as a job.", count=AT_ONCE)
        if rest
        else "",
        refusals=tuple(_refusals(visit, entity, first.ids, outcome)),
        submit=_submit(visit, asked.action, changing + rest) if changing + rest else "",
        confirm=asked.digest,
        is_danger=asked.action == DELETE,
    )
    return part(visit, "_bulk_preview.html", preview=preview)


def _said(visit: Visit, action: str, count: int) -> str:
    t = visit.ui.t
    if not count:
        return t("Nothing would change")
    if action == DELETE:
        return t("{count} records would move to the trash", count=count)
    return t("{count} records would change", count=count)


def _submit(visit: Visit, action: str, count: int) -> str:
    if action == DELETE:
        return visit.ui.t("Move {count} records to the trash", count=count)
    return visit.ui.t("Change {count} records", count=count)


def _gone_along(visit: Visit, outcome: Outcome) -> str:
    """How many others would go, of those that this person may read."""
    asked = {(result.entity, result.id) for result in outcome.results}
    gone = {(c.entity, c.record) for c in outcome.changes if c.operation == "delete"}
    others = len(visit.queries.titles(visit.actor, list(gone - asked)))
    return visit.ui.t("{count} other records go along.", count=others) if others else ""


def _refusals(visit: Visit, entity: Entity, ids: Sequence[UUID], outcome: Outcome) -> Iterator[BulkRefusal]:
    """Each reason with how many records it is about, and some of their names."""
    reasons: dict[str, list[UUID]] = {}
    for position, problems in outcome.refused.items():
        said = " ".join(dict.fromkeys(whole_text(p) for p in problems))
        reasons.setdefault(said, []).append(ids[position])
    told = sorted(reasons.items(), key=lambda pair: -len(pair[1]))[:MOST_REASONS]
    titles = _titles(visit, entity, tuple(id_ for _, some in told for id_ in some))
    for said, some in told:
        links = [
            Link(titles[str(i)] or visit.ui.t("Untitled"), f"/r/{entity.name}/{i}")
            for i in some
            if str(i) in titles
        ]
        shown, more = tuple(links[:MOST_NAMED]), tuple(links[MOST_NAMED:])
        yield BulkRefusal(visit.ui.t("{count} records", count=len(some)), said, shown, more)


def _titles(visit: Visit, entity: Entity, ids: tuple[UUID, ...]) -> dict[str, str]:
    if not ids:
        return {}
    query = Query(entity.name, fields=(("title",),), ids=ids, limit=len(ids))
    return {str(r["id"]): str(r["title"] or "") for r in visit.queries.list(visit.actor, query).data}


def _done(visit: Visit, entity: Entity, asked: Asked) -> Response:
    """All that can be changed is changed, as one act that can be taken back; very many by a job."""
    request = asked.request(entity.name)
    if len(asked.ids) > AT_ONCE:
        job = visit.runtime.transfer.start_bulk(visit.actor, request)
        return Response(
            status=200, headers={"X-Go": f"/r/{entity.name}/jobs/{job.id}"}, mimetype="text/plain"
        )
    outcome = visit.records.execute(visit.actor, request.commands, mode="good_rows")
    count = sum(result.outcome != "unchanged" for result in outcome.results)
    t = visit.ui.t
    said = (
        t("{count} moved to the trash", count=count)
        if asked.action == DELETE
        else t("{count} changed", count=count)
    )
    made = part(visit, "_undone.html", results=outcome.results)
    made.headers["X-Undo"] = visit.records.place_of(outcome) if is_kept(entity, asked.field) else ""
    made.headers["X-Said"] = quote(said)
    return made
