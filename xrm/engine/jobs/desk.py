"""The rows of jobs and of the workers that hold them. Every change states the attempt that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.jobs.states import Job, State, Superseded, problem_json, problem_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import JOB, WORKER
from xrm.errors import Problem

PORTION = 200
_SHOWN = (
    JOB.c.id, JOB.c.kind, JOB.c.label, JOB.c.state, JOB.c.done, JOB.c.total, JOB.c.result, JOB.c.problems,
    JOB.c.actor, JOB.c.cancel_requested, JOB.c.created_at, JOB.c.started_at, JOB.c.finished_at, JOB.c.params,
    JOB.c.attempt, JOB.c.authority,
)  # fmt: skip


def add(
    unit: UnitOfWork,
    job: UUID,
    kind: str,
    label: str,
    params: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """The job is queued, with the authority of its actor and no more."""
    authority = {"roles": sorted(actor.roles), "system": actor.is_system, "name": actor.name}
    unit.execute(
        sa.insert(JOB).values(
            id=job,
            kind=kind,
            label=label,
            params=dict(params),
            state=State.QUEUED.value,
            done=0,
            actor=actor.id,
            authority=authority,
            attempt=1,
            cancel_requested=False,
            created_at=now,
        )
    )


def find(unit: UnitOfWork, job: UUID) -> Job | None:
    """The job, if there is one."""
    row = unit.execute(sa.select(*_SHOWN).where(JOB.c.id == job)).one_or_none()
    return None if row is None else _job(row)


def newest(unit: UnitOfWork, actor: UUID | None) -> Iterator[Job]:
    """The jobs of one actor or of all, newest first, read as far as somebody asks for them."""
    ordered = sa.select(*_SHOWN).order_by(JOB.c.created_at.desc(), JOB.c.id.desc()).limit(PORTION)
    wanted = ordered if actor is None else ordered.where(JOB.c.actor == actor)
    rows = unit.execute(wanted).all()
    while rows:
        yield from map(_job, rows)
        last = sa.tuple_(
            sa.literal(rows[-1].created_at, JOB.c.created_at.type), sa.literal(rows[-1].id, JOB.c.id.type)
        )
        rows = unit.execute(wanted.where(sa.tuple_(JOB.c.created_at, JOB.c.id) < last)).all()


def page(unit: UnitOfWork, state: State | None, after: UUID | None, limit: int) -> list[Job]:
    """The jobs of everybody in that state, or in any with the failed first; newest first, after that one."""
    failed = sa.case((JOB.c.state == State.FAILED.value, 1), else_=0)
    wanted = sa.select(*_SHOWN).order_by(failed.desc(), JOB.c.created_at.desc(), JOB.c.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(JOB.c.state == state.value)
    if after is not None:
        last = JOB.alias()
        was_failed = sa.case((last.c.state == State.FAILED.value, 1), else_=0)
        here = sa.tuple_(failed, JOB.c.created_at, JOB.c.id)
        wanted = wanted.join(last, last.c.id == after).where(
            here < sa.tuple_(was_failed, last.c.created_at, last.c.id)
        )
    return [_job(row) for row in unit.execute(wanted)]


def count(unit: UnitOfWork, state: State) -> int:
    """How many jobs are in that state."""
    found = sa.select(sa.func.count()).select_from(JOB).where(JOB.c.state == state.value)
    return int(unit.execute(found).scalar_one())


def oldest_waiting(unit: UnitOfWork) -> datetime | None:
    """Since when the job waits that waits longest."""
    found = sa.select(sa.func.min(JOB.c.created_at)).where(JOB.c.state == State.QUEUED.value)
    waits: datetime | None = unit.execute(found).scalar()
    return waits


def living(unit: UnitOfWork, since: datetime) -> list[str]:
    """Where the workers run that have beaten since."""
    found = sa.select(WORKER.c.about).where(WORKER.c.beat_at >= since).order_by(WORKER.c.about)
    return [str(about) for about in unit.execute(found).scalars()]


def wait_again(unit: UnitOfWork, job: UUID) -> Job | None:
    """The failed job waits for another attempt, which goes on from its last checkpoint; None if it has not failed."""
    again = {
        "state": State.QUEUED.value, "attempt": JOB.c.attempt + 1, "worker": None, "problems": None,
        "finished_at": None, "cancel_requested": False,
    }  # fmt: skip
    change = sa.update(JOB).where(JOB.c.id == job, JOB.c.state == State.FAILED.value).values(again)
    return find(unit, job) if unit.execute(change).rowcount == 1 else None


def last_start(unit: UnitOfWork, kind: str) -> datetime | None:
    """When a job of this kind was asked for last."""
    found: datetime | None = unit.execute(
        sa.select(JOB.c.created_at).where(JOB.c.kind == kind).order_by(JOB.c.created_at.desc()).limit(1)
    ).scalar()
    return found


def authority(unit: UnitOfWork, job: UUID) -> tuple[UUID, Mapping[str, Any]]:
    """Who started the job, and with which roles."""
    row = unit.execute(sa.select(JOB.c.actor, JOB.c.authority).where(JOB.c.id == job)).one()
    return row.actor, row.authority


def claim(unit: UnitOfWork, job: UUID, attempt: int, worker: str, now: datetime) -> bool:
    """This worker, and nobody else, makes this attempt."""
    started = sa.func.coalesce(JOB.c.started_at, sa.literal(now, JOB.c.started_at.type))
    change = sa.update(JOB).values(state=State.RUNNING.value, worker=worker, started_at=started)
    return unit.execute(change.where(*_is(job, attempt, State.QUEUED))).rowcount == 1


def save(unit: UnitOfWork, job: UUID, attempt: int, values: Mapping[str, Any]) -> None:
    """The running job has these values; raises Superseded when another attempt has begun."""
    change = sa.update(JOB).values(dict(values)).where(*_is(job, attempt, State.RUNNING))
    if unit.execute(change).rowcount != 1:
        raise Superseded


def end(
    unit: UnitOfWork,
    job: UUID,
    attempt: int,
    state: State,
    now: datetime,
    problems: Sequence[Problem] = (),
    result: Mapping[str, Any] | None = None,
) -> None:
    """The job is over; raises Superseded when another attempt has begun."""
    values: dict[str, Any] = {"state": state.value, "finished_at": now, "worker": None}
    if problems:
        values["problems"] = [problem_json(p) for p in problems]
    if result is not None:
        values["result"] = dict(result)
    save(unit, job, attempt, values)


def take_back(unit: UnitOfWork, job: UUID, attempt: int) -> bool:
    """The running attempt counts no more and the job waits for the next one."""
    change = sa.update(JOB).values(state=State.QUEUED.value, attempt=attempt + 1, worker=None)
    return unit.execute(change.where(*_is(job, attempt, State.RUNNING))).rowcount == 1


def ask_to_cancel(unit: UnitOfWork, job: UUID, now: datetime) -> Job:
    """A job that waits is cancelled, one that runs is asked to end; gives the job as it is then."""
    mine = JOB.c.id == job
    unit.execute(sa.update(JOB).where(mine, JOB.c.finished_at.is_(None)).values(cancel_requested=True))
    ended = {"state": State.CANCELLED.value, "finished_at": now}
    unit.execute(sa.update(JOB).where(mine, JOB.c.state == State.QUEUED.value).values(ended))
    return _job(unit.execute(sa.select(*_SHOWN).where(mine)).one())


def is_cancelled(unit: UnitOfWork, job: UUID, attempt: int) -> bool:
    """Whether somebody asked for the end; raises Superseded when another attempt has begun."""
    wanted = sa.select(JOB.c.cancel_requested).where(*_is(job, attempt, State.RUNNING))
    row = unit.execute(wanted).one_or_none()
    if row is None:
        raise Superseded
    return bool(row.cancel_requested)


def orphans(unit: UnitOfWork, since: datetime) -> list[tuple[UUID, int, str, str]]:
    """Jobs that run on no worker that has beaten since: id, attempt, kind and worker."""
    living = sa.select(WORKER.c.name).where(WORKER.c.beat_at >= since)
    wanted = sa.select(JOB.c.id, JOB.c.attempt, JOB.c.kind, JOB.c.worker)
    wanted = wanted.where(JOB.c.state == State.RUNNING.value, JOB.c.worker.not_in(living))
    return [(row.id, row.attempt, row.kind, row.worker) for row in unit.execute(wanted)]


# --- workers ------------------------------------------------------------------------------------------


def arrive(unit: UnitOfWork, worker: str, about: str, now: datetime) -> None:
    """The worker is known to live."""
    unit.execute(sa.insert(WORKER).values(name=worker, about=about, started_at=now, beat_at=now))


def beat(unit: UnitOfWork, worker: str, now: datetime) -> None:
    """The worker lives still."""
    unit.execute(sa.update(WORKER).where(WORKER.c.name == worker).values(beat_at=now))


def leave(unit: UnitOfWork, worker: str) -> None:
    """The worker is gone."""
    unit.execute(sa.delete(WORKER).where(WORKER.c.name == worker))


def forget(unit: UnitOfWork, before: datetime) -> None:
    """Workers that have not beaten for long are not remembered."""
    unit.execute(sa.delete(WORKER).where(WORKER.c.beat_at < before))


def _is(job: UUID, attempt: int, state: State) -> tuple[sa.ColumnElement[bool], ...]:
    return JOB.c.id == job, JOB.c.attempt == attempt, JOB.c.state == state.value


def _job(row: Any) -> Job:
    facts = row._asdict()
    facts["state"] = State(row.state)
    facts["label"] = row.label or ""
    facts["result"] = row.result or {}
    facts["roles"] = frozenset(facts.pop("authority")["roles"])
    facts["problems"] = tuple(problem_of(kept) for kept in row.problems or ())
    return Job(**facts)
