"""Documents laid over each other in the order of packs: one merged document for each thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from xrm.errors import Problem, Problems
from xrm.metadata.conditions import check_conditions, conditioned, items_at, without
from xrm.metadata.disabling import disabled_in, members_in, names_of, parts_in
from xrm.metadata.former import FormerNames
from xrm.metadata.merging import Merged, lay_over, merged_of
from xrm.metadata.names import near_hint
from xrm.metadata.order import lenient_packs, manifest_of, ordered_packs
from xrm.metadata.parse import Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.renewal import renewed
from xrm.metadata.sources import Layer

# What makes an item a new one rather than a change: the collection's path, and the keys that say so.
_DEFINERS: Final[Mapping[str, Mapping[Path, tuple[str, ...]]]] = {
    "entity": {
        ("fields",): ("type", "from"),
        ("relationships",): ("to", "from"),
        ("keys",): ("fields",),
        ("duplicates",): ("match",),
        ("rules",): ("must", "each"),
    },
    "view": {(): ("type",)},
    "form": {("*", "sections"): ("rows",)},
    "lifecycle": {("transitions",): ("to",)},
    "role": {("grants",): ("entity",)},
    "options": {(): ("options",)},
}
OF_ENTITIES: Final = frozenset({"entity", "extend", "form", "view", "lifecycle"})
_NEVER_REDEFINED: Final = (("fields",), ("relationships",))
_WORDS: Final = {
    "fields": "field",
    "relationships": "relationship",
    "keys": "key",
    "duplicates": "way to find duplicates",
    "rules": "rule",
}


@dataclass(slots=True)
class Layers:
    """All documents of an installation in order, merged.

    `lenient` are packs that lack something they require: what they refer to may be there, so unknown
    entities in them are not reported a second time. `unreadable` are entities whose file could not be read.
    `notes` are about documents that say former names; here they say the present ones. `disabled` are the manifests of
    packs that say nothing here, `sleeping` their entities.
    """

    packs: dict[str, Doc] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    entities: dict[str, Merged] = field(default_factory=dict)
    forms: dict[str, Merged] = field(default_factory=dict)
    views: dict[str, Merged] = field(default_factory=dict)
    lifecycles: dict[str, Merged] = field(default_factory=dict)
    roles: dict[str, Merged] = field(default_factory=dict)
    options: dict[str, Merged] = field(default_factory=dict)
    settings: dict[str, Merged] = field(default_factory=dict)
    translations: list[Doc] = field(default_factory=list)
    seeds: list[Doc] = field(default_factory=list)
    scenarios: list[Doc] = field(default_factory=list)
    disabled: dict[str, Doc] = field(default_factory=dict)
    sleeping: set[str] = field(default_factory=set)
    sleeping_roles: set[str] = field(default_factory=set)
    lenient: set[str] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)
    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    former: FormerNames = field(default_factory=FormerNames)
    notes: list[Problem] = field(default_factory=list)


def build_layers(packs: Sequence[ReadPack], problems: Problems, *, whole: bool = True) -> Layers:
    """Every pack has its place, and everything that several documents say is said by one.

    Unless they are wanted `whole`, disabled packs say nothing, and what others say of theirs is left out.
    """
    layers = Layers()
    present = renewed(ordered_packs(packs, problems))
    ordered, layers.former, layers.notes = present.packs, present.former, list(present.notes)
    disabled = frozenset[str]() if whole else disabled_in(ordered, problems)
    installed = {p.name for p in ordered} - disabled
    layers.lenient = lenient_packs(ordered)
    for pack in ordered:
        manifest = manifest_of(pack)
        if pack.name in disabled:
            _lay_asleep(layers, pack, problems)
            continue
        if manifest:
            layers.packs[pack.name] = manifest
            layers.content[pack.name] = pack.content
        for doc in pack.docs:
            check_conditions(doc, pack, problems)
            if doc.kind in OF_ENTITIES and doc.name in layers.sleeping:
                continue
            _lay(layers, *conditioned(doc, installed), problems)
    if disabled:  # items of lists that are asleep; what nobody says is told where all packs are laid
        problems.found[:] = [problem for problem in problems.found if problem.code != "M233"]
    return layers


def _lay_asleep(layers: Layers, pack: ReadPack, problems: Problems) -> None:
    """The pack says nothing; what can be found by its name, and what others may change, is known."""
    for doc in pack.docs:
        match doc.kind:
            case "pack":
                layers.disabled[pack.name] = doc
            case "entity":
                layers.sleeping.add(doc.name)
                layers.unreadable.add(doc.name)
            case "extend":
                _let_sleep(layers, doc)
            case "role":
                layers.sleeping_roles |= doc.body.keys()
            case "i18n":
                layers.translations.append(names_of(pack, doc))
            case "settings" | "options":
                _lay(layers, doc, frozenset(), problems)


def _let_sleep(layers: Layers, doc: Doc) -> None:
    entity = layers.entities.get(doc.name)
    if entity is not None:
        entity.absent |= members_in(doc)
        entity.asleep |= members_in(doc)
    for key, things in (("forms", layers.forms), ("views", layers.views)):
        if doc.name in things and isinstance(doc.body.get(key), dict):
            parts = set(parts_in(doc.body[key], things[doc.name].body))
            things[doc.name].absent |= parts
            things[doc.name].asleep |= parts


def _lay(layers: Layers, doc: Doc, absent: frozenset[Path], problems: Problems) -> None:
    match doc.kind:
        case "entity":
            _lay_entity(layers, doc, absent, problems)
        case "extend":
            _lay_extension(layers, doc, absent, problems)
        case "settings":
            _lay_settings(layers, doc, problems)
        case "form" | "view" | "lifecycle" | "options":
            _lay_thing(_things(layers, doc.kind), merged_of(doc), absent, doc.source.layer, problems)
        case "role":
            for name in [name for name in doc.body if name not in layers.sleeping_roles]:
                _lay_thing(layers.roles, merged_of(doc, name, (name,)), absent, doc.source.layer, problems)
        case "i18n":
            layers.translations.append(doc)
        case "seed":
            layers.seeds.append(doc)
        case "scenario":
            layers.scenarios.append(doc)


def _things(layers: Layers, kind: str) -> dict[str, Merged]:
    return {
        "form": layers.forms,
        "view": layers.views,
        "lifecycle": layers.lifecycles,
        "options": layers.options,
    }[kind]


def _lay_settings(layers: Layers, doc: Doc, problems: Problems) -> None:
    """A pack has settings of its own; the customisation gives those of the packs other values."""
    if doc.source.layer is not Layer.CUSTOMISATION:
        _lay_thing(layers.settings, merged_of(doc, doc.pack), frozenset(), doc.source.layer, problems)
        return
    owners = {name: pack for pack, merged in layers.settings.items() for name in merged.body}
    for name, setting in doc.body.items():
        if name in owners:
            part = merged_of(Doc(doc.source, {name: setting}), owners[name])
            _lay_thing(layers.settings, part, frozenset(), doc.source.layer, problems)
        else:
            hint = near_hint(name, owners, "A pack has the settings that its expressions read.")
            problems.add("M250", f'No pack has a setting "{name}".', hint, doc.source.key_at((name,)))


def _lay_entity(layers: Layers, doc: Doc, absent: frozenset[Path], problems: Problems) -> None:
    if doc.source.raw is None:
        layers.unreadable.add(doc.name)
        return
    below = layers.entities.get(doc.name)
    if below and doc.source.layer is not Layer.CUSTOMISATION:
        message = f'The packs {below.pack(())} and {doc.pack} both have an entity "{doc.name}".'
        problems.add("M230", message, _one_owner(below, doc), doc.source.at(("entity",)))
        below.broken.add(())
        return
    _lay_thing(layers.entities, merged_of(doc), absent, doc.source.layer, problems)


def _one_owner(below: Merged, doc: Doc) -> str:
    """What to do about an entity of two packs, of which one may take it over from the other."""
    first, second = below.pack(()), doc.pack
    claims = {first: below.body.get("moved_from", ()), second: doc.body.get("moved_from", ())}
    for heir, former in ((second, first), (first, second)):
        if former in claims[heir]:
            return (
                f"{heir} takes it over: install it together with a version of {former} that has it no longer."
            )
    if claims[first] and claims[second]:
        return "Only one of them can take it over: take it out of the other, or extend it there."
    return "Entity names are unique in an installation: rename one of them."


def _lay_extension(layers: Layers, doc: Doc, absent: frozenset[Path], problems: Problems) -> None:
    below = layers.entities.get(doc.name)
    if doc.source.raw is None:
        if below:
            below.broken.add(())
        return
    if below is None:
        if doc.body and doc.name not in layers.unreadable and doc.pack not in layers.lenient:
            hint = near_hint(doc.name, layers.entities, "Require the pack that has it.")
            problems.add(
                "M210",
                f'There is no entity "{doc.name}" below that could be extended.',
                hint,
                doc.source.at(("extend",)),
            )
        return
    members = {k: v for k, v in doc.body.items() if k not in ("extend", "when_installed", "forms", "views")}
    above = merged_of(Doc(doc.source, members))
    _lay_thing(layers.entities, above, absent, doc.source.layer, problems)
    for key, things, kind in (("forms", layers.forms, "form"), ("views", layers.views, "view")):
        if key in doc.body:
            part = merged_of(doc, doc.name, (key,))
            part.kind = kind
            _lay_thing(things, part, frozenset(), doc.source.layer, problems)


def _lay_thing(
    things: dict[str, Merged], above: Merged, absent: frozenset[Path], layer: Layer, problems: Problems
) -> None:
    """The thing says what `above` says too, or only that if nothing was below."""
    above.absent |= absent
    below = things.get(above.name)
    for path in below.asleep if below else ():
        above.body = without(above.body, path)
    if below is None:
        below = things[above.name] = Merged(above.kind, above.name, {}, dict(above.origins), set(), set())
    else:
        problems.extend(_without_clashes(below, above, layer))
    problems.extend(lay_over(below, above))


def _without_clashes(below: Merged, above: Merged, layer: Layer) -> Iterable[Problem]:
    """What two layers both add stays with the first one."""
    found: list[Problem] = []
    kind = "entity" if above.kind == "extend" else above.kind
    for pattern, definers in _DEFINERS.get(kind, {}).items():
        if layer is Layer.CUSTOMISATION and pattern not in _NEVER_REDEFINED:
            continue
        for path, items in list(items_at(above.body, pattern)):
            for name in [n for n, item in items.items() if _defines(item, definers)]:
                if _at(below.body, (*path, name)) is not None:
                    found.append(_clash(below, above, (*path, name)))
                    above.body = without(above.body, (*path, name))
    return found


def _defines(item: Any, definers: tuple[str, ...]) -> bool:
    return isinstance(item, dict) and any(k in item and not is_item_change(item[k]) for k in definers)


def _at(body: Any, path: Path) -> Any:
    for step in path:
        body = body.get(step) if isinstance(body, dict) else None
    return body


def _clash(below: Merged, above: Merged, path: Path) -> Problem:
    first, second = below.pack(path), above.pack(path)
    collection = str(path[-2]) if len(path) > 1 else above.kind
    word = _WORDS.get(collection, collection.removesuffix("s"))
    message = f'{first} and {second} both add the {word} "{path[-1]}" to {below.name}.'
    hint = f"Rename one, for example to {second}_{path[-1]}, or leave out what makes it a new one."
    return Problem("M231", message, hint, above.key_place(path))
