"""Forms without scripts: what they ask, what they write, and what they keep when they are refused."""

from __future__ import annotations

import io

import pytest

from tests.ui.pages.conftest import Person, Place, Sheet


@pytest.fixture
def ana(shop: Place) -> Person:
    return shop.person("Ana")


def summary(sheet: Sheet) -> dict[str, str]:
    """The lines of the summary with the inputs that they lead to."""
    (box,) = sheet.find("div", id="summary")
    return {e.text: e["href"] for e in sheet.find("a") if box in e.around}


def test_a_record_is_made_from_what_was_typed(shop: Place, ana: Person) -> None:
    shown = ana.fill(
        ana.open("/r/customer/new"), "/r/customer/new",
        name="Northwind", email="hello@northwind.example", tier="gold", since="2026-02-01", budget__amount="1200.50",
        budget__currency="EUR", marks=["early", "far"], loud="true",
    )  # fmt: skip
    assert shown.address.startswith("/r/customer/")
    for said in ("Northwind", "Gold", "€1,200.50", "Early", "Far"):
        assert said in shown.text
    stored = shop.read("customer", shown.address.rpartition("/")[2])
    assert stored["budget"] == {"amount": "1200.50", "currency": "EUR"}
    assert (stored["tier"], stored["loud"], stored["owner"]["title"]) == ("gold", True, "Ana")


def test_the_page_after_creating_says_so_once(ana: Person) -> None:
    shown = ana.fill(ana.open("/r/person/new"), "/r/person/new", name="Once")
    assert "Person created" in shown.text
    assert "Person created" not in ana.open(shown.address).text


def test_create_and_start_another_comes_back_to_an_empty_form(ana: Person) -> None:
    again = ana.fill(ana.open("/r/person/new"), "/r/person/new", name="First", then="new")
    assert again.address == "/r/person/new"
    assert again.one("input", id="f-name")["value"] == ""


def test_every_problem_is_in_the_summary_and_at_its_input_and_nothing_typed_is_lost(ana: Person) -> None:
    refused = ana.fill(
        ana.open("/r/customer/new"),
        "/r/customer/new",
        email="not an address",
        since="soon",
        weight="heavy",
        loud="true",
    )
    assert refused.status == 422
    assert refused.one("title").text.startswith("Error")
    assert set(summary(refused).values()) == {"#f-name", "#f-email", "#f-since", "#f-weight"}
    for href in summary(refused).values():
        target = next(e for e in refused.elements if e["id"] == href[1:])
        assert target["aria-invalid"] == "true"
        assert any(
            e["id"] in target["aria-describedby"].split() and e.text
            for e in refused.find("p", class_="error")
        )
    assert refused.one("input", id="f-email")["value"] == "not an address"
    assert refused.one("input", id="f-weight")["value"] == "heavy"


def test_a_rule_is_said_at_its_field(ana: Person) -> None:
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Heavy", weight="101")
    assert refused.status == 422
    assert any(
        "No customer weighs more than 100." in text and href == "#f-weight"
        for text, href in summary(refused).items()
    )


def test_a_clash_of_names_is_a_conflict_said_on_the_form(shop: Place, ana: Person) -> None:
    shop.make("customer", name="Twice")
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Twice", email="a@b.example")
    assert refused.status == 409
    assert "There is a customer of this name." in refused.text
    assert refused.one("input", id="f-email")["value"] == "a@b.example"


def test_a_form_refused_and_mended_writes_once(shop: Place, ana: Person) -> None:
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Mended", weight="300")
    shown = ana.fill(refused, "/r/customer/new", weight="30")
    assert shown.status == 200
    assert len(ana.open("/r/customer?search=mended").column(0)) == 1
    assert shop.read("customer", shown.address.rpartition("/")[2])["weight"] == "30.00"


def test_a_lookup_is_chosen_by_typing_the_title(shop: Place, ana: Person) -> None:
    shop.make("person", name="Bela Costa")
    shown = ana.fill(
        ana.open("/r/customer/new"), "/r/customer/new", name="With Bela", contact__text="bela costa"
    )
    assert shop.read("customer", shown.address.rpartition("/")[2])["contact"]["title"] == "Bela Costa"


