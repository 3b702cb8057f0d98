"""What a posted form means: values, rows, and what the person changed since the form was shown.

A form carries a short digest of every value that it showed. What is posted with another digest was changed
here; what is stored with another digest was changed elsewhere meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xrm.metadata.values import fold
from xrm.ui.fields.parsing import ABSENT, FormData, RowInput, parse_form, parse_rows
from xrm.ui.pages.digests import Digests, cell_digests, digest, is_untitled, read_digests
from xrm.ui.pages.files import keep_uploads
from xrm.ui.pages.layout import TO, Layout, Slot
from xrm.ui.pages.lookups import choices, values_for
from xrm.ui.pages.visit import Visit, version_in

WAS, VERSION, KEEP, THEIRS, MINE = "was", "version", "keep.", "theirs", "mine"


@dataclass(frozen=True, slots=True)
class PostedRow:
    """A row of a grid as it was posted, with the names of those of its cells that were changed."""

    input: RowInput
    values: Mapping[str, Any]
    changed: tuple[str, ...]

    @property
    def is_touched(self) -> bool:
        """Whether it was added, removed or changed."""
        return self.input.removed or not self.input.id or bool(self.changed)


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
        """The names whose posted value is not the one that the form showed; of secrets it shows none."""
        shown = self.was or current
        posted = (s for s in slots if s.name in self.values)
        return tuple(
            s.name
            for s in posted
            if s.field.kind == "secret" or digest(s, self.values[s.name]) != shown.get(s.name)
        )


def read_post(visit: Visit, layout: Layout, entity: str) -> Post:
    """The form of this request, read by its layout; files that came with it are kept."""
    values: dict[str, Any] = {}
    rows: dict[str, tuple[PostedRow, ...]] = {}
    unknown: dict[str, str] = {}
    titles: dict[str, str] = {}
    was = read_digests(visit.form.get(WAS, ""), layout)
    for slot in layout.open:
        if slot.is_grid:
            rows[slot.name] = _read_rows(visit, slot, was.get(slot.name, {}), unknown)
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


def settled(post: Post, form: FormData) -> Post:
    """The post without that in which the person gave way: of a value, of a cell, or of a whole row."""

    def is_given(name: str) -> bool:
        return THEIRS in form.getlist(KEEP + name)

    values = {name: value for name, value in post.values.items() if not is_given(name)}
    rows = {
        grid: tuple(
            _settled_row(grid, row, is_given)
            for row in posted
            if row.input.id or not is_given(f"{grid}.{row.input.index}")
        )
        for grid, posted in post.rows.items()
    }
    return replace(post, values=values, rows=rows)


def _settled_row(grid: str, row: PostedRow, is_given: Callable[[str], bool]) -> PostedRow:
    """The row as the other left it, where the person gave way; a new one has nothing to give."""
    if not row.input.id:
        return row
    name = f"{grid}.{row.input.index}"
    if is_given(name):
        return PostedRow(replace(row.input, removed=False), {}, ())
    kept = {n: v for n, v in row.values.items() if not is_given(f"{name}.{n}")}
    return PostedRow(row.input, kept, tuple(n for n in row.changed if n in kept))


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
        found.append(PostedRow(row, values, _changed_cells(slot, values, was.get(row.id))))
    return tuple(found)


def _changed_cells(slot: Slot, values: Mapping[str, Any], shown: object) -> tuple[str, ...]:
    was = cell_digests(slot, shown)
    cells = (c for c in slot.columns if c.name in values and c.name != TO)
    return tuple(c.name for c in cells if digest(c, values[c.name]) != was.get(c.name))


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
    """The nested write of what was changed in rows, and for each verb the numbers of its rows in the form."""
    write: dict[str, list[Any]] = {"create": [], "update": [], "delete": []}
    index: dict[str, list[int]] = {"create": [], "update": [], "delete": []}
    for row in rows:
        if not row.is_touched:
            continue
        verb = "delete" if row.input.removed else "update" if row.input.id else "create"
        index[verb].append(row.input.index)
        values = {n: sent_value(v) for n, v in row.values.items()}
        if verb == "delete":
            write[verb].append(row.input.id)
        elif verb == "update":
            write[verb].append({"id": row.input.id, **{n: values[n] for n in row.changed}})
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
