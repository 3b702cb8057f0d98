"""Forms: a new record and a stored one, shown, posted, and shown again with what stood in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Response
from werkzeug.datastructures import MultiDict

from xrm.engine.commands import Create, Outcome, Target, Update
from xrm.engine.records.duplicates import ACCEPT
from xrm.errors import Conflict, Forbidden, Invalid, Problem, Stale, TooLarge, XrmError
from xrm.metadata.model import HOLDERS, Entity
from xrm.ui.fields.parsing import ABSENT, parse_form
from xrm.ui.fields.view import Children, ChildRow, Field, children_of
from xrm.ui.models import ClashRow, FormPage, Link, Section
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.conditions import defaults
from xrm.ui.pages.crumbs import to_record, to_records
from xrm.ui.pages.digests import is_untitled, written_digests
from xrm.ui.pages.files import naming
from xrm.ui.pages.layout import MAIN, TO, Ask, Layout, Slot, begins_elsewhere, layout_of
from xrm.ui.pages.live import live_form, previews
from xrm.ui.pages.lookups import asking
from xrm.ui.pages.merging import (
    Stored,
    changed_note,
    clashes_of,
    is_older,
    load_stored,
    merged_note,
    onto,
)  # fmt: skip
from xrm.ui.pages.posting import (
    VERSION,
    WAS,
    Post,
    PostedRow,
    nested_rows,
    read_post,
    sent_values,
    settled,
)  # fmt: skip
from xrm.ui.pages.refusals import (
    RowNumbers,
    Said,
    marked,
    said_of,
    status_of,
    summary,
    twins_of,
    with_untitled,
)
from xrm.ui.pages.resuming import draft_in
from xrm.ui.pages.titles import with_title
from xrm.ui.pages.visit import Visit, record_id

ATTEMPTS = 3
SHOWN, GONE, STALE = 200, 409, 412
THEN, NEXT = "then", "next"
REFUSALS = (Invalid, Conflict, Forbidden, TooLarge)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Refused:
    """What a refused post leaves behind: the post, and every problem at its control."""

    post: Post
    said: tuple[Said, ...]
    status: int
    clashes: tuple[ClashRow, ...] = ()
    merged: str = ""
    twins: tuple[Link, ...] = ()
    is_warned: bool = False


def _with_twins(visit: Visit, refused: Refused, error: XrmError) -> Refused:
    """The refusal with links to the records that it is about; only a warning can be passed."""
    links, is_warned = twins_of(error)
    return replace(refused, twins=links, is_warned=is_warned)


def accepts(visit: Visit) -> bool:
    """Whether the form says that duplicates are accepted."""
    return visit.form.get("duplicates") == ACCEPT


# --- new --------------------------------------------------------------------------------------------


def new(visit: Visit, entity: str) -> Response:
    """`GET, POST /r/<entity>/new`: a form with defaults and what the address prefills; then the record."""
    found = visit.entity_to("create", entity)
    begun = {**defaults(visit, found), **_prefilled(visit, found)}
    if not visit.is_post:
        return _shown_new(visit, found, begun, begun)
    post = read_post(visit, _new_layout(visit, found, begun, everything=True), entity)
    typed = {**begun, **post.values}
    if visit.is_again:
        return _shown_new(visit, found, typed, begun, Refused(post, (), SHOWN))
    again = _new_layout(visit, found, typed)
    values, numbers = _written(again, post, _shown_of(again, post.values))
    values = _without_begun(found, values)
    try:
        outcome = visit.records.do(visit.actor, Create(entity, values, accept_duplicates=accepts(visit)))
    except REFUSALS as error:
        said = _all_said(post, values, error, numbers, again)
        refused = _with_twins(visit, Refused(post, said, status_of(error)), error)
        return _shown_new(visit, found, typed, begun, refused)
    return _after(visit, found, outcome)


def _without_begun(entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
    """The values without the empty ones that other records tell."""
    things: Mapping[str, Any] = {**entity.fields, **entity.relationships}
    return {
        n: v for n, v in values.items() if v is not None or n not in things or not begins_elsewhere(things[n])
    }


def _shown_of(layout: Layout, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that the form shows: what is hidden for these values is not written."""
    shown = _names(layout)
    return tuple(n for n in names if n in shown)


