"""Which computed fields have to be found anew in every record when the definitions change."""

from __future__ import annotations

from collections.abc import Mapping, Set

from xrm.engine.packs.reindexing import Before, said_of
from xrm.engine.storage.forms import Form
from xrm.engine.storage.numbers import Numbers
from xrm.metadata.dependencies import dependencies_of
from xrm.metadata.model import Field, Model
from xrm.metadata.setting_values import asked_of

Part = tuple[str, str]


def to_be_found(before: Before, model: Model, numbers: Numbers) -> Set[Part]:
    """The computed fields, by entity and name, that may follow to something else than before in some record.

    That is so where the formula is another one, or what freezes it, or the values that it may give, or a setting that
    it asks for, where values that it reads have become others, and where it reads a field of which that is so. What
    comes back is read by no formula that was there without it, and references that stand elsewhere lead where they led.
    """
    graph = dependencies_of(model)
    own = {part for part in graph.parts if _differs(before, model, numbers, part)}
    return graph.following(own, before.turned)


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
    return not is_same or _asked(field, model) != _asked(was, before.model)


def _then(before: Before, part: Part, numbers: Numbers) -> str:
    """What the entity was called."""
    return before.numbers.names.get(numbers.entities[part[0]], part[0])


def _asked(field: Field, model: Model) -> Mapping[str, object]:
    """The settings that decide what the field follows to, with their values."""
    return {name: model.setting_values.get(name) for name in asked_of(field)}
