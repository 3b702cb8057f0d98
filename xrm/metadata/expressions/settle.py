"""The record in hand put into an expression as values: for a query of records that may be linked to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from xrm.metadata.expressions.compile import compile_python
from xrm.metadata.expressions.environment import Context, Env
from xrm.metadata.expressions.tree import Access, Aggregate, Expression, Literal, Node, Root


def settled(expression: Expression | Node, record: Env, context: Context) -> Node:
    """The tree with everything that it asks of the record in hand replaced by the answer.

    What is left speaks of the candidates only, so that a query can be made of it even while the record in
    hand is a draft that no table holds.
    """
    tree = expression.tree if isinstance(expression, Expression) else expression

    def answered(node: Node) -> Node | None:
        if not _is_of_record_in_hand(node):
            return None
        return Literal(node.type, compile_python(node)(record, context, record))

    return _replaced(tree, answered)


def _is_of_record_in_hand(node: Node) -> bool:
    start = node.over if isinstance(node, Aggregate) else node
    return isinstance(start, Access) and start.root is Root.OUTER


def _replaced(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree in which every topmost node that `change` has an answer for is that answer."""
    found = change(node)
    if found is not None:
        return found
    parts = {f.name: getattr(node, f.name) for f in fields(node)}
    changed: dict[str, Any] = {name: _part(value, change) for name, value in parts.items()}
    return replace(node, **{name: value for name, value in changed.items() if value is not parts[name]})


def _part(value: object, change: Callable[[Node], Node | None]) -> object:
    if isinstance(value, Node):
        return _replaced(value, change)
    if isinstance(value, tuple) and value and isinstance(value[0], Node):
        return tuple(_replaced(item, change) for item in value)
    return value
