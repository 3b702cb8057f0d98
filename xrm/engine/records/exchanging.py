"""What the amounts of a record are worth: by the rate of their day, and fixed from then on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from xrm.engine.commands import INSTALL
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.priced import Priced
from xrm.errors import Invalid, Problem, Problems
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.values import meant

UNKNOWN_RATE = "R195"
Values = Mapping[str, Any]


def worths(setting: Setting, draft: Draft, new: Values) -> dict[str, Any]:
    """The amounts with what they are worth in the base currency, as far as that is known.

    An amount that stays, with the day of its rate, stays worth what it was. Raises Invalid beyond 18 digits.
    """
    made, problems = dict[str, Any](), Problems()
    for name, priced in draft.writer.in_base.items():
        value = new.get(name)
        if value is None or name in draft.refused:
            continue
        try:
            made[name] = _worth(setting, draft, priced, value, new)
        except BadValue as bad:
            problems.extend([Problem(bad.problem.code, bad.problem.message, "", draft.where(name))])
    if problems:
        raise Invalid(problems.found)
    return made


def _worth(setting: Setting, draft: Draft, priced: Priced, value: Any, new: Values) -> Any:
    if priced.name in draft.worth:
        told = draft.worth[priced.name]
        return priced.in_base(value, lambda amount, currency: told)
    old = (draft.old or {}).get(priced.name)
    if old is not None and _stays(draft, priced, value, old, new):
        return old
    return priced.in_base(value, setting.rates.on(rate_day(setting, priced, new)))


def _stays(draft: Draft, priced: Priced, value: Any, old: Any, new: Values) -> bool:
    is_same = value is old or priced.bare(value) == priced.bare(old)
    day = priced.rate_on
    return is_same and priced.is_known(old) and (not day or new.get(day) == (draft.old or {}).get(day))


def worth_today(setting: Setting, priced: Priced, value: Any) -> Any:
    """The amount with what it is worth today; raises BadValue where that is not known and is asked for."""
    found = priced.in_base(value, setting.rates.on(setting.today))
    if priced.is_fixed or priced.is_known(found):
        return found
    raise BadValue(unknown_rate(value, setting.currency, setting.today))


def rate_day(setting: Setting, priced: Priced, values: Values) -> date:
    """The day whose rate counts for the amount: the date that its field names, if that is given, else today."""
    said = values.get(priced.rate_on) if priced.rate_on else None
    return said if isinstance(said, date) else setting.today


def unknown_worths(setting: Setting, draft: Draft) -> Iterator[Problem]:
    """Amounts come in or change of which nobody could tell what they are worth, so that totals would be wrong.

    What a pack brings is taken: it comes before anybody could enter a rate, and is revalued by whoever does.
    """
    if setting.actor.door == INSTALL:
        return
    for name, priced in draft.writer.in_base.items():
        value = draft.new.get(name)
        if value is None or priced.is_fixed or name in draft.refused or priced.is_known(value):
            continue
        if value != (draft.old or {}).get(name):
            day = rate_day(setting, priced, draft.new)
            yield unknown_rate(value, setting.currency, day).at(draft.where(name))


def unknown_rate(value: Any, base: str, day: date) -> Problem:
    """The problem of an amount of which nobody can tell what it is worth on the day."""
    code = meant(value, "currency")
    message = f"No exchange rate from {code} to {base} is known for {day.isoformat()}."
    hint = (
        f"Let an administrator enter one under Administration, Exchange rates, or give the amount in {base}."
    )
    return Problem(UNKNOWN_RATE, message, hint)
