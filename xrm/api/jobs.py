"""Handlers for background work: what a job has come to, its end, its file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call, record_id
from xrm.engine.jobs import Job
from xrm.engine.storage.files import delivery
from xrm.errors import Problem

MOST_LISTED = 200
BYTES_AT_ONCE = 1 << 16
_INNER = ("parts", "after", "until", "at")


def jobs(call: Call) -> Answer:
    """`GET /jobs`: the newest jobs of the caller, or of everybody for an administrator."""
    call.allow_only("limit")
    limit = call.number("limit", 50, MOST_LISTED)
    return tagged({"data": [told(job) for job in call.runtime.jobs.list(call.actor, limit)]}, 0)


def job(call: Call, job: str) -> Answer:
    """`GET /jobs/{id}`: state, progress, and when it is over the result and the problems."""
    call.allow_only()
    return tagged(told(call.runtime.jobs.status(call.actor, record_id(job))), 0)


def cancel(call: Call, job: str) -> Answer:
    """`POST /jobs/{id}/cancel`: the job ends as soon as it can; what it has done stays."""
    call.allow_only()
    call.say_nothing()
    return answer(told(call.runtime.jobs.cancel(call.actor, record_id(job), beside=call.beside)))


def undo(call: Call, job: str) -> Answer:
    """`POST /jobs/{id}/undo`: what an import created and nobody changed since goes to the trash."""
    call.allow_only()
    call.say_nothing()
    return started(call.runtime.transfer.undo(call.actor, record_id(job), beside=call.beside))


def file(call: Call, job: str) -> Answer:
    """`GET /jobs/{id}/file`: the file that the job made: an export, or the refused rows of an import."""
    call.allow_only()
    facts, source = call.runtime.transfer.file(call.actor, record_id(job))
    headers = dict(delivery(facts.name, facts.media_type).headers)
    media_type = headers.pop("Content-Type")
    pieces = iter(lambda: source.read(BYTES_AT_ONCE), b"")
    return Answer(200, headers=headers, media_type=media_type, pieces=pieces, close=source.close)


def begun(call: Call, job: UUID) -> Answer:
    """The job as it stands, for who asks again for what it does."""
    return started(call.runtime.jobs.status(call.actor, job))


def started(job: Job) -> Answer:
    """The job: done already (200), or on its way under the address in Location (202)."""
    made = answer(told(job), 200 if job.state.is_over else 202)
    return made.with_headers(Location=f"/api/v1/jobs/{job.id}")


def told(job: Job) -> dict[str, Any]:
    """The job as the API shows it."""
    return {
        "id": str(job.id),
        "kind": job.kind,
        "label": job.label,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "cancel_requested": job.cancel_requested,
        "result": {name: value for name, value in job.result.items() if name not in _INNER},
        "problems": [_problem(problem) for problem in job.problems],
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {
        "path": problem.where.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }
