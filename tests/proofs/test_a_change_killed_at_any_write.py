"""Kill -9 at any write of an install, an upgrade or an apply leaves the old or the new, and nothing between."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from tests.proofs.conftest import Tell
from tests.proofs.yard import (
    DECISIONS,
    OUR_DECISIONS,
    Folders,
    Portrait,
    make_yard,
    portrait,
    unlike,
    write_folders,
)
from tests.support.postgres import Cluster
from tests.support.servers import KEY, Site
from xrm.engine.packs import Revision, laying
from xrm.engine.runtime import Runtime
from xrm.errors import PlanRefused
from xrm.metadata.customising import as_customisation
from xrm.metadata.finding import pack_source
from xrm.testing import make_runtime, make_settings

STRIKE = Path(__file__).with_name("strike.py")
KILLED = -9
REPEATED = 10  # of so many kills, after one the change is carried out once more


@dataclass(frozen=True, slots=True)
class Yards:
    """Databases to kill at, each a copy of one that nobody touches."""

    folder: Path
    cluster: Cluster | None

    def original(self, name: str) -> str:
        """A new database, to copy."""
        if self.cluster is None:
            return f"sqlite:///{self.folder / name}.db"
        return self.cluster.url(self.cluster.create())

    def copy(self, original: str) -> str:
        """A database like that one, in which nothing has happened since."""
        if self.cluster is not None:
            return self.cluster.url(self.cluster.create(template=str(make_url(original).database)))
        for file in self.folder.glob("yard.db*"):
            file.unlink()
        shutil.copy(original.removeprefix("sqlite:///"), self.folder / "yard.db")
        return f"sqlite:///{self.folder / 'yard.db'}"

    def drop(self, copied: str) -> None:
        """That copy is gone, if there was one."""
        if self.cluster is not None and copied:
            self.cluster.drop(str(make_url(copied).database))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)])
def yards(request: pytest.FixtureRequest, tmp_path: Path) -> Yards:
    """Yards on SQLite in every run, on each database under --proofs."""
    server = request.getfixturevalue("postgres_cluster") if request.param == "postgresql" else None
    return Yards(tmp_path, server)


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb does to a yard: what is installed before, and the revision that the verb carries out."""

    name: str
    before: Callable[[Folders], list[Path]]
    revision: Callable[[Folders], Revision]
    arguments: Callable[[Folders], list[object]]
    has_all: bool = False


CHANGES = (
    Change(
        "install",
        lambda folders: [],
        lambda folders: Revision((pack_source(folders.first),)),
        lambda folders: ["pack", "install", folders.first],
    ),
    Change(
        "upgrade",
        lambda folders: [folders.first],
        lambda folders: Revision((pack_source(folders.second),), decisions=DECISIONS),
        lambda folders: ["pack", "upgrade", folders.second],
        has_all=True,
    ),
    Change(
        "apply",
        lambda folders: [folders.first],
        lambda folders: Revision(
            edit=laying(as_customisation(pack_source(folders.ours)), mirror=True), decisions=OUR_DECISIONS
        ),
        lambda folders: ["apply", "--mirror", folders.ours],
    ),
)


def test_what_a_kill_leaves_is_the_old_or_the_new(
    yards: Yards, proofs: bool, scale: Callable[[int, int], int], tell: Tell
) -> None:
    began = time.monotonic()
    with a_striker(yards) as striker:
        told = [story(yards, striker, change, scale(8, 40)) for change in CHANGES if proofs or change.has_all]
        faults = [fault for one in told for fault in one.killed_again_and_again(scale(2, 100))]
    tell(**figures(told, faults), seconds=round(time.monotonic() - began, 1))
    assert faults == []
    assert all(one.old_left and one.new_left for one in told), "Nothing but one of the two was ever left."


@pytest.mark.proof
def test_steps_that_are_durable_one_by_one_are_found_out(yards: Yards) -> None:
    with a_striker(yards, "commit_between") as striker:
        faults = list(story(yards, striker, CHANGES[1], 8).killed_again_and_again(6))
    assert any("still to do" in fault for fault in faults), faults


def figures(told: Sequence[Story], faults: Sequence[str]) -> dict[str, object]:
    """What is told about the kills."""
    return {
        "points": {one.change.name: one.points for one in told},
        "kills": sum(one.old_left + one.new_left for one in told),
        "left_old": sum(one.old_left for one in told),
        "left_new": sum(one.new_left for one in told),
        "half": len(faults),
    }


def spread(points: int, number: int) -> list[int]:
    """So many of the points, the last among them, with the same distance from each other."""
    number = min(points, number)
    return sorted({points - round(n * points / number) for n in range(number)})