def test_a_title_that_names_nobody_is_refused_and_kept(ana: Person) -> None:
    refused = ana.fill(
        ana.open("/r/customer/new"), "/r/customer/new", name="Lost", contact__text="Nobody At All"
    )
    assert refused.status == 422
    assert "No record is called “Nobody At All”. Choose one from the list." in refused.text
    assert refused.one("input", id="f-contact")["value"] == "Nobody At All"


def test_a_title_that_names_nobody_is_refused_however_often_the_form_is_sent(
    shop: Place, ana: Person
) -> None:
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Never", contact__text="Nobody")
    for typed in ({}, {"weight": "heavy"}, {"weight": "3"}):
        refused = ana.fill(refused, "/r/customer/new", **typed)
        assert refused.status == 422
        told = "Contact: No record is called “Nobody”. Choose one from the list."
        assert summary(refused)[told] == "#f-contact"
        assert refused.one("input", id="f-contact")["value"] == "Nobody"
    assert ana.fill(refused, "/r/customer/new", contact__text="").status == 200


def test_the_summary_follows_the_form_and_names_every_field(ana: Person) -> None:
    refused = ana.fill(
        ana.open("/r/customer/new"), "/r/customer/new",
        name="", email="nonsense", weight="heavy", contact__text="Nobody", orders__0__quantity="3",
    )  # fmt: skip
    assert [(href, line.partition(" ")[0]) for line, href in summary(refused).items()] == [
        ("#f-name", "Name"), ("#f-email", "E-mail"), ("#f-contact", "Contact:"), ("#f-weight", "Weight"),
        ("#f-orders-0-text", "Orders:"),
    ]  # fmt: skip


def test_a_title_that_names_nobody_never_empties_what_is_stored(shop: Place, ana: Person) -> None:
    bela = shop.make("person", name="Bela Kept")
    for contact in (bela, None):
        id_ = shop.make("customer", name=f"Keeps {contact}", contact=contact)
        edit = f"/r/customer/{id_}/edit"
        refused = ana.fill(ana.open(edit), edit, contact__text="Nobody")
        for _ in range(2):
            refused = ana.fill(refused, edit)
            assert refused.status == 422
            assert "No record is called “Nobody”." in refused.text
        assert (shop.read("customer", id_)["contact"] or {}).get("id") == contact
    assert ana.fill(refused, edit, contact__text="").status == 200


def test_a_title_that_names_nobody_is_told_with_everything_else(ana: Person) -> None:
    refused = ana.fill(
        ana.open("/r/customer/new"), "/r/customer/new",
        email="not an address", weight="heavy", contact__text="Nobody", orders__0__text="Pens",
        orders__0__quantity="many", orders__0__taker__text="Noone",
    )  # fmt: skip
    assert refused.status == 422
    told = list(summary(refused).values())
    assert {"#f-name", "#f-email", "#f-weight", "#f-contact", "#f-orders-0-taker"} <= set(told)
    assert len(told) == len(set(told))


def test_a_title_that_two_records_have_is_not_guessed(shop: Place, ana: Person) -> None:
    shop.make("person", name="Sam Twin")
    shop.make("person", name="Sam Twin")
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Twin", contact__text="Sam Twin")
    assert "Several records are called “Sam Twin”." in refused.text


def test_the_search_page_of_a_lookup_gives_what_can_be_typed(shop: Place, ana: Person) -> None:
    id_ = shop.make("person", name="Zora Dias")
    form = ana.open("/r/customer/new")
    way = next(e["href"] for e in form.find("a") if "lookup/contact" in e["href"])
    found = ana.open(f"{way}&q=zora")
    assert id_ in found.text
    shown = ana.fill(form, "/r/customer/new", name="By id", contact__text=id_)
    assert shop.read("customer", shown.address.rpartition("/")[2])["contact"]["id"] == id_


def test_offers_of_a_lookup_are_eight_at_most_and_come_as_a_fragment(shop: Place, ana: Person) -> None:
    for n in range(10):
        shop.make("person", name=f"Offer {n}")
    offers = ana.open("/r/customer/lookup/contact?q=offer", HX_Request="true")
    assert len(offers.find("div", role="option")) == 8
    assert offers.headers["Cache-Control"] == "no-store"
    assert ana.open("/r/customer/lookup/contact?q=zzz").text == "No record matches."


