"""What hangs on columns: references, checks and indexes bear their names, and are renamed or made anew with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.inspection import LiveTable
from xrm.engine.storage.matching import Past, Standing
from xrm.engine.storage.names import bounded
from xrm.engine.storage.renaming import in_turn
from xrm.engine.storage.sameness import Turned, says_same, turner
from xrm.engine.storage.steps import DropIndex, Rename, Step, in_order, says, told


@dataclass(slots=True)
class Hanging:
    """What is done about it. Of indexes, `successors` give the new names, and `wrong` ones stand for other columns;
    `names` are those that indexes have now.

    SQLite cannot rename a constraint or an index.
    """

    past: Past
    dialect: SqlDialect
    successors: dict[str, str] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    names: frozenset[str] = frozenset()

    @property
    def renames_all(self) -> bool:
        """Whether indexes and constraints can be renamed, too."""
        return self.dialect.name != "sqlite"

    def freed(self, live: LiveTable, columns: Iterable[str]) -> Iterator[str]:
        """Nothing watches over these columns. SQLite cannot take that away; there it does no harm."""
        if not self.renames_all:
            return
        gone = set(columns)
        names = {live.keys[column] for column in gone if column in live.keys}
        names |= {check for check, over in live.checks.items() if over & gone}
        for name in sorted(names):
            yield f"ALTER TABLE {quoted(self.dialect, live.name)} DROP CONSTRAINT {quoted(self.dialect, name)}"

    def rename_constraints(self, standing: Standing) -> Iterator[Step]:
        """References and checks bear the names of their columns, by which their refusals are explained."""
        names = dict(self.constraints(standing))
        changed = {old: new for old, new in names.items() if old != new}
        if changed:
            table = standing.table
            pairs = list(in_turn(changed))
            yield Rename(
                f"Name what {told(table)} is held to as its columns are called.",
                says([renaming(self.dialect, table.name, "CONSTRAINT", old, new) for old, new in pairs]),
                "Rename it back.",
            )

    def constraints(self, standing: Standing) -> Iterator[tuple[str, str]]:
        """The present name and the wanted one of each constraint that stays."""
        live = standing.live
        for key in in_order(standing.table.foreign_key_constraints):
            there = live.keys.get(standing.columns.get(key.columns[0].name, ""))
            if there is not None:
                yield there, str(key.name)
        for column in standing.table.columns:
            there = bounded(f"ck_{live.name}__{standing.columns.get(column.name, '')}")
            if "check" in column.info and there in live.checks:
                yield there, column.info["check"]

    def rename_indexes(self, standing: Standing) -> Iterator[Step]:
        """What says the same as before of what has other names now has the name that is wanted.

        An index goes along with its column; where another column has the name by now, it is the wrong one.
        """
        former = self.past.before.metadata.tables.get(standing.live.name) if self.past.before else None
        if former is None or standing.is_unmoved:
            return
        turned = turner(former, standing)
        wrong = sorted(self._wrong(standing, former, turned))
        self.wrong |= set(wrong)
        if wrong:
            yield DropIndex(
                f"Drop indexes of {told(standing.table)} whose names stand for other columns now.",
                says(f"DROP INDEX {quoted(self.dialect, name)}" for name in wrong),
                "They are made anew.",
            )
        found = dict(self._successors(standing, former, turned))
        self.successors |= found
        if found and self.renames_all:
            yield Rename(
                f"Name the indexes of {told(standing.table)} as its columns are called.",
                says(
                    f"ALTER INDEX {quoted(self.dialect, old)} RENAME TO {quoted(self.dialect, new)}"
                    for old, new in found.items()
                ),
                "Rename it back.",
            )

    def _renaming_index(self, old: str, new: str) -> str:
        return f"ALTER INDEX {quoted(self.dialect, old)} RENAME TO {quoted(self.dialect, new)}"

    def _wrong(self, standing: Standing, former: sa.Table, turned: Turned) -> Iterator[str]:
        wanted = {index.name: index for index in standing.table.indexes}
        for old in former.indexes:
            new = wanted.get(old.name) if old.name in standing.live.indexes else None
            if new is not None and not says_same(old, new, turned):
                yield str(old.name)

    def _successors(self, standing: Standing, former: sa.Table, turned: Turned) -> Iterator[tuple[str, str]]:
        """Indexes are compared term by term, with their former columns taken for those of now."""
        present = standing.live.indexes - self.wrong
        # The name may be that of an index of another table, where two exchange theirs: this one is made anew then.
        elsewhere = self.names - standing.live.indexes
        missing = [i for i in standing.table.indexes if i.name not in present | elsewhere]
        wanted = {index.name for index in standing.table.indexes} - self.wrong
        for old in in_order(former.indexes):
            if old.name in present and old.name not in wanted:
                same = next((new for new in missing if says_same(old, new, turned)), None)
                if same is not None:
                    missing.remove(same)
                    yield str(old.name), str(same.name)


def quoted(dialect: SqlDialect, name: str) -> str:
    """The name as SQL has it."""
    return dialect.identifier_preparer.quote(name)


def renaming(dialect: SqlDialect, table: str, kind: str, old: str, new: str) -> str:
    """What renames a column or constraint of the table."""
    names = (quoted(dialect, name) for name in (table, old, new))
    return "ALTER TABLE {} RENAME {kind} {} TO {}".format(*names, kind=kind)
