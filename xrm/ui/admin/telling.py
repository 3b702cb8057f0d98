"""Rights in sentences: what may be done with an entity, on which records, with which fields, and because of what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from xrm.engine.access import Condition, Rights, RowRule, all_names
from xrm.metadata.expressions import LEVELS
from xrm.metadata.model import OPERATIONS, Entity, Field, Relationship
from xrm.ui.pages.operations import PUBLISH
from xrm.ui.pages.visit import Visit

MOST_NAMED = 6
WITH_FIELDS = frozenset({"create", "read", "update", "export", "import"})


@dataclass(frozen=True, slots=True)
class Line:
    """Operations that are granted on the same records with the same fields."""

    operations: tuple[str, ...]
    records: str
    fields: str
    reasons: tuple[str, ...]


def lines_of(visit: Visit, entity: Entity, rights: Rights) -> tuple[Line, ...]:
    """What these rights give on the entity; what is alike in records, fields and reasons stands together."""
    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for operation in OPERATIONS:
        if rights.can(operation):
            records = "" if operation == PUBLISH else rows_in_words(visit, rights.rows_for(operation))
            fields = fields_in_words(visit, entity, rights, operation) if operation in WITH_FIELDS else ""
            reasons = tuple(dict.fromkeys(rights.reasons.get(operation, ())))
            found.setdefault((records, fields, reasons), []).append(operation)
    return tuple(Line(tuple(done), *alike) for alike, done in found.items())


def rows_in_words(visit: Visit, rule: RowRule) -> str:
    """On which records a rule holds."""
    if rule.everywhere:
        return visit.ui.t("all records")
    said = [_condition(visit, condition) for condition in _without_narrower(rule.conditions)]
    said += [f"{rows_in_words(visit, a)} ({rows_in_words(visit, b)})" for a, b in rule.pairs]
    return f" {visit.ui.t('or')} ".join(dict.fromkeys(said))


def _without_narrower(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """The conditions without the levels that lie inside of a wider one."""
    order = list(LEVELS.values())
    levels = [c for c in conditions if not c.path and c.expression and c.expression.text in order]
    widest = max(levels, key=lambda c: order.index(c.text), default=None)
    return (c for c in conditions if c not in levels or c is widest)


def _condition(visit: Visit, condition: Condition) -> str:
    t = visit.ui.t
    if condition.shared:
        return t("what is shared with them")
    said = "" if condition.expression is None else _expression(visit, condition.expression.text)
    if not condition.path:
        return said
    found = visit.model.entities.get(condition.entity)
    parent = visit.label(found) if found else condition.entity
    if not said:
        return t("what belongs to a record of {entity}", entity=parent)
    return t("what belongs to a record of {entity}, there: {rule}", entity=parent, rule=said)


def _expression(visit: Visit, text: str) -> str:
    t = visit.ui.t
    levels = {
        LEVELS["own"]: t("their own"),
        LEVELS["team"]: t("their own and their teams'"),
        LEVELS["unit"]: t("their own, their teams' and their unit's"),
        LEVELS["unit_and_below"]: t("their own, their teams', their unit's and those of units below"),
    }
    return levels.get(text) or t("where {rule}", rule=text)


def fields_in_words(visit: Visit, entity: Entity, rights: Rights, operation: str) -> str:
    """Which fields an operation may touch, and those that it may touch on fewer records only."""
    t, every = visit.ui.t, all_names(entity)
    given = rights.names(operation) & every
    lacking = every - given
    if not lacking:
        said = t("all fields")
    elif not given:
        said = t("no field")
    elif len(given) <= MOST_NAMED and len(given) < len(lacking):
        said = t("only {fields}", fields=_names(visit, entity, given))
    else:
        said = t("all but {fields}", fields=_names(visit, entity, lacking))
    rows = rights.rows_for(operation)
    fewer = [name for name in given if rights.cell(operation, name) != rows]
    return said + (
        f"; {t('on fewer records: {fields}', fields=_names(visit, entity, fewer))}" if fewer else ""
    )


def _names(visit: Visit, entity: Entity, names: Iterable[str]) -> str:
    known: Mapping[str, Field | Relationship] = {**entity.fields, **entity.relationships}
    told = sorted((visit.text(known[name].label, name) for name in names), key=str.casefold)
    more = len(told) - MOST_NAMED
    shown = ", ".join(told[:MOST_NAMED])
    return f"{shown} {visit.ui.t('and {count} more', count=more)}" if more > 0 else shown


def because(visit: Visit, reasons: Iterable[str], through: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The roles and other causes behind rights; `through` names the teams by which a role is held."""
    t, roles = visit.ui.t, visit.snapshot.policy.roles
    for reason in reasons:
        role = reason.partition(".")[0]
        if role in roles:
            name, teams = visit.text(roles[role].label, role), ", ".join(through.get(role, ()))
            yield t("{role} through {team}", role=name, team=teams) if teams else name
        elif " on " in reason:
            parent = visit.model.entities.get(reason.rpartition(" on ")[2])
            yield t("it belongs to {entity}", entity=visit.label(parent) if parent else reason)
        else:
            yield t("every role")
