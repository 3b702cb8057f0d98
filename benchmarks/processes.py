"""What processes use: CPU and memory of a whole tree of them, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
_TIMES = slice(11, 15)  # user and system time, of the process and of its ended children


def cpu_seconds(roots: Iterable[int]) -> float:
    """The CPU time that these processes and all below them have used."""
    return sum(sum(map(int, _stat(pid)[_TIMES])) for pid in tree(roots)) / TICKS


def memory_mb(roots: Iterable[int]) -> float:
    """The memory of these processes and all below them; what they share is counted once."""
    lines = (line for pid in tree(roots) for line in _read(pid, "smaps_rollup").splitlines())
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def tree(roots: Iterable[int]) -> list[int]:
    """These processes and all below them."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            below.setdefault(int(_stat(int(name))[1]), []).append(int(name))
    found, left = [], list(roots)
    while left:
        found.append(left.pop())
        left += below.get(found[-1], ())
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name of the program, which may hold anything."""
    return _read(pid, "stat").rpartition(")")[2].split() or ["0"] * 20


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # it has ended meanwhile
