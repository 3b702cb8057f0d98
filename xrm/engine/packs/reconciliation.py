"""The customisation over packs that change: conflicts, the answers to them, and those that were given before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.packs.revision import EVERY_KEY, Sources
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import ANSWER
from xrm.errors import Conflict as Refused
from xrm.errors import Invalid, Place, Problem, Problems
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.definitions import Definitions
from xrm.metadata.names import near_hint
from xrm.metadata.order import ordered_packs
from xrm.metadata.reading import ReadPack
from xrm.metadata.reconciling import Choice, Conflict, digest, meet, mended
from xrm.metadata.sources import PackSource


@dataclass(frozen=True, slots=True)
class Answer:
    """A conflict with its choice, if there is one, and whether that was made at an earlier time."""

    conflict: Conflict
    choice: Choice | None
    is_remembered: bool = False

    @property
    def assumed(self) -> Choice:
        """The choice, or the one that loses nothing, so that a plan can be shown before it is made; one that can be."""
        return (self.choice or Choice.KEEP) if self.conflict.can_keep else Choice.TAKE


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What an upgrade means for the customisation: as it would be, the questions, and each edit in words."""

    source: PackSource | None = None
    answers: tuple[Answer, ...] = ()
    edits: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Conflict, ...]:
        """The conflicts that nobody has answered."""
        return tuple(answer.conflict for answer in self.answers if answer.choice is None)

    @property
    def hash(self) -> str:
        """Equal for the same questions with the same answers."""
        return digest([(mark_of(a.conflict), a.choice) for a in self.answers])


def reconcile(
    definitions: Definitions,
    present: Sources,
    wanted: Sources,
    remembered: Mapping[str, Choice],
    given: Mapping[str, Choice],
) -> Reconciled:
    """The customisation of `wanted` over its packs, which were those of `present`.

    What a pack says that was not there before is no change of it, so nothing is asked about that.
    """
    ours, before = wanted.get(CUSTOMISATION), {**wanted, **present}
    if ours is None or not ours.files or _packs(before) == _packs(wanted):
        return Reconciled(ours)
    read = definitions.read(ours)
    if read.problems:
        return Reconciled(ours)
    meeting = meet(_read(definitions, before), _read(definitions, wanted), read)
    answers = tuple(_answer(conflict, remembered, given) for conflict in meeting.conflicts)
    source = mended(ours, meeting, [(answer.conflict, answer.assumed) for answer in answers])
    told = (answer.conflict.edit(answer.choice) for answer in answers if answer.choice)
    return Reconciled(source, answers, (*(one.sentence for one in meeting.settled), *filter(None, told)))


def _packs(sources: Sources) -> dict[str, Mapping[str, bytes]]:
    return {name: source.files for name, source in sources.items() if name != CUSTOMISATION}


def _read(definitions: Definitions, sources: Sources) -> Sequence[ReadPack]:
    packs = [definitions.read(source) for name, source in sources.items() if name != CUSTOMISATION]
    return ordered_packs(packs, Problems())


def _answer(conflict: Conflict, remembered: Mapping[str, Choice], given: Mapping[str, Choice]) -> Answer:
    chosen = given.get(conflict.key)
    if chosen is None and mark_of(conflict) in remembered:
        return Answer(conflict, remembered[mark_of(conflict)], is_remembered=True)
    return Answer(conflict, chosen or given.get(EVERY_KEY))


def unanswered(reconciled: Reconciled) -> Iterator[Problem]:
    """A problem for each conflict that needs an answer, or has one that cannot be."""
    for answer in reconciled.answers:
        conflict = answer.conflict
        if answer.choice is None:
            hint = f'Answer: --keep "{conflict.key}" or --take "{conflict.key}".'
            yield Problem("P150", conflict.sentence, hint, conflict.where)
        elif answer.choice is Choice.KEEP and not conflict.can_keep:
            message = (
                f"{conflict.key}: {conflict.pack} has taken the entity out, so changes of it cannot be kept."
            )
            hint = f'Take what the pack says: --take "{conflict.key}".'
            yield Problem("P151", message, hint, conflict.where)


def needless(reconciled: Reconciled, given: Mapping[str, Choice]) -> Iterator[Problem]:
    """A problem for each answer to no conflict."""
    known = [answer.conflict.key for answer in reconciled.answers]
    for key in given:
        if key not in known and key != EVERY_KEY:
            hint = near_hint(key, known, "xrm plan lists the conflicts.")
            yield Problem("P151", f"There is no conflict {key} to be answered.", hint, Place(path=key))


# --- what was answered --------------------------------------------------------------------------------


def mark_of(conflict: Conflict) -> str:
    """Equal for the same question about the same key, of the same values."""
    return digest([CUSTOMISATION, conflict.file, [str(step) for step in conflict.path], conflict.mark])


def read_answers(unit: UnitOfWork) -> Mapping[str, Choice]:
    """Every answer that was ever carried out, by the mark of its conflict."""
    rows = unit.execute(sa.select(ANSWER.c.mark, ANSWER.c.choice)).all()
    return {row.mark: Choice(row.choice) for row in rows}


def remember(unit: UnitOfWork, answers: Iterable[Answer], now: datetime, actor: UUID | None) -> None:
    """These answers are known to later upgrades; the last one about a question counts."""
    for answer in answers:
        if answer.choice is None or answer.is_remembered:
            continue
        mark, conflict = mark_of(answer.conflict), answer.conflict
        unit.execute(sa.delete(ANSWER).where(ANSWER.c.mark == mark))
        row = {
            "mark": mark,
            "layer": CUSTOMISATION,
            "document": conflict.file,
            "path": ".".join(map(str, conflict.path)),
            "pack": conflict.pack,
            "choice": str(answer.choice),
            "at": now,
            "actor": actor,
        }
        unit.execute(sa.insert(ANSWER), row)


def demand_sense(reconciled: Reconciled, given: Mapping[str, Choice]) -> None:
    """Every answer is to a conflict; raises Invalid."""
    problems = tuple(needless(reconciled, given))
    if problems:
        raise Invalid(problems)


def demand_answers(reconciled: Reconciled) -> None:
    """Every conflict has an answer; raises Conflict, of errors."""
    problems = tuple(unanswered(reconciled))
    if problems:
        raise Refused(problems)
