"""However bad the files are: so many problems are told, and the work grows with the files and no faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import pytest

from tests.metadata.builders import problems_of, said
from xrm.metadata.limits import PROBLEMS, PROBLEMS_PER_DOCUMENT

START = "entity: a\ntitle: name\nfields:\n  name: {type: text}\n"


def fields(line: str, count: int) -> str:
    return START + "".join(line.format(i=i) for i in range(count))


def faulty_fields(count: int) -> dict[str, str]:
    return {"entities/a.yaml": fields("  f{i}: {{typ: txt, requird: yes, labl: 5}}\n", count)}


def misspelt_names(count: int) -> dict[str, str]:
    return {"entities/a.yaml": fields("  F{i}-x: {{type: text}}\n", count)}


def unknown_words(count: int) -> dict[str, str]:
    return {"entities/a.yaml": fields("  f{i}: {{type: text, abc{i}def: 1, {i}labl: x}}\n", count)}


def keys_of_nothing(count: int) -> dict[str, str]:
    keys = "".join(f"  k{i}: {{fields: [g{i}]}}\n" for i in range(count))
    return {"entities/a.yaml": f"{fields('  f{i}: {{type: text}}' + chr(10), count)}keys:\n{keys}"}


def faulty_files(count: int) -> dict[str, str]:
    text = "entity: e{i}\ntitle: nme\nfields: {{name: {{typ: text}}}}\nrelationships: {{x: {{to: f{i}}}}}\n"
    return {f"entities/e{i}.yaml": text.format(i=i) for i in range(count)}


def different_items(count: int) -> dict[str, str]:
    items = ", ".join(f"{i}, {{a: {i}}}" for i in range(count))
    return {"entities/a.yaml": f"{START}indexes: [[{items}]]\n"}


def many_options(count: int) -> dict[str, str]:
    options = ", ".join(f"o{i}" for i in range(count))
    return {"entities/a.yaml": f"{START}  k: {{type: choice, options: [{options}], default: zz}}\n"}


def keys_twice(count: int) -> dict[str, str]:
    return {"entities/a.yaml": fields("  name: {{type: text}}\n", count)}


def seeds_of_nothing(count: int) -> dict[str, str]:
    line = "- {{ref: r{i}, entity: a, values: {{nme{i}: x}}}}\n"
    seed = "".join(line.format(i=i) for i in range(count))
    return {"entities/a.yaml": START, "seed/base.yaml": f"records:\n{seed}"}


def faulty_seeds(count: int) -> dict[str, str]:
    line = "- {{reff: r{i}, entty: a, vals: {{nme: x}}}}\n"
    seed = "".join(line.format(i=i) for i in range(count))
    return {"entities/a.yaml": START, "seed/base.yaml": f"records:\n{seed}"}


def like_chain(count: int) -> dict[str, str]:
    first = {f"entities/e{i}.yaml": f"entity: e{i}\nlike: e{i + 1}\n" for i in range(count)}
    return {**first, f"entities/e{count}.yaml": START.replace("entity: a", f"entity: e{count}")}


def like_circle(count: int) -> dict[str, str]:
    return {f"entities/e{i}.yaml": f"entity: e{i}\nlike: e{(i + 1) % count}\n" for i in range(count)}


def seconds(files: Mapping[str, str]) -> float:
    start = time.process_time()
    problems_of(files)
    return time.process_time() - start


@pytest.mark.parametrize(
    ("files", "count"),
    [
        (faulty_fields, 250),
        (misspelt_names, 250),
        (unknown_words, 250),
        (keys_of_nothing, 400),
        (faulty_files, 50),
        (different_items, 400),
        (many_options, 2_000),
        (keys_twice, 1_000),
        (seeds_of_nothing, 250),
        (faulty_seeds, 250),
        (like_circle, 100),
    ],
)
def test_twice_the_mistakes_take_about_twice_the_time(files: Callable[[int], dict[str, str]], count: int):
    """Four times the files take far less than the sixteen times that comparing each with each would take."""
    seconds(files(10))
    once = min(seconds(files(count)) for _ in range(2))
    assert seconds(files(4 * count)) < 9 * once


@pytest.mark.parametrize(
    ("files", "most"),
    [
        (faulty_fields, PROBLEMS_PER_DOCUMENT),
        (misspelt_names, PROBLEMS_PER_DOCUMENT),
        (keys_twice, PROBLEMS_PER_DOCUMENT),
        (faulty_files, PROBLEMS),
        (seeds_of_nothing, PROBLEMS),
    ],
)
def test_so_many_problems_are_told_and_how_many_more_there_are(
    files: Callable[[int], dict[str, str]], most: int
):
    problems = problems_of(files(600))
    more = [p for p in problems if p.code == "M104"]
    assert len(problems) == most + 1
    assert [p.hint for p in more] == ["Mend these first."]
    assert "more problems" in more[0].message


def test_of_a_faulty_file_the_first_problems_are_told():
    told = said(problems_of(faulty_fields(600)))
    assert told[:4] == [
        "p/entities/a.yaml:5:8 M110",
        "p/entities/a.yaml:5:18 M110",
        "p/entities/a.yaml:5:32 M110",
        "p/entities/a.yaml:6:8 M110",
    ]


def test_a_long_word_is_quoted_by_its_ends():
    (problem,) = problems_of({"entities/a.yaml": f"{START}ownership: {'x' * 200_000}\n"})
    assert problem.code == "M113"
    assert len(problem.message) < 1_100


@pytest.mark.parametrize("count", [2, 12, 500, 1_500])
def test_a_circle_of_likenesses_is_one_problem_that_shows_it(count: int):
    (problem,) = problems_of(like_circle(count))
    assert problem.code == "M234"
    assert problem.message.startswith("Entities are like each other in a circle: e0 → e1 →")
    assert problem.message.endswith(f"e{count - 1} → e0.")


def test_what_is_like_a_member_of_a_circle_is_not_judged_for_it():
    files = {**like_circle(3), "entities/b.yaml": "entity: b\nlike: e1\n"}
    assert [p.code for p in problems_of(files)] == ["M234"]


def test_a_long_chain_of_likenesses_is_followed_to_its_end():
    assert problems_of(like_chain(1_500)) == ()


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({f"entities/{'a' * 37}.yaml": START.replace("entity: a", f"entity: {'a' * 37}")}, ["M115"]),
        ({"entities/Bad_Name.yaml": START.replace("entity: a", "entity: Bad_Name")}, ["M114"]),
        ({"entities/true.yaml": START.replace("entity: a", "entity: true")}, ["M112"]),
        ({"entities/a.yaml": f"{START}  k: {{type: choice, options: [é]}}\n"}, ["M114"]),
        ({"entities/a.yaml": f"{START}  k: {{type: choice, options: {{é: {{}}}}}}\n"}, ["M114"]),
        ({"entities/a.yaml": f"{START}  k: {{typ: text}}\n"}, ["M110"]),
        (
            {
                "entities/a.yaml": f"{START}rules: {{r: {{must: '{' or '.join(['name == empty'] * 6000)}'}}}}\n"
            },
            ["M115"],
        ),
    ],
)
def test_one_mistake_is_one_problem(files: Mapping[str, str], found: list[str]):
    assert [p.code for p in problems_of(files)] == found
