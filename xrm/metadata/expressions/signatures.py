"""What an entry of the function table is: its arguments, its type, its meaning in Python and its example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xrm.metadata.expressions.tree import Literal, Node
from xrm.metadata.expressions.types import INTEGER, NUMBERS, ORDERED, Kind, Type, common_number
from xrm.metadata.values import EXACT_SCALE

Kinds = frozenset[Kind]

WORDS: Final[Kinds] = frozenset({Kind.TEXT})
PROSE: Final[Kinds] = frozenset({Kind.TEXT, Kind.LONG_TEXT})
DAYS: Final[Kinds] = frozenset({Kind.DATE})
WHOLE: Final[Kinds] = frozenset({Kind.INTEGER})
INSTANTS: Final[Kinds] = frozenset({Kind.DATETIME})
CALENDARS: Final[Kinds] = frozenset({Kind.CALENDAR})
SPANS: Final[Kinds] = frozenset({Kind.DURATION})
PRINTABLE: Final[Kinds] = NUMBERS | {Kind.DATE, Kind.CHOICE, Kind.TEXT}
PLAIN: Final[Kinds] = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.REFERENCE}


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument may be; `alike` ones must share a type; a `written` one stands in the text.

    A written number goes from 0 to `most`; a written text is the pattern of a date. `empty` and "" may be
    written for one that `may_be_empty`.
    """

    name: str
    kinds: Kinds
    alike: bool = False
    written: bool = False
    most: int = EXACT_SCALE
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the language.

    `example` gives `answer` in every place. `optional` counts the arguments at the end that may be left out, and
    `repeats` says that the last may come again. A `strict` function is empty with an empty argument and is never
    given one; `zoned` ones get the name of the time zone first, `typed` ones the type of the result. `cost` is how
    many steps one call counts for.
    """

    name: str
    summary: str
    example: str
    answer: str
    arguments: tuple[Argument, ...]
    result: Callable[[Sequence[Node]], Type]
    evaluate: Callable[..., Any]
    optional: int = 0
    repeats: bool = False
    strict: bool = True
    zoned: bool = False
    typed: bool = False
    cost: int = 1

    @property
    def fewest(self) -> int:
        """The least number of arguments."""
        return len(self.arguments) - self.optional

    @property
    def signature(self) -> str:
        """How it is called, and what it gives."""
        names = [a.name for a in self.arguments]
        words = [f"[{n}]" if i >= self.fewest else n for i, n in enumerate(names)]
        return f"{self.name}({', '.join(words)}{', ...' if self.repeats else ''})"

    def argument(self, position: int) -> Argument:
        """What the argument at that position may be."""
        return self.arguments[min(position, len(self.arguments) - 1)]


TEXT_ARGUMENT: Final = Argument("text", WORDS)
PROSE_ARGUMENT: Final = Argument("text", PROSE)
DAY: Final = Argument("date", DAYS)
NUMBER: Final = Argument("number", NUMBERS)
COUNT: Final = Argument("count", WHOLE)
PLACES: Final = Argument("places", WHOLE, written=True)


def always(result: Type) -> Callable[[Sequence[Node]], Type]:
    """The type whatever the arguments."""
    return lambda arguments: result


def like_first(arguments: Sequence[Node]) -> Type:
    """The type of the first argument."""
    return arguments[0].type


def common(arguments: Sequence[Node]) -> Type:
    """The type that holds both numbers."""
    return common_number(arguments[0].type, arguments[1].type)


def rounded(arguments: Sequence[Node]) -> Type:
    """A whole number, or one with the decimals that are written."""
    if len(arguments) == 1:
        return INTEGER
    return Type(Kind.DECIMAL, scale=min(written_number(arguments), arguments[0].type.decimals))


def raised(arguments: Sequence[Node]) -> Type:
    """The type of a power: as many decimals as all its factors, up to those that are kept."""
    base = arguments[0].type
    if base.kind is Kind.INTEGER:
        return INTEGER
    return Type(Kind.DECIMAL, scale=min(base.decimals * written_number(arguments), EXACT_SCALE))


def written_number(arguments: Sequence[Node]) -> int:
    """The number that stands as the second argument."""
    number = arguments[1]
    return int(number.value) if isinstance(number, Literal) else 0


def alike(name: str, kinds: Kinds) -> Argument:
    """An argument that shares its type with the others."""
    return Argument(name, kinds, alike=True, may_be_empty=True)
