"""Roles give fields and rows; every use of a name is in one index; seeds are read and checked by name."""

from __future__ import annotations

import pytest

from tests.metadata.builders import CRM, USES, a_pack, model_of, problems_of, said
from xrm.errors import MetadataInvalid
from xrm.metadata import Seed, pack_seeds
from xrm.metadata.model import Grant


def a_grant(text: str, **files: str) -> Grant:
    """The one grant of a role on accounts or contacts."""
    pack = {path.replace("__", "/") + ".yaml": body for path, body in files.items()}
    return model_of({**CRM, **pack, "roles.yaml": f"r: {{grants: {{g: {text}}}}}\n"}).roles["r"].grants["g"]


CONTACT_NAMES = {"name", "account"}


def test_without_fields_a_grant_gives_all_that_is_not_guarded():
    grant = a_grant("{entity: contact, can: [read]}")
    assert grant.fields == {"contact": CONTACT_NAMES}
    assert grant.rows == {"contact": None}
    assert grant.can == {"read"}


def test_guarded_fields_are_given_by_name():
    assert a_grant("{entity: contact, can: [read], fields: [name, email]}").fields["contact"] == {
        "name",
        "email",
    }


def test_except_takes_away_and_guarded_stay_guarded():
    assert a_grant("{entity: contact, can: [read], fields: {except: [account]}}").fields["contact"] == {
        "name"
    }


def test_an_empty_list_of_fields_gives_none():
    assert a_grant("{entity: contact, can: [create], fields: []}").fields["contact"] == set()


def test_system_names_may_be_listed_and_come_with_the_row():
    grant = a_grant("{entity: account, can: [read], fields: [name, owner, created_at]}")
    assert grant.fields["account"] == {"name"}


@pytest.mark.parametrize("level", ["own", "team", "unit", "unit_and_below"])
def test_a_level_is_a_row_rule(level: str):
    rule = a_grant(f"{{entity: account, can: [read], rows: {level}}}").rows["account"]
    assert rule is not None
    assert rule.entity == "account"


def test_all_is_no_row_rule():
    assert a_grant("{entity: account, can: [read], rows: all}").rows["account"] is None


def test_a_level_needs_owners():
    files = {**CRM, "roles.yaml": "r:\n  grants:\n    g: {entity: contact, can: [read], rows: own}\n"}
    assert said(problems_of(files)) == ["p/roles.yaml:3:45 M207"]


def test_a_grant_on_an_abstract_entity_is_on_all_that_are_like_it():
    shape = "entity: act\nabstract: true\nownership: user_or_team\nfields: {name: {type: text}}\n"
    likes = {
        "entities__act": shape,
        "entities__task": "entity: task\nlike: act\n",
        "entities__call": "entity: call\nlike: act\nfields: {number: {type: phone}}\n",
    }
    grant = a_grant("{entity: act, can: [read], rows: own}", **likes)
    assert set(grant.entities) == {"task", "call"}
    assert grant.fields["call"] == {"name", "number"}
    assert all(rule is not None for rule in grant.rows.values())


def test_a_grant_on_any_is_on_every_entity_of_the_packs():
    assert set(a_grant("{entity: any, can: [read]}").entities) == {"account", "contact"}


def test_a_title_may_come_from_another_grant_on_the_same_rows():
    role = """
        r:
          grants:
            base: {entity: account, can: [read], rows: own}
            more: {entity: account, can: [read], rows: own, fields: [phone]}
        """
    assert problems_of({**CRM, "roles.yaml": role}) == ()
    wider = role.replace("rows: own, fields", "rows: team, fields")
    assert [p.code for p in problems_of({**CRM, "roles.yaml": wider})] == ["M280"]


# --- who uses what ------------------------------------------------------------------------------------

USERS_OF_NAME = {
    "entity:bell.title",
    "entity:bell.indexes",
    "key:bell.one",
    "rule:bell.ok.field",
    "transition:bell.ring.guard",
    "view:bell.all.columns",
    "view:bell.all.sort",
    "view:bell.all.filter",
    "form:bell.main.sections.one.visible_when",
    "form:bell.main.sections.one.rows",
    "grant:ringer.all.fields",
    "grant:ringer.all.rows",
    "seed:p.base",
    "i18n:pt",
}


