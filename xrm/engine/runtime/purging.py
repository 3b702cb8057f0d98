"""What was removed goes for good when its time is over."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from xrm.engine.jobs import Context
from xrm.engine.packs import PackService
from xrm.engine.world import World

PURGE, PURGE_LABEL = "purge_removed", "Destroy what was removed long ago"
log = logging.getLogger(__name__)


class Purging:
    """Destroys what has been kept for its time; the handler of the jobs of kind `purge_removed`."""

    def __init__(self, packs: PackService, world: World) -> None:
        self._packs, self._world = packs, world

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """Nothing is kept beyond its time; gives how much that was. Its time is the confirmation."""
        numbers = self.due()
        if not numbers:
            return {"removed": 0}
        context.go_on()
        plan = self._packs.plan_purge(numbers)
        done = self._packs.purge(numbers, context.actor(), confirmed=plan.hash)
        for sentence in done:
            log.info("%s", sentence)
        return {"removed": len(done)}

    def due(self) -> list[int]:
        """The numbers of what has been kept for its time."""
        now = self._world.now()
        return [s.number for s in self._packs.removed() if s.until is not None and s.until <= now]
