"""What an administrator decides about one definition, as changes of the customisation's documents.

What the customisation defines itself says its texts in all languages where it stands. What a pack defines gets the
texts of other languages beside it, as translations, which have the last word over those of the pack.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xrm.errors import Invalid, Place, Problem
from xrm.metadata.defining import Documents, name_in, say, unsay, with_text
from xrm.metadata.editing import depth_of, leaves, with_key, without_key
from xrm.metadata.parse import DEFAULT_LANGUAGE, Body, Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import value_at
from xrm.metadata.sources import Layer
from xrm.metadata.words import ABSENT

Words = Mapping[str, str | None]
OPTIONS = "options"
_OF_ENTITIES = ("entity", "extend")


@dataclass(frozen=True, slots=True)
class Desk:
    """The documents of the customisation in hand, and what they said in their long form when they were laid out.

    `former` has the present name for each name that an entity had before; documents may still say that one.
    """

    documents: Documents
    ours: ReadPack | None
    former: Mapping[str, str] = field(default_factory=dict)

    def about(self, entity: str, *kinds: str) -> Iterator[Doc]:
        """The documents of these kinds about the entity, as they were laid out."""
        for doc in self.ours.docs if self.ours else ():
            if doc.kind in kinds and self.former.get(doc.name, doc.name) == entity:
                yield doc

    def file(self, doc: Doc) -> str:
        """The path of a document that was laid out."""
        return doc.source.file.removeprefix(f"{self.ours.source}/") if self.ours else ""

    def said(self, entity: str, path: Path) -> Any:
        """What the customisation says there of the entity; ABSENT if nothing."""
        found = (value_at(doc.body, path) for doc in self.about(entity, *_OF_ENTITIES))
        return next((value for value in found if value != ABSENT), ABSENT)

    def written(self, entity: str, path: Path) -> Any:
        """What the customisation says there as its author wrote it, maybe in a short form; ABSENT if nothing."""
        found = (value_at(doc.source.raw, path) for doc in self.about(entity, *_OF_ENTITIES))
        return next((value for value in found if value != ABSENT), ABSENT)

    def says(self, entity: str, path: Path, value: Any) -> Desk:
        """The desk whose documents say this, where they say something of the entity, by whichever of its names."""
        called = name_in(self.documents, self._names(entity), path)
        return replace(self, documents=say(self.documents, called, path, value))

    def without(self, entity: str, path: Path) -> Desk:
        """The desk whose documents do not say it."""
        documents = self.documents
        for name in self._names(entity):
            documents = unsay(documents, name, path)
        return replace(self, documents=documents)

    def _names(self, entity: str) -> tuple[str, ...]:
        """The name of the entity, and those that it had."""
        return (entity, *(old for old, now in self.former.items() if now == entity))


def short(words: Words) -> Any:
    """The texts by language as an author writes them: a plain one where there is none but the English."""
    found = {language: text for language, text in words.items() if text}
    return found[DEFAULT_LANGUAGE] if list(found) == [DEFAULT_LANGUAGE] else found


def with_words(desk: Desk, entity: str, path: Path, words: Words, *, is_own: bool) -> Desk:
    """The desk with these texts at the path, by language; None takes a text away, and the others stay."""
    known = desk.said(entity, path)
    before = dict(known) if isinstance(known, dict) else {}
    if is_own:
        after = {k: v for k, v in {**before, **words}.items() if v}
        return desk.says(entity, path, short(after)) if after else desk.without(entity, path)
    for language, text in words.items():
        if language == DEFAULT_LANGUAGE and text:
            desk = desk.says(entity, path, {**before, language: text})
        elif language == DEFAULT_LANGUAGE:
            desk = without_value(desk, entity, path, is_own=False)
        else:
            desk = _translated(desk, entity, path, language, text)
    return desk


def without_value(desk: Desk, entity: str, path: Path, *, is_own: bool) -> Desk:
    """The desk that says nothing there; raises Invalid where a pack says something that would stay."""
    if desk.said(entity, path) == ABSENT and not is_own:
        message = "The pack says something here, which can be changed and not be emptied."
        raise Invalid(Problem("P162", message, "Write something else.", Place(path=str(path[-1]))))
    return desk.without(entity, path)


def placed(desk: Desk, entity: str, form: str, section: str, name: str) -> Desk:
    """The desk with one more row on the form of a pack or of the customisation, at the end of the section."""
    path = (form, "sections", section, "rows")
    doc = next(desk.about(entity, "form"), None)
    file = desk.file(doc) if doc else f"forms/{entity}.yaml"
    rows = value_at(doc.body, path) if doc else ABSENT
    text = with_key(desk.documents.get(file, ""), path, _with_row(rows, name))
    return replace(desk, documents={**desk.documents, file: text})


def without_member(desk: Desk, entity: str, path: Path, *, is_own: bool) -> Desk:
    """The desk that says nothing of a field or relationship; one that is its own stands on no form any more."""
    desk = desk.without(entity, path)
    for doc in desk.about(entity, "form") if is_own else ():
        file = desk.file(doc)
        text = desk.documents[file]
        for at, rows in leaves(doc.body):
            for _ in range(_count(rows, path[-1]) if at[-1:] in (("rows",), ("add",)) else 0):
                text = without_key(text, (*at, path[-1]))
        desk = replace(desk, documents=with_text(desk.documents, file, text))
    return desk


def _count(rows: Any, name: str | int) -> int:
    """How often the name stands in the rows."""
    return sum(row.count(name) for row in rows) if isinstance(rows, list) else 0


def _with_row(rows: Any, name: str) -> Any:
    if isinstance(rows, list):
        return [*rows, [name]]
    change = rows if isinstance(rows, dict) else {}
    return {**change, "add": [*change.get("add", ()), [name]]}


def with_options(desk: Desk, entity: str, field: str, added: Mapping[str, Mapping[str, Any]]) -> Desk:
    """The desk with these options of the field, each new or in place of what the customisation said of it."""
    path: Path = ("fields", field, OPTIONS)
    if is_item_change(desk.said(entity, path)):
        path = (*path, "add")
    desk = in_long_form(desk, entity, path)
    for key, option in added.items():
        desk = desk.says(entity, (*path, key), option)
    return desk


def with_own_option(
    desk: Desk, entity: str, field: str, key: str, words: Words, color: str | None = None
) -> Desk:
    """The desk whose own option has these texts and, unless it is None, this colour; what else it says stays."""
    path = ("fields", field, OPTIONS, key)
    said = desk.said(entity, path)
    known = said if isinstance(said, dict) else {}
    desk = in_long_form(desk, entity, path)
    if words:
        desk = with_words(desk, entity, (*path, "label"), words, is_own=True)
    if color:
        return desk.says(entity, (*path, "color"), color)
    if color is None or "color" not in known:
        return desk
    return desk.without(entity, (*path, "color")) if words or len(known) > 1 else desk.says(entity, path, {})


def in_long_form(desk: Desk, entity: str, path: Path) -> Desk:
    """The desk that says a map at the path, if anything, so that a key of it can be said alone."""
    for at in (path[:length] for length in range(1, len(path) + 1)):
        if not isinstance(desk.written(entity, at), dict) and desk.said(entity, at) != ABSENT:
            return desk.says(entity, at, desk.said(entity, at))
    return desk


def with_pack_option(
    desk: Desk, entity: str, field: str, key: str, changed: Mapping[str, Any], whole: Mapping[str, Any]
) -> Desk:
    """The desk with these changes of a pack's option; `whole` is all that it says then."""
    said = desk.said(entity, ("fields", field, OPTIONS))
    known = dict(said) if isinstance(said, dict) else {}
    if is_item_change(said):
        return with_options(desk, entity, field, {key: {**known.get("add", {}).get(key, {}), **whole}})
    return with_options(desk, entity, field, {key: {**known.get(key, {}), **changed}})


