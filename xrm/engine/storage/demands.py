"""What definitions newly demand of the records that are there already: values, and that none is there twice."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.asked import asked
from xrm.engine.storage.conditions import meets
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Column, EntityTable, LinkTable, Schema, UniqueKey
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.engine.storage.relinksteps import unlinked
from xrm.engine.storage.states import lost_states
from xrm.engine.storage.turn import Turn
from xrm.engine.storage.turning import (
    Found,
    compared,
    look_again,
    looked,
    problems,
    shared_value,
    without_value,
)
from xrm.engine.storage.types import Text, Uuid
from xrm.errors import Problem
from xrm.metadata.model import Entity, Field, Relationship

SHOWN = 3  # groups of records that share a value, and records of each


def unmet_demands(
    schema: Schema, unit: UnitOfWork, matched: Match, past: Past, *, before_steps: bool = False
) -> list[Problem]:
    """A problem for each field and key of `schema` that live records do not fit, as nobody asked it of them before.

    What was demanded before is not looked at again: records may lack a value that their writer could not give. Fields
    that get other columns look again themselves when the steps are taken, so `before_steps` leaves them out.
    """
    relinked = {relink.name for relink in matched.relinks}
    return [
        *(() if before_steps else unlinked(unit, past, matched)),
        *lost_states(unit, matched, past),
        *(
            problem
            for stored in schema
            if not stored.entity.is_engine and stored.table.name in matched.standings
            for problem in (
                *_unmet(unit, matched.standings[stored.table.name], past, stored, relinked),
                *_clashes(
                    unit, matched.standings[stored.table.name], past, stored, before_steps=before_steps
                ),
                *_unfit(unit, matched.standings[stored.table.name], past, before_steps=before_steps),
            )
        ),
        *(
            problem
            for stored in schema
            for link in stored.links.values()
            if link.table.name in matched.standings
            for problem in (
                *_unmet_of_links(unit, matched, past, stored, link),
                *_unfit(unit, matched.standings[link.table.name], past, before_steps=before_steps),
            )
        ),
    ]


def _unfit(unit: UnitOfWork, standing: Standing, past: Past, *, before_steps: bool) -> Iterator[Problem]:
    """What becomes of values is decided, wherever they do not fit what their fields become."""
    table = standing.live.name
    for turn in standing.turns.values():
        if not before_steps:
            yield from problems(turn, looked(unit, turn, table, past.seen))
        elif turn.is_check:
            yield from problems(turn, look_again(unit, turn, table, past.copied.get(turn.name, {})))


def _unmet(
    unit: UnitOfWork, standing: Standing, past: Past, stored: EntityTable, relinked: Container[str]
) -> Iterator[Problem]:
    former = (
        past.before.model.entities.get(past.identities.present(stored.entity.name)) if past.before else None
    )
    for thing, columns in _required(stored):
        known = past.identities.fields.get((stored.entity.name, thing.name))
        if thing.name in standing.turns and not standing.turns[thing.name].is_check:
            continue
        if f"{stored.entity.name}.{thing.name}" in relinked:
            continue
        name = known.name if known else thing.name
        if not (standing.shadow.demanded(name) if standing.shadow else _was_required(former, name)):
            yield from _without_value(unit, standing, stored, thing, columns, past)


def _unmet_of_links(
    unit: UnitOfWork, matched: Match, past: Past, stored: EntityTable, link: LinkTable
) -> Iterator[Problem]:
    """An attribute that every link shall have, and some do not; as with records, what is in the trash owes nothing."""
    standing, home = matched.standings[link.table.name], matched.standings[stored.table.name]
    entity, name = stored.entity.name, link.relationship.name
    for attribute in link.attributes.values():
        field, turn = attribute.field, standing.turns.get(attribute.field.name)
        if not field.required or (turn is not None and not turn.is_check):
            continue
        if _attributes_before(standing, past, entity, name).get(
            past.stored_as(entity, field.name, name), False
        ):
            continue
        links, homes = (
            sa.table(standing.live.name, sa.column("source")),
            sa.table(home.live.name, sa.column("id")),
        )
        empty = (standing.present(c.is_(None)) for c in attribute.columns if c.name in standing.columns)
        joined = links.join(homes, links.c.source == homes.c.id)
        where = (sa.column("deleted_at").is_(None), *empty)
        count = unit.execute(sa.select(sa.func.count()).select_from(joined).where(*where)).scalar()
        if count:
            yield without_value(f"{entity}.{name}.{field.name}", count, field.place, "link")


def _attributes_before(standing: Standing, past: Past, entity: str, name: str) -> Mapping[str, bool]:
    """Which attributes a link had so far, by the names of then, and whether every link had to have them."""
    if standing.shadow is not None:
        told = standing.shadow.definition if isinstance(standing.shadow.definition, Mapping) else {}
        return {n: bool(kept.get("required")) for n, kept in told.get("attributes", {}).items()}
    former = past.before.model.entities.get(past.identities.present(entity)) if past.before else None
    there = former.relationships.get(past.stored_as(entity, name)) if former else None
    return {n: field.required for n, field in there.attributes.items()} if there else {}


def _clashes(
    unit: UnitOfWork, standing: Standing, past: Past, stored: EntityTable, *, before_steps: bool
) -> Iterator[Problem]:
    """Records that would share a key which is new, or whose values become others, but for keys that hold already.

    A field that is unique by itself looks at that with its values: at all of them with the plan, later at what has
    changed. Steps that write values look at keys of those themselves.
    """
    for key in stored.keys.values():
        turned = _turned(standing, stored, key)
        turns = [standing.turns[name] for name in key.key.fields if name in standing.turns]
        is_alone = len(key.key.fields) == 1 and key.key.when is None
        is_told = is_alone and any(turn.is_unique for turn in turns) and (turned or not before_steps)
        if not key.index or is_told or key.index in past.made:
            continue
        if turned and not before_steps:
            yield from _shared_then(unit, standing, stored, key, turned)
        elif not turned and key.index not in standing.live.indexes:
            yield from _shared(unit, standing, stored, key)


def _turned(standing: Standing, stored: EntityTable, key: UniqueKey) -> list[Turn]:
    """The fields that get other columns, and that the key or its condition is about."""
    if not key.index or not standing.turned:
        return []
    about = _asked(stored, key)
    return [turn for turn in standing.turned if about.intersection(_parts(turn))]


def _required(stored: EntityTable) -> Iterator[tuple[Field | Relationship, tuple[Column, ...]]]:
    yield from ((s.field, s.columns) for s in stored.fields.values() if s.field.required)
    for lookup in stored.lookups.values():
        if lookup.relationship.required and not lookup.relationship.is_parent:
            yield lookup.relationship, lookup.all_columns


def _was_required(former: Entity | None, name: str) -> bool:
    thing = former and (former.fields.get(name) or former.relationships.get(name))
    return bool(thing and thing.required)


def _without_value(
    unit: UnitOfWork,
    standing: Standing,
    stored: EntityTable,
    thing: Field | Relationship,
    columns: tuple[Column, ...],
    past: Past,
) -> Iterator[Problem]:
    """Where a column is not there yet, no record has a value; where the field is hidden, none is missing."""
    empty = [column.is_(None) for column in columns if column.name in standing.columns]
    where = standing.present(sa.and_(stored.table.c.deleted_at.is_(None), *empty))
    if (told := asked(past, standing, stored.entity.name, thing)) is not None:
        where = sa.and_(where, told.before)
    count = unit.execute(
        sa.select(sa.func.count()).select_from(sa.table(standing.live.name)).where(where)
    ).scalar()
    if count:
        yield without_value(f"{stored.entity.name}.{thing.name}", count, thing.place)


def _shared(unit: UnitOfWork, standing: Standing, stored: EntityTable, key: UniqueKey) -> Iterator[Problem]:
    """Records clash where every column of the key holds a value and another record holds the same."""
    wanted = sa.and_(_condition(stored, key), *(column.is_not(None) for column in key.columns))
    if not _names_in(wanted) <= standing.columns.keys():
        return
    columns = [standing.present(column) for column in key.columns]
    rows = sa.table(standing.live.name, sa.column("id", Uuid()), sa.column("title", Text()))
    held = standing.present(wanted)
    once = sa.select(*columns).select_from(rows).where(held).group_by(*columns).having(sa.func.count() > 1)
    count = unit.execute(sa.select(sa.func.count()).select_from(once.subquery())).scalar()
    if count:
        values = "1 value is" if count == 1 else f"{count} values are"
        yield Problem(
            "S121",
            f"{_names(stored, key)} would be unique, and {values} held by more than one record:"
            f" {_sharers(unit, rows, held, columns, once)}.",
            "Change or merge them first.",
            key.key.place,
        )


def _shared_then(
    unit: UnitOfWork, standing: Standing, stored: EntityTable, key: UniqueKey, turned: Sequence[Turn]
) -> Iterator[Problem]:
    """Records clash by what their values become, together with those that stay, and are looked at where the key is
    about them then.
    """
    table, own = standing.live.name, {name for turn in turned for name in _parts(turn)}
    became = [(_parts(turn), compared(unit, turn, table, _parts(turn))) for turn in turned]
    rows = sa.table(table, sa.column("id", Uuid()), sa.column("title", Text()))
    staying = {
        name: standing.present(term)
        for name, term in _terms(stored, key).items()
        if _names_in(term) <= standing.columns.keys() - own
    }
    values: list[Any] = [term.label(f"value_{n}") for n, term in enumerate(staying.values())]
    live = standing.present(stored.table.c.deleted_at.is_(None))
    found = Found()
    for row in unit.execute(sa.select(rows.c.id, rows.c.title, *values).where(live).order_by(rows.c.id)):
        scalars: dict[str, Any] = dict(zip(staying, row[2:], strict=True))
        for names, known in became:
            scalars |= zip(names, known.get(row.id, (None,) * len(names)), strict=True)
        whole = tuple(scalars.get(_called(column)) for column in key.columns)
        if None not in whole and _is_about(stored, key, scalars):
            found.share(whole, f"{row.title} ({row.id})")
    if found.shared.count:
        yield shared_value(_names(stored, key), found.shared, key.key.place)


def _is_about(stored: EntityTable, key: UniqueKey, scalars: Mapping[str, Any]) -> bool:
    """Whether the key is about a record that holds these."""
    return key.key.when is None or meets(
        key.key.when.tree, lambda path: scalars.get(str(stored.column(path).name))
    )


def _asked(stored: EntityTable, key: UniqueKey) -> set[str]:
    """The columns of the key and of its condition."""
    return set().union(*map(_names_in, (_condition(stored, key), *key.columns)))


def _terms(stored: EntityTable, key: UniqueKey) -> dict[str, Any]:
    """What has to be known of a record: what the key compares, and the columns that its condition is about."""
    columns = {name: stored.table.c[name] for name in sorted(_names_in(_condition(stored, key)))}
    return columns | {_called(column): column for column in key.columns}


def _called(term: sa.ColumnElement[Any]) -> str:
    return str(term.name) if isinstance(term, sa.Column) else str(term)


def _parts(turn: Turn) -> tuple[str, ...]:
    return tuple(column.name for column in turn.wanted)


def _condition(stored: EntityTable, key: UniqueKey) -> sa.ColumnElement[bool]:
    """Of which records the key speaks."""
    index = next(index for index in stored.table.indexes if index.name == key.index)
    where: sa.ColumnElement[bool] = index.dialect_options["postgresql"]["where"]
    return where


def _names_in(term: sa.ColumnElement[Any]) -> set[str]:
    return {c.name for c in sa.sql.visitors.iterate(term) if isinstance(c, sa.Column)}


def _names(stored: EntityTable, key: UniqueKey) -> str:
    return ", ".join(f"{stored.entity.name}.{name}" for name in key.key.fields)


def _sharers(
    unit: UnitOfWork,
    rows: sa.TableClause,
    held: sa.ColumnElement[bool],
    columns: Sequence[sa.ColumnElement[Any]],
    once: sa.Select[Any],
) -> str:
    """Some of the records that share values, those with the same together."""
    told = []
    for shared in unit.execute(once.order_by(*columns).limit(SHOWN)).all():
        same = [column == value for column, value in zip(columns, shared, strict=True)]
        found = sa.select(rows.c.title, rows.c.id).where(held, *same).order_by(rows.c.id).limit(SHOWN)
        told.append(" and ".join(f"{row.title} ({row.id})" for row in unit.execute(found)))
    return "; ".join(told)
