"""The first run in a browser, and what the administrator finds afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ui.pages.conftest import PASSWORD, Person, Place, a_place, the_pack
from xrm.testing import a_pack, admin_actor, make_runtime

ANSWERS = {
    "organisation": "Iron & Oak",
    "name": "Ana Prates",
    "email": "ana@iron.example",
    "password": PASSWORD,
}


@pytest.fixture
def empty(database_url: str, tmp_path: Path) -> Iterator[Place]:
    """An installation that nobody can sign in to yet."""
    runtime = make_runtime(database_url, tmp_path)
    yield a_place(runtime)
    runtime.close()


def address(place: Place) -> str:
    return f"/setup?key={place.runtime.first_run.key}"


def set_up(place: Place, **answers: str | list[str]) -> Person:
    person = Person(place.app.test_client())
    came = person.fill(person.open(address(place)), "/setup", **{"packs": [], **ANSWERS, **answers})
    assert (came.status, came.address) == (200, "/"), came.text
    return person


def test_whoever_holds_the_key_sets_up_and_is_signed_in(empty: Place) -> None:
    ana = set_up(empty)
    assert ana.last is not None
    assert "Iron & Oak" in ana.last.text
    assert "First steps" in ana.last.text
    assert ana.open("/me").one("input", name="name")["value"] == "Ana Prates"


def test_a_stranger_is_led_to_the_first_run_and_told_where_the_key_is(empty: Place) -> None:
    stranger = Person(empty.app.test_client())
    led = stranger.open("/r/user")
    assert (led.address, led.status) == ("/setup", 403)
    assert "Open the address that xrm serve printed when it started." in led.text
    assert stranger.open("/setup?key=guessed").status == 403
    posted = stranger.send("/setup", {**ANSWERS, "key": "guessed"})
    assert posted.status == 403
    assert empty.runtime.first_run.is_open


def test_the_first_run_ends_when_somebody_can_sign_in(empty: Place) -> None:
    key = address(empty)
    set_up(empty)
    late = Person(empty.app.test_client())
    assert late.open(key).address == "/login"
    assert (
        late.send("/setup", {**ANSWERS, "key": key.partition("=")[2], "email": "eve@iron.example"}).address
        == "/login"
    )
    assert empty.runtime.directory.user("eve@iron.example") is None


def test_mistakes_are_told_at_their_fields_and_nothing_typed_is_lost(empty: Place) -> None:
    person = Person(empty.app.test_client())
    form = person.open(address(empty))
    came = person.fill(
        form,
        "/setup",
        **{**ANSWERS, "password": "short", "organisation": "", "packs": ["crm_core"], "language": "es"},
    )
    assert came.status == 422
    assert came.one("input", name="email")["value"] == "ana@iron.example"
    assert came.one("input", name="password")["value"] == ""
    assert "A password has 10 to 200 characters." in came.text
    assert "A name has 1 to 200 printable characters." in came.text
    chosen = {box["value"] for box in came.find("input", name="packs") if box.has("checked")}
    assert chosen == {"crm_core"}
    assert came.headers["Cache-Control"] == "no-store"


def test_a_chosen_pack_is_there_with_its_sample_data(empty: Place) -> None:
    ana = set_up(empty, packs=["crm_core"], demo="true")
    assert ana.last is not None
    assert "Sample data is being added; load the page again in a minute." in ana.last.text
    assert "of the 0" not in ana.open("/r/account").text
    page = ana.open("/admin/organisation")
    there = empty.runtime.sample.presence()
    assert there.there == there.brought > 300
    assert "Sample data was added" in page.text
    gone = ana.fill(page, "/admin/organisation/sample")
    assert "Sample data was removed" in gone.text
    assert empty.runtime.sample.presence().there == 0


def test_the_first_steps_are_for_administrators_and_can_be_hidden_and_shown(place: Place) -> None:
    ana = place.person("Ana")
    assert "First steps" not in ana.open("/").text
    shown = ana.fill(ana.open("/admin/organisation"), "/admin/organisation/guide")
    assert shown.address == "/"
    assert "First steps" in shown.text
    assert "First steps" not in place.person("Rui", "clerk").open("/").text
    hidden = ana.fill(shown, "/admin/organisation/guide")
    assert "First steps" not in hidden.text


def test_the_organisation_has_its_name_on_every_page_and_at_the_door(place: Place) -> None:
    ana = place.person("Ana")
    page = ana.open("/admin/organisation")
    refused = ana.fill(page, "/admin/organisation", organisation=" ")
    assert (refused.status, refused.one("input", name="organisation")["aria-invalid"]) == (422, "true")
    saved = ana.fill(page, "/admin/organisation", organisation="Elm & Ash")
    assert "Elm & Ash" in saved.text
    stranger, user = Person(place.app.test_client()), place.actor().id
    assert "Elm & Ash" in stranger.open("/login").text
    secret, _ = place.runtime.identity.password_links.create(place.actor(), user)
    assert "Elm & Ash" in stranger.open(f"/welcome/{secret}").text
    assert "Elm & Ash" in stranger.open("/welcome/guessed").text


@pytest.mark.parametrize("path", ["", "/sample", "/guide"])
def test_nobody_else_changes_the_organisation(place: Place, path: str) -> None:
    rui = place.person("Rui", "clerk")
    token = rui.open("/me").form("/me").without("name").pairs
    assert rui.open("/admin/organisation").status == 403
    assert rui.send(f"/admin/organisation{path}", token).status == 403
    assert place.runtime.current().organisation.name == ""


def test_a_pack_without_sample_data_says_so(place: Place) -> None:
    assert the_pack()
    page = place.person("Ana").open("/admin/organisation")
    assert "The installed packs bring no sample data." in page.text
    assert not page.find("form", action="/admin/organisation/sample")


def test_many_sample_records_are_looked_at_with_as_many_statements_as_few(
    tmp_path: Path, statements: Callable[[], int]
) -> None:
    few, many = (looked_at(tmp_path / str(count), count, statements) for count in (2, 40))
    assert few == many


def looked_at(folder: Path, count: int, statements: Callable[[], int]) -> int:
    """How many statements it takes to tell how much of this many sample records is there."""
    entity = "title: name\nfields: {name: {type: text}}\n"
    demo = [f"- {{ref: r{n}, entity: firm, values: {{name: Firm {n}}}}}" for n in range(count)]
    pack = a_pack("sales", {"seed/demo.yaml": "records:\n" + "\n".join(demo)}, firm=entity)
    folder.mkdir()
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [pack])
    runtime.sample.add(admin_actor(runtime))
    statements()
    assert runtime.sample.presence().there == count
    runtime.close()
    return statements()
