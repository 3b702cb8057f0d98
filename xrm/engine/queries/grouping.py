"""Groups and aggregates: the same filters and rights as lists, with terms in the expression language."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.exact_sql import Spelled
from xrm.engine.projection.sql_expressions import sql_value
from xrm.engine.projection.sql_scope import SqlScope
from xrm.engine.queries.conditions import base_conditions, search_condition
from xrm.engine.queries.frame import Element, Frame
from xrm.engine.queries.plan import Filtered, Kit, filtered
from xrm.engine.queries.references import titles_of
from xrm.engine.queries.request import Aggregate
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.statements import Prepared
from xrm.engine.storage.types import Integer, ScaledDecimal, Text
from xrm.errors import Invalid, Place, Problem, Problems, TooLarge
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import NUMBERS, ORDERED, Kind
from xrm.metadata.fieldtypes.iso import currency_decimals
from xrm.metadata.fieldtypes.times import write_duration, write_instant
from xrm.metadata.values import EXACT_SCALE, MAX_DIGITS, round_half_up

_CALL = re.compile(r"(count|sum|min|max|avg)\((.*)\)\Z", re.DOTALL)
_PERIOD = re.compile(r"(month|quarter)\((.*)\)\Z", re.DOTALL)
_PERIODS: Mapping[str, tuple[str, str]] = {
    "month": ("to_char({0}, 'YYYY-MM')", "substr({0}, 1, 7)"),
    "quarter": (
        """to_char({0}, 'YYYY"-Q"Q')""",
        "(substr({0}, 1, 4) || '-Q' || ((substr({0}, 6, 2) + 2) / 3))",
    ),
}
_GROUPABLE = ORDERED | {Kind.TEXT, Kind.CHOICE, Kind.BOOLEAN, Kind.REFERENCE}
_SUMMABLE = NUMBERS | {Kind.DURATION}


@dataclass(frozen=True, slots=True)
class Term:
    """One column of the answer: its text, its SQL, and what its values are.

    `is_all` counts whole records; `is_partial` is what some of the rows do not show to the reader.
    """

    text: str
    column: Element
    kind: Kind
    entity: str = ""
    currency: str = ""
    is_all: bool = False
    is_partial: bool = False


def aggregate(
    kit: Kit, unit: UnitOfWork, query: Aggregate, parameters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The groups of the readable matching records, in the order of the group terms."""
    _refuse_many(kit, query)
    plan, literals = kit.plan(
        ("asked", *_shape(query), query.filters, query.conditions, query.tests), lambda: _ask(kit, query)
    )
    values = {**parameters, **literals, "limit": min(query.limit, kit.limits.group_rows)}
    if query.search:
        values["q"] = kit.index.query(query.search)
    rows = [plan.statement.read(row) for row in unit.run(plan.statement, values)]
    titles = _titles(kit, unit, plan.groups, rows, parameters)
    terms, width = [*plan.groups, *plan.found], len(plan.groups)
    answers = ([*row[:width], *_results(plan.found, row[width:])] for row in rows)
    return [{t.text: _shown(t, v, titles) for t, v in zip(terms, answer, strict=True)} for answer in answers]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement, and what its columns mean."""

    statement: Prepared
    groups: Sequence[Term]
    found: Sequence[Term]


def _shape(query: Aggregate) -> tuple[Hashable, ...]:
    return ("groups", query.entity, query.group, query.aggregates, query.trash, bool(query.search))


def _ask(kit: Kit, query: Aggregate) -> tuple[_Plan, Mapping[str, Any]]:
    """The plan, which serves whatever the literals of the filters are, and these."""
    filters = filtered(kit, query)
    key = (*_shape(query), filters.lifted.shape)
    return kit.plan(key, lambda: _plan(kit, query, filters)), filters.lifted.values


def _plan(kit: Kit, query: Aggregate, filters: Filtered) -> _Plan:
    frame, problems = filters.frame, Problems()
    groups = [t for text in query.group if (t := _group(kit, frame, text, problems)) is not None]
    found = [t for text in query.aggregates if (t := _aggregate(kit, frame, text, problems)) is not None]
    if problems:
        raise Invalid(problems.found)
    statement = _statement(kit, query, filters, groups, found)
    return _Plan(kit.prepare(statement, filters.lifted.literals), groups, found)


def _refuse_many(kit: Kit, query: Aggregate) -> None:
    most = kit.limits.group_terms
    if max(len(query.group), len(query.aggregates)) > most:
        problem = Problem("L111", f"There are more than {most} terms.", "Ask twice.", Place(path="group"))
        raise TooLarge(problem, facts={"limit": "group_terms"})


def _statement(
    kit: Kit, query: Aggregate, filters: Filtered, groups: Sequence[Term], found: Sequence[Term]
) -> sa.Select[Any]:
    """The terms are taken in a subquery first, so that a term with a subquery in it may be grouped by."""
    frame = filters.frame
    conditions = [*base_conditions(frame, query.trash), *filters.conditions]
    if query.search:
        conditions.append(search_condition(frame, kit.index, kit.numbers))
    inner = [t.column.label(f"g{i}") for i, t in enumerate(groups)]
    inner += [t.column.label(f"a{i}") for i, t in enumerate(found) if not t.is_all]
    taken = inner or [sa.literal_column("1").label("record")]
    base = sa.select(*taken).select_from(frame.table).where(*conditions).subquery()
    keys = [base.c[f"g{i}"] for i in range(len(groups))]
    results = [c for i, t in enumerate(found) for c in _combined(t, base.c.get(f"a{i}", t.column))]
    chosen = sa.select(*keys, *results).select_from(base)
    limit = sa.bindparam("limit", type_=sa.Integer())
    return chosen.group_by(*keys).order_by(*(k.asc().nulls_first() for k in keys)).limit(limit)


def _combined(term: Term, column: Element) -> list[Element]:
    """The aggregate over the taken column: one result, or sum and count where it is a mean."""
    name = term.text.split("(", 1)[0]
    if name == "count":
        return [sa.func.count(type_=Integer()) if term.is_all else sa.func.count(column, type_=Integer())]
    if name in ("sum", "avg"):
        total = sa.func.sum(column, type_=_wide(column))
        return [total] if name == "sum" else [total, sa.func.count(column, type_=Integer())]
    extreme = sa.func.min if name == "min" else sa.func.max
    return [extreme(column, type_=column.type)]


def _wide(column: Element) -> Any:
    """The type of a sum: more digits, the same decimals."""
    if isinstance(column.type, ScaledDecimal):
        return ScaledDecimal(MAX_DIGITS + 20, column.type.scale)
    return column.type


def _results(terms: Sequence[Term], values: Sequence[Any]) -> list[Any]:
    """One value per aggregate: sums of nothing are 0, means exact and then rounded half up.

    A sum over values of which the reader may see none is empty: 0 would be told as what they come to.
    """
    rest, found = iter(values), []
    for term in terms:
        name = term.text.split("(", 1)[0]
        first = next(rest)
        if name not in ("sum", "avg"):
            found.append(first)
            continue
        if name == "avg":
            found.append(_mean(first, next(rest)))
        else:
            found.append(_zero(term.kind) if first is None and not term.is_partial else first)
    return found


def _zero(kind: Kind) -> Any:
    """The sum of nothing."""
    if kind is Kind.DURATION:
        return timedelta()
    return 0 if kind is Kind.INTEGER else Decimal(0)


def _mean(total: Any, count: int) -> Any:
    if not count:
        return None
    if isinstance(total, timedelta):
        return timedelta(seconds=round(total.total_seconds() / count))
    return round_half_up(Decimal(total) / count, EXACT_SCALE)


def _group(kit: Kit, frame: Frame, text: str, problems: Problems) -> Term | None:
    period = _PERIOD.match(text)
    if period is not None:
        return _period(kit, frame, text, period[1], period[2], problems)
    checked = _checked(frame, text, problems, "group")
    if checked is None:
        return None
    if checked.type.kind not in _GROUPABLE:
        is_money = checked.type.kind is Kind.MONEY
        hint = f"Group by what it is worth: {text}.base." if is_money else "Choose another term."
        message = f"{text} can not be grouped by: {checked.type.kind.value} has no groups."
        problems.add("R108", message, hint, Place(path="group"))
        return None
    entities = checked.type.entities
    if checked.type.kind is Kind.REFERENCE and len(entities) != 1:
        hint = "Group by a field of it, as in account.name."
        problems.add("R108", f"{text} can not be grouped by.", hint, Place(path="group"))
        return None
    entity = entities[0] if checked.type.kind is Kind.REFERENCE else ""
    return Term(text, sql_value(checked, _scope(kit, frame)), checked.type.kind, entity)


def _period(kit: Kit, frame: Frame, text: str, unit: str, inner: str, problems: Problems) -> Term | None:
    """A group per month or quarter, written 2026-05 and 2026-Q2. Instants count by the reader's day."""
    checked = _checked(frame, inner, problems, "group")
    if checked is not None and checked.type.kind is Kind.DATETIME:
        checked = _checked(frame, f"date_of({inner})", problems, "group")
    if checked is None:
        return None
    if checked.type.kind is not Kind.DATE:
        problems.add("R108", f"{text} needs a date.", "Give a date field.", Place(path="group"))
        return None
    postgresql, sqlite = _PERIODS[unit]
    day = sql_value(checked, _scope(kit, frame))
    return Term(text, Spelled(unit, [day], Text(), postgresql=postgresql, sqlite=sqlite), Kind.TEXT)


