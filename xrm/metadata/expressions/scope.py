"""What an expression may speak of, by the place where it stands, and what an evaluation is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from xrm.metadata.expressions.problems import MAX_NESTING, MAX_NESTING_OF_ROWS
from xrm.metadata.expressions.types import DATE, DATETIME, USER, Kind, Type

TEAMS = Type(Kind.MANY, ("team",))
UNIT = Type(Kind.REFERENCE, ("unit",))
UNITS = Type(Kind.MANY, ("unit",))
CONTACT = Type(Kind.REFERENCE, ("contact",))

CLOCK: Final[Mapping[str, Type]] = MappingProxyType({"today": DATE, "now": DATETIME})
ACTOR: Final[Mapping[str, Type]] = MappingProxyType(
    {"me": USER, "my.teams": TEAMS, "my.unit": UNIT, "my.units": UNITS, "my.contact": CONTACT}
)

# The named levels of a grant's rows, as the row rules that they mean. Each holds what the one before holds.
LEVELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "own": "owner == me",
        "team": "owner == me or team in my.teams",
        "unit": "owner == me or team in my.teams or unit == my.unit",
        "unit_and_below": "owner == me or team in my.teams or unit in my.units",
        "all": "true",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is available to an expression.

    `record` names the entity of the record in hand when bare names belong to another one (a lookup's filter,
    a rollup's condition); then `record.` leads to it. `old` admits `old.` and `changed()`, `actor` admits
    `me` and `my.`, `clock` admits today() and now(), `paths` admits relationships and many records. `plain`
    leaves only comparisons of own values, as an index can keep them. `members` admits a record `in` many others, which
    only the record service judges. `settings` types what `settings.` has.
    `each` names the entity of the records that a rule goes over; then the word `each` is the one that is asked,
    wherever it stands.
    `nesting` is how deep the SQL may be.
    """

    record: str = ""
    old: bool = False
    actor: bool = True
    clock: bool = True
    paths: bool = True
    plain: bool = False
    members: bool = False
    each: str = ""
    settings: Mapping[str, Type] = field(default_factory=dict)
    nesting: int = MAX_NESTING

    def with_record(self, entity: str) -> Scope:
        """The same scope for bare names of another record than the one in hand."""
        return replace(self, record=entity)

    def of_each(self, each: str, entity: str) -> Scope:
        """The same scope for bare names of each record that keeps a rule for one of the entity."""
        return replace(self, record=entity, each=each)

    def with_settings(self, settings: Mapping[str, Type]) -> Scope:
        """The same scope with the settings of a pack."""
        return replace(self, settings=settings)


FILTER = Scope()  # view filters, API filters, defaults, visibility
ROWS = Scope(nesting=MAX_NESTING_OF_ROWS)  # row rules, which stand inside other queries
RULE = Scope(old=True)  # validation rules, guards, conditions of automations
TITLE = Scope(actor=False, clock=False, paths=False)  # titles: own stored fields only
KEPT = Scope(old=True, members=True)  # what rules that are kept in records ask
KEY = Scope(actor=False, clock=False, paths=False, plain=True)  # conditions of unique keys
FORMULA = Scope(actor=False)  # formulas and rollups
