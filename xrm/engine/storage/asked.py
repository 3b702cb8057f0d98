"""Of which records a value is asked for: where the field is hidden nobody needs one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.matching import Past, Standing
from xrm.metadata.model import Field, Relationship

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the field is shown, in columns as they are called `before` the plan and once they have their names."""

    before: Condition
    after: Condition


def asked(past: Past, standing: Standing, entity: str, thing: Field | Relationship) -> Asked | None:
    """Where a value of the field is asked for; None for everywhere.

    A condition that looks at other records, or at values that become others in the same plan, leaves out none.
    """
    found = past.shown(entity, thing.visible_when) if past.shown and thing.visible_when is not None else None
    if found is None or _fields_in(found) & standing.turns.keys():
        return None
    own = standing.columns
    return Asked(_over(standing, found, own), _over(standing, found, {name: name for name in own}))


def _fields_in(condition: Condition) -> set[str]:
    columns = (c for c in sa.sql.visitors.iterate(condition) if isinstance(c, sa.Column))
    return {str(column.info.get("field", column.name)) for column in columns}


def _over(standing: Standing, condition: Condition, names: Mapping[str, Any]) -> Condition:
    """The condition over columns of these names; one that is not there yet holds nothing."""

    def turn(element: Any, **_: Any) -> Any:
        if not (isinstance(element, sa.Column) and element.table is standing.table):
            return None
        return sa.column(names[element.name], element.type) if element.name in names else sa.null()

    found: Condition = sa.sql.visitors.replacement_traverse(condition, {}, turn)
    return found
