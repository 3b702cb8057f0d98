"""Where each key of an entity or of one of its members comes from, and what the layers below it say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from xrm.errors import Place, Problems
from xrm.metadata.editing import leaves, without_key
from xrm.metadata.layers import Layers, build_layers
from xrm.metadata.likeness import copy_likenesses
from xrm.metadata.merging import ITEM_LISTS, Merged
from xrm.metadata.parse import Body, Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import is_said, said_of, value_at
from xrm.metadata.sources import PackSource
from xrm.metadata.words import ABSENT

MEMBERS: Final = ("fields", "relationships", "keys", "duplicates", "rules")


@dataclass(frozen=True, slots=True)
class Saying:
    """What one layer says of a key, and where; ABSENT if it takes the key out."""

    layer: str
    value: Any
    where: Place


@dataclass(frozen=True, slots=True)
class Sayings:
    """One key with everything that is said of it, the layer that counts first."""

    path: Path
    said: tuple[Saying, ...]

    @property
    def key(self) -> str:
        """The key as a dotted path."""
        return ".".join(map(str, self.path))


def provenance(packs: Sequence[ReadPack], entity: str, member: str = "") -> tuple[Sayings, ...]:
    """For each key of the entity, or of its member, what each layer says; `packs` are all layers in order."""
    line = _line(packs, entity)
    relevant = [_about(pack, line, entity, member, packs) for pack in packs]
    floors: list[tuple[ReadPack, Body, Mapping[Path, Place]]] = []
    for number, pack in enumerate(relevant, 1):
        if any(doc.kind != "pack" for doc in pack.docs):
            floors.append((pack, *_said(relevant[:number], entity, member)))
    paths = dict.fromkeys(path for _, body, _ in floors for path, _ in leaves(body) if path)
    return tuple(Sayings(path, said) for path in paths if (said := tuple(_sayings(floors, path))))


def _line(packs: Sequence[ReadPack], entity: str) -> tuple[str, ...]:
    """The entity and all that it is like, of which it has what it does not say itself."""
    layers = _layers(packs)
    return layers.lines.get(entity, (entity,))


def _layers(packs: Sequence[ReadPack]) -> Layers:
    problems = Problems()
    layers = build_layers(packs, problems)
    copy_likenesses(layers, problems)
    return layers


def _about(
    pack: ReadPack, line: tuple[str, ...], entity: str, member: str, packs: Sequence[ReadPack]
) -> ReadPack:
    """The pack with the documents only that say something of the entity."""
    options = _option_set(packs, entity, member) if member else ""
    docs = tuple(
        doc
        for doc in pack.docs
        if doc.kind == "pack"
        or (doc.kind in ("entity", "extend") and doc.name in line)
        or (doc.kind == "options" and doc.name == options)
        or (doc.kind == "i18n" and any(_is_of(key, entity, member) for key in doc.body))
    )
    return replace(pack, docs=docs)


def _option_set(packs: Sequence[ReadPack], entity: str, member: str) -> str:
    """The shared option set of the field, if it has one."""
    for pack in reversed(packs):
        for doc in pack.docs:
            if doc.kind in ("entity", "extend") and doc.name == entity:
                named = value_at(doc.body, ("fields", member, "options"))
                if isinstance(named, str) and named != ABSENT:
                    return named
    return ""


def _is_of(key: str, entity: str, member: str) -> bool:
    parts = key.split(".")
    if parts[:2] != ["entities", entity]:
        return False
    return parts[2] in MEMBERS and parts[3:4] == [member] if member else len(parts) == 3


def _said(packs: Sequence[ReadPack], entity: str, member: str) -> tuple[Body, Mapping[Path, Place]]:
    """What these layers say together, and the place of each key of it."""
    layers = _layers(packs)
    merged = layers.entities.get(entity)
    if merged is None:
        return {}, {}
    body, start = _part(merged, member)
    places = {path: merged.place((*start, *path)) for path, _ in leaves(body) if path}
    for name, options in layers.options.items():
        if body.get("options") == name:
            shared = options.body.get("options", {})
            body = {**body, "options": shared}
            places |= {("options", *p): options.place(("options", *p)) for p, _ in leaves(shared)}
    for path, text, where in _translated(layers, entity, member):
        body = _with(body, path, text)
        places[path] = where
    return body, places


def _part(merged: Merged, member: str) -> tuple[Body, Path]:
    for collection in MEMBERS:
        if member and member in merged.body.get(collection, {}):
            return merged.body[collection][member], (collection, member)
    left_out = {*MEMBERS, "entity", "forms", "views"}
    return ({} if member else {k: v for k, v in merged.body.items() if k not in left_out}), ()


def _translated(layers: Layers, entity: str, member: str) -> Iterator[tuple[Path, str, Place]]:
    for doc in layers.translations:
        for key, text in doc.body.items():
            if _is_of(key, entity, member):
                inside = key.split(".")[4 if member else 2 :]
                yield (*inside, doc.name), text, doc.source.key_at((key,))


def _with(body: Any, path: Path, value: Any) -> Body:
    inner = body.get(path[0]) if isinstance(body, dict) else None
    base = body if isinstance(body, dict) else {}
    return {**base, path[0]: value if len(path) == 1 else _with(inner, path[1:], value)}


def _sayings(floors: Sequence[tuple[ReadPack, Body, Mapping[Path, Place]]], path: Path) -> Iterator[Saying]:
    """What the layers say of the key, from the top; a layer that says nothing of its own is passed over."""
    found: list[Saying] = []
    for pack, body, places in floors:
        value, before = value_at(body, path), found[-1] if found else None
        if value == ABSENT:
            if before is not None and before.value != ABSENT:
                found.append(Saying(pack.name, ABSENT, Place(_file(pack))))
        elif before is None or places.get(path) != before.where or value != before.value:
            found.append(Saying(pack.name, value, places.get(path, Place(_file(pack)))))
    yield from reversed(found)


def _file(pack: ReadPack) -> str:
    return next((doc.source.file for doc in pack.docs if doc.kind != "pack"), pack.source)


# --- taking back ----------------------------------------------------------------------------------------


def reset(
    source: PackSource, ours: ReadPack, below: Sequence[ReadPack], name: str
) -> tuple[PackSource, tuple[str, ...]]:
    """The customisation without what it says of `name`, and the keys that it no longer says.

    `name` is ENTITY.FIELD, ENTITY.FIELD.KEY or ENTITY.KEY, or a document and a path in it as plans write them:
    forms/account:main. Nothing is taken where the customisation says nothing of it.
    """
    layers, files, taken = _layers(below), dict(source.files), list[str]()
    for doc in ours.docs:
        file = doc.source.file.removeprefix(f"{ours.source}/")
        for path in _meant(doc, file, name):
            under = said_of(layers, doc)
            left = _without(files[file], path, under)
            files = {**files, file: left.encode()} if left else {k: v for k, v in files.items() if k != file}
            taken.append(f"{file.rsplit('.', 1)[0]}:{'.'.join(map(str, path))}")
            break
    return replace(source, files=files), tuple(taken)


def _without(content: bytes, path: Path, below: Body) -> str:
    if not path:
        return ""
    return without_key(content.decode("utf-8-sig"), path, lambda p: is_said(below, p))


def _meant(doc: Doc, file: str, name: str) -> Iterator[Path]:
    """The path in this document that the name means, if any."""
    stem, is_path, dotted = name.partition(":")
    if is_path:
        if stem == file.rsplit(".", 1)[0]:
            yield from _paths(doc.body, dotted.split(".")) if dotted else [()]
        return
    entity, _, rest = name.partition(".")
    if doc.kind in ("entity", "extend") and doc.name == entity and rest:
        words = rest.split(".")
        starts = [(c, doc.body[c]) for c in MEMBERS if isinstance(doc.body.get(c), dict)]
        for collection, body in starts:
            yield from ((collection, *path) for path in _paths(body, words))
        yield from _paths(doc.body, words)


def _paths(body: Any, words: Sequence[str], path: Path = ()) -> Iterator[Path]:
    """The path that the words spell; a key may hold dots, and an item may stand in a change of items."""
    if not words:
        yield path
        return
    if isinstance(body, list):
        if len(words) == 1 and words[0] in map(str, body):
            yield (*path, words[0])
        return
    if not isinstance(body, dict):
        return
    for length in range(len(words), 0, -1):
        key = ".".join(words[:length])
        if key in body:
            yield from _paths(body[key], words[length:], (*path, key))
    if path and path[-1] in ITEM_LISTS and is_item_change(body):
        for word in ("remove", "add"):
            if word in body and words[0] != word:
                yield from _paths(body[word], words, (*path, word))
