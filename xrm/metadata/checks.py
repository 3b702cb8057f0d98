"""Checks over the whole model, each with an id and one short function. Extensions add their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from xrm.errors import Problem
from xrm.metadata.dependencies import dependencies_of
from xrm.metadata.expressions.tree import uses
from xrm.metadata.expressions.types import Kind
from xrm.metadata.fieldtypes.base import Storage
from xrm.metadata.fieldtypes.money import RATE_ON
from xrm.metadata.limits import FIELDS_PER_ENTITY, LOOKUPS_PER_ENTITY, ROW_BYTES
from xrm.metadata.model import Entity, Field, Grant, Lifecycle, Model, Shape
from xrm.metadata.names import near_hint
from xrm.metadata.renames import contradictions
from xrm.metadata.widths import POINTER, link_width, row_width, width_of
from xrm.registry import Registry


@dataclass(frozen=True, slots=True)
class Judged:
    """A model, and the entities whose lifecycle or states have problems already and are not judged as a whole."""

    model: Model
    unsure_lifecycles: frozenset[str] = frozenset()
    unsure_states: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that models keep: its code, what it says, an example that breaks it, and the function."""

    code: str
    summary: str
    example: str
    run: Callable[[Judged], Iterable[Problem]]


def run_checks(checks: Iterable[Check], judged: Judged) -> Iterator[Problem]:
    """Every problem that the checks find."""
    for check in checks:
        yield from check.run(judged)


def _entities(judged: Judged) -> Iterator[Entity]:
    return (e for e in judged.model.entities.values() if not e.is_engine)


