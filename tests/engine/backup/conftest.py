"""An archive with something of everything in it, and places to restore it into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from tests.support.office import PACK, Office, open_office
from xrm.engine.backup import Ground, Manifest, digest_of, restore, write_backup
from xrm.engine.commands import Delete, Link, Target, Transition
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.backups import empty_ground, ground_of
from xrm.engine.storage.inspection import inspect
from xrm.testing import a_pack, make_settings

KINDS = """
title: name
fields:
  name: {type: text, required: true, search: true}
  whole: {type: integer}
  exact: {type: decimal, precision: 18, scale: 6}
  money: {type: money}
  yes: {type: boolean}
  day: {type: date}
  instant: {type: datetime}
  clock: {type: time}
  span: {type: duration}
  bag: {type: json}
  note: {type: long_text, search: true}
  picture: {type: file}
"""
VALUES: dict[str, Any] = {
    "name": "Ünïcode \U0001f600 \\N",
    "whole": -(2**53),
    "exact": "-123456789012.000001",
    "money": {"amount": "12.50", "currency": "EUR"},
    "yes": False,
    "day": "0999-12-31",
    "instant": "2026-07-01T10:00:00.000001Z",
    "clock": "23:59:59",
    "span": "P1DT1S",
    "bag": {"z": [1, 2.5, None, "é", True], "a": {}, "big": 12345678901234, "tiny": 1e-7},
    "note": 'first line\nsecond "line" with zebra',
}


PACKS = [PACK, a_pack("kinds", kinds=KINDS)]


@dataclass
class Full:
    """An installation with records of every kind, and what they are."""

    office: Office
    kinds: UUID
    deal: UUID
    trashed: UUID
    content: str
    token: str

    @property
    def runtime(self) -> Runtime:
        return self.office.runtime

    @property
    def ground(self) -> Ground:
        return ground_of(self.runtime)


def fill(runtime: Runtime) -> Full:
    """Records, links, steps, a file, a token, a session, comments and a job are there."""
    office = open_office(runtime)
    file = runtime.uploads.upload(office.admin, BytesIO(b"hello world"), "hello.txt")
    kinds = office.make("kinds", by=office.admin, **VALUES, picture=str(file.id))
    town = office.make("account", name="Acme", city="Porto", token="a sealed secret", secret_note="mauve")
    lost = office.make("account", name="Lost", parent=str(town))
    person = office.make("person", name={"first": "Pia", "last": "Payer"}, account=str(town))
    deal = office.make(
        "deal", name="Roof", amount={"amount": "99.90", "currency": "EUR"}, account=str(town), share="12.5",
        payer={"id": str(person), "entity": "person"}, about={"id": str(town), "entity": "account"},
        lines={"create": [{"name": "One", "quantity": "1.5"}]},
    )  # fmt: skip
    office.run(Link("deal", Target(deal), "partners", {"id": str(town)}, {"role": "lead"}))
    office.run(Transition("deal", Target(deal), "win"))
    office.change("account", lost, city="Faro")
    office.run(Delete("account", Target(lost)))
    token = runtime.identity.create_token(office.boss, "backup")
    return Full(office, kinds, deal, lost, file.sha256, token)


@pytest.fixture(scope="module")
def full(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """The full installation, on each system in turn."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("full"), PACKS)
    yield fill(runtime)
    runtime.close()


class Places:
    """Empty databases of either system, each with a data folder of its own."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder, self._request, self._count = folder, request, 0
        self._open: list[Runtime] = []
        self._made: list[str] = []

    def settings(self, system: str) -> Any:
        """Settings that lead to an empty database of that system."""
        self._count += 1
        folder = self._folder / f"place{self._count}"
        folder.mkdir()
        if system == "sqlite":
            return make_settings(f"sqlite:///{folder / 'xrm.db'}", folder)
        cluster = self._request.getfixturevalue("postgres_cluster")
        self._made.append(cluster.create())
        return make_settings(cluster.url(self._made[-1]), folder)

    def restore(self, archive: Path, settings: Any) -> Manifest:
        """The archive is restored where the settings lead."""
        settings.data.mkdir(parents=True, exist_ok=True)
        with empty_ground(settings) as ground:
            return restore(ground, archive, settings.data).manifest

    def open(self, settings: Any) -> Runtime:
        """The installation there, open until the test is over."""
        runtime = make_runtime("", Path(), settings=settings, install=False)
        runtime.world.clock.advance(timedelta(hours=1))
        self._open.append(runtime)
        return runtime

    def tables(self, settings: Any) -> list[str]:
        """The tables of ours that are there."""
        with empty_ground(settings) as ground, ground.database.read() as unit:
            return sorted(inspect(unit).tables)

    def close(self) -> None:
        for runtime in self._open:
            runtime.close()
        for name in self._made:
            self._request.getfixturevalue("postgres_cluster").drop(name)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Places]:
    """Where to restore."""
    made = Places(tmp_path_factory.mktemp("places"), request)
    yield made
    made.close()


@pytest.fixture(scope="module")
def taken(full: Full, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """A backup of the full installation, taken before any test changed it."""
    path = tmp_path_factory.mktemp("taken") / "backup.zip"
    return path, write_backup(full.ground, path)


def count(runtime: Runtime, table: sa.Table) -> int:
    """How many rows the table has."""
    with runtime.database.read() as unit:
        return int(unit.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def digest(runtime: Runtime) -> str:
    """What the installation holds, in one word."""
    return digest_of(ground_of(runtime)).digest
