"""What packs use of each other: only what belongs to themselves, the core and the packs that their manifests name.

Together with others a pack may find more than that; alone with what it requires, as `xrm check` looks at it and as it
comes to the next installation, it would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from xrm.errors import MetadataInvalid, Place, Problem
from xrm.metadata.model import Entity, Model
from xrm.metadata.order import manifest_of, needs
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer

UNDECLARED: Final = "M225"
_OF_ENTITIES: Final = frozenset({"extend", "form", "view", "lifecycle"})
_EVERYBODYS: Final = frozenset({"", "core", "customisation"})


def undeclared(packs: Sequence[ReadPack], model: Model) -> Iterator[Problem]:
    """A problem for each pack and each other one that it uses and does not name, at the first place where it does."""
    reach = {pack.name: _reach(pack.name, packs) for pack in packs}
    speaking = {p.name for p in packs if p.layer is Layer.PACK and manifest_of(p)}
    told: set[tuple[str, str]] = set()
    for pack, owner, name, place in sorted(_uses(packs, model), key=lambda use: _order(use[3])):
        if pack in speaking and owner not in reach[pack] | _EVERYBODYS and (pack, owner) not in told:
            told.add((pack, owner))
            message = f'{pack} uses {name} of the pack "{owner}", which it does not require.'
            yield Problem(UNDECLARED, message, f"Add {owner} to requires in pack.yaml.", place)


def demand_declared(model: Model, packs: Iterable[ReadPack]) -> None:
    """None of these packs uses what is of a pack that it does not name; raises MetadataInvalid."""
    files = {doc.source.file for pack in packs for doc in pack.docs}
    found = [note for note in model.notes if note.code == UNDECLARED and note.where.file in files]
    if found:
        raise MetadataInvalid(found)


def _order(place: Place) -> tuple[str, int, int]:
    return place.file, place.line, place.column


def _reach(name: str, packs: Sequence[ReadPack]) -> frozenset[str]:
    """The pack, what it names, and what these need."""
    by_name = {pack.name: pack for pack in packs}
    found, waiting = {name}, [name]
    while waiting:
        pack = by_name.get(waiting.pop())
        new = ({*needs(pack, "requires"), *needs(pack, "optional")} if pack else set()) - found
        found |= new
        waiting += new
    return frozenset(found)


def _uses(packs: Sequence[ReadPack], model: Model) -> Iterator[tuple[str, str, str, Place]]:
    """Which pack uses which name of which other one, and where."""
    files = {doc.source.file: pack.name for pack in packs for doc in pack.docs}
    for pack in packs:
        for doc in pack.docs:
            entity = model.entities.get(doc.name) if doc.kind in _OF_ENTITIES else None
            if entity is not None:
                yield pack.name, entity.pack, entity.name, Place(doc.source.file)
    for reference in model.references:
        owner = _owner(model, reference.target)
        if owner and reference.place.file in files:
            name = reference.target.partition(":")[2]
            yield files[reference.place.file], owner, name, reference.place


def _owner(model: Model, target: str) -> str:
    """The pack that has what is used; nothing where no single one does."""
    kind, _, name = target.partition(":")
    if kind == "role":
        return model.roles[name].pack if name in model.roles else ""
    steps = name.split(".")
    entity = model.entities.get(steps[0])
    if entity is None or entity.is_engine:
        return ""
    return _member(entity, steps[1]) if kind in ("field", "option") and len(steps) > 1 else entity.pack


def _member(entity: Entity, name: str) -> str:
    things: tuple[Mapping[str, object], ...] = (entity.fields, entity.relationships)
    found = next((members[name] for members in things if name in members), None)
    return str(getattr(found, "pack", "") or entity.pack)
