"""References of records become links, or links references: looked at before, and written with the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import sqlalchemy as sa

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import LinkTable
from xrm.engine.storage.forms import DECIDED, Decided, Fault, Unfit, undecided
from xrm.engine.storage.matching import Match, Past
from xrm.engine.storage.relinks import FIRST, LAST, Relink, Spot
from xrm.engine.storage.steps import Occasion
from xrm.engine.storage.turning import PORTION, Failing, Found, shared_value, without_value
from xrm.engine.storage.types import Instant, Integer, Text, Uuid
from xrm.errors import Conflict, PlanRefused, Problem

_FIRST = UUID(int=0)


class To(NamedTuple):
    """What a reference leads to: the number of an entity, and the id of a record."""

    entity: int
    record: UUID


References = tuple[To, ...]
LeftOut = dict[str, list[list[Any]]]  # by the id of a record, the references that it has instead


@dataclass(frozen=True, slots=True)
class _Record:
    """A record with the references that it has, and those that it had before they became others."""

    id: UUID
    title: str
    is_gone: bool
    now: References
    old: References


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided: which of several stays, and what records get that have none; None where nothing was."""

    stays: str | None
    default: To | None

    @staticmethod
    def noted(kept: Mapping[str, Any]) -> Ruling:
        """What the ledger says was decided."""
        default = kept.get("default")
        return Ruling(
            Decided.from_json(kept[DECIDED]).unfit, To(default[0], UUID(default[1])) if default else None
        )


# --- what becomes of them ---------------------------------------------------------------------------


def converted(
    now: References, leads: Spot, ruling: Ruling, *, to_one: bool, needed: bool, used: list[Fault]
) -> References:
    """What the references become where they can lead as `leads` says; raises Unfit where nothing was decided."""
    every = tuple(dict.fromkeys(now))
    fit = tuple(to for to in every if leads.pair or to.entity in leads.columns)
    if len(fit) < len(every) or (to_one and len(fit) > 1):
        if ruling.stays is None:
            raise Unfit(Fault.UNFIT)
        used.append(Fault.UNFIT)
        fit = fit if not to_one else {FIRST: fit[:1], LAST: fit[-1:]}.get(ruling.stays, ())
    if needed and not fit:
        if ruling.default is None:
            raise Unfit(Fault.EMPTY)
        used.append(Fault.EMPTY)
        return (ruling.default,)
    return fit


def _made(relink: Relink, record: _Record, ruling: Ruling, used: list[Fault]) -> tuple[References, bool]:
    """What the references of the record become, and whether a change made since does not fit and is left out."""
    if relink.kept is None or relink.shadow is None:
        made = _forward(relink, record.now, ruling, used, needed=relink.needs_one)
        return _told_all(relink, made, ()), False
    if _were(relink, record) == frozenset(record.now):
        made, is_lost = record.old, False
    else:
        try:
            made, is_lost = _forward(relink, record.now, ruling, used, needed=False), False
            _told_all(relink, made, record.old)
        except Unfit:
            made, is_lost = record.old, True
    if relink.needs_one and not made:
        made = _forward(relink, (), ruling, used, needed=True)
    return made, is_lost


def _forward(
    relink: Relink, now: References, ruling: Ruling, used: list[Fault], *, needed: bool
) -> References:
    to_one = not relink.to_links
    return converted(now, relink.target, ruling, to_one=to_one, needed=needed, used=used)


def _told_all(relink: Relink, made: References, old: References) -> References:
    """The same; raises Unfit where a link would be new and has no value of an attribute that it has to have."""
    if relink.demanded and not set(made) <= set(old):
        raise Unfit(Fault.EMPTY, option=relink.demanded[0])
    return made


def _were(relink: Relink, record: _Record) -> frozenset[To] | None:
    """What became of the old ones when they were set aside; where they were left out, what the record had instead."""
    if relink.shadow is None or relink.source is None:
        return None
    instead = relink.shadow.turned.get("left", {}).get(str(record.id))
    if instead is not None:
        return frozenset(To(entity, UUID(id_)) for entity, id_ in instead)
    ruling, needed = Ruling.noted(relink.shadow.turned), bool(relink.former and relink.former.required)
    try:
        return frozenset(
            converted(record.old, relink.source, ruling, to_one=relink.to_links, needed=needed, used=[])
        )
    except Unfit:
        return None


