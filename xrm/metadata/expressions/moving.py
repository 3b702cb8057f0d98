"""A typed tree in another place: what follows from a record, where that record is reached from another one."""

from __future__ import annotations

from dataclasses import replace

from xrm.metadata.expressions.tree import Access, Aggregate, Call, Hop, Literal, Node, Root, rebuilt, walk
from xrm.metadata.expressions.types import DECIMAL, INTEGER, Kind, Type
from xrm.metadata.values import MONEY_SCALE


def moved(tree: Node, root: Root, hops: tuple[Hop, ...]) -> Node:
    """The tree for the record that the hops lead to from the root."""
    return _moved(tree, root, hops, is_inside=False)


def _moved(node: Node, root: Root, hops: tuple[Hop, ...], *, is_inside: bool) -> Node:
    """Inside of an aggregate bare names belong to its records, and the record in hand is named as such."""
    if isinstance(node, Access):
        is_own = node.root is Root.OUTER if is_inside else node.root is not Root.OLD
        if not is_own:
            return node
        start = Root.OUTER if is_inside and root is Root.RECORD else root
        return replace(node, root=start, hops=(*hops, *node.hops))

    def below(name: str, child: Node) -> Node:
        inside = is_inside or (isinstance(node, Aggregate) and name != "over")
        return _moved(child, root, hops, is_inside=inside)

    return rebuilt(node, below)


def asks_in_hand(tree: Node) -> bool:
    """Whether the tree names the record in hand from within an aggregate."""
    return any(isinstance(node, Access) and node.root is Root.OUTER for node in walk(tree))


def rounded(tree: Node, wanted: Type) -> Node:
    """The number with the decimals of the type; anything else as it is."""
    scale = MONEY_SCALE if wanted.kind is Kind.MONEY else wanted.decimals
    if tree.type.kind is not Kind.DECIMAL or tree.type.decimals <= scale:
        return tree
    return Call(replace(DECIMAL, scale=scale), "round", (tree, Literal(INTEGER, scale)))
