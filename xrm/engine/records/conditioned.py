"""Conditions of fields on the values as they will be: what is closed, hidden, needed, and which options there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from xrm.engine.commands import Link
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.environment import environment, stored_scene
from xrm.engine.records.offering import keys_of, not_offered
from xrm.engine.records.permits import known_names
from xrm.errors import Problem
from xrm.metadata.model import text_of
from xrm.metadata.values import Ref

Due = Callable[[frozenset[str]], bool]  # whether what reads these names is judged now


def with_followed(setting: Setting, draft: Draft, late: frozenset[str]) -> Draft:
    """The draft with values that have followed from what was written with it, if a condition reads one of them."""
    programs = draft.writer.programs
    reads = frozenset[str]().union(*programs.needed_reads.values(), *programs.options_reads.values())
    if not reads & late:
        return draft
    stored = draft.writer.load(setting.unit, [draft.id]).get(draft.id, {})
    return draft.with_(new={**draft.new, **{name: stored[name] for name in late if name in stored}})


def is_shown(setting: Setting, draft: Draft, name: str) -> bool:
    """Whether a field or relationship has a place for the values as they will be."""
    visible = draft.writer.programs.visible.get(name)
    return visible is None or visible(environment(setting, draft)) is True


def unoffered(setting: Setting, draft: Draft, is_due: Due) -> Iterable[Problem]:
    """Options that may not be chosen for the values as they will be, where what decides `is_due` to be judged.

    What was there before stays while neither it nor what decides over it changes, and while it is hidden.
    """
    programs = draft.writer.programs
    changed = draft.changed if programs.options else {}
    for name in programs.options:
        reads = programs.options_reads[name]
        if not is_due(reads):
            continue
        if draft.refused & {name, *reads} or not (draft.is_new or changed.keys() & {name, *reads}):
            continue
        is_decided_anew = draft.old is None or changed.keys() & reads
        kept = () if is_decided_anew or draft.old is None else keys_of(draft.old.get(name))
        scene = environment(setting, draft)
        wrong = not_offered(draft.writer, name, draft.new, scene, kept)
        if wrong and is_shown(setting, draft, name):
            yield _problem(setting, draft, name, wrong)


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


def closed(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """A field whose readonly condition holds on the stored record keeps its value."""
    programs = draft.writer.programs.readonly
    if draft.old is None or not programs:
        return
    before, changed = environment(setting, draft.with_(new=draft.old)), {*draft.changed, *_linked_to(draft)}
    for name, program in programs.items():
        if name in changed and program(before) is True:
            yield draft.problem(
                "R132", name, f"{draft.writer.label(name)} can not be changed now.", "Leave it as it is."
            )


def _linked_to(draft: Draft, verbs: Sequence[str] = ("create", "update", "delete")) -> Iterable[str]:
    """The relationships of which children or links are written with the record, in one of these ways."""
    if isinstance(draft.link, Link) or (draft.link is not None and "delete" in verbs):
        yield draft.link.relationship
    for name, parts in draft.nested.items():
        if parts is not None and any(parts[verb] for verb in verbs):
            yield name


def hidden(setting: Setting, draft: Draft, is_due: Due) -> Iterable[Problem]:
    """What is hidden for the values as they will be takes no value; what it has, it keeps."""
    programs = draft.writer.programs
    linked = set(_linked_to(draft, ("create", "update"))) if programs.sides else set[str]()
    known = (name for name in programs.visible if is_due(programs.needed_reads[name]))
    given = [name for name in known if draft.parsed.get(name) is not None or name in linked]
    changed = {*draft.changed, *linked} if given else set[str]()
    for name in given:
        is_judged = name in changed and not draft.refused & {name, *programs.needed_reads[name]}
        if is_judged and not is_shown(setting, draft, name):
            message = f"{draft.writer.label(name)} has no place here, as the other values are."
            yield draft.problem("R154", name, message, "Leave it out, or change what hides it.")


def hidden_at_owner(setting: Setting, draft: Draft) -> Iterable[Problem]:
    """A child comes to no owner where its children are hidden; what the owner writes itself is judged there."""
    for lookup in draft.writer.lookups:
        ref = draft.new.get(lookup.name)
        if not (lookup.is_parent and isinstance(ref, Ref)) or lookup.name in draft.preset:
            continue
        owner = setting.writers[ref.entity]
        visible = owner.programs.visible.get(lookup.inverse)
        if visible is None or lookup.name not in draft.changed:
            continue
        stored = owner.load(setting.unit, [ref.id]).get(ref.id)
        if stored is not None and visible(stored_scene(setting, owner, stored)) is not True:
            message = f"{owner.label(lookup.inverse)} have no place there, as its other values are."
            yield draft.problem("R154", lookup.name, message, "Choose another record.")


def needed(setting: Setting, draft: Draft, is_due: Due) -> Iterable[Problem]:
    """Needed values are there, unless the field is hidden: hidden fields are not asked for."""
    programs = draft.writer.programs
    for name in programs.required:
        if (
            name in draft.refused
            or draft.new.get(name) is not None
            or not is_due(programs.needed_reads[name])
        ):
            continue
        if _is_asked_for(draft, name) and is_shown(setting, draft, name):
            yield from _missing(setting, draft, name)
    due = [name for name in programs.required_when if is_due(programs.needed_reads[name])]
    scene = environment(setting, draft) if due else None
    for name in due:
        if scene is None or draft.new.get(name) is not None or name in programs.required:
            continue
        if draft.refused and draft.refused & {name, *programs.needed_reads[name]}:
            continue
        if programs.required_when[name](scene) is True and is_shown(setting, draft, name):
            yield from _missing(setting, draft, name)


def _is_asked_for(draft: Draft, name: str) -> bool:
    """Whether the change has to do with the value, or with what shows it."""
    if draft.is_new:
        return True
    changed = draft.changed
    return name in changed or bool(draft.writer.programs.needed_reads[name] & changed.keys())


def _missing(setting: Setting, draft: Draft, name: str) -> Iterable[Problem]:
    if name in draft.preset:
        return
    if name not in known_names(setting, draft.writer.entity.name):
        yield draft.problem("R130", "", "A value is needed that you may not give.", "Ask for the right.")
        return
    yield draft.problem("R130", name, f"{draft.writer.label(name)} is needed.", "Give it a value.")
