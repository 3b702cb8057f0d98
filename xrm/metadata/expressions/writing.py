"""A syntax tree as text again, in one way of writing it: reading that text gives the same tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.grammar import parse_expression

# How tightly each form binds, as in the grammar: what binds less stands in parentheses inside of what binds more.
_ANY, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _NARROW, _PATH = range(10)
_BINARY: Final[Mapping[str, tuple[int, int, int]]] = {
    **dict.fromkeys(("+", "-"), (_SUM, _SUM, _PRODUCT)),
    **dict.fromkeys(("*", "/"), (_PRODUCT, _PRODUCT, _SIGN)),
}
_COMPARED: Final = (_COMPARISON, _SUM, _SUM)
_SPANS: Final = ((86_400, " days"), (3_600, "h"), (60, "min"), (1, "s"))


def written(node: s.Syntax) -> str:
    """The text of the tree."""
    return _written(node)[0]


def conjuncts(text: str) -> tuple[str, ...]:
    """The conditions that must all hold for `text` to hold, each written in one way; raises Unparsable."""
    if not text.strip():
        return ()
    tree = parse_expression(text)
    parts = tree.operands if isinstance(tree, s.Logical) and tree.operator == "and" else (tree,)
    return tuple(written(part) for part in parts)


def conjunction(texts: Sequence[str]) -> str:
    """The condition that holds where all of these hold; an empty text for none."""
    trees = [parse_expression(text) for text in texts]
    if len(trees) < 2:
        return "".join(map(written, trees))
    return " and ".join(_inside(tree, _NOT) for tree in trees)


def quoted(text: str) -> str:
    """The text as a text literal of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _written(node: s.Syntax) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    match node:
        case s.Binary(operator=operator, left=left, right=right):
            own, before, after = _BINARY.get(operator, _COMPARED)
            return f"{_inside(left, before)} {operator} {_inside(right, after)}", own
        case s.Logical(operator=operator, operands=operands):
            own, parts = (_OR, _AND) if operator == "or" else (_AND, _NOT)
            return f" {operator} ".join(_inside(part, parts) for part in operands), own
        case s.Unary(operator="not", operand=operand):
            return f"not {_inside(operand, _NOT)}", _NOT
        case s.Unary(operator=operator, operand=operand):
            return f"{operator}{_inside(operand, _SIGN)}", _SIGN
        case s.Choice(condition=condition, then=then, otherwise=otherwise):
            first = f"{_inside(then, _OR)} if {_inside(condition, _OR)}"
            return f"{first} else {written(otherwise)}", _ANY
    return _value(node)


def _value(node: s.Syntax) -> tuple[str, int]:
    """The same for what has no operator."""
    match node:
        case s.Constant(value=value):
            return _constant(value), _PATH
        case s.Name(name=name):
            return name, _PATH
        case s.Member(base=base, name=name):
            return f"{_inside(base, _PATH)}.{name}", _PATH
        case s.Narrow(base=base, entity=entity):
            return f"{_inside(base, _PATH)} as {entity}", _NARROW
        case s.CallOf(function=function, arguments=arguments):
            return f"{function}({', '.join(map(written, arguments))})", _PATH
        case s.Items(items=items):
            return f"[{', '.join(map(written, items))}]", _PATH
    raise AssertionError(f"unreachable: {node} is no syntax")


def _inside(node: s.Syntax, least: int) -> str:
    text, own = _written(node)
    return text if own >= least else f"({text})"


def _constant(value: str | int | Decimal | bool | timedelta | None) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    return (
        _span(value)
        if isinstance(value, timedelta)
        else format(value, "f" if isinstance(value, Decimal) else "")
    )


def _span(value: timedelta) -> str:
    seconds = value.days * 86_400 + value.seconds
    size, unit = next((size, unit) for size, unit in _SPANS if seconds % size == 0)
    return f"{seconds // size}{unit}"
