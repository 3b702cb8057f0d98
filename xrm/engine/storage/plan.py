"""What differs between the database and a model's tables, as steps to read before they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex as CreateIndexSql
from sqlalchemy.schema import CreateTable as CreateTableSql

from xrm.engine.storage.ahead import Ahead
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import alone_among
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.ledger import LEDGER
from xrm.engine.storage.matching import NO_PAST, Match, Past, match, others
from xrm.engine.storage.meeting import meetings
from xrm.engine.storage.moves import move
from xrm.engine.storage.numbers import NO_OTHERS, Others
from xrm.engine.storage.options import Keys, Part
from xrm.engine.storage.relinks import with_relinks
from xrm.engine.storage.relinksteps import relink_step
from xrm.engine.storage.search import search_ddl, search_table
from xrm.engine.storage.states import begins
from xrm.engine.storage.steps import (
    DEFINED_BY,
    AddColumn,
    AddConstraint,
    Column,
    CreateIndex,
    CreateSearch,
    CreateTable,
    DropIndex,
    Effect,
    Rows,
    Step,
    condition_text,
    counting,
    field_of,
    in_order,
    name_of,
    thing,
    told,
    type_text,
)
from xrm.engine.storage.turnahead import Values
from xrm.engine.storage.turns import followed, with_turns
from xrm.engine.storage.unsaid import unsaid_moves
from xrm.errors import NOWHERE, PlanChanged, PlanRefused, Problem, Problems

if TYPE_CHECKING:
    from alembic.operations import Operations


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
    again, before the first step is taken, whether records meet what is asked of them; what can be done before anybody
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
        return tuple(step.sql(dialect) for step in self.steps)

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
    is_back = past.version is not None
    work = _Comparison(moved.live, dialect, problems, matched, before, moved.successors, is_back=is_back)
    changed = [table for table in tables if table.name in moved.live.tables]
    missing = [table for table in tables if table.name not in moved.live.tables]
    made = {table.name: tuple(work.creation(table)) for table in missing}
    steps = [
        *moved.steps,
        *(step for table in changed for step in work.columns(table)),
        *(step for table in changed for step in work.indexes(table)),
        *(step for steps in made.values() for step in steps),
        *(step for table in tables for step in work.references(table)),
        *(step for table in changed for step in work.checks(table)),
        *work.search(),
        *begins(matched, past),
        *(relink_step(relink, moved.asides.get(relink.name), matched, past) for relink in matched.relinks),
    ]
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
    ahead = tuple(
        Values(turn, standing.live.name, past.copied.setdefault(turn.name, {}))
        for standing in matched.standings.values()
        for turn in standing.turns.values()
    )
    return SchemaPlan(
        live.base, tuple(steps), tuple(wanted), decisions=decisions, live=live, kept_keys=past.kept_keys, other=other,
        turned=turned, new=new, ahead=ahead,
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
    is_back: bool = False

    @property
    def alters(self) -> bool:
        """Whether constraints can be added to a table that exists."""
        return self.dialect.name != "sqlite"

    def creation(self, table: sa.Table) -> Iterator[Step]:
        yield CreateTable(
            f"Create the table of {told(table)}{self._lost(table)}.",
            lambda op: op.execute(CreateTableSql(table)),
            f"Remove {thing(table)}; its rows are kept for a time.",
        )
        yield from (_create_index(table, index) for index in in_order(table.indexes))

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
        check = _check_of(column, siblings)
        name = column.info.get("field", column.name)
        is_first = not any(c.info.get("field", c.name) == name and c.name in present for c in table.columns)
        lost = self._lost(table, name) if is_first else ""
        sentence = f"Add the field {name} to {told(table)}: column {column.name}{lost}."
        inverse = f"Remove {thing(table)}.{name}; its values are kept for a time."
        if self.alters:
            return AddColumn(sentence, lambda op: _add_by_alembic(op, table, column, check), inverse)
        return AddColumn(
            sentence, lambda op: op.execute(_sqlite_add_column(table, column, check, self.dialect)), inverse
        )

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
        yield from (replace(_create_index(table, wanted[name]), **counted) for name in added)

    def _counted(self, table: sa.Table) -> dict[str, Any]:
        """An index of a table with rows reads them all, and writers wait meanwhile."""
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
        if any(column in standing.lost for column in _columns_of(index)):
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
                yield _add_foreign_key(table, key)

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
                yield _add_check(table, column, next(c for c in table.constraints if c.name == name))

    def search(self) -> Iterator[Step]:
        if search_table(self.dialect.name) not in self.live.extras:
            yield CreateSearch(
                "Create the search index.", lambda op: _run_all(op, search_ddl(self.dialect.name))
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


def _columns_of(index: sa.Index) -> Iterator[str]:
    for term in index.expressions:
        for column in sa.sql.visitors.iterate(
            term if isinstance(term, sa.ColumnElement) else sa.column(term)
        ):
            if isinstance(column, sa.Column):
                yield str(column.name)


# --- steps ------------------------------------------------------------------------------------------


def _create_index(table: sa.Table, index: sa.Index) -> Step:
    purpose = "Make unique" if index.unique else "Index"
    label = index.info.get("label", index.name)
    sentence = f"{purpose} {label} of {told(table)}: {index.name}."
    return CreateIndex(sentence, lambda op: op.execute(CreateIndexSql(index)), "Drop the index.")


def _add_foreign_key(table: sa.Table, key: sa.ForeignKeyConstraint) -> Step:
    column, there = key.columns[0], key.referred_table.name
    sentence = f"Watch that {name_of(table, column)} points at a record of {there}."

    def run(op: Operations) -> None:
        op.create_foreign_key(
            str(key.name), table.name, there, [column.name], ["id"], deferrable=True, initially="DEFERRED"
        )

    return AddConstraint(sentence, run, "Stop watching.")


def _add_check(table: sa.Table, column: Column, check: Any) -> Step:
    sentence = f"Watch that {name_of(table, column)} holds one value at most."
    return AddConstraint(
        sentence,
        lambda op: op.create_check_constraint(str(check.name), table.name, check.sqltext, _autoattach=False),
        "Stop watching.",
    )


def _add_by_alembic(
    op: Operations, table: sa.Table, column: Column, check: sa.CheckConstraint | None
) -> None:
    bare = sa.Column(column.name, column.type, nullable=column.nullable, server_default=_default(column))
    op.add_column(table.name, bare)
    if check is not None:
        op.create_check_constraint(str(check.name), table.name, check.sqltext, _autoattach=False)


def _default(column: Column) -> Any:
    return getattr(column.server_default, "arg", None)


def _sqlite_add_column(
    table: sa.Table, column: Column, check: sa.CheckConstraint | None, dialect: SqlDialect
) -> str:
    """SQLite adds constraints with the column or not at all."""
    compiler: Any = dialect.ddl_compiler(dialect, CreateTableSql(table))
    words = [f"ALTER TABLE {dialect.identifier_preparer.quote(table.name)} ADD COLUMN"]
    words.append(compiler.get_column_specification(column))
    for key in column.foreign_keys:
        there = dialect.identifier_preparer.quote(key.column.table.name)
        words.append(f"REFERENCES {there} (id) DEFERRABLE INITIALLY DEFERRED")
    if check is not None:
        condition = condition_text(check.sqltext, dialect)
        words.append(f"CONSTRAINT {dialect.identifier_preparer.quote(str(check.name))} CHECK ({condition})")
    return " ".join(words)


def _check_of(column: Column, siblings: list[Column]) -> sa.CheckConstraint | None:
    """The check that comes with the column, about those columns only that are there when it comes."""
    name = column.info.get("check")
    if name is None or (column.info.get("alone") and not siblings):
        return None
    if siblings:
        # Else SQLAlchemy adds it to the table of these columns, which belongs to whoever asked for the plan.
        return sa.CheckConstraint(alone_among(column, siblings), name=name, _autoattach=False)
    found = next(c for c in column.table.constraints if c.name == name)
    return found if isinstance(found, sa.CheckConstraint) else None


def _run_all(op: Operations, statements: Iterable[str]) -> None:
    for statement in statements:
        op.execute(statement)
