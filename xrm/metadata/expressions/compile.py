"""The Python target: a typed tree becomes a closure over a record, about a microsecond a call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from xrm.metadata.expressions import exact
from xrm.metadata.expressions.environment import Context, Env, reference_of
from xrm.metadata.expressions.functions import FUNCTIONS
from xrm.metadata.expressions.scope import ACTOR
from xrm.metadata.expressions.signatures import Function
from xrm.metadata.expressions.texts import listed
from xrm.metadata.expressions.tree import (
    LISTS,
    OUTERMOST,
    Access,
    Aggregate,
    And,
    Arithmetic,
    Call,
    Changed,
    Compare,
    Expression,
    Hop,
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
)
from xrm.metadata.expressions.types import BOOLEAN, Kind, Type


class Frame:
    """What one evaluation holds besides the record of bare names."""

    __slots__ = ("context", "each", "old", "record")

    def __init__(self, context: Context, each: Env, record: Env | None, old: Env | None) -> None:
        self.context, self.each, self.old = context, each, old
        self.record = each if record is None else record


Step = Callable[[Env, Frame], Any]


class Evaluate(Protocol):
    """An expression ready to run: bare names are of `env`; `record` is the record in hand, if another one."""

    def __call__(self, env: Env, context: Context, record: Env | None = None, old: Env | None = None) -> Any:
        """The value of the expression; None when it is empty."""
        ...


def compile_python(expression: Expression | Node) -> Evaluate:
    """A function that evaluates the expression; it may be kept and shared between threads."""
    tree = expression.tree if isinstance(expression, Expression) else expression
    step = _finished(tree)

    def evaluate(env: Env, context: Context, record: Env | None = None, old: Env | None = None) -> Any:
        return step(env, Frame(context, env, record, old))

    return evaluate


def _finished(tree: Node) -> Step:
    """The step of a whole expression: a calculated decimal has the decimals of its type."""
    step = compile_step(tree)
    if tree.type.kind is not Kind.DECIMAL or isinstance(tree, Access | Literal):
        return step
    places = tree.type.scale

    def finished(env: Env, frame: Frame) -> Any:
        value = step(env, frame)
        return None if value is None else exact.rounded(value, places)

    return finished


def compile_step(node: Node) -> Step:
    """The step that gives the node's value."""
    return _STEPS[type(node)](node)


def _literal(node: Literal) -> Step:
    value = node.value
    return lambda env, frame: value


def _parameter(node: Parameter) -> Step:
    name = node.name
    return lambda env, frame: frame.context.parameter(name)


def _list(node: ListOf) -> Step:
    steps = tuple(compile_step(item) for item in node.items)
    return lambda env, frame: tuple(step(env, frame) for step in steps)


def _access(node: Access) -> Step:
    read = _read(node)
    if node.root is Root.RECORD and not node.hops:
        return lambda env, frame: read(env)
    start = _start(node.root)
    hops = node.hops

    def reached(env: Env, frame: Frame) -> Any:
        at = _followed(start(env, frame), hops)
        return None if at is None else read(at)

    return reached


def _read(node: Access) -> Callable[[Env], Any]:
    path, targets = node.path, node.type.entities
    if path == ("id",):
        return reference_of
    if node.narrowed:
        return lambda env: _narrowed(env.value(path), targets)
    return lambda env: env.value(path)


def _narrowed(value: Any, targets: tuple[str, ...]) -> Any:
    return value if value is not None and value.entity in targets else None


def _start(root: Root) -> Callable[[Env, Frame], Env | None]:
    if root is Root.OUTER:
        return lambda env, frame: frame.record
    if root is Root.OLD:
        return lambda env, frame: frame.old
    if root is Root.EACH:
        return lambda env, frame: frame.each
    return lambda env, frame: env


def _followed(env: Env | None, hops: tuple[Hop, ...]) -> Env | None:
    for hop in hops:
        if env is None:
            return None
        env = env.follow(hop.relationship)
        if env is not None and hop.narrowed and env.entity not in hop.targets:
            return None
    return env


def _not(node: Not) -> Step:
    inner = compile_step(node.operand)
    return lambda env, frame: not inner(env, frame)


def _and(node: And) -> Step:
    steps = tuple(compile_step(operand) for operand in node.operands)

    def both(env: Env, frame: Frame) -> bool:
        return all(step(env, frame) for step in steps)

    return both


