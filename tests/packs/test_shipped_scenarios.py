"""The scenarios of the shipped packs hold, and between them take every step and try every refusal that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.packs.shipped import PACKS, ROOT, all_docs, docs_of
from xrm.metadata.scenarios import steps_of, verb_of
from xrm.testing import run_scenarios

Taken = tuple[str, str, str]


def test_every_scenario_holds() -> None:
    played = run_scenarios(*(ROOT / "entity_packs" / name for name in PACKS))
    assert [str(problem) for one in played for problem in one.problems] == []
    assert len(played) >= 25


def taken(pack: str) -> Iterator[Taken]:
    """Entity, step and refusal of every transition that the scenarios of the pack try."""
    for doc in docs_of(pack, "scenario").values():
        entities: dict[str, str] = {}
        for _, _, step in steps_of(doc):
            if "name" in step:
                entities[step["name"]] = step["create"]
            if verb_of(step) == "transition":
                yield entities[step["of"]], step["transition"], step.get("refused", "")


def demanded(entity: str, name: str, step: dict[str, Any]) -> Iterator[tuple[Taken, ...]]:
    """What must have been tried of a step; of several, one."""
    yield ((entity, name, ""),)
    if "guard" in step:
        yield ((entity, name, "R149"),)
    if "roles" in step:
        yield ((entity, name, "A103"), (entity, name, "A102"))


@pytest.mark.parametrize("pack", PACKS)
def test_every_step_is_taken_and_every_guard_and_role_refuses(pack: str) -> None:
    tried = set(taken(pack))
    wanted = [
        each
        for entity, doc in docs_of(pack, "lifecycle").items()
        for name, step in doc.body["transitions"].items()
        for each in demanded(entity, name, step)
    ]
    assert len(wanted) > 20
    assert [each[0] for each in wanted if not tried & set(each)] == []


def test_every_role_of_the_packs_acts_in_some_scenario() -> None:
    held = {
        role
        for doc in all_docs("scenario").values()
        for roles in doc.body["people"].values()
        for role in roles
    }
    roles = {name for pack in PACKS for doc in docs_of(pack, "role").values() for name in doc.body}
    assert roles - held == {"portal_customer"}
