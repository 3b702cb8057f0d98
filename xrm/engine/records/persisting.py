"""Rows, change log and search index, in one transaction: what is stored is also recorded and found.

Everything here is done column by column: the same steps serve one record and a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from xrm.engine.commands import Change
from xrm.engine.records.batch import Setting, Tally, Touch
from xrm.engine.records.draft import NONE, Draft
from xrm.engine.records.searched import TITLE
from xrm.engine.records.writer import Writer
from xrm.engine.storage.search import SearchEntries
from xrm.engine.storage.statements import Insert, Same
from xrm.errors import Conflict, Stale
from xrm.metadata.values import fold

TAKEN = "R140"
# A system column that every record of a batch has the same value in.
_BORN, _CHANGED = ("version", "created_at", "created_by"), ("updated_at", "updated_by")


class Touched(NamedTuple):
    """A draft that is to be stored, and of a stored record the names whose values differ, with both values."""

    draft: Draft
    changed: Mapping[str, tuple[Any, Any]]

    @property
    def is_new(self) -> bool:
        """True when there is no stored record yet."""
        return self.draft.old is None


def persist(setting: Setting, tally: Tally, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts are stored with their next version; what changed nothing keeps its version."""
    stamped = [_stamped(setting, Touched(d, NONE if d.is_new else d.changed)) for d in drafts]
    groups = _by_writer(stamped)
    changes = [change for writer, group in groups for change in _changes(setting, writer, group)]
    for place, (writer, group) in enumerate(groups, start=1):
        log = [setting.log.insert_of(setting.actor, changes, setting.act)] if place == len(groups) else []
        _store(setting, writer, group, log)
    tally.changes.extend(changes)
    tally.touched.extend(_touch(one) for one in stamped if one.is_new or one.changed)
    return [t.draft for t in stamped]


def _stamped(setting: Setting, touched: Touched) -> Touched:
    """System columns follow from who writes and when, never from the input."""
    draft, changed = touched
    marks = {"updated_at": setting.now, "updated_by": setting.actor.id}
    if draft.old is None:
        marks |= {"version": 1, "id": draft.id, "created_at": setting.now, "created_by": setting.actor.id}
    elif changed:
        marks["version"] = draft.old["version"] + 1
    else:
        return touched
    return Touched(draft.with_(new={**draft.new, **marks}), changed)


def _touch(touched: Touched) -> Touch:
    draft = touched.draft
    names = frozenset(draft.new) if draft.old is None else frozenset(touched.changed)
    return Touch(draft.writer.name, draft.id, names, draft.old or NONE, draft.new)


def _by_writer(touched: Sequence[Touched]) -> list[tuple[Writer, list[Touched]]]:
    """What is new or has changed, by entity, in the order of first appearance."""
    groups: dict[str, list[Touched]] = {}
    for one in touched:
        if one.is_new or one.changed:
            groups.setdefault(one.draft.writer.name, []).append(one)
    return [(group[0].draft.writer, group) for group in groups.values()]


def _store(setting: Setting, writer: Writer, touched: Sequence[Touched], log: Sequence[Insert]) -> None:
    """Rows and words are stored, and the log beside them: for a single new record in one statement."""
    new = [t.draft for t in touched if t.is_new]
    _update(setting, writer, [t for t in touched if not t.is_new])
    inserts = [*_rows(writer, new), *_index(setting, writer, touched), *log]
    try:
        setting.unit.insert_all(inserts)
    except Conflict as refused:
        raise _placed(refused, new) from refused


def _rows(writer: Writer, drafts: Sequence[Draft]) -> Sequence[Insert]:
    """The rows of new records, in the table's own columns."""
    if not drafts:
        return ()
    records = [draft.new for draft in drafts]
    alike = {name: Same(records[0][name]) for name in (*_BORN, *_CHANGED)}
    names = set[str]().union(*records) - alike.keys()
    columns = writer.columns({name: [record.get(name) for record in records] for name in names})
    return (writer.rows.insert_of({**columns, **alike}, len(drafts)),)


def _update(setting: Setting, writer: Writer, touched: Sequence[Touched]) -> None:
    """Records that change the same names are changed together."""
    shapes: dict[frozenset[str], list[Draft]] = {}
    for draft, changed in touched:
        shapes.setdefault(frozenset(changed), []).append(draft)
    try:
        with _free_to_exchange(setting, writer, touched):
            for names, drafts in shapes.items():
                _update_alike(setting, writer, names, drafts)
    except Stale:
        raise
    except Conflict as refused:
        raise _placed(refused, [t.draft for t in touched]) from refused


@contextmanager
def _free_to_exchange(setting: Setting, writer: Writer, touched: Sequence[Touched]) -> Iterator[None]:
    """Inside, records may take the keys that others of them give up: the database compares row by row.

    Their keys are judged at the end, of all that they have become.
    """
    moving = [t.draft.id for t in touched if _moves_in_keys(writer, t)]
    if len(touched) < 2 or not moving:
        yield
        return
    writer.rows.set_aside(setting.unit, moving, setting.now)
    yield
    writer.rows.set_aside(setting.unit, moving, None)


