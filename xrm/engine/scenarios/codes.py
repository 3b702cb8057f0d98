"""The problem codes of scenarios, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SCENARIO_CODES: Mapping[str, str] = MappingProxyType(
    {
        "T101": "What a scenario does was refused, and should have been done.",
        "T102": "What a scenario tries was done, and should have been refused.",
        "T103": "What a scenario tries was refused in another way than it says.",
        "T104": "What a scenario expects of a record does not hold.",
        "T105": "There are more or fewer records than a scenario says.",
    }
)
