"""What people and programs can rely on about jobs, whatever engine performs them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.engine.jobs.conftest import SYSTEM, Office
from xrm.engine.jobs import Context, RunState, State, Superseded
from xrm.engine.jobs.port import Run
from xrm.engine.jobs.service import MOST_ATTEMPTS
from xrm.errors import Conflict, Invalid, NotFound, Place, Problem, Unavailable


def test_a_job_is_done_and_says_what_it_gave(office: Office) -> None:
    job = office.jobs.start("note", {"text": "hello"}, office.person(), label="A note")
    seen = office.status(job)
    assert (seen.state, seen.label, seen.result) == (State.DONE, "A note", {"notes": 1})
    assert office.notes[0].params == {"text": "hello"}
    assert seen.finished_at == office.world.now()


def test_a_job_of_a_transaction_that_fails_never_was(office: Office) -> None:
    ana = office.person()

    def start_and_fail() -> None:
        with office.database.write() as unit:
            office.jobs.start("note", {}, ana, unit=unit)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    assert office.jobs.list(SYSTEM) == []
    assert office.notes == []


def test_a_job_is_not_performed_before_its_transaction_has_committed(office: Office) -> None:
    ana = office.person()
    with office.database.write() as unit:
        office.jobs.start("note", {}, ana, unit=unit)
        assert office.notes == []
    assert len(office.notes) == 1


def test_a_delayed_job_waits_for_its_time(office: Office) -> None:
    job = office.jobs.start("note", {}, office.person(), after=timedelta(days=200))
    office.clock.advance(timedelta(days=199))
    assert (office.runner.perform_due(), office.status(job).state) == (0, State.QUEUED)
    office.clock.advance(timedelta(days=1))
    assert (office.runner.perform_due(), office.status(job).state) == (1, State.DONE)


def test_an_unknown_kind_is_refused_before_anything_is_written(office: Office) -> None:
    with pytest.raises(KeyError, match="Did you mean note"):
        office.jobs.start("noted", {}, office.person())
    assert office.jobs.list(SYSTEM) == []


def test_a_kind_that_this_program_has_lost_fails_with_a_reason(office: Office) -> None:
    job = office.jobs.start("note", {}, office.person(), after=timedelta(hours=1))
    other = type(office.jobs)(office.database, office.world, office.identity, office.runner)
    other.perform(job, 1)
    seen = office.status(job)
    assert (seen.state, seen.problems[0].code) == (State.FAILED, "J104")


def test_what_a_handler_refuses_stands_in_the_job(office: Office) -> None:
    def refuse(context: Context) -> dict[str, object]:
        raise Invalid([Problem("R110", "Wrong.", "Mend it.", Place(path="rows[2].name"))])

    office.jobs.register("refuse", refuse)
    seen = office.status(office.jobs.start("refuse", {}, office.person()))
    assert seen.state is State.FAILED
    assert [str(problem) for problem in seen.problems] == ["rows[2].name: R110 Wrong. Mend it."]


def test_a_fault_of_the_program_is_told_without_its_inner_words(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(context: Context) -> dict[str, object]:
        raise ZeroDivisionError("secret")

    office.jobs.register("break", break_down)
    seen = office.status(office.jobs.start("break", {}, office.person()))
    assert (seen.state, seen.problems[0].code) == (State.FAILED, "J100")
    assert "secret" not in str(seen.problems[0])
    assert "secret" in caplog.text


# --- rights -----------------------------------------------------------------------------------------


def test_a_job_acts_with_the_rights_of_now(office: Office) -> None:
    ana = office.person(roles=("seller", "clerk"))
    office.jobs.start("note", {}, ana, after=timedelta(hours=1))
    office.identity.people.assign_roles(SYSTEM, ana.id, ["clerk", "boss"])
    office.clock.advance(timedelta(hours=1))
    actors: list[frozenset[str]] = []
    office.notes.clear()
    office.runner.perform_due()
    actors.append(office.notes[0].actor().roles)
    assert actors == [{"clerk"}]


def test_a_job_has_no_more_rights_than_the_token_that_started_it(office: Office) -> None:
    ana = office.person(roles=("seller", "clerk"))
    token = office.identity.create_token(ana, "narrow", ["clerk"])
    office.jobs.start("note", {}, office.identity.resolve_token(token))
    actor = office.notes[0].actor()
    assert (actor.id, actor.roles, actor.door) == (ana.id, {"clerk"}, "job")


def test_a_job_of_somebody_who_may_not_act_any_more_is_refused(office: Office) -> None:
    ana = office.person()
    job = office.jobs.start("note", {}, ana, after=timedelta(hours=1))
    office.identity.people.set_active(SYSTEM, ana.id, False)
    office.clock.advance(timedelta(hours=1))
    office.runner.perform_due()
    seen = office.status(job)
    assert (seen.state, seen.problems[0].code, office.notes) == (State.FAILED, "J101", [])


def test_changes_made_by_a_job_name_it_as_their_cause(office: Office) -> None:
    job = office.jobs.start("note", {}, office.person())
    assert office.notes[0].actor().cause == str(job)


def test_only_who_started_it_and_administrators_see_a_job(office: Office) -> None:
    ana, rui = office.person("ana"), office.person("rui")
    job = office.jobs.start("note", {}, ana)
    assert office.jobs.status(ana, job).id == office.jobs.status(SYSTEM, job).id == job
    assert [j.id for j in office.jobs.list(ana)] == [job]
    assert office.jobs.list(rui) == []
    for ask in (office.jobs.status, office.jobs.cancel):
        with pytest.raises(NotFound):
            ask(rui, job)


# --- the end before the end -------------------------------------------------------------------------


def test_a_job_that_waits_is_cancelled_at_once(office: Office) -> None:
    ana = office.person()
    job = office.jobs.start("note", {}, ana, after=timedelta(hours=1))
    assert office.jobs.cancel(ana, job).state is State.CANCELLED
    assert office.runner.status(Run(job, 1)) is RunState.OVER
    office.clock.advance(timedelta(hours=1))
    office.runner.perform_due()
    assert office.notes == []


def test_a_job_that_runs_is_cancelled_where_it_next_looks_and_keeps_what_it_has(office: Office) -> None:
    ana = office.person()

    def portions(context: Context) -> dict[str, object]:
        for portion in range(1, 10):
            with office.database.write() as unit:
                context.checkpoint(unit, {"portions": portion}, portion, 9)
            if portion == 3:
                office.jobs.cancel(ana, context.job)
            context.go_on()
        return {"portions": 9}

    office.jobs.register("portions", portions)
    seen = office.status(office.jobs.start("portions", {}, ana))
    assert (seen.state, seen.done, seen.total) == (State.CANCELLED, 3, 9)
    assert seen.result == {"portions": 3}


def test_a_job_that_is_over_cannot_be_cancelled(office: Office) -> None:
    ana = office.person()
    job = office.jobs.start("note", {}, ana)
    with pytest.raises(Conflict) as refused:
        office.jobs.cancel(ana, job)
    assert refused.value.first.code == "J105"


# --- attempts ---------------------------------------------------------------------------------------


def test_an_attempt_is_made_once_however_often_the_engine_asks(office: Office) -> None:
    job = office.jobs.start("note", {}, office.person())
    office.jobs.perform(job, 1)
    office.jobs.perform(job, 2)
    assert len(office.notes) == 1


def test_a_job_whose_worker_died_goes_on_from_its_checkpoint(office: Office) -> None:
    done: list[tuple[int, int]] = []

    def portions(context: Context) -> dict[str, object]:
        for portion in range(int(context.saved.get("portions", 0)) + 1, 5):
            with office.database.write() as unit:
                context.checkpoint(unit, {"portions": portion}, portion)
            done.append((context.attempt, portion))
            if context.attempt == 1 and portion == 2:
                raise SystemExit  # as a process ends that is killed
        return {"portions": 4}

    office.jobs.register("portions", portions)
    with pytest.raises(SystemExit):
        office.jobs.start("portions", {}, office.person())
    (job,) = office.jobs.list(SYSTEM)
    assert job.state is State.RUNNING
    suspects = office.jobs.take_over()
    assert office.status(job.id).state is State.RUNNING, "one silence is not a death"
    office.jobs.take_over(suspects)
    assert office.status(job.id).state is State.DONE
    assert done == [(1, 1), (1, 2), (2, 3), (2, 4)]


def test_an_attempt_that_was_overtaken_writes_nothing_more(office: Office) -> None:
    late: list[Context] = []

    def stall(context: Context) -> dict[str, object]:
        late.append(context)
        if context.attempt == 1:
            raise SystemExit
        return {"by": context.attempt}

    office.jobs.register("stall", stall)
    with pytest.raises(SystemExit):
        office.jobs.start("stall", {}, office.person())
    office.jobs.take_over(office.jobs.take_over())
    with pytest.raises(Superseded), office.database.write() as unit:
        late[0].checkpoint(unit, {"by": 1}, 1)
    with pytest.raises(Superseded):
        late[0].go_on()
    assert office.status(late[0].job).result == {"by": 2}


def test_a_job_that_kills_its_workers_is_given_up(office: Office) -> None:
    def kill(context: Context) -> dict[str, object]:
        raise SystemExit

    office.jobs.register("kill", kill)
    with pytest.raises(SystemExit):
        office.jobs.start("kill", {}, office.person())
    (job,) = office.jobs.list(SYSTEM)
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(SystemExit):
            office.jobs.take_over(office.jobs.take_over())
    office.jobs.take_over(office.jobs.take_over())
    seen = office.status(job.id)
    assert (seen.state, seen.attempt, seen.problems[0].code) == (State.FAILED, MOST_ATTEMPTS, "J103")


def test_a_job_that_found_the_database_away_is_tried_again_later_each_time(office: Office) -> None:
    def away(context: Context) -> dict[str, object]:
        if context.attempt < 3:
            raise Unavailable(Problem("R153", "Away."))
        return {"attempt": context.attempt}

    office.jobs.register("away", away)
    job = office.jobs.start("away", {}, office.person())
    for seconds in (2, 4):
        assert office.status(job).state is State.QUEUED
        office.clock.advance(timedelta(seconds=seconds - 1))
        assert office.runner.perform_due() == 0
        office.clock.advance(timedelta(seconds=1))
        assert office.runner.perform_due() == 1
    assert office.status(job).result == {"attempt": 3}


def test_a_job_that_runs_here_shows_its_progress_and_is_a_job_like_any_other(office: Office) -> None:
    seen: list[tuple[int, int | None]] = []

    def portions(context: Context) -> dict[str, object]:
        for portion in (1, 2):
            context.progress(portion, 2)
        return {"portions": 2}

    office.jobs.register("portions", portions)
    job = office.jobs.run_here("portions", {}, office.person(), watch=lambda *to: seen.append(to))
    assert (job.state, job.result) == (State.DONE, {"portions": 2})
    assert seen == [(1, 2), (2, 2)]
    assert office.status(job.id) == job
