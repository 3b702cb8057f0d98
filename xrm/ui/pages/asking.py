"""Between the conditions of a filter bar and the one text that says them all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from xrm.engine.queries.field_tests import as_text
from xrm.engine.queries.request import FieldTest
from xrm.metadata.expressions import Unparsable, parse_expression
from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.writing import conjunction, conjuncts
from xrm.metadata.model import Entity
from xrm.ui.formatting import as_date
from xrm.ui.pages.controls import named
from xrm.ui.pages.visit import Visit

PREFIX = "f."
ENDS = {">=": ".from", "<=": ".to"}
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
Pair = tuple[str, str]


def pairs_of(visit: Visit, entity: Entity, text: str) -> tuple[str, tuple[Pair, ...]]:
    """The condition without what a control of the filter bar can show, and that as its short conditions."""
    try:
        parts = conjuncts(text)
    except Unparsable:
        return text, ()
    pairs: dict[str, str] = {}
    rest: list[str] = []
    for part in parts:
        key, value = _pair(visit, entity, parse_expression(part))
        if key and key not in pairs:
            pairs[key] = value
        else:
            rest.append(part)
    return conjunction(rest), tuple(pairs.items())


def _pair(visit: Visit, entity: Entity, node: s.Syntax) -> Pair:
    """The condition as a control of the bar would send it; empty texts if none would."""
    if not (isinstance(node, s.Binary) and isinstance(node.left, s.Name)):
        return "", ""
    name, value = node.left.name, _value(node.right)
    control = named(visit, entity, name)
    kind = control.kind if control and value else ""
    if kind == "date" and node.operator in ENDS and as_date(value):
        return f"{PREFIX}{name}{ENDS[node.operator]}", value
    is_plain = node.operator == "==" and (
        kind == "select" or (kind == "boolean" and value in ("true", "false")) or _is_record(kind, value)
    )
    return (PREFIX + name, value) if is_plain else ("", "")


def _is_record(kind: str, value: str) -> bool:
    return kind == "lookup" and (value == "me" or bool(_ID.match(value)))


def _value(node: s.Syntax) -> str:
    if isinstance(node, s.Name):
        return node.name if node.name == "me" else ""
    value = node.value if isinstance(node, s.Constant) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def texts_of(
    visit: Visit, entity: Entity, filters: Iterable[str], tests: Iterable[FieldTest]
) -> Sequence[str]:
    """Every condition once, in one way of writing; raises Unparsable or Invalid for what is none."""
    return tuple(dict.fromkeys(_texts(visit, entity, filters, tests)))


def _texts(visit: Visit, entity: Entity, filters: Iterable[str], tests: Iterable[FieldTest]) -> Iterator[str]:
    for text in filters:
        yield from conjuncts(text)
    names = visit.queries.reader(visit.actor).names
    for test in tests:
        yield from conjuncts(as_text(test, entity.name, names))
