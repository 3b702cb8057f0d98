"""Why a computed field has its value: what it follows from, as far as the person may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from xrm.engine.access import Policy, always_readable
from xrm.engine.commands import Actor
from xrm.engine.queries.request import Page, Query
from xrm.metadata.dependencies import DELETED, Read, Step, Trail, Way
from xrm.metadata.expressions.tree import Expression, uses
from xrm.metadata.model import Entity, Field, Model, Relationship, Shape

MOST = 50  # related records that are told


@dataclass(frozen=True, slots=True)
class Along:
    """A value of a related record: the names on the way to it, and the entity that has it."""

    path: tuple[str, ...]
    entity: str
    value: Any


@dataclass(frozen=True, slots=True)
class Many:
    """The related records that a value speaks of, the first of them with the values that it reads."""

    relationship: Relationship
    entity: str
    names: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """What a value follows from: its formula, values of the record itself, of others along lookups, and of many.

    The formula is empty where it names what the person may not read.
    """

    formula: str
    value: Any
    own: Mapping[str, Any]
    along: tuple[Along, ...]
    many: tuple[Many, ...]


class Reads(Protocol):
    """What reading needs here of the query service."""

    model: Model
    policy: Policy

    def get(
        self, actor: Actor, entity: str, record: UUID, *, fields: tuple[tuple[str, ...], ...]
    ) -> Mapping[str, Any]: ...

    def list(self, actor: Actor, query: Query) -> Page: ...


def reason_of(queries: Reads, actor: Actor, entity: Entity, record: UUID, field: Field) -> Reason:
    """Why the field of the record has its value; raises NotFound or Invalid where the actor may not read it."""
    reads = queries.policy.dependencies.reads(entity.name, field.name)
    told = [read for read in reads if read.name != DELETED and _is_told(queries, actor, read)]
    values = [read for read in told if _is_value(queries.model, read)]
    own = tuple(dict.fromkeys(read.name for read in values if not read.trail))
    along = list(_along(values))
    wanted = ((field.name,), *((name,) for name in own), *(path for path, _ in along))
    row = queries.get(actor, entity.name, record, fields=wanted)
    return Reason(
        field.formula.text if field.formula and _knows(queries, actor, field.formula) else "",
        row.get(field.name),
        {name: row[name] for name in own if name in row},
        tuple(Along(path, there, _at(row, path)) for path, there in along),
        tuple(_many(queries, actor, entity, record, told)),
    )


def _knows(queries: Reads, actor: Actor, formula: Expression) -> bool:
    """Whether the actor may read every name that the formula says."""
    return all(_may_read(queries, actor, entity, name) for entity, name in uses(formula.tree))


def _may_read(queries: Reads, actor: Actor, entity: str, name: str) -> bool:
    found = queries.model.entities.get(entity)
    if found is None:
        return False
    rights = queries.policy.rights(actor, entity)
    return rights.can("read") if name in always_readable(found) else name in rights.names("read")


def _is_told(queries: Reads, actor: Actor, read: Read) -> bool:
    """Whether the actor may read the value, and it is one of a name that can be asked for."""
    entity = queries.model.entities[read.entity]
    rights = queries.policy.rights(actor, read.entity)
    if read.name in always_readable(entity):
        return rights.can("read")
    return "." not in read.name and not rights.cell("read", read.name).nowhere


def _is_value(model: Model, read: Read) -> bool:
    """Whether the name stands for one value of a record, and not for many records."""
    side = model.entities[read.entity].relationships.get(read.name)
    return side is None or side.shape is Shape.LOOKUP


def _along(reads: Sequence[Read]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The ways that go along lookups only, to values and not to further records."""
    found: dict[tuple[str, ...], str] = {}
    for read in reads:
        if read.trail and all(step.way is Way.OUT for step in read.trail):
            found[*(step.relationship for step in read.trail), read.name] = read.entity
    whole = set(found)
    for path, entity in found.items():
        if not any(other[: len(path)] == path and other != path for other in whole):
            yield path, entity


def _at(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row


def _many(
    queries: Reads, actor: Actor, entity: Entity, record: UUID, reads: Sequence[Read]
) -> Iterator[Many]:
    """Those that are one step away and many, each kind once."""
    near: dict[Trail, list[str]] = {}
    for read in reads:
        if read.trail and read.trail[0].way is not Way.OUT:
            names = near.setdefault(read.trail[:1], [])
            is_own = len(read.trail) == 1 and read.name != read.trail[0].relationship
            if is_own and _is_value(queries.model, read):
                names.append(read.name)
    for (step,), names in near.items():
        side = _side(entity, step)
        if side is not None and _is_given(queries, actor, entity, side):
            asked = tuple(dict.fromkeys(names))
            fields = (("title",), *((name,) for name in asked))
            query = Query(step.to, fields=fields, within=(entity.name, record, side.name), limit=MOST)
            page = queries.list(actor, query)
            yield Many(side, step.to, asked, page.data, page.next is None)


def _is_given(queries: Reads, actor: Actor, entity: Entity, side: Relationship) -> bool:
    """Whether the actor may look along the relationship."""
    rights = queries.policy.rights(actor, entity.name)
    return side.name in rights.names("read") and queries.policy.rights(actor, side.targets[0]).can("read")


def _side(entity: Entity, step: Step) -> Relationship | None:
    """The relationship as the record has it: the one that is stored, or the one whose stored side is called so."""
    if step.way is Way.LINKED:
        return entity.relationships.get(step.relationship)
    return next((s for s in entity.relationships.values() if s.of == (step.to, step.relationship)), None)
