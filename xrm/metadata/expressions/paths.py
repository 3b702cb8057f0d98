"""Dotted paths: names are looked up on the entities that a path may have reached, one step at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from xrm.metadata.expressions import syntax as s
from xrm.metadata.expressions.functions import FUNCTION_NAMES
from xrm.metadata.expressions.problems import MAX_HOPS
from xrm.metadata.expressions.report import Report
from xrm.metadata.expressions.scope import ACTOR, CLOCK, Scope
from xrm.metadata.expressions.tree import Access, Hop, Node, Parameter, Root
from xrm.metadata.expressions.typerules import named
from xrm.metadata.expressions.types import Attribute, Kind, Names, Type
from xrm.registry import near_names

_OTHER_WORDS = {
    "null": "empty",
    "none": "empty",
    "nil": "empty",
    "undefined": "empty",
    "true": "true",
    "false": "false",
    "yes": "true",
    "no": "false",
    "this": "record",
    "self": "record",
    "user": "me",
}


@dataclass(frozen=True, slots=True)
class Path:
    """How far a dotted path has come; without an attribute it stands at the record itself."""

    root: Root
    hops: tuple[Hop, ...]
    entities: tuple[str, ...]
    attribute: Attribute | None = None
    targets: tuple[str, ...] = ()
    narrowed: bool = False

    def access(self) -> Access:
        """The finished node."""
        if self.attribute is None:
            own = Type(Kind.REFERENCE, self.entities)
            return Access(own, self.root, self.hops, self.entities, ("id",), self.narrowed)
        kind = self.attribute.type
        if kind.kind in (Kind.REFERENCE, Kind.MANY):
            kind = replace(kind, entities=self.targets)
        return Access(kind, self.root, self.hops, self.entities, self.attribute.path, self.narrowed)


@dataclass(frozen=True, slots=True)
class Bare:
    """Whose record bare names belong to, and whether that is the record in hand."""

    entities: tuple[str, ...]
    in_hand: bool


class Paths:
    """Resolves names and members of one expression; every problem goes to the report."""

    def __init__(self, names: Names, scope: Scope, entity: str, report: Report) -> None:
        self._names, self._scope, self._report = names, scope, report
        self._hand = scope.record or entity

    def resolve(self, node: s.Syntax, bare: Bare) -> Node | Path | None:
        """The path or parameter that a name, member or narrowing means; None after a problem was reported."""
        match node:
            case s.Name():
                return self._name(node, bare)
            case s.Member():
                return self._member(node, bare)
            case s.Narrow():
                return self._narrow(node, bare)
        self._report.add("M202", "Only records have fields.", "Begin with a field or relationship.", node.at)
        return None

    def _name(self, node: s.Name, bare: Bare) -> Node | Path | None:
        if node.name == "me":
            return self._actor("me", node.at)
        if node.name == "record":
            return self._in_hand(bare)
        if node.name == "each" and self._scope.each:
            return Path(Root.EACH, (), (self._scope.each,))
        if node.name in ("my", "old", "settings"):
            hint = {"my": "my.teams", "old": "old.stage", "settings": "settings.inactive_days"}[node.name]
            self._report.add(
                "M200", f"A name is missing behind {node.name}.", f"Write, for example, {hint}.", node.at
            )
            return None
        return self._attribute(Path(Root.RECORD, (), bare.entities), node.name, node.at)

    def _member(self, node: s.Member, bare: Bare) -> Node | Path | None:
        if isinstance(node.base, s.Name) and node.base.name in ("my", "old", "settings"):
            return self._special(node.base.name, node)
        base = self.resolve(node.base, bare)
        if isinstance(base, Path):
            return self._step(base, node.name, node.name_at)
        if isinstance(base, Parameter):
            self._report.add("M201", f"{base.name} has no fields here.", _parameter_hint(), node.name_at)
        return None

    def _special(self, word: str, node: s.Member) -> Node | Path | None:
        if word == "my":
            return self._actor(f"my.{node.name}", node.name_at)
        if word == "settings":
            return self._setting(node)
        if not self._scope.old:
            hint = "old. and changed() are for rules, guards and automations."
            self._report.add("M207", "There is no earlier record here.", hint, node.at)
            return None
        return self._attribute(Path(Root.OLD, (), (self._hand,)), node.name, node.name_at)

    def _in_hand(self, bare: Bare) -> Path:
        return Path(Root.RECORD if bare.in_hand else Root.OUTER, (), (self._hand,))

    def _actor(self, name: str, at: int) -> Node | None:
        if name not in ACTOR:
            known = tuple(n.removeprefix("my.") for n in ACTOR if n != "me")
            self._report.add("M201", f"There is no {name}.", _near(name.removeprefix("my."), known), at)
            return None
        if not self._scope.actor:
            hint = "This value is the same for everybody: leave me and my. out."
            self._report.add("M207", "No person is known here.", hint, at)
            return None
        entities = tuple(map(self._names.entity_called, ACTOR[name].entities))
        return Parameter(replace(ACTOR[name], entities=entities), name)

    def _setting(self, node: s.Member) -> Node | None:
        found = self._scope.settings.get(node.name)
        if found is None:
            hint = _near(node.name, self._scope.settings)
            self._report.add("M201", f"There is no setting {node.name}.", hint, node.name_at)
            return None
        return Parameter(found, f"settings.{node.name}")

    def _step(self, path: Path, name: str, at: int) -> Path | None:
        """One name further: a field of the record, of a related record, or a part of a value."""
        if path.attribute is None:
            return self._attribute(path, name, at)
        kind = path.attribute.type.kind
        if kind is Kind.MANY:
            message = f"{path.attribute.name} are many records, so {name} is not one value."
            hint = f"Write any({path.attribute.name}, {name} == ...), count(), sum() or latest()."
            self._report.add("M202", message, hint, at)
            return None
        if kind is Kind.REFERENCE:
            reached = self._hop(path, at)
            return self._attribute(reached, name, at) if reached else None
        return self._part(path, path.attribute, name, at)

    def _hop(self, path: Path, at: int) -> Path | None:
        if not self._scope.paths:
            hint = "Only fields of the record itself can stand here."
            self._report.add("M207", "Related records are not available here.", hint, at)
            return None
        if len(path.hops) >= MAX_HOPS:
            hint = f"At most {MAX_HOPS} relationships can follow one another."
            self._report.add("M208", "The path is too long.", hint, at)
            return None
        attribute = path.attribute
        hop = Hop(path.entities, attribute.path[0] if attribute else "id", path.targets, path.narrowed)
        return Path(path.root, (*path.hops, hop), path.targets)

    def _attribute(self, path: Path, name: str, at: int) -> Path | None:
        found = {entity: self._names.attribute(entity, name) for entity in path.entities}
        known = {entity: attribute for entity, attribute in found.items() if attribute is not None}
        if not known:
            self._unknown(path, name, at)
            return None
        first = next(iter(known.values()))
        if len(known) < len(found) or any(not _alike(a, first) for a in known.values()):
            self._not_shared(name, tuple(known), at)
            return None
        self._report.mention(known, name, first.name, at)
        return self._reached(path, first, _targets(known.values()), at)

    def _reached(self, path: Path, attribute: Attribute, targets: tuple[str, ...], at: int) -> Path | None:
        if attribute.stored or attribute.type.kind in (Kind.REFERENCE, Kind.MANY):
            return replace(path, attribute=attribute, targets=targets, narrowed=False)
        through: Path | None = replace(path, attribute=None, narrowed=False)
        for name in attribute.path:
            through = self._step(through, name, at) if through else None
        return through

    def _part(self, path: Path, attribute: Attribute, name: str, at: int) -> Path | None:
        part = self._names.part(path.entities[0], attribute, name)
        if part is None:
            message = f"{attribute.name} is {named(attribute.type)} and has no {name}."
            self._report.add("M201", message, "Only records, money, names and addresses have parts.", at)
            return None
        return replace(path, attribute=part)

    def _narrow(self, node: s.Narrow, bare: Bare) -> Path | None:
        base = self.resolve(node.base, bare)
        if base is None:
            return None
        if (
            not isinstance(base, Path)
            or base.attribute is None
            or base.attribute.type.kind is not Kind.REFERENCE
        ):
            hint = "Write it as (complainant as contact)."
            self._report.add("M202", "Only a relationship can be narrowed.", hint, node.at)
            return None
        entity = self._names.entity_called(node.entity)
        self._report.renamed(node.entity, entity, "entity", node.entity_at)
        if base.targets and entity not in base.targets:
            message = f"{base.attribute.name} never leads to {node.entity}."
            self._report.add("M209", message, f"It leads to {' or '.join(base.targets)}.", node.entity_at)
            return None
        if not base.targets and not tuple(self._names.attribute_names(entity)):
            self._report.add("M201", f"There is no entity {node.entity}.", "", node.entity_at)
            return None
        return replace(base, targets=(entity,), narrowed=base.targets != (entity,))

    def _unknown(self, path: Path, name: str, at: int) -> None:
        if not path.entities:
            hint = "Narrow it first: (about as account).name."
            self._report.add("M209", f"The record may be of any entity, so {name} is not known.", hint, at)
            return
        known = [n for entity in path.entities for n in self._names.attribute_names(entity)]
        message = f"{' and '.join(path.entities)} {'have' if len(path.entities) > 1 else 'has'} no {name}."
        self._report.add(
            "M201", message, self._of_hand(path, name) or _hint_for(name, known, not path.hops), at
        )

    def _of_hand(self, path: Path, name: str) -> str:
        """What to write where a bare name is unknown of the many and known of the record in hand."""
        is_bare = path.root is Root.RECORD and not path.hops and path.entities != (self._hand,)
        if not is_bare or name not in self._names.attribute_names(self._hand):
            return ""
        return f"{self._hand} has it: write record.{name}."

    def _not_shared(self, name: str, having: tuple[str, ...], at: int) -> None:
        message = f"{name} does not mean the same on every record that this may be."
        self._report.add("M209", message, f"Narrow it first: (... as {having[0]}).{name}.", at)


def _alike(a: Attribute, b: Attribute) -> bool:
    """True when one column type and one name serve both; what a reference leads to may differ."""
    if a.path != b.path or a.stored != b.stored:
        return False
    if a.type.kind in (Kind.REFERENCE, Kind.MANY):
        return a.type.kind is b.type.kind
    return replace(a.type, options=()) == replace(b.type, options=())


def _targets(attributes: Iterable[Attribute]) -> tuple[str, ...]:
    lists = [a.type.entities for a in attributes]
    return tuple(dict.fromkeys(e for entities in lists for e in entities)) if all(lists) else ()


def _near(name: str, known: Iterable[str]) -> str:
    names = tuple(known)
    near = near_names(name, names)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"Known: {', '.join(names)}." if 0 < len(names) <= 12 else ""


def _hint_for(name: str, known: Iterable[str], first: bool) -> str:
    if first and name.lower() in _OTHER_WORDS:
        return f"Write {_OTHER_WORDS[name.lower()]}."
    if first and name in FUNCTION_NAMES:
        return f"Write {name}({'' if name in CLOCK else '...'})."
    near = near_names(name, tuple(known))
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f'If it is a text, write it in quotes: "{name}".' if first else ""


def _parameter_hint() -> str:
    return f"Known of the person: {', '.join(ACTOR)}."
