"""The SQL target: a typed tree becomes a condition or a value that both databases answer like Python.

A condition in positive position may be null where it does not hold, so that indexes serve it; `not` is pushed
inward, where every form is two-valued. Day, instant, zone and person are bound by name, so that one compiled
statement serves everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from operator import or_
from typing import Any

import sqlalchemy as sa

from xrm.engine.projection import exact_sql as exact
from xrm.engine.projection.exact_sql import Element, stored_as
from xrm.engine.projection.sql_functions import SQL_FUNCTIONS
from xrm.engine.projection.sql_scope import Condition, Reached, SqlScope
from xrm.engine.projection.sql_values import PREDICATES, SqlValues, references
from xrm.metadata.expressions.bounds import cases
from xrm.metadata.expressions.compile import is_of_actor
from xrm.metadata.expressions.environment import Context
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.moving import rounded
from xrm.metadata.expressions.scope import ACTOR, CLOCK
from xrm.metadata.expressions.tree import (
    Access,
    Aggregate,
    And,
    Arithmetic,
    Call,
    Compare,
    Expression,
    IfElse,
    In,
    IsEmpty,
    ListOf,
    Literal,
    Node,
    Not,
    Or,
    Parameter,
    Root,
    children,
)
from xrm.metadata.expressions.typerules import calculable
from xrm.metadata.expressions.types import BOOLEAN, NUMBERS, Kind, Type, common_number
from xrm.metadata.model import Field
from xrm.metadata.values import MAX_DIGITS, Ref, fold

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_TESTS: dict[str, Callable[[Any, Any], Condition]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def sql_condition(expression: Expression | Node, scope: SqlScope, *, positive: bool = True) -> Condition:
    """Where the expression holds; with `positive` false, where it does not. Null counts as false."""
    return _COMPILER.condition(_tree(expression), scope, positive)


def sql_value(expression: Expression | Node, scope: SqlScope) -> Element:
    """The value of the expression, in the column type of its kind; null when it is empty."""
    return _COMPILER.value(_tree(expression), scope)


def sql_found(field: Field, scope: SqlScope) -> Element:
    """The value of a computed field, as its column would keep it."""
    if field.formula is None:
        raise AssertionError("only what is computed is found")
    wanted = field.type.expression(field.params)
    tree = rounded(field.formula.tree, wanted)
    value = _COMPILER.value(tree, scope)
    return exact.fitted(value, tree.type.decimals, wanted) if tree.type.kind in NUMBERS else value


def parameter_values(context: Context) -> dict[str, Any]:
    """The values to bind by name when a statement with expressions runs."""
    values: dict[str, Any] = {name: context.parameter(name) for name in (*CLOCK, "me", "zone")}
    for name in ACTOR.keys() - {"me"}:
        found = context.parameter(name)
        values[name.replace(".", "_")] = sorted(found) if isinstance(found, frozenset) else found
    for name, setting in context.settings.items():
        values[f"settings__{name}"] = setting
        if isinstance(setting, str):
            values[f"settings__{name}__key"] = fold(setting)
    return values


def _tree(expression: Expression | Node) -> Node:
    return expression.tree if isinstance(expression, Expression) else expression


class SqlCompiler(SqlValues):
    """Compiles conditions, on top of values."""

    def condition(self, node: Node, scope: SqlScope, positive: bool = True) -> Condition:
        """Where the node holds (null counts as false), or, two-valued, where it does not."""
        match node:
            case And() | Or():
                parts = [self.condition(operand, scope, positive) for operand in node.operands]
                return sa.and_(*parts) if isinstance(node, And) is positive else sa.or_(*parts)
            case Not():
                return self.condition(node.operand, scope, not positive)
            case Literal():
                return sa.true() if (node.value is True) is positive else sa.false()
            case IfElse():
                return self._either_holds(node, scope, positive)
            case Aggregate() if node.function in ("any", "all"):
                return self._exists(node, scope, positive)
            case IsEmpty():
                return self._is_empty(node.operand, scope, positive)
        return self._leaf(node, scope, positive)

    def _either_holds(self, node: IfElse, scope: SqlScope, positive: bool) -> Condition:
        *found, (last,) = cases(node)
        pairs = [
            (self.condition(case, scope), self.condition(value, scope, positive)) for case, value in found
        ]
        return sa.case(*pairs, else_=self.condition(last, scope, positive))

    def _leaf(self, node: Node, scope: SqlScope, positive: bool) -> Condition:
        if needs_values(node):
            hop = common_hop(node)
            if hop is not None:
                found = self._where_reached(node, scope)
                return sa.or_(*found) if positive else sa.and_(*(sa.not_(f) for f in found))
            if positive:
                guards = list(_guards(node, scope))
                if guards:
                    return sa.and_(*guards, self._test(node, scope.unmasked, positive))
        return self._test(node, scope, positive)

    def _where_reached(self, node: Node, scope: SqlScope) -> list[Condition]:
        """The leaf asked of the related record: true only where there is one."""
        hop = common_hop(node)
        if hop is None:
            return []
        inner = without_hop(node)
        return [
            _any_row(reached.where(self.condition(inner, reached.scope)))
            for reached in scope.one(hop.relationship, hop.targets)
        ]

    def _test(self, node: Node, scope: SqlScope, positive: bool) -> Condition:
        match node:
            case Compare(operator="=="):
                return self._equal(node, scope, positive)
            case Compare():
                return self._ordered(node, scope, positive)
            case In():
                return self._in(node, scope, positive)
            case Call() if node.function in PREDICATES:
                return _either(SQL_FUNCTIONS[node.function](self, node, scope), positive)
        value = self.value(node, scope)
        return value.is_(sa.true()) if positive else value.is_not(sa.true())

    def _exists(self, node: Aggregate, scope: SqlScope, positive: bool) -> Condition:
        is_any = node.function == "any"
        found = [_any_row(r) for r in self.related(node, scope, wanted=is_any)]
        if is_any is positive:
            return sa.or_(*found)
        return sa.and_(*(sa.not_(f) for f in found))

    def _is_empty(self, node: Node, scope: SqlScope, positive: bool) -> Condition:
        node = _kept(node)
        if isinstance(node, Access) and node.hops and node.root is Root.RECORD:
            found = self._where_reached(Not(BOOLEAN, IsEmpty(BOOLEAN, node)), scope)
            return sa.and_(*(sa.not_(f) for f in found)) if positive else sa.or_(*found)
        parts = self._parts(node, scope)
        if positive:
            return sa.and_(*(part.is_(None) for part in parts))
        return sa.or_(*(part.is_not(None) for part in parts))

    def _parts(self, node: Node, scope: SqlScope) -> tuple[Element, ...]:
        """The columns that are all empty when the node is."""
        if not isinstance(node, Access) or node.hops or node.root is not Root.RECORD:
            return (self.value(node, scope),)
        name, guard = node.path[0], scope.guard(node.path[0])
        is_reference = node.type.kind is Kind.REFERENCE and name != "id"
        columns = references(node, scope) if is_reference else scope.columns(node.path)
        return columns if guard is None else tuple(sa.case((guard, column)) for column in columns)

    def _equal(self, node: Compare, scope: SqlScope, positive: bool) -> Condition:
        a, b = node.left, node.right
        if is_fixed(a) or is_nothing(a):
            a, b = b, a
        if is_nothing(b):
            return self._is_empty(a, scope, positive)
        if a.type.kind is Kind.REFERENCE:
            return self._same_record(a, b, scope, positive)
        if a.type.kind in NUMBERS:
            return self._same_number(a, b, scope, positive)
        left, right = self.value(a, scope), self.value(b, scope)
        if not is_fixed(b):
            return left.is_not_distinct_from(right) if positive else left.is_distinct_from(right)
        return left == right if positive else left.is_distinct_from(right)

    def _same_number(self, a: Node, b: Node, scope: SqlScope, positive: bool) -> Condition:
        if isinstance(b, Literal):
            number = _scaled(b.value, a.type)
            if number is None:
                return sa.false() if positive else sa.true()
            left = self.value(a, scope)
            return left == number if positive else left.is_distinct_from(number)
        common = common_number(a.type, b.type)
        left, right = self.beside(a, common, scope), self.beside(b, common, scope)
        return left.is_not_distinct_from(right) if positive else left.is_distinct_from(right)

    def _same_record(self, a: Node, b: Node, scope: SqlScope, positive: bool) -> Condition:
        if not is_fixed(b):
            left, right = self.value(a, scope), self.value(b, scope)
            return left.is_not_distinct_from(right) if positive else left.is_distinct_from(right)
        wanted = self.value(b, scope)
        found = sa.or_(*(column == wanted for column in self._ids(a, b.type, scope)))
        return _either(found, positive)

    def _ids(self, node: Node, other: Type, scope: SqlScope) -> tuple[Element, ...]:
        """The ids of a reference, of which only those that may equal a record of the other type matter."""
        if (
            not isinstance(node, Access)
            or node.path == ("id",)
            or node.hops
            or scope.guard(node.path[0]) is not None
        ):
            return (self.value(node, scope),)
        if node.root is not Root.RECORD:
            return (self.value(node, scope),)
        targets = tuple(e for e in node.type.entities if e in other.entities) or node.type.entities
        is_partial = node.narrowed or (bool(targets) and targets != node.type.entities)
        return scope.references(node.path[0], targets if is_partial else None)

    def _ordered(self, node: Compare, scope: SqlScope, positive: bool) -> Condition:
        a, b, operator = node.left, node.right, node.operator
        if is_nothing(a) or is_nothing(b):
            return sa.false() if positive else sa.true()
        if isinstance(a, Literal):
            a, b, operator = b, a, FLIPPED[operator]
        if a.type.kind in NUMBERS and isinstance(b, Literal):
            left = self.value(a, scope)
            operator, right = _limit(operator, b.value, a.type)
        elif a.type.kind in NUMBERS:
            common = common_number(a.type, b.type)
            left, right = self.beside(a, common, scope), self.beside(b, common, scope)
        else:
            left, right = self.value(a, scope), self.value(b, scope)
        if positive:
            return _TESTS[operator](left, right)
        if not (is_simple(a, scope) and is_simple(b, scope)):
            return _either(_TESTS[operator](left, right), positive)
        missing = [e.is_(None) for n, e in ((a, left), (b, right)) if not is_fixed(n)]
        return sa.or_(_TESTS[OPPOSITE[operator]](left, right), *missing)

    def _in(self, node: In, scope: SqlScope, positive: bool) -> Condition:
        if isinstance(node.options, ListOf):
            return self._among(node.item, node.options.items, scope, positive)
        if node.options.type.kind is Kind.OPTIONS:
            found = exact.has_option(self.value(node.options, scope), self.value(node.item, scope))
            return _either(found, positive)
        chosen = self.value(node.options, scope)
        ids = self._ids(node.item, node.options.type, scope)
        return _either(sa.or_(*(column.in_(chosen) for column in ids)), positive)

    def _among(self, item: Node, options: tuple[Node, ...], scope: SqlScope, positive: bool) -> Condition:
        values = [o for o in options if isinstance(o, Literal) and o.value is not None]
        others = [o for o in options if o not in values]
        if is_of_actor(item):
            values, others = [], list(options)
        found = [self.condition(_equality(item, other), scope, positive) for other in others]
        if values:
            found.append(self._one_of(item, values, scope, positive))
        return sa.or_(*found) if positive else sa.and_(*found)

    def _one_of(self, item: Node, options: list[Literal], scope: SqlScope, positive: bool) -> Condition:
        type_ = item.type
        values = [_plain(option, type_) for option in options]
        kept = [v for v in values if v is not None]
        if not kept:
            return sa.false() if positive else sa.true()
        chosen: Element = sa.bindparam(None, kept, type_=stored_as(type_), expanding=True, unique=True)
        ids = self._ids(item, type_, scope) if type_.kind is Kind.REFERENCE else (self.value(item, scope),)
        return _either(sa.or_(*(column.in_(chosen) for column in ids)), positive)


def _equality(item: Node, option: Node) -> Node:
    if is_nothing(option):
        return IsEmpty(BOOLEAN, item)
    return Compare(BOOLEAN, "==", item, option)


def _kept(node: Node) -> Node:
    """Money is empty when its amount is, whatever its base value."""
    if isinstance(node, Access) and node.type.kind is Kind.MONEY:
        return replace(node, type=calculable(node).type, path=(*node.path, "amount"))
    return node


def _either(found: Condition | Element, positive: bool) -> Condition:
    """A test that may be null, or its two-valued opposite."""
    if positive:
        return found
    return sa.not_(sa.func.coalesce(found, sa.false(), type_=sa.Boolean()))


def _any_row(reached: Reached) -> Condition:
    return reached.select(exact.number(1)).exists()


# --- numbers ----------------------------------------------------------------------------------------


def _scaled(value: Any, type_: Type) -> Element | None:
    """The written number as a value of the type; None when no value of the type equals it."""
    found = _plain(Literal(type_, value), type_)
    return None if found is None else sa.literal(found, stored_as(type_))


def _plain(option: Literal, type_: Type) -> Any:
    value = option.value
    if type_.kind not in NUMBERS:
        return value.id if isinstance(value, Ref) else value
    scaled = Decimal(value).scaleb(type_.decimals)
    if scaled != scaled.to_integral_value() or _is_out_of_range(scaled, type_):
        return None
    return int(value) if type_.kind is Kind.INTEGER else Decimal(value)


def _is_out_of_range(scaled: Decimal, type_: Type) -> bool:
    return type_.kind is Kind.DECIMAL and abs(scaled) >= 10**MAX_DIGITS


def _limit(operator: str, value: Any, type_: Type) -> tuple[str, Element]:
    """The same bound as a value of the type: `amount > 1.234` is `amount >= 1.24` with two decimals."""
    scaled = Decimal(value).scaleb(type_.decimals)
    if scaled != scaled.to_integral_value():
        is_upper = operator in ("<", "<=")
        scaled = scaled.to_integral_value(ROUND_FLOOR if is_upper else ROUND_CEILING)
        operator = "<=" if is_upper else ">="
    if type_.kind is Kind.INTEGER:
        return operator, sa.literal(int(scaled), stored_as(type_))
    bound = Decimal(10**MAX_DIGITS)
    return operator, sa.literal(max(-bound, min(bound, scaled)).scaleb(-type_.decimals), stored_as(type_))


# --- what may be asked of a related record, and what an index may serve -----------------------------


def is_fixed(node: Node) -> bool:
    """True for written values, day and instant; and for the person's, which equal nothing when empty."""
    if isinstance(node, Parameter):
        return node.name in CLOCK or node.name in ACTOR
    return isinstance(node, Literal) and node.value is not None


