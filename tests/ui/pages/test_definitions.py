"""Definitions by pages: an administrator who never saw YAML adds and changes entities in a draft and applies it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.pages.conftest import Place
from tests.ui.pages.drafting import (
    HOME,
    REVIEW,
    VISIT,
    added_entity,
    added_field,
    applied,
    customised,
    drafted,
    fresh_shop,
    rows,
)
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.model import Shape


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """A shop of its own for each test, for each changes its definitions."""
    with fresh_shop(tmp_path) as place:
        yield place


def test_an_entity_with_five_fields_and_a_lookup_is_defined_and_used_at_once(shop: Place) -> None:
    ana = shop.person("Ana")
    assert added_entity(ana).address == VISIT
    added_field(ana, "site_visit", "date", label="Held on", required="true", default="today()")
    added_field(ana, "site_visit", "choice", label="Outcome", options="Good\nSo so\nBad", required="true")
    added_field(ana, "site_visit", "decimal", label="Distance", scale="1", min="0")
    added_field(ana, "site_visit", "long_text", label="Notes", help="What was said")
    address = f"{VISIT}/relationships/new"
    page = ana.fill(ana.open(address), address, label="Customer visited", to="customer", inverse="Visits")
    assert page.address == VISIT
    assert [row[0] for row in rows(page)][:6] == [
        "Purpose purpose", "Held on held_on", "Outcome outcome", "Distance distance", "Notes notes",
        "Customer visited customer_visited",
    ]  # fmt: skip
    assert ana.open("/r/site_visit").status == 404  # nobody notices a draft
    added_field(ana, "site_visit", "autonumber", label="Number", pattern="V-{0000}", gaps="allowed")
    review = ana.open(REVIEW)
    steps = [row[0] for row in rows(review) if row[1:2] == ["Instant"]]
    assert steps == ["Create the table of site_visit."]
    assert "New tables come with" in review.text  # indexes: nothing to decide, and names that nobody reads
    assert ana.open("/admin/definitions").text.count("A draft by Ana waits to be applied.") == 1

    assert "Applied: it is in force now" in applied(ana).text
    number = shop.runtime.current().model.entities["site_visit"].fields["number"]
    assert number.params == {"pattern": "V-{0000}", "gaps": "allowed"}  # what was left as it is, is not said
    assert "/r/site_visit" in ana.open("/").links().values()
    customer = shop.make("customer", name="Delta Foods")
    made = ana.fill(
        ana.open("/r/site_visit/new"), "/r/site_visit/new", purpose="Tour", outcome="so_so", distance="12.5",
        customer_visited=customer, customer_visited__text="Delta Foods", customer_visited__shown="Delta Foods",
    )  # fmt: skip
    assert all(word in made.text for word in ("Tour", "So so", "Delta Foods"))
    assert "Visits" in ana.open(f"/r/customer/{customer}").text
    assert "There is no draft" in ana.open(REVIEW).text


def test_whoever_makes_an_entity_finds_it_open_in_the_menu_and_comes_to_its_list(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    page = applied(ana)
    assert page.address == "/r/site_visit"
    (link,) = [a for a in page.find("a") if a["href"] == "/r/site_visit" and a.within("details")]
    group = link.within("details")
    assert group is not None
    assert group.has("open")
    assert "Made here" in group.text


def test_an_administrator_says_on_pages_which_roles_may_use_what_was_made_here(shop: Place) -> None:
    ana, rui, eva = shop.person("Ana"), shop.person("Rui", "clerk"), shop.person("Eva", "boss")
    assert "Only administrators so far" in added_entity(ana).text
    page = ana.fill(ana.open(f"{VISIT}/roles"), f"{VISIT}/roles", role_clerk="read", role_boss="work")
    assert {("Boss", "Write"), ("Clerk", "Read")} <= {tuple(row) for row in rows(page)}
    told = {row[0]: row[-1] for row in rows(ana.open(REVIEW))}
    assert (told["Boss › Site visits"], told["Clerk › Site visits"]) == ("create, read, change", "read")
    applied(ana)
    made = eva.fill(eva.open("/r/site_visit/new"), "/r/site_visit/new", purpose="Tour")
    assert "Tour" in rui.open(made.address).text
    assert rui.open("/r/site_visit/new").status == 403

    ana.fill(ana.open(f"{VISIT}/roles"), f"{VISIT}/roles", role_clerk="none", role_boss="all")
    applied(ana)
    assert rui.open("/r/site_visit").status == 404
    ana.press(f"{VISIT}/remove", VISIT)
    assert not any("site_visit" in text for text in drafted(shop).values())  # grants go with it


def test_what_files_grant_otherwise_is_shown_and_stays(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    applied(ana)
    own = "clerk: {grants: {site_visit: {entity: site_visit, can: [read], rows: own}}}"
    customised(shop, roles__yaml=own)
    assert ["Clerk", "What the files say"] in rows(ana.open(VISIT))
    ana.fill(ana.open(f"{VISIT}/roles"), f"{VISIT}/roles", role_boss="read")
    assert "rows: own" in drafted(shop)["roles.yaml"]


def test_what_is_called_so_already_is_not_added_a_second_time(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    assert added_field(ana, "site_visit", "date", label="Held on").status == 200
    again = added_field(ana, "site_visit", "text", label=" held ON ")
    assert (again.status, "There is one of this label already: Held on" in again.text) == (422, True)
    address = f"{VISIT}/relationships/new"
    lead = ana.fill(ana.open(address), address, label="Purpose", to="customer")
    assert (lead.status, "There is one of this label already: Purpose" in lead.text) == (422, True)
    twice = added_field(ana, "site_visit", "choice", label="Outcome", options="Good\nBad\ngood")
    assert (twice.status, "This option stands there twice: good" in twice.text) == (422, True)
    added_field(ana, "site_visit", "choice", label="Outcome", options="Good\nBad")
    more = "/admin/definitions/options/site_visit/outcome/new"
    late = ana.fill(ana.open(more), more, options="Late\nGOOD")
    assert (late.status, "This option stands there twice: GOOD" in late.text) == (422, True)
    assert "outcome_2" not in drafted(shop)["entities/site_visit.yaml"]


def test_a_choice_gets_the_value_of_new_records_when_it_is_made(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    wrong = added_field(ana, "site_visit", "choice", label="Outcome", options="Good\nBad", default="Fair")
    errors = {e["id"]: e.text for e in wrong.find("p", class_="error")}
    assert "Write one of the options" in errors["e-default"]
    added_field(ana, "site_visit", "choice", label="Outcome", options="Good\nSo so", default="so so")
    applied(ana)
    chosen = [e for e in ana.open("/r/site_visit/new").find("input", name="outcome") if e.has("checked")]
    assert [e["value"] for e in chosen] == ["so_so"]


def test_what_is_wrong_stands_at_its_input_all_at_once_and_nothing_is_drafted(shop: Place) -> None:
    ana = shop.person("Ana")
    page = added_field(ana, "customer", "text", label="Owner", name="owner", max_length="100000")
    assert page.status == 422
    errors = {e["id"]: e.text for e in page.find("p", class_="error")}
    assert "Records have it by themselves" in errors["e-name"]
    assert "must be at most 1000" in errors["e-max_length"]
    assert ana.open(REVIEW).text.count("There is no draft") == 1


def test_a_name_is_made_of_the_label_in_any_language_and_is_new(shop: Place) -> None:
    ana = shop.person("Ana")
    added_field(ana, "person", "text", label="Дата визита")
    added_field(ana, "person", "text", label="Reclamação nº 2")
    page = added_field(ana, "person", "text", label="Phone?")
    names = [row[0] for row in rows(page)]
    assert {"Дата визита data_vizita", "Reclamação nº 2 reclamacao_no_2", "Phone? phone_2"} <= set(names)
    assert added_field(ana, "person", "text", label="日本").status == 422


def test_a_field_of_a_pack_is_called_otherwise_in_two_languages_and_taken_back(shop: Place) -> None:
    ana, rui = shop.person("Ana"), shop.person("Rui", language="pt")
    edit = f"{HOME}/e/customer/fields/email/edit"
    ana.fill(ana.open(edit), edit, label="Mail", label_pt="Correspondência", help="Where to write")
    applied(ana)
    assert "Correspondência" in rui.open("/r/customer/new").text
    form = ana.open("/r/customer/new").text
    assert "Mail optional Where to write" in form
    field = f"{HOME}/e/customer/fields/email"
    assert "Shop, changed here" in ana.open(field).text
    ana.press(f"{field}/remove", field)
    applied(ana)
    assert "Where to write" not in ana.open("/r/customer/new").text


def test_a_new_field_of_a_pack_stands_in_the_section_of_the_form_that_was_chosen(shop: Place) -> None:
    ana = shop.person("Ana")
    added_field(ana, "customer", "integer", label="Employees", section="much")
    added_field(ana, "customer", "integer", label="Branches open", section="much")
    applied(ana)
    sections = shop.runtime.current().model.entities["customer"].forms["main"].sections
    assert next(s for s in sections if s.name == "much").rows[-2:] == (("employees",), ("branches_open",))
    assert "Branches open" in ana.open("/r/customer/new").text


def test_what_goes_leaves_the_forms_of_the_organisation_and_what_a_pack_has_stays_there(shop: Place) -> None:
    customised(
        shop,
        entities__customer__yaml="entity: customer\nfields:\n  email: {label: Mail}\n  nick: {type: text}\n",
        forms__customer__json='{"quick": {"sections": {"all": {"rows": [["email"], ["nick", "since"]]}}}}',
    )
    ana = shop.person("Ana")
    for field in ("email", "nick"):
        address = f"{HOME}/e/customer/fields/{field}"
        assert ana.press(f"{address}/remove", address).address == f"{HOME}/e/customer"
    added_field(ana, "customer", "integer", label="Employees", section="much")
    applied(ana)
    forms = shop.runtime.current().model.entities["customer"].forms
    assert forms["quick"].sections[0].rows == (("email",), ("since",))
    assert forms["main"].sections[1].rows[-1] == ("employees",)
    files = shop.runtime.packs.source(CUSTOMISATION).files
    assert [file for file in files if file.startswith("forms/")] == ["forms/customer.json"]


def test_an_option_that_was_added_to_a_field_of_a_pack_is_taken_out_again(shop: Place) -> None:
    ana = shop.person("Ana")
    options, field = f"{HOME}/options/customer/tier", f"{HOME}/e/customer/fields/tier"
    ana.fill(ana.open(f"{options}/new"), f"{options}/new", options="Very old")
    ana.fill(ana.open(f"{options}/very_old"), f"{options}/very_old", label_pt="Muito velho")
    assert "very_old" not in {row[1] for row in rows(ana.press(f"{options}/very_old/remove", field))}
    assert "There is no draft" in ana.open(REVIEW).text
    ana.press(f"{options}/silver/remove", field)
    ana.fill(ana.open(f"{options}/new"), f"{options}/new", options="Very old")
    kept = ana.press(f"{options}/very_old/remove", field)
    assert not {"silver", "very_old"} & {row[1] for row in rows(kept)}
    assert drafted(shop)["entities/customer.yaml"].endswith("tier: {options: {remove: [silver]}}\n")


def test_an_option_that_was_called_otherwise_keeps_its_colour_when_another_is_taken_out(shop: Place) -> None:
    ana, options = shop.person("Ana"), f"{HOME}/options/customer/tier"
    ana.fill(ana.open(f"{options}/gold"), f"{options}/gold", label="Golden")
    ana.press(f"{options}/silver/remove", f"{HOME}/e/customer/fields/tier")
    assert ana.open(f"{options}/gold").form(f"{options}/gold").getlist("color") == ["amber"]


def test_a_colour_or_label_is_put_into_an_option_as_its_author_wrote_it(shop: Place) -> None:
    mood = (
        "entity: customer\nfields:\n  mood:\n    type: choice\n    options:   # ask Eva first\n"
        "      glad: {renamed_from: happy, label: Glad}   # since spring\n      sad: Sad\n"
    )
    customised(shop, entities__customer__yaml=mood)
    ana, options = shop.person("Ana"), f"{HOME}/options/customer/mood"
    ana.fill(ana.open(f"{options}/glad"), f"{options}/glad", color="green")
    ana.fill(ana.open(f"{options}/sad"), f"{options}/sad", label_pt="Triste", color="blue")
    ana.fill(ana.open(f"{options}/new"), f"{options}/new", options="So so")
    assert drafted(shop)["entities/customer.yaml"] == mood.replace(
        "label: Glad}", "label: Glad, color: green}"
    ).replace("sad: Sad\n", "sad: {label: {en: Sad, pt: Triste}, color: blue}\n      so_so: {label: So so}\n")


def test_options_are_added_called_otherwise_coloured_and_taken_out(shop: Place) -> None:
    ana = shop.person("Ana")
    options, field = f"{HOME}/options/customer/tier", f"{HOME}/e/customer/fields/tier"
    ana.fill(ana.open(f"{options}/new"), f"{options}/new", options="Very old\n\nGold!")
    ana.fill(ana.open(f"{options}/gold"), f"{options}/gold", label="Golden", color="pink", label_pt="Ouro")
    page = ana.press(f"{options}/silver/remove", field)
    kept = {"bronze", "plain", "new", "old", "very_old", "gold_2", "gold"}
    assert {row[1] for row in rows(page)} == kept
    applied(ana)
    field_now = shop.runtime.current().model.entities["customer"].fields["tier"]
    gold = next(o for o in field_now.options if o.key == "gold")
    assert (gold.label["en"], gold.label["pt"], gold.color) == ("Golden", "Ouro", "pink")


def test_what_a_pack_has_is_hidden_and_shown_again_and_does_not_go(shop: Place) -> None:
    ana = shop.person("Ana")
    field = f"{HOME}/e/customer/fields/since"
    ana.press(f"{field}/hide", field)
    applied(ana)
    assert "Since" not in ana.open("/r/customer/new").text
    assert not [e for e in ana.open(f"{HOME}/e/customer").find("form") if e["action"].endswith("/remove")]
    token = ana.open(HOME).one("meta", name="csrf-token")["content"]
    assert ana.send(f"{HOME}/e/customer/remove", {"csrf_token": token}).status == 409
    ana.press(f"{field}/remove", field)
    applied(ana)
    assert "Since" in ana.open("/r/customer/new").text


def test_an_entity_that_others_lead_to_is_not_taken_out_before_them(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    address = f"{HOME}/e/customer/relationships/new"
    ana.fill(ana.open(address), address, label="Last visit", to="site_visit", section="who")
    refused = ana.press(f"{VISIT}/remove", VISIT)
    assert refused.status == 422
    assert "site_visit" in refused.text
    customer = f"{HOME}/e/customer"
    ana.press(f"{customer}/relationships/last_visit/remove", customer)
    assert ana.press(f"{VISIT}/remove", VISIT).address == HOME
    assert "There is no draft" in ana.open(REVIEW).text


def test_what_removes_something_says_so_and_is_confirmed_by_its_button(shop: Place) -> None:
    ana = shop.person("Ana")
    added_field(ana, "person", "text", label="Nickname")
    applied(ana)
    shop.make("person", name="Lia", nickname="Li")
    field = f"{HOME}/e/person/fields/nickname"
    ana.press(f"{field}/remove", field)
    review = ana.open(REVIEW)
    assert "Confirm and apply 1 change" in review.text
    assert "Removes" in review.text
    assert "Applied: it is in force now" in applied(ana).text
    assert "nickname" not in shop.runtime.current().model.entities["person"].fields


def test_a_field_and_a_relationship_that_were_made_here_become_others_with_their_values(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    added_field(ana, "site_visit", "text", label="Hours", default="1", max_length="20")
    new = f"{VISIT}/relationships/new"
    ana.fill(ana.open(new), new, label="Customer", to="customer", count="one", inverse="Visits")
    applied(ana)
    customer = shop.make("customer", name="Delta Foods")
    made = [
        shop.make("site_visit", purpose=purpose, hours=hours, customer={"id": customer})
        for purpose, hours in (("Tour", "7.5"), ("Talk", "many"))
    ]
    field = ana.open(f"{VISIT}/fields/hours")
    assert field.links()["Change the type"] == f"{VISIT}/fields/hours/type"
    offered = ana.open(f"{VISIT}/fields/hours/type").links()
    assert offered["Decimal number"] == f"{VISIT}/fields/hours/type/decimal"
    assert "Postal address" not in offered
    address = f"{VISIT}/fields/hours/type/decimal"
    ana.fill(ana.open(address), address, scale="1")
    assert ana.open(f"{VISIT}/fields/hours/type/address").status == 404
    assert ana.open(f"{HOME}/e/customer/fields/name/type/long_text").status == 409
    lookup = f"{VISIT}/relationships/customer"
    ana.fill(ana.open(lookup), lookup, count="many")
    review, place = ana.open(REVIEW), "unfit:site_visit.hours"
    assert "A decision is needed first" in review.text
    assert "Talk: many" in review.text
    assert ana.fill(ana.open(f"{REVIEW}?{place}=0"), f"{REVIEW}/apply").status == 200
    tour, talk = (shop.read("site_visit", id_) for id_ in made)
    assert (str(tour["hours"]), str(talk["hours"])) == ("7.5", "0.0")
    assert "Delta Foods" in ana.open(f"/r/site_visit/{made[0]}").text
    model = shop.runtime.current().model
    assert model.entities["site_visit"].relationships["customer"].shape is Shape.MANY


def test_what_becomes_of_values_of_an_option_that_goes_is_decided_on_the_review(shop: Place) -> None:
    """The plan is shown with the decision, applied with it, and with none that was not shown."""
    ana = shop.person("Ana")
    one = shop.make("customer", name="Delta Foods", tier="silver")
    ana.press(f"{HOME}/options/customer/tier/silver/remove", f"{HOME}/e/customer/fields/tier")
    review, place = ana.open(REVIEW), "option:customer.tier.silver"
    asked = review.one("select", name=place)
    assert "1 record holds the option silver of customer.tier" in review.text
    assert "Delta Foods" in review.text
    assert "See the records" in review.text
    shown = ana.open(review.links()["See the records"])
    assert "Delta Foods" in shown.text
    assert "What is wrong" not in review.text
    assert "apply" not in " ".join(form["action"] for form in review.find("form"))
    assert {"", "plain"} <= {o["value"] for o in review.find("option") if o.within("select") is asked}
    wrong = ana.open(f"{REVIEW}?{place}=gold-plated")
    assert "cannot be followed" in wrong.text
    decided = ana.open(f"{REVIEW}?{place}=plain")
    assert "The option silver becomes plain." in decided.text
    assert "As decided" in decided.text
    assert ana.fill(decided, f"{REVIEW}/apply", **{place: "bronze"}).status == 409
    done = ana.press(f"{REVIEW}/apply", f"{REVIEW}?{place}=plain")
    assert "Applied: it is in force now" in done.text
    assert shop.read("customer", one)["tier"] == "plain"


def test_values_are_left_empty_where_that_was_ticked(shop: Place) -> None:
    ana = shop.person("Ana")
    one = shop.make("customer", name="Delta Foods", tier="silver")
    ana.press(f"{HOME}/options/customer/tier/silver/remove", f"{HOME}/e/customer/fields/tier")
    address = f"{REVIEW}?clear=option:customer.tier.silver&option:customer.tier.silver="
    assert ana.open(address).one("input", type="checkbox", name="clear")["value"].endswith("silver")
    ana.press(f"{REVIEW}/apply", address)
    assert shop.read("customer", one)["tier"] is None


def test_only_administrators_see_and_change_definitions(shop: Place) -> None:
    joe = shop.person("Joe", "clerk")
    assert joe.open(HOME).status == 403
    token = joe.open("/me").one("meta", name="csrf-token")["content"]
    assert joe.send(f"{REVIEW}/discard", {"csrf_token": token}).status == 403
    assert HOME not in joe.open("/").links().values()


def test_two_who_draft_at_once_lose_nothing_of_each_other(shop: Place) -> None:
    ana, eva = shop.person("Ana"), shop.person("Eva")
    address = f"{HOME}/e/person/fields/new/text"
    first, second = ana.open(address), eva.open(address)
    ana.fill(first, address, label="Nickname")
    late = eva.fill(second, address, label="Motto")
    assert late.status == 409
    assert late.one("input", id="f-label")["value"] == "Motto"
    page = eva.fill(late, address)
    assert {"Nickname nickname", "Motto motto"} <= {row[0] for row in rows(page)}


def test_a_plan_that_was_looked_at_is_applied_and_no_other(shop: Place) -> None:
    ana = shop.person("Ana")
    added_field(ana, "person", "text", label="Nickname")
    looked = ana.open(REVIEW)
    added_field(ana, "person", "text", label="Motto")
    page = ana.fill(looked, f"{REVIEW}/apply")
    assert page.status == 409
    assert "S120" in page.text
    assert "nickname" not in shop.runtime.current().model.entities["person"].fields
    ana.press(f"{REVIEW}/discard", REVIEW)
    assert "There is no draft" in ana.open(REVIEW).text


NASTY = ("a\nb: c", '"\\')
NASTIER = (
    "\x00", "a\x85b\u2028c", "{a: b}", "- x", "'", "#", "null", "../x", "a/b", "9" * 40, "NaN", "é" * 500,
)  # fmt: skip


@pytest.mark.parametrize(
    "texts", [NASTY, pytest.param(NASTIER, marks=pytest.mark.proof)], ids=["some", "all"]
)
def test_whatever_is_typed_is_kept_as_typed_or_refused(shop: Place, texts: tuple[str, ...]) -> None:
    ana = shop.person("Ana")
    for text in texts:
        for address, names in (
            (f"{HOME}/new", ("label", "plural", "name", "title", "icon", "ownership", "_version")),
            (
                f"{HOME}/e/person/fields/new/text",
                ("label", "name", "help", "default", "max_length", "label_pt"),
            ),
            (f"{HOME}/e/customer/fields/new/choice", ("label", "options", "section")),
            (f"{HOME}/e/person/relationships/new", ("label", "to", "count", "inverse", "on_delete")),
            (f"{HOME}/options/customer/tier/gold", ("label", "color", "label_pt")),
            (f"{HOME}/e/customer/fields/email/edit", ("label", "help", "label_es", "default")),
        ):
            page = ana.open(address)
            for name in names:
                assert ana.fill(page, address, **{name: text}).status in (200, 404, 409, 422), (
                    address,
                    name,
                    text,
                )
    assert ana.open(REVIEW).status == 200


def test_a_formula_and_a_sum_are_defined_on_pages_and_right_at_once(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    added_field(ana, "site_visit", "integer", label="Minutes")
    address = f"{VISIT}/relationships/new"
    ana.fill(ana.open(address), address, label="Customer visited", to="customer", inverse="Visits")
    assert "Sum over others" in ana.open(f"{VISIT}/fields/new").text
    added_field(ana, "site_visit", "formula", label="Hours", formula="minutes / 60", scale="1")
    customer = "/admin/definitions/e/customer/fields/new/rollup"
    ana.fill(
        ana.open(customer),
        customer,
        label="Minutes in all",
        over="visits",
        value="sum(minutes)",
        where="minutes > 5",
    )
    applied(ana)
    delta = shop.make("customer", name="Delta Foods")
    for minutes in (5, 30, 60):
        visit = shop.make("site_visit", purpose="Tour", minutes=minutes, customer_visited=delta)
    assert (shop.read("site_visit", visit)["hours"], shop.read("customer", delta)["minutes_in_all"]) == (
        "1.0",
        90,
    )


def test_a_formula_that_cannot_be_is_refused_where_it_is_typed_and_changed_later(shop: Place) -> None:
    ana = shop.person("Ana")
    added_entity(ana)
    added_field(ana, "site_visit", "integer", label="Minutes")
    address = f"{VISIT}/fields/new/formula"
    wrong = ana.fill(ana.open(address), address, label="Hours", formula="minuets / 60")
    assert "minutes" in wrong.text
    assert wrong.find("textarea", name="formula")[0].text.strip() == "minuets / 60"
    added_field(ana, "site_visit", "formula", label="Hours", formula="minutes / 60")
    edit = f"{VISIT}/fields/hours/edit"
    page = ana.open(edit)
    assert page.find("textarea", name="formula")[0].text.strip() == "minutes / 60"
    done = ana.fill(page, edit, formula="minutes / 30")
    assert 'formula: "minutes / 30"' in drafted(shop)["entities/site_visit.yaml"], done.text
