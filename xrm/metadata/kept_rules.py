"""Rules that people keep in records, as the model knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xrm.errors import NOWHERE, Place
from xrm.metadata.expressions.tree import Expression


@dataclass(frozen=True, slots=True)
class KeptRule:
    """What rules that are kept in records say of a record of this entity.

    `path` leads to them, records of `entity`, whose field `holds` says in an expression where they count: of the record
    itself, or of that to which the lookup `on` leads; without it they always do. Where they count and `when` holds of
    them, `must` holds, which is told in the words of their field `say`, and refused unless `warns`; `choose` is what a
    new record begins with in `into`; and `keep` leads to them. In `must` and `when` bare names are theirs, `each.`
    too, and `record.` is the record's.
    """

    name: str
    path: tuple[str, ...]
    entity: str
    holds: str
    must: Expression | None = None
    when: Expression | None = None
    on: str = ""
    say: str = ""
    warns: bool = False
    choose: str = ""
    into: str = ""
    keep: str = ""
    message: Mapping[str, str] = field(default_factory=dict)
    place: Place = NOWHERE
    field: str = ""


def kept_by(rules: Mapping[str, KeptRule]) -> frozenset[str]:
    """The relationships that lead to what the rules of an entity keep; nobody writes them."""
    return frozenset(rule.keep for rule in rules.values() if rule.keep)
