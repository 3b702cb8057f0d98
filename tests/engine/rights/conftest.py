"""The installation that the second paths are tried in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.den import PACK, Den
from tests.support.installed import make_runtime
from xrm.testing import an_actor


@pytest.fixture(scope="module")
def den(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Den]:
    """The den, installed."""
    runtime = make_runtime(module_url, tmp_path_factory.mktemp("den"), [PACK])
    yield Den(runtime, an_actor(runtime, "sid"))
    runtime.close()
