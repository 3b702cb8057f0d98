"""Other names for what the customisation defines itself. The name of before is kept as a former one, by which whatever
says it goes on to mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from xrm.metadata.drafting import OPTIONS, Desk, in_long_form
from xrm.metadata.editing import depth_of, with_key, with_other_key
from xrm.metadata.parse import is_item_change
from xrm.metadata.positions import Path
from xrm.metadata.reconciling import value_at
from xrm.metadata.words import ABSENT

FORMER: Final = "renamed_from"


def with_other_name(desk: Desk, entity: str, path: Path, name: str) -> Desk:
    """The desk in which the field, relationship or option at the path of the entity has that name."""
    desk = in_long_form(desk, entity, path)
    formers = _formers(desk.said(entity, (*path, FORMER)), str(path[-1]), name)
    documents = dict(desk.documents)
    for doc in desk.about(entity, "entity", "extend"):
        file = desk.file(doc)
        if depth_of(documents.get(file, ""), path) == len(path):
            text = with_key(documents[file], (*path, FORMER), formers)
            documents[file] = with_other_key(text, path, name)
    return replace(desk, documents=documents)


def with_other_option_key(desk: Desk, entity: str, field: str, key: str, name: str) -> Desk:
    """The desk in which the option, which the customisation has or adds, has that key."""
    path: Path = ("fields", field, OPTIONS)
    at = (*path, "add") if is_item_change(desk.said(entity, path)) else path
    return with_other_name(desk, entity, (*at, key), name)


def with_other_entity_name(desk: Desk, entity: str, name: str) -> Desk:
    """The desk in which the entity has that name, and its document stands under it."""
    documents: dict[str, str] = {}
    own = {desk.file(doc): doc for doc in desk.about(entity, "entity")}
    for file, text in desk.documents.items():
        if file in own:
            formers = _formers(value_at(own[file].body, (FORMER,)), entity, name)
            said = with_key(text, ("entity",), name) if depth_of(text, ("entity",)) else text
            folder = file.rpartition("/")[0]
            documents[f"{folder}/{name}.yaml"] = with_key(said, (FORMER,), formers)
        else:
            documents[file] = text
    return replace(desk, documents=documents, former=_called(desk.former, entity, name))


def _formers(known: Any, old: str, new: str) -> list[str]:
    """All former names, the last one last; what it is called now is none."""
    before = [] if known == ABSENT else [known] if isinstance(known, str) else list(known)
    return [each for each in dict.fromkeys([*before, old]) if each != new]


def _called(former: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    return {**{name: new if now == old else now for name, now in former.items()}, old: new}
