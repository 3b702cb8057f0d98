"""The command line as somebody types it, with a data folder of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.installed import make_runtime
from xrm.cli import cli
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack

Xrm = Callable[..., Result]
DEAL = "title: name\nfields:\n  name: {type: text, required: true}\n  amount: {type: money}\n"
SECRET = "n8Zr4mQ1wLx7Tb2Vc9Jd5Kf3Hg6Ys0Pa"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of the installation under test."""
    return tmp_path / "data"


@pytest.fixture
def environment(sqlite_url: str) -> dict[str, str]:
    """What the environment says besides the data folder; both databases are tested below the verbs."""
    return {"XRM_DATABASE_URL": sqlite_url, "XRM_SECRET_KEY": SECRET, "XRM_PASSWORD_MEMORY": "1024"}


@pytest.fixture
def xrm(data: Path, environment: dict[str, str]) -> Xrm:
    """`xrm("user", "list")` is what the command did and said."""

    def run(*arguments: str, **more: str) -> Result:
        runner = CliRunner(env={**environment, "XRM_DATA": str(data), **more})
        result = runner.invoke(cli, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run


@pytest.fixture
def said(xrm: Xrm) -> Callable[..., Any]:
    """`said("user", "list")` is what it answers to a program; it must have been done."""

    def run(*arguments: str, **more: str) -> Any:
        result = xrm(*arguments, "--json", **more)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def installation(sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """An installation with one small pack in the folder that the commands use."""
    runtime = make_runtime(sqlite_url, tmp_path, [a_pack("sales", deal=DEAL)])
    yield runtime
    runtime.close()


@pytest.fixture
def written(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """`written(pack)` is the folder with the files of the pack."""

    def write(files: dict[str, str]) -> Path:
        name = files["pack.yaml"].split("\n", 1)[0].removeprefix("pack: ")
        folder = tmp_path / "packs" / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder

    return write
