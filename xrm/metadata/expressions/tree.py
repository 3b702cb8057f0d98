"""The typed tree of an expression: what the checker makes and the three targets read.

Every node is frozen, knows the type of its value, and holds no name that the checker has not resolved.
Money never meets an operator: the checker puts its base value (or its amount, where the field fixes the
currency) in its place, so that targets calculate with decimals only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from xrm.errors import NOWHERE, Place
from xrm.metadata.expressions.types import BOOLEAN, Type


@dataclass(frozen=True, slots=True)
class Node:
    """Any node of a typed tree; `type` is the type of its value."""

    type: Type


class Root(StrEnum):
    """The record at which a path starts."""

    RECORD = "record"  # the one that bare names belong to
    OUTER = "outer"  # the record in hand, where bare names belong to another (`record.`)
    OLD = "old"  # the record in hand before the change
    EACH = "each"  # the record that a rule with `each` asks, inside its many records, too


@dataclass(frozen=True, slots=True)
class Hop:
    """One step along a relationship to one record.

    It is read on `entities` and leads to one of `targets`; `narrowed` says that the relationship may lead
    elsewhere too, and that the path is empty then. No targets means any entity.
    """

    entities: tuple[str, ...]
    relationship: str
    targets: tuple[str, ...]
    narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written in the expression; None is `empty`."""

    value: Any


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A value that the evaluation is given: `today`, `now`, `me`, `my.teams`, `settings.inactive_days`."""

    name: str


@dataclass(frozen=True, slots=True)
class Access(Node):
    """The attribute at `path` of the record that `hops` lead to from `root`; `entities` is what it may be."""

    root: Root
    hops: tuple[Hop, ...]
    entities: tuple[str, ...]
    path: tuple[str, ...]
    narrowed: bool = False


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """Values in brackets; `type` is the type of each."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """True unless the operand holds; an empty operand does not hold."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And(Node):
    """True when all operands hold."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """True when an operand holds."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """`==` (null-safe) or an order (false with an empty side); `!=` is Not of `==`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """True when the item equals one of the options: a list, a set-valued attribute, or a set of records."""

    item: Node
    options: Node


@dataclass(frozen=True, slots=True)
class IsEmpty(Node):
    """True when the operand has no value."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+ - * /` of numbers, dates and durations; empty with an empty side, or beyond the digits kept."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Join(Node):
    """Texts put together; empty ones add nothing."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class IfElse(Node):
    """One of two values, by a condition."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of the function table, with its arguments."""

    function: str
    arguments: tuple[Node, ...]


OUTERMOST: Final = ("latest", "first")  # of one record, the last or the first of them
LISTS: Final = ("list", "list_all")


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """One value over many related records: those at `over` for which `where` holds.

    `by` orders the records of `latest` and `first`. Inside `where`, `value` and `by` bare names are theirs.
    """

    function: str
    over: Access
    value: Node | None = None
    where: Node | None = None
    by: Node | None = None


@dataclass(frozen=True, slots=True)
class Changed(Node):
    """True when the attribute differs from what it was before the change."""

    attribute: Access


TRUE = Literal(BOOLEAN, True)
FALSE = Literal(BOOLEAN, False)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in the text: an attribute of an entity, and where it stands (offset and length)."""

    entity: str
    attribute: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class FormerName:
    """A former name in the text: where it stands, and what it is called now; `of` is what has the name."""

    offset: int
    former: str
    present: str
    of: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as written, with its typed tree, the entity whose record is its scope, and its place.

    The tree and the mentions say present names; `former` are the former ones that the text still says.
    """

    text: str
    tree: Node
    entity: str
    place: Place = NOWHERE
    mentions: tuple[Mention, ...] = ()
    former: tuple[FormerName, ...] = ()

    @property
    def type(self) -> Type:
        """The type of its value."""
        return self.tree.type

    @property
    def renewed(self) -> str:
        """The text with present names."""
        text = self.text
        for found in sorted(set(self.former), key=lambda f: f.offset, reverse=True):
            end = found.offset + len(found.former)
            text = f"{text[: found.offset]}{found.present}{text[end:]}"
        return text


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    found: list[Node] = []
    for name in _CHILDREN.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, tuple):
            found.extend(value)
        elif value is not None:
            found.append(value)
    return tuple(found)


_CHILDREN: dict[type[Node], tuple[str, ...]] = {
    Not: ("operand",),
    IsEmpty: ("operand",),
    And: ("operands",),
    Or: ("operands",),
    Compare: ("left", "right"),
    Arithmetic: ("left", "right"),
    In: ("item", "options"),
    ListOf: ("items",),
    Join: ("parts",),
    IfElse: ("condition", "then", "otherwise"),
    Call: ("arguments",),
    Aggregate: ("over", "value", "where", "by"),
    Changed: ("attribute",),
}


def rebuilt(node: Node, change: Callable[[str, Node], Node]) -> Node:
    """The node with `change` of each node directly below it, which is told with the name under which it stands."""
    changes: dict[str, Any] = {}
    for name in _CHILDREN.get(type(node), ()):
        value = getattr(node, name)
        if isinstance(value, tuple):
            changes[name] = tuple(change(name, item) for item in value)
        elif value is not None:
            changes[name] = change(name, value)
    return replace(node, **changes) if changes else node


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def uses(tree: Node) -> frozenset[tuple[str, str]]:
    """Every (entity, attribute) that an evaluation may read, the relationships on the way included."""
    found: set[tuple[str, str]] = set()
    for node in walk(tree):
        if isinstance(node, Access):
            found.update((entity, node.path[0]) for entity in node.entities)
            found.update((entity, hop.relationship) for hop in node.hops for entity in hop.entities)
    return frozenset(found)


def parameters(tree: Node) -> frozenset[str]:
    """The names of the parameters that an evaluation asks for."""
    return frozenset(n.name for n in walk(tree) if isinstance(n, Parameter))


def all_of(trees: Iterable[Node]) -> Node:
    """A condition that holds where all of these hold; without any it always holds."""
    parts = tuple(t for t in trees if t != TRUE)
    if FALSE in parts:
        return FALSE
    return parts[0] if len(parts) == 1 else And(BOOLEAN, parts) if parts else TRUE


def any_of(trees: Iterable[Node]) -> Node:
    """A condition that holds where one of these holds; without any it never holds."""
    parts = tuple(t for t in trees if t != FALSE)
    if TRUE in parts:
        return TRUE
    return parts[0] if len(parts) == 1 else Or(BOOLEAN, parts) if parts else FALSE


def negated(tree: Node) -> Node:
    """A condition that holds where this one does not."""
    return Not(BOOLEAN, tree)