# --- looking ----------------------------------------------------------------------------------------


def look(unit: UnitOfWork, relink: Relink, ruling: Ruling) -> Found:
    """What becomes of the references as they are now."""
    found = Found()
    table = relink.home.live.name
    for record in _records(unit, table, relink.source, relink.kept):
        _judged(relink, record, ruling, found)
    return found


def write(
    unit: UnitOfWork, relink: Relink, ruling: Ruling, source: Spot | None, table: str, occasion: Occasion
) -> LeftOut:
    """Every record has what its references become; `source` is where they stand now, in the records of `table`.

    Gives what records have instead of changes that are left out. Raises PlanRefused where something was not decided,
    or records would share what has to be unique.
    """
    found, changed, left = Found(), list[tuple[_Record, References]](), LeftOut()
    kept = relink.target if relink.kept is not None else None
    writer = _Writer(unit, relink, occasion)
    for record in _records(unit, table, source, kept):
        count = found.left_out.count
        made = _judged(relink, record, ruling, found)
        if made is not None and found.left_out.count > count:
            left[str(record.id)] = [[to.entity, str(to.record)] for to in made]
        there = record.now if relink.fills else record.old
        if made is not None and frozenset(made) != frozenset(there):
            changed.append((replace(record, old=there), made))
        if len(changed) >= PORTION:
            writer.put(changed)
            changed.clear()
    if found.faults or found.shared.count:
        raise PlanRefused(list(problems(relink, found)))
    writer.put(changed)
    return left


def _judged(relink: Relink, record: _Record, ruling: Ruling, found: Found) -> References | None:
    """What its references become; None where something stands against it, which is told."""
    used: list[Fault] = []
    found.touched += bool(record.now or record.old or relink.needs_one)
    try:
        made, is_lost = _made(relink, record, ruling, used)
    except Unfit as unfit:
        if unfit.fault is Fault.EMPTY and not unfit.option and record.is_gone:
            return ()  # nobody needs a value in the trash
        found.refuse(unfit, _sample(record))
        return None
    if relink.wanted.unique and not record.is_gone and made and not relink.to_links:
        found.share(made[0], f"{record.title} ({record.id})")
    for told_of, is_so in ((found.decided, used), (found.left_out, is_lost)):
        if is_so:
            told_of.add(_sample(record))
    return made


def _sample(record: _Record) -> str:
    where = f"{record.id}, in the trash" if record.is_gone else str(record.id)
    count = len(set(record.now))
    return f"{record.title} ({where})" + (f": {count} links" if count > 1 else "")


def _records(unit: UnitOfWork, table: str, source: Spot | None, kept: Spot | None) -> Iterator[_Record]:
    """All records of the table in the order of their ids, read in portions."""
    columns = (sa.column("id", Uuid()), sa.column("title", Text()), sa.column("deleted_at", Instant()))
    rows = sa.table(table, *columns)
    after, full = _FIRST, True
    while full:
        chosen = sa.select(rows).where(rows.c.id > after).order_by(rows.c.id).limit(PORTION)
        found = unit.execute(chosen).all()
        full = len(found) == PORTION
        if found:
            now, old = (_references(unit, spot, found[0].id, found[-1].id) for spot in (source, kept))
            for row in found:
                is_gone = row.deleted_at is not None
                yield _Record(row.id, row.title, is_gone, now.get(row.id, ()), old.get(row.id, ()))
            after = found[-1].id