def _or(node: Or) -> Step:
    steps = tuple(compile_step(operand) for operand in node.operands)

    def either(env: Env, frame: Frame) -> bool:
        return any(step(env, frame) for step in steps)

    return either


def is_of_actor(node: Node) -> bool:
    """True for what is known of the person who acts: when that is empty it equals nothing, not even empty."""
    return isinstance(node, Parameter) and node.name in ACTOR


def _compare(node: Compare) -> Step:
    left, right = _comparable(node.left), _comparable(node.right)
    if node.operator == "==":
        if is_of_actor(node.left) or is_of_actor(node.right):
            return lambda env, frame: (value := left(env, frame)) is not None and value == right(env, frame)
        return lambda env, frame: left(env, frame) == right(env, frame)
    test = _ORDERS[node.operator]

    def ordered(env: Env, frame: Frame) -> bool:
        a = left(env, frame)
        if a is None:
            return False
        b = right(env, frame)
        return b is not None and bool(test(a, b))

    return ordered


_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparable(node: Node) -> Step:
    """Records compare by id: an id names one record, whatever its entity."""
    step = compile_step(node)
    if node.type.kind is not Kind.REFERENCE:
        return step

    def identity(env: Env, frame: Frame) -> Any:
        value = step(env, frame)
        return getattr(value, "id", value)

    return identity


def _in(node: In) -> Step:
    if isinstance(node.options, ListOf):
        return _among(node.item, node.options)
    if isinstance(node.options, Access) and node.options.type.kind is not Kind.OPTIONS:
        return _member(node.item, node.options)
    item, options = _comparable(node.item), compile_step(node.options)

    def contained(env: Env, frame: Frame) -> bool:
        value = item(env, frame)
        return value is not None and value in (options(env, frame) or ())

    return contained


def _member(item: Node, options: Access) -> Step:
    wanted, records = _comparable(item), _records(Aggregate(BOOLEAN, "any", options))

    def contained(env: Env, frame: Frame) -> bool:
        value = wanted(env, frame)
        return value is not None and any(reference_of(found).id == value for found in records(env, frame))

    return contained


def _among(item: Node, options: ListOf) -> Step:
    if is_of_actor(item) or not all(isinstance(option, Literal) for option in options.items):
        return _or(Or(BOOLEAN, tuple(_equal(item, option) for option in options.items)))
    values = frozenset(option.value for option in options.items if isinstance(option, Literal))
    step = _comparable(item)
    return lambda env, frame: step(env, frame) in values


def _equal(item: Node, option: Node) -> Node:
    if option.type.kind is Kind.EMPTY:
        return IsEmpty(BOOLEAN, item)
    return Compare(BOOLEAN, "==", item, option)


def _is_empty(node: IsEmpty) -> Step:
    inner = compile_step(node.operand)
    return lambda env, frame: inner(env, frame) is None


def _arithmetic(node: Arithmetic) -> Step:
    left, right = compile_step(node.left), compile_step(node.right)
    calculate = exact.arithmetic(node.operator, node.left.type, node.right.type, node.type)

    def calculated(env: Env, frame: Frame) -> Any:
        a = left(env, frame)
        if a is None:
            return None
        b = right(env, frame)
        return None if b is None else calculate(a, b)

    return calculated


def _join(node: Join) -> Step:
    steps = tuple(compile_step(part) for part in node.parts)
    return lambda env, frame: "".join(step(env, frame) or "" for step in steps) or None


def _like(node: Node, wanted: Type) -> Step:
    """The step as a value of the type: a number gets its decimals, and is empty if it has too many digits."""
    step = compile_step(node)
    if wanted.kind is not Kind.DECIMAL or node.type.decimals == wanted.decimals:
        return step
    places = wanted.decimals

    def fitted(env: Env, frame: Frame) -> Any:
        value = step(env, frame)
        return None if value is None else exact.kept(Decimal(value), places)

    return fitted


def _if_else(node: IfElse) -> Step:
    condition = compile_step(node.condition)
    then, otherwise = _like(node.then, node.type), _like(node.otherwise, node.type)
    return lambda env, frame: then(env, frame) if condition(env, frame) else otherwise(env, frame)


def _call(node: Call) -> Step:
    function = FUNCTIONS[node.function]
    if function.arguments[0].alike:
        return _lenient(function, tuple(_like(argument, node.type) for argument in node.arguments))
    steps = tuple(compile_step(argument) for argument in node.arguments)
    return _strict(function, steps, node.type) if function.strict else _lenient(function, steps)


