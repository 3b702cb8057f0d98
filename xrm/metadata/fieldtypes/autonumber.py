"""Numbers that the engine gives: a pattern, a counter, and the span of time in which the counter runs."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from xrm.metadata.expressions.types import TEXT
from xrm.metadata.fieldtypes.base import Control, FieldType, Numbering, Params, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, as_text, column, only, schema, typed
from xrm.metadata.fieldtypes.text import line

NUMBER_LENGTH = 60
_TOKEN = re.compile(r"\{([^{}]*)\}")
_COUNTER = re.compile("0{1,12}")
_DATES = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
_KNOWN_TOKENS = "{yyyy}, {yy}, {mm}, {dd} and {0000}"
_SCOPES = ("none", "year", "month")
_GAPS = ("never", "allowed")


def pattern_faults(pattern: str, scope: str = "none") -> tuple[str, ...]:
    """What is wrong with an autonumber pattern, in sentences; nothing for a good one."""
    tokens = _TOKEN.findall(pattern)
    unknown = [t for t in tokens if t not in _DATES and not _COUNTER.fullmatch(t)]
    faults = [f"The pattern does not know {{{token}}}; it knows {_KNOWN_TOKENS}." for token in unknown]
    if "{" in _TOKEN.sub("", pattern) or "}" in _TOKEN.sub("", pattern):
        faults.append("The pattern has a brace without its partner.")
    if sum(bool(_COUNTER.fullmatch(t)) for t in tokens) != 1:
        faults.append("The pattern needs the counter once, as {0000}.")
    return (*faults, *_scope_faults(tokens, scope))


def _scope_faults(tokens: list[str], scope: str) -> tuple[str, ...]:
    """A counter that starts again needs the span in the number, else numbers come twice."""
    has_year = "yyyy" in tokens or "yy" in tokens
    if scope in ("year", "month") and not has_year:
        return (f"The counter starts again each {scope}, so the pattern needs {{yyyy}}.",)
    if scope == "month" and "mm" not in tokens:
        return ("The counter starts again each month, so the pattern needs {mm}.",)
    return ()


def format_number(pattern: str, n: int, on: date) -> str:
    """The `n`-th number of the pattern on that day; a counter that outgrows its zeros gets longer."""

    def token(match: re.Match[str]) -> str:
        name = match[1]
        if name == "yyyy":
            return f"{on.year:04d}"
        return on.strftime(_DATES[name]) if name in _DATES else str(n).zfill(len(name))

    return _TOKEN.sub(token, pattern)


def number_scope(params: Params, on: date) -> str:
    """The name of the counter's current span: equal for days that count on together."""
    scope = params.get("scope", "none")
    if scope == "year":
        return f"{on.year:04d}"
    return f"{on.year:04d}-{on.month:02d}" if scope == "month" else ""


def _parse(raw: Any, params: Params) -> str | None:
    return line(raw, NUMBER_LENGTH, '"CMP-2026-0042"')


def _faults(params: Params) -> tuple[str, ...]:
    return pattern_faults(str(params.get("pattern", "")), str(params.get("scope", "none")))


AUTONUMBER = FieldType(
    name="autonumber",
    summary="A number that the engine gives to each new record, counted by a pattern.",
    example='number: {type: autonumber, pattern: "CMP-{yyyy}-{0000}", scope: year}',
    control=Control.READONLY,
    params={
        "pattern": {
            "type": "string",
            "minLength": 1,
            "maxLength": NUMBER_LENGTH - 12,
            "description": "Text with {0000} for the counter and {yyyy}, {yy}, {mm}, {dd} for the day.",
        },
        "scope": {
            "enum": list(_SCOPES),
            "default": "none",
            "description": "When the counter starts again at 1.",
        },
        "gaps": {
            "enum": list(_GAPS),
            "default": "never",
            "description": "never: no number is left out, and whoever makes a record waits until the one before is "
            "committed; allowed: nobody waits, and a record that is refused takes its number with it.",
        },
    },
    required_params=("pattern",),
    parts=column(Storage.TEXT),
    parse=_parse,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(TEXT),
    json_schema=schema(type="string", maxLength=NUMBER_LENGTH, readOnly=True, examples=["CMP-2026-0042"]),
    words=as_text,
    faults=_faults,
    numbering=Numbering(
        number_scope,
        lambda params, n, on: format_number(params["pattern"], n, on),
        lambda params: params.get("gaps") == "allowed",
    ),
    is_writable=False,
    can_be_searched=True,
)
