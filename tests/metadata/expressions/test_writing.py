"""A tree written as text is the same tree when it is read."""

from __future__ import annotations

import random
from dataclasses import fields
from typing import Any

import pytest

from tests.support.expression_world import build_model
from tests.support.random_expressions import Writer
from xrm.metadata.expressions import parse_expression
from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.writing import conjunction, conjuncts, written
from xrm.metadata.typing_scope import ModelNames


def bare(node: Any) -> Any:
    """The tree without places."""
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    if not isinstance(node, s.Syntax):
        return (type(node), node)
    inside = [
        f.name for f in fields(node) if f.name not in ("at", "depth", "name_at", "entity_at", "operator_at")
    ]
    return (type(node), *(bare(getattr(node, name)) for name in inside))


def test_random_expressions_are_read_as_they_were_written() -> None:
    writer = Writer(random.Random(7), ModelNames(build_model().entities))
    for _ in range(400):
        text = writer.expression()
        tree = parse_expression(text)
        assert bare(parse_expression(written(tree))) == bare(tree), text
        assert written(parse_expression(written(tree))) == written(tree)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a==1 and   (b or c)", "a == 1 and (b or c)"),
        ("(a and b) and c", "(a and b) and c"),
        ("not (a and b)", "not (a and b)"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a as deal).name", "(a as deal).name"),
        ("-(a + b) * 2", "-(a + b) * 2"),
        ('x in (\'a\', "b\\"c")', 'x in ["a", "b\\"c"]'),
        ("now() - 90min + 48h", "now() - 90min + 2 days"),
        ("'' == t", "empty == t"),
        ("(1 if a else 2) if b else 3", "(1 if a else 2) if b else 3"),
    ],
)
def test_what_binds_less_stands_in_parentheses(text: str, says: str) -> None:
    assert written(parse_expression(text)) == says
    assert bare(parse_expression(says)) == bare(parse_expression(text))


def test_a_condition_is_taken_apart_and_put_together() -> None:
    assert conjuncts("") == ()
    assert conjuncts("a or b") == ("a or b",)
    parts = conjuncts("a == 1 and (b or c) and (d and e)")
    assert parts == ("a == 1", "b or c", "d and e")
    assert conjunction(parts) == "a == 1 and (b or c) and (d and e)"
    assert conjunction(parts[1:2]) == "b or c"
    assert conjunction(()) == ""
