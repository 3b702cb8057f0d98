"""The fourth place: a browser gives the answers of Python, SQLite and PostgreSQL, from the tree alone."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from unicodedata import category
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.engine.test_expressions_agree import DEALS, SEED, SETTINGS, well_typed
from tests.support.expression_vectors import VECTORS, ZONE
from tests.support.expression_world import ZONES, World, build_world, context
from tests.support.function_examples import EXAMPLES
from tests.support.random_expressions import Writer
from xrm.metadata.expressions import FILTER, Context, Env, Expression, RecordEnv, check, compile_python
from xrm.metadata.expressions.dump import dump_tree, dump_value
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.letters import lower, upper
from xrm.metadata.expressions.scope import ACTOR, CLOCK
from xrm.metadata.expressions.types import Attribute, Kind, Type
from xrm.metadata.typing_scope import ModelNames
from xrm.metadata.values import Ref, fold
from xrm.ui.assets import STATIC
from xrm.ui.fields.parsing import plain_number

ORIGIN = "http://expressions.test"
PORTION = 200
SET_UP = """
import { evaluate, written, FUNCTIONS } from "/js/on/evaluate.js";
import { folded } from "/js/on/exact.js";
import { STRICT } from "/js/on/functions.js";
import { numberIn } from "/js/on/typed.js";

const records = new Map();
const keyOf = ({ entity, id }) => `${entity} ${id}`;

function make({ entity, id, values, far }) {
  const found = (name) => (far[name] ?? []).map((key) => records.get(key)).filter(Boolean);
  return { entity, id, value: (path) => values[path], follow: (name) => found(name)[0] ?? null, many: found };
}

window.learn = (all) => all.forEach((one) => records.set(keyOf(one), make(one)));
window.functions = FUNCTIONS;
window.folded = folded;
window.turn = (name, letter) => STRICT[name]([letter]);
window.numberIn = numberIn;
window.answer = (asked) => asked.map(({ tree, context, keys, record }) => {
  const about = record ? [make(record)] : keys.map((key) => records.get(key));
  return about.map((one) => {
    const value = evaluate(tree, one, context);
    return value?.id ?? written(value, tree.type) ?? null;
  });
});
"""


def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(f"{ORIGIN}/")
    if path:
        route.fulfill(body=(STATIC / path).read_text(encoding="utf-8"), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Expressions</title>", content_type="text/html")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page with nothing but the evaluator."""
    page = chromium.new_page()
    page.route("**/*", _serve)
    page.goto(f"{ORIGIN}/")
    page.add_script_tag(content=SET_UP, type="module")
    page.wait_for_function("() => Boolean(window.answer)")
    yield page
    page.close()


@pytest.fixture(scope="module")
def world(page: Page) -> World:
    """Sixty deals and what is around them; the page knows them, too."""
    world = build_world(random.Random(SEED), DEALS)
    names = ModelNames(world.model.entities)
    known = [
        _record(world, names, world.env(entity, id_))
        for entity, all_ in world.records.items()
        for id_ in all_
    ]
    page.evaluate("all => learn(all)", known)
    return world


def _record(world: World, names: ModelNames, env: Env) -> dict[str, Any]:
    """A record as data: its values by path, and the keys of the records that it leads to."""
    entity = world.model.entities[env.entity]
    far = {name: [_key(r) for r in env.many(name)] for name in entity.relationships}
    values = {".".join(a.path): _data(env.value(a.path), a.type) for a in _attributes(names, env.entity)}
    return {"entity": env.entity, "id": str(env.value(("id",))), "values": values, "far": far}


def _key(env: Env) -> str:
    return f"{env.entity} {env.value(('id',))}"


def _attributes(names: ModelNames, entity: str) -> Iterator[Attribute]:
    for name in names.attribute_names(entity):
        found = names.attribute(entity, name)
        assert found is not None
        if found.type.kind is Kind.MANY:
            continue
        yield found
        for part in ("amount", "currency", "base", "first", "middle", "last"):
            inside = names.part(entity, found, part)
            if inside is not None:
                yield inside


def _data(value: Any, type_: Type) -> Any:
    if isinstance(value, Ref):
        return {"entity": value.entity, "id": str(value.id)}
    if type_.kind is Kind.OPAQUE:
        return None if value is None else {}
    return dump_value(value, type_)


def _given(context: Context) -> dict[str, Any]:
    """The context as data."""
    kinds = {**CLOCK, **ACTOR, **{f"settings.{name}": kind for name, kind in SETTINGS.items()}}
    return {"zone": context.zone} | {
        name: dump_value(context.parameter(name), kind) for name, kind in kinds.items()
    }


def _answer(value: Any, type_: Type) -> Any:
    if type_.kind is Kind.REFERENCE:
        return None if value is None else str(getattr(value, "id", value))
    return dump_value(value, type_)


def _alike(value: Any, type_: Type) -> Any:
    """Numbers without zeros at the end, as the browser writes them."""
    if value is None or type_.kind is not Kind.DECIMAL or "." not in value:
        return value
    return value.rstrip("0").rstrip(".").replace("-0", "-0" if value.strip("-0.") else "0")


def test_every_function_can_be_called_in_the_browser(page: Page) -> None:
    assert set(page.evaluate("functions")) == set(FUNCTIONS)


