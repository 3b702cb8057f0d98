"""How far an expression reads beyond its record, for writers who must not judge by what another one changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xrm.metadata.expressions.tree import Access, Aggregate, Expression, Node, Root, children
from xrm.metadata.model import POINTERS, Entity


@dataclass(frozen=True, slots=True)
class Reach:
    """The pointers whose records are read, and `loose`, those for which holding that record is not enough.

    It is enough when a record counts itself among those at the other end of its own lookup
    (`count(room.guests)` of a guest), counts what points at it, or reads one step away: two such records
    that read each other meet at the record that is held. Any other way leads elsewhere;
    one that does not begin with a pointer is "" among the loose.
    """

    pointers: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()


def reach_of(entity: Entity, *expressions: Expression) -> Reach:
    """What the expressions of an entity read together."""
    steps = [step for expression in expressions for step in _steps(entity, expression.tree)]
    return Reach(
        frozenset(name for name, _ in steps if name),
        frozenset(name for name, is_tied in steps if not is_tied),
    )


def _steps(entity: Entity, node: Node) -> Iterable[tuple[str, bool]]:
    """Each way from the record to others: its first pointer, and whether holding what it leads to is enough."""
    if isinstance(node, Access):
        if node.hops:
            yield _first(entity, node), bool(_first(entity, node)) and len(node.hops) == 1
    elif isinstance(node, Aggregate):
        yield _first(entity, node.over), _is_own_end(entity, node.over)
        for part in (node.value, node.where, node.by):
            yield from () if part is None else _inner_steps(entity, part)
    else:
        for child in children(node):
            yield from _steps(entity, child)


def _inner_steps(entity: Entity, node: Node) -> Iterable[tuple[str, bool]]:
    """Inside an aggregate bare names are those of its records; what these lead to is held by nobody."""
    if isinstance(node, Aggregate) or (isinstance(node, Access) and node.hops and node.root is Root.RECORD):
        yield "", False
    elif isinstance(node, Access):
        yield from _steps(entity, node)
    else:
        for child in children(node):
            yield from _inner_steps(entity, child)


def _first(entity: Entity, path: Access) -> str:
    """The stored pointer of the record as it will be with which a path begins, or nothing."""
    name = path.hops[0].relationship if path.hops and path.root is not Root.OLD else ""
    return name if name in _pointers(entity) else ""


def _pointers(entity: Entity) -> frozenset[str]:
    return frozenset(r.name for r in entity.lookups) | frozenset(POINTERS)


def _is_own_end(entity: Entity, over: Access) -> bool:
    """True for what points at the record itself, and for the other end of one of its own lookups."""
    if not over.hops:
        return over.root is not Root.OLD
    side = entity.relationships.get(_first(entity, over))
    return len(over.hops) == 1 and side is not None and side.inverse in over.path[:1]
