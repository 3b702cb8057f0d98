"""Labels: what the document says, what translations add, and what a name says by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from xrm.errors import Place
from xrm.metadata.model import Label
from xrm.metadata.names import words_of
from xrm.metadata.parse import DEFAULT_LANGUAGE, Doc


@dataclass(frozen=True, slots=True)
class Translation:
    """One line of an i18n document."""

    language: str
    text: str
    place: Place
    pack: str


@dataclass(slots=True)
class Texts:
    """All translations by path, and which paths have been asked for."""

    lines: dict[str, dict[str, Translation]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    _beginnings: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, docs: Iterable[Doc]) -> Texts:
        """The translations of all layers; a later layer has the last word."""
        texts = cls()
        for doc in docs:
            for path, text in doc.body.items():
                line = Translation(doc.name, text, doc.source.key_at((path,)), doc.pack)
                texts.lines.setdefault(path, {})[doc.name] = line
                texts._beginnings.add(beginning_of(path))
        return texts

    def translated(self, prefixes: Iterable[str]) -> tuple[str, ...]:
        """Those of the prefixes, each of two steps, under which there is any translation."""
        return tuple(p for p in prefixes if p in self._beginnings)

    def label(self, own: Mapping[str, str] | None, default: str, *paths: str) -> Label:
        """The label in all languages; the last path is the nearest, the first what it was copied from."""
        result = dict(own) if own else {}
        if default and DEFAULT_LANGUAGE not in result:
            result = {DEFAULT_LANGUAGE: default, **result}
        for path in paths:
            self.known.add(path)
            for language, line in self.lines.get(path, {}).items():
                result[language] = line.text
        return result

    def named(self, own: Mapping[str, str] | None, name: str, *paths: str) -> Label:
        """The label of something whose name is the default."""
        return self.label(own, words_of(name), *paths)

    def used(self) -> Iterator[tuple[str, Translation]]:
        """Every line whose path is the path of something."""
        for path, by_language in self.lines.items():
            if path in self.known:
                for line in by_language.values():
                    yield path, line

    def unknown(self) -> Iterator[tuple[str, Translation]]:
        """Every line whose path is the path of nothing."""
        for path, by_language in self.lines.items():
            if path not in self.known:
                for line in by_language.values():
                    yield path, line


def beginning_of(path: str) -> str:
    """What the path is about: its first two steps."""
    return ".".join(path.split(".", 2)[:2])


def plural_of(word: str) -> str:
    """The English plural of a label that has none of its own."""
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"
