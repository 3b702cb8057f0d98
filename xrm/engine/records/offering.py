"""Which options may be chosen as the other values of a record are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from xrm.engine.projection.programs import Scene
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment
from xrm.engine.records.permits import known_names
from xrm.engine.records.writer import Writer
from xrm.errors import Problem
from xrm.metadata.model import text_of


def is_shown(setting: Setting, draft: Draft, name: str) -> bool:
    """Whether a field or relationship has a place for the values as they will be."""
    visible = draft.writer.programs.visible.get(name)
    return visible is None or visible(environment(setting, draft)) is True


def unoffered(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """Options that may not be chosen for the values as they will be.

    What was there before stays while neither it nor what decides over it changes, and while it is hidden.
    """
    programs = draft.writer.programs
    changed = draft.changed if programs.options else {}
    for name in programs.options:
        reads = programs.options_reads[name]
        if draft.refused & {name, *reads} or not (draft.is_new or changed.keys() & {name, *reads}):
            continue
        is_decided_anew = draft.old is None or changed.keys() & reads
        kept = () if is_decided_anew or draft.old is None else _keys(draft.old.get(name))
        scene = environment(setting, draft)
        wrong = not_offered(draft.writer, name, draft.new, scene, kept)
        if wrong and is_shown(setting, draft, name):
            yield _problem(setting, draft, name, wrong)


def not_offered(
    writer: Writer, name: str, new: Mapping[str, Any], scene: Scene, kept: Collection[str] = ()
) -> list[str]:
    """Those of the keys that a field would hold which may not be chosen there, but for those that are kept."""
    offered = writer.programs.options[name]
    asked = (key for key in _keys(new.get(name)) if key in offered and key not in kept)
    return [key for key in asked if offered[key](scene) is not True]


def without(value: Any, wrong: Collection[str]) -> Any:
    """The value without these keys; None where nothing is left."""
    return (
        tuple(key for key in _keys(value) if key not in wrong) or None if isinstance(value, tuple) else None
    )


def _keys(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple | list | frozenset) else (str(value),)


def _problem(setting: Setting, draft: Draft, name: str, wrong: Collection[str]) -> Problem:
    """What was given is named; what is stored may not be for this person to know."""
    if name not in known_names(setting, draft.writer.entity.name):
        return draft.problem(
            "R174", "", "A value that you may not give does not go with these.", "Ask for the right."
        )
    label = draft.writer.label(name)
    if name not in draft.parsed:
        message = f"{label} does not go with the other values."
        return draft.problem("R174", name, message, "Give it another value, or leave the others as they are.")
    options = {option.key: option.label for option in draft.writer.entity.fields[name].options}
    named = ", ".join(text_of(options[key], setting.actor.language, key) for key in wrong)
    message = f"{label} can not be {named}, as the other values are."
    return draft.problem("R174", name, message, "Choose another one, or change what rules it out.")