def without_option(
    desk: Desk, entity: str, field: str, key: str, below: Collection[str], wholes: Mapping[str, Body]
) -> Desk:
    """The desk whose field has no such option: one of `below` is taken out, one that was added here is not added.

    `wholes` are all that the options of the field say now; those that were changed here are said so from then on.
    """
    path = ("fields", field, OPTIONS)
    said = desk.said(entity, path)
    if key not in below:
        holder = (*path, "add") if is_item_change(said) else path
        desk = in_long_form(desk, entity, holder).without(entity, (*holder, key))
        return desk.without(entity, (*path, key))  # with the translations of it
    known = dict(said) if isinstance(said, dict) else {}
    change = (
        known if is_item_change(said) else {"add": {k: {**v, **wholes.get(k, {})} for k, v in known.items()}}
    )
    added = {k: v for k, v in change.get("add", {}).items() if k != key}
    kept = {**change, "add": added} if added else {}
    after = {**kept, "remove": [*change.get("remove", ()), key]}
    return desk.without(entity, (*path, key)).says(entity, path, after)


def options_below(packs: Iterable[ReadPack], entity: str, field: str) -> frozenset[str]:
    """The keys of the field's options as all packs below the customisation have them."""
    keys: set[str] = set()
    for doc in (doc for pack in packs if pack.layer is not Layer.CUSTOMISATION for doc in pack.docs):
        if doc.kind in _OF_ENTITIES and doc.name == entity:
            said = value_at(doc.body, ("fields", field, OPTIONS))
            if is_item_change(said):
                keys = keys.difference(map(str, said.get("remove", ()))) | set(said.get("add", ()))
            elif isinstance(said, dict):
                keys |= set(said)
    return frozenset(keys)


def _translated(desk: Desk, entity: str, path: Path, language: str, text: str | None) -> Desk:
    file, key = f"i18n/{language}.yaml", ".".join(["entities", entity, *map(str, path)])
    old = desk.documents.get(file, "")
    if text:
        return replace(desk, documents={**desk.documents, file: with_key(old, (key,), text)})
    if depth_of(old, (key,)):
        return replace(desk, documents=with_text(desk.documents, file, without_key(old, (key,))))
    return desk
