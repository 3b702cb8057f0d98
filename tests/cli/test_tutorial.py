"""The tutorial does what it says: its files make a pack, and its commands work on it."""

import re

import pytest

from tests.support.project import ROOT
from xrm.cli import VERBS

TUTORIAL = ROOT / "docs/tutorial/your-first-pack.md"
GUIDE = ROOT / "docs/how-to/install-packs.md"


@pytest.fixture
def toolshed(tmp_path):
    """The folder that a reader of the tutorial has at its end."""
    blocks = re.findall(r"`(toolshed/[\w/.]+)`\n```yaml\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    assert len(blocks) == 5
    for path, text in blocks:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path / "toolshed"


def test_the_pack_of_the_tutorial_is_sound(xrm, toolshed):
    result = xrm("check", toolshed)
    assert result.exit_code == 0, result.stderr


def test_the_mistake_that_it_suggests_is_told_with_its_place(xrm, toolshed):
    tool = toolshed / "entities/tool.yaml"
    tool.write_text(tool.read_text().replace("name:      {type: text", "name:      {type: txt"))
    told = xrm("check", toolshed).stderr
    assert "entities/tool.yaml:8:" in told
    assert "text" in told


def test_it_is_installed_with_its_demo_records_and_explained(installation, xrm, said, toolshed):
    installed = said("pack", "install", toolshed, "--demo")
    assert installed["demo_records"] == 3
    assert "may create    neighbour; system_admin" in xrm("explain", "loan.tool").stdout


def test_the_change_that_it_suggests_is_an_upgrade(installation, said, toolshed):
    said("pack", "install", toolshed, "--demo")
    tool, manifest = toolshed / "entities/tool.yaml", toolshed / "pack.yaml"
    tool.write_text(tool.read_text() + "  serial:    {type: text, max_length: 40, unique: true}\n")
    manifest.write_text(manifest.read_text().replace("1.0.0", "1.1.0"))
    assert said("apply", toolshed)["installed"] == [{"name": "toolshed", "version": "1.1.0"}]


@pytest.mark.parametrize("page", [TUTORIAL, GUIDE], ids=lambda page: page.stem)
def test_every_verb_that_is_named_exists(page):
    named = set(re.findall(r"\bxrm (\w+)", page.read_text().replace("xrm itself", "")))
    assert named - set(VERBS) - {"touches"} == set()
