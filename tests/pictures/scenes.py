"""What is on each picture: who looks, how, at which page, and what they have just done there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from playwright.sync_api import Page

from tests.pictures.studio import ADMIN, SELLER, Look

DESK, NIGHT, PHONE = Look(), Look(is_dark=True), Look(390, 844)
Doing = Callable[[Page], None]


def nothing(_page: Page) -> None:
    """The page is looked at as it opens."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: its name, the address, who looks at it and what they do first."""

    name: str
    path: str
    doing: Doing = nothing
    look: Look = DESK
    who: str = SELLER
    is_empty: bool = False

    def at_night(self) -> Scene:
        """The same in the dark."""
        return replace(self, name=f"{self.name}-dark", look=NIGHT)

    def by_phone(self, doing: Doing | None = None) -> Scene:
        """The same on a phone."""
        return replace(self, name=f"{self.name}-phone", look=PHONE, doing=doing or self.doing)


# --- what is done -----------------------------------------------------------------------------------


def opened_first(page: Page) -> None:
    """The first record of the list is open, with all that is around it."""
    page.locator("#list tbody a, .cards a").first.click()
    page.locator("h1").wait_for()
    page.wait_for_load_state("networkidle")


def peeked(page: Page) -> None:
    """Somebody walks the list with J and peeks."""
    page.locator("x-grid").wait_for()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Space")
    page.locator("#peek-title").wait_for()
    page.wait_for_load_state("networkidle")


def ticked(page: Page) -> None:
    """Three records are chosen, and what can be done with them is shown."""
    page.locator("x-grid").wait_for()
    for _ in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")


def saw_relationships(page: Page) -> None:
    """The record is drawn amid what it is related to."""
    opened_first(page)
    page.get_by_role("main").get_by_role("link", name="Relationships").click()
    page.locator("svg.graph").wait_for()
    page.wait_for_load_state("networkidle")


def edited_in_place(page: Page) -> None:
    """A value is being changed where it stands."""
    page.locator("x-grid").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("F2")
    page.locator("td .inline-form").wait_for()


def refused(page: Page) -> None:
    """A form was sent with mistakes."""
    page.locator("#save").click()
    page.locator("#summary").wait_for()


def began_a_filter(page: Page) -> None:
    """A condition is being built in its dialog."""
    page.locator("#more-filter").click()
    page.get_by_label("Field", exact=True).fill("account · industry")
    page.keyboard.press("Enter")
    page.get_by_label("Condition").wait_for()
    page.wait_for_load_state("networkidle")


def asked_how_it_is_shown(page: Page) -> None:
    """The columns, the order and the totals of the list are being chosen."""
    page.locator("#display-link").click()
    page.get_by_role("dialog").first.wait_for()
    page.wait_for_load_state("networkidle")


def saw_the_matrix(page: Page) -> None:
    """The matrix of roles and entities is in view."""
    page.get_by_text("Who may read").last.evaluate("e => e.closest('section, div').scrollIntoView()")


def typed_into_a_lookup(page: Page) -> None:
    """A lookup offers what fits the letters."""
    lookup = page.locator("x-lookup input[role=combobox]").first
    lookup.click()
    lookup.press_sequentially("oli")
    page.locator("x-lookup [role=option]", has_text="Oliveira").first.wait_for()
    page.wait_for_load_state("networkidle")


def called_the_palette(page: Page) -> None:
    """Ctrl K finds records, places and commands."""
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    page.keyboard.type("oli")
    page.locator("#palette-list [role=option]").first.wait_for()
    page.wait_for_load_state("networkidle")


def asked_for_keys(page: Page) -> None:
    """The question mark shows all keys."""
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    page.locator("#keys-list dt, #keys-list tr, #keys-list kbd").first.wait_for()


# --- the pictures -----------------------------------------------------------------------------------

HOME = Scene("home", "/")
LIST = Scene("list", "/r/opportunity?view=open")
BOARD = Scene("board", "/r/opportunity?view=board")
RECORD = Scene("record", "/r/account?search=cornhill", opened_first)
FORM = Scene("form", "/r/contact/new")
PEEK = Scene("peek", "/r/opportunity?view=open", peeked)
DEAL = Scene("deal", "/r/opportunity?view=mine", opened_first)
QUOTE = Scene("quote", "/r/quote?view=all", opened_first)

SCENES: tuple[Scene, ...] = (
    HOME,
    LIST,
    BOARD,
    RECORD,
    DEAL,
    QUOTE,
    PEEK,
    Scene("edit-in-place", "/r/opportunity?view=open", edited_in_place),
    Scene("selection", "/r/lead?view=all", ticked),
    FORM,
    Scene("form-mistakes", "/r/contact/new", refused),
    Scene("lookup", "/r/contact/new", typed_into_a_lookup),
    Scene("palette", "/", called_the_palette),
    Scene("keys", "/r/opportunity", asked_for_keys),
    Scene("import", "/r/account/import", who=ADMIN),
    Scene("relationships", "/r/account?search=cornhill", saw_relationships),
    Scene("filter", "/r/opportunity?view=open", began_a_filter),
    Scene("display", "/r/opportunity?view=open", asked_how_it_is_shown),
    Scene("users", "/admin/users", who=ADMIN),
    Scene("changes", "/admin/changes", who=ADMIN),
    Scene("packs", "/admin/packs", who=ADMIN),
    Scene("health", "/admin/health", who=ADMIN),
    Scene("roles", "/admin/roles", saw_the_matrix, who=ADMIN),
    Scene("organisation", "/admin/organisation", who=ADMIN),
    Scene("api", "/api/v1/docs/opportunity", who=ADMIN),
    Scene("setup", "/setup?key=KEY", who="", is_empty=True),
    *(scene.at_night() for scene in (HOME, LIST, BOARD, RECORD, FORM, PEEK)),
    *(scene.by_phone() for scene in (HOME, LIST, BOARD, RECORD, FORM, DEAL)),
)
