"""The face of a value without markup: a short text, for a sentence, a card or the history."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from xrm.metadata.fieldtypes.text import html_words
from xrm.ui.fields.view import EMPTY, Field
from xrm.ui.formatting import Reader

_NAMES = ("first", "middle", "last", "suffix")


def in_words(field: Field, value: Any, ui: Reader) -> str:
    """The value as a short text; empty where there is nothing."""
    return "" if value in EMPTY else _WAYS.get(field.kind, _plain)(field, value, ui)


def _plain(field: Field, value: Any, ui: Reader) -> str:
    value = field.told(value)
    return ", ".join(map(_name, value if isinstance(value, list) else [value]))


def _name(value: Any) -> str:
    """What a record or file is called; anything else stands for itself."""
    return str(value.get("title") or value.get("name") or "") if isinstance(value, Mapping) else str(value)


def _options(field: Field, value: Any, ui: Reader) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(field.option(v).label for v in values)


def _boolean(field: Field, value: Any, ui: Reader) -> str:
    return ui.t("Yes") if value is True else ui.t("No")


def _person_name(field: Field, value: Any, ui: Reader) -> str:
    if not isinstance(value, Mapping):
        return _plain(field, value, ui)
    return " ".join(str(value[k]) for k in _NAMES if value.get(k))


def _address(field: Field, value: Any, ui: Reader) -> str:
    if not isinstance(value, Mapping):
        return _plain(field, value, ui)
    return ", ".join(str(v) for v in value.values() if v)


def _geo(field: Field, value: Any, ui: Reader) -> str:
    if not isinstance(value, Mapping):
        return _plain(field, value, ui)
    return f"{value.get('lat')}, {value.get('lon')}"


_WAYS: Mapping[str, Callable[[Field, Any, Reader], str]] = MappingProxyType(
    {
        "select": _options,
        "multi_select": _options,
        "boolean": _boolean,
        "person_name": _person_name,
        "address": _address,
        "geo": _geo,
        "rich": lambda field, value, ui: html_words(str(value), {}),
        "json": lambda field, value, ui: json.dumps(value, ensure_ascii=False),
        "date": lambda field, value, ui: ui.date(value),
        "datetime": lambda field, value, ui: ui.datetime(value),
        "phone": lambda field, value, ui: ui.phone(value),
        "time": lambda field, value, ui: ui.time(value),
        "duration": lambda field, value, ui: ui.duration(value),
        "money": lambda field, value, ui: ui.money(value),
        "number": lambda field, value, ui: ui.number(value),
        "decimal": lambda field, value, ui: ui.number(value),
        "percent": lambda field, value, ui: ui.percent(value),
    }
)
