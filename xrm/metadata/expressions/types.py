"""The types of the expression language, and what the checker asks the model about names.

A type is a frozen value. `Kind` is the closed set; parameters stand beside it: a reference names its
possible entities, a choice its options, a set its element. The language is null-tolerant, so every type
includes empty; there is no separate optional type.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    """The closed set of value kinds that an expression can have."""

    EMPTY = "empty"
    TEXT = "text"  # stored with a folded twin; machine text without one is a CHOICE without options
    LONG_TEXT = "long_text"  # compares with == only by emptiness; no order, no contains: search serves it
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"  # compares, sorts and sums by its base value unless the field fixes the currency
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    CHOICE = "choice"
    OPTIONS = "options"  # a set of options or tags; `"x" in field`
    REFERENCE = "reference"
    MANY = "many"  # the far side of a relationship, or a set of records; aggregates and `in` take it
    CALENDAR = "calendar"  # weekdays and holidays; business-day functions take it, nothing else
    OPAQUE = "opaque"  # json, file, geo, secret: empty or not, nothing else


@dataclass(frozen=True, slots=True)
class Type:
    """The type of an expression.

    `entities` are the possible targets of a reference or many (empty: any entity); `options` the keys of a
    choice (empty: open set, as for tags), or the currency that a money field fixes; `scale` the decimals of a
    decimal (6 for computed ones). `former` are earlier keys of options and the present ones; they are read and
    make no type another one.
    """

    kind: Kind
    entities: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    scale: int = 6
    former: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)

    @property
    def decimals(self) -> int:
        """The decimals of a number of this type: none for integers."""
        return self.scale if self.kind is Kind.DECIMAL else 0


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a name on an entity means: a stored field, a part of one, a system column or a relationship.

    `name` is the present one, also where a former one was asked for. `path` is how storage names it: `("amount",)`,
    `("amount", "currency")`, `("account",)`. What is stored nowhere, and follows from others when it is asked for, has
    a `formula`: a typed tree over its own record, which stands in its place.
    """

    name: str
    type: Type
    path: tuple[str, ...]
    stored: bool = True
    formula: Any = None


class Names(Protocol):
    """What the checker asks: the attributes of an entity, and names for hints."""

    def attribute(self, entity: str, name: str) -> Attribute | None:
        """The attribute that is called so, or was; or None."""
        ...

    def entity_called(self, name: str) -> str:
        """The present name of the entity that was called so; any other name as it is."""
        ...

    def part(self, entity: str, attribute: Attribute, name: str) -> Attribute | None:
        """The named part of a several-column attribute (`amount.currency`), or None."""
        ...

    def attribute_names(self, entity: str) -> Iterable[str]:
        """All names that `attribute` would answer, for near-name hints."""
        ...


NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL})
ORDERED = NUMBERS | {Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.DURATION}

TEXT = Type(Kind.TEXT)
INTEGER = Type(Kind.INTEGER)
DECIMAL = Type(Kind.DECIMAL)
BOOLEAN = Type(Kind.BOOLEAN)
DATE = Type(Kind.DATE)
DATETIME = Type(Kind.DATETIME)
TIME = Type(Kind.TIME)
DURATION = Type(Kind.DURATION)
EMPTY = Type(Kind.EMPTY)
USER = Type(Kind.REFERENCE, ("user",))


def common_number(a: Type, b: Type) -> Type:
    """The number type that holds values of both without loss."""
    if a.kind is b.kind is Kind.INTEGER:
        return INTEGER
    return Type(Kind.DECIMAL, scale=max(a.decimals, b.decimals))
