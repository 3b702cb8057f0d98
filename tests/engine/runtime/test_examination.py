"""The doctor finds what is wrong and says what helps."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.examination import examine, examine_settings
from xrm.engine.storage.ledger import FILE
from xrm.testing import NOON, a_pack, admin_actor, make_settings

NOTE = "fields:\n  name: {type: text, required: true}\nrelationships:\n  about: {to: any, inverse: notes}\n"


@pytest.fixture
def runtime(database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    installed = make_runtime(database_url, tmp_path, [a_pack("notes", note=NOTE)])
    admin_actor(installed)
    yield installed
    installed.close()


def ills(findings):
    return {finding.name: finding.remedy for finding in findings if not finding.is_well}


def test_a_sound_installation_has_no_remedies(runtime):
    findings = examine(runtime)
    assert ills(findings) == {}
    assert [f.name for f in findings][:2] == ["database", "packs"]


def test_an_installation_that_nobody_can_administer_is_found(database_url, tmp_path):
    runtime = make_runtime(database_url, tmp_path)
    assert "xrm user add" in ills(examine(runtime))["administrator"]
    runtime.close()


def test_a_missing_index_is_found_and_mended(runtime):
    name = next(str(i.name) for i in runtime.current().schema["note"].table.indexes)
    with runtime.database.write() as unit:
        unit.script(f'DROP INDEX "{name}"')
    assert "xrm apply" in ills(examine(runtime))["tables"]
    runtime.packs.apply(runtime.installer)
    assert ills(examine(runtime)) == {}


def test_a_lost_file_is_found(runtime):
    content = runtime.files.put(BytesIO(b"hello"), 100)
    row = {"id": uuid4(), "sha256": content.sha256, "size": 5, "media_type": "text/plain", "name": "a.txt"}
    with runtime.database.write() as unit:
        unit.execute(sa.insert(FILE), {**row, "created_at": NOON})
    assert ills(examine(runtime)) == {}
    runtime.files.remove(content.sha256, runtime.world.now() + timedelta(seconds=1))
    assert "backup" in ills(examine(runtime))["files"]


def test_a_link_to_any_record_that_leads_nowhere_is_found(runtime):
    admin, snapshot = admin_actor(runtime), runtime.current()
    first = snapshot.records.execute(admin, [Create("note", {"name": "A"})]).results[0]
    about = {"entity": "note", "id": str(first.id)}
    snapshot.records.execute(admin, [Create("note", {"name": "B", "about": about})])
    assert ills(examine(runtime)) == {}
    table = snapshot.schema["note"].table
    with runtime.database.write() as unit:
        unit.execute(sa.delete(table).where(table.c.id == first.id))
    assert "links" in ills(examine(runtime))


def test_a_clock_that_went_back_is_found(runtime):
    admin = admin_actor(runtime)
    runtime.current().records.execute(admin, [Create("note", {"name": "A"})])
    runtime.world.clock.advance(timedelta(days=-1))
    assert "NTP" in ills(examine(runtime))["clock"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"secret_key": ""}, "secret key"),
        ({"base_url": "http://xrm.example.org"}, "address"),
    ],
    ids=["no key", "not encrypted"],
)
def test_settings_that_endanger_an_installation_are_found(tmp_path, changes, name):
    settings = make_settings("sqlite:///x.db", tmp_path)
    settings.data.mkdir()
    assert ills(examine_settings(settings)) == {}
    assert list(ills(examine_settings(replace(settings, **changes)))) == [name]


def test_a_key_that_others_can_read_is_found(tmp_path):
    settings = make_settings("sqlite:///x.db", tmp_path)
    settings.data.mkdir()
    (settings.data / "secret.key").write_text("x")
    (settings.data / "secret.key").chmod(0o644)
    assert "chmod" in ills(examine_settings(settings))["data folder"]
