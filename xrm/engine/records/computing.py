"""What follows from other values: defaults, ownership, numbers, states, base amounts and the title."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.following import value_of
from xrm.engine.projection.programs import Scene
from xrm.engine.projection.sums import of_nothing
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import scene_of
from xrm.engine.records.exchanging import worths
from xrm.engine.records.lifecycle import entered
from xrm.engine.records.offering import not_offered, without
from xrm.engine.records.titling import title_of
from xrm.engine.records.writer import Writer
from xrm.engine.storage.ledger import TEAM, USER
from xrm.engine.storage.statements import any_of
from xrm.errors import Invalid, Place, Problem, Problems
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.model import HOLDERS, Relationship
from xrm.metadata.values import Ref

New = dict[str, Any]


def compute(setting: Setting, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts with everything in `new` that their values lead to."""
    begun = [(draft, _begun(setting, draft)) for draft in drafts]
    _house(setting, [(draft.writer, new) for draft, new in begun if _is_handed(draft, new)])
    _number(setting, [(draft, new) for draft, new in begun if draft.is_new])
    return [_finished(setting, draft, new) for draft, new in begun]


def _begun(setting: Setting, draft: Draft) -> New:
    """What was given and what the record begins with; a dictionary of this step's own until it is done."""
    if draft.old is not None:
        new = {**draft.old, **draft.preset, **draft.parsed}
    else:
        new = draft.writer.empty.copy()
        new["id"] = draft.id
        new.update(draft.preset)
        new.update(draft.parsed)
    _point(new)
    new.update(worths(setting, draft, new))
    new.update(entered(setting, draft))
    if draft.old is None:
        _default(setting, draft, new)
        _own(setting, draft, new)
        _leave_hidden(setting, draft, new)
        if draft.writer.programs.options:
            _leave_unoffered(setting, draft, new)
            _leave_hidden(setting, draft, new)  # what was shown by an option that is none
        if draft.writer.is_worth_after_defaults:
            new.update(worths(setting, draft, new))
    return new


def _point(new: New) -> None:
    """Owner and team come as references and are stored as ids."""
    for name in HOLDERS:
        if isinstance(new.get(name), Ref):
            new[name] = new[name].id


def _default(setting: Setting, draft: Draft, new: New) -> None:
    """Names that were not given get their default; a later default sees the earlier ones."""
    problems = Problems()
    for name, programs in draft.writer.programs.defaults.items():
        if name in draft.parsed or name in draft.preset or name in draft.refused:
            continue
        try:
            scene = scene_of(setting, draft, new)
            answers = [program(scene) for program in programs]
            field = draft.writer.entity.fields.get(name)
            if field is None:
                new[name] = _pointing(draft.writer.entity.relationships[name], answers[0])
            else:
                new[name] = value_of(field, answers, setting.currency)
        except BadValue as bad:
            problems.extend([unfit_default(bad, draft.where(name))])
    if problems:
        raise Invalid(problems.found)


def _pointing(side: Relationship, answer: Any) -> Any:
    """What a lookup begins with; who acts is known by an id alone."""
    if isinstance(answer, UUID) and side.default is not None:
        return Ref(side.default.type.entities[0], answer)
    return answer


def unfit_default(bad: BadValue, place: Place) -> Problem:
    """The problem of a value that was worked out because none was given, and that the field cannot take."""
    message = f"The value that this begins with does not fit. {bad.problem.message}"
    return Problem(bad.problem.code, message, "Give it a value.", place)


def _leave_hidden(setting: Setting, draft: Draft, new: New) -> None:
    """What is hidden for these values does not begin with any."""
    visible = draft.writer.programs.visible
    begun = (n for n in draft.writer.programs.defaults if n in visible and n not in draft.parsed)
    for name in begun:
        if visible[name](scene_of(setting, draft, new)) is not True:
            new[name] = None


def _leave_unoffered(setting: Setting, draft: Draft, new: New) -> None:
    """What may not be chosen for these values is nothing to begin with."""
    for name in draft.writer.programs.options.keys() & draft.writer.programs.defaults.keys():
        if name not in draft.parsed and name not in draft.preset and name not in draft.refused:
            wrong = not_offered(draft.writer, name, new, scene_of(setting, draft, new))
            new[name] = without(new[name], wrong) if wrong else new[name]


