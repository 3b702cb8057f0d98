"""A pack in another version below what an organisation changed: three-way, key by key.

What the pack said before, what it says now and what the customisation says are compared in their long form. A
key that the customisation overrides and that the pack changed, to something else than the customisation says,
is a conflict: somebody has to say which one holds. All else is kept, and what has become pointless, such as
taking an option out that the pack has taken out itself, is let go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from xrm.errors import Place, Problems
from xrm.metadata.editing import document, with_value, without_key
from xrm.metadata.layers import OF_ENTITIES, Layers, build_layers
from xrm.metadata.likeness import copy_likenesses
from xrm.metadata.merging import ITEM_LISTS, Merged, items_of
from xrm.metadata.names import ITEM_WORDS
from xrm.metadata.parse import Body, Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import PackSource
from xrm.metadata.words import ABSENT, told

_DEFINED: Final = frozenset({"type", "from", "to"})


class Choice(StrEnum):
    """Which of the two holds: what the organisation said, or what the pack says now."""

    KEEP = "keep"
    TAKE = "take"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key of the customisation below which the pack has changed. Values are in the long form, or ABSENT.

    `file` is the customisation's document, `path` the key in it; `where` and `there` are the places of what it
    says and of what the pack says now.
    """

    file: str
    path: Path
    pack: str
    ours: Any = field(repr=False)
    before: Any = field(repr=False)
    theirs: Any = field(repr=False)
    where: Place = field(compare=False)
    there: Place = field(compare=False)
    is_removal: bool = False
    can_keep: bool = True

    @property
    def key(self) -> str:
        """What a person calls it: the document and the dotted path in it."""
        return f"{self.file.rsplit('.', 1)[0]}:{'.'.join(map(str, self.path))}"

    @property
    def told_ours(self) -> str:
        """What the customisation says, in words."""
        return "taken out" if self.is_removal else told(self.ours)

    @property
    def sentence(self) -> str:
        """Everything that one has to know to decide."""
        return (
            f"{self.key}: yours is {self.told_ours}; "
            f"{self.pack} had {told(self.before)} and now has {told(self.theirs)}."
        )

    @property
    def is_carried(self) -> bool:
        """Whether keeping it takes saying the whole of what the pack has taken out."""
        return bool(self.theirs == ABSENT and isinstance(self.ours, dict))

    def edit(self, choice: Choice) -> str:
        """What the choice does to the customisation, as a sentence; empty if nothing."""
        key = self.key.removesuffix(":")
        if choice is Choice.TAKE:
            return f"{key}: your change goes, and what {self.pack} says holds."
        return f"{key}: what {self.pack} has taken out is yours now." if self.is_carried else ""

    @property
    def mark(self) -> str:
        """Equal for the same question: the same value of ours against the same value of the pack."""
        return digest([self.is_removal, self.ours, self.theirs])


@dataclass(frozen=True, slots=True)
class Settled:
    """A key of the customisation that says nothing any more, and why."""

    file: str
    path: Path
    because: str

    @property
    def sentence(self) -> str:
        """What is let go, and why."""
        return f"{self.file}: {'.'.join(map(str, self.path))} is let go, for {self.because}."


@dataclass(frozen=True, slots=True)
class Meeting:
    """What the customisation meets in the layers below.

    By its file, `below` is what they say now of what a document is about, `before` what was said of it with
    the customisation while the packs were as they were.
    """

    conflicts: tuple[Conflict, ...] = ()
    settled: tuple[Settled, ...] = ()
    below: Mapping[str, Body] = field(default_factory=dict, repr=False)
    before: Mapping[str, Body] = field(default_factory=dict, repr=False)


