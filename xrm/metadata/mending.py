"""What is put right, as far as one can guess, or taken out of a faulty document, so that the rest can be judged.

The document is refused anyway. A guess is only there so that one mistake neither hides another nor makes an echo.
Raw value and positions are changed together, so that everything that stays keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from xrm.metadata.names import is_name
from xrm.metadata.positions import Path, Positions
from xrm.registry import near_names

# Only what is as alike as this is taken for what was meant.
_SURE: Final = 0.75
_YES: Final = frozenset({"true", "yes", "on", "1", "y"})
_NO: Final = frozenset({"false", "no", "off", "0", "n"})


@dataclass(frozen=True, slots=True)
class Renaming:
    """The key at the end of `path` has another name."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """The value at `path` is another one."""

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Removal:
    """What is at `path` is gone, with its key."""

    path: Path


Change = Renaming | Replacement | Removal


def meant_by(word: str, known: Iterable[str]) -> str:
    """The one of the known words that was surely meant; an empty text if none was."""
    like = near_names(word, known)
    is_sure = bool(like) and SequenceMatcher(None, like[0], word).ratio() >= _SURE
    return like[0] if is_sure else ""


def flag_meant_by(value: Any) -> bool | None:
    """The true or false that was written as another value; None if that cannot be told."""
    word = str(value).lower()
    return True if word in _YES else False if word in _NO else None


def name_meant_by(word: str, longest: int) -> str:
    """The name that was written in another case or with other signs between words; else an empty text."""
    folded = re.sub(r"[\s_-]+", "_", word.strip()).lower()
    return folded if is_name(folded, longest) else ""


def mended(raw: Any, positions: Positions, changes: Iterable[Change]) -> tuple[Any, Positions]:
    """Copies with all changes made, deepest first; whatever an earlier one took away is passed over."""
    value, tree = deepcopy(raw), deepcopy(positions.tree)
    for change in sorted(_first_of_each(changes), key=_order, reverse=True):
        if not change.path:
            return None, positions
        _apply(value, tree, change)
    return value, Positions(tree)


def _first_of_each(changes: Iterable[Change]) -> list[Change]:
    """The first change of each path."""
    by_path: dict[Path, Change] = {}
    for change in changes:
        by_path.setdefault(change.path, change)
    return list(by_path.values())


def _order(change: Change) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Deep before shallow, and later items of a list before earlier ones, so that indexes hold."""
    return len(change.path), tuple((s, "") if isinstance(s, int) else (0, s) for s in change.path)


def _apply(value: Any, tree: Any, change: Change) -> None:
    found = _parent(value, tree, change.path)
    if found is None:
        return
    container, children = found
    step: Any = change.path[-1]
    if isinstance(change, Renaming):
        _rename(container, step, change.name)
        _rename(children, step, change.name)
    elif isinstance(change, Replacement):
        container[step] = change.value
    else:
        del container[step]
        del children[step]


def _parent(value: Any, tree: Any, path: Path) -> tuple[Any, Any] | None:
    """The map or list that holds the end of the path, and the positions of what is in it."""
    for index, step in enumerate(path):
        children: Any = tree[2] if len(tree) > 2 else None
        if not _holds(value, step) or not _holds(children, step):
            return None
        if index == len(path) - 1:
            return value, children
        value = value[step]
        tree = children[step][2] if isinstance(children, dict) else children[step]
    return None


def _holds(container: Any, step: str | int) -> bool:
    if isinstance(container, dict):
        return step in container
    return isinstance(container, list) and isinstance(step, int) and step < len(container)


def _rename(container: dict[str, Any], old: str, new: str) -> None:
    """The key has its new name at its old place in the order."""
    items = [(new if key == old else key, value) for key, value in container.items()]
    container.clear()
    container.update(items)
