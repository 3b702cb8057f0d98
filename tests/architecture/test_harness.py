"""The suite's own promises: nothing is skipped in CI, proofs are left out, each test has its database."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.support.browser import watched_page
from tests.support.project import ROOT

SUITE = """
import pytest

def test_passes(): pass

@pytest.mark.skip(reason="not today")
def test_skips(): raise AssertionError

@pytest.mark.proof
def test_proof(scale): assert scale(1, 2) == 2
"""


@pytest.fixture
def outcome(tmp_path: Path):
    """What pytest says about a small suite, with the given variables and options."""
    (tmp_path / "test_sample.py").write_text(SUITE)

    def run(ci: str, *options: str) -> str:
        plugins = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
        command = [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), "-c", os.devnull, *plugins]
        environ = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*command, *options, "-W", "ignore", "test_sample.py"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
        )
        return done.stdout.rstrip().rsplit("\n", 1)[-1]

    return run


@pytest.mark.parametrize(
    ("ci", "options", "says"),
    [
        ("", (), "1 passed, 1 skipped, 1 deselected"),
        ("true", ("--proofs",), "2 passed, 1 error"),
    ],
    ids=["at home", "in CI with proofs"],
)
def test_skips_and_proofs_are_counted_as_promised(outcome, ci, options, says):
    assert says in outcome(ci, *options)


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_begins_with_an_empty_database(database_url, turn):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (who text)")
        assert sa.inspect(connection).get_table_names() == ["mine"], turn
    engine.dispose()


def test_a_filled_database_can_be_copied(postgres_cluster):
    first = postgres_cluster.create()
    engine = sa.create_engine(postgres_cluster.url(first), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (who text)")
    second = postgres_cluster.create(template=first)
    copy = sa.create_engine(postgres_cluster.url(second), poolclass=sa.NullPool)
    assert sa.inspect(copy).get_table_names() == ["mine"]
    for name in (first, second):
        postgres_cluster.drop(name)


def test_an_empty_database_that_was_filled_leaves_its_emptiness_to_the_next(postgres_cluster):
    original, first = postgres_cluster.create(), postgres_cluster.create()
    assert _tables_after(postgres_cluster.url(original), "CREATE TABLE mine (who text)") == ["mine"]
    postgres_cluster.fill(first, original)
    second = postgres_cluster.create()
    assert [_tables_after(postgres_cluster.url(name)) for name in (first, second)] == [["mine"], []]
    with psycopg.connect(dbname=second, host=str(postgres_cluster.socket), user="postgres"):
        postgres_cluster.fill(second, original)
    assert _tables_after(postgres_cluster.url(second)) == ["mine"]
    for name in (original, first, second):
        postgres_cluster.drop(name)


def _tables_after(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        return sa.inspect(connection).get_table_names()


def test_a_broken_script_on_a_page_fails_the_test(chromium):
    with pytest.raises(AssertionError, match="oops"), watched_page(chromium) as page:
        page.set_content("<script>throw new Error('oops')</script>")
