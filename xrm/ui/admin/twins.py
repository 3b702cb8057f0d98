"""What is called alike: fields, relationships and options that people could not tell apart are not added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from xrm.errors import Invalid, Place, Problem
from xrm.metadata.drafting import short
from xrm.metadata.model import Entity, Label, Shape
from xrm.metadata.naming import name_for
from xrm.metadata.values import fold
from xrm.ui.admin.bench import Bench

_NONE: Final[Mapping[str, Label]] = MappingProxyType({})


def labels_of(entity: Entity) -> Iterator[Label]:
    """What the fields and relationships are called that forms of the entity show."""
    yield from (field.label for field in entity.fields.values())
    yield from (r.label for r in entity.relationships.values() if r.shape is not Shape.INVERSE)


def refuse_twin(bench: Bench, label: str, others: Iterable[Label]) -> None:
    """Raises Invalid if one of the others is called so where this person looks."""
    t, said = bench.visit.ui.t, fold(label.strip())
    twin = next((text for text in map(bench.visit.text, others) if fold(text) == said), "")
    if twin:
        message = t("There is one of this label already: {label}.", label=twin)
        hint = t("Change that one, or call this otherwise.")
        raise Invalid(Problem("P162", message, hint, Place(path="label")))


def options_of(bench: Bench, text: str, present: Mapping[str, Label] = _NONE) -> dict[str, Any]:
    """Options by key for lines of labels; keys are made of the labels. Raises Invalid for one that is there."""
    found: dict[str, Any] = {}
    said = {fold(bench.visit.text(label)) for label in present.values()}
    for label in filter(None, map(str.strip, text.splitlines())):
        if fold(label) in said:
            message = bench.visit.ui.t("This option stands there twice: {label}.", label=label)
            hint = bench.visit.ui.t("Change that one, or call this otherwise.")
            raise Invalid(Problem("P162", message, hint, Place(path="options")))
        known = {*present, *found}
        key = name_for(label, known) or name_for(f"option {len(known) + 1}", known)
        said.add(fold(label))
        found[key] = {"label": short({bench.language: label})}
    return found


def default_option(bench: Bench, options: Mapping[str, Any], label: str) -> dict[str, str]:
    """The default of a new choice, which people write as they wrote the option; raises Invalid for another word."""
    said = fold(label.strip())
    if not said:
        return {}
    for key, body in options.items():
        known = body["label"]
        if fold(known if isinstance(known, str) else known[bench.language]) == said:
            return {"default": key}
    message = bench.visit.ui.t("Write one of the options, as it stands above.")
    raise Invalid(Problem("P162", message, "", Place(path="default")))
