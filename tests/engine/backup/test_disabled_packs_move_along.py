"""What a disabled pack stores goes into a backup, and comes back with the pack in the other database."""

from __future__ import annotations

from pathlib import Path

from tests.engine.backup.conftest import Places, digest
from tests.support.installed import make_runtime
from xrm.engine.backup import write_backup
from xrm.engine.commands import Create
from xrm.engine.queries.request import Query
from xrm.engine.runtime.backups import ground_of
from xrm.testing import a_pack, admin_actor

DEAL = "title: name\nfields:\n  name: {type: text, required: true, search: true}\n  price: {type: money}\n"


def test_records_of_a_disabled_pack_come_along_and_are_found_when_it_is_enabled(
    module_url: str, places: Places, tmp_path: Path
) -> None:
    runtime = make_runtime(module_url, tmp_path / "one", [a_pack("sales", deal=DEAL)])
    ana, values = admin_actor(runtime), {"name": "Ship", "price": {"amount": "12.50", "currency": "EUR"}}
    deal = runtime.current().records.do(ana, Create("deal", values)).results[0].id
    runtime.packs.revise(runtime.switches.revision(runtime.installer, "sales", on=False), runtime.installer)
    write_backup(ground_of(runtime), tmp_path / "b.zip")
    settings = places.settings("postgresql" if runtime.database.dialect.is_sqlite else "sqlite")
    places.restore(tmp_path / "b.zip", settings)
    there = places.open(settings)
    assert digest(there) == digest(runtime)
    assert "deal" not in there.current().model.entities
    assert there.packs.plan().is_empty
    there.packs.revise(there.switches.revision(there.installer, "sales", on=True), there.installer)
    ana, queries = admin_actor(there), there.current().queries
    assert queries.get(ana, "deal", deal)["price"]["amount"] == "12.50"
    assert [row["id"] for row in queries.list(ana, Query("deal", search="ship")).data] == [str(deal)]
    runtime.close()
