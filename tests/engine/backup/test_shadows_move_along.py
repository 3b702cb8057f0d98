"""What was removed from the definitions before a backup comes back after it, in the other database, by a roll back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.backup.conftest import Places, digest
from tests.engine.backup.test_refused_archives import rewritten
from tests.support.installed import make_runtime, plan_back
from xrm.engine.backup import write_backup
from xrm.engine.backup.codes import ArchiveRefused
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.backups import ground_of
from xrm.errors import Conflict
from xrm.testing import a_pack, admin_actor, pack_from

NAME = "title: name\nfields:\n  name: {type: text, required: true}\n"
WHOLE = NAME + "  price: {type: money}\n  span: {type: duration}\n"


def change(runtime: Runtime, **entities: str) -> None:
    """The entities are those of the pack, whatever that removes."""
    source = pack_from(a_pack("sales", **entities))
    confirmed = runtime.packs.plan([source], dev=True).hash
    runtime.packs.install([source], runtime.installer, dev=True, confirmed=confirmed)


def without_notes(entries: dict[str, bytes]) -> None:
    """The kept table of notes is empty, and what is kept of the deal points there."""
    (name,) = (name for name in entries if name.endswith("sales__note.jsonl"))
    entries[name] = b""


def test_a_removed_field_and_a_removed_entity_come_back_after_a_move(
    module_url: str, places: Places, tmp_path: Path
) -> None:
    about = "relationships: {about: {to: note}}\n"
    runtime = make_runtime(module_url, tmp_path / "one", [a_pack("sales", deal=WHOLE + about, note=WHOLE)])
    start, ana = runtime.packs.versions()[0].number, admin_actor(runtime)
    values = {"name": "Ship", "price": {"amount": "12.50", "currency": "EUR"}, "span": "PT1H"}
    records = runtime.current().records
    note = records.do(ana, Create("note", {"name": "Remember", "span": "PT2H"})).results[0].id
    values["about"] = {"id": str(note)}
    deal = records.do(ana, Create("deal", values)).results[0].id
    change(runtime, deal=NAME)
    write_backup(ground_of(runtime), tmp_path / "b.zip")
    settings = places.settings("postgresql" if runtime.database.dialect.is_sqlite else "sqlite")
    with pytest.raises(ArchiveRefused) as refused:
        places.restore(rewritten(tmp_path / "b.zip", without_notes, honest=True), settings)
    assert refused.value.first.message.startswith("1 value points at a record of zz")
    assert str(refused.value.first.where).endswith("tables/sales__deal.jsonl")
    places.restore(tmp_path / "b.zip", settings)
    there = places.open(settings)
    assert digest(there) == digest(runtime)
    assert there.packs.plan().is_empty
    assert "no reference" not in " ".join(plan_back(there, start).sentences())
    there.packs.roll_back(start, there.installer, confirmed=plan_back(there, start).hash)
    read, ana = there.current().queries.get, admin_actor(there)
    after = read(ana, "deal", deal)
    assert (after["price"]["amount"], after["span"]) == ("12.50", "PT1H")
    assert after["about"]["id"] == str(note)
    assert (read(ana, "note", note)["name"], read(ana, "note", note)["span"]) == ("Remember", "PT2H")
    assert there.packs.plan().is_empty
    with pytest.raises(Conflict), there.database.write() as unit:
        unit.script("DELETE FROM sales__note")
    runtime.close()
