"""Conditions of a form whose answers a page asks for, and what it offers as the record is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.conditional import CLAIMS
from tests.support.installed import make_runtime
from tests.support.pages import posted
from tests.ui.pages.conftest import Person, Place, Sheet, a_place

SOME = {"name": "x", "kind": "product"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("claims")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [CLAIMS])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture(scope="module")
def clerk(office: Place) -> Person:
    return office.person("Cleo", "clerk")


def verdicts(person: Person, **typed: Any) -> dict[str, Any]:
    """How the server judges the form of a new claim with that in it."""
    answer = person.ask("/r/claim/conditions", **typed)
    assert answer.status_code == 200
    return answer.json


def offered(sheet: Sheet, name: str) -> list[str]:
    """The options that may be chosen."""
    radios = sheet.find("input", type="radio", name=name) + sheet.find("input", type="checkbox", name=name)
    return [e["value"] for e in radios if e["value"] and "disabled" not in e.attributes]


def test_conditions_on_related_records_are_judged_by_what_the_form_points_at(
    office: Place, clerk: Person
) -> None:
    here, there = (office.make("shop", name=c, country=c, rate=9) for c in ("PT", "FR"))
    assert verdicts(clerk, shop=here)["shown"]["g-travel"] is True
    assert verdicts(clerk, shop=here)["offered"]["pace"] == {"fast": True}
    assert verdicts(clerk, shop=there)["shown"]["g-travel"] is False
    assert verdicts(clerk, shop="")["offered"]["pace"] == {"fast": False}


def test_nothing_is_told_of_what_a_person_may_not_read(office: Place, clerk: Person) -> None:
    shop, hidden = (
        office.make("shop", name="a", country="PT", rate=9),
        office.make("shop", name="b", country="ES"),
    )
    assert "g-risk" not in verdicts(clerk, shop=shop)["shown"]
    assert verdicts(office.person(), shop=shop)["shown"]["g-risk"] is True
    told = verdicts(clerk, shop=hidden)
    assert "g-travel" not in told["shown"]
    assert "pace" not in told["offered"]
    nobody = verdicts(clerk, shop="019ecb27-0000-7000-8000-000000000000")
    assert nobody == told


@pytest.mark.parametrize(
    ("shows", "typed", "otherwise"),
    [
        ("fee", {"price__amount": "1.000,50", "price__currency": "EUR"}, {"price__amount": "100"}),
        ("long", {"took": "2 h 1 min"}, {"took": "2 h"}),
        ("early", {"at": "2026-05-16T00:30"}, {"at": "2026-05-15T23:30"}),
        ("kin", {"who__first": "Nora", "who__last": "Berg"}, {"who__first": "Berg"}),
        ("vat", {"place__country": "PT"}, {"place__city": "PT"}),
    ],
)
def test_controls_that_only_the_server_reads_decide(
    office: Place, shows: str, typed: dict[str, str], otherwise: dict[str, str]
) -> None:
    person = office.person("Paula", "clerk", language="pt")
    assert verdicts(person, **typed)["shown"][f"g-{shows}"] is True
    assert verdicts(person, **otherwise)["shown"][f"g-{shows}"] is False
    assert verdicts(person, name="x")["shown"][f"g-{shows}"] is False


def test_what_follows_from_what_is_typed_is_shown_and_decides(office: Place, clerk: Person) -> None:
    told = verdicts(clerk, price__amount="1,200.50", price__currency="EUR")
    assert "€2,401" in told["values"]["g-cost"]
    assert told["shown"]["g-dear"] is True
    assert verdicts(clerk, price__amount="100", price__currency="EUR")["shown"]["g-dear"] is False
    claim = office.make("claim", **SOME, price={"amount": "200", "currency": "EUR"}, dear="very")
    assert "€400" in clerk.open(f"/r/claim/{claim}/edit").text


def test_a_form_offers_what_may_be_chosen_as_the_record_is(office: Place, clerk: Person) -> None:
    shop = office.make("shop", name="a", country="PT")
    claim = office.make("claim", **SOME, remedy="repair", shop=shop)
    sheet = clerk.open(f"/r/claim/{claim}/edit")
    assert offered(sheet, "remedy") == ["repair", "refund"]
    assert offered(sheet, "pace") == ["slow", "fast"]
    kept = clerk.fill(sheet, f"/r/claim/{claim}/edit", kind="service", hours="2", remedy="refund")
    assert kept.status == 200
    assert offered(clerk.open(f"/r/claim/{claim}/edit"), "remedy") == ["refund", "training"]


def test_a_value_edited_where_it_is_read_offers_what_may_be_chosen(office: Place, clerk: Person) -> None:
    claim = office.make("claim", name="x", kind="service", hours=1)
    html = clerk.ask(f"/r/claim/{claim}/field/remedy", "editor").text
    assert 'value="training"' in html
    assert 'value="repair"' not in html


def test_a_step_offers_what_may_be_chosen_where_it_leads(office: Place, clerk: Person) -> None:
    claim = office.make("claim", **SOME)
    sheet = clerk.open(f"/r/claim/{claim}/steps/close")
    assert offered(sheet, "remedy") == ["repair", "refund"]


def test_a_card_moves_to_no_lane_that_its_record_may_not_have(office: Place, clerk: Person) -> None:
    claim = office.make("claim", **SOME)
    sheet = clerk.open(f"/r/claim/{claim}/move?view=ways")
    assert [e["value"] for e in sheet.find("button", name="lane")] == ["repair", "refund"]
    refused = clerk.fill(sheet, f"/r/claim/{claim}/move", lane="training")
    assert refused.status == 422
    assert "Remedy can not be Training" in refused.text


def test_a_page_shows_no_section_and_no_field_that_is_hidden_for_its_record(
    office: Place, clerk: Person
) -> None:
    shop, other = (office.make("shop", name=c, country=c) for c in ("PT", "FR"))
    claim = office.make("claim", **SOME, result="All well", serial="S-1", travel="By train", shop=shop)
    assert details(clerk.open(f"/r/claim/{claim}")) >= {"result", "serial", "travel"}
    person = office.person()
    form = person.open(f"/r/claim/{claim}/edit")
    chosen = {"shop": other, "shop__text": "FR", "shop__shown": "FR"}
    person.fill(form, f"/r/claim/{claim}/edit", kind="", **chosen)
    assert not details(clerk.open(f"/r/claim/{claim}")) & {"result", "serial", "travel"}


def details(sheet: Sheet) -> set[str]:
    """The names whose values a page shows."""
    return {e["id"].removeprefix("d-") for e in sheet.elements if e["id"].startswith("d-")}


def test_a_short_form_brings_what_waits_and_what_its_page_judges(office: Place, clerk: Person) -> None:
    html = clerk.ask("/r/claim/quick", "quick").text
    told = json.loads(re.search(r'data-conditions="([^"]*)"', html)[1].replace("&#34;", '"'))
    assert (told["prefix"], told["kinds"]) == ("quick.", {"kind": "select"})
    assert [one["of"] for one in told["shown"]] == ["g-serial", "s-end"]
    assert [one["of"] for one in told["needed"]] == ["g-hours"]
    assert told["ask"]["values"] == [{"of": "g-cost"}]
    refused = clerk.ask("/r/claim/quick", "quick", **{"quick.name": "x", "quick.kind": "service"})
    assert refused.status_code == 422
    assert "Hours" in refused.text


def ahead(person: Person, claim: str, name: str, **typed: str) -> str:
    """What the editor of a value tells before it is saved."""
    told = person.ask(f"/r/claim/{claim}/ahead/{name}", "ahead", **typed)
    assert told.status_code == 200, told.text
    return re.sub(r"\s+", " ", told.text)


def test_a_value_edited_where_it_is_read_tells_what_follows_from_it(office: Place, clerk: Person) -> None:
    claim = office.make("claim", **SOME, serial="S-1", remedy="repair")
    told = ahead(clerk, claim, "kind", kind="service")
    assert "Serial is not shown then and stays as it is." in told
    assert "Remedy can not be Repair then." in told
    assert 'name="hours"' in told
    assert office.read("claim", claim)["kind"] == "product"
    assert "€200" in ahead(clerk, claim, "price", price__amount="100", price__currency="EUR")
    assert "data-ahead" not in clerk.ask(f"/r/claim/{claim}/field/name", "editor").text


def test_what_is_needed_then_is_saved_with_the_value(office: Place, clerk: Person) -> None:
    claim = office.make("claim", **SOME)
    address = f"/r/claim/{claim}/field/kind"
    form = dict(posted(clerk.ask(address, "editor").text).pairs)
    assert clerk.ask(address, "value", **{**form, "kind": "service"}).status_code == 422
    kept = clerk.ask(address, "value", **{**form, "kind": "service", "hours": "3", "name": "no"})
    assert kept.status_code == 200
    stored = office.read("claim", claim)
    assert (stored["kind"], stored["hours"], stored["name"]) == ("service", 3, "x")


def test_a_value_that_is_hidden_for_its_record_is_not_edited_alone(office: Place, clerk: Person) -> None:
    claim = office.make("claim", name="x", kind="service", hours=1)
    refused = clerk.ask(f"/r/claim/{claim}/field/serial", "editor")
    assert (refused.status_code, refused.text) == (403, "It has no place here, as the other values are.")


def test_a_change_of_many_says_what_cannot_be_known_and_then_tells_it_of_each_record(
    office: Place, clerk: Person
) -> None:
    form = clerk.ask("/r/claim/bulk?action=set&field=remedy", "bulk").text
    assert "Whether this value fits depends on each record" in form
    assert "depends on each record" not in clerk.ask("/r/claim/bulk?action=set&field=name", "bulk").text
    assert "Other values follow from it" in clerk.ask("/r/claim/bulk?action=set&field=kind", "bulk").text
    wrong = [office.make("claim", name=f"w{n}", kind="service", hours=1) for n in range(5)]
    right = office.make("claim", **SOME)
    said = {"action": "set", "field": "remedy", "remedy": "repair", "ids": ",".join([*wrong, right])}
    told = clerk.ask("/r/claim/bulk", "bulk", **said).text
    assert "1 record would change" in told
    assert "Remedy can not be Repair" in told
    assert all(f'href="/r/claim/{claim}"' in told for claim in wrong)
    assert "2 more" in told


def test_a_short_form_links_what_it_is_warned_of_and_makes_it_anyway(office: Place, clerk: Person) -> None:
    twin = office.make("seller", name="Nora Berg")
    typed = {"quick.name": "Nora Berg"}
    warned = clerk.ask("/r/seller/quick", "quick", **typed)
    assert warned.status_code == 409
    assert f'href="/r/seller/{twin}"' in warned.text
    assert "Create anyway" in warned.text
    made = clerk.ask("/r/seller/quick", "quick", **typed, duplicates="accept")
    assert (made.status_code, 'data-id="' in made.text) == (200, True)
