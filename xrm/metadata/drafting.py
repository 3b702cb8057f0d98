"""What an administrator decides about one definition, as changes of the customisation's documents.

What the customisation defines itself says its texts in all languages where it stands. What a pack defines gets the
texts of other languages beside it, as translations, which have the last word over those of the pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from xrm.errors import Invalid, Place, Problem
from xrm.metadata.defining import Documents, say, unsay
from xrm.metadata.editing import depth_of, leaves, with_key, without_key
from xrm.metadata.parse import DEFAULT_LANGUAGE, Doc, is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import value_at
from xrm.metadata.words import ABSENT

Words = Mapping[str, str | None]
OPTIONS = "options"


@dataclass(frozen=True, slots=True)
class Desk:
    """The documents of the customisation in hand, and what they said in their long form when they were laid out."""

    documents: Documents
    ours: ReadPack | None

    def said(self, entity: str, path: Path) -> Any:
        """What the customisation says there of the entity; ABSENT if nothing."""
        for doc in self.ours.docs if self.ours else ():
            if doc.kind in ("entity", "extend") and doc.name == entity:
                value = value_at(doc.body, path)
                if value != ABSENT:
                    return value
        return ABSENT

    def says(self, entity: str, path: Path, value: Any) -> Desk:
        """The desk whose documents say this."""
        return replace(self, documents=say(self.documents, entity, path, value))

    def without(self, entity: str, path: Path) -> Desk:
        """The desk whose documents do not say it."""
        return replace(self, documents=unsay(self.documents, entity, path))


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
    file = f"forms/{entity}.yaml"
    docs: Iterable[Doc] = desk.ours.docs if desk.ours else ()
    rows = next((value_at(d.body, path) for d in docs if d.kind == "form" and d.name == entity), ABSENT)
    text = with_key(desk.documents.get(file, ""), path, _with_row(rows, name))
    return replace(desk, documents={**desk.documents, file: text})


def without_member(desk: Desk, entity: str, path: Path) -> Desk:
    """The desk without a field or relationship, and without the rows that were added to forms for it."""
    desk = desk.without(entity, path)
    file = f"forms/{entity}.yaml"
    for at, rows in [*_rows_of(desk, entity)]:
        left = [row for row in rows if row not in (path[-1], [path[-1]])]
        if left != rows:
            text = desk.documents[file]
            text = with_key(text, at, left) if left else without_key(text, at)
            others = {f: t for f, t in desk.documents.items() if f != file}
            desk = replace(desk, documents={**others, **({file: text} if text else {})})
    return desk


def _rows_of(desk: Desk, entity: str) -> Iterator[tuple[Path, list[Any]]]:
    """The rows that the customisation says or adds to forms of the entity, with the path of each list."""
    docs: Iterable[Doc] = desk.ours.docs if desk.ours else ()
    for doc in docs:
        if doc.kind == "form" and doc.name == entity:
            for path, value in leaves(doc.body):
                if isinstance(value, list) and path[-1] in ("rows", "add"):
                    yield path, value


def _with_row(rows: Any, name: str) -> Any:
    if isinstance(rows, list):
        return [*rows, [name]]
    change = rows if isinstance(rows, dict) else {}
    return {**change, "add": [*change.get("add", ()), [name]]}


def with_options(desk: Desk, entity: str, field: str, added: Mapping[str, Mapping[str, Any]]) -> Desk:
    """The desk with these options of the field, each new or in place of what the customisation said of it."""
    path = ("fields", field, OPTIONS)
    said = desk.said(entity, path)
    known = dict(said) if isinstance(said, dict) else {}
    if is_item_change(said):
        return desk.says(entity, path, {**known, "add": {**known.get("add", {}), **added}})
    return desk.says(entity, path, {**known, **added})


def with_pack_option(
    desk: Desk, entity: str, field: str, key: str, changed: Mapping[str, Any], whole: Mapping[str, Any]
) -> Desk:
    """The desk with these changes of a pack's option; `whole` is all that it says then."""
    said = desk.said(entity, ("fields", field, OPTIONS))
    if is_item_change(said):
        return with_options(desk, entity, field, {key: whole})
    before = said.get(key, {}) if isinstance(said, dict) else {}
    return with_options(desk, entity, field, {key: {**before, **changed}})


def without_option(desk: Desk, entity: str, field: str, key: str, *, is_own: bool) -> Desk:
    """The desk whose field has no such option; that of a pack is taken out, one that was added here is not added."""
    path = ("fields", field, OPTIONS)
    said = desk.said(entity, path)
    known = dict(said) if isinstance(said, dict) else {}
    if is_own:
        return desk.says(entity, path, {k: v for k, v in known.items() if k != key})
    change = known if is_item_change(said) else {"add": known}
    added = {k: v for k, v in change.get("add", {}).items() if k != key}
    after = {**({"add": added} if added else {}), "remove": [*change.get("remove", ()), key]}
    return desk.says(entity, path, after)


def _translated(desk: Desk, entity: str, path: Path, language: str, text: str | None) -> Desk:
    file, key = f"i18n/{language}.yaml", ".".join(["entities", entity, *map(str, path)])
    old = desk.documents.get(file, "")
    if text:
        return replace(desk, documents={**desk.documents, file: with_key(old, (key,), text)})
    if depth_of(old, (key,)):
        left = without_key(old, (key,))
        others = {f: t for f, t in desk.documents.items() if f != file}
        return replace(desk, documents={**others, **({file: left} if left else {})})
    return desk
