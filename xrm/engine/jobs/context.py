"""What a job is given while it runs: who acts, how far it has come, and whether it should end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.identity import Identity
from xrm.engine.jobs import desk
from xrm.engine.jobs.states import Cancelled, Stopping
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.errors import Forbidden, NotFound, Problem

Watch = Callable[[int, int | None], None]
Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """One attempt at a job.

    A job that writes in portions calls `checkpoint` in the transaction of each portion. What it saves there
    is `saved` of the attempt that comes after, should this one die: no portion is lost, none done twice.
    """

    job: UUID
    attempt: int
    params: Mapping[str, Any]
    saved: Mapping[str, Any]
    database: Database
    identity: Identity
    door: str = "job"
    watch: Watch = field(default=lambda done, total: None)
    is_stopping: Callable[[], bool] = field(default=lambda: False)

    def actor(self) -> Actor:
        """Who acts, with the rights of this moment and never more than when the job was started."""
        with self.database.read() as unit:
            user, held = desk.authority(unit, self.job)
        roles = frozenset(held["roles"])
        cause = str(self.job)
        if held["system"]:
            return Actor(user, held["name"], roles, door=self.door, cause=cause, is_system=True)
        try:
            now = self.identity.actor(user, door=self.door)
        except NotFound:
            hint = "Let somebody else start it."
            message = "The person in whose name this runs may not act any more."
            raise Forbidden(Problem("J101", message, hint)) from None
        return replace(now, roles=now.roles & roles, cause=cause)

    def progress(self, done: int, total: int | None = None) -> None:
        """People see how far the job has come; raises Cancelled or Stopping when it should end."""
        self.go_on()
        with self.database.write() as unit:
            self._save(unit, {"done": done}, total)
        self.watch(done, total)

    def checkpoint(
        self, unit: UnitOfWork, saved: Mapping[str, Any], done: int, total: int | None = None
    ) -> None:
        """With the caller's transaction it is known that the job has come so far.

        Raises Superseded when another attempt has begun, so that the transaction comes to nothing.
        """
        self._save(unit, {"done": done, "result": dict(saved)}, total)
        unit.after_commit(lambda: self.watch(done, total))

    def go_on(self) -> None:
        """The job may go on; raises Cancelled, Stopping or Superseded when it may not."""
        if self.is_stopping():
            raise Stopping
        if self.is_cancelled():
            raise Cancelled

    def is_cancelled(self) -> bool:
        """Whether somebody asked for the end of the job."""
        with self.database.read(snapshot=False) as unit:
            return desk.is_cancelled(unit, self.job, self.attempt)

    def _save(self, unit: UnitOfWork, values: dict[str, Any], total: int | None) -> None:
        if total is not None:
            values["total"] = total
        desk.save(unit, self.job, self.attempt, values)
