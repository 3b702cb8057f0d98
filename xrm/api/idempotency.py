"""`Idempotency-Key`: a repeated POST is answered as the first one was, and does nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from uuid import UUID

import orjson

from xrm.api.answers import Answer
from xrm.api.codes import unreadable
from xrm.engine.identity.repetition import Asked, AskedBefore, Kept, Repetition
from xrm.errors import Conflict, Invalid, Problem

if TYPE_CHECKING:
    from xrm.api.call import Call
    from xrm.engine.storage.database import Around, UnitOfWork

T = TypeVar("T")
HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
AT_ONCE = 1 << 16
PATIENCE = timedelta(seconds=30)
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,200}\Z")


@dataclass(frozen=True, slots=True)
class Once:
    """A request that may be repeated, and the memory in which it is looked for."""

    repetition: Repetition
    asked: Asked

    def around(self, told: Callable[[T], Any]) -> Around[T]:
        """How work is done so that the key remembers it in the same transaction.

        `told` says what was made, for the case that the full answer is lost with the process that makes it.
        """

        def around(unit: UnitOfWork, work: Callable[[], T]) -> T:
            self.repetition.claim(unit, self.asked)
            made = work()
            bare = Kept(self.asked.digest, None, {}, orjson.dumps(told(made)))
            self.repetition.keep(unit, self.asked, bare)
            return made

        return around

    def beside(self, unit: UnitOfWork, job: UUID) -> None:
        """The key stands for the job that this transaction creates or changes."""
        self.repetition.claim(unit, self.asked, job)


def once_of(call: Call, repetition: Repetition, *, takes_file: bool = False) -> Once | None:
    """How this request is remembered; None when it carries no key."""
    key = call.headers.get(HEADER, "")
    if not key:
        return None
    if not _KEY.match(key):
        hint = "Use 1 to 200 letters, digits and - _ . : such as a UUID."
        raise unreadable("H106", f"{HEADER} cannot be read.", hint)
    # Whoever holds other roles might not be given this answer, and must not do the work once more either.
    digest = hashlib.sha256(f"{' '.join(sorted(call.actor.roles))}\n{call.address}\n".encode())
    body = call.stream() if takes_file else BytesIO(call.read())
    for piece in iter(lambda: body.read(AT_ONCE), b""):
        digest.update(piece)
    return Once(repetition, Asked(call.actor.id, key, digest.hexdigest()))


def answered_once(
    once: Once | None, handle: Callable[[], Answer], of_job: Callable[[UUID], Answer]
) -> Answer:
    """The answer of `handle`, or the one that the same request got before; `of_job` tells of a job."""
    if once is None:
        return handle()
    kept = once.repetition.find(once.asked)
    if kept is not None:
        return _again(once, kept, of_job)
    try:
        made = handle()
    except AskedBefore:
        kept = once.repetition.find(once.asked)
        if kept is None:
            _refuse_running()
        return _again(once, kept, of_job)
    body = made.body if made.kept is None else made.kept
    once.repetition.settle(once.asked, Kept(once.asked.digest, made.status, made.headers, body))
    return made


def _again(once: Once, kept: Kept, of_job: Callable[[UUID], Answer]) -> Answer:
    if kept.digest != once.asked.digest:
        message = f"This {HEADER} belongs to another request."
        raise Invalid(Problem("H107", message, "Use a new key for a new request."))
    if kept.status is None and kept.job is not None:
        return of_job(kept.job).with_headers(**{REPLAYED: "true"})
    if kept.status is None and kept.age < PATIENCE:
        _refuse_running()
    headers = {**kept.headers, REPLAYED: "true"}
    return Answer(kept.status or 200, kept.body, headers)


def _refuse_running() -> NoReturn:
    message = f"A request with this {HEADER} is still running."
    raise Conflict(Problem("H108", message, "Send it again in a moment."), facts={"retry_after": 1})