def _checked(frame: Frame, text: str, problems: Problems, where: str) -> Expression | None:
    found = check(text, frame.entity, frame.desk.reader.names, expect=None, place=Place(path=where))
    if isinstance(found, Expression):
        return found
    problems.extend(found)
    return None


def _scope(kit: Kit, frame: Frame) -> SqlScope:
    masks = frame.desk.reader.masks(frame.desk.row_rules)
    return SqlScope(
        frame.desk.schema,
        frame.entity,
        frame.table,
        restrict=masks.restrict,
        mask=masks.mask,
        numbers=kit.numbers.entities,
    )


def _seen(kit: Kit, frame: Frame, checked: Expression) -> tuple[Element, bool]:
    """The value in SQL, and whether the reader's rights leave it out on some rows."""
    plain, asked = _scope(kit, frame), list[bool]()

    def restrict(entity: str, row: sa.FromClause) -> sa.ColumnElement[bool] | None:
        found = plain.restrict(entity, row)
        asked.append(found is not None)
        return found

    def mask(entity: str, attribute: str, row: sa.FromClause) -> sa.ColumnElement[bool] | None:
        found = plain.mask(entity, attribute, row)
        asked.append(found is not None)
        return found

    column = sql_value(checked, replace(plain, restrict=restrict, mask=mask))
    return column, any(asked)


