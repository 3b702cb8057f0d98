"""Duplicates before anybody writes: those of values that are to be written, and all of an entity, group by group.

An entity is walked in the order of what is compared, so that what is alike stands together: a portion of rows is
read by an index, and a text that is compared by likeness is compared with so many that follow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import Rights
from xrm.engine.records import permits
from xrm.engine.records.batch import Setting
from xrm.engine.records.duplicates import Twin, compared_columns, seen, twins
from xrm.engine.records.environment import stored_scene
from xrm.engine.records.likeness import likeness
from xrm.engine.records.targets import absent, giving
from xrm.engine.records.writer import Writer
from xrm.errors import Invalid, NotFound, Place, Problem
from xrm.metadata.model import Duplicate
from xrm.metadata.values import Ref
from xrm.registry import near_names

PORTION = 500
MOST_PORTIONS = 10
NEIGHBOURS = 10
MOST_TOGETHER = 20  # members of a group that are told


@dataclass(frozen=True, slots=True)
class Together:
    """Records that one way finds to be the same thing: id and title, in the order in which they were made."""

    way: Duplicate
    records: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """A part of an entity's duplicates; `next` is from where to go on, empty at the end."""

    found: tuple[Together, ...]
    next: str


def twins_ahead(
    setting: Setting, writer: Writer, values: Mapping[str, Any], record: UUID | None
) -> list[Twin]:
    """The records that these values would be told to be duplicates of, as far as the actor may read them.

    With `record` the values are a change of it; raises NotFound when it is absent or hidden, Invalid for values that
    do not fit.
    """
    permits.require_entity(setting, writer, "read", "")
    known = permits.writable(setting, writer, "create" if record is None else "update")
    parsed, problems = writer.contract.load(values, partial=True, writable=known)
    if problems:
        raise Invalid(problems.found)
    plain = {name: value for name, value in parsed.items() if name in writer.stored_names}
    kept = {
        name: value for name, value in plain.items() if name not in writer.table.lookups or _is_ref(value)
    }
    stored: Mapping[str, Any] = writer.empty
    ways = list(writer.entity.duplicates.values())
    if record is not None:
        found = writer.load(setting.unit, [record])
        if record not in found or record not in permits.passing(setting, writer, "read", [record]):
            raise absent(writer, Place(path="id"))
        stored = found[record]
        # A value that they do not read is compared with nothing, or they would learn it.
        ways = [way for way in ways if _reads(setting, writer, way, kept, record)]
    return seen(setting, writer, twins(setting, writer, {**stored, **kept}, record, ways))


def _is_ref(value: Any) -> bool:
    return value is None or isinstance(value, Ref)


def _reads(setting: Setting, writer: Writer, way: Duplicate, given: Mapping[str, Any], record: UUID) -> bool:
    names = [match.name for match in way.match if match.name not in given]
    return bool(giving(setting, writer, names, [record]))


def groups(setting: Setting, writer: Writer, name: str, after: str, limit: int) -> Groups:
    """So many groups of duplicates by the way of that name, among the records that the actor may read, and a place to
    go on from; raises NotFound for a way that is none or compares what they may not know.
    """
    permits.require_entity(setting, writer, "read", "")
    way = _way(setting, writer, name)
    found: list[Together] = []
    begin: UUID | None = _place(after)
    for _ in range(MOST_PORTIONS):
        rows = _portion(setting, writer, way, begin)
        alike, begin = _alike(writer, way, rows)
        found += _readable(setting, writer, way, alike)
        if begin is None or len(found) >= limit:
            break
    return Groups(tuple(found), "" if begin is None else str(begin))


def ways_known(rights: Rights, writer: Writer) -> list[Duplicate]:
    """The ways of which somebody with these rights may know all that they compare."""
    known = rights.names("read") if rights.can("read") else frozenset()
    return [
        way
        for way in writer.entity.duplicates.values()
        if known.issuperset(match.name for match in way.match)
    ]


def _way(setting: Setting, writer: Writer, name: str) -> Duplicate:
    known = {way.name: way for way in ways_known(permits.rights(setting, writer), writer)}
    if name in known:
        return known[name]
    near = near_names(name, known)
    hint = f"Did you mean {near[0]}?" if near else "It has " + (", ".join(known) or "none for you") + "."
    message = f"{writer.name} has no way {name!r} to find duplicates."
    raise NotFound(Problem("R104", message, hint, Place(path="way")))


def _place(after: str) -> UUID | None:
    try:
        return UUID(after) if after else None
    except ValueError:
        raise Invalid(
            Problem(
                "R107", "This is no place to go on from.", "Send next as it was given.", Place(path="cursor")
            )
        ) from None


# --- a portion --------------------------------------------------------------------------------------


def _portion(setting: Setting, writer: Writer, way: Duplicate, begin: UUID | None) -> list[Mapping[str, Any]]:
    """Live rows in the order of what is compared, from the one on that has this id."""
    values: dict[str, Any] = {}
    if begin is not None:
        place = writer.statement(("groups", way.name, "place"), lambda: _place_of(writer, way))
        rows = setting.unit.run(place, {"id": begin})
        if not rows:
            return []
        values = dict(zip(_names(writer, way), place.read(rows[0]), strict=True))
        if None in values.values():
            return []
    statement = writer.statement(
        ("groups", way.name, begin is None), lambda: _rows(writer, way, is_first=begin is None)
    )
    bound = {f"b_{name}": value for name, value in values.items()}
    names = (*_names(writer, way), "title")
    return [
        dict(zip(names, statement.read(row), strict=True))
        for row in setting.unit.run(statement, {k: v for k, v in bound.items() if k in statement.names})
    ]


