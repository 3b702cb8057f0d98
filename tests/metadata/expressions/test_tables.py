"""The tables of the language: what is printed of them, and trees as data."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.support.expression_world import SETTINGS, context
from tests.support.project import ROOT
from tests.support.random_expressions import Writer
from xrm.metadata.expressions import EXPRESSION_CODES, FILTER, Expression, check
from xrm.metadata.expressions.dump import dump_tree, load_tree
from xrm.metadata.expressions.functions import AGGREGATES, FUNCTIONS, SPECIALS
from xrm.metadata.expressions.reference import print_reference


def test_the_reference_page_is_what_the_tables_print():
    assert Path(ROOT, "docs/reference/expressions.md").read_text() == print_reference()


@pytest.mark.parametrize(
    "entry",
    [*FUNCTIONS.values(), *AGGREGATES.values(), *SPECIALS.values()],
    ids=[*FUNCTIONS, *AGGREGATES, *SPECIALS],
)
def test_every_function_says_what_it_gives_and_shows_itself(entry):
    assert entry.summary.endswith(".")
    assert entry.signature.split("(")[0] + "(" in entry.example


def test_every_problem_code_of_the_checker_is_listed():
    package = ROOT / "xrm/metadata/expressions"
    source = "".join(p.read_text() for p in package.glob("*.py") if p.name != "problems.py")
    assert set(EXPRESSION_CODES) == {f"M20{n}" for n in range(10) if f'"M20{n}"' in source}


def test_a_tree_becomes_json_and_the_same_tree_again(names):
    writer = Writer(random.Random(5), names)
    scope = FILTER.with_settings(SETTINGS)
    found = [check(writer.expression(), "deal", names, scope=scope, expect=None) for _ in range(300)]
    trees = [expression.tree for expression in found if isinstance(expression, Expression)]
    assert len(trees) > 250
    for tree in trees:
        assert load_tree(json.loads(json.dumps(dump_tree(tree)))) == tree


def test_nothing_at_all_is_kept_apart_from_what_is_empty_in_the_json_of_a_tree(names):
    for text in ("effort == 0h", "active == false", "quantity == 0", "price == 0.00", "-effort"):
        found = check(text, "deal", names, expect=None)
        assert isinstance(found, Expression)
        assert load_tree(json.loads(json.dumps(dump_tree(found.tree)))) == found.tree


def test_json_of_a_tree_leaves_out_what_is_empty(names):
    found = check("price > 1.50", "deal", names)
    assert isinstance(found, Expression)
    assert dump_tree(found.tree) == {
        "node": "Compare",
        "type": "boolean",
        "operator": ">",
        "left": {
            "node": "Access",
            "type": ["decimal", [], [], 2],
            "root": "record",
            "entities": ["deal"],
            "path": ["price"],
        },
        "right": {"node": "Literal", "type": ["decimal", [], [], 2], "value": "1.50"},
    }


def test_the_context_of_tests_has_every_parameter():
    given = context()
    for name in ("today", "now", "me", "my.teams", "my.unit", "my.units", "my.contact", "settings.limit"):
        given.parameter(name)
    assert given.parameter("settings.unheard_of") is None
