"""What no form of ours sends, but anybody may: it is refused in a sentence, on both databases, and changes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, a_place, the_pack

TEXT = "nonsense"


@pytest.fixture(scope="module")
def place(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One shop for all of them: what is refused leaves nothing behind."""
    runtime = make_runtime(shared_url, tmp_path_factory.mktemp("shop"), [the_pack()])
    yield a_place(runtime)
    runtime.close()


@pytest.fixture
def ana(place: Place) -> Person:
    place.app.testing = False
    return place.person("Ana")


@pytest.mark.parametrize("typed", [str(2**64), "-" + "9" * 30, "9" * 5000, "1e999"], ids=lambda t: t[:9])
def test_a_number_that_no_field_holds_is_not_set_on_many(place: Place, ana: Person, typed: str) -> None:
    order = place.make(
        "order",
        text="One",
        quantity=1,
        customer={"id": place.make("customer", name=f"Of order {typed[:20]}")},
    )
    got = ana.ask("/r/order/bulk", "bulk", action="set", field="quantity", quantity=typed, ids=order)
    assert got.status_code == 422
    assert place.read("order", order)["quantity"] == 1


@pytest.mark.parametrize("to", [TEXT, "customer/x", "0" * 36])
def test_a_link_from_the_far_side_leads_to_a_record_or_is_refused(place: Place, ana: Person, to: str) -> None:
    person = place.make("person", name="Far")
    new = f"/r/person/{person}/links/helps/new"
    got = ana.fill(ana.open(new), new, to=to, to__text=TEXT, to__shown=TEXT)
    assert got.status == 422, got.text
    assert place.runtime.current().queries.links(place.actor(), "person", UUID(person), "helps").data == []


@pytest.mark.parametrize("role", [TEXT, "0" * 36])
def test_a_role_that_is_not_offered_connects_nothing(place: Place, ana: Person, role: str) -> None:
    one, other = (place.make("customer", name=n) for n in (f"One {role}", f"Other {role}"))
    connect = f"/r/customer/{one}/connect"
    got = ana.fill(
        ana.open(connect), connect, role_a=role, record_b=f"customer/{other}", record_b__text="Other"
    )
    assert got.status == 422, got.text
    assert ana.open("/r/connection").column(0) == []


@pytest.mark.parametrize("told", ["s", 5, [1], None, True, {"a": [1]}], ids=str)
def test_digests_that_are_none_are_no_failure(place: Place, ana: Person, told: Any) -> None:
    customer = place.make("customer", name=f"Digested {told}", orders={"create": [{"text": "Row"}]})
    [row] = place.runtime.current().queries.links(place.actor(), "customer", UUID(customer), "orders").data
    edit = f"/r/customer/{customer}/edit"
    was = json.dumps(dict.fromkeys(("orders", "helpers", "name"), told))
    got = ana.fill(
        ana.open(edit), edit, was=was, version="0", orders__0__id=row["id"], orders__0__text="Other"
    )
    assert got.status in (200, 412, 422), got.text


def test_a_way_back_that_is_no_address_leads_to_the_list(place: Place, ana: Person) -> None:
    got = ana.fill(
        ana.open("/r/customer"), "/r/customer/views/first", to="/r/customer?f.name=a\r\nSet-Cookie: a=b"
    )
    assert (got.status, got.address) == (200, "/r/customer")


@pytest.mark.parametrize(
    "text", ["[" * 2800, "[1]", "[1, 2, 3, 4, 5]", "{}", "9" * 2800, "\ud800"], ids=lambda t: t[:5]
)
def test_a_cookie_that_says_nothing_of_ours_is_no_failure(ana: Person, text: str) -> None:
    kept = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    ana.client.set_cookie("xrm_said", kept)
    assert ana.open("/").status == 200


def test_people_are_not_found_by_a_character_that_no_name_has(place: Place, ana: Person) -> None:
    customer = place.make("customer", name="Talked about")
    got = ana.ask(f"/r/customer/{customer}/people?q=%00")
    assert (got.status_code, "Ana" in got.text) == (200, False)
