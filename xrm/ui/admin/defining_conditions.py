"""Conditions on the pages of definitions: where a field is shown, needed or kept, and where an option is offered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xrm.metadata.drafting import OPTIONS, Desk, in_long_form, without_value
from xrm.metadata.model import Entity, Field, Relationship
from xrm.metadata.parse import Body, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reconciling import value_at
from xrm.metadata.words import ABSENT
from xrm.ui.admin.bench import Bench, Member
from xrm.ui.admin.forms import Values
from xrm.ui.fields.view import Field as Input

LONGEST = 2000
WHEN, APART = "when", "options_when"
_MOST_LISTED = 800


def names_listed(entity: Entity) -> str:
    """The names that a condition of the entity reads, as a help text lists them."""
    names = ", ".join((*entity.fields, *entity.relationships))
    return names if len(names) < _MOST_LISTED else f"{names[:_MOST_LISTED]} …"


def condition_inputs(bench: Bench, entity: Entity, member: Member | None) -> Iterator[Input]:
    """Where the field or relationship is shown, needed and kept as it is."""
    t = bench.visit.ui.t
    example = t('As in stage == "lost". Names here: {names}.', names=names_listed(entity))
    said = (
        ("visible_when", t("Shown where"), t("Everywhere, if it is empty. {example}", example=example)),
        ("required_when", t("Needed where"), t("A value is needed where this holds.")),
        ("readonly_when", t("Kept as it is where"), t("Nobody changes it where this holds.")),
    )
    for name, label, about in said:
        known = getattr(member, name) if member else None
        yield Input(
            name, label, "line", known.text if known else None, help=about, wide=True, max_length=LONGEST
        )


def filter_input(bench: Bench, known: Relationship | None) -> Input:
    """Which records the relationship may lead to."""
    t = bench.visit.ui.t
    about = t(
        "Names are those of the other record; record. leads to this one, as in account == record.account."
    )
    shown = known.filter.text if known and known.filter else None
    return Input("filter", t("Only records where"), "line", shown, help=about, wide=True, max_length=LONGEST)


def condition_said(value: Any) -> Any:
    """A condition as a document says it; None for an empty one."""
    text = str(value or "").strip()
    return {"": None, "true": True, "false": False}.get(text, text)


def with_conditions(
    bench: Bench, desk: Desk, entity: Entity, member: Member, values: Values, *, is_own: bool
) -> Desk:
    """The desk that says the conditions that were typed, and no more those that were emptied."""
    collection = "fields" if isinstance(member, Field) else "relationships"
    inputs = [*condition_inputs(bench, entity, member)]
    inputs += [filter_input(bench, member)] if isinstance(member, Relationship) else []
    for known in inputs:
        value, path = condition_said(values.get(known.name)), (collection, member.name, known.name)
        if value == condition_said(known.value):
            continue
        if value is None:
            desk = without_value(desk, entity.name, path, is_own=is_own)
        else:
            desk = desk.says(entity.name, path, value)
    return desk


# --- options ------------------------------------------------------------------------------------------


def offered_where(field: Field, key: str) -> str:
    """The condition under which the option may be chosen, as it is written; empty without one."""
    condition = field.options_when.get(key)
    return condition.text if condition else ""


def offered_input(bench: Bench, entity: Entity, field: Field, key: str) -> Input:
    """Where the option may be chosen."""
    t = bench.visit.ui.t
    example = t('As in stage == "lost". Names here: {names}.', names=names_listed(entity))
    about = t("Everywhere, if it is empty. {example}", example=example)
    shown = offered_where(field, key)
    return Input(WHEN, t("Offered where"), "line", shown, help=about, wide=True, max_length=LONGEST)


def with_offered_where(
    bench: Bench, entity: Entity, field: Field, key: str, text: str, *, is_own: bool
) -> Desk:
    """The desk that says where the option is offered: with it, if that is where it is said or it is our own."""
    at, with_it = ("fields", field.name), _with_option(bench, entity, field, key)
    is_with_it = with_it is not None or (is_own and not _is_said(bench, entity, (*at, APART, key)))
    if is_with_it:
        change = is_item_change(bench.desk.said(entity.name, (*at, OPTIONS)))
        path: Path = with_it or (*at, OPTIONS, *(("add",) if change else ()), key, WHEN)
    else:
        path = (*at, APART, key)
    desk = in_long_form(bench.desk, entity.name, path[:-1]) if is_with_it and is_own else bench.desk
    if text:
        return desk.says(entity.name, path, condition_said(text))
    return without_value(desk, entity.name, path, is_own=is_own)


def said_with_option(bench: Bench, entity: Entity, field: Field, key: str) -> Body:
    """The condition of the option as it is said with it; nothing where it is said apart from it."""
    text = offered_where(field, key)
    return {WHEN: text} if text and _with_option(bench, entity, field, key) else {}


def controls_of(key: str) -> dict[str, str]:
    """The control at which each place of a condition of the option is told."""
    paths = (f"{OPTIONS}.{key}", f"{OPTIONS}.{key}.{WHEN}", f"{OPTIONS}.add.{key}.{WHEN}", f"{APART}.{key}")
    return dict.fromkeys(paths, WHEN)


def _with_option(bench: Bench, entity: Entity, field: Field, key: str) -> Path | None:
    """Where the condition is said with the option, by a pack or here; None if it is not."""
    at: Path = ("fields", field.name, OPTIONS)
    ways: tuple[Path, ...] = ((*at, key, WHEN), (*at, "add", key, WHEN))
    return next((way for way in ways if _is_said(bench, entity, way)), None)


def _is_said(bench: Bench, entity: Entity, path: Path) -> bool:
    docs = (doc for pack in bench.look.layers for doc in pack.docs)
    return any(
        value_at(doc.body, path) != ABSENT
        for doc in docs
        if doc.kind in ("entity", "extend") and doc.name == entity.name
    )
