"""Text to plain values with positions: YAML 1.2 without its dangers, read from the event stream.

Only maps, lists, text, whole and decimal numbers, true, false and null come out. A plain word is a number if
writing the number gives the same word back; so 012, 1_000, 12:30, 1e3, yes, NO and 2026-01-01 stay text.
JSON is read by the same rules.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import yaml

from xrm.errors import Place, Problem, Problems
from xrm.metadata.limits import DOCUMENT_DEPTH, DOCUMENT_NODES
from xrm.metadata.positions import BLOCK, QUOTED, Positions

# The parser of libyaml is ten times faster; where it was not built, the library's own parser answers alike.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,12}\Z")
_WORDS: Final[dict[str, Any]] = {"": None, "~": None, "null": None, "true": True, "false": False}
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLES: Final = {'"': QUOTED, "'": QUOTED, "|": BLOCK, ">": BLOCK}
_TAB_HINT: Final = "Indent with spaces; tabs are not allowed there."
_QUOTE_HINT: Final = "If this is an expression or contains one of : { } [ ] , # then put it in quotes."


@dataclass(frozen=True, slots=True)
class Composed:
    """What a text says, where each part of it stands, and what is wrong with it."""

    raw: Any
    positions: Positions
    problems: tuple[Problem, ...] = ()


class _Stop(Exception):
    """Reading on would be unsafe or would only repeat the problem."""


@dataclass(slots=True)
class _Frame:
    """A map or list that is still open."""

    container: Any
    children: Any
    key: str | None = None
    key_at: tuple[int, int] = (0, 0)
    skips: bool = False

    @property
    def awaits_key(self) -> bool:
        return isinstance(self.container, dict) and self.key is None


def compose(content: bytes, file: str, loader: Any = _LOADER) -> Composed:
    """The document's value and positions are known, or at least one problem says why not."""
    composer = _Composer(file)
    try:
        composer.read(_decoded(content, composer), loader)
    except _Stop:
        return Composed(None, Positions([1, 1]), tuple(composer.problems.found))
    return Composed(composer.root, Positions(composer.root_position), tuple(composer.problems.found))


def _decoded(content: bytes, composer: _Composer) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(content[: error.start].decode("utf-8", "replace"))
        raise composer.stop(
            "M105", "The file is not UTF-8 text.", "Save it as UTF-8.", line, column
        ) from None
    bad = _FORBIDDEN.search(text)
    if bad:
        line, column = _line_and_column(text[: bad.start()])
        raise composer.stop(
            "M105", f"The character U+{ord(bad.group()):04X} is not allowed.", "Take it out.", line, column
        )
    return text


