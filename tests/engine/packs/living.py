"""A shop whose definitions change: filled once for each database, and copied for every test."""

import shutil
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime, plan_back
from xrm.engine.commands import Create, Link, Target
from xrm.engine.packs import Revision
from xrm.engine.storage.forms import NO_DECISIONS
from xrm.engine.storage.inspection import inspect
from xrm.testing import a_pack, admin_actor, pack_from

ACCOUNT = "title: name\nfields:\n  name: {type: text, required: true, search: true}\n"
DEAL = """
title: name
fields:
  name: {type: text, required: true, search: true}
  code: {type: text, unique: true}
  price: {type: money}
relationships:
  account: {to: account}
  payer: {to: [account, deal]}
  helpers: {to: account, many: true, attributes: {role: {type: text}}}
keys:
  once: {fields: [name, account]}
"""
START = {"account": ACCOUNT, "deal": DEAL}
RENAMED = (
    DEAL.replace("code: {", "mark: {renamed_from: code, ")
    .replace("price: {", "value: {renamed_from: price, ")
    .replace("account: {to", "client: {renamed_from: account, to")
    .replace("payer: {", "pays: {renamed_from: payer, ")
    .replace("helpers: {", "hands: {renamed_from: helpers, ")
    .replace("[name, account]", "[name, client]")
)
PLAIN = "title: name\nfields:\n  name: {type: text}\n"
WITHOUT_CODE = DEAL.replace("  code: {type: text, unique: true}\n", "")


def sales(**entities):
    return pack_from(a_pack("sales", **entities))


def plan(runtime, decisions=NO_DECISIONS, **entities):
    revision = Revision((sales(**entities),), dev=True, decisions=decisions)
    return runtime.packs.foresee(revision).plan


def change(runtime, decisions=NO_DECISIONS, **entities):
    """The entities are those of the pack, whatever that removes."""
    confirmed = plan(runtime, decisions, **entities)
    hash_ = confirmed.hash if confirmed.destructive else ""
    revision = Revision((sales(**entities),), dev=True, decisions=decisions, confirmed=hash_)
    return runtime.packs.revise(revision, runtime.installer)


def go_back(runtime, number):
    return runtime.packs.roll_back(number, runtime.installer, confirmed=plan_back(runtime, number).hash)


def version(runtime):
    return runtime.packs.versions()[0].number


def fill(runtime):
    """Two accounts and a deal with everything filled in."""
    ana, records = admin_actor(runtime), runtime.current().records
    one, two = (records.execute(ana, [Create("account", {"name": n})]).results[0].id for n in ("Um", "Dois"))
    values = {
        "name": "Ship",
        "code": "A-1",
        "price": {"amount": "12.50", "currency": "EUR"},
        "account": {"id": str(one)},
        "payer": {"entity": "account", "id": str(two)},
    }
    deal = records.execute(ana, [Create("deal", values)]).results[0].id
    records.execute(ana, [Link("deal", Target(deal), "helpers", {"id": str(two)}, {"role": "crew"})])
    return deal


@pytest.fixture(scope="module")
def filled(request, tmp_path_factory):
    """`filled(system)` is the address of a shop to copy, and its deal; each is made once."""
    made = {}

    def of(system):
        if system not in made:
            folder = tmp_path_factory.mktemp(system)
            name = request.getfixturevalue("postgres_cluster").create() if system == "postgresql" else ""
            url = (
                request.getfixturevalue("postgres_cluster").url(name)
                if name
                else f"sqlite:///{folder / 'xrm.db'}"
            )
            runtime = make_runtime(url, folder, [a_pack("sales", **START)])
            made[system] = name or folder / "xrm.db", fill(runtime)
            runtime.close()
        return made[system]

    return of


def opened(request, filled, system, folder):
    """A copy of the shop, its administrator and its deal; and how another process sees it."""
    template, deal = filled(system)
    if system == "sqlite":
        shutil.copy(template, folder / "xrm.db")
        url = f"sqlite:///{folder / 'xrm.db'}"
    else:
        cluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=template)
        request.addfinalizer(lambda: cluster.drop(name))
        url = cluster.url(name)
    runtime = make_runtime(url, folder, install=False)
    request.addfinalizer(runtime.close)
    return runtime, admin_actor(runtime), deal


@pytest.fixture(params=("sqlite", "postgresql"))
def shop(request, filled, tmp_path):
    """The shop on each database in turn."""
    return opened(request, filled, request.param, tmp_path)


@pytest.fixture
def house(request, filled, tmp_path):
    """The shop on SQLite, for what is the same wherever it is stored."""
    return opened(request, filled, "sqlite", tmp_path)


def read(runtime, actor, entity, record):
    return runtime.current().queries.get(actor, entity, record)


def rows(runtime, table):
    with runtime.database.read() as unit:
        return [dict(r) for r in unit.execute(sa.text(f"SELECT * FROM {table} ORDER BY id")).mappings()]


def data(runtime):
    """Everything that the tables of packs hold, by the names of their columns."""
    with runtime.database.read() as unit:
        names = [name for name in inspect(unit).tables if not name.startswith("xrm_")]
    return {name: [without_shadows(row) for row in rows(runtime, name)] for name in sorted(names)}


def without_shadows(row):
    return {name: value for name, value in row.items() if not name.startswith("zz")}


def as_id(value):
    """The id that a column of either database holds."""
    return UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value))
