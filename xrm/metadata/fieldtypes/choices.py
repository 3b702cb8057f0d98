"""One option, several options, and free tags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Option, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, as_text, column, only
from xrm.metadata.fieldtypes.problems import bad, inside, text_of, wrong_type
from xrm.metadata.fieldtypes.text import line
from xrm.metadata.values import fold
from xrm.registry import near_names

OPTION_KEY_LENGTH = 60
MOST_TAGS = 50
TAG_LENGTH = 50
_SHOWN_OPTIONS = 6
_SEPARATOR = re.compile("[,;]")


def options_of(params: Params) -> tuple[Option, ...]:
    """The options of a choice, in order."""
    return tuple(params.get("options", ()))


def _keys(params: Params) -> tuple[str, ...]:
    return tuple(option.key for option in options_of(params))


def former_keys(options: Sequence[Option]) -> Mapping[str, str]:
    """The present key for each former one that no living option has taken."""
    living = {option.key for option in options}
    return {old: option.key for option in options for old in option.renamed_from if old not in living}


def _typed(kind: Kind, params: Params) -> Type:
    options = options_of(params)
    return Type(kind, options=_keys(params), former=tuple(former_keys(options).items()))


def _option(raw: Any, params: Params) -> str:
    """The key that `raw` is or was, if it is one of the options."""
    keys = _keys(params)
    if isinstance(raw, str) and raw.strip() in keys:
        return raw.strip()
    if isinstance(raw, str) and (known := former_keys(options_of(params)).get(raw.strip())):
        return known
    key = text_of(raw, "one of the options", f'"{keys[0] if keys else "open"}"')
    raise bad("R120", _one_of(keys), _meant(key, options_of(params)))


def _one_of(keys: Sequence[str]) -> str:
    if not keys:
        return "Has no options to choose from."
    shown = ", ".join(keys[:_SHOWN_OPTIONS])
    more = " and others" if len(keys) > _SHOWN_OPTIONS else ""
    return f"Must be one of {shown}{more}."


def _meant(given: str, options: Sequence[Option]) -> str:
    """A hint at the option whose label was given, or whose key looks like it."""
    named = [o.key for o in options if fold(given[:200]) in {fold(label) for label in o.label.values()}]
    near = named or list(near_names(given[:200], [o.key for o in options]))
    return f"Did you mean {near[0]}?" if near else ""


def _items(raw: Any, example: str) -> Sequence[Any]:
    """The items of a list, or of text that separates them by commas."""
    if isinstance(raw, str):
        return [item for item in _SEPARATOR.split(raw) if item.strip()]
    if isinstance(raw, list | tuple):
        return raw
    raise wrong_type(raw, "a list", example)


def chosen_words(raw: Any) -> tuple[str, ...]:
    """The words in input for a choice or several, whether they are options or not."""
    items = _SEPARATOR.split(raw) if isinstance(raw, str) else raw if isinstance(raw, list | tuple) else ()
    return tuple(item.strip() for item in items if isinstance(item, str))


def _each(items: Sequence[Any], read: Any) -> list[Any]:
    """What `read` makes of each item; its refusal says which item it is about."""
    values = []
    for index, item in enumerate(items):
        try:
            values.append(read(item))
        except BadValue as refusal:
            raise inside(refusal, f"[{index}]") from None
    return values


def _parse_options(raw: Any, params: Params) -> tuple[str, ...] | None:
    """The chosen keys in the order of the options, each once."""
    keys = _keys(params)
    items = _items(raw, '["red", "blue"]')
    if len(items) > len(keys) + MOST_TAGS:
        raise bad("R121", f"Must hold at most {len(keys)} options.", "Name each option once.")
    chosen = set(_each(items, lambda item: _option(item, params)))
    return tuple(key for key in keys if key in chosen) or None


def _parse_tags(raw: Any, params: Params) -> tuple[str, ...] | None:
    """The tags in alphabetical order; of two that differ only in case or accents the first one stays."""
    most = int(params.get("max_tags", MOST_TAGS))
    items = _items(raw, '["vip", "newsletter"]')
    if len(items) > MOST_TAGS * 4:
        raise bad("R121", f"Must hold at most {most} tags.", "Take some away.")
    found: dict[str, str] = {}
    for tag in _each(items, _tag):
        if tag is not None:
            found.setdefault(fold(tag), tag)
    if len(found) > most:
        raise bad("R121", f"Must hold at most {most} tags.", "Take some away.")
    return tuple(found[key] for key in sorted(found)) or None


def _tag(raw: Any) -> str | None:
    tag = line(raw, TAG_LENGTH, '"vip"')
    if tag is not None and _SEPARATOR.search(tag):
        raise bad("R114", "Must be a tag without comma or semicolon.", "Make two tags of it.")
    return tag


def _key_parts(params: Params) -> tuple[Part, ...]:
    return (Part("", Storage.CODE, max_length=OPTION_KEY_LENGTH),)


def _listed(value: Sequence[str], params: Params) -> list[str]:
    return list(value)


def _split_list(value: Sequence[str], params: Params) -> tuple[Any, ...]:
    return (list(value),)


def _join_list(scalars: tuple[Any, ...], params: Params) -> tuple[str, ...] | None:
    return None if scalars[0] is None else tuple(scalars[0])


def _option_schema(params: Params) -> Mapping[str, Any]:
    keys = list(_keys(params))
    return {"type": "string", "enum": keys, "examples": keys[:1]} if keys else {"type": "string"}


def _options_schema(params: Params) -> Mapping[str, Any]:
    one = {key: value for key, value in _option_schema(params).items() if key != "examples"}
    return {"type": "array", "items": one, "uniqueItems": True, "examples": [list(_keys(params)[:2])]}


def _tags_schema(params: Params) -> Mapping[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "string",
            "maxLength": TAG_LENGTH,
            "pattern": r"^[^\u0000-\u001f\u007f-\u009f,;]+$",
        },
        "maxItems": int(params.get("max_tags", MOST_TAGS)),
        "examples": [["newsletter", "vip"]],
    }


def _listed_words(value: Sequence[str], params: Params) -> str:
    return " ".join(value)


def _option_faults(params: Params) -> tuple[str, ...]:
    keys = _keys(params)
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    none = () if keys else ("A choice needs at least one option.",)
    return (*none, *(f"The option {key} stands twice." for key in twice))


_OPTIONS_PARAM = {
    "options": {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "minItems": 1, "items": {"type": ["string", "object"]}},
            {"type": "object", "minProperties": 1},
        ],
        "description": "The name of a shared option set, a list of keys, or keys with label, color and `when`:"
        " the condition under which one may be chosen. `options_when` says them by key, for a shared set.",
    }
}

CHOICE = FieldType(
    name="choice",
    summary="One of a list of options; the key of the option is stored.",
    example="category: {type: choice, options: [product, service, billing]}",
    control=Control.SELECT,
    params=_OPTIONS_PARAM,
    required_params=("options",),
    parts=_key_parts,
    parse=_option,
    dump=as_is,
    split=alone,
    join=only,
    expression=lambda params: _typed(Kind.CHOICE, params),
    json_schema=_option_schema,
    words=as_text,
    faults=_option_faults,
)

MULTI_CHOICE = FieldType(
    name="multi_choice",
    summary="Any number of a list of options, in the order of the list.",
    example="channels: {type: multi_choice, options: [mail, phone, visit]}",
    control=Control.MULTI_SELECT,
    params=_OPTIONS_PARAM,
    required_params=("options",),
    parts=column(Storage.JSON),
    parse=_parse_options,
    dump=_listed,
    split=_split_list,
    join=_join_list,
    expression=lambda params: _typed(Kind.OPTIONS, params),
    json_schema=_options_schema,
    words=_listed_words,
    faults=_option_faults,
    is_sortable=False,
    can_be_unique=False,
)

TAGS = FieldType(
    name="tags",
    summary="Free words to find records by, in alphabetical order.",
    example="keywords: {type: tags, search: true}",
    control=Control.TAGS,
    params={
        "max_tags": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_TAGS,
            "default": MOST_TAGS,
            "description": "The most tags it takes.",
        }
    },
    parts=column(Storage.JSON),
    parse=_parse_tags,
    dump=_listed,
    split=_split_list,
    join=_join_list,
    expression=lambda params: Type(Kind.OPTIONS),
    json_schema=_tags_schema,
    words=_listed_words,
    is_sortable=False,
    can_be_unique=False,
    can_be_searched=True,
)

CHOICE_TYPES = (CHOICE, MULTI_CHOICE, TAGS)
