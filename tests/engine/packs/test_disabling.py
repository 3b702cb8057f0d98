"""A disabled pack is away from all that is served, and its tables and records stay; enabled, everything is back."""

from __future__ import annotations

import pytest

from xrm.engine.commands import Create, Delete, Link, Target
from xrm.engine.packs import Revision, laying
from xrm.engine.queries.request import Query
from xrm.engine.storage.inspection import inspect
from xrm.errors import Conflict, MetadataInvalid, NotFound, XrmError
from xrm.metadata.customising import CUSTOMISATION, from_documents
from xrm.testing import a_pack, admin_actor, an_actor, pack_from

ACCOUNT = """title: name
ownership: user_or_team
fields: {name: {type: text, required: true, search: true}, kind: {type: choice, options: [a, b]}}
relationships: {about: {to: any}}
"""
CRM = a_pack(
    "crm",
    {
        "forms/account.yaml": "main: {sections: {first: {rows: [[name, kind]]}}}\n",
        "views/account.yaml": "all: {type: list, columns: [name, kind]}\n",
        "roles.yaml": "clerk: {grants: {all: {entity: account, can: [create, read, update, delete]}}}\n",
    },
    account=ACCOUNT,
)
DEAL = """title: name
ownership: user_or_team
fields: {name: {type: text, required: true, search: true}, paper: {type: file}}
relationships:
  account: {to: account, required: true, inverse: deals, on_delete: restrict}
  helpers: {to: account, many: true}
"""
SALES_FILES = {
    "pack.yaml": """pack: sales
label: Sales
version: 1.0.0
requires: {crm: '>=1.0'}
menu: {selling: {entities: [deal]}}
""",
    "extend/account.yaml": """fields: {tier: {type: choice, options: [gold, silver], required: true, default: gold}}
keys: {tier_name: {fields: [tier, name]}}
rules: {golden: {must: tier == "gold", field: tier, message: Gold only.}}
forms: {main: {sections: {selling: {rows: [[tier]]}}}}
views: {golden: {type: list, columns: [name, tier]}}
""",
    "forms/deal.yaml": "main: {rows: [[name, account]]}\n",
    "views/deal.yaml": "all: {type: list, columns: [name, account]}\n",
    "options/reason.yaml": "options: [price, time]\n",
    "settings.yaml": "days: {type: integer, default: 14}\n",
    "lifecycles/deal.yaml": """states: {open: {initial: true}, won: {}}
transitions: {win: {from: [open], to: won, roles: [seller]}}
""",
    "roles.yaml": "seller: {grants: {all: {entity: deal, can: [create, read, update, transition]}}}\n",
    "i18n/pt.yaml": """entities.deal.label: Negócio
entities.account.fields.tier.label: Nível
packs.sales.label: Vendas
packs.sales.menu.selling.label: Vender
""",
    "seed/base.yaml": "records:\n- {ref: first, entity: account, values: {name: First}}\n",
    "scenarios/no_deal.yaml": "scenario: None\nthen: [{count: deal, is: 0}]\n",
}
SALES = a_pack("sales", SALES_FILES, deal=DEAL)
OURS = {
    "entities/account.yaml": "fields: {tier: {label: Rank}, region: {type: text}, zone: {type: text}}\n",
    "entities/deal.yaml": "fields: {size: {type: integer}}\n",
    "forms/account.yaml": """main:
  sections:
    first: {rows: {add: [[region]], after: name}}
    selling: {rows: {add: [[zone]], after: tier}}
""",
    "forms/deal.yaml": "main: {rows: {add: [[size]], after: account}}\n",
    "views/deal.yaml": "all: {columns: {add: [size]}}\nbig: {type: list, columns: [name, size]}\n",
    "views/account.yaml": "golden: {columns: {add: [region]}}\n",
    "options/reason.yaml": "options: {remove: [time]}\n",
    "settings.yaml": "days: {type: integer, default: 7}\n",
    "roles.yaml": """seller: {grants: {accounts: {entity: account, can: [read]}}}
boss: {grants: {deals: {entity: deal, can: [read]}, accounts: {entity: account, can: [read]}}}
""",
    "i18n/es.yaml": """entities.deal.label: Negocio
roles.seller.label: Vendedor
entities.account.fields.tier.label: Nivel
views.account.golden.label: Oro
packs.sales.menu.selling.label: Vender
""",
}


