"""Naming rules: how long names may be, what they look like, and which words are taken."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from itertools import islice

from xrm.metadata.model import OWNER_FIELDS, STATE_FIELDS, SYSTEM_FIELDS
from xrm.registry import near_names

NAME_PATTERN = "^[a-z](?:_?[a-z0-9])*$"
OPTION_PATTERN = "^[A-Za-z0-9](?:[A-Za-z0-9_.+-]*)$"
VERSION_PATTERN = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
LANGUAGE_PATTERN = "^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?$"

MAX_PACK = 20
MAX_ENTITY = 36
MAX_MEMBER = 40
MAX_OPTION = 60

# Words that mean something else inside an expression.
EXPRESSION_WORDS = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "if",
        "else",
        "as",
        "true",
        "false",
        "empty",
        "me",
        "my",
        "old",
        "record",
        "settings",
    }
)
# Words that stand where an entity name could stand.
ENTITY_WORDS = frozenset({"any", "none", "all", "user", "team", "unit"}) | EXPRESSION_WORDS
# Words that merge lists when a layer says them instead of options.
ITEM_WORDS = ("add", "after", "remove")

_NAME = re.compile(NAME_PATTERN)


def is_name(text: str, longest: int = MAX_MEMBER) -> bool:
    """True when `text` is snake_case, without double or trailing underscore, and short enough."""
    return len(text) <= longest and _NAME.match(text) is not None


def system_names(ownership: str, has_lifecycle: bool) -> tuple[str, ...]:
    """The names that every record of such an entity has by itself."""
    owned = OWNER_FIELDS if ownership == "user_or_team" else ()
    return (*SYSTEM_FIELDS, *owned, *(STATE_FIELDS if has_lifecycle else ()))


def words_of(name: str) -> str:
    """The name as a person would say it: `due_at` becomes "Due at"."""
    return name.replace("_", " ").capitalize()


_SHOWN = 12
# So many names are looked at, however many there are.
_LOOKED_AT = 500


def near_hint(name: str, known: Iterable[str], otherwise: str = "", own: Container[str] = ()) -> str:
    """A sentence that offers the names that look like `name`, else `otherwise`, else some of those known.

    Of several that look like it, those among `own` come first.
    """
    names = tuple(islice(known, _LOOKED_AT))
    like = sorted(near_names(name, names), key=lambda n: n not in own)
    if like:
        return f"Did you mean {' or '.join(like)}?"
    if otherwise:
        return otherwise
    if not names:
        return "None is known here."
    more = " and others" if len(names) > _SHOWN else ""
    return f"Known: {', '.join(names[:_SHOWN])}{more}."
