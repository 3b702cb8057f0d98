"""Installations that the tests of a module share; each test makes records of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installed import make_runtime
from tests.support.office import PACK, Office, open_office


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database for the tests of one module, on each supported system in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'xrm.db'}"
        return
    cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture(scope="module")
def office(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office, installed."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("office"), [PACK])
    yield open_office(runtime)
    runtime.close()
