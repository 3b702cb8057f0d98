"""Values in SQL: columns, related values, arithmetic, functions and aggregates of a typed tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from xrm.engine.projection import exact_sql as exact
from xrm.engine.projection.exact_sql import Element, stored_as
from xrm.engine.projection.sql_functions import SQL_FUNCTIONS, joined
from xrm.engine.projection.sql_scope import Condition, Reached, SqlScope
from xrm.engine.projection.sql_texts import list_of
from xrm.metadata.expressions.bounds import cases, chain, is_chain
from xrm.metadata.expressions.exact import kept as exact_number
from xrm.metadata.expressions.tree import (
    LISTS,
    OUTERMOST,
    Access,
    Aggregate,
    Arithmetic,
    Call,
    IfElse,
    Join,
    Literal,
    Node,
    Parameter,
    Root,
)
from xrm.metadata.expressions.typerules import calculable
from xrm.metadata.expressions.types import NUMBERS, Kind, Type
from xrm.metadata.values import Ref

PREDICATES = frozenset({"contains", "starts_with", "ends_with", "same_text"})
Read = Callable[[Access, SqlScope], Element]


class SqlValues:
    """Compiles nodes to values; a subclass compiles conditions. It holds no state."""

    def condition(self, node: Node, scope: SqlScope, positive: bool = True) -> Condition:
        """Where the node holds, or where it does not."""
        raise NotImplementedError

    def value(self, node: Node, scope: SqlScope) -> Element:
        """The node's value; null when it is empty."""
        match node:
            case Literal():
                return written(node, node.type)
            case Parameter():
                return parameter(node)
            case Access():
                return self.access(calculable(node), scope, _column)
            case Arithmetic():
                return self._arithmetic(node, scope)
            case Join():
                return joined([self.value(part, scope) for part in node.parts])
            case IfElse():
                return self._either(node, scope)
            case Call() if node.function not in PREDICATES:
                return SQL_FUNCTIONS[node.function](self, node, scope)
            case Aggregate() if node.function not in ("any", "all"):
                return self.aggregate(node, scope, self.value)
        return sa.case((self.condition(node, scope), sa.true()), else_=sa.false())

    def like(self, node: Node, wanted: Node, scope: SqlScope) -> Element:
        """The node's value as one of another node's type."""
        if isinstance(node, Literal):
            return written(node, wanted.type)
        value = self.value(node, scope)
        if wanted.type.kind is Kind.DECIMAL and node.type.kind in NUMBERS:
            return exact.fitted(value, node.type.decimals, wanted.type)
        return value

    def beside(self, node: Node, wanted: Type, scope: SqlScope) -> Element:
        """The node's value in a form that compares with those of the type, whatever its digits."""
        value = self.value(node, scope)
        if wanted.kind is Kind.DECIMAL and node.type.kind in NUMBERS:
            return exact.rescaled(value, node.type.decimals, wanted.decimals)
        return value

    def access(self, node: Node, scope: SqlScope, read: Read) -> Element:
        """What `read` gives of the record that the path leads to; null where there is none to be read."""
        if not isinstance(node, Access):
            return self.value(node, scope)
        start = start_of(node, scope)
        if not node.hops:
            return _masked(read(node, start), start, node.path[0])
        first, rest = node.hops[0], replace(node, root=Root.RECORD, hops=node.hops[1:])
        found = [
            reached.only(self.access(rest, reached.scope, read))
            for reached in start.one(first.relationship, first.targets)
        ]
        return found[0] if len(found) == 1 else sa.func.coalesce(*found, type_=stored_as(node.type))

    def _either(self, node: IfElse, scope: SqlScope) -> Element:
        *found, (last,) = cases(node)
        pairs = [(self.condition(case, scope), self.like(value, node, scope)) for case, value in found]
        return sa.type_coerce(sa.case(*pairs, else_=self.like(last, node, scope)), stored_as(node.type))

    def _sum(self, node: Arithmetic, scope: SqlScope) -> Element:
        terms = []
        for term, step in chain(node):
            sign = -1 if step is not None and step.operator == "-" else 1
            terms.append((self.value(term, scope), term.type, sign, step.type if step else term.type))
        return exact.summed(terms)

    def _arithmetic(self, node: Arithmetic, scope: SqlScope) -> Element:
        if is_chain(node):
            return self._sum(node, scope)
        a, b = self.value(node.left, scope), self.value(node.right, scope)
        left, right = node.left.type, node.right.type
        sign = -1 if node.operator == "-" else 1
        if left.kind in NUMBERS:
            return _calculated(node, a, b)
        if left.kind is Kind.DURATION:
            return _span(node, a, b)
        if right.kind is Kind.DURATION:
            moved = exact.day_moved if left.kind is Kind.DATE else exact.moment_moved
            return moved(a, b, sign)
        return exact.between_days(a, b) if left.kind is Kind.DATE else exact.between_moments(a, b)

    def aggregate(
        self, node: Aggregate, scope: SqlScope, value: Callable[[Node, SqlScope], Element]
    ) -> Element:
        """The one value over many records, as a subquery; `value` compiles what it takes of each."""
        related = list(self.related(node, scope))
        if node.function in OUTERMOST:
            return self._latest(node, related, value)
        if node.function == "count":
            return _over(
                related, lambda at: exact.number(1), lambda v: sa.func.count(v), stored_as(node.type)
            )
        inner = node.value or node.over
        reduce = _reduction(node, inner.type)
        is_column = isinstance(inner, Access) and inner.root is Root.RECORD and not inner.hops
        found = _over(related, lambda at: value(inner, at), reduce, stored_as(node.type), is_column=is_column)
        return found if node.function in ("min", "max", *LISTS) else exact.bounded(found, node.type)

    def _latest(
        self, node: Aggregate, related: list[Reached], value: Callable[[Node, SqlScope], Element]
    ) -> Element:
        """SQLite knows no columns of outer queries in ORDER BY, so they are put into a table first."""
        queries = []
        for reached in related:
            by = self.value(node.by or node.over, reached.scope).label("by")
            chosen = value(node.value or node.over, reached.scope).label("value")
            rows = reached.where(by.element.is_not(None))
            queries.append(rows.select(chosen, by, reached.scope.row.c.id.label("id")))
        table = (queries[0] if len(queries) == 1 else sa.union_all(*queries)).subquery()
        found = sa.select(table.c.value).select_from(table).correlate_except(table)
        keys = (table.c.by, table.c.id)
        order = [key.desc() if node.function == "latest" else key.asc() for key in keys]
        latest = found.order_by(*order).limit(1)
        return sa.type_coerce(latest.scalar_subquery(), stored_as(node.type))

    def related(self, node: Aggregate, scope: SqlScope, wanted: bool = True) -> Iterator[Reached]:
        """The records that an aggregate goes over, by entity: where its condition holds, or does not."""
        for reached in _far(node.over, start_of(node.over, scope)):
            if node.where is None:
                yield reached
            else:
                yield reached.where(self.condition(node.where, reached.scope, wanted))


