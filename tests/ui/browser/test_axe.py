"""axe finds nothing on the pages that people work on, with data and with errors, light and dark, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.support.axe import violations
from tests.ui.browser.conftest import Site

WORKED_ON = ("/r/customer", "/r/customer?view=tiers", "RECORD", "RECORD/edit", "RECORD/history")
SEEN_NOW_AND_THEN = (
    "/", "/r/customer?f.tier=gold&filter=budget", "/r/customer?search=zebra", "RECORD/delete", "RECORD/connect",
    "RECORD/links/helpers/new", "/r/customer/trash", "/search?q=every", "/me", "/r/nothing", "/r/customer/import",
    "/admin/users", "/admin/users/new", "USER", "USER/roles", "USER/rights", "/admin/teams", "/admin/units",
    "/admin/roles", "/admin/roles/clerk", "/admin/roles/on/customer", "/admin/tokens", "/admin/sessions",
    "/admin/organisation", "/admin/changes", "/admin/jobs",
    "/admin/packs", "/admin/packs/shop", "/admin/bring", "/admin/uninstall/shop", "/admin/uses?of=customer.tier",
    "/admin/health", "/api/v1/docs/customer",
)  # fmt: skip
EVERY_PAGE = (*WORKED_ON, *SEEN_NOW_AND_THEN)
OPPOSITES = ({"width": 1440, "dark": False}, {"width": 390, "dark": True})


@pytest.fixture(scope="module")
def record(site: Site) -> str:
    """The address of a customer with everything: parent, branches, helpers, orders, connections."""
    place = site.place
    top, lia = place.make("customer", name="Above"), place.make("person", name="Lia")
    id_ = place.make(
        "customer", place.actor(), name="Everything", parent=top, tier="gold", email="e@e.example", since="2026-01-01",
        budget={"amount": "12", "currency": "EUR"}, helpers={"create": [{"to": lia, "task": "Cooking"}]},
        orders={"create": [{"text": "Pens", "quantity": 3}]},
    )  # fmt: skip
    place.make("customer", name="Below", parent=id_)
    roles = [place.make("connection_role", name=n) for n in ("is above", "is below")]
    ends = ({"entity": "customer", "id": id_}, {"entity": "person", "id": lia})
    place.make("connection", record_a=ends[0], role_a=roles[0], record_b=ends[1], role_b=roles[1])
    return f"/r/customer/{id_}"


@pytest.fixture(
    params=[
        ("light", 1440),
        ("dark", 390),
        pytest.param(("dark", 1440), marks=pytest.mark.proof),
        pytest.param(("light", 390), marks=pytest.mark.proof),
    ],
    ids=lambda v: f"{v[0]}-{v[1]}",
)
def looked_at(request: pytest.FixtureRequest, site: Site, chromium: Browser) -> Iterator[Page]:
    """A page in each theme and width, on which axe may be put."""
    theme: Literal["light", "dark"] = request.param[0]
    size = {"width": request.param[1], "height": 900}
    with chromium.new_context(color_scheme=theme, viewport=size, bypass_csp=True, locale="en-GB") as context:
        page = context.new_page()
        site.sign_in(page)
        yield page


def how(page: Page) -> dict[str, int | bool]:
    """The width and theme in which a page is looked at."""
    size = page.viewport_size or {"width": 0}
    return {
        "width": size["width"],
        "dark": page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"),
    }


def its_half(page: Page) -> tuple[str, ...]:
    """Every page is looked at in one of the opposite faces; in all of them under --proofs."""
    return EVERY_PAGE[OPPOSITES.index(how(page)) :: len(OPPOSITES)]


@pytest.mark.both_faces
def test_axe_finds_nothing_on_any_page(site: Site, looked_at: Page, record: str, proofs: bool) -> None:
    found = {}
    for path in EVERY_PAGE if proofs else its_half(looked_at):
        path = path.replace("RECORD", record).replace("USER", f"/admin/users/{site.place.actor().id}")
        looked_at.goto(f"{site.address}{path}")
        found[path] = violations(looked_at)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_axe_finds_nothing_on_the_steps_of_an_import(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/person/import")
    rows = b"Name,Far\nSomebody,x\n,y\n"
    looked_at.locator("[name=file]").set_input_files(
        [{"name": "people.csv", "mimeType": "text/csv", "buffer": rows}]
    )
    looked_at.get_by_role("button", name="Go on").click()
    looked_at.locator("#save").wait_for()
    assert violations(looked_at) == []
    looked_at.locator("#save").click()
    looked_at.locator("#job .problem-rows").wait_for()
    assert violations(looked_at) == []
    frame = looked_at.get_by_role("region", name="What is wrong")
    assert frame.evaluate("f => f.scrollWidth - f.clientWidth") <= 0, "what is wrong stands outside the frame"


def test_axe_finds_nothing_while_values_are_edited_where_they_stand(
    site: Site, looked_at: Page, record: str
) -> None:
    looked_at.goto(f"{site.address}{record}")
    looked_at.locator("#d-weight-edit").click()
    looked_at.locator("#f-weight").fill("1000")
    looked_at.keyboard.press("Enter")
    looked_at.locator(".inline-form .error:not([hidden])").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_a_selection_a_peek_and_a_change_of_many(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/customer?search=Customer")
    looked_at.locator("x-grid").wait_for()
    looked_at.keyboard.press("j")
    looked_at.keyboard.press("Space")
    looked_at.locator("#peek-title").wait_for()
    assert violations(looked_at) == []
    looked_at.keyboard.press("Escape")
    if not looked_at.locator(".tick").first.is_visible():
        return
    looked_at.keyboard.press("x")
    looked_at.keyboard.press("F2")
    looked_at.locator("td .inline-form").wait_for()
    assert violations(looked_at) == []
    looked_at.keyboard.press("Escape")
    looked_at.locator("#bulk-set").click()
    looked_at.locator("#bulk-field").select_option("weight")
    looked_at.locator("#f-weight").fill("1000")
    assert violations(looked_at) == []
    looked_at.locator("#bulk-try").click()
    looked_at.locator(".refusals").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_open_menus(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/customer")
    looked_at.locator(".more-actions > summary").click()
    assert violations(looked_at) == []
    looked_at.keyboard.press("Escape")
    if looked_at.locator("#menu").is_visible():
        looked_at.locator("#menu").click()
        looked_at.locator("#nav-find").wait_for()
        assert violations(looked_at) == []


def test_axe_finds_nothing_on_the_sign_in_page_with_a_form_in_it(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/customer/new")
    looked_at.context.clear_cookies()
    looked_at.get_by_role("button", name="Create customer").click()
    looked_at.get_by_label("Password").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_a_form_with_errors(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/customer/new")
    looked_at.get_by_label("E-mail").fill("nonsense")
    looked_at.get_by_label("Weight").fill("heavy")
    looked_at.locator("#f-orders-0-quantity").fill("0")
    looked_at.get_by_role("button", name="Create customer").click()
    looked_at.locator("#summary").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_two_edits_that_meet(site: Site, looked_at: Page) -> None:
    id_ = site.place.make(
        "customer", site.place.actor(), name=f"Met {looked_at.viewport_size} {id(looked_at)}"[:60]
    )
    edit = f"/r/customer/{id_}/edit"
    looked_at.goto(f"{site.address}{edit}")
    ben = site.place.person("Ben")
    ben.fill(ben.open(edit), edit, email="ben@met.example")
    looked_at.get_by_label("E-mail").fill("ana@met.example")
    looked_at.get_by_role("button", name="Save").click()
    looked_at.locator("#clashes").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_a_draft_on_offer_and_the_question_of_whoever_leaves(
    site: Site, looked_at: Page
) -> None:
    looked_at.goto(f"{site.address}/r/customer/new")
    looked_at.get_by_label("Name", exact=True).fill("Drafted")
    looked_at.get_by_role("link", name="Cancel").click()
    looked_at.get_by_role("dialog", name="Leave without saving?").wait_for()
    assert violations(looked_at) == []
    looked_at.get_by_role("button", name="Keep draft").click()
    looked_at.goto(f"{site.address}/r/customer/new")
    looked_at.locator("#draft").wait_for()
    assert violations(looked_at) == []


def test_axe_finds_nothing_on_a_record_made_on_the_way(site: Site, looked_at: Page) -> None:
    looked_at.goto(f"{site.address}/r/customer/new")
    parent = looked_at.get_by_role("combobox", name="Parent customer")
    parent.fill("customer 0")
    looked_at.locator("#o-parent .make").wait_for()
    assert violations(looked_at) == []
    looked_at.locator("#o-parent .make").click()
    looked_at.locator("#f-quick-name").fill("Customer 01")
    looked_at.keyboard.press("Enter")
    looked_at.locator("#quick [aria-invalid=true]").wait_for()
    assert violations(looked_at) == []
