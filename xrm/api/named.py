"""The names that the body of a request uses: entities, fields, relationships, and the options that it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from xrm.engine.queries.former import OPTION, Use
from xrm.metadata.fieldtypes.choices import chosen_words
from xrm.metadata.model import Field, Model, Relationship, Shape

WRITE: Final = "write"
Written = tuple[str, Mapping[str, Any]]  # an entity and values of a record of it


def uses_of(model: Model, written: Iterable[Written]) -> Iterable[Use]:
    """Each name once, however many of the records say it; an option by the key by which it is given."""
    return dict.fromkeys(use for entity, values in written for use in _uses(model, entity, values))


def _uses(model: Model, entity: str, values: Mapping[str, Any]) -> Iterator[Use]:
    yield Use(entity, "", WRITE)
    known, former = model.entities.get(entity), model.former.members.get(entity, {})
    for said, value in values.items() if known else ():
        name = former.get(said, said)
        yield Use(entity, name, WRITE)
        if known and (field := known.fields.get(name)) is not None:
            yield from (Use(entity, name, OPTION, key) for key in _options(field, value))
        elif known and (side := known.relationships.get(name)) is not None:
            yield from (use for inner in _nested(side, value) for use in _uses(model, *inner))


def _options(field: Field, value: Any) -> Iterator[str]:
    """The present and former keys of options that a value says; anything else in it is nobody's to count."""
    known = {key for option in field.options for key in (option.key, *option.renamed_from)}
    return (word for word in chosen_words(value) if word in known) if known else iter(())


def _nested(side: Relationship, value: Any) -> Iterator[Written]:
    """The children that are written inside a record; what links carry has no numbers to be counted by."""
    if side.of is None or side.shape is Shape.MANY or not isinstance(value, Mapping):
        return
    for key in ("create", "update"):
        items = value.get(key)
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Mapping):
                yield side.of[0], item
