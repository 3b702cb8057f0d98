"""The runtime: one snapshot at a time, made once, changed only when the definitions change."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime, open_runtime
from xrm.errors import Unavailable
from xrm.testing import a_pack, admin_actor, an_actor, make_settings, pack_from

DEAL = "fields:\n  name: {type: text, required: true}\n"


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    with_deals = make_runtime(database_url, tmp_path, [a_pack("sales", deal=DEAL)])
    yield with_deals
    with_deals.close()


def test_the_same_snapshot_serves_until_the_definitions_change(runtime):
    first = runtime.current()
    assert runtime.current() is first
    runtime.packs.install([pack_from(a_pack("parts", part=DEAL))], runtime.installer)
    assert runtime.current() is not first
    assert runtime.current().stamp.model == first.stamp.model + 1


def test_a_change_of_people_keeps_the_snapshot(runtime):
    first = runtime.current()
    an_actor(runtime, "Rui")
    assert runtime.current() is first
    assert runtime.look()[1].rights > first.stamp.rights


def test_threads_that_ask_together_get_one_snapshot(runtime):
    with ThreadPoolExecutor(8) as pool:
        snapshots = list(pool.map(lambda _: runtime.current(), range(16)))
    assert len({id(snapshot) for snapshot in snapshots}) == 1


def test_a_snapshot_is_made_of_one_moment(runtime):
    snapshot = runtime.current()
    assert snapshot.schema.model is snapshot.model is snapshot.policy.model
    assert snapshot.model.entities.keys() <= snapshot.numbers.entities.keys()


def test_an_installation_without_layers_serves_nothing(database_url, tmp_path):
    runtime = open_runtime(make_settings(database_url, tmp_path))
    with pytest.raises(Unavailable) as refused:
        runtime.current()
    assert refused.value.first.hint == "Run xrm init."
    runtime.close()


def test_the_installer_is_one_account_that_cannot_sign_in(runtime):
    assert runtime.installer == runtime.installer
    facts = [person for person in runtime.directory.people() if person.id == runtime.installer.id]
    assert [(p.active, p.roles) for p in facts] == [(False, ("system_admin",))]


def test_records_outlive_the_runtime(runtime, database_url, tmp_path):
    admin = admin_actor(runtime)
    made = runtime.current().records.execute(admin, [Create("deal", {"name": "Ship"})]).results[0]
    other = make_runtime(database_url, tmp_path, install=False)
    assert other.current().queries.get(admin, "deal", made.id)["name"] == "Ship"
    other.close()