def _own(setting: Setting, draft: Draft, new: New) -> None:
    """A record with ownership belongs to someone: as given, else to whoever makes it."""
    if not draft.writer.entity.is_owned:
        return
    if new.get("owner") is None and new.get("team") is None:
        new["owner"] = setting.actor.id


def _is_handed(draft: Draft, new: New) -> bool:
    """Whether the record is somebody's now whose it was not."""
    old = draft.old
    return draft.writer.entity.is_owned and (old is None or any(new[name] != old[name] for name in HOLDERS))


def _house(setting: Setting, handed: Sequence[tuple[Writer, New]]) -> None:
    """A record belongs to the business unit of its owner, or of its team if it has no owner; one statement for each."""
    if not handed:
        return
    units = {setting.actor.id: setting.actor.unit}
    for table, name in ((USER, "owner"), (TEAM, "team")):
        ids = {new[name] for _, new in handed if name == "owner" or new["owner"] is None} - {None, *units}
        units.update(_units(setting, handed[0][0], table, ids) if ids else ())
    for _, new in handed:
        new["unit"] = units.get(new["owner"] or new["team"])


def _units(setting: Setting, writer: Writer, table: sa.Table, ids: Collection[UUID]) -> Iterator[Any]:
    """The unit of each user or team, as pairs."""
    chosen = writer.statement(
        ("units", table.name), lambda: sa.select(table.c.id, table.c.unit).where(any_of(table.c.id, "ids"))
    )
    rows = setting.unit.run(chosen, {"ids": list(ids)})
    return (tuple(chosen.read(row)) for row in rows)


def _number(setting: Setting, fresh: Sequence[tuple[Draft, New]]) -> None:
    """New records get the next number of each autonumber, in the order of the batch."""
    if not fresh:
        return
    writer = fresh[0][0].writer
    for field in writer.autonumbers:
        if (numbering := field.type.numbering) is None:
            continue
        span = numbering.span(field.params, setting.today)
        number = writer.numbers.fields[writer.name, field.name]
        counters = setting.counters
        take = counters.take_apart if numbering.may_skip(field.params) else counters.take
        first = take(setting.unit, writer.number, number, span, len(fresh))
        for count, (_, new) in enumerate(fresh, first):
            new[field.name] = numbering.number(field.params, count, setting.today)


def _finished(setting: Setting, draft: Draft, new: New) -> Draft:
    _follow(setting, draft, new)
    new["title"] = title_of(draft.writer.programs.title, scene_of(setting, draft, new), draft.id)
    return draft.with_(new=new)


def _follow(setting: Setting, draft: Draft, new: New) -> None:
    """What follows from values of the record alone, each seeing those before it; a new record has no children."""
    if draft.is_new:
        new.update({name: of_nothing(each, setting.currency) for name, each in draft.writer.sums.items()})
    for field in setting.writers.dependencies.early.get(draft.writer.name, ()):
        scene = scene_of(setting, draft, new)
        if _is_frozen(draft, field.name, scene):
            continue
        answers = [program(scene) for program in draft.writer.programs.formulas[field.name]]
        try:
            new[field.name] = value_of(field, answers, setting.currency)
        except BadValue as bad:
            raise Invalid(unkept(bad, draft.writer, draft.where(field.name), field.name)) from None


def _is_frozen(draft: Draft, name: str, scene: Scene) -> bool:
    """Whether the value that is stored stays."""
    frozen = draft.writer.programs.frozen.get(name)
    return frozen is not None and (draft.old or {}).get(name) is not None and frozen(scene) is True


def unkept(bad: BadValue, writer: Writer, place: Place, name: str) -> Problem:
    """The problem of a value that follows from others and that its field cannot keep."""
    message = f"{writer.label(name)} would come to a value that cannot be kept. {bad.problem.message}"
    return Problem(bad.problem.code, message, "Change the values that it follows from.", place)
