"""What the library says about one failed keyword, and what we say: code, message and hint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from jsonschema import ValidationError

from xrm.metadata.names import LANGUAGE_PATTERN, NAME_PATTERN, OPTION_PATTERN, VERSION_PATTERN, near_hint
from xrm.metadata.positions import Path
from xrm.metadata.schemas.scenarios import CODE_PATTERN
from xrm.metadata.schemas.views import CARRIED_OUT, VIEW_TYPES

# Types of the language that this version does not compute yet.
LATER_VIEWS: Final = tuple(name for name in VIEW_TYPES if name not in CARRIED_OUT)
# One failure of these is about several keys.
OF_KEYS: Final = frozenset({"required", "additionalProperties"})
_WORDS: Final = {
    "string": "text",
    "object": "a map",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """What the library says about one failed keyword; `key` is the one that is missing or unknown."""

    path: Path
    keyword: str
    limit: Any
    instance: Any
    schema: Mapping[str, Any]
    is_key: bool
    key: str = ""

    @property
    def at(self) -> Path:
        """The path of what it is about."""
        if self.is_key:
            return (*self.path, self.instance)
        return (*self.path, self.key) if self.key or self.keyword in OF_KEYS else self.path

    @property
    def known(self) -> list[str]:
        """The keys that may stand here."""
        return list(self.schema.get("properties", {}))

    @classmethod
    def of(cls, error: ValidationError) -> Failure:
        """The same, typed."""
        schema: Any = error.schema
        steps = list(error.absolute_schema_path)
        return cls(
            tuple(error.absolute_path),
            str(error.validator),
            error.validator_value,
            error.instance,
            schema,
            steps[-2:-1] == ["propertyNames"],
        )


def words_of(error: Failure, path: Path) -> tuple[str, str, str]:
    """Code, message and hint for a failed keyword."""
    limit, instance = error.limit, error.instance
    what = f'"{path[-1]}"' if path and isinstance(path[-1], str) else "This"
    match error.keyword:
        case "type":
            return (
                "M112",
                f"{what} must be {_types(limit)}; it is {_type_of(instance)}.",
                _type_hint(limit, instance),
            )
        case "enum":
            return _enum(error, instance, [str(v) for v in limit])
        case "pattern":
            return "M114", *_pattern(limit, instance)
        case "minLength" | "minItems" | "minProperties":
            return "M115", f"{what} must not be empty.", "Give it a value, or leave the key out."
        case "maxLength":
            return "M115", f"{what} may have {limit} characters; it has {len(instance)}.", "Shorten it."
        case "minimum":
            return "M115", f"{what} must be at least {limit}.", f"It is {instance}."
        case "maximum":
            return "M115", f"{what} must be at most {limit}.", f"It is {instance}."
        case "maxItems":
            return "M115", f"{what} may have {limit} items; it has {len(instance)}.", "Take some out."
        case "uniqueItems":
            return "M116", f"{what} holds the same item twice.", "Keep one of them."
        case _:
            return "M113", f"{what} is not allowed here.", "See the reference of this kind of document."


def _enum(error: Failure, word: Any, known: list[str]) -> tuple[str, str, str]:
    kind = error.schema.get("x-word", "")
    if kind == "type of view" and word in LATER_VIEWS:
        hint = f"Choose one of {', '.join(CARRIED_OUT)}, or take the view out."
        return "M108", f'This version of xrm does not carry out views of the type "{word}".', hint
    if kind:
        return "M117", f'There is no {kind} "{word}".', near_hint(str(word), known)
    return (
        "M113",
        f'"{word}" is none of: {", ".join(known)}.',
        near_hint(str(word), known, "Choose one of them."),
    )


PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    NAME_PATTERN: (
        "is not a name",
        "Write names in lower case, with single underscores between words, as in due_at.",
    ),
    OPTION_PATTERN: ("is not an option's key", "Use letters, digits and underscores, as in net30."),
    LANGUAGE_PATTERN: ("is not a language", "Write a language as en or pt-BR."),
    CODE_PATTERN: (
        "is not the code of a refusal",
        "Write it as in A102; the reference of problems lists them.",
    ),
    VERSION_PATTERN: ("is not a version", "Write three numbers with dots, as in 1.0.0."),
    r"^(count\(\)|(count|sum|avg|min|max)\([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\))$": (
        "is not an aggregate",
        "Write count(), or sum, avg, min or max of a field, as in sum(amount).",
    ),
    r"^-?[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": (
        "is not the name of a field",
        "Write names in lower case, along a relationship with a dot, as in account.name.",
    ),
    "^[A-Z]{2}$": ("is not a country's code", "Write its two capital letters, as in PT."),
    "^[A-Z]{3}$": ("is not a currency's code", "Write its three capital letters, as in EUR."),
    "^[A-Za-z0-9][A-Za-z0-9_.-]*$": (
        "is not a name of a record",
        "Use letters, digits and . _ - , a letter or digit first.",
    ),
    r"^[a-z]+(\.[A-Za-z0-9_+-]+)+$": (
        "is not a path to a text",
        "Write it with dots, as in entities.account.fields.name.label.",
    ),
    r"^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$": (
        "is not a type of files",
        "Write it as application/pdf, or image/* for all of a kind.",
    ),
    "^[a-z][a-z0-9-]*$": ("is not an icon's name", "Write it in lower case, with hyphens, as in building-2."),
}


def _pattern(pattern: str, instance: Any) -> tuple[str, str]:
    what, hint = PATTERNS[pattern]
    return f'"{instance}" {what}.', hint


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_WORDS[n] for n in names if n != "null" or len(names) == 1)


def _type_of(instance: Any) -> str:
    match instance:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "text"
        case dict():
            return "a map"
        case list():
            return "a list"
        case _:
            return "a number"


def _type_hint(wanted: str | list[str], instance: Any) -> str:
    if "string" in wanted and isinstance(instance, bool | int | Decimal):
        return "Put it in quotes."
    if "boolean" in wanted and isinstance(instance, str):
        return "Write true or false, in lower case and without quotes."
    return "Give it a value, or leave the key out." if instance is None else "See the reference of this kind."