def _references(unit: UnitOfWork, spot: Spot | None, first: UUID, last: UUID) -> dict[UUID, References]:
    """What the records between these have, by record, in order."""
    if spot is None:
        return {}
    record: sa.ColumnClause[UUID] = sa.column(spot.record, Uuid())
    ids = [sa.column(name, Uuid()) for name in spot.columns.values()]
    pair: list[sa.ColumnClause[Any]] = []
    if spot.pair is not None:
        pair = [sa.column(spot.pair[0], Integer()), sa.column(spot.pair[1], Uuid())]
    order: list[sa.ColumnClause[Any]] = [sa.column(name) for name in spot.order]
    rows = sa.table(spot.table, *{c.name: c for c in (record, *ids, *pair, *order)}.values())
    chosen = sa.select(*(rows.c[c.name] for c in (record, *ids, *pair))).where(
        rows.c[record.name].between(first, last)
    )
    by_order = [rows.c[name].asc().nulls_first() for name in spot.order]
    found: dict[UUID, list[To]] = {}
    for row in unit.execute(chosen.order_by(rows.c[record.name], *by_order)):
        found.setdefault(row[0], []).extend(_in_row(spot, row[1:]))
    return {id_: tuple(each) for id_, each in found.items()}


def _in_row(spot: Spot, values: Sequence[Any]) -> Iterator[To]:
    if spot.pair is not None:
        if values[-1] is not None:
            yield To(values[-2], values[-1])
        return
    yield from (To(n, id_) for n, id_ in zip(spot.columns, values, strict=True) if id_ is not None)


# --- writing ----------------------------------------------------------------------------------------


class _Writer:
    """Puts references where they shall stand."""

    def __init__(self, unit: UnitOfWork, relink: Relink, occasion: Occasion) -> None:
        self.unit, self.relink, self.occasion, self.spot = unit, relink, occasion, relink.target

    def put(self, changed: Sequence[tuple[_Record, References]]) -> None:
        """The records have these references; raises PlanRefused where the database will not have them twice."""
        try:
            if self.relink.to_links:
                self._put_links(changed)
            elif changed:
                self._put_values(changed)
        except Conflict as error:
            message = f"Records clash by what {self.relink.name} becomes: {error.first.message}"
            raise PlanRefused(
                Problem("S121", message, "Change or merge them first.", self.relink.wanted.place)
            ) from None

    def _put_values(self, changed: Sequence[tuple[_Record, References]]) -> None:
        names = (*self.spot.columns.values(), *(self.spot.pair or ()))
        rows = [
            {"row_id": r.id, **dict.fromkeys(names), **self._said(made[0] if made else None)}
            for r, made in changed
        ]
        table = self._table()
        statement = sa.update(table).where(table.c.id == sa.bindparam("row_id", type_=Uuid()))
        prepared = self.unit.database.prepare(statement, list(names))
        self.unit.run_columns(prepared, _by_column(rows), len(rows))

    def _put_links(self, changed: Iterable[tuple[_Record, References]]) -> None:
        rows = []
        for record, made in changed:
            for to in sorted(set(record.old) - set(made)):
                self._take_out(record.id, to)
            rows += [self._link(record.id, to) for to in made if to not in record.old]
        names = (
            "id",
            "source",
            *self.spot.columns.values(),
            *(self.spot.pair or ()),
            "created_at",
            "created_by",
        )
        self.unit.insert_many(self._table(), names, rows)

    def _link(self, record: UUID, to: To) -> dict[str, Any]:
        names = (*self.spot.columns.values(), *(self.spot.pair or ()))
        made = {"created_at": self.occasion.at, "created_by": self.occasion.actor}
        id_ = uuid5(record, f"{self.relink.name} {to.entity} {to.record}")
        return {"id": id_, "source": record, **dict.fromkeys(names), **self._said(to), **made}

    def _take_out(self, record: UUID, to: To) -> None:
        table = self._table()
        same = (table.c[name] == value for name, value in self._said(to).items())
        self.unit.execute(sa.delete(table).where(table.c.source == record, *same))

    def _said(self, to: To | None) -> dict[str, Any]:
        if to is None:
            return {}
        if self.spot.pair is not None:
            return dict(zip(self.spot.pair, to, strict=True))
        return {self.spot.columns[to.entity]: to.record}

    def _table(self) -> sa.Table:
        stored = self.relink.stored
        return stored.table if isinstance(stored, LinkTable) else self.relink.home.table


