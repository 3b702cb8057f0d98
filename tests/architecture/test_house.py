"""The rules of the house: import contracts, top level, file sizes, nothing of one machine in any file."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dev
from tests.support.project import ROOT, project_files

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "dev.py",
    "docs",
    "entity_packs",
    "pyproject.toml",
    "tests",
    "uv.lock",
    "workflows",
    "xrm",
}
LONGEST_FILE = 500
PLACE_OF_ONE_MACHINE = re.compile(r"""(?<![^\s"'`(=:])/(?:home|root|work|workspace|Users|mnt)/\w""")
NOT_ON_EVERY_SYSTEM = {"fcntl", "grp", "msvcrt", "pwd", "resource", "termios", "winreg"}
ALLOWED_HOSTS = ("https://pypi.org/", "https://files.pythonhosted.org/")


def _texts(*suffixes: str) -> list[Path]:
    return [path for path in project_files() if path.suffix in suffixes and "vendor" not in path.parts]


def test_the_import_contracts_hold():
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    result = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_top_level_holds_only_what_is_known():
    assert {path.parts[0] for path in project_files()} <= TOP_LEVEL


def test_no_source_file_is_longer_than_its_limit():
    sources = [path for path in _texts(".py", ".js") if path.parts[0] == "xrm"]
    sizes = {str(path): len((ROOT / path).read_text().splitlines()) for path in sources}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_nothing_is_loaded_unasked_that_some_system_does_not_have():
    found = [
        f"{path}: {name.name}"
        for path in _texts(".py")
        if path.parts[0] == "xrm"
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import)
        for name in node.names
        if name.name in NOT_ON_EVERY_SYSTEM
    ]
    assert found == []


def test_no_file_names_a_place_on_one_machine():
    texts = _texts(
        ".py", ".js", ".css", ".html", ".md", ".yaml", ".yml", ".toml", ".json", ".txt", ".lock", ""
    )
    found = {
        str(path): match.group()
        for path in texts
        if (match := PLACE_OF_ONE_MACHINE.search((ROOT / path).read_text(errors="replace")))
    }
    assert found == {}


def test_the_lock_file_names_only_the_public_registry():
    addresses = re.findall(r'"((?:https?|file|git)[^"]*://[^"]*|file:[^"]*)"', (ROOT / "uv.lock").read_text())
    assert addresses
    assert {address for address in addresses if not address.startswith(ALLOWED_HOSTS)} == set()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_command_that_is_named_exists(document):
    named = re.findall(r"python3? dev\.py (\w+)", (ROOT / document).read_text())
    assert named
    assert set(named) <= set(dev.COMMANDS)


def test_every_dependency_has_its_reason_in_the_documentation():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [
        item for extra in project["optional-dependencies"].values() for item in extra
    ]
    names = {re.split(r"[\[<>=!~ ;]", item)[0] for item in wanted}
    explained = set(re.findall(r"^\| `([^`]+)`", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE))
    assert explained == names
