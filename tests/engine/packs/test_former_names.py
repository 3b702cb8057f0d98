"""What the ledger keeps by name is present again with the activation that makes some names former ones."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tests.engine.packs.conftest import Make
from xrm.engine.commands import Create
from xrm.engine.queries.former import Use
from xrm.engine.queries.request import Query, Sort
from xrm.engine.runtime import Runtime
from xrm.engine.storage.ledger import FORMER, JOB, TEAM_ROLE, TOKEN, USE, USER_ROLE, VIEW
from xrm.engine.transfer import ImportRequest
from xrm.engine.views import ROLE, Asked, Wanted
from xrm.testing import a_pack, admin_actor, an_actor, pack_from

FIRM = """
renamed_from: company
title: name
fields:
  name: {type: text, required: true}
  telephone: {type: phone, renamed_from: phone}
  kind: {type: choice, options: {club: {renamed_from: team}, shop: {}}}
relationships:
  chief: {to: firm, inverse: branches, renamed_from: head}
"""
ROLES = """
seller:
  label: Seller
  renamed_from: vendor
  grants: {all: {entity: firm, can: [create, read, update, publish, import, export]}}
"""
OLD = {
    "fields": ["name", "phone", "head.phone"],
    "sort": ["-phone", "telephone"],
    "filter": 'phone != empty and head.kind == "team"',
}
NEW = {
    "fields": ["name", "telephone", "chief.telephone"],
    "sort": ["-telephone", "telephone"],
    "filter": 'telephone != empty and chief.kind == "club"',
}


def the_pack(version: str = "1.0.0") -> dict[str, str]:
    return a_pack("trade", {"roles.yaml": ROLES}, version=version, firm=FIRM)


def upgraded(runtime: Runtime, version: str = "1.0.1") -> None:
    runtime.packs.install([pack_from(the_pack(version))], runtime.installer)


def row_of(runtime: Runtime, table: sa.Table) -> Any:
    with runtime.database.read() as unit:
        return unit.execute(sa.select(table)).one()


def changed(runtime: Runtime, table: sa.Table, **values: Any) -> None:
    """What an earlier version of the definitions left in the ledger."""
    with runtime.database.write() as unit:
        unit.execute(sa.update(table).values(**values))


def test_a_saved_view_asks_by_present_names(make: Make):
    runtime = make([the_pack()])
    boss = admin_actor(runtime)
    wanted = Wanted("V", Asked(fields=("name",)), ROLE, "seller")
    view = runtime.current().views.create(boss, "firm", wanted)
    changed(runtime, VIEW, asked=OLD, uses=["field:company.phone", "field:firm.head"], role="vendor")
    upgraded(runtime)
    row = row_of(runtime, VIEW)
    assert row.asked == NEW
    assert row.uses == ["field:firm.telephone", "field:firm.chief"]
    assert row.role == "seller"
    shown = runtime.current().views.view(an_actor(runtime, "Sam", ["seller"]), "firm", view.id)
    assert (shown.asked.filter, shown.left_out) == (NEW["filter"], 0)


BEFORE = """
title: name
fields:
  name: {type: text, required: true}
  phone: {type: phone}
  kind: {type: choice, options: [team, shop]}
relationships:
  head: {to: company, inverse: branches}
