"""An account leaves the same change-log row and search entry by every door; a refused one leaves none."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import DATABASES
from tests.support.installed import make_runtime
from tests.support.pages import Posted, posted
from tests.support.project import ROOT
from tests.support.servers import KEY, Caller, Server, Site, until
from tests.support.visitors import Visitor, visit
from xrm.engine.world import real_world
from xrm.testing import make_settings

PASSWORD = "correct horse battery"
OVER = ("done", "failed", "canceled")
ACCOUNT = {
    "name": "Oliveira e Filhos",
    "kind": "business",
    "type": ["customer", "supplier"],
    "industry": "construction",
    "employees": 12,
    "email": "geral@oliveira.example",
    "credit_limit": {"amount": "2500.0000", "currency": "EUR"},
    "is_strategic": True,
}
# What may differ between two rows: whose they are, when, by which door, and in which act.
OWN = ("position", "transaction", "at", "record", "door", "cause", "act")


@dataclass(frozen=True, slots=True)
class Doors:
    """One who writes accounts by every door, as the same person."""

    database_url: str
    call: Caller
    visitor: Visitor

    def by_form(self, values: dict[str, Any]) -> bool:
        """Whether the page that came after posting the form is that of a record."""
        page = self.visitor.open("/r/account/new")
        if page.status != 200:
            return self._by_forged_form(values)
        typed = dict(flattened(values))
        came = self.visitor.fill(page, "/r/account/new", **typed)
        assert came.status in (200, 409, 422), came.text
        return came.status == 200

    def by_api(self, values: dict[str, Any]) -> bool:
        """Whether the record was made."""
        answer = self.call("POST", "/records/account", values)
        assert answer.status in (201, 403, 404, 409, 422), answer.text
        return answer.status == 201

    def by_batch(self, values: dict[str, Any]) -> bool:
        """Whether the batch was done; it holds an account without faults besides."""
        besides = {"create": "account", "values": {"name": "Besides"}}
        commands = [{"create": "account", "values": values}]
        answer = self.call("POST", "/batch", {"commands": commands})
        if answer.status != 200:
            both = self.call("POST", "/batch", {"commands": [besides, *commands]})
            assert both.status in (403, 404, 409, 422), both.text
        return answer.status == 200

    def by_import(self, values: dict[str, Any]) -> bool:
        """Whether the only row of the file became a record."""
        named = {"Authorization": f"Bearer {self.call.token}", "Content-Type": "text/csv"}
        answer = self.call.ask("POST", "/api/v1/imports?entity=account", table(values).encode(), named)
        if answer.status in (403, 404):
            return False
        assert answer.status in (200, 202), answer.text
        job = self._finished(answer.json)
        assert job["state"] == "done", job
        return job["result"]["created"] == 1

    def _by_forged_form(self, values: dict[str, Any]) -> bool:
        """Who is not offered the form sends one all the same, with the word of their own session."""
        word = posted(self.visitor.open("/me").text, "/logout").getlist("csrf_token")
        pairs = [("csrf_token", word[0])]
        for name, value in flattened(values):
            pairs += [
                (name.replace("__", "."), one) for one in ([value] if isinstance(value, str) else value)
            ]
        came = self.visitor.send("/r/account/new", Posted(pairs))
        assert came.status in (403, 404), came.text
        return False

    def _finished(self, job: dict[str, Any]) -> dict[str, Any]:
        def is_over() -> bool:
            seen.update(self.call("GET", f"/jobs/{job['id']}").json)
            return seen["state"] in OVER

        seen = dict(job)
        assert until(is_over), seen
        return seen


Door = Callable[[Doors, dict[str, Any]], bool]
DOORS: dict[str, Door] = {
    "form": Doors.by_form,
    "api": Doors.by_api,
    "batch": Doors.by_batch,
    "import": Doors.by_import,
}


def flattened(values: dict[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    """Names and values as a form sends them; two underscores stand for a dot."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}__{part}", one) for part, one in value.items())
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        else:
            yield name, value if isinstance(value, list) else str(value)


def table(values: dict[str, Any]) -> str:
    """A file with one row."""
    row = {n.replace("__", "."): v if isinstance(v, str) else "; ".join(v) for n, v in flattened(values)}
    file = io.StringIO()
    writer = csv.DictWriter(file, list(row))
    writer.writeheader()
    writer.writerow(row)
    return file.getvalue()


# --- the installation ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Office:
    """A server with accounts, an administrator, and somebody who holds no role."""

    database_url: str
    server: Server
    tokens: dict[str, str]

    def doors(self, who: str, stack: ExitStack) -> Doors:
        """All doors, as that person."""
        call = stack.enter_context(self.server.caller(self.tokens[who]))
        visitor = visit(self.server, f"{who}@example.com", PASSWORD)
        stack.callback(visitor.call.hang_up)
        return Doors(self.database_url, call, visitor)

    def log(self) -> list[dict[str, Any]]:
        """Every row of the change log, read without xrm."""
        return self._rows("SELECT * FROM xrm_change ORDER BY position")

    def entries(self) -> dict[str, dict[str, Any]]:
        """Every entry of the search index by record, read without xrm."""
        on_sqlite = self.database_url.startswith("sqlite")
        rows = self._rows(_ENTRIES if on_sqlite else "SELECT * FROM xrm_search")
        return {_id(row.pop("record")): row for row in rows}

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        engine = sa.create_engine(self.database_url, poolclass=sa.NullPool)
        with engine.connect() as database:
            found = [dict(row) for row in database.execute(sa.text(sql)).mappings()]
        engine.dispose()
        return found


