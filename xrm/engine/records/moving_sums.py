"""Sums and counts move by what their children have come to add, however many these are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xrm.engine.projection.following import fitting
from xrm.engine.projection.programs import Scene
from xrm.engine.projection.sums import Sum
from xrm.engine.records.batch import Setting, Touch
from xrm.engine.records.environment import StoredEnv
from xrm.metadata.values import Money, Ref

ASK = object()  # what the children come to has to be asked
_NOTHING: tuple[Any, ...] = ()


def moved(setting: Setting, sum_: Sum, parent: Ref, value: Any, touches: Sequence[Touch]) -> Any:
    """The value after the changes of children, or ASK where it cannot be told from them.

    Raises BadValue for one that the field cannot keep.
    """
    for touch in touches:
        for sign, values in ((-1, touch.old), (1, touch.new)):
            added = _added(setting, sum_, parent, values)
            value = value if added is _NOTHING else _plus(setting, sum_, value, sign, added)
            if value is ASK:
                return ASK
    return fitting(sum_.field, value) if not isinstance(value, Money) else value


def _added(setting: Setting, sum_: Sum, parent: Ref, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a child with these values adds; nothing if it is not there, or none of the record's."""
    if values.get(sum_.lookup) != parent or values.get("deleted_at") is not None:
        return _NOTHING
    scene = Scene(setting.context, StoredEnv(setting, setting.writers[sum_.child], values))
    if sum_.where is not None and sum_.where(scene) is not True:
        return _NOTHING
    return tuple(program(scene) for program in sum_.values) or (1,)


def _plus(setting: Setting, sum_: Sum, value: Any, sign: int, added: tuple[Any, ...]) -> Any:
    if added[0] is None and len(added) == 1:
        return value
    if value is None:
        return ASK
    if len(added) == 1:
        return value + sign * added[0]
    return _plus_money(setting, value, sign, added)


def _plus_money(setting: Setting, value: Money, sign: int, added: tuple[Any, ...]) -> Any:
    """Amounts of one currency add up; where another comes in, or none is left, all are asked."""
    worth, amount, currency = added
    if amount is None:
        return value
    if currency != value.currency or worth is None or value.base is None:
        return ASK
    total = value.amount + sign * amount
    return ASK if not total else replace(value, amount=total, base=value.base + sign * worth)
