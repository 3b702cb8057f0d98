"""Checking of calls: the function table, aggregates over many records, and words that read like functions."""

from __future__ import annotations

from dataclasses import replace

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.arguments import MORE_OF, check_function
from xrm.metadata.expressions.checking import Checking, no_clock
from xrm.metadata.expressions.functions import (
    AGGREGATES,
    FUNCTION_NAMES,
    FUNCTIONS,
    SPECIALS,
)
from xrm.metadata.expressions.habits import ABSENT, HABITS
from xrm.metadata.expressions.scope import CLOCK, Scope
from xrm.metadata.expressions.signatures import PLAIN
from xrm.metadata.expressions.tree import (
    LISTS,
    OUTERMOST,
    Access,
    Aggregate,
    Changed,
    IsEmpty,
    Literal,
    Node,
    Parameter,
    Root,
)
from xrm.metadata.expressions.typerules import named
from xrm.metadata.expressions.types import (
    BOOLEAN,
    DECIMAL,
    EMPTY,
    INTEGER,
    NUMBERS,
    ORDERED,
    TEXT,
    Kind,
    Type,
)
from xrm.registry import near_names

_SUMMABLE = NUMBERS | {Kind.DURATION}
_TEXTS = frozenset({Kind.TEXT, Kind.CHOICE})
_TAKEN = {"min": ORDERED, "max": ORDERED, **dict.fromkeys(LISTS, _TEXTS)}
_FEWEST_OF_SWITCH = 3


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
    return check_function(checker, node, function)


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
    hint = f"Write {signature}{MORE_OF.get(node.function, '')}."
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
        no_clock(checker, node)
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
    if node.function in OUTERMOST:
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
    "first": (1, 3),
    "list": (1, 2),
    "list_all": (1, 2),
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
    kinds = _TAKEN.get(node.function, _SUMMABLE)
    if not _is_of(checker, node, value, kinds, extra[0].at):
        return None
    result = DECIMAL if node.function == "avg" and value.type.kind in NUMBERS else value.type
    result = TEXT if node.function in LISTS else result
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
    return Aggregate(value.type, node.function, over, value, where, by)


def _is_of(checker: Checking, node: s.CallOf, value: Node, kinds: frozenset[Kind], at: int) -> bool:
    if value.type.kind in kinds:
        return True
    message = f"{node.function} takes no value that is {named(value.type)}."
    checker.report.add("M202", message, f"For example: {AGGREGATES[node.function].example}.", at)
    return False
