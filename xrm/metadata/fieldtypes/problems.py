"""How a field type refuses: the codes of bad values, and the small readers that every type starts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from xrm.errors import Place, Problem
from xrm.metadata.fieldtypes.base import BadValue
from xrm.registry import near_names

VALUE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "R110": "The value has another JSON type than its field takes.",
        "R111": "The text is longer than its field takes.",
        "R114": "The text holds NUL, lone surrogates, or control characters that its field does not take.",
        "R116": "The number cannot be read, or is not finite.",
        "R117": "The number is outside the range or the digits of its field.",
        "R118": "The date, time, instant or duration cannot be read or does not exist.",
        "R119": "The instant does not say its offset from UTC.",
        "R120": "The value is not one of the options.",
        "R121": "The list holds too many values.",
        "R122": "The e-mail address is not well formed.",
        "R123": "The phone number is not one that can be dialled.",
        "R124": "The web address is not well formed, or is neither http nor https.",
        "R125": "The currency or country is unknown, missing or not the one that the field takes.",
        "R126": "A value of several parts has an unknown part, or lacks one that it needs.",
        "R127": "The colour or the file id is not well formed.",
        "R128": "The text is not an expression.",
        "R129": "The JSON is too deep, too large or cannot be read.",
    }
)


def bad(code: str, message: str, hint: str = "", path: str = "") -> BadValue:
    """The exception to raise for a value that its type cannot take."""
    return BadValue(Problem(code, message, hint, Place(path=path)))


def inside(refusal: BadValue, path: str) -> BadValue:
    """The same refusal, of the part at `path` of a larger value."""
    return BadValue(refusal.problem.under(path))


def json_type(raw: object) -> str:
    """What a person calls this JSON value."""
    if isinstance(raw, bool):
        return "true or false"
    if isinstance(raw, str):
        return "text"
    if isinstance(raw, Mapping):
        return "an object"
    if isinstance(raw, Sequence):
        return "a list"
    return "a number" if raw is not None else "null"


def wrong_type(raw: object, wanted: str, example: str) -> BadValue:
    """The exception for a value of the wrong JSON type."""
    return bad("R110", f"Must be {wanted}, for example {example}.", f"This is {json_type(raw)}.")


def text_of(raw: object, wanted: str, example: str) -> str:
    """`raw` if it is text, without the blanks around it."""
    if not isinstance(raw, str):
        raise wrong_type(raw, wanted, example)
    return raw.strip()


def is_blank(raw: object) -> bool:
    """True for what means null on input: null itself, an empty or blank text, an empty list."""
    if isinstance(raw, str):
        return not raw.strip()
    return raw is None or (isinstance(raw, list | tuple) and not raw)


def read_parts(raw: object, names: Sequence[str], example: str) -> dict[str, Any]:
    """The parts of an object that are not blank, once all its keys are known part names."""
    if not isinstance(raw, Mapping):
        raise wrong_type(raw, "an object", example)
    for name in raw:
        if name not in names:
            raise _unknown_part(str(name), names)
    return {name: raw[name] for name in names if not is_blank(raw.get(name))}


def _unknown_part(name: str, names: Sequence[str]) -> BadValue:
    near = near_names(name, names)
    hint = f"Did you mean {near[0]}?" if near else f"Parts: {', '.join(names)}."
    shown = name.encode("utf-8", "replace").decode()[:40]
    return bad("R126", f'Has no part "{shown}".', hint)