_ENTRIES = "SELECT e.record, e.entity, w.* FROM xrm_search e JOIN xrm_search_words w ON w.rowid = e.id"


def _id(stored: Any) -> str:
    """An id as SQLite or PostgreSQL gives it."""
    return stored.hex() if isinstance(stored, bytes) else str(stored).replace("-", "")


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office on each database; all its tests share it."""
    folder = tmp_path_factory.mktemp("office")
    if request.param == "sqlite":
        with an_office(f"sqlite:///{folder / 'xrm.db'}", folder) as made:
            yield made
        return
    running = request.getfixturevalue("postgres_cluster")
    name = running.create()
    with an_office(running.url(name), folder) as made:
        yield made
    running.drop(name)


@contextmanager
def an_office(database_url: str, folder: Path) -> Iterator[Office]:
    """The pack with accounts is installed, and a server answers for it."""
    settings = make_settings(database_url, folder, secret_key=KEY)
    packs = [ROOT / "entity_packs" / "crm_core"]
    runtime = make_runtime(database_url, folder, packs, settings=settings, world=real_world())
    tokens = {}
    for who, roles in {"admin": ["system_admin"], "nobody": []}.items():
        user = runtime.identity.people.create_user(
            runtime.installer, email=f"{who}@example.com", name=who, password=PASSWORD, roles=roles
        )
        tokens[who] = runtime.identity.create_token(runtime.identity.actor(user, door="cli"), "proof")
    runtime.close()
    with Site(folder, database_url).serving() as (server,):
        yield Office(database_url, server, tokens)


# --- the proof ----------------------------------------------------------------------------------------------


def test_an_account_leaves_the_same_row_and_search_entry_by_every_door(office: Office) -> None:
    rows = []
    with ExitStack() as stack:
        doors = office.doors("admin", stack)
        for name, write in DOORS.items():
            before = len(office.log())
            assert write(doors, ACCOUNT), f"The {name} refused the account."
            added = office.log()[before:]
            assert len(added) == 1, f"The {name} left {len(added)} rows."
            rows += added
    api = shape(rows[1])
    assert {name: shape(row) for name, row in zip(DOORS, rows, strict=True)} == dict.fromkeys(DOORS, api)
    assert api["operation"] == "create"
    assert [row["door"] for row in rows] == ["page", "api", "api", "import"]
    assert len({str(row["record"]) for row in rows}) == len(DOORS)
    entries = office.entries()
    found = {
        name: words(entries.get(_id(row["record"]), {}), row) for name, row in zip(DOORS, rows, strict=True)
    }
    assert "oliveira" in str(found["api"])
    assert found == dict.fromkeys(DOORS, found["api"])


def words(entry: dict[str, Any], row: dict[str, Any]) -> str:
    """What the entry holds, the account's own number told as such."""
    number = next(v for v in logged(row).values() if str(v).startswith("ACC-")).partition("-")[2]
    return re.sub(
        rf"\b{number}\b", "NUMBER", str({name: str(value) for name, value in sorted(entry.items())})
    )


def shape(row: dict[str, Any]) -> dict[str, Any]:
    """The row without what is its own; of the values, the account number is."""
    told = {key: "ACC-" if str(value).startswith("ACC-") else value for key, value in logged(row).items()}
    return {**{name: value for name, value in row.items() if name not in OWN}, "after": told}


def logged(row: dict[str, Any]) -> dict[str, Any]:
    """The values after the change."""
    after = row["after"] if isinstance(row["after"], dict) else json.loads(row["after"])
    return dict(after)


REFUSED = {
    "missing right": ("nobody", ACCOUNT),
    "failed rule": ("admin", {**ACCOUNT, "credit_limit": {"amount": "-1", "currency": "EUR"}}),
    "unique clash": ("admin", {**ACCOUNT, "tax_number": "500100200"}),
}


def test_a_refused_account_leaves_no_row_by_any_door(office: Office) -> None:
    with ExitStack() as stack:
        people = {who: office.doors(who, stack) for who in ("admin", "nobody")}
        assert people["admin"].by_api({"name": "The first", "tax_number": "500100200"})
        before, known = office.log(), office.entries()
        for why, (who, values) in REFUSED.items():
            for name, write in DOORS.items():
                assert not write(people[who], values), f"The {name} let it in: {why}."
                assert len(office.log()) == len(before), f"The {name} left rows: {why}."
        assert office.entries() == known
