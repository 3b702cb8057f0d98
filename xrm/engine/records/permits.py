"""Rights on rows that are there: which of these records the actor's grants reach, asked in the database.

The same compiled conditions serve reading and writing, so that there is one truth about a row rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import Rights, RowRule, always_readable
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.writer import Writer
from xrm.engine.storage.statements import any_of
from xrm.errors import Forbidden, NotFound, Problem
from xrm.metadata.expressions.tree import Expression, uses
from xrm.metadata.model import HOLDERS, SETTABLE


def rights(setting: Setting, writer: Writer) -> Rights:
    """What the actor may do with the entity of `writer`."""
    return setting.policy.rights(setting.actor, writer.entity.name)


def writable(setting: Setting, writer: Writer, operation: str) -> frozenset[str]:
    """The names that the actor may set; owner, team and external key by whoever may set anything."""
    names = rights(setting, writer).names(operation)
    return names.union(SETTABLE) if rights(setting, writer).can(operation) else names


def readable(setting: Setting, writer: Writer) -> frozenset[str]:
    """The names that the actor may know of."""
    known = rights(setting, writer)
    return (
        known.names("read") | frozenset(always_readable(writer.entity)) if known.can("read") else frozenset()
    )


def known_names(setting: Setting, entity: str) -> frozenset[str]:
    """The names of an entity of which the actor may be told: those to read or to write."""
    rights_ = setting.policy.rights(setting.actor, entity)
    always = always_readable(setting.policy.model.entities[entity]) if rights_.can("read") else ()
    return frozenset(always).union(*(rights_.names(o) for o in ("read", "create", "update", "transition")))


def may_be_told(setting: Setting, expression: Expression) -> bool:
    """True when the actor may know of every name in the expression."""
    return all(name in known_names(setting, entity) for entity, name in uses(expression.tree))


def passing(setting: Setting, writer: Writer, operation: str, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of `ids` on which the operation is granted."""
    return passing_rule(setting, writer, rights(setting, writer).rows_for(operation), ids)


def passing_rule(setting: Setting, writer: Writer, rule: RowRule, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of `ids` whose records satisfy the rule as they are stored now."""
    if rule.everywhere or not ids:
        return frozenset(ids)
    if rule.nowhere:
        return frozenset()
    table = writer.table.table
    statement = writer.statement(
        ("passing", rule.texts),
        lambda: sa.select(table.c.id).where(
            any_of(table.c.id, "ids"), setting.row_rules.condition(rule, writer.entity.name, table)
        ),
    )
    values = {**setting.parameters, "ids": list(ids)}
    return frozenset(statement.read(row)[0] for row in setting.unit.run(statement, values))


def require_entity(setting: Setting, writer: Writer, operation: str, path: str) -> None:
    """The actor may do the operation on some record of the entity; else Forbidden, or NotFound if hidden."""
    known = rights(setting, writer)
    if known.can(operation):
        return
    if not known.can("read"):
        name = writer.entity.name
        raise NotFound(Problem("R104", f"There is no entity {name!r} for you.").under(path))
    raise Forbidden(refusal(writer, operation).under(path) if path else refusal(writer, operation))


def refusal(writer: Writer, operation: str) -> Problem:
    """The problem of an operation that is not granted."""
    message = f"You may not {operation} this {writer.entity.name.replace('_', ' ')}."
    return Problem("A102", message, "Ask an administrator for a role that grants it.")


def require_rows(setting: Setting, drafts: Sequence[Draft], operation: str) -> None:
    """The actor may do the operation on each of these stored records.

    A record that may not even be read raises NotFound, so that nobody learns of it.
    """
    for writer, group in by_writer(drafts):
        ids = [d.id for d in group]
        allowed = passing(setting, writer, operation, ids)
        if len(allowed) == len(set(ids)):
            continue
        seen = passing(setting, writer, "read", ids)
        refused = next(d for d in group if d.id not in allowed)
        if refused.id not in seen:
            message = f"There is no such {writer.entity.name} for you."
            raise NotFound(Problem("R104", message, "", refused.where("")))
        raise Forbidden(refusal(writer, operation).at(refused.where("")))


def require_act(setting: Setting, roots: Sequence[Draft], asked: Draft) -> None:
    """The actor could have done the act that removed these records, and so may undo it."""
    for writer, group in by_writer(roots):
        if len(passing(setting, writer, "delete", [d.id for d in group])) < len(group):
            message = "It was deleted together with records that are not yours to restore."
            raise Forbidden(Problem("A102", message, "Ask whoever deleted them.", asked.where("")))


def require_assign(setting: Setting, drafts: Sequence[Draft]) -> None:
    """Giving a record to someone else needs the right to assign; making it one's own does not."""
    own = {setting.actor.id, *setting.actor.teams, None}
    for draft in drafts:
        given = [n for n in HOLDERS if n in draft.parsed and n in draft.changed]
        away = [n for n in given if draft.new.get(n) not in own or not draft.is_new]
        if away and not passing(setting, draft.writer, "assign", [draft.id]):
            message = "You may not give this record to someone else."
            raise Forbidden(draft.problem("A102", away[0], message, "Ask for the right to assign."))


def require_cells(setting: Setting, drafts: Sequence[Draft], operation: str) -> None:
    """Every field that a draft sets is granted on the record as it is stored now."""
    for writer, group in by_writer(drafts):
        known = rights(setting, writer)
        base = known.rows_for(operation)
        for name in sorted(set[str]().union(*(d.parsed for d in group), *(d.nested for d in group))):
            rule = known.cell(operation, name)
            if rule == base or name in SETTABLE:
                continue
            touched = [d for d in group if name in d.parsed or name in d.nested]
            allowed = passing_rule(setting, writer, rule, [d.id for d in touched])
            refused = next((d for d in touched if d.id not in allowed), None)
            if refused is not None:
                raise Forbidden(
                    refused.problem(
                        "R132",
                        name,
                        f"{writer.label(name)} of this record is not yours to change.",
                        "Leave it out.",
                    )
                )


def require_result(setting: Setting, drafts: Sequence[Draft], operation: str) -> None:
    """The records as they have become are still within the grant; else the change is refused whole."""
    for writer, group in by_writer(drafts):
        allowed = passing(setting, writer, operation, [d.id for d in group])
        refused = next((d for d in group if d.id not in allowed), None)
        if refused is not None:
            message = "The record would leave what your roles let you write."
            hint = "Keep the values that your grant asks for, such as the owner."
            raise Forbidden(Problem("A104", message, hint, refused.where("")))


def by_writer(drafts: Iterable[Draft]) -> Iterator[tuple[Writer, list[Draft]]]:
    """The drafts grouped by entity, in the order of first appearance."""
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.writer.name, []).append(draft)
    return ((group[0].writer, group) for group in groups.values())
