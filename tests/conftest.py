"""What every test may ask for: a database of its own on both systems, a browser, and the size of a proof."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Page

from tests.support import browser, installed, postgres, routes, statements
from tests.support.templates import CompiledTemplates

DATABASES = ("sqlite", "postgresql")

hypothesis_settings.register_profile(
    "xrm", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("xrm")

statements.share()
routes.share()
installed.read_once()
# A process makes hundreds of applications, which have the same templates.
Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proofs", action="store_true", help="run the proofs at full size; takes long")
    parser.addoption("--update-golden", action="store_true", help="rewrite the files that tests compare with")


def pytest_configure(config: pytest.Config) -> None:
    """The processes of a run share the installations that they copy; this one sweeps them away."""
    if not hasattr(config, "workerinput") and installed.ORIGINALS not in os.environ:
        folder = TemporaryDirectory(prefix="xrm-installed-", ignore_cleanup_errors=True)
        os.environ[installed.ORIGINALS] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_collection(session: pytest.Session) -> None:
    """Collecting makes modules and tests, which stay: nobody looks for garbage among them."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What collecting left stays until the end: the collector of garbage need not look through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def pytest_sessionfinish() -> None:
    """What is still lying about is looked for once; pytest itself would look through everything twice more."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `proof` exist only under --proofs: they are left out, not skipped."""
    if config.getoption("--proofs"):
        return
    proofs = [
        item for item in items if item.get_closest_marker("proof") or _is_seen_from_the_other_side(item)
    ]
    if proofs:
        config.hook.pytest_deselected(items=proofs)
        items[:] = [item for item in items if item not in proofs]


def _is_seen_from_the_other_side(item: pytest.Item) -> bool:
    """A state of a page is looked at in one of the opposite faces, and in all of them under --proofs."""
    face = re.search(r"\W(light\W+1440|dark\W+390)\W", item.name)
    if face is None or item.get_closest_marker("both_faces"):
        return False
    wanted = ("light", "dark")[crc32(item.name.partition("[")[0].encode()) % 2]
    return not face[1].startswith(wanted)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where CI is set, a skipped test is a failed one."""
    report = yield
    return _refused_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a module that skips itself."""
    report = yield
    return _refused_skip(report)


def _refused_skip(report):
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"A skipped test counts as a failure in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def proofs(request: pytest.FixtureRequest) -> bool:
    """Whether the proofs run at full size."""
    return bool(request.config.getoption("--proofs"))


@pytest.fixture(scope="session")
def scale(proofs: bool) -> Callable[[int, int], int]:
    """`scale(small, full)` is the number to use: small in every run, full under --proofs."""
    return lambda small, full: full if proofs else small


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)` holds when the committed file says `text`; --update-golden makes it so."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'xrm.db'}"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """The PostgreSQL server of this test process, started by the first test that needs it."""
    with postgres.cluster() as running:
        yield running


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own."""
    name = postgres_cluster.create()
    yield postgres_cluster.url(name)
    postgres_cluster.drop(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, on each supported system in turn."""
    return request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])


@pytest.fixture(scope="module", params=DATABASES)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database for all tests of a module, of which none changes what another looks at; on each system in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('shared') / 'xrm.db'}"
    running: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    return running.url(running.create())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of one module.

    Not for the whole session: Playwright keeps an event loop running in this thread, and other tests
    need the thread for loops of their own.
    """
    with browser.browser() as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a fresh browser profile; an error in its console fails the test."""
    with browser.watched_page(chromium) as opened:
        yield opened
