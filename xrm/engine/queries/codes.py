"""What the codes of refused queries mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

QUERY_CODES: Mapping[str, str] = MappingProxyType(
    {
        "L103": "A filter is too long.",
        "L106": "There are too many sort terms.",
        "L111": "There are too many group or aggregate terms.",
        "L113": "A search text is too long.",
        "R105": "There is no such parameter, or it is given twice.",
        "R106": "A parameter has a value that it does not take.",
        "R107": "The cursor or place belongs to another query.",
        "R108": "The field can not be sorted, grouped, calculated with or shown in this way.",
    }
)
