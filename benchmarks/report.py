"""Results as tables: what was asked for, what it costs, how many times the limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.operations import OPERATIONS


def report(result: Mapping[str, Any]) -> str:
    """The tables of one result, in Markdown."""
    return "\n".join([*_heading(result), "", *_operations(result), "", *_once(result)])


def _heading(result: Mapping[str, Any]) -> Iterator[str]:
    plan, machine = result["plan"], result["machine"]
    yield f"{plan['rows']} deals on {plan['database']}; {plan['rounds']} rounds of {plan['seconds']} s,"
    yield f"{plan['connections']} connections, {plan['workers']} workers; {machine['cpu']},"
    yield f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']},"
    yield f"Python {machine['python']}, load {machine['load']:.1f}."


def _operations(result: Mapping[str, Any]) -> Iterator[str]:
    says = {operation.name: operation.says for operation in OPERATIONS}
    yield "| operation | what | ours, CPU ms | limit, CPU ms | ratio | ours/s | limit/s | p50 ms | p99 ms |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, found in result["operations"].items():
        ours, limit = found["ours"], found["limit"]
        ratio = ours["cpu_ms"] / limit["cpu_ms"] if limit["cpu_ms"] else 0
        yield (
            f"| {name} | {says[name]} | {ours['cpu_ms']:.3f} | {limit['cpu_ms']:.3f} | {ratio:.1f} "
            f"| {ours['per_second']:.0f} | {limit['per_second']:.0f} | {ours['p50_ms']:.2f} "
            f"| {ours['p99_ms']:.1f} |"
        )


def _once(result: Mapping[str, Any]) -> Iterator[str]:
    yield "| once | ours | limit | more |"
    yield "|---|--:|--:|---|"
    for name, found in result["once"].items():
        more = ", ".join(f"{key}: {value}" for key, value in found.items() if key not in ("ours", "limit"))
        yield f"| {name} | {found['ours']} | {found.get('limit', '')} | {more} |"