def _moves_in_keys(writer: Writer, touched: Touched) -> bool:
    """Whether a record that is there, and stays, comes to have another key."""
    old, new = touched.draft.old or NONE, touched.draft.new
    is_there = old["deleted_at"] is None and new["deleted_at"] is None
    return is_there and not writer.key_names.isdisjoint(touched.changed)


def _update_alike(setting: Setting, writer: Writer, names: frozenset[str], drafts: Sequence[Draft]) -> None:
    alike = {name: Same(drafts[0].new[name]) for name in _CHANGED}
    changed = sorted(names - alike.keys() - {"version"})
    columns = writer.columns({name: [draft.new.get(name) for draft in drafts] for name in changed})
    ids, versions = [d.id for d in drafts], [d.new["version"] - 1 for d in drafts]
    writer.rows.update_many(setting.unit, ids, versions, {**columns, **alike})


def _placed(refused: Conflict, drafts: Sequence[Draft]) -> Conflict:
    """The database's refusal at the place of the record that caused it, where that is certain."""
    said = refused.facts.get("fields")
    names = tuple(said) if isinstance(said, tuple | list) else ()
    draft = _culprit(refused, drafts, names)
    if draft is None:
        return refused
    # In a row of another record nobody gives the link to that record.
    name = next((n for n in names if n not in draft.preset), "")
    placed = [p.at(draft.where(name or p.where.path)) for p in refused.problems]
    return type(refused)(placed, facts=refused.facts)


def _culprit(refused: Conflict, drafts: Sequence[Draft], names: Sequence[str]) -> Draft | None:
    """The only draft that may have caused it, or the first whose key another one has already."""
    concerned = [d for d in drafts if d.is_new or not d.changed.keys().isdisjoint(names)]
    for some in (drafts, concerned):
        if len(some) == 1:
            return some[0]
    keys: list[tuple[Any, ...]] = []
    for draft in drafts if refused.first.code == TAKEN else ():
        key = tuple(_compared(draft.new.get(name)) for name in names)
        if key in keys:
            return draft
        keys += [key] if None not in key else []
    return None


def _compared(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else value


def _index(setting: Setting, writer: Writer, touched: Sequence[Touched]) -> Sequence[Insert]:
    """The search index holds the words of live records and of no others, once what is given is inserted."""
    gone = [t.draft.id for t in touched if t.draft.new.get("deleted_at") is not None]
    live = [t for t in touched if t.draft.new.get("deleted_at") is None and _is_searched(writer, t)]
    if gone:
        setting.index.remove(setting.unit, gone)
    if not live:
        return ()
    words = writer.words([t.draft.new for t in live])
    entries = SearchEntries(writer.number, [t.draft.id for t in live], words, writer.searched[TITLE])
    if all(t.is_new for t in live):
        return setting.index.inserts(setting.unit, entries)
    setting.index.put(setting.unit, entries)
    return ()


def _is_searched(writer: Writer, touched: Touched) -> bool:
    changed = touched.changed
    return touched.is_new or "deleted_at" in changed or any(n in changed for n in writer.searched)


def _changes(setting: Setting, writer: Writer, touched: Sequence[Touched]) -> list[Change]:
    """What the change log keeps of each: JSON forms of the names that have changed."""
    before: Sequence[Mapping[str, Any]]
    if all(t.is_new for t in touched):
        before, after = [NONE] * len(touched), _whole(writer, [t.draft.new for t in touched])
    else:
        differing = [Touched(t.draft, t.draft.changed) if t.is_new else t for t in touched]
        before, after = _json(writer, differing, 0), _json(writer, differing, 1)
    return [
        Change(
            writer.name,
            draft.id,
            draft.new["version"],
            draft.operation,
            NONE if draft.old is None else old,
            new,
            setting.now,
            draft.new["title"],
            draft.reason,
        )
        for (draft, _), old, new in zip(touched, before, after, strict=True)
    ]


def _whole(writer: Writer, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """For each new record the JSON forms of all its values."""
    made: list[dict[str, Any]] = [{} for _ in records]
    for name in writer.logged:
        values = [record.get(name) for record in records]
        for whole, value, shown in zip(made, values, writer.json(name, values), strict=True):
            if value is not None:
                whole[name] = shown
    return made


def _json(writer: Writer, touched: Sequence[Touched], side: int) -> Sequence[Mapping[str, Any]]:
    """For each record the JSON forms of its changed values: those before (0) or after (1)."""
    made: list[dict[str, Any]] = [{} for _ in touched]
    changed = set[str]().union(*(one.changed for one in touched))
    for name in writer.logged:
        if name not in changed:
            continue
        holders = [
            (record, one.changed[name])
            for record, one in zip(made, touched, strict=True)
            if name in one.changed
        ]
        values = writer.json(name, [pair[side] for _, pair in holders])
        for (record, _), value in zip(holders, values, strict=True):
            record[name] = value
    return made
