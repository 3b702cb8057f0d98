"""Fields whose values become others: found by comparing the definitions in force with those that are wanted.

The columns as they are become a shadow, and the field gets columns of its own. Where a shadow of the same field has the
form that is wanted, it comes back instead, with what was changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.entity_tables import EntityTable, StoredField
from xrm.engine.storage.forms import NOTHING_DECIDED, Change, Decided, Fault, Form, undecided
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.lineage import Kept, Lineage, called, taken_back
from xrm.engine.storage.matching import Match, Past, Standing
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.steps import Column, type_text
from xrm.errors import Problems
from xrm.metadata.model import Entity, Field
from xrm.metadata.returning import options_looking_back


@dataclass(frozen=True, slots=True)
class Turn:
    """A field whose values become others by `change`; or, with `kept`, what they were, newest shadow first.

    `columns` keep the parts as they are; `aside` are all columns of the field as it is. A field that is new has none.
    Where it only `fills`, they are there or come back as they are, and rows that hold nothing get a value.
    `last` is what its values were before the last turn. Where it `is_unique`, no two records may hold the same. A turn
    that only `is_check` changes nothing: its values have to fit as they are, or were kept where it `comes_back`.
    """

    entity: str
    stored: StoredField
    change: Change
    former: Field | None = None
    columns: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    last: Shadow | None = None
    is_check: bool = False
    comes_back: bool = False
    fills: bool = False
    is_unique: bool = False

    @property
    def name(self) -> str:
        """The field as it is called."""
        return f"{self.entity}.{self.stored.field.name}"

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored of the field yet."""
        return self.former is None

    @property
    def adds(self) -> bool:
        """Whether the field gets columns that are not there yet."""
        return not (self.kept or self.fills or self.is_check)

    @property
    def reads_all(self) -> bool:
        """Whether rows without any value matter, too."""
        return self.change.is_needed

    @property
    def wanted(self) -> tuple[Column, ...]:
        """The columns that the field shall have."""
        keys = (key for key in self.stored.keys if key is not None)
        return (*self.stored.columns, *keys)

    @property
    def returning(self) -> Shadow | None:
        """The shadow that comes back."""
        return self.kept[-1].shadow if self.kept else None

    def decided_in(self, decisions: Mapping[str, str]) -> Decided:
        """What was decided about it."""
        return Decided.about(decisions, self.entity, self.stored.field.name)

    def value(self, row: Mapping[str, Any]) -> Became:
        """What the value of the row becomes; raises Unfit where nothing was decided."""
        form, used = self.change.before, list[tuple[Fault, str]]()
        value = form.value(tuple(row[column] for column in self.columns)) if self.columns else None
        if self.fills and value is not None:
            return Became(value)
        left_out = False
        for kept in self.kept:
            value, is_lost = taken_back(kept, value, row, used)
            left_out = left_out or is_lost
        if not self.kept or (value is None and self.change.is_needed):
            value = self.change.value(value, used)
        return Became(value, tuple(used), left_out)


class Became(NamedTuple):
    """What a value became: by which decisions, and whether a change made since does not fit and is left out."""

    value: Any
    used: tuple[tuple[Fault, str], ...] = ()
    left_out: bool = False


def with_turns(live: LiveSchema, matched: Match, past: Past, dialect: SqlDialect) -> Match:
    """The same standings, with the fields of each whose values become others, or have to be looked at."""
    if past.before is None or past.wanted is None:
        return matched
    finding = _Finding(live, past, dialect)
    return replace(
        matched, standings={name: finding.turned(standing) for name, standing in matched.standings.items()}
    )


