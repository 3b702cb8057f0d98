"""The typed tree of an expression: what the parser and checker make and the three targets read."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.errors import NOWHERE, Place
from xrm.metadata.expressions.types import Type


@dataclass(frozen=True, slots=True)
class Node:
    """Any node of a typed tree; `type` is the type of its value."""

    type: Type


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as written, with its typed tree, the entity whose record is its scope, and its place."""

    text: str
    tree: Node
    entity: str
    place: Place = NOWHERE

    @property
    def type(self) -> Type:
        """The type of its value."""
        return self.tree.type
