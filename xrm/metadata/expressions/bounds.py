"""How much one evaluation of a tree costs, and how deep its SQL is nested.

SQLite reads a statement with a stack of about ninety entries, and an expression shares it with the query and
the row rules around it. The weights are what each form takes of that stack; they hold for both databases.
"""

from __future__ import annotations

from collections.abc import Iterable

from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.tree import (
    Access,
    Aggregate,
    And,
    Arithmetic,
    Call,
    Compare,
    Hop,
    IfElse,
    In,
    IsEmpty,
    Join,
    Node,
    Not,
    Or,
    children,
)
from xrm.metadata.expressions.types import NUMBERS

COST_OF_HOP = 3
COST_OF_MANY = 20

_HOP, _FURTHER_TARGET = 10, 5
_WHERE, _WHERE_OF_VALUE, _VALUE = 10, 16, 12
_AS_VALUE = 5
_WEIGHTS: dict[type[Node], int] = {
    Not: 4,
    And: 3,
    Or: 3,
    Compare: 3,
    In: 3,
    IsEmpty: 3,
    Arithmetic: 5,
    Join: 14,
    IfElse: 5,
    Call: 7,
}
_CONDITIONS = (Not, And, Or, Compare, In, IsEmpty)


def cost(tree: Node) -> int:
    """How many steps one evaluation takes at most, many records counted as a fixed number of them."""
    if isinstance(tree, Access):
        return 1 + COST_OF_HOP * len(tree.hops)
    inner = sum(cost(child) for child in children(tree))
    if isinstance(tree, Call):
        return FUNCTIONS[tree.function].cost + inner
    return COST_OF_MANY * (1 + inner) if isinstance(tree, Aggregate) else 1 + inner


def nesting(tree: Node) -> int:
    """How deep the SQL of the tree is nested."""
    match tree:
        case Access():
            return 1 + _way(tree.hops)
        case Aggregate():
            return _of_aggregate(tree)
        case Arithmetic() if is_chain(tree):
            return _WEIGHTS[Arithmetic] + _deepest(term for term, _ in chain(tree))
        case IfElse():
            return _WEIGHTS[IfElse] + _deepest(part for case in cases(tree) for part in case)
    weight = _WEIGHTS.get(type(tree), 0)
    inner = children(tree)
    is_logical = isinstance(tree, Not | And | Or)
    return weight + _deepest(inner, _AS_VALUE if not is_logical else 0) if inner else 1


def _deepest(nodes: Iterable[Node], as_value: int = _AS_VALUE) -> int:
    """The deepest of the nodes; a condition among values takes some more."""
    return max(nesting(n) + (as_value if isinstance(n, _CONDITIONS) else 0) for n in nodes)


def _way(hops: tuple[Hop, ...]) -> int:
    return sum(_HOP + (_FURTHER_TARGET if len(hop.targets) != 1 else 0) for hop in hops)


def _of_aggregate(tree: Aggregate) -> int:
    is_test = tree.function in ("any", "all", "count")
    where = _WHERE if is_test else _WHERE_OF_VALUE
    found = [where + (nesting(tree.where) if tree.where else 0)]
    found += [_VALUE + _deepest([part]) for part in (tree.value, tree.by) if part is not None]
    return max(found) + (_FURTHER_TARGET if len(tree.over.type.entities) > 1 else 0)


def is_chain(node: Node) -> bool:
    """True for a sum or difference of numbers, which may have many terms."""
    return isinstance(node, Arithmetic) and node.operator in "+-" and node.left.type.kind in NUMBERS


def chain(node: Arithmetic) -> list[tuple[Node, Arithmetic | None]]:
    """The terms of a sum, each with the step that adds it; the first has none."""
    steps: list[tuple[Node, Arithmetic | None]] = []
    at: Node = node
    while isinstance(at, Arithmetic) and is_chain(at):
        steps.append((at.right, at))
        at = at.left
    return [(at, None), *reversed(steps)]


def cases(node: IfElse) -> list[tuple[Node, ...]]:
    """The conditions and values of a choice, and of the choices in its else; the last has no condition."""
    found: list[tuple[Node, ...]] = []
    at: Node = node
    while isinstance(at, IfElse):
        found.append((at.condition, at.then))
        at = at.otherwise
    return [*found, (at,)]
