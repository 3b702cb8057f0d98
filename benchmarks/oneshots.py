"""What is done once: a new field, a new entity, an import. Each is timed until its outcome can be used."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks import data, pack, site
from benchmarks.operations import RECORDS, Request
from benchmarks.processes import cpu_seconds, memory_mb
from benchmarks.site import Server, Site
from xrm.engine.runtime import open_runtime
from xrm.engine.transfer.service import ROWS_AT_ONCE
from xrm.metadata.sources import PackSource

COLUMNS = ("name", "amount", "stage", "close_date", "account", "contact")
FAR = {"account": "account.id", "contact": "contact.id"}
LEAST_QUEUED = ROWS_AT_ONCE + 1  # fewer rows are imported by the server while the caller waits
UNDER_WAY = ("queued", "running")
Told = Callable[[str], None]


def oneshots(
    where: Site, ours: Server, limit: Server, folder: Path, imported: int, tell: Told
) -> dict[str, Any]:
    """Seconds and rows per second of each, for both servers."""
    tell("import")
    found: dict[str, Any] = _imports(where, ours, limit, folder, imported)
    tell("add_field, new_entity")
    field, entity = pack.pack(2, fields=("hint",)), pack.pack(3, fields=("hint",), entities=("extra",))
    deal = next(data.deals(1, where.ids.accounts, where.ids.contacts, 7))
    with_hint = _post("deal", {**deal, "hint": "new"})
    extra = _post("extra", {"name": "First"})
    found["add_field_s"] = _defined(where, ours, limit, field, with_hint, "field", "hint")
    found["new_entity_s"] = _defined(where, ours, limit, entity, extra, "entity", "extra")
    return found


def _post(entity: str, values: dict[str, Any]) -> Request:
    return Request("POST", f"{RECORDS}/{entity}", json.dumps(values).encode())


# --- definitions --------------------------------------------------------------------------------------


def _defined(
    where: Site, ours: Server, limit: Server, source: PackSource, first: Request, kind: str, name: str
) -> dict[str, float]:
    """Ours: until a server process took a record with it. The limit: the bare statement."""
    runtime = open_runtime(where.settings)
    try:
        runtime.current()
        begun = time.perf_counter()
        runtime.packs.install([source], runtime.installer)
        installed = time.perf_counter()
        for _ in range(site.WORKERS):
            site.until(lambda: _once(ours, first))
        served = time.perf_counter()
    finally:
        runtime.close()
    begun_limit = time.perf_counter()
    _once(limit, Request("POST", "/define", json.dumps({"kind": kind, "name": name}).encode()))
    stated = time.perf_counter()
    return {
        "ours": round(served - begun, 3),
        "ours_installing": round(installed - begun, 3),
        "limit": round(stated - begun_limit, 4),
    }


def _once(server: Server, request: Request, media: str = "application/json") -> bytes:
    wire = server.wire()
    try:
        return wire.ask(request, media)
    finally:
        wire.close()


# --- import -------------------------------------------------------------------------------------------


def _imports(where: Site, ours: Server, limit: Server, folder: Path, rows: int) -> dict[str, Any]:
    file, first = _file(where, rows), _file(where, LEAST_QUEUED)
    with site.worker(where, folder) as process:
        _imported(ours, first)  # by then the worker has started, which takes seconds of its own
        starting = cpu_seconds([process.pid])
        begun, before = time.perf_counter(), cpu_seconds([*ours.roots, process.pid])
        done = _imported(ours, file)
        seconds = time.perf_counter() - begun
        cpu = cpu_seconds([*ours.roots, process.pid]) - before
        memory = memory_mb([process.pid])
    if done["created"] != rows:
        raise RuntimeError(f"The import took {done['created']} of {rows} rows.")
    begun = time.perf_counter()
    _once(limit, Request("POST", "/import", file), "text/csv")
    limit_seconds = time.perf_counter() - begun
    return {
        "import_rows_s": {"ours": round(rows / seconds), "limit": round(rows / limit_seconds)},
        "import_cpu_ms_per_1000": {"ours": round(1e6 * cpu / rows, 1)},
        "worker_start_cpu_s": {"ours": round(starting, 1)},
        "memory_worker_mb": {"ours": round(memory, 1)},
    }


def _file(where: Site, rows: int) -> bytes:
    made = io.StringIO()
    table = csv.DictWriter(made, COLUMNS)
    table.writeheader()
    table.writerows(data.deals(rows, where.ids.accounts, where.ids.contacts, 21))
    return made.getvalue().encode()


def _imported(ours: Server, file: bytes) -> dict[str, Any]:
    """The result of the job that imports the file."""
    mapping = quote(json.dumps({name: FAR.get(name, name) for name in COLUMNS}))
    path = f"/api/v1/imports?entity=deal&mode=good_rows&name=deals.csv&mapping={mapping}"
    job = json.loads(_once(ours, Request("POST", path, file), "text/csv"))
    wire = ours.wire()
    try:
        while job["state"] in UNDER_WAY:
            time.sleep(0.1)
            job = json.loads(wire.ask(Request("GET", f"/api/v1/jobs/{job['id']}")))
    finally:
        wire.close()
    if job["state"] != "done":
        raise RuntimeError(f"The import has ended as {job['state']}: {job['problems']}")
    result: dict[str, Any] = job["result"]
    return result
