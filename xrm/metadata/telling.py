"""How many problems are told: enough to work on for a day, and never a screenful without end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from xrm.errors import Place, Problem
from xrm.metadata.limits import PROBLEMS, PROBLEMS_PER_DOCUMENT

# A sentence is no longer than this; what is left out is the middle of a word that an author wrote.
_LONGEST: Final = 1_000
_MEND_THESE: Final = "Mend these first."


def told_of_document(problems: Sequence[Problem], untold: int = 0) -> tuple[Problem, ...]:
    """The first problems of one file; how many more there are, with the `untold` ones, is the last of them."""
    ordered = sorted(problems, key=_position)
    return _capped(ordered, PROBLEMS_PER_DOCUMENT, untold, "The file has")


def told_of_all(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The first problems of all files, each once and short; how many more there are is the last of them."""
    ordered = sorted(dict.fromkeys(_short(p) for p in problems), key=_position)
    return _capped(ordered, PROBLEMS, 0, "All files together have")


def _capped(ordered: list[Problem], most: int, untold: int, they_have: str) -> tuple[Problem, ...]:
    rest = max(0, len(ordered) - most) + untold
    if not rest:
        return tuple(ordered)
    word = "problem" if rest == 1 else "problems"
    where = ordered[:most][-1].where if ordered else Place()
    more = Problem("M104", f"{they_have} {rest:,} more {word}.", _MEND_THESE, where)
    return (*ordered[:most], more)


def _short(problem: Problem) -> Problem:
    """The problem without the rest of a very long word that it quotes."""
    if len(problem.message) <= _LONGEST and len(problem.hint) <= _LONGEST:
        return problem
    return replace(problem, message=_cut(problem.message), hint=_cut(problem.hint))


def _cut(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def _position(problem: Problem) -> tuple[str, int, int, str]:
    where = problem.where
    return where.file, where.line, where.column, problem.code
