"""Background work of everybody: what failed first, how far the rest is, and the ways to end it or try it again."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from xrm.engine.jobs import Job, State
from xrm.engine.runtime.following_up import AGAINST, TOLD
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.words import address, after_in, at
from xrm.ui.administration import Card, CardsPage, Cell, Row, Search, Table, TablePage
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import JOBS, USERS, admin_tabs
from xrm.ui.pages.named_jobs import job_name
from xrm.ui.pages.refusals import whole_text
from xrm.ui.pages.visit import Visit, record_id

HUES = {
    State.FAILED: "red",
    State.DONE: "green",
    State.RUNNING: "blue",
    State.QUEUED: "amber",
    State.CANCELLED: "slate",
}
MOST_PROBLEMS = 100


class Works(Area):
    """`/admin/jobs`."""

    href = JOBS

    @shown()
    def index(self, visit: Visit) -> Response:
        """Jobs of everybody: the failed first, or those of one state."""
        t, given = visit.ui.t, visit.arg("f.state")
        state = State(given) if given in [s.value for s in State] else None
        jobs, after = visit.runtime.jobs.page(visit.actor, state, after_in(visit))
        names = visit.runtime.overview.names(visit.actor, [job.actor for job in jobs if job.actor])
        next_href = address(JOBS, after=str(after), **{"f.state": given}) if after else ""
        columns = (t("Job"), t("State"), t("How far"), t("Who"), t("Begun"), t("Ended"))
        rows = tuple(_row(visit, job, names.get(str(job.actor), "")) for job in jobs)
        about = t("Imports, exports and changes of many records run here.")
        table = Table(t("Jobs"), columns, rows, Empty(t("No jobs"), about, "list-todo"), next_href)
        states = tuple(Option(s.value, _state(visit, s)) for s in State)
        search = Search(
            JOBS, filters=(Field("state", t("State"), "select", given, options=states),),
            reset_href=JOBS if state else "",
        )  # fmt: skip
        model = TablePage(t("Jobs"), "list-todo", admin_tabs(visit, JOBS), table, search)
        return page(visit, "admin/table.html", model, current=JOBS)

    @shown("/<job>")
    def one(self, visit: Visit, job: str) -> Response:
        """The job, with everything that went wrong."""
        found = visit.runtime.jobs.status(visit.actor, record_id(job))
        return page(visit, "admin/cards.html", _cards(visit, found), current=JOBS)

    @posted("/<job>/cancel")
    def cancel(self, visit: Visit, job: str) -> Response:
        """The job ends as soon as it can."""
        found = visit.runtime.jobs.cancel(visit.actor, record_id(job))
        return moved(f"{JOBS}/{found.id}", visit.ui.t("The job ends as soon as it can"))

    @posted("/<job>/retry")
    def retry(self, visit: Visit, job: str) -> Response:
        """The failed job is tried again, in the name of whoever started it."""
        found = visit.runtime.jobs.retry(visit.actor, record_id(job))
        return moved(f"{JOBS}/{found.id}", visit.ui.t("The job is tried again"))


def _state(visit: Visit, state: State) -> str:
    t = visit.ui.t
    return {
        State.QUEUED: t("Waits for its turn"),
        State.RUNNING: t("Working…"),
        State.DONE: t("Done"),
        State.FAILED: t("It could not be done"),
        State.CANCELLED: t("Cancelled"),
    }[state]


def _tag(visit: Visit, job: Job) -> Cell:
    return Cell(tags=(Option(job.state.value, _state(visit, job.state), HUES[job.state]),))


def _row(visit: Visit, job: Job, who: str) -> Row:
    cells = (
        Cell(
            job_name(visit, job), f"{JOBS}/{job.id}", note=whole_text(job.problems[0]) if job.problems else ""
        ),
        _tag(visit, job),
        Cell(_progress(visit, job), is_plain=True),
        Cell(who, f"{USERS}/{job.actor}") if who else Cell(visit.ui.t("The system")),
        at(job.created_at),
        at(job.finished_at) if job.finished_at else Cell(is_plain=True),
    )
    return Row(cells, tuple(_actions(visit, job)), is_quiet=job.state is State.CANCELLED)


def _progress(visit: Visit, job: Job) -> str:
    if job.total:
        t, number = visit.ui.t, visit.ui.number
        return t("{done} of {total}", done=number(job.done), total=number(job.total))
    return visit.ui.number(job.done) if job.done else ""


def _actions(visit: Visit, job: Job) -> Iterator[Action]:
    t, href = visit.ui.t, f"{JOBS}/{job.id}"
    if not job.state.is_over:
        yield Action(t("Cancel"), f"{href}/cancel", "x", post=True)
    if job.state is State.FAILED:
        yield Action(t("Try again"), f"{href}/retry", "refresh-cw", post=True)


def _cards(visit: Visit, job: Job) -> CardsPage:
    t, href = visit.ui.t, f"{JOBS}/{job.id}"
    again = () if job.state.is_over else (Action(t("Look again"), href, "refresh-cw"),)
    cards = [Card(t("How it goes"), "list-todo", tuple(_facts(visit, job)))]
    if job.problems:
        cards.append(Card(t("What is wrong"), "circle-alert", table=_problems(visit, job)))
    if job.result.get(TOLD):
        cards.append(_broken(visit, job))
    return CardsPage(
        title=job_name(visit, job),
        crumbs=(Link(t("Jobs"), JOBS, "list-todo"),),
        cards=tuple(cards),
        tags=_tag(visit, job).tags,
        actions=(*again, *_actions(visit, job)),
    )


def _broken(visit: Visit, job: Job) -> Card:
    """The rules that do not hold any more where values have followed later, with the records."""
    t, told = visit.ui.t, job.result[TOLD]
    more = job.result[AGAINST] - len(told)
    rows = tuple(Row((Cell(said),)) for said in told)
    heading = t("Rules that do not hold any more")
    table = Table(heading, (t("Problem"),), rows, Empty(t("Nothing is wrong")))
    note = t("The values have followed all the same. Whoever changes these records next has to mend them.")
    hidden = t("and {count} more", count=more) if more > 0 else ""
    return Card(heading, "circle-alert", table=table, note=f"{note} {hidden}".strip())


def _facts(visit: Visit, job: Job) -> Iterator[tuple[str, Cell]]:
    t = visit.ui.t
    names = visit.runtime.overview.names(visit.actor, [job.actor] if job.actor else [])
    who = names.get(str(job.actor), "")
    yield t("Who"), Cell(who, f"{USERS}/{job.actor}") if who else Cell(t("The system"))
    if job.total or job.done:
        yield t("How far"), Cell(_progress(visit, job))
    yield t("Attempt"), Cell(visit.ui.number(job.attempt))
    yield t("Begun"), at(job.created_at)
    if job.finished_at:
        yield t("Ended"), at(job.finished_at)
    entity = visit.model.entities.get(str(job.params.get("entity", "")))
    if entity:
        yield t("Its page"), Cell(visit.plural(entity), f"/r/{entity.name}/jobs/{job.id}")


def _problems(visit: Visit, job: Job) -> Table:
    t = visit.ui.t
    rows = tuple(
        Row(
            (
                Cell(problem.code, code=True),
                Cell(whole_text(problem)),
                Cell(problem.where.path, is_plain=True),
            )
        )
        for problem in job.problems[:MOST_PROBLEMS]
    )
    columns = (t("Code"), t("Problem"), t("Place"))
    return Table(t("What is wrong"), columns, rows, Empty(t("Nothing is wrong")))
