"""The organisation, for administrators: its name, its sample data, and the list of first steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask import Response

from xrm.engine.jobs import Job, State
from xrm.engine.packs.sample import ADD
from xrm.errors import Invalid
from xrm.ui.beginning import OrganisationPage
from xrm.ui.fields.view import Field
from xrm.ui.models import Action, Section
from xrm.ui.own_pages import MeForm
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.jobs import tone
from xrm.ui.pages.menu import ORGANISATION, admin_tabs
from xrm.ui.pages.refusals import marked, said_of, status_of, summary, whole_text
from xrm.ui.pages.visit import Visit
from xrm.ui.transfers import JobPage, RowProblem

SAMPLE, GUIDE = f"{ORGANISATION}/sample", f"{ORGANISATION}/guide"


def show(visit: Visit) -> Response:
    """`GET /admin/organisation`: its name, what of the sample data is here, and how far a job with it is."""
    visit.demand_administrator()
    if visit.fragment == "job" and (job := visit.runtime.sample.latest(visit.actor)) is not None:
        return part(visit, "_job.html", page=_job(visit, job))
    return _page(visit, _name(visit, visit.snapshot.organisation.name))


def rename(visit: Visit) -> Response:
    """`POST /admin/organisation`: every page bears this name."""
    visit.demand_administrator()
    given = visit.form.get("organisation", "")
    try:
        visit.runtime.first_run.rename(visit.actor, given)
    except Invalid as error:
        problems = [problem.at(replace(problem.where, path="organisation")) for problem in error.problems]
        said = said_of(problems, {}, frozenset({"organisation"}))
        form = _name(visit, given)
        fields = tuple(marked(field, said) for field in form.section.fields)
        form = replace(form, section=replace(form.section, fields=fields), problems=summary(said))
        return _page(visit, form, status_of(error))
    return moved(ORGANISATION, visit.ui.t("The name is saved"))


def change_sample(visit: Visit) -> Response:
    """`POST /admin/organisation/sample`: sample data is on its way in, or out."""
    visit.demand_administrator()
    sample = visit.runtime.sample
    if visit.form.get("do") == "remove":
        sample.remove(visit.actor, with_changed=visit.form.get("with_changed") == "true")
    else:
        sample.add(visit.actor)
    return moved(f"{ORGANISATION}#job")


def guide(visit: Visit) -> Response:
    """`POST /admin/organisation/guide`: the first steps are shown, or are not any more."""
    visit.demand_administrator()
    is_guided = visit.form.get("show") == "true"
    visit.runtime.first_run.guide(visit.actor, is_guided=is_guided)
    return moved("/")


# --- what it shows ----------------------------------------------------------------------------------


def _page(visit: Visit, name: MeForm, status: int = 200) -> Response:
    t, presence = visit.ui.t, visit.runtime.sample.presence()
    latest = visit.runtime.sample.latest(visit.actor)
    is_busy = latest is not None and not latest.state.is_over
    add = Action(t("Add sample data"), SAMPLE, "plus", post=True)
    remove = Action(t("Remove sample data"), SAMPLE, "trash-2", post=True, danger=True)
    is_guided = visit.snapshot.organisation.is_guided
    shown = "" if is_guided else "true"
    label = t("Hide the first steps") if is_guided else t("Show the first steps")
    model = OrganisationPage(
        title=t("Organisation"),
        links=admin_tabs(visit, ORGANISATION),
        name=name,
        sample=_said(visit, presence.brought, presence.there),
        changed=t("{count} of them were changed since.", count=presence.changed) if presence.changed else "",
        job=_job(visit, latest) if latest else None,
        add=add if presence.there < presence.brought and not is_busy else None,
        remove=remove if presence.there and not is_busy else None,
        guide=Action(label, GUIDE, "list-checks", post=True, values={"show": shown}),
    )
    return page(visit, "organisation.html", model, status=status, current=ORGANISATION)


def _said(visit: Visit, brought: int, there: int) -> str:
    t = visit.ui.t
    if not brought:
        return t("The installed packs bring no sample data.")
    if not there:
        return t("None of the {count} sample records is here.", count=brought)
    kept = t("Removing moves them to the trash, with what hangs on them; what your own records need stays.")
    return f"{t('{count} sample records are here.', count=there)} {kept}"


def _name(visit: Visit, value: str) -> MeForm:
    t = visit.ui.t
    field = Field(
        "organisation",
        t("Name of the organisation"),
        "line",
        value,
        required=True,
        autocomplete="organization",
    )
    return MeForm(ORGANISATION, t("Save"), Section(t("Name"), (field,)))


def _job(visit: Visit, job: Job) -> JobPage:
    t, is_adding = visit.ui.t, job.kind == ADD
    state = {
        State.QUEUED: t("Waits for its turn"),
        State.RUNNING: t("Sample data is being added…") if is_adding else t("Sample data is being removed…"),
        State.DONE: t("Sample data was added") if is_adding else t("Sample data was removed"),
        State.FAILED: t("It could not be done"),
        State.CANCELLED: t("Cancelled"),
    }[job.state]
    return JobPage(
        title=state,
        crumbs=(),
        href=ORGANISATION,
        state=state,
        is_over=job.state.is_over,
        done=job.done,
        total=job.total,
        progress=_progress(visit, job),
        note=_note(visit, job),
        tone=tone(job),
        facts=tuple(_facts(visit, job)),
        problems=tuple(_problem(visit, told) for told in job.result.get("problems", ())),
        about=t("Record"),
    )


def _progress(visit: Visit, job: Job) -> str:
    if not job.total:
        return ""
    done, total = visit.ui.number(job.done), visit.ui.number(job.total)
    return visit.ui.t("{done} of {total} records", done=done, total=total)


def _note(visit: Visit, job: Job) -> str:
    if not job.state.is_over:
        return visit.ui.t("You may leave this page; the work goes on.")
    if job.state is State.FAILED:
        return " ".join(whole_text(problem) for problem in job.problems[:1])
    return ""


def _facts(visit: Visit, job: Job) -> Iterator[tuple[str, str]]:
    t = visit.ui.t
    names = {
        "created": t("Created"),
        "restored": t("Brought back from the trash"),
        "deleted": t("Moved to the trash"),
        "changed": t("Kept, for somebody changed them"),
        "failed": t("Kept, for your records need them"),
        "people": t("Sample people switched off"),
    }
    yield from ((said, visit.ui.number(job.result[n])) for n, said in names.items() if job.result.get(n))


def _problem(visit: Visit, told: Mapping[str, str]) -> RowProblem:
    entity = visit.model.entities.get(told["column"])
    return RowProblem(
        visit.label(entity) if entity else told["column"], "", f"{told['message']} {told['hint']}"
    )
