"""Measures both servers in turns, so that whatever else the machine does hits them alike."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks import site
from benchmarks.load import Load, Wire, drive
from benchmarks.oneshots import oneshots
from benchmarks.operations import OPERATIONS, Operation
from benchmarks.processes import cpu_seconds, memory_mb
from benchmarks.site import Server, Site

SETTLE = 0.02  # the kernel counts CPU in ticks of 10 ms
WARM_UP = 0.5

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how long: seconds of each operation in each round."""

    database: str = "sqlite"
    rows: int = 2000
    seconds: float = 0.5
    rounds: int = 3
    connections: int = 8
    operations: tuple[str, ...] = tuple(o.name for o in OPERATIONS)
    imported: int = 2000
    once: bool = True


def measured(plan: Plan, tell: Told) -> dict[str, Any]:
    """The results as they are kept: per operation and server, medians over the rounds."""
    with tempfile.TemporaryDirectory(prefix="xrm-benchmark-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        tell(f"{plan.rows} deals, half as many contacts, a tenth as many accounts on {plan.database}")
        where = stack.enter_context(site.sites(plan.database, folder, plan.rows))
        servers = stack.enter_context(site.both(where, folder))
        result: dict[str, Any] = {"plan": _plain(plan), "machine": machine(), "operations": {}, "once": {}}
        idle = {server.name: round(memory_mb([server.process.pid]), 1) for server in servers}
        for operation in (o for o in OPERATIONS if o.name in plan.operations):
            tell(operation.name)
            result["operations"][operation.name] = _operation(plan, where, servers, operation)
        result["once"] = {
            "cold_start_s": {server.name: round(server.started_in, 3) for server in servers},
            "cold_start_cpu_s": {server.name: round(server.started_cpu, 3) for server in servers},
            "memory_idle_mb": idle,
            "memory_loaded_mb": {s.name: round(memory_mb([s.process.pid]), 1) for s in servers},
        }
        if plan.once:
            result["once"] |= oneshots(where, servers[0], servers[1], folder, plan.imported, tell)
        return result


def _plain(plan: Plan) -> dict[str, Any]:
    return {
        "database": plan.database,
        "rows": plan.rows,
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "connections": plan.connections,
        "workers": site.WORKERS,
    }


def _operation(
    plan: Plan, where: Site, servers: Sequence[Server], operation: Operation
) -> dict[str, dict[str, float]]:
    numbers = {server.name: count(1) for server in servers}
    found: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
    connections = 1 if operation.is_heavy else plan.connections
    for server in servers:
        _turn(server, where, operation, numbers[server.name], connections, min(WARM_UP, plan.seconds))
    for _ in range(plan.rounds):
        for server in servers:
            made = _turn(server, where, operation, numbers[server.name], connections, plan.seconds)
            found[server.name].append(made)
    return {name: _medians(rounds) for name, rounds in found.items()}


def _turn(
    server: Server,
    where: Site,
    operation: Operation,
    numbers: Iterator[int],
    connections: int,
    seconds: float,
) -> dict[str, float]:
    requests = (server.request(operation, where.ids, number) for number in numbers)
    wires = [server.wire() for _ in range(connections)]
    try:
        before = cpu_seconds(server.roots)
        load = drive(wires, requests, seconds)
        time.sleep(SETTLE)
        return _figures(load, cpu_seconds(server.roots) - before)
    finally:
        _close(wires)


def _close(wires: Sequence[Wire]) -> None:
    for wire in wires:
        wire.close()


def _figures(load: Load, cpu: float) -> dict[str, float]:
    return {
        "cpu_ms": 1000 * cpu / load.requests,
        "per_second": load.requests / load.seconds,
        "p50_ms": load.quantile(0.5),
        "p99_ms": load.quantile(0.99),
        "requests": load.requests,
    }


def _medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(r[name] for r in rounds), 4) for name in rounds[0]}


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": cpus[0].partition(":")[2].strip() if cpus else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": platform.platform(aliased=True),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }
