"""The problem codes that only the HTTP edge gives out, and the refusals that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xrm.errors import Place, Problem, TooLarge, Unreadable
from xrm.settings import Limits, limit_table

EDGE_CODES: Mapping[str, str] = MappingProxyType(
    {
        "H101": "The body is not UTF-8 JSON.",
        "H102": "The JSON names a key of one object twice.",
        "H103": "The JSON holds a number that is not finite, or has more digits than can be kept.",
        "H104": "The JSON holds a NUL character or half of a surrogate pair.",
        "H105": "The body has another shape than this call takes.",
        "H106": "A header cannot be read.",
        "H107": "The idempotency key was used before, for another request.",
        "H108": "A request with the same idempotency key is still running.",
        "H109": "The address does not take this method.",
        "H110": "The file does not say how long it is.",
        "H150": "The program failed; the request id leads to the log.",
    }
)


def unreadable(code: str, message: str, hint: str = "", path: str = "") -> Unreadable:
    """The refusal of a body, header or parameter that cannot be parsed."""
    return Unreadable(Problem(code, message, hint, Place(path=path)))


def endless() -> Unreadable:
    """The refusal of a file without a length: nobody could tell its end from a connection that broke."""
    problem = Problem("H110", "The file does not say how long it is.", "Send it with Content-Length.")
    return Unreadable(problem, facts={"status": 411})


def over(limits: Limits, name: str) -> TooLarge:
    """The refusal that names the published limit `name`."""
    fact = next(f for f in limit_table(limits) if f.name == name)
    message = f"{fact.says} may have at most {fact.value} {fact.unit}."
    limit = {"name": fact.name, "code": fact.code, "value": fact.value, "unit": fact.unit}
    return TooLarge(Problem(fact.code, message, "Send less at a time."), facts={"limit": limit})
