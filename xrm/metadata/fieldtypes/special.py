"""Types that mean something to the engine itself: colours, secrets and expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xrm.metadata.expressions.grammar import Unparsable, parse_expression
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, column, only, schema, typed
from xrm.metadata.fieldtypes.problems import bad, text_of, wrong_type
from xrm.metadata.fieldtypes.text import area
from xrm.registry import near_names

HUES = ("slate", "blue", "iris", "amber", "green", "red", "teal", "pink")
SECRET_LENGTH = 4000
EXPRESSION_LENGTH = 2000
_RGB = re.compile("#[0-9a-f]{6}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _parse_color(raw: Any, params: Params) -> str | None:
    color = text_of(raw, "a colour", '"#1d5fb8" or "blue"').lower()
    if not color or color in HUES or _RGB.fullmatch(color):
        return color or None
    near = near_names(color[:40], HUES)
    hint = f"Did you mean {near[0]}?" if near else f"Named colours: {', '.join(HUES)}."
    raise bad("R127", "Must be a colour, for example #1d5fb8 or blue.", hint)


def _parse_secret(raw: Any, params: Params) -> str:
    """The secret exactly as given: blanks in it are part of it."""
    if not isinstance(raw, str):
        raise wrong_type(raw, "text", '"correct horse battery"')
    if _UNSTORABLE.search(raw):
        raise bad(
            "R114", "Must be text without NUL and without halves of characters.", "Type the text again."
        )
    if len(raw) > SECRET_LENGTH:
        raise bad("R111", f"Must have at most {SECRET_LENGTH} characters.", f"It has {len(raw)}.")
    return raw


def _parse_expression(raw: Any, params: Params) -> str | None:
    """The text of an expression that the grammar takes; names are checked where it is used."""
    text = area(raw, EXPRESSION_LENGTH, '"amount > 100"')
    if text is None:
        return None
    try:
        parse_expression(text)
    except Unparsable as stop:
        raise bad("R128", f"Must be an expression, for example amount > 100. {stop}", stop.hint) from None
    return text


def _expression_schema(params: Params) -> Mapping[str, Any]:
    return {"type": "string", "maxLength": EXPRESSION_LENGTH, "examples": ["amount > 100"]}


COLOR = FieldType(
    name="color",
    summary="A colour as #rrggbb, or one of the named hues that fit every theme.",
    example="accent: {type: color}",
    control=Control.COLOR,
    parts=lambda params: (Part("", Storage.CODE, max_length=7),),
    parse=_parse_color,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(Type(Kind.CHOICE)),
    json_schema=schema(
        type="string", pattern=f"^(#[0-9a-fA-F]{{6}}|{'|'.join(HUES)})$", examples=["#1d5fb8"]
    ),
)

SECRET = FieldType(
    name="secret",
    summary="Text that can be set and replaced but never read again.",
    example="api_key: {type: secret}",
    control=Control.SECRET,
    parts=column(Storage.LONG_TEXT),
    parse=_parse_secret,
    dump=lambda value, params: {"set": True},
    split=alone,
    join=only,
    expression=typed(Type(Kind.OPAQUE)),
    json_schema=schema(
        type="string", maxLength=SECRET_LENGTH, writeOnly=True, examples=["correct horse battery"]
    ),
    is_sealed=True,
    is_readable=False,
    is_sortable=False,
    can_be_unique=False,
)

EXPRESSION = FieldType(
    name="expression",
    summary="The text of a condition or formula over the records of a named entity.",
    example="applies_when: {type: expression, entity: account}",
    control=Control.EXPRESSION,
    params={"entity": {"type": "string", "description": "The entity whose records the expression is about."}},
    required_params=("entity",),
    parts=column(Storage.LONG_TEXT),
    parse=_parse_expression,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(Type(Kind.LONG_TEXT)),
    json_schema=_expression_schema,
    is_sortable=False,
    can_be_unique=False,
)

SPECIAL_TYPES = (COLOR, SECRET, EXPRESSION)
