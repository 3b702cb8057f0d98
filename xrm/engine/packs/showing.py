"""Where fields are shown, as the database is asked when they become required."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from xrm.engine.projection.programs import is_local
from xrm.engine.projection.sql_expressions import parameter_values, sql_condition
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.storage.entity_tables import Schema
from xrm.metadata.expressions.environment import Context
from xrm.metadata.expressions.tree import Expression

Shown = Callable[[str, Expression], sa.ColumnElement[bool] | None]


def shown_where(schema: Schema, context: Context) -> Shown:
    """What makes a condition of an entity one over its table, as of now; None of one that looks at other records."""
    known = parameter_values(context)

    def condition(entity: str, expression: Expression) -> sa.ColumnElement[bool] | None:
        if not is_local(expression):
            return None
        found = sql_condition(expression, SqlScope(schema, entity, schema[entity].table))
        return _with_values(found, known)

    return condition


def _with_values(condition: sa.ColumnElement[bool], known: Mapping[str, Any]) -> sa.ColumnElement[bool]:
    """The condition with its values in it, so that it can stand in any statement."""

    def told(element: Any, **_: Any) -> Any:
        if not (isinstance(element, sa.BindParameter) and element.key in known):
            return None
        value, is_list = known[element.key], element.expanding
        return sa.bindparam(None, value, type_=element.type, expanding=is_list, unique=True)

    found: sa.ColumnElement[bool] = sa.sql.visitors.replacement_traverse(condition, {}, told)
    return found
