"""Somebody has a transaction open and goes away: a change of definitions says who, changes nothing, and is repeated."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.engine.packs.living import ACCOUNT, change
from xrm.engine.storage import patience
from xrm.errors import Unavailable
from xrm.testing import a_pack

MORE = "title: name\nfields:\n  name: {type: text, required: true, search: true}\n  mark: {type: text, index: true}\n"


def left_open(url):
    """A connection of somebody who has begun to work with accounts and goes for a walk."""
    made = make_url(url)
    if made.get_backend_name() == "sqlite":
        connection = sqlite3.connect(made.database, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection, made.database
    connection = psycopg.connect(
        dbname=made.database, host=made.query["host"], user=made.username, application_name="a walk"
    )
    connection.execute("SELECT count(*) FROM sales__account")
    return connection, f"session {connection.info.backend_pid} of {made.username} (a walk) since 20"


def test_a_change_that_waits_in_vain_says_for_whom(make, look, monkeypatch):
    runtime = make([a_pack("sales", account=ACCOUNT)])
    monkeypatch.setattr(patience, "ATTEMPTS", 2)
    monkeypatch.setattr(patience, "LOCK_MILLISECONDS", 200)
    if runtime.database.dialect.is_sqlite:
        with runtime.database.write() as unit:
            unit.script("PRAGMA busy_timeout = 200")
    before = look(runtime)
    holder, who = left_open(runtime.database.engine.url.render_as_string(hide_password=False))
    with pytest.raises(Unavailable) as refused:
        change(runtime, account=MORE)
    (problem,) = refused.value.problems
    assert problem.code == "R163"
    assert who in problem.message
    assert "repeat this" in problem.hint
    holder.close()
    assert look(runtime) == before
    change(runtime, account=MORE)
    assert runtime.packs.plan().is_empty
