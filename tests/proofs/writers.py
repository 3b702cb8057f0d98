"""Writers who keep a journal of what was acknowledged to them, and a judge of what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from threading import Condition
from typing import Any
from uuid import UUID

from tests.proofs.sight import Parcel, Sight
from tests.support.servers import Answer, Caller, NoAnswer

Effect = Mapping[str, Parcel]
DONE = (200, 201, 204)


@dataclass(frozen=True, slots=True)
class Act:
    """A request that writes, and the parcels as they are once it is done, by code.

    `made` are the codes of new parcels, with the place of each in the answer.
    """

    method: str
    path: str
    body: Any
    effect: Effect
    made: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """How many writes were acknowledged so far, told to whoever waits for more."""

    acknowledged: int = 0
    changed: Condition = field(default_factory=Condition)

    def add(self) -> None:
        """One more write was acknowledged."""
        with self.changed:
            self.acknowledged += 1
            self.changed.notify_all()

    def reaches(self, number: int, seconds: float) -> bool:
        """Whether so many were acknowledged before the deadline."""
        with self.changed:
            return self.changed.wait_for(lambda: self.acknowledged >= number, seconds)


@dataclass(slots=True)
class Writer:
    """Somebody who writes parcels of their own, one act after another, until an answer fails to come.

    `breaks` are statuses after which the outcome is as unknown as without an answer.
    """

    name: str
    random: Random
    breaks: tuple[int, ...] = ()
    parcels: dict[str, Parcel] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)
    items: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    journal: list[Act] = field(default_factory=list)
    pending: Act | None = None
    refused: list[str] = field(default_factory=list)
    words: Iterator[int] = field(default_factory=lambda: count(1))

    def resume(self, sight: Sight) -> None:
        """The parcels are as the tables say, and the journal is empty."""
        known, ids = sight.by_code(), sight.ids()
        self.parcels = {code: p for code, p in known.items() if code.startswith(f"{self.name}-")}
        self.ids = {code: ids[code] for code in self.parcels}
        self.items = {code: sight.first_item(ids[code]) for code, p in self.parcels.items() if p.items}
        self.journal, self.pending = [], None

    def write(self, call: Caller, tally: Tally, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Act after act was acknowledged, until one was not, or it was enough."""
        while not is_enough():
            act = self.pending = self._next()
            try:
                answer = call(act.method, act.path, act.body)
            except NoAnswer:
                return
            if answer.status in self.breaks:
                return
            if answer.status not in DONE:
                self.refused.append(f"{act.method} {act.path}: {answer.status} {answer.text}")
                return
            self._keep(act, answer)
            tally.add()

    def _keep(self, act: Act, answer: Answer) -> None:
        self.pending = None
        self.journal.append(act)
        self.parcels.update(act.effect)
        if act.made:
            said = answer.json
            ids = [UUID(one["id"]) for one in said.get("data", [said])]
            self.ids.update({code: ids[place] for code, place in act.made.items()})

    # --- what is asked for --------------------------------------------------------------------------------

    def _next(self) -> Act:
        """A create, an update, a batch or a delete, whichever chance says."""
        live = [code for code, parcel in self.parcels.items() if parcel.is_live]
        if not live:
            return self._make()
        code = self.random.choice(live)
        acts = [self._make, lambda: self._rename(code), lambda: self._pair(code)]
        if len(live) > 3:
            acts.append(lambda: self._drop(code))
        if code in self.items:
            acts.append(lambda: self._repack(code))
        return self.random.choice(acts)()

    def _word(self) -> str:
        """A word that nobody else uses: a code, a name and something to search for."""
        return f"{self.name}-{next(self.words)}"

    def _make(self) -> Act:
        code = self._word()
        items = (f"{code} one", f"{code} two")
        nested = {"create": [{"name": item} for item in items]}
        body = {"code": code, "name": code, "pieces": 2, "items": nested}
        return Act("POST", "/records/parcel", body, {code: Parcel(code, 1, items)}, {code: 0})

    def _rename(self, code: str) -> Act:
        name, old = self._word(), self.parcels[code]
        effect = {code: Parcel(name, old.version + 1, old.items)}
        return Act("PATCH", self._path(code), {"name": name}, effect)

    def _repack(self, code: str) -> Act:
        """One item goes and two come, in one update of the parcel."""
        word, old = self._word(), self.parcels[code]
        gone, name = self.items.pop(code)
        kept = [item for item in old.items if item != name]
        made = [f"{word} x", f"{word} y"]
        nested = {"create": [{"name": item} for item in made], "delete": [str(gone)]}
        body = {"name": word, "pieces": len(kept) + 2, "items": nested}
        effect = {code: Parcel(word, old.version + 1, tuple(sorted([*kept, *made])))}
        return Act("PATCH", self._path(code), body, effect)

    def _pair(self, changed: str) -> Act:
        """Two parcels with an item each, and a change of a third, in one batch."""
        one, two, name = self._word(), self._word(), self._word()
        old = self.parcels[changed]
        update = {"update": "parcel", "id": str(self.ids[changed]), "values": {"name": name}}
        commands = [*_with_item("a", one), update, *_with_item("b", two)]
        effect = {
            one: Parcel(one, 1, (f"{one} i",)),
            two: Parcel(two, 1, (f"{two} i",)),
            changed: Parcel(name, old.version + 1, old.items),
        }
        return Act("POST", "/batch", {"commands": commands}, effect, {one: 0, two: 3})

    def _drop(self, code: str) -> Act:
        old = self.parcels[code]
        effect = {code: Parcel(old.name, old.version + 1, (), is_live=False)}
        return Act("DELETE", self._path(code), None, effect)

    def _path(self, code: str) -> str:
        return f"/records/parcel/{self.ids[code]}"


def _with_item(ref: str, code: str) -> list[dict[str, Any]]:
    return [
        {"create": "parcel", "name": ref, "values": {"code": code, "name": code, "pieces": 1}},
        {"create": "item", "values": {"name": f"{code} i", "parcel": {"ref": ref}}},
    ]


# --- the judge ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the writes; `settled` are those that were done although no answer came."""

    acknowledged: int
    lost: tuple[str, ...]
    half: tuple[str, ...]
    refused: tuple[str, ...]
    settled: int
    unanswered: int

    def with_faults(self, faults: Sequence[str]) -> Verdict:
        """The same with more that is half done."""
        return replace(self, half=(*self.half, *faults))


def judge(before: Effect, writers: Sequence[Writer], sight: Sight) -> Verdict:
    """Every acknowledged write must stand, every other one wholly or not at all, and nothing besides."""
    acts = [act for writer in writers for act in writer.journal]
    expected = dict(before)
    for act in acts:
        expected.update(act.effect)
    found, half, settled = sight.by_code(), list(sight.faults()), 0
    unanswered = [writer.pending for writer in writers if writer.pending is not None]
    for act in unanswered:
        here = {code: found.get(code) for code in act.effect}
        if here == dict(act.effect):
            settled += 1
            expected.update(act.effect)
        elif here != {code: expected.get(code) for code in act.effect}:
            half.append(f"{act.method} {act.path} {dict(act.effect)} left {here}")
            expected.update({code: parcel for code, parcel in here.items() if parcel is not None})
    half += [f"nobody wrote {code}: {found[code]}" for code in found.keys() - expected.keys()]
    lost = [f"{p} became {found.get(code)}" for code, p in expected.items() if found.get(code) != p]
    refused = [told for writer in writers for told in writer.refused]
    return Verdict(len(acts), tuple(lost), tuple(half), tuple(refused), settled, len(unanswered))
