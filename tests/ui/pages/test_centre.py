"""The centre of a record's page: timeline, comments, relationships and files, as far as one may read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place
from xrm.engine.commands import Target, Update
from xrm.testing import a_pack

ROLES = """
seller:
  label: Seller
  grants:
    sites: {entity: site, can: [create, read, update], fields: [name, city, offices]}
    calls: {entity: call, can: [create, read], rows: owner == me}
outsider:
  label: Outsider
  grants:
    porto: {entity: site, can: [read], rows: 'city == "Porto"', fields: [name, city]}
"""
SITE = """
label: Site
plural: Sites
icon: map-pin
title: name
ownership: user_or_team
fields:
  name:   {type: text, required: true, search: true}
  city:   {type: text}
  worth:  {type: integer, sensitive: true}
  papers: {type: file, many: true}
relationships:
  parent: {to: site, inverse: {name: offices, label: Offices}, on_delete: clear}
"""
CALL = """
like: activity
label: Call
plural: Calls
icon: phone
title: subject
ownership: user_or_team
fields: {notes: {type: rich_text}}
"""
MEETING = """
like: activity
label: Meeting
plural: Meetings
icon: calendar
title: subject
ownership: user_or_team
fields:
  start: {label: Starts, type: datetime, required: true}
  end:   {label: Ends, type: datetime}
