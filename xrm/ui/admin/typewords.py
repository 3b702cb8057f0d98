"""Field types and their parameters in the words of people who define fields; the order is that of the gallery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.names import words_of
from xrm.ui.pages.visit import Visit


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """Types that belong together, each with its name and what it is for."""

    label: str
    icon: str
    types: tuple[tuple[str, str, str], ...]


def type_groups(visit: Visit, known: Mapping[str, FieldType]) -> tuple[TypeGroup, ...]:
    """Every type that there is, in groups; those of extensions stand last, in their own words."""
    groups = _groups(visit)
    named = {name for group in groups for name, _, _ in group.types}
    others = tuple((t.name, words_of(t.name), t.summary) for t in known.values() if t.name not in named)
    more = (TypeGroup(visit.ui.t("More"), "shapes", others),) if others else ()
    return (*groups, *more)


def type_label(visit: Visit, name: str) -> str:
    """What a type is called."""
    found = (label for group in _groups(visit) for known, label, _ in group.types if known == name)
    return next(found, words_of(name))


def param_words(visit: Visit, name: str, schema: Mapping[str, Any]) -> tuple[str, str]:
    """What a parameter is called, and what it means."""
    return _params(visit).get(name, (words_of(name), str(schema.get("description", ""))))


def _groups(visit: Visit) -> tuple[TypeGroup, ...]:
    t = visit.ui.t
    return (
        TypeGroup(t("Text"), "type", (
            ("text", t("Text"), t("One line: a name, a code, a title.")),
            ("long_text", t("Long text"), t("Several lines without formatting.")),
            ("rich_text", t("Formatted text"), t("Several lines with headings, lists and links.")),
            ("markdown", t("Markdown"), t("Several lines in Markdown.")),
        )),
        TypeGroup(t("Choices"), "list-checks", (
            ("choice", t("Choice"), t("One of a list of options.")),
            ("multi_choice", t("Several choices"), t("Any number of a list of options.")),
            ("boolean", t("Yes or no"), t("A switch.")),
            ("tags", t("Tags"), t("Words that people choose freely.")),
            ("rating", t("Rating"), t("A number of stars.")),
        )),
        TypeGroup(t("Numbers"), "hash", (
            ("integer", t("Whole number"), t("A count or a year.")),
            ("decimal", t("Decimal number"), t("A number with decimals that stay exact.")),
            ("percent", t("Percentage"), t("10 means 10 %.")),
            ("money", t("Money"), t("An amount with its currency.")),
            ("autonumber", t("Number by itself"), t("Counted up for each new record, as in CMP-2026-0042.")),
        )),
        TypeGroup(t("Dates and times"), "calendar", (
            ("date", t("Date"), t("A day.")),
            ("datetime", t("Date and time"), t("A moment, shown in the time zone of the reader.")),
            ("time", t("Time"), t("A time of day.")),
            ("duration", t("Duration"), t("A length of time, as in 1 h 30 min.")),
        )),
        TypeGroup(t("People and places"), "user", (
            ("person_name", t("Name of a person"), t("First name, last name and salutation.")),
            ("email", t("E-mail"), t("An address to write to.")),
            ("phone", t("Phone number"), t("A number to call.")),
            ("url", t("Web address"), t("A link to a page.")),
            ("address", t("Postal address"), t("Street, city, postal code and country.")),
            ("geo", t("Point on the map"), t("Latitude and longitude.")),
        )),
        TypeGroup(t("Files"), "paperclip", (
            ("file", t("File"), t("One file or several.")),
            ("image", t("Picture"), t("One picture or several.")),
        )),
        TypeGroup(t("Computed"), "hash", (
            ("formula", t("Formula"), t("Follows from other values, as in amount * probability / 100.")),
            ("rollup", t("Sum over others"), t("Counts, adds up or picks from related records.")),
        )),
        TypeGroup(t("Special"), "settings-2", (
            ("color", t("Colour"), t("A colour, as in #1d5fb8.")),
            ("secret", t("Secret"), t("Something that can be written and never read.")),
            ("json", t("JSON"), t("Data of another program, kept as it is.")),
            ("expression", t("Expression"), t("A condition that people write.")),
        )),
    )  # fmt: skip


def _params(visit: Visit) -> Mapping[str, tuple[str, str]]:
    t = visit.ui.t
    return {
        "max_length": (t("Longest text"), t("The most characters it takes.")),
        "min": (t("Least value"), ""),
        "max": (t("Greatest value"), ""),
        "precision": (t("Digits in all"), ""),
        "scale": (t("Decimals"), ""),
        "max_tags": (t("Most tags"), ""),
        "pattern": (
            t("Pattern"),
            t("As in {example}: the year, and the counter.", example="CMP-{yyyy}-{0000}"),
        ),
        "scope": (t("Starts again"), t("When the counter begins at 1 again.")),
        "gaps": (
            t("Gaps"),
            t("Without gaps, whoever makes a record waits until the one before it is kept or refused."),
        ),
        "currency": (t("Only currency"), t("As in EUR; every amount is in it.")),
        "rate_on": (t("Rate of the day"), t("The name of a date; without it, the day of the change.")),
        "default_currency": (t("Usual currency"), t("As in EUR; that of an amount without one.")),
        "region": (t("Country of numbers"), t("As in PT; that of a number without its country.")),
        "many": (t("Several"), t("Whether it holds more than one.")),
        "max_files": (t("Most files"), ""),
        "accept": (t("Kinds of files"), t("As in image/png or text/*; all where it is empty.")),
        "max_bytes": (t("Greatest size in bytes"), ""),
        "entity": (t("Entity"), t("Whose records the condition is about.")),
    }
