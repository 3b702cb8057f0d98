"""The page of problems says what the tables of codes say, of every part of the program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import chain
from pathlib import Path

from tests.support.project import ROOT
from xrm import errors
from xrm.errors import XrmError
from xrm.metadata import METADATA_CODES
from xrm.metadata.reference import problem_page

PAGE = ROOT / "docs" / "reference" / "problems.md"
TITLES = {
    "M": "Definitions (M)",
    "S": "Schema plans (S)",
    "R": "Records and requests (R)",
    "A": "Sign-in and rights (A)",
    "W": "Workflow runs (W)",
    "J": "Jobs (J)",
    "I": "Imports (I)",
    "L": "Limits (L)",
    "C": "Configuration (C)",
    "E": "Extensions (E)",
    "H": "Requests at the edge (H)",
    "P": "Installing and serving (P)",
    "B": "Backups (B)",
    "T": "Scenarios (T)",
}


def test_the_page_of_problems_is_what_the_tables_print(golden: Callable[[Path, str], None]):
    golden(PAGE, problem_page(families()))


def families() -> Mapping[str, Mapping[str, str]]:
    """Every code of the program by family."""
    known = dict(chain(_states_of_the_world(), *(table.items() for table in _tables())))
    letters = [*TITLES, *sorted({code[0] for code in known} - set(TITLES))]
    grouped = {letter: {c: says for c, says in known.items() if c[0] == letter} for letter in letters}
    return {TITLES.get(letter, letter): codes for letter, codes in grouped.items() if codes}


def _states_of_the_world() -> Iterator[tuple[str, str]]:
    for thing in vars(errors).values():
        if isinstance(thing, type) and issubclass(thing, XrmError):
            yield thing.code, f"{thing.title}."


def _tables() -> Iterator[Mapping[str, str]]:
    """Every mapping of the program whose name ends in _CODES."""
    for file in sorted((ROOT / "xrm").rglob("*.py")):
        for name in re.findall(r"^([A-Z_]+_CODES): Mapping\[str, str\]", file.read_text(), re.MULTILINE):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            yield getattr(import_module(module), name)


def test_every_code_of_definitions_is_on_the_page():
    page = problem_page(families())
    assert all(f"| {code} | {says} |" in page for code, says in METADATA_CODES.items())
