"""What a posted form means: values, rows, and what the person changed since the form was shown.

A form carries a short digest of every value that it showed. What is posted with another digest was changed
here; what is stored with another digest was changed elsewhere meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeGuard

import orjson

from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.values import fold
from xrm.ui.fields.parsing import ABSENT, FormData, RowInput, parse_form, parse_rows
from xrm.ui.pages.files import keep_uploads
from xrm.ui.pages.layout import TO, Layout, Slot
from xrm.ui.pages.lookups import choices, values_for
from xrm.ui.pages.visit import Visit, version_in

WAS, VERSION, KEEP, THEIRS, MINE = "was", "version", "keep.", "theirs", "mine"
_DIGEST = 6

Digests = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PostedRow:
    """A row of a grid as it was posted, with what of it was changed."""

    input: RowInput
    values: Mapping[str, Any]
    changed: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A posted form: values by name, rows by grid, typed titles that named no record, and digests as shown."""

    values: Mapping[str, Any]
    rows: Mapping[str, tuple[PostedRow, ...]]
    unknown: Mapping[str, str]
    was: Digests
    version: int | None
    titles: Mapping[str, str] = field(default_factory=dict)

    def changed(self, slots: Iterable[Slot], current: Digests) -> tuple[str, ...]:
        """The names whose posted value is not the one that the form showed."""
        shown = self.was or current
        return tuple(
            s.name
            for s in slots
            if s.name in self.values and digest(s, self.values[s.name]) != shown.get(s.name)
        )


def read_post(visit: Visit, layout: Layout, entity: str) -> Post:
    """The form of this request, read by its layout; files that came with it are kept."""
    values: dict[str, Any] = {}
    rows: dict[str, tuple[PostedRow, ...]] = {}
    unknown: dict[str, str] = {}
    titles: dict[str, str] = {}
    was = _read_digests(visit.form.get(WAS, ""))
    for slot in layout.open:
        if slot.is_grid:
            rows[slot.name] = _read_rows(visit, slot, was.get(slot.name) or {}, unknown)
            continue
        value = read_one(visit, entity, slot, slot.name, visit.form, unknown)
        if value is not ABSENT:
            values[slot.name] = value
        if slot.field.kind == "lookup":
            titles[slot.name] = visit.form.get(f"{slot.name}.text", "")
    version = visit.form.get(VERSION, "")
    return Post(values, rows, unknown, was, version_in(version), titles)


def read_one(
    visit: Visit, entity: str, slot: Slot, name: str, form: FormData, unknown: dict[str, str]
) -> Any:
    """The JSON value of one control; a typed title becomes the one record that has it."""
    value = parse_form(slot.field.kind, name, form, visit.ui)
    if slot.field.kind in ("file", "image"):
        return _with_uploads(visit, slot, name, value)
    if slot.field.kind == "lookup" and is_untitled(value):
        held = values_for(visit, visit.model.entities[entity], slot.name, form)
        found = _by_title(visit, entity, slot, str(value["text"]), held)
        if isinstance(found, str):
            unknown[name] = found
            return value
        return found
    return value