def is_nothing(node: Node) -> bool:
    """True for what is known to be empty before the query runs."""
    return isinstance(node, Literal) and node.value is None


def is_simple(node: Node, scope: SqlScope) -> bool:
    """True when the node may stand in a condition twice: a column or a bound value."""
    if isinstance(node, Access):
        return not node.hops and node.root is Root.RECORD and scope.guard(node.path[0]) is None
    return isinstance(node, Literal | Parameter)


def is_strict(node: Node) -> bool:
    """True when the value is empty as soon as one attribute in it is."""
    match node:
        case Access():
            return True
        case Call(function=function) if not FUNCTIONS[function].strict:
            return False
        case Arithmetic() | Call():
            strict = [is_strict(part) for part in children(node)]
            fixed = [is_fixed(part) for part in children(node)]
            return any(strict) and all(map(or_, strict, fixed))
    return False


def needs_values(node: Node) -> bool:
    """True when the leaf is false as soon as the attributes in it are empty."""
    match node:
        case Compare(operator="=="):
            return (is_strict(node.left) and is_fixed(node.right)) or (
                is_strict(node.right) and is_fixed(node.left)
            )
        case Compare():
            return is_strict(node.left) or is_strict(node.right)
        case In(options=ListOf() as options):
            return is_strict(node.item) and all(is_fixed(option) for option in options.items)
        case In():
            return is_strict(node.item) or is_strict(node.options)
        case Call(function="contains" | "starts_with" | "ends_with"):
            return any(isinstance(argument, Access) for argument in node.arguments)
        case Not(operand=IsEmpty(operand=Access())):
            return True
    return isinstance(node, Access) and node.type.kind is Kind.BOOLEAN