def test_every_use_of_a_field_is_known():
    model = model_of(USES)
    assert {r.source for r in model.uses("field:bell.name")} == USERS_OF_NAME
    assert all(r.place.file.startswith("p/") and r.place.line for r in model.references)


@pytest.mark.parametrize(
    ("target", "sources"),
    [
        ("field:account.name", {"entity:account.title", "rule:bell.ok.must", "view:bell.all.columns"}),
        ("field:account.phone", {"field:bell.phone"}),
        ("field:account.kind", {"relationship:bell.account.filter"}),
        ("field:bell.tone", {"field:bell.name.required_when", "transition:bell.ring.requires"}),
        ("entity:account", {"relationship:bell.account", "relationship:contact.account"}),
        ("options:tone", {"field:bell.tone"}),
        ("state:bell.loud", {"transition:bell.ring"}),
        ("role:ringer", {"transition:bell.ring.roles"}),
        ("entity:bell", {"grant:ringer.all"}),
        ("option:account.kind.business", {"relationship:bell.account.filter"}),
        ("option:bell.tone.low", {"field:bell.name.required_when"}),
        ("state:bell.quiet", {"transition:bell.ring", "view:bell.all.filter"}),
        ("view:bell.all", {"i18n:pt"}),
        ("key:bell.one", {"i18n:pt"}),
    ],
)
def test_every_use_of_other_names_is_known(target: str, sources: set[str]):
    assert {r.source for r in model_of(USES).uses(target)} == sources


def test_a_use_inside_an_expression_is_known_by_its_column():
    (use,) = [
        r
        for r in model_of(USES).references
        if r.source == "rule:bell.ok.must" and r.target == "field:account.name"
    ]
    line = USES["entities/bell.yaml"].split("\n")[use.place.line - 1].removeprefix(" " * 8)
    assert line[use.place.column - 1 :].startswith("name != empty")


# --- seeds --------------------------------------------------------------------------------------------

SEEDS = {
    **CRM,
    "seed/base.yaml": "records: [{ref: a, entity: account, values: {name: A, revenue: {amount: 1.50}}}]\n",
    "seed/demo/one.yaml": "people: {users: [{name: Ann, email: ann@example.com}]}\n",
    "seed/demo/two.yaml": "records: [{ref: c, entity: contact, values: {name: C, account: {ref: a}}}]\n",
}


def test_seeds_are_given_in_order_with_their_places():
    base, one, two = pack_seeds(a_pack(SEEDS))
    assert [s.name for s in (base, one, two)] == ["base", "demo/one", "demo/two"]
    assert one.people["users"][0]["name"] == "Ann"
    assert (two.records[0].ref, two.records[0].entity) == ("c", "contact")
    assert two.records[0].values["account"] == {"ref": "a"}
    assert (two.records[0].place.file, two.records[0].place.line) == ("p/seed/demo/two.yaml", 1)
    assert isinstance(base, Seed)


def test_a_seed_with_faults_of_shape_is_not_given():
    with pytest.raises(MetadataInvalid) as stop:
        pack_seeds(a_pack({"seed/base.yaml": "records: [{ref: a, entity: account}]\n"}))
    assert [p.code for p in stop.value.problems] == ["M111"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("{ref: a, entity: acount, values: {}}", "M210"),
        ("{ref: a, entity: account, values: {nam: A}}", "M211"),
        ("{ref: a, entity: user, values: {name: A}}", "M216"),
        ("{ref: a, entity: contact, values: {account: {ref: z}}}", "M216"),
        ("{ref: a, entity: contact, values: {created_at: now}}", "M211"),
    ],
)
def test_a_seed_is_checked_by_name(record: str, code: str):
    assert [p.code for p in problems_of({**CRM, "seed/base.yaml": f"records: [{record}]\n"})] == [code]


def test_people_of_a_seed_hold_roles_that_are_there():
    people = "people: {users: [{name: Ann, email: ann@example.com, roles: [clark]}]}\n"
    files = {**CRM, "roles.yaml": "clerk: {}\n", "seed/demo.yaml": people}
    assert said(problems_of(files)) == ["p/seed/demo.yaml:1:62 M214"]
