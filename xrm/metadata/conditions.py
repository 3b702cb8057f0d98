"""`when_installed`: what a document only says when another pack is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from xrm.errors import Problems
from xrm.metadata.names import near_hint
from xrm.metadata.order import manifest_of, needs
from xrm.metadata.parse import Body, Doc
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer

_CONDITIONED: Final[Mapping[str, tuple[Path, ...]]] = {
    "entity": (("fields", "*"), ("relationships", "*"), ("keys", "*"), ("duplicates", "*"), ("rules", "*")),
    "extend": (
        (), ("fields", "*"), ("relationships", "*"), ("keys", "*"), ("duplicates", "*"), ("rules", "*"),
        ("views", "*"), ("forms", "*", "sections", "*"),
    ),
    "view": (("*",),),
    "form": (("*", "sections", "*"),),
    "lifecycle": (("transitions", "*"),),
    "role": (("*", "grants", "*"),),
}  # fmt: skip


def items_at(body: Any, pattern: Path, path: Path = ()) -> Iterator[tuple[Path, Body]]:
    """Every map that the pattern matches, with its path."""
    if not isinstance(body, dict):
        return
    if not pattern:
        yield path, body
        return
    steps = list(body) if pattern[0] == "*" else [pattern[0]]
    for step in steps:
        if step in body:
            yield from items_at(body[step], pattern[1:], (*path, step))


def _conditions(doc: Doc) -> Iterator[tuple[Path, str]]:
    for pattern in _CONDITIONED.get(doc.kind, ()):
        for path, item in items_at(doc.body, pattern):
            if "when_installed" in item:
                yield path, item["when_installed"]


def check_conditions(doc: Doc, pack: ReadPack, problems: Problems) -> None:
    """A pack that something waits for is one that the manifest names."""
    named = {**needs(pack, "requires"), **needs(pack, "optional")}
    if pack.layer is Layer.CUSTOMISATION or not manifest_of(pack):
        return
    for path, name in _conditions(doc):
        if name not in named:
            where = doc.source.at((*path, "when_installed"))
            hint = near_hint(name, named, f"Add {name} to optional in pack.yaml.")
            problems.add("M219", f'The manifest names no pack "{name}".', hint, where)


def conditioned(doc: Doc, installed: set[str]) -> tuple[Doc, frozenset[Path]]:
    """The document without what waits for an absent pack, and the paths of that."""
    absent = frozenset(path for path, name in _conditions(doc) if name not in installed)
    if not absent:
        return doc, absent
    body = {} if () in absent else doc.body
    for path in absent:
        body = without(body, path)
    return Doc(doc.source, body), frozenset(_all_names(doc) if () in absent else absent)


def _all_names(doc: Doc) -> Iterator[Path]:
    for key in ("fields", "relationships"):
        yield from ((key, name) for name in doc.body.get(key, {}))


def without(body: Any, path: Path) -> Any:
    """A copy of the body without what is at `path`."""
    if not path or path[0] not in body:
        return body
    if len(path) == 1:
        return {k: v for k, v in body.items() if k != path[0]}
    return {**body, path[0]: without(body[path[0]], path[1:])}
