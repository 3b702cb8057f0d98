"""Capital and small letters that are one another's partner for ever, so that every place turns them alike.

Databases, browsers and Python know Unicode of different years. Two letters that were both there and made a pair
do so in every later version, and two that were there and made none never will (Unicode's stability policy), so
the pairs of version 3.2 are the same wherever they are asked for. A letter whose partner is several letters
("ß") has none here.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_END: Final = (
    0x2000  # behind Latin, Greek, Cyrillic and Armenian come letters in circles, wide ones, old scripts
)
_FINAL_SIGMA, _SIGMA = "ς", "Σ"  # the one small letter more that a capital has


@lru_cache(maxsize=1)
def pairs() -> tuple[tuple[str, str], ...]:
    """Every small letter with its capital, in the order of their numbers."""
    found = ((chr(n), chr(n).upper()) for n in range(1, _END))
    return tuple((small, capital) for small, capital in found if _is_pair(small, capital))


def _is_pair(small: str, capital: str) -> bool:
    if small == capital or len(capital) != 1 or capital.lower() != small:
        return False
    return all(unicodedata.ucd_3_2_0.category(letter) != "Cn" for letter in (small, capital))


@lru_cache(maxsize=1)
def capitals() -> dict[int, str]:
    """What becomes of each small letter in capitals."""
    return {ord(small): capital for small, capital in (*pairs(), (_FINAL_SIGMA, _SIGMA))}


@lru_cache(maxsize=1)
def smalls() -> dict[int, str]:
    """What becomes of each capital in small letters."""
    return {ord(capital): small for small, capital in pairs()}


def upper(text: str) -> str:
    """The text in capital letters, as many as it had."""
    return text.upper() if text.isascii() else text.translate(capitals())


def lower(text: str) -> str:
    """The text in small letters, as many as it had."""
    return text.lower() if text.isascii() else text.translate(smalls())
