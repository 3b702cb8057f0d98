"""Who claims which former names: what all documents say of it, before any is laid over another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from xrm.metadata.former import FormerNames, Names, Owner
from xrm.metadata.names import EXPRESSION_WORDS, system_names
from xrm.metadata.parse import Body, Doc, is_item_change
from xrm.metadata.sources import Layer

_DEFINERS: Final = {"fields": ("type", "from"), "relationships": ("to", "from")}


@dataclass(slots=True)
class _Thing:
    """An entity as all documents have it: what defines its members, and what claims former names."""

    name: str
    body: Body = field(default_factory=dict)
    members: dict[str, Body] = field(default_factory=dict)
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[Any]] = field(default_factory=dict)
    has_lifecycle: bool = False


def former_names(docs: Sequence[Doc]) -> FormerNames:
    """What the documents say was called otherwise; of no use to them is what another thing is called now."""
    if not any(_says_renamed(doc.body) for doc in docs):
        return FormerNames()
    entities = _former_entities(docs)
    things = _things(docs, entities)
    _add_sides(things, entities)
    return FormerNames(
        entities,
        _former_roles(docs),
        {name: former for name, thing in things.items() if (former := _former_members(thing))},
        {owner: former for owner, said in _all_options(docs, things) if (former := _former_options(said))},
        {(t.name, m): targets for t in things.values() for m, targets in _targets(t, entities)},
        {(t.name, m): body["options"] for t in things.values() for m, body in t.members.items()
         if isinstance(body.get("options"), str)},
    )  # fmt: skip


def _says_renamed(body: Body) -> bool:
    left: list[Any] = [body]  # each change looks through every document several times: no call for each value
    while left:
        part = left.pop()
        if "renamed_from" in part:
            return True
        left += [value for value in part.values() if isinstance(value, dict)]
    return False


# --- entities and roles -------------------------------------------------------------------------------


def _former_entities(docs: Iterable[Doc]) -> dict[str, str]:
    docs = [doc for doc in docs if doc.kind == "entity"]
    living = {doc.name for doc in docs if doc.source.layer is not Layer.CUSTOMISATION}
    claims = _claimed((doc.name, doc.body) for doc in docs)
    return {old: new for old, new in claims.items() if old not in living}


def _former_roles(docs: Iterable[Doc]) -> dict[str, str]:
    """A role is there where it has a label, or where the pack that renamed another one has it."""
    roles = [(doc.pack, name, body) for doc in docs if doc.kind == "role" for name, body in doc.body.items()]
    renaming = {pack for pack, _, body in roles if "renamed_from" in body}
    living = {name for pack, name, body in roles if "label" in body or pack in renaming}
    claims = _claimed((name, body) for _, name, body in roles)
    return {old: new for old, new in claims.items() if old not in living}


def _claimed(things: Iterable[tuple[str, Body]]) -> dict[str, str]:
    """The first that claims each former name."""
    claims: dict[str, str] = {}
    for name, body in things:
        for old in body.get("renamed_from", ()) if isinstance(body, dict) else ():
            claims.setdefault(str(old), name)
    return claims


# --- what entities have -------------------------------------------------------------------------------


def _things(docs: Iterable[Doc], entities: Names) -> dict[str, _Thing]:
    own: dict[str, _Thing] = {}
    for doc in docs:
        if doc.kind in ("entity", "extend", "lifecycle"):
            name = entities.get(doc.name, doc.name)
            _take(own.setdefault(name, _Thing(name)), doc)
    return {name: _whole(name, own, entities) for name in own}


def _take(thing: _Thing, doc: Doc) -> None:
    if doc.kind == "lifecycle":
        thing.has_lifecycle = True
        return
    thing.body = {**thing.body, **doc.body}
    for key, definers in _DEFINERS.items():
        for name, body in doc.body.get(key, {}).items():
            if any(word in body for word in definers):
                thing.members.setdefault(name, body)
            if key == "fields" and isinstance(body.get("options"), dict):
                thing.options.setdefault(name, []).append(body["options"])
        for old, new in _claimed(doc.body.get(key, {}).items()).items():
            thing.claims.setdefault(old, new)


def _whole(name: str, own: Mapping[str, _Thing], entities: Names) -> _Thing:
    """The entity with what it takes from those that it is like."""
    thing = own[name]
    seen, shape = {name}, thing.body.get("like")
    whole = _Thing(name, thing.body, dict(thing.members), {}, dict(thing.claims), dict(thing.options))
    whole.has_lifecycle = thing.has_lifecycle
    while shape and (found := own.get(entities.get(shape, shape))) and found.name not in seen:
        seen.add(found.name)
        whole.body = {**found.body, **whole.body}
        whole.members = {**found.members, **whole.members}
        whole.claims = {**found.claims, **whole.claims}
        whole.options = {k: found.options.get(k, []) + whole.options.get(k, [])
                         for k in {**found.options, **whole.options}}  # fmt: skip
        whole.has_lifecycle = whole.has_lifecycle or found.has_lifecycle
        shape = found.body.get("like")
    return whole


def _former_members(thing: _Thing) -> dict[str, str]:
    system = system_names(str(thing.body.get("ownership", "none")), thing.has_lifecycle)
    living = {*thing.members, *thing.sides}
    taken = {*living, *system, *EXPRESSION_WORDS}
    return {old: new for old, new in thing.claims.items() if old not in taken and new in living}


# --- the other sides of relationships -----------------------------------------------------------------


def _add_sides(things: Mapping[str, _Thing], entities: Names) -> None:
    """Every entity knows what others call their relationships to it, and what those were called."""
    former: dict[str, list[str]] = {}
    for old, new in entities.items():
        former.setdefault(new, []).append(old)
    for thing in things.values():
        for name, body in thing.members.items():
            if "to" in body:
                _add_side(things, entities, thing, name, body, former.get(thing.name, []))
            elif body.get("owned"):
                _add_owner(things, entities, thing, body, former.get(thing.name, []))


def _add_side(
    things: Mapping[str, _Thing], entities: Names, thing: _Thing, name: str, body: Body, former: Sequence[str]
) -> None:
    said = body.get("inverse", {})
    written = said.get("name") or f"{thing.name}_by_{name}"
    for target in _reached(things, entities, body["to"]):
        # The target may have renamed what this side still calls by its former name.
        inverse = written if written in target.members else target.claims.get(written, written)
        target.sides[inverse] = (*target.sides.get(inverse, ()), thing.name)
        for old in said.get("renamed_from", ()):
            target.claims.setdefault(old, inverse)
        if not said:
            pairs = product((thing.name, *former), (name, *body.get("renamed_from", ())))
            for old_entity, old_name in pairs:
                target.claims.setdefault(f"{old_entity}_by_{old_name}", inverse)


def _add_owner(
    things: Mapping[str, _Thing], entities: Names, thing: _Thing, body: Body, former: Sequence[str]
) -> None:
    """An owned child that says no relationship to its owner has one that is called as the owner."""
    child = things.get(entities.get(body["from"], body["from"]))
    leads_back = child is not None and any(
        thing.name in (entities.get(word, word) for word in own.get("to", ()))
        for own in child.members.values()
    )
    if child is not None and not leads_back and "via" not in body:
        child.sides.setdefault(thing.name, (thing.name,))
        for old in former:
            child.claims.setdefault(old, thing.name)


def _reached(things: Mapping[str, _Thing], entities: Names, words: Iterable[str]) -> Iterator[_Thing]:
    wanted = {entities.get(word, word) for word in words}
    for thing in things.values():
        if "any" in wanted or thing.name in wanted or wanted & set(_line(things, entities, thing)):
            yield thing


def _line(things: Mapping[str, _Thing], entities: Names, thing: _Thing) -> list[str]:
    """The entities that it is like, the nearest first."""
    line: list[str] = []
    shape = thing.body.get("like")
    while shape and (name := entities.get(shape, shape)) in things and name not in line:
        line.append(name)
        shape = things[name].body.get("like")
    return line


def _targets(thing: _Thing, entities: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from thing.sides.items()
    for name, body in thing.members.items():
        if "to" in body:
            yield name, tuple(entities.get(word, word) for word in body["to"])
        elif "from" in body and "." not in str(body["from"]):
            yield name, (entities.get(body["from"], body["from"]),)


# --- options ------------------------------------------------------------------------------------------


def _all_options(docs: Iterable[Doc], things: Mapping[str, _Thing]) -> Iterator[tuple[Owner, list[Any]]]:
    """What all documents say about the options of each field and of each shared set, lowest first."""
    for thing in things.values():
        yield from (((thing.name, name), said) for name, said in thing.options.items())
    shared: dict[str, list[Any]] = {}
    for doc in docs:
        if doc.kind == "options" and isinstance(doc.body.get("options"), dict):
            shared.setdefault(doc.name, []).append(doc.body["options"])
    yield from ((("", name), said) for name, said in shared.items())


def _former_options(said: Iterable[Body]) -> dict[str, str]:
    living: set[str] = set()
    claims: dict[str, str] = {}
    for options in said:
        is_change = is_item_change(options)
        added = options.get("add", {}) if is_change else options
        living |= {key for key in added if is_change or not living or "renamed_from" in (added[key] or {})}
        living -= {str(key) for key in options.get("remove", ())} if is_change else set()
        claims |= {old: new for old, new in _claimed(added.items()).items() if old not in claims}
    return {old: new for old, new in claims.items() if old not in living and new in living}
