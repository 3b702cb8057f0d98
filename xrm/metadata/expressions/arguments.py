"""Checking of the arguments of a function: how many, of which types, and what makes them right."""

from __future__ import annotations

from collections.abc import Sequence

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.checking import Checking, no_clock
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.signatures import (
    CALENDARS,
    DAYS,
    PRINTABLE,
    WHOLE,
    Argument,
    Function,
)
from xrm.metadata.expressions.texts import PATTERN
from xrm.metadata.expressions.tree import Access, Aggregate, Call, IfElse, Join, Literal, Node, Parameter
from xrm.metadata.expressions.typerules import named, unified
from xrm.metadata.expressions.types import NUMBERS, Kind, Type

# What the name does elsewhere, and what does it here.
MORE_OF = {
    "text": ", or date_text(date, pattern) or fixed(number, places) for another form",
    "sum": ", or a + b for single values",
    "avg": ", or (a + b) / 2 for single values",
}
_FOLDED = ("contains", "starts_with", "ends_with", "same_text")


def check_function(checker: Checking, node: s.CallOf, function: Function) -> Node | None:
    """The typed node of a call of the function table; None when a problem was reported."""
    if not _has_count(checker, node, function):
        return None
    if function.zoned and not checker.scope.clock:
        no_clock(checker, node)
        return None
    found = [checker.value(argument) for argument in node.arguments]
    known = [a for a in found if a is not None]
    if len(known) < len(found):
        return None
    known = _fitted(checker, node, function, known)
    if len(known) < len(found):
        return None
    return _with_common_type(checker, node, function, known)


def _has_count(checker: Checking, node: s.CallOf, function: Function) -> bool:
    count, most = len(node.arguments), None if function.repeats else len(function.arguments)
    if count >= function.fewest and (most is None or count <= most):
        return True
    checker.report.add(
        "M204",
        f"{node.function} is not called like this.",
        f"Write {function.signature}{MORE_OF.get(node.function, '')}.",
        node.at,
    )
    return False


def _fitted(checker: Checking, node: s.CallOf, function: Function, found: Sequence[Node]) -> list[Node]:
    """The arguments that are what the function takes; a problem is reported for each of the others."""
    fitted: list[Node] = []
    for position, given in enumerate(found):
        argument, at = function.argument(position), node.arguments[position].at
        value = _as_argument(checker, given, argument, at)
        if value is not None and _takes(checker, node, argument, value, at):
            fitted.append(value)
    return fitted


def _as_argument(checker: Checking, value: Node, argument: Argument, at: int) -> Node | None:
    """A written text as the date or instant that is the only kind of the argument."""
    if len(argument.kinds) != 1 or argument.alike or argument.kinds == CALENDARS:
        return value
    (kind,) = argument.kinds
    if argument.may_be_empty and value.type.kind is Kind.EMPTY:
        return Literal(Type(kind), None)
    both = checker.pair(value, Literal(Type(kind), None), at, at)
    return both[0] if both else None


def _takes(checker: Checking, node: s.CallOf, argument: Argument, value: Node, at: int) -> bool:
    is_nothing = argument.may_be_empty and value.type.kind is Kind.EMPTY
    if value.type.kind not in argument.kinds and not is_nothing and not (argument.alike and _is_text(value)):
        message = f"{node.function} takes no {argument.name} that is {named(value.type)}."
        checker.report.add("M202", message, _way_to(node.function, argument, value.type), at)
        return False
    if argument.written and not _is_written(argument, value):
        wanted = "a pattern" if Kind.TEXT in argument.kinds else f"a number from 0 to {argument.most}"
        message = f"{argument.name} must be {wanted}, as it stands here."
        checker.report.add("M202", message, f"For example: {FUNCTIONS[node.function].example}.", at)
        return False
    if node.function in _FOLDED and not is_foldable(value):
        hint = "It takes texts, not long texts or choices; compare choices with ==."
        if isinstance(value, Call):
            hint = (
                f"What {value.function} gives has no form without case and accents; keep it in a field first."
            )
        checker.report.add("M202", f"{node.function} cannot look into this.", hint, at)
        return False
    return True


def _way_to(function: str, argument: Argument, given: Type) -> str:
    """What makes a value of the right type of the given one, or how the function is called."""
    wanted = argument.kinds
    if wanted == DAYS and given.kind is Kind.DATETIME:
        return "Write date_of(instant) for its date."
    if wanted == CALENDARS:
        return "It takes a setting of the type calendar, as in settings.business_days."
    if wanted == WHOLE and given.kind is Kind.DECIMAL and not argument.written:
        return "Write floor(number) or round(number) for a whole one."
    if wanted == NUMBERS and given.kind is Kind.TEXT:
        return "Write number(text) for the number that it is."
    if Kind.TEXT in wanted and not argument.alike and function not in _FOLDED and given.kind in PRINTABLE:
        return "Write text(value) to make a text of it."
    return f"For example: {FUNCTIONS[function].example}."


def _is_written(argument: Argument, value: Node) -> bool:
    """True for a number or pattern that stands in the expression itself, and within its bounds."""
    if not isinstance(value, Literal) or value.value is None:
        return False
    if Kind.TEXT in argument.kinds:
        return PATTERN.fullmatch(value.value) is not None and any(c.isalpha() for c in value.value)
    return bool(0 <= value.value <= argument.most)


def _is_text(value: Node) -> bool:
    """A written text may stand for a date beside a date."""
    return isinstance(value, Literal) and value.type.kind is Kind.TEXT


def is_foldable(node: Node) -> bool:
    """True when a database knows its form without case and accents: kept, written, or put together so."""
    match node:
        case Literal() | Parameter():
            return True
        case Access():
            return node.type.kind is Kind.TEXT
        case Join():
            return all(is_foldable(part) for part in node.parts)
        case IfElse():
            return is_foldable(node.then) and is_foldable(node.otherwise)
        case Call(function="first_of" | "lower" | "upper"):
            return all(is_foldable(part) for part in node.arguments)
        case Call(function="text"):
            return node.arguments[0].type.kind is not Kind.CHOICE and _is_plain_or_foldable(node.arguments[0])
    return isinstance(node, Aggregate) and node.value is not None and is_foldable(node.value)


def _is_plain_or_foldable(node: Node) -> bool:
    return node.type.kind is not Kind.TEXT or is_foldable(node)


def _with_common_type(
    checker: Checking, node: s.CallOf, function: Function, found: list[Node]
) -> Node | None:
    if not function.arguments[0].alike:
        return Call(function.result(found), function.name, tuple(found))
    common, known = found[0].type, [found[0]]
    for value, syntax in zip(found[1:], node.arguments[1:], strict=True):
        both = checker.pair(known[0], value, node.arguments[0].at, syntax.at)
        if both is None:
            return None
        known = [both[0], *known[1:], both[1]]
        joined = unified(unified(common, both[0].type) or common, both[1].type)
        if joined is None:
            message = f"{node.function} mixes {named(common)} with {named(value.type)}."
            checker.report.add("M202", message, "All arguments need one type.", syntax.at)
            return None
        common = joined
    if common.kind not in function.arguments[0].kinds:
        message = f"{node.function} takes no value that is {named(common)}."
        checker.report.add("M202", message, f"For example: {function.example}.", node.arguments[0].at)
        return None
    typed = (Literal(common, None) if value.type.kind is Kind.EMPTY else value for value in known)
    return Call(common, function.name, tuple(typed))