def _line_and_column(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Composer:
    """Builds values from events with a stack of its own, so that depth costs no recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems = Problems()
        self.root: Any = None
        self.root_position: list[Any] = [1, 1]
        self.stack: list[_Frame] = []
        self.nodes = 0

    def stop(self, code: str, message: str, hint: str, line: int, column: int) -> _Stop:
        """The problem is known, and the caller shall raise what comes back."""
        self.problems.add(code, message, hint, Place(self.file, line, column))
        return _Stop()

    def read(self, text: str, loader: Any) -> None:
        """Every event of the text has been taken."""
        try:
            for event in _events(text, loader):
                self.take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            if _indented_by_tab(text, line):
                message = "This line is indented with a tab, which YAML does not allow."
                raise self.stop("M101", message, _TAB_HINT, line, column) from None
            reason = " ".join(p for p in (error.problem, error.context) if p)
            raise self.stop("M101", f"This is not YAML: {reason}.", _QUOTE_HINT, line, column) from None
        except yaml.YAMLError as error:
            raise self.stop("M101", f"This is not YAML: {error}.", _QUOTE_HINT, 1, 1) from None

    def take(self, event: Any) -> None:
        """The event has found its place in the value."""
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self.scalar(event)
        elif kind is yaml.MappingStartEvent:
            self.open(event, {}, {})
        elif kind is yaml.SequenceStartEvent:
            self.open(event, [], [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self.stack.pop()
        elif kind is yaml.AliasEvent:
            raise self.refuse(event, "Aliases (*name) are not read here.", "Write the value out.")
        elif kind is yaml.DocumentStartEvent:
            self.document(event)

    def document(self, event: Any) -> None:
        """The start of the only document has been seen."""
        if event.tags:
            raise self.refuse(event, "Tags are not read here.", "Take the %TAG line out.")
        if self.nodes:
            raise self.refuse(
                event, "A file holds one document; here a second one begins.", "Move it to its own file."
            )

    def refuse(self, event: Any, message: str, hint: str) -> _Stop:
        """What stands here is YAML, of a kind that is not read."""
        mark = event.start_mark
        return self.stop("M103", message, hint, mark.line + 1, mark.column + 1)

    def scalar(self, event: Any) -> None:
        """A word has become a key or a value."""
        self.admit(event)
        mark = event.start_mark
        text = event.value
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if event.style == '"' and _FORBIDDEN.search(text):
            raise self.stop(
                "M105",
                "The text hides a forbidden character in an escape.",
                "Take it out.",
                mark.line + 1,
                mark.column + 1,
            )
        if self.stack and self.stack[-1].awaits_key:
            self.begin_key(text, mark.line + 1, mark.column + 1)
            return
        node: list[Any] = [mark.line + 1, mark.column + 1]
        if event.style and event.style in _STYLES:
            node.append(_STYLES[event.style])
        self.place(_value(text) if event.implicit[0] else text, node)

    def open(self, event: Any, container: Any, children: Any) -> None:
        """A map or list has begun."""
        self.admit(event)
        mark = event.start_mark
        if self.stack and self.stack[-1].awaits_key:
            raise self.refuse(event, "A key is a word; here a map or list stands in its place.", _QUOTE_HINT)
        if len(self.stack) >= DOCUMENT_DEPTH:
            raise self.stop(
                "M104",
                f"This is nested deeper than {DOCUMENT_DEPTH} levels.",
                "Flatten it.",
                mark.line + 1,
                mark.column + 1,
            )
        self.place(container, [mark.line + 1, mark.column + 1, children])
        self.stack.append(_Frame(container, children))

    def admit(self, event: Any) -> None:
        """The node carries neither anchor nor tag, and there is room for it."""
        self.nodes += 1
        mark = event.start_mark
        if self.nodes > DOCUMENT_NODES:
            raise self.stop(
                "M104",
                f"A document may hold {DOCUMENT_NODES:,} values; this one has more.",
                "Split it into several files.",
                mark.line + 1,
                mark.column + 1,
            )
        if event.anchor is not None:
            raise self.refuse(
                event, "Anchors (&name) are not read here.", "Write the value out where it is needed."
            )
        if event.tag is not None:
            raise self.refuse(event, f"Tags ({event.tag}) are not read here.", "Write the plain value.")

    def begin_key(self, key: str, line: int, column: int) -> None:
        """The next value belongs to this key; of a key that stands twice the first value stays."""
        frame = self.stack[-1]
        frame.key, frame.key_at = key, (line, column)
        frame.skips = key in frame.container
        if frame.skips:
            first = frame.children[key][0]
            self.problems.add(
                "M102",
                f'The key "{key}" stands twice in one map, on lines {first} and {line}.',
                "Keep one of them.",
                Place(self.file, line, column),
            )

    def place(self, value: Any, node: list[Any]) -> None:
        """The value stands in the open map or list, or is the document."""
        if not self.stack:
            self.root, self.root_position = value, node
            return
        frame = self.stack[-1]
        if frame.key is None:
            frame.container.append(value)
            frame.children.append(node)
            return
        if not frame.skips:
            frame.container[frame.key] = value
            frame.children[frame.key] = [*frame.key_at, node]
        frame.key = None


def _indented_by_tab(text: str, line: int) -> bool:
    found = text.split("\n", line)[line - 1 : line]
    return bool(found) and "\t" in found[0][: len(found[0]) - len(found[0].lstrip())]


def _events(text: str, loader: Any) -> Iterator[Any]:
    events: Iterator[Any] = yaml.parse(text, Loader=loader)
    return events


def _value(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    first = word[0]
    if first.isdigit() or first == "-":
        if _INTEGER.match(word):
            return int(word)
        if _DECIMAL.match(word):
            return Decimal(word)
    return word
