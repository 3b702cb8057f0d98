"""Which record a command or a reference means: by id, by a name in the batch, or by an alternate key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import always_readable
from xrm.engine.commands import Create, Target, Upsert
from xrm.engine.projection.contracts import ByKey, ByName
from xrm.engine.records.batch import Run, Setting, Tally, apart, path_of
from xrm.engine.records.permits import passing, passing_rule, readable, rights
from xrm.engine.records.writer import Writer
from xrm.engine.storage.statements import any_of
from xrm.errors import Invalid, NotFound, Place, Problem
from xrm.metadata.model import Relationship
from xrm.metadata.values import Ref
from xrm.registry import near_names

MOST_CANDIDATES = 2


def in_turn(setting: Setting, tally: Tally, writer: Writer, run: Run) -> list[Run]:
    """The run with its targets as ids, cut where a record comes again: that one finds what the earlier left.

    Raises NotFound when nobody has a key.
    """
    if run.kind in (Create, Upsert):
        return [run]
    found = []
    for position, command in run.commands:
        where = Place(path=path_of(position))
        record = target_id(setting, tally, writer, command.target, where)
        known = command if command.target.id else replace(command, target=Target(record))
        found.append((position, known))
    parts = apart(found, lambda pair: pair[1].target.id)
    return [Run(run.kind, run.entity, tuple(part)) for part in parts]


def target_id(setting: Setting, tally: Tally, writer: Writer, target: Target, where: Place) -> UUID:
    """The id of the record that a command is about; raises NotFound when nobody has that key."""
    if target.id is not None:
        return target.id
    if target.ref:
        return tally.named(target.ref, where).id
    given = writer.contract.present(target.key or {})
    keys = _keys(setting, writer).values()
    if not any(given.keys() == frozenset(fields) for fields in keys):
        message = f"{writer.entity.name} has no such key."
        raise Invalid(Problem("R138", message, "Give exactly the fields of one key.", where))
    found = _record_with(setting, tally, writer, given, where, "key")
    if found is None:
        raise absent(writer, where)
    return found


def upsert_target(
    setting: Setting, tally: Tally, writer: Writer, command: Upsert, where: Place
) -> UUID | None:
    """The record that has the same values of the key `by`, or None; raises Invalid for a key that is none."""
    fields = _key_fields(setting, writer, command.by, where)
    values = writer.contract.present(command.values)
    given = {name: values[name] for name in fields if name in values}
    if len(given) < len(fields):
        lacking = ", ".join(n for n in fields if n not in given)
        raise Invalid(
            Problem("R138", f"The key {command.by} needs {lacking}.", "Give every field of it.", where)
        )
    return _record_with(setting, tally, writer, given, where, "values")


def _record_with(
    setting: Setting, tally: Tally, writer: Writer, given: Mapping[str, Any], where: Place, part: str
) -> UUID | None:
    """The one record with these values of a key, or None; raises Invalid for an empty part, and for two."""
    values = _key_values(setting, tally, writer, given, where)
    empty = [name for name in given if values.get(name) is None]
    if empty:
        raise Invalid([_empty_part(name, f"{where.path}.{part}".strip(".")) for name in empty])
    found = records_with(setting, writer, values)
    if len(found) > 1:
        raise Invalid(_ambiguous(writer.entity.name, where))
    return found[0] if found else None


def _empty_part(name: str, path: str) -> Problem:
    """A key with an empty part identifies nobody, as an empty part makes nothing unique."""
    place = Place(path=f"{path}.{name}".strip("."))
    return Problem("R138", f"{name} is part of the key and is empty.", "Give every field of it.", place)


def _ambiguous(kind: str, where: Place) -> Problem:
    return Problem("R136", f"More than one {kind} has this key.", "Give the id instead.", where)


def _key_values(
    setting: Setting, tally: Tally, writer: Writer, given: Mapping[str, Any], where: Place
) -> dict[str, Any]:
    """The stored forms of a key's values; raises Invalid for values that do not fit."""
    values, problems = writer.contract.load(given, partial=True, writable=writer.contract.writable_names)
    if problems:
        raise Invalid([p.under(where.path) if where.path else p for p in problems.found])
    for name, value in values.items():
        if isinstance(value, ByKey):
            values[name] = find_by_key(setting, writer.entity.relationships[name], value, where)
        elif isinstance(value, ByName):
            values[name] = tally.named(value.name, where)
    return values


def _keys(setting: Setting, writer: Writer) -> dict[str, tuple[str, ...]]:
    """The alternate keys whose fields the actor may read: declared ones, unique fields, the external key."""
    keys = {name: key.fields for name, key in writer.entity.keys.items()}
    keys |= {f.name: (f.name,) for f in writer.entity.fields.values() if f.unique}
    known = readable(setting, writer)
    open_keys = {name: fields for name, fields in keys.items() if known.issuperset(fields)}
    return {**open_keys, "external_key": ("external_key",)}


def _key_fields(setting: Setting, writer: Writer, by: str, where: Place) -> tuple[str, ...]:
    """The fields of the key of that name; raises Invalid for one that does not exist for this actor."""
    keys = _keys(setting, writer)
    if by in keys:
        return keys[by]
    near = near_names(by, keys)
    hint = f"Did you mean {near[0]}?" if near else "It has " + ", ".join(keys) + "."
    raise Invalid(Problem("R138", f"{writer.entity.name} has no key {by!r}.", hint, where))