def _new_layout(visit: Visit, entity: Entity, values: Mapping[str, Any], everything: bool = False) -> Layout:
    """The form for these values: what they make needed or visible is on it."""
    return layout_of(visit, _asked_new(visit, entity, values, everything), _form(visit))


def _asked_new(visit: Visit, entity: Entity, values: Mapping[str, Any], everything: bool = False) -> Ask:
    writable = visit.rights(entity.name).names("create") | frozenset(HOLDERS)
    return Ask(entity, values, writable, True, everything)


def _form(visit: Visit) -> str:
    return visit.arg("form") or MAIN


def _after(visit: Visit, entity: Entity, outcome: Outcome) -> Response:
    """The record that was made, or the next form under the same address, with the way to take it back."""
    many = f"/r/{entity.name}"
    wanted = f"{many}/new{_same_query(visit)}" if visit.form.get(THEN) == "new" else ""
    return moved(
        wanted or _wanted(visit, f"{many}/{outcome.results[0].id}"),
        visit.ui.t("{label} created", label=visit.label(entity)),
        undo=visit.records.place_of(outcome),
        back=many,
        saved=f"{many}/new",
    )


def _wanted(visit: Visit, otherwise: str) -> str:
    """Where the person was about to go when they were asked to save first."""
    given = visit.form.get(NEXT, "")
    return given if is_local(given) else otherwise


def _shown_new(
    visit: Visit,
    entity: Entity,
    values: Mapping[str, Any],
    begun: Mapping[str, Any],
    refused: Refused | None = None,
) -> Response:
    label = visit.label(entity).lower()
    layout, conditions = live_form(visit, _asked_new(visit, entity, values), _form(visit))
    sections = _sections(visit, layout, {**begun, **previews(visit, entity, layout, values)}, {}, refused)
    model = FormPage(
        title=visit.ui.t("New {label}", label=label),
        action=f"/r/{entity.name}/new" + _same_query(visit),
        submit=visit.ui.t("Create {label}", label=label),
        cancel_href=f"/r/{entity.name}",
        sections=sections,
        crumbs=(to_records(visit, entity),),
        problems=summary(refused.said, sections) if refused else (),
        has_files=layout.has_files,
        second=visit.ui.t("Create and start another"),
        twins=refused.twins if refused else (),
        accept=visit.ui.t("Create anyway") if refused and refused.is_warned else "",
        draft=f"/r/{entity.name}/new",
        typed=draft_in(visit.form),
        conditions=conditions,
    )
    return page(visit, "form.html", model, status=refused.status if refused else 200, current=entity.name)


def _same_query(visit: Visit) -> str:
    """What the address prefilled stays in the address, for the form is shown again under it."""
    pairs = [(name, value) for name, values in visit.args.items() for value in values]
    return f"?{urlencode(pairs)}" if pairs else ""


def _prefilled(visit: Visit, entity: Entity) -> dict[str, Any]:
    """Values that the address gives: the same names that the form posts."""
    given = MultiDict((name, value) for name, values in visit.args.items() for value in values)
    writable = visit.rights(entity.name).names("create") | frozenset(HOLDERS)
    found: dict[str, Any] = {}
    layout = layout_of(visit, Ask(entity, {}, writable, is_new=True))
    for slot in layout.open:
        value = ABSENT if slot.is_grid else parse_form(slot.field.kind, slot.name, given, visit.ui)
        if value is not ABSENT and value is not None:
            found[slot.name] = with_title(visit, slot, value) if slot.field.kind == "lookup" else value
    return found


# --- edit -------------------------------------------------------------------------------------------