def test_every_example_of_the_function_table_gives_its_answer_in_the_browser(
    page: Page, world: World
) -> None:
    names = ModelNames(world.model.entities)
    trees = [check(example, "deal", names, scope=FILTER, expect=None) for example in EXAMPLES]
    keys, given = [f"deal {next(iter(world.records['deal']))}"], _given(context(ZONE))
    asked = [
        {"tree": dump_tree(found.tree), "context": given, "keys": keys}
        for found in trees
        if isinstance(found, Expression)
    ]
    answers = [answer for (answer,) in page.evaluate("asked => answer(asked)", asked)]
    told = [str(answer).lower() if isinstance(answer, bool) else answer for answer in answers]
    assert dict(zip(EXAMPLES, told, strict=True)) == {e: a.strip('"') for e, a in EXAMPLES.items()}


def test_every_vector_has_its_answer_in_the_browser(page: Page, world: World) -> None:
    names = ModelNames(world.model.entities)
    given = _given(context(ZONE))
    asked, expected = [], []
    for vector in VECTORS:
        found = check(vector.text, "deal", names, scope=FILTER.with_settings(SETTINGS), expect=None)
        assert isinstance(found, Expression)
        env = RecordEnv("deal", {"id": UUID(int=1), **vector.values})
        asked.append(
            {
                "tree": dump_tree(found.tree),
                "context": given,
                "record": _record(world, names, env),
                "keys": [],
            }
        )
        expected.append((vector.text, _alike(_answer(vector.answer, found.type), found.type)))
    answers = page.evaluate("asked => answer(asked)", asked)
    assert [(text, answer) for (text, _), (answer,) in zip(expected, answers, strict=True)] == expected
    assert len(asked) > 100


def test_random_expressions_mean_the_same_in_the_browser(
    page: Page, world: World, scale: Callable[[int, int], int]
) -> None:
    rng = random.Random(SEED)
    names = ModelNames(world.model.entities)
    writer = Writer(rng, names)
    people = [None, *sorted({r["created_by"].id for r in world.records["deal"].values()})]
    keys = [f"deal {id_}" for id_ in world.records["deal"]]
    filled, left = 0, scale(120, 2_000)
    while left > 0:
        asked, expected = [], []
        for _ in range(min(left, PORTION)):
            expression = well_typed(writer, names)
            given = context(rng.choice(ZONES), rng.choice(people))
            evaluate = compile_python(expression)
            values = [evaluate(world.env("deal", id_), given) for id_ in world.records["deal"]]
            filled += any(value not in (None, False) for value in values)
            asked.append({"tree": dump_tree(expression.tree), "context": _given(given), "keys": keys})
            expected.append([_alike(_answer(v, expression.type), expression.type) for v in values])
            expected[-1].insert(0, expression.text)
        answers = page.evaluate("asked => answer(asked)", asked)
        for (text, *wanted), found in zip(expected, answers, strict=True):
            wrong = {k: (w, f) for k, w, f in zip(keys, wanted, found, strict=True) if w != f}
            assert not wrong, f"{text}\n{next(iter(wrong.items()))}"
        left -= PORTION
    assert filled > scale(120, 2_000) // 2


def test_letters_are_folded_alike_in_the_browser(page: Page, scale: Callable[[int, int], int]) -> None:
    """Letters that are one to Python are one to the browser, and no others; all that Unicode has under --proofs."""
    letters = [chr(n) for n in range(1, scale(0x400, 0x2FA20)) if category(chr(n)) not in ("Cs", "Cn")]
    ours: dict[str, list[str]] = {}
    for letter, key in zip(letters, page.evaluate("all => all.map(folded)", letters), strict=True):
        ours.setdefault(key or "", []).append(letter)
    theirs: dict[str, list[str]] = {}
    for letter in letters:
        theirs.setdefault(fold(letter), []).append(letter)
    apart = {json.dumps(group) for group in ours.values()} ^ {json.dumps(group) for group in theirs.values()}
    assert sorted(apart) == []


def test_letters_become_capitals_and_small_ones_alike_in_the_browser(page: Page) -> None:
    """Every letter of the planes that have any, those included that only a newer Unicode knows."""
    letters = "".join(chr(n) for n in range(1, 0x20000) if not 0xD800 <= n < 0xE000)
    for name, turn in (("upper", upper), ("lower", lower)):
        found = page.evaluate("([name, text]) => turn(name, text)", [name, letters])
        apart = [pair for pair in zip(turn(letters), found, strict=True) if len(set(pair)) > 1]
        assert apart == []


def test_a_number_that_is_typed_is_the_same_to_the_page_and_to_the_server(page: Page) -> None:
    """A condition of a form is judged by what the server will read, in locales of either mark."""
    rng, signs = random.Random(SEED), "0123456789" * 2 + ".,.,.,-+−'’ \u00a0\u202fe%"
    texts = ["".join(rng.choices(signs, k=rng.randint(0, 9))) for _ in range(3_000)]
    texts += [
        "1,234",
        "1.234",
        "1,234.5",
        "1.234,5",
        "12,34.5",
        "0,123",
        "1,234,567",
        "−1.5",
        "+.5",
        "5.",
        ".",
    ]
    for mark in ".,":
        read = [plain_number(text, mark) for text in texts]
        expected = [Decimal(one) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", one) else None for one in read]
        answers = page.evaluate("([texts, mark]) => texts.map(text => numberIn(text, mark))", [texts, mark])
        found = [None if answer is None else Decimal(answer) for answer in answers]
        apart = [(t, w, f) for t, w, f in zip(texts, expected, found, strict=True) if w != f]
        assert apart == []
        assert sum(one is not None for one in found) > 300
