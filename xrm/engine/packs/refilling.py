"""Which computed fields have to be found anew in every record when the definitions change."""

from __future__ import annotations

from collections.abc import Iterator, Set

from xrm.engine.packs.reindexing import Before, said_of
from xrm.engine.storage.forms import Form
from xrm.engine.storage.numbers import Numbers
from xrm.metadata.dependencies import Dependencies, dependencies_of
from xrm.metadata.expressions.tree import parameters
from xrm.metadata.model import Field, Model

Part = tuple[str, str]


def to_be_found(before: Before, model: Model, numbers: Numbers) -> Set[Part]:
    """The computed fields, by entity and name, that may follow to something else than before in some record.

    That is so where the formula is another one, or what freezes it, or the values that it may give, or a setting that
    it asks for, where values that it reads have become others, and where it reads a field of which that is so. What
    comes back is read by no formula that was there without it, and references that stand elsewhere lead where they led.
    """
    graph = dependencies_of(model)
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
    then = _then(before, part, numbers)
    is_same = Form.of(field).same_as(Form.of(was)) and all(
        said_of(now, part[0], numbers) == said_of(past, then, before.numbers)
        for now, past in ((field.formula, was.formula), (field.frozen_when, was.frozen_when))
    )
    return not is_same or dict(_asked(field, model)) != dict(_asked(was, before.model))


def _then(before: Before, part: Part, numbers: Numbers) -> str:
    """What the entity was called."""
    return before.numbers.names.get(numbers.entities[part[0]], part[0])


def _asked(field: Field, model: Model) -> Iterator[tuple[str, object]]:
    """The settings that the formula asks for, with their values."""
    for name in parameters(field.formula.tree) if field.formula is not None else ():
        if name.startswith("settings."):
            yield name, model.setting_values.get(name.removeprefix("settings."))