"""


def the_pack() -> dict[str, str]:
    """Sites with calls about them and meetings on them."""
    return a_pack("sites", {"roles.yaml": ROLES}, site=SITE, call=CALL, meeting=MEETING)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("sites")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def ana(place: Place) -> Person:
    return place.person("Ana")


def tick(place: Place, minutes: float) -> None:
    """The clock of the installation moves on."""
    place.runtime.world.clock.advance(timedelta(minutes=minutes))  # type: ignore[attr-defined]


def told(sheet: Sheet) -> list[str]:
    """Each entry of the timeline, in one line."""
    entries = [e for e in sheet.find("li") if e["class"].startswith("entry")]
    return [re.sub(r"\s+", " ", e.text).strip() for e in entries]


def change(who: Person, site: str, **values: str) -> None:
    edit = f"/r/site/{site}/edit"
    assert who.fill(who.open(edit), edit, **values).status == 200


def test_what_has_a_time_is_told_with_it_in_lists_and_timeline(place: Place, ana: Person) -> None:
    site = place.make("site", name="Met at")
    place.make(
        "meeting", place.actor("Ana"), subject="Walk round", regarding={"entity": "site", "id": site},
        start="2030-03-05T09:00:00Z", end="2030-03-05T10:30:00Z",
    )  # fmt: skip
    (entry,) = [e for e in told(ana.open(f"/r/site/{site}")) if "Walk round" in e]
    assert "5 Mar 2030, 09:00 – 10:30" in entry
    assert ana.open("/r/meeting?fields=subject,start").column(1) == ["5 Mar 2030, 09:00"]
    assert ana.open("/r/meeting?fields=subject,created_at").column(1) != ["5 Mar 2030, 09:00"]


# --- timeline ---------------------------------------------------------------------------------------


def test_what_one_person_changed_in_ten_minutes_is_one_entry(place: Place, ana: Person) -> None:
    site = place.make("site", name="Sitting", city="Faro")
    for minutes, city in ((1, "Lisboa"), (4, "Braga"), (4, "Porto")):
        tick(place, minutes)
        change(ana, site, city=city)
    tick(place, 11)
    change(ana, site, city="Faro")
    entries = told(ana.open(f"/r/site/{site}"))
    assert len(entries) == 3
    assert "Porto" in entries[0]
    assert "Faro" in entries[0]
    assert re.search(r"Faro ?Porto", entries[1].replace("City", "").replace("  ", " ")), entries
    assert "Braga" not in entries[1]


def test_changes_of_two_people_are_two_entries(place: Place, ana: Person) -> None:
    site = place.make("site", name="Two", city="Faro")
    change(ana, site, city="Lisboa")
    change(place.person("Ben"), site, city="Porto")
    assert [e.split(" changed")[0] for e in told(ana.open(f"/r/site/{site}"))[:2]] == ["Ben", "Ana"]


def test_an_activity_tells_its_words_without_their_markup(place: Place, ana: Person) -> None:
    site = place.make("site", name="Called")
    about = {"entity": "site", "id": site}
    due = "2030-01-01T10:00:00Z"
    call = place.make(
        "call",
        place.actor("Ana"),
        subject="A call",
        regarding=about,
        notes="<p>All <b>well</b></p>",
        due_at=due,
    )
    sheet = ana.open(f"/r/site/{site}")
    assert "A call" in told(sheet)[0]
    assert "All well" in told(sheet)[0]
    assert "Due 1 Jan 2030" in told(sheet)[0]
    assert sheet.links()["A call"] == f"/r/call/{call}"


def test_the_timeline_is_narrowed_and_continued_by_plain_links(place: Place, ana: Person) -> None:
    site = place.make("site", name="Long", city="0")
    for n in range(25):
        place.runtime.current().records.comment(place.actor("Ana"), "site", UUID(site), f"Comment {n}")
    sheet = ana.open(f"/r/site/{site}")
    assert len(told(sheet)) == 20
    older = ana.open(sheet.links()["Load more"])
    assert len(told(older)) == 6
    only = ana.open(sheet.links()["Changes"])
    assert len(told(only)) == 1
    assert [e["aria-current"] for e in only.find("a") if e.text.strip() == "Changes"] == ["true"]


def test_the_rest_of_a_timeline_comes_as_a_part_of_the_page(place: Place, ana: Person) -> None:
    site = place.make("site", name="Part")
    part = ana.open(f"/r/site/{site}?only=changes", HX_Request="true", HX_Target="li#timeline-more")
    assert "<html" not in part.html
    assert len(told(part)) == 1
    assert part.headers["Cache-Control"] == "no-store"


def test_one_sees_of_a_timeline_what_one_may_read(place: Place, ana: Person) -> None:
    site = place.make("site", name="Seen", city="Porto", worth=5)
    about = {"entity": "site", "id": site}
    place.make("call", place.actor("Ana"), subject="Of Ana alone", regarding=about)
    sam, olga = place.person("Sam", "seller"), place.person("Olga", "outsider")
    place.make("call", place.actor("Sam"), subject="Of Sam", regarding=about)
    assert "Of Ana alone" in ana.open(f"/r/site/{site}").text
    seen = sam.open(f"/r/site/{site}").text
    assert "Of Sam" in seen
    assert "Of Ana alone" not in seen
    assert "Worth" not in seen
    assert "Of Sam" not in olga.open(f"/r/site/{site}").text


def test_many_entries_cost_a_page_as_many_statements_as_few(
    place: Place, ana: Person, statements: Callable[[], int]
) -> None:
    me, records = place.actor("Ana"), place.runtime.current().records
    costs = []
    for number in (1, 6):
        site = place.make("site", name=f"Costs {number}")
        for n in range(number):
            place.make("call", me, subject=f"Call {n}", regarding={"entity": "site", "id": site})
            records.comment(me, "site", UUID(site), f"@Ana {n}")
            records.execute(place.runtime.installer, [Update("site", Target(UUID(site)), {"city": f"{n}"})])
        ana.open(f"/r/site/{site}")
        statements()
        assert len(told(ana.open(f"/r/site/{site}"))) >= number * 2 + 1
        costs.append(statements())
    assert costs[0] == costs[1]


# --- comments ---------------------------------------------------------------------------------------


def test_a_comment_is_written_changed_and_removed_by_plain_posting(place: Place, ana: Person) -> None:
    site = place.make("site", name="Commented")
    here = f"/r/site/{site}"
    shown = ana.fill(ana.open(here), f"{here}/comments", text="First\nwords")
    assert "First words" in told(shown)[0]
    assert "Comment added" in shown.text
    edit = next(
        e["href"] for e in shown.find("a") if e["href"].endswith("/edit") and "/comments/" in e["href"]
    )
    form = ana.open(edit)
    assert dict(form.form(edit).pairs)["text"].splitlines() == ["First", "words"]
    shown = ana.fill(form, edit, text="Better words")
    assert "Better words" in told(shown)[0]
    assert "edited" in told(shown)[0]
    shown = ana.fill(shown, edit.replace("/edit", "/delete"))
    assert "Better words" not in shown.text


def test_an_empty_comment_comes_back_with_what_to_do(place: Place, ana: Person) -> None:
    site = place.make("site", name="Silent")
    here = f"/r/site/{site}"
    refused = ana.fill(ana.open(here), f"{here}/comments", text="  ")
    assert refused.status == 422
    assert refused.one("textarea", id="f-text")["aria-invalid"] == "true"
    assert "The comment is empty." in refused.text


def test_links_and_mentions_stand_out_and_nothing_else_is_markup(place: Place, ana: Person) -> None:
    site = place.make("site", name="Marked up")
    place.person("Ben")
    here = f"/r/site/{site}"
    text = "@Ben see https://example.com/a?b=1. <b>bold</b> javascript:alert(1)"
    sheet = ana.fill(ana.open(here), f"{here}/comments", text=text)
    assert [e.text for e in sheet.find("span", class_="mention")] == ["@Ben"]
    (link,) = [e for e in sheet.find("a") if e["href"].startswith("https://example.com")]
    assert (link["href"], link["rel"]) == ("https://example.com/a?b=1", "noopener noreferrer nofollow")
    assert "<b>bold</b>" in sheet.text
    assert not [e for e in sheet.find("a") if e["href"].startswith("javascript")]


def test_others_have_no_buttons_for_ones_comment_and_are_refused(place: Place, ana: Person) -> None:
    site = place.make("site", name="Mine")
    here = f"/r/site/{site}"
    shown = ana.fill(ana.open(here), f"{here}/comments", text="Mine alone")
    edit = next(
        e["href"] for e in shown.find("a") if e["href"].endswith("/edit") and "/comments/" in e["href"]
    )
    ben = place.person("Ben")
    sheet = ben.open(here)
    assert edit not in [e["href"] for e in sheet.find("a")]
    assert ben.open(edit).status == 404
    token = sheet.form(f"{here}/comments")
    assert ben.send(edit, token).status == 403
    assert ben.send(edit.replace("/edit", "/delete"), token).status == 403
    assert "Mine alone" in ana.open(here).text


def test_people_who_may_not_read_the_record_are_not_offered_for_a_mention(place: Place, ana: Person) -> None:
    site = place.make("site", name="Offered", city="Lisboa")
    place.person("Olga", "outsider")
    place.person("Oscar", "seller")
    offers = ana.open(f"/r/site/{site}/people?q=o").text
    assert "Oscar" in offers
    assert "Olga" not in offers


# --- relationships, files, history of a field -------------------------------------------------------


def test_relationships_are_told_and_drawn_with_links(place: Place, ana: Person) -> None:
    top = place.make("site", name="Head office")
    here = place.make("site", name="Branch office", parent=top)
    low = place.make("site", name="Kiosk", parent=here)
    sheet = ana.open(f"/r/site/{here}?tab=relationships")
    (drawing,) = [e for e in sheet.elements if e.tag == "svg" and e["class"] == "graph"]
    assert drawing["role"] == "group"
    named = ((e.text, e.within("a")) for e in sheet.find("title"))
    nodes = {text: a["href"] for text, a in named if a is not None and a["class"] == "node"}
    del nodes["Owner: Installer"]
    assert nodes == {"Parent: Head office": f"/r/site/{top}", "Offices: Kiosk": f"/r/site/{low}"}
    assert {"Head office", "Kiosk"} <= set(sheet.links())


def test_a_drawing_has_room_for_some_and_says_how_many_more(place: Place, ana: Person) -> None:
    here = place.make("site", name="Many offices")
    for n in range(17):
        place.make("site", name=f"Office {n:02}", parent=here)
    sheet = ana.open(f"/r/site/{here}?tab=relationships")
    assert len(sheet.find("a", class_="node")) == 1 + 5  # its owner, and the first offices
    assert "and 12 more" in sheet.text


def test_what_one_may_not_read_is_not_drawn(place: Place) -> None:
    here = place.make("site", name="Drawn", city="Porto")
    place.make("site", name="Hidden office", city="Lisboa", parent=here)
    olga = place.person("Olga", "outsider")
    assert "Hidden office" not in olga.open(f"/r/site/{here}?tab=relationships").text


def test_files_have_a_tab_that_teaches_while_it_is_empty(place: Place, ana: Person) -> None:
    site = place.make("site", name="Paper")
    empty = ana.open(f"/r/site/{site}?tab=files")
    assert "Files that are added to Papers appear here." in empty.text
    edit = f"/r/site/{site}/edit"
    form = ana.open(edit)
    ana.send(edit, form.form(edit), papers__upload=[(BytesIO(b"x"), "offer.txt")])
    assert "offer.txt" in ana.open(f"/r/site/{site}?tab=files").links()


def papered(who: Person, site: str, *names: str) -> Sheet:
    """The record's page after files of these names were added to it."""
    edit = f"/r/site/{site}/edit"
    form = who.open(edit)
    return who.send(edit, form.form(edit), papers__upload=[(BytesIO(b"x" * 2048), n) for n in names])


