"""The expression language: text to typed tree, typed tree to Python; SQL is compiled by the engine."""

from xrm.metadata.expressions.check import check, check_rows, checked
from xrm.metadata.expressions.compile import Evaluate, compile_python
from xrm.metadata.expressions.environment import Context, Env, RecordEnv
from xrm.metadata.expressions.grammar import Unparsable, parse_expression
from xrm.metadata.expressions.problems import EXPRESSION_CODES, EXPRESSION_LIMITS
from xrm.metadata.expressions.scope import FILTER, FORMULA, KEY, LEVELS, RULE, TITLE, Scope
from xrm.metadata.expressions.settle import settled
from xrm.metadata.expressions.tree import Expression, Node, all_of, any_of, negated, uses

__all__ = [
    "EXPRESSION_CODES",
    "EXPRESSION_LIMITS",
    "FILTER",
    "FORMULA",
    "KEY",
    "LEVELS",
    "RULE",
    "TITLE",
    "Context",
    "Env",
    "Evaluate",
    "Expression",
    "Node",
    "RecordEnv",
    "Scope",
    "Unparsable",
    "all_of",
    "any_of",
    "check",
    "check_rows",
    "checked",
    "compile_python",
    "negated",
    "parse_expression",
    "settled",
    "uses",
]
