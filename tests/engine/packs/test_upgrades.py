"""A pack in its next version over what the organisation changed: kept, asked once, remembered."""

from __future__ import annotations

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.packs import Choice, Revision, laying
from xrm.engine.storage import apply
from xrm.errors import Conflict, Invalid, MetadataInvalid
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.testing import a_pack, admin_actor, pack_from

ACCOUNT = """\
label: {label}
title: name
fields:
  name: {{type: text, required: true}}
  phone: {{type: phone, label: Phone}}
  kind: {{type: choice, options: {{business: Business, household: {household}, public: Public}}, default: business}}
{more}"""


def crm_core(version, label="Account", household="Household", more="", rows="[[name, phone], [kind]]"):
    files = {
        "forms/account.yaml": f"main: {{sections: {{first: {{rows: {rows}}}}}}}\n",
        "views/account.yaml": "all: {type: list, columns: [name, phone, kind]}\n",
    }
    account = ACCOUNT.format(label=label, household=household, more=more)
    return pack_from(a_pack("crm_core", files, version=version, account=account))


FAX = "  fax: {type: phone}\n"
FIRST = crm_core("1.0.0")
SECOND = crm_core("1.1.0", household="Family", more=FAX, rows="[[name, phone], [kind, fax]]")
THIRD = crm_core(
    "1.2.0", household="Family", more=FAX + "  site: {type: url}\n", rows="[[name, phone], [kind, fax]]"
)
OURS = {
    "entities/account.yaml": (
        "# what we changed\nlabel: Client\nfields:\n  tier: {type: choice, options: [gold, silver]}\n"
        "  phone: {label: Telephone}\n  kind: {options: {remove: [household]}}\n"
    ),
    "forms/account.yaml": "main: {sections: {first: {rows: {add: [[tier]], after: name}}}}\n",
}
HOUSEHOLD = "entities/account:fields.kind.options.remove.household"
KEEP, TAKE = {HOUSEHOLD: Choice.KEEP}, {HOUSEHOLD: Choice.TAKE}


def upgrade(runtime, pack, answers=None):
    return runtime.packs.revise(Revision((pack,), answers=answers or {}), runtime.installer)


def foreseen(runtime, pack, answers=None):
    return runtime.packs.foresee(Revision((pack,), answers=answers or {})).reconciled


def account(runtime):
    return runtime.current().model.entities["account"]


def text(runtime, path="entities/account.yaml"):
    return runtime.packs.source(CUSTOMISATION).files[path].decode()


def begun(made):
    edit = laying(from_documents(OURS), mirror=False)
    made.packs.revise(Revision((FIRST,), edit=edit), made.installer)
    return made


@pytest.fixture
def runtime(make):
    """An installation with the first version, customised."""
    return begun(make(install=False))


@pytest.fixture(scope="module")
def settled(module_url, tmp_path_factory):
    """The same, in which nothing changes."""
    made = begun(make_runtime(module_url, tmp_path_factory.mktemp("settled"), install=False))
    yield made
    made.close()


def test_an_upgrade_keeps_what_was_changed_asks_one_thing_and_remembers_the_answer(runtime):
    ana = admin_actor(runtime)
    values = {"name": "Oliveira", "tier": "gold"}
    made = runtime.current().records.execute(ana, [Create("account", values)]).results[0]
    (answer,) = foreseen(runtime, SECOND).answers
    assert (answer.conflict.key, answer.choice) == (HOUSEHOLD, None)
    assert answer.conflict.sentence == (
        f"{HOUSEHOLD}: yours is taken out; crm_core had {{label: {{en: Household}}}} "
        "and now has {label: {en: Family}}."
    )
    upgrade(runtime, SECOND, KEEP)
    now = account(runtime)
    assert (now.label["en"], now.fields["phone"].label["en"]) == ("Client", "Telephone")
    assert now.forms["main"].sections[0].rows == (("name", "phone"), ("tier",), ("kind", "fax"))
    assert [option.key for option in now.fields["kind"].options] == ["business", "public"]
    assert {"tier", "fax"} <= now.fields.keys()
    assert text(runtime) == OURS["entities/account.yaml"]
    assert runtime.current().queries.get(ana, "account", made.id)["tier"] == "gold"
    assert foreseen(runtime, THIRD).answers == ()
    upgrade(runtime, THIRD)
    assert "site" in account(runtime).fields


def test_without_a_decision_nothing_is_written_and_every_conflict_is_told(settled, look):
    before = look(settled)
    with pytest.raises(Conflict) as refused:
        upgrade(settled, crm_core("1.1.0", label="Company", household="Family"))
    assert [p.code for p in refused.value.problems] == ["P150", "P150"]
    assert {str(p.where) for p in refused.value.problems} == {
        "customisation/entities/account.yaml:2:1",
        "customisation/entities/account.yaml:6:29",
    }
    assert look(settled) == before


def test_their_value_is_taken_and_the_rest_of_the_text_stays(runtime):
    upgrade(runtime, SECOND, TAKE)
    assert [option.key for option in account(runtime).fields["kind"].options] == [
        "business", "household", "public",
    ]  # fmt: skip
    assert text(runtime) == OURS["entities/account.yaml"].replace(
        "  kind: {options: {remove: [household]}}\n", ""
    )


