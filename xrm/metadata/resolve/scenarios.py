"""Scenarios: every name in them is one that there is, and every condition can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from xrm.errors import Place
from xrm.metadata.expressions import Expression, Unparsable, check
from xrm.metadata.expressions.problems import place_of
from xrm.metadata.expressions.scope import FILTER
from xrm.metadata.expressions.types import BOOLEAN
from xrm.metadata.limits import SCENARIO_STEPS
from xrm.metadata.model import Entity, Shape
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Doc
from xrm.metadata.positions import Path
from xrm.metadata.resolve.context import Context
from xrm.metadata.resolve.seeds import check_record_values
from xrm.metadata.scenarios import (
    ACTS,
    LOOKS,
    NEEDS,
    NOON,
    TAKES,
    expectation_of,
    file_in,
    in_force,
    instant_of,
    span_of,
    steps_of,
    verb_of,
)

_ALWAYS = ("as", "refused")
_FIRST_YEAR, _LAST = 1970, datetime(3000, 1, 1, tzinfo=UTC)


def check_scenarios(context: Context) -> None:
    """Every step of every scenario names what there is."""
    for doc in in_force(context.layers.scenarios):
        _Checked(context, doc).check()


@dataclass(slots=True)
class _Checked:
    """One scenario, step by step; `records` are the entities of those made so far, None where it is not known."""

    context: Context
    doc: Doc
    records: dict[str, Entity | None] = field(default_factory=dict)

    def check(self) -> None:
        body = self.doc.body
        if "at" in body and instant_of(body["at"]) is None:
            self._add("M270", f'"{body["at"]}" is no instant.', "Write it as in 2026-05-15T16:00Z.", ("at",))
        self._check_people()
        self._check_bounds()
        for part, position, step in steps_of(self.doc):
            self._check_step((part, position), step)

    def _check_bounds(self) -> None:
        """It ends, and its clock never shows what no calendar has."""
        steps = list(steps_of(self.doc))
        if len(steps) > SCENARIO_STEPS:
            message = f"The scenario has {len(steps):,} steps; {SCENARIO_STEPS} are allowed."
            self._add("M270", message, "Split it into several.", ("scenario",))
        begins = instant_of(self.doc.body.get("at", "")) or NOON
        if not _FIRST_YEAR <= begins.year < _LAST.year:
            self._add("M270", "The clock of a scenario shows 1970 to 2999.", "Let it begin then.", ("at",))
            return
        left = _LAST - begins
        for part, position, step in steps:
            span = span_of(step["advance"]) if verb_of(step) == "advance" else None
            if span is not None and span > left:
                message = "The clock of a scenario shows 1970 to 2999."
                self._add("M270", message, "Advance it less.", (part, position, "advance"))
                return
            left -= span or timedelta()

    def _check_people(self) -> None:
        for person, roles in self.doc.body.get("people", {}).items():
            for role in roles:
                if role not in self.context.layers.roles:
                    self.context.unknown_role(role, self.doc.pack, self.doc.source.at(("people", person)))

    def _check_step(self, path: Path, step: Mapping[str, Any]) -> None:
        verb = verb_of(step)
        if not verb:
            self._add_unclear(path, step)
            return
        who, people = step.get("as"), self.doc.body.get("people", {})
        if who is not None and who not in people:
            hint = near_hint(who, people, "Name them under people, with their roles.")
            self._add("M271", f'Nobody is called "{who}" in this scenario.', hint, (*path, "as"))
        self._check_words(path, step, verb)
        _CHECKS[verb](self, path, step)

    def _add_unclear(self, path: Path, step: Mapping[str, Any]) -> None:
        said = [verb for verb in (*ACTS, *LOOKS) if verb in step]
        message = f"A step says {' and '.join(said)}." if said else "A step says nothing to do."
        self._add("M270", message, f"Say one of {', '.join((*ACTS, *LOOKS))}.", path)

    def _check_words(self, path: Path, step: Mapping[str, Any], verb: str) -> None:
        for word in step.keys() - {verb, *_ALWAYS, *TAKES[verb]}:
            self._add(
                "M270", f'"{word}" says nothing in a step that says {verb}.', "Take it out.", (*path, word)
            )
        for word in NEEDS.get(verb, ()):
            if word not in step:
                self._add("M270", f"{verb} needs {word}.", f"Add {word}.", path)

    # --- what the verbs name ----------------------------------------------------------------------------

    def _create(self, path: Path, step: Mapping[str, Any]) -> None:
        entity = self._entity(step["create"], (*path, "create"))
        self._check_values(entity, path, step)
        name = step.get("name")
        if name in self.records or name in self.doc.body.get("people", {}):
            self._add(
                "M271", f'The name "{name}" is taken in this scenario.', "Choose another.", (*path, "name")
            )
        elif name is not None:
            self.records[name] = entity

    def _change(self, path: Path, step: Mapping[str, Any]) -> None:
        self._check_values(self._record(step, verb_of(step), path), path, step)

    def _transition(self, path: Path, step: Mapping[str, Any]) -> None:
        entity = self._record(step, "of", path)
        self._check_values(entity, path, step)
        if entity is None or self.context.forgives(entity.name, "state"):
            return
        steps = entity.lifecycle.transitions if entity.lifecycle else {}
        if step["transition"] not in steps:
            message = f'{entity.name} has no step "{step["transition"]}".'
            self._add("M213", message, near_hint(step["transition"], steps), (*path, "transition"))

    def _link(self, path: Path, step: Mapping[str, Any]) -> None:
        entity = self._record(step, "link", path)
        self._record(step, "to", path)
        along = step.get("along")
        if entity is not None and along is not None:
            links = [n for n, r in entity.relationships.items() if r.shape is not Shape.LOOKUP]
            if along not in links:
                self.context.unknown_name(entity.name, along, self.doc.source.at((*path, "along")), links)

    def _advance(self, path: Path, step: Mapping[str, Any]) -> None:
        if span_of(step["advance"]) is None:
            message = f'"{step["advance"]}" is no length of time.'
            self._add("M270", message, "Write it as in 3 days, 2h or 30min.", (*path, "advance"))

    def _count(self, path: Path, step: Mapping[str, Any]) -> None:
        entity = self._entity(step["count"], (*path, "count"))
        if entity is not None and "where" in step:
            self._condition(str(step["where"]), entity, (*path, "where"))

    def _expect(self, path: Path, step: Mapping[str, Any]) -> None:
        where, text = (*path, "expect"), str(step["expect"])
        try:
            found = expectation_of(text, self.records)
        except Unparsable as stop:
            place = place_of(self.doc.source.at(where), text, stop.at)
            self.context.add(stop.code, stop.message, stop.hint, place)
            return
        if found is None:
            known = ", ".join(self.records) or "nothing"
            hint = f"Write the record before a dot, as in deal.state. Made so far: {known}."
            self._add("M271", "This is not about one record of the scenario.", hint, where)
            return
        entity = self.records[found.record]
        if entity is not None:
            self._condition(found.condition, entity, where)

    # --- how they are looked up ---------------------------------------------------------------------------

    def _entity(self, name: str, path: Path) -> Entity | None:
        found = self.context.entities.get(name)
        if found is None:
            known = {e.name for e in self.context.entities.values() if not e.abstract}
            self.context.unknown_entity(name, self.doc.pack, self.doc.source.at(path), known)
        elif found.abstract:
            message = f'"{name}" is abstract, so it has no records of its own.'
            self._add("M271", message, f"Choose one of {', '.join(found.implementations)}.", path)
            return None
        return found

    def _record(self, step: Mapping[str, Any], key: str, path: Path) -> Entity | None:
        name = step.get(key)
        if name is None:
            return None
        if name not in self.records:
            hint = near_hint(name, self.records, "Name it where it is made.")
            self._add("M271", f'No record is called "{name}" here.', hint, (*path, key))
        return self.records.get(name)

    def _check_values(self, entity: Entity | None, path: Path, step: Mapping[str, Any]) -> None:
        if entity is not None and "values" in step:
            refs = {*self.records, *self.doc.body.get("people", {})}
            values = {name: None if file_in(value) else value for name, value in step["values"].items()}
            check_record_values(self.context, entity, self.doc, (*path, "values"), values, refs, set())

    def _condition(self, text: str, entity: Entity, path: Path) -> None:
        names, place = self.context.typed, self.doc.source.at(path)
        names.has_forgiven = False
        scope = FILTER.with_settings(self.context.settings_of(self.doc.pack))
        found = check(text, entity.name, names, scope=scope, expect=BOOLEAN, place=place)
        if not isinstance(found, Expression) and not names.has_forgiven:
            self.context.problems.extend(problem.at(place) for problem in found)

    def _add(self, code: str, message: str, hint: str, path: Path) -> None:
        self.context.add(code, message, hint, self._place(path))

    def _place(self, path: Path) -> Place:
        return self.doc.source.at(path)


_CHECKS = {
    "create": _Checked._create,
    "update": _Checked._change,
    "transition": _Checked._transition,
    "delete": _Checked._change,
    "restore": _Checked._change,
    "link": _Checked._link,
    "advance": _Checked._advance,
    "expect": _Checked._expect,
    "read": _Checked._change,
    "count": _Checked._count,
}
