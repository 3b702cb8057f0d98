"""Which options and states an expression compares fields with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from xrm.metadata.expressions.tree import Access, Compare, In, ListOf, Literal, Node, children, walk
from xrm.metadata.expressions.types import Kind

_CHOSEN: Final = (Kind.CHOICE, Kind.OPTIONS)


class Compared(NamedTuple):
    """An option of a field, or a state of an entity."""

    entity: str
    field: str
    option: str

    @property
    def target(self) -> str:
        """The same as a target of references."""
        is_state = self.field == "state"
        return f"state:{self.entity}.{self.option}" if is_state else f"option:{'.'.join(self)}"


def compared_options(tree: Node) -> Iterator[Compared]:
    """The options and states that the expression compares fields with."""
    for node in walk(tree):
        if isinstance(node, Compare | In):
            below = [
                c
                for child in children(node)
                for c in (child.items if isinstance(child, ListOf) else (child,))
            ]
            words = [n.value for n in below if isinstance(n, Literal) and isinstance(n.value, str)]
            for access in (n for n in below if isinstance(n, Access) and n.type.kind in _CHOSEN):
                for entity in access.entities:
                    yield from (Compared(entity, access.path[0], word) for word in words)
