"""The SQL that each page issues, by number: what a page costs does not grow with its records or relationships."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, a_place
from xrm.engine.commands import Create
from xrm.testing import a_pack
from xrm.ui.pages.records import MOST_LISTS
from xrm.ui.pages.search import MOST_TOLD

ROWS = 7  # more than a short list shows
FEW, MANY = 12, 40

HUB = "title: name\nfields: {name: {type: text, required: true, search: true}}\n"
SPOKE = HUB + "relationships: {hub: {to: hub, inverse: spokes_%d, on_delete: cascade}}\n"
CARD = HUB[:-2] + ", tone: {type: choice, required: true, options: {low: {}, high: {}, mute: {}}}}\n"


def the_hub(spokes: int) -> dict[str, str]:
    """An entity to which so many others point, and one that has a board."""
    others = {f"spoke_{n}": SPOKE % n for n in range(spokes)}
    board = "all: {type: list, columns: [name]}\nlanes: {type: board, group_by: tone, card: [tone]}\n"
    return a_pack("wheel", {"views/card.yaml": board}, hub=HUB, card=CARD, **others)


@dataclass(frozen=True)
class Wheel:
    """An installation with one hub, and rows on each of its spokes."""

    place: Place
    hub: str

    def pages(self) -> dict[str, str]:
        """The address of each page by name."""
        one = f"/r/hub/{self.hub}"
        return {
            "home": "/",
            "search": "/search?q=far",
            "list": "/r/spoke_0",
            "list with totals": "/r/spoke_0?totals=sum&sort=name,-created_at",
            "board": "/r/card?view=lanes",
            "list, narrowed": f"/r/spoke_0?f.hub={self.hub}&sort=-name",
            "record": one,
            "form": f"{one}/edit",
            "new": "/r/spoke_0/new",
            "history": f"{one}/history",
            "delete": f"{one}/delete",
            "trash": "/r/hub/trash",
            "peek": f"{one}/peek",
            "control of a value": f"{one}/field/name",
            "rows anew": f"/r/hub/rows?ids={self.hub}",
            **self.administration(),
        }

    def administration(self) -> dict[str, str]:
        """The address of each page of the administration by name."""
        me = f"/admin/users/{self.place.actor('Ana').id}"
        return {
            "users": "/admin/users",
            "user": me,
            "roles of a user": f"{me}/roles",
            "particulars of a user": f"{me}/edit",
            "teams": "/admin/teams",
            "team": f"/admin/teams/{self.place.runtime.directory.team('Crew')}",
            "units": "/admin/units",
            "matrix of roles": "/admin/roles",
            "role": "/admin/roles/system_admin",
            "roles on an entity": "/admin/roles/on/hub",
            "rights of a user": f"{me}/rights",
            "tokens": "/admin/tokens",
            "sessions": "/admin/sessions",
            "own settings": "/me",
            "change log": "/admin/changes",
            "jobs": "/admin/jobs",
            "packs": "/admin/packs",
            "pack": "/admin/packs/wheel",
            "health": "/admin/health",
        }


def a_wheel(url: str, folder: Path, spokes: int) -> Wheel:
    runtime = make_runtime(url, folder, [the_hub(spokes)])
    place = a_place(runtime)
    place.person("Ana")
    hub = place.make("hub", place.actor("Ana"), name="Far hub")
    rows = [
        Create(f"spoke_{n}", {"name": f"Far {r}", "hub": hub}) for n in range(spokes) for r in range(ROWS)
    ]
    cards = [Create("card", {"name": f"Card {r}", "tone": ("low", "high")[r % 2]}) for r in range(ROWS)]
    runtime.current().records.execute(place.actor("Ana"), [*rows, *cards])
    for n in range(ROWS):
        place.person(f"Crew{n}", "system_admin")
    groups, users = runtime.identity.groups, runtime.directory.people()
    crew = groups.create_team(place.actor("Ana"), "Crew", groups.create_unit(place.actor("Ana"), "Yard"))
    for user in users:
        groups.add_member(place.actor("Ana"), crew, user.id)
    place.person("Ana").open(f"/r/hub/{hub}")  # from here on the menu holds a record that was seen
    return Wheel(place, hub)


@pytest.fixture
def wheel(database_url: str, tmp_path: Path) -> Iterator[Wheel]:
    made = a_wheel(database_url, tmp_path, FEW)
    yield made
    made.place.runtime.close()


MENU = 2  # what one keeps, and the titles of it, on every page

TABLE = {
    # the stamp, all counts, mentions, what others did to what one follows, what one changed last
    "home": 5 + MENU,
    # the stamp, where the words are, the best of each, what is beside the titles of some
    "search": 3 + MOST_TOLD + MENU,
    "list": 4 + MENU,  # the stamp, the saved views, the page, the count
    "list with totals": 4 + MENU,  # what it comes to is asked with the count
    "board": 5 + MENU,  # the stamp, the saved views, the heads, and each of the two lanes that have cards
    "list, narrowed": 4 + MENU,  # the titles of what it is narrowed to come with those of the menu
    # the stamp, the record, shares (two), all counts, the first of a few lists; and of the timeline the record,
    # its comments, its changes, their rule, who made them
    "record": 5 + MOST_LISTS + 5 + MENU,
    "form": 2 + MENU,  # the stamp, the record
    "new": 1 + MENU,
    "history": 6 + MENU,  # the stamp, the record twice, its changes, their rule, who made them
    "delete": 3 + 8 + MENU,  # the stamp, the record, all counts, and the names of some that go along
    "trash": 3 + MENU,
    "peek": 3,  # the stamp, the record, all counts
    "control of a value": 2,  # the stamp, the record
    "rows anew": 3,
    "users": 5 + MENU,  # the stamp, the page, its roles, its teams, the count
    "user": 6 + MENU,  # the stamp, the user, roles, teams, sessions, tokens
    "roles of a user": 4 + MENU,
    "particulars of a user": 5 + MENU,  # and the units
    "teams": 3 + MENU,  # the stamp, the page, its roles
    "team": 6 + MENU,  # the stamp, the team, its roles, its members with roles and teams
    "units": 2 + MENU,
    "matrix of roles": 2 + MENU,  # the stamp, how many hold each
    "role": 2 + MENU,
    "roles on an entity": 1 + MENU,
    "rights of a user": 4 + MENU,
    "tokens": 2 + MENU,
    "sessions": 2 + MENU,
    "change log": 2 + MENU,
    "jobs": 2 + MENU,
    "packs": 3 + MENU,  # the stamp, the layers for what is at hand, and for what is installed
    "pack": 4 + MENU,  # and who installed it
    "health": 24 + MENU,
    "own settings": 3 + MENU,  # the stamp, one's tokens, one's sessions
}


def counted(person: Person, address: str, statements: Callable[[], int]) -> int:
    """The statements of the page once it was seen before."""
    assert person.open(address).status == 200
    statements()
    person.open(address)
    return statements()


def test_each_page_issues_the_statements_of_the_table(wheel: Wheel, statements: Callable[[], int]) -> None:
    ana = wheel.place.person("Ana")
    assert {name: counted(ana, address, statements) for name, address in wheel.pages().items()} == TABLE


def test_more_relationships_cost_no_more_statements(tmp_path: Path, statements: Callable[[], int]) -> None:
    wheel = a_wheel(f"sqlite:///{tmp_path / 'xrm.db'}", tmp_path, MANY)
    ana = wheel.place.person("Ana")
    assert {name: counted(ana, address, statements) for name, address in wheel.pages().items()} == TABLE
    wheel.place.runtime.close()


def test_lists_that_are_not_read_tell_their_count_and_lead_on(wheel: Wheel) -> None:
    sheet = wheel.place.person("Ana").open(f"/r/hub/{wheel.hub}")
    cards = [s for s in sheet.find("section") if s["class"] == "card" and "Show all" in s.text]
    assert [e.text for e in sheet.find("span", class_="count")] == [str(ROWS)] * FEW
    assert sum("Far" in card.text for card in cards) == MOST_LISTS
    last = [e["href"] for e in sheet.find("a") if e.text.startswith("Show all")][-1]
    assert len(wheel.place.person("Ana").open(last).column(0)) == ROWS
