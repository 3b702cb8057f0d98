"""Checking of calls: the function table, aggregates over many records, and words that read like functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.functions import (
    AGGREGATES,
    FUNCTION_NAMES,
    FUNCTIONS,
    SPECIALS,
)
from xrm.metadata.expressions.habits import ABSENT, HABITS
from xrm.metadata.expressions.report import Report
from xrm.metadata.expressions.scope import CLOCK, Scope
from xrm.metadata.expressions.signatures import PLAIN, Argument, Function
from xrm.metadata.expressions.texts import PATTERN
from xrm.metadata.expressions.tree import (
    Access,
    Aggregate,
    Call,
    Changed,
    IfElse,
    IsEmpty,
    Join,
    Literal,
    Node,
    Parameter,
    Root,
)
from xrm.metadata.expressions.typerules import named, unified
from xrm.metadata.expressions.types import BOOLEAN, DECIMAL, EMPTY, INTEGER, NUMBERS, ORDERED, Kind, Type
from xrm.registry import near_names

_SUMMABLE = NUMBERS | {Kind.DURATION}
_FEWEST_OF_SWITCH = 3
# What the name does elsewhere, and what does it here.
_MORE_OF = {
    "text": ", or date_text(date, pattern) or fixed(number, places) for another form",
    "sum": ", or a + b for single values",
    "avg": ", or (a + b) / 2 for single values",
}
_FOLDED = ("contains", "starts_with", "ends_with", "same_text")


class Checking(Protocol):
    """What the checker offers to the checks of calls."""

    scope: Scope
    report: Report

    @property
    def names_the_record_in_hand(self) -> bool: ...

    def check(self, node: s.Syntax) -> Node | None: ...

    def value(self, node: s.Syntax) -> Node | None: ...

    def condition(self, node: s.Syntax) -> Node | None: ...

    def among(self, entities: tuple[str, ...], check: Callable[[], Node | None]) -> Node | None: ...

    def pair(self, left: Node, right: Node, left_at: int, right_at: int) -> tuple[Node, Node] | None: ...

    def equals(self, left: Node, right: Node, node: s.Binary) -> Node | None: ...

    def either(self, condition: Node, then: Node, otherwise: Node, node: s.Choice) -> Node | None: ...


def check_call(checker: Checking, node: s.CallOf) -> Node | None:
    """The typed node of a call; None when a problem was reported."""
    if node.function in SPECIALS:
        return _special(checker, node)
    if node.function in AGGREGATES:
        over = checker.check(node.arguments[0]) if node.arguments else None
        if node.arguments and over is None:
            return None
        if over is not None and over.type.kind is Kind.MANY and isinstance(over, Access):
            return _aggregate(checker, node, over)
        if node.function not in FUNCTIONS:
            _not_many(checker, node, over)
            return None
    function = FUNCTIONS.get(node.function)
    if function is None:
        _unknown(checker, node)
        return None
    return _called(checker, node, function)


def _unknown(checker: Checking, node: s.CallOf) -> None:
    near = near_names(node.function, [n for n in FUNCTION_NAMES if _is_available(checker.scope, n)])
    name = node.function.lower()
    hint = f"Did you mean {' or '.join(near)}?" if near else ""
    hint = f"Write {HABITS[name]}." if name in HABITS else ABSENT.get(name, hint)
    checker.report.add("M203", f"There is no function {node.function}.", hint, node.at)


def _is_available(scope: Scope, name: str) -> bool:
    """Whether the function can stand here at all."""
    if name in CLOCK:
        return scope.clock
    if name in AGGREGATES and name not in FUNCTIONS:
        return scope.paths
    return scope.old or name != "changed"


def _not_many(checker: Checking, node: s.CallOf, over: Node | None) -> None:
    signature = AGGREGATES[node.function].signature
    if over is None:
        checker.report.add(
            "M204", f"{node.function} needs records to go over.", f"Write {signature}.", node.at
        )
        return
    message = f"{node.function} goes over many records, and this is {named(over.type)}."
    hint = f"Write {signature}{_MORE_OF.get(node.function, '')}."
    checker.report.add("M202", message, hint, node.arguments[0].at)


def _special(checker: Checking, node: s.CallOf) -> Node | None:
    if node.function in CLOCK:
        return _clock(checker, node)
    if node.function == "switch":
        return _switch(checker, node)
    if len(node.arguments) != 1:
        checker.report.add("M204", "changed takes one attribute.", "Write changed(severity).", node.at)
        return None
    found = checker.check(node.arguments[0])
    if found is None:
        return None
    if not checker.scope.old:
        hint = "old. and changed() are for rules, guards and automations."
        checker.report.add("M207", "There is no earlier record here.", hint, node.at)
        return None
    own = isinstance(found, Access) and found.root is Root.RECORD and not found.hops
    if not isinstance(found, Access) or not own or not checker.names_the_record_in_hand:
        hint = "Write changed(severity) with a name of the record itself."
        checker.report.add("M202", "Only own attributes are known to change.", hint, node.arguments[0].at)
        return None
    if found.type.kind is Kind.MANY:
        checker.report.add("M202", "Links to many records have no earlier value.", "", node.arguments[0].at)
        return None
    return Changed(BOOLEAN, found)


def _clock(checker: Checking, node: s.CallOf) -> Node | None:
    if node.arguments:
        checker.report.add("M204", f"{node.function}() takes nothing.", "", node.arguments[0].at)
        return None
    if not checker.scope.clock:
        _no_clock(checker, node)
        return None
    return Parameter(CLOCK[node.function], node.function)


def _switch(checker: Checking, node: s.CallOf) -> Node | None:
    """Choices one in another; each argument is checked once, and the value stands in every condition."""
    if len(node.arguments) < _FEWEST_OF_SWITCH:
        hint = f"Write {SPECIALS['switch'].signature}."
        checker.report.add("M204", "switch is not called like this.", hint, node.at)
        return None
    found = [checker.value(argument) for argument in node.arguments]
    known = [value for value in found if value is not None]
    if len(known) < len(found):
        return None
    first, *rest = known
    last: s.Syntax = node.arguments[-1]
    tree: Node = rest.pop() if len(rest) % 2 else Literal(EMPTY, None)
    for place in range(len(rest) - 2, -1, -2):
        case_at, then_at = node.arguments[place + 1], node.arguments[place + 2]
        test = s.Binary(node.at, node.depth, "==", node.arguments[0], case_at, case_at.at)
        is_empty = rest[place].type.kind is Kind.EMPTY
        holds = IsEmpty(BOOLEAN, first) if is_empty else checker.equals(first, rest[place], test)
        choice = s.Choice(node.at, node.depth, test, then_at, last)
        whole = None if holds is None else checker.either(holds, rest[place + 1], tree, choice)
        if whole is None:
            return None
        tree, last = whole, then_at
    return tree


def _no_clock(checker: Checking, node: s.CallOf) -> None:
    hint = "This value is kept, and would be wrong tomorrow."
    checker.report.add("M207", f"{node.function} is not available here.", hint, node.at)


def _called(checker: Checking, node: s.CallOf, function: Function) -> Node | None:
    if not _has_count(checker, node, function):
        return None
    if function.zoned and not checker.scope.clock:
        _no_clock(checker, node)
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
        f"Write {function.signature}{_MORE_OF.get(node.function, '')}.",
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
    if len(argument.kinds) != 1 or argument.alike:
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
        checker.report.add("M202", message, f"For example: {FUNCTIONS[node.function].example}.", at)
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


def _aggregate(checker: Checking, node: s.CallOf, over: Access) -> Node | None:
    if not _can_go_over(checker, node, over):
        return None
    least, most = _COUNTS[node.function]
    extra = node.arguments[1:]
    if not least <= len(extra) <= most:
        hint = f"Write {AGGREGATES[node.function].signature}."
        checker.report.add("M204", f"{node.function} is not called like this.", hint, node.at)
        return None
    over = replace(over, type=replace(over.type, kind=Kind.MANY))
    if node.function in ("any", "all", "count"):
        return _condition_over(checker, node, over, extra)
    if node.function == "latest":
        return _latest(checker, node, over, extra)
    return _value_over(checker, node, over, extra)


_COUNTS = {
    "any": (0, 1),
    "all": (1, 1),
    "count": (0, 1),
    "sum": (1, 2),
    "min": (1, 2),
    "max": (1, 2),
    "avg": (1, 2),
    "latest": (1, 3),
}


def _can_go_over(checker: Checking, node: s.CallOf, over: Access) -> bool:
    at = node.arguments[0].at
    if over.root is Root.OLD:
        checker.report.add("M207", "Earlier related records are not kept.", "Leave old. out.", at)
    elif not checker.scope.paths:
        hint = "Only fields of the record itself can stand here."
        checker.report.add("M207", "Related records are not available here.", hint, at)
    elif not over.type.entities or any(len(hop.targets) != 1 for hop in over.hops):
        hint = "Narrow it first: (complainant as account).deals."
        checker.report.add("M209", "It is not known of which entity these records are.", hint, at)
    else:
        return True
    return False


def _condition_over(
    checker: Checking, node: s.CallOf, over: Access, extra: tuple[s.Syntax, ...]
) -> Node | None:
    where = _where(checker, over, extra, 0)
    if extra and where is None:
        return None
    result = INTEGER if node.function == "count" else BOOLEAN
    return Aggregate(result, node.function, over, where=where)


def _where(checker: Checking, over: Access, extra: tuple[s.Syntax, ...], position: int) -> Node | None:
    if len(extra) <= position:
        return None
    return checker.among(over.type.entities, lambda: checker.condition(extra[position]))


def _value_over(checker: Checking, node: s.CallOf, over: Access, extra: tuple[s.Syntax, ...]) -> Node | None:
    value = checker.among(over.type.entities, lambda: checker.value(extra[0]))
    where = _where(checker, over, extra, 1)
    if value is None or (len(extra) > 1 and where is None):
        return None
    kinds = ORDERED if node.function in ("min", "max") else _SUMMABLE
    if not _is_of(checker, node, value, kinds, extra[0].at):
        return None
    result = DECIMAL if node.function == "avg" and value.type.kind in NUMBERS else value.type
    return Aggregate(result, node.function, over, value, where)


def _latest(checker: Checking, node: s.CallOf, over: Access, extra: tuple[s.Syntax, ...]) -> Node | None:
    by = checker.among(over.type.entities, lambda: checker.value(extra[0]))
    itself = Access(Type(Kind.REFERENCE, over.type.entities), Root.RECORD, (), over.type.entities, ("id",))
    value: Node | None = itself
    if len(extra) > 1:
        value = checker.among(over.type.entities, lambda: checker.value(extra[1]))
    where = _where(checker, over, extra, 2)
    if by is None or value is None or (len(extra) > 2 and where is None):
        return None
    if not _is_of(checker, node, by, ORDERED, extra[0].at):
        return None
    if len(extra) > 1 and not _is_of(checker, node, value, PLAIN, extra[1].at):
        return None
    return Aggregate(value.type, "latest", over, value, where, by)


def _is_of(checker: Checking, node: s.CallOf, value: Node, kinds: frozenset[Kind], at: int) -> bool:
    if value.type.kind in kinds:
        return True
    message = f"{node.function} takes no value that is {named(value.type)}."
    checker.report.add("M202", message, f"For example: {AGGREGATES[node.function].example}.", at)
    return False
