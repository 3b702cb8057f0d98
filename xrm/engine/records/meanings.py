"""Former values of an act as they are said now: options and entities may have other names, or be gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xrm.engine.records.acts import Past
from xrm.engine.records.batch import Setting
from xrm.engine.records.writer import Writer
from xrm.engine.storage.meant import Meaningless, Meant, meant_at
from xrm.errors import Conflict, Place, Problem


def said_now(setting: Setting, act: Sequence[Past]) -> list[Past]:
    """The act, whose former values name options and entities as these are called now.

    Raises Conflict for an option or entity that is gone, also where something else has its name.
    """
    if not any(_names_something(setting, past) for past in act):
        return list(act)
    meant = meant_at(setting.unit, setting.writers.numbers, act[0].position)
    return list(act) if meant is None else [_said(setting, meant, past) for past in act]


def _names_something(setting: Setting, past: Past) -> bool:
    writer = setting.writers[past.entity]
    return any(
        _has_options(writer, name) or _is_pointer(value) or _is_link(value)
        for name, value in past.before.items()
    )


def _said(setting: Setting, meant: Meant, past: Past) -> Past:
    writer = setting.writers[past.entity]
    return replace(past, before={n: _value(meant, writer, n, v) for n, v in past.before.items()})


def _value(meant: Meant, writer: Writer, name: str, value: Any) -> Any:
    try:
        return _present(meant, writer, name, value)
    except Meaningless as gone:
        message = f"This change can not be taken back. {writer.label(name)} was “{gone}”, which is not there any more."
        hint = "Change the record instead."
        raise Conflict(Problem("R173", message, hint, Place(path=name))) from None


def _present(meant: Meant, writer: Writer, name: str, value: Any) -> Any:
    if _is_pointer(value):
        return {**value, "entity": meant.entity(value["entity"])}
    if _is_link(value):
        return {**value, "to": _present(meant, writer, "", value["to"])}
    if value is None or not _has_options(writer, name):
        return value
    field = writer.entity.fields[name]
    number = writer.numbers.fields[writer.name, name]
    if isinstance(value, str):
        return meant.option(number, value, field.options)
    return [meant.option(number, key, field.options) for key in value]


def _has_options(writer: Writer, name: str) -> bool:
    return name in writer.entity.fields and bool(writer.entity.fields[name].options)


def _is_pointer(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() >= {"entity", "id"}


def _is_link(value: Any) -> bool:
    return isinstance(value, Mapping) and _is_pointer(value.get("to"))
