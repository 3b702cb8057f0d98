"""Which computed fields have to be found anew in every record when the definitions change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from xrm.engine.packs.reindexing import Before
from xrm.engine.storage.numbers import Numbers
from xrm.metadata.dependencies import Dependencies
from xrm.metadata.expressions.tree import parameters
from xrm.metadata.model import Field, Model

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
Part = tuple[str, str]


def to_be_found(before: Before, model: Model, numbers: Numbers) -> Set[Part]:
    """The computed fields, by entity and name, that may follow to something else than before in some record.

    That is so where the formula is another one, or the type of what it gives, or a setting that it asks for, where
    values that it reads have become others, and where it reads a field of which that is so. What comes back is read by
    no formula that was there without it, and references that stand elsewhere lead where they led.
    """
    graph = Dependencies(model)
    own = {part for part in graph.parts if _differs(before, model, numbers, part)}
    while more := {
        part for part in graph.parts if part not in own and _reads(graph, part, before.turned | own)
    }:
        own |= more
    return own


def _reads(graph: Dependencies, part: Part, others: Set[Part]) -> bool:
    return any((read.entity, read.name) in others for read in graph.reads(*part))


def _differs(before: Before, model: Model, numbers: Numbers, part: Part) -> bool:
    field = model.entities[part[0]].fields[part[1]]
    was = before.field(numbers.fields[part])
    if was is None or was.formula is None or before.model is None:
        return True
    is_same = (_said(field, part[0], numbers), field.type.name, field.params) == (
        _said(was, _then(before, part, numbers), before.numbers), was.type.name, was.params,
    )  # fmt: skip
    return not is_same or dict(_asked(field, model)) != dict(_asked(was, before.model))


def _then(before: Before, part: Part, numbers: Numbers) -> str:
    """What the entity was called."""
    return before.numbers.names.get(numbers.entities[part[0]], part[0])


def _said(field: Field, entity: str, numbers: Numbers) -> str:
    """The formula, whatever the fields of its record are called."""

    def number(name: re.Match[str]) -> str:
        return str(numbers.fields.get((entity, name[0]), name[0]))

    return "" if field.formula is None else _NAME.sub(number, field.formula.text)


def _asked(field: Field, model: Model) -> Iterator[tuple[str, object]]:
    """The settings that the formula asks for, with their values."""
    for name in parameters(field.formula.tree) if field.formula is not None else ():
        if name.startswith("settings."):
            yield name, model.setting_values.get(name.removeprefix("settings."))
