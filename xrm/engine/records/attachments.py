"""Files of a record: an upload belongs to whoever made it until a record takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.media_types import PICTURES
from xrm.engine.storage.files import FileFacts, attach_file, file_facts
from xrm.errors import Invalid, Problem
from xrm.metadata.model import Field


def attach_files(setting: Setting, drafts: Sequence[Draft]) -> None:
    """Every file that a draft takes in is the record's; raises Invalid for files that are not the actor's."""
    problems = [p for draft in drafts for p in _attached(setting, draft)]
    if problems:
        raise Invalid(problems)


def _attached(setting: Setting, draft: Draft) -> Iterable[Problem]:
    for name in draft.writer.file_names:
        if name not in draft.changed:
            continue
        before, after = (set(_ids(v)) for v in draft.changed[name])
        added = sorted(after - before)
        facts = file_facts(setting.unit, added)
        accepted = accepted_types(draft.writer.table.fields[name].field)
        for file in added:
            known = facts.get(file)
            if known is None or not _is_takeable(setting, draft, name, known):
                yield _no_file(draft, name)
            elif accepted is not None and not is_accepted(known.media_type, accepted):
                message = f'The file "{known.name}" is of the type {known.media_type}.'
                yield draft.problem(
                    "R169", name, message, f"Choose one of these types: {', '.join(accepted)}."
                )
            elif not attach_file(setting.unit, file, draft.writer.number, draft.id, _number(draft, name)):
                yield _no_file(draft, name)


def _no_file(draft: Draft, name: str) -> Problem:
    return draft.problem("R158", name, "There is no such file for you.", "Upload it again.")


def accepted_types(field: Field) -> tuple[str, ...] | None:
    """The types that a field takes, None for all; one for pictures takes pictures, whatever else it names."""
    named = tuple(field.params.get("accept", ())) or None
    if not field.type.holds_pictures:
        return named
    return tuple(t for t in PICTURES if named is None or is_accepted(t, named))


def is_accepted(media_type: str, accepted: Sequence[str]) -> bool:
    """True when a field that accepts these types takes a file of this type."""
    return media_type in accepted or f"{media_type.partition('/')[0]}/*" in accepted


def _ids(value: object) -> tuple[UUID, ...]:
    if isinstance(value, UUID):
        return (value,)
    return tuple(value) if isinstance(value, tuple) else ()


def _is_takeable(setting: Setting, draft: Draft, name: str, facts: FileFacts) -> bool:
    """True for an upload of this actor that no record has taken, and for what this very field held before."""
    if facts.record is not None:
        return (facts.record, facts.field) == (draft.id, _number(draft, name))
    return facts.created_by == setting.actor.id


def _number(draft: Draft, name: str) -> int:
    return draft.writer.numbers.fields[draft.writer.entity.name, name]
