"""Values of a field become others: looked at before, and written with the plan; row by row, by the field's own type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.forms import Fault, Unfit
from xrm.engine.storage.rowversions import Versions, others, versions_of
from xrm.engine.storage.statements import Prepared, any_of
from xrm.engine.storage.steps import Rows
from xrm.engine.storage.turn import Became, Turn
from xrm.engine.storage.types import Instant, Integer, Text, Uuid, stored_type
from xrm.errors import Invalid, Place, PlanRefused, Problem
from xrm.metadata.words import told

PORTION = 2000
REMEMBERED = 20_000  # values whose like is not worked out again
SAMPLES = 5
OWN = 5  # columns that are read of every row
SHOWN = 60  # letters of a value in a sample
FIRST = UUID(int=0)
NO_NAMES: Mapping[str, str] = {}


@dataclass(slots=True)
class Failing:
    """Rows of which one thing is wrong: how many, and some of them."""

    count: int = 0
    samples: list[str] = field(default_factory=list)

    def add(self, sample: str) -> None:
        """One more row."""
        self.count += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(sample)

    def told(self) -> str:
        """Some of them, and how many more."""
        more = self.count - len(self.samples)
        return "; ".join(self.samples) + (f"; and {more:,} more" if more else "")


@dataclass(slots=True)
class Found:
    """What a look at all rows has found: how many there are, what does not fit and nothing or something was decided
    about, changes made since that are left out, and values that are not unique.
    """

    touched: int = 0
    faults: dict[tuple[Fault, str], Failing] = field(default_factory=dict)
    decided: Failing = field(default_factory=Failing)
    left_out: Failing = field(default_factory=Failing)
    holders: dict[Any, str] = field(default_factory=dict)
    shared: Failing = field(default_factory=Failing)

    def share(self, value: Any, holder: str) -> None:
        """One more record holds a value that has to be unique."""
        first = self.holders.setdefault(value, holder)
        if first is not holder:
            self.shared.add(f"{first} and {holder}")

    def refuse(self, unfit: Unfit, sample: str) -> None:
        """One more row has a value that nothing was decided about."""
        self.faults.setdefault((unfit.fault, unfit.option), Failing()).add(sample)

    @property
    def rows(self) -> Rows:
        """The same as a step tells it."""
        failing = [*self.faults.values(), self.decided, self.left_out]
        samples = [sample for each in failing for sample in each.samples]
        return Rows(self.touched, sum(each.count for each in failing), tuple(samples[:SAMPLES]))


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is, at this version, and what its value becomes. It is `same` where nothing has to be written.

    `key` is its id as the driver gives it. Links have no versions; in their stead stands what the attribute holds.
    """

    key: Any
    id: UUID
    version: Any
    value: Any
    is_same: bool


def look(unit: UnitOfWork, turn: Turn, table: str) -> Found:
    """What becomes of the rows of the table as it is now."""
    found = Found()
    rows = Conversion(unit.database, turn, table, found)
    last: UUID | None = FIRST
    while last is not None:
        _, last = rows.portion(unit, last, with_empty=turn.reads_all)
    return found


def looked(unit: UnitOfWork, turn: Turn, table: str, seen: dict[str, Found]) -> Found:
    """The same; what was `seen` while one plan is made is not looked at again."""
    if turn.name not in seen:
        seen[turn.name] = look(unit, turn, table)
    return seen[turn.name]


def compared(unit: UnitOfWork, turn: Turn, table: str, names: Sequence[str]) -> dict[UUID, tuple[Any, ...]]:
    """What these columns will hold, by the rows of the table as it is now that get a value by the turn."""
    rows, found = Conversion(unit.database, turn, table, Found()), dict[UUID, tuple[Any, ...]]()
    last: UUID | None = FIRST
    while last is not None:
        portion, last = rows.portion(unit, last, with_empty=turn.reads_all)
        for row in portion:
            if row.value is not None:
                scalars = turn.stored.split(row.value)
                found[row.id] = tuple(scalars[name] for name in names)
    return found


def look_again(unit: UnitOfWork, turn: Turn, table: str, versions: Versions) -> Found:
    """What becomes of the rows that have changed since they were looked at, at these versions."""
    found = Found()
    rows = Conversion(unit.database, turn, table, found)
    for ids in in_portions(changed(unit, turn, table, versions)):
        rows.of(unit, ids)
    return found


