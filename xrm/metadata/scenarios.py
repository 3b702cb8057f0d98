"""Scenarios: the tests that a pack brings, ready to be run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from xrm.errors import Place
from xrm.metadata.expressions import Unparsable, parse_expression
from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.writing import written
from xrm.metadata.parse import Doc
from xrm.metadata.sources import Layer

NOON: Final = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
PARTS: Final = ("given", "when", "then")
ACTS: Final = ("create", "update", "transition", "delete", "restore", "link", "advance")
LOOKS: Final = ("expect", "read", "count")
# What each act or look takes besides who does it and the refusal, and of that what it needs.
TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("name", "values"),
    "update": ("values",),
    "transition": ("of", "values", "reason"),
    "delete": (),
    "restore": (),
    "link": ("to", "along", "values"),
    "advance": (),
    "expect": (),
    "read": (),
    "count": ("where", "is"),
}
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "transition": ("of",),
    "update": ("values",),
    "link": ("to", "along"),
    "count": ("is",),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done or looked at: `verb` says which, `facts` with what, `place` where it stands."""

    verb: str
    facts: Mapping[str, Any]
    place: Place

    @property
    def thing(self) -> Any:
        """What stands beside the verb."""
        return self.facts[self.verb]

    @property
    def who(self) -> str:
        """The name of who does it; empty for an administrator."""
        return str(self.facts.get("as", ""))

    @property
    def refused(self) -> str:
        """The code with which it must be refused; empty where it must be done."""
        return str(self.facts.get("refused", ""))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One document: its steps in order, whatever part they stand in."""

    pack: str
    name: str
    says: str
    at: datetime
    people: Mapping[str, tuple[str, ...]]
    steps: tuple[Step, ...]
    place: Place


def in_force(docs: Iterable[Doc]) -> tuple[Doc, ...]:
    """These scenarios, but for those in whose place the customisation has one of the same name."""
    docs = tuple(docs)
    own = {doc.name for doc in docs if doc.source.layer is Layer.CUSTOMISATION}
    return tuple(doc for doc in docs if doc.name not in own or doc.source.layer is Layer.CUSTOMISATION)


def scenario_of(doc: Doc) -> Scenario:
    """The scenario that a sound document says."""
    steps = tuple(Step(verb_of(body), body, doc.source.at((part, n))) for part, n, body in steps_of(doc))
    people = {name: tuple(roles) for name, roles in doc.body.get("people", {}).items()}
    begins = instant_of(doc.body["at"]) if "at" in doc.body else None
    place = doc.source.at(("scenario",))
    return Scenario(doc.pack, doc.name, doc.body["scenario"], begins or NOON, people, steps, place)


def steps_of(doc: Doc) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Part, position and body of each step."""
    for part in PARTS:
        for position, body in enumerate(doc.body.get(part, ())):
            if body:
                yield part, position, body


def entities_in(doc: Doc) -> frozenset[str]:
    """The entities that the scenario names: those whose records it makes or counts."""
    steps = (body for _, _, body in steps_of(doc))
    return frozenset(body[verb] for body in steps if (verb := verb_of(body)) in ("create", "count"))


def verb_of(body: Mapping[str, Any]) -> str:
    """What the step does; empty where it says nothing or several things."""
    said = [verb for verb in (*ACTS, *LOOKS) if verb in body]
    return said[0] if len(said) == 1 else ""


def instant_of(text: str) -> datetime | None:
    """The instant, in UTC where it names no zone; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def span_of(text: str) -> timedelta | None:
    """How long; None for what is no duration above nothing."""
    try:
        found = parse_expression(text)
    except Unparsable:
        return None
    if not isinstance(found, s.Constant) or not isinstance(found.value, timedelta):
        return None
    return found.value if found.value > timedelta() else None


def file_in(value: Any) -> str:
    """The name of the file that the value asks for, as in {file: prices.txt}; empty for any other value."""
    is_file = isinstance(value, dict) and value.keys() == {"file"} and isinstance(value["file"], str)
    return str(value["file"]) if is_file else ""


# --- expectations -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expectation:
    """A condition on one record of the scenario, said from that record; `names` are what it looks at first."""

    record: str
    condition: str
    names: tuple[str, ...]


def expectation_of(text: str, records: Mapping[str, Any]) -> Expectation | None:
    """The expectation; None where it is not about exactly one of these records. Raises Unparsable."""
    tree = parse_expression(text)
    heads = {node.name for node in _walk(tree) if isinstance(node, s.Name) and node.name in records}
    if len(heads) != 1:
        return None
    [record] = heads
    bare = _without(tree, record)
    alone = {id(node) for node in _walk(tree) if isinstance(node, s.Name) and node.name == record}
    if alone - {id(node.base) for node in _walk(tree) if isinstance(node, s.Member)}:
        return None
    names = dict.fromkeys(node.name for node in _walk(bare) if isinstance(node, s.Name))
    return Expectation(record, written(bare), tuple(names))


def _walk(node: Any) -> Iterator[s.Syntax]:
    if isinstance(node, s.Syntax):
        yield node
        for each in fields(node):
            yield from _walk(getattr(node, each.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _walk(item)


def _without(node: Any, record: str) -> Any:
    """The tree in which what stands behind the record's dot is a name of its own."""
    if isinstance(node, s.Member) and isinstance(node.base, s.Name) and node.base.name == record:
        return s.Name(node.at, 1, node.name)
    if isinstance(node, tuple):
        return tuple(_without(item, record) for item in node)
    if isinstance(node, s.Syntax):
        return replace(
            node, **{each.name: _without(getattr(node, each.name), record) for each in fields(node)}
        )
    return node