@dataclass(frozen=True, slots=True)
class _Finding:
    live: LiveSchema
    past: Past
    dialect: SqlDialect
    found: dict[str, Turn] = field(default_factory=dict)

    def turned(self, standing: Standing) -> Standing:
        info = standing.table.info
        if "entity" not in info or "relationship" in info:
            return standing
        entity = info["entity"]
        stored = self.past.wanted[entity] if self.past.wanted else None
        if standing.shadow is not None:
            return standing if stored is None else self._returned(standing, standing.shadow, stored)
        before = self.past.before
        former = before.model.entities.get(self.past.identities.present(entity)) if before else None
        if stored is None or former is None or stored.entity.is_engine:
            return standing
        turns = (self.turn(standing, former, each) for each in stored.fields.values())
        return _released(standing, _by_field(stored, turns))

    def _returned(self, standing: Standing, shadow: Shadow, stored: EntityTable) -> Standing:
        """Of a table that comes back, fields that were not required then have the values that were decided."""
        entity = stored.entity.name
        known = {name: self.past.identities.fields.get((entity, name)) for name in stored.fields}
        owing = (s for n, s in stored.fields.items() if not shadow.demanded(k.name if (k := known[n]) else n))
        filled = [turn for each in owing if (turn := self._filled(standing, each))]
        kept = shadow.definition if isinstance(shadow.definition, Mapping) else {}
        names = {name: k.name if (k := known[name]) else name for name in stored.fields}
        checked = (
            self._narrowed(standing, each, kept.get("fields", {}).get(names[name]))
            for name, each in stored.fields.items()
        )
        return _released(standing, {**_by_field(stored, checked), **_by_field(stored, filled)})

    def turn(self, standing: Standing, entity: Entity, stored: StoredField) -> Turn | None:
        """What becomes of the values of the field; None if they stay as they are."""
        name = standing.table.info["entity"]
        decided = Decided.about(self.past.decisions, name, stored.field.name)
        known = self.past.identities.fields.get((name, stored.field.name))
        former = entity.fields.get(known.name) if known and not known.gone else None
        if known is None or former is None or not former.parts:
            return self._new(standing, stored) if known is None or known.gone else None
        columns = tuple(called(part.suffix, former.name) for part in former.parts)
        if not standing.live.columns.keys() >= set(columns):
            return None
        aside = tuple(c for c in (*columns, *(f"{c}__key" for c in columns)) if c in standing.live.columns)
        change = replace(
            self._change(Form.of(former), self._wanted(stored.field, former), decided),
            kept_keys=self.past.kept_keys.get((name, stored.field.name)),
        )
        turn = Turn(name, stored, change, former, columns, aside)
        return self._judged(standing, turn, decided)

    def _wanted(self, field_: Field, former: Field) -> Form:
        """The form of the field; on the way back, options that are called otherwise now were called so formerly."""
        form = Form.of(field_)
        if self.past.version is None or "options" not in form.params:
            return form
        options = options_looking_back(field_.options, former.options)
        return replace(form, params={**form.params, "options": options})

    def _new(self, standing: Standing, stored: StoredField) -> Turn | None:
        """What becomes of a field that nobody has by now: it is filled, or what was kept of it has to fit."""
        mine = {column.name for column in stored.columns}
        back = next((s for s in standing.returns if mine & s.columns.keys()), None)
        return self._filled(standing, stored) or self._narrowed(
            standing, stored, back.definition if back else None
        )

    def _narrowed(self, standing: Standing, stored: StoredField, kept: Any) -> Turn | None:
        """A field that comes back and takes less than its kept definition did has to fit the values as they are.

        On the way back to a version all is what it was.
        """
        if self.past.version is not None or not isinstance(kept, Mapping):
            return None
        before, after = Form.from_definition(kept, self.past.types), Form.of(stored.field)
        columns = tuple(standing.columns.get(column.name, "") for column in stored.columns)
        if before is None or before.type.name != after.type.name or after.takes_all_of(before):
            return None
        if not all(columns):
            return None
        change = self._change(replace(before, required=after.required), after, NOTHING_DECIDED)
        entity = standing.table.info["entity"]
        return Turn(entity, stored, change, columns=columns, is_check=True, comes_back=True)

    def _filled(self, standing: Standing, stored: StoredField) -> Turn | None:
        """A field that is new or comes back, and needs a value, has the one that was decided where it has none."""
        entity = standing.table.info["entity"]
        decided = Decided.about(self.past.decisions, entity, stored.field.name)
        if not stored.field.required or decided.empty is None:
            return None
        after, there = Form.of(stored.field), standing.columns
        change = self._change(replace(after, required=False), after, decided)
        if any(column.name not in there for column in stored.columns):
            return Turn(entity, stored, change)
        return Turn(entity, stored, change, columns=tuple(there[c.name] for c in stored.columns), fills=True)

    def _judged(self, standing: Standing, turn: Turn, decided: Decided) -> Turn | None:
        before, after = turn.change.before, turn.change.after
        is_other = before.type.name != after.type.name or not self._is_stored_so(standing.live, turn)
        lineage = Lineage(self.live, self.past, turn.entity, turn.stored.field.name, standing.live.name)
        turn = replace(turn, last=lineage.last)
        wanted = [type_text(column, self.dialect) for column in turn.wanted]
        kept = lineage.back_to(before, after, wanted, is_other=is_other or not before.same_as(after))
        if kept:
            return replace(turn, kept=kept)
        if is_other:
            return turn if turn.change.say is not None else None
        takes_all = after.takes_all_of(before) and not turn.change.lost_options
        if turn.change.uses(decided) != NOTHING_DECIDED and not (takes_all and not turn.change.is_needed):
            return turn
        if takes_all:
            return None
        alike = replace(turn.change, before=replace(before, required=after.required))
        return replace(turn, change=alike, is_check=True)

    def _is_stored_so(self, live: LiveTable, turn: Turn) -> bool:
        """Whether columns of the wanted kinds keep the field, whatever they are called."""
        wanted = sorted(type_text(column, self.dialect) for column in turn.wanted)
        return wanted == sorted(live.columns[column] for column in turn.aside)

    def _change(self, before: Form, after: Form, decided: Decided) -> Change:
        return Change(before, after, decided, self.past.currency)


