"""Names that are made of what people call things: words of any of our languages become snake_case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from typing import Final

from xrm.metadata.names import MAX_MEMBER

_CYRILLIC: Final = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch _ y _ e yu ya".replace("_", "").split(
            " "
        ),
        strict=True,
    )
)
_LETTERS: Final = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "þ": "th", **_CYRILLIC}
_NOT_NAMED: Final = re.compile(r"[^a-z0-9]+")


def name_for(label: str, taken: Container[str] = (), longest: int = MAX_MEMBER) -> str:
    """A name for what is called so, with a number behind it where it is taken; empty if no letter can be kept."""
    lower = "".join(_LETTERS.get(letter, letter) for letter in label.lower())
    plain = unicodedata.normalize("NFKD", lower).encode("ascii", "ignore").decode()
    name = _NOT_NAMED.sub("_", plain).strip("_").lstrip("0123456789_")[:longest].rstrip("_")
    if not name or name not in taken:
        return name
    numbered = (f"{name[: longest - len(str(n)) - 1].rstrip('_')}_{n}" for n in range(2, 10_000))
    return next((other for other in numbered if other not in taken), "")
