"""The functions of text. SQL and the browser have tables of their own under the same names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from xrm.metadata.expressions import exact, letters, texts
from xrm.metadata.expressions.signatures import (
    COUNT,
    DAY,
    NUMBER,
    PLACES,
    PRINTABLE,
    PROSE_ARGUMENT,
    TEXT_ARGUMENT,
    WHOLE,
    WORDS,
    Argument,
    Function,
    always,
)
from xrm.metadata.expressions.types import BOOLEAN, DECIMAL, INTEGER, TEXT
from xrm.metadata.values import fold


def _text(value: Any) -> str:
    if isinstance(value, int | Decimal):
        return exact.plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def folded(text: str | None) -> str | None:
    """The text without case and accents; nothing is left of accents alone, and nothing is empty."""
    return (fold(text) or None) if text else None


def _same(a: str | None, b: str | None) -> bool:
    return folded(a) == folded(b)


def _contains(text: str | None, part: str | None) -> bool:
    whole, inside = folded(text), folded(part)
    return whole is not None and inside is not None and inside in whole


def _starts_with(text: str | None, start: str | None) -> bool:
    whole, first = folded(text), folded(start)
    return whole is not None and first is not None and whole.startswith(first)


def _ends_with(text: str | None, end: str | None) -> bool:
    whole, last = folded(text), folded(end)
    return whole is not None and last is not None and whole.endswith(last)


COST_OF_LETTERS: Final = 100  # a query names every letter
COST_OF_LONG_TEXT: Final = 50  # the text may be as long as the longest
_PART = Argument("part", WORDS)
_WIDTH = Argument("width", WHOLE)
_FILL = Argument("fill", WORDS)

TEXT_FUNCTIONS: Final = (
    Function(
        "contains",
        "True when the text has the other one inside, whatever case and accents; false when one is empty.",
        'contains("A leaking pipe", "LEAK")',
        "true",
        (TEXT_ARGUMENT, _PART),
        always(BOOLEAN),
        _contains,
        strict=False,
    ),
    Function(
        "starts_with",
        "True when the text begins with the other one, whatever case and accents; false when one is empty.",
        'starts_with("José Silva", "jose")',
        "true",
        (TEXT_ARGUMENT, Argument("start", WORDS)),
        always(BOOLEAN),
        _starts_with,
        strict=False,
    ),
    Function(
        "ends_with",
        "True when the text ends with the other one, whatever case and accents; false when one is empty.",
        'ends_with("report.PDF", ".pdf")',
        "true",
        (TEXT_ARGUMENT, Argument("end", WORDS)),
        always(BOOLEAN),
        _ends_with,
        strict=False,
    ),
    Function(
        "same_text",
        "True when both texts are equal apart from case and accents, or both are empty.",
        'same_text("São Paulo", "sao paulo")',
        "true",
        (TEXT_ARGUMENT, Argument("other", WORDS)),
        always(BOOLEAN),
        _same,
        strict=False,
    ),
    Function(
        "length",
        "The number of characters; 0 for an empty text.",
        'length("naïve")',
        "5",
        (PROSE_ARGUMENT,),
        always(INTEGER),
        lambda text: len(text or ""),
        strict=False,
    ),
    Function(
        "text",
        "The value as text: numbers without zeros at the end, dates as 2026-01-31, choices as their key.",
        '"Visit " + text(3)',
        '"Visit 3"',
        (Argument("value", PRINTABLE),),
        always(TEXT),
        _text,
    ),
    Function(
        "upper",
        "The text in capitals: Latin, Greek, Cyrillic and Armenian letters with a partner (`ß` has none).",
        'upper("água 2b")',
        '"ÁGUA 2B"',
        (PROSE_ARGUMENT,),
        always(TEXT),
        letters.upper,
        cost=COST_OF_LETTERS,
    ),
    Function(
        "lower",
        "The text in small letters, of the same alphabets.",
        'lower("ÁGUA 2B")',
        '"água 2b"',
        (PROSE_ARGUMENT,),
        always(TEXT),
        letters.lower,
        cost=COST_OF_LETTERS,
    ),
    Function(
        "trim",
        "The text without white space around it, and with one space for any white space inside.",
        'trim("  Ana   Silva ")',
        '"Ana Silva"',
        (PROSE_ARGUMENT,),
        always(TEXT),
        texts.trim,
    ),
    Function(
        "left",
        "The first characters.",
        'left("AB-1234", 2)',
        '"AB"',
        (PROSE_ARGUMENT, COUNT),
        always(TEXT),
        texts.left,
    ),
    Function(
        "right",
        "The last characters.",
        'right("AB-1234", 4)',
        '"1234"',
        (PROSE_ARGUMENT, COUNT),
        always(TEXT),
        texts.right,
    ),
    Function(
        "mid",
        "So many characters from a position on, the first being 1; empty for a position before it.",
        'mid("AB-1234", 4, 2)',
        '"12"',
        (PROSE_ARGUMENT, Argument("start", WHOLE), COUNT),
        always(TEXT),
        texts.mid,
    ),
    Function(
        "position",
        "Where the part begins for the first time, 1 being the first place; 0 where it is not. Case and accents count.",
        'position("AB-1234", "-")',
        "3",
        (PROSE_ARGUMENT, _PART),
        always(INTEGER),
        texts.position,
    ),
    Function(
        "replace",
        "The text with `other` for every `part`, which an empty one takes out. Case and accents count.",
        'replace("12.345.678", ".", "")',
        '"12345678"',
        (PROSE_ARGUMENT, _PART, Argument("other", WORDS, may_be_empty=True)),
        always(TEXT),
        texts.replace,
        cost=COST_OF_LONG_TEXT,
        strict=False,
    ),
    Function(
        "repeat",
        "The text so many times.",
        'repeat("*", 4)',
        '"****"',
        (TEXT_ARGUMENT, COUNT),
        always(TEXT),
        texts.repeat,
        cost=COST_OF_LONG_TEXT,
    ),
    Function(
        "pad_left",
        "The text filled up in front to so many characters, with spaces or what is given; a longer one stays.",
        'pad_left(text(42), 6, "0")',
        '"000042"',
        (TEXT_ARGUMENT, _WIDTH, _FILL),
        always(TEXT),
        texts.pad_left,
        cost=COST_OF_LONG_TEXT,
        optional=1,
    ),
    Function(
        "pad_right",
        "The text filled up behind to so many characters, with spaces or what is given; a longer one stays.",
        'pad_right("ab", 5, ".")',
        '"ab..."',
        (TEXT_ARGUMENT, _WIDTH, _FILL),
        always(TEXT),
        texts.pad_right,
        cost=COST_OF_LONG_TEXT,
        optional=1,
    ),
    Function(
        "split_part",
        "The part of that number between separators; -1 is the last one. Empty where there is none.",
        'split_part("ana@example.org", "@", 2)',
        '"example.org"',
        (PROSE_ARGUMENT, Argument("separator", WORDS), Argument("number", WHOLE)),
        always(TEXT),
        texts.split_part,
    ),
    Function(
        "join",
        "The texts with the separator between them; empty ones are passed over.",
        'join(", ", "Lisbon", empty, "Portugal")',
        '"Lisbon, Portugal"',
        (
            Argument("separator", WORDS, may_be_empty=True),
            Argument("text", WORDS, may_be_empty=True),
            Argument("other", WORDS, may_be_empty=True),
        ),
        always(TEXT),
        texts.join,
        optional=1,
        repeats=True,
        strict=False,
    ),
    Function(
        "fixed",
        "The number as text with just so many decimals (0 to 6), rounded half away from zero.",
        "fixed(12.5, 2)",
        '"12.50"',
        (NUMBER, PLACES),
        always(TEXT),
        texts.fixed,
    ),
    Function(
        "number",
        "The number that a text is: digits with a point, perhaps a sign; empty for any other text.",
        'number("12.50")',
        "12.5",
        (TEXT_ARGUMENT,),
        always(DECIMAL),
        texts.number,
    ),
    Function(
        "date_text",
        "The date as text, with YYYY or YY, MM or M, DD or D, and spaces or `./,:_-` between them.",
        'date_text("2026-01-31", "DD.MM.YYYY")',
        '"31.01.2026"',
        (DAY, Argument("pattern", WORDS, written=True)),
        always(TEXT),
        texts.date_text,
    ),
)
