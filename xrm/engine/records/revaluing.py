"""What stored amounts are worth is found anew by the rates of a day: asked for by people, never by a rate alone.

Records go through the steps of any write, so that history tells it, and sums and rules follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Target, Update
from xrm.engine.records.batch import Setting
from xrm.engine.records.exchanging import rate_day, unknown_rate
from xrm.engine.records.priced import Priced
from xrm.engine.records.writer import Writer
from xrm.engine.storage.types import Uuid
from xrm.errors import Place, Problem
from xrm.metadata.values import meant

PORTION = 200
_AFTER = "after"


@dataclass(frozen=True, slots=True)
class Portion:
    """Some records with foreign amounts: what is to be written of them, and where the next begin.

    `unknown` are amounts whose rate is not known, by record; they stay worth what they were.
    """

    last: UUID | None
    count: int
    commands: tuple[Update, ...]
    unknown: tuple[tuple[UUID, Problem], ...]


def portion(setting: Setting, writer: Writer, after: UUID | None, day: date | None) -> Portion:
    """The next live records with amounts in other currencies than the base, by what these are worth on the day.

    Without a day, by the day that their fields name, and by today's where they name none.
    """
    ids = _ids(setting, writer, after)
    commands, unknown = list[Update](), list[tuple[UUID, Problem]]()
    for record, values in writer.load(setting.unit, ids).items():
        worth = dict[str, Decimal]()
        for priced, value in _foreign(writer, values, setting.currency):
            on = day or rate_day(setting, priced, values)
            found = priced.in_base(value, setting.rates.on(on))
            if not priced.is_known(found):
                unknown.append(
                    (record, unknown_rate(value, setting.currency, on).at(Place(path=priced.name)))
                )
            elif found != value:
                worth[priced.name] = meant(found, "base")
        if worth:
            commands.append(Update(writer.name, Target(record), {}, accept_duplicates=True, worth=worth))
    return Portion(ids[-1] if len(ids) == PORTION else None, len(ids), tuple(commands), tuple(unknown))


def count(setting: Setting, writer: Writer) -> int:
    """How many live records have amounts in other currencies than the base."""
    if not writer.in_base:
        return 0
    chosen = sa.select(sa.func.count()).select_from(writer.table.table).where(_has_foreign(setting, writer))
    return int(setting.unit.execute(chosen).scalar_one())


def _foreign(writer: Writer, values: Mapping[str, Any], base: str) -> Iterator[tuple[Priced, Any]]:
    for name, priced in writer.in_base.items():
        value = values[name]
        if value is not None and meant(value, "currency") != base:
            yield priced, value


def _has_foreign(setting: Setting, writer: Writer) -> sa.ColumnElement[bool]:
    columns = [_currency(writer, name) for name in writer.in_base]
    is_foreign = sa.or_(*(column != setting.currency for column in columns))
    return sa.and_(writer.table.table.c.deleted_at.is_(None), is_foreign)


def _currency(writer: Writer, name: str) -> sa.ColumnElement[Any]:
    stored = writer.table.fields[name]
    parts = stored.field.type.parts(stored.field.params)
    place = next(i for i, part in enumerate(parts) if part.suffix == "currency")
    return stored.columns[place]


def _ids(setting: Setting, writer: Writer, after: UUID | None) -> Sequence[UUID]:
    if not writer.in_base:
        return ()
    column = writer.table.table.c.id
    chosen = sa.select(column).where(_has_foreign(setting, writer)).order_by(column).limit(PORTION)
    if after is not None:
        chosen = chosen.where(column > sa.literal(after, Uuid()))
    return list(setting.unit.execute(chosen).scalars())
