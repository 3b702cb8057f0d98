"""Each problem of definitions alone, at its place, with what to do; the table is every_problem.txt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.metadata.builders import NO_CORE, a_pack
from xrm.errors import Problem
from xrm.metadata import METADATA_CODES, Layer, PackSource, judge, read_source
from xrm.metadata.renewal import NOTED
from xrm.metadata.requirements import UNDECLARED

MARK = "¦"
PACK = "p"
MANY_LOOKUPS = "relationships:\n" + "".join(f"  r{n}: {{to: wide}}\n" for n in range(201))
MANY_TEXTS = "".join(f"  f{n}: {{type: text}}\n" for n in range(159))
MANY_FIELDS = "".join(f"  f{n}: {{type: boolean}}\n" for n in range(501))


@dataclass(frozen=True)
class Case:
    """Packs with one mistake, marked, and what is said about it."""

    code: str
    says: str
    packs: dict[str, dict[str, str]]

    @property
    def sources(self) -> list[PackSource]:
        """The packs without marks."""
        return [
            a_pack({path: text.replace(MARK, "") for path, text in files.items()}, name, _floor(name))
            for name, files in self.packs.items()
        ]

    @property
    def position(self) -> tuple[int, int]:
        """Line and column of the mark, or twice 0 where the problem is about a whole file."""
        for text in (text for files in self.packs.values() for text in files.values()):
            before, mark, _ = text.partition(MARK)
            if mark:
                return before.count("\n") + 1, len(before) - before.rfind("\n")
        return 0, 0


def _floor(name: str) -> Layer:
    return Layer.CUSTOMISATION if name == "customisation" else Layer.PACK


def read_cases() -> Iterator[Case]:
    """The sections of the table."""
    table = Path(__file__).with_name("every_problem.txt").read_text(encoding="utf-8")
    for section in table.split("\n#### ")[1:]:
        title, *files = section.split("=== ")
        code, says = title.strip().split(" ", 1)
        packs: dict[str, dict[str, str]] = {}
        for file in files:
            name, text = file.split("\n", 1)
            pack, path = name.split("/", 1)
            packs.setdefault(pack, {})[path] = text
        yield Case(code, says, {**packs, PACK: packs.get(PACK, {})})


MANY_TEXTS_OF_LINKS = (
    f"relationships:\n  {MARK}friends:\n    to: wide\n    many: true\n    attributes:\n"
    + "".join(f"      f{n}: {{type: text}}\n" for n in range(159))
)
ENTITY = "entity: ¦wide\ntitle: name\nfields:\n  name: {type: text}\n"
BELL = {"entities/bell.yaml": "entity: bell\ntitle: name\nfields:\n  name: {type: text}\n"}
PLAY = "scenario: it ends\nthen:\n- {count: bell, is: 0}\n"
AGES = "when:\n- {advance: 300000 days}\n- {advance: ¦100000 days}\n- {advance: 1 day}\n"
MANY_STEPS = "when:\n" + "- {advance: 1 min}\n" * 500
CASES = [
    *read_cases(),
    Case("M105", "Take it out", {PACK: {"entities/bell.yaml": "entity: bell\nlabel: ¦\x07\n"}}),
    Case("M255", "owned child", {PACK: {"entities/wide.yaml": ENTITY + MANY_FIELDS}}),
    Case("M269", "owned child", {PACK: {"entities/wide.yaml": ENTITY + MANY_TEXTS}}),
    Case("M269", "long_text", {PACK: {"entities/wide.yaml": ENTITY.replace(MARK, "") + MANY_TEXTS_OF_LINKS}}),
    Case("M270", "begin then", {PACK: {**BELL, "scenarios/x.yaml": PLAY + "at: ¦9999-12-31T23:59\n"}}),
    Case("M270", "Advance it less", {PACK: {**BELL, "scenarios/x.yaml": PLAY + AGES}}),
    Case("M270", "Split it", {PACK: {**BELL, "scenarios/x.yaml": f"scenario: ¦{PLAY[10:]}{MANY_STEPS}"}}),
    Case("M265", "owned child", {PACK: {"entities/wide.yaml": ENTITY + MANY_LOOKUPS}}),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{c.code}-{n}" for n, c in enumerate(CASES)])
def test_one_mistake_is_one_problem_at_its_place_with_what_to_do(case: Case):
    problems = judge([NO_CORE, *case.sources]).problems
    assert [(p.code, p.where.line, p.where.column) for p in problems] == [(case.code, *case.position)]
    assert case.says in said(problems[0])


def said(problem: Problem) -> str:
    """All the words of a problem."""
    return f"{problem.message} {problem.hint}"


def test_a_pack_that_is_not_there_is_one_problem():
    problems = judge([NO_CORE, read_source("no/such/folder")]).problems
    assert [(p.code, p.where.file) for p in problems] == [("M106", "no/such/folder")]


def test_every_problem_of_definitions_is_shown_here():
    assert {c.code for c in CASES} | {"M106"} == set(METADATA_CODES) - {"M100", NOTED, UNDECLARED}


def test_every_problem_says_what_to_do():
    problems = [p for case in CASES for p in judge([NO_CORE, *case.sources]).problems]
    assert [p for p in problems if not p.hint] == []
