"""Every mistake of a pack is told in one run, once: what is found together is what is found one by one."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import pytest

from tests.metadata.mistakes import MISTAKES, Found, Mistake, found_in, with_mistakes
from xrm.metadata import PackSource, judge

SEED = 20260529


def test_the_pack_without_mistakes_has_no_problem():
    assert judge(with_mistakes(())).problems == ()


@pytest.fixture(scope="module")
def alone() -> dict[str, set[Found]]:
    """What is found when a mistake is the only one."""
    return {mistake.name: found_in([mistake]) for mistake in MISTAKES}


def test_each_mistake_alone_is_one_problem(alone: dict[str, set[Found]]):
    assert {name: found for name, found in alone.items() if len(found) != 1} == {}


def are_independent(mistakes: tuple[Mistake, ...]) -> bool:
    """Whether no two of them are about the same."""
    return not any(a.clashes_with(b) for a, b in itertools.combinations(mistakes, 2))


def combinations(count: int) -> Iterator[tuple[Mistake, ...]]:
    """So many twos and threes of independent mistakes, the same in every run."""
    chance = random.Random(SEED)
    while count:
        chosen = tuple(chance.sample(MISTAKES, chance.choice((2, 3))))
        if are_independent(chosen):
            count -= 1
            yield chosen


def test_no_mistake_hides_another_one_or_makes_an_echo(
    alone: dict[str, set[Found]], scale: Callable[[int, int], int]
):
    wrong = {}
    for chosen in combinations(scale(50, 4000)):
        names = tuple(mistake.name for mistake in chosen)
        wanted, found = set().union(*(alone[name] for name in names)), found_in(chosen)
        if found != wanted:
            wrong[names] = {"hidden": wanted - found, "echoes": found - wanted}
    assert wrong == {}


@pytest.mark.proof
def test_no_two_mistakes_of_all_hide_each_other(alone: dict[str, set[Found]]):
    pairs = [pair for pair in itertools.combinations(MISTAKES, 2) if are_independent(pair)]
    wrong = [(a.name, b.name) for a, b in pairs if found_in((a, b)) != alone[a.name] | alone[b.name]]
    assert wrong == []


def test_all_independent_mistakes_are_told_at_once(alone: dict[str, set[Found]]):
    chosen: list[Mistake] = []
    for mistake in MISTAKES:
        if not any(mistake.clashes_with(other) for other in chosen):
            chosen.append(mistake)
    assert found_in(chosen) == set().union(*(alone[mistake.name] for mistake in chosen))


@pytest.mark.parametrize(
    "files",
    [
        {"forms/part.yaml": b"some.path: x\n"},
        {"entities/part.yaml": b"entity: part\nfields: {name: {type: text}, a.b: 3}\n"},
        {"roles.yaml": b"a.b: x\n"},
    ],
    ids=["form", "field", "role"],
)
def test_what_has_no_name_and_no_shape_either_is_one_problem(files: dict[str, bytes]):
    manifest = {"pack.yaml": b"pack: p\nversion: 1.0.0\n"}
    part = {"entities/part.yaml": b"entity: part\nfields: {name: {type: text}}\n"}
    problems = judge([PackSource("p", {**manifest, **part, **files})]).problems
    assert [p.code for p in problems] == ["M114"]
