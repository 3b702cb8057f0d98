"""One request as a handler sees it: who asks, on which snapshot, with what; no framework in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, TypeVar
from uuid import UUID

from xrm.api.body import read_json
from xrm.api.codes import unreadable
from xrm.api.named import Written, uses_of
from xrm.api.shapes import as_object, id_of, known_keys
from xrm.engine.commands import Actor, Command, Outcome, Result
from xrm.engine.queries.former import Use
from xrm.engine.queries.request import Aggregate, Query
from xrm.errors import NotFound, Problem, WrongType
from xrm.settings import Limits

if TYPE_CHECKING:
    from xrm.api.former import FormerUse
    from xrm.api.idempotency import Once
    from xrm.engine.jobs import Beside
    from xrm.engine.runtime import Runtime, Snapshot
    from xrm.engine.storage.database import Around

T = TypeVar("T")
READ, ACCEPT = "read", "accept"
Mode = Literal["all", "good_rows"]

_JSON_TYPE = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?\Z", re.IGNORECASE)
_TAG = re.compile(r'\s*(?:W/)?"([0-9]{1,18})(?:-[0-9a-f]+)?"\s*\Z')


class Headers(Protocol):
    """The headers of a request, whatever case their names are in."""

    def get(self, name: str, default: str, /) -> str:
        """The header, or `default`."""
        ...


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds spent by stage, for the `Server-Timing` header; the one mutable value of a request."""

    started: float = field(default_factory=perf_counter)
    lap: float = field(default_factory=perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    def mark(self, stage: str) -> None:
        """The time since the last mark belongs to `stage`."""
        now = perf_counter()
        self.stages[stage] = self.stages.get(stage, 0.0) + (now - self.lap) * 1000
        self.lap = now

    def note(self, seconds: Mapping[str, float]) -> None:
        """A service measured these stages itself; they lie inside the stage that is marked next."""
        self.stages.update({stage: spent * 1000 for stage, spent in seconds.items()})

    def header(self) -> str:
        """The header's text, ending with the total."""
        total = (perf_counter() - self.started) * 1000
        return ", ".join(f"{k};dur={v:.2f}" for k, v in (*self.stages.items(), ("total", total)))


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the door: the caller is known and the definitions are pinned."""

    runtime: Runtime
    snapshot: Snapshot
    actor: Actor
    address: str
    params: Mapping[str, Sequence[str]]
    headers: Headers
    read: Callable[[], bytes]
    stream: Callable[[], BinaryIO]
    watch: Stopwatch
    former: FormerUse
    once: Once | None = None

    @property
    def limits(self) -> Limits:
        """The published limits in force."""
        return self.runtime.settings.limits

    def execute(self, commands: Sequence[Command], *, mode: Mode = "all") -> Outcome:
        """All commands are done and durable; with an idempotency key, remembered in the same transaction."""
        records = self.snapshot.records
        outcome: Outcome = records.execute(self.actor, commands, mode=mode, around=self.around(_told))
        self.watch.mark("write")
        return outcome

    def do(self, command: Command) -> Result:
        """The one command of this request is done and durable, remembered likewise."""
        outcome: Outcome = self.snapshot.records.do(self.actor, command, around=self.around(_told))
        self.watch.mark("write")
        return outcome.results[0]

    def undo(self, position: str) -> Outcome:
        """The act to which the change at this place of the log belongs is taken back, once for a key."""
        outcome: Outcome = self.snapshot.records.undo(self.actor, position, around=self.around(_told))
        self.watch.mark("write")
        return outcome

    def around(self, told: Callable[[T], Any]) -> Around[T] | None:
        """How other work is remembered in its own transaction, if the request carries an idempotency key.

        `told` says what was made, without secrets; it is answered where the full answer was lost.
        """
        return self.once.around(told) if self.once else None

    @property
    def beside(self) -> Beside | None:
        """What a job's transaction has to write besides, so that an idempotency key stands for the job."""
        return self.once.beside if self.once else None

    def uses(self, query: Query | Aggregate) -> None:
        """The names that the query uses are counted, and the former ones among them told of."""
        self.former.query(query)
        usage, numbers = self.runtime.usage, self.snapshot.numbers
        usage.note(numbers, [Use(query.entity, "", READ), *self.snapshot.queries.uses(self.actor, query)])

    def writes(self, *written: Written) -> None:
        """What this request says in its body is counted, each name once; it is called once for a request."""
        self.runtime.usage.note(self.snapshot.numbers, uses_of(self.snapshot.model, written))

    def body(self) -> Any:
        """The JSON body; raises Unreadable, TooLarge or WrongType."""
        raw = self.read()
        if raw and not _JSON_TYPE.match(self.headers.get("Content-Type", "")):
            message = "This call takes JSON."
            raise WrongType(Problem("R115", message, "Send Content-Type: application/json."))
        return read_json(raw, self.limits)

    def object(self) -> dict[str, Any]:
        """The JSON body when it must be an object."""
        return as_object(self.body())

    def object_or_empty(self) -> dict[str, Any]:
        """The JSON body when it must be an object and may be left out."""
        return self.object() if self.read() else {}

    def say_nothing(self) -> None:
        """The body is left out, or an object without keys; raises Unreadable for one that says something."""
        known_keys(self.object_or_empty())

    def param(self, name: str, default: str = "") -> str:
        """A parameter that may be given once."""
        values = self.params.get(name, ())
        if len(values) > 1:
            raise unreadable("R105", f"{name} is given more than once.", "Give it once.", name)
        return values[0] if values else default

    def number(self, name: str, default: int, most: int, least: int = 1) -> int:
        """A parameter that is a whole number within bounds."""
        text = self.param(name)
        if not text:
            return default
        if re.fullmatch(r"[0-9]{1,18}", text) and least <= int(text) <= most:
            return int(text)
        hint = f"Give a whole number from {least} to {most}."
        raise unreadable("R106", f"{name} is not a number in range.", hint, name)

    def version(self) -> int | None:
        """The record version that `If-Match` states; None when any will do."""
        text = self.headers.get("If-Match", "")
        if not text or text.strip() == "*":
            return None
        found = _TAG.match(text)
        if found:
            return int(found[1])
        raise unreadable("H106", "If-Match is not an ETag of a record.", "Send the ETag as it was given.")

    def accepts_duplicates(self) -> bool:
        """Whether the caller says that duplicates of which they would be warned are known: `duplicates=accept`."""
        said = self.param("duplicates")
        if said not in ("", ACCEPT):
            raise unreadable(
                "R106", f"duplicates is {said!r}.", f"Give {ACCEPT}, or leave it out.", "duplicates"
            )
        return said == ACCEPT

    def allow_only(self, *names: str) -> None:
        """Every parameter is one of these; raises Unreadable with the first that is not."""
        for name in self.params:
            if name not in names:
                known = f"Known parameters are {', '.join(names)}." if names else "This call takes none."
                raise unreadable("R105", f"There is no parameter {name!r} here.", known, name)


def _told(outcome: Outcome) -> dict[str, Any]:
    done = [
        {"entity": r.entity, "id": str(r.id), "version": r.version, "outcome": r.outcome}
        for r in outcome.results
    ]
    return {"data": done}


def record_id(text: str) -> UUID:
    """The id in an address; what is not an id leads nowhere, like an id that does not exist."""
    found = id_of(text)
    if found is None:
        raise NotFound(Problem("R104", "This is not the id of a record."))
    return found