@dataclass(slots=True)
class Striker:
    """A process that carries out verbs and can be told to kill them."""

    process: subprocess.Popen[str]

    def __call__(self, site: Site, at: int, arguments: Sequence[object], victim: int = 0) -> dict[str, Any]:
        """How the verb ended that was to be killed, or to kill the `victim`, at that write point; at 0, it was not."""
        environ = {name: value for name, value in site.environ.items() if name.startswith("XRM_")}
        order = {"at": at, "arguments": [*map(str, arguments)], "environ": environ, "victim": victim}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def a_striker(yards: Yards, *fault: str) -> Iterator[Striker]:
    """It waits for orders inside this block; with a `fault`, xrm has that built in."""
    command = [sys.executable, str(STRIKE), *fault]
    environ = Site(yards.folder, "").environ
    with subprocess.Popen(
        command, env=environ, cwd=yards.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Striker(process)
        finally:
            process.communicate()


def story(
    yards: Yards, striker: Striker, change: Change, boats: int, kind: type[Story] | None = None
) -> Story:
    """An installation before the change."""
    folders = write_folders(yards.folder)
    original = yards.original(change.name)
    make_yard(original, yards.folder, change.before(folders), boats)
    return (kind or Story)(yards, striker, change, folders, original)


@dataclass(slots=True)
class Story:
    """Kills of one change, and what they left."""

    yards: Yards
    striker: Striker
    change: Change
    folders: Folders
    original: str
    url: str = ""
    confirmed: str = ""
    old: Portrait = field(default_factory=dict)
    new: Portrait = field(default_factory=dict)
    models: tuple[str, ...] = ()
    points: int = 0
    old_left: int = 0
    new_left: int = 0

    def killed_again_and_again(self, most: int) -> Iterator[str]:
        """What was half done after each of so many kills, or as many as there are write points."""
        self.carry_out()
        for number, point in enumerate(spread(self.points, most)):
            faults = [*self.killed_at(point), *(self.repeated() if number % REPEATED == 0 else ())]
            yield from (f"{self.change.name} at {point} of {self.points}: {fault}" for fault in faults)

    def begin_anew(self) -> None:
        """Nothing has happened to the installation: no number was given that a rollback does not take back."""
        self.yards.drop(self.url)
        self.url = self.yards.copy(self.original)

    def carry_out(self) -> None:
        """It is known what the change comes to when nobody kills it."""
        self.begin_anew()
        revision = self.change.revision(self.folders)
        with self.opened() as runtime:
            self.confirmed, before = runtime.packs.foresee(revision).plan.hash, fingerprint(runtime)
        self.old = portrait(self.url)
        done = self.order(0)
        assert done["code"] == 0, done["said"]
        with self.opened() as runtime:
            self.models = (before, fingerprint(runtime))
        self.new, self.points = portrait(self.url), int(done["points"])
        assert unlike(self.old, self.new)

    def killed_at(self, point: int) -> Iterator[str]:
        """What is half done after the verb was killed at that point, in a process that lived on and in a new one."""
        self.begin_anew()
        with self.opened() as alive:
            fingerprint(alive)
            done = self.order(point)
            yield from self.wrongly_ended(done)
            seen = fingerprint(alive)
        with self.opened() as runtime:
            model, left = fingerprint(runtime), still_to_do(runtime)
        yield from left
        if not seen == model in self.models:
            yield "the model is neither, or not the same for both"
            return
        is_new = model == self.models[1]
        yield from unlike(portrait(self.url), self.new if is_new else self.old)
        self.new_left, self.old_left = self.new_left + is_new, self.old_left + (not is_new)

    def wrongly_ended(self, done: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with how the verb ended that was to be killed."""
        if done["code"] != KILLED:
            yield f"it was not killed: {done}"

    def repeated(self) -> Iterator[str]:
        """What stands against doing what was killed once more."""
        done = self.order(0)
        if done["code"]:
            yield f"it cannot be repeated: {done['said']}"
        with self.opened() as runtime:
            if fingerprint(runtime) != self.models[1]:
                yield "repeated, it came to something else"
            yield from still_to_do(runtime)

    @contextmanager
    def opened(self) -> Iterator[Runtime]:
        """The installation, opened by a process that starts now."""
        settings = make_settings(self.url, self.yards.folder, secret_key=KEY)
        runtime = make_runtime(self.url, self.yards.folder, settings=settings, install=False)
        try:
            yield runtime
        finally:
            runtime.close()

    def order(self, point: int) -> dict[str, Any]:
        """How the verb ended that was to be killed there."""
        decisions = self.change.revision(self.folders).decisions
        options = [f"--decide={place}={value}" for place, value in decisions.items()]
        arguments = [*self.change.arguments(self.folders), *options, f"--confirm={self.confirmed}"]
        return self.strike(Site(self.yards.folder, self.url), point, arguments)

    def strike(self, site: Site, point: int, arguments: Sequence[object]) -> dict[str, Any]:
        """How the verb ended that was struck there."""
        return self.striker(site, point, arguments)


def still_to_do(runtime: Runtime) -> list[str]:
    """Where the tables are not those of the model, or cannot become so."""
    try:
        return [f"still to do: {sentence}" for sentence in runtime.packs.plan().sentences()]
    except PlanRefused as refused:
        return [f"still to do, and refused: {problem.message}" for problem in refused.problems]


def fingerprint(runtime: Runtime) -> str:
    """Which model is in force."""
    return runtime.current().model.fingerprint
