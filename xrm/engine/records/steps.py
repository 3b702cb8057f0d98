"""The steps of a write, in order: authorize, load, validate, compute, check, persist, and check what came of it.

What can only be judged of stored records (owned children, links, rules over others, the writer's reach) comes
after persisting, in the same transaction: a refusal there leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xrm.engine.commands import (
    Create,
    Delete,
    Link,
    Merge,
    Restore,
    Result,
    Target,
    Transition,
    Unlink,
    Update,
    Upsert,
)
from xrm.engine.records import lifecycle, permits, removal, targets
from xrm.engine.records.attachments import attach_files
from xrm.engine.records.batch import Run, Setting, Tally, path_of
from xrm.engine.records.checking import check_after, check_already, check_before, check_followed, check_return
from xrm.engine.records.computing import compute
from xrm.engine.records.draft import NONE, Draft
from xrm.engine.records.duplicates import refuse_duplicates
from xrm.engine.records.handing_on import hand_on
from xrm.engine.records.inputs import read_inputs
from xrm.engine.records.kept_rules import follow_kept_rules
from xrm.engine.records.locked import refuse_locked
from xrm.engine.records.merging import MERGED, merge, refuse_merged, refuse_unfit
from xrm.engine.records.nested import nested_problems, write_nested
from xrm.engine.records.persisting import persist
from xrm.engine.records.recomputing import recompute
from xrm.engine.records.writer import Writer
from xrm.engine.storage.merges import part as part_records
from xrm.errors import Conflict, Invalid, Place, Problem, Stale
from xrm.metadata.values import Ref

Performer = Callable[[Setting, Tally, Writer, Run], None]


def perform(setting: Setting, tally: Tally, run: Run) -> None:
    """The commands of the run are done; raises what stands against them, with the place in the batch."""
    where = Place(path=path_of(run.commands[0][0]))
    writer = setting.writers.named(run.entity, setting.policy.usable_entities(setting.actor), where)
    for part in targets.in_turn(setting, tally, writer, run):
        _PERFORMERS[run.kind](setting, tally, writer, part)
        check_followed(setting, tally)


def write(setting: Setting, tally: Tally, drafts: Sequence[Draft], operation: str) -> list[Draft]:
    """The drafts are stored, logged and indexed. This is the pipeline; a newcomer reads it first."""
    drafts, problems = read_inputs(setting, tally, drafts)
    if operation != "create":
        permits.require_cells(setting, drafts, operation)
    drafts = compute(setting, drafts)
    problems += check_before(setting, drafts)
    if problems:
        raise Invalid([*problems, *check_already(setting, drafts), *nested_problems(setting, tally, drafts)])
    written = persist(setting, tally, drafts)
    permits.require_assign(setting, drafts)
    attach_files(setting, drafts)
    write_nested(setting, tally, drafts, write)
    hand_on(setting, tally, drafts, write)
    drafts = follow_kept_rules(setting, tally, recompute(setting, tally, drafts))
    check_after(setting, drafts)
    permits.require_result(setting, drafts, operation)
    if operation == "create":
        permits.require_cells(setting, drafts, operation)
    refuse_duplicates(setting, drafts)
    return written


def _create(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    permits.require_entity(setting, writer, "create", path_of(run.commands[0][0]))
    drafts = []
    for position, command in run.commands:
        record = command.id or setting.world.new_id()
        at, accepted = path_of(position, ".values"), command.accept_duplicates
        drafts.append(Draft(writer, "create", record, at, given=command.values, accepted=accepted))
        if command.name:
            tally.names[command.name] = Ref(run.entity, record)
    _conclude(tally, run, write(setting, tally, drafts, "create"), "created")


def _update(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    drafts = _loaded(setting, writer, run, "update")
    _conclude(tally, run, write(setting, tally, drafts, "update"), "updated")


def _loaded(setting: Setting, writer: Writer, run: Run, operation: str) -> list[Draft]:
    """A draft per command with the stored values, locked; the actor may do the operation on each."""
    tail = ".values" if operation in ("update", "transition") else ""
    found = [(command.target.id, path_of(position, tail), command) for position, command in run.commands]
    stored = writer.load(setting.unit, [record for record, _, _ in found], lock=True)
    drafts = []
    for record, path, command in found:
        if record not in stored:
            raise targets.absent(writer, Place(path=path))
        drafts.append(_draft_of(writer, operation, record, path, command, stored[record]))
    permits.require_rows(setting, drafts, "delete" if operation == "restore" else operation)
    for draft in drafts:
        _refuse_stale(draft)
    if operation != "restore":
        _refuse_trashed(setting, drafts)
    return drafts


def _draft_of(
    writer: Writer, operation: str, record: Any, path: str, command: Any, stored: Mapping[str, Any]
) -> Draft:
    return Draft(
        writer,
        operation,
        record,
        path,
        given=getattr(command, "values", {}),
        old=stored,
        version=getattr(command, "version", None),
        reason=getattr(command, "reason", ""),
        accepted=getattr(command, "accept_duplicates", False),
        worth=getattr(command, "worth", NONE),
    )


def _refuse_stale(draft: Draft) -> None:
    stored = (draft.old or {})["version"]
    if draft.version is not None and draft.version != stored:
        message = f"The record has changed since version {draft.version}; it is at version {stored}."
        raise Stale(Problem("R112", message, "Load it again and repeat the change.", draft.where("")))


def _refuse_trashed(setting: Setting, drafts: Sequence[Draft]) -> None:
    for draft in drafts:
        if (draft.old or {})["deleted_at"] is not None:
            refuse_merged(setting, draft)
            raise Conflict(
                Problem("R144", "The record is in the trash.", "Restore it first.", draft.where(""))
            )


def _delete(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    drafts = _loaded(setting, writer, run, "delete")
    refuse_append_only(drafts)
    gone = removal.remove(setting, tally, drafts)
    recompute(setting, tally)
    _conclude(tally, run, gone, "deleted")


def refuse_append_only(drafts: Sequence[Draft]) -> None:
    """None of these is of an entity whose records are never deleted; raises Conflict."""
    for draft in drafts:
        if draft.writer.entity.append_only:
            message = "Records of this entity are never changed or deleted."
            raise Conflict(Problem("R146", message, "Add a correcting record instead.", draft.where("")))


def _restore(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    """Each one by one, for an earlier one may bring back what a later one names."""
    for position, command in run.commands:
        alone = Run(run.kind, run.entity, ((position, command),))
        [draft] = _loaded(setting, writer, alone, "restore")
        version, done = (draft.old or {})["version"], "unchanged"
        if (draft.old or {})["deletion"] is not None:
            version, done = _brought_back(setting, tally, draft), "restored"
        tally.results[position] = Result(run.entity, draft.id, version, done, position=position)


def _brought_back(setting: Setting, tally: Tally, draft: Draft) -> int:
    """The version of the record after it and all that went with it are there again."""
    coming = removal.restored_drafts(setting, draft)
    permits.require_act(setting, removal.roots(coming), draft)
    refuse_locked(setting, coming, {d.id for d in coming})
    back = recompute(setting, tally, persist(setting, tally, coming))
    part_records(setting.unit, [d.id for d in coming])
    check_return(setting, back)
    removal.forget_act(setting, (draft.old or {})["deletion"])
    return next(int(d.new["version"]) for d in back if d.id == draft.id)


def _transition(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    drafts = _loaded(setting, writer, run, "transition")
    steps = [command.transition for _, command in run.commands]
    drafts = lifecycle.begin(setting, drafts, steps)
    _conclude(tally, run, write(setting, tally, drafts, "transition"), "transitioned")


def _upsert(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    """Each one by one, for an earlier one may make the record that a later one updates."""
    for position, command in run.commands:
        path = path_of(position)
        record = targets.upsert_target(setting, tally, writer, command, Place(path=path))
        if record is None:
            again: Any = Create(command.entity, command.values, command.name)
        else:
            again = Update(command.entity, Target(record), command.values)
            if command.name:
                tally.names[command.name] = Ref(command.entity, record)
        again = replace(again, accept_duplicates=command.accept_duplicates)
        perform(setting, tally, Run(type(again), run.entity, ((position, again),)))


def _merge(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    """Each one by one, for an earlier one may keep what a later one names."""
    for position, command in run.commands:
        path, kept = path_of(position), command.target.id
        refuse_unfit(command, kept, path)
        stored = writer.load(setting.unit, sorted({kept, *command.others}), lock=True)
        for record in (kept, *command.others):
            if record not in stored:
                raise targets.absent(writer, Place(path=path))
        drafts = [
            Draft(writer, operation, record, path, old=stored[record], new=stored[record], reason=MERGED)
            for record, operation in ((kept, "update"), *((other, "delete") for other in command.others))
        ]
        permits.require_rows(setting, drafts, "update")
        permits.require_rows(setting, drafts[1:], "delete")
        _refuse_stale(drafts[0].with_(version=command.version))
        _refuse_trashed(setting, drafts)
        refuse_append_only(drafts[1:])
        now = merge(setting, tally, drafts[0], drafts[1:], command, write)
        tally.results[position] = Result(run.entity, kept, now.new["version"], "merged", position=position)


def _link(setting: Setting, tally: Tally, writer: Writer, run: Run) -> None:
    """Links are written as those that come inside of a change of their record are."""
    loaded = _loaded(setting, writer, run, "update")
    drafts = [d.with_(given=NONE, link=command) for d, (_, command) in zip(loaded, run.commands, strict=True)]
    known, outcome = len(tally.links), "linked" if run.kind is Link else "unlinked"
    written = write(setting, tally, drafts, "update")
    for (position, _), draft, link in zip(run.commands, written, tally.links[known:], strict=True):
        tally.results[position] = Result(
            run.entity, draft.id, draft.new["version"], outcome, link, position=position
        )


def _conclude(tally: Tally, run: Run, drafts: Sequence[Draft], outcome: str) -> None:
    for (position, _), draft in zip(run.commands, drafts, strict=True):
        done = outcome if draft.is_new or draft.changed or outcome == "deleted" else "unchanged"
        tally.results[position] = Result(run.entity, draft.id, draft.new["version"], done, position=position)


_PERFORMERS: Mapping[type, Performer] = {
    Create: _create,
    Update: _update,
    Upsert: _upsert,
    Delete: _delete,
    Restore: _restore,
    Transition: _transition,
    Link: _link,
    Unlink: _link,
    Merge: _merge,
}
