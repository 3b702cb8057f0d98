"""Short digests of what a form showed: they tell what was changed here, and what elsewhere meanwhile."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeGuard

import orjson

from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.ui.pages.layout import TO, Layout, Slot

_DIGEST = 6
_LETTERS = 2 * _DIGEST

Digests = Mapping[str, Any]


def is_untitled(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value of a lookup is a text that has named no record."""
    return isinstance(value, Mapping) and "text" in value


def digests_of(
    layout: Layout, record: Mapping[str, Any], rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, Any]:
    """The digest of every value and row that a form of this record shows."""
    found: dict[str, Any] = {}
    for slot in layout.open:
        if slot.is_grid:
            found[slot.name] = {str(r["id"]): row_digest(slot, r) for r in rows.get(slot.name, ())}
        else:
            found[slot.name] = digest(slot, record.get(slot.name))
    return found


def written_digests(found: Digests) -> str:
    """The digests as a form carries them."""
    return orjson.dumps(found).decode()


def read_digests(text: str, layout: Layout) -> Digests:
    """The digests that a form carried, of a grid one for each row; none where they cannot be read."""
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(found, dict):
        return {}
    grids = {slot.name for slot in layout.slots if slot.is_grid}
    return {name: told for name, told in found.items() if name not in grids or isinstance(told, dict)}


def digest(slot: Slot, value: Any) -> str:
    """A short digest of a value, equal for equal values however they are written."""
    return _hash(canonical(slot, value))


def row_digest(slot: Slot, values: Mapping[str, Any]) -> str:
    """The digest of a row: those of its cells, one after the other."""
    return "".join(digest(c, values.get(c.name)) for c in _cells(slot))


def cell_digests(slot: Slot, row: object) -> dict[str, str]:
    """The digests of the cells in that of their row; empty where it was made for other columns."""
    names = [c.name for c in _cells(slot)]
    if not isinstance(row, str) or len(row) != len(names) * _LETTERS:
        return {}
    return {name: row[i * _LETTERS : (i + 1) * _LETTERS] for i, name in enumerate(names)}


def _cells(slot: Slot) -> list[Slot]:
    """The columns that can change; the record to which a link leads stays what it is."""
    return [c for c in slot.columns if c.name != TO]


def canonical(slot: Slot, value: Any) -> Any:
    """The value in its one JSON form; what cannot be read stays as it was typed."""
    if slot.field.kind == "lookup":
        if is_untitled(value):
            return value  # another than any stored one, the empty one too
        found = value.get("id") if isinstance(value, Mapping) else value
        return str(found) if found else None
    if slot.field.kind in ("file", "image"):
        items = value if isinstance(value, list | tuple) else [value] if value else []
        return sorted(str(i["id"] if isinstance(i, Mapping) else i) for i in items)
    if slot.type is None or slot.params is None or slot.field.kind == "secret":
        return None
    try:
        return write_value(slot.type, read_value(slot.type, value, slot.params), slot.params)
    except BadValue:
        return value


def _hash(value: Any) -> str:
    # Not orjson: what was typed may be a number of any length.
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=_DIGEST).hexdigest()
