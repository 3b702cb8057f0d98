"""Records that are the same thing twice, as the entity says how to find them: told to whoever would write one.

The database narrows by an index: equal values of what is compared exactly, and for a text that is compared by
likeness those that begin alike or share a word. So many candidates are looked at and no more, however many records
there are. What a reader may not read is not told to them, whichever way it was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment, stored_scene
from xrm.engine.records.likeness import likeness
from xrm.engine.records.permits import known_names
from xrm.engine.records.targets import giving
from xrm.engine.records.writer import Writer
from xrm.engine.storage.rows import hold
from xrm.engine.storage.search import search_words
from xrm.errors import About, Conflict, Problem
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Duplicate, Match, text_of

REFUSED, WARNED = "R190", "R191"
ACCEPT = "accept"
MOST_CANDIDATES = 100  # that one look into an index gives
MOST_TOLD = 10
_BEGINNING = 3  # so many letters of a text that is compared by likeness are right
_WORDS, _WORD_BEGINNING = 4, 5
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Twin:
    """A record that is found to be the same thing, by one way of its entity; `alike` is in percent."""

    way: Duplicate
    record: UUID
    title: str
    alike: int


def refuse_duplicates(setting: Setting, drafts: Sequence[Draft]) -> None:
    """None of the records that were written is another one's duplicate, or the writer has accepted that it is.

    Raises Conflict with a problem for each record and way: refusals, and warnings where nothing was accepted.
    """
    later = [draft.id for draft in drafts]
    problems: list[Problem] = []
    for draft in drafts:
        later.pop(0)  # of two that are written together, the second one is the duplicate
        problems += _problems(setting, draft, frozenset(later))
    if problems:
        raise Conflict(problems)


def twins(
    setting: Setting, writer: Writer, values: Mapping[str, Any], but: UUID | None, ways: Iterable[Duplicate]
) -> list[Twin]:
    """The live records that are found by these ways to be the same thing as a record with these values.

    Whoever asks sees which of them they may read.
    """
    found: list[Twin] = []
    for way in ways:
        found += _by_way(setting, writer, values, but, way)
    return found


def seen(setting: Setting, writer: Writer, found: Sequence[Twin]) -> list[Twin]:
    """Those of the twins of which the actor may read all that was compared."""
    shown: list[Twin] = []
    for way in dict.fromkeys(twin.way.name for twin in found):
        some = [twin for twin in found if twin.way.name == way]
        names = [match.name for match in some[0].way.match]
        ids = giving(setting, writer, names, [twin.record for twin in some])
        shown += [twin for twin in some if twin.record in ids]
    return shown


def compared_columns(writer: Writer, match: Match) -> tuple[sa.Column[Any], ...]:
    """The columns that keep what is compared: of a text its folded twin."""
    table = writer.table
    if match.name in table.lookups:
        return table.lookups[match.name].all_columns
    key = table.key_column(match.path)
    return (table.column(match.path) if key is None else key,)


# --- what is told ---------------------------------------------------------------------------------------


def _problems(setting: Setting, draft: Draft, later: frozenset[UUID]) -> Iterator[Problem]:
    ways = [way for way in draft.writer.entity.duplicates.values() if _is_asked(setting, draft, way)]
    for way in ways:
        if way.refuses:
            # What no constraint holds: two who write the same thing at once wait for each other.
            hold(setting.unit, f"duplicates:{draft.writer.name}.{way.name}")
        every = twins(setting, draft.writer, draft.new, draft.id, [way])
        found = [twin for twin in every if twin.record not in later]
        shown = seen(setting, draft.writer, found) if found else []
        if found and (way.refuses or shown):
            yield _told(setting, draft, way, shown)


def _is_asked(setting: Setting, draft: Draft, way: Duplicate) -> bool:
    """Whether the draft comes to be something that this way looks at; a warning is told to people, once."""
    if not way.refuses and (draft.accepted or setting.actor.is_system):
        return False
    names = {match.name for match in way.match} | _names_of(way.when)
    if not draft.is_new and names.isdisjoint(draft.changed):
        return False
    condition = draft.writer.programs.duplicate_conditions.get(way.name)
    return condition is None or condition(environment(setting, draft)) is True


def _names_of(when: Expression | None) -> set[str]:
    return {mention.attribute for mention in when.mentions} if when else set()


def _told(setting: Setting, draft: Draft, way: Duplicate, shown: Sequence[Twin]) -> Problem:
    writer = draft.writer
    label = text_of(writer.entity.label, setting.actor.language, writer.name)
    titles = ", ".join(f"“{twin.title}”" for twin in shown[:MOST_TOLD])
    otherwise = f"{label} like this is there already."
    message = text_of(way.message, setting.actor.language, otherwise)
    if titles:
        message = f"{message.rstrip('.')}: {titles}."
    hint = "Use that record, or change the values."
    if not way.refuses:
        hint = "Use that record, or write it anyway with duplicates=accept."
    known = known_names(setting, writer.name)
    field = next((match.name for match in way.match if match.name in known), "")
    problem = draft.problem(REFUSED if way.refuses else WARNED, field, message, hint)
    return problem.about(About(writer.name, str(twin.record), twin.title) for twin in shown[:MOST_TOLD])


# --- how they are found ---------------------------------------------------------------------------------


def _by_way(
    setting: Setting, writer: Writer, values: Mapping[str, Any], but: UUID | None, way: Duplicate
) -> list[Twin]:
    wanted = _wanted(writer, values, way)
    if wanted is None:
        return []
    found: dict[UUID, Twin] = {}
    for row in _candidates(setting, writer, way, wanted, but):
        alike = _alike(writer, way, wanted, row)
        if alike is not None:
            found[row["id"]] = Twin(way, row["id"], row["title"], alike)
    condition = writer.programs.duplicate_conditions.get(way.name)
    if condition is not None and found:
        for record, stored in writer.load(setting.unit, list(found)).items():
            if condition(stored_scene(setting, writer, stored)) is not True:
                del found[record]
    return sorted(found.values(), key=lambda twin: (-twin.alike, twin.title, twin.record))


def _wanted(writer: Writer, values: Mapping[str, Any], way: Duplicate) -> dict[str, Any] | None:
    """The scalars to compare by column, raw ones of texts too; None where one is empty, which is like nothing."""
    names = {match.name for match in way.match}
    if any(values.get(name) is None for name in names):
        return None
    columns = writer.row({name: values[name] for name in names})
    for match in way.match:
        if all(columns.get(column.key) is None for column in compared_columns(writer, match)):
            return None
    return columns


def _alike(writer: Writer, way: Duplicate, wanted: Mapping[str, Any], row: Mapping[str, Any]) -> int | None:
    """How alike the candidate is in percent; None where it is not enough."""
    for match in way.match:
        if match.by == "exact" and match.name in writer.table.fields:
            column = writer.table.column(match.path).key
            if row[column] != wanted[column]:
                return None
    fuzzy = way.fuzzy
    if fuzzy is None:
        return 100
    [key] = compared_columns(writer, fuzzy)
    alike = likeness(str(wanted[key.key]), str(row[key.key] or ""))
    return alike if alike >= fuzzy.at_least else None


def _candidates(
    setting: Setting, writer: Writer, way: Duplicate, wanted: Mapping[str, Any], but: UUID | None
) -> Iterator[Mapping[str, Any]]:
    names = [column.key for column in _shown(writer, way)]
    looks = [""] if way.fuzzy is None or len(way.match) > 1 else ["after", "before"]
    values = {f"v_{name}": value for name, value in wanted.items()} | {"but": but or UUID(int=0)}
    if way.fuzzy is not None:
        [key] = compared_columns(writer, way.fuzzy)
        text = str(wanted[key.key])
        values |= {"text": text, "first": text[:_BEGINNING], "last": text[:_BEGINNING] + _LAST}
    full = tuple(name for name, value in wanted.items() if value is not None)
    for look in looks:
        make = partial(_look, writer, way, look, full)
        statement = writer.statement(("twins", way.name, look, full), make)
        used = {name: value for name, value in values.items() if name in statement.names}
        for row in setting.unit.run(statement, used):
            yield dict(zip(names, statement.read(row), strict=True))
    if way.fuzzy is not None and len(way.match) == 1:
        yield from _sharing_words(setting, writer, way, str(values["text"]), but)


def _look(writer: Writer, way: Duplicate, look: str, full: Sequence[str]) -> sa.Select[Any]:
    """Live records that are equal in what is compared exactly; of fuzzy texts those that stand next to it."""
    table = writer.table.table
    tests = [table.c.deleted_at.is_(None), table.c.id != sa.bindparam("but", type_=table.c.id.type)]
    for match in way.match:
        if match.by != "fuzzy":
            tests += [
                column == sa.bindparam(f"v_{column.key}", type_=column.type)
                for column in compared_columns(writer, match)
                if column.key in full
            ]
    chosen = sa.select(*_shown(writer, way)).where(*tests).limit(MOST_CANDIDATES)
    if not look or way.fuzzy is None:
        return chosen.order_by(table.c.id)
    [key] = compared_columns(writer, way.fuzzy)
    text, first, last = (sa.bindparam(name, type_=key.type) for name in ("text", "first", "last"))
    if look == "after":
        return chosen.where(key >= text, key < last).order_by(key, table.c.id)
    return chosen.where(key < text, key >= first).order_by(key.desc(), table.c.id.desc())


def _shown(writer: Writer, way: Duplicate) -> list[sa.Column[Any]]:
    table = writer.table.table
    shown = {column.key: column for column in (table.c.id, table.c.title)}
    for match in way.match:
        for column in compared_columns(writer, match):
            shown[column.key] = column
        if match.by == "exact" and match.name in writer.table.fields:
            column = writer.table.column(match.path)
            shown[column.key] = column
    return list(shown.values())


def _sharing_words(
    setting: Setting, writer: Writer, way: Duplicate, text: str, but: UUID | None
) -> Iterator[Mapping[str, Any]]:
    """Records with a word that begins like a long one of the text, where search reads the field."""
    if way.fuzzy is None or way.fuzzy.name not in writer.searched:
        return
    slot = writer.searched[way.fuzzy.name]
    statement = writer.statement(("twins", way.name, "words"), lambda: _by_word(setting, writer, way, slot))
    names = [column.key for column in _shown(writer, way)]
    words = sorted(set(search_words(text)), key=len, reverse=True)[:_WORDS]
    for word in words:
        asked = {"q": setting.index.query(word[:_WORD_BEGINNING]), "but": but or UUID(int=0)}
        for row in setting.unit.run(statement, asked):
            yield dict(zip(names, statement.read(row), strict=True))


def _by_word(setting: Setting, writer: Writer, way: Duplicate, slot: int) -> sa.Select[Any]:
    table, found = writer.table.table, setting.index.candidates(writer.number, [slot])
    but = sa.bindparam("but", type_=table.c.id.type)
    return (
        sa.select(*_shown(writer, way))
        .join(found, found.c.record == table.c.id)
        .where(table.c.deleted_at.is_(None), table.c.id != but)
        .limit(MOST_CANDIDATES)
    )
