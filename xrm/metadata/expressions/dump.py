"""Typed trees as plain JSON data and back: for the browser's evaluator and for caches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from xrm.metadata.expressions import tree
from xrm.metadata.expressions.exact import instant_text, seconds_of
from xrm.metadata.expressions.tree import Hop, Literal, Node, Root
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.values import Money, Ref

_NODES: Final[dict[str, type[Node]]] = {
    node.__name__: node
    for node in (
        tree.Literal,
        tree.Parameter,
        tree.Access,
        tree.ListOf,
        tree.Not,
        tree.And,
        tree.Or,
        tree.Compare,
        tree.In,
        tree.IsEmpty,
        tree.Arithmetic,
        tree.Join,
        tree.IfElse,
        tree.Call,
        tree.Aggregate,
        tree.Changed,
    )
}


def dump_tree(node: Node) -> dict[str, Any]:
    """The tree as JSON data: each node says what it is under `node`; what is empty or default is left out."""
    parts = {f.name: getattr(node, f.name) for f in fields(node)}
    kept = {name: _dump(value) for name, value in parts.items() if value not in (None, (), False, "")}
    if isinstance(node, Literal) and node.value is not None:
        kept["value"] = dump_value(node.value, node.type)
    return {"node": type(node).__name__, **kept}


def load_tree(data: Mapping[str, Any]) -> Node:
    """The tree that `dump_tree` gave this data for."""
    kind = _NODES[data["node"]]
    given = {name: _load(name, value) for name, value in data.items() if name != "node"}
    if kind is Literal:
        given["value"] = _load_value(data.get("value"), given["type"].kind)
    return kind(**{**_defaults(kind), **given})


def _defaults(kind: type[Node]) -> dict[str, Any]:
    return {name: default for name, default in _ABSENT.items() if name in kind.__dataclass_fields__}


# What a part is when it was left out.
_ABSENT: Final[dict[str, Any]] = {
    "hops": (),
    "entities": (),
    "items": (),
    "operands": (),
    "parts": (),
    "arguments": (),
    "path": (),
}


def _dump(value: Any) -> Any:
    match value:
        case Node():
            return dump_tree(value)
        case Type():
            return _dump_type(value)
        case Hop():
            return [list(value.entities), value.relationship, list(value.targets), value.narrowed]
        case tuple():
            return [_dump(item) for item in value]
    return value


def _dump_type(type_: Type) -> Any:
    """Most types are their kind alone; others are a list of kind, entities, options and scale."""
    if type_ == Type(type_.kind):
        return type_.kind.value
    return [type_.kind.value, list(type_.entities), list(type_.options), type_.scale]


def _load(name: str, value: Any) -> Any:
    if name == "type":
        return _load_type(value)
    if name == "root":
        return Root(value)
    if name == "hops":
        return tuple(Hop(tuple(e), r, tuple(t), n) for e, r, t, n in value)
    if isinstance(value, Mapping):
        return load_tree(value)
    return tuple(_load("", item) for item in value) if isinstance(value, list) else value


def _load_type(value: Any) -> Type:
    if isinstance(value, str):
        return Type(Kind(value))
    kind, entities, options, scale = value
    return Type(Kind(kind), tuple(entities), tuple(options), scale)


def _money(value: Money) -> dict[str, str | None]:
    """Money as its parts."""
    base = None if value.base is None else format(value.base, "f")
    return {"amount": format(value.amount, "f"), "currency": value.currency, "base": base}


_WRITERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.DECIMAL: lambda value: format(value, "f"),
    Kind.INTEGER: str,
    Kind.MONEY: _money,
    Kind.DATE: date.isoformat,
    Kind.TIME: time.isoformat,
    Kind.DATETIME: instant_text,
    Kind.DURATION: seconds_of,
    Kind.REFERENCE: lambda value: str(value.id if isinstance(value, Ref) else value),
}
_READERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.DECIMAL: Decimal,
    Kind.INTEGER: int,
    Kind.DATE: date.fromisoformat,
    Kind.TIME: time.fromisoformat,
    Kind.DATETIME: lambda text: datetime.fromisoformat(text).astimezone(UTC),
    Kind.DURATION: lambda seconds: timedelta(seconds=seconds),
    Kind.REFERENCE: UUID,
}


def dump_value(value: Any, type_: Type) -> Any:
    """A value of that type as JSON data for the browser's evaluator; numbers are texts, JavaScript would round them."""
    if value is None:
        return None
    if type_.kind is Kind.MANY or type_.kind is Kind.OPTIONS:
        return [str(item) for item in value]
    write = _WRITERS.get(type_.kind)
    return value if write is None else write(value)


def _load_value(value: Any, kind: Kind) -> Any:
    read = _READERS.get(kind)
    return value if value is None or read is None else read(value)
