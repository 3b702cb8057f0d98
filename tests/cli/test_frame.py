"""What all verbs have in common: help, exit codes, refusals without a traceback."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from tests.support.project import ROOT
from xrm.cli import VERBS, cli
from xrm.cli.reference import command_reference

PROBE = """
import sys
from xrm.cli import cli
cli.main(["--help"], standalone_mode=False)
heavy = {"sqlalchemy", "flask", "rich", "lark", "jsonschema", "marshmallow"} & sys.modules.keys()
sys.exit(f"imported for nothing: {heavy}" if heavy else 0)
"""


def run(*arguments, **environ):
    return CliRunner(env=environ).invoke(cli, arguments)


def test_help_names_every_verb_and_loads_none():
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout and says.split()[0] in done.stdout for name, says in VERBS.items())


def test_the_program_tells_its_version():
    assert run("--version").output == f"xrm {version('xrm')}\n"


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_has_help_of_its_own(name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage:")


@pytest.mark.parametrize(
    "arguments",
    [
        ("instal",),
        ("check",),
        ("serve", "--port", "0"),
        ("user", "add"),
        ("plan", "--nonsense"),
        ("user", "x"),
    ],
    ids=["unknown verb", "no path", "no such port", "no address", "unknown option", "unknown word"],
)
def test_wrong_use_ends_with_two(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.output


def test_a_misspelt_verb_is_answered_with_the_one_it_may_have_been():
    assert "Did you mean plan?" in run("plam").output


def test_wrong_settings_are_told_with_their_names_and_end_with_one(tmp_path):
    result = run("user", "list", XRM_DATA=str(tmp_path), XRM_PORT="many", XRM_NONSENSE="1")
    assert result.exit_code == 1
    assert "XRM_PORT" in result.stderr
    assert "XRM_NONSENSE" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("work",),
        ("explain", "deal"),
        ("user", "roles", "ana@example.com"),
        ("token", "add", "a@b.example", "x"),
    ],
    ids=["work", "explain", "user", "token"],
)
def test_where_nothing_is_installed_the_refusal_says_what_to_do(tmp_path, arguments):
    result = run(*arguments, XRM_DATA=str(tmp_path / "data"))
    assert result.exit_code == 1
    assert "xrm" in result.stderr
    assert "Traceback" not in result.output


def test_the_reference_of_the_command_line_is_that_of_the_code(golden):
    golden(ROOT / "docs/reference/command-line.md", command_reference())


def test_the_command_is_installed_under_its_name():
    done = subprocess.run(
        [sys.executable, "-m", "xrm", "reference", "settings"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "XRM_DATABASE_URL" in done.stdout
