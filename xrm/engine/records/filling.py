"""What a kept record gets from those that are merged into it: only what is empty, unless somebody chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from xrm.engine.commands import Merge
from xrm.engine.records import permits
from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.draft import Draft
from xrm.engine.records.targets import giving
from xrm.engine.records.writer import Writer
from xrm.engine.storage.merges import copy_files
from xrm.errors import Invalid, Place, Problem
from xrm.metadata.values import Ref
from xrm.registry import near_names

Write = Callable[[Setting, Tally, Sequence[Draft], str], list[Draft]]
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Filling:
    """The values that the kept record gets: those `given` by whoever merges, and those that come by themselves."""

    setting: Setting
    kept: Draft
    given: Mapping[str, Any]
    own: Mapping[str, Any]

    def write(self, tally: Tally, stored: Mapping[str, Any], write: Write) -> list[Draft]:
        """The kept record has the values; one that comes by itself is left out where it has no place there."""
        draft = self.kept.with_(old=stored, accepted=True)
        own = dict(self.own)
        for _ in range(_TRIES):
            attempt = tally.copy()
            try:
                with self.setting.unit.savepoint():
                    done = write(self.setting, attempt, [draft.with_(given={**own, **self.given})], "update")
            except Invalid as refused:
                unfit = {
                    name for problem in refused.problems for name in own if _is_at(self.kept, problem, name)
                }
                if not unfit - self.given.keys():
                    raise
                own = {name: value for name, value in own.items() if name not in unfit}
            else:
                tally.take(attempt)
                return done
        raise AssertionError("each try leaves out a value, and what is left over raises")


def _is_at(kept: Draft, problem: Problem, name: str) -> bool:
    path = problem.where.path
    return path == kept.where(name).path or path.startswith(f"{kept.where(name).path}.")


def filled(setting: Setting, kept: Draft, others: Sequence[Draft], command: Merge) -> Filling:
    """What the kept record gets; raises Invalid for names and records that cannot be chosen."""
    work = _Filling(setting, kept, others)
    chosen = work.chosen(command)
    own = {
        name: value
        for name in work.names()
        if name not in command.choose and name not in command.values
        for value in work.value(name)
    }
    return Filling(setting, _among_values(kept), {**chosen, **command.values}, own)


def _among_values(kept: Draft) -> Draft:
    """The draft whose problems are placed among the values of the command."""
    return kept.with_(path=f"{kept.path}.values" if kept.path else "values")


@dataclass(frozen=True, slots=True)
class _Filling:
    setting: Setting
    kept: Draft
    others: Sequence[Draft]

    @property
    def writer(self) -> Writer:
        return self.kept.writer

    def names(self) -> Iterator[str]:
        """The names that may be filled: those that this actor may change here and whose values history keeps."""
        writer, known = self.writer, permits.rights(self.setting, self.writer)
        allowed = permits.writable(self.setting, writer, "update")
        for name in (*writer.stored_names, "external_key"):
            field = writer.entity.fields.get(name)
            if name not in allowed or name in writer.sealed_names or name in writer.untracked:
                continue
            if field is not None and (field.type.numbering or not field.is_given):
                continue
            rule = known.cell("update", name)
            if name == "external_key" or permits.passing_rule(self.setting, writer, rule, [self.kept.id]):
                yield name

    def value(self, name: str) -> Iterator[Any]:
        """The JSON form of what the kept record gets, if it gets something."""
        here = (self.kept.old or {}).get(name)
        if here is not None and not isinstance(here, tuple):
            return
        seen = self._readable(name)
        there = [
            (draft, value)
            for draft in self.others
            if draft.id in seen and (value := (draft.old or {}).get(name)) is not None
            if not self._is_among(value)
        ]
        if not there:
            return
        if here is None and not isinstance(there[0][1], tuple):
            found = self._own(name, there[0][1])
        else:
            more = self._own(name, tuple(one for _, value in there for one in value))
            found = tuple(dict.fromkeys([*(here or ()), *more]))
        if found != here:
            yield self._json(name, found)

    def _json(self, name: str, value: Any) -> Any:
        return value if name == "external_key" else self.writer.json(name, [value])[0]

    def _own(self, name: str, value: Any) -> Any:
        """The value for the kept record: files are its own, of the same content, whatever becomes of the others."""
        if name not in self.writer.file_names:
            return value
        files = value if isinstance(value, tuple) else (value,)
        copies = {file: self.setting.world.new_id() for file in files}
        copy_files(self.setting.unit, self.kept.id, copies)
        return tuple(copies.values()) if isinstance(value, tuple) else copies[value]

    def _readable(self, name: str) -> frozenset[UUID]:
        return giving(self.setting, self.writer, [name], [draft.id for draft in self.others])

    def _is_among(self, value: Any) -> bool:
        """Whether it leads to one of the records that become one."""
        ids = {self.kept.id, *(draft.id for draft in self.others)}
        return isinstance(value, Ref) and value.entity == self.writer.name and value.id in ids

    def chosen(self, command: Merge) -> dict[str, Any]:
        """The JSON forms of values that are chosen from one of the records."""
        problems: list[Problem] = []
        found: dict[str, Any] = {}
        by_id = {draft.id: draft for draft in (self.kept, *self.others)}
        known = {*self.writer.stored_names, "external_key"} & permits.known_names(
            self.setting, self.writer.name
        )
        for name, record in command.choose.items():
            place = self._place(f"choose.{name}")
            if name not in known:
                near = near_names(name, known)
                hint = f"Did you mean {near[0]}?" if near else ""
                problems.append(
                    Problem("R103", f"{self.writer.name} has no field {name!r} for you.", hint, place)
                )
            elif record not in by_id:
                message = "This is none of the records that become one."
                problems.append(Problem("R192", message, "Choose one of them.", place))
            elif record != self.kept.id:
                found |= self._chosen(name, by_id[record], problems, place)
        if problems:
            raise Invalid(problems)
        return found

    def _chosen(self, name: str, draft: Draft, problems: list[Problem], place: Place) -> dict[str, Any]:
        if not giving(self.setting, self.writer, [name], [draft.id]) or name in self.writer.sealed_names:
            message = f"{name} of that record is not yours to read."
            problems.append(Problem("R192", message, "Leave it out.", place))
            return {}
        value = (draft.old or {}).get(name)
        if value is None or self._is_among(value):
            return {name: None}
        return {name: self._json(name, self._own(name, value))}

    def _place(self, tail: str) -> Place:
        return Place(path=f"{self.kept.path}.{tail}" if self.kept.path else tail)