def _by_column(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


# --- whom a decision names --------------------------------------------------------------------------


def ruling_of(unit: UnitOfWork, relink: Relink, past: Past, matched: Match, *, after: bool) -> Ruling:
    """What was decided now or once, its record looked up; raises PlanRefused if there is none, or several."""
    said, before = relink.uses(), _once(relink)
    stays = before.stays if said.unfit is None else said.unfit
    if not said.empty:
        return Ruling(stays, before.default)
    found = list(_named(unit, relink, past, matched, said.empty, after=after))
    if len(found) != 1:
        how = "no record" if not found else "more than one record"
        message = f"{said.empty!r} names {how} that {relink.name} can lead to."
        problem = undecided(f"{Fault.EMPTY}:{relink.name}", message)
        hint = "Write the title, the external key or the id of one; of several entities, ENTITY:TITLE."
        raise PlanRefused(replace(problem, hint=hint))
    return Ruling(stays, found[0])


def _once(relink: Relink) -> Ruling:
    """What was decided when what comes back was made, for it holds again."""
    kept = relink.shadow.turned.get("made") if relink.shadow is not None else None
    return Ruling.noted(kept) if kept else Ruling(None, None)


def _named(
    unit: UnitOfWork, relink: Relink, past: Past, matched: Match, said: str, *, after: bool
) -> Iterator[To]:
    tables = past.wanted.entities if past.wanted else {}
    targets = relink.wanted.targets or tuple(tables)
    entity, is_said, rest = said.partition(":")
    chosen, text = ((entity,), rest) if is_said and entity in targets else (targets, said)
    for name in chosen:
        known, stored = past.identities.entities.get(name), tables.get(name)
        if known is None or stored is None:
            continue
        standing = matched.standings.get(str(stored.table.name))
        table = str(stored.table.name) if after or standing is None else standing.live.name
        yield from (To(known.number, id_) for id_ in _records_called(unit, table, text))


def _records_called(unit: UnitOfWork, table: str, text: str) -> list[UUID]:
    columns = [sa.column("id", Uuid()), sa.column("deleted_at", Instant())]
    rows = sa.table(table, *columns, sa.column("title", Text()), sa.column("external_key", Text()))
    live = sa.select(rows.c.id).where(rows.c.deleted_at.is_(None)).limit(2)
    ways = [rows.c.external_key == text, rows.c.title == text]
    with suppress(ValueError):
        ways.insert(0, rows.c.id == UUID(text))
    found = (list(unit.execute(live.where(way)).scalars()) for way in ways)
    return next((ids for ids in found if ids), [])


# --- what stands against it -------------------------------------------------------------------------


def problems(relink: Relink, found: Found) -> Iterator[Problem]:
    """One problem for each thing that nothing was decided about, its path naming the decision; one for a clash."""
    place = relink.wanted.place
    if found.shared.count:
        yield shared_value(relink.name, found.shared, place)
    for (fault, attribute), failing in sorted(found.faults.items()):
        if attribute:
            yield _without_attribute(relink, attribute, failing)
            continue
        if fault is Fault.EMPTY:
            yield without_value(relink.name, failing.count, place)
            continue
        records = "1 record has" if failing.count == 1 else f"{failing.count:,} records have"
        key = f"{Fault.UNFIT}:{relink.name}"
        if relink.to_links:
            message = f"{records} in {relink.name} what its links cannot lead to: {failing.told()}."
            hint = f'Correct them, or decide: with --decide "{key}=" they become empty.'
        else:
            message = (
                f"{records} more links of {relink.name} than the one that it can keep: {failing.told()}."
            )
            hint = (
                f'Take links out, or decide which stays: --decide "{key}=first" or "{key}=last";'
                " without a word none does."
            )
        yield Problem("S123", message, hint, replace(place, path=key))


def _without_attribute(relink: Relink, attribute: str, failing: Failing) -> Problem:
    links = "1 record" if failing.count == 1 else f"{failing.count:,} records"
    demanded = f"{relink.name}.{attribute} is required of a link"
    message = f"{demanded}, and those of {links} would have none: {failing.told()}."
    hint = "Require the attribute later, when the links have it."
    return Problem("S115", message, hint, relink.wanted.attributes[attribute].place)
