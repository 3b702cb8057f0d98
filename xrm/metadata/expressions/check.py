"""Checking: text becomes a typed tree, or every problem in it with its column and a hint."""

from __future__ import annotations

from dataclasses import replace

from xrm.errors import NOWHERE, Invalid, Place, Problem
from xrm.metadata.expressions.checker import Checker
from xrm.metadata.expressions.grammar import Unparsable, parse_expression
from xrm.metadata.expressions.problems import place_of
from xrm.metadata.expressions.report import Report
from xrm.metadata.expressions.scope import FILTER, LEVELS, ROWS, Scope
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import BOOLEAN, Names, Type
from xrm.registry import near_names


def check(
    text: str,
    entity: str,
    names: Names,
    *,
    scope: Scope = FILTER,
    expect: Type | None = BOOLEAN,
    place: Place = NOWHERE,
) -> Expression | tuple[Problem, ...]:
    """The expression as a typed tree, or every problem in it.

    Bare names are attributes of `entity`. `expect` is the type that the place needs; None takes any.
    `place` is where the first character of `text` stands.
    """
    try:
        tree = parse_expression(text)
    except Unparsable as stop:
        return (Problem(stop.code, stop.message, stop.hint, place_of(place, text, stop.at)),)
    report = Report(text, place)
    checker = Checker(names, scope, entity, report)
    node = checker.whole(tree, expect)
    if node is None or report.problems:
        return tuple(report.problems)
    return Expression(text, node, entity, place, tuple(report.mentions), tuple(report.former))


def checked(
    text: str,
    entity: str,
    names: Names,
    *,
    scope: Scope = FILTER,
    expect: Type | None = BOOLEAN,
    place: Place = NOWHERE,
) -> Expression:
    """The expression as a typed tree; raises Invalid with every problem in it."""
    found = check(text, entity, names, scope=scope, expect=expect, place=place)
    if isinstance(found, Expression):
        return found
    raise Invalid(found)


def check_rows(
    text: str, entity: str, names: Names, *, place: Place = NOWHERE
) -> Expression | tuple[Problem, ...]:
    """A grant's row rule: a named level (own, team, unit, unit_and_below, all) or a condition."""
    level = LEVELS.get(text.strip())
    if level is None:
        found = check(text, entity, names, scope=ROWS, place=place)
        near = near_names(text.strip(), LEVELS)
        if isinstance(found, Expression) or len(found) > 1 or not near or found[0].code != "M201":
            return found
        return (replace(found[0], hint=f"Did you mean {' or '.join(near)}?"),)
    if names.attribute(entity, "owner") is None and level != "true":
        hint = f"Give {entity} `ownership: user_or_team`, or write a condition."
        return (
            Problem("M207", f"Records of {entity} have no owner, so no level {text.strip()}.", hint, place),
        )
    return check(level, entity, names, place=place)
