"""The checker: every syntax node becomes a typed node, or a problem is reported at its offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.bounds import cost, nesting
from xrm.metadata.expressions.calls import check_call
from xrm.metadata.expressions.exact import DAY, seconds_of
from xrm.metadata.expressions.moving import asks_in_hand, moved, rounded
from xrm.metadata.expressions.paths import Bare, Path, Paths
from xrm.metadata.expressions.problems import MAX_COST, MAX_NODES
from xrm.metadata.expressions.report import Report
from xrm.metadata.expressions.scope import Scope
from xrm.metadata.expressions.tree import (
    FALSE,
    Access,
    Aggregate,
    And,
    Arithmetic,
    Call,
    Compare,
    IfElse,
    In,
    IsEmpty,
    Join,
    ListOf,
    Literal,
    Node,
    Not,
    Or,
    Parameter,
    Root,
    walk,
)
from xrm.metadata.expressions.typerules import (
    JOINABLE,
    SWAPPED,
    WORDS,
    NoValue,
    calculable,
    comparable,
    computed,
    converted,
    fits,
    named,
    unified,
)
from xrm.metadata.expressions.types import (
    BOOLEAN,
    DURATION,
    EMPTY,
    INTEGER,
    ORDERED,
    TEXT,
    Attribute,
    Kind,
    Names,
    Type,
)


class Checker:
    """Checks one expression; each method gives a typed node, or None when a problem was reported."""

    def __init__(self, names: Names, scope: Scope, entity: str, report: Report) -> None:
        self.scope, self.report = scope, report
        self._paths = Paths(names, scope, entity, report)
        self._bare = Bare((entity,), in_hand=not scope.record)
        self._checks: dict[type[s.Syntax], Callable[[Any], Node | None]] = {
            s.Constant: _constant,
            s.Name: self._path,
            s.Member: self._member,
            s.Narrow: self._path,
            s.CallOf: lambda node: check_call(self, node),
            s.Items: self._items,
            s.Unary: self._unary,
            s.Binary: self._binary,
            s.Logical: self._logical,
            s.Choice: self._choice,
        }

    @property
    def names_the_record_in_hand(self) -> bool:
        """True while bare names belong to the record that the expression is about."""
        return self._bare.in_hand

    def whole(self, node: s.Syntax, expect: Type | None) -> Node | None:
        """The typed tree of a whole expression, as its place needs it."""
        if expect and expect.kind is Kind.CHOICE and isinstance(node, s.Name) and node.name in expect.options:
            return Literal(expect, node.name)
        tree = self.check(node)
        if tree is None:
            return None
        tree = self.fitted(tree, expect, node.at) if expect else tree
        if tree is None or not self._is_bounded(tree, node.at):
            return None
        self._refuse_beyond_plain(tree, node.at)
        return tree

    def check(self, node: s.Syntax) -> Node | None:
        """The typed node of any syntax."""
        return self._checks[type(node)](node)

    def fitted(self, tree: Node, expect: Type, at: int) -> Node | None:
        """The tree where a value of type `expect` is needed."""
        found = self._converted(tree, expect, at)
        if found is None:
            return None
        if isinstance(found, ListOf) and expect.kind is Kind.OPTIONS:
            return self._chosen(found, expect, at)
        if isinstance(found, ListOf) or not fits(found.type, expect):
            kind = "a list" if isinstance(found, ListOf) else named(found.type)
            self.report.add("M205", f"This gives {kind}, and {named(expect)} is needed.", "", at)
            return None
        return found

    def condition(self, node: s.Syntax) -> Node | None:
        """The node as a condition."""
        found = self.check(node)
        if found is None:
            return None
        if found.type.kind is Kind.BOOLEAN and not isinstance(found, ListOf):
            return found
        hint = (
            "Write any(...) or count(...)." if found.type.kind is Kind.MANY else "Compare it with something."
        )
        self.report.add("M202", f"A condition is needed, and this is {named(found.type)}.", hint, node.at)
        return None

    def value(self, node: s.Syntax) -> Node | None:
        """The node as one value; money as the number that stands for it."""
        found = self.check(node)
        if found is None:
            return None
        if isinstance(found, ListOf):
            self.report.add("M202", "A list cannot stand here.", "Use it behind `in`.", node.at)
            return None
        return calculable(found)

    def among(self, entities: tuple[str, ...], check: Callable[[], Node | None]) -> Node | None:
        """What `check` gives while bare names belong to records of `entities`."""
        outside, self._bare = self._bare, Bare(entities, in_hand=False)
        try:
            return check()
        finally:
            self._bare = outside

    def pair(self, left: Node, right: Node, left_at: int, right_at: int) -> tuple[Node, Node] | None:
        """Both nodes, a written text as what it means beside the other."""
        a = self._converted(left, right.type, left_at)
        b = self._converted(right, left.type, right_at)
        return (a, b) if a is not None and b is not None else None

    def _converted(self, node: Node, wanted: Type, at: int) -> Node | None:
        present = dict(wanted.former).get(node.value) if wanted.former and isinstance(node, Literal) else None
        if present is not None and isinstance(node, Literal):
            self.report.renamed_option(str(node.value), present, at)
            return Literal(replace(wanted, kind=Kind.CHOICE), present)
        try:
            return converted(node, wanted)
        except NoValue as fault:
            self.report.add("M206", fault.message, fault.hint, at)
            return None

    def _chosen(self, items: ListOf, expect: Type, at: int) -> Node | None:
        option = replace(expect, kind=Kind.CHOICE)
        found = tuple(self._converted(i, option, at) for i in items.items)
        texts = tuple(i for i in found if isinstance(i, Literal) and i.type.kind in WORDS)
        if len(texts) == len(items.items):
            return ListOf(expect, texts)
        if None not in found:
            self.report.add("M205", "Each item must be an option in quotes.", "", at)
        return None

    def _path(self, node: s.Syntax) -> Node | None:
        found = self._paths.resolve(node, self._bare)
        if not isinstance(found, Path):
            return found
        if found.attribute is None or found.attribute.formula is None:
            return found.access()
        return self._in_place(found, found.attribute, node.at)

    def _in_place(self, path: Path, attribute: Attribute, at: int) -> Node | None:
        """What the attribute follows from, in its place."""
        if not self._bare.in_hand and path.root is Root.RECORD and asks_in_hand(attribute.formula):
            hint = "Store what it counts in a field of its own."
            message = f"{attribute.name} goes over many records itself and cannot be asked for each of many."
            self.report.add("M209", message, hint, at)
            return None
        return rounded(moved(attribute.formula, path.root, path.hops), attribute.type)

    def _member(self, node: s.Member) -> Node | None:
        if isinstance(node.base, s.CallOf | s.Constant | s.Items):
            self.report.add("M202", "Only a path of names can go on with a dot.", "", node.name_at)
            return None
        return self._path(node)

    def _items(self, node: s.Items) -> Node | None:
        items = [self.value(item) for item in node.items]
        known = tuple(i for i in items if i is not None)
        if len(known) < len(items):
            return None
        common: Type | None = EMPTY
        for item, at in zip(known, node.items, strict=True):
            common = unified(common, item.type) if common else None
            if common is None:
                self.report.add("M202", "The items of the list have different types.", "", at.at)
                return None
        return ListOf(common or EMPTY, known)

    def _unary(self, node: s.Unary) -> Node | None:
        if node.operator == "not":
            inner = self.condition(node.operand)
            return Not(BOOLEAN, inner) if inner else None
        found = self.value(node.operand)
        if found is None:
            return None
        if isinstance(found, Literal) and found.value is not None and _is_signed(found):
            return Literal(found.type, -found.value)
        if _is_signed(found):
            return _opposite(found)
        self.report.add("M202", f"There is no negative of {named(found.type)}.", "", node.at)
        return None

    def _logical(self, node: s.Logical) -> Node | None:
        parts = [self.condition(operand) for operand in node.operands]
        known = tuple(p for p in parts if p is not None)
        if len(known) < len(parts):
            return None
        return And(BOOLEAN, known) if node.operator == "and" else Or(BOOLEAN, known)

    def _choice(self, node: s.Choice) -> Node | None:
        condition = self.condition(node.condition)
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        if condition is None or then is None or otherwise is None:
            return None
        return self.either(condition, then, otherwise, node)

    def either(self, condition: Node, then: Node, otherwise: Node, node: s.Choice) -> Node | None:
        """The choice between two values of one type, which stand where the syntax has them."""
        both = self.pair(then, otherwise, node.then.at, node.otherwise.at)
        if both is None:
            return None
        common = unified(both[0].type, both[1].type)
        if common is None or common.kind is Kind.MANY:
            message = f"One side gives {named(then.type)}, the other {named(otherwise.type)}."
            self.report.add("M202", message, "Both sides need one type.", node.otherwise.at)
            return None
        return IfElse(common, condition, *both)

    def _binary(self, node: s.Binary) -> Node | None:
        if node.operator in ("in", "not in"):
            found = self._membership(node)
            return Not(BOOLEAN, found) if found and node.operator == "not in" else found
        if node.operator in ("==", "!="):
            found = self._equality(node)
            return Not(BOOLEAN, found) if found and node.operator == "!=" else found
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        if node.operator in ("<", "<=", ">", ">="):
            return self._order(node, left, right)
        return self._arithmetic(node, left, right)

    def _equality(self, node: s.Binary) -> Node | None:
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, s.Constant) and side.value is None:
                return self._emptiness(node, self.check(other))
        left, right = self.value(node.left), self.value(node.right)
        return None if left is None or right is None else self.equals(left, right, node)

    def equals(self, left: Node, right: Node, node: s.Binary) -> Node | None:
        """The condition that both are equal, which stand where the syntax has them."""
        both = self.pair(left, right, node.left.at, node.right.at)
        if both is None:
            return None
        if comparable(both[0].type, both[1].type):
            return Compare(BOOLEAN, "==", *both)
        message = f"{_start(left.type)} cannot equal {named(right.type)}."
        self.report.add("M202", message, _equality_hint(left.type, right.type), node.operator_at)
        return None

    def _emptiness(self, node: s.Binary, operand: Node | None) -> Node | None:
        """Money is empty by its amount, not by the base value that it counts by elsewhere."""
        if operand is None:
            return None
        if operand.type.kind is not Kind.MANY and not isinstance(operand, ListOf):
            return IsEmpty(BOOLEAN, operand)
        self.report.add(
            "M202", "Many records are not empty or full.", "Write count(...) == 0.", node.operator_at
        )
        return None

    def _order(self, node: s.Binary, left: Node, right: Node) -> Node | None:
        both = self.pair(left, right, node.left.at, node.right.at)
        if both is None:
            return None
        a, b = both[0].type, both[1].type
        if a.kind in ORDERED and unified(a, b) is not None and b.kind in ORDERED:
            return Compare(BOOLEAN, node.operator, *both)
        hint = "Numbers, dates, instants, times and durations have an order, each among their own."
        if Kind.DATE in (a.kind, b.kind) and Kind.DATETIME in (a.kind, b.kind):
            hint = "Write date_of(instant) to compare with a date."
        self.report.add("M202", f"{_start(a)} has no order against {named(b)}.", hint, node.operator_at)
        return None

    def _arithmetic(self, node: s.Binary, left: Node, right: Node) -> Node | None:
        a, b = left.type, right.type
        if node.operator == "+" and a.kind in JOINABLE and b.kind in JOINABLE:
            return Join(TEXT, (*_joined(left), *_joined(right)))
        if (node.operator, a.kind, b.kind) in SWAPPED:
            left, right, a, b = right, left, b, a
        result = computed(node.operator, a, b)
        if result is None:
            message = f"{node.operator} does not go between {named(left.type)} and {named(right.type)}."
            self.report.add("M202", message, _arithmetic_hint(node.operator, a, b), node.operator_at)
            return None
        if a.kind is Kind.DATE and _has_part_of_day(right):
            hint = "Dates move by whole days: 14 days, 2 weeks. For hours use an instant."
            self.report.add("M202", "A date has no hours.", hint, node.right.at)
            return None
        return Arithmetic(result, node.operator, left, right)

    def _membership(self, node: s.Binary) -> Node | None:
        item = self.value(node.left)
        options = self.check(node.right)
        if item is None or options is None:
            return None
        if isinstance(options, ListOf):
            return self._listed(node, item, options)
        if options.type.kind is Kind.OPTIONS:
            return self._option_of(node, item, options)
        is_member = self.scope.members and isinstance(options, Access)
        if (isinstance(options, Parameter) or is_member) and options.type.kind is Kind.MANY:
            many = options.name if isinstance(options, Parameter) else named(options.type)
            if item.type.kind is Kind.REFERENCE and comparable(
                item.type, Type(Kind.REFERENCE, options.type.entities)
            ):
                return In(BOOLEAN, item, options)
            self.report.add("M202", f"{_start(item.type)} is never one of {many}.", "", node.operator_at)
            return None
        hint = 'Write a list: in ["a", "b"].'
        if options.type.kind in WORDS:
            hint = "Write contains(text, part) to look inside a text, or a list: in [...]."
        if options.type.kind is Kind.MANY:
            hint = "Write any(many, condition)."
        self.report.add(
            "M202", f"Behind `in` a list is needed, not {named(options.type)}.", hint, node.right.at
        )
        return None

    def _listed(self, node: s.Binary, item: Node, options: ListOf) -> Node | None:
        found: list[Node] = []
        for option in options.items:
            both = self.pair(item, option, node.left.at, node.right.at)
            if both is None:
                return None
            if both[1].type.kind is not Kind.EMPTY and not comparable(both[0].type, both[1].type):
                message = f"{_start(item.type)} never equals {named(option.type)}."
                self.report.add("M202", message, "", node.right.at)
                return None
            item, option = both
            found.append(option)
        return In(BOOLEAN, item, ListOf(options.type, tuple(found))) if found else FALSE

    def _option_of(self, node: s.Binary, item: Node, options: Node) -> Node | None:
        option = self._converted(item, replace(options.type, kind=Kind.CHOICE), node.left.at)
        if option is not None and option.type.kind in WORDS:
            return In(BOOLEAN, option, options)
        if option is not None:
            self.report.add("M202", f"{_start(item.type)} is no option.", 'Write "x" in field.', node.left.at)
        return None

    def _is_bounded(self, tree: Node, at: int) -> bool:
        nodes = sum(1 for _ in walk(tree))
        if nodes > MAX_NODES:
            message = f"The expression has {nodes} values and operators, more than {MAX_NODES}."
            self.report.add("M208", message, "Split it.", at)
            return False
        for found, most, what in (
            (cost(tree), MAX_COST, "takes too many steps for each record"),
            (nesting(tree), self.scope.nesting, "is nested too deep for a query"),
        ):
            if found > most:
                hint = "Nest fewer conditions, functions, any(), count() or sum() in one another."
                self.report.add("M208", f"The expression {what}: {found}, at most {most}.", hint, at)
                return False
        return True

    def _refuse_beyond_plain(self, tree: Node, at: int) -> None:
        if not self.scope.plain:
            return
        if any(
            isinstance(n, Call | Arithmetic | Join | IfElse | Aggregate) or _is_set(n) for n in walk(tree)
        ):
            hint = "Only comparisons of fields with fixed values, `in`, `empty`, and, or, not."
            self.report.add("M207", "An index cannot keep such a condition.", hint, at)


def _constant(node: s.Constant) -> Node:
    value = node.value
    if value is None:
        return Literal(EMPTY, None)
    if isinstance(value, bool):
        return Literal(BOOLEAN, value)
    if isinstance(value, Decimal):
        return Literal(Type(Kind.DECIMAL, scale=-int(value.as_tuple().exponent)), value)
    return Literal(
        TEXT if isinstance(value, str) else DURATION if isinstance(value, timedelta) else INTEGER, value
    )


def _is_signed(node: Node) -> bool:
    return node.type.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.DURATION)


def _opposite(node: Node) -> Node:
    if node.type.kind is Kind.DURATION:
        return Arithmetic(DURATION, "-", Literal(DURATION, timedelta()), node)
    return Arithmetic(node.type, "-", Literal(INTEGER, 0), node)


def _joined(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Join) else (node,)


def _is_set(node: Node) -> bool:
    return isinstance(node, In) and node.options.type.kind is Kind.OPTIONS


def _has_part_of_day(node: Node) -> bool:
    return (
        isinstance(node, Literal) and isinstance(node.value, timedelta) and seconds_of(node.value) % DAY != 0
    )


def _start(type_: Type) -> str:
    words = named(type_)
    return words[0].upper() + words[1:]


def _equality_hint(a: Type, b: Type) -> str:
    kinds = {a.kind, b.kind}
    if Kind.OPTIONS in kinds:
        return 'Write "x" in field.'
    if Kind.MANY in kinds:
        return "Write any(many, condition) or count(many)."
    if kinds == {Kind.DATE, Kind.DATETIME}:
        return "Write date_of(instant) to compare with a date."
    if kinds & {Kind.LONG_TEXT, Kind.OPAQUE}:
        return "Such a value can only be compared with empty."
    return ""


def _arithmetic_hint(operator: str, a: Type, b: Type) -> str:
    if Kind.EMPTY in (a.kind, b.kind):
        return "Nothing can be calculated with empty; ask with == empty."
    if operator == "+" and (a.kind in JOINABLE or b.kind in JOINABLE):
        return "Write text(value) to put it into a text."
    if a.kind in (Kind.DATE, Kind.DATETIME) and b.kind in (Kind.INTEGER, Kind.DECIMAL):
        return "Write the unit: 14 days."
    return ""
