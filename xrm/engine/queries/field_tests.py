"""Short-form conditions of pages (`f.stage=won`) as texts of the expression language: there is one filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from xrm.engine.queries.reading import along
from xrm.engine.queries.request import FieldTest
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.expressions.types import Kind, Names
from xrm.metadata.expressions.writing import quoted

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,8})?\Z")
_ID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\Z")
_COMPARISONS: Mapping[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_JOINING = frozenset({"eq", "ne", "in"})
_NUMERIC = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.MONEY})


def as_text(test: FieldTest, entity: str, names: Names) -> str:
    """The condition as an expression; raises Invalid when the field does not take the test.

    Of several values `eq` and `in` mean any, and `ne` means none.
    """
    shown = ".".join(test.path)
    if len(test.raw) > 1 and test.operator not in _JOINING:
        raise _repeated(test, shown)
    if test.operator == "empty":
        return f"{shown} == empty" if test.raw != ("false",) else f"{shown} != empty"
    kind = _kind(test, entity, names)
    values = [_written(raw, kind, shown) for raw in test.raw]
    if kind is Kind.OPTIONS:
        return _of_options(test, values, shown)
    if test.operator in ("contains", "starts_with"):
        return f"{test.operator}({shown}, {values[0]})"
    if test.operator == "in" or len(values) > 1:
        return f"{shown} {'not in' if test.operator == 'ne' else 'in'} [{', '.join(values)}]"
    return f"{shown} {_COMPARISONS[test.operator]} {values[0]}"


def _of_options(test: FieldTest, values: Sequence[str], shown: str) -> str:
    """A set of options has any of the values, or with `ne` none; it has no order and is no text."""
    if test.operator not in _JOINING:
        hint = "A set of options takes eq, ne, in and empty."
        message = f"{shown} does not take {test.operator}."
        raise Invalid(Problem("R106", message, hint, Place(path=f"f.{shown}.{test.operator}")))
    if test.operator == "ne":
        return " and ".join(f"{value} not in {shown}" for value in values)
    return " or ".join(f"{value} in {shown}" for value in values)


def _repeated(test: FieldTest, shown: str) -> Invalid:
    name = f"f.{shown}.{test.operator}"
    hint = "Give it once; only eq, ne and in take several values."
    return Invalid(Problem("R105", f"{name} is given more than once.", hint, Place(path=name)))


def _kind(test: FieldTest, entity: str, names: Names) -> Kind:
    """The kind of the field at the end of the path; text where the checker will refuse the path anyway."""
    found = along(test.path, entity, names)
    return found[-1].type.kind if found else Kind.TEXT


def _written(raw: str, kind: Kind, shown: str) -> str:
    """The raw value as a literal of the language."""
    if raw == "me" and kind is Kind.REFERENCE:
        return "me"
    if kind in _NUMERIC:
        return _matching(raw, _NUMBER.match, shown, "a number, for example 12.5")
    if kind is Kind.BOOLEAN:
        return _matching(raw, lambda text: text in ("true", "false"), shown, "true or false")
    if kind is Kind.REFERENCE:
        return quoted(_matching(raw, _ID.match, shown, "the id of a record"))
    return quoted(raw)


def _matching(raw: str, is_good: Callable[[str], object], shown: str, wanted: str) -> str:
    if is_good(raw):
        return raw
    raise Invalid(
        Problem(
            "R106", f"{shown} is compared with {raw[:40]!r}.", f"Give {wanted}.", Place(path=f"f.{shown}")
        )
    )
