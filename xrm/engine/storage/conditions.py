"""Whether a record meets the condition of a key by values that are not stored yet.

It takes the forms that the condition of an index can have, and means by each what the index would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from xrm.metadata.expressions.tree import Access, And, Compare, In, IsEmpty, ListOf, Literal, Node, Not, Or

Find = Callable[[tuple[str, ...]], Any]  # the scalar at a path of the record


def meets(tree: Node, find: Find) -> bool:
    """Whether the condition holds for the record whose scalars are found so."""
    match tree:
        case And():
            return all(meets(operand, find) for operand in tree.operands)
        case Or():
            return any(meets(operand, find) for operand in tree.operands)
        case Not():
            return not meets(tree.operand, find)
        case IsEmpty(operand=Access() as access):
            return find(access.path) is None
        case Compare(operator="==", left=Access() as access, right=Literal() as literal):
            return _is_one_of(find(access.path), (literal,))
        case In(item=Access() as access, options=ListOf() as options):
            return _is_one_of(find(access.path), options.items)
        case Access():
            return find(tree.path) is True
    raise AssertionError(f"no index holds {type(tree).__name__}")


def _is_one_of(value: Any, options: Iterable[Node]) -> bool:
    return value is not None and value in [one.value for one in options if isinstance(one, Literal)]
