"""Sums and counts of a record's children that need not be asked anew: each change of a child tells by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from xrm.engine.projection.following import nodes_of, value_of
from xrm.engine.projection.programs import Program, is_local, program_of
from xrm.metadata.expressions.tree import Access, Aggregate, Expression, Node, Root, walk
from xrm.metadata.expressions.types import NUMBERS, Kind
from xrm.metadata.model import Entity, Field


@dataclass(frozen=True, slots=True)
class Sum:
    """What a child adds, where `where` holds of it; nothing of it is said by other records than the child.

    `lookup` is the child's, which leads to the record.

    `values` are what it adds; of money what it is worth, its amount and its currency. A count adds one.
    """

    field: Field
    child: str
    lookup: str
    values: tuple[Program, ...]
    where: Program | None


def sums_of(entity: Entity) -> dict[str, Sum]:
    """The sums and counts of the entity that may be moved, by the names of their fields."""
    found = ((field.name, _sum_of(entity, field)) for field in entity.fields.values())
    return {name: each for name, each in found if each is not None}


def of_nothing(sum_: Sum, currency: str) -> Any:
    """What it comes to while there is no child; `currency` is the base currency."""
    field = sum_.field
    zero = 0 if field.type.expression(field.params).kind is Kind.INTEGER else Decimal()
    return value_of(field, (zero, zero) if field.type.in_base is not None else (zero,), currency)


def _sum_of(entity: Entity, field: Field) -> Sum | None:
    tree = field.formula.tree if field.formula is not None else None
    if not isinstance(tree, Aggregate) or tree.function not in ("sum", "count") or field.is_live:
        return None
    over = tree.over
    is_near = over.root is Root.RECORD and not over.hops and len(over.type.entities) == 1
    if not is_near or not _is_of_the_child(tree.value) or not _is_of_the_child(tree.where):
        return None
    if tree.value is not None and not _is_kept_whole(field, tree.value):
        return None
    child, side = over.type.entities[0], entity.relationships.get(over.path[0])
    if side is None or side.of is None:
        return None
    values = tuple(_program(node, child) for node in _added(field, tree))
    return Sum(field, child, side.of[1], values, None if tree.where is None else _program(tree.where, child))


def _is_of_the_child(node: Node | None) -> bool:
    """Whether evaluating it reads the child alone."""
    if node is None:
        return True
    own = all(n.root is Root.RECORD for n in walk(node) if isinstance(n, Access))
    return own and is_local(Expression("", node, ""))


def _is_kept_whole(field: Field, value: Node) -> bool:
    """Whether the field keeps every digit of what is added, so that nothing is lost by rounding."""
    if field.type.in_base is not None:
        return isinstance(value, Access)
    wanted = field.type.expression(field.params)
    return value.type.kind in NUMBERS and wanted.kind in NUMBERS and value.type.decimals <= wanted.decimals


def _added(field: Field, tree: Aggregate) -> Iterator[Node]:
    if tree.value is None:
        return
    if field.type.in_base is None:
        yield tree.value
        return
    base, amount, *currencies = (node for node in nodes_of(field) if isinstance(node, Aggregate))
    yield from (node.value for node in (base, amount, *currencies[:1]) if node.value is not None)


def _program(node: Node, entity: str) -> Program:
    return program_of(Expression("", node, entity))