def digest(value: Any) -> str:
    """Equal for equal values."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def meet(before: Sequence[ReadPack], after: Sequence[ReadPack], ours: ReadPack) -> Meeting:
    """Every conflict between `ours` and what the packs below it say now and did not before."""
    floors = [_below(before), _below(after), _below([*before, ours])]
    found: list[Conflict | Settled] = []
    below: dict[str, Body] = {}
    whole: dict[str, Body] = {}
    for doc in ours.docs:
        file = doc.source.file.removeprefix(f"{ours.source}/")
        was, below[file], whole[file] = (said_of(floor, doc) for floor in floors)
        found.extend(_Walk(doc, file, floors[1], floors[0]).document(was, below[file]))
    conflicts = tuple(one for one in found if isinstance(one, Conflict))
    return Meeting(conflicts, tuple(one for one in found if isinstance(one, Settled)), below, whole)


def _below(packs: Sequence[ReadPack]) -> Layers:
    problems = Problems()
    layers = build_layers(packs, problems)
    copy_likenesses(layers, problems)
    return layers


def said_of(layers: Layers, doc: Doc) -> Body:
    """What the layers say of the things that the document is about, under the document's own keys."""
    if doc.kind == "role":
        return {name: layers.roles[name].body for name in doc.body if name in layers.roles}
    if doc.kind == "settings":
        return {k: v for merged in layers.settings.values() for k, v in merged.body.items() if k in doc.body}
    if doc.kind == "i18n":
        return {k: v for one in layers.translations if one.name == doc.name for k, v in one.body.items()}
    if doc.kind == "extend":
        parts = {"forms": _body(layers.forms, doc.name), "views": _body(layers.views, doc.name)}
        return {**_body(layers.entities, doc.name), **{key: body for key, body in parts.items() if body}}
    return _body(things_of(layers, doc.kind), doc.name)


def things_of(layers: Layers, kind: str) -> Mapping[str, Merged]:
    """The merged things that documents of this kind are about."""
    return {
        "entity": layers.entities,
        "extend": layers.entities,
        "form": layers.forms,
        "view": layers.views,
        "lifecycle": layers.lifecycles,
        "options": layers.options,
    }.get(kind, {})


def _body(things: Mapping[str, Merged], name: str) -> Body:
    return things[name].body if name in things else {}


@dataclass(frozen=True, slots=True)
class _Walk:
    """One document of the customisation, held against the layers below it."""

    doc: Doc
    file: str
    layers: Layers
    former: Layers

    def document(self, was: Body, now: Body) -> Iterator[Conflict | Settled]:
        if self._is_without_entity:
            yield self._conflict((), self.doc.body, was or ABSENT, ABSENT, can_keep=False)
        elif was and not now and self.doc.kind not in ("role", "i18n", "settings"):
            yield self._conflict((), self.doc.body, was, ABSENT)
        else:
            yield from self._walk(self.doc.body, was, now, ())

    @property
    def _is_without_entity(self) -> bool:
        """Whether the entity that the document is about was there and is not any more."""
        name = self.doc.name
        is_gone = name in self.former.entities and name not in self.layers.entities
        return is_gone and self.doc.kind in OF_ENTITIES

    def _walk(self, ours: Body, was: Body, now: Body, path: Path) -> Iterator[Conflict | Settled]:
        for key, value in ours.items():
            before, theirs, here = was.get(key, ABSENT), now.get(key, ABSENT), (*path, key)
            if before == theirs or value == theirs:
                continue
            if key in ITEM_LISTS and is_item_change(value) and isinstance(theirs, dict | list):
                yield from self._items(value, before, theirs, here)
            elif isinstance(value, dict) and isinstance(theirs, dict) and not self._is_twin(path, value):
                yield from self._walk(value, before if isinstance(before, dict) else {}, theirs, here)
            else:
                yield self._conflict(here, value, before, theirs)

    def _is_twin(self, path: Path, value: Body) -> bool:
        """Whether both define a field or a relationship of one name, which nothing can merge."""
        return path in (("fields",), ("relationships",)) and not value.keys().isdisjoint(_DEFINED)

    def _items(self, change: Body, was: Any, now: Any, path: Path) -> Iterator[Conflict | Settled]:
        known = items_of(now)
        for word in map(str, change.get("remove", ())):
            here = (*path, "remove", word)
            if word not in known:
                yield Settled(self.file, here, f'"{word}" is gone from the pack as well')
            elif isinstance(now, dict) and isinstance(was, dict) and was.get(word, now[word]) != now[word]:
                yield self._conflict(here, word, was[word], now[word], is_removal=True, below=(*path, word))
        if "after" in change and str(change["after"]) not in known:
            because = f'"{change["after"]}" is gone from the pack, so what is added stands at the end'
            yield Settled(self.file, (*path, "after"), because)
        yield from self._added(change.get("add", ()), was, now, path)

    def _added(self, added: Any, was: Any, now: Any, path: Path) -> Iterator[Conflict | Settled]:
        if isinstance(added, dict):
            was, now = (x if isinstance(x, dict) else {} for x in (was, now))
            for word, value in added.items():
                before, theirs = was.get(word, ABSENT), now.get(word, ABSENT)
                if before != theirs and theirs not in (value, ABSENT):
                    yield self._conflict((*path, "add", word), value, before, theirs, below=(*path, word))
            return
        known, former = items_of(now), items_of(was) if isinstance(was, list | dict) else []
        for word in items_of(added):
            if word in known and word not in former:
                yield Settled(self.file, (*path, "add", word), f'the pack has "{word}" itself now')

    def _conflict(
        self,
        path: Path,
        ours: Any,
        before: Any,
        theirs: Any,
        *,
        is_removal: bool = False,
        can_keep: bool = True,
        below: Path | None = None,
    ) -> Conflict:
        """The question, with the place of each answer; what is gone is placed where the thing is."""
        at = below if below is not None else path
        there, pack = self._said(self.layers, at) or self._said(self.former, at) or self._entity_said
        mine = self.doc.source.key_at(path) if path else Place(self.doc.source.file, 1, 1)
        return Conflict(self.file, path, pack, ours, before, theirs, mine, there, is_removal, can_keep)

    @property
    def _entity_said(self) -> tuple[Place, str]:
        """Where the entity that the document is about was defined, and by which pack."""
        entity = self.former.entities.get(self.doc.name)
        return (entity.place(()), entity.pack(())) if entity else (Place(self.file), "")

    def _said(self, layers: Layers, path: Path) -> tuple[Place, str] | None:
        """Where the layers say it, and the pack that does."""
        if self.doc.kind == "i18n":
            found = [d for d in layers.translations if d.name == self.doc.name and path[0] in d.body]
            return (found[-1].source.key_at(path), found[-1].pack) if found else None
        merged, inside = self._thing(layers, path)
        return (merged.place(inside), merged.pack(inside)) if merged else None

    def _thing(self, layers: Layers, path: Path) -> tuple[Merged | None, Path]:
        """The merged thing that a path of this document leads into, and the path in it."""
        doc = self.doc
        if doc.kind == "role":
            return layers.roles.get(str(path[0])) if path else None, path[1:]
        if doc.kind == "extend" and path and path[0] in ("forms", "views"):
            things = layers.forms if path[0] == "forms" else layers.views
            return things.get(doc.name), path[1:]
        return things_of(layers, doc.kind).get(doc.name), path


