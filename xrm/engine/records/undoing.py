"""Taking an act back: its changes are reversed, the last first, by the steps that every write goes through.

What was updated gets its former values, what was created goes to the trash, what was deleted comes back, a
lifecycle step is taken the other way, and links are cut or made again. Each record must still be as the act
left it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from xrm.engine.access import transition_roles_allow
from xrm.engine.commands import Change, Command, Link, Outcome, Restore, Result, Target, Unlink, Update
from xrm.engine.records import permits, removal
from xrm.engine.records.acts import Past, act_at
from xrm.engine.records.batch import Run, Setting, Tally, apart
from xrm.engine.records.checking import check_after, check_followed
from xrm.engine.records.draft import Draft
from xrm.engine.records.locked import refuse_locked
from xrm.engine.records.meanings import said_now
from xrm.engine.records.merging import MERGED
from xrm.engine.records.persisting import persist
from xrm.engine.records.recomputing import recompute
from xrm.engine.records.since import refuse_changed
from xrm.engine.records.steps import perform, refuse_append_only, write
from xrm.engine.records.writer import Writer
from xrm.engine.storage.feed import FeedPosition
from xrm.errors import Conflict, Forbidden, NotFound, Problem
from xrm.metadata.model import SETTABLE, STATE, Transition
from xrm.metadata.values import Ref

MADE, GONE = ("create", "restore"), ("delete",)
WORTH = "base"
_WORDS: Mapping[str, str] = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "restore": "restored",
    "transition": "transitioned",
    "link": "linked",
    "unlink": "unlinked",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """Changes of one kind, on one entity unless they go or come together, that are reversed together."""

    operation: str
    changes: tuple[Past, ...]


def take_back(setting: Setting, position: str) -> Outcome:
    """The act to which the change at `position` belongs is reversed whole; raises, and then nothing is."""
    act = _own_act(setting, position)
    refuse_changed(setting, act, _gone_along(setting, act))
    tally = Tally()
    for part in _parts(reversed(act)):
        _REVERSERS[part.operation](setting, tally, part.changes)
    recompute(setting, tally)
    check_followed(setting, tally)
    _refuse_others(setting, tally, act)
    return Outcome(_results(setting, tally.changes), tuple(tally.changes), act=setting.act)


def _gone_along(setting: Setting, act: Sequence[Past]) -> set[UUID]:
    """The records that an act deleted, or of which it emptied lookups, besides the one that it began with."""
    gone = [past.record for past in act if past.operation in GONE]
    updates = (past for past in act if past.operation == "update")
    emptied = {past.record for past in updates if _is_emptied(setting, past, set(gone))}
    return {*gone, *emptied} - {*gone[:1]}


def _own_act(setting: Setting, position: str) -> list[Past]:
    """The act, which this actor did not long ago, and of which enough is known."""
    try:
        found = act_at(setting.unit, setting.writers.numbers, FeedPosition.parse(position))
    except ValueError:
        found = []
    if not found or found[0].actor != setting.actor.id:
        message = "There is no such change of yours."
        raise NotFound(Problem("R170", message, "Only who made a change can take it back."))
    minutes = setting.limits.undo_minutes
    if found[0].at < setting.now - timedelta(minutes=minutes):
        hint = f"Changes can be taken back for {minutes} minutes. Change the record instead."
        raise Conflict(Problem("R172", "This change is too long ago to be taken back.", hint))
    for past in found:
        _refuse_unkept(setting, past)
    return said_now(setting, found)


def _refuse_unkept(setting: Setting, past: Past) -> None:
    """Former values are all known, and their names still mean something."""
    if past.entity not in setting.writers:
        raise _unkept("What it was about is not defined any more.")
    writer, names = setting.writers[past.entity], {*past.before, *past.after}
    is_change = past.operation in ("update", "transition")
    if is_change and (not names or writer.sealed_names & names):
        raise _unkept("History does not keep what was there before.")
    if names - {*writer.logged, *writer.entity.relationships}:
        raise _unkept("The definitions have changed since.")


def _unkept(why: str) -> Conflict:
    return Conflict(
        Problem("R173", f"This change can not be taken back. {why}", "Change the record instead.")
    )


def _parts(changes: Iterable[Past]) -> list[_Part]:
    """The changes in this order, cut where the kind or the entity changes or a record comes again.

    Whatever was made goes as one, and what went comes as one, whichever entities it is of.
    """

    def kind(past: Past) -> tuple[str, str]:
        if past.operation in MADE or past.operation in GONE:
            return ("create" if past.operation in MADE else past.operation, "")
        return (past.operation, past.entity)

    return [
        _Part(operation, tuple(part))
        for (operation, _), group in groupby(changes, key=kind)
        for part in apart(group, lambda past: (past.record, past.link))
    ]


def _run(setting: Setting, tally: Tally, commands: Sequence[Command]) -> None:
    """Commands of one kind and entity are done; what they refuse is about a record, not about a request."""
    if commands:
        run = Run(type(commands[0]), commands[0].entity, tuple(enumerate(commands)))
        perform(setting, tally, run)


def _refuse_hidden(setting: Setting, changes: Iterable[Past]) -> None:
    """The actor still knows every name that is to be written; one that they do not know is not told to them."""
    for past in changes:
        known = permits.known_names(setting, past.entity).union(SETTABLE)
        if not known.issuperset({*past.before, *past.after}):
            message = "This change touched what is not yours to know any more."
            raise Forbidden(Problem("A102", message, "Ask somebody whose role grants it to change it."))


# --- what was made goes, what went comes back -----------------------------------------------------------


def _unmake(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """What was made is in the trash, as one act; what is there already has gone with something else."""
    drafts = [d for d in _stored(setting, changes, "delete") if (d.old or {})["deleted_at"] is None]
    top = removal.roots([d.with_(new=d.old or {}) for d in drafts])
    if not top:
        return
    permits.require_rows(setting, top, "delete")
    refuse_append_only(top)
    removal.remove(setting, tally, top)


def _bring_back(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """What was deleted is there again; the first of the act brings along what went with it."""
    for past in reversed(changes):
        [draft] = _stored(setting, [past], "restore")
        if (draft.old or {})["deleted_at"] is not None:
            _run(setting, tally, [Restore(past.entity, Target(past.record))])


def _stored(setting: Setting, changes: Sequence[Past], operation: str) -> list[Draft]:
    """A draft for each record with what is stored of it."""
    ids: dict[str, list[UUID]] = {}
    for past in changes:
        ids.setdefault(past.entity, []).append(past.record)
    return [
        Draft(setting.writers[entity], operation, record, old=values)
        for entity, wanted in ids.items()
        for record, values in setting.writers[entity].load(setting.unit, wanted, lock=True).items()
    ]


# --- what was changed is as before ----------------------------------------------------------------------


def _change_back(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    back = {change.record for change in tally.changes if change.operation == "restore"}
    emptied = [past for past in changes if _is_emptied(setting, past, back)]
    _point_again(setting, tally, emptied)
    rest = [past for past in changes if past not in emptied]
    _refuse_hidden(setting, rest)
    _run(setting, tally, [_update_back(past) for past in rest])


def _update_back(past: Past) -> Update:
    return Update(
        past.entity, Target(past.record), _former(past), accept_duplicates=True, worth=_former_worth(past)
    )


def _former(past: Past) -> dict[str, Any]:
    return {name: _without_worth(past.before.get(name)) for name in {**past.before, **past.after}}


def _without_worth(value: Any) -> Any:
    return {k: v for k, v in value.items() if k != WORTH} if _has_worth(value) else value


def _former_worth(past: Past) -> dict[str, Decimal]:
    """What the former amounts were worth: by the rate as it was."""
    return {name: Decimal(value[WORTH]) for name, value in past.before.items() if _has_worth(value)}


def _has_worth(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"amount", "currency", WORTH}


def _is_emptied(setting: Setting, past: Past, back: set[UUID]) -> bool:
    """True where the act only emptied lookups, because what they pointed at went, or was merged."""
    lookups = setting.writers[past.entity].lookups
    if past.reason == MERGED:
        names = {r.name for r in lookups if past.before.get(r.name)}
        return bool(past.before) and all(
            name in names and UUID(past.before[name]["id"]) in back for name in past.before
        )
    names = {r.name for r in lookups if r.on_delete == "clear"}
    return all(
        name in names and past.after.get(name) is None and UUID(past.before[name]["id"]) in back
        for name in past.before
    )


def _point_again(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """Lookups that a deletion emptied lead where they did: like the emptying, this asks for no right of its own."""
    former = {past.record: past for past in changes}
    drafts = []
    for draft in _stored(setting, changes, "update"):
        before = former[draft.id].before
        refs = {name: Ref(told["entity"], UUID(told["id"])) for name, told in before.items()}
        drafts.append(draft.with_(new={**(draft.old or {}), **refs}))
    if drafts:
        # A merge asks no state: whichever record answers for it, it is the same one.
        refuse_locked(setting, [draft for draft in drafts if former[draft.id].reason != MERGED])
        drafts = recompute(setting, tally, persist(setting, tally, drafts))
        for _, group in permits.by_writer(drafts):
            check_after(setting, group)


def _step_back(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """The records are in the state in which they were, with the values that the step brought taken back."""
    _refuse_hidden(setting, changes)
    former = {past.record: past for past in changes}
    drafts = []
    for draft in _stored(setting, changes, "transition"):
        past = former[draft.id]
        given = {name: value for name, value in _former(past).items() if name != STATE}
        step = _step(setting, draft.writer, past)
        worth = _former_worth(past)
        drafts.append(draft.with_(given=given, transition=step, version=None, accepted=True, worth=worth))
    permits.require_rows(setting, drafts, "transition")
    write(setting, tally, drafts, "transition")


def _step(setting: Setting, writer: Writer, past: Past) -> Transition | None:
    """The way back: a step that leads there, else the one that was taken, the other way round."""
    now, then = past.after.get(STATE), past.before.get(STATE)
    if STATE not in past.before or writer.entity.lifecycle is None:
        return None
    steps = [
        step
        for step in writer.entity.lifecycle.transitions.values()
        if transition_roles_allow(setting.actor, step.roles)
    ]
    for step in steps:
        if step.to == then and now in step.sources:
            return step
    for step in steps:
        if step.to == now and then in step.sources:
            return replace(step, name="", sources=(now,), to=then, requires=(), guard=None)
    raise Forbidden(Problem("A103", "The step between these states is for other roles.", "Ask one of them."))


# --- links ----------------------------------------------------------------------------------------------


def _unlink(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """Links that were made are cut; those whose attributes were changed have the former ones."""
    _refuse_hidden(setting, changes)
    for past in changes:
        [(name, after)] = past.after.items()
        before = past.before.get(name)
        if before is None:
            command: Command = Unlink(past.entity, Target(past.record), name, UUID(after["id"]))
        else:
            kept = {key: before.get(key) for key in {**before, **after} if key != "to"}
            command = Update(
                past.entity, Target(past.record), {name: {"update": [kept]}}, accept_duplicates=True
            )
        _run(setting, tally, [command])


def _link(setting: Setting, tally: Tally, changes: Sequence[Past]) -> None:
    """Links that were cut are made again, with their attributes."""
    _refuse_hidden(setting, changes)
    for past in changes:
        [(name, before)] = past.before.items()
        values = {key: value for key, value in before.items() if key not in ("id", "to")}
        _run(
            setting,
            tally,
            [Link(past.entity, Target(past.record), name, before["to"], values, UUID(before["id"]))],
        )


# --- the whole ------------------------------------------------------------------------------------------


def _refuse_others(setting: Setting, tally: Tally, act: Sequence[Past]) -> None:
    """Nothing is changed besides what the act changed: what has come to belong to it since stays."""
    own = {past.record for past in act}
    others = [change for change in tally.changes if change.record not in own]
    if not others:
        return
    told = ", ".join(f"“{c.title}”" for c in _seen(setting, others)[:3])
    message = "Other records have come to depend on it since" + (f": {told}." if told else ".")
    raise Conflict(Problem("R171", message, "Take those away first, or change the record instead."))


def _results(setting: Setting, changes: Sequence[Change]) -> tuple[Result, ...]:
    """What became of each record that the actor may read, in the order in which they were first touched."""
    last = {(change.entity, change.record): change for change in changes}
    return tuple(
        Result(c.entity, c.record, c.version, _WORDS[c.operation], position=position)
        for position, c in enumerate(_seen(setting, list(last.values())))
    )


def _seen(setting: Setting, changes: Sequence[Change]) -> list[Change]:
    """Those of the changes that are of records which the actor may read."""
    ids: dict[str, list[UUID]] = {}
    for change in changes:
        ids.setdefault(change.entity, []).append(change.record)
    seen = {name: permits.passing(setting, setting.writers[name], "read", some) for name, some in ids.items()}
    return [change for change in changes if change.record in seen[change.entity]]


_REVERSERS: Mapping[str, Callable[[Setting, Tally, Sequence[Past]], None]] = {
    "create": _unmake,
    "delete": _bring_back,
    "update": _change_back,
    "transition": _step_back,
    "link": _unlink,
    "unlink": _link,
}