def write(
    unit: UnitOfWork,
    turn: Turn,
    table: str,
    versions: Versions,
    names: Mapping[str, str] = NO_NAMES,
    *,
    is_held: bool = False,
) -> None:
    """Every row holds what its value becomes; raises PlanRefused where one holds what nothing was decided about.

    Those that are still at their one of the `versions` hold it already. `names` are those of columns that have others
    by now. Where it `is_held` that no two hold the same, an index has looked at that.
    """
    found = Found()
    rows = Conversion(unit.database, replace(turn, is_unique=False), table, found, names, is_after=True)
    written = changed(unit, turn, table, versions, names)
    if turn.adds and not unit.dialect.is_sqlite:
        _empty(unit, turn, table, written)
    for ids in in_portions(written):
        put(unit, turn, table, [row for row in rows.of(unit, ids) if turn.adds or not row.is_same])
    if turn.is_unique and not is_held:
        _find_clashes(unit, turn, found)
    if found.faults or found.shared.count:
        raise PlanRefused(list(problems(turn, found)))
    settle(unit)


def _empty(unit: UnitOfWork, turn: Turn, table: str, ids: Sequence[UUID]) -> None:
    """The rows hold nothing, so that records which have exchanged what is unique do not meet in its index."""
    names = [column.name for column in turn.wanted]
    rows = sa.table(table, sa.column("id", Uuid()), *(sa.column(name) for name in names))
    nothing = sa.update(rows).where(any_of(rows.c.id, "ids")).values(dict.fromkeys(names, sa.null()))
    prepared = unit.database.prepare(nothing)
    for some in in_portions(ids):
        unit.change(prepared, {"ids": some})


def settle(unit: UnitOfWork) -> None:
    """No row has yet to be looked at: PostgreSQL makes no index while one waits for that, as what it points at does
    once a row was written twice.
    """
    if not unit.dialect.is_sqlite:
        unit.script("SET CONSTRAINTS ALL IMMEDIATE")
        unit.script("SET CONSTRAINTS ALL DEFERRED")


def _find_clashes(unit: UnitOfWork, turn: Turn, found: Found) -> None:
    """Live records with the same value, which is written by now, are found."""
    column, table = _compared(turn), turn.stored.columns[0].table
    held = (table.c.deleted_at.is_(None), column.is_not(None))
    shared = sa.select(column).where(*held).group_by(column).having(sa.func.count() > 1)
    rows = sa.select(column, table.c.title, table.c.id).where(*held, column.in_(shared))
    for row in unit.execute(rows.order_by(column, table.c.id)).all():
        found.share(row[0], f"{row.title} ({row.id})")


def _compared(turn: Turn) -> sa.Column[Any]:
    """What the key of a field compares: of text the folded twin."""
    key = turn.stored.keys[0]
    return turn.stored.columns[0] if key is None else key


def changed(
    unit: UnitOfWork, turn: Turn, table: str, versions: Versions, names: Mapping[str, str] = NO_NAMES
) -> list[UUID]:
    """The rows that are at another version, or at none; of a link, that have other values than it had."""
    found: Iterator[Any]
    if turn.link:
        now = _read(unit, table, [names.get(column, column) for column in turn.columns])
        found = iter(row[0] for row in now if versions.get(row[0]) != _mark(turn, row[1:]))
    else:
        found = others(versions_of(unit, table), versions)
    ids = unit.database.prepare(sa.select(sa.column("id", Uuid())))
    return sorted(ids.read((key,))[0] for key in found)


def _mark(turn: Turn, values: Sequence[Any]) -> Any:
    """What is other once the row was written."""
    return tuple(values[: len(turn.columns)]) if turn.link else values[0]


