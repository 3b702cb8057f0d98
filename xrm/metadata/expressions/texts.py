"""What the functions of text give: in Python, and on SQLite, which calls these.

A text is counted in characters (code points). Nothing and an empty text are one thing, and a text of more than
`LONGEST` characters that one of these would make is empty: without an end to it, three `replace` fill the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from xrm.metadata.expressions import exact
from xrm.metadata.values import EXACT_SCALE

LONGEST: Final = 10_000
# The white space of Unicode; Python, JavaScript and the databases each know another set.
SPACES: Final = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
WHITE: Final = SPACES + "\u2028\u2029\u202f\u205f\u3000"
NUMBER: Final = "[+-]?[0-9]{1,18}([.][0-9]{1,18})?"
PATTERN: Final = re.compile(r"(YYYY|YY|MM|M|DD|D|[ ./,:_-])+")
MOST_LISTED, LONGEST_LIST = 20, 1_000  # texts in a list of them, and characters
_TOKENS: Final = re.compile("YYYY|YY|MM|M|DD|D")

_white_runs = re.compile(f"[{WHITE}]+")
_number = re.compile(NUMBER)


def trim(text: str) -> str | None:
    """The text without white space around it, and with one space for white space inside."""
    return _white_runs.sub(" ", text).strip(" ") or None


def listed(texts: Iterable[str | None], *, is_distinct: bool) -> str | None:
    """The texts in their order, with commas between them, as far as a list goes."""
    found = sorted(text for text in (set(texts) if is_distinct else texts) if text)
    more = ["…"] if len(found) > MOST_LISTED else []
    return ", ".join([*found[:MOST_LISTED], *more])[:LONGEST_LIST] or None


def left(text: str, count: int) -> str | None:
    """The first characters."""
    return text[: max(count, 0)] or None


def right(text: str, count: int) -> str | None:
    """The last characters."""
    return text[max(len(text) - count, 0) :] or None if count > 0 else None


def mid(text: str, start: int, count: int) -> str | None:
    """So many characters from a position, the first being 1; empty in front of it."""
    return text[start - 1 : start - 1 + count] or None if start > 0 and count > 0 else None


def position(text: str, part: str) -> int:
    """Where the part stands first, from 1; 0 where it does not."""
    return text.find(part) + 1


def replace(text: str | None, part: str | None, other: str | None) -> str | None:
    """The text with another part in all places of one."""
    text, part, other = text or "", part or "", other or ""
    found = text.count(part) if part else 0
    if len(text) + found * (len(other) - len(part)) > LONGEST:
        return None
    return (text.replace(part, other) if found else text) or None


def repeat(text: str, count: int) -> str | None:
    """The text so many times."""
    return text * count if 0 < count <= LONGEST and len(text) * count <= LONGEST else None


def pad_left(text: str, width: int, fill: str = " ") -> str | None:
    """The text behind so much of the fill that it has the width."""
    return None if width > LONGEST else _filling(text, width, fill) + text


def pad_right(text: str, width: int, fill: str = " ") -> str | None:
    """The text in front of so much of the fill that it has the width."""
    return None if width > LONGEST else text + _filling(text, width, fill)


def _filling(text: str, width: int, fill: str) -> str:
    missing = max(width - len(text), 0)
    return (fill * (missing // len(fill) + 1))[:missing]


def split_part(text: str, separator: str, number: int) -> str | None:
    """The part of that number between separators, from the end where it is negative."""
    parts = text.split(separator)
    if not number or not -len(parts) <= number <= len(parts):
        return None
    return parts[number - 1 if number > 0 else number] or None


def join(separator: str | None, *parts: str | None) -> str | None:
    """The texts that are not empty, with the separator between them."""
    return (separator or "").join(part for part in parts if part) or None


def fixed(value: exact.Number, places: int) -> str:
    """The number as text with just so many decimals."""
    return format(exact.rounded(value, places), "f")


def number(text: str) -> Decimal | None:
    """The number that is written as digits with a point, or empty."""
    return exact.kept(Decimal(text), EXACT_SCALE) if _number.fullmatch(text) else None


def date_text(day: date, pattern: str) -> str:
    """The date as the pattern shows it."""
    parts = {
        "YYYY": f"{day.year:04}",
        "YY": f"{day.year % 100:02}",
        "MM": f"{day.month:02}",
        "M": str(day.month),
        "DD": f"{day.day:02}",
        "D": str(day.day),
    }
    return _TOKENS.sub(lambda token: parts[token.group()], pattern)
