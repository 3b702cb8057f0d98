"""The benchmark compares like with like, and runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import feel, site
from benchmarks.__main__ import main
from benchmarks.operations import OPERATIONS, Ids, Operation
from benchmarks.site import Server, Site
from tests.conftest import DATABASES

ROWS = 120
MADE_ANEW = ("id", "version", "title", "created_at", "updated_at")


@pytest.fixture(scope="module", params=DATABASES)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Server, Server]]:
    """Both servers over the same records."""
    folder = tmp_path_factory.mktemp("benchmark")
    with site.sites(request.param, folder, ROWS) as where, site.both(where, folder) as (ours, limit):
        yield where, ours, limit


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_both_servers_answer_the_same(servers: tuple[Site, Server, Server], operation: Operation):
    where, ours, limit = servers
    assert _told(ours, operation, where.ids) == _told(limit, operation, where.ids)


def test_a_run_ends_with_a_table_that_can_be_printed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    result = tmp_path / "result.json"
    small = ["--rows", "60", "--imported", "20", "--seconds", "0.01", "--rounds", "1", "--connections", "2"]
    assert main(["run", *small, "--result", str(result)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(result.read_text())
    assert set(found["operations"]) == {operation.name for operation in OPERATIONS}
    assert all(f["requests"] > 0 for by in found["operations"].values() for f in by.values())
    assert {"import_rows_s", "add_field_s", "new_entity_s", "cold_start_s", "cold_start_cpu_s"} <= set(
        found["once"]
    )
    main(["report", "--result", str(result)])
    assert capsys.readouterr().out == printed


@pytest.mark.proof
def test_what_hands_feel_is_measured_in_a_browser(capsys: pytest.CaptureFixture[str]):
    assert main(["feel", "--rows", "200", "--times", "2"]) == 0
    printed = capsys.readouterr().out
    figures = dict(re.findall(r"^\| (.+?) \| \d+ \| ([\d.]+) \|", printed, re.MULTILINE))
    assert set(figures) == set(feel.BUDGETS)
    assert all(0 < float(figure) < 60_000 for figure in figures.values())
    assert "Layout shift while a page opens" in printed


@pytest.mark.parametrize(
    "arguments",
    [["run", "--operations", "get,fly"], ["run", "--rows", "0"], ["run", "--database", "oracle"], ["walk"]],
    ids=["operation", "rows", "database", "verb"],
)
def test_a_run_that_cannot_be_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as refused:
        main(arguments)
    assert refused.value.code == 2
    assert "usage:" in capsys.readouterr().err


def _told(server: Server, operation: Operation, ids: Ids) -> object:
    """What the server answers, without what differs from one server, or one write, to the next."""
    wire = server.wire()
    try:
        told = json.loads(wire.ask(server.request(operation, ids, 3)))
    finally:
        wire.close()
    assert told.get("data", True), f"{operation.name} has nothing to compare"
    told["next"] = bool(told.get("next"))
    if operation.name == "bulk":
        return [{**made, "id": None} for made in told["data"]]
    if operation.name in ("create", "update"):
        return {name: value for name, value in told.items() if name not in MADE_ANEW}
    return told
