"""A worker process for tests: it does a job in ten portions, and may be told to hang in the middle.

Started as `python -m tests.engine.jobs.errand ADDRESS HANG_AT TICKS`; says on standard output what it does.
"""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.identity import Identity
from xrm.engine.jobs import Context, DbosRunner, Jobs, Lease, Repeats, start_worker
from xrm.engine.storage.database import Database
from xrm.engine.world import real_world
from xrm.settings import Settings

PORTIONS = 10
EFFECT = sa.Table("errand_effect", sa.MetaData(), sa.Column("portion", sa.Integer()))
LEASE = Lease(beat=timedelta(seconds=0.1), silence=timedelta(seconds=1))
SETTINGS = Settings(secret_key="a key of a test that is long enough to be one", password_memory=8)
CLERK = Actor(UUID(int=7), "clerk", frozenset({"clerk"}), is_system=True)


def errand_jobs(database: Database, hang_at: int = 0, *, ticks: bool = False) -> Jobs:
    """Jobs that know the kind `errand`, which has one effect per portion, and may tick once a day."""
    world = real_world()

    def errand(context: Context) -> dict[str, object]:
        for portion in range(int(context.saved.get("portion", 0)) + 1, PORTIONS + 1):
            with database.write() as unit:
                unit.execute(sa.insert(EFFECT).values(portion=portion))
                if portion == hang_at:
                    say(f"hangs in {portion}")
                    threading.Event().wait()
                context.checkpoint(unit, {"portion": portion}, portion, PORTIONS)
            context.go_on()
        say("done")
        return {"portion": PORTIONS}

    jobs = Jobs(database, world, Identity(database, world, SETTINGS), DbosRunner(database), LEASE)

    def tick(context: Context) -> dict[str, object]:
        say("ticks")
        return {}

    jobs.register("errand", errand)
    if ticks:
        jobs.register("tick", tick, repeats=Repeats(timedelta(days=1), "Tick", lambda: CLERK))
    return jobs


def say(text: str) -> None:
    """The test reads this line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(address: str, hang_at: str, ticks: str) -> None:
    """Works until standard input is closed."""
    database = Database(address)
    worker = start_worker(errand_jobs(database, int(hang_at), ticks=bool(ticks)))
    say("works")
    sys.stdin.read()
    worker.stop()
    database.close()
    say("stopped")


if __name__ == "__main__":
    main(*sys.argv[1:])
