"""A database of its own for each test of storage, with the tables of a small CRM where it wants them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
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
from xrm.engine.storage.numbers import Numbers, assign_numbers
from xrm.engine.storage.rows import Rows
from xrm.engine.world import World, fixed_world

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


def _install(url: str) -> None:
    database, world, schema = Database(url), fixed_world(NOON), sql_schema(a_crm())
    prepare_installation(database, world)
    plan = plan_for(database, [schema.metadata])
    apply_plan(database, plan, world, lambda unit: assign_numbers(unit, schema.model) and None)
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "xrm.db"
    _install(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: postgres.Cluster) -> str:
    """A database with the tables, to be copied."""
    name = postgres_cluster.create()
    _install(postgres_cluster.url(name))
    return name


@pytest.fixture
def crm_url_sqlite(tmp_path: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "xrm.db")
    return f"sqlite:///{tmp_path / 'xrm.db'}"


@pytest.fixture
def crm_url_postgresql(postgres_cluster: postgres.Cluster, postgres_template: str) -> Iterator[str]:
    name = postgres_cluster.create(template=postgres_template)
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)


@pytest.fixture(params=("sqlite", "postgresql"))
def crm(request: pytest.FixtureRequest, world: World) -> Iterator[Crm]:
    """The small CRM, installed, on each system in turn."""
    database = Database(request.getfixturevalue(f"crm_url_{request.param}"))
    with database.write() as unit:
        schema = sql_schema(a_crm())
        numbers = assign_numbers(unit, schema.model)
    yield Crm(database, schema, numbers, world)
    database.close()
