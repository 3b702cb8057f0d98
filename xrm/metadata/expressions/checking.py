"""What the checker offers to the checks of calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.report import Report
from xrm.metadata.expressions.scope import Scope
from xrm.metadata.expressions.tree import Node


class Checking(Protocol):
    """What the checker offers to the checks of calls."""

    scope: Scope
    report: Report

    @property
    def names_the_record_in_hand(self) -> bool: ...

    def check(self, node: s.Syntax) -> Node | None: ...

    def value(self, node: s.Syntax) -> Node | None: ...

    def condition(self, node: s.Syntax) -> Node | None: ...

    def among(self, entities: tuple[str, ...], check: Callable[[], Node | None]) -> Node | None: ...

    def pair(self, left: Node, right: Node, left_at: int, right_at: int) -> tuple[Node, Node] | None: ...

    def equals(self, left: Node, right: Node, node: s.Binary) -> Node | None: ...

    def either(self, condition: Node, then: Node, otherwise: Node, node: s.Choice) -> Node | None: ...


def no_clock(checker: Checking, node: s.CallOf) -> None:
    """A problem is reported: what asks for the day or the zone cannot stand here."""
    hint = "This value is kept, and would be wrong tomorrow."
    checker.report.add("M207", f"{node.function} is not available here.", hint, node.at)
