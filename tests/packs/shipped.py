"""The shipped packs as their documents stand on disk, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.metadata.names import words_of
from xrm.metadata.parse import Body, Doc
from xrm.metadata.reading import Reader, ReadPack
from xrm.metadata.sources import core_source, read_source

ROOT = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
PACKS = tuple(sorted(p.name for p in (ROOT / "entity_packs").iterdir() if p.is_dir()))
SHIPPED = ("core", *PACKS)
TYPES = {t.name: t for t in BUILTIN_TYPES}


@cache
def read_pack(name: str) -> ReadPack:
    """The shipped pack of that name, read and held against the schemas."""
    source = core_source() if name == "core" else read_source(ROOT / "entity_packs" / name)
    return Reader(TYPES).read(source)


def read_fixture(name: str) -> ReadPack:
    """A pack of the fixtures folder, read in the same way."""
    return Reader(TYPES).read(read_source(FIXTURES / name))


def docs_of(pack: str, kind: str) -> dict[str, Doc]:
    """The documents of one kind by name."""
    return {d.name: d for d in read_pack(pack).docs if d.kind == kind}


def all_docs(kind: str) -> dict[str, Doc]:
    """The documents of one kind of all shipped packs by name."""
    return {name: doc for pack in SHIPPED for name, doc in docs_of(pack, kind).items()}


def member(entity: str, kind: str) -> dict[str, Body]:
    """The fields or relationships of an entity, with those of what it is like."""
    body = all_docs("entity")[entity].body
    above = member(body["like"], kind) if "like" in body else {}
    return {**above, **body.get(kind, {})}


def texts(pack: str) -> dict[str, str]:
    """Every English text of the pack that people read, by its path; a missing label is made from the name."""
    found: dict[str, str] = {}
    for doc in read_pack(pack).docs:
        prefix = "roles" if doc.kind == "role" else f"{_PLURALS.get(doc.kind, '')}.{_name_of(doc)}"
        found.update(_READERS[doc.kind](prefix, doc.body) if doc.kind in _READERS else {})
    return found


def _name_of(doc: Doc) -> str:
    return doc.pack if doc.kind in ("pack", "settings") else doc.name


Texts = Iterator[tuple[str, str]]
_PLURALS = {
    "pack": "packs",
    "entity": "entities",
    "extend": "entities",
    "form": "forms",
    "view": "views",
    "lifecycle": "lifecycles",
    "options": "options",
    "settings": "settings",
}


def _said(prefix: str, body: Body, *keys: str) -> Texts:
    for key in keys:
        if key in body:
            yield f"{prefix}.{key}", body[key]["en"]


def _named(prefix: str, name: str, body: Body, *more: str) -> Texts:
    yield f"{prefix}.label", body["label"]["en"] if "label" in body else words_of(name)
    yield from _said(prefix, body, *more)


def _each(prefix: str, items: Any, *more: str) -> Texts:
    for name, body in (items or {}).items():
        yield from _named(f"{prefix}.{name}", name, body, *more)


def _options(prefix: str, options: dict[str, Body]) -> Texts:
    for key, body in options.items():
        yield f"{prefix}.{key}", body["label"]["en"] if "label" in body else words_of(key)


def _fields(prefix: str, fields: dict[str, Body]) -> Texts:
    for name, body in fields.items():
        yield from _named(f"{prefix}.{name}", name, body, "help")
        if isinstance(body.get("options"), dict):
            yield from _options(f"{prefix}.{name}.options", body["options"])


def _relationships(prefix: str, relationships: dict[str, Body]) -> Texts:
    for name, body in relationships.items():
        yield from _named(f"{prefix}.{name}", name, body, "help")
        yield from _fields(f"{prefix}.{name}.attributes", body.get("attributes", {}))
        inverse = body.get("inverse")
        if inverse and not {(target, inverse["name"]) for target in body.get("to", ())} & _owned():
            yield from _named(f"{prefix}.{name}.inverse", inverse["name"], inverse)


def _entity(prefix: str, body: Body) -> Texts:
    yield from _said(prefix, body, "label", "plural")
    yield from _fields(f"{prefix}.fields", body.get("fields", {}))
    yield from _relationships(f"{prefix}.relationships", body.get("relationships", {}))
    for kind in ("keys", "duplicates", "rules"):
        for name, item in body.get(kind, {}).items():
            yield from _said(f"{prefix}.{kind}.{name}", item, "message")


@cache
def _owned() -> set[tuple[str, str]]:
    """The entities and names under which they declare owned children: their label stands there."""
    relationships = {name: doc.body.get("relationships", {}) for name, doc in all_docs("entity").items()}
    return {
        (entity, name) for entity, r in relationships.items() for name, body in r.items() if "from" in body
    }


def _pack(prefix: str, body: Body) -> Texts:
    yield from _said(prefix, body, "label", "summary")
    yield from _each(f"{prefix}.menu", body["menu"])


def _extension(prefix: str, body: Body) -> Texts:
    """What a pack adds to another pack's entity: its members, and views, which have a place of their own."""
    yield from _entity(prefix, body)
    yield from _each(prefix.replace("entities.", "views.", 1), body.get("views"))


def _lifecycle(prefix: str, body: Body) -> Texts:
    yield from _each(f"{prefix}.states", body["states"])
    yield from _each(f"{prefix}.transitions", body["transitions"], "message")


def _forms(prefix: str, body: Body) -> Texts:
    for name, form in body.items():
        if list(form["sections"]) != ["main"]:
            yield from _each(f"{prefix}.{name}.sections", form["sections"])


_READERS = {
    "pack": lambda prefix, body: dict(_pack(prefix, body)),
    "entity": lambda prefix, body: dict(_entity(prefix, body)),
    "extend": lambda prefix, body: dict(_extension(prefix, body)),
    "options": lambda prefix, body: dict(_options(prefix, body["options"])),
    "lifecycle": lambda prefix, body: dict(_lifecycle(prefix, body)),
    "form": lambda prefix, body: dict(_forms(prefix, body)),
    "view": lambda prefix, body: dict(_each(prefix, body)),
    "role": lambda prefix, body: dict(_each(prefix, body)),
    "settings": lambda prefix, body: dict(_each(prefix, body, "help")),
}