def test_one_choice_may_answer_all_that_no_other_names(runtime):
    both = crm_core("1.1.0", label="Company", household="Family")
    upgrade(runtime, both, {"all": Choice.KEEP, "entities/account:label.en": Choice.TAKE})
    assert account(runtime).label["en"] == "Company"
    assert "household" not in [option.key for option in account(runtime).fields["kind"].options]


def test_an_answer_holds_for_the_same_question_and_no_other_and_may_be_changed(runtime):
    upgrade(runtime, SECOND, KEEP)
    upgrade(runtime, crm_core("1.2.0", household="Homes", more=FAX), KEEP)
    again = foreseen(runtime, crm_core("1.3.0", household="Family", more=FAX)).answers
    assert [(answer.choice, answer.is_remembered) for answer in again] == [(Choice.KEEP, True)]
    other = foreseen(runtime, crm_core("1.3.0", household="Households", more=FAX)).answers
    assert [answer.choice for answer in other] == [None]
    upgrade(runtime, crm_core("1.3.0", household="Family", more=FAX), TAKE)
    assert "household" in [option.key for option in account(runtime).fields["kind"].options]


@pytest.mark.parametrize("key", [HOUSEHOLD.replace("household", "househol"), "nothing:at.all"])
def test_a_choice_that_answers_nothing_is_refused(settled, look, key):
    before = look(settled)
    with pytest.raises(Invalid) as refused:
        upgrade(settled, SECOND, {**KEEP, key: Choice.TAKE})
    assert [p.code for p in refused.value.problems] == ["P151"]
    assert look(settled) == before


def test_a_field_that_the_pack_took_out_is_kept_with_its_values(runtime):
    ana = admin_actor(runtime)
    made = runtime.current().records.execute(
        ana, [Create("account", {"name": "A", "phone": "+351210000000"})]
    )
    lost = ACCOUNT.format(label="Account", household="Household", more="").replace(
        "  phone: {type: phone, label: Phone}\n", ""
    )
    files = {"forms/account.yaml": "main: {sections: {first: {rows: [[name], [kind]]}}}\n"}
    pack = pack_from(a_pack("crm_core", files, version="1.1.0", account=lost))
    key = "entities/account:fields.phone"
    assert [a.conflict.key for a in foreseen(runtime, pack).answers] == [key]
    upgrade(runtime, pack, {key: Choice.KEEP})
    phone = account(runtime).fields["phone"]
    assert (phone.pack, phone.label["en"]) == (CUSTOMISATION, "Telephone")
    record = runtime.current().queries.get(ana, "account", made.results[0].id)
    assert record["phone"] == "+351210000000"


def test_an_upgrade_with_a_customisation_that_fits_it_comes_in_one_act(runtime):
    ours = {
        "entities/account.yaml": "label: Client\nfields:\n  tier: {type: choice, options: [gold, silver]}\n"
    }
    edit = laying(from_documents(ours), mirror=False)
    runtime.packs.revise(Revision((SECOND,), edit=edit), runtime.installer)
    assert "household" in [option.key for option in account(runtime).fields["kind"].options]
    assert text(runtime) == ours["entities/account.yaml"]


CARS = a_pack("cars", car="title: name\nfields: {name: {type: text}}\n")


def cars(version, requires):
    manifest = f"pack: cars\nversion: {version}\nrequires: {{crm_core: '{requires}'}}\n"
    return pack_from({**CARS, "pack.yaml": manifest})


def circle():
    files = {path: content.decode() for path, content in SECOND.files.items()}
    return pack_from({**files, "pack.yaml": files["pack.yaml"] + "requires: {cars: '>=1.0'}\n"})


REFUSED = [
    pytest.param(crm_core("1.2.0"), "M221", id="a version that another pack does not admit"),
    pytest.param(cars("1.0.1", "^2.0"), "M221", id="a version that needs what is not there"),
    pytest.param(circle(), "M222", id="a circle"),
    pytest.param(crm_core("0.9.0"), "P111", id="an earlier version"),
    pytest.param(crm_core("1.0.0", label="Other"), "P110", id="other content of the same version"),
]


@pytest.fixture(scope="module")
def bound(settled):
    """The same with a pack that admits the first two versions only."""
    upgrade(settled, cars("1.0.0", ">=0.5 <1.2"))
    return settled


@pytest.mark.parametrize(("pack", "code"), REFUSED)
def test_what_requirements_and_versions_do_not_admit_is_refused(bound, look, pack, code):
    before = look(bound)
    with pytest.raises(MetadataInvalid) as refused:
        upgrade(bound, pack, {"all": Choice.KEEP})
    assert code in [p.code for p in refused.value.problems]
    assert all(str(p.where) for p in refused.value.problems)
    assert look(bound) == before


def test_an_upgrade_that_is_too_large_for_one_transaction_carries_each_answer_where_it_belongs(
    runtime, monkeypatch
):
    monkeypatch.setattr(apply, "STEPS_AT_ONCE", 2)
    both = Revision((SECOND, cars("1.0.0", ">=1.0")), answers=TAKE)
    installed = runtime.packs.revise(both, runtime.installer)
    assert {layer.name for layer in installed.layers} == {"crm_core", "cars", CUSTOMISATION}
    assert "household" in [option.key for option in account(runtime).fields["kind"].options]
    assert "remove" not in text(runtime)
    assert runtime.packs.foresee(Revision((SECOND, cars("1.0.0", ">=1.0")))).is_empty
