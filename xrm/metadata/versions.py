"""Versions of packs and ranges of them: semantic versions, compared and matched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import total_ordering
from operator import eq, ge, gt, le, lt
from typing import Final

_VERSION = re.compile(
    r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\Z"
)
_TERM = re.compile(r"(>=|<=|>|<|=|\^|~)?\s*([0-9][^\s,]*)\Z")


class BadRange(ValueError):
    """A text that is no version or no range of versions."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """Three numbers and an optional pre-release, which comes before the release itself."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: tuple[tuple[bool, int, str], ...] = ()

    def __lt__(self, other: Version) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        return self.major, self.minor, self.patch, not self.pre, self.pre


_COMPARISONS: Final[Mapping[str, Callable[[Version, Version], bool]]] = {
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
    "=": eq,
}


def version_of(text: str) -> Version:
    """The version that `text` says; missing numbers are zero."""
    match = _VERSION.match(text.strip())
    if not match:
        raise BadRange(f'"{text}" is not a version')
    numbers = [int(n or 0) for n in match.groups()[:3]]
    return Version(numbers[0], numbers[1], numbers[2], _pre(match.group(4)))


def _pre(text: str | None) -> tuple[tuple[bool, int, str], ...]:
    words = text.split(".") if text else []
    return tuple((not w.isdigit(), int(w) if w.isdigit() else 0, w) for w in words)


def admits(range_: str, version: str) -> bool:
    """True when the version meets every term of the range: `>=1.0, <2`, `^1.2`, `~1.2.3`, `1.0.0` or `*`."""
    have = version_of(version)
    terms = [t for t in re.split(r"\s*,\s*|\s+(?=[<>=^~])", range_.strip()) if t]
    if not terms:
        raise BadRange("the range is empty")
    held = [term == "*" or _holds(term, have) for term in terms]  # each is read, whatever the first one says
    return all(held)


def range_fault(range_: str) -> str:
    """What is wrong with the range, as a sentence; an empty text for one that can be read."""
    try:
        admits(range_, "1.0.0")
    except BadRange as error:
        return f"{str(error).capitalize()}."
    return ""


def _holds(term: str, have: Version) -> bool:
    match = _TERM.match(term)
    if not match:
        raise BadRange(f'"{term}" is not a range of versions')
    sign, wanted = match.group(1) or "=", version_of(match.group(2))
    if sign in _COMPARISONS:
        return _COMPARISONS[sign](have, wanted)
    return wanted <= have < (_next_caret(wanted) if sign == "^" else Version(wanted.major, wanted.minor + 1))


def _next_caret(version: Version) -> Version:
    """The first version that may break what `version` promised."""
    if version.major:
        return Version(version.major + 1)
    return Version(0, version.minor + 1) if version.minor else Version(0, 0, version.patch + 1)
