"""What differs between the database and a model's tables, as steps to read before they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.building import Builder, as_made
from xrm.engine.storage.crowding import crowded
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.storage.making import (
    add_check,
    add_column,
    add_foreign_key,
    both,
    check_of,
    columns_of,
    create_index,
    run_all,
    sqlite_add_column,
)
from xrm.engine.storage.matching import NO_PAST, Match, Past, match, others
from xrm.engine.storage.meeting import meetings
from xrm.engine.storage.moves import move
from xrm.engine.storage.numbers import NO_OTHERS, Others
from xrm.engine.storage.options import Keys, Part
from xrm.engine.storage.relinkahead import relinked_ahead
from xrm.engine.storage.relinkcopies import Namings, namings
from xrm.engine.storage.relinks import with_relinks
from xrm.engine.storage.relinksteps import relink_step
from xrm.engine.storage.search import search_ddl, search_table
from xrm.engine.storage.states import begins
from xrm.engine.storage.steps import (
    DEFINED_BY,
    INDEXED,
    AddColumn,
    Column,
    CreateSearch,
    CreateTable,
    DropIndex,
    Effect,
    Rows,
    Step,
    counting,
    field_of,
    in_order,
    name_of,
    said_by,
    thing,
    told,
    type_text,
)
from xrm.engine.storage.turnahead import Values
from xrm.engine.storage.turns import followed, with_turns
from xrm.engine.storage.unsaid import unsaid_moves
from xrm.errors import NOWHERE, PlanChanged, PlanRefused, Problem, Problems

if TYPE_CHECKING:
    pass


class Demands(Protocol):
    """What is asked of the records that are there already."""

    def __call__(
        self, unit: UnitOfWork, matched: Match, past: Past, *, before_steps: bool = False
    ) -> Iterable[Problem]:
        """Everything that they do not meet; `before_steps`, what the steps themselves do not look at."""
        ...


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """The steps from the database as it was (`base`) to the tables wanted; empty when nothing differs.

    `model` says from which definitions to which, and `besides` is equal where the same goes with the steps.
    `decisions` say by name what becomes of rows that do not fit; `live` is the database that the plan rests on.
    `kept_keys` say which options are which. `other` is what is kept and does not come back by it, though something
    is called like it. Values of the fields in `turned`, each told by entity and name, become others. `ask` looks
    again, before the first step is taken, whether records meet what is asked of them, and `ask_anew` at all that making
    the plan looked at; what can be done before anybody
    is kept from writing is `ahead`. The steps of `new`, by table, make tables that no definition in force knows.
    """

    base: str
    steps: tuple[Step, ...]
    wanted: tuple[sa.MetaData, ...] = field(default=(), repr=False, compare=False)
    model: str = ""
    besides: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    live: LiveSchema | None = field(default=None, repr=False, compare=False)
    kept_keys: Mapping[Part, Keys] = field(default_factory=dict, repr=False, compare=False)
    other: Others = field(default=NO_OTHERS, repr=False, compare=False)
    turned: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False, compare=False)
    new: Mapping[str, tuple[Step, ...]] = field(default_factory=dict, repr=False, compare=False)
    ask: Callable[[UnitOfWork], Iterable[Problem]] = field(default=lambda _: (), repr=False, compare=False)
    ask_anew: Callable[[UnitOfWork], Iterable[Problem]] = field(
        default=lambda _: (), repr=False, compare=False
    )
    ahead: tuple[Ahead, ...] = field(default=(), repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def rekeyed(self) -> frozenset[Part]:
        """The fields of which some options have other keys, or none any more."""
        return frozenset(
            part for part, keys in self.kept_keys.items() if any(o != n for o, n in keys.items())
        )

    @property
    def destructive(self) -> tuple[Step, ...]:
        """The steps with which something goes; they are taken only by whoever confirms this very plan."""
        return tuple(step for step in self.steps if step.effect is Effect.DESTRUCTIVE)

    @property
    def hash(self) -> str:
        """Equal for the same steps from the same base by the same decisions, and the same besides.

        A confirmation is bound to it. How many rows a step touches is no part of it, for people go on working while
        somebody reads.
        """
        said = (f"{step.effect}: {step.sentence}" for step in self.steps)
        decided = (f"{name}={chosen}" for name, chosen in sorted(self.decisions.items()))
        return sha256("\n".join((self.base, self.model, self.besides, *said, *decided)).encode()).hexdigest()

    def sentences(self) -> tuple[str, ...]:
        """The plan for people."""
        return tuple(step.sentence for step in self.steps)

    def sql(self, dialect: SqlDialect) -> tuple[str, ...]:
        """The plan for database administrators."""
        return tuple(said_by(self.steps, dialect))

    def demand_confirmation(self, confirmed: str) -> None:
        """`confirmed` is the hash of this plan, or nothing is confirmed and nothing goes; raises PlanRefused."""
        if confirmed == self.hash or not (confirmed or self.destructive):
            return
        problems = [
            Problem("S116", _with_rows(step), _CONFIRM.format(self.hash)) for step in self.destructive
        ]
        if confirmed:
            other = "The confirmation is of another plan than the one that would be carried out now."
            stale = Problem("S120", other, "Look at the plan as it is now, and confirm that.")
            raise PlanChanged([stale, *problems], facts={"plan": self.hash})
        raise PlanRefused(problems, facts={"plan": self.hash})

    def measured(self, unit: UnitOfWork) -> SchemaPlan:
        """The same plan with the rows counted as they are now, in the database that it is made for."""
        known: dict[Any, Rows] = {}
        return replace(self, steps=tuple(_measured(step, unit, known) for step in self.steps))


_NOT_BACK = "; what it held then can not come back"
_CONFIRM = "Read the whole plan, then confirm it: its hash is {}."


def _with_rows(step: Step) -> str:
    count = step.rows.touched
    return (
        f"{step.sentence} It touches {'1 row' if count == 1 else f'{count:,} rows'}."
        if count
        else step.sentence
    )


def _measured(step: Step, unit: UnitOfWork, known: dict[Any, Rows]) -> Step:
    if step.measure is None:
        return step
    if step.measure not in known:
        known[step.measure] = step.measure(unit)
    return replace(step, rows=known[step.measure])


def tables_of(wanted: Sequence[sa.MetaData]) -> list[sa.Table]:
    """All tables, those first that others point at."""
    return [table for metadata in wanted for table in metadata.sorted_tables]


def make_plan(
    live: LiveSchema,
    wanted: Sequence[sa.MetaData],
    dialect: SqlDialect,
    past: Past = NO_PAST,
    demands: Callable[[Match], Iterable[Problem]] = lambda _: (),
) -> SchemaPlan:
    """The steps from what is there to what is wanted, `past` telling what it was.

    Raises PlanRefused with everything that stands against it, what records do not fit of `demands` included.
    """
    problems = Problems()
    tables = tables_of(wanted)
    matched = with_relinks(with_turns(live, match(live, tables, past, dialect), past, dialect), past)
    if all(metadata is LEDGER for metadata in wanted):  # the ledger alone says nothing about packs
        matched = replace(matched, lost=())
    moved = move(live, matched, past, dialect)
    before = past.before.metadata if past.before else sa.MetaData()
    builder, named = Builder(matched, dialect, past.made), namings(matched, dialect)
    is_back = past.version is not None
    work = _Comparison(
        moved.live, dialect, problems, matched, before, moved.successors, builder, named, is_back
    )
    tables = [table for table in tables if not matched.is_settled(table)]
    changed = [table for table in tables if table.name in moved.live.tables]
    missing = [table for table in tables if table.name not in moved.live.tables]
    made = {table.name: tuple(work.creation(table)) for table in missing}
    steps = [
        *moved.steps,
        *(step for table in changed for step in work.columns(table)),
        # Tables may exchange their names: each name of an index is free before another index takes it.
        *sorted(
            (step for table in changed for step in work.indexes(table)),
            key=lambda step: not isinstance(step, DropIndex),
        ),
        *(step for steps in made.values() for step in steps),
        *(step for table in tables for step in work.references(table)),
        *(step for table in changed for step in work.checks(table)),
        *work.search(),
        *begins(matched, past),
        *(relink_step(relink, moved.asides.get(relink.name), matched, past) for relink in matched.relinks),
    ]
    problems.extend(crowded(tables, matched, dialect))
    problems.extend(meetings(past))
    problems.extend(unsaid_moves(past))
    decisions = followed(matched, past, problems)
    problems.extend(demands(matched))
    if problems:
        raise PlanRefused(problems.found)
    other = others(live, matched, tables, past)
    turned = frozenset(
        (t.entity, name) for s in matched.standings.values() for name, t in s.turns.items() if not t.is_check
    )
    new = {name: steps for name, steps in made.items() if name not in {*live.tables, *live.kept}}
    values = (
        Values(turn, standing.live.name, past.copied.setdefault(turn.name, {}))
        for standing in matched.standings.values()
        for turn in standing.turns.values()
    )
    return SchemaPlan(
        live.base, tuple(steps), tuple(wanted), decisions=decisions, live=live, kept_keys=past.kept_keys, other=other,
        turned=turned, new=new, ahead=(*values, *relinked_ahead(matched, past, dialect), *builder.found),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The steps that one table needs, whose names are right by now."""

    live: LiveSchema
    dialect: SqlDialect
    problems: Problems
    matched: Match
    before: sa.MetaData
    successors: Mapping[str, str]
    builder: Builder
    named: Namings
    is_back: bool = False

    @property
    def alters(self) -> bool:
        """Whether constraints can be added to a table that exists."""
        return self.dialect.name != "sqlite"

    def creation(self, table: sa.Table) -> Iterator[Step]:
        yield CreateTable(
            f"Create the table of {told(table)}{self._lost(table)}.",
            self.named.get((table.name, ""), lambda op: op.execute(CreateTableSql(table))),
            f"Remove {thing(table)}; its rows are kept for a time.",
        )
        yield from (create_index(table, index) for index in in_order(table.indexes))

    def columns(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables[table.name]
        present = set(live.columns)
        for column in table.columns:
            if column.name not in present:
                yield self._add_column(table, column, present)
                present.add(column.name)
        self._check_nothing_is_lost(table, live)

    def _check_nothing_is_lost(self, table: sa.Table, live: LiveTable) -> None:
        """One problem for each field that is stored in another way, and for columns of a later program."""
        wanted = {field_of(column.name): column for column in reversed(table.columns.values())}
        lost = {field_of(name) for name in live.columns.keys() - table.columns.keys()}
        other = {field_of(c.name) for c in table.columns if self._is_other(c, live)}
        for name in sorted(other | (lost & wanted.keys())):
            self._refuse_type(table, wanted[name])
        for name in sorted({DEFINED_BY.get(name, name) for name in lost - wanted.keys()}):
            self.problems.add(
                "S111",
                f"{thing(table)}.{name} is stored, and this program does not know it.",
                "The database was made by a later xrm: run that version or a later one.",
            )

    def _is_other(self, column: Column, live: LiveTable) -> bool:
        there = live.columns.get(column.name)
        return there is not None and there != type_text(column, self.dialect)

    def _add_column(self, table: sa.Table, column: Column, present: set[str]) -> Step:
        if not column.nullable and column.server_default is None:
            self.problems.add(
                "S114",
                f"The column {column.name} of {table.name} may not be empty, and the table has rows.",
                "Let it be empty, or give it a default.",
            )
        siblings = [table.c[name] for name in column.info.get("alone", ()) if name in present]
        check = check_of(column, siblings)
        name = column.info.get("field", column.name)
        is_first = not any(c.info.get("field", c.name) == name and c.name in present for c in table.columns)
        lost = self._lost(table, name) if is_first else ""
        sentence = f"Add the field {name} to {told(table)}: column {column.name}{lost}."
        inverse = f"Remove {thing(table)}.{name}; its values are kept for a time."
        naming, place = self.named.get((table.name, column.name)), column.info.get("place", NOWHERE)
        if self.alters:
            bare = AddColumn(sentence, naming or _nothing, inverse, place=place)
            return self._by_postgresql(table, column, check, bare)
        if naming is None:
            return AddColumn(
                sentence,
                lambda op: op.execute(sqlite_add_column(table, column, check, self.dialect)),
                inverse,
                place=place,
            )
        return AddColumn(sentence, naming, inverse, place=place)

    def _by_postgresql(
        self, table: sa.Table, column: Column, check: sa.CheckConstraint | None, bare: Step
    ) -> Step:
        """The column, and then its check, each made ahead where that is possible."""
        made = bare
        if (table.name, column.name) not in self.named:
            added = replace(bare, run=partial(add_column, table, column))
            made = as_made(self.builder.column(table, column), added)
        if check is None:
            return made
        held = as_made(self.builder.check(table, check), add_check(table, column, check))
        return replace(made, run=both(made.run, held.run))

    def _lost(self, table: sa.Table, name: str = "") -> str:
        """What is told on the way back of what is made anew, because nothing that was there then can come back."""
        links = table.info.get("relationship", name)
        filled = any(r.name == f"{table.info.get('entity')}.{links}" for r in self.matched.relinks)
        return _NOT_BACK if self.is_back and "entity" in table.info and not filled else ""

    def indexes(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables[table.name].indexes
        wanted = {str(index.name): index for index in table.indexes}
        added = sorted(wanted.keys() - live)
        for name in sorted(live - wanted.keys()):
            if name.startswith(("ix_", "uq_")):
                yield self._drop_index(table, name, [wanted[name] for name in added])
        counted = self._counted(table)
        for name in added:
            step = replace(create_index(table, wanted[name]), **counted)
            made = self.builder.index(table, wanted[name])
            yield as_made(made, step if made else replace(step, holds=INDEXED))

    def _counted(self, table: sa.Table) -> dict[str, Any]:
        """An index of a table with rows reads them all; on SQLite writers wait meanwhile."""
        standing = self.matched.standings[table.name]
        return {"effect": Effect.REWRITE, "measure": counting(standing.live.name)}

    def _drop_index(self, table: sa.Table, name: str, added: Sequence[sa.Index]) -> Step:
        """An index that only finds is made anew at will; without a key, records may come that clash."""
        key = self._lost_key(table, name, added)
        if key is None:
            sentence, effect = f"Drop the index {name} of {told(table)}.", Effect.INSTANT
        else:
            sentence = (
                f"Demand no longer that {key} be unique among the records of {told(table)}: drop {name}."
            )
            effect = Effect.DESTRUCTIVE
        return DropIndex(
            sentence,
            lambda op: op.drop_index(name, table_name=table.name),
            "Define it again; for a key, records that clash by then must be changed first.",
            effect,
        )

    def _lost_key(self, table: sa.Table, name: str, added: Sequence[sa.Index]) -> str | None:
        """What the index has kept unique, where no other index of the key comes in its place."""
        standing = self.matched.standings[table.name]
        former = self.before.tables.get(standing.live.name)
        index = next((i for i in former.indexes if i.name == name), None) if former is not None else None
        if index is None or not index.unique or name in self.successors:
            return None
        if any(column in standing.lost for column in columns_of(index)):
            return None  # it goes with its field
        label = str(index.info.get("label", ""))
        if any(new.unique and new.info.get("label") == label for new in added):
            return None
        return str(index.info.get("says", label))

    def references(self, table: sa.Table) -> Iterator[Step]:
        live = self.live.tables.get(table.name, LiveTable(table.name))
        for key in in_order(table.foreign_key_constraints):
            column = key.columns[0]
            there = live.references.get(column.name)
            if there is not None and there != key.referred_table.name:
                self._refuse_target(table, column, there, key.referred_table.name)
            elif there is None and self.alters and key.use_alter:
                yield as_made(self.builder.reference(table, key), add_foreign_key(table, key))

    def checks(self, table: sa.Table) -> Iterator[Step]:
        """Checks that went with a column or its table come back with it; those of new columns come with the column."""
        if not self.alters:
            return
        standing = self.matched.standings[table.name]
        back = {name for shadow in standing.returns for name in shadow.columns.values()}
        for column in table.columns:
            name = column.info.get("check")
            there = standing.columns.get(column.name)
            if name is not None and (there in back or (there and standing.shadow)):
                check: Any = next(c for c in table.constraints if c.name == name)
                yield as_made(self.builder.check(table, check), add_check(table, column, check))

    def search(self) -> Iterator[Step]:
        if search_table(self.dialect.name) not in self.live.extras:
            yield CreateSearch(
                "Create the search index.", lambda op: run_all(op, search_ddl(self.dialect.name))
            )

    def _refuse_type(self, table: sa.Table, column: Column) -> None:
        name = f"{thing(table)}.{column.info.get('field', column.name)}"
        self.problems.add(
            "S110",
            f"{name} would be stored in another way, and its values cannot become such.",
            "Put it back as it was, and add a field of the new kind under another name; an import or a batch"
            " copies the values. The reference of field types says what each type can become.",
            column.info.get("place", NOWHERE),
        )

    def _refuse_target(self, table: sa.Table, column: Column, there: str, wanted: str) -> None:
        self.problems.add(
            "S113",
            f"The relationship {name_of(table, column)} points at {there} and would point at {wanted}.",
            "Add a new relationship and move the links.",
        )


def _nothing(_op: Any) -> None:
    """What makes it is said later."""
