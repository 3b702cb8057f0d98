"""The base currency stays what it is as long as amounts are kept that say what they are worth in it."""

from __future__ import annotations

import sqlalchemy as sa

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.ledger import INSTALLATION
from xrm.engine.storage.rates import BASE
from xrm.errors import Place, Problem, Unavailable


def demand_base(database: Database, schema: Schema, currency: str) -> None:
    """The installation's amounts are worth what they are in this currency; raises Unavailable if in another one.

    Where there are no amounts yet, or nobody said, it is this one from now on.
    """
    with database.read() as unit:
        kept = unit.execute(sa.select(BASE.c.currency)).scalar()
        if kept == currency or not unit.execute(sa.select(INSTALLATION.c.id)).first():
            return
        if kept is not None and _has_amounts(unit, schema):
            raise _other(kept, currency)
    database.transact(lambda own: _keep(own, currency))


def _has_amounts(unit: UnitOfWork, schema: Schema) -> bool:
    columns = (
        stored.columns[0]
        for table in schema
        for stored in table.fields.values()
        if stored.field.type.in_base is not None
    )
    return any(unit.execute(sa.select(c).where(c.is_not(None)).limit(1)).first() for c in columns)


def _keep(unit: UnitOfWork, currency: str) -> None:
    unit.execute(sa.delete(BASE))
    unit.execute(sa.insert(BASE), {"id": 1, "currency": currency})


def _other(kept: str, currency: str) -> Unavailable:
    message = (
        f"The settings say that the base currency is {currency}, and the amounts here are told in {kept}."
    )
    other = f"To tell them in {currency}, export the records and import them into a new installation."
    hint = f"Set XRM_CURRENCY to {kept} again. {other}"
    problem = Problem("C107", message, hint, Place(path="XRM_CURRENCY"))
    return Unavailable(problem, facts={"retry_after": 60, "status": 503})
