"""The function table: every function of the language, and the words that read like one.

SQL and the browser have tables of their own under the same names; tests hold them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from xrm.metadata.expressions.function_days import DAY_FUNCTIONS
from xrm.metadata.expressions.function_numbers import NUMBER_FUNCTIONS
from xrm.metadata.expressions.function_texts import TEXT_FUNCTIONS
from xrm.metadata.expressions.signatures import Function
from xrm.metadata.expressions.texts import LONGEST_LIST, MOST_LISTED

# The order is the reference page's.
FUNCTION_GROUPS: Final[Mapping[str, tuple[Function, ...]]] = MappingProxyType(
    {"Text": TEXT_FUNCTIONS, "Numbers and values": NUMBER_FUNCTIONS, "Dates and instants": DAY_FUNCTIONS}
)
FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {f.name: f for group in FUNCTION_GROUPS.values() for f in group}
)


@dataclass(frozen=True, slots=True)
class Special:
    """A word that is written like a function and that the checker itself understands."""

    signature: str
    summary: str
    example: str


# Over many records. In the arguments after the first, bare names belong to those records.
AGGREGATES: Final[Mapping[str, Special]] = MappingProxyType(
    {
        "any": Special(
            "any(many, [condition])",
            "True when the condition holds for one of them.",
            'any(deals, stage == "won")',
        ),
        "all": Special(
            "all(many, condition)",
            "True when it holds for each of them, and when there is none.",
            "all(tasks, done)",
        ),
        "count": Special("count(many, [condition])", "How many there are.", 'count(deals, stage == "open")'),
        "sum": Special(
            "sum(many, value, [condition])",
            "The sum of the values; 0 without any.",
            "sum(lines, quantity * price)",
        ),
        "min": Special("min(many, value, [condition])", "The least value.", "min(deals, close_on)"),
        "max": Special("max(many, value, [condition])", "The greatest value.", "max(deals, amount)"),
        "avg": Special(
            "avg(many, value, [condition])",
            "The mean of the values; empty without any.",
            "avg(surveys, score)",
        ),
        "latest": Special(
            "latest(many, by, [value], [condition])",
            "The record with the greatest `by`, or its value; the one made last if several have it.",
            "latest(deals, close_on, amount)",
        ),
        "first": Special(
            "first(many, by, [value], [condition])",
            "The record with the least `by`, or its value; the one made first if several have it.",
            "first(deals, close_on, amount)",
        ),
        "list": Special(
            "list(many, value, [condition])",
            f"The different texts in their order, with commas between them; {MOST_LISTED} at most, then …, and "
            f"{LONGEST_LIST:,} characters. Options are told by their keys; pages show labels.",
            "list(lines, product.title)",
        ),
        "list_all": Special(
            "list_all(many, value, [condition])",
            "The same with every text as often as it is there.",
            "list_all(calls, outcome)",
        ),
    }
)

SPECIALS: Final[Mapping[str, Special]] = MappingProxyType(
    {
        "today": Special("today()", "The date of today.", "due_on < today()"),
        "now": Special("now()", "The instant of evaluation.", "due_at < now() + 4h"),
        "changed": Special(
            "changed(name)", "True when the attribute differs from what it was before.", "changed(severity)"
        ),
        "switch": Special(
            "switch(value, case, result, ..., [otherwise])",
            "The result behind the first case that the value equals; else the last one, or empty.",
            'switch(stage, "won", 100, "lost", 0, probability)',
        ),
    }
)

FUNCTION_NAMES: Final = tuple(dict.fromkeys((*FUNCTIONS, *AGGREGATES, *SPECIALS)))