def edit(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/edit`: the record's form; edits that do not meet are merged."""
    found = visit.entity_to("update", entity)
    id_ = record_id(record)
    for _ in range(ATTEMPTS):
        stored = load_stored(visit, found, id_)
        if not visit.is_post:
            return _shown_edit(visit, found, stored)
        try:
            return _saved(visit, found, stored)
        except Stale:
            continue
    raise Stale(Problem("R112", "The record changes too fast.", "Save again."))


def _saved(visit: Visit, entity: Entity, stored: Stored) -> Response:
    post = settled(read_post(visit, stored.reading, entity.name), visit.form)
    if stored.record.get("deleted_at"):
        return _shown_edit(visit, entity, stored.with_values(visit, post.values), _in_trash(visit, post))
    clashes, mine = tuple(clashes_of(visit, stored, post)), onto(stored, post)
    note = changed_note(visit, stored, post) if is_older(stored, post) else ""
    again = stored.with_values(visit, mine.values)
    if clashes or visit.is_again:
        status = SHOWN if visit.is_again else STALE
        return _shown_edit(visit, entity, again, Refused(mine, (), status, clashes, note))
    values, numbers = _written(again.layout, mine, _shown_of(again.layout, mine.values))
    try:
        outcome = _update(visit, stored, values)
    except Stale:
        raise
    except REFUSALS as error:
        said = _all_said(mine, values, error, numbers, again.layout)
        refused = _with_twins(visit, Refused(mine, said, status_of(error), (), note), error)
        return _shown_edit(visit, entity, again, refused)
    return _left(visit, entity, stored, post, outcome)


def _update(visit: Visit, stored: Stored, values: Mapping[str, Any]) -> Outcome | None:
    """What became of the change; nothing where there was none."""
    if not values:
        return None
    command = Update(stored.entity.name, Target(stored.id), values, stored.version, accepts(visit))
    return visit.records.do(visit.actor, command)


def _left(visit: Visit, entity: Entity, stored: Stored, post: Post, outcome: Outcome | None) -> Response:
    """The record with what was done, and the way to take it back."""
    href, label = f"/r/{entity.name}/{stored.id}", visit.label(entity)
    if outcome is None:
        said = visit.ui.t("Nothing was changed")
    elif is_older(stored, post):
        said = merged_note(visit, stored, post)
    else:
        said = visit.ui.t("{label} saved", label=label)
    undo = visit.records.place_of(outcome) if outcome else ""
    return moved(_wanted(visit, href), said, undo=undo, back=href, saved=f"{href}/edit")


def _in_trash(visit: Visit, post: Post) -> Refused:
    said = Said(f"{visit.ui.t('This record is in the trash.')} {visit.ui.t('Restore it first.')}")
    return Refused(post, (said,), GONE)


def _shown_edit(visit: Visit, entity: Entity, stored: Stored, refused: Refused | None = None) -> Response:
    href = f"/r/{entity.name}/{stored.id}"
    layout, conditions = live_form(visit, stored.ask)
    found = previews(visit, entity, layout, stored.ask.values)
    sections = _sections(visit, layout, {**stored.record, **found}, stored.rows, refused)
    model = FormPage(
        title=visit.ui.t("Edit {label}", label=visit.label(entity).lower()),
        action=f"{href}/edit",
        submit=visit.ui.t("Save"),
        cancel_href=href,
        sections=sections,
        crumbs=to_record(visit, entity, stored.id, stored.record),
        problems=summary(refused.said, sections) if refused else (),
        hidden=((VERSION, str(stored.version)), (WAS, written_digests(stored.digests))),
        merged=refused.merged if refused else "",
        clashes=refused.clashes if refused else (),
        has_files=layout.has_files,
        twins=refused.twins if refused else (),
        accept=visit.ui.t("Save anyway") if refused and refused.is_warned else "",
        draft=f"{href}/edit",
        typed=draft_in(visit.form),
        conditions=conditions,
    )
    return page(visit, "form.html", model, status=refused.status if refused else 200, current=entity.name)


# --- both -------------------------------------------------------------------------------------------


def _written(
    layout: Layout, post: Post, names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, dict[str, list[int]]]]:
    """The values to write, rows among them, and which row of the form each nested item is.

    A text that named no record goes along as it is: the record service refuses it with all the others.
    """
    values = sent_values(post, names)
    numbers: dict[str, dict[str, list[int]]] = {}
    for slot in layout.open:
        if slot.is_grid:
            write, numbers[slot.name] = nested_rows(slot, post.rows.get(slot.name, ()))
            kept = {verb: items for verb, items in write.items() if items}
            if kept:
                values[slot.name] = kept
    return values, numbers


def _all_said(
    post: Post, values: Mapping[str, Any], error: XrmError, numbers: RowNumbers, layout: Layout
) -> tuple[Said, ...]:
    """Every problem of the form at once: of what was written, and of the texts in it that named no record."""
    untitled = [Said(text, n) for n, text in post.unknown.items() if n.partition(".")[0] in values]
    return with_untitled(untitled, said_of(error.problems, numbers, _names(layout)))


def _names(layout: Layout) -> frozenset[str]:
    return frozenset(s.name for s in layout.slots)


def _sections(
    visit: Visit, layout: Layout, record: Mapping[str, Any], rows: Rows, refused: Refused | None
) -> tuple[Section, ...]:
    posted = refused.post.values if refused else {}
    files = naming(
        visit,
        [s.field for part in layout.parts for s in part.slots],
        [record, *([posted] if refused else [])],
    )
    held, id_ = {**record, **posted}, str(record.get("id") or "")
    sections = []
    for part in layout.parts:
        fields = (asking(_field(slot, record, rows, refused), id_, held) for slot in part.slots)
        shown = tuple(replace(f, value=files(f, f.value)) for f in fields)
        sections.append(Section(part.label, shown, name=part.name, hidden=part.hidden))
    return tuple(sections)


def _field(slot: Slot, record: Mapping[str, Any], rows: Rows, refused: Refused | None) -> Field:
    """The control with what the person typed, else with what is stored."""
    if slot.is_grid:
        posted = refused.post.rows.get(slot.name) if refused else None
        children = _stored_grid(slot, rows) if posted is None else _posted_grid(slot, posted, rows)
        field = replace(slot.field, children=children)
    elif refused and slot.name in refused.post.values:
        field = replace(slot.field, value=_typed(slot, refused.post))
    else:
        field = replace(slot.field, value=record.get(slot.name))
    return marked(field, refused.said) if refused else field


def _typed(slot: Slot, post: Post) -> Any:
    """The posted value; a chosen record with the title that stood in its input."""
    value = post.values[slot.name]
    if slot.field.kind != "lookup" or value is None or is_untitled(value):
        return value
    found = value if isinstance(value, Mapping) else {"id": value}
    return {"title": post.titles.get(slot.name, ""), **found}


def _stored_grid(slot: Slot, rows: Rows) -> Children:
    """The stored rows, in which the record of a link stays what it is, and blank ones."""
    columns = tuple(c.field for c in slot.columns)
    known = [(str(r["id"]), dict(r)) for r in rows.get(slot.name, ())]
    return _with_fixed_ends(slot, replace(children_of(slot.name, columns, known), order=slot.order))


def _with_fixed_ends(slot: Slot, grid: Children) -> Children:
    if not any(c.name == TO for c in slot.columns):
        return grid
    return replace(grid, rows=tuple(_fixed(row) if row.id else row for row in grid.rows))


def _fixed(row: ChildRow) -> ChildRow:
    cells = (replace(c, readonly=c.readonly or c.name.endswith(f".{TO}")) for c in row.cells)
    return replace(row, cells=tuple(cells))


def _posted_grid(slot: Slot, posted: Sequence[PostedRow], rows: Rows) -> Children:
    """The rows as they were typed, at the numbers that they had, and blank ones after them."""
    columns = tuple(c.field for c in slot.columns)
    stored = {str(r["id"]): r for r in rows.get(slot.name, ())}
    blank = children_of(slot.name, columns, [])
    shown = [
        ChildRow(
            row.input.index,
            tuple(
                replace(c, name=f"{slot.name}.{row.input.index}.{c.name}", value=_cell_value(c, row, stored))
                for c in columns
            ),
            row.input.id if row.input.id in stored else "",
            removed=row.input.removed,
        )
        for row in posted
    ]
    start = max((r.index for r in shown), default=-1) + 1
    empty = (
        replace(b, index=start + i, cells=tuple(_renumbered(c, slot.name, start + i) for c in b.cells))
        for i, b in enumerate(blank.rows)
    )
    return _with_fixed_ends(slot, Children(columns, (*shown, *empty), blank.pattern, slot.order))


def _renumbered(cell: Field, grid: str, index: int) -> Field:
    return replace(cell, name=f"{grid}.{index}.{cell.name.rpartition('.')[2]}")


def _cell_value(column: Field, row: PostedRow, stored: Mapping[str, Mapping[str, Any]]) -> Any:
    if column.name in row.values:
        return row.values[column.name]
    return stored.get(row.input.id, {}).get(column.name)
