"""Where each key and value of a document stands.

The tree mirrors the document and is plain JSON, so that it can be cached: a word is `[line, column]` or
`[line, column, style]`, a map `[line, column, {key: [key line, key column, node]}]`, a list
`[line, column, [nodes]]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]

QUOTED: Final = 1
BLOCK: Final = 2


@dataclass(frozen=True, slots=True)
class Positions:
    """The positions of one document."""

    tree: Any

    def value(self, path: Sequence[str | int], raw: Any = None) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the nearest thing around it."""
        node = self._walk(path, raw)[1]
        return node[0], node[1]

    def key(self, path: Sequence[str | int], raw: Any = None) -> tuple[int, int]:
        """Line and column of the key that leads to `path`; of a list's item, its own."""
        found, _ = self._walk(path, raw)
        return found

    def text(self, path: Sequence[str | int], raw: Any = None) -> tuple[int, int, bool]:
        """Line and column of a text's first character, and whether columns can be counted on from there."""
        node = self._walk(path, raw)[1]
        style = node[2] if len(node) > 2 else 0
        return node[0], node[1] + (1 if style == QUOTED else 0), style != BLOCK

    def _walk(self, path: Sequence[str | int], raw: Any) -> tuple[tuple[int, int], list[Any]]:
        """Follows the path; steps that the author did not write are passed over."""
        node = self.tree
        at = (node[0], node[1])
        for step in path:
            children = node[2] if len(node) > 2 else None
            if isinstance(children, dict) and step in children:
                line, column, node = children[step]
                at = (line, column)
            elif isinstance(children, list):
                index = step if isinstance(step, int) else _index_of(step, raw)
                if index is None or index >= len(children):
                    raw = None
                    continue
                node = children[index]
                at = (node[0], node[1])
                step = index
            else:
                continue
            raw = _child(raw, step)
        return at, node


def _index_of(item: str, raw: Any) -> int | None:
    """Where a list of words, read as a map, has this word."""
    if not isinstance(raw, list):
        return None
    return next((i for i, word in enumerate(raw) if str(word) == item), None)


def _child(raw: Any, step: str | int) -> Any:
    if isinstance(raw, dict):
        return raw.get(str(step))
    if isinstance(raw, list) and isinstance(step, int) and step < len(raw):
        return raw[step]
    return None
