"""A registry of named things: refuses a taken name, and says what it knows when asked for an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

# Among more names than this only those are compared that begin or end alike, for comparing is slow.
_FEW = 40
_SAME_LETTERS = 2
# So many names are looked at.
_LOOKED_AT = 500


class NameTaken(ValueError):
    """A name was registered twice, and the second time did not say that it replaces the first."""


class Frozen(RuntimeError):
    """Something was registered after the program had started to rely on the registry."""


class UnknownName(KeyError):
    """Nothing is registered under this name; the message names the ones that look like it."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(name)
        self.kind, self.name, self.known = kind, name, tuple(known)

    @property
    def near(self) -> tuple[str, ...]:
        """The known names that a person may have meant, best first."""
        return near_names(self.name, self.known)

    def __str__(self) -> str:
        return f'There is no {self.kind} "{self.name}". {self._advice()}'

    def _advice(self) -> str:
        if self.near:
            return f"Did you mean {' or '.join(self.near)}?"
        return f"Known: {', '.join(self.known)}." if self.known else "None is registered."


class Registry(Mapping[str, T], Generic[T]):
    """Names of one kind and what they stand for, in the order of registration.

    A registry is filled while the program starts, then frozen; after that it is an ordinary read-only
    mapping whose lookup error is written for the person who mistyped the name.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        self._is_frozen = False

    def register(self, name: str, thing: T, *, replace: bool = False) -> T:
        """`name` stands for `thing` from now on; a replacement keeps the first one's place in the order."""
        if self._is_frozen:
            raise Frozen(f'The {self.kind} "{name}" came too late: this registry is frozen.')
        if name in self._things and not replace:
            raise NameTaken(f'The {self.kind} "{name}" exists already; say replace=True to take its place.')
        self._things[name] = thing
        return thing

    def freeze(self) -> None:
        """Nothing more can be registered."""
        self._is_frozen = True

    def __getitem__(self, name: str) -> T:
        if name in self._things:
            return self._things[name]
        raise UnknownName(self.kind, name, self._things)

    def __contains__(self, name: object) -> bool:
        return name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def __repr__(self) -> str:
        return f"Registry({self.kind!r}, {list(self._things)})"


def near_names(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that look like `name`, best first, at most three.

    The work has a bound however many are known: those that are known first are looked at.
    """
    names = tuple(islice(known, _LOOKED_AT))
    if len(names) > _FEW:
        names = tuple(islice((n for n in names if _may_be_near(name, n)), _FEW))
    return tuple(get_close_matches(name, names, n=3, cutoff=0.6))


def _may_be_near(name: str, other: str) -> bool:
    is_as_long = abs(len(name) - len(other)) <= max(3, len(name) // 3)
    return is_as_long and (
        name[:_SAME_LETTERS] == other[:_SAME_LETTERS] or name[-_SAME_LETTERS:] == other[-_SAME_LETTERS:]
    )
