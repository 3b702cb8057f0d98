"""An option that depends on other values is taken only where it may be chosen, and what was stored before stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.office import Office
from xrm.engine.commands import Create, Target, Transition, Update
from xrm.errors import XrmError
from xrm.testing import a_pack, admin_actor

SHOP = "fields: {name: {type: text, required: true}, country: {type: text}}"
JOB = """
title: name
fields:
  name: {type: text, required: true}
  kind: {type: choice, options: [product, service]}
  remedy:
    type: choice
    options:
      repair: {when: kind == "product"}
      refund: {}
      training: {when: kind == "service"}
      apology: {when: 'state == "done"'}
  speed: {type: choice, options: pace, options_when: {fast: 'shop.country == "PT"'}}
  extras:
    type: multi_choice
    options: {gift: {when: kind == "product"}, card: {}, call: {when: kind == "service"}}
  default_speed: {type: choice, options: pace, options_when: {fast: kind == "product"}, default: fast}
  must: {type: choice, options: {one: {when: kind == "product"}, two: {}}, default: one, required: true}
  hint: {type: choice, visible_when: kind != empty, options: {one: {when: kind == "product"}, two: {}}}
  note: {type: text, visible_when: default_speed == "fast", default: '"quick"'}
relationships:
  shop: {to: shop, inverse: jobs, on_delete: clear}
"""
PACE = "options: [slow, fast]\n"
STATES = """
states: {open: {initial: true}, done: {}}
transitions:
  finish: {from: open, to: done, requires: [remedy]}
  reopen: {from: done, to: open}
"""
PACK = a_pack("works", {"lifecycles/job.yaml": STATES, "options/pace.yaml": PACE}, job=JOB, shop=SHOP)
PRODUCT = {"name": "x", "kind": "product"}


@pytest.fixture(scope="module")
def works(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("works"), [PACK])
    admin = admin_actor(runtime)
    yield Office(runtime, admin, admin, admin, admin)
    runtime.close()


def told(works: Office, *commands) -> list[tuple[str, str]]:
    """Code and place of each problem of the refusal."""
    with pytest.raises(XrmError) as caught:
        works.run(*commands)
    return sorted((p.code, p.where.path) for p in caught.value.problems)


def test_an_option_is_taken_where_it_may_be_chosen(works: Office) -> None:
    job = works.make("job", **PRODUCT, remedy="repair", extras=["gift", "card"], must="two")
    assert works.read("job", job)["extras"] == ["gift", "card"]
    wrong = {**PRODUCT, "remedy": "training", "extras": ["call", "card"], "must": "two"}
    assert told(works, Create("job", wrong)) == [("R174", "extras"), ("R174", "remedy")]
    with pytest.raises(XrmError) as caught:
        works.run(Update("job", Target(job), {"remedy": "training"}))
    [problem] = caught.value.problems
    assert problem.message == "Remedy can not be Training, as the other values are."


def test_what_decides_cannot_change_under_what_was_chosen(works: Office) -> None:
    job = works.make("job", **PRODUCT, remedy="repair", must="two")
    assert told(works, Update("job", Target(job), {"kind": "service"})) == [
        ("R174", "default_speed"), ("R174", "remedy"),
    ]  # fmt: skip
    works.run(Update("job", Target(job), {"kind": "service", "remedy": "training", "default_speed": "slow"}))
    assert works.read("job", job)["remedy"] == "training"


def test_what_related_records_decide_is_asked_when_it_is_chosen_and_when_the_record_points_elsewhere(
    works: Office,
) -> None:
    here, there = works.make("shop", name="a", country="PT"), works.make("shop", name="b", country="ES")
    job = works.make("job", **PRODUCT, speed="fast", shop=str(here))
    assert told(works, Update("job", Target(job), {"shop": str(there)})) == [("R174", "speed")]
    works.run(Update("shop", Target(here), {"country": "ES"}))
    works.run(Update("job", Target(job), {"name": "y", "speed": "fast"}))
    assert told(works, Create("job", {**PRODUCT, "speed": "fast", "shop": str(here)})) == [("R174", "speed")]


def test_a_default_that_may_not_be_chosen_is_left_out(works: Office) -> None:
    job = works.read("job", works.make("job", name="x", must="two"))
    assert (job["default_speed"], job["note"]) == (None, None)
    assert told(works, Create("job", {"name": "x"})) == [("R130", "must")]
    job = works.read("job", works.make("job", **PRODUCT))
    assert (job["default_speed"], job["note"], job["must"]) == ("fast", "quick", "one")


def test_what_is_hidden_keeps_an_option_until_it_is_shown_again(works: Office) -> None:
    job = works.make("job", **PRODUCT, hint="one", must="two", default_speed="slow")
    works.run(Update("job", Target(job), {"kind": None}))
    assert works.read("job", job)["hint"] == "one"
    assert told(works, Update("job", Target(job), {"kind": "service"})) == [("R174", "hint")]


def test_a_step_changes_what_may_be_chosen(works: Office) -> None:
    job = works.make("job", **PRODUCT)
    assert told(works, Update("job", Target(job), {"remedy": "apology"})) == [("R174", "remedy")]
    assert told(works, Transition("job", Target(job), "finish", {"remedy": "training"})) == [
        ("R174", "remedy")
    ]
    works.run(Transition("job", Target(job), "finish", {"remedy": "apology"}))
    assert told(works, Transition("job", Target(job), "reopen")) == [("R174", "remedy")]


def test_some_of_several_options_stay_while_nothing_decides_anew(works: Office) -> None:
    job = works.make("job", **PRODUCT, extras=["gift", "card"])
    assert told(works, Update("job", Target(job), {"kind": None, "must": "two", "default_speed": None})) == [
        ("R174", "extras")
    ]
    works.run(Update("job", Target(job), {"extras": ["gift"]}))
    assert told(works, Update("job", Target(job), {"extras": ["gift", "call"]})) == [("R174", "extras")]