def _by_field(stored: EntityTable, turns: Iterable[Turn | None]) -> dict[str, Turn]:
    found = {turn.stored.field.name: turn for turn in turns if turn is not None}
    return {name: replace(turn, is_unique=_is_unique(stored, name)) for name, turn in found.items()}


def _is_unique(stored: EntityTable, name: str) -> bool:
    return any(u.index and u.key.fields == (name,) and u.key.when is None for u in stored.keys.values())


def _released(standing: Standing, turns: Mapping[str, Turn]) -> Standing:
    """The standing without the columns of fields that get others."""
    moved = [turn for turn in turns.values() if not turn.is_check and not turn.fills]
    if not moved:
        return replace(standing, turns=turns) if turns else standing
    wanted = {column.name for turn in moved for column in turn.wanted}
    claimed = {standing.columns[name] for name in wanted if name in standing.columns}
    columns = {name: there for name, there in standing.columns.items() if name not in wanted}
    returns = tuple(s for s in standing.returns if not claimed & set(s.columns.values()))
    lost = {*standing.lost, *(c for turn in moved for c in turn.aside)}
    return replace(standing, columns=columns, returns=returns, lost=tuple(sorted(lost)), turns=turns)


def followed(matched: Match, past: Past, problems: Problems) -> Mapping[str, str]:
    """The decisions by their places, all of which are about something; what is wrong with them is added."""
    used: set[str] = set()
    for standing in matched.standings.values():
        for turn in standing.turned:
            name = turn.stored.field.name
            decided = turn.decided_in(past.decisions)
            fits = turn.change.uses(decided) if not turn.kept else replace(decided, options={})
            used |= set(fits.keys(turn.entity, name))
            problems.extend(replace(turn.change, decided=fits).faults(turn.entity, name))
    for relink in matched.relinks:
        used |= set(relink.uses().keys(relink.entity, relink.wanted.name))
        problems.extend(relink.faults())
    for key in sorted(past.decisions.keys() - used):
        problems.extend([undecided(key, "Nothing in the plan needs it.")])
    return {key: past.decisions[key] for key in sorted(used)}
