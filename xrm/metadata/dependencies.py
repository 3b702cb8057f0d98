"""What computed fields follow from: which values, of which records, on which way from the record."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from xrm.metadata.expressions.tree import Access, Aggregate, Hop, Node, Root, children
from xrm.metadata.model import POINTERS, Entity, Field, Model, Shape

DELETED = "deleted_at"


class Way(StrEnum):
    """How a step leads from one record to others."""

    OUT = "out"  # along a lookup of this record
    IN = "in"  # to the records whose lookup leads here
    LINKED = "linked"  # along links that go out from here
    LINKING = "linking"  # along links that lead here


@dataclass(frozen=True, slots=True)
class Step:
    """A step from records of `entity` to those of `to`; `relationship` is the stored side, kept by `owner`."""

    way: Way
    entity: str
    to: str
    relationship: str

    @property
    def owner(self) -> str:
        """The entity that keeps the relationship."""
        return self.to if self.way in (Way.IN, Way.LINKING) else self.entity


Trail = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A value that a formula reads: the name on records of `entity`, at the end of the trail from its record."""

    entity: str
    name: str
    trail: Trail = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Fields of one entity that are found together: those that ask the database, then those that follow from them."""

    entity: str
    level: int
    asked: tuple[Field, ...]
    following: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """When the value that is watched changes, the block is found anew for the records that the trail comes from.

    Of the fields for which the database is asked, only `field` needs it; none where it is empty.
    """

    entity: str
    level: int
    trail: Trail
    field: str = ""


class Dependencies:
    """The graph of all computed fields of a model; it has no circles, for the model would not be."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._reads = {
            (entity.name, field.name): tuple(dict.fromkeys(_reads(model, entity, field)))
            for entity in model.entities.values()
            for field in entity.fields.values()
            if field.formula is not None
        }
        self._levels: dict[tuple[str, str], int] = {}
        self._ways: dict[tuple[str, str], Mapping[tuple[str, str], tuple[Trail, ...]]] = {}

    def __bool__(self) -> bool:
        return bool(self._reads)

    @property
    def parts(self) -> Iterable[tuple[str, str]]:
        """The computed fields that are stored, by entity and name."""
        return [(entity.name, field.name) for entity in self.model.tables for field in self._computed(entity)]

    @cached_property
    def stored(self) -> frozenset[tuple[str, str]]:
        """The same, to look them up."""
        return frozenset(self.parts)

    def reads(self, entity: str, name: str) -> tuple[Read, ...]:
        """What the field follows from; nothing for one that is not computed."""
        return self._reads.get((entity, name), ())

    def following(
        self, own: Set[tuple[str, str]], others: Set[tuple[str, str]] = frozenset()
    ) -> Set[tuple[str, str]]:
        """These computed fields, and all that read one of them or one of the `others`, directly or through others."""
        found = set(own)
        while more := {
            part for part in self.parts if part not in found and self._reads_one(part, found | others)
        }:
            found |= more
        return found

    def _reads_one(self, part: tuple[str, str], others: Set[tuple[str, str]]) -> bool:
        return any((read.entity, read.name) in others for read in self.reads(*part))

    def level(self, entity: str, name: str) -> int:
        """0 for what is given, or follows from values of the same record alone; else how late it is found."""
        key = (entity, name)
        if key not in self._levels:
            self._levels[key] = self._level(self.reads(*key))
        return self._levels[key]

    def _level(self, reads: Sequence[Read]) -> int:
        if not any(read.trail for read in reads):
            return max((self.level(r.entity, r.name) for r in reads), default=0)
        return 1 + max((self.level(r.entity, r.name) for r in reads), default=0)

    def is_asked(self, entity: str, name: str) -> bool:
        """True when it follows from other records, too."""
        return any(read.trail for read in self.reads(entity, name))

    @cached_property
    def early(self) -> Mapping[str, tuple[Field, ...]]:
        """By entity the fields that follow from values of the same record alone, each after those that it reads."""
        found: dict[str, tuple[Field, ...]] = {}
        for entity in self.model.tables:
            fields = self._in_order(
                entity, (f for f in self._computed(entity) if not self._is_late(entity, f))
            )
            if fields:
                found[entity.name] = fields
        return found

    @cached_property
    def late(self) -> Mapping[str, frozenset[str]]:
        """By entity the names of the fields that are found after records are stored."""
        found: dict[str, frozenset[str]] = {}
        for block in self.blocks.values():
            names = frozenset(field.name for field in (*block.asked, *block.following))
            found[block.entity] = names | found.get(block.entity, frozenset())
        return found

    @cached_property
    def blocks(self) -> Mapping[tuple[int, str], Block]:
        """The fields that are found after records are stored, by level and entity, the lowest levels first."""
        fields: dict[tuple[int, str], list[Field]] = {}
        for entity in self.model.tables:
            for field in self._computed(entity):
                if self._is_late(entity, field):
                    fields.setdefault((self.level(entity.name, field.name), entity.name), []).append(field)
        return {key: self._block(key, fields[key]) for key in sorted(fields)}

    @cached_property
    def watches(self) -> Mapping[tuple[str, str], tuple[Watch, ...]]:
        """What is found anew when a value changes, by its entity and name."""
        found: dict[tuple[str, str], dict[Watch, None]] = {}
        for block in self.blocks.values():
            asked = {field.name for field in block.asked}
            for field in (*block.asked, *block.following):
                name = field.name if field.name in asked else ""
                born = Watch(
                    block.entity, block.level, (), name
                )  # only of a new record the id is another one
                found.setdefault((block.entity, "id"), {})[born] = None
                for read in self.reads(block.entity, field.name):
                    known = found.setdefault((read.entity, read.name), {})
                    known[Watch(block.entity, block.level, read.trail, name)] = None
        return {key: tuple(known) for key, known in found.items()}

    @cached_property
    def _far(self) -> frozenset[tuple[str, str]]:
        """The fields that may be left to a job: more records may follow than the change has in hand."""
        return frozenset(
            (watch.entity, watch.field)
            for known in self.watches.values()
            for watch in known
            if watch.trail and (len(watch.trail) > 1 or watch.trail[-1].way is not Way.IN)
        )

    @property
    def spreads(self) -> bool:
        """Whether a change may concern more records than it has in hand."""
        return bool(self._far)

    def spreads_to(self, entity: str, names: Iterable[str]) -> bool:
        """Whether one of these values may follow from a change that concerns more records than it has in hand."""
        return any(self._far & self.ways(entity, name).keys() for name in names)

    @cached_property
    def _names(self) -> Mapping[str, Sequence[str]]:
        names: dict[str, list[str]] = {}
        for entity, name in self._reads:
            names.setdefault(entity, []).append(name)
        return names

    def computed(self, entity: str) -> Sequence[str]:
        """The computed fields of the entity, those that are not stored, too."""
        return self._names.get(entity, ())

    def titling(self, entity: Entity) -> frozenset[str]:
        """The computed fields of the entity that its titles follow from."""
        reads = () if entity.title is None else reads_of(self.model, entity, entity.title.tree)
        names = {read.name for read in reads if not read.trail}
        return frozenset(n for name in names for far, n in self.ways(entity.name, name) if far == entity.name)

    def ways(self, entity: str, name: str) -> Mapping[tuple[str, str], tuple[Trail, ...]]:
        """The computed fields from which the field follows, itself among them, with the trails that lead to them."""
        key = (entity, name)
        if key not in self._ways:
            found: dict[tuple[str, str], dict[Trail, None]] = {key: {(): None}}
            for read in self.reads(entity, name):
                if (read.entity, read.name) in self._reads:
                    for far, trails in self.ways(read.entity, read.name).items():
                        found.setdefault(far, {}).update({(*read.trail, *t): None for t in trails})
            self._ways[key] = {far: tuple(trails) for far, trails in found.items()}
        return self._ways[key]

    def _block(self, key: tuple[int, str], fields: Sequence[Field]) -> Block:
        level, name = key
        entity = self.model.entities[name]
        asked = tuple(f for f in fields if self.is_asked(name, f.name))
        following = self._in_order(entity, (f for f in fields if not self.is_asked(name, f.name)))
        return Block(name, level, asked, following)

    def _computed(self, entity: Entity) -> Iterator[Field]:
        return (f for f in entity.fields.values() if f.formula is not None and not f.is_live)

    def _is_late(self, entity: Entity, field: Field) -> bool:
        return self.level(entity.name, field.name) > 0

    def _in_order(self, entity: Entity, fields: Iterable[Field]) -> tuple[Field, ...]:
        """The fields, each after those of them that it reads."""
        waiting = {field.name: field for field in fields}
        ordered: list[Field] = []

        def put(field: Field) -> None:
            if waiting.pop(field.name, None) is not None:
                for read in self.reads(entity.name, field.name):
                    if not read.trail and read.name in waiting:
                        put(waiting[read.name])
                ordered.append(field)

        for field in list(waiting.values()):
            put(field)
        return tuple(ordered)