# --- carrying decisions out -----------------------------------------------------------------------------


def mended(source: PackSource, meeting: Meeting, choices: Iterable[tuple[Conflict, Choice]]) -> PackSource:
    """The customisation as it is after these choices, what was settled let go."""
    files = dict(source.files)
    for one in meeting.settled:
        _take_out(files, meeting, one.file, one.path)
    for conflict, choice in choices:
        if choice is Choice.TAKE:
            _take_out(files, meeting, conflict.file, conflict.path)
        elif conflict.is_carried:
            _carry(files, meeting, conflict)
    return PackSource(source.name, files, source.layer, source.problems)


def _take_out(files: dict[str, bytes], meeting: Meeting, file: str, path: Path) -> None:
    if file not in files:
        return
    below = meeting.below.get(file, {})
    left = without_key(_text(files, file), path, lambda p: is_said(below, p)) if path else ""
    if left:
        files[file] = left.encode()
    else:
        del files[file]


def _carry(files: dict[str, bytes], meeting: Meeting, conflict: Conflict) -> None:
    """The customisation says all that was said about it before, its own changes included."""
    whole = value_at(meeting.before[conflict.file], conflict.path)
    text = _text(files, conflict.file)
    files[conflict.file] = (
        with_value(text, conflict.path, whole) if conflict.path else document(whole)
    ).encode()


def _text(files: Mapping[str, bytes], file: str) -> str:
    return files[file].decode("utf-8-sig")


def is_said(body: Any, path: Path) -> bool:
    """Whether there is something below; the words of a change of items are below with their list."""
    words = [i for i in range(1, len(path)) if path[i] in ITEM_WORDS and path[i - 1] in ITEM_LISTS]
    return bool(words) or value_at(body, path) != ABSENT


def value_at(body: Any, path: Iterable[str | int]) -> Any:
    """What the body says there; ABSENT if nothing."""
    for step in path:
        if not isinstance(body, dict) or step not in body:
            return ABSENT
        body = body[step]
    return body
