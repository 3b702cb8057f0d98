"""What a start loads: libraries that few commands and few requests need are not paid for by all."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import DEAL, SECRET
from tests.support.project import ROOT
from xrm.testing import a_pack, make_runtime

OF_RUNS = {"dbos"}
OF_SCHEMA_CHANGES = {"alembic", "mako"}
OF_SCREENS = {"rich", "pygments", "structlog"}
OF_UNREAD_FILES = {"yaml", "ruamel", "jsonschema", "referencing"}
OF_VALUES = {"phonenumbers", "email_validator", "cryptography"}
OF_PAGES = {"flask", "werkzeug", "jinja2", "markdown_it", "flask_admin", "wtforms"}
OF_DATABASES = {"sqlalchemy", "psycopg", "marshmallow"}
OF_TESTS = {"schemathesis", "hypothesis", "pytest"}
ALL = (
    OF_RUNS
    | OF_SCHEMA_CHANGES
    | OF_SCREENS
    | OF_UNREAD_FILES
    | OF_VALUES
    | OF_PAGES
    | OF_DATABASES
    | OF_TESTS
)


def loaded(code: str, environ: Mapping[str, str] | None = None) -> set[str]:
    """The libraries that a process of its own has loaded when the code is done."""
    code += "\nimport json, sys\nprint(json.dumps(sorted({*sys.modules, *(n.partition('.')[0] for n in sys.modules)})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def verb(*arguments: str) -> str:
    """The code that is the verb."""
    return f"from xrm.cli import cli\ncli.main({list(arguments)!r}, standalone_mode=False)"


def test_help_loads_no_library_but_that_of_the_command_line():
    assert not loaded(verb("--help")) & (ALL | {"asyncio", "multiprocessing", "xrm.engine"})


def test_a_check_of_packs_loads_neither_a_database_nor_pages(tmp_path: Path):
    pack = tmp_path / "sales"
    for path, text in a_pack("sales", deal=DEAL).items():
        (pack / path).parent.mkdir(parents=True, exist_ok=True)
        (pack / path).write_text(text, encoding="utf-8")
    found = loaded(verb("check", str(pack)))
    assert not found & (ALL - OF_UNREAD_FILES)
    assert {"yaml", "jsonschema"} <= found  # what is checked here is not in any cache


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    """What a process of an installation with a pack finds in its environment."""
    runtime = make_runtime(database_url, tmp_path, [a_pack("sales", deal=DEAL)])
    runtime.close()
    address = database_url.replace("postgresql+psycopg://", "postgresql://")
    return {
        "XRM_DATABASE_URL": address,
        "XRM_SECRET_KEY": SECRET,
        "XRM_DATA": str(runtime.settings.data),
        "PYTHONPATH": str(ROOT),
    }


def test_a_web_process_loads_nothing_of_runs_of_schema_changes_or_of_files_it_knows(environ: dict[str, str]):
    settle = "from xrm.cli.frame import opened\nwith opened(None) as runtime: runtime.current()"
    loaded(settle, environ)  # fills the cache of checked documents: this process may have read them before
    served = """
from xrm.cli.serve import application
call = application().test_client()
assert call.get("/health/ready").status_code == 200
assert call.get("/api/v1/records/deal").status_code == 401
"""
    found = loaded(served, environ)
    assert "flask" in found
    assert not found & (OF_RUNS | OF_SCHEMA_CHANGES | OF_SCREENS | OF_UNREAD_FILES | OF_VALUES | OF_TESTS)
    assert not found & {"flask_admin.model", "flask_admin.form", "flask_admin.contrib"}


def test_a_command_on_an_installation_loads_no_pages(environ: dict[str, str]):
    found = loaded(verb("user", "list", "--json"), environ)
    assert "sqlalchemy" in found
    assert not found & ((OF_PAGES | OF_RUNS | OF_SCHEMA_CHANGES | OF_SCREENS | OF_TESTS) - {"markdown_it"})