def test_a_lookup_offers_what_its_filter_admits_for_the_values_of_the_form(shop: Place, ana: Person) -> None:
    ours, theirs = shop.make("customer", name="Asks us"), shop.make("customer", name="Asks them")
    shop.make("person", name="Nia Ours", works_at=ours)
    shop.make("person", name="Nia Theirs", works_at=theirs)

    def offered(tail: str) -> list[str]:
        found = ana.open(f"/r/ticket/lookup/asker?q=nia{tail}", HX_Request="true")
        return [e["data-title"] for e in found.find("div", role="option")]

    assert offered(f"&v.customer={ours}") == ["Nia Ours"]
    assert offered(f"&v.customer={theirs}&v.customer.text=x&v.customer.shown=x") == ["Nia Theirs"]
    assert offered("&v.customer=") == []
    assert offered("") == ["Nia Ours", "Nia Theirs"]
    ticket = shop.make("ticket", subject="Which of them", customer=ours)
    assert offered(f"&v.id={ticket}") == ["Nia Ours"]


def test_without_scripts_the_way_to_the_records_carries_what_the_form_shows(shop: Place, ana: Person) -> None:
    ours, theirs = shop.make("customer", name="Way ours"), shop.make("customer", name="Way theirs")
    shop.make("person", name="Ola Ours", works_at=ours)
    shop.make("person", name="Ola Theirs", works_at=theirs)
    form = ana.open(f"/r/ticket/new?customer={ours}")
    found = ana.open(next(e["href"] for e in form.find("a") if "lookup/asker" in e["href"]))
    assert "Ola Ours" in found.text
    assert "Ola Theirs" not in found.text
    again = ana.open(f"{found.address}&q=ola")
    assert "Ola Theirs" not in again.text
    refused = ana.fill(form, "/r/ticket/new", subject="Wrong one", asker__text="Ola Theirs")
    assert "No record is called “Ola Theirs”." in refused.text
    kept = ana.fill(form, "/r/ticket/new", subject="Right one", asker__text="Ola Ours")
    assert shop.read("ticket", kept.address.rpartition("/")[2])["asker"]["title"] == "Ola Ours"


def test_the_address_prefills_the_form(shop: Place, ana: Person) -> None:
    id_ = shop.make("customer", name="Prefilled parent")
    form = ana.open(f"/r/customer/new?parent={id_}&tier=gold&since=2026-03-04")
    assert form.one("input", id="f-parent")["value"] == "Prefilled parent"
    assert form.form("/r/customer/new").getlist("parent") == [id_]
    assert form.form("/r/customer/new").getlist("tier") == ["gold"]
    shown = ana.fill(form, "/r/customer/new", name="Prefilled child")
    assert shop.read("customer", shown.address.rpartition("/")[2])["parent"]["id"] == id_


def test_what_shows_only_for_some_values_comes_with_the_refusal_that_needs_it(
    shop: Place, ana: Person
) -> None:
    form = ana.open("/r/customer/new")
    assert "hidden" in form.one("div", id="g-why_lost").attributes
    refused = ana.fill(form, "/r/customer/new", name="Old one", tier="old")
    assert (refused.status, summary(refused)) == (422, {next(iter(summary(refused))): "#f-why_lost"})
    shown = ana.fill(refused, "/r/customer/new", why_lost="Moved away")
    assert shop.read("customer", shown.address.rpartition("/")[2])["why_lost"] == "Moved away"


def test_what_is_hidden_for_what_was_chosen_is_not_written(shop: Place, ana: Person) -> None:
    refused = ana.fill(ana.open("/r/customer/new"), "/r/customer/new", name="Not so old", tier="old")
    shown = ana.fill(refused, "/r/customer/new", tier="gold", why_lost="Typed before")
    assert shop.read("customer", shown.address.rpartition("/")[2])["why_lost"] is None


