"""Values that follow from other records are found anew when these change, in the same transaction.

What has changed tells, along the graph of the model, which records are concerned. They are held before they are
asked: of two writers the later one sees what the earlier one did, and no change is lost. The database answers for
many records at once; values that follow from those answers are worked out from the rows. Blocks of fields are
found in the order of the graph, so each is found once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from xrm.engine.records.checking import check_followed
from xrm.engine.records.computing import unkept
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import StoredEnv
from xrm.engine.records.holding import hold_followed
from xrm.engine.records.searched import TITLE
from xrm.engine.records.writer import Writer
from xrm.engine.storage.search import SearchEntries
from xrm.engine.storage.statements import any_of
from xrm.errors import Invalid, Place
from xrm.metadata.dependencies import Block, Step, Trail, Watch, Way
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.model import Field
from xrm.metadata.values import Ref

PORTION = 500  # records that are found anew together
Values = dict[str, Any]
Found = dict[tuple[str, UUID], Values]


def recompute(setting: Setting, tally: Tally, drafts: Sequence[Draft] = ()) -> list[Draft]:
    """Every value that follows from what was touched is stored; the drafts come back with theirs.

    Raises Invalid for a value that its field cannot keep, and for a rule that no longer holds on a record whose
    values have followed.
    """
    touched, tally.touched = tally.touched, []
    dependencies = setting.writers.dependencies
    if not dependencies or not touched:
        return list(drafts)
    waiting: dict[tuple[int, str], dict[UUID, None]] = {}
    _concern(setting, waiting, touched)
    found: Found = {}
    for key, block in dependencies.blocks.items():
        ids = iter(waiting.pop(key, ()))
        while portion := list(islice(ids, PORTION)):
            followed = found_anew(setting, block, portion)
            store(setting, setting.writers[block.entity], followed)
            for touch in followed:
                found.setdefault((touch.entity, touch.record), {}).update(
                    {n: touch.new[n] for n in touch.names}
                )
            _concern(setting, waiting, followed)
    own = {(draft.writer.name, draft.id) for draft in drafts}
    check_followed(setting, {key: values for key, values in found.items() if key not in own})
    return [_with_found(draft, found.get((draft.writer.name, draft.id))) for draft in drafts]


def _with_found(draft: Draft, found: Values | None) -> Draft:
    return draft if found is None else draft.with_(new={**draft.new, **found})


# --- who is concerned ---------------------------------------------------------------------------------


def _concern(
    setting: Setting, waiting: dict[tuple[int, str], dict[UUID, None]], touched: Sequence[Touch]
) -> None:
    """The records whose values follow from what was touched wait for their blocks."""
    for watch, touches in _watching(setting, touched).items():
        ids = _origins(setting, watch.trail, touches)
        waiting.setdefault((watch.level, watch.entity), {}).update(dict.fromkeys(ids))


def _watching(setting: Setting, touched: Sequence[Touch]) -> dict[Watch, list[Touch]]:
    """What is to be found anew, and because of which records."""
    watches = setting.writers.dependencies.watches
    found: dict[Watch, dict[UUID, Touch]] = {}
    for touch in touched:
        concerned = {watch for name in touch.names for watch in watches.get((touch.entity, name), ())}
        for watch in concerned:
            found.setdefault(watch, {})[touch.record] = touch
    return {watch: list(touches.values()) for watch, touches in found.items()}


def _origins(setting: Setting, trail: Trail, touches: Iterable[Touch]) -> Iterable[UUID]:
    """The records that the trail comes from, where it ends at these."""
    if not trail:
        return [touch.record for touch in touches]
    last = trail[-1]
    if last.way is Way.IN:
        ids = {ref.id for touch in touches for ref in _pointed(touch, last)}
    else:
        ids = _before(setting, last, {touch.record for touch in touches})
    for step in reversed(trail[:-1]):
        ids = _before(setting, step, ids)
    return sorted(ids)


def _pointed(touch: Touch, step: Step) -> Iterator[Ref]:
    """Where the lookup led before the change, and where it leads now."""
    for values in (touch.old, touch.new):
        ref = values.get(step.relationship)
        if isinstance(ref, Ref) and ref.entity == step.entity:
            yield ref


def _before(setting: Setting, step: Step, ids: set[UUID]) -> set[UUID]:
    """The records from which the step leads to these."""
    if not ids:
        return set()
    writer = setting.writers[step.owner]
    statement = writer.statement(("before", step), partial(_asking_before, setting, step))
    rows = setting.unit.run(statement, {"ids": list(ids)})
    return {statement.read(row)[0] for row in rows}


def _asking_before(setting: Setting, step: Step) -> sa.Select[Any]:
    """The ids of the records from which the step leads to the ids that are bound."""
    stored = setting.writers[step.owner].table
    if step.way in (Way.LINKED, Way.LINKING):
        links = stored.links[step.relationship]
        ends = (links.source, links.target.columns[step.to if step.way is Way.LINKED else step.entity])
        here, there = ends if step.way is Way.LINKED else ends[::-1]
        return sa.select(here).where(any_of(there, "ids")).distinct()
    lookup, target = stored.lookups[step.relationship], step.to if step.way is Way.OUT else step.entity
    column = lookup.columns.get(target, lookup.record_column)
    if column is None:
        raise AssertionError("a lookup is kept in a column for each entity, or in one for all")
    same = () if lookup.entity_column is None else (lookup.entity_column == setting.numbers[target],)
    own = stored.table.c.id
    here, there = (own, column) if step.way is Way.OUT else (column, own)
    return sa.select(here).where(any_of(there, "ids"), here.is_not(None), *same).distinct()


# --- the values ---------------------------------------------------------------------------------------


def found_anew(setting: Setting, block: Block, ids: Sequence[UUID], *, is_held: bool = True) -> list[Touch]:
    """Each of the records of which a value of the block is another one now, not stored yet.

    Unless they are only looked at, the records `is_held` until the transaction ends, and what they follow from.
    """
    writer = setting.writers[block.entity]
    stored = writer.load(setting.unit, sorted(ids), hold=is_held)
    if is_held:
        hold_followed(setting, writer, block.asked, stored.values())
    answers = _answers(setting, writer, block.asked, list(stored))
    changed = list[Touch]()
    for record, old in stored.items():
        new = _followed(setting, writer, block, {**old, **answers.get(record, {})})
        names = frozenset(f.name for f in (*block.asked, *block.following) if new[f.name] != old[f.name])
        if names:
            changed.append(Touch(block.entity, record, names, old, new))
    return changed


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


def _asking(setting: Setting, writer: Writer, fields: Sequence[Field]) -> sa.Select[Any]:
    table = writer.table.table
    scope = SqlScope(setting.writers.schema, writer.name, table, numbers=setting.numbers)
    values = [sql_value(node, scope) for field in fields for node in nodes_of(field)]
    return sa.select(table.c.id, *values).where(any_of(table.c.id, "ids"))


def _followed(setting: Setting, writer: Writer, block: Block, values: Values) -> Values:
    """The values with those that follow from them."""
    for field in block.following:
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
