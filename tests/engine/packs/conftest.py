"""Runtimes that close themselves, and what an installation looks like from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.installed import make_runtime
from xrm.engine.runtime import Runtime
from xrm.engine.storage.inspection import inspect
from xrm.engine.storage.ledger import CHANGE, CONTENT

Make = Callable[..., Runtime]


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """`make([packs])` is a runtime over this test's database; another call is another process's view."""
    made: list[Runtime] = []

    def runtime(packs: Any = (), **options: Any) -> Runtime:
        made.append(make_runtime(database_url, tmp_path, packs, **options))
        return made[-1]

    yield runtime
    for one in made:
        one.close()


@pytest.fixture
def look() -> Callable[[Runtime], dict[str, Any]]:
    """`look(runtime)` is all of an installation that a refused act must leave as it was."""

    def everything(runtime: Runtime) -> dict[str, Any]:
        with runtime.database.read() as unit:
            live = inspect(unit)
            rows = {name: _count(unit, name) for name in live.tables}
            contents = set(unit.execute(sa.select(CONTENT.c.hash)).scalars())
            changes = unit.execute(sa.select(sa.func.count()).select_from(CHANGE)).scalar_one()
            stamp = runtime.freshness.read_in(unit)
        layers = runtime.packs.list()
        return {
            "schema": live.base, "rows": rows, "contents": contents, "changes": changes,
            "stamp": stamp, "layers": layers,
        }  # fmt: skip

    return everything


def _count(unit: Any, table: str) -> int:
    return unit.execute(sa.select(sa.func.count()).select_from(sa.table(table))).scalar_one()
