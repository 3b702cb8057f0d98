"""What a saved view asks for, what of it holds for a reader now, and what it uses of the model.

What is gone, or may not be read, is left out and counted, never named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from xrm.engine.queries.reading import Reader, along
from xrm.metadata.compared import compared_options
from xrm.metadata.expressions import Expression, Unparsable, check, uses
from xrm.metadata.expressions.types import Kind
from xrm.metadata.expressions.writing import conjunction, conjuncts
from xrm.metadata.model import POINTERS, Entity, Model
from xrm.metadata.typing_scope import ModelNames


@dataclass(frozen=True, slots=True)
class Asked:
    """A look at the records of an entity: each part as the address of records takes it.

    `base` is the written view that gives what else its type needs; `type` and `group` say otherwise. `totals` is what
    stands below the columns of numbers.
    """

    base: str = ""
    type: str = ""
    group: str = ""
    fields: tuple[str, ...] = ()
    filter: str = ""
    search: str = ""
    sort: tuple[str, ...] = ()
    totals: str = ""


TOTALS: Final = ("sum", "avg", "min", "max", "count")
_LISTS: Final = ("fields", "sort")
NAMES: Final = tuple(f.name for f in fields(Asked))


def as_json(asked: Asked) -> dict[str, Any]:
    """What the ledger keeps of it."""
    values = ((name, getattr(asked, name)) for name in NAMES)
    return {name: list(value) if name in _LISTS else value for name, value in values if value}


def from_json(kept: Mapping[str, Any]) -> Asked:
    """The same again."""
    known: dict[str, Any] = {name: kept[name] for name in NAMES if name in kept}
    return Asked(**known | {name: tuple(known[name]) for name in _LISTS if name in known})


# --- for a reader -----------------------------------------------------------------------------------


def fitted(reader: Reader, entity: Entity, asked: Asked) -> tuple[Asked, int]:
    """The view as it holds for the reader, and how many of its parts are left out."""
    held = [text for text in _conditions(asked.filter) if _holds(reader, entity, text)]
    made = replace(
        asked,
        group=asked.group if _reads(reader, entity, asked.group) else "",
        fields=tuple(path for path in asked.fields if _reads(reader, entity, path)),
        sort=tuple(word for word in asked.sort if _reads(reader, entity, word.removeprefix("-"))),
        filter=conjunction(held),
    )
    return made, _size(asked) - _size(made)


def with_unseen(reader: Reader, entity: Entity, before: Asked, wanted: Asked) -> Asked:
    """What is wanted, and what was there before that does not hold for the reader: it was not theirs to take away."""
    seen, _ = fitted(reader, entity, before)
    return replace(
        wanted,
        group=before.group if wanted.group == seen.group else wanted.group,
        fields=_besides(before.fields, seen.fields, wanted.fields),
        sort=_besides(before.sort, seen.sort, wanted.sort),
        filter=_filter_besides(before.filter, seen.filter, wanted.filter),
    )


def _besides(before: Sequence[str], seen: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    if wanted == seen:
        return tuple(before)
    return (*wanted, *(name for name in before if name not in seen and name not in wanted))


def _filter_besides(before: str, seen: str, wanted: str) -> str:
    """What another version of the language kept stays as long as nothing else is wanted."""
    if wanted == seen:
        return before
    try:
        return conjunction(_besides(conjuncts(before), conjuncts(seen), conjuncts(wanted)))
    except Unparsable:
        return wanted


def _size(asked: Asked) -> int:
    return len(asked.fields) + len(asked.sort) + len(_conditions(asked.filter)) + bool(asked.group)


def _conditions(text: str) -> Sequence[str]:
    try:
        return conjuncts(text)
    except Unparsable:  # kept by another version of the language
        return (text,)


def _reads(reader: Reader, entity: Entity, path: str) -> bool:
    found = along(path.split("."), entity.name, reader.names) if path else ()
    return bool(found) and found[-1].type.kind is not Kind.MANY


def _holds(reader: Reader, entity: Entity, text: str) -> bool:
    return isinstance(check(text, entity.name, reader.names), Expression)


# --- what it uses -----------------------------------------------------------------------------------


def targets_of(model: Model, entity: Entity, asked: Asked) -> list[str]:
    """The fields, relationships and options that the view uses, as targets of references."""
    paths = [
        *asked.fields,
        *(word.removeprefix("-") for word in asked.sort),
        *([asked.group] if asked.group else []),
    ]
    options: set[str] = set()
    found = {pair for path in paths for pair in _passed(model, entity, path)}
    if asked.filter:
        checked = check(asked.filter, entity.name, ModelNames(model.entities))
        if isinstance(checked, Expression):
            found |= uses(checked.tree)
            options = {one.target for one in compared_options(checked.tree)}
    return sorted(options | {f"field:{name}.{member}" for name, member in found})


def _passed(model: Model, entity: Entity, path: str) -> Iterable[tuple[str, str]]:
    at: Entity | None = entity
    for name in path.split("."):
        if at is None:
            return
        yield at.name, name
        at = _next(model, at, name)


def _next(model: Model, entity: Entity, name: str) -> Entity | None:
    side = entity.relationships.get(name)
    targets = side.targets if side else (POINTERS[name],) if name in POINTERS else ()
    return model.entities.get(targets[0]) if len(targets) == 1 else None
