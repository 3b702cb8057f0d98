"""What a condition forbids is written by no door: each is tried with each condition, and the record stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.caller import Caller
from tests.support.conditional import CLAIMS
from tests.support.installed import make_runtime
from tests.support.pages import posted
from tests.ui.pages.conftest import Person, Place, a_place

Values = Mapping[str, Any]
NUMBERS = count()
SERVICE = {"kind": "service", "hours": 1}


@dataclass(frozen=True)
class Attack:
    """What a record is, what somebody tries to make of it, and the code by which that is refused."""

    before: Values
    given: Values
    code: str
    is_new_too: bool = True


CLAIM = {
    "hidden": Attack(SERVICE, {"serial": "S-1"}, "R154"),
    "hidden by another record": Attack({"shop": "@Paris"}, {"travel": "by train"}, "R154"),
    "hidden by an amount": Attack({"price": "50"}, {"fee": "some"}, "R154"),
    "needed": Attack({"kind": "product"}, {"kind": "service"}, "R130"),
    "closed": Attack({**SERVICE, "code": "a"}, {"code": "b"}, "R132", is_new_too=False),
    "option": Attack(SERVICE, {"remedy": "repair"}, "R174"),
    "one of several options": Attack(SERVICE, {"extras": ["gift"]}, "R174"),
    "option by another record": Attack({"shop": "@Paris"}, {"pace": "fast"}, "R174"),
    "what decides over an option": Attack(
        {"kind": "product", "remedy": "repair"}, {"kind": None}, "R174", is_new_too=False
    ),
    "filter": Attack({"shop": "@Paris"}, {"seller": "@Porto's"}, "R152"),
}
PART = {
    "hidden": Attack({"kind": "small"}, {"size": 3}, "R154"),
    "needed": Attack({"kind": "small"}, {"kind": "big"}, "R130"),
    "closed": Attack({"kind": "small", "code": "a"}, {"code": "b"}, "R132", is_new_too=False),
    "option": Attack({"kind": "small"}, {"shade": "dark"}, "R174"),
}


@dataclass
class Office:
    """An installation with a person at a browser and a program at the API, both with every right on claims."""

    place: Place
    person: Person
    call: Caller
    known: dict[str, str] = field(default_factory=dict)

    def meant(self, values: Values) -> dict[str, Any]:
        """The values with the records that they name."""
        return {name: self.known.get(str(value), value) for name, value in values.items()}

    def made(self, attack: Attack) -> str:
        """A claim as it is before the attack."""
        return self.place.make("claim", **self.named(attack.before))

    def named(self, values: Values) -> dict[str, Any]:
        """The values of a claim of its own."""
        return {"name": "x", "number": f"N-{next(NUMBERS)}", **self.meant(values)}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)])
def module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database; rules are asked in Python, so that one system does for every run."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'xrm.db'}"
        return
    cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(scope="module")
def office(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("claims"), [CLAIMS])
    place = a_place(runtime)
    person = place.person("Ana")
    token = runtime.identity.create_token(place.actor(), "test")
    made = Office(place, person, Caller(place.app, {"Authorization": f"Bearer {token}"}))
    for name, country in (("Paris", "FR"), ("Porto", "PT")):
        made.known[f"@{name}"] = place.make("shop", name=name, country=country)
    made.known["@Porto's"] = place.make("seller", name="Porto's", shop=made.known["@Porto"])
    yield made
    runtime.close()


def codes(answer: TestResponse) -> list[str]:
    return [error["code"] for error in (answer.get_json() or {}).get("errors", ())]


# --- doors: each gives the codes that it answers with, or None where it says so in words --------------------


def post(office: Office, attack: Attack) -> list[str]:
    return codes(office.call("POST", "/records/claim", json=office.named({**attack.before, **attack.given})))


def put_new(office: Office, attack: Attack) -> list[str]:
    values = office.named({**attack.before, **attack.given})
    return codes(office.call("PUT", "/records/claim?by=number", json=values))


def batch_new(office: Office, attack: Attack) -> list[str]:
    values = office.named({**attack.before, **attack.given})
    return codes(office.call("POST", "/batch", json={"commands": [{"create": "claim", "values": values}]}))


def bring(office: Office, attack: Attack) -> None:
    values = {"name": "x", **attack.before, **attack.given}
    told = {n: ";".join(v) if isinstance(v, list) else str(v).removeprefix("@") for n, v in values.items()}
    text = f"{','.join(told)}\n{','.join(told.values())}\n"
    job = office.call("POST", "/imports?entity=claim", data=text, headers={"Content-Type": "text/csv"}).json
    assert (job["result"]["created"], job["result"]["failed"]) == (0, 1), job


def new_form(office: Office, attack: Attack) -> None:
    before = claims(office)
    sheet = office.person.open("/r/claim/new")
    made = office.person.fill(
        sheet, "/r/claim/new", **typed(office, {"name": "x", **attack.before, **attack.given})
    )
    names = [name for name in attack.given if name != "kind"]
    fresh = [office.place.read("claim", id_) for id_ in claims(office) - before]
    assert made.status == 422 or all(claim[name] in (None, []) for claim in fresh for name in names)


def claims(office: Office) -> set[str]:
    data = office.call("GET", "/records/claim?limit=200&fields=id").json["data"]
    return {row["id"] for row in data}


NEW = {"POST": post, "PUT": put_new, "batch": batch_new, "import": bring, "form": new_form}


def patch(office: Office, attack: Attack, claim: str) -> list[str]:
    return codes(office.call("PATCH", f"/records/claim/{claim}", json=office.meant(attack.given)))


def put(office: Office, attack: Attack, claim: str) -> list[str]:
    values = {"number": office.place.read("claim", claim)["number"], **office.meant(attack.given)}
    return codes(office.call("PUT", "/records/claim?by=number", json=values))


def batch(office: Office, attack: Attack, claim: str) -> list[str]:
    command = {"update": "claim", "id": claim, "values": office.meant(attack.given)}
    return codes(office.call("POST", "/batch", json={"commands": [command]}))


def step(office: Office, attack: Attack, claim: str) -> list[str]:
    values = office.meant({"remedy": "refund", **attack.given})
    if attack.before.get("remedy") == "repair":
        del values["remedy"]
    return codes(office.call("POST", f"/records/claim/{claim}/transitions/close", json={"values": values}))


def cell(office: Office, attack: Attack, claim: str) -> None:
    [name] = attack.given
    answer = office.person.ask(f"/r/claim/{claim}/field/{name}", "value", **typed(office, attack.given))
    assert answer.status_code in (403, 404, 422), answer.text


def bulk(office: Office, attack: Attack, claim: str) -> None:
    [name] = attack.given
    said = {"action": "set", "field": name, "ids": claim, **typed(office, attack.given)}
    tried = office.person.ask("/r/claim/bulk", "bulk", **said)
    confirm = dict(posted(tried.text).pairs).get("confirm", "")
    office.person.ask("/r/claim/bulk", "bulk", **said, confirm=confirm)


def form(office: Office, attack: Attack, claim: str) -> None:
    address = f"/r/claim/{claim}/edit"
    office.person.fill(office.person.open(address), address, **typed(office, attack.given))


def step_form(office: Office, attack: Attack, claim: str) -> None:
    address = f"/r/claim/{claim}/steps/close"
    office.person.fill(
        office.person.open(address), address, **typed(office, {"remedy": "refund", **attack.given})
    )


def typed(office: Office, values: Values) -> dict[str, Any]:
    """The values as forms post them."""
    found: dict[str, Any] = {}
    for name, value in office.meant(values).items():
        key = f"{name}__amount" if name == "price" else name
        found[key] = value if isinstance(value, list) else "" if value is None else str(value)
        if name in ("shop", "seller"):
            found |= {f"{name}__text": "chosen", f"{name}__shown": "chosen"}
    return found


STORED = {
    "PATCH": patch, "PUT": put, "batch": batch, "transition": step, "inline edit": cell, "bulk edit": bulk,
    "form": form, "form of a step": step_form,
}  # fmt: skip


@pytest.mark.parametrize("door", NEW)
@pytest.mark.parametrize("name", [name for name, attack in CLAIM.items() if attack.is_new_too])
def test_no_record_is_made_that_a_condition_forbids(office: Office, name: str, door: str) -> None:
    attack = CLAIM[name]
    found = NEW[door](office, attack)
    assert found is None or found == [attack.code]


@pytest.mark.parametrize("door", STORED)
@pytest.mark.parametrize("name", CLAIM)
def test_no_door_changes_a_record_to_what_a_condition_forbids(office: Office, name: str, door: str) -> None:
    attack = CLAIM[name]
    claim = office.made(attack)
    before = office.place.read("claim", claim)
    found = STORED[door](office, attack, claim)
    assert found is None or found == [attack.code]
    after = office.place.read("claim", claim)
    assert {n: after[n] for n in attack.given} == {n: before[n] for n in attack.given}
    if attack.given.keys().isdisjoint({"kind"}):
        assert after["kind"] == before["kind"]


NESTED: dict[str, Callable[[Office, Values, Values], TestResponse]] = {
    "create": lambda office, before, given: office.call(
        "POST", "/records/claim", json=office.named({"parts": {"create": [{"name": "p", **before, **given}]}})
    ),
    "add": lambda office, before, given: office.call(
        "PATCH",
        f"/records/claim/{office.place.make('claim', name='x')}",
        json={"parts": {"create": [{"name": "p", **before, **given}]}},
    ),
}


@pytest.mark.parametrize("door", NESTED)
@pytest.mark.parametrize("name", [name for name, attack in PART.items() if attack.is_new_too])
def test_no_child_is_made_that_a_condition_forbids(office: Office, name: str, door: str) -> None:
    attack = PART[name]
    assert codes(NESTED[door](office, attack.before, attack.given)) == [attack.code]


@pytest.mark.parametrize("door", ["nested", "rows"])
@pytest.mark.parametrize("name", PART)
def test_no_child_becomes_what_a_condition_forbids(office: Office, name: str, door: str) -> None:
    attack = PART[name]
    claim = office.place.make("claim", name="x", parts={"create": [{"name": "p", **attack.before}]})
    [part] = office.call("GET", f"/records/claim/{claim}/links/parts").json["data"]
    if door == "nested":
        values = {"parts": {"update": [{"id": part["id"], **attack.given}]}}
        assert codes(office.call("PATCH", f"/records/claim/{claim}", json=values)) == [attack.code]
    else:
        rows = {f"parts__0__{n}": str(value) for n, value in attack.given.items()}
        address = f"/r/claim/{claim}/edit"
        assert office.person.fill(office.person.open(address), address, **rows).status == 422
    after = office.place.read("part", part["id"])
    assert {n: after[n] for n in attack.given} == {n: attack.before.get(n) for n in attack.given}


# --- what was there comes back by no way --------------------------------------------------------------------

FORMER = {
    "hidden": ("serial", "S-1"),
    "option": ("remedy", "repair"),
    "one of several options": ("extras", ["gift"]),
}


@pytest.mark.parametrize("name", FORMER)
def test_undoing_brings_nothing_back_that_has_no_place_any_more(office: Office, name: str) -> None:
    field_, value = FORMER[name]
    claim = office.place.make("claim", office.place.actor(), name="x", kind="product", **{field_: value})
    office.call("PATCH", f"/records/claim/{claim}", json={field_: None})
    undo = office.call("GET", f"/records/claim/{claim}/history").json["data"][0]["position"]
    office.call("PATCH", f"/records/claim/{claim}", json=SERVICE)
    refused = office.call("POST", f"/changes/{undo}/undo")
    assert refused.status_code in (409, 422), refused.text
    assert office.place.read("claim", claim)[field_] in (None, [])


def test_what_comes_back_from_the_trash_is_judged_when_it_is_changed(office: Office) -> None:
    claim = office.place.make("claim", name="x", kind="product", remedy="repair")
    office.call("DELETE", f"/records/claim/{claim}")
    assert office.call("PATCH", f"/records/claim/{claim}", json=SERVICE).status_code == 409
    assert office.call("POST", f"/records/claim/{claim}/restore", json={}).status_code == 200
    assert codes(office.call("PATCH", f"/records/claim/{claim}", json=SERVICE)) == ["R174"]


@pytest.mark.parametrize("door", ["POST", "import", "form"])
def test_what_is_hidden_begins_with_nothing(office: Office, door: str) -> None:
    before = claims(office)
    if door == "POST":
        office.call("POST", "/records/claim", json={"name": "x", **SERVICE})
    elif door == "import":
        text = "name,kind,hours\nx,service,1\n"
        office.call("POST", "/imports?entity=claim", data=text, headers={"Content-Type": "text/csv"})
    else:
        sheet = office.person.open("/r/claim/new")
        office.person.fill(sheet, "/r/claim/new", name="x", kind="service", hours="1")
    [claim] = claims(office) - before
    assert office.place.read("claim", claim)["begun"] is None


def test_the_form_writes_nothing_of_a_section_that_is_hidden(office: Office) -> None:
    claim = office.place.make("claim", name="x", **SERVICE)
    address = f"/r/claim/{claim}/edit"
    office.person.fill(office.person.open(address), address, result="Done", name="y")
    stored = office.place.read("claim", claim)
    assert (stored["name"], stored["result"]) == ("y", None)


def test_the_api_says_where_an_option_may_be_chosen(office: Office) -> None:
    told = office.call("GET", "/metadata/entities/claim").json
    fields = {
        each["name"]: {o["key"]: o.get("when", "-") for o in each["options"]} for each in told["fields"]
    }
    assert fields["remedy"] == {
        "repair": 'kind == "product"', "refund": "-", "training": 'kind == "service"',
    }  # fmt: skip
    assert fields["pace"] == {"slow": "-", "fast": None}  # it looks at another record
    document = office.call("GET", "/openapi.json").text
    assert '"x-options-when"' in document
