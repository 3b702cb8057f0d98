"""What was called otherwise before: only one thing can take over what is stored under a former name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from xrm.errors import Place, Problem
from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.model import Entity, Field, Model, Relationship, Role


class _Key(NamedTuple):
    """An option, in the words of what else can be renamed."""

    name: str
    renamed_from: tuple[str, ...]
    place: Place


Renamed = Entity | Field | Relationship | Role | _Key

_SHOWN = 12


def contradictions(model: Model) -> Iterator[Problem]:
    """Each former name that two things claim, and one circle of names for each entity."""
    own = [e for e in model.entities.values() if not e.is_engine]
    groups: list[Sequence[Renamed]] = [own]
    groups += [(*e.fields.values(), *e.relationships.values()) for e in own]
    groups.append(tuple(model.roles.values()))
    groups += [
        _keys(f.options, f.place) for e in own for f in e.fields.values() if f.options and not f.through
    ]
    yield from _moved_nowhere(own)
    for things in groups:
        if any(thing.renamed_from for thing in things):
            yield from _claimed_twice(things)
            yield from _circle(things)


def _moved_nowhere(entities: Iterable[Entity]) -> Iterator[Problem]:
    for entity in entities:
        if entity.pack in entity.moved_from:
            message = f"{entity.name} is in {entity.pack} itself, which it would be moved from."
            hint = "Name the pack that had it before, or take moved_from out."
            yield Problem("M237", message, hint, entity.place)


def _keys(options: Iterable[Option], place: Place) -> Sequence[Renamed]:
    return [_Key(option.key, option.renamed_from, place) for option in options]


def _claimed_twice(things: Iterable[Renamed]) -> Iterator[Problem]:
    by_old: dict[str, Renamed] = {}
    for thing in things:
        for old in dict.fromkeys(thing.renamed_from):
            first = by_old.setdefault(old, thing)
            if first is not thing:
                message = f'"{first.name}" and "{thing.name}" both say that they were called "{old}".'
                hint = "Only one of them takes over what is stored: take it out of renamed_from of the other."
                yield Problem("M236", message, hint, thing.place)


def _circle(things: Sequence[Renamed]) -> Iterator[Problem]:
    by_name = {thing.name: thing for thing in things}
    former = {t.name: [old for old in t.renamed_from if old in by_name] for t in things}
    try:
        TopologicalSorter(former).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        last = max((by_name[name] for name in circle), key=lambda t: (t.place.line, t.place.column))
        shown = " → ".join(circle if len(circle) <= _SHOWN else [*circle[: _SHOWN - 1], "…", circle[-1]])
        hint = "What is stored cannot change places: take one of them out of renamed_from."
        yield Problem("M236", f"Former names go in a circle: {shown}.", hint, last.place)
