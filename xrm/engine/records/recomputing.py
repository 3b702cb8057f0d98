"""Values that follow from other records are found anew when these change, in the same transaction.

What has changed tells, along the graph of the model, which records are concerned. They are held before they are
asked: of two writers the later one sees what the earlier one did, and no change is lost. The database answers for
many records at once; values that follow from those answers are worked out from the rows. Blocks of fields are
found in the order of the graph, so each is found once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.following import nodes_of, value_of
from xrm.engine.projection.programs import Scene
from xrm.engine.projection.sql_expressions import sql_value
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.records.batch import Setting, Tally, Touch
from xrm.engine.records.computing import unkept
from xrm.engine.records.concerned import Reasons, Waiting, concern
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import StoredEnv
from xrm.engine.records.holding import hold_followed
from xrm.engine.records.moving_sums import ASK, moved
from xrm.engine.records.searched import TITLE
from xrm.engine.records.writer import Writer
from xrm.engine.storage.search import SearchEntries
from xrm.engine.storage.statements import any_of
from xrm.errors import Invalid, Place
from xrm.metadata.dependencies import Block
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.model import Field
from xrm.metadata.values import Ref

PORTION = 500  # records that are found anew together
Values = dict[str, Any]


def recompute(setting: Setting, tally: Tally, drafts: Sequence[Draft] = ()) -> list[Draft]:
    """Every value that follows from what was touched is stored; the drafts come back with theirs.

    Raises Invalid for a value that its field cannot keep. Rules about records whose values have followed are judged
    by `check_followed` when all is written.
    """
    touched, tally.touched = tally.touched, []
    if setting.writers.dependencies and touched:
        _spread(setting, tally, touched)
    return [_with_found(draft, tally.found.get((draft.writer.name, draft.id))) for draft in drafts]


def _spread(setting: Setting, tally: Tally, touched: Sequence[Touch]) -> None:
    """What was touched, and what follows, is told on along the graph."""
    waiting: Waiting = {}
    concern(setting, tally, waiting, touched)
    carry(setting, tally, waiting)


def carry(setting: Setting, tally: Tally, waiting: Waiting) -> None:
    """The blocks are found anew for the records that wait, and what follows from these is."""
    for key, block in setting.writers.dependencies.blocks.items():
        reasons = iter(waiting.pop(key, {}).items())
        while portion := dict(islice(reasons, PORTION)):
            concern(setting, tally, waiting, _keep(setting, tally, block, portion))


def carry_anew(setting: Setting, tally: Tally, entity: str, name: str, records: Sequence[UUID]) -> None:
    """The computed field of these records is found anew, and what follows from it."""
    graph, waiting = setting.writers.dependencies, Waiting()
    if level := graph.level(entity, name):
        waiting[level, entity] = {record: {name: None} for record in records}
    else:
        block = Block(entity, 0, (), graph.early.get(entity, ()))
        concern(setting, tally, waiting, _keep(setting, tally, block, {record: {} for record in records}))
    carry(setting, tally, waiting)


def _keep(setting: Setting, tally: Tally, block: Block, portion: Mapping[UUID, Reasons]) -> list[Touch]:
    """What is another value now is stored, and the tally knows it."""
    followed = found_anew(setting, block, portion)
    store(setting, setting.writers[block.entity], followed)
    for touch in followed:
        known = tally.found.setdefault((touch.entity, touch.record), {})
        known.update({name: touch.new[name] for name in touch.names})
        tally.followed.setdefault((touch.entity, touch.record), set()).update(touch.names)
    return followed


def _with_found(draft: Draft, found: Values | None) -> Draft:
    return draft if found is None else draft.with_(new={**draft.new, **found})


# --- the values ---------------------------------------------------------------------------------------


def found_anew(
    setting: Setting, block: Block, concerned: Mapping[UUID, Reasons], *, is_held: bool = True
) -> list[Touch]:
    """Each of the records of which a value of the block is another one now, not stored yet.

    Unless they are only looked at, the records `is_held` until the transaction ends, and what they follow from.
    """
    writer = setting.writers[block.entity]
    stored = writer.load(setting.unit, sorted(concerned), hold=is_held)
    if is_held:
        hold_followed(setting, writer, _named(block.asked, concerned.values()), stored.values())
    news = _with_sums(setting, writer, block, stored, concerned)
    changed, frozen = list[Touch](), _frozen(setting, writer, block, list(stored))
    for record, new in _with_answers(setting, writer, block, news).items():
        old = stored[record]
        stays = {name: old[name] for name in frozen.get(record, ()) if old[name] is not None}
        whole = _followed(setting, writer, block, new, stays)
        names = frozenset(f.name for f in (*block.asked, *block.following) if whole[f.name] != old[f.name])
        if names:
            changed.append(Touch(block.entity, record, names, old, whole))
    return changed


def _frozen(
    setting: Setting, writer: Writer, block: Block, ids: Sequence[UUID]
) -> Mapping[UUID, Collection[str]]:
    """The fields of each record whose values stay; the database is asked, if any may."""
    fields = [f for f in (*block.asked, *block.following) if f.frozen_when is not None]
    if not fields or not ids:
        return {}
    names = [field.name for field in fields]
    statement = writer.statement(("frozen", *names), partial(_asking_frozen, setting, writer, fields))
    rows = setting.unit.run(statement, {**setting.parameters, "ids": list(ids)})
    found: dict[UUID, Collection[str]] = {}
    for row in rows:
        record, *holds = statement.read(row)
        found[record] = [name for name, held in zip(names, holds, strict=True) if held]
    return found


def _named(fields: Iterable[Field], reasons: Iterable[Reasons]) -> tuple[Field, ...]:
    """The fields that are asked anew for some record."""
    names = {name for each in reasons for name, moves in each.items() if moves is None}
    return tuple(field for field in fields if field.name in names)


def _with_sums(
    setting: Setting,
    writer: Writer,
    block: Block,
    stored: Mapping[UUID, Values],
    concerned: Mapping[UUID, Reasons],
) -> dict[UUID, tuple[Values, set[str]]]:
    """The values of each record with the sums that moved, and the names of what has to be asked."""
    found: dict[UUID, tuple[Values, set[str]]] = {}
    for record, values in stored.items():
        new, asked = dict(values), set[str]()
        for name, moves in concerned[record].items():
            value = ASK if moves is None else _moved(setting, writer, record, name, values[name], moves)
            if value is not ASK:
                new[name] = value
            elif name:
                asked.add(name)
        found[record] = new, asked
    return found


def _moved(
    setting: Setting, writer: Writer, record: UUID, name: str, value: Any, moves: Sequence[Touch]
) -> Any:
    sum_ = writer.sums[name]
    try:
        return moved(setting, sum_, Ref(writer.name, record), value, moves)
    except BadValue as bad:
        raise Invalid(unkept(bad, writer, Place(), name)) from None


def _with_answers(
    setting: Setting, writer: Writer, block: Block, news: Mapping[UUID, tuple[Values, set[str]]]
) -> dict[UUID, Values]:
    """The values of each record with what the database answers, which is asked once for all of one kind."""
    asking: dict[frozenset[str], list[UUID]] = {}
    for record, (_, names) in news.items():
        asking.setdefault(frozenset(names), []).append(record)
    answers: dict[UUID, Values] = {}
    for wanted, ids in asking.items():
        fields = tuple(field for field in block.asked if field.name in wanted)
        answers |= _answers(setting, writer, fields, ids)
    return {record: {**new, **answers.get(record, {})} for record, (new, _) in news.items()}


def _answers(
    setting: Setting, writer: Writer, fields: Sequence[Field], ids: Sequence[UUID]
) -> Mapping[UUID, Values]:
    """What the database answers for each record, as the fields keep it."""
    if not fields or not ids:
        return {}
    names = tuple(field.name for field in fields)
    statement = writer.statement(("follows", *names), partial(_asking, setting, writer, fields))
    rows = setting.unit.run(statement, {**setting.parameters, "ids": list(ids)})
    found: dict[UUID, Values] = {}
    for row in rows:
        record, *values = statement.read(row)
        answers = iter(values)
        told = [(field, [next(answers) for _ in nodes_of(field)]) for field in fields]
        found[record] = {field.name: _kept(setting, writer, field, said) for field, said in told}
    return found


def _asking_frozen(setting: Setting, writer: Writer, fields: Sequence[Field]) -> sa.Select[Any]:
    table = writer.table.table
    scope = SqlScope(setting.writers.schema, writer.name, table, numbers=setting.numbers)
    values = [sql_value(f.frozen_when, scope) for f in fields if f.frozen_when is not None]
    return sa.select(table.c.id, *values).where(any_of(table.c.id, "ids"))


def _asking(setting: Setting, writer: Writer, fields: Sequence[Field]) -> sa.Select[Any]:
    table = writer.table.table
    scope = SqlScope(setting.writers.schema, writer.name, table, numbers=setting.numbers)
    values = [sql_value(node, scope) for field in fields for node in nodes_of(field)]
    return sa.select(table.c.id, *values).where(any_of(table.c.id, "ids"))


def _followed(setting: Setting, writer: Writer, block: Block, values: Values, stays: Values) -> Values:
    """The values with those that follow from them, but for what stays."""
    values.update(stays)
    for field in block.following:
        if field.name in stays:
            continue
        scene = Scene(setting.context, StoredEnv(setting, writer, values))
        answers = [program(scene) for program in writer.programs.formulas[field.name]]
        values[field.name] = _kept(setting, writer, field, answers)
    return values


def _kept(setting: Setting, writer: Writer, field: Field, answers: Sequence[Any]) -> Any:
    try:
        return value_of(field, answers, setting.currency)
    except BadValue as bad:
        raise Invalid(unkept(bad, writer, Place(), field.name)) from None


def store(setting: Setting, writer: Writer, changed: Sequence[Touch], *, is_searched: bool = True) -> None:
    """The values are stored, and found by search where it reads them."""
    shapes: dict[frozenset[str], list[Touch]] = {}
    for touch in changed:
        shapes.setdefault(touch.names, []).append(touch)
    for names, touches in shapes.items():
        columns = writer.columns({name: [t.new[name] for t in touches] for name in sorted(names)})
        writer.rows.put(setting.unit, [t.record for t in touches], columns)
        live = [t for t in touches if t.new["deleted_at"] is None]
        if live and is_searched and not names.isdisjoint(writer.searched):
            words = writer.words([t.new for t in live])
            ids = [t.record for t in live]
            setting.index.put(setting.unit, SearchEntries(writer.number, ids, words, writer.searched[TITLE]))