def _aggregate(kit: Kit, frame: Frame, text: str, problems: Problems) -> Term | None:
    match = _CALL.match(text)
    if match is None:
        hint = "Write count(), sum(field), min(field), max(field) or avg(field)."
        problems.add("R108", f"{text!r} is not an aggregate.", hint, Place(path="aggregate"))
        return None
    name, inner = match[1], match[2].strip()
    if name == "count" and not inner:
        return Term(text, sa.literal(1, Integer()), Kind.INTEGER, is_all=True)
    money = _money(frame, inner)
    checked = _checked(frame, f"{inner}.{money[0]}" if money else inner, problems, "aggregate")
    if checked is None:
        return None
    kind = checked.type.kind
    fits = kind in _SUMMABLE if name in ("sum", "avg") else kind in _GROUPABLE
    if not fits:
        problems.add(
            "R108", f"{text} can not be calculated.", "Choose another field.", Place(path="aggregate")
        )
        return None
    column, is_partial = _seen(kit, frame, checked)
    currency = (money[1] or kit.currency) if money and name != "count" else ""
    shown = Kind.INTEGER if name == "count" else kind
    return Term(text, column, shown, currency=currency, is_partial=is_partial)


def _money(frame: Frame, text: str) -> tuple[str, str] | None:
    """The part of a money field that is calculated with, and its currency where the field fixes one."""
    found = frame.desk.reader.names.attribute(frame.entity, text)
    if found is None or found.type.kind is not Kind.MONEY:
        return None
    return ("amount", found.type.options[0]) if found.type.options else ("base", "")


def money_json(amount: Decimal, currency: str) -> dict[str, str]:
    """An amount in JSON, with the decimals of its currency."""
    places = currency_decimals(currency)
    return {"amount": format(round_half_up(amount, places), "f"), "currency": currency}


def _titles(
    kit: Kit,
    unit: UnitOfWork,
    groups: Sequence[Term],
    rows: Sequence[Sequence[Any]],
    parameters: Mapping[str, Any],
) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, term in enumerate(groups):
        if term.entity:
            ids = {row[place] for row in rows if row[place] is not None}
            found |= titles_of(kit, unit, term.entity, list(ids), parameters)
    return found


def _shown(term: Term, value: Any, titles: Mapping[str, str]) -> Any:
    """The value in JSON."""
    if value is None:
        return None
    if term.entity and isinstance(value, UUID):
        return {"id": str(value), "entity": term.entity, "title": titles.get(str(value))}
    if term.kind is Kind.INTEGER and "avg" not in term.text[:3]:
        return int(value)
    if isinstance(value, Decimal):
        return money_json(value, term.currency) if term.currency else format(value, "f")
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return write_duration(value) if isinstance(value, timedelta) else value