def test_only_what_changed_is_written(shop: Place, ana: Person) -> None:
    id_ = shop.make(
        "customer",
        name="Steady",
        weight="2.50",
        budget={"amount": "5", "currency": "EUR"},
        marks=["loyal", "early"],
    )
    shown = ana.fill(
        ana.open(f"/r/customer/{id_}/edit"), f"/r/customer/{id_}/edit", email="now@steady.example"
    )
    assert shown.status == 200
    history = ana.open(f"/r/customer/{id_}/history")
    changed = [e.text.strip() for e in history.find("th", scope="row")]
    assert changed[0] == "E-mail"
    assert changed.count("Weight") == 1
    assert shop.read("customer", id_)["version"] == 2


def test_saving_without_a_change_writes_nothing(shop: Place, ana: Person) -> None:
    id_ = shop.make(
        "customer", name="Untouched", since="2026-01-01", budget={"amount": "7.00", "currency": "EUR"}
    )
    shown = ana.fill(ana.open(f"/r/customer/{id_}/edit"), f"/r/customer/{id_}/edit")
    assert "Nothing was changed" in shown.text
    assert shop.read("customer", id_)["version"] == 1


def test_a_value_is_emptied_by_emptying_its_input(shop: Place, ana: Person) -> None:
    parent = shop.make("customer", name="Emptied parent")
    id_ = shop.make("customer", name="Emptied", since="2026-01-01", parent=parent, marks=["far"])
    ana.fill(
        ana.open(f"/r/customer/{id_}/edit"), f"/r/customer/{id_}/edit", since="", parent__text="", marks=[""]
    )
    stored = shop.read("customer", id_)
    assert (stored["since"], stored["parent"], stored["marks"]) == (None, None, None)


def test_rows_are_added_changed_and_removed_with_the_record(shop: Place, ana: Person) -> None:
    id_ = shop.make(
        "customer",
        name="Rows",
        orders={"create": [{"text": "Pens", "quantity": 2}, {"text": "Ink", "quantity": 1}]},
    )
    edit = f"/r/customer/{id_}/edit"
    form = ana.open(edit)
    texts = [form.one("input", id=f"f-orders-{n}-text")["value"] for n in (0, 1)]
    assert sorted(texts) == ["Ink", "Pens"]
    pens, ink = texts.index("Pens"), texts.index("Ink")
    shown = ana.fill(
        form,
        edit,
        **{
            f"orders__{pens}__quantity": "9",
            f"orders__{ink}__delete": "true",
            "orders__2__text": "Paper",
            "orders__2__quantity": "3",
        },
    )
    assert shown.status == 200
    after = ana.open(edit)
    rows = {
        after.one("input", id=f"f-orders-{n}-text")["value"]: after.one("input", id=f"f-orders-{n}-quantity")[
            "value"
        ]
        for n in (0, 1)
    }
    assert rows == {"Pens": "9", "Paper": "3"}


@pytest.mark.parametrize(
    ("typed", "cell"),
    [
        ({"orders__0__quantity": "none"}, "orders-0-quantity"),
        ({"orders__0__quantity": "0"}, "orders-0-quantity"),
        ({"orders__2__quantity": "4"}, "orders-2-text"),
        (
            {"orders__1__text": "Ink", "orders__2__text": "Pins", "orders__2__quantity": "-1"},
            "orders-2-quantity",
        ),
        ({"orders__1__text": "Ink", "orders__1__taker__text": "Nobody"}, "orders-1-taker"),
    ],
)
def test_a_problem_in_a_row_is_said_at_its_cell(
    shop: Place, ana: Person, typed: dict[str, str], cell: str
) -> None:
    id_ = shop.make(
        "customer",
        name=f"Rows {cell} {len(typed)} {sorted(typed.values())}",
        orders={"create": [{"text": "Pens", "quantity": 2}]},
    )
    edit = f"/r/customer/{id_}/edit"
    refused = ana.fill(ana.open(edit), edit, **typed)
    assert refused.status == 422
    assert list(summary(refused).values()) == [f"#f-{cell}"]
    assert refused.one("input", id=f"f-{cell}")["aria-invalid"] == "true"
    for name, value in typed.items():
        assert refused.one("input", name=name.replace("__", "."))["value"] == value


