"""What rights mean, said a second time and as simply as possible: plain dictionaries and loops, no SQL.
It imports nothing of the engine. A record is a dictionary with `entity`, `id`, `title`, `trashed`, its fields
and its relationships; a relationship to one holds the record pointed at or None, one to many holds a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Record = dict[str, Any]
OPERATIONS = ("create", "read", "update", "delete", "transition", "assign", "export", "import")
CARRIED = {"export": ("read",), "import": ("create", "update")}
FOLLOWED = {o: o if o in ("read", "export", "import") else "update" for o in OPERATIONS if o != "assign"}
Rows = Callable[["Person", Record], bool]


@dataclass(frozen=True)
class Attribute:
    """A field. `through` is the (relationship, field) that a read-through field shows."""

    kind: str
    guarded: bool = False
    searched: bool = False
    through: tuple[str, str] | None = None


@dataclass(frozen=True)
class Side:
    """A relationship as seen from its entity; `of` names the stored side where this is the other one."""

    targets: tuple[str, ...]
    many: bool = False
    guarded: bool = False
    of: tuple[str, str] | None = None
    narrowed: bool = False
    any: bool = False


@dataclass(frozen=True)
class Thing:
    """An entity. `parent` is the (lookup, entity, inverse) through which rights follow an owner record."""

    fields: Mapping[str, Attribute]
    sides: Mapping[str, Side]
    title: str
    parent: tuple[str, str, str] | None = None
    order: str = ""

    def open_names(self) -> frozenset[str]:
        """The names that a grant without a list of fields gives."""
        return frozenset(n for n, what in {**self.fields, **self.sides}.items() if not what.guarded)


@dataclass(frozen=True)
class Grant:
    """Operations on the rows where `rows` holds (None for all), with these fields and no others."""

    entity: str
    can: frozenset[str]
    rows: Rows | None
    fields: frozenset[str]


@dataclass(frozen=True, repr=False)
class World:
    """Everything there is: entities, records and roles."""

    things: Mapping[str, Thing]
    records: Mapping[str, Sequence[Record]]
    roles: Mapping[str, Sequence[Grant]]


@dataclass(repr=False)
class Person:
    """Someone with roles, in front of the world. `transfer` is granted besides what it carries."""

    world: World
    roles: frozenset[str]
    me: str
    teams: frozenset[str] = frozenset()
    transfer: str = ""
    _grants: dict[tuple[str, str], list[Grant]] = field(default_factory=dict)

    def grants(self, entity: str, operation: str) -> list[Grant]:
        """The grants that give the operation, those that follow from the owner record included."""
        key = (entity, operation)
        if key not in self._grants:
            own = [g for r in sorted(self.roles) for g in self.world.roles[r]]
            found = [g for g in own if g.entity == entity and operation in g.can]
            self._grants[key] = found + list(self._followed(entity, operation))
        return self._grants[key]

    def _followed(self, entity: str, operation: str) -> Iterator[Grant]:
        thing, asked = self.world.things[entity], FOLLOWED.get(operation)
        if thing.parent is None or asked is None:
            return
        lookup, owner, inverse = thing.parent
        if any(inverse in g.fields for g in self.grants(owner, asked)):
            rows: Rows = lambda p, r: r[lookup] is not None and p._granted(r[lookup], asked, inverse)  # noqa: E731
            yield Grant(entity, frozenset({operation}), rows, thing.open_names())

    def _asked(self, operation: str) -> tuple[str, ...]:
        return (operation, self.transfer) if operation in CARRIED.get(self.transfer, ()) else (operation,)

    def _granted(self, record: Record, operation: str, name: str = "") -> bool:
        grants = (g for g in self.grants(record["entity"], operation) if not name or name in g.fields)
        return any(g.rows is None or g.rows(self, record) for g in grants)

    def can(self, entity: str, operation: str) -> bool:
        """True when the operation is granted on some row at all."""
        return all(self.grants(entity, o) for o in self._asked(operation))

    def may(self, record: Record, operation: str) -> bool:
        """True when the operation is granted on this record."""
        return all(self._granted(record, o) for o in self._asked(operation))

    def sees(self, record: Record) -> bool:
        """True when the record may be read."""
        return self.may(record, "read")

    def gives(self, record: Record, operation: str, name: str) -> bool:
        """True when the operation is granted on this field of this record."""
        return all(self._granted(record, o, name) for o in self._asked(operation))

    def names(self, entity: str, operation: str) -> frozenset[str]:
        """The names that the operation may touch on some row."""
        each = ({n for g in self.grants(entity, o) for n in g.fields} for o in self._asked(operation))
        given = frozenset(set.intersection(*each))
        if operation != "read":
            return given
        thing = self.world.things[entity]
        shown = {n: f.through for n, f in thing.fields.items() if f.through}
        return frozenset(n for n in given if n not in shown or self._has_inputs(thing, given, shown[n]))

    def _has_inputs(self, thing: Thing, given: frozenset[str], through: tuple[str, str]) -> bool:
        """A read-through field can be named by whoever can name what it shows."""
        targets = thing.sides[through[0]].targets
        return through[0] in given and all(through[1] in self.names(t, "read") for t in targets)

    def knows(self, entity: str, name: str) -> bool:
        """True when a query may name this field or relationship."""
        side = self.world.things[entity].sides.get(name)
        if name not in self.names(entity, "read"):
            return False
        return side is None or not side.many or any(self.can(t, "read") for t in side.targets)

    def rows(self, entity: str, *, trashed: bool = False) -> list[Record]:
        """The readable records on one side of the trash."""
        return [r for r in self.world.records[entity] if r["trashed"] is trashed and self.sees(r)]

    def value(self, record: Record, name: str) -> Any:
        """The value as this person sees it: None where it is not given."""
        thing = self.world.things[record["entity"]]
        if not self.gives(record, "read", name):
            return None
        through = thing.fields[name].through if name in thing.fields else None
        return self.at(record, through) if through else record[name]

    def follow(self, record: Record, name: str, entity: str = "") -> Record | None:
        """The readable record that a relationship to one leads to."""
        there = self.value(record, name)
        if there is None or not self.sees(there) or (entity and there["entity"] != entity):
            return None
        return there

    def far(self, record: Record, name: str) -> list[Record]:
        """The readable live records on the far side of a relationship to many.

        What is stored on the other record is shown only where that may be read there too.
        """
        side = self.world.things[record["entity"]].sides[name]
        if not self.gives(record, "read", name):
            return []
        found = [r for r in record[name] if not r["trashed"] and self.sees(r)]
        return found if side.of is None else [r for r in found if self.gives(r, "read", side.of[1])]

    def shown(self, record: Record, name: str) -> Any:
        """The value as JSON: a pointer shows its title only where its record may be read."""
        value = self.value(record, name)
        if not isinstance(value, dict) or "entity" not in value:
            return value
        title = value["title"] if self.sees(value) else None
        return {"id": value["id"], "entity": value["entity"], "title": title}

    def at(self, record: Record, path: Sequence[str], narrowed: str = "") -> Any:
        """The value at the end of a path of relationships to one."""
        if len(path) == 1:
            return self.value(record, path[0])
        there = self.follow(record, path[0], narrowed)
        return None if there is None else self.at(there, path[1:])

    def where(self, entity: str, holds: Callable[[Record], bool]) -> list[str]:
        """The ids of the readable live records for which `holds`, each once."""
        return sorted(r["id"] for r in self.rows(entity) if holds(r))

    def ordered(self, entity: str, key: Callable[[Record], Any], *, descending: bool) -> list[str]:
        """The ids in order: empty values are the smallest, equal ones are ordered by id."""
        keyed = [(r["id"], comparable(key(r))) for r in self.rows(entity)]
        keyed.sort(key=lambda k: (k[1] is not None, 0 if k[1] is None else k[1], k[0]), reverse=descending)
        return [record for record, _ in keyed]

    def searched(self, entity: str, word: str) -> list[str]:
        """The ids of records that hold the word in their title or in a given searched field."""
        names = [n for n, attribute in self.world.things[entity].fields.items() if attribute.searched]
        texts = {r["id"]: [r["title"], *(self.value(r, n) for n in names)] for r in self.rows(entity)}
        return self.where(entity, lambda r: any(word in str(t or "") for t in texts[r["id"]]))

    def entity_wrong(self, entity: str, operation: str) -> str:
        """What stands against the operation on any record; who may do nothing with the entity knows none."""
        if not any(self.can(entity, o) for o in OPERATIONS):
            return "absent"
        missing = operation == "create" and not self.can(entity, "create")
        return ("refused" if self.can(entity, "read") else "absent") if missing else ""

    def row_wrong(self, record: Record, operation: str) -> str:
        """What stands against the operation on this record: refused only where it may be read."""
        wrong = self.entity_wrong(record["entity"], operation)
        if wrong or self.may(record, operation):
            return wrong
        return "refused" if self.sees(record) else "absent"

    def names_wrong(self, entity: str, operation: str, names: Iterable[str]) -> str:
        """Names that may be read but not written are refused, others do not exist."""
        given, read = self.names(entity, operation), self.names(entity, "read")
        wrong = [n for n in names if n not in given]
        return "unknown" if any(n not in read for n in wrong) else "refused" if wrong else ""

    def _pointers(self, values: Mapping[str, Any], old: Record | None = None) -> str:
        """Only readable live records, and what one can read there already, can be pointed at."""
        refs = {n: v for n, v in values.items() if isinstance(v, dict) and "entity" in v}
        kept = {n for n, r in refs.items() if old and old[n] is r and self.gives(old, "read", n)}
        wrong = [n for n, r in refs.items() if r["trashed"] or not self.sees(r)]
        return "unfit" if set(wrong) - kept else ""

    def create(self, new: Record, given: Mapping[str, Any], fresh: Iterable[str] = ()) -> str:
        """What comes of making `new` from the `given` values; `fresh` point at records of the same batch."""
        entity = new["entity"]
        wrong = self.entity_wrong(entity, "create") or self.names_wrong(entity, "create", given)
        wrong = wrong or self._pointers({n: v for n, v in given.items() if n not in fresh})
        allowed = self.may(new, "create") and all(self.gives(new, "create", n) for n in given)
        return wrong or ("done" if allowed else "refused")

    def update(self, old: Record, given: Mapping[str, Any]) -> str:
        """What comes of setting these values."""
        wrong = self.row_wrong(old, "update")
        if not wrong and old["trashed"]:
            return "conflict"
        wrong = wrong or self.names_wrong(old["entity"], "update", given) or self._pointers(given, old)
        allowed = all(self.gives(old, "update", n) for n in given) and self.may({**old, **given}, "update")
        return wrong or ("done" if allowed else "refused")

    def step(self, old: Record, transition: tuple[str, str, frozenset[str] | None]) -> str:
        """What comes of a transition: (from, to, roles that may take it)."""
        source, target, roles = transition
        wrong = self.row_wrong(old, "transition")
        if wrong or old["trashed"]:
            return wrong or "conflict"
        if roles is not None and not roles & self.roles:
            return "refused"
        if old["state"] != source:
            return "conflict"
        return "done" if self.may({**old, "state": target}, "transition") else "refused"

    def delete(self, record: Record, *, held: bool) -> str:
        """What comes of deleting; `held` says that others still need the record."""
        return self.row_wrong(record, "delete") or ("conflict" if held or record["trashed"] else "done")

    def restore(self, record: Record, root: Record) -> str:
        """What comes of restoring a record that went when `root` was deleted."""
        return self.row_wrong(record, "delete") or ("done" if self.may(root, "delete") else "refused")

    def link(self, record: Record, name: str, target: Record) -> str:
        """What comes of a link to `target`, with whatever attributes, and of a change of one."""
        entity, wrong = record["entity"], self.row_wrong(record, "update")
        if not wrong and name not in self.names(entity, "update") | self.names(entity, "read"):
            return "absent"
        given = self.gives(record, "update", name)
        return wrong or (self._pointers({name: target}) or "done" if given else "refused")

    def comment(self, record: Record, author: str) -> str:
        """What comes of writing as `author` on the record, or of changing or removing what they wrote."""
        if record["trashed"] or not self.sees(record):
            return "absent"
        return "done" if author == self.me else "refused"

    def undo(self, records: Iterable[Record], author: str, *, changed: bool, opposite: str) -> str:
        """What comes of taking back what `author` did, by what comes of the opposite; no name is told."""
        if author != self.me or not all(self.sees(r) for r in records):
            return "absent"
        return "conflict" if changed else opposite.replace("unknown", "refused")


def comparable(value: Any) -> Any:
    """What a value is ordered by."""
    if isinstance(value, dict):
        return value["title"] if "entity" in value else Decimal(value["amount"])
    return Decimal(value) if isinstance(value, str) and value.replace(".", "", 1).isdecimal() else value
