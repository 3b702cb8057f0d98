"""The first part of a plan: what is stored and no longer defined goes into the shadows, what has another name is
renamed, and what is defined again comes back. No row is copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.hanging import Hanging, quoted, renaming
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.matching import Match, Past, Standing, field_stored, lost_fields, member
from xrm.engine.storage.names import pack_of, shadow_name
from xrm.engine.storage.relinks import Relink
from xrm.engine.storage.relinksteps import aside_sentence
from xrm.engine.storage.renaming import in_turn, makes_room
from xrm.engine.storage.shadows import Shadow, follow, forget, keep
from xrm.engine.storage.steps import (
    DEFINED_BY,
    BringBack,
    Column,
    Effect,
    Occasion,
    Remove,
    Rename,
    Step,
    counting,
    says,
    thing,
    told,
    type_text,
)
from xrm.engine.storage.turn import Turn
from xrm.engine.storage.turnsteps import Setting, aside_words, setting_of, turn_step
from xrm.metadata.fingerprint import canonical
from xrm.metadata.model import Entity

UNHELD = " It came by a restore, so SQLite holds it to no reference; a backup that is restored anew does."


@dataclass(frozen=True, slots=True)
class Moved:
    """The steps, and the tables as they are after them.

    `successors` gives for each former index the one that says the same of what has other names now, `asides` for each
    relationship that is stored in another way the shadow of what it was.
    """

    steps: tuple[Step, ...]
    live: LiveSchema
    successors: Mapping[str, str]
    asides: Mapping[str, Shadow]


def move(live: LiveSchema, matched: Match, past: Past, dialect: SqlDialect) -> Moved:
    """The steps after which each wanted table that is stored has its name, and so has each of its columns."""
    return _Move(live, matched, past, dialect).all()


@dataclass(slots=True)
class _Move:
    """The steps under way; `next` is the number of the next shadow, and `names` are those that indexes have now."""

    live: LiveSchema
    matched: Match
    past: Past
    dialect: SqlDialect
    next: int = 0
    successors: dict[str, str] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    setting: dict[str, Setting] = field(default_factory=dict)  # by the field that is turned
    asides: dict[str, Shadow] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def hanging(self) -> Hanging:
        """What is done about what hangs on columns."""
        return Hanging(self.past, self.dialect, self.successors, self.wrong, self.names)

    def all(self) -> Moved:
        """Everything, in an order in which each name is free when it is taken."""
        self.next = self.live.next_shadow
        self.names = frozenset(name for table in self.live.every for name in table.indexes)
        ours = [s for s in self.matched.standings.values() if "entity" in s.table.info and not s.is_settled]
        steps = [
            *(self.remove_table(table) for table in self.matched.lost),
            *self.rename_tables([s for s in ours if s.shadow is None]),
            *(self.bring_table_back(s, s.shadow) for s in ours if s.shadow is not None),
            *(step for standing in ours for step in self.columns(standing)),
        ]
        tables = {s.table.name: self.after(s) for s in self.matched.standings.values()}
        return Moved(tuple(steps), replace(self.live, tables=tables), self.successors, self.asides)

    # --- tables -----------------------------------------------------------------------------------------

    def remove_table(self, live: LiveTable) -> Step:
        """Nothing asks for the table any more."""
        shadow = self._shadow_of_table(live)
        relink = next((r for r in self.matched.relinks if r.link_table == live.name), None)
        what = "with its links" if shadow.is_link else "with all its records"
        sentence = f"Remove {shadow.thing} ({live.name}) {what}; they are kept for {self.past.days} days."
        statements = [
            *self.hanging.freed(live, live.columns),
            *(f"DROP INDEX {self.quote(name)}" for name in sorted(live.indexes)),
            f"ALTER TABLE {self.quote(live.name)} RENAME TO {self.quote(shadow.table)}",
        ]

        def note(unit: UnitOfWork, occasion: Occasion) -> None:
            follow(unit, live.name, shadow.table)
            if relink is None:
                keep(unit, shadow, occasion)

        if relink is not None:
            self.asides[relink.name] = shadow
            sentence = aside_sentence(relink, f"the table {live.name} becomes {shadow.table}")
            return Rename(sentence, says(statements), "Rename it back.", note=note)
        inverse = f"Define {shadow.thing} again, or roll back: its rows come back."
        return Remove(
            sentence, says(statements), inverse, Effect.DESTRUCTIVE, measure=counting(live.name), note=note
        )

    def _shadow_of_table(self, live: LiveTable) -> Shadow:
        number = self._number()
        entity, part, definition = self._defined(live.name)
        numbers = self.past.numbers
        return Shadow(
            number,
            f"{entity}.{part}" if part else entity,
            shadow_name(number, live.name),
            live.name,
            entity=numbers.entities.get(entity),
            member=numbers.fields.get((entity, part)) if part else None,
            definition=canonical(definition),
            points=dict(self._points(live, {column: column for column in live.columns})),
        )

    def _points(self, live: LiveTable, columns: Mapping[str, str]) -> Iterator[tuple[str, int]]:
        """By the names that they get, the columns that point at records of an entity, and its number."""
        tables = self.past.before.metadata.tables if self.past.before else {}
        for column, name in columns.items():
            there = tables.get(live.references.get(column, ""))
            number = None if there is None else self.past.numbers.entities.get(there.info.get("entity", ""))
            if number is not None:
                yield name, number

    def _defined(self, name: str) -> tuple[str, str, Any]:
        """Entity, relationship and definition of what the table was made for."""
        before = self.past.before
        table = before.metadata.tables.get(name) if before else None
        if before is None or table is None or "entity" not in table.info:
            _, entity, *link = name.split("__")
            return entity, "__".join(link), None
        entity, member = table.info["entity"], table.info.get("relationship", "")
        found = before.model.entities[entity]
        return entity, member, found.relationships[member] if member else found

    def rename_tables(self, standings: Iterable[Standing]) -> Iterator[Step]:
        """Each table has the name that is wanted."""
        by_name = {s.live.name: s for s in standings if s.live.name != s.table.name}
        names = {live: s.table.name for live, s in by_name.items()}
        for before, after in in_turn(names):
            wanted = next((s for s in by_name.values() if s.table.name == after), None)
            yield self._rename_table(before, after, wanted)

    def _rename_table(self, before: str, after: str, standing: Standing | None) -> Step:
        return Rename(
            self._renames(before, after, standing),
            says([f"ALTER TABLE {self.quote(before)} RENAME TO {self.quote(after)}"]),
            "Rename it back.",
            note=lambda unit, _: follow(unit, before, after),
        )

    def _renames(self, before: str, after: str, standing: Standing | None) -> str:
        if standing is None:
            return f"Rename the table {before} becomes {after}."
        what, packs = thing(standing.table), (pack_of(standing.live.name), pack_of(standing.table.name))
        if "pack" not in standing.table.info or packs[0] == packs[1]:
            return f"Rename {what}: the table {before} becomes {after}."
        return f"Move {what} from the pack {packs[0]} to {packs[1]}: the table {before} becomes {after}."

    def bring_table_back(self, standing: Standing, shadow: Shadow) -> Step:
        """The table is no shadow any more."""
        name = standing.table.name

        def note(unit: UnitOfWork, _: Occasion) -> None:
            forget(unit, [shadow.number])
            follow(unit, shadow.table, name)

        what = "links" if shadow.is_link else "records"
        is_aside = any(relink.shadow is shadow for relink in self.matched.relinks)
        bare = self._unheld(standing, {old: new for new, old in standing.columns.items()})
        return BringBack(
            f"Take out the links of {told(standing.table)} that were kept."
            if is_aside
            else f"Bring back {told(standing.table)} with its {what}{_since(shadow)}.{bare}",
            says([f"ALTER TABLE {self.quote(shadow.table)} RENAME TO {self.quote(name)}"]),
            "Remove it again.",
            measure=counting(shadow.table),
            note=note,
        )

    # --- columns ----------------------------------------------------------------------------------------

    def columns(self, standing: Standing) -> Iterator[Step]:
        """The columns of one table, which has its name already."""
        yield from self.remove_columns(standing)
        self.setting |= {
            t.name: setting_of(t, standing, self._number() if t.definition else 0) for t in standing.turned
        }
        yield from self.rename_columns(standing)
        yield from (self.bring_columns_back(standing, shadow) for shadow in standing.returns)
        for turn in standing.turned:
            setting, shadow = self.setting[turn.name], self._shadow_of_turn(standing, turn)
            yield turn_step(turn, standing, setting, shadow, self.dialect, self.past)
        if self.hanging.renames_all:
            yield from self.hanging.rename_constraints(standing)
        yield from self.hanging.rename_indexes(standing)

    def remove_columns(self, standing: Standing) -> Iterator[Step]:
        """What no field wants goes; what a field wants in another form is left to be refused."""
        wanted = {field_stored(standing, self.past, column) for column in standing.table.columns}
        turned = {column for turn in standing.turned for column in turn.aside}
        groups: dict[str, list[str]] = {}
        for name, columns in lost_fields(standing).items():
            if name not in wanted and not turned.issuperset(columns):
                groups.setdefault(self._group(standing, name), []).extend(columns)
        for name, columns in sorted(groups.items()):
            yield self._remove(standing, name, columns)

    def _remove(self, standing: Standing, name: str, columns: list[str]) -> Step:
        number, table = self._number(), standing.table
        names = {column: shadow_name(number, column) for column in columns}
        entity, part, definition = self._former(standing, name)
        shadow = Shadow(
            number,
            f"{thing(table)}.{name}",
            table.name,
            table.name,
            names,
            entity,
            part,
            canonical(definition),
            points=dict(self._points(standing.live, names)),
        )
        statements = [*self.hanging.freed(replace(standing.live, name=table.name), columns)]
        statements += [self._rename(table.name, "COLUMN", old, new) for old, new in names.items()]
        relink = self._relink(standing, name)
        if relink is not None:
            self.asides[relink.name] = shadow
            parts = ", ".join(f"{old} becomes {new}" for old, new in names.items())
            return Rename(aside_sentence(relink, parts), says(statements), "Rename it back.")
        return Remove(
            f"Remove {shadow.thing} ({table.name}); its values are kept for {self.past.days} days.",
            says(statements),
            f"Define {shadow.thing} again as it was, or roll back: its values come back.",
            Effect.DESTRUCTIVE,
            measure=counting(standing.live.name, columns),
            note=lambda unit, occasion: keep(unit, shadow, occasion),
        )

    def _relink(self, standing: Standing, name: str) -> Relink | None:
        """What becomes of the relationship of this name that the table keeps now, if its values become links."""
        for relink in self.matched.relinks:
            is_it = relink.to_links and relink.former is not None and relink.former.name == name
            if is_it and relink.home.table is standing.table:
                return relink
        return None

    def _shadow_of_turn(self, standing: Standing, turn: Turn) -> Shadow | None:
        """What keeps the values as they are; none of a field that is new."""
        if turn.shadow is not None or turn.definition is None:
            return turn.shadow
        entity, number, _ = self._former(standing, turn.definition["name"])
        names, table = self.setting[turn.name].aside, standing.table.name
        return Shadow(
            self.setting[turn.name].number, turn.name, table, table, names, entity, number, turn.definition
        )

    def _former(self, standing: Standing, name: str) -> tuple[int | None, int | None, Any]:
        """The numbers and the definition of what the name stood for."""
        entity, before, link = self._entity(standing), self._before(standing), self._link(standing)
        numbers, there = self.past.numbers, before.relationships.get(link) if before else None
        found: Any = before and (before.fields.get(name) or before.relationships.get(name))
        if link:
            found = there and there.attributes.get(name)
        elif before and name == "lifecycle":
            found = before.lifecycle
        return numbers.entities.get(entity), numbers.fields.get((entity, member(link, name))), found

    def _link(self, standing: Standing) -> str:
        """The relationship whose links the table keeps, as it is called now; empty for that of an entity."""
        info = standing.table.info
        return self.past.stored_as(info["entity"], info["relationship"]) if "relationship" in info else ""

    def _entity(self, standing: Standing) -> str:
        return self.past.kept_as(standing.table.info["entity"])

    def _before(self, standing: Standing) -> Entity | None:
        return self.past.before.model.entities.get(self._entity(standing)) if self.past.before else None

    def _group(self, standing: Standing, name: str) -> str:
        """What the columns are called together in the definition that they come from."""
        before = self._before(standing)
        is_own = before and not before.is_owned and name in before.relationships
        return name if is_own else DEFINED_BY.get(name, name)

    def rename_columns(self, standing: Standing) -> Iterator[Step]:
        """Each column that is stored has the name that is wanted; those of turned fields are set aside."""
        back = {name for shadow in standing.returns for name in shadow.columns.values()}
        names = {old: new for new, old in standing.columns.items() if new != old and old not in back}
        turned = {old: (t, new) for t in standing.turned for old, new in self.setting[t.name].names.items()}
        names |= {old: new for old, (_, new) in turned.items()}
        table, said = standing.table, dict[str, list[tuple[str, str]]]()
        # Whatever makes room does so first, for the columns of one field are renamed together.
        for before, after in sorted(in_turn(names), key=lambda pair: not makes_room(pair[1])):
            if before in turned:
                what = aside_words(turned[before][0], after)
            else:
                what = self._renamed(standing, before, table.columns.get(after))
            said.setdefault(what, []).append((before, after))
        for what, pairs in said.items():
            parts = ", ".join(f"{old} becomes {new}" for old, new in pairs)
            yield Rename(
                f"{what} ({table.name}): {parts}.",
                says([self._rename(table.name, "COLUMN", old, new) for old, new in pairs]),
                "Rename it back.",
            )

    def _renamed(self, standing: Standing, before: str, column: Column | None) -> str:
        table = standing.table
        if column is None:
            return f"Rename {thing(table)}"
        former, name = field_stored(standing, self.past, column), _field(column)
        return f"Rename {thing(table)}" + (f".{former} to {thing(table)}.{name}" if name != former else "")

    def bring_columns_back(self, standing: Standing, shadow: Shadow) -> Step:
        """The columns of the shadow are those of a field again."""
        name = standing.table.name
        names = {old: new for new, old in standing.columns.items() if old in shadow.columns.values()}
        fields = dict.fromkeys(_field(standing.table.c[new]) for new in names.values())
        what = ", ".join(f"{thing(standing.table)}.{field}" for field in fields)
        is_aside = any(relink.shadow is shadow for relink in self.matched.relinks)
        return BringBack(
            f"Take out the values of {what} ({name}) that were kept."
            if is_aside
            else f"Bring back {what} ({name}) with its values{_since(shadow)}.{self._unheld(standing, names)}",
            says([self._rename(name, "COLUMN", old, new) for old, new in names.items()]),
            "Remove it again.",
            measure=counting(standing.live.name, names),
            note=lambda unit, _: forget(unit, [shadow.number]),
        )

    def _unheld(self, standing: Standing, names: Mapping[str, str]) -> str:
        """What is told of columns that a restore made without references, which SQLite cannot add."""
        return "" if self.hanging.renames_all or standing.holds(names) else UNHELD

    # --- afterwards -------------------------------------------------------------------------------------

    def after(self, standing: Standing) -> LiveTable:
        """The live table as it is after the steps."""
        if standing.is_settled:
            return standing.live
        live, table = standing.live, standing.table
        new = {there: name for name, there in standing.columns.items()}
        kinds, renamed = {**live.columns, **live.shadows}, self._renamed_tables()
        refused, turned = self._refused(standing), {c.name: c for t in standing.turned for c in t.wanted}
        gone = set(standing.lost) - refused.keys()
        indexes = set() if standing.shadow else live.indexes - self.wrong
        constraints = dict(self.hanging.constraints(standing)) if self.hanging.renames_all else {}
        columns = {name: kinds[there] for there, name in (*new.items(), *refused.items())}
        columns |= {name: type_text(column, self.dialect) for name, column in turned.items()}
        return LiveTable(
            table.name,
            columns,
            {self.successors.get(i, i) if self.hanging.renames_all else i for i in indexes},
            {new[c]: renamed.get(there, there) for c, there in live.references.items() if c in new},
            checks={constraints.get(n, n): over for n, over in live.checks.items() if not over & gone},
        )

    def _refused(self, standing: Standing) -> dict[str, str]:
        """Columns that a field wants in another form, as they would be called; and any of the engine's own."""
        if "entity" not in standing.table.info:
            return {column: column for column in standing.lost}
        names = {field_stored(standing, self.past, c): _field(c) for c in standing.table.columns}
        turned = {column for turn in standing.turned for column in turn.aside}
        found = {column: column.partition("__") for column in standing.lost if column not in turned}
        return {c: f"{names[name]}{sep}{rest}" for c, (name, sep, rest) in found.items() if name in names}

    def _renamed_tables(self) -> Mapping[str, str]:
        return {s.live.name: s.table.name for s in self.matched.standings.values()}

    # --- words ------------------------------------------------------------------------------------------

    def _number(self) -> int:
        self.next += 1
        return self.next - 1

    def _rename(self, table: str, kind: str, old: str, new: str) -> str:
        return renaming(self.dialect, table, kind, old, new)

    def quote(self, name: str) -> str:
        """The name as SQL has it."""
        return quoted(self.dialect, name)


def _field(column: Column) -> str:
    return str(column.info.get("field", column.name))


def _since(shadow: Shadow) -> str:
    return f", which were removed on {shadow.at:%Y-%m-%d}" if shadow.at else ""
