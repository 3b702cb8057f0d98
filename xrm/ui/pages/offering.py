"""The fields that a form of a list offers: of the entity itself, and of each record that it points at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from xrm.metadata.expressions.types import Attribute
from xrm.metadata.model import POINTERS, Entity
from xrm.ui.fields.view import Field, Option
from xrm.ui.pages.controls import control_for, readable_names
from xrm.ui.pages.visit import Visit
from xrm.ui.views import Choices

TITLE = "title"
Fits = Callable[[Entity, Attribute, Field], bool]


def choices(visit: Visit, entity: Entity, fits: Fits, chosen: Iterable[str] = ()) -> Iterator[Choices]:
    """What this person may read and what fits, under the label of where it stands; whatever is `chosen` is there.

    A field of another record has the label of the way to it, too: many records have a name.
    """
    kept = tuple(chosen)
    own = tuple(_options(visit, entity, fits, kept))
    yield Choices(visit.label(entity), own)
    known = {option.value for option in own}
    for name, target in _steps(visit, entity):
        near = control_for(visit, entity, name)
        far = tuple(_options(visit, target, fits, kept, (name, near.label))) if near is not None else ()
        known |= {option.value for option in far}
        if near is not None and far:
            yield Choices(near.label, far)
    further = [(path, control_for(visit, entity, path)) for path in kept if path not in known]
    others = tuple(Option(path, control.label) for path, control in further if control is not None)
    if others:
        yield Choices(visit.ui.t("Further away"), others)


def _options(
    visit: Visit, entity: Entity, fits: Fits, chosen: Collection[str], way: tuple[str, str] | None = None
) -> Iterator[Option]:
    """The names that fit, with the `way` before them; a title that is one of the fields is that field."""
    names, readable = visit.queries.reader(visit.actor).names, readable_names(visit, entity)
    is_named = entity.title is not None and entity.title.text in readable & entity.fields.keys()
    for name in dict.fromkeys((*entity.fields, *entity.relationships, *sorted(readable))):
        path = f"{way[0]}.{name}" if way else name
        attribute = names.attribute(entity.name, name) if name in readable else None
        control = control_for(visit, entity, name) if attribute else None
        if name == TITLE and is_named and path not in chosen:
            continue
        if attribute is not None and control is not None and fits(entity, attribute, control):
            yield Option(path, f"{way[1]} · {control.label}" if way else control.label)


def _steps(visit: Visit, entity: Entity) -> Iterator[tuple[str, Entity]]:
    """The lookups that lead to one entity that this person may read."""
    readable = readable_names(visit, entity)
    sides = [(r.name, r.targets) for r in entity.lookups if not r.any]
    sides += [(name, (target,)) for name, target in POINTERS.items()]
    for name, targets in sides:
        if name in readable and len(targets) == 1 and visit.can("read", targets[0]):
            yield name, visit.model.entities[targets[0]]
