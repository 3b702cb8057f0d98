"""A job finds what was left for later, some records in each transaction: it may be killed between any two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.checking import followed_problems
from xrm.engine.records.origins import count_origins, origins_after
from xrm.engine.records.postponing import trail_of
from xrm.engine.records.recomputing import PORTION, carry_anew
from xrm.engine.storage.waits import Wait, add_wait, drop_same, drop_waits, move_wait, next_wait, waits
from xrm.errors import Conflict, Invalid, Problem
from xrm.metadata.values import Ref

Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Caught:
    """What one transaction came to.

    `expected` are the records that what was begun with it concerns, `found` those that were found anew; `refused` are
    the problems of values that cannot be kept, and `against` those of rules that do not hold any more.
    """

    expected: int = 0
    found: int = 0
    refused: Sequence[tuple[Ref, Problem]] = field(default=())
    against: Sequence[tuple[Ref, Problem]] = field(default=())


def catch_up(setting: Setting, job: UUID) -> Caught | None:
    """Some more records hold what follows; None when nothing is left for the job.

    A value that its field cannot keep stays as it was, and waits until the job is tried again. A rule that does not
    hold any more keeps no value from following: who changed what it follows from is gone.
    """
    wait = next_wait(setting.unit, job)
    if wait is None:
        return None
    part, trail = part_of(setting, wait), trail_of(setting, wait.trail)
    if part is None or trail is None:
        # No formula reads along it any more, and what others read was found anew.
        drop_waits(setting.unit, [wait.number])
        return Caught()
    expected = 0
    if wait.after is None:
        drop_same(setting.unit, wait)
        expected = count_origins(setting, part[0], trail, wait.ends, None)
    ids = origins_after(setting, part[0], trail, wait.ends, wait.after, PORTION)
    return replace(_found(setting, wait, part, ids), expected=expected)


def part_of(setting: Setting, wait: Wait) -> Part | None:
    """The computed field that waits, by the names of now; None if there is none any more."""
    entity, name = setting.writers.numbers.field_names.get(wait.field, ("", ""))
    is_computed = (entity, name) in setting.writers.dependencies.stored
    return (entity, name) if is_computed else None


def _found(setting: Setting, wait: Wait, part: Part, ids: Sequence[UUID]) -> Caught:
    tally = Tally(job=wait.job)
    refused = dict(_carried(setting, tally, part, ids))
    against = followed_problems(setting, tally)
    _forget_refused(setting, wait, set(ids) - refused.keys())
    if len(ids) == PORTION:
        move_wait(setting.unit, wait, ids[-1])
    else:
        drop_waits(setting.unit, [wait.number])
    for record in refused:
        left = Wait(0, wait.job, wait.entity, wait.field, (), (record,), refused=True)
        add_wait(setting.unit, left, setting.now)
    problems = [(Ref(part[0], record), p) for record, found in refused.items() for p in found]
    return Caught(found=len(ids) - len(refused), refused=problems, against=against)


def _carried(
    setting: Setting, tally: Tally, part: Part, ids: Sequence[UUID]
) -> Iterator[tuple[UUID, Sequence[Problem]]]:
    """Whatever can be found is stored; tells of which records it cannot be, halving until those stand alone."""
    if not ids:
        return
    attempt = tally.copy()
    try:
        with setting.unit.savepoint():
            carry_anew(setting, attempt, *part, ids)
    except (Invalid, Conflict) as refused:
        if refused.facts.get("retry"):
            raise
        if len(ids) == 1:
            yield ids[0], refused.problems
            return
        for some in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
            yield from _carried(setting, tally, part, some)
        return
    tally.take(attempt)


def _forget_refused(setting: Setting, wait: Wait, found: set[UUID]) -> None:
    """What was refused before and has been found now waits no more."""
    known = [w for w in waits(setting.unit, [wait.entity]) if w.refused and w.field == wait.field]
    done = [w.number for w in known if found.issuperset(w.ends)]
    if done:
        drop_waits(setting.unit, done)


# --- what waits, and where ----------------------------------------------------------------------------


def count_waiting(setting: Setting) -> Mapping[Part, int]:
    """In how many records the value of each computed field waits for a job, at most."""
    counts: dict[Part, int] = {}
    for wait in waits(setting.unit):
        part, trail = part_of(setting, wait), trail_of(setting, wait.trail)
        if part is not None and trail is not None:
            counts[part] = counts.get(part, 0) + count_origins(setting, part[0], trail, wait.ends, wait.after)
    return counts
