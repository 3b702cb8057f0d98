"""What follows from other values: defaults, ownership, numbers, states, base amounts and the title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment
from xrm.engine.records.lifecycle import entered
from xrm.metadata.fieldtypes.autonumber import format_number, number_scope
from xrm.metadata.values import Money, Ref

TITLE_LENGTH = 200


def compute(setting: Setting, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts with everything in `new` that their values lead to."""
    begun = [_begun(setting, draft) for draft in drafts]
    numbered = _numbered(setting, begun)
    return [_finished(setting, draft) for draft in numbered]


def _begun(setting: Setting, draft: Draft) -> Draft:
    if draft.old is not None:
        given = {**draft.old, **draft.preset, **draft.parsed}
        return draft.with_(new={**_pointers(given), **entered(setting, draft)})
    empty = dict.fromkeys((*draft.machine.stored_names, "external_key", *draft.machine.owner_columns))
    started = draft.with_(
        new={**empty, **_pointers({**draft.preset, **draft.parsed}), **entered(setting, draft)}
    )
    return _owned(setting, _with_defaults(setting, started))


def _pointers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Owner and team come as references and are stored as ids."""
    plain = {n: values[n].id for n in ("owner", "team") if isinstance(values.get(n), Ref)}
    return {**values, **plain}


def _with_defaults(setting: Setting, draft: Draft) -> Draft:
    """Names that were not given get their default; a later default sees the earlier ones."""
    for name, program in draft.machine.programs.defaults.items():
        if name in draft.parsed or name in draft.preset:
            continue
        value = program(environment(setting, draft))
        draft = draft.with_(new={**draft.new, name: draft.machine.fitting(name, value)})
    return draft


def _owned(setting: Setting, draft: Draft) -> Draft:
    """A record with ownership belongs to someone: as given, else to whoever makes it."""
    if not draft.machine.entity.is_owned:
        return draft
    new = dict(draft.new)
    if new.get("owner") is None and new.get("team") is None:
        new["owner"] = setting.actor.id
    new["unit"] = setting.actor.unit
    return draft.with_(new=new)


def _numbered(setting: Setting, drafts: Sequence[Draft]) -> list[Draft]:
    """New records get the next number of each autonumber, in the order of the batch."""
    fresh = [d for d in drafts if d.is_new]
    if not fresh or not fresh[0].machine.autonumbers:
        return list(drafts)
    machine = fresh[0].machine
    done = {d.id: d for d in drafts}
    for field in machine.autonumbers:
        pattern, scope = field.params["pattern"], number_scope(field.params, setting.today)
        number = machine.numbers.fields[machine.entity.name, field.name]
        first = setting.counters.take(setting.unit, machine.number, number, scope, len(fresh))
        for offset, draft in enumerate(fresh):
            text = format_number(pattern, first + offset, setting.today)
            known = done[draft.id]
            done[draft.id] = known.with_(new={**known.new, field.name: text})
    return [done[d.id] for d in drafts]


def _finished(setting: Setting, draft: Draft) -> Draft:
    based = _in_base(setting, draft)
    draft = draft.with_(new={**draft.new, **based}) if based else draft
    return draft.with_(new={**draft.new, "title": _title(setting, draft)})


def _in_base(setting: Setting, draft: Draft) -> dict[str, Money]:
    """Money in the base currency is its own base value; without a rate, other currencies have none."""
    found = {}
    for name in draft.machine.money_names:
        value = draft.new.get(name)
        if isinstance(value, Money):
            base = value.amount if value.currency == setting.currency else None
            found[name] = replace(value, base=base)
    return found


def _title(setting: Setting, draft: Draft) -> str:
    program = draft.machine.programs.title
    found = program(environment(setting, draft)) if program else None
    return str(found)[:TITLE_LENGTH] if found else str(draft.id)[-8:]