def test_links_with_attributes_are_rows_of_the_form(shop: Place, ana: Person) -> None:
    helper = shop.make("person", name="Lia Helper")
    shown = ana.fill(
        ana.open("/r/customer/new"),
        "/r/customer/new",
        name="Helped",
        helpers__0__to__text="Lia Helper",
        helpers__0__task="Books",
    )
    id_ = shown.address.rpartition("/")[2]
    form = ana.open(f"/r/customer/{id_}/edit")
    assert form.one("input", id="f-helpers-0-task")["value"] == "Books"
    ana.fill(form, f"/r/customer/{id_}/edit", helpers__0__task="Garden")
    assert "Garden" in ana.open(f"/r/customer/{id_}").text
    assert "Helped" in ana.open(f"/r/person/{helper}").text


def test_a_file_is_kept_shown_and_given_back(shop: Place, ana: Person) -> None:
    form = ana.open("/r/customer/new")
    assert form.one("form", id="form")["enctype"] == "multipart/form-data"
    posted = form.form("/r/customer/new").without("name")
    posted.pairs.append(("name", "With papers"))
    shown = ana.send("/r/customer/new", posted, papers__upload=[(io.BytesIO(b"two words"), "plan <b>.txt")])
    link = next(e for e in shown.find("a") if "/files/papers/" in e["href"])
    assert link.text == "plan <b>.txt"
    with ana.client.get(link["href"]) as given:
        assert given.data == b"two words"
        assert "sandbox" in given.headers["Content-Security-Policy"]


def test_a_file_survives_a_refusal_of_the_form(shop: Place, ana: Person) -> None:
    posted = ana.open("/r/customer/new").form("/r/customer/new")
    refused = ana.send("/r/customer/new", posted, papers__upload=[(io.BytesIO(b"kept"), "kept.txt")])
    assert refused.status == 422
    shown = ana.fill(refused, "/r/customer/new", name="Kept papers")
    assert "kept.txt" in shown.text


def test_a_file_of_a_record_that_one_may_not_read_is_not_given(shop: Place, ana: Person) -> None:
    posted = ana.open("/r/customer/new").form("/r/customer/new").without("name")
    posted.pairs.append(("name", "Private papers"))
    shown = ana.send("/r/customer/new", posted, papers__upload=[(io.BytesIO(b"private"), "p.txt")])
    link = next(e for e in shown.find("a") if "/files/papers/" in e["href"])
    assert shop.person("Gus", "guest").open(link["href"]).status == 404
    other = shop.make("customer", name="Other")
    moved = link["href"].replace(shown.address.rpartition("/")[2], other)
    assert ana.open(moved).status == 404


def test_only_what_one_may_write_is_an_input(shop: Place) -> None:
    cleo = shop.person("Cleo", "clerk")
    assert not cleo.open("/r/customer/new").find("input", id="f-secret_score")
    assert shop.person("Bo", "boss").open("/r/customer/new").find("input", id="f-secret_score")


def test_what_one_may_not_write_is_not_written_even_if_posted(shop: Place) -> None:
    cleo = shop.person("Cleo", "clerk")
    shown = cleo.fill(cleo.open("/r/customer/new"), "/r/customer/new", name="Sneaky", secret_score="9")
    assert shop.read("customer", shown.address.rpartition("/")[2])["secret_score"] is None


def test_a_record_that_is_not_ones_own_to_change_offers_no_way_to_edit_it(shop: Place) -> None:
    shop.person("Ana")
    id_ = shop.make("customer", shop.actor("Ana"), name="Belongs to Ana")
    cleo = shop.person("Cleo", "clerk")
    assert "Edit" not in cleo.open(f"/r/customer/{id_}").links()
    refused = cleo.open(f"/r/customer/{id_}/edit")
    assert refused.status == 403
    assert "You may read this customer, and not change it." in refused.text


@pytest.mark.parametrize("tail", ["", "/edit", "/delete", "/history", "/steps/solve", "/connect"])
@pytest.mark.parametrize("id_", ["0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b", "not-an-id", "1"])
def test_what_is_not_there_is_not_found_at_every_address(ana: Person, tail: str, id_: str) -> None:
    assert ana.open(f"/r/ticket/{id_}{tail}").status == 404
