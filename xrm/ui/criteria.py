"""Conditions that people put together: a field, what is asked of it, and values; and their text in the language.

A condition that is made here is read here as the same; any other text stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xrm.metadata.expressions import parse_expression
from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.types import Kind
from xrm.metadata.expressions.writing import conjuncts, quoted, written

EQ, NE, LT, LE, GT, GE = "eq", "ne", "lt", "le", "gt", "ge"
CONTAINS, LACKS, BEGINS = "contains", "lacks", "starts_with"
EMPTY, FULL = "empty", "full"
PERIOD, LAST, NEXT = "period", "last", "next"
NUMERIC: Final = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})
DAYS: Final = frozenset({Kind.DATE, Kind.DATETIME})

_SIGNS: Final[Mapping[str, str]] = {EQ: "==", NE: "!=", LT: "<", LE: "<=", GT: ">", GE: ">="}
_NAMES: Final = {sign: name for name, sign in _SIGNS.items()}
_ORDER: Final = (EQ, NE, GT, GE, LT, LE, EMPTY, FULL)
_MOMENTS: Final = (PERIOD, LAST, NEXT, EQ, LT, GT, LE, GE, EMPTY, FULL)
OPERATORS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.TEXT: (CONTAINS, LACKS, BEGINS, EQ, NE, EMPTY, FULL),
    Kind.LONG_TEXT: (EMPTY, FULL),
    Kind.INTEGER: _ORDER,
    Kind.DECIMAL: _ORDER,
    Kind.MONEY: _ORDER,
    Kind.BOOLEAN: (EQ,),
    Kind.DATE: _MOMENTS,
    Kind.DATETIME: _MOMENTS,
    Kind.TIME: (LT, GT, EMPTY, FULL),
    Kind.DURATION: (EMPTY, FULL),
    Kind.CHOICE: (EQ, NE, EMPTY, FULL),
    Kind.OPTIONS: (EQ, NE, EMPTY, FULL),
    Kind.REFERENCE: (EQ, NE, EMPTY, FULL),
    Kind.OPAQUE: (EMPTY, FULL),
}
BARE: Final = frozenset({EMPTY, FULL})  # what takes no value
MANY: Final = frozenset({EQ, NE})  # what takes several, of choices and records

# A period is from the first day of one unit to before the first day of another: so many units from today.
_UNITS: Final[Mapping[str, tuple[str, str, int]]] = {
    "week": ("start_of_week({})", "today() {} days", 7),
    "month": ("start_of_month({})", "add_months(today(), {})", 1),
    "quarter": ("start_of_quarter({})", "add_months(today(), {})", 3),
    "year": ("start_of_year({})", "add_years(today(), {})", 1),
}
_DAYS_OFF: Final[Mapping[str, str]] = {
    "today": "today()",
    "yesterday": "today() - 1 days",
    "tomorrow": "today() + 1 days",
}
PERIODS: Final = (*_DAYS_OFF, *(f"{which}_{unit}" for unit in _UNITS for which in ("this", "last", "next")))
_SHIFTS: Final = {"last": -1, "this": 0, "next": 1}
_SPAN: Final[Mapping[str, str]] = {
    LAST: r"{0} >= today\(\) - (\d+) days and {0} <= today\(\)",
    NEXT: r"{0} >= today\(\) and {0} <= today\(\) \+ (\d+) days",
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition on one field: `me` among the values is the person who asks."""

    path: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raw:
    """A condition that was not put together: its text."""

    text: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions of which one must hold."""

    parts: tuple[Criterion | Raw, ...]


Part = Criterion | Raw | AnyOf


# --- written -----------------------------------------------------------------------------------------


def text_of(criterion: Criterion, kind: Kind) -> str:
    """The condition in the expression language; values are taken as they are."""
    path, operator = criterion.path, criterion.operator
    subject = f"date_of({path})" if kind is Kind.DATETIME else path
    literals = [literal(value, kind) for value in criterion.values]
    if operator in BARE:
        return f"{path} {'==' if operator == EMPTY else '!='} empty"
    if operator == PERIOD:
        return _period(subject, criterion.values[0])
    if operator in (LAST, NEXT):
        return _span(subject, operator, criterion.values[0])
    if operator in (CONTAINS, LACKS, BEGINS):
        negation, function = ("not ", CONTAINS) if operator == LACKS else ("", operator)
        return f"{negation}{function}({path}, {literals[0]})"
    if kind is Kind.OPTIONS:
        word, joining = ("in", " or ") if operator == EQ else ("not in", " and ")
        return joining.join(f"{one} {word} {path}" for one in literals)
    if len(literals) > 1:
        return f"{subject} {'in' if operator == EQ else 'not in'} [{', '.join(literals)}]"
    return f"{subject} {_SIGNS[operator]} {literals[0]}"


def alternatives(texts: Sequence[str]) -> str:
    """The condition that holds where one of these does."""
    trees = [parse_expression(text) for text in texts]
    return " or ".join(f"({written(t)})" if _is(t, "or") else written(t) for t in trees)


def alternatives_in(text: str) -> list[str]:
    """The conditions of which one must hold for `text` to hold; the text itself where it is one condition."""
    tree = parse_expression(text)
    if isinstance(tree, s.Logical) and _is(tree, "or") and _criterion(tree) is None:
        return [written(part) for part in tree.operands]
    return [text]


def literal(value: str, kind: Kind) -> str:
    """A value as the language writes it."""
    if kind in NUMERIC or kind is Kind.BOOLEAN or (kind is Kind.REFERENCE and value == "me"):
        return value
    return quoted(value)


def _period(subject: str, name: str) -> str:
    if name in _DAYS_OFF:
        return f"{subject} == {_DAYS_OFF[name]}"
    which, _, unit = name.partition("_")
    first, after = (_start(unit, _SHIFTS[which] + n) for n in (0, 1))
    return f"{subject} >= {first} and {subject} < {after}"


def _start(unit: str, shift: int) -> str:
    start, shifted, size = _UNITS[unit]
    if not shift:
        return start.format("today()")
    count = shift * size
    sign = f"{'-' if count < 0 else '+'} {abs(count)}" if unit == "week" else str(count)
    return start.format(shifted.format(sign))


def _span(subject: str, operator: str, days: str) -> str:
    if operator == LAST:
        return f"{subject} >= today() - {int(days)} days and {subject} <= today()"
    return f"{subject} >= today() and {subject} <= today() + {int(days)} days"


# --- read --------------------------------------------------------------------------------------------


def conditions_of(text: str) -> tuple[str, ...]:
    """The conditions that must all hold, each as one text; two that make a period together are one.

    Raises Unparsable.
    """
    found: list[str] = []
    for one in conjuncts(text):
        both = f"{found[-1]} and {one}" if found else ""
        whole = part_of(both) if both else None
        if isinstance(whole, Criterion) and whole.operator in (PERIOD, LAST, NEXT):
            found[-1] = both
        else:
            found.append(one)
    return tuple(found)


def part_of(text: str) -> Part:
    """What a condition is; raises Unparsable."""
    tree = parse_expression(text)
    whole = _criterion(tree)
    if whole is None and isinstance(tree, s.Logical) and tree.operator == "or":
        return AnyOf(tuple(_criterion(part) or Raw(written(part)) for part in tree.operands))
    return whole or Raw(written(tree))


def _criterion(node: s.Syntax) -> Criterion | None:
    match node:
        case s.Binary():
            return _compared(node)
        case s.CallOf(function="contains" | "starts_with" as function, arguments=(left, right)):
            return _with_text(function, left, right)
        case s.Unary(operator="not", operand=s.CallOf(function="contains", arguments=(left, right))):
            return _with_text(LACKS, left, right)
        case s.Logical(operator="or"):
            return _of_options(node, "in", EQ)
        case s.Logical():
            return _of_options(node, "not in", NE) or _between(node)
    return None


def _compared(node: s.Binary) -> Criterion | None:
    if node.operator in ("in", "not in"):
        return _listed(node)
    path, name = _path(node.left), _NAMES.get(node.operator)
    if not path or name is None:
        return None
    if isinstance(node.right, s.Constant) and node.right.value is None:
        return Criterion(path, EMPTY if name == EQ else FULL) if name in MANY else None
    value = _value(node.right)
    if value is not None:
        return Criterion(path, name, (value,))
    day = next((n for n, text in _DAYS_OFF.items() if name == EQ and written(node.right) == text), "")
    return Criterion(path, PERIOD, (day,)) if day else None


def _listed(node: s.Binary) -> Criterion | None:
    operator = EQ if node.operator == "in" else NE
    path = _path(node.left)
    if path and isinstance(node.right, s.Items):
        values = [_value(item) for item in node.right.items]
        known = tuple(v for v in values if v is not None)
        return Criterion(path, operator, known) if known and len(known) == len(values) else None
    return _of_options(s.Logical(0, 1, "", (node,)), node.operator, operator)


def _of_options(node: s.Logical, word: str, operator: str) -> Criterion | None:
    """`"a" in x or "b" in x`, of one set of options."""
    paths: set[str] = set()
    values: list[str] = []
    for part in node.operands:
        value = _value(part.left) if isinstance(part, s.Binary) and part.operator == word else None
        if not isinstance(part, s.Binary) or value is None:
            return None
        paths.add(_path(part.right))
        values.append(value)
    return Criterion(paths.pop(), operator, tuple(values)) if len(paths) == 1 and "" not in paths else None


def _between(node: s.Logical) -> Criterion | None:
    """A period, or the last or next days."""
    first = node.operands[0]
    subject = written(first.left) if isinstance(first, s.Binary) else ""
    path, text = _path(first.left) if isinstance(first, s.Binary) else "", written(node)
    if not path:
        return None
    period = next((name for name in PERIODS if _period(subject, name) == text), "")
    if period:
        return Criterion(path, PERIOD, (period,))
    for operator, pattern in _SPAN.items():
        found = re.fullmatch(pattern.format(re.escape(subject)), text)
        if found:
            return Criterion(path, operator, (found[1],))
    return None


def _with_text(operator: str, left: s.Syntax, right: s.Syntax) -> Criterion | None:
    path, value = _path(left), _value(right)
    return Criterion(path, operator, (value,)) if path and value is not None else None


def _path(node: s.Syntax) -> str:
    """The dotted path of a field, or of an instant whose day is meant."""
    if isinstance(node, s.CallOf):
        return _path(node.arguments[0]) if node.function == "date_of" and len(node.arguments) == 1 else ""
    names = list(_names(node))
    return "" if "" in names or names[:1] in (["me"], ["my"], ["record"]) else ".".join(names)


def _names(node: s.Syntax) -> Iterator[str]:
    if isinstance(node, s.Member):
        yield from _names(node.base)
        yield node.name
    else:
        yield node.name if isinstance(node, s.Name) else ""


def _value(node: s.Syntax) -> str | None:
    match node:
        case s.Name(name="me"):
            return "me"
        case s.Constant(value=bool() as value):
            return "true" if value else "false"
        case s.Constant(value=str() as value):
            return value
        case s.Constant(value=int() | Decimal() as value):
            return format(value, "f") if isinstance(value, Decimal) else str(value)
        case s.Unary(operator="-", operand=s.Constant(value=int() | Decimal())):
            return f"-{_value(node.operand)}"
    return None


def _is(node: s.Syntax, operator: str) -> bool:
    return isinstance(node, s.Logical) and node.operator == operator
