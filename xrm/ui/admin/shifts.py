"""What is other than it was in definitions, in pieces that people decide about, and in the words of the forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from xrm.metadata.differences import Difference
from xrm.metadata.merging import ITEM_LISTS
from xrm.metadata.model import Field, Model
from xrm.metadata.names import words_of
from xrm.metadata.parse import is_item_change
from xrm.metadata.words import ABSENT
from xrm.ui.admin.parts import Piece, pieces_of
from xrm.ui.admin.saying import OPTIONS, Words
from xrm.ui.admin.typewords import type_label
from xrm.ui.administration import Shift
from xrm.ui.pages.visit import Visit

ADD, REMOVE = "add", "remove"


def pieces_in(visit: Visit, model: Model, found: Iterable[Difference]) -> tuple[Piece, ...]:
    """The differences between what holds and the model, in pieces."""
    known = visit.model.entities
    return tuple(pieces_of(found, lambda name: name not in known or name not in model.entities))


def shifts_of(visit: Visit, model: Model, found: Iterable[Difference]) -> Iterator[Shift]:
    """Each piece, with what was and what is; `model` is what comes."""
    words = Words(visit, model)
    for one in pieces_in(visit, model, found):
        yield Shift(words.what(one.kind, one.name, one.path), *_sides(words, one))


def _sides(words: Words, one: Piece) -> tuple[str, str]:
    last = str(one.path[-1]) if one.path else ""
    if last in ITEM_LISTS and (is_item_change(one.after) or is_item_change(one.before)):
        was, now = _change_of(one.before), _change_of(one.after)
        return _names(words, one, now, REMOVE, was), _names(words, one, now, ADD, was)
    if last == REMOVE and len(one.path) > 1 and one.path[-2] in ITEM_LISTS:
        was, now = {REMOVE: one.before}, {REMOVE: one.after}
        return _names(words, one, now, REMOVE, was), _names(words, one, was, REMOVE, now)
    if one.kind == "form" and not one.path:
        return _sections(words, one.before), _sections(words, one.after)
    before, after = (_side(words, last, value) for value in (one.before, one.after))
    if one.before == ABSENT and last == "label" and one.kind in ("entity", "extend"):
        before = words.label_before(one.name, one.path)
    return before, after


def _side(words: Words, key: str, value: object) -> str:
    is_type = key == "type" and isinstance(value, str) and value != ABSENT
    return type_label(words.visit, str(value)) if is_type else words.side(value)


def _change_of(value: object) -> Mapping[str, object]:
    """What a change of a list takes out and adds; nothing where there is none."""
    return value if isinstance(value, Mapping) and is_item_change(value) else {}


def _names(words: Words, one: Piece, now: Mapping[str, object], word: str, was: Mapping[str, object]) -> str:
    """What goes by one change of a list, or comes, and did not by another; what is no longer taken out comes."""
    other = ADD if word == REMOVE else REMOVE
    found = [*_less(now.get(word), was.get(word)), *_less(was.get(other), now.get(other))]
    field = words.member(one.name, one.path) if OPTIONS in one.path else None
    known = (words.option(one.name, field, n) if isinstance(field, Field) else words.said(n) for n in found)
    return ", ".join(known)


def _less(items: object, others: object) -> list[object]:
    known = list(others) if isinstance(others, list | tuple | dict) else []
    return [n for n in items if n not in known] if isinstance(items, list | tuple | dict) else []


def _sections(words: Words, body: object) -> str:
    """A form by what its sections are called."""
    forms = [form for form in body.values() if isinstance(form, Mapping)] if isinstance(body, Mapping) else []
    sections = [(n, s) for form in forms for n, s in (form.get("sections") or {}).items()]
    labels = (s.get("label") if isinstance(s, Mapping) else None for _, s in sections)
    return ", ".join(
        words.said(label) if label else words_of(str(name))
        for label, (name, _) in zip(labels, sections, strict=True)
    )
