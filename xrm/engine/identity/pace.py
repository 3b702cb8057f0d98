"""How many requests one user makes in a minute: counted by each process for itself, without the database."""

from __future__ import annotations

from threading import Lock
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.engine.world import World
from xrm.errors import Problem, TooMany

MINUTE = 60
NAME = "requests_per_minute"


class Pace:
    """The requests of the present minute by user; what was before does not count."""

    def __init__(self, world: World, most: int) -> None:
        self._world, self._most = world, most
        self._lock = Lock()
        self._minute = 0
        self._made: dict[UUID, int] = {}

    def begin(self, actor: Actor) -> None:
        """One more request of the actor is counted; raises TooMany when they made as many as they may."""
        minute, second = divmod(int(self._world.now().timestamp()), MINUTE)
        with self._lock:
            if minute != self._minute:
                self._minute, self._made = minute, {}
            made = self._made.get(actor.id, 0)
            if made < self._most:
                self._made[actor.id] = made + 1
                return
        raise _too_many(self._most, MINUTE - second)


def _too_many(most: int, seconds: int) -> TooMany:
    hint = f"Go on in {seconds} seconds; ask for more records at a time, or for changes only."
    problem = Problem("L137", f"You made {most} requests in this minute.", hint)
    return TooMany(problem, facts={"retry_after": seconds, "limit": NAME})
