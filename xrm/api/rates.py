"""Handlers for exchange rates and revaluations, which are for administrators."""

from __future__ import annotations

from datetime import date
from typing import Any

from xrm.api.answers import Answer, answer, nothing, tagged
from xrm.api.call import Call
from xrm.api.codes import unreadable
from xrm.api.jobs import started
from xrm.api.shapes import as_object, known_keys, text
from xrm.engine.runtime.exchange_rates import NAMES, ROWS, ExchangeRate, read_day
from xrm.errors import Invalid, NotFound, Place, Problem, TooLarge
from xrm.metadata.fieldtypes.base import BadValue


def rates(call: Call) -> Answer:
    """`GET /rates`: the rates in force, on another day by `on`; or those of one `currency`, the newest first."""
    call.allow_only("currency", "on", "before", "limit")
    service, currency, before = (
        call.runtime.rates,
        call.param("currency"),
        _day(call.param("before"), "before"),
    )
    if not currency:
        return tagged(_told(call, service.in_force(call.actor, _day(call.param("on"), "on"))), 0)
    limit = call.number("limit", ROWS, call.limits.page_rows)
    return tagged(_told(call, service.newest(call.actor, currency.upper(), before, limit)), 0)


def put(call: Call) -> Answer:
    """`PUT /rates`: the rates of a list are known, all of them or none."""
    call.allow_only()
    body, most = call.body(), call.limits.batch_commands
    if not isinstance(body, list):
        raise unreadable("H105", "This must be a list of rates.", f"Send [{{...}}] with {', '.join(NAMES)}.")
    if len(body) > most:
        problem = Problem("L114", f"At most {most} rates come at once.", "Send several lists.")
        raise TooLarge(problem, facts={"limit": "batch_commands"})
    rows = [known_keys(as_object(row, f"[{i}]"), *NAMES, path=f"[{i}]") for i, row in enumerate(body)]
    return answer(_told(call, call.runtime.rates.put(call.actor, rows)))


def remove(call: Call, currency: str, day: str) -> Answer:
    """`DELETE /rates/{currency}/{day}`: the rate is not there any more; what was written by it stays as it is."""
    call.allow_only()
    try:
        found = read_day(day)
    except BadValue:
        raise NotFound(Problem("R104", "There is no such rate.")) from None
    call.runtime.rates.remove(call.actor, currency.upper(), found)
    return nothing()


def revalue(call: Call) -> Answer:
    """`POST /rates/revaluation`: the amounts of an entity's records are being revalued; answers with the job."""
    call.allow_only()
    body = known_keys(call.object(), "entity", "day")
    day = _day(text(body, "day"), "day")
    entity = call.former.entity(text(body, "entity"))
    return started(call.runtime.revaluing.start(call.actor, entity, day, beside=call.beside))


def _day(given: str, name: str) -> date | None:
    try:
        return read_day(given) if given else None
    except BadValue as bad:
        raise Invalid(bad.problem.at(Place(path=name))) from None


def _told(call: Call, found: Any) -> dict[str, Any]:
    return {"base": call.runtime.rates.base, "data": [_rate(rate) for rate in found]}


def _rate(rate: ExchangeRate) -> dict[str, str]:
    return {"currency": rate.currency, "day": rate.day.isoformat(), "rate": rate.text}
