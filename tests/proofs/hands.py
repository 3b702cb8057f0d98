"""People and programs that go on working while definitions change, and what they came upon."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Event
from typing import Any

from tests.proofs.harbour import Timeline, serial_of
from tests.support.servers import Answer, Caller, NoAnswer, until
from tests.support.visitors import Visitor

STALE = ("P120", "R185")
FIELD_IS_GONE = "I107"
DONE = (200, 201, 204)
CSV = {"Content-Type": "text/csv"}


@dataclass(slots=True)
class Hand:
    """Somebody at work, with what they count and what went wrong."""

    timeline: Timeline
    call: Caller
    name: str
    done: int = 0
    stale: int = 0
    meanwhile: int = 0
    errors: list[str] = field(default_factory=list)
    misplaced: list[str] = field(default_factory=list)

    def work(self, over: Event, pause: float) -> None:
        """One piece of work after another, until it is over."""
        while not over.wait(pause):
            try:
                self.turn()
            except NoAnswer as error:
                self.errors.append(f"{self.name}: no answer: {error}")

    def turn(self) -> None:
        """One piece of work."""
        raise NotImplementedError

    def is_fine(self, answer: Answer, first: int, last: int, what: str) -> bool:
        """Whether it was done; what was not is counted, or an error."""
        if answer.status in DONE:
            self.done += 1
            return True
        is_told = answer.status == 409 and any(code in answer.text for code in STALE)
        if is_told:
            self.stale += 1
        elif answer.status in (400, 404, 409, 422) and last > first:
            self.meanwhile += 1
        else:
            self.errors.append(f"{self.name}: {what}: {answer.status} {answer.text[:400]}")
        return False


@dataclass(slots=True)
class Filler(Hand):
    """Makes crates and writes into them; remembers what was acknowledged, in order."""

    random: Random = field(default_factory=lambda: Random(1))
    codes: Iterator[int] = field(default_factory=count)
    crates: dict[str, list[int]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def turn(self) -> None:
        """A new crate with everything filled in, or other values for one of one's own."""
        version, first = self.timeline.now, self.timeline.done
        names = sorted(version.names)
        if self.crates and self.random.random() < 0.7:
            code = self.random.choice(sorted(self.crates))
            names = self.random.sample(names, min(2, len(names)))
            method, path = "PATCH", f"/records/crate/{self.ids[code]}"
            body: dict[str, Any] = {}
        else:
            code = f"{self.name}-{next(self.codes)}"
            method, path, body = "POST", "/records/crate", {"code": code}
        if version.kinds:
            body["kind"] = self.random.choice(sorted(version.kinds))
        sent = {name: self.timeline.serial(name, first) for name in names}
        body |= {name: version.names[name].value(serial) for name, serial in sent.items()}
        answer = self.call(method, path, body)
        for serial in sent.values():
            self.timeline.answered(serial)
        if self.is_fine(answer, first, self.timeline.begun, f"{method} {body}"):
            self.ids.setdefault(code, answer.json["id"])
            self.crates.setdefault(code, []).extend(sent.values())

    def lost(self, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        """What was acknowledged and is not there."""
        names = {slot.ident: name for name, slot in self.timeline.now.names.items()}
        for code, sent in self.crates.items():
            if code not in rows:
                yield f"{code} is gone"
                continue
            for ident, name in names.items():
                value = rows[code][name]
                held = None if value is None else serial_of(value)
                if held not in self._may_hold(sent, ident):
                    yield f"{code}: {name} holds {held} and not one of {self._may_hold(sent, ident)}"

    def _may_hold(self, sent: list[int], ident: int) -> list[int | None]:
        """The last number that was certainly sent for the field, and those after it that may have been."""
        held: list[int | None] = [None]
        for serial in sent:
            meant = self.timeline.meant(serial)
            if meant == {ident}:
                held = [serial]
            elif ident in meant:
                held.append(serial)
        return held


@dataclass(slots=True)
class Looker(Hand):
    """Lists crates and looks whether one version explains each row."""

    def turn(self) -> None:
        """A page of the newest crates."""
        first = self.timeline.done
        answer = self.call("GET", "/records/crate", limit=20, sort="-created_at")
        last = self.timeline.begun
        if self.is_fine(answer, first, last, "list"):
            for row in answer.json["data"]:
                self.misplaced += [f"{self.name}: {told}" for told in self.timeline.faults(row, first, last)]


@dataclass(slots=True)
class Reader(Hand):
    """Opens pages: the list, the empty form, the home page."""

    visitor: Visitor | None = None
    paths: Iterator[int] = field(default_factory=count)

    def turn(self) -> None:
        """The next page."""
        assert self.visitor is not None
        first = self.timeline.done
        path = ("/r/crate", "/r/crate/new", "/", "/r/crate?sort=-code")[next(self.paths) % 4]
        self.is_fine(self.visitor.open(path), first, self.timeline.begun, path)


@dataclass(slots=True)
class Clerk(Hand):
    """Asks for exports and imports, which a worker does, and looks at what came of them."""

    codes: Iterator[int] = field(default_factory=count)
    undone: list[str] = field(default_factory=list)

    def turn(self) -> None:
        """One import and one export."""
        self.bring_in()
        self.take_out()

    def take_out(self) -> None:
        """An export has the columns of a version that held while it was made."""
        first = self.timeline.done
        job = self._over(self.call("POST", "/exports", {"entity": "crate", "format": "csv"}), first, "export")
        if job is not None:
            answer = self.call("GET", f"/jobs/{job['id']}/file")
            if self.is_fine(answer, first, self.timeline.begun, "file"):
                for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))):
                    read = {name: value or None for name, value in row.items()}
                    self.misplaced += [
                        f"{self.name}: export: {t}"
                        for t in self.timeline.faults(read, first, self.timeline.begun)
                    ]

    def bring_in(self) -> None:
        """Three crates come in a file."""
        first, version = self.timeline.done, self.timeline.now
        names, codes = sorted(version.names), [f"{self.name}-{next(self.codes)}" for _ in range(3)]
        rows = [[code, *(self.timeline.serial(name, first) for name in names)] for code in codes]
        text = "\n".join(",".join(map(str, row)) for row in [["code", *names], *rows]) + "\n"
        path = "/api/v1/imports?entity=crate&name=crates.csv"
        headers = {**CSV, "Authorization": f"Bearer {self.call.token}"}
        job = self._over(self.call.ask("POST", path, text.encode(), headers), first, "import")
        for row in rows:
            for serial in row[1:]:
                self.timeline.answered(int(serial))
        if job is not None and job["result"].get("created") != len(codes) and self.timeline.begun == first:
            self.errors.append(f"{self.name}: an import came to {job['result']}")

    def _over(self, answer: Answer, first: int, what: str) -> dict[str, Any] | None:
        """The job once it is over; None where it was not begun or did not succeed."""
        if answer.status not in (200, 202):
            self.is_fine(answer, first, self.timeline.begun, what)
            return None
        seen: dict[str, Any] = answer.json

        def is_over() -> bool:
            nonlocal seen
            asked = self.call("GET", f"/jobs/{seen['id']}")
            if asked.status == 200:
                seen = asked.json
            elif asked.status >= 500:
                self.errors.append(f"{self.name}: {what}: {asked.status} {asked.text[:300]}")
            return seen["state"] in ("done", "failed", "cancelled")

        if not until(is_over, 60):
            self.errors.append(f"{self.name}: {what} is not over: {seen}")
            return None
        if seen["state"] != "done":
            told = f"{self.name}: {what} between {first} and {self.timeline.begun}: {seen['problems']}"
            codes = {problem["code"] for problem in seen["problems"]}
            is_without_field = codes == {FIELD_IS_GONE} and self.timeline.loses_a_field(first)
            (self.undone if is_without_field else self.errors).append(told)
            return None
        self.done += 1
        return seen
