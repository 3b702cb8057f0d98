"""Documents laid over each other by key, each value remembering which document says it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xrm.errors import Place, Problem
from xrm.metadata.documents import SourceDocument
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Body, Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.sources import Layer

Origin = tuple[SourceDocument, Path]

# Lists that other layers change item by item.
ITEM_LISTS = frozenset({"options", "columns", "card", "rows"})


@dataclass(slots=True)
class Merged:
    """What all layers say together about one thing.

    `origins` says for a path which document says it from there on. `broken` are paths that a document tried
    to say and that have no meaning; `absent` those that only exist with a pack that is not installed; `taken` options
    that a layer has taken out of what is below it; `asleep` what a disabled pack would add here.
    """

    kind: str
    name: str
    body: Body
    origins: dict[Path, Origin]
    broken: set[Path] = field(default_factory=set)
    absent: set[Path] = field(default_factory=set)
    taken: set[Path] = field(default_factory=set)
    asleep: set[Path] = field(default_factory=set)

    def origin(self, path: Path) -> Origin:
        """The document that says the value at `path`, and the path in it."""
        for length in range(len(path), -1, -1):
            found = self.origins.get(path[:length])
            if found:
                return found[0], found[1] + path[length:]
        return next(iter(self.origins.values()))

    def place(self, path: Path) -> Place:
        """Where the value at `path` is written."""
        document, inside = self.origin(path)
        return document.at(inside)

    def key_place(self, path: Path) -> Place:
        """Where the key that leads to `path` is written."""
        document, inside = self.origin(path)
        return document.key_at(inside)

    def text_place(self, path: Path) -> tuple[Place, bool]:
        """Where a text's first character is written, and whether columns can be counted on from there."""
        document, inside = self.origin(path)
        line, column, counts = document.positions.text(inside, document.raw)
        return Place(document.file, line, column), counts

    def pack(self, path: Path) -> str:
        """The pack that says the value at `path`."""
        return self.origin(path)[0].pack

    def layer(self, path: Path) -> Layer:
        """The layer that says the value at `path`."""
        return self.origin(path)[0].layer


def merged_of(doc: Doc, name: str | None = None, at: Path = ()) -> Merged:
    """One document, or the part of it at `at`, as the lowest layer of its thing."""
    body: Any = doc.body
    for step in at:
        body = body[step]
    broken = {p[len(at) :] for p in doc.source.broken if p[: len(at)] == at}
    return Merged(doc.kind, name or doc.name, dict(body), {(): (doc.source, at)}, broken)


def own_first(things: Mapping[str, Merged], pack: str) -> list[str]:
    """The names of the things, those that the pack says itself first."""
    return sorted(things, key=lambda name: things[name].pack(()) != pack)


def lay_over(below: Merged, above: Merged) -> Iterator[Problem]:
    """`below` says all that `above` says; changes of list items that do not fit are problems."""
    below.broken |= above.broken
    below.absent |= above.absent
    below.taken |= above.taken
    yield from _merge(below, below.body, above, above.body, ())


def _merge(
    below: Merged, target: Body, above: Merged, body: Mapping[str, Any], path: Path
) -> Iterator[Problem]:
    for key, value in body.items():
        here = (*path, key)
        known = target.get(key)
        if key in ITEM_LISTS and is_item_change(value):
            target[key] = yield from _changed(below, above, here, known, value)
        elif isinstance(value, dict) and isinstance(known, dict):
            target[key] = dict(known)
            yield from _merge(below, target[key], above, value, here)
        else:
            target[key] = {} if _holds_change(value) else value
            _forget(below, here)
            _adopt(below, above, here)
            if target[key] is not value:
                yield from _merge(below, target[key], above, value, here)


def _holds_change(value: Any) -> bool:
    """True for what changes a list that would have to be below, and is not."""
    return isinstance(value, dict) and any(
        (key in ITEM_LISTS and is_item_change(inner)) or _holds_change(inner) for key, inner in value.items()
    )


def _forget(below: Merged, path: Path) -> None:
    for known in [p for p in below.origins if p and p[: len(path)] == path]:
        del below.origins[known]


def _adopt(below: Merged, above: Merged, path: Path) -> None:
    """The value at `path` and all in it comes from where `above` has it from."""
    below.origins[path] = above.origin(path)
    for known, origin in above.origins.items():
        if len(known) > len(path) and known[: len(path)] == path:
            below.origins[known] = origin


def _changed(
    below: Merged, above: Merged, path: Path, known: Any, change: Body
) -> Generator[Problem, None, Any]:
    """The list or options below, with items taken out and put in."""
    if not isinstance(known, list | dict):
        hint = "Write the whole list, or take add, after and remove out."
        below.broken.add(path[:-1])
        message = f"There is no list of {path[-1]} below that could be changed."
        yield Problem("M232", message, hint, above.key_place(path))
        return ({} if path[-1] == "options" else []) if known is None else known
    items = items_of(known)
    named = [("after", change["after"])] if "after" in change else []
    for word, item in named + [("remove", item) for item in change.get("remove", ())]:
        if str(item) not in items:
            where = above.place((*path, word, str(item)))
            yield Problem("M233", f'"{item}" is not in the list below.', near_hint(str(item), items), where)
    if isinstance(known, dict):
        return _changed_map(below, above, path, known, change)
    return _changed_list(below, above, path, known, change)


def items_of(known: Any) -> list[str]:
    """The items that can be named: keys of a map, words of a list, words of its rows."""
    if isinstance(known, dict):
        return list(known)
    return [str(word) for item in known for word in (item if isinstance(item, list) else [item])]


def _changed_map(below: Merged, above: Merged, path: Path, known: Body, change: Body) -> Body:
    added = change.get("add", {})
    removed = {str(k) for k in change.get("remove", ())} | set(added)
    below.taken |= {(*path, key) for key in removed}
    result: Body = {}
    for key, value in known.items():
        if key not in removed:
            result[key] = value
        if key == str(change.get("after")):
            result.update(added)
    result.update({k: v for k, v in added.items() if k not in result})
    for key in added:
        _forget(below, (*path, key))
        below.origins[(*path, key)] = above.origin((*path, "add", key))
    return result


def _changed_list(below: Merged, above: Merged, path: Path, known: list[Any], change: Body) -> list[Any]:
    """The list with the origin of each item written down, for items move."""
    removed, after = set(change.get("remove", ())), change.get("after")
    result: list[tuple[Any, Origin]] = []
    added = [(v, above.origin((*path, "add", i))) for i, v in enumerate(change.get("add", ()))]
    for index, value in enumerate(known):
        kept = [w for w in value if w not in removed] if isinstance(value, list) else value
        if kept and (isinstance(kept, list) or kept not in removed):
            result.append((kept, below.origin((*path, index))))
        if after is not None and after in (value if isinstance(value, list) else [value]):
            result += added
            added = []
    result += added
    _forget(below, path)
    for index, (_, origin) in enumerate(result):
        below.origins[(*path, index)] = origin
    return [value for value, _ in result]