def _read(unit: UnitOfWork, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    rows = sa.table(table, sa.column("id", Uuid()), *(sa.column(column) for column in columns))
    return unit.run(unit.database.prepare(sa.select(rows)))


def in_portions(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """As many at a time as one statement names."""
    return (ids[start : start + PORTION] for start in range(0, len(ids), PORTION))


def put(
    unit: UnitOfWork, turn: Turn, table: str, rows: Sequence[Row], names: Mapping[str, str] = NO_NAMES
) -> None:
    """The rows hold what their values become, in columns that are called by these names."""
    if not rows:
        return
    called = {column.name: names.get(column.name, column.name) for column in turn.wanted}
    there = [sa.column(called[column.name], column.type) for column in turn.wanted]
    written = sa.table(table, sa.column("id", Uuid()), *there)
    statement = sa.update(written).where(written.c.id == sa.bindparam("row_id", type_=Uuid()))
    prepared = unit.database.prepare(statement, list(called.values()))
    columns = {called[n]: c for n, c in turn.stored.split_all([row.value for row in rows]).items()}
    unit.run_columns(prepared, {**columns, "row_id": [row.id for row in rows]}, len(rows))


def _of_records(turn: Turn, table: str, kept: Sequence[Any], *, is_after: bool) -> tuple[Any, sa.Select[Any]]:
    """The id of records, and what is read of each."""
    own = (("id", Uuid()), ("version", Integer()), ("title", Text()), ("deleted_at", Instant()))
    rows = sa.table(table, *(sa.column(*each) for each in own), *kept)
    told = None if turn.asked is None else turn.asked.after if is_after else turn.asked.before
    is_asked = sa.case((told, 1), else_=0) if told is not None else sa.literal_column("1", Integer())
    return rows.c.id, sa.select(*(rows.c[name] for name, _ in own), is_asked.label("asked"), *kept)


def _of_links(turn: Turn, table: str, kept: Sequence[Any]) -> tuple[Any, sa.Select[Any]]:
    """The id of links, and what is read of each; they are told by the record from which they start."""
    links = sa.table(table, sa.column("id", Uuid()), sa.column("source", Uuid()), *kept)
    is_after = table == turn.wanted[0].table.name
    columns = (sa.column("id", Uuid()), sa.column("title", Text()), sa.column("deleted_at", Instant()))
    homes = sa.table(turn.homes[is_after], *columns)
    version = sa.literal_column("0", Integer()).label("version")
    is_asked = sa.literal_column("1", Integer()).label("asked")
    own = (links.c.id, version, homes.c.title, homes.c.deleted_at, is_asked)
    chosen = sa.select(*own, *(links.c[c.name] for c in kept))
    return links.c.id, chosen.select_from(links.join(homes, links.c.source == homes.c.id))


class Conversion:
    """The rows of one table, each with what its value becomes; what does not fit is `found`."""

    def __init__(
        self,
        database: Database,
        turn: Turn,
        table: str,
        found: Found,
        names: Mapping[str, str] = NO_NAMES,
        *,
        is_after: bool = False,
    ) -> None:
        self.database, self.turn, self.found = database, turn, found
        self.columns = tuple(dict.fromkeys((*turn.columns, *(c for k in turn.kept for c in k.columns))))
        self.known: dict[tuple[Any, ...], tuple[Became | Unfit, bool]] = {}
        self.kept = self._kept(names)
        self.id, self.rows = (
            _of_links(turn, table, self.kept)
            if turn.link
            else _of_records(turn, table, self.kept, is_after=is_after)
        )

    def _kept(self, names: Mapping[str, str]) -> list[sa.ColumnClause[Any]]:
        """The columns that hold what is read."""
        kinds = [*zip(self.turn.columns, self.turn.change.before.parts, strict=False)]
        kinds += [pair for k in self.turn.kept for pair in zip(k.columns, k.form.parts, strict=True)]
        return [sa.column(names.get(c, c), stored_type(part)) for c, part in dict(kinds).items()]

    @cached_property
    def _all(self) -> sa.Select[Any]:
        chosen = self.rows.where(self.id > sa.bindparam("after", type_=Uuid()))
        return chosen.order_by(self.id).limit(PORTION)

    @cached_property
    def _with_empty(self) -> Prepared:
        return self.database.prepare(self._all)

    @cached_property
    def _filled(self) -> Prepared:
        return self.database.prepare(self._all.where(sa.or_(*(c.is_not(None) for c in self.kept))))

    @cached_property
    def _named(self) -> Prepared:
        return self.database.prepare(self.rows.where(any_of(self.id, "ids")))

    def portion(
        self, unit: UnitOfWork, after: UUID, *, with_empty: bool = True
    ) -> tuple[list[Row], UUID | None]:
        """The next rows by their ids, and the last id, if there may be more."""
        prepared = self._with_empty if with_empty else self._filled
        raw = unit.run(prepared, {"after": after})
        last = prepared.read(raw[-1])[0] if len(raw) == PORTION else None
        return list(self._made(prepared, raw)), last

    def of(self, unit: UnitOfWork, ids: Sequence[UUID]) -> list[Row]:
        """The rows of these ids."""
        return sorted(self._made(self._named, unit.run(self._named, {"ids": ids})), key=lambda row: row.id)

    def _made(self, prepared: Prepared, raw: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
        made = (self._row(row[0], _mark(self.turn, self._marked(row)), prepared.read(row)) for row in raw)
        return (row for row in made if row is not None)

    def _marked(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return row[OWN:] if self.turn.link else row[1:]

    def _row(self, key: Any, version: Any, row: tuple[Any, ...]) -> Row | None:
        id_, _, title, gone, is_asked, *scalars = row
        self.found.touched += 1
        if not is_asked and all(scalar is None for scalar in scalars):
            return Row(key, id_, version, None, True)  # where it is hidden nobody needs a value
        became, is_same = self._became(tuple(scalars))
        if isinstance(became, Unfit):
            if became.fault is Fault.EMPTY and gone is not None:
                return Row(key, id_, version, None, True)  # nobody needs a value in the trash
            self.found.refuse(became, self._sample(id_, title, gone, scalars))
            return None
        if self.turn.is_unique and gone is None and became.value is not None:
            self.found.share(self.scalar(became.value), f"{title} ({id_})")
        for told_of, is_so in ((self.found.decided, became.used), (self.found.left_out, became.left_out)):
            if is_so:
                told_of.add(self._sample(id_, title, gone, scalars))
        return Row(key, id_, version, became.value, is_same)

    def _became(self, scalars: tuple[Any, ...]) -> tuple[Became | Unfit, bool]:
        """What becomes of it, and whether that stands there already; the same values are worked out once."""
        if any(type(scalar) in (list, dict) for scalar in scalars):
            return self._worked_out(scalars)
        made = self.known.get(scalars)
        if made is None:
            made = self._worked_out(scalars)
            if len(self.known) < REMEMBERED:
                self.known[scalars] = made
        return made

    def _worked_out(self, scalars: tuple[Any, ...]) -> tuple[Became | Unfit, bool]:
        row = dict(zip(self.columns, scalars, strict=True))
        try:
            became = self.turn.value(row)
            if self.turn.stored.indexed:
                self._demand_room(became.value)
        except Unfit as unfit:
            return unfit, False
        if not self.turn.kept:
            return became, became.value is None or (self.turn.fills and not became.used)
        last = self.turn.kept[-1]
        return became, became.value == last.form.value(tuple(row[column] for column in last.columns))

    def scalar(self, value: Any) -> Any:
        """What of the value is compared."""
        return self.turn.stored.split(value)[_compared(self.turn).key]

    def _demand_room(self, value: Any) -> None:
        """A text under an index has an end; raises Unfit."""
        try:
            self.turn.stored.split(value)
        except Invalid as refusal:
            raise Unfit(Fault.UNFIT, refusal.first.message) from None

    def _sample(self, id_: UUID, title: str, gone: object, scalars: Sequence[Any]) -> str:
        form = self.turn.change.before
        is_told = self.turn.columns and not self.turn.is_state
        value = form.said(form.value(tuple(scalars[: len(self.turn.columns)]))) if is_told else None
        where = f"{id_}, in the trash" if gone is not None else str(id_)
        return f"{title} ({where})" + ("" if value is None else f": {_short(value)}")


def _short(value: object) -> str:
    text = value if isinstance(value, str) else told(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


# --- what stands against it -------------------------------------------------------------------------

_DECIDE = 'or decide: --decide "{}=VALUE"'


def problems(turn: Turn, found: Found) -> Iterator[Problem]:
    """One problem for each thing that nothing was decided about, its path naming the decision; one for a clash."""
    if found.shared.count:
        yield shared_value(turn.name, found.shared, turn.stored.field.place)
    for (fault, option), failing in sorted(found.faults.items()):
        key = turn.place(fault, option)
        place = replace(turn.stored.field.place, path=key)
        row = "link" if turn.link else "record"
        records = f"1 {row} holds" if failing.count == 1 else f"{failing.count:,} {row}s hold"
        if fault is Fault.UNFIT:
            yield Problem(
                "S123",
                f"{records} a value of {turn.name} that does not fit what it becomes: {failing.told()}.",
                f"Correct them, {_DECIDE.format(key)} says what they become; without VALUE they become empty.",
                place,
            )
        elif fault is Fault.OPTION:
            yield Problem(
                "S124",
                f"{records} the option {option} of {turn.name}, which would be gone: {failing.told()}.",
                f"Choose another one there, {_DECIDE.format(key)} names another; without VALUE they become empty.",
                place,
            )
        elif fault is Fault.STATE:
            yield lost_state(turn.entity, option, failing, turn.stored.field.place)
        else:
            yield without_value(turn.name, failing.count, turn.stored.field.place, row)


def shared_value(name: str, shared: Failing, place: Place) -> Problem:
    """Records would hold the same value of what is unique."""
    message = f"{name} is unique, and records would hold the same value: {shared.told()}."
    return Problem("S121", message, "Change or merge them first.", place)


def lost_state(entity: str, state: str, failing: Failing, place: Place) -> Problem:
    """Records are in a state that would be gone; where they go can be decided."""
    are = f"1 record of {entity} is" if failing.count == 1 else f"{failing.count:,} records of {entity} are"
    key = f"{Fault.STATE}:{entity}.{state}"
    return Problem(
        "S124",
        f"{are} in the state {state}, which would be gone: {failing.told()}.",
        f'Let each take a step to another one first, or decide: --decide "{key}=STATE" says where they go.',
        replace(place, path=key),
    )


def without_value(name: str, count: int, place: Place, row: str = "record") -> Problem:
    """A value is required that records, or links, do not have; it can be decided."""
    has = f"1 {row} has" if count == 1 else f"{count} {row}s have"
    key = f"{Fault.EMPTY}:{name}"
    mend = "Leave it optional, give them a value, by an import, a batch or on the pages"
    hint = f"{mend}, {_DECIDE.format(key)} is given to all of them."
    return Problem("S115", f"{name} would be required, and {has} no value.", hint, replace(place, path=key))