def is_untitled(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value of a lookup is a text that has named no record."""
    return isinstance(value, Mapping) and "text" in value


def _with_uploads(visit: Visit, slot: Slot, name: str, value: Any) -> Any:
    added = keep_uploads(visit, name)
    kept = [] if value in (ABSENT, None) else list(value)
    if slot.field.many:
        return [*kept, *added] or None if (added or value is not ABSENT) else ABSENT
    return added[-1] if added else ABSENT if value is ABSENT else (kept[-1] if kept else None)


def _by_title(visit: Visit, entity: str, slot: Slot, text: str, held: Mapping[str, Any]) -> Any:
    """The one record with this title as a reference, or a sentence that says why there is none."""
    name = slot.relationship.name if slot.relationship else slot.name
    source = slot.relationship.entity if slot.relationship else entity
    found = choices(visit, source, name, text, values=held)
    same = [r for r in found if fold(str(r["title"] or "")) == fold(text)]
    if len(same) == 1:
        return {"entity": same[0]["entity"], "id": same[0]["id"], "title": same[0]["title"]}
    if same:
        return visit.ui.t("Several records are called “{text}”. Choose one from the list.", text=text)
    return visit.ui.t("No record is called “{text}”. Choose one from the list.", text=text)


# --- rows -------------------------------------------------------------------------------------------


def _read_rows(
    visit: Visit, slot: Slot, was: Mapping[str, str], unknown: dict[str, str]
) -> tuple[PostedRow, ...]:
    if slot.relationship is None:
        raise AssertionError("rows are of a relationship")
    child = slot.relationship.of[0] if slot.relationship.of else slot.relationship.entity
    kinds = {c.name: c.field.kind for c in slot.columns}
    found = []
    for row in parse_rows(slot.name, kinds, visit.form, visit.ui):
        values = {
            c.name: _cell(visit, child, slot, c, row, unknown) for c in slot.columns if c.name in row.values
        }
        is_changed = row.removed or not row.id or row_digest(slot, values) != was.get(row.id)
        found.append(PostedRow(row, values, is_changed))
    return tuple(found)


def _cell(visit: Visit, child: str, grid: Slot, column: Slot, row: RowInput, unknown: dict[str, str]) -> Any:
    value = row.values[column.name]
    if column.field.kind != "lookup" or row.removed or not is_untitled(value):
        return value
    found = _by_title(visit, child, column, str(value["text"]), row.values)
    if isinstance(found, str):
        unknown[f"{grid.name}.{row.index}.{column.name}"] = found
        return value
    return found


def nested_rows(slot: Slot, rows: Sequence[PostedRow]) -> tuple[dict[str, list[Any]], dict[str, list[int]]]:
    """The nested write of the changed rows, and for each verb the numbers of its rows in the form."""
    write: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    index: dict[str, list[int]] = {"create": [], "update": [], "delete": []}
    for row in rows:
        if not row.changed:
            continue
        verb = "delete" if row.input.removed else "update" if row.input.id else "create"
        index[verb].append(row.input.index)
        values = {n: sent_value(v) for n, v in row.values.items()}
        if verb == "delete":
            write[verb].append(row.input.id)
        elif verb == "update":
            write[verb].append({"id": row.input.id, **{n: v for n, v in values.items() if n != TO}})
        else:
            write[verb].append({n: v for n, v in values.items() if v is not None})
    return write, index


def sent_values(post: Post, names: Iterable[str]) -> dict[str, Any]:
    """The values of these names as the record service takes them."""
    return {name: sent_value(post.values[name]) for name in names}


def sent_value(value: Any) -> Any:
    """The value as the record service takes it: a reference without the title that came with it."""
    if isinstance(value, Mapping) and "id" in value and "entity" in value:
        return {"id": value["id"], "entity": value["entity"]}
    return value


def shown_value(value: Any) -> str:
    """A stored value as the hidden input of a form holds it, for lookups whose offers depend on it."""
    if isinstance(value, Mapping) and "id" in value:
        return f"{value['entity']}/{value['id']}" if value.get("entity") else str(value["id"])
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


# --- digests ----------------------------------------------------------------------------------------


def digests_of(
    layout: Layout, record: Mapping[str, Any], rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """The digest of every value and row that a form of this record shows."""
    found: dict[str, Any] = {}
    for slot in layout.open:
        if slot.is_grid:
            found[slot.name] = {str(r["id"]): row_digest(slot, r) for r in rows.get(slot.name, ())}
        else:
            found[slot.name] = digest(slot, record.get(slot.name))
    return found


def written_digests(found: Digests) -> str:
    """The digests as a form carries them."""
    return orjson.dumps(found).decode()


def _read_digests(text: str) -> Digests:
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def digest(slot: Slot, value: Any) -> str:
    """A short digest of a value, equal for equal values however they are written."""
    return _hash(canonical(slot, value))


def row_digest(slot: Slot, values: Mapping[str, Any]) -> str:
    """A short digest of a row."""
    return _hash([canonical(c, values.get(c.name)) for c in slot.columns if c.name != TO])


def canonical(slot: Slot, value: Any) -> Any:
    """The value in its one JSON form; what cannot be read stays as it was typed."""
    if slot.field.kind == "lookup":
        if is_untitled(value):
            return value  # another than any stored one, the empty one too
        found = value.get("id") if isinstance(value, Mapping) else value
        return str(found) if found else None
    if slot.field.kind in ("file", "image"):
        items = value if isinstance(value, list | tuple) else [value] if value else []
        return sorted(str(i["id"] if isinstance(i, Mapping) else i) for i in items)
    if slot.type is None or slot.params is None or slot.field.kind == "secret":
        return None
    try:
        return write_value(slot.type, read_value(slot.type, value, slot.params), slot.params)
    except BadValue:
        return value


def _hash(value: Any) -> str:
    # Not orjson: what was typed may be a number of any length.
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=_DIGEST).hexdigest()
