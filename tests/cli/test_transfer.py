"""xrm import and xrm export as somebody types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Xrm
from xrm.engine.runtime import Runtime
from xrm.testing import admin_actor

WHO = ("--as", "administrator@example.com")


@pytest.fixture
def table(tmp_path: Path, installation: Runtime) -> Path:
    admin_actor(installation)
    path = tmp_path / "deals.csv"
    path.write_text("Deal;amount;amount.currency;Other\nFirst;1,50;EUR;x\n;2,00;EUR;y\n", encoding="utf-8")
    return path


def test_good_rows_are_imported_and_the_others_told_and_kept(xrm: Xrm, table: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "refused.csv"
    given = ("--map", "Deal=name", "--map", "amount=amount", "--map", "amount.currency=amount.currency")
    done = xrm("import", "deal", str(table), *WHO, *given, "--decimal", ",", "--rejects", str(rejects))
    assert done.exit_code == 1
    assert "created 1, failed 1" in done.output
    assert "Left out: Other." in done.output
    assert "R130" in done.output
    assert "Name is needed." in rejects.read_text(encoding="utf-8-sig")
    shown = xrm("export", "deal", *WHO, "--fields", "name,amount")
    assert shown.output.splitlines() == ["\ufeffname,amount,amount.currency", "First,1.50,EUR"]


def test_a_dry_run_says_what_would_happen_and_not_that_it_has(xrm: Xrm, table: Path) -> None:
    table.write_text("name\nFirst\n")
    told = xrm("import", "deal", str(table), *WHO, "--dry-run").output
    assert told.startswith("Import deals.csv: done as a trial. rows 1, would be created 1.")
    assert "Import deals.csv: done. rows 1, created 1." in xrm("import", "deal", str(table), *WHO).output


def test_a_dry_run_and_an_undo_leave_nothing(
    xrm: Xrm, said: Callable[..., Any], table: Path, tmp_path: Path
) -> None:
    table.write_text("name\nFirst\n")
    assert said("import", "deal", str(table), *WHO, "--dry-run")["result"]["created"] == 1
    job = said("import", "deal", str(table), *WHO)
    assert said("import", "--undo", job["id"], *WHO)["result"]["deleted"] == 1
    file = tmp_path / "deals.jsonl"
    assert xrm("export", "deal", str(file), *WHO).exit_code == 0
    assert file.read_text() == ""


def test_wrong_use_is_told(xrm: Xrm, table: Path) -> None:
    assert "Give an entity and a file" in xrm("import", *WHO).output
    assert "COLUMN=FIELD" in xrm("import", "deal", str(table), *WHO, "--map", "name").output
    unknown = xrm("import", "dael", str(table), *WHO)
    assert (unknown.exit_code, "Did you mean deal?" in unknown.output) == (1, True)
