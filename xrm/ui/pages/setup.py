"""The first run: whoever started the server names the organisation and its administrator, and chooses packs."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from xrm.engine.runtime.first_run import Answers, PackOffer
from xrm.errors import Conflict, Forbidden, Invalid, MetadataInvalid, XrmError
from xrm.metadata.model import text_of
from xrm.settings import known_zones
from xrm.ui.beginning import ClosedPage, PackChoice, SetupPage
from xrm.ui.fields.view import Field
from xrm.ui.formatting import Reader
from xrm.ui.i18n import LANGUAGES
from xrm.ui.models import Section
from xrm.ui.pages.answers import moved
from xrm.ui.pages.door import bound_body, reader_of
from xrm.ui.pages.me import DOTS
from xrm.ui.pages.options import language_options, zone_options
from xrm.ui.pages.outside import outside
from xrm.ui.pages.refusals import marked, said_of, status_of, summary
from xrm.ui.pages.signin import opened

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

ADDRESS = "/setup"
_LONGEST = 1000


def set_up(runtime: Runtime) -> Callable[[], Response]:
    """`GET, POST /setup`: the form, for who holds the key; then a session of the new administrator."""

    def run() -> Response:
        bound_body(runtime)
        key = (request.form.get("key") or request.args.get("key") or "")[:_LONGEST]
        try:
            runtime.first_run.demand_key(key)
            return _done(runtime, key) if request.method == "POST" else _page(runtime, key, _nothing(runtime))
        except Forbidden:
            return _closed(runtime)
        except Conflict:
            return moved("/login")

    return run


def _done(runtime: Runtime, key: str) -> Response:
    answers = _answers(runtime)
    try:
        user = runtime.first_run.finish(key, answers)
    except (Invalid, MetadataInvalid) as error:
        return _page(runtime, key, answers, error)
    said = ""
    if _with_demo() and answers.packs:
        runtime.sample.add(runtime.identity.actor(user, door="page"))
        ui = reader_of(runtime, answers.language)
        said = ui.t("Sample data is being added; load the page again in a minute.")
    session = runtime.identity.sign_in(
        answers.email,
        answers.password,
        address=request.remote_addr or "",
        agent=request.headers.get("User-Agent", ""),
    )
    return opened(runtime, session, "/", said=said)


def _answers(runtime: Runtime) -> Answers:
    nothing = _nothing(runtime)
    return Answers(
        organisation=request.form.get("organisation", "")[:_LONGEST],
        name=request.form.get("name", "")[:_LONGEST],
        email=request.form.get("email", "")[:_LONGEST],
        password=request.form.get("password", "")[:_LONGEST],
        language=_known("language", LANGUAGES, nothing.language),
        zone=_known("zone", known_zones(), nothing.zone),
        packs=tuple(dict.fromkeys(filter(None, request.form.getlist("packs")))),
    )


def _known(name: str, known: Container[str], otherwise: str) -> str:
    given = request.form.get(name, "")
    return given if given in known else otherwise


def _with_demo() -> bool:
    return request.form.get("demo", "") == "true"


def _nothing(runtime: Runtime) -> Answers:
    """What the form begins with, in the language of the browser."""
    return Answers("", "", "", "", reader_of(runtime).language, runtime.settings.zone)


# --- what it shows ----------------------------------------------------------------------------------


def _page(runtime: Runtime, key: str, answers: Answers, error: XrmError | None = None) -> Response:
    """The form: every pack and the sample data ticked at first, after a refusal what was ticked."""
    ui = reader_of(runtime)
    sections = _sections(ui, answers)
    known = frozenset(f.name for s in sections for f in s.fields)
    said = said_of(error.problems, {}, known) if error else []
    model = SetupPage(
        action=ADDRESS,
        key=key,
        sections=tuple(replace(s, fields=tuple(marked(f, said) for f in s.fields)) for s in sections),
        packs=tuple(
            _choice(ui, offer, is_chosen=error is None or offer.name in answers.packs)
            for offer in runtime.first_run.offers()
        ),
        with_demo=error is None or _with_demo(),
        problems=summary(said, sections),
    )
    return outside(runtime, "setup.html", model, status_of(error) if error else 200)


def _closed(runtime: Runtime) -> Response:
    ui = reader_of(runtime)
    text = ui.t(
        "Open the address that xrm serve printed when it started. It holds a key that nobody else has."
    )
    return outside(runtime, "setup_closed.html", ClosedPage(ui.t("xrm is not set up yet"), text), 403)


def _sections(ui: Reader, answers: Answers) -> tuple[Section, ...]:
    t = ui.t
    organisation = Field(
        "organisation",
        t("Name of the organisation"),
        "line",
        answers.organisation,
        required=True,
        autocomplete="organization",
        autofocus=True,
        help=t("It stands at the head of every page, and can be changed."),
        wide=True,
    )
    return (
        Section(t("Your organisation"), (organisation,)),
        Section(
            t("You, the administrator"),
            _person(ui, answers),
            t("You can invite others as soon as you are in."),
        ),
    )


def _person(ui: Reader, answers: Answers) -> tuple[Field, ...]:
    t = ui.t
    strong = t("At least 10 characters, nothing that is easy to guess.")
    return (
        Field("name", t("Your name"), "line", answers.name, required=True, autocomplete="name"),
        Field("email", t("E-mail"), "email", answers.email, required=True, autocomplete="username"),
        Field(
            "password",
            t("Password"),
            "secret",
            required=True,
            autocomplete="new-password",
            placeholder=DOTS,
            help=strong,
        ),
        Field(
            "language", t("Language"), "select", answers.language, required=True, options=language_options()
        ),
        Field("zone", t("Time zone"), "select", answers.zone, required=True, options=zone_options()),
    )


def _choice(ui: Reader, offer: PackOffer, *, is_chosen: bool) -> PackChoice:
    return PackChoice(
        name=offer.name,
        label=text_of(offer.label, ui.language, offer.name),
        summary=text_of(offer.summary, ui.language),
        facts=ui.t("{count} entities", count=offer.entities),
        needs=offer.requires,
        is_chosen=is_chosen,
    )
