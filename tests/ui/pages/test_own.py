"""One's own places: favourites, what was seen last, what one follows, home, and the palette."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place
from tests.ui.pages.test_centre import change, the_pack, tick
from xrm.engine.identity.marks import AGAIN, FAVOURITE, MOST, VISIT


@pytest.fixture
def place(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    runtime = make_runtime(database_url, tmp_path_factory.mktemp("sites"), [the_pack()])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def ana(place: Place) -> Person:
    return place.person("Ana")


def group(sheet: Sheet, label: str) -> list[str]:
    """The links of the sidebar under that heading."""
    return [
        e.text.strip()
        for e in sheet.find("a")
        if (ul := e.within("ul")) is not None and ul["aria-label"] == label
    ]


def test_a_star_keeps_a_record_in_the_menu_until_it_is_taken_away(place: Place, ana: Person) -> None:
    site = place.make("site", name="Starred")
    here = f"/r/site/{site}"
    star = f"{here}/marks/favourite"
    shown = ana.fill(ana.open(here), star, on="1")
    assert group(shown, "Favourites") == ["Starred"]
    assert shown.one("button", id="favourite")["aria-pressed"] == "true"
    assert group(ana.open("/r/site"), "Favourites") == ["Starred"]
    assert group(place.person("Ben").open("/"), "Favourites") == []
    shown = ana.fill(ana.open(here), star, on="0")
    assert group(shown, "Favourites") == []
    assert shown.one("button", id="favourite")["aria-pressed"] == "false"


def starred(place: Place, who: Person, *names: str) -> dict[str, str]:
    """New sites that are favourites of theirs, by name."""
    found = {}
    for name in names:
        site = found[name] = place.make("site", name=name, city="Porto")
        who.fill(who.open(f"/r/site/{site}"), f"/r/site/{site}/marks/favourite", on="1")
    return found


def arranged(who: Person, record: str, **asked: str) -> Sheet:
    """The page after a form of the favourites was sent."""
    form = who.open("/").form("/me/theme")
    form.pairs += [("record", record), *asked.items()]
    return who.send("/me/favourites/move", form)


def test_favourites_stand_by_title_until_they_are_put_in_order(place: Place, ana: Person) -> None:
    sites = starred(place, ana, "Cedar", "alder", "Birch")
    assert group(ana.open("/"), "Favourites") == ["alder", "Birch", "Cedar"]
    page = ana.open("/me/favourites")
    form = next(f for f in page.find("form") if f["action"] == "/me/favourites/move")
    assert form is not None
    shown = arranged(ana, sites["Cedar"], step="up")
    assert "Cedar is number 2 of 3" in shown.text
    assert group(shown, "Favourites") == ["alder", "Cedar", "Birch"]
    arranged(ana, sites["alder"], step="down")
    assert group(ana.open("/r/site"), "Favourites") == ["Cedar", "alder", "Birch"]
    assert "Birch is number 3 of 3" in arranged(ana, sites["Birch"], step="down").text
    starred(place, ana, "Acacia")
    assert group(ana.open("/"), "Favourites") == ["Cedar", "alder", "Birch", "Acacia"]
    arranged(ana, sites["Birch"], after="")
    assert group(ana.open("/"), "Favourites") == ["Birch", "Cedar", "alder", "Acacia"]
    arranged(ana, sites["Birch"], after=sites["alder"])
    assert group(ana.open("/"), "Favourites") == ["Cedar", "alder", "Birch", "Acacia"]


def test_an_old_page_puts_nothing_behind_what_is_no_favourite_any_more(place: Place, ana: Person) -> None:
    sites = starred(place, ana, "One", "Three", "Two")
    arranged(ana, sites["Two"], after=sites["One"])
    here = f"/r/site/{sites['One']}"
    ana.fill(ana.open(here), f"{here}/marks/favourite", on="0")
    assert "Three is number 2 of 2" in arranged(ana, sites["Three"], after=sites["One"]).text
    assert group(ana.open("/"), "Favourites") == ["Two", "Three"]
    assert arranged(ana, sites["One"], after="").status == 404
    assert arranged(ana, "nonsense", step="up").status == 404
    assert arranged(ana, sites["Two"], step="sideways").status == 200
    assert group(ana.open("/"), "Favourites") == ["Two", "Three"]


def test_the_order_is_of_one_person_and_of_what_they_may_read(place: Place, ana: Person) -> None:
    sites = starred(place, ana, "First", "Second", "Third")
    olga = place.person("Olga", "outsider")
    for site in sites.values():
        olga.fill(olga.open(f"/r/site/{site}"), f"/r/site/{site}/marks/favourite", on="1")
    arranged(olga, sites["Third"], after="")
    assert group(ana.open("/"), "Favourites") == ["First", "Second", "Third"]
    change(ana, sites["Third"], city="Lisboa")
    arranged(olga, sites["Second"], step="up")
    assert group(olga.open("/"), "Favourites") == ["Second", "First"]
    assert arranged(olga, sites["Third"], after="").status == 404
    change(ana, sites["Third"], city="Porto")
    assert group(olga.open("/"), "Favourites") == ["Second", "First", "Third"]


def test_whoever_has_no_favourites_learns_how_to_have_some(place: Place, ana: Person) -> None:
    assert "Press the star of a record" in ana.open("/me/favourites").text


def test_the_last_five_records_are_at_hand_the_latest_first(place: Place, ana: Person) -> None:
    for n in range(7):
        tick(place, 1)
        ana.open(f"/r/site/{place.make('site', name=f'Site {n}')}")
    assert group(ana.open("/"), "Recent") == [f"Site {n}" for n in (6, 5, 4, 3, 2)]


def test_a_record_that_is_only_fetched_ahead_is_not_a_visit(place: Place, ana: Person) -> None:
    site = place.make("site", name="Ahead")
    ana.open(f"/r/site/{site}", Sec_Purpose="prefetch")
    ana.open(f"/r/site/{site}", HX_Request="true", HX_Target="section#timeline")
    assert group(ana.open("/"), "Recent") == []
    ana.open(f"/r/site/{site}")
    assert group(ana.open("/"), "Recent") == ["Ahead"]


def test_what_one_may_not_read_any_more_is_not_at_hand(place: Place, ana: Person) -> None:
    site = place.make("site", name="Moving", city="Porto")
    gone = place.make("site", name="Going", city="Porto")
    olga = place.person("Olga", "outsider")
    for one in (site, gone):
        here = f"/r/site/{one}"
        olga.fill(olga.open(here), f"{here}/marks/favourite", on="1")
    assert set(group(olga.open("/"), "Favourites")) == {"Moving", "Going"}
    change(ana, site, city="Lisboa")
    ana.fill(ana.open(f"/r/site/{gone}/delete"), f"/r/site/{gone}/delete")
    sheet = olga.open("/")
    assert (group(sheet, "Favourites"), group(sheet, "Recent")) == ([], [])
    assert "Moving" not in olga.open("/palette").text


def test_a_record_that_one_may_not_read_cannot_be_marked(place: Place, ana: Person) -> None:
    site = place.make("site", name="Elsewhere", city="Lisboa")
    olga = place.person("Olga", "outsider")
    form = olga.open("/").form("/me/theme")
    form.pairs.append(("on", "1"))
    assert olga.send(f"/r/site/{site}/marks/favourite", form).status == 404
    assert olga.send(f"/r/site/{site}/marks/nonsense", form).status == 404


def test_visits_are_few_and_looking_again_soon_writes_nothing(place: Place, ana: Person) -> None:
    marks, actor = place.runtime.identity.marks, place.actor("Ana")
    number = place.runtime.current().numbers.entities["site"]
    ids = [place.runtime.world.new_id() for _ in range(30)]
    for id_ in ids:
        tick(place, 1)
        marks.visited(actor, number, id_, marks.of(actor))
    known = [m for m in marks.of(actor) if m.kind == VISIT]
    assert [m.record for m in known] == ids[:-21:-1]
    marks.visited(actor, number, ids[-1], known)
    assert marks.of(actor)[0].at == known[0].at
    place.runtime.world.clock.advance(AGAIN)  # type: ignore[attr-defined]
    marks.visited(actor, number, ids[-1], known)
    assert marks.of(actor)[0].at == known[0].at + AGAIN


def test_one_keeps_as_many_favourites_as_one_may(
    place: Place, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST, FAVOURITE, 2)  # type: ignore[call-overload]
    sheets = []
    for n in range(3):
        here = f"/r/site/{place.make('site', name=f'Kept {n}')}"
        sheets.append(ana.fill(ana.open(here), f"{here}/marks/favourite", on="1"))
    assert [s.status for s in sheets] == [200, 200, 413]


def test_what_others_do_to_a_followed_record_is_at_home(place: Place, ana: Person) -> None:
    site, other = place.make("site", name="Followed", city="Faro"), place.make("site", name="Not followed")
    here = f"/r/site/{site}"
    tick(place, 1)
    ana.fill(ana.open(here), f"{here}/marks/follow", on="1")
    tick(place, 1)
    change(ana, site, city="Braga")
    ben = place.person("Ben")
    change(ben, other, city="Porto")
    assert "What you follow" not in ana.open("/").text
    change(ben, site, city="Porto")
    ben.fill(ben.open(here), f"{here}/comments", text="Look")
    home = ana.open("/").text
    assert "Ben changed it Followed" in home
    assert "Ben commented on it Followed" in home
    assert "Not followed" not in home.partition("What you follow")[2].partition("that you changed")[0]


# --- home -------------------------------------------------------------------------------------------


def test_home_teaches_as_long_as_nothing_is_ones_own(place: Place) -> None:
    place.make("site", name="Of nobody", city="Porto")
    sam = place.person("Sam", "seller")
    sheet = sam.open("/")
    assert "Make this page yours" in sheet.text
    assert sheet.links()["New call"] == "/r/call/new"
    place.make("site", place.actor("Sam"), name="Of Sam")
    assert "Make this page yours" not in sam.open("/").text


def test_home_shows_what_is_due_and_says_what_is_late(place: Place, ana: Person) -> None:
    me = place.actor("Ana")
    for subject, due, more in (
        ("Late", "2026-06-14T10:00:00Z", {}),
        ("Tonight", "2026-06-15T20:00:00Z", {}),
        ("Soon", "2026-06-18T10:00:00Z", {}),
        ("Far", "2026-09-18T10:00:00Z", {}),
        ("Done", "2026-06-14T10:00:00Z", {"done_at": "2026-06-14T10:00:00Z"}),
    ):
        place.make("call", me, subject=subject, due_at=due, **more)
    place.make("call", place.actor("Ana"), subject="No time")
    place.person("Ben")
    place.make("call", place.actor("Ben"), subject="Of Ben", due_at="2026-06-14T10:00:00Z")
    sheet = ana.open("/")
    tiles = [" ".join(e.text.split()) for e in sheet.find("a", class_="tile")]
    assert tiles[0].startswith("Overdue1")
    assert tiles[1].startswith("Due today1")
    assert tiles[2].startswith("Due within a week2")
    (work,) = sheet.find("section", id="work")
    shown = " ".join(work.text.split())
    assert shown.startswith("Your open work 4 Late Overdue1 day ago Tonight")
    assert {"Done", "No time", "Of Ben"}.isdisjoint(shown.split())


def test_home_counts_what_is_ones_own_and_leads_to_it(place: Place, ana: Person) -> None:
    for n in range(3):
        place.make("site", place.actor("Ana"), name=f"Own {n}")
    place.make("site", name="Of the installer")
    sheet = ana.open("/")
    (tile,) = [e for e in sheet.find("a", class_="tile") if "Sites of yours" in e.text]
    assert " ".join(tile.text.split()) == "Sites of yours3of 4 in all"
    assert len(ana.open(tile["href"]).column(0)) == 3


def test_a_mention_is_at_home_as_long_as_its_record_may_be_read(place: Place, ana: Person) -> None:
    site = place.make("site", name="Spoken of", city="Porto")
    olga = place.person("Olga", "outsider")
    here = f"/r/site/{site}"
    ana.fill(ana.open(here), f"{here}/comments", text="@Olga, have a look")
    assert "Ana: @Olga, have a look Spoken of" in olga.open("/").text
    change(ana, site, city="Lisboa")
    assert "have a look" not in olga.open("/").text


# --- palette and keys -------------------------------------------------------------------------------


def test_the_palette_offers_what_one_may_do_and_where_one_may_go(place: Place, ana: Person) -> None:
    ana.open(f"/r/site/{place.make('site', name='Seen before', city='Porto')}")
    offered = ana.open("/palette", HX_Request="true")
    assert "<html" not in offered.html
    options = [" ".join(e.text.split()) for e in offered.find("div", role="option")]
    assert options[0] == "Seen beforeSite · Porto"
    assert {"New site", "New call", "Go to Sites", "Sign out"} <= set(options)
    olga = place.person("Olga", "outsider").open("/palette").text
    assert "New site" not in olga
    assert "Go to Calls" not in olga


def test_the_palette_finds_records_and_tells_namesakes_apart(place: Place, ana: Person) -> None:
    for city in ("Porto", "Lisboa"):
        place.make("site", name="Twin tower", city=city)
    options = [" ".join(e.text.split()) for e in ana.open("/palette?q=twin").find("div", role="option")]
    assert sorted(options) == ["Twin towerSite · Lisboa", "Twin towerSite · Porto"]
    olga = place.person("Olga", "outsider").open("/palette?q=twin")
    assert [" ".join(e.text.split()) for e in olga.find("div", role="option")] == ["Twin towerSite · Porto"]


def test_the_keys_are_a_page_and_a_part_of_one(place: Place, ana: Person) -> None:
    whole = ana.open("/help/keys")
    assert "Search, go somewhere, do something" in whole.text
    part = ana.open("/help/keys", HX_Request="true", HX_Target="div#keys-list")
    assert "<html" not in part.html
    letters = {e["data-go"]: e["href"] for e in whole.find("a") if e["data-go"]}
    assert letters["h"] == "/"
    assert letters["s"] == "/r/site"
    assert letters["c"] == "/r/call"
