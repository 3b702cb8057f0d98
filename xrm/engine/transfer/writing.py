"""Writes a portion of shaped rows by the record service: all at once where possible, else around the bad."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from xrm.engine.commands import Actor, Command, Create, Target, Update, Upsert, inside
from xrm.engine.queries.service import QueryService
from xrm.engine.records.duplicates import REFUSED, WARNED
from xrm.engine.records.service import RecordService
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.transfer.cells import Shaped
from xrm.engine.transfer.mapping import EXTERNAL_KEY, ID
from xrm.engine.transfer.pointers import Pointers, lost, matches
from xrm.engine.transfer.request import ACCEPT, SKIP, TELL, UPDATE
from xrm.engine.transfer.tally import Refused
from xrm.errors import Place, Problem, XrmError, is_overtaken

MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class Written:
    """What a portion came to: how many rows had which outcome, and the rows that were refused, in order."""

    outcomes: Mapping[str, int]
    refused: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows of one entity in one actor's name."""

    entity: str
    by: str
    records: RecordService
    queries: QueryService
    pointers: Pointers
    duplicates: str = TELL

    def write(self, unit: UnitOfWork, actor: Actor, rows: Sequence[Shaped]) -> Written:
        """The good rows are written in the caller's transaction; the others are told."""
        refused = {i: list(row.problems) for i, row in enumerate(rows) if row.problems}
        self._point(unit, actor, rows, refused)
        self._look_further(rows, refused)
        commands = {
            i: replace(command, accept_duplicates=self.duplicates == ACCEPT)
            for i, command in self._commands(unit, actor, rows, refused)
        }
        outcomes = self._perform(unit, actor, commands, refused)
        outcomes += self._settle(unit, actor, commands, refused)
        return Written(Counter(outcomes), [Refused(rows[i].row, refused[i]) for i in sorted(refused)])

    def _point(
        self, unit: UnitOfWork, actor: Actor, rows: Sequence[Shaped], refused: dict[int, list[Problem]]
    ) -> None:
        """The texts of lookups become references."""
        targets = dict.fromkeys(target for row in rows for target in row.meant)
        for target in targets:
            texts = [row.meant[target] for row in rows if target in row.meant]
            found = self.pointers.find(unit, self.queries, actor, target, texts)
            alone = target.relationship is not None and len(target.relationship.targets) == 1
            references = {text: what.reference(alone=alone) for text, what in found.items()}
            for i, row in enumerate(rows):
                text = row.meant.get(target)
                if text is None:
                    continue
                reference = row.values[target.name] = references.get(text)
                if reference is None:
                    problem = lost(target, found.get(text)).at(Place(path=target.name))
                    refused.setdefault(i, []).append(problem)

    def _look_further(self, rows: Sequence[Shaped], refused: dict[int, list[Problem]]) -> None:
        """What else is wrong with the rows that are refused already, so that people mend them once."""
        contract = self.queries.contracts[self.entity]
        for i, problems in refused.items():
            known = {problem.where.path for problem in problems}
            _, found = contract.load(rows[i].values, partial=bool(self.by), writable=contract.writable_names)
            problems += [p for p in found.found if p.where.path.partition(".")[0] not in known]

    # --- which command a row is ---------------------------------------------------------------------

    def _commands(
        self, unit: UnitOfWork, actor: Actor, rows: Sequence[Shaped], refused: dict[int, list[Problem]]
    ) -> Iterator[tuple[int, Create | Update | Upsert]]:
        good = [(i, row) for i, row in enumerate(rows) if i not in refused]
        if not self.by:
            yield from ((i, Create(self.entity, row.values)) for i, row in good)
        elif self._is_plain_key:
            yield from self._by_key(unit, actor, good, refused)
        else:
            yield from ((i, Upsert(self.entity, self.by, row.values)) for i, row in good)

    @property
    def _is_plain_key(self) -> bool:
        """Whether all records with a key of this kind can be asked for at once."""
        field = self.queries.model.entities[self.entity].fields.get(self.by)
        return self.by in (ID, EXTERNAL_KEY) or (field is not None and field.unique)

    def _by_key(
        self,
        unit: UnitOfWork,
        actor: Actor,
        rows: Sequence[tuple[int, Shaped]],
        refused: dict[int, list[Problem]],
    ) -> Iterator[tuple[int, Create | Update | Upsert]]:
        """Changes of known records first, then new ones, then rows whose key an earlier row has brought."""
        keys = {i: str(row.values.get(self.by) or "") for i, row in rows}
        known = dict(
            matches(unit, self.queries, actor, self.entity, self.by, [k for k in keys.values() if k])
        )
        created: list[tuple[int, Create | Update | Upsert]] = []
        again: list[tuple[int, Create | Update | Upsert]] = []
        brought: set[str] = set()
        for i, row in rows:
            key = keys[i]
            if key in known:
                yield i, Update(self.entity, Target(UUID(known[key])), _without_id(row.values))
            elif not key or self.by == ID:
                refused[i] = [_no_key(self.by, key)]
            elif key in brought:
                again.append((i, Upsert(self.entity, self.by, row.values)))
            else:
                brought.add(key)
                created.append((i, Create(self.entity, row.values)))
        yield from (*created, *again)

    # --- what becomes of duplicates ----------------------------------------------------------------

    def _settle(
        self,
        unit: UnitOfWork,
        actor: Actor,
        commands: Mapping[int, Create | Update | Upsert],
        refused: dict[int, list[Problem]],
    ) -> list[str]:
        """Rows that were refused as duplicates and for nothing else are left out, or change what they are like."""
        if self.duplicates not in (SKIP, UPDATE):
            return []
        alike = {
            i: {about.id for problem in problems for about in problem.records}
            for i, problems in refused.items()
            if problems and all(problem.code in (REFUSED, WARNED) for problem in problems)
        }
        if self.duplicates == SKIP:
            for i in alike:
                del refused[i]
            return ["unchanged"] * len(alike)
        changes: dict[int, Command] = {
            i: Update(self.entity, Target(UUID(next(iter(ids)))), commands[i].values, None, True)
            for i, ids in alike.items()
            if len(ids) == 1
        }
        for i in changes:
            del refused[i]
        return self._one_by_one(unit, actor, changes, refused)

    # --- performing ---------------------------------------------------------------------------------

    def _perform(
        self,
        unit: UnitOfWork,
        actor: Actor,
        commands: Mapping[int, Command],
        refused: dict[int, list[Problem]],
    ) -> list[str]:
        """Everything at once; rows that are named in the refusal are left out and the rest is tried again."""
        left = dict(commands)
        for _ in range(MOST_TRIES):
            if not left:
                return []
            try:
                with unit.savepoint():
                    outcome = self.records.execute_in(unit, actor, list(left.values()))
                return [result.outcome for result in outcome.results]
            except XrmError as error:
                if error.facts.get("retry") or is_overtaken(error):
                    raise
                bad = _by_position(error.problems, list(left))
                if not bad:
                    break
                refused.update(bad)
                left = {i: command for i, command in left.items() if i not in bad}
        return self._one_by_one(unit, actor, left, refused)

    def _one_by_one(
        self,
        unit: UnitOfWork,
        actor: Actor,
        commands: Mapping[int, Command],
        refused: dict[int, list[Problem]],
    ) -> list[str]:
        positions = list(commands)
        outcome = self.records.execute_in(unit, actor, list(commands.values()), mode="good_rows")
        for place, problems in outcome.refused.items():
            refused[positions[place]] = [inside(problem)[1] for problem in problems]
        return [result.outcome for result in outcome.results]


def _by_position(problems: Iterable[Problem], positions: Sequence[int]) -> dict[int, list[Problem]]:
    """The problems by the row that they name, with paths inside of it; empty if one names none."""
    found: dict[int, list[Problem]] = {}
    for problem in problems:
        place, told = inside(problem)
        if place is None and len(positions) > 1:
            return {}
        found.setdefault(positions[place or 0], []).append(told)
    return found


def _without_id(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != ID}


def _no_key(by: str, key: str) -> Problem:
    if key:
        return Problem("R104", "There is no such record for you.", "Check the id.", Place(path=by))
    return Problem("R124", f"The row has no {by}.", "Give it one.", Place(path=by))
