"""Row rules and filters as conditions of the database, with the actor's facts as bound parameters.

One compiled statement serves every actor with the same roles; who it is comes in with the context's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from xrm.engine.access.rights import Condition, Policy, RowRule, always_readable
from xrm.engine.commands import Actor
from xrm.engine.projection.sql_expressions import sql_condition
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.ledger import SHARE
from xrm.engine.storage.statements import any_of
from xrm.metadata.expressions.environment import Context
from xrm.metadata.expressions.tree import Expression

Clause = sa.ColumnElement[bool]


def actor_context(
    actor: Actor, now: datetime, today: date, zone: str, settings: Mapping[str, Any]
) -> Context:
    """What an evaluation on behalf of this actor is given besides records."""
    return Context(
        today=today,
        now=now,
        zone=zone,
        me=actor.id,
        teams=actor.teams,
        unit=actor.unit,
        units=actor.units,
        contact=actor.contact,
        settings=settings,
    )


@dataclass(frozen=True, slots=True)
class Masks:
    """What a reader's rights add to every step of a filter: hidden rows are absent, hidden fields empty."""

    policy: Policy
    actor: Actor
    rules: RowRules

    def restrict(self, entity: str, row: sa.FromClause) -> Clause | None:
        """True on the rows of a related entity that may be read; None for all."""
        rule = self.policy.rights(self.actor, entity).rows_for("read")
        return None if rule.everywhere else self.rules.condition(rule, entity, row)

    def mask(self, entity: str, attribute: str, row: sa.FromClause) -> Clause | None:
        """True on the rows on which the attribute is given; None for every readable row."""
        rights = self.policy.rights(self.actor, entity)
        if attribute in always_readable(self.policy.model.entities[entity]):
            return None
        cell = rights.cell("read", attribute)
        return None if cell == rights.rows_for("read") else self.rules.condition(cell, entity, row)


class RowRules:
    """Compiles row rules and filters against the tables of one model."""

    def __init__(self, schema: Schema, numbers: Mapping[str, int]) -> None:
        self._schema, self._numbers = schema, numbers

    @property
    def numbers(self) -> Mapping[str, int]:
        """The ledger number of each entity."""
        return self._numbers

    def condition(self, rule: RowRule, entity: str, row: sa.FromClause) -> Clause:
        """True where the rule holds for the record in `row`."""
        if rule.everywhere:
            return sa.true()
        alone = (self._holds(c, entity, row) for c in rule.conditions)
        both = (
            sa.and_(self.condition(a, entity, row), self.condition(b, entity, row)) for a, b in rule.pairs
        )
        return sa.or_(sa.false(), *alone, *both)

    def filter(self, expression: Expression, entity: str, row: sa.FromClause, masks: Masks) -> Clause:
        """True where the reader's filter holds, looked at through the reader's rights."""
        scope = SqlScope(
            self._schema, entity, row, restrict=masks.restrict, mask=masks.mask, numbers=self._numbers
        )
        return sql_condition(expression.tree, scope)

    def _holds(self, condition: Condition, entity: str, row: sa.FromClause) -> Clause:
        if condition.path:
            return sa.or_(sa.false(), *self._through(condition, entity, row))
        if condition.shared:
            return self._shared(condition.shared, entity, row)
        if condition.expression is None:
            return sa.true()
        scope = SqlScope(self._schema, entity, row, numbers=self._numbers)
        return sql_condition(condition.expression.tree, scope)

    def _shared(self, operation: str, entity: str, row: sa.FromClause) -> Clause:
        """True where somebody else has shared the record for the operation with the actor or one of their teams.

        Whoever gave a share holds the record by their own grants, and no longer than by these.
        """
        share = SHARE.alias()
        me = sa.bindparam("me", type_=share.c.user.type)
        receives = sa.and_(share.c.by != me, sa.or_(share.c.user == me, any_of(share.c.team, "my_teams")))
        here = (share.c.record == row.c.id, share.c.entity == self._numbers[entity])
        granted = share.c[f"may_{operation}"] == sa.true()
        return sa.exists().where(*here, granted, receives).correlate_except(share)

    def _through(self, condition: Condition, entity: str, row: sa.FromClause) -> Iterable[Clause]:
        """The rule asked of the record that the first lookup of the path leads to."""
        stored: EntityTable = self._schema[entity]
        rest = replace(condition, path=condition.path[1:])
        for target, column in stored.lookups[condition.path[0]].columns.items():
            if not self._leads_on(target, rest, condition.entity):
                continue
            there = self._schema[target].table.alias()
            here = row.c[column.key]
            found = sa.exists().where(there.c.id == here, self._holds(rest, target, there))
            yield found.correlate_except(there)

    def _leads_on(self, target: str, rest: Condition, wanted: str) -> bool:
        """True when the path can go on from `target`, or ends at it as it should."""
        if rest.path:
            return rest.path[0] in self._schema[target].lookups
        return not wanted or target == wanted
