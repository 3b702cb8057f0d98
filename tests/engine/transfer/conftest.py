"""A shop, and a clerk who imports into it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.transfer.shop import SHOP
from tests.support.installed import make_runtime
from xrm.engine.commands import Actor
from xrm.engine.jobs import Job
from xrm.engine.queries.request import Query, Sort
from xrm.engine.runtime import Runtime
from xrm.engine.transfer import ExportRequest, ImportRequest
from xrm.testing import an_actor


@dataclass
class Shop:
    """The installation, and short ways to import and look."""

    runtime: Runtime
    clerk: Actor

    def request(
        self, text: str | bytes, entity: str = "customer", actor: Actor | None = None, **given: Any
    ) -> ImportRequest:
        """A request to import this text, which the actor has brought."""
        content = text if isinstance(text, bytes) else text.encode()
        kept = self.runtime.transfer.keep(actor or self.clerk, entity, io.BytesIO(content))
        return ImportRequest(entity, kept, "table.csv", **given)

    def load(
        self, text: str | bytes, entity: str = "customer", actor: Actor | None = None, **given: Any
    ) -> Job:
        """The text has been imported."""
        request = self.request(text, entity, actor, **given)
        return self.runtime.transfer.start_import(actor or self.clerk, request)

    def records(self, entity: str = "customer", *names: str) -> list[dict[str, Any]]:
        """The records by name."""
        query = Query(entity, sort=(Sort(("name",)),), limit=500)
        found = self.runtime.current().queries.list(self.clerk, query).data
        return [{name: record[name] for name in names or ("name",)} for record in found]

    def names(self, entity: str = "customer") -> list[str]:
        """The names of the records."""
        return [record["name"] for record in self.records(entity)]

    def changes(self) -> list[dict[str, Any]]:
        """The change feed, without what the installation brought."""
        feed = self.runtime.current().queries.changes(self.clerk, limit=500).data
        return [dict(row) for row in feed if row["door"] != "install"]

    def export(self, entity: str = "customer", actor: Actor | None = None, **given: Any) -> str:
        """The text of an export."""
        request = ExportRequest(entity, **given)
        return b"".join(self.runtime.transfer.export(actor or self.clerk, request).pieces).decode("utf-8-sig")


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    runtime = make_runtime(database_url, tmp_path, [SHOP])
    yield Shop(runtime, an_actor(runtime, "Clerk", ["shop_clerk"]))
    runtime.close()


def reasons(job: Job) -> list[tuple[int, str, str]]:
    """Row, column and code of each problem that the import tells."""
    return [(p["row"], p["column"], p["code"]) for p in job.result["problems"]]
