"""Fields whose values become others: found by comparing the definitions in force with those that are wanted.

The columns as they are become a shadow, and the field gets columns of its own. Where a shadow of the same field has the
form that is wanted, it comes back instead, with what was changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.asked import asked
from xrm.engine.storage.beings import (
    STATE,
    STATE_COLUMNS,
    change_between,
    decided_states,
    state_field,
    stored_state,
)
from xrm.engine.storage.entity_tables import EntityTable, StoredField
from xrm.engine.storage.forms import NOTHING_DECIDED, Change, Decided, Form, undecided
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.lineage import Lineage
from xrm.engine.storage.matching import Match, Past, Standing, member
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.steps import type_text
from xrm.engine.storage.turn import Turn
from xrm.errors import Problems
from xrm.metadata.fieldtypes.choices import options_of
from xrm.metadata.model import Field
from xrm.metadata.returning import options_looking_back


def with_turns(live: LiveSchema, matched: Match, past: Past, dialect: SqlDialect) -> Match:
    """The same standings, with the fields of each whose values become others, or have to be looked at."""
    if past.before is None or past.wanted is None:
        return matched
    finding = _Finding(live, matched, past, dialect)
    return replace(
        matched, standings={name: finding.turned(standing) for name, standing in matched.standings.items()}
    )


@dataclass(frozen=True, slots=True)
class _Of:
    """Whose fields are looked at: those of an entity, or the attributes of the links of a relationship.

    `former` are those in force by their names, and `kept` the definitions with which their table was removed.
    """

    standing: Standing
    entity: str
    former: Mapping[str, Field] = field(default_factory=dict)
    kept: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    homes: tuple[str, str] = ("", "")

    def demanded(self, name: str) -> bool:
        """Whether the field of this name had to have a value when the table was removed."""
        return bool(self.kept.get(name, {}).get("required"))


@dataclass(frozen=True, slots=True)
class _Finding:
    """Looks at all that is stored."""

    live: LiveSchema
    matched: Match
    past: Past
    dialect: SqlDialect

    def turned(self, standing: Standing) -> Standing:
        info = standing.table.info
        stored = self.past.wanted[info["entity"]] if "entity" in info and self.past.wanted else None
        if standing.is_settled or stored is None or stored.entity.is_engine:
            return standing
        of = self._of(standing, stored)
        if of is None:
            return standing
        fields = stored.links[of.link].attributes if of.link else stored.fields
        if standing.shadow is not None:
            turns = [*self._returned(of, fields)]
        else:
            turns = [*(self.turn(of, each) for each in fields.values())]
            turns += [] if of.link else [self._states(of, stored)]
        released = _released(standing, _by_field(None if of.link else stored, turns))
        return released if of.link else self._asking(released)

    def _asking(self, standing: Standing) -> Standing:
        """The same where turns know of which records a value is asked for."""
        if not any(turn.change.is_needed for turn in standing.turns.values()):
            return standing
        told = {
            name: replace(turn, asked=asked(self.past, standing, turn.entity, turn.stored.field))
            for name, turn in standing.turns.items()
        }
        return replace(standing, turns=told)

    def _of(self, standing: Standing, stored: EntityTable) -> _Of | None:
        """Whose fields the table keeps; None where nothing is known of what they were."""
        entity, relationship = stored.entity.name, str(standing.table.info.get("relationship", ""))
        if standing.shadow is not None:
            told = standing.shadow.definition if isinstance(standing.shadow.definition, Mapping) else {}
            kept = told.get("attributes" if relationship else "fields", {})
            return _Of(standing, entity, kept=kept, link=relationship, homes=self._homes(stored))
        before = self.past.before.model.entities if self.past.before else {}
        former = before.get(self.past.identities.present(entity))
        if former is None:
            return None
        if not relationship:
            return _Of(standing, entity, former.fields)
        there = former.relationships.get(self.past.stored_as(entity, relationship))
        if there is None:
            return None
        return _Of(standing, entity, there.attributes, link=relationship, homes=self._homes(stored))

    def _homes(self, stored: EntityTable) -> tuple[str, str]:
        """What the table of the entity is called now, and what it will be."""
        standing = self.matched.standings.get(str(stored.table.name))
        return (standing.live.name if standing else ""), str(stored.table.name)

    def _returned(self, of: _Of, fields: Mapping[str, StoredField]) -> Iterator[Turn | None]:
        """Of a table that comes back, what was not required then has the values that were decided, and what may hold
        less than it did is looked at.
        """
        for each in fields.values():
            name = self._stored_as(of, each)
            filled = None if of.demanded(name) else self._filled(of, each)
            yield filled or self._narrowed(of, each, of.kept.get(name))

    def _stored_as(self, of: _Of, stored: StoredField) -> str:
        return self.past.stored_as(of.entity, stored.field.name, of.link)

    def turn(self, of: _Of, stored: StoredField) -> Turn | None:
        """What becomes of the values of the field; None if they stay as they are."""
        part, live = (of.entity, member(of.link, stored.field.name)), of.standing.live
        known = self.past.identities.fields.get(part)
        former = (
            None if known is not None and known.gone else self._former(of, stored, is_known=known is not None)
        )
        if former is None or not former.parts:
            return self._new(of, stored) if known is None or known.gone else None
        columns = Form.of(former).columns(former.name)
        if not live.columns.keys() >= set(columns):
            return None
        aside = tuple(c for c in (*columns, *(f"{c}__key" for c in columns)) if c in live.columns)
        change = replace(
            self._change(Form.of(former), self._wanted(stored.field, former), self._decided(of, stored)),
            kept_keys=self.past.kept_keys.get(part),
        )
        turn = Turn(of.entity, stored, change, former, columns, aside, link=of.link, homes=of.homes)
        return self._judged(of.standing, turn, None if known is None else known.number)

    def _former(self, of: _Of, stored: StoredField, *, is_known: bool) -> Field | None:
        """The field as it is in force. An attribute that was never numbered is known by what it is and was called."""
        if is_known:
            return of.former.get(self._stored_as(of, stored))
        names = (stored.field.name, *stored.field.renamed_from) if of.link else ()
        return next((of.former[name] for name in names if name in of.former), None)

    def _states(self, of: _Of, stored: EntityTable) -> Turn | None:
        """What becomes of records in states that will be gone: what was decided, or what they were in before."""
        wanted, standing, past = stored_state(stored), of.standing, self.past
        former = past.before.model.entities.get(past.identities.present(of.entity)) if past.before else None
        before = former.lifecycle if former else None
        if wanted is None or before is None or not standing.live.columns.keys() >= set(STATE_COLUMNS):
            return None
        decided = decided_states(past.decisions, of.entity)
        change = change_between(Form.of(state_field(before)), Form.of(wanted.field), decided, past.currency)
        turn = Turn(of.entity, wanted, change, state_field(before), STATE_COLUMNS, STATE_COLUMNS)
        number = past.numbers.fields.get((past.kept_as(of.entity), STATE))
        judged = self._judged(standing, turn, number)
        return None if judged is None or judged.is_check else judged

    def _wanted(self, field_: Field, former: Field) -> Form:
        """The form of the field; on the way back, options that are called otherwise now were called so formerly."""
        form = Form.of(field_)
        if self.past.version is None or "options" not in form.params:
            return form
        options = options_looking_back(field_.options, former.options)
        return replace(form, params={**form.params, "options": options})

    def _new(self, of: _Of, stored: StoredField) -> Turn | None:
        """What becomes of a field that nobody has by now: it is filled, or what was kept of it has to fit."""
        mine = {column.name for column in stored.columns}
        back = next((s for s in of.standing.returns if mine & s.columns.keys()), None)
        return self._filled(of, stored) or self._narrowed(of, stored, back.definition if back else None, back)

    def _narrowed(self, of: _Of, stored: StoredField, kept: Any, shadow: Shadow | None = None) -> Turn | None:
        """A field that comes back and takes less than its kept definition did: values fit, or it was decided what
        those become that do not. What was kept stays as it was.
        """
        if not isinstance(kept, Mapping):
            return None
        before, after = Form.from_definition(kept, self.past.types), Form.of(stored.field)
        if before is None or before.type.name != after.type.name:
            return None
        if self.past.version is not None and "options" in after.params:
            options = options_looking_back(stored.field.options, options_of(before.params))
            after = replace(after, params={**after.params, "options": options})
        columns = tuple(of.standing.columns.get(column.name, "") for column in stored.columns)
        if after.takes_all_of(before) or not all(columns):
            return None
        change = self._change(replace(before, required=after.required), after, self._decided(of, stored))
        turn = Turn(of.entity, stored, change, columns=columns, link=of.link, homes=of.homes)
        if change.uses(change.decided) == NOTHING_DECIDED:
            return replace(turn, is_check=True)
        if shadow is not None:
            return replace(turn, shadow=shadow, last=self._last(of, stored))
        twins = tuple(f"{column}__key" for column in columns)
        aside = tuple(c for c in (*columns, *twins) if c in of.standing.live.columns)
        return replace(turn, was=kept, aside=aside, last=self._last(of, stored))

    def _last(self, of: _Of, stored: StoredField) -> Shadow | None:
        known = self.past.identities.fields.get((of.entity, member(of.link, stored.field.name)))
        number = known.number if known else None
        return Lineage(self.live, self.past, number, of.standing.live.name).last

    def _filled(self, of: _Of, stored: StoredField) -> Turn | None:
        """A field that is new or comes back, and needs a value, has the one that was decided where it has none."""
        decided, there = self._decided(of, stored), of.standing.columns
        if not stored.field.required or decided.empty is None:
            return None
        after = Form.of(stored.field)
        change = self._change(replace(after, required=False), after, decided)
        turn = Turn(of.entity, stored, change, link=of.link, homes=of.homes)
        if any(column.name not in there for column in stored.columns):
            return turn
        return replace(turn, columns=tuple(there[c.name] for c in stored.columns), fills=True)

    def _decided(self, of: _Of, stored: StoredField) -> Decided:
        return Decided.about(self.past.decisions, of.entity, member(of.link, stored.field.name))

    def _judged(self, standing: Standing, turn: Turn, number: int | None) -> Turn | None:
        before, after, decided = turn.change.before, turn.change.after, turn.change.decided
        is_other = before.type.name != after.type.name or not self._is_stored_so(standing.live, turn)
        lineage = Lineage(self.live, self.past, number, standing.live.name, decided)
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


def _by_field(stored: EntityTable | None, turns: Iterable[Turn | None]) -> dict[str, Turn]:
    """The turns by their fields; of an entity with what is unique of it."""
    found = {turn.stored.field.name: turn for turn in turns if turn is not None}
    if stored is None:
        return found
    holders = {name: _holder(stored, name) for name in found}
    return {n: replace(turn, is_unique=bool(holders[n]), holder=holders[n]) for n, turn in found.items()}


def _holder(stored: EntityTable, name: str) -> str:
    """The index that holds the field unique by itself, if one does."""
    alone = (u.index for u in stored.keys.values() if u.key.fields == (name,) and u.key.when is None)
    return next(filter(None, alone), "")


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
            fits = _fitting(turn, turn.decided_in(past.decisions))
            used |= set(turn.places(fits))
            problems.extend(replace(turn.change, decided=fits).faults(turn.entity, turn.member))
    for relink in matched.relinks:
        used |= set(relink.uses().keys(relink.entity, relink.wanted.name))
        problems.extend(relink.faults())
    for key in sorted(past.decisions.keys() - used):
        problems.extend([undecided(key, "Nothing in the plan needs it.")])
    return {key: past.decisions[key] for key in sorted(used)}


def _fitting(turn: Turn, decided: Decided) -> Decided:
    """Those of the decisions that are about something. On a way back over several forms each may be."""
    uses = turn.change.uses(decided)
    return uses if not turn.kept or turn.is_state else replace(decided, options=uses.options)
