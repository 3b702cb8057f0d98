"""Which field types a field can change between, and what its values mean as input of the other type.

A conversion says a value as the JSON input of the other type, whose own `parse` reads it: so a stored value becomes
what it would be if somebody typed it into the changed field.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from types import MappingProxyType
from typing import Any

import orjson

from xrm.metadata.fieldtypes.base import FieldType, Params, Say
from xrm.metadata.fieldtypes.iso import currency_decimals
from xrm.metadata.fieldtypes.numbers import plain, scale_of
from xrm.metadata.fieldtypes.problems import bad, is_blank
from xrm.metadata.fieldtypes.text import html_words
from xrm.metadata.fieldtypes.times import write_duration, write_instant

WORDS = ("text", "long_text", "markdown")
CODES = ("url", "email", "phone", "color", "expression")
NUMBERS = ("integer", "decimal", "percent", "rating")
TIMES = ("date", "datetime", "time", "duration")
LISTS = ("multi_choice", "tags")
# Types that read text.
READ = (*WORDS, *CODES, *NUMBERS, "money", "boolean", *TIMES, "choice", *LISTS, "json")


def conversion(source: FieldType, target: FieldType) -> Say | None:
    """What says a value of the one type as input of the other; None where a field cannot change so."""
    own = source.made_into.get(target.name) or target.made_from.get(source.name)
    found = own or CONVERSIONS.get((source.name, target.name))
    return source.dump if found is None and source.name == target.name and source.is_readable else found


def converted(say: Say, value: Any, before: Params, target: FieldType, after: Params) -> Any:
    """What the value becomes, None if nothing of it is left; raises BadValue where the target cannot take it."""
    raw = say(value, before)
    return None if is_blank(raw) else target.parse(raw, after)


def becomes(source: str) -> tuple[str, ...]:
    """The names of the built-in types that a field of this type can change to."""
    return tuple(sorted(target for (name, target) in CONVERSIONS if name == source != target))


# --- what values say --------------------------------------------------------------------------------


def _itself(value: Any, params: Params) -> Any:
    return value


def _number_text(value: Any, params: Params) -> str:
    return str(value) if isinstance(value, int) else plain(value, scale_of(params))


def _money_text(value: Any, params: Params) -> str:
    return f"{plain(value.amount, currency_decimals(value.currency))} {value.currency}"


def _amount(value: Any, params: Params) -> Any:
    return value.amount


def _truth(value: bool, params: Params) -> str:
    return "true" if value else "false"


def _listed(value: Iterable[str], params: Params) -> str:
    return ", ".join(value)


def _as_list(value: Any, params: Params) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _the_only(value: tuple[Any, ...], params: Params) -> Any:
    if len(value) != 1:
        raise bad("R121", "Must be one value.", f"There are {len(value)}.")
    return value[0]


def _paragraphs(value: str, params: Params) -> str:
    """Text as HTML that shows the same, line breaks included."""
    blocks = html.escape(value, quote=False).split("\n\n")
    return "".join(f"<p>{block.replace(chr(10), '<br>')}</p>" for block in blocks)


def _parts(value: Any, params: Params) -> str:
    return ", ".join(str(part) for part in astuple(value) if part is not None)


def _full(value: Any, params: Params) -> str:
    return str(value.full)


def _document(value: Any, params: Params) -> str:
    return orjson.dumps(value).decode()


def _iso(value: Any, params: Params) -> str:
    return str(value.isoformat())


def _ids(value: Any, params: Params) -> Any:
    """The ids of files: a list of one is that one, which both a field of one and of many takes."""
    many = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    return many[0] if len(many) == 1 else many


def _spread(sources: Iterable[str], targets: Iterable[str], say: Say) -> dict[tuple[str, str], Say]:
    wanted = tuple(targets)
    return {(one, other): say for one in sources for other in wanted if one != other}


# Types whose values become no other, and types that nothing becomes, with the reason.
FIXED: Mapping[str, str] = MappingProxyType(
    {
        "secret": "A secret is never read.",
        "file": "A file cannot be written as text, and not every file is a picture.",
    }
)
UNREACHED: Mapping[str, str] = MappingProxyType(
    {
        "secret": "What was read is no secret.",
        "autonumber": "The engine gives its numbers itself.",
        "image": "Not every file is a picture.",
        "person_name": "Which word is the last name would be a guess.",
        "address": "Which word is the city would be a guess.",
        "geo": "Two numbers in a text may be anything.",
    }
)
CONVERSIONS: Mapping[tuple[str, str], Say] = MappingProxyType(
    {
        **_spread((*WORDS, *CODES, "choice", "autonumber"), READ, _itself),
        **_spread(WORDS, ("rich_text",), _paragraphs),
        **_spread(("rich_text",), WORDS, lambda value, params: html_words(value, params)),
        **_spread(NUMBERS, (*NUMBERS, "money"), _itself),
        **_spread(NUMBERS, (*WORDS, "choice"), _number_text),
        **_spread(("money",), NUMBERS, _amount),
        **_spread(("money",), WORDS, _money_text),
        **_spread(("boolean",), (*WORDS, "choice"), _truth),
        **_spread(("date", "time"), WORDS, _iso),
        **_spread(("datetime",), WORDS, lambda value, params: write_instant(value)),
        **_spread(("duration",), WORDS, lambda value, params: write_duration(value)),
        **_spread(LISTS, LISTS, _as_list),
        **_spread(LISTS, WORDS, _listed),
        **_spread(LISTS, ("choice",), _the_only),
        **_spread(("address", "geo"), WORDS, _parts),
        **_spread(("person_name",), WORDS, _full),
        **_spread(("json",), WORDS, _document),
        **_spread(("image",), ("file",), _ids),
        **dict.fromkeys((("file", "file"), ("image", "image")), _ids),
    }
)
