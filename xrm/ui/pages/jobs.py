"""The page of an import, its undoing or an export: how far it is, what came of it, and what can follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Response, send_file

from xrm.engine.jobs import Job, State
from xrm.engine.runtime.revaluing import REVALUE
from xrm.engine.storage.files import delivery
from xrm.engine.transfer import ImportRequest
from xrm.engine.transfer.bulk import BULK
from xrm.engine.transfer.exporter import EXPORT
from xrm.engine.transfer.importer import IMPORT
from xrm.engine.transfer.undo import UNDO
from xrm.metadata.model import Entity
from xrm.ui.models import Action
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.crumbs import to_records
from xrm.ui.pages.importing import File, address, job_of, stages
from xrm.ui.pages.named_jobs import job_name
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.visit import Visit
from xrm.ui.transfers import JobPage, RowProblem

MOST_SHOWN = 100
TRIED, WRITTEN = 2, 3


def show(visit: Visit, entity: str, job: str) -> Response:
    """`GET /r/<entity>/jobs/<job>`: the job as it is now."""
    found = visit.entity(entity)
    model = _page(visit, found, job_of(visit, found, job))
    if visit.fragment == "job":
        return part(visit, "_job.html", page=model)
    return page(visit, "job.html", model, current=entity)


def start(visit: Visit, entity: str, job: str) -> Response:
    """`POST /r/<entity>/jobs/<job>/start`: what was tried out is done."""
    found = visit.entity_to("import", entity)
    tried = job_of(visit, found, job)
    request = replace(ImportRequest.of(tried.params), dry_run=False)
    made = visit.runtime.transfer.start_import(visit.actor, request)
    return moved(f"/r/{entity}/jobs/{made.id}")


def cancel(visit: Visit, entity: str, job: str) -> Response:
    """`POST /r/<entity>/jobs/<job>/cancel`: the job ends as soon as it can."""
    found = visit.runtime.jobs.cancel(visit.actor, job_of(visit, visit.entity(entity), job).id)
    return moved(f"/r/{entity}/jobs/{found.id}")


def undo(visit: Visit, entity: str, job: str) -> Response:
    """`POST /r/<entity>/jobs/<job>/undo`: what the import created goes to the trash, unless somebody changed it."""
    found = job_of(visit, visit.entity_to("delete", entity), job)
    made = visit.runtime.transfer.undo(visit.actor, found.id)
    return moved(f"/r/{entity}/jobs/{made.id}")


def file(visit: Visit, entity: str, job: str) -> Response:
    """`GET /r/<entity>/jobs/<job>/file`: the file that the job made."""
    found = job_of(visit, visit.entity(entity), job)
    facts, source = visit.runtime.transfer.file(visit.actor, found.id)
    made = send_file(source, mimetype=facts.media_type)
    for name, value in delivery(facts.name, facts.media_type).headers.items():
        made.headers[name] = value
    made.headers["Cache-Control"] = "no-store"
    return made


# --- what it shows ----------------------------------------------------------------------------------


def _page(visit: Visit, entity: Entity, job: Job) -> JobPage:
    is_trial = bool(job.params.get("dry_run"))
    problems = tuple(_problems(job))
    hidden = len(problems) - MOST_SHOWN
    return JobPage(
        title=_title(visit, job),
        crumbs=(to_records(visit, entity),),
        href=_href(entity, job),
        state=_state(visit, job, is_trial),
        is_over=job.state.is_over,
        done=job.done,
        total=job.total,
        progress=_progress(visit, job),
        note=_note(visit, job, is_trial),
        tone=tone(job),
        stages=stages(visit, TRIED if is_trial else WRITTEN) if job.kind == IMPORT else (),
        facts=tuple(_facts(visit, job, is_trial)),
        problems=problems[:MOST_SHOWN],
        about=visit.ui.t("Record") if job.kind in (BULK, REVALUE) else "",
        more_problems=visit.ui.t("and {count} more", count=hidden) if hidden > 0 else "",
        actions=tuple(_actions(visit, entity, job, is_trial)),
    )


def _href(entity: Entity, job: Job) -> str:
    return f"/r/{entity.name}/jobs/{job.id}"


def _title(visit: Visit, job: Job) -> str:
    return visit.ui.t("Undo an import") if job.kind == UNDO else job_name(visit, job)


def _state(visit: Visit, job: Job, is_trial: bool) -> str:
    t = visit.ui.t
    if job.state is State.DONE and is_trial:
        return t("Checked. Nothing is written yet.")
    return {
        State.QUEUED: t("Waits for its turn"),
        State.RUNNING: t("Checking…") if is_trial else t("Working…"),
        State.DONE: t("Done"),
        State.FAILED: t("It could not be done"),
        State.CANCELLED: t("Cancelled"),
    }[job.state]


def tone(job: Job) -> str:
    """How the end of a job is shown: good, bad, or neither."""
    if job.state is State.FAILED:
        return "bad"
    return "good" if job.state is State.DONE and not job.result.get("failed") else ""


def _progress(visit: Visit, job: Job) -> str:
    if not job.total:
        return ""
    done, total = visit.ui.number(job.done), visit.ui.number(job.total)
    return visit.ui.t("{done} of {total} rows", done=done, total=total)


def _note(visit: Visit, job: Job, is_trial: bool) -> str:
    """What it means and what may come next, in one sentence."""
    t, failed = visit.ui.t, job.result.get("failed", 0)
    if not job.state.is_over:
        return t("You may leave this page; the work goes on.")
    if job.state is State.FAILED:
        return " ".join(whole_text(p) for p in job.problems[:1])
    if job.state is State.CANCELLED:
        return t("What was written until then stays.")
    if failed and is_trial and job.params.get("mode") == "all":
        return t("Nothing will be imported while rows are refused. Mend the file and choose it again.")
    if job.kind in (BULK, REVALUE):
        return t("What was refused stays as it was.") if failed else ""
    if failed:
        return t("Refused rows can be downloaded with their reasons, mended, and imported again.")
    return t("Every row can be imported.") if is_trial else ""


def _facts(visit: Visit, job: Job, is_trial: bool) -> Iterator[tuple[str, str]]:
    t = visit.ui.t
    names = {
        "created": t("To be created") if is_trial else t("Created"),
        "updated": t("To be changed") if is_trial else t("Changed"),
        "unchanged": t("Unchanged"),
        "failed": t("Refused rows"),
        "deleted": t("Moved to the trash"),
        "changed": t("Kept, for somebody changed them"),
        "updated_kept": t("Changed by the import, and not taken back"),
    }
    if job.kind == EXPORT:
        names = {"rows": t("Records")}
    yield from ((said, visit.ui.number(job.result[n])) for n, said in names.items() if n in job.result)


def _problems(job: Job) -> Iterator[RowProblem]:
    """Row by row as far as they are kept; a whole import that was refused tells its rows among its problems."""
    for told in job.result.get("problems", ()):
        column = told["column"] or told["path"]
        yield RowProblem(str(told["row"]), column, _sentence(told), told.get("value", ""))
    for problem in job.problems[1:]:
        row, _, path = problem.where.path.removeprefix("rows[").partition("].")
        said = f"{problem.message} {problem.hint}".strip()
        yield RowProblem(row if row.isdigit() else "", path, said)


def _sentence(told: Any) -> str:
    return f"{told['message']} {told['hint']}".strip()


# --- what can follow --------------------------------------------------------------------------------


def _actions(visit: Visit, entity: Entity, job: Job, is_trial: bool) -> Iterator[Action]:
    href, t = _href(entity, job), visit.ui.t
    if not job.state.is_over:
        yield Action(t("Look again"), href, "refresh-cw")
        yield Action(t("Cancel"), f"{href}/cancel", "x", post=True)
        return
    if job.kind == BULK and job.result.get("undo"):
        back = {"back": f"/r/{entity.name}"}
        yield Action(t("Undo"), f"/undo/{job.result['undo']}", "undo-2", post=True, values=back)
    if job.kind == IMPORT:
        yield from _after_import(visit, entity, job, is_trial)
    if job.result.get("file"):
        is_export = job.kind == EXPORT
        label = t("Download the file") if is_export else t("Download the refused rows")
        yield Action(label, f"{href}/file", "download", primary=is_export)
    if not is_trial:
        plural = visit.plural(entity)
        yield Action(t("Go to {plural}", plural=plural), f"/r/{entity.name}", "arrow-right")


def _after_import(visit: Visit, entity: Entity, job: Job, is_trial: bool) -> Iterator[Action]:
    href, t = _href(entity, job), visit.ui.t
    good = job.result.get("created", 0) + job.result.get("updated", 0)
    is_stuck = job.params.get("mode") == "all" and job.result.get("failed")
    if is_trial and good and not is_stuck and job.state is State.DONE:
        yield Action(t("Import {count} rows", count=good), f"{href}/start", "upload", primary=True, post=True)
    if is_trial or not good:
        file_ = File(*(str(job.params.get(n) or "") for n in ("content", "name", "encoding", "delimiter")))
        yield Action(t("Change the columns"), address(visit, entity, file_, job=str(job.id)), "pencil")
    elif job.result.get("created") and visit.can("delete", entity.name):
        yield Action(t("Undo this import"), f"{href}/undo", "undo-2", post=True)
