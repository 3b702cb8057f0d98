"""The shapes of view and form documents, and what each type of view is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xrm.metadata.schemas.words import (
    WHEN_INSTALLED,
    Schema,
    by_name,
    closed,
    expression,
    items,
    label,
    later,
    merged_items,
    one_of,
    one_or_more,
    path,
    text,
)

AGGREGATE = r"^(count\(\)|(count|sum|avg|min|max)\([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\))$"
CHARTS = ("bar", "line", "area", "pie", "funnel", "scatter")


@dataclass(frozen=True, slots=True)
class ViewType:
    """A way to look at many records: what it shows, its own keys, and which of them must be there.

    `paths` are the keys that hold names of fields or paths along relationships.
    """

    name: str
    summary: str
    example: str
    keys: tuple[str, ...]
    required: tuple[str, ...] = ()


_PATH = path("A field, or a path along relationships.")
_VALUE = text("What is counted or summed: count(), sum(amount), avg, min or max.", pattern=AGGREGATE)

VIEW_KEYS: Mapping[str, Schema] = MappingProxyType(
    {
        "columns": merged_items("The columns, in order.", _PATH),
        "rows": items("What the rows are grouped by.", _PATH, minItems=1),
        "group_by": path("The choice or state whose values are its lanes."),
        "card": merged_items("What a card shows, in order.", _PATH),
        "start": path("When it begins."),
        "end": path("When it ends."),
        "color": path("The choice or state that gives the colour."),
        "image": path("The picture."),
        "parent": path("The hierarchy that makes the tree."),
        "location": path("Where it is."),
        "value": _VALUE,
        "chart": one_of("The kind of chart.", CHARTS, default="bar"),
        "by": one_or_more("What the chart is grouped by.", _PATH),
    }
)
# What this version shows; views of the other types are refused.
CARRIED_OUT = ("list", "board")
# What a key means in one type of view, where that is not what it means in the others.
_OWN: Mapping[tuple[str, str], Schema] = MappingProxyType(
    {
        ("list", "group_by"): later(
            "The choice whose values are its groups.", "Sort by it, and take this out."
        ),
    }
)
# Keys that hold no paths; of all other keys the names are resolved.
PLAIN_KEYS = ("value", "chart")

VIEW_TYPES: Mapping[str, ViewType] = MappingProxyType(
    {
        v.name: v
        for v in (
            ViewType(
                "list",
                "A table with a row for each record.",
                "all: {type: list, columns: [name, state]}",
                ("columns", "group_by"),
            ),
            ViewType(
                "board",
                "Lanes of cards that are moved by hand.",
                "board: {type: board, group_by: state, card: [subject]}",
                ("group_by", "card", "color", "value"),
                ("group_by",),
            ),
            ViewType(
                "calendar",
                "A month, week or day.",
                "month: {type: calendar, start: due_at}",
                ("start", "end", "color"),
                ("start",),
            ),
            ViewType(
                "timeline",
                "Bars along time.",
                "plan: {type: timeline, start: begins_on, end: ends_on}",
                ("start", "end", "group_by", "color"),
                ("start", "end"),
            ),
            ViewType(
                "gallery",
                "Pictures with a few words.",
                "photos: {type: gallery, image: photo, card: [name]}",
                ("image", "card"),
                ("image",),
            ),
            ViewType(
                "tree",
                "Records under their parents.",
                "tree: {type: tree, parent: parent, columns: [name]}",
                ("parent", "columns"),
                ("parent",),
            ),
            ViewType(
                "map",
                "Points on a map.",
                "where: {type: map, location: place, card: [name]}",
                ("location", "card", "color"),
                ("location",),
            ),
            ViewType(
                "pivot",
                "A cross table.",
                "by_kind: {type: pivot, rows: [kind], columns: [state], value: count()}",
                ("rows", "columns", "value"),
                ("rows", "value"),
            ),
            ViewType(
                "chart",
                "A chart of groups.",
                "by_state: {type: chart, chart: bar, by: state, value: count()}",
                ("chart", "by", "value"),
                ("by", "value"),
            ),
        )
    }
)

_COMMON_VIEW_KEYS: Mapping[str, Schema] = {
    "label": label("What people read; made from the name when absent."),
    "filter": expression("Which records it shows."),
    "sort": one_or_more("Names to sort by; with a minus in front, downwards.", _PATH),
    "when_installed": WHEN_INSTALLED,
}


def carried_out() -> tuple[ViewType, ...]:
    """The types of view that this version shows."""
    return tuple(VIEW_TYPES[name] for name in CARRIED_OUT)


def _keys_of(view: ViewType) -> dict[str, Schema]:
    return {key: _OWN.get((view.name, key), VIEW_KEYS[key]) for key in view.keys}


def later_hint(view_type: str, key: str) -> str:
    """What to do about a key that this version does not carry out in that type of view; empty if it does."""
    return str(_OWN.get((view_type, key), {}).get("x-later", ""))


def view_variants() -> dict[str, Schema]:
    """For each type of view its schema; without a type it changes a view of a lower layer."""
    variants = {
        v.name: closed(
            v.summary,
            {
                "type": {"const": v.name, "description": "The type of view."},
                **_COMMON_VIEW_KEYS,
                **_keys_of(v),
            },
            ("type", *v.required),
        )
        for v in carried_out()
    }
    own = {key: schema for v in carried_out() for key, schema in _keys_of(v).items()}
    variants[""] = closed("A change of a view of a lower layer.", {**_COMMON_VIEW_KEYS, **own})
    return variants


def view_definition() -> Schema:
    """The view schema as editors read it."""
    return {
        "type": "object",
        "properties": {"type": one_of("The type of view.", CARRIED_OUT), **_COMMON_VIEW_KEYS},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": v.name}}, "required": ["type"]},
                "then": {"properties": _keys_of(v), "required": list(v.required)},
            }
            for v in carried_out()
        ],
        "if": {"not": {"required": ["type"]}},
        "then": {"properties": {k: s for v in carried_out() for k, s in _keys_of(v).items()}},
        "unevaluatedProperties": False,
        "description": "One view.",
    }


VIEW: Schema = {"$ref": "#/$defs/view"}

_ROW = {
    "type": ["array", "string"],
    "items": {"type": "string"},
    "minItems": 1,
    "maxItems": 4,
    "description": "What stands beside each other: names of fields and relationships.",
}

SECTION: Schema = closed(
    "A titled part of a form.",
    {
        "label": label("Its title; made from the name when absent."),
        "visible_when": expression("Shown only where this holds."),
        "rows": merged_items("Its rows.", _ROW),
        "when_installed": WHEN_INSTALLED,
    },
)

FORM: Schema = closed(
    "A layout of one record: sections, or just rows.",
    {
        "sections": by_name("Its sections, in order.", SECTION),
        "rows": merged_items("The rows of a form with one section.", _ROW),
    },
)