def _unique_is_possible(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        for field in entity.fields.values():
            if field.unique and not (field.is_stored and field.type.can_be_unique):
                message = f"{entity.name}.{field.name} cannot be unique: it is a {field.type.name}."
                yield Problem("M252", message, "Take unique out.", field.place)


def _rates_have_a_day(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        dates = [f.name for f in entity.fields.values() if _is_given_day(f)]
        for field in entity.fields.values():
            name = field.params.get(RATE_ON)
            if field.through or field.type.in_base is None or name is None or name in dates:
                continue
            message = f'"{name}" is no date of {entity.name}, so it says no day for the rate of {field.name}.'
            yield Problem("M274", message, near_hint(name, dates, "Name a date field of it."), field.place)
        for side in entity.relationships.values():
            for field in (f for f in side.attributes.values() if RATE_ON in f.params):
                message = f"An amount of a link is worth what the rate of the day says on which {side.name} is written."
                yield Problem("M274", message, f"Take {RATE_ON} out.", field.place)


def _is_given_day(field: Field) -> bool:
    is_given = field.is_stored and field.formula is None
    return is_given and field.type.expression(field.params).kind is Kind.DATE


def _search_is_possible(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        for field in entity.fields.values():
            if field.search and not (field.is_stored and field.type.can_be_searched):
                message = f"{entity.name}.{field.name} cannot be searched: it is a {field.type.name}."
                yield Problem("M253", message, "Take search out.", field.place)


def _index_is_possible(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        for field in entity.fields.values():
            if field.index and not (field.is_stored and field.type.is_sortable):
                message = f"{entity.name}.{field.name} cannot be indexed: it is a {field.type.name}."
                yield Problem("M261", message, "Take index out.", field.place)


def _titles_are_of_the_record(judged: Judged) -> Iterator[Problem]:
    """A title is made before the record is stored, and what follows from other records is found after."""
    late = dependencies_of(judged.model).late
    for entity in _entities(judged):
        if entity.title is None:
            continue
        read = {name for _, name in uses(entity.title.tree)}
        for name in sorted(read & late.get(entity.name, frozenset())):
            message = (
                f'The title of {entity.name} cannot be made of "{name}", which follows from other records.'
            )
            yield Problem("M266", message, "Make it of fields of the record alone.", entity.title.place)


def _fields_have_room(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        count = sum(1 for f in entity.fields.values() if f.is_stored)
        if count > FIELDS_PER_ENTITY:
            message = f"{entity.name} has {count} fields; {FIELDS_PER_ENTITY} are allowed."
            yield Problem("M255", message, "Move some to an owned child.", entity.place)


def _lookups_have_room(judged: Judged) -> Iterator[Problem]:
    """A lookup to one of several entities counts for each."""
    for entity in _entities(judged):
        count = sum(max(len(r.targets), 1) for r in entity.lookups)
        if count > LOOKUPS_PER_ENTITY:
            message = (
                f"The lookups of {entity.name} lead to {count} places; {LOOKUPS_PER_ENTITY} are allowed."
            )
            yield Problem("M265", message, "Move some to an owned child.", entity.place)


def _rows_have_room(judged: Judged) -> Iterator[Problem]:
    """Whatever is written into them; a link has a row of its own."""
    for entity in _entities(judged):
        widths = [(entity.name, row_width(entity), entity.place)]
        links = (r for r in entity.relationships.values() if r.shape is Shape.MANY)
        widths += [(f"{entity.name}.{r.name}", link_width(r), r.place) for r in links]
        for name, width, place in widths:
            if width > ROW_BYTES:
                message = f"The values of {name} could take {width:,} bytes; {ROW_BYTES:,} are allowed."
                yield Problem("M269", message, _SMALLER, place)


_SMALLER = (
    "Move some fields to an owned child, or make texts that need no sorting long_text: a text counts"
    f" {width_of(Storage.TEXT)} bytes, a long_text {width_of(Storage.LONG_TEXT)}, a lookup {POINTER}."
)


def _keys_can_be_unique(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        for key in entity.keys.values():
            for name in key.fields:
                field = entity.fields.get(name)
                if field is not None and not field.type.can_be_unique:
                    message = f'"{name}" cannot be part of a key: it is a {field.type.name}.'
                    yield Problem("M257", message, "Leave it out of the key.", key.place)


def _spans_are_in_time(judged: Judged) -> Iterator[Problem]:
    for entity in _entities(judged):
        for key in entity.keys.values():
            ends = [entity.fields.get(name) for name in key.no_overlap or ()]
            kinds = {end.type.expression(end.params).kind if end else Kind.EMPTY for end in ends}
            if key.no_overlap and kinds not in ({Kind.DATE}, {Kind.DATETIME}):
                message = f'The span of the key "{key.name}" needs two dates or two instants.'
                yield Problem("M262", message, "Name two fields of type date, or two of datetime.", key.place)


def _one_state_is_initial(judged: Judged) -> Iterator[Problem]:
    for entity, lifecycle in _lifecycles(judged, judged.unsure_states):
        initial = [s.name for s in lifecycle.states.values() if s.initial]
        if not lifecycle.states:
            message, hint = f"The lifecycle of {entity.name} has no states.", "Add states."
        elif not initial:
            message, hint = f"No state of {entity.name} is initial.", "Say initial: true in the first one."
        elif len(initial) > 1:
            message = f"Several states of {entity.name} are initial: {', '.join(initial)}."
            hint = "Leave one."
        else:
            continue
        yield Problem("M301", message, hint, lifecycle.place)


def _states_are_reachable(judged: Judged) -> Iterator[Problem]:
    for entity, lifecycle in _lifecycles(judged, judged.unsure_lifecycles | judged.unsure_states):
        reached = _reached(lifecycle)
        for state in lifecycle.states.values():
            if reached and state.name not in reached:
                message = f'No transition of {entity.name} leads to the state "{state.name}".'
                yield Problem("M302", message, "Add a transition that does, or take it out.", state.place)


def _reached(lifecycle: Lifecycle) -> set[str]:
    """The states that a new record can get into; nothing if none or several are initial."""
    initial = [s.name for s in lifecycle.states.values() if s.initial]
    if len(initial) != 1:
        return set()
    reached, open_ = set(initial), list(initial)
    while open_:
        state = open_.pop()
        for step in lifecycle.transitions.values():
            if state in step.sources and step.to not in reached:
                reached.add(step.to)
                open_.append(step.to)
    return reached


def _lifecycles(judged: Judged, unsure: frozenset[str]) -> Iterator[tuple[Entity, Lifecycle]]:
    for entity in _entities(judged):
        if entity.lifecycle is not None and entity.name not in unsure:
            yield entity, entity.lifecycle


def _operations_make_sense(judged: Judged) -> Iterator[Problem]:
    entities = judged.model.entities
    for role in judged.model.roles.values():
        for grant in role.grants.values():
            granted = [entities[e] for e in grant.entities]
            if "transition" in grant.can and not any(e.lifecycle for e in granted):
                yield _useless(grant, "transition", "has no lifecycle")
            if "assign" in grant.can and not any(e.is_owned for e in granted):
                yield _useless(grant, "assign", "has no owner")
            if any(e.is_engine for e in granted) and not grant.can <= {"read"}:
                yield _useless(grant, "more than read", "is the engine's own")


def _useless(grant: Grant, what: str, why: str) -> Problem:
    message = f'The grant "{grant.name}" gives {what}, and {" and ".join(grant.entities)} {why}.'
    return Problem("M282", message, "Take it out of can.", grant.place)


def _former_names_have_one_heir(judged: Judged) -> Iterator[Problem]:
    return contradictions(judged.model)


_CHECKS = (
    Check(
        "M236",
        "What was called otherwise takes over from nothing that another one claims.",
        "x: {type: text, renamed_from: y}, y: {type: text, renamed_from: x}",
        _former_names_have_one_heir,
    ),
    Check(
        "M252",
        "Only fields whose type can be compared are unique.",
        "logo: {type: image, unique: true}",
        _unique_is_possible,
    ),
    Check(
        "M274",
        "The exchange rate of an amount is that of a date of the same record.",
        "total: {type: money, rate_on: invoiced}, where invoiced is a text",
        _rates_have_a_day,
    ),
    Check(
        "M253",
        "Only fields that hold words are searched.",
        "born_on: {type: date, search: true}",
        _search_is_possible,
    ),
    Check(
        "M261",
        "Only fields that have an order are indexed.",
        "logo: {type: image, index: true}",
        _index_is_possible,
    ),
    Check(
        "M266",
        "Titles are made of the record alone.",
        'title: name + " " + total, where total is a rollup',
        _titles_are_of_the_record,
    ),
    Check("M255", f"An entity has at most {FIELDS_PER_ENTITY} fields.", "", _fields_have_room),
    Check(
        "M265",
        f"The lookups of an entity lead to at most {LOOKUPS_PER_ENTITY} places.",
        "",
        _lookups_have_room,
    ),
    Check(
        "M269", f"The values of a record take at most {ROW_BYTES:,} bytes of its row.", "", _rows_have_room
    ),
    Check(
        "M257",
        "Keys are made of what can be compared.",
        "keys: {logo: {fields: [logo]}}",
        _keys_can_be_unique,
    ),
    Check(
        "M262", "A span is made of two dates or two instants.", "no_overlap: [name, end]", _spans_are_in_time
    ),
    Check(
        "M301", "A lifecycle begins in one state.", "states: {open: {}, closed: {}}", _one_state_is_initial
    ),
    Check(
        "M302",
        "Every state can be reached.",
        "states: {open: {initial: true}, lost: {}}",
        _states_are_reachable,
    ),
    Check(
        "M282", "Grants give what can be done.", "{entity: tag, can: [transition]}", _operations_make_sense
    ),
)


def builtin_checks() -> Registry[Check]:
    """A new registry of the built-in checks, which takes more until it is frozen."""
    registry: Registry[Check] = Registry("check")
    for check in _CHECKS:
        registry.register(check.run.__name__.strip("_"), check)
    return registry
