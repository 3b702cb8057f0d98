"""What has happened and is going on: the change log, and the jobs of everybody."""

from __future__ import annotations

from tests.ui.pages.conftest import Place, Sheet
from xrm.engine.commands import Actor
from xrm.engine.jobs import Context, State
from xrm.errors import Invalid, Problem
from xrm.errors import Place as Where


def rows(sheet: Sheet) -> list[list[str]]:
    """The table of a page, row by row."""
    found = [e for e in sheet.find("tr") if e.within("tbody")]
    cells = [e for e in sheet.elements if e.tag in ("th", "td")]
    return [[" ".join(e.text.split()) for e in cells if e.within("tr") is row] for row in found]


def test_the_log_tells_who_did_what_to_what_with_which_fields(place: Place) -> None:
    ana, ben = place.person("Ana"), place.person("Ben", "boss")
    id_ = place.make("customer", name="Acme", by=place.actor("Ben"))
    edit = f"/r/customer/{id_}/edit"
    ben.fill(ben.open(edit), edit, email="a@acme.example", tier="gold")
    ana.fill(ana.open("/admin/units/new"), "/admin/units/new", name="Yard")
    log = rows(ana.open("/admin/changes"))
    assert log[0][:3] == ["Yard Business unit", "created it", "Ana page"]
    assert [cell for i, cell in enumerate(log[1]) if i != 3][:4] == [
        "Acme Customer", "changed it", "Ben page", "E-mail, Tier",
    ]  # fmt: skip
    assert [row[1] for row in log if row[0] == "Ben User"] == [
        "signed in", "changed the roles", "set a password", "created it",
    ]  # fmt: skip
    assert ana.open("/admin/changes").links()["Acme"] == f"/r/customer/{id_}/history"
    ways = {e["href"] for e in ana.open("/admin/changes").find("a") if e.text == "Ben"}
    user = place.runtime.directory.demand_user("ben@example.com")
    assert ways == {f"/admin/users/{user}", f"/r/user/{user}/history"}
    assert {ana.open(way).status for way in ways} == {200}


def test_the_log_is_narrowed_by_who_entity_act_and_time(place: Place) -> None:
    ana = place.person("Ana")
    place.person("Ben", "boss")
    place.make("customer", name="By Ana", by=place.actor("Ana"))
    place.make("customer", name="By Ben", by=place.actor("Ben"))
    place.make("person", name="Other", by=place.actor("Ben"))

    def told(query: str) -> list[str]:
        return [row[0] for row in rows(ana.open(f"/admin/changes?{query}"))]

    assert told("search=ben@example&f.act=create") == ["Other Person", "By Ben Customer"]
    assert told("f.entity=customer") == ["By Ben Customer", "By Ana Customer"]
    assert set(told("f.entity=user%3Aaccess&f.act=sign_in")) == {"Ana User", "Ben User"}
    assert told("f.entity=customer&f.at.from=2026-06-15&f.at.to=2026-06-15") == told("f.entity=customer")
    assert told("f.at.from=2026-06-16") == []
    assert told("f.at.to=2026-06-14") == []
    assert "Nothing like that was done" in ana.open("/admin/changes?f.act=unshare").text


def test_the_log_goes_on_a_page_at_a_time_without_gap_or_double(place: Place) -> None:
    ana = place.person("Ana")
    for n in range(60):
        place.make("person", name=f"P {n:02}", by=place.actor())
    first = ana.open("/admin/changes?f.entity=person")
    second = ana.open(first.links()["Load more"])
    found = [row[0] for row in (*rows(first), *rows(second))]
    assert found == [f"P {n:02} Person" for n in reversed(range(60))]


def test_an_act_of_one_s_own_is_taken_back_from_the_log(shop: Place) -> None:
    ana = shop.person("Ana")
    shop.person("Ben", "boss")
    mine = shop.make("customer", name="Mine to undo", by=shop.actor("Ana"))
    shop.make("customer", name="Not mine", by=shop.actor("Ben"))
    page = ana.open("/admin/changes?f.entity=customer")
    buttons = [e for e in page.find("form") if e["action"].startswith("/undo/")]
    assert len(buttons) == 1
    done = ana.fill(page, buttons[0]["action"])
    assert done.address == "/admin/changes"
    assert shop.read("customer", mine)["deleted_at"] is not None
    assert rows(ana.open("/admin/changes"))[0][1].startswith("took a change back")


# --- jobs -------------------------------------------------------------------------------------------


def broken(place: Place, by: Actor) -> dict[str, bool]:
    """A kind of job that fails until `mended`, and one such job."""
    state = {"mended": False}

    def work(context: Context) -> dict[str, int]:
        if not state["mended"]:
            raise Invalid(Problem("R111", "The third row is wrong.", "Mend it.", Where(path="rows[2].name")))
        return {"done": 1}

    place.runtime.jobs.register("breaking", work)
    place.runtime.jobs.start("breaking", {"entity": "customer"}, by, label="Fragile work")
    return state


def test_failed_jobs_stand_first_with_their_reason_and_are_tried_again_in_the_same_name(place: Place) -> None:
    ana = place.person("Ana")
    place.person("Ben", "boss")
    state = broken(place, place.actor("Ben"))
    place.runtime.jobs.register("easy", lambda context: {})
    place.runtime.jobs.start("easy", {}, place.actor("Ana"), label="Easy work")
    listed = rows(ana.open("/admin/jobs"))
    assert [row[0] for row in listed] == [
        "Fragile work: Customers The third row is wrong. Mend it.", "Easy work",
    ]  # fmt: skip
    assert listed[0][3] == "Ben"
    assert [row[0] for row in rows(ana.open("/admin/jobs?f.state=done"))] == ["Easy work"]
    href = ana.open("/admin/jobs").links()["Fragile work: Customers"]
    assert ["R111", "The third row is wrong. Mend it.", "rows[2].name"] in rows(ana.open(href))
    state["mended"] = True
    page = ana.press(f"{href}/retry", on=href)
    assert "Done" in page.text
    assert "Try again" not in page.text
    (job,) = place.runtime.jobs.page(place.actor("Ana"), State.DONE)[0][1:]
    assert (job.actor, job.attempt, job.result) == (place.actor("Ben").id, 2, {"done": 1})
    again = ana.send(f"{href}/retry", ana.open("/").form("/me/theme"))
    assert again.status == 409


def test_jobs_of_the_engine_are_called_in_the_language_of_whoever_looks(place: Place) -> None:
    ana, rui = place.person("Ana"), place.person("Rui", language="pt")
    place.runtime.jobs.start("purge_removed", {}, place.actor("Ana"))
    assert [row[0] for row in rows(ana.open("/admin/jobs"))] == ["Destroy what was removed long ago"]
    assert [row[0] for row in rows(rui.open("/admin/jobs"))] == ["Destruir o que foi removido há muito"]


def test_jobs_go_on_a_page_at_a_time_the_failed_before_the_others(place: Place) -> None:
    ana = place.person("Ana")
    broken(place, place.actor())
    place.runtime.jobs.register("easy", lambda context: {})
    for n in range(55):
        place.runtime.jobs.start("easy", {}, place.actor(), label=f"Work {n:02}")
    first = ana.open("/admin/jobs")
    second = ana.open(first.links()["Load more"])
    names = [row[0].split(":")[0] for row in (*rows(first), *rows(second))]
    assert names[0] == "Fragile work"
    assert sorted(names[1:]) == [f"Work {n:02}" for n in range(55)]