def test_files_are_entries_of_the_timeline_with_their_names(place: Place, ana: Person) -> None:
    site = place.make("site", name="Papered", city="Porto")
    papered(place.person("Ben"), site, "offer.pdf", "plan.txt")
    sheet = ana.open(f"/r/site/{site}")
    entry = next(e for e in told(sheet) if "offer.pdf" in e)
    assert entry.startswith("Ben added 2 files")
    assert "Papers · 2 kB" in entry
    links = {e.text.strip(): e["href"] for e in sheet.find("a", class_="link cut")}
    assert ana.client.get(links["plan.txt"], buffered=True).data == b"x" * 2048
    assert [e for e in told(sheet) if "changed it" in e] == []

    edit = f"/r/site/{site}/edit"
    form = ana.open(edit).form(edit)
    kept = [v for v in form.getlist("papers") if v][:1]
    taken = form.without("papers").without("name")
    taken.pairs += [("papers", ""), ("papers", kept[0]), ("name", "Renamed")]
    ana.send(edit, taken)
    sheet = ana.open(f"/r/site/{site}")
    first, second, *_ = told(sheet)
    (left,) = sheet.find("a", class_="link cut")
    (gone,) = {"offer.pdf", "plan.txt"} - {left.text.strip()}
    assert first.startswith("Ana took a file out")
    assert gone in first
    assert "NamePaperedRenamed" in second
    assert "Papers" not in second
    history = ana.open(f"/r/site/{site}/history").text
    assert "offer.pdf, plan.txt" in history