def _accesses(node: Node) -> Iterator[Access | Aggregate]:
    if isinstance(node, Access | Aggregate):
        yield node
        return
    for child in children(node):
        yield from _accesses(child)


def common_hop(node: Node) -> Any:
    """The relationship behind which all that the leaf asks about lies; None if there is no such one."""
    found = list(_accesses(node))
    hops = {a.hops[:1] for a in found if isinstance(a, Access) and a.root is Root.RECORD}
    if len(hops) != 1 or any(not isinstance(a, Access) or a.root is not Root.RECORD for a in found):
        return None
    first = next(iter(hops))
    return first[0] if first else None


def without_hop(node: Node) -> Node:
    """The leaf as it is asked of the related record."""
    if isinstance(node, Access):
        return replace(node, hops=node.hops[1:])
    match node:
        case Compare() | Arithmetic():
            return replace(node, left=without_hop(node.left), right=without_hop(node.right))
        case In():
            return replace(node, item=without_hop(node.item), options=without_hop(node.options))
        case ListOf():
            return replace(node, items=tuple(without_hop(item) for item in node.items))
        case Call():
            return replace(node, arguments=tuple(without_hop(a) for a in node.arguments))
        case Not() | IsEmpty():
            return replace(node, operand=without_hop(node.operand))
    return node


def _guards(node: Node, scope: SqlScope) -> Iterator[Condition]:
    """The masks of the leaf's own attributes, where all of them are own ones."""
    found = list(_accesses(node))
    if all(isinstance(a, Access) and not a.hops and a.root is Root.RECORD for a in found):
        for name in dict.fromkeys(a.path[0] for a in found if isinstance(a, Access)):
            guard = scope.guard(name)
            if guard is not None:
                yield guard


_COMPILER = SqlCompiler()