def _names(writer: Writer, way: Duplicate) -> tuple[str, ...]:
    return (*(f"c{n}" for n in range(len(_ordered(writer, way)))), "id")


def _ordered(
    writer: Writer, way: Duplicate, table: sa.FromClause | None = None
) -> list[sa.ColumnElement[Any]]:
    """What is compared, exactly first, one term for each."""
    terms: list[sa.ColumnElement[Any]] = []
    for match in sorted(way.match, key=lambda each: each.by == "fuzzy"):
        columns = [c if table is None else table.c[c.key] for c in compared_columns(writer, match)]
        is_exact = match.by == "exact" and match.name in writer.table.fields
        if is_exact:
            raw = writer.table.column(match.path)
            columns = [raw if table is None else table.c[raw.key]]
        terms.append(
            columns[-1]
            if match.name in writer.table.lookups and _is_any(writer, match.name)
            else _one(columns)
        )
    return terms


def _is_any(writer: Writer, name: str) -> bool:
    return writer.table.lookups[name].relationship.any


def _one(columns: Sequence[sa.ColumnElement[Any]]) -> sa.ColumnElement[Any]:
    return columns[0] if len(columns) == 1 else sa.func.coalesce(*columns)


def _place_of(writer: Writer, way: Duplicate) -> sa.Select[Any]:
    table = writer.table.table
    return sa.select(*_ordered(writer, way), table.c.id).where(
        table.c.id == sa.bindparam("id", type_=table.c.id.type)
    )


def _rows(writer: Writer, way: Duplicate, *, is_first: bool) -> sa.Select[Any]:
    table = writer.table.table
    terms = _ordered(writer, way)
    tests: list[sa.ColumnElement[bool]] = [
        table.c.deleted_at.is_(None),
        *(term.is_not(None) for term in terms),
    ]
    if way.fuzzy is None:
        other = table.alias("other")
        same = [t == o for t, o in zip(terms, _ordered(writer, way, other), strict=True)]
        found = sa.select(sa.literal(1)).where(other.c.deleted_at.is_(None), other.c.id != table.c.id, *same)
        tests.append(sa.exists(found))
    order = [*terms, table.c.id]
    if not is_first:
        binds = [
            sa.bindparam(f"b_{n}", type_=t.type) for n, t in zip(_names(writer, way), order, strict=True)
        ]
        tests.append(sa.tuple_(*order) >= sa.tuple_(*binds))
    return sa.select(*order, table.c.title).where(*tests).order_by(*order).limit(PORTION)


def _alike(
    writer: Writer, way: Duplicate, rows: Sequence[Mapping[str, Any]]
) -> tuple[list[list[Mapping[str, Any]]], UUID | None]:
    """The rows that belong together, and the id from which the next portion begins; nothing at the end."""
    count = len(way.match)
    fuzzy, exact = way.fuzzy, [f"c{n}" for n in range(count - (1 if way.fuzzy else 0))]
    is_full = len(rows) == PORTION
    parent = list(range(len(rows)))

    def top(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, row in enumerate(rows):
        for j in range(i + 1, min(i + 1 + NEIGHBOURS, len(rows))):
            other = rows[j]
            if any(row[name] != other[name] for name in exact):
                break
            if fuzzy is None or likeness(row[f"c{count - 1}"], other[f"c{count - 1}"]) >= fuzzy.at_least:
                parent[top(j)] = top(i)
    together: dict[int, list[int]] = {}
    for i in range(len(rows)):
        together.setdefault(top(i), []).append(i)
    # What stands at the end of a full portion may go on in the next one, which begins with it.
    cut = len(rows)
    if is_full:
        last = together[top(len(rows) - 1)][0] if fuzzy is None else len(rows) - NEIGHBOURS
        cut = last or len(rows)
    made = [[rows[i] for i in some] for some in together.values() if len(some) > 1 and some[0] < cut]
    following = (rows[cut]["id"] if cut < len(rows) else rows[-1]["id"]) if is_full else None
    return made, following


def _readable(
    setting: Setting, writer: Writer, way: Duplicate, alike: Sequence[Sequence[Mapping[str, Any]]]
) -> list[Together]:
    """The groups without what the actor may not read, or where the condition of the way does not hold."""
    ids = [row["id"] for group in alike for row in group]
    shown = giving(setting, writer, [match.name for match in way.match], ids) if ids else frozenset()
    condition = writer.programs.duplicate_conditions.get(way.name)
    if condition is not None and shown:
        stored = writer.load(setting.unit, list(shown))
        shown = frozenset(i for i, v in stored.items() if condition(stored_scene(setting, writer, v)) is True)
    found = []
    for group in alike:
        records = sorted((row["id"], row["title"]) for row in group if row["id"] in shown)
        if len(records) > 1:
            found.append(Together(way, tuple(records[:MOST_TOGETHER])))
    return found
