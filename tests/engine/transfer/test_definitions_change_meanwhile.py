"""A job begun under other definitions goes on under those of now, and writes what it was given where it was meant."""

import io

import pytest

from tests.engine.packs.living import ACCOUNT, change, filled, house, shop
from xrm.engine.jobs import State
from xrm.engine.queries.request import Query
from xrm.engine.transfer import ImportRequest, importer

__all__ = ["filled", "house", "shop"]

BOAT = "title: name\nfields:\n  name: {type: text}\n  left: {type: text}\n  right: {type: text}\n"
FAR = BOAT.replace("right: {", "far: {renamed_from: right, ")
MOVED_ON = BOAT.replace("right: {", "far: {").replace("left: {", "right: {renamed_from: left, ")
WITHOUT_LEFT = BOAT.replace("  left: {type: text}\n", "")
FILE = "name;left;right\na;left a;right a\nb;left b;right b\nc;left c;right c\n"


@pytest.fixture
def boats(shop):
    runtime, ana, _ = shop
    change(runtime, account=ACCOUNT, boat=BOAT)
    return runtime, ana


def everything(runtime, ana):
    return {
        row["name"]: (row["right"], row["far"])
        for row in runtime.current().queries.list(ana, Query("boat")).data
    }


def imported(boats, monkeypatch, *others):
    """The file was imported, and after its first row the definitions became others, again and again."""
    runtime, ana = boats
    monkeypatch.setattr(importer, "PORTION", 1)
    kept = runtime.transfer.keep(ana, "boat", io.BytesIO(FILE.encode()))
    left = list(others)

    def watch(done, total):
        while done == 1 and left:
            change(runtime, account=ACCOUNT, boat=left.pop(0))

    return runtime.transfer.start_import(
        ana, ImportRequest("boat", kept, "boats.csv"), here=True, watch=watch
    )


def test_an_import_writes_on_where_its_columns_were_meant_when_names_move_on(boats, monkeypatch):
    job = imported(boats, monkeypatch, FAR, MOVED_ON)
    assert (job.problems, job.state, job.result["created"], job.result["failed"]) == ((), State.DONE, 3, 0)
    assert everything(*boats) == {name: (f"left {name}", f"right {name}") for name in "abc"}


def test_an_import_whose_field_goes_ends_there_and_writes_nothing_elsewhere(boats, monkeypatch):
    job = imported(boats, monkeypatch, WITHOUT_LEFT + "  other: {type: text}\n")
    assert (job.state, [problem.code for problem in job.problems]) == (State.FAILED, ["I107"])
    runtime, ana = boats
    rows = runtime.current().queries.list(ana, Query("boat")).data
    assert [(row["name"], row["right"], row["other"]) for row in rows] == [("a", "right a", None)]
