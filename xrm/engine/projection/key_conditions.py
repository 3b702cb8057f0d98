"""The condition of a conditional key as the predicate of a partial index, where an index can hold it.

An index predicate must be a plain fact about the row: own columns against written values. Every form made
here is two-valued, so that `not` keeps the meaning that it has in the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from xrm.metadata.expressions.tree import (
    Access,
    And,
    Compare,
    In,
    IsEmpty,
    ListOf,
    Literal,
    Node,
    Not,
    Or,
    Root,
)

Condition = sa.ColumnElement[bool]
FindColumn = Callable[[tuple[str, ...]], sa.ColumnElement[Any]]


def index_condition(tree: Node, column: FindColumn) -> Condition | None:
    """The predicate, or None where only the record service can judge the condition."""
    match tree:
        case And():
            return _all(tree.operands, column, sa.and_)
        case Or():
            return _all(tree.operands, column, sa.or_)
        case Not():
            inner = index_condition(tree.operand, column)
            return None if inner is None else sa.not_(inner)
        case IsEmpty(operand=Access() as access):
            found = _own(access, column)
            return None if found is None else found.is_(None)
        case Compare(operator="==", left=Access() as access, right=Literal() as literal):
            return _equals(access, (literal,), column)
        case In(item=Access() as access, options=ListOf() as options):
            return _equals(access, options.items, column)
        case Access():
            return _equals(tree, (Literal(tree.type, True),), column)
    return None


def _all(trees: Iterable[Node], column: FindColumn, join: Callable[..., Condition]) -> Condition | None:
    conditions = [index_condition(tree, column) for tree in trees]
    found = [condition for condition in conditions if condition is not None]
    return join(*found) if len(found) == len(conditions) else None


def _own(access: Access, column: FindColumn) -> sa.ColumnElement[Any] | None:
    return column(access.path) if access.root is Root.RECORD and not access.hops else None


def _equals(access: Access, options: Iterable[Node], column: FindColumn) -> Condition | None:
    found = _own(access, column)
    values = [n.value for n in options if isinstance(n, Literal) and isinstance(n.value, str | bool | int)]
    if found is None or len(values) != len(tuple(options)):
        return None
    return sa.and_(found.is_not(None), sa.or_(*(found == value for value in values)))
