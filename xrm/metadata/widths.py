"""How much room the values of a record can take in its row, which PostgreSQL keeps on one page of 8 KiB.

What is longer than `VARYING` bytes it moves out of the row, and what is not stays there; whatever is moved leaves less
behind. Counted is what each column takes at worst, the gap before it included, so that their order does not matter.
SQLite knows no such bound, and has this one all the same: a definition goes from one database to the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from xrm.metadata.fieldtypes.base import Part, Storage
from xrm.metadata.model import OWNER_FIELDS, Entity, Field, Relationship, Shape

VARYING: Final = 24
DIGITS: Final = 16  # of a decimal, which has 18 at most
POINTER: Final = 16
FIXED: Final = 8
_WIDTHS: Mapping[Storage, int] = MappingProxyType(
    {
        Storage.TEXT: 2 * VARYING,  # with its folded twin
        Storage.LONG_TEXT: VARYING,
        Storage.CODE: VARYING,
        Storage.INTEGER: FIXED,
        Storage.DECIMAL: DIGITS,
        Storage.BOOLEAN: FIXED,
        Storage.DATE: FIXED,
        Storage.DATETIME: FIXED,
        Storage.TIME: FIXED,
        Storage.DURATION: FIXED,
        Storage.JSON: VARYING,
        Storage.UUID: POINTER,
        Storage.BYTES: VARYING,
    }
)


def row_width(entity: Entity) -> int:
    """The most bytes that its fields and lookups take in a row."""
    lookups = (r for r in entity.lookups if not (entity.is_owned and r.name in OWNER_FIELDS))
    return _of_fields(entity.fields.values()) + sum(map(_of_targets, lookups))


def link_width(relationship: Relationship) -> int:
    """The same of a link and its attributes; 0 where there are no links."""
    if relationship.shape is not Shape.MANY:
        return 0
    return _of_fields(relationship.attributes.values()) + _of_targets(relationship)


def width_of(storage: Storage) -> int:
    """The most bytes that a part takes that is stored so."""
    return _WIDTHS[storage]


def parts_width(parts: Iterable[Part]) -> int:
    """The most bytes that these columns take in a row."""
    return sum(_WIDTHS[part.storage] for part in parts)


def _of_fields(fields: Iterable[Field]) -> int:
    return sum(parts_width(field.parts) for field in fields)


def _of_targets(relationship: Relationship) -> int:
    """A column for each entity that it leads to; one and a number where it leads to any."""
    return FIXED + POINTER if relationship.any else POINTER * len(relationship.targets)
