"""Passwords on the command line: read from a file or made here, never an argument that others could see."""

from __future__ import annotations

from pathlib import Path

from xrm.engine.world import World

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LENGTH = 4, 4


def made_password(world: World) -> str:
    """Sixteen characters that are easy to read out, with about 79 bits of chance."""
    usable = 256 - 256 % len(_LETTERS)
    chosen: list[str] = []
    while len(chosen) < _GROUPS * _LENGTH:
        chosen += [_LETTERS[b % len(_LETTERS)] for b in world.random.bytes(32) if b < usable]
    return "-".join("".join(chosen[i * _LENGTH : (i + 1) * _LENGTH]) for i in range(_GROUPS))


def read_password(path: Path) -> str:
    """The first line of the file."""
    return path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
