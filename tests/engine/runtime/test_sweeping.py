"""Files that nothing uses go after a while, once a day; whatever somebody could still ask for stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Actor, Create, Delete, Restore, Target, Update
from xrm.engine.jobs import Job
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.examination import examine
from xrm.engine.runtime.sweeping import SWEEP
from xrm.engine.storage.files import FileFacts
from xrm.engine.transfer import ExportRequest, ImportRequest
from xrm.errors import Invalid, NotFound
from xrm.settings import Limits
from xrm.testing import a_pack, admin_actor, make_settings

PAPER = "title: name\nfields:\n  name: {type: text, required: true}\n  copy: {type: file}\n"
WEEK = timedelta(days=7, seconds=1)


@dataclass
class House:
    """An installation whose records hold files, and the person who brings them."""

    runtime: Runtime
    ana: Actor

    def bring(self, text: str) -> FileFacts:
        """The file that was brought."""
        return self.runtime.uploads.upload(self.ana, BytesIO(text.encode()), "paper.txt")

    def do(self, command: Any) -> UUID:
        """The record that the command is about."""
        return self.runtime.current().records.do(self.ana, command).results[0].id

    def pass_time(self, by: timedelta = WEEK) -> None:
        """So much later."""
        self.runtime.world.clock.advance(by)  # type: ignore[attr-defined]

    def sweep(self) -> dict[str, Any]:
        """What a sweep has taken away."""
        return dict(self.runtime.jobs.run_here(SWEEP, {}, self.runtime.installer).result)

    def is_there(self, file: FileFacts) -> bool:
        """Whether the file is known and its content is here."""
        return file.id in self.runtime.uploads.facts([file.id]) and self.has(file.sha256)

    def has(self, content: str) -> bool:
        """Whether the content is here."""
        try:
            self.runtime.files.open(content).close()
        except NotFound:
            return False
        return True


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    runtime = make_runtime(database_url, tmp_path, [a_pack("house", paper=PAPER)])
    yield House(runtime, admin_actor(runtime))
    runtime.close()


def held(house: House, file: FileFacts) -> UUID:
    return house.do(Create("paper", {"name": "held", "copy": str(file.id)}))


def test_an_upload_that_no_record_takes_goes_after_a_week_with_its_content(house: House) -> None:
    old = house.bring("nobody took me")
    house.pass_time()
    young = house.bring("somebody may take me")
    assert house.sweep() == {"files": 1, "contents": 1, "bytes": 14}
    assert (house.is_there(old), house.has(old.sha256)) == (False, False)
    assert house.is_there(young)
    with pytest.raises(Invalid) as refused:
        held(house, old)
    assert refused.value.first.code == "R158"


def test_the_file_of_a_record_stays_also_in_the_trash_and_when_another_took_its_place(house: House) -> None:
    first, second, trashed = house.bring("first"), house.bring("second"), house.bring("trashed")
    record, gone = held(house, first), held(house, trashed)
    house.do(Update("paper", Target(record), {"copy": str(second.id)}))
    house.do(Delete("paper", Target(gone)))
    house.pass_time(timedelta(days=400))
    assert house.sweep() == {"files": 0, "contents": 0, "bytes": 0}
    house.do(Update("paper", Target(record), {"copy": str(first.id)}))
    house.do(Restore("paper", Target(gone)))
    assert all(map(house.is_there, (first, second, trashed)))


def test_a_content_that_another_file_is_made_of_stays(house: House) -> None:
    lost, kept = house.bring("the same"), house.bring("the same")
    held(house, kept)
    house.pass_time()
    assert house.sweep() == {"files": 1, "contents": 0, "bytes": 0}
    assert house.is_there(kept)
    assert not house.is_there(lost)


def test_a_content_that_is_brought_again_is_not_lost_with_the_old_file(house: House) -> None:
    house.bring("the same")
    house.pass_time()
    again = house.bring("the same")
    assert house.sweep() == {"files": 1, "contents": 0, "bytes": 0}
    held(house, again)
    assert house.is_there(again)


def test_what_a_job_has_made_stays_with_it(house: House) -> None:
    held(house, house.bring("exported"))
    job = house.runtime.transfer.start_export(house.ana, ExportRequest("paper", {}, "csv"))
    house.pass_time(timedelta(days=400))
    house.sweep()
    facts, source = house.runtime.transfer.file(house.ana, job.id)
    source.close()
    assert house.is_there(facts)


def brought_to_import(house: House, text: str) -> ImportRequest:
    content = house.runtime.transfer.keep(house.ana, "paper", BytesIO(text.encode()))
    return ImportRequest("paper", content, "papers.csv")


def test_what_an_import_reads_and_has_refused_stays_while_it_runs_and_goes_a_week_after_its_end(
    house: House,
) -> None:
    rows = "\n".join(["Name", ",too many", *(f"row {n}" for n in range(1100))])
    request = brought_to_import(house, rows)
    swept: list[dict[str, Any]] = []

    def much_later(done: int, total: int | None) -> None:
        house.pass_time()
        swept.append(house.sweep())

    job = house.runtime.transfer.start_import(house.ana, request, here=True, watch=much_later)
    assert (job.result["created"], job.result["failed"]) == (1100, 1)
    assert [s["contents"] for s in swept] == [0] * len(swept)
    assert len(swept) >= 2
    assert house.has(request.content)
    house.pass_time()
    assert house.sweep()["contents"] == 2
    assert not house.has(request.content)
    house.runtime.transfer.file(house.ana, job.id)[1].close()


def test_a_content_that_waited_long_for_its_import_is_new_again_when_that_begins(house: House) -> None:
    """So that a sweep which found it old before there was a job does not take it away."""
    request = brought_to_import(house, "Name\nfirst")
    house.pass_time()
    house.runtime.transfer.start_import(house.ana, request)
    assert not house.runtime.files.remove(request.content, house.runtime.world.now())
    assert house.has(request.content)


def test_a_content_that_was_never_imported_goes(house: House) -> None:
    request = brought_to_import(house, "Name\nfirst")
    house.pass_time()
    assert house.sweep() == {"files": 0, "contents": 1, "bytes": 10}
    with pytest.raises(NotFound):
        house.runtime.transfer.start_import(house.ana, request)


def sweeps(house: House) -> list[Job]:
    return [job for job in house.runtime.jobs.list(house.ana) if job.kind == SWEEP]


def test_workers_of_several_processes_sweep_once_a_day_together(
    house: House, database_url: str, tmp_path: Path
) -> None:
    other = make_runtime(database_url, tmp_path, install=False)
    for runtime in (house.runtime, other, house.runtime):
        runtime.jobs.start_due()
    assert [job.state.value for job in sweeps(house)] == ["done"]
    house.pass_time(timedelta(days=1))
    house.runtime.jobs.start_due()
    assert len(sweeps(house)) == 2
    other.close()


def test_the_doctor_tells_how_much_nothing_uses_and_who_should_remove_it(house: House) -> None:
    held(house, house.bring("used"))
    house.bring("12345")
    finding = {f.name: f for f in examine(house.runtime)}["unused files"]
    assert (finding.is_well, finding.says.startswith("1 contents of 5 bytes")) == (True, True)
    house.pass_time(timedelta(days=10))
    assert "xrm work" in {f.name: f for f in examine(house.runtime)}["unused files"].remedy
    house.sweep()
    finding = {f.name: f for f in examine(house.runtime)}["unused files"]
    assert (finding.is_well, finding.says.startswith("0 contents of 0 bytes")) == (True, True)


def test_the_grace_is_a_setting(database_url: str, tmp_path: Path) -> None:
    settings = make_settings(database_url, tmp_path, limits=replace(Limits(), unused_file_days=30))
    runtime = make_runtime(database_url, tmp_path, [a_pack("house", paper=PAPER)], settings=settings)
    house = House(runtime, admin_actor(runtime))
    old = house.bring("nobody took me")
    house.pass_time()
    house.sweep()
    assert house.is_there(old)
    house.pass_time(timedelta(days=24))
    house.sweep()
    assert not house.is_there(old)
    runtime.close()
