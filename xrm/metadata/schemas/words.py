"""The small schemas that all kinds of documents are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xrm.metadata.fieldtypes.special import HUES
from xrm.metadata.names import (
    LANGUAGE_PATTERN,
    MAX_MEMBER,
    MAX_OPTION,
    MAX_PACK,
    NAME_PATTERN,
    OPTION_PATTERN,
)

Schema = dict[str, Any]

FIELD = "#/$defs/field"


def text(description: str, **more: Any) -> Schema:
    """One text."""
    return {"type": "string", "minLength": 1, "maxLength": 2000, "description": description, **more}


def later(description: str, hint: str) -> Schema:
    """A word of the language that this version does not carry out: it is refused wherever it stands.

    `not` says so to editors; the checker says it in words, with the hint.
    """
    return {
        "x-later": hint,
        "not": {},
        "description": f"Not carried out by this version, and refused. {description}",
    }


def label(description: str) -> Schema:
    """A text in English, or a map of language to text."""
    return {
        "type": ["string", "object"],
        "minLength": 1,
        "maxLength": 2000,
        "minProperties": 1,
        "propertyNames": {"pattern": LANGUAGE_PATTERN},
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 2000},
        "description": description,
    }


def flag(description: str, default: bool = False) -> Schema:
    """True or false."""
    return {"type": "boolean", "default": default, "description": description}


def expression(description: str) -> Schema:
    """An expression; a bare number, true or false is one too."""
    return {
        "type": ["string", "number", "boolean"],
        "minLength": 1,
        "maxLength": 4000,
        "description": description,
    }


def one_of(description: str, words: tuple[str, ...], **more: Any) -> Schema:
    """One of a closed set of words."""
    return {"type": "string", "enum": list(words), "description": description, **more}


def name(description: str, longest: int = MAX_MEMBER) -> Schema:
    """A name that is defined or used here."""
    return {"type": "string", "pattern": NAME_PATTERN, "maxLength": longest, "description": description}


def path(description: str) -> Schema:
    """A name, or names along relationships with dots between."""
    return {
        "type": "string",
        "pattern": r"^-?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$",
        "maxLength": 200,
        "description": description,
    }


def items(description: str, item: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": item, "description": description, **more}


def one_or_more(description: str, item: Schema) -> Schema:
    """One word, or a list of them."""
    return {
        **item,
        "type": ["string", "array"],
        "items": item,
        "minItems": 1,
        "uniqueItems": True,
        "description": description,
    }


def by_name(description: str, item: Schema, longest: int = MAX_MEMBER) -> Schema:
    """A map of names to things of one kind."""
    return {
        "type": "object",
        "propertyNames": {"pattern": NAME_PATTERN, "maxLength": longest},
        "additionalProperties": item,
        "description": description,
    }


def closed(
    description: str, properties: Mapping[str, Schema], required: tuple[str, ...] = (), **more: Any
) -> Schema:
    """A map with these keys and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
        "description": description,
        **more,
    }


def _item_words(item: Schema) -> Schema:
    """The words that change a list of a lower layer."""
    return {
        "add": items("Items to add.", item),
        "after": text("The item after which to add; without it, at the end."),
        "remove": items("Items to take out.", {"type": "string"}),
    }


def merged_items(description: str, item: Schema) -> Schema:
    """A list, or, over another layer's list, what to add to it and to remove from it."""
    return {
        "type": ["array", "object"],
        "items": item,
        "uniqueItems": True,
        "properties": _item_words(item),
        "additionalProperties": False,
        "minProperties": 1,
        "description": description,
    }


_OPTION_KEY: Schema = {"type": ["string", "integer"], "pattern": OPTION_PATTERN, "maxLength": MAX_OPTION}
_OPTION: Schema = {
    "type": ["object", "string", "null"],
    "properties": {
        "label": label("What people read."),
        "color": one_of("The colour of its tag.", HUES),
        "renamed_from": one_or_more(
            "Earlier keys, which everything that says them means it by.", _OPTION_KEY
        ),
    },
    "additionalProperties": False,
    "description": "One option: its label, or a map with label and color.",
}
_OPTION_OF_FIELD: Schema = {
    **_OPTION,
    "properties": {
        **_OPTION["properties"],
        "when": expression("Only where this holds may it be chosen."),
    },
    "description": "One option: its label, or a map with label, color and when.",
}
OPTIONS_WHEN: Schema = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": OPTION_PATTERN, "maxLength": MAX_OPTION},
    "additionalProperties": expression("Only where this holds may the option be chosen."),
    "description": "For options of a shared set or of a lower layer: where each of these keys may be chosen.",
}


def option_map(description: str, *more_types: str, of_field: bool = False) -> Schema:
    """Options as a list of keys or a map of keys; further types may be allowed beside them.

    Those of a field may depend on the record; a shared set knows of none.
    """
    return {
        "type": ["array", "object", *more_types],
        "minItems": 1,
        "minProperties": 1,
        "uniqueItems": True,
        "items": _OPTION_KEY,
        "propertyNames": {"pattern": OPTION_PATTERN, "maxLength": MAX_OPTION},
        "properties": {
            "add": {"type": ["array", "object"], "description": "Over a lower layer: options to add."},
            "after": {**_OPTION_KEY, "description": "The option after which to add; without it, at the end."},
            "remove": items("Keys to take out.", _OPTION_KEY),
        },
        "additionalProperties": _OPTION_OF_FIELD if of_field else _OPTION,
        "description": description,
    }


WHEN_INSTALLED = name("Only when this pack is installed, which the manifest names as optional.", 20)
MOVED_FROM = one_or_more(
    "Packs that had the entity earlier: it goes from there to this one with its records, and everything that speaks of"
    " it means it as before.",
    name("A pack.", MAX_PACK),
)
RENAMED_FROM = one_or_more(
    "Earlier names: what is stored under one of them is renamed and keeps its values, links and history. Requests and"
    " imports may go on using those of fields.",
    name("An earlier name."),
)
