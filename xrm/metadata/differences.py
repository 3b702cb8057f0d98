"""What differs between two packs, or two states of a layer: per document and key, whatever the files look like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xrm.errors import Place
from xrm.metadata.parse import Doc
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.words import ABSENT, told


@dataclass(frozen=True, slots=True)
class Difference:
    """One key of one document, with its value on both sides in the long form; ABSENT where a side has none.

    The path is empty where only one side has the document.
    """

    kind: str
    name: str
    path: Path
    before: Any
    after: Any
    where: Place

    @property
    def document(self) -> str:
        """What the document is about, in words."""
        return self.kind if self.kind in ("pack", "packs", "settings", "role") else f"{self.kind} {self.name}"

    @property
    def sentence(self) -> str:
        """The difference for a person."""
        if not self.path:
            return f"{self.document}: {'only there before' if self.after == ABSENT else 'new'}."
        dotted = ".".join(map(str, self.path))
        return f"{self.document}: {dotted} was {told(self.before)} and is {told(self.after)}."


def differences(before: ReadPack | None, after: ReadPack | None) -> tuple[Difference, ...]:
    """Every difference, by document and key; none for the same meaning in other words."""
    old, new = _by_name(before), _by_name(after)
    return tuple(
        difference
        for key in sorted(old.keys() | new.keys())
        for difference in _of_document(old.get(key), new.get(key))
    )


def _by_name(pack: ReadPack | None) -> Mapping[tuple[str, str], Doc]:
    return {(doc.kind, doc.name): doc for doc in pack.docs} if pack else {}


def _of_document(before: Doc | None, after: Doc | None) -> Iterator[Difference]:
    known = after or before
    if known is None:
        return
    if before is None or after is None:
        sides = (before.body if before else ABSENT, after.body if after else ABSENT)
        yield Difference(known.kind, known.name, (), *sides, Place(known.source.file, 1, 1))
        return
    for path, was, now in changes(before.body, after.body):
        place = before.source.key_at(path) if now == ABSENT else after.source.key_at(path)
        yield Difference(known.kind, known.name, path, was, now, place)


def changes(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every key whose value differs, as deep as both have maps."""
    if before == after:
        return
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        yield path, before, after
        return
    for key in (*after, *(k for k in before if k not in after)):
        yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