"""


def test_records_and_views_of_what_was_renamed_are_found_by_present_names(make: Make):
    roles = ROLES.replace("  renamed_from: vendor\n", "").replace("entity: firm", "entity: company")
    runtime = make([a_pack("trade", {"roles.yaml": roles}, company=BEFORE)])
    boss = admin_actor(runtime)
    values = {"name": "H", "phone": "+351211234567", "kind": "team"}
    head = runtime.current().records.execute(boss, [Create("company", values)]).results[0]
    runtime.current().records.execute(boss, [Create("company", {"name": "A", "head": str(head.id)})])
    asked = Asked(fields=tuple(OLD["fields"]), filter=OLD["filter"])
    view = runtime.current().views.create(boss, "company", Wanted("V", asked))
    runtime.packs.install([pack_from(the_pack("2.0.0"))], runtime.installer)
    held = runtime.current().views.view(boss, "firm", view.id).asked
    assert (held.fields, held.filter) == (tuple(NEW["fields"]), NEW["filter"])
    wanted = (("telephone",), ("kind",), ("chief", "telephone"))
    found = runtime.current().queries.list(boss, Query("firm", fields=wanted, sort=(Sort(("name",)),))).data
    assert [row["telephone"] for row in found] == [None, "+351211234567"]
    assert found[0]["chief"]["telephone"] == "+351211234567"
    assert found[1]["kind"] == "club"


def test_a_view_that_is_saved_by_former_names_is_kept_by_present_ones(make: Make):
    runtime = make([the_pack()])
    asked = Asked(fields=("phone",), filter="phone != empty", sort=("-phone",))
    view = runtime.current().views.create(admin_actor(runtime), "firm", Wanted("V", asked))
    assert (view.asked.fields, view.asked.filter, view.asked.sort) == (
        ("telephone",), "telephone != empty", ("-telephone",)
    )  # fmt: skip
    assert row_of(runtime, VIEW).uses == ["field:firm.telephone"]


def test_whoever_held_a_role_holds_it_by_its_present_name(make: Make):
    runtime = make([the_pack()])
    sam = an_actor(runtime, "Sam", ["seller"], teams=["North"])
    runtime.identity.create_token(sam, "narrow", roles=["seller"])
    with runtime.database.write() as unit:
        team = unit.execute(sa.text("select id from xrm_team")).scalar_one()
        unit.execute(sa.insert(TEAM_ROLE), {"team": _id(team), "role": "vendor"})
        unit.execute(sa.insert(USER_ROLE), {"user": sam.id, "role": "vendor"})
        unit.execute(sa.update(TOKEN).values(roles=["vendor"]))
    upgraded(runtime)
    with runtime.database.read() as unit:
        held = unit.execute(sa.select(USER_ROLE.c.role).where(USER_ROLE.c.user == sam.id)).scalars().all()
        assert held == ["seller"]
        assert unit.execute(sa.select(TEAM_ROLE.c.role)).scalars().all() == ["seller"]
        assert unit.execute(sa.select(TOKEN.c.roles)).scalar_one() == ["seller"]


def _id(raw: Any) -> Any:
    return UUID(bytes=raw) if isinstance(raw, bytes) else raw


def test_a_job_is_about_what_it_was_about(make: Make):
    runtime = make([the_pack()])
    boss = admin_actor(runtime)
    content = runtime.transfer.keep(boss, "firm", _csv("Name,Call\nA,+351211234567\n"))
    request = ImportRequest("firm", content, mapping={"Name": "name", "Call": "phone"})
    job = runtime.transfer.start_import(boss, request)
    assert job.result["created"] == 1
    params = {**row_of(runtime, JOB).params, "entity": "company", "by": "phone"}
    changed(runtime, JOB, params=params)
    upgraded(runtime)
    row = row_of(runtime, JOB)
    assert (row.params["entity"], row.params["by"]) == ("firm", "telephone")
    assert row.params["mapping"] == {"Name": "name", "Call": "telephone"}
    runtime.transfer.undo(boss, job.id)
    assert runtime.current().queries.counts(boss, ["firm"])[0].count == 0


def _csv(text: str) -> Any:
    return BytesIO(text.encode())


def test_records_hold_the_present_keys_of_options(make: Make):
    before = FIRM.replace("{club: {renamed_from: team}, shop: {}}", "[team, shop]")
    more = "  marks: {type: multi_choice, options: [early, far_off, far]}\nrelationships:"
    before = before.replace("relationships:", more)
    runtime = make([a_pack("trade", {"roles.yaml": ROLES}, firm=before)])
    boss = admin_actor(runtime)
    values = [("team", ["early", "far"]), ("shop", ["far_off"]), (None, None)]
    rows = [Create("firm", {"name": f"{n}", "kind": k, "marks": m}) for n, (k, m) in enumerate(values)]
    runtime.current().records.execute(boss, rows)
    after = before.replace("[team, shop]", "{club: {renamed_from: team}, shop: {}}")
    after = after.replace("[early, far_off, far]", "{early: {}, far_off: {}, near: {renamed_from: far}}")
    files = a_pack("trade", {"roles.yaml": ROLES}, version="1.0.1", firm=after)
    runtime.packs.install([pack_from(files)], runtime.installer)
    found = runtime.current().queries.list(boss, Query("firm", sort=(Sort(("name",)),))).data
    assert [(row["kind"], row["marks"]) for row in found] == [
        ("club", ["early", "near"]), ("shop", ["far_off"]), (None, None)
    ]  # fmt: skip


def test_a_former_name_is_known_since_its_first_activation_and_forgotten_when_it_is_retired(make: Make):
    runtime = make([the_pack()])
    first = runtime.current().former_since
    assert set(first) == {("", "company"), ("firm", "phone"), ("firm", "head")}
    runtime.world.clock.advance(timedelta(days=3))
    upgraded(runtime)
    assert runtime.current().former_since == first
    files = the_pack("1.0.2")
    files["entities/firm.yaml"] = files["entities/firm.yaml"].replace(", renamed_from: phone", "")
    runtime.packs.install([pack_from(files)], runtime.installer)
    assert set(runtime.current().former_since) == {("", "company"), ("firm", "head")}
    with runtime.database.read() as unit:
        assert unit.execute(sa.select(sa.func.count()).select_from(FORMER)).scalar_one() == 2


def test_records_are_seeded_by_former_names(make: Make):
    seed = "records: [{ref: a, entity: company, values: {name: A, phone: +351211234567, kind: team}}]\n"
    runtime = make([{**the_pack(), "seed/base.yaml": seed}])
    (found,) = runtime.current().queries.list(admin_actor(runtime), _query()).data
    assert (found["telephone"], found["kind"]) == ("+351211234567", "club")


def _query() -> Any:
    return Query("firm")


def test_counts_of_several_processes_add_up_and_old_days_go(make: Make):
    runtime = make([the_pack()])
    other = make([], install=False)
    boss = admin_actor(runtime)
    runtime.current().records.execute(boss, [Create("firm", {"name": "A"})])
    for one in (runtime, other, other):
        one.usage.note(one.current().numbers, [Use("firm", "telephone", "sort"), Use("firm", "", "read")])
        one.usage.write()
    found = runtime.where_used(boss, "firm.phone")
    assert found.uses == {"sort": 3}
    assert runtime.where_used(boss, "firm").uses == {"read": 3}
    runtime.world.clock.advance(timedelta(days=31))
    assert runtime.where_used(boss, "firm.telephone").uses == {}
    runtime.world.clock.advance(timedelta(days=70))
    runtime.usage.note(runtime.current().numbers, [Use("firm", "", "read"), Use("nothing", "", "read")])
    runtime.usage.write()
    with runtime.database.read() as unit:
        assert [row.count for row in unit.execute(sa.select(USE))] == [1]
