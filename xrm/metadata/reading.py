"""A pack's files to checked documents: composed, held against their schema, named. The first three stages."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import orjson

from xrm.errors import Place, Problem, Problems
from xrm.metadata.cache import DocumentCache, digest_of
from xrm.metadata.documents import Located, SourceDocument, locate, pack_name_of
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.mending import name_meant_by
from xrm.metadata.names import LANGUAGE_PATTERN, MAX_ENTITY, MAX_MEMBER, MAX_PACK, is_name
from xrm.metadata.parse import Doc, parse
from xrm.metadata.schemas import published_schemas
from xrm.metadata.sources import Layer, PackSource
from xrm.metadata.telling import told_of_document

if TYPE_CHECKING:
    from xrm.metadata.shape import ShapeChecker

# What stands where a pack's manifest would stand, so that all else can still be judged.
_NAMED_BY_FILE: Final = {"entity": MAX_ENTITY, "extend": MAX_ENTITY, "form": MAX_ENTITY, "view": MAX_ENTITY,
                         "lifecycle": MAX_ENTITY, "options": MAX_MEMBER}  # fmt: skip
_MAKES_ITS_OWN: Final = (Layer.CORE, Layer.PACK)
_FLOORS: Final = frozenset(floor.value for floor in Layer if floor is not Layer.PACK)
# Documents take some twenty times the room of their files: large packs are forgotten when nobody uses them.
_HELD_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, weakref_slot=True)
class ReadPack:
    """The documents of one pack or layer, with every problem of its files and their shape."""

    name: str
    layer: Layer
    source: str
    docs: tuple[Doc, ...]
    problems: tuple[Problem, ...]
    content: str


class Reader:
    """Reads packs with one set of field types and, if given, a cache.

    Whoever plans a change reads most files several times: what is in use, and of small packs what was read last, is
    remembered by content.
    """

    def __init__(self, types: Mapping[str, FieldType], cache: DocumentCache | None = None) -> None:
        self.types = types
        self.cache = cache
        self._known: WeakValueDictionary[str, ReadPack] = WeakValueDictionary()
        self._held: deque[tuple[ReadPack, int]] = deque()
        self._lock = Lock()

    @cached_property
    def _checker(self) -> ShapeChecker:
        from xrm.metadata.shape import ShapeChecker

        return ShapeChecker(self.types)

    @cached_property
    def _schemas(self) -> str:
        return hashlib.sha256(orjson.dumps(published_schemas(self.types), default=str)).hexdigest()

    def read(self, source: PackSource) -> ReadPack:
        """All documents of the source are known, those with problems as far as they can be judged.

        Nobody changes them: the next who reads the same files gets the same documents.
        """
        digest = source.digest()
        with self._lock:
            known = self._known.get(digest)
            if known is None:
                known = self._known[digest] = self._read(source)
                self._hold(known, sum(map(len, source.files.values())))
            return known

    def _hold(self, pack: ReadPack, size: int) -> None:
        """The pack is remembered if it is small, and those before it as long as there is room."""
        if size > _HELD_BYTES:
            return
        self._held.append((pack, size))
        while sum(size for _, size in self._held) > _HELD_BYTES:
            self._held.popleft()

    def _read(self, source: PackSource) -> ReadPack:
        located, strays = locate(source)
        problems = Problems([*source.problems, *strays])
        manifest = self._manifest(source, located, problems)
        name = _name_in(manifest) or pack_name_of(source)
        documents = [self._document(source, one, name, problems) for one in located if one.kind != "pack"]
        problems.extend(_folder_problems(source, manifest))
        told = {problem.where for problem in problems.found}
        for document in documents:
            if not _is_name_told(document, told):
                problems.extend(_name_problems(document))
        named = [replace(manifest, pack=name)] if manifest else []
        docs = tuple(parse(d) for d in [*named, *documents])
        return ReadPack(name, source.layer, source.name, docs, tuple(problems.found), _content_hash(source))

    def _manifest(
        self, source: PackSource, located: tuple[Located, ...], problems: Problems
    ) -> SourceDocument | None:
        for one in located:
            if one.kind == "pack":
                return self._document(source, one, pack_name_of(source), problems)
        if source.layer in _MAKES_ITS_OWN and source.files:
            hint = "Add pack.yaml with pack, label and version."
            problems.add("M107", "The pack has no manifest.", hint, Place(file=f"{source.name}/pack.yaml"))
        elif source.layer in _MAKES_ITS_OWN and not problems:
            problems.add(
                "M107",
                "There is no pack here: nothing in it is a document.",
                "Check the path.",
                Place(file=source.name),
            )
        return None

    def _document(self, source: PackSource, one: Located, pack: str, problems: Problems) -> SourceDocument:
        """One file, from the cache if it was checked before."""
        file, content = f"{source.name}/{one.path}", source.files[one.path]
        digest = digest_of(content, one.kind, self._schemas) if self.cache else ""
        known = self.cache.get(file, digest) if self.cache else None
        if known:
            return SourceDocument(one.kind, one.name, pack, file, *known, source.layer)
        # Like the checker below it loads a library that is not needed while every file is in the cache.
        from xrm.metadata.yaml_reader import compose

        composed = compose(content, file)
        document = SourceDocument(
            one.kind, one.name, pack, file, composed.raw, composed.positions, source.layer
        )
        found = composed.problems
        if composed.raw is not None or not found:
            document, faults = self._checker.check(document)
            found = told_of_document((*found, *faults.problems), faults.untold)
        if self.cache and not found:
            self.cache.put(file, digest, document.raw, document.positions)
        problems.extend(found)
        return document


def _name_in(manifest: SourceDocument | None) -> str:
    name: Any = manifest.raw.get("pack") if manifest and isinstance(manifest.raw, dict) else None
    return name if isinstance(name, str) and is_name(name, MAX_PACK) else ""


def _folder_problems(source: PackSource, manifest: SourceDocument | None) -> list[Problem]:
    """A pack lies in a folder of its name, by which those that require it find it."""
    name = _name_in(manifest)
    if manifest is None or not name or source.layer is not Layer.PACK:
        return []
    if name in _FLOORS:
        message = f'"{name}" is the name of a layer that is no pack.'
        return [Problem("M109", message, "Give the pack another name.", manifest.at(("pack",)))]
    if source.folder in ("", name):
        return []
    message = f'The folder is called "{source.folder}" and holds the pack "{name}".'
    return [Problem("M109", message, "Let both have the same name.", manifest.at(("pack",)))]


def _content_hash(source: PackSource) -> str:
    """Equal for equal files, whatever their order or where they lie."""
    digest = hashlib.sha256()
    for path in sorted(source.files):
        digest.update(f"{path}\0{len(source.files[path])}\0".encode())
        digest.update(source.files[path])
    return f"sha256:{digest.hexdigest()}"


def _is_name_told(document: SourceDocument, told: Set[Place]) -> bool:
    """True when the file has the name that stands inside it, and what is wrong with that is known."""
    if document.kind not in ("entity", "extend") or not isinstance(document.raw, dict):
        return False
    inside = document.raw.get(document.kind)
    meant = name_meant_by(document.name, MAX_ENTITY)
    return inside in (document.name, meant) and document.at((document.kind,)) in told


def _name_problems(document: SourceDocument) -> list[Problem]:
    """What is wrong with the name of a file, or with a name inside that differs from it."""
    longest = _NAMED_BY_FILE.get(document.kind)
    if longest and not is_name(document.name, longest):
        hint = f"Name it in lower case with single underscores, at most {longest} letters."
        return [Problem("M109", f'"{document.name}" cannot be a name.', hint, Place(document.file))]
    if document.kind == "i18n" and not re.match(LANGUAGE_PATTERN, document.name):
        return [
            Problem(
                "M109",
                f'"{document.name}" is not a language.',
                "Name the file as in pt.yaml.",
                Place(document.file),
            )
        ]
    inside = document.raw.get(document.kind) if isinstance(document.raw, dict) else None
    if document.kind in ("entity", "extend") and isinstance(inside, str) and inside != document.name:
        message = f'The file is called "{document.name}" and says that it is "{inside}".'
        return [Problem("M109", message, "Let both say the same.", document.at((document.kind,)))]
    return []