def test_files_alone_are_asked_for_and_the_field_has_to_be_readable(place: Place, ana: Person) -> None:
    site = place.make("site", name="Asked", city="Porto")
    change(ana, site, city="Braga")
    change(ana, site, city="Porto")
    papered(ana, site, "secret.pdf")
    (entry,) = told(ana.open(f"/r/site/{site}?only=files"))
    assert "secret.pdf" in entry
    assert "Files" in ana.open(f"/r/site/{site}").links()
    olga = place.person("Olga", "outsider")
    for path in ("", "?only=files", "/history"):
        assert "secret.pdf" not in olga.open(f"/r/site/{site}{path}").text
    assert told(olga.open(f"/r/site/{site}?only=files")) == []
    empty = place.make("site", name="No paper")
    assert "No files yet" in ana.open(f"/r/site/{empty}?only=files").text


def test_each_field_leads_to_its_own_history(place: Place, ana: Person) -> None:
    site = place.make("site", name="Fields", city="Faro")
    change(ana, site, city="Porto")
    change(ana, site, name="Renamed")
    sheet = ana.open(f"/r/site/{site}")
    way = sheet.links()["History of this field: City"]
    shown = ana.open(way)
    assert "History of City" in shown.text
    assert "City Faro Porto" in shown.text
    assert "Name Fields Renamed" not in shown.text
    assert "Name Fields Renamed" in ana.open(shown.links()["Whole history"]).text
    sam = place.person("Sam", "seller")
    assert sam.open(f"/r/site/{site}/history?field=worth").status == 422


def test_an_unknown_tab_and_filter_show_the_timeline(place: Place, ana: Person) -> None:
    site = place.make("site", name="Unknown")
    assert len(told(ana.open(f"/r/site/{site}?tab=nonsense&only=nonsense"))) == 1
    assert ana.open(f"/r/site/{site}?cursor=nonsense").status == 400


def test_people_have_pages_without_a_centre(place: Place, ana: Person) -> None:
    user = place.actor("Ana").id
    sheet = ana.open(f"/r/user/{user}")
    assert sheet.status == 200
    assert "ana@example.com" in sheet.text
    assert not sheet.find("section", id="timeline")
    assert ana.send(f"/r/user/{user}/marks/follow", ana.open("/").form("/me/theme")).status == 404
