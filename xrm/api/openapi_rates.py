"""The parts of the OpenAPI document about exchange rates."""

from __future__ import annotations

from collections.abc import Mapping

from xrm.api.openapi_parts import JOB, TEXT, Operation, body, parameter, responses
from xrm.api.schemas import Schema

_CURRENCY: Schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
_DAY: Schema = {"type": "string", "format": "date"}
_DECIMAL: Schema = {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]+)?$"}
_RATE: Schema = {
    "type": "object",
    "properties": {
        "currency": _CURRENCY,
        "day": {**_DAY, "description": "The day from which on it counts."},
        "rate": {**_DECIMAL, "description": "What one of the currency is worth in the base currency."},
    },
    "required": ["currency", "day", "rate"],
}
_RATES: Schema = {
    "type": "object",
    "properties": {"base": _CURRENCY, "data": {"type": "array", "items": _RATE}},
    "required": ["base", "data"],
}
_GIVEN: Schema = {
    "type": "object",
    "properties": {
        **_RATE["properties"],
        "per_base": {
            **_DECIMAL,
            "description": "How many of the currency one of the base is, in place of rate.",
        },
    },
    "required": ["currency", "day"],
    "additionalProperties": False,
}
_ASKED: Schema = {
    "type": "object",
    "properties": {
        "entity": {"type": "string"},
        "day": {
            **_DAY,
            "description": "Without it, each amount by the date that its field names, or by today.",
        },
    },
    "required": ["entity"],
    "additionalProperties": False,
    "examples": [{"entity": "invoice", "day": "2026-12-31"}],
}
_EXAMPLE = [{"currency": "USD", "day": "2026-01-01", "rate": "0.92"}]
RATES: Mapping[str, Mapping[str, Operation]] = {
    "/rates": {
        "get": {
            "operationId": "rates",
            "summary": "The exchange rates in force, or all of one currency (administrators)",
            "parameters": [
                parameter("currency", TEXT, "All rates of this currency, the newest first."),
                parameter("on", _DAY, "The rates in force on this day."),
                parameter("before", _DAY, "Of one currency, rates of earlier days only."),
                parameter("limit", {"type": "integer", "minimum": 1}, "Of one currency, at most so many."),
            ],
            "responses": responses(_RATES, 200, tagged=True),
        },
        "put": {
            "operationId": "put_rates",
            "summary": "Enter exchange rates, or replace those of the same currency and day (administrators)",
            "requestBody": body({"type": "array", "items": _GIVEN, "examples": [_EXAMPLE]}),
            "responses": responses(_RATES, 200),
        },
    },
    "/rates/{currency}/{day}": {
        "delete": {
            "operationId": "remove_rate",
            "summary": "Take out an exchange rate; what was written by it stays as it is (administrators)",
            "parameters": [
                parameter("currency", _CURRENCY, "The code of the currency.", "path"),
                parameter("day", _DAY, "The day from which on it counts.", "path"),
            ],
            "responses": responses(None, 204),
        }
    },
    "/rates/revaluation": {
        "post": {
            "operationId": "revalue",
            "summary": "Revalue the amounts of an entity's records by the rates of a day (administrators)",
            "requestBody": body(_ASKED),
            "responses": responses(JOB, 202),
        }
    },
}
