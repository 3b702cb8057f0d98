"""The problem codes of import and export. What a record may hold is refused with the codes of the records."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TRANSFER_CODES: Mapping[str, str] = MappingProxyType(
    {
        "I101": "The file is empty, or has a heading and no rows.",
        "I102": "The file is not text in an encoding that is known here.",
        "I103": "The file is not a table of separated values.",
        "L122": "The file has too many columns.",
        "I105": "A row has more cells than the heading has columns.",
        "I106": "A column is mapped that the file does not have.",
        "I107": "A column is mapped to something that the entity does not take.",
        "I108": "Two columns are mapped to the same thing.",
        "I109": "No column is mapped.",
        "I110": "The key by which records are found has no column.",
        "I111": "Two rows of the file have the same key.",
        "I112": "Some rows were refused, so nothing was imported.",
        "I113": "The job is no import that can be undone.",
        "I114": "An option of the import or export is not known.",
    }
)
