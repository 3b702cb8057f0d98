"""The syntax tree: what was written, before anything is known about the model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Syntax:
    """Any syntax node: where it begins, and how many levels it has."""

    at: int
    depth: int


@dataclass(frozen=True, slots=True)
class Constant(Syntax):
    """A number, text, truth value, duration, or `empty` as None."""

    value: str | int | Decimal | bool | timedelta | None


@dataclass(frozen=True, slots=True)
class Name(Syntax):
    """A bare name."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Syntax):
    """A name behind a dot."""

    base: Syntax
    name: str
    name_at: int


@dataclass(frozen=True, slots=True)
class Narrow(Syntax):
    """`base as entity`."""

    base: Syntax
    entity: str
    entity_at: int


@dataclass(frozen=True, slots=True)
class CallOf(Syntax):
    """A function by name, with arguments."""

    function: str
    arguments: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Items(Syntax):
    """Values in brackets."""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    """`not x` or `-x`."""

    operator: str
    operand: Syntax


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """A comparison, `in`, `not in`, or arithmetic; `operator_at` is where the operator stands."""

    operator: str
    left: Syntax
    right: Syntax
    operator_at: int


@dataclass(frozen=True, slots=True)
class Logical(Syntax):
    """`and` or `or` between two or more."""

    operator: str
    operands: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Choice(Syntax):
    """`then if condition else otherwise`."""

    condition: Syntax
    then: Syntax
    otherwise: Syntax
