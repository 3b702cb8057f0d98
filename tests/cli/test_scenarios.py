"""xrm check --scenarios and xrm pack test as somebody types them, and the guide that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DEAL, Xrm
from tests.support.project import ROOT
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, run_scenarios

GUIDE = ROOT / "docs" / "how-to" / "test-a-pack.md"
HOLDS = """scenario: A deal is made
given: [{create: deal, name: it, values: {name: A}}]
then: [{expect: 'it.name == "%s"'}]
"""


@pytest.fixture
def pack(written: Callable[[dict[str, str]], Path]) -> Path:
    """A pack with a scenario that holds and one that does not."""
    files = {"scenarios/good.yaml": HOLDS % "A", "scenarios/wrong.yaml": HOLDS % "B"}
    return written(a_pack("sales", files, deal=DEAL))


def test_each_scenario_is_told_and_one_that_comes_out_otherwise_ends_with_one(xrm: Xrm, pack: Path) -> None:
    told = xrm("check", "--scenarios", pack)
    assert told.exit_code == 1
    assert "ok   sales/good: A deal is made" in told.stdout
    assert re.search(
        r"scenarios/wrong.yaml:3:8: T104 it should be such that name == \"B\"; there is name = 'A'",
        told.stdout,
    )
    assert "2 scenarios, 1 of them come out otherwise." in told.stdout


def test_a_program_is_told_the_same(xrm: Xrm, pack: Path) -> None:
    told = xrm("pack", "test", pack, "--json")
    assert told.exit_code == 1
    assert [(one["scenario"], len(one["problems"])) for one in json.loads(told.stdout)] == [
        ("good", 0),
        ("wrong", 1),
    ]


def test_a_pack_whose_scenarios_hold_ends_with_nothing(xrm: Xrm, pack: Path) -> None:
    (pack / "scenarios" / "wrong.yaml").unlink()
    assert xrm("pack", "test", pack).exit_code == 0


def test_what_an_installation_would_come_to_is_tried_and_what_does_not_hold_is_told(
    installation: Runtime, xrm: Xrm, written: Callable[[dict[str, str]], Path]
) -> None:
    files = {"scenarios/wrong.yaml": HOLDS % "B"}
    pack = written(a_pack("sales", files, version="1.1.0", deal=DEAL))
    for verb in (("apply",), ("pack", "install"), ("pack", "upgrade")):
        told = xrm(*verb, pack)
        assert told.exit_code == 1
        assert 'T104 The scenario sales/wrong ("A deal is made") does not hold' in told.stderr
        assert "scenarios/wrong.yaml:3:8" in told.stderr
    assert [layer.version for layer in installation.packs.list()] == ["1.0.0", "1.0.0"]


def test_the_scenario_of_the_guide_holds_and_its_steps_are_all_there_are(tmp_path: Path) -> None:
    [(path, text)] = re.findall(r"`(scenarios/\w+\.yaml)`\n```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    pack = a_pack("mine", {path: text})
    pack["pack.yaml"] += "requires: {crm_sales: '*'}\n"
    [played] = run_scenarios(pack, folders=[ROOT / "entity_packs"])
    assert played.problems == ()