def _lenient(function: Function, steps: tuple[Step, ...]) -> Step:
    evaluate = function.evaluate
    return lambda env, frame: evaluate(*(step(env, frame) for step in steps))


def _strict(function: Function, steps: tuple[Step, ...], result: Type) -> Step:
    evaluate, zoned = function.evaluate, function.zoned
    if function.typed:
        evaluate = partial(evaluate, result)

    def called(env: Env, frame: Frame) -> Any:
        values = [step(env, frame) for step in steps]
        if None in values:
            return None
        return evaluate(frame.context.zone, *values) if zoned else evaluate(*values)

    return called


def _changed(node: Changed) -> Step:
    now = compile_step(node.attribute)
    path = node.attribute.path
    return lambda env, frame: now(env, frame) != (None if frame.old is None else frame.old.value(path))


def _aggregate(node: Aggregate) -> Step:
    records = _records(node)
    if node.function in ("any", "all", "count"):
        return _ENDS[node.function](node, records)
    if node.function in OUTERMOST:
        return _latest(node, records)
    return _reduced(node, records)


Records = Callable[[Env, Frame], Iterator[Env]]


def _records(node: Aggregate) -> Records:
    """The records that the aggregate goes over; `all` looks for one that fails."""
    start, hops, name = _start(node.over.root), node.over.hops, node.over.path[0]
    where = compile_step(node.where) if node.where is not None else None
    wanted = node.function != "all"

    def records(env: Env, frame: Frame) -> Iterator[Env]:
        at = _followed(start(env, frame), hops)
        if at is None:
            return
        for record in at.many(name):
            if where is None or bool(where(record, frame)) is wanted:
                yield record

    return records


def _any(node: Aggregate, records: Records) -> Step:
    return lambda env, frame: any(True for _ in records(env, frame))


def _all(node: Aggregate, records: Records) -> Step:
    return lambda env, frame: not any(True for _ in records(env, frame))


def _count(node: Aggregate, records: Records) -> Step:
    return lambda env, frame: sum(1 for _ in records(env, frame))


_ENDS = {"any": _any, "all": _all, "count": _count}


def _reduced(node: Aggregate, records: Records) -> Step:
    value = compile_step(node.value or node.over)
    reduce = _reduction(node)

    def reduced(env: Env, frame: Frame) -> Any:
        found = (value(record, frame) for record in records(env, frame))
        return reduce([v for v in found if v is not None])

    return reduced


def _reduction(node: Aggregate) -> Callable[[list[Any]], Any]:
    if node.function in ("min", "max"):
        choose = min if node.function == "min" else max
        return lambda values: choose(values, default=None)
    if node.function in LISTS:
        return partial(listed, is_distinct=node.function == "list")
    if node.type.kind is Kind.DURATION:
        spans = _total_of_seconds if node.function == "sum" else _mean_of_seconds
        return lambda values: exact.span_of(spans([exact.seconds_of(v) for v in values]))
    if node.function == "avg":
        return exact.mean
    places = node.type.decimals
    return lambda values: exact.total(values, places)


def _total_of_seconds(seconds: list[int]) -> int | Decimal | None:
    return exact.total(seconds, 0)


def _mean_of_seconds(seconds: list[int]) -> Decimal | None:
    return exact.mean(seconds, 0)


def _latest(node: Aggregate, records: Records) -> Step:
    by, value = compile_step(node.by or node.over), compile_step(node.value or node.over)
    choose = max if node.function == "latest" else min

    def latest(env: Env, frame: Frame) -> Any:
        found = [
            (key, reference_of(r).id, r) for r in records(env, frame) if (key := by(r, frame)) is not None
        ]
        if not found:
            return None
        return value(choose(found, key=lambda one: one[:2])[2], frame)

    return latest


_STEPS: dict[type[Node], Callable[[Any], Step]] = {
    Literal: _literal,
    Parameter: _parameter,
    ListOf: _list,
    Access: _access,
    Not: _not,
    And: _and,
    Or: _or,
    Compare: _compare,
    In: _in,
    IsEmpty: _is_empty,
    Arithmetic: _arithmetic,
    Join: _join,
    IfElse: _if_else,
    Call: _call,
    Changed: _changed,
    Aggregate: _aggregate,
}
