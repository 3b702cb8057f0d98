"""The page templates, rendered from their models: whole, well formed, and usable without scripts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from tests.support.pages import Element, elements, posted
from xrm.ui import around, docs_models, models, own_pages, record_pages, views
from xrm.ui.assets import TEMPLATES, load_assets
from xrm.ui.environment import prepare
from xrm.ui.fields.view import Column, Field, Lookup, Option, on_a_phone
from xrm.ui.formatting import Reader
from xrm.ui.i18n import LANGUAGES
from xrm.ui.models import Action, Link, NavGroup, Shell
from xrm.ui.pages.kin import drawn

ENVIRONMENT = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
prepare(ENVIRONMENT, load_assets())
UI = Reader("en", "en_GB", "UTC", datetime(2026, 11, 21, 12, tzinfo=UTC))
SHELL = Shell(
    product="Fieldwork",
    person="Ana Ruiz",
    csrf_token="token-1",
    theme="dark",
    groups=(
        NavGroup("", (Link("Home", "/", "house"), Link("Accounts", "/r/account", "users", current=True))),
    ),
)
STATE = Field("state", "State", "select", options=tuple(Option(s, s.title()) for s in "abcdef"))
COLUMNS = on_a_phone(
    (
        Column(Field("name", "Name", "line"), sort_href="/r/account?sort=-name", sorted="ascending"),
        Column(Field("owner", "Owner", "lookup", lookup=Lookup("/l"))),
        Column(replace(STATE)),
        Column(Field("value", "Value", "money")),
    )
)
ROWS = tuple(
    views.Row(f"id{n}", f"/r/account/id{n}", (f"Account {n}", None, "a", {"amount": "5", "currency": "EUR"}))
    for n in range(3)
)
EVENT = record_pages.Event(
    "Ana Ruiz", "changed it", "2026-11-21T09:00:00Z", changes=(record_pages.Change("State", "", "Won"),)
)
COMMENT = around.Entry(
    "comment", "Ben", "commented", "2026-11-21T09:00:00Z", "message-square", id="c-1",
    pieces=(
        around.Piece("See "), around.Piece("https://example.com", "https://example.com"),
        around.Piece("@Ana", is_mention=True),
    ),
    edit=Action("Edit the comment", "/r/account/1/comments/1/edit", "pencil"),
    remove=Action("Remove the comment", "/r/account/1/comments/1/delete", "trash-2", post=True),
)  # fmt: skip
TIMELINE = around.Timeline(
    (
        COMMENT,
        around.Entry(
            "activity", "Ana", "added call", "2026-11-21T09:00:00Z", "phone", title="A call", href="/r/call/1"
        ),
        around.Entry("change", "Ana", "changed it", "2026-11-21T09:00:00Z", "pencil", changes=EVENT.changes),
    ),
    filters=(
        Link("Everything", "/r/account/1", current=True),
        Link("Comments", "/r/account/1?only=comments"),
    ),
    next_href="/r/account/1?cursor=c",
    composer=around.Composer("/r/account/1/comments", "/r/account/1/people", 100),
)
CHILDREN = around.Branch(
    "Contacts", "users", (record_pages.RelatedRow("Ana", "/r/c/1", "Buyer"),), "9", "/r/c", "and 8 more"
)
KIN = around.Kin(
    (CHILDREN,), drawn(around.Node(185, 0, "Iron Foods", "Iron Foods", icon="users"), (CHILDREN,))
)
NEW = Action("New account", "/r/account/new", "plus", primary=True)
RESTORE = Action("Restore", "/r/account/1/restore", post=True, values={"version": "7"})
FORM = models.FormPage(
    "Edit account",
    "/r/account/1/edit",
    "Save account",
    "/r/account/1",
    (models.Section("Main", (Field("name", "Name", "line", "Iron", required=True), STATE)),),
    hidden=(("version", "7"),),
    second="Save and new",
)
SNIPPET = (("an ", False), ("iron", True), (" works", False))
PAGES: dict[str, Any] = {
    "view.html": views.ViewPage(
        "Accounts",
        "users",
        "/r/account",
        "_list.html",
        views.Table(COLUMNS, ROWS, next_href="/r/account?cursor=c"),
        search="iron",
        filters=(replace(STATE, value="b"),),
        state=(("sort", "name"),),
        count="3 of many",
        actions=(NEW,),
        tabs=(Link("All", "/r/account", current=True),),
    ),
    "record.html": record_pages.RecordPage(
        "Iron Foods",
        "users",
        (Link("Accounts", "/r/account"),),
        (models.Section("Details", (Field("name", "Name", "line", "Iron"), replace(STATE, value="a"))),),
        facts=("Lisboa", "since 2020"),
        path=(record_pages.Step("New", "done"), record_pages.Step("Won", "current")),
        transitions=(RESTORE, Action("Win", "", disabled=True, reason="Needs a quote")),
        related=(record_pages.Related("Contacts", "users", (record_pages.RelatedRow("Ana", "/r/c/1", "Buyer"),), "1"),),
        toggles=(around.Toggle("favourite", "Favourite", "/r/account/1/marks/favourite", "star", True),),
        centre=around.Centre(
            tabs=(Link("Timeline", "/r/account/1", current=True), Link("Files", "/r/account/1?tab=files")),
            timeline=TIMELINE,
            kin=KIN,
            papers=around.Papers((around.Paper("offer.pdf", "/r/account/1/files/papers/2", 120, "Papers"),)),
        ),
        history_href="/r/account/1/history?field=",
        trashed="In the trash since yesterday.",
        restore=RESTORE,
    ),
    "form.html": FORM,
    "signin.html": own_pages.SignInPage("/login", "token-2", error="Not like this."),
    "search.html": models.SearchPage(
        "/search",
        "iron",
        (models.HitGroup("Accounts", "users", (models.Hit("Iron Foods", "/r/a/1", "", SNIPPET),)),),
    ),
    "trash.html": record_pages.TrashPage(
        "Trash", (), (record_pages.TrashedRow("Iron", "/r/account/1", "2026-11-20T09:00:00Z", "Ana", RESTORE),)
    ),
    "history.html": record_pages.HistoryPage("Iron Foods", (), (EVENT,), next_href="?cursor=c"),
    "home.html": own_pages.HomePage(
        "Good day",
        (own_pages.Tile("Open", "5", href="/r/deal"),),
        (
            record_pages.Related(
                "Your open work", "list-checks", (record_pages.RelatedRow("Call", "/r/call/1"),), id="work"
            ),
        ),
        lessons=(own_pages.Lesson("star", "Keep what you need", "It then stands in the menu.", NEW),),
    ),
    "keys.html": around.KeysPage("Keys", (("Everywhere", (around.Key(("Ctrl", "K"), "Search"),)),)),
    "error.html": models.ErrorPage(404, "Not found", "Nothing here.", ("One",), "req-1", (NEW,), "/search"),
    "error_alone.html": models.ErrorPage(500, "Failed", "Try again."),
    "docs.html": docs_models.DocsPage(
        "Account",
        "Somebody we deal with.",
        (),
        fields=(docs_models.DocField("name", "text", "Name", "Iron"),),
        calls=(
            docs_models.DocCall(
                "GET", "/api/v1/records/account/{id}", "Get one", "get",
                (docs_models.DocParameter("id", "path", "uuid", required=True, example="0197"),),
            ),
        ),
    ),
}  # fmt: skip


def render(name: str, page: Any, ui: Reader = UI, shell: Shell = SHELL) -> str:
    return ENVIRONMENT.get_template(name).render(ui=ui, shell=shell, page=page)


def only(found: list[Element], **wanted: str) -> Element:
    (element,) = [e for e in found if all(e[name] == value for name, value in wanted.items())]
    return element


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_whole_in_every_language(name: str, language: str) -> None:
    found = elements(render(name, PAGES[name], replace(UI, language=language, locale=language)))
    html = found[0]
    assert (html.tag, html["lang"], html["data-theme"]) == ("html", language, "dark")
    assert len([e for e in found if e.tag == "main"]) == 1
    assert len([e for e in found if e.tag == "h1"]) == 1
    ids = [e["id"] for e in found if e["id"]]
    assert len(ids) == len(set(ids))
    for reference in ("for", "aria-controls", "aria-describedby", "aria-labelledby"):
        assert {part for e in found for part in e[reference].split()} <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_every_control_of_a_page_has_a_name_for_readers(name: str) -> None:
    found = elements(render(name, PAGES[name]))
    labelled = {e["for"] for e in found if e.tag == "label"}
    for e in found:
        if e.tag in ("a", "button"):
            assert e.text.strip() or e["aria-label"], e
        if e.tag in ("input", "select", "textarea") and e["type"] != "hidden":
            assert e["id"] in labelled or e["aria-label"] or e.within("label"), e


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_posts_carries_the_token(name: str) -> None:
    found = elements(render(name, PAGES[name]))
    for form in [e for e in found if e.tag == "form" and e["method"] == "post"]:
        tokens = [e["value"] for e in found if e["name"] == "csrf_token" and e.within("form") is form]
        assert tokens == ["token-2" if name == "signin.html" else "token-1"]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_is_given_is_escaped(name: str) -> None:
    hostile = "<script>x</script>"
    page = replace(
        PAGES[name],
        **{"error" if name == "signin.html" else "title" if name != "search.html" else "query": hostile},
    )
    flash = models.Flash(hostile, undo=hostile, back=hostile, saved=hostile)
    shell = replace(SHELL, product=hostile, person=hostile, flash=flash, banner=hostile)
    found = elements(render(name, page, shell=shell))
    assert not [e for e in found if e.tag == "script" and not e["src"]]


def test_the_sidebar_says_where_one_is() -> None:
    current = [
        e.text for e in elements(render("home.html", PAGES["home.html"])) if e["aria-current"] == "page"
    ]
    assert current == ["Accounts"]


def test_a_list_links_to_records_next_rows_and_sorting() -> None:
    found = elements(render("view.html", PAGES["view.html"]))
    hrefs = {e["href"] for e in found if e.tag == "a"}
    assert {"/r/account/id0", "/r/account?cursor=c", "/r/account?sort=-name", "/r/account/new"} <= hrefs
    assert only(found, **{"aria-sort": "ascending"}).text.strip() == "Name"
    assert [e["class"] for e in found if e.tag == "td"][:4] == [
        "slot-title",
        "slot-fact",
        "slot-tag",
        "slot-figure end",
    ]


def test_a_filter_form_works_without_scripts_and_keeps_the_state_of_the_list() -> None:
    html = render("view.html", PAGES["view.html"])
    form = html[html.index('<form class="filters"') : html.index('<div class="listing"')]
    assert posted(form).pairs == [("search", "iron"), ("f.state", "b"), ("sort", "name")]


def test_fragments_of_a_list_are_parts_of_the_page() -> None:
    page = render("view.html", PAGES["view.html"])
    for name in ("_view.html", "_rows.html"):
        fragment = render(name, PAGES["view.html"])
        assert "<html" not in fragment
        assert fragment.strip() in page


def test_an_empty_list_says_what_would_be_there() -> None:
    empty = models.Empty("No accounts yet", "An account is somebody we deal with.", "users", NEW)
    html = render("view.html", replace(PAGES["view.html"], body=views.Table(COLUMNS, ()), empty=empty))
    assert "No accounts yet" in html
    assert "<table" not in html


def test_problems_are_summed_up_with_links_to_their_fields() -> None:
    named = replace(FORM.sections[0].fields[0], value="", error="Enter a name.")
    problems = (
        models.FormProblem("Enter a name.", "f-name"),
        models.FormProblem("Somebody else was faster."),
    )
    page = replace(FORM, problems=problems, sections=(models.Section("", (named,)),))
    found = elements(render("form.html", page))
    assert only(found, href="#f-name").text == "Enter a name."
    assert only(found, id="f-name")["aria-describedby"] == "e-name"
    assert only(found, id="summary")["role"] == "alert"


def test_a_form_posts_its_hidden_values_and_fields() -> None:
    html = render("form.html", FORM)
    form = posted(html[html.index('<form class="form"') : html.index("</main>")])
    assert form.pairs == [
        ("csrf_token", "token-1"), ("_by", ""), ("version", "7"), ("name", "Iron"), ("state", ""),
    ]  # fmt: skip


def test_an_action_that_is_not_open_says_why() -> None:
    found = elements(render("record.html", PAGES["record.html"]))
    button = only(found, title="Needs a quote")
    assert button["aria-disabled"] == "true"
    assert "Needs a quote" in button.text


def test_times_are_spoken_and_exact() -> None:
    found = elements(render("history.html", PAGES["history.html"]))
    when = only(found, datetime="2026-11-21T09:00:00Z")
    assert (when.text, when["title"]) == ("3 hours ago", "21 Nov 2026, 09:00")


def test_a_lookup_offers_options_or_says_there_are_none() -> None:
    offers = [models.Offer("0197", "Iron Foods", "Lisboa", "users")]
    template = ENVIRONMENT.get_template("_options.html")
    option = only(elements(template.render(ui=UI, offers=offers)), role="option")
    assert (option["data-value"], option["data-title"]) == ("0197", "Iron Foods")
    assert "No record matches." in template.render(ui=UI, offers=[])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name: str) -> None:
    assert len(render(name, PAGES[name])) < 25_000
