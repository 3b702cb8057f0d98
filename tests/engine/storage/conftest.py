"""A database of its own for each test of storage, with the tables of a small CRM where it wants them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.storage.builders import a_crm
from tests.support import postgres
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.apply import apply_plan, plan_for, prepare_installation
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema, titled
from xrm.engine.storage.numbers import Numbers, assign_numbers, read_numbers
from xrm.engine.storage.rows import Rows
from xrm.engine.world import World, fixed_world
from xrm.metadata.model import Model

NOON = datetime(2026, 5, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    """A world that stands still."""
    return fixed_world(NOON)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, on each system in turn."""
    opened = Database(database_url)
    yield opened
    opened.close()


def write_and_break(database: Database, *works: Callable[[UnitOfWork], object]) -> None:
    """A unit of work does these things and fails at its end."""
    with database.write() as unit:
        for work in works:
            work(unit)
        raise ZeroDivisionError


@dataclass
class Crm:
    """A database with the tables of the small CRM, and short ways to write into it."""

    database: Database
    schema: Schema
    numbers: Numbers
    world: World

    def rows(self, entity: str) -> Rows:
        """The rows of an entity."""
        return Rows(self.database, self.schema[entity])

    def row(self, entity: str, title: str = "A record", **values: Any) -> dict[str, Any]:
        """A new row with its system columns."""
        now = self.world.now()
        system = {"id": self.world.new_id(), "version": 1, "created_at": now, "updated_at": now}
        scalars = self.schema[entity].split(values, self.numbers.entities)
        return {**system, **titled(title), **scalars}

    def add(self, unit: UnitOfWork, entity: str, *rows: dict[str, Any]) -> None:
        """The rows are inserted."""
        self.rows(entity).insert(unit, rows)


def _install(url: str, model: Model | None) -> None:
    database, world = Database(url), fixed_world(NOON)
    prepare_installation(database, world)
    if model is not None:
        plan = plan_for(database, [sql_schema(model).metadata])
        apply_plan(database, plan, world, lambda unit: assign_numbers(unit, model) and None)
    database.close()


class Templates:
    """Databases that tests get copies of, each made when first asked for."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder, self._request = folder, request
        self._made: dict[tuple[str, bool], str] = {}

    @contextmanager
    def copy(self, system: str, *, whole: bool, folder: Path) -> Iterator[str]:
        """The address of a copy with the ledger, and with the tables of the small CRM if `whole`."""
        if system == "sqlite":
            shutil.copy(self._template(system, whole), folder / "xrm.db")
            yield f"sqlite:///{folder / 'xrm.db'}"
            return
        cluster = self._cluster()
        name = cluster.create(template=self._template(system, whole))
        yield cluster.url(name)
        cluster.drop(name)

    def _cluster(self) -> postgres.Cluster:
        cluster: postgres.Cluster = self._request.getfixturevalue("postgres_cluster")
        return cluster

    def _template(self, system: str, whole: bool) -> str:
        key = (system, whole)
        if key not in self._made:
            self._made[key] = self._make(system, a_crm() if whole else None)
        return self._made[key]

    def _make(self, system: str, model: Model | None) -> str:
        if system == "postgresql":
            name = self._cluster().create()
            _install(self._cluster().url(name), model)
            return name
        path = self._folder / f"{'ledger' if model is None else 'crm'}.db"
        _install(f"sqlite:///{path}", model)
        return str(path)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Templates:
    """The templates of this run."""
    return Templates(tmp_path_factory.mktemp("templates"), request)


@pytest.fixture(params=("sqlite", "postgresql"))
def installed(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """A database with the ledger, on each system in turn."""
    with templates.copy(request.param, whole=False, folder=tmp_path) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture(params=("sqlite", "postgresql"))
def crm(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path, world: World) -> Iterator[Crm]:
    """The small CRM, installed, on each system in turn."""
    with templates.copy(request.param, whole=True, folder=tmp_path) as url:
        database = Database(url)
        with database.read() as unit:
            numbers = read_numbers(unit)
        yield Crm(database, sql_schema(a_crm()), numbers, world)
        database.close()