def dependencies_of(model: Model) -> Dependencies:
    """The graph of the model; whoever plans, activates and serves it asks for the same one: the last are remembered."""
    known = next((graph for graph in tuple(_recent) if graph.model is model), None)
    if known is None:
        _recent.append(known := Dependencies(model))
    return known


_recent: deque[Dependencies] = deque(maxlen=4)  # nobody changes a graph: those who ask share it


def _reads(model: Model, entity: Entity, field: Field) -> Iterator[Read]:
    """What decides of the value: what it follows from, and what freezes it."""
    for expression in (field.formula, field.frozen_when):
        if expression is not None:
            yield from reads_of(model, entity, expression.tree)


# --- what an expression reads -------------------------------------------------------------------------


def reads_of(model: Model, entity: Entity, tree: Node) -> Iterator[Read]:
    """Every value that an evaluation may read, with the way to it from a record of the entity."""
    return _Reader(model, entity.name).reads(tree, ((), entity.name))


Point = tuple[Trail, str]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Follows an expression; `home` is the entity of the record in hand."""

    model: Model
    home: str

    def reads(self, node: Node, here: Point) -> Iterator[Read]:
        if isinstance(node, Aggregate):
            yield from self._aggregate(node, here)
        elif isinstance(node, Access):
            reached, passed = self._along(node.hops, self._start(node, here))
            yield from passed
            for trail, entity in reached:
                if entity in node.entities:
                    yield from self._named(entity, node.path[0], trail)
        else:
            for child in children(node):
                yield from self.reads(child, here)

    def _start(self, node: Access, here: Point) -> Point:
        return ((), self.home) if node.root is Root.OUTER else here

    def _along(self, hops: Sequence[Hop], start: Point) -> tuple[list[Point], list[Read]]:
        """Where the hops lead to, and what is read on the way."""
        reached, passed = [start], list[Read]()
        for hop in hops:
            steps = [self._step(point, hop.relationship, hop.targets) for point in reached]
            reached = [point for points, _ in steps for point in points]
            passed += [read for _, reads in steps for read in reads]
        return reached, passed

    def _step(self, point: Point, name: str, targets: Sequence[str]) -> tuple[list[Point], list[Read]]:
        trail, entity = point
        reached, reads = list[Point](), list[Read]()
        for step in self._steps(entity, name, targets):
            there = (*trail, step)
            reached.append((there, step.to))
            reads += [*_joining(step, trail, there), Read(step.to, DELETED, there)]
        return reached, reads

    def _steps(self, entity: str, name: str, targets: Sequence[str]) -> Iterator[Step]:
        side = self.model.entities[entity].side(name)
        for target in targets:
            if side is None and name in POINTERS:
                yield Step(Way.OUT, entity, target, name)
            elif side is None:
                continue
            elif side.shape is Shape.LOOKUP:
                yield Step(Way.OUT, entity, target, name)
            elif side.shape is Shape.MANY:
                yield Step(Way.LINKED, entity, target, name)
            elif side.of is not None:
                far = self.model.entities[target].relationships.get(side.of[1])
                is_link = far is not None and far.shape is Shape.MANY
                yield Step(Way.LINKING if is_link else Way.IN, entity, target, side.of[1])

    def _named(self, entity: str, name: str, trail: Trail) -> Iterator[Read]:
        """The value of that name; of a relationship whatever makes it another one."""
        side = self.model.entities[entity].side(name)
        if side is None or side.shape is Shape.LOOKUP:
            yield Read(entity, name, trail)
        else:
            yield from self._step((trail, entity), name, side.targets)[1]

    def _aggregate(self, node: Aggregate, here: Point) -> Iterator[Read]:
        over = node.over
        reached, passed = self._along(over.hops, self._start(over, here))
        yield from passed
        for point in reached:
            if point[1] not in over.entities:
                continue
            far, reads = self._step(point, over.path[0], over.type.entities)
            yield from reads
            for part in (part for part in (node.value, node.where, node.by) if part is not None):
                for there in far:
                    yield from self.reads(part, there)


def _joining(step: Step, trail: Trail, there: Trail) -> Iterator[Read]:
    """What decides whether a record is at the other end of the step."""
    match step.way:
        case Way.OUT | Way.LINKED:
            yield Read(step.entity, step.relationship, trail)
        case Way.IN:
            yield Read(step.to, step.relationship, there)
        case Way.LINKING:
            yield Read(step.entity, linking_name(step.to, step.relationship), trail)


def linking_name(owner: str, relationship: str) -> str:
    """What a link is called at the record that it leads to."""
    return f"{owner}.{relationship}"
