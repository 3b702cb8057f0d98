"""PostgreSQL killed by -9 at any write of a change leaves the old or the new, and whoever was at work says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.conftest import Tell
from tests.proofs.test_a_change_killed_at_any_write import CHANGES, Story, Yards, a_striker, figures, story
from tests.support.postgres import cluster
from tests.support.servers import Site


class Outage(Story):
    """Kills of the server in one change; the verb lives on, and so does another process."""

    def strike(self, site: Site, point: int, arguments: Sequence[object]) -> dict[str, Any]:
        """How the verb ended during which the server was killed; it is up again."""
        server = self.yards.cluster
        assert server is not None
        done = self.striker(site, point, arguments, server.process.pid if point else 0)
        if point:
            server.come_back()
        return done

    def wrongly_ended(self, done: Mapping[str, Any]) -> Iterator[str]:
        """Whoever is cut off says so in a sentence; who had everything written is done."""
        if done["code"] not in (0, 1) or "Traceback" in done["said"]:
            yield f"it ended with {done['code']}: {done['said'][:1500]}"
        if done["code"] == 1 and "R164" not in done["said"]:
            yield f"it does not say that the database is gone: {done['said'][:1500]}"


@pytest.mark.proof
def test_what_a_killed_server_leaves_is_the_old_or_the_new(
    tmp_path: Path, scale: Callable[[int, int], int], tell: Tell
) -> None:
    began = time.monotonic()
    with cluster(killed=True) as server:
        yards = Yards(tmp_path, server)
        with a_striker(yards) as striker:
            told = [story(yards, striker, change, 8, Outage) for change in CHANGES]
            faults = [fault for one in told for fault in one.killed_again_and_again(scale(2, 3))]
    tell(**figures(told, faults), seconds=round(time.monotonic() - began, 1))
    assert faults == []
    assert all(one.old_left and one.new_left for one in told), "Nothing but one of the two was ever left."
