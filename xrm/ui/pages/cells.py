"""One value of a record, edited where it is read: its control, and what became of it.

A list, a record and a peek use the same two calls. The control carries the version and a digest of the value
that it shows; only a change of this very value by somebody else is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response

from xrm.engine.commands import Target, Update
from xrm.engine.records.permitted import Permitted
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Problem, Stale, TooLarge, XrmError
from xrm.metadata.model import HOLDERS, STATE, Entity
from xrm.ui.editing import CellClash, CellEditor
from xrm.ui.fields import Use, suits
from xrm.ui.fields.parsing import ABSENT
from xrm.ui.fields.view import Field
from xrm.ui.pages.ahead import Change, ahead_of, decides, needed_then
from xrm.ui.pages.answers import part
from xrm.ui.pages.digests import digest
from xrm.ui.pages.layout import Ask, Slot, layout_of, single_slot, slot_of, takes_input
from xrm.ui.pages.lookups import asking
from xrm.ui.pages.posting import WAS, read_one, sent_value, shown_value
from xrm.ui.pages.refusals import status_of, whole_text
from xrm.ui.pages.visit import Visit, record_id, version_in

ATTEMPTS = 3
RECENT = 30
FACES = ("cell", "read")
NOT_ALONE = frozenset(("rows", "file", "image", "json", "secret", "expression", "readonly"))


# --- what can be edited ---------------------------------------------------------------------------------


def editable(
    visit: Visit, entity: Entity, record: Mapping[str, Any], allowed: Permitted
) -> Callable[[Field], Field]:
    """What gives a field of this record the address at which this person edits it alone, if they do."""
    lock = entity.lifecycle.lock(record.get(STATE)) if entity.lifecycle else None
    if not allowed.may("update") or entity.append_only or record.get("deleted_at") or lock:
        return lambda field: field
    ask = Ask(entity, record, allowed.writable, is_new=False)
    on_form = {slot.name: slot for slot in layout_of(visit, ask).slots}

    def with_address(field: Field) -> Field:
        slot = on_form.get(field.name) or single_slot(visit, ask, field.name)
        is_open = slot is not None and slot.is_open and field.kind not in NOT_ALONE
        if not is_open or (field.name in HOLDERS and not allowed.may("assign")):
            return field
        return replace(field, edit=f"/r/{entity.name}/{record['id']}/field/{field.name}")

    return with_address


def fits_a_cell(kind: str) -> bool:
    """Whether values of this kind are entered in little room."""
    return kind not in NOT_ALONE and suits(kind, Use.CELL)


def is_edited_in_lists(visit: Visit, entity: Entity, field: Field) -> bool:
    """Whether this person edits the column on some records of the list; each record has the last word."""
    name = field.name
    if entity.is_engine or entity.append_only or not fits_a_cell(field.kind) or not takes_input(entity, name):
        return False
    if name in HOLDERS:
        return entity.is_owned and visit.can("assign", entity.name)
    return name in visit.rights(entity.name).names("update")


def _slot(
    visit: Visit, entity: Entity, record: Mapping[str, Any], allowed: Permitted, name: str
) -> Slot | None:
    """The value as the form has it, with its conditions; what is on no form as it comes."""
    ask = Ask(entity, record, allowed.writable, is_new=False)
    on_form = next((s for s in layout_of(visit, ask).slots if s.name == name), None)
    return on_form or single_slot(visit, ask, name)


_Opened = tuple[Mapping[str, Any], Permitted, Slot]

# --- the control ----------------------------------------------------------------------------------------


def edit(visit: Visit, entity: str, record: str, field: str) -> Response:
    """`GET /r/<entity>/<id>/field/<field>`: the control of one value; 403 in a sentence where it is closed."""
    found, id_ = visit.entity(entity), record_id(record)
    try:
        shown, _, slot = _opened(visit, found, id_, field)
    except (Forbidden, Conflict) as error:
        return sentence(error)
    return part(visit, "_editor.html", editor=_editor(visit, found, shown, slot))


def _opened(visit: Visit, entity: Entity, id_: UUID, name: str) -> _Opened:
    """The record, what this person may do with it, and the value as they may change it now.

    Raises NotFound, Forbidden or Conflict.
    """
    record = visit.queries.get(visit.actor, entity.name, id_)
    allowed = visit.records.permitted(visit.actor, entity.name, id_)
    slot = _slot(visit, entity, record, allowed, name)
    if slot is None and slot_of(visit, Ask(entity, record, allowed.writable, is_new=False), name) is not None:
        raise Forbidden(Problem("R154", visit.ui.t("It has no place here, as the other values are.")))
    if slot is None or slot.is_grid or slot.field.kind in NOT_ALONE:
        raise NotFound(Problem("R104", "There is no such field for you."))
    if record.get("deleted_at"):
        raise Conflict(
            Problem("R144", visit.ui.t("This record is in the trash."), visit.ui.t("Restore it first."))
        )
    if not allowed.may("update") or not slot.is_open:
        raise Forbidden(Problem("A102", slot.field.reason or visit.ui.t("Your roles let you read it only.")))
    return record, allowed, slot


def _editor(visit: Visit, entity: Entity, record: Mapping[str, Any], slot: Slot) -> CellEditor:
    value = record.get(slot.name)
    field = asking(replace(slot.field, value=value, help="", autofocus=True), str(record["id"]), record)
    needs = field.lookup.needs if field.lookup else ()
    known = tuple((n, shown_value(record.get(n))) for n in needs if n != slot.name and n in record)
    return CellEditor(
        field=field,
        action=f"/r/{entity.name}/{record['id']}/field/{slot.name}",
        version=int(record["version"]),
        was=digest(slot, value),
        known=known,
        ahead=f"/r/{entity.name}/{record['id']}/ahead/{slot.name}"
        if decides(visit, entity, slot.name)
        else "",
    )


def ahead(visit: Visit, entity: str, record: str, field: str) -> Response:
    """`POST /r/<entity>/<id>/ahead/<field>`: what follows from the value before it is saved; nothing is written."""
    found, id_ = visit.entity(entity), record_id(record)
    try:
        shown, allowed, slot = _opened(visit, found, id_, field)
        value = _value(visit, found, slot)
    except (Forbidden, Conflict, Invalid) as error:
        return sentence(error)
    told = ahead_of(visit, Change(found, shown, allowed.writable, slot.name, value))
    fields = tuple(asking(f, str(shown["id"]), shown) for f in told.fields)
    return part(visit, "_ahead.html", ahead=replace(told, fields=fields))


def _value(visit: Visit, entity: Entity, slot: Slot) -> Any:
    """What was entered; raises Invalid for what cannot be read."""
    unknown: dict[str, str] = {}
    value = read_one(visit, entity.name, slot, slot.name, visit.form, unknown)
    if unknown:
        raise Invalid(Problem("R133", unknown[slot.name]))
    if value is ABSENT:
        raise Invalid(Problem("R130", visit.ui.t("No value came with this.")))
    return value


def _beside(visit: Visit, entity: Entity, change: Change) -> dict[str, Any]:
    """What was entered beside the value because it is needed then."""
    names = {n.partition(".")[0] for n in visit.form} - {change.name}
    needed = (slot for slot in needed_then(visit, change) if slot.name in names) if names else ()
    found = ((slot.name, _value(visit, entity, slot)) for slot in needed)
    return {name: sent_value(value) for name, value in found if value not in (None, "")}


# --- saving ---------------------------------------------------------------------------------------------


def save(visit: Visit, entity: str, record: str, field: str) -> Response:
    """`POST /r/<entity>/<id>/field/<field>`: the value as it is read now, with version and undo in the headers.

    422 and 403 say in a sentence what is wrong; 412 shows what somebody else has made of it meanwhile.
    """
    found, id_ = visit.entity(entity), record_id(record)
    for _ in range(ATTEMPTS):
        try:
            return _saved(visit, found, id_, field)
        except Stale:
            continue
        except (Invalid, Conflict, Forbidden, TooLarge) as error:
            return sentence(error)
    return sentence(
        Stale(Problem("R112", visit.ui.t("The record changes too fast."), visit.ui.t("Save again.")))
    )


def _saved(visit: Visit, entity: Entity, id_: UUID, name: str) -> Response:
    record, allowed, slot = _opened(visit, entity, id_, name)
    value = _value(visit, entity, slot)
    if _is_overtaken(visit, record, slot, value):
        return _clash(visit, entity, record, slot, value)
    if digest(slot, value) == digest(slot, record.get(name)):
        return _read_again(visit, entity, id_, slot)
    beside = _beside(visit, entity, Change(entity, record, allowed.writable, name, value))
    values = {name: sent_value(value), **beside}
    command = Update(entity.name, Target(id_), values, int(record["version"]))
    outcome = visit.records.do(visit.actor, command)
    made = _read_again(visit, entity, id_, slot)
    made.headers["X-Undo"] = (
        visit.records.place_of(outcome) if all(is_kept(entity, n) for n in values) else ""
    )
    made.headers["X-Said"] = quote(visit.ui.t("{field} changed", field=slot.field.label))
    return made


def is_kept(entity: Entity, name: str) -> bool:
    """Whether history keeps what was there before, so that a change of it can be taken back."""
    field = entity.fields.get(name)
    return field is None or field.track


def _is_overtaken(visit: Visit, record: Mapping[str, Any], slot: Slot, value: Any) -> bool:
    """Whether somebody has changed this very value since it was shown, to another one than this."""
    version, was = version_in(visit.form.get("version", "")), visit.form.get(WAS, "")
    if version is None or version == record["version"]:
        return False
    now = digest(slot, record.get(slot.name))
    return now not in (was, digest(slot, value))


def _clash(visit: Visit, entity: Entity, record: Mapping[str, Any], slot: Slot, value: Any) -> Response:
    who = _who(visit, entity, UUID(str(record["id"])), slot.name)
    mine = titled(visit, slot, value)
    clash = CellClash(slot.field, who, record.get(slot.name), mine, int(record["version"]))
    was = digest(slot, record.get(slot.name))
    return part(visit, "_clash.html", 412, clash=clash, was=was)


def titled(visit: Visit, slot: Slot, value: Any) -> Any:
    """The value as controls show it: a record that was chosen by the title that was typed for it."""
    if slot.field.kind == "lookup" and value:
        return {"title": visit.form.get(f"{slot.name}.text", "")}
    return value


def _who(visit: Visit, entity: Entity, id_: UUID, name: str) -> str:
    """Who changed this value last, as far as this person may know."""
    page = visit.queries.history(visit.actor, entity.name, id_, limit=RECENT)
    found = next((row for row in page.data if name in row["changes"]), None)
    return str(((found or {}).get("actor") or {}).get("title") or visit.ui.t("Somebody"))


def _read_again(visit: Visit, entity: Entity, id_: UUID, slot: Slot) -> Response:
    """The value as it is stored now, in the face that was asked for."""
    record = visit.queries.get(visit.actor, entity.name, id_)
    face = visit.arg("face") if visit.arg("face") in FACES else "read"
    made = part(visit, "_value.html", face_name=face, field=slot.field, value=record.get(slot.name))
    made.headers["X-Version"] = str(record["version"])
    return made


def sentence(error: XrmError) -> Response:
    """A refusal in one line of text."""
    status = 404 if isinstance(error, NotFound) else status_of(error)
    said = dict.fromkeys(whole_text(p) for p in error.problems)
    return Response(" ".join(said), status, mimetype="text/plain")