def customise(runtime, files):
    return runtime.packs.revise(Revision(edit=laying(from_documents(files), mirror=False)), runtime.installer)


def switch(runtime, name="sales", *, on):
    return runtime.packs.revise(runtime.switches.revision(runtime.installer, name, on=on), runtime.installer)


@pytest.fixture
def filled(make):
    """Both packs, customised, with a deal; its administrator, and somebody who sells."""
    runtime = make([CRM, SALES])
    customise(runtime, OURS)
    ana, rui = admin_actor(runtime), an_actor(runtime, "Rui", ["seller", "clerk"])
    records = runtime.current().records
    account = records.execute(ana, [Create("account", {"name": "Acme", "region": "North"})]).results[0].id
    there = {"entity": "account", "id": str(account)}
    deal = records.execute(ana, [Create("deal", {"name": "Roof", "account": there, "size": 3})]).results[0].id
    records.execute(ana, [Link("deal", Target(deal), "helpers", there, {})])
    about = {"entity": "deal", "id": str(deal)}
    other = records.execute(ana, [Create("account", {"name": "About", "about": about})]).results[0].id
    return runtime, ana, rui, account, deal, other


def stored(runtime, look):
    """The tables with their columns, and every row count but that of the versions and contents."""
    seen = look(runtime)
    with runtime.database.read() as unit:
        columns = {name: table.columns for name, table in inspect(unit).tables.items()}
    mine = {name: rows for name, rows in seen["rows"].items() if not name.startswith("xrm_")}
    return columns, mine


def test_a_disabled_pack_is_away_from_everything_that_is_served_and_stores_what_it_stored(filled, look):
    runtime, ana, rui, account, deal, other = filled
    before, model = stored(runtime, look), runtime.current().model
    revision = runtime.switches.revision(runtime.installer, "sales", on=False)
    assert runtime.packs.foresee(revision).plan.is_empty
    assert switch(runtime, on=False).steps == ()
    now = runtime.current()
    assert stored(runtime, look) == before
    assert "deal" not in now.model.entities
    assert {"sales", "deal", "seller", "tier", "golden", "selling", "deals"}.isdisjoint(
        {*now.model.packs, *now.model.roles, *now.model.entities["account"].fields,
         *now.model.entities["account"].rules, *now.model.entities["account"].views,
         *now.model.entities["account"].relationships,
         *(s.name for s in now.model.entities["account"].forms["main"].sections)}
    )  # fmt: skip
    assert now.model.disabled == {"sales": {"en": "Sales", "pt": "Vendas"}}
    assert now.model.entities["account"].forms["main"].sections[0].rows == (("name", "kind"), ("region",))
    with pytest.raises(NotFound):
        now.queries.list(ana, Query("deal"))
    with pytest.raises(XrmError):
        now.records.execute(ana, [Create("deal", {"name": "No"})])
    assert now.policy.rights(rui, "account").can("read")
    assert set(now.model.roles["boss"].grants) == {"accounts"}
    kept = now.queries.get(ana, "account", account)
    assert (kept["name"], kept["region"], "tier" in kept) == ("Acme", "North", False)
    assert now.queries.get(ana, "account", other)["name"] == "About"
    now.records.execute(ana, [Create("account", {"name": "Later"})])

    assert switch(runtime, on=True).steps == ()
    again = runtime.current()
    assert again.model.fingerprint == model.fingerprint
    found = again.queries.get(ana, "deal", deal)
    assert (found["name"], found["size"], found["account"]["title"]) == ("Roof", 3, "Acme")
    assert again.queries.get(ana, "account", account)["tier"] == "gold"
    assert again.queries.get(ana, "account", other)["about"]["title"] == "Roof"
    assert again.policy.rights(rui, "deal").can("create")
    assert runtime.packs.plan().is_empty


