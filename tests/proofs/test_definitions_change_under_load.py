"""Definitions change through every door while people and programs go on working: no error, no value elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

from click.testing import CliRunner
from flask import Flask

from tests.proofs.conftest import Tell
from tests.proofs.hands import Clerk, Filler, Hand, Looker, Reader
from tests.proofs.harbour import FIXED, Slot, Timeline, Version
from tests.support.installed import make_runtime
from tests.support.servers import KEY, PATIENCE, Answer, Caller, Site, until, write_pack
from tests.support.visitors import Visitor
from xrm import testing
from xrm.app import mount
from xrm.cli import cli
from xrm.engine.packs import Revision, laying
from xrm.engine.runtime import Runtime
from xrm.engine.world import real_world
from xrm.metadata.customising import as_customisation
from xrm.metadata.finding import pack_source
from xrm.testing import make_settings, pack_from

PASSWORD = "correct horse battery"
EMAIL = "ana@example.com"
PROMISED = 2.0
PAUSE = 0.03  # seconds between one piece of work and the next
DEFINITIONS = "/admin/definitions"
START = Version(
    packed=tuple(Slot(number, f"p{number}") for number in range(3)),
    ours=(Slot(10, "c0"), Slot(11, "c1")),
    options=(Slot(100, "hot"), Slot(101, "cold"), Slot(102, "mild")),
)


@dataclass(slots=True)
class Harbour:
    """An installation at which people work, and the doors through which its definitions change."""

    site: Site
    runtime: Runtime
    callers: Callable[[], list[Caller]]
    visitors: list[Visitor]
    timeline: Timeline = field(default_factory=lambda: Timeline([START]))
    seconds: list[float] = field(default_factory=list)
    next: int = 200
    turn: int = 0

    # --- doors ------------------------------------------------------------------------------------------

    def by_pack(self, version: Version, **decisions: str) -> None:
        """The pack comes in its next version."""
        folder = write_pack(version.pack(len(self.timeline.versions)), self._folder("harbour"))
        revision = Revision((pack_source(folder),), decisions=decisions)
        self._carried_out(version, ["pack", "upgrade", folder], revision)

    def by_files(self, version: Version, decisions: Mapping[str, str]) -> None:
        """The customisation is what lies in a folder."""
        folder = write_pack(version.customisation(), self._folder("ours"))
        edit = laying(as_customisation(pack_source(folder)), mirror=True)
        self._carried_out(version, ["apply", "--mirror", folder], Revision(edit=edit, decisions=decisions))

    def by_rollback(self, version: Version) -> None:
        """The version before the last change is in force again."""
        number = self.runtime.packs.versions()[1].number
        confirmed = self.runtime.packs.foresee(Revision(version=number, dev=True)).plan.hash
        self._watched(version, lambda: self.site.xrm("model", "rollback", number, "--confirm", confirmed))

    def by_page(self, version: Version, path: str, **typed: str) -> None:
        """A form is filled in, and the draft is applied."""
        self.turn += 1
        visitor = self.visitors[self.turn % len(self.visitors)]
        visitor.call.hang_up()  # a server does not keep a connection that is idle for long
        page = visitor.open(path if typed else path.rpartition("/")[0])
        assert page.status == 200, page.text
        came = visitor.fill(page, path, **typed)
        assert came.status == 200, came.text

        def apply() -> None:
            review = visitor.open(f"{DEFINITIONS}/review")
            done = visitor.fill(review, f"{DEFINITIONS}/review/apply")
            assert "Applied" in done.text, done.text

        self._watched(version, apply)

    def _carried_out(self, version: Version, arguments: Sequence[object], revision: Revision) -> None:
        confirmed = self.runtime.packs.foresee(revision).plan.hash
        decided = [f"--decide={place}={value}" for place, value in revision.decisions.items()]
        self._watched(version, lambda: self.site.xrm(*arguments, *decided, "--confirm", confirmed))

    def _folder(self, name: str) -> Path:
        self.turn += 1
        return self.site.folder / "definitions" / str(self.turn) / name

    def _watched(self, version: Version, change: Callable[[], object]) -> None:
        """The change is done and seen by every server; it is known how long after."""
        self.timeline.begin(version)
        change()
        ended = time.monotonic()

        def seen_after(call: Caller) -> float:
            with call:
                assert until(lambda: self._is_seen(call), PROMISED * 5), "It was never seen."
            return time.monotonic() - ended

        with ThreadPoolExecutor(2) as both:
            self.seconds += both.map(seen_after, self.callers())
        self.timeline.end()

    def _is_seen(self, call: Caller) -> bool:
        version = self.timeline.versions[-1]
        fields = {one["name"]: one for one in call("GET", "/metadata/entities/crate").json["fields"]}
        options = {option["key"] for option in fields["kind"]["options"]}
        entities = {one["name"] for one in call("GET", "/metadata").json["data"]}
        return (
            fields.keys() - set(FIXED) == version.names.keys()
            and options == version.kinds.keys()
            and set(version.extras) <= entities
        )

    # --- changes ----------------------------------------------------------------------------------------

    def changes(self) -> Iterator[Callable[[], None]]:
        """One kind of change after the other, for ever."""
        while True:
            yield from (
                self.add, self.rename, self.retype, self.drop, self.bring_back, self.move_on, self.rename_option,
                self.replace, self.new_entity, self.remove_option,
            )  # fmt: skip

    def number(self) -> int:
        """One that no field and no option has."""
        self.next += 1
        return self.next

    def add(self) -> None:
        """A field, on a page."""
        ident = self.number()
        now, name = self.timeline.now, f"c{ident}"
        path = f"{DEFINITIONS}/e/crate/fields/new/text"
        self.by_page(replace_slots(now, ours=(*now.ours, Slot(ident, name))), path, label=name, name=name)

    def rename(self) -> None:
        """A field of the pack, by its next version."""
        now = self.timeline.now
        first, *others = now.packed
        self.by_pack(replace_slots(now, packed=(*others, renamed(first, f"p{self.number()}"))))

    def retype(self) -> None:
        """A field of the organisation gets the next type, by files."""
        now = self.timeline.now
        first, *others = now.ours
        types = ("text", "integer", "decimal")
        other = replace(first, type=types[(types.index(first.type) + 1) % 3])
        self.by_files(replace_slots(now, ours=(*others, other)), {})

    def drop(self) -> None:
        """A field of the organisation, on a page."""
        now = self.timeline.now
        *others, last = now.ours
        path = f"{DEFINITIONS}/e/crate/fields/{last.name}/remove"
        self.by_page(replace_slots(now, ours=tuple(others)), path)

    def bring_back(self) -> None:
        """What was before the last change."""
        self.by_rollback(self.timeline.versions[-2])

    def move_on(self) -> None:
        """A field of the pack takes the name that another one had."""
        now = self.timeline.now
        first, *others = now.packed
        taken = {name for version in self.timeline.versions for name in version.names if name.startswith("p")}
        self.by_pack(replace_slots(now, packed=(*others, renamed(first, min(taken - now.names.keys())))))

    def rename_option(self) -> None:
        """An option is called otherwise, by files; with it, a field."""
        now = self.timeline.now
        first, *others = now.options
        options = (*others, renamed(first, f"o{self.number()}"))
        mine, *rest = now.ours
        ours = (*rest, renamed(mine, f"c{self.number()}"))
        self.by_files(replace_slots(now, options=options, ours=ours), {})

    def replace(self) -> None:
        """A field of the pack goes, and another comes."""
        now = self.timeline.now
        ident = self.number()
        self.by_pack(replace_slots(now, packed=(*now.packed[1:], Slot(ident, f"p{ident}"))))

    def new_entity(self) -> None:
        """An entity, by files."""
        now = self.timeline.now
        self.by_files(Version(now.packed, now.ours, now.options, (*now.extras, f"extra{self.number()}")), {})

    def remove_option(self) -> None:
        """An option goes and another comes; whoever had the one that goes gets the first of those that stay."""
        now = self.timeline.now
        first, *others = now.options
        ident = self.number()
        options = (*others, Slot(ident, f"o{ident}"))
        self.by_files(
            replace_slots(now, options=options), {f"option:crate.kind.{first.name}": others[0].name}
        )


def replace_slots(version: Version, **slots: tuple[Slot, ...]) -> Version:
    """The version with these slots."""
    said = {"packed": version.packed, "ours": version.ours, "options": version.options, **slots}
    return Version(**said, extras=version.extras)


def renamed(slot: Slot, name: str) -> Slot:
    """The slot with that name."""
    return replace(slot, name=name, former=slot.name)


# --- the proof ----------------------------------------------------------------------------------------------


def test_people_work_on_while_definitions_change(
    database_url: str, tmp_path: Path, proofs: bool, scale: Callable[[int, int], int], tell: Tell
) -> None:
    began = time.monotonic()
    opened = apart if proofs else inside
    with opened(database_url, tmp_path) as harbour:
        hands = the_hands(harbour, scale(1, 2))
        with at_work(hands, PAUSE):
            for change in islice(harbour.changes(), scale(2, 50)):
                change()
        lost = what_was_lost(harbour, hands)
        left = harbour.runtime.packs.plan().sentences()
    errors = [told for hand in hands for told in hand.errors]
    misplaced = [told for hand in hands for told in hand.misplaced] + lost
    undone = [told for hand in hands if isinstance(hand, Clerk) for told in hand.undone]
    tell(
        changes=harbour.timeline.done,
        seen_after_at_most=round(max(harbour.seconds), 3),
        done={type(h).__name__: sum(o.done for o in hands if type(o) is type(h)) for h in hands},
        told_to_repeat=sum(hand.stale for hand in hands),
        names_gone_meanwhile=sum(hand.meanwhile for hand in hands),
        imports_without_their_field=len(undone),
        errors=len(errors),
        misplaced=len(misplaced),
        seconds=round(time.monotonic() - began, 1),
    )
    assert errors == []
    assert misplaced == []
    assert left == ()
    assert max(harbour.seconds) < PROMISED
    assert all(hand.done for hand in hands)


def the_hands(harbour: Harbour, each: int) -> list[Hand]:
    """People and programs at every server."""
    timeline, hands = harbour.timeline, list[Hand]()
    for number in range(each):
        for place, calls in enumerate(zip(harbour.callers(), harbour.callers(), strict=True)):
            name = f"{place}{number}"
            hands.append(Filler(timeline, calls[0], f"filler{name}", random=Random(name)))
            hands.append(Looker(timeline, calls[1], f"looker{name}"))
    first = harbour.callers()
    hands.append(Clerk(timeline, first[-1], "clerk"))
    readers = [Visitor(call, dict(harbour.visitors[0].cookies)) for call in harbour.callers()]
    hands += [Reader(timeline, v.call, f"reader{place}", visitor=v) for place, v in enumerate(readers)]
    return hands


@contextmanager
def at_work(hands: Sequence[Hand], pause: float) -> Iterator[None]:
    """All of them work inside this block, with so many seconds between one thing and the next."""
    over = Event()
    threads = [Thread(target=hand.work, args=[over, pause]) for hand in hands]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
        for hand in hands:
            hand.call.hang_up()


def what_was_lost(harbour: Harbour, hands: Sequence[Hand]) -> list[str]:
    """What every server tells of each crate in the end that is not as it was written."""
    told, timeline = [], harbour.timeline
    for call in harbour.callers():
        with call:
            rows = {row["code"]: row for row in every_crate(call)}
        for row in rows.values():
            told += timeline.faults(row, timeline.done, timeline.done)
            if row["kind"] not in (None, *timeline.now.kinds):
                told.append(f"{row['code']}: kind holds {row['kind']}")
        for hand in hands:
            if isinstance(hand, Filler):
                told += hand.lost(rows)
    return told


def every_crate(call: Caller) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = call("GET", "/records/crate", limit=500, **cursor).json
        yield from page["data"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


# --- where they work ----------------------------------------------------------------------------------------


def installed(database_url: str, folder: Path) -> tuple[Runtime, str]:
    """The first version is installed; gives the token of somebody who may do everything, too."""
    settings = make_settings(database_url, folder, secret_key=KEY)
    runtime = make_runtime(database_url, folder, [START.pack(0)], settings=settings, world=real_world())
    source = as_customisation(replace(pack_from(START.customisation()), files=encoded(START.customisation())))
    runtime.packs.revise(Revision(edit=laying(source, mirror=True)), runtime.installer)
    user = runtime.identity.people.create_user(
        runtime.installer, email=EMAIL, name="Ana", password=PASSWORD, roles=["system_admin"]
    )
    return runtime, runtime.identity.create_token(runtime.identity.actor(user, door="cli"), "proof")


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    """The files as they lie on a disk."""
    return {path: text.encode() for path, text in files.items()}


@contextmanager
def apart(database_url: str, folder: Path) -> Iterator[Harbour]:
    """Two servers and a worker, each a process of its own."""
    runtime, token = installed(database_url, folder)
    site = Site(folder, database_url)
    with ExitStack() as stack:
        stack.callback(runtime.close)
        servers = stack.enter_context(site.serving(2))
        stack.enter_context(a_worker(site))

        def callers() -> list[Caller]:
            return [server.caller(token) for server in servers]

        visitors = [Visitor(call) for call in callers()]
        for visitor in visitors:
            stack.callback(visitor.call.hang_up)
            assert "/logout" in visitor.sign_in(EMAIL, PASSWORD).text
        yield Harbour(site, runtime, callers, visitors)


@contextmanager
def a_worker(site: Site) -> Iterator[None]:
    """`xrm work` runs inside this block."""
    command = [sys.executable, *site.program, "work"]
    with (site.folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=site.folder, env=site.environ, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)


@dataclass(slots=True)
class Inside(Caller):
    """Somebody who calls an application of this process."""

    app: Flask | None = None

    def ask(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer of any address, redirects not followed."""
        assert self.app is not None
        client = self.app.test_client(use_cookies=False)
        with client.open(path, method=method, data=data, headers=dict(headers or {})) as got:
            named = {name.lower(): value for name, value in got.headers.items()}
            return Answer(got.status_code, named, got.text, tuple(got.headers.getlist("Set-Cookie")))


@dataclass(frozen=True, slots=True)
class SiteInside(Site):
    """An installation whose verbs are carried out in this process."""

    def xrm(self, *arguments: object) -> Any:
        """What the verb answered to a program; it was done."""
        said = [*map(str, arguments), "--json"]
        done = CliRunner(env={k: v for k, v in self.environ.items() if k.startswith("XRM_")}).invoke(
            cli, said
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@contextmanager
def inside(database_url: str, folder: Path) -> Iterator[Harbour]:
    """Two applications of this process, each with connections and definitions of its own."""
    runtime, token = installed(database_url, folder)
    with ExitStack() as stack:
        stack.callback(runtime.close)
        apps = []
        for _ in range(2):
            other = testing.make_runtime(
                database_url, folder, settings=runtime.settings, world=real_world(), install=False
            )
            stack.callback(other.close)
            apps.append(mount(other))

        def callers() -> list[Caller]:
            return [Inside(0, token, app=app) for app in apps]

        visitors = [Visitor(call) for call in callers()]
        for visitor in visitors:
            assert "/logout" in visitor.sign_in(EMAIL, PASSWORD).text
        yield Harbour(SiteInside(folder, database_url), runtime, callers, visitors)
