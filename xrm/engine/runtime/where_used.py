"""Where something is used: references of all definitions, what people and programs keep, and how often the API does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from xrm.engine.commands import Actor
from xrm.engine.identity.work import demand_administrator
from xrm.engine.packs.layers import floor_of
from xrm.engine.queries.former import OPTION as CHOSEN
from xrm.engine.runtime.kept_uses import VIEWS, Kept, kept_uses
from xrm.engine.runtime.snapshot import Snapshot
from xrm.engine.runtime.usage import DAYS, FORMER, Key, Usage
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.former import ITSELF
from xrm.errors import NOWHERE, NotFound, Place, Problem, Unavailable
from xrm.metadata.model import Entity, Label, Model, Reference
from xrm.registry import near_names

ENTITY, MEMBER, OPTION, ROLE, OPTIONS = "entity", "field", "option", "role", "options"
_LOOKED_AT: Final = 500  # names, for one that was meant


@dataclass(frozen=True, slots=True)
class Thing:
    """What was asked for: its kind, its name, and its targets in the reference index. An option or role has `keys`, the
    present one and former ones, by which its uses were counted.
    """

    kind: str
    name: str
    label: Label
    targets: tuple[str, ...]
    place: Place = NOWHERE
    entity: str = ""
    member: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UsedIn:
    """One reference: what uses it, where that is written, and in which layer. One that `sleeps` is of a pack, or about
    one, that is disabled.
    """

    source: str
    place: Place
    layer: str
    floor: str
    sleeps: bool = False

    @property
    def document(self) -> str:
        """The file inside its layer."""
        return self.place.file.partition("/")[2]


@dataclass(frozen=True, slots=True)
class FormerlyCalled:
    """A former name that still counts: since when, and how often it was said lately."""

    name: str
    since: datetime | None
    uses: int


@dataclass(frozen=True, slots=True)
class WhereUsed:
    """All that uses one thing. `uses` counts requests of the API in the last `days` by how they use it."""

    thing: Thing
    references: tuple[UsedIn, ...]
    kept: tuple[Kept, ...] = ()
    former: tuple[FormerlyCalled, ...] = ()
    uses: Mapping[str, int] = field(default_factory=dict)
    days: int = DAYS

    @property
    def saved_views(self) -> tuple[str, ...]:
        """The saved views in words, those of single people by their number."""
        views = next((kept for kept in self.kept if kept.kind == VIEWS), Kept(VIEWS, 0))
        own = views.count - len(views.names)
        told = ("saved view of one person",) if own == 1 else (f"{own} saved views of single people",)
        return (*(f"saved view {name}" for name in views.names), *(told if own else ()))


def where_used(
    database: Database, usage: Usage, snapshot: Snapshot, stored: Model, actor: Actor, name: str
) -> WhereUsed:
    """What uses the thing of that name; raises Forbidden for all but administrators, and NotFound.

    `stored` is the model with what disabled packs say.

    `account` is an entity, `account.phone` a field or relationship, `account.kind.firm` an option or a state,
    `role:seller` a role, `options:tone` a shared set and `options:tone.low` an option of it.
    """
    demand_administrator(actor)
    thing = thing_called(stored, name)
    with suppress(Unavailable):  # the counts of this process come with the next answer, then
        usage.write()
    with database.read() as unit:
        counts = _counts(unit, usage, snapshot, thing)
        kept = kept_uses(unit, stored, snapshot.numbers, thing.targets, usage.world.now())
    return WhereUsed(
        thing,
        tuple(_references(snapshot.model, stored, thing)),
        kept,
        tuple(_former(snapshot, thing, counts)),
        _by_way(thing, snapshot, counts),
    )


def _references(served: Model, stored: Model, thing: Thing) -> Iterator[UsedIn]:
    found: dict[Reference, None] = {}
    for target in thing.targets:
        found.update(dict.fromkeys(stored.uses(target)))
    awake = frozenset(found if served is stored else served.references)
    for reference in sorted(found, key=lambda r: (r.place.file, r.place.line, r.place.column, r.source)):
        layer = reference.place.file.partition("/")[0]
        sleeps = reference not in awake
        yield UsedIn(reference.source, reference.place, layer, str(floor_of(layer)), sleeps)


# --- what is meant by a name --------------------------------------------------------------------------


def thing_called(model: Model, name: str) -> Thing:
    """The thing of that name, or of that former name; raises NotFound."""
    kind, colon, rest = name.partition(":")
    if colon and kind == ROLE:
        return _role(model, rest)
    if colon and kind == OPTIONS:
        return _shared(model, rest)
    steps = name.split(".")
    entity = model.entities.get(model.former.entity(steps[0]))
    if entity is None:
        raise _absent(name, model.entities)
    if len(steps) == 1:
        return Thing(ENTITY, entity.name, entity.label, (f"entity:{entity.name}",), entity.place, entity.name)
    return _member(model, entity, name, steps[1:])


def _role(model: Model, name: str) -> Thing:
    role = model.roles.get(model.former.role(name))
    if role is None:
        raise _absent(name, model.roles)
    keys = (role.name, *(old for old, new in model.former.roles.items() if new == role.name))
    return Thing(ROLE, role.name, role.label, (f"role:{role.name}",), role.place, keys=keys)


def _shared(model: Model, name: str) -> Thing:
    set_, _, key = name.partition(".")
    options = model.option_sets.get(set_)
    if options is None:
        raise _absent(set_, model.option_sets)
    if not key:
        return Thing(OPTIONS, set_, {}, (f"options:{set_}",))
    option = next((o for o in options if key in (o.key, *o.renamed_from)), None)
    if option is None:
        raise _absent(name, [f"{set_}.{o.key}" for o in options])
    users = [
        (e, f)
        for e in model.entities.values()
        for f in e.fields.values()
        if f.params.get("options") == options
    ]
    return Thing(
        OPTION,
        f"{set_}.{option.key}",
        option.label,
        tuple(f"option:{e.name}.{f.name}.{option.key}" for e, f in users),
    )


def _member(model: Model, entity: Entity, name: str, steps: Sequence[str]) -> Thing:
    member = model.former.member(entity.name, steps[0])
    found = entity.fields.get(member) or entity.relationships.get(member)
    if len(steps) > 1:
        return _option(model, entity, name, member, steps[1])
    if found is None:
        known = [f"{entity.name}.{n}" for n in (*entity.fields, *entity.relationships)]
        raise _absent(name, known)
    full = f"{entity.name}.{member}"
    targets = (f"field:{full}", f"relationship:{full}")
    return Thing(MEMBER, full, found.label, targets, found.place, entity.name, member)


def _option(model: Model, entity: Entity, name: str, member: str, word: str) -> Thing:
    key = model.former.option(entity.name, member, word)
    full = f"{entity.name}.{member}.{key}"
    states = entity.lifecycle.states if entity.lifecycle is not None and member == "state" else {}
    if key in states:
        state = states[key]
        targets = (f"state:{entity.name}.{key}",)
        return Thing(OPTION, full, state.label, targets, state.place, entity.name, member, (key,))
    field_ = entity.fields.get(member)
    option = next((o for o in field_.options if o.key == key), None) if field_ else None
    if field_ is None or option is None:
        known = [*states, *(o.key for o in (field_.options if field_ else ()))]
        raise _absent(name, [f"{entity.name}.{member}.{k}" for k in known])
    keys = (key, *option.renamed_from)
    return Thing(OPTION, full, option.label, (f"option:{full}",), field_.place, entity.name, member, keys)


def _absent(name: str, known: Iterable[str]) -> NotFound:
    near = near_names(name, list(known)[:_LOOKED_AT])
    hint = f"Did you mean {' or '.join(near)}?" if near else "Name it as in account.name or role:seller."
    return NotFound(Problem("R104", f"There is no {name!r}.", hint, Place(path=name)))


# --- how often ----------------------------------------------------------------------------------------


def _counts(unit: UnitOfWork, usage: Usage, snapshot: Snapshot, thing: Thing) -> Sequence[tuple[Key, int]]:
    if thing.kind == ROLE:
        return usage.counts(unit)
    number = snapshot.numbers.entities.get(thing.entity)
    return () if number is None else usage.counts(unit, number)


def _by_way(thing: Thing, snapshot: Snapshot, counts: Sequence[tuple[Key, int]]) -> dict[str, int]:
    """How often each way of using it was taken; none for what is not counted."""
    wanted = _field_number(thing, snapshot)
    found: Counter[str] = Counter()
    for key, count in counts:
        if key.field == wanted and key.how != FORMER and _is_meant(thing, key):
            found[key.how] += count
    return dict(sorted(found.items()))


def _is_meant(thing: Thing, key: Key) -> bool:
    """Whether it was this option or role, by its key or a former one, or no single one of them."""
    return key.name in thing.keys if thing.keys else not key.name


def _field_number(thing: Thing, snapshot: Snapshot) -> int | None:
    return snapshot.numbers.fields.get((thing.entity, thing.member)) if thing.member else ITSELF


def _former(snapshot: Snapshot, thing: Thing, counts: Sequence[tuple[Key, int]]) -> Iterator[FormerlyCalled]:
    if thing.kind == OPTION and thing.entity:
        yield from _former_keys(thing, _field_number(thing, snapshot), counts)
    if thing.kind not in (ENTITY, MEMBER):
        return
    former, wanted = snapshot.model.former, _field_number(thing, snapshot)
    names = former.members.get(thing.entity, {}) if thing.member else former.entities
    for old, new in names.items():
        if thing.entity and new == (thing.member or thing.entity):
            said = sum(n for key, n in counts if (key.field, key.how, key.name) == (wanted, FORMER, old))
            since = snapshot.former_since.get((thing.entity if thing.member else "", old))
            yield FormerlyCalled(old, since, said)


def _former_keys(
    thing: Thing, field_: int | None, counts: Sequence[tuple[Key, int]]
) -> Iterator[FormerlyCalled]:
    for old in thing.keys[1:]:
        said = sum(n for key, n in counts if (key.field, key.how, key.name) == (field_, CHOSEN, old))
        yield FormerlyCalled(old, None, said)