def test_it_is_a_version_that_can_be_gone_back_to_and_a_document_that_travels(filled, make):
    runtime, *_ = filled
    number = runtime.packs.versions()[0].number
    switch(runtime, on=False)
    source = runtime.packs.source(CUSTOMISATION)
    assert source.files["packs.yaml"] == b"sales: {disabled: true}\n"
    assert runtime.packs.versions()[0].changes == ("customisation has other content.",)
    runtime.packs.roll_back(number, runtime.installer)
    assert "deal" in runtime.current().model.entities
    customise(runtime, {"packs.yaml": "# not yet\nsales: {disabled: true}\n"})
    assert "deal" not in runtime.current().model.entities
    switch(runtime, on=True)
    assert "packs.yaml" not in runtime.packs.source(CUSTOMISATION).files


def test_other_packs_come_and_are_upgraded_while_one_is_disabled(filled, look):
    runtime, *_ = filled
    switch(runtime, on=False)
    more = {**CRM, "pack.yaml": CRM["pack.yaml"].replace("1.0.0", "1.1.0")}
    more["entities/account.yaml"] = more["entities/account.yaml"].replace(
        "fields: {", "fields: {fax: {type: phone}, "
    )
    runtime.packs.install([pack_from(more)], runtime.installer)
    newer = {**SALES, "pack.yaml": SALES["pack.yaml"].replace("1.0.0", "1.1.0")}
    newer["entities/deal.yaml"] = newer["entities/deal.yaml"].replace(
        "fields: {", "fields: {code: {type: text}, "
    )
    runtime.packs.install([pack_from(newer)], runtime.installer)
    assert "deal" not in runtime.current().model.entities
    switch(runtime, on=True)
    assert "code" in runtime.current().model.entities["deal"].fields
    assert "fax" in runtime.current().model.entities["account"].fields


def refused(look, runtime, act):
    before = look(runtime)
    with pytest.raises(XrmError) as caught:
        act()
    assert look(runtime) == before
    return caught.value


def test_what_cannot_be_disabled_is_refused_with_names_and_changes_nothing(filled, look):
    runtime, *_ = filled
    error = refused(look, runtime, lambda: switch(runtime, "crm", on=False))
    assert isinstance(error, Conflict)
    assert (error.first.code, error.first.message) == ("P152", "crm is required by sales.")
    for name, code in (("nothing", "R104"), ("core", "P153"), (CUSTOMISATION, "P153")):
        assert refused(look, runtime, lambda name=name: switch(runtime, name, on=False)).first.code == code
    assert refused(look, runtime, lambda: switch(runtime, on=True)).first.code == "P158"
    for said in ("crm: {disabled: true}\n", "core: {disabled: true}\n", "salse: {disabled: true}\n"):
        error = refused(look, runtime, lambda said=said: customise(runtime, {"packs.yaml": said}))
        assert isinstance(error, MetadataInvalid)
        assert [(p.code, str(p.where)) for p in error.problems] == [("M228", "customisation/packs.yaml:1:1")]
    customise(runtime, {"packs.yaml": "crm: {disabled: true}\nsales: {disabled: true}\n"})
    assert "account" not in runtime.current().model.entities
    error = refused(look, runtime, lambda: switch(runtime, "sales", on=True))
    assert error.first.code == "M228"
    error = refused(look, runtime, lambda: runtime.removals.revision(runtime.installer, "sales"))
    assert error.first.code == "P158"


def test_what_the_organisation_built_on_it_and_cannot_wait_is_named(filled, look):
    runtime, *_ = filled
    customise(
        runtime, {"views/account.yaml": "rank: {type: list, columns: [name], filter: count(deals) > 2}\n"}
    )
    error = refused(look, runtime, lambda: switch(runtime, on=False))
    assert [str(p.where).split(":")[0] for p in error.problems] == ["customisation/views/account.yaml"]


def test_a_pack_does_not_say_which_packs_are_in_use(make, look):
    runtime = make([CRM])
    pack = {**SALES, "packs.yaml": "crm: {disabled: true}\n"}
    error = refused(look, runtime, lambda: runtime.packs.install([pack_from(pack)], runtime.installer))
    assert [(p.code, str(p.where)) for p in error.problems] == [("M107", "sales/packs.yaml")]


def test_deleting_what_a_disabled_pack_points_at_does_no_harm(filled):
    runtime, ana, _, account, deal, _ = filled
    switch(runtime, on=False)
    runtime.current().records.execute(ana, [Delete("account", Target(account))])
    switch(runtime, on=True)
    assert runtime.current().queries.get(ana, "deal", deal)["name"] == "Roof"
