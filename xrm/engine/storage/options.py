"""Which options are the same under other keys: forward as the definitions say, back as it was noted by each version.

A key alone does not tell. Options can change places over several versions, and the way back has to know which of them
was which. So each version notes where its options come from: their origins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xrm.engine.storage.numbers import Identities, Names, Numbers, Origins
from xrm.metadata.fieldtypes.base import Option
from xrm.metadata.fieldtypes.choices import former_keys
from xrm.metadata.model import Field, Model
from xrm.metadata.returning import options_looking_back

Part = tuple[str, str]  # an entity and its field
Keys = Mapping[
    str, str
]  # the key of an option as it will be, by the one of now; what will be gone is missing


def kept_keys(
    before: Model, wanted: Model, which: Identities, now: Names, then: Names
) -> Mapping[Part, Keys]:
    """For each field with options before and after, which of them are the same; `then` is noted of the wanted model."""
    is_back = bool(then.entities)
    return {
        (entity, field.name): _kept_back(former, field, now.origins(number), then.origins(number))
        if is_back
        else kept_by_name(former.options, field.options)
        for entity, field, former, number in _fields(before, wanted, which)
    }


def _fields(before: Model, wanted: Model, which: Identities) -> Iterator[tuple[str, Field, Field, int]]:
    """The entity, the field, what it is now and its number."""
    for entity in wanted.entities.values():
        stored = before.entities.get(which.present(entity.name))
        for field in entity.fields.values() if stored and not entity.is_engine else ():
            known = which.fields.get((entity.name, field.name))
            former = stored.fields.get(known.name) if stored and known and not known.gone else None
            if known and former and field.options and former.options and not field.through:
                yield entity.name, field, former, known.number


def _kept_back(former: Field, field: Field, now: Origins | None, then: Origins | None) -> Keys:
    if now is None or then is None:
        return kept_by_name(former.options, options_looking_back(field.options, former.options))
    there = {_origin(then, option.key): option.key for option in field.options}
    origins = ((option.key, _origin(now, option.key)) for option in former.options)
    return {key: there[origin] for key, origin in origins if origin in there}


def kept_by_name(before: Sequence[Option], after: Sequence[Option]) -> Keys:
    """The options of before that have their keys, or say what these were."""
    known = {**former_keys(after), **{option.key: option.key for option in after}}
    return {option.key: known[option.key] for option in before if option.key in known}


def _origin(origins: Origins, key: str) -> str:
    """An option of which nothing is noted has had its key from the beginning."""
    return origins.get(key, key)


def joined(keys: Keys) -> Iterator[tuple[str, list[str]]]:
    """The keys that several options would have, with those that these have now."""
    by_new: dict[str, list[str]] = {}
    for old, new in keys.items():
        by_new.setdefault(new, []).append(old)
    return ((new, olds) for new, olds in by_new.items() if len(olds) > 1)


def origins_of(
    model: Model, numbers: Numbers, kept: Mapping[Part, Keys], now: Names, then: Names
) -> Mapping[str, Origins]:
    """Where the options of the model come from, by the numbers of their fields; what says nothing is left out."""
    found: dict[str, Origins] = {}
    for entity in model.entities.values():
        for field in entity.fields.values():
            number = numbers.fields.get((entity.name, field.name))
            if field.options and number is not None:
                was = {new: old for old, new in kept.get((entity.name, field.name), {}).items()}
                found[str(number)] = _noted(field.options, was, now.origins(number), then.origins(number))
    return {number: origins for number, origins in found.items() if origins}


def _noted(options: Sequence[Option], was: Keys, now: Origins | None, then: Origins | None) -> Origins:
    """The origins that are other than the keys."""
    known = {new: _origin(now or {}, old) for new, old in was.items()}
    taken = set(known.values())
    for option in options:
        if option.key not in known:
            known[option.key] = _fresh(_origin(then or {}, option.key), taken)
            taken.add(known[option.key])
    return {key: origin for key, origin in known.items() if key != origin}


def _fresh(wanted: str, taken: set[str]) -> str:
    """The origin, or one like it that no other option has."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted.partition('~')[0]}~{number}"
    return name
