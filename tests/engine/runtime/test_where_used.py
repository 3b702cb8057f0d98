"""Whoever asks where something is used is told of all of it: definitions, awake and asleep, and what people keep."""

from datetime import timedelta

import pytest

from tests.support.installed import make_runtime
from xrm.engine.queries.former import Use
from xrm.engine.views import ALL, Asked, Wanted
from xrm.testing import a_pack, admin_actor, an_actor

CRM = a_pack(
    "crm",
    {
        "roles.yaml": "seller: {grants: {all: {entity: account, can: [read, update]}}}\n",
        "lifecycles/account.yaml": "states: {open: {initial: true}, shut: {}}\n"
        "transitions: {shut: {from: open, to: shut}}\n",
    },
    account="""title: name
fields:
  name: {type: text}
  kind: {type: choice, options: [firm, club]}
""",
)
SALES = a_pack(
    "sales",
    {
        "pack.yaml": "pack: sales\nlabel: Sales\nversion: 1.0.0\nrequires: {crm: '>=1.0'}\n",
        "extend/account.yaml": 'rules: {named: {must: kind == "firm", message: Firms only.}}\n',
    },
    deal="title: name\nfields: {name: {type: text}}\nrelationships: {account: {to: account}}\n",
)


@pytest.fixture
def runtime(database_url, tmp_path):
    made = make_runtime(database_url, tmp_path, [CRM, SALES])
    yield made
    made.close()


def used(runtime, name):
    return runtime.where_used(admin_actor(runtime), name)


def kept(runtime, name):
    return {one.kind: (one.count, one.names) for one in used(runtime, name).kept}


def test_saved_views_are_found_by_their_entity_its_options_and_their_role_and_private_ones_are_counted(
    runtime,
):
    ana, views = admin_actor(runtime), runtime.current().views
    views.create(ana, "account", Wanted("Firms", Asked(filter='kind == "firm"'), ALL))
    views.create(ana, "account", Wanted("Open", Asked(filter='state in ["open"]'), "role", "seller"))
    views.create(ana, "account", Wanted("Plain", Asked()))
    views.create(ana, "deal", Wanted("Far", Asked(filter='account.kind == "club"'), ALL))
    assert kept(runtime, "account") == {"views": (4, ('"Far": deal', '"Firms": account', '"Open": account'))}
    assert kept(runtime, "account.kind.firm") == {"views": (1, ('"Firms": account',))}
    assert kept(runtime, "account.kind.club") == {"views": (1, ('"Far": deal',))}
    assert kept(runtime, "account.state.open") == {"views": (1, ('"Open": account',))}
    assert kept(runtime, "role:seller") == {"views": (1, ('"Open": account',))}
    assert used(runtime, "account").saved_views[-1] == "saved view of one person"


def test_a_role_is_used_by_whoever_holds_it_by_tokens_that_are_narrowed_to_it_and_by_jobs_that_wait(runtime):
    boss, rui = admin_actor(runtime), an_actor(runtime, "Rui", ["seller"])
    team = runtime.identity.groups.create_team(boss, "North")
    runtime.identity.groups.change_roles(boss, team, ["seller"], [])
    soon = runtime.world.now() + timedelta(hours=1)
    for name, expires in (("Feed", None), ("Old", soon)):
        runtime.identity.create_token(rui, name, ["seller"], expires)
    runtime.world.clock.advance(timedelta(hours=2))
    runtime.jobs.register("wait", lambda _: {})
    about = {"entity": "account", "mapping": {"A": "kind"}}
    runtime.jobs.start("wait", about, rui, label="Accounts", after=timedelta(days=1))
    waits = (1, ("wait: Accounts",))
    assert kept(runtime, "role:seller") == {
        "people": (1, ("Rui",)), "teams": (1, ("North",)), "tokens": (1, ("Feed (Rui)",)), "jobs": waits
    }  # fmt: skip
    assert kept(runtime, "account.kind") == kept(runtime, "account") == {"jobs": waits}
    assert kept(runtime, "account.name") == {}


def test_disabled_packs_are_asked_too_and_their_references_are_told_asleep(runtime):
    before = {(one.source, one.sleeps) for one in used(runtime, "account.kind.firm").references}
    assert before == {("rule:account.named.must", False)}
    runtime.packs.revise(runtime.switches.revision(runtime.installer, "sales", on=False), runtime.installer)
    asleep = {(one.source, one.layer) for one in used(runtime, "account.kind.firm").references if one.sleeps}
    assert asleep == {("rule:account.named.must", "sales")}
    assert "deal" in {
        one.source.partition(":")[2].partition(".")[0] for one in used(runtime, "account").references
    }
    assert used(runtime, "deal.name").thing.name == "deal.name"


def test_options_and_roles_are_counted_by_their_present_and_former_names(runtime):
    ana, usage = admin_actor(runtime), runtime.usage
    usage.note(
        runtime.current().numbers,
        [Use("account", "kind", "filter"), Use("account", "kind", "option", "firm")],
    )
    usage.note_roles(["seller"])
    assert runtime.where_used(ana, "account.kind").uses == {"filter": 1}
    assert runtime.where_used(ana, "account.kind.firm").uses == {"option": 1}
    assert runtime.where_used(ana, "account.kind.club").uses == {}
    assert runtime.where_used(ana, "role:seller").uses == {"request": 1}