def absent(writer: Writer, where: Place) -> NotFound:
    """The refusal of a record that does not exist, or that this actor may not know of."""
    return NotFound(Problem("R104", f"There is no such {writer.entity.name} for you.", "", where))


def find_by_key(setting: Setting, relationship: Relationship, given: ByKey, where: Place) -> Ref:
    """The one readable record with these key values; raises Invalid when there is none or more than one."""
    entities = (given.entity,) if given.entity else relationship.targets
    for entity in entities:
        if entity in setting.writers:
            _refuse_hidden(setting, setting.writers[entity], given, where)
    found = [
        Ref(entity, record)
        for entity in entities
        if entity in setting.writers
        for record in records_with(setting, setting.writers[entity], given.values)
    ]
    if len(found) == 1:
        return found[0]
    kind = " or ".join(entities) or "record"
    if not found:
        raise Invalid(Problem("R133", f"No {kind} has this key.", "Check the value.", where))
    raise Invalid(_ambiguous(kind, where))


def _refuse_hidden(setting: Setting, writer: Writer, given: ByKey, where: Place) -> None:
    """A key with fields that the actor may not read is answered like one that does not exist."""
    if given.values.keys() - readable(setting, writer) - {"external_key"}:
        hint = f"Look at the keys of {writer.entity.name}."
        message = "Must give exactly the fields of one key."
        raise Invalid(Problem("R138", message, hint, Place(path=f"{where.path}.key")))


def records_with(setting: Setting, writer: Writer, values: Mapping[str, Any]) -> list[UUID]:
    """At most two live readable records with exactly these values, in order of their ids.

    Every column of the values is compared: one that is empty meets only records in which it is empty.
    """
    if not values or None in values.values():
        return []
    columns = writer.row(values)
    names = _compared(writer, columns)
    full = tuple(n for n in names if columns[n] is not None)
    statement = writer.statement(("key", names, full), lambda: _by_values(writer, names, full))
    rows = setting.unit.run(statement, {f"k_{n}": columns[n] for n in full})
    ids = [statement.read(row)[0] for row in rows]
    seen = giving(setting, writer, list(values), ids)
    return [i for i in ids if i in seen]


def giving(setting: Setting, writer: Writer, names: Sequence[str], ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the records on which the actor may read all these names."""
    seen, known = passing(setting, writer, "read", ids), rights(setting, writer)
    for name in names:
        if name not in always_readable(writer.entity) and known.is_masked(name):
            seen &= passing_rule(setting, writer, known.cell("read", name), ids)
    return seen


def _compared(writer: Writer, columns: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns to compare: a folded twin stands for its text, so that case and accents do not matter."""
    twins = {n for n in columns if f"{n}__key" in columns}
    return tuple(sorted(n for n in columns if n not in twins))


def _by_values(writer: Writer, names: Sequence[str], full: Sequence[str]) -> sa.Select[Any]:
    table = writer.table.table
    tests = [
        table.c[n] == sa.bindparam(f"k_{n}", type_=table.c[n].type) if n in full else table.c[n].is_(None)
        for n in names
    ]
    live = table.c.deleted_at.is_(None)
    return sa.select(table.c.id).where(live, *tests).order_by(table.c.id).limit(MOST_CANDIDATES)


def readable_of(setting: Setting, wanted: Mapping[str, Sequence[UUID]]) -> dict[str, frozenset[UUID]]:
    """By entity, those of its `wanted` that are live records and that this actor may read."""
    asked = {setting.writers[e]: ids for e, ids in wanted.items() if e in setting.writers and ids}
    live = live_of(setting, asked)
    seen = {writer.name: passing(setting, writer, "read", ids) for writer, ids in live.items()}
    return {entity: seen.get(entity, frozenset()) for entity in wanted}


def live_of(setting: Setting, wanted: Mapping[Writer, Sequence[UUID]]) -> dict[Writer, list[UUID]]:
    """By entity, those of the `wanted` that are live records, which stay so until this transaction ends."""
    writers = list(wanted)
    found: dict[Writer, list[UUID]] = {writer: [] for writer in writers}
    if not writers:
        return found
    # A plan for one id is kept; PostgreSQL plans one for a list anew each time.
    shape = tuple((writer.name, len(wanted[writer]) == 1) for writer in writers)
    live = writers[0].statement(("live", shape), lambda: _live(writers, [alone for _, alone in shape]))
    values = {f"ids{n}": ids[0] if len(ids) == 1 else list(ids) for n, ids in enumerate(wanted.values())}
    for row in setting.unit.run(live, values):
        place, record = live.read(row)
        found[writers[place]].append(record)
    return found


def _live(writers: Sequence[Writer], alone: Sequence[bool]) -> sa.Executable:
    """Live rows with the place of their entity, held so that nobody takes them to the trash before this
    transaction ends."""
    parts = [
        _held(n, writer.table.table, one) for n, (writer, one) in enumerate(zip(writers, alone, strict=True))
    ]
    if len(parts) == 1:
        return parts[0]
    # PostgreSQL holds no rows through a union, but those of its parts.
    return sa.union_all(*(sa.select(part.cte(f"live{n}")) for n, part in enumerate(parts)))


def _held(place: int, table: sa.Table, alone: bool) -> sa.Select[Any]:
    name, number = f"ids{place}", sa.literal_column(str(place), sa.Integer()).label("place")
    mine = table.c.id == sa.bindparam(name, type_=table.c.id.type) if alone else any_of(table.c.id, name)
    live = sa.select(number, table.c.id).where(mine, table.c.deleted_at.is_(None))
    return live.with_for_update(read=True, key_share=True)
