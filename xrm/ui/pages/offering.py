"""The fields that a form of a list offers: of the entity itself, and of each record that it points at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from xrm.metadata.expressions.types import Attribute
from xrm.metadata.model import POINTERS, Entity
from xrm.ui.fields.view import Field, Option
from xrm.ui.pages.controls import control_for, readable_names
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Choices

Fits = Callable[[Entity, Attribute, Field], bool]


def choices(visit: Visit, entity: Entity, fits: Fits, chosen: Iterable[str] = ()) -> Iterator[Choices]:
    """What this person may read and what fits, under the label of where it stands; whatever is `chosen` is there."""
    own = tuple(_options(visit, entity, fits))
    yield Choices(visit.label(entity), own)
    known = {option.value for option in own}
    for name, target in _steps(visit, entity):
        near = control_for(visit, entity, name)
        far = tuple(Option(f"{name}.{o.value}", o.label) for o in _options(visit, target, fits))
        known |= {option.value for option in far}
        if near is not None and far:
            yield Choices(near.label, far)
    further = [(path, control_for(visit, entity, path)) for path in chosen if path not in known]
    others = tuple(Option(path, control.label) for path, control in further if control is not None)
    if others:
        yield Choices(visit.ui.t("Further away"), others)


def _options(visit: Visit, entity: Entity, fits: Fits) -> Iterator[Option]:
    names, readable = visit.queries.reader(visit.actor).names, readable_names(visit, entity)
    for name in dict.fromkeys((*entity.fields, *entity.relationships, *sorted(readable))):
        attribute = names.attribute(entity.name, name) if name in readable else None
        control = control_for(visit, entity, name) if attribute else None
        if attribute is not None and control is not None and fits(entity, attribute, control):
            yield Option(name, control.label)


def _steps(visit: Visit, entity: Entity) -> Iterator[tuple[str, Entity]]:
    """The lookups that lead to one entity that this person may read."""
    readable = readable_names(visit, entity)
    sides = [(r.name, r.targets) for r in entity.lookups if not r.any]
    sides += [(name, (target,)) for name, target in POINTERS.items()]
    for name, targets in sides:
        if name in readable and len(targets) == 1 and visit.can("read", targets[0]):
            yield name, visit.model.entities[targets[0]]
