"""The problem codes that only the HTTP edge gives out, and the refusals that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xrm.errors import Place, Problem, TooLarge, Unreadable
from xrm.settings import Limits, limit_table

EDGE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "R130": "The body is not UTF-8 JSON.",
        "R131": "The JSON names a key of one object twice.",
        "R132": "The JSON holds a number that is not finite, or has more digits than can be kept.",
        "R133": "The JSON holds a NUL character or half of a surrogate pair.",
        "R134": "The body has another shape than this call takes.",
        "R135": "A header cannot be read.",
        "R136": "The idempotency key was used before, for another request.",
        "R137": "A request with the same idempotency key is still running.",
        "R138": "There is no such address.",
        "R139": "The address does not take this method.",
        "A131": "A session cookie came without its CSRF header.",
        "R150": "The program failed; the request id leads to the log.",
    }
)


def unreadable(code: str, message: str, hint: str = "", path: str = "") -> Unreadable:
    """The refusal of a body, header or parameter that cannot be parsed."""
    return Unreadable(Problem(code, message, hint, Place(path=path)))


def over(limits: Limits, name: str) -> TooLarge:
    """The refusal that names the published limit `name`."""
    fact = next(f for f in limit_table(limits) if f.name == name)
    message = f"{fact.says} may have at most {fact.value} {fact.unit}."
    limit = {"name": fact.name, "code": fact.code, "value": fact.value, "unit": fact.unit}
    return TooLarge(Problem(fact.code, message, "Send less at a time."), facts={"limit": limit})
