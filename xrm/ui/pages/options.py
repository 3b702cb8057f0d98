"""Choices that several forms offer alike: languages and time zones."""

from __future__ import annotations

from functools import cache

from xrm.settings import known_zones
from xrm.ui.fields.view import Option
from xrm.ui.i18n import LANGUAGES


def language_options() -> tuple[Option, ...]:
    """The languages in which xrm speaks, each by its own name."""
    return tuple(Option(code, label) for code, label in LANGUAGES.items())


@cache
def zone_options() -> tuple[Option, ...]:
    """The time zones that are called by a place, and UTC."""
    named = (zone for zone in known_zones() if "/" in zone or zone == "UTC")
    return tuple(Option(zone, zone.replace("_", " ")) for zone in sorted(named))
