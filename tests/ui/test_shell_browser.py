"""The kernel in a real browser under the strict policy: lookups, grids, rich text, errors, drawer, theme."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask, Response, render_template, request
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from xrm.ui import models, views
from xrm.ui.assets import TEMPLATES, load_assets, static_assets
from xrm.ui.environment import prepare
from xrm.ui.fields.view import Column, Field, Lookup, children_of, on_a_phone
from xrm.ui.formatting import Reader
from xrm.ui.models import Link, NavGroup, Shell

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
UI = Reader("en", "en_GB", "UTC", datetime(2026, 11, 21, 12, tzinfo=UTC))
NAV = (NavGroup("", (Link("Accounts", "/list", "users", current=True),)),)
LOOKUP = Lookup("/lookup", "/search")
NAMES = ("Iron Foods", "Iron Health", "Summit Marine")


def the_form(problems: bool) -> models.FormPage:
    columns = (
        Field("product", "Product", "lookup", lookup=LOOKUP),
        Field("quantity", "Quantity", "number"),
        Field("line", "Line", "number"),
        Field("due", "Due", "date"),
        Field("price", "Price", "money"),
        Field("share", "Share", "percent"),
    )
    lines = replace(children_of("lines", columns, []), order="line")
    fields = (
        Field("name", "Name", "line", required=True, error="Enter a name." if problems else ""),
        Field("account", "Account", "lookup", lookup=LOOKUP),
        Field("note", "Note", "rich", "<p>Called</p>"),
        Field("hue", "Hue", "color"),
        Field("lines", "Lines", "rows", children=lines),
    )
    found = (models.FormProblem("Enter a name.", "f-name"),) if problems else ()
    section = models.Section("Main", fields)
    return models.FormPage("New deal", "/form", "Create deal", "/list", (section,), problems=found)


def the_list(search: str, sort: str) -> views.ViewPage:
    column = Column(Field("name", "Name", "line"), sort_href="/list?sort=-name", sorted="ascending")
    rows = tuple(
        views.Row(n, "/form", (n,))
        for n in sorted(NAMES, reverse=sort == "-name")
        if search.lower() in n.lower()
    )
    return views.ViewPage(
        "Accounts",
        "users",
        "/list",
        "_list.html",
        views.Table(on_a_phone((column,)), rows),
        search=search,
        count=f"{len(rows)} accounts",
    )


def an_app() -> Flask:
    """A small application that shows the templates and says what was posted."""
    assets = load_assets()
    app = Flask("shell", static_folder=None, template_folder=str(TEMPLATES))
    app.register_blueprint(static_assets(assets))
    prepare(app.jinja_env, assets)

    def page(name: str, **context: object) -> str:
        shell = Shell(
            "Fieldwork", "Ana Ruiz", groups=NAV, theme=request.cookies.get("theme", "light"), csrf_token="t"
        )
        return render_template(name, ui=UI, shell=shell, **context)

    def show_form() -> tuple[str, int]:
        if request.method == "POST" and request.form["name"]:
            return page(
                "error.html",
                page=models.ErrorPage(
                    200, "Saved", "; ".join(f"{k}={v}" for k, v in request.form.items(multi=True))
                ),
            ), 200
        failed = request.method == "POST"
        return page("form.html", page=the_form(failed)), 422 if failed else 200

    def show_list() -> str:
        part = "_view.html" if request.headers.get("HX-Target") == "div#list" else "view.html"
        return page(part, page=the_list(request.args.get("search", ""), request.args.get("sort", "name")))

    def show_options() -> str:
        text = request.args["q"].lower()
        offers = [models.Offer(f"id-{i}", n) for i, n in enumerate(NAMES) if text in n.lower()]
        return page("_options.html", offers=offers)

    def show_swagger() -> str:
        return page("swagger.html", openapi_href="/openapi.json")

    def describe() -> dict[str, object]:
        answer = {"responses": {"200": {"description": "Fine."}}, "summary": "Say something"}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Fieldwork", "version": "1"},
            "paths": {"/say": {"get": answer}},
        }

    def set_theme() -> Response:
        answer = Response(status=303, headers={"Location": "/list"})
        answer.set_cookie("theme", request.form["theme"])
        return answer

    def protect(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    app.add_url_rule("/form", view_func=show_form, methods=["GET", "POST"])
    app.add_url_rule("/list", view_func=show_list)
    app.add_url_rule("/lookup", view_func=show_options)
    app.add_url_rule("/swagger", view_func=show_swagger)
    app.add_url_rule("/openapi.json", view_func=describe)
    app.add_url_rule("/me/theme", view_func=set_theme, methods=["POST"])
    app.after_request(protect)
    return app


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, an_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_lookup_is_filled_by_keyboard_and_posts_the_chosen_record(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    page.fill("#f-name", "Deal")
    page.locator("#f-account").press_sequentially("iron")
    expect(page.locator("#o-account [role=option]")).to_have_count(2)
    expect(page.locator("#f-account")).to_have_attribute("aria-activedescendant", "o-account-0")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#f-account")).to_have_value("Iron Health")
    expect(page.locator("#o-account")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    said = page.locator(".refusal")
    expect(said).to_contain_text("account=id-1")
    expect(said).to_contain_text("account.shown=Iron Health")


def test_a_lookup_that_is_emptied_or_left_open_chooses_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    page.locator("#f-account").press_sequentially("summit marine")
    expect(page.locator("#o-account [role=option]")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator("input[name=account]")).to_have_value("id-2")
    page.locator("#f-account").fill("")
    expect(page.locator("input[name=account]")).to_have_value("")
    page.locator("#f-account").press_sequentially("iron")
    expect(page.locator("#o-account [role=option]")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#o-account")).to_be_hidden()
    expect(page.locator("input[name=account]")).to_have_value("")


def test_a_refused_form_puts_the_focus_on_the_summary_and_its_links_on_the_fields(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/form")
    page.click("#save")
    expect(page.locator("#summary")).to_be_focused()
    page.click("#summary a")
    expect(page.locator("#f-name")).to_be_focused()


def test_a_grid_starts_with_one_blank_row_and_grows(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    rows = page.locator("#f-lines > tr")
    expect(rows).to_have_count(1)
    page.click("#f-lines-add")
    expect(rows).to_have_count(2)
    expect(page.locator("#f-lines-3-product")).to_be_focused()
    page.keyboard.type("summit")
    expect(page.locator("#o-lines-3-product [role=option]")).to_have_count(1)
    page.keyboard.press("Enter")
    page.fill("#f-lines-3-quantity", "12")
    page.fill("#f-name", "Deal")
    page.click("#save")
    expect(page.locator(".refusal")).to_contain_text("lines.3.product=id-2")
    expect(page.locator(".refusal")).to_contain_text("lines.3.quantity=12")


def test_a_pasted_day_is_read_in_the_readers_order_and_what_is_none_is_told_below(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/form")
    page.locator("#f-lines-0-line").focus()
    page.evaluate("""() => {
      const data = new DataTransfer();
      data.setData("text/plain", "1\\t2/3/2026\\n2\\tsoon\\n3\\t2026-04-05");
      const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
      document.activeElement.dispatchEvent(event);
    }""")
    assert [page.locator(f"#f-lines-{i}-due").input_value() for i in (0, 3, 4)] == [
        "2026-03-02", "", "2026-04-05",
    ]  # fmt: skip
    unfit = page.locator(".unfit")
    expect(unfit).to_have_text("Not taken: soon")
    expect(page.locator("#status")).to_contain_text("5 cells pasted. 1 did not fit.")
    page.fill("#f-lines-3-due", "2026-05-06")
    expect(unfit).to_have_count(0)


def test_cells_of_rows_have_room_for_what_is_typed(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1100, "height": 800})
    page.goto(f"{address}/form")
    for name in ("product", "price", "share", "line"):
        box = page.locator(f"#f-lines-0-{name}").bounding_box()
        assert box is not None
        assert box["width"] >= 80, name


def test_rows_that_are_begun_are_numbered_and_others_are_not(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    for index in (0, 3, 4):
        if index:
            page.click("#f-lines-add")
        page.fill(f"#f-lines-{index}-line" if index == 3 else f"#f-lines-{index}-quantity", "7")
    page.click("#f-lines-add")
    numbers = [page.locator(f"#f-lines-{i}-line").input_value() for i in (0, 3, 4, 5)]
    assert numbers == ["1", "7", "8", ""]


def test_rich_text_is_written_over_a_plain_area(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    page.click("#f-note-page")
    page.keyboard.press("Control+A")
    page.click("[data-do=bold]")
    expect(page.locator("#f-note")).to_have_value("<p><b>Called</b></p>")


def test_leaving_a_changed_form_asks_first(page: Page, address: str) -> None:
    page.goto(f"{address}/form")
    page.fill("#f-name", "Deal")
    expect(page.locator("#form-note")).to_have_text("You have changes that are not saved.")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.click("#cancel", no_wait_after=True)
    expect(page.locator("#f-name")).to_have_value("Deal")
    assert asked == ["beforeunload"]


def test_a_list_is_filtered_as_one_types_and_keeps_focus_and_address(page: Page, address: str) -> None:
    page.goto(f"{address}/list")
    page.locator("#q").press_sequentially("iron")
    expect(page.locator(".list-foot")).to_have_text("2 accounts")
    expect(page).to_have_url(f"{address}/list?search=iron")
    expect(page.locator("#q")).to_be_focused()
    page.locator("#sort-name").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_have_text("Summit Marine")
    expect(page.locator("#sort-name")).to_be_focused()


def test_the_theme_changes_at_once_and_is_remembered(page: Page, address: str) -> None:
    page.goto(f"{address}/list")
    with page.expect_response("**/me/theme"):
        page.click("#theme")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_drawer_opens_takes_the_focus_and_gives_it_back(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/list")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.click("#menu")
    expect(page.locator("#sidebar .brand")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_focused()
    expect(page.locator("#sidebar")).to_be_hidden()


@pytest.mark.parametrize("width", [1440, 1024, 760, 390])
@pytest.mark.parametrize("path", ["/form", "/list"])
def test_no_page_is_wider_than_its_window(page: Page, address: str, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{address}{path}")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_keys_lead_to_the_search_box(page: Page, address: str) -> None:
    page.goto(f"{address}/list")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


def test_swagger_reads_the_description_under_the_same_policy(page: Page, address: str) -> None:
    page.goto(f"{address}/swagger")
    expect(page.get_by_text("Say something")).to_be_visible()
