"""Which records a query is about: filters, short tests, search, the trash, and the reader's own row rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import RowRule
from xrm.engine.queries.field_tests import as_text
from xrm.engine.queries.frame import Frame
from xrm.engine.queries.reading import unknown_name
from xrm.engine.queries.request import FieldTest, Trash
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.search import TITLE_SLOT, SearchIndex
from xrm.engine.storage.statements import any_of
from xrm.errors import Invalid, Place, Problem, TooLarge
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import BOOLEAN
from xrm.metadata.model import Relationship, Shape
from xrm.settings import Limits

Condition = sa.ColumnElement[bool]


def filter_expressions(
    frame: Frame, filters: Sequence[str], tests: Sequence[FieldTest], limits: Limits
) -> list[Expression]:
    """The filters as typed trees over names that the actor may read; raises Invalid with every problem."""
    reader = frame.desk.reader
    names = reader.names
    texts = [(text, "filter") for text in filters]
    texts += [(as_text(test, frame.entity, names), "f." + ".".join(test.path)) for test in tests]
    found: list[Expression] = []
    problems: list[Problem] = []
    for text, where in texts:
        if len(text) > limits.filter_length:
            raise _too_long(limits)
        checked = check(text, frame.entity, names, expect=BOOLEAN, place=Place(path=where))
        if isinstance(checked, Expression):
            found.append(checked)
        else:
            problems.extend(checked)
    if problems:
        raise Invalid(problems)
    return found


def _too_long(limits: Limits) -> TooLarge:
    problem = Problem("L103", "The filter is too long.", f"Keep it under {limits.filter_length} characters.")
    return TooLarge(problem, facts={"limit": "filter_length"})


def base_conditions(frame: Frame, trash: Trash) -> list[Condition]:
    """The rows that the actor may read, on the wanted side of the trash."""
    found: list[Condition] = []
    deleted = frame.own("deleted_at")
    if trash is not Trash.BOTH:
        found.append(deleted.is_(None) if trash is Trash.LIVE else deleted.is_not(None))
    readable = frame.readable()
    return found if readable is None else [*found, readable]


def search_condition(frame: Frame, index: SearchIndex, numbers: Numbers) -> Condition:
    """True where every searched word (bound to `q`) is in what the actor may read of the record.

    Words in a field that only some grants give count on the rows of those grants only.
    """
    entity = numbers.entities[frame.entity]
    open_slots, guarded = _slots(frame, numbers)
    found: list[Condition] = [frame.id.in_(_records(index, entity, open_slots))]
    for rule, slots in guarded.items():
        wider = frame.id.in_(_records(index, entity, (*open_slots, *slots)))
        found.append(sa.and_(frame.condition(rule), wider))
    return sa.or_(*found)


def _records(index: SearchIndex, entity: int, slots: Sequence[int]) -> sa.Select[Any]:
    found = index.candidates(entity, slots)
    return sa.select(found.c.record)


def _slots(frame: Frame, numbers: Numbers) -> tuple[tuple[int, ...], dict[RowRule, list[int]]]:
    """The slots that every readable row gives, and the others by the rule under which they are given."""
    rights = frame.desk.reader.rights(frame.entity)
    rows = rights.rows_for("read")
    open_slots: list[int] = [numbers.slots.get((frame.entity, "title"), TITLE_SLOT)]
    guarded: dict[RowRule, list[int]] = {}
    for name, slot in _searched(frame, numbers):
        cell = rights.cell("read", name)
        if cell.nowhere:
            continue
        if cell == rows:
            open_slots.append(slot)
        else:
            guarded.setdefault(cell, []).append(slot)
    return tuple(open_slots), guarded


def all_slots_open(frame: Frame, numbers: Numbers) -> bool:
    """True when the reader may read all that search knows of every readable record.

    Else a rank would tell of words that they may not read.
    """
    rights = frame.desk.reader.rights(frame.entity)
    return all(rights.cell("read", n) == rights.rows_for("read") for n, _ in _searched(frame, numbers))


def _searched(frame: Frame, numbers: Numbers) -> Iterator[tuple[str, int]]:
    """The fields that search reads, with their slots; one that is searched no longer has kept its own."""
    for name, stored in frame.stored.fields.items():
        slot = numbers.slots.get((frame.entity, name))
        if slot is not None and stored.field.search:
            yield name, slot


def within_condition(frame: Frame, source: tuple[str, UUID, str]) -> Condition:
    """True for the records on the far side of a relationship of one record (its id is bound to `within`)."""
    entity, _, name = source
    near = frame.desk.schema[entity]
    side = near.entity.relationships.get(name)
    readable = frame.desk.reader.rights(entity).cell("read", name)
    if side is None or readable.nowhere:
        raise unknown_name(entity, name, [], "relationship")
    return sa.and_(_within(frame, entity, side), *_near(frame, entity, name))


def _near(frame: Frame, entity: str, name: str) -> list[Condition]:
    """The one record gives the relationship to the actor."""
    near = frame.desk.frame(entity)
    given = near.given(name)
    here = sa.bindparam("within", type_=near.id.type)
    return [sa.exists().where(near.id == here, *given)] if given else []


def _within(frame: Frame, entity: str, side: Relationship) -> Condition:
    name, near = side.name, frame.desk.schema[entity]
    here = sa.bindparam("within", type_=near.table.c.id.type)
    if side.shape is Shape.MANY:
        link = near.links[name]
        return frame.id.in_(sa.select(link.target.columns[frame.entity]).where(link.source == here))
    if side.shape is Shape.LOOKUP:
        column = near.lookups[name].columns[frame.entity]
        return frame.id.in_(sa.select(column).where(near.table.c.id == here))
    return _inverse(frame, side.of or ("", ""), entity, here)


def _inverse(frame: Frame, of: tuple[str, str], entity: str, here: sa.BindParameter[Any]) -> Condition:
    owner, name = of
    stored = frame.desk.schema[owner]
    if name in stored.links:
        link = stored.links[name]
        linked = frame.id.in_(sa.select(link.source).where(link.target.columns[entity] == here))
        return sa.and_(linked, *frame.given(name))
    lookup = stored.lookups[name]
    if lookup.entity_column is not None and lookup.record_column is not None:
        number = sa.bindparam("within_entity", type_=lookup.entity_column.type)
        same = frame.own(lookup.entity_column.key) == number
        return sa.and_(same, frame.masked(name, frame.own(lookup.record_column.key)) == here)
    return frame.masked(name, frame.own(lookup.columns[entity].key)) == here


def id_condition(frame: Frame, count: int) -> Condition:
    """True for the one record, or the many, whose ids are bound to `ids`."""
    if count == 1:
        return frame.id == sa.bindparam("ids", type_=frame.id.type)
    return any_of(frame.id, "ids")


def sql_of(frame: Frame, expressions: Iterable[Expression]) -> list[Condition]:
    """The filters as conditions, each step of theirs held to what the actor may read."""
    rules = frame.desk.row_rules
    masks = frame.desk.reader.masks(rules)
    return [rules.filter(e, frame.entity, frame.table, masks) for e in expressions]