def start_of(node: Access, scope: SqlScope) -> SqlScope:
    """The row at which the path begins."""
    if node.root is Root.OLD:
        raise ValueError("A query knows no earlier record: old. belongs to rules and automations.")
    return scope.hand if node.root is Root.OUTER else scope


def _far(over: Access, start: SqlScope) -> Iterator[Reached]:
    ways: list[Reached | None] = [None]
    for hop in over.hops:
        ways = [
            further if way is None else way.then(further)
            for way in ways
            for further in (way.scope if way else start).one(hop.relationship, hop.targets)
        ]
    for way in ways:
        for reached in (way.scope if way else start).many(over.path[0], over.type.entities):
            yield reached if way is None else way.then(reached)


def _over(
    related: list[Reached],
    value: Callable[[SqlScope], Element],
    reduce: Callable[[Element], Element],
    type_: Any,
    *,
    is_column: bool = True,
) -> Element:
    """The reduction of the values of all related rows, as a subquery.

    Values that are more than a column are put into a table first: SQL would take an aggregate of outer
    columns for one of the outer query, and a sum of scaled integers names its argument twice.
    """
    if len(related) == 1 and is_column:
        (reached,) = related
        found = reached.select(reduce(value(reached.scope)))
    else:
        rows = sa.union_all(*(r.select(value(r.scope).label("value")) for r in related)).subquery()
        found = sa.select(reduce(rows.c.value)).select_from(rows).correlate_except(rows)
    return sa.type_coerce(found.scalar_subquery(), type_)


def _reduction(node: Aggregate, inner: Type) -> Callable[[Element], Element]:
    if node.function == "min":
        return lambda value: sa.func.min(value, type_=stored_as(node.type))
    if node.function == "max":
        return lambda value: sa.func.max(value, type_=stored_as(node.type))
    if node.function in LISTS:
        return lambda value: list_of(value, is_distinct=node.function == "list")
    if node.function == "sum":
        return lambda value: exact.sum_of(value, node.type)
    return lambda value: exact.mean_of(value, inner.decimals, node.type)


def _masked(value: Element, scope: SqlScope, name: str) -> Element:
    guard = scope.guard(name)
    return value if guard is None else sa.case((guard, value))


def _column(node: Access, scope: SqlScope) -> Element:
    if node.type.kind is not Kind.REFERENCE or node.path == ("id",):
        return scope.columns(node.path)[0]
    found = references(node, scope)
    return found[0] if len(found) == 1 else sa.func.coalesce(*found, type_=stored_as(node.type))


def references(node: Access, scope: SqlScope) -> tuple[Element, ...]:
    """The ids of a reference of this row, at most one of which is not empty."""
    return scope.references(node.path[0], node.type.entities if node.narrowed else None)


def _calculated(node: Arithmetic, a: Element, b: Element) -> Element:
    decimals = (node.left.type.decimals, node.right.type.decimals)
    if node.operator == "*":
        return exact.multiplied(a, b, decimals, node.type)
    return exact.divided(a, b, decimals, node.type)


def _span(node: Arithmetic, a: Element, b: Element) -> Element:
    right = node.right.type
    if right.kind is Kind.DURATION:
        if node.operator == "/":
            return exact.divided(a, b, (0, 0), node.type)
        return exact.span_added(a, b, 1 if node.operator == "+" else -1)
    build = exact.span_multiplied if node.operator == "*" else exact.span_divided
    return build(a, b, right.decimals)


def written(node: Literal, wanted: Type) -> Element:
    """A written value as a bound constant, in the form of the type."""
    value = node.value
    if value is None:
        return sa.null() if node.type.kind is Kind.EMPTY else sa.cast(sa.null(), stored_as(wanted))
    if isinstance(value, bool):
        return sa.true() if value else sa.false()
    if wanted.kind is Kind.DECIMAL:
        kept = exact_number(Decimal(value), wanted.decimals)
        return sa.null() if kept is None else sa.literal(kept, stored_as(wanted))
    return sa.literal(value.id if isinstance(value, Ref) else value, stored_as(node.type))


def parameter(node: Parameter) -> Element:
    """A value that is bound by name when the statement runs."""
    name = node.name.replace("settings.", "settings__").replace("my.", "my_")
    return sa.bindparam(name, type_=stored_as(node.type), expanding=node.type.kind is Kind.MANY)
