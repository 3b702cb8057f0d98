"""What was removed goes for good: a plan of its own, with which no shadow comes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.inspection import LiveSchema, LiveTable
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.shadows import Shadow, forget
from xrm.engine.storage.steps import NO_UNDO, Effect, Occasion, Purge, Step, counting, says
from xrm.errors import NotFound, Problem


def purge_plan(live: LiveSchema, numbers: Iterable[int], dialect: SqlDialect) -> SchemaPlan:
    """The steps after which nothing of these shadows is stored; raises NotFound for one that is not there.

    With a table goes what was removed from it before, and what points at it from among what was removed.
    """
    known = {shadow.number: shadow for shadow in live.shadows}
    for number in numbers:
        if number not in known:
            raise NotFound(
                Problem("S119", f"Nothing is kept under the number {number}.", "See xrm model removed.")
            )
    chosen = [known[number] for number in sorted(set(numbers))]
    whole = [shadow for shadow in chosen if shadow.is_table]
    columns = [s for s in live.shadows if not s.is_table and (s in chosen or _hangs_on(live, s, whole))]
    links = [s for s in live.shadows if s.is_link and (s in chosen or _hangs_on(live, s, whole))]
    tables = [s for s in chosen if s.is_table and not s.is_link]
    work = _Purge(live, dialect)
    kept = [s for s in live.shadows if s.is_table and s not in (*links, *tables)]
    orphans = [work.orphan(s, pointing) for s in kept if (pointing := _pointing(live, s, whole))]
    steps = (*orphans, *map(work.columns, columns), *map(work.table, (*links, *tables)))
    return SchemaPlan(live.base, steps, live=live)


def _table(live: LiveSchema, shadow: Shadow) -> LiveTable | None:
    return live.tables.get(shadow.table) or live.kept.get(shadow.table)


def _hangs_on(live: LiveSchema, shadow: Shadow, whole: Sequence[Shadow]) -> bool:
    """Whether the shadow lies in one of these tables, or points at one."""
    return shadow.table in {s.table for s in whole} or bool(_pointing(live, shadow, whole))


def _pointing(live: LiveSchema, shadow: Shadow, whole: Sequence[Shadow]) -> list[str]:
    """The columns of the shadow that point at one of these tables; PostgreSQL forgets that, the ledger does not."""
    table = _table(live, shadow)
    if table is None:
        return []
    there = {s.table for s in whole} | ({s.entity for s in whole if not s.is_link} - {None})
    points = {**table.references, **(shadow.points or {})}
    own = shadow.columns.values() if shadow.columns else table.columns.keys()
    return sorted(column for column in own if points.get(column) in there)


class _Purge:
    """The steps of one plan."""

    def __init__(self, live: LiveSchema, dialect: SqlDialect) -> None:
        self.live, self.dialect = live, dialect
        self.quote = dialect.identifier_preparer.quote

    def columns(self, shadow: Shadow) -> Step:
        """The columns are gone, or, where SQLite cannot let go of them, empty."""
        table = _table(self.live, shadow)
        held = set(table.references) if table and self.dialect.name == "sqlite" else set()
        if held & set(shadow.columns.values()) or self._is_checked(shadow):
            statements = self._emptied(shadow.table, shadow.columns.values())
        else:
            name = self.quote(shadow.table)
            statements = [f"ALTER TABLE {name} DROP COLUMN {self.quote(c)}" for c in shadow.columns.values()]
        return self._step(shadow, statements, "values", shadow.columns.values())

    def _is_checked(self, shadow: Shadow) -> bool:
        """Whether a check may be about its columns; only references are checked, and SQLite keeps both."""
        return self.dialect.name == "sqlite" and any(c.endswith("__record") for c in shadow.columns)

    def _emptied(self, table: str, columns: Iterable[str]) -> list[str]:
        names = [self.quote(name) for name in columns]
        empty, filled = (
            ", ".join(f"{n} = NULL" for n in names),
            " OR ".join(f"{n} IS NOT NULL" for n in names),
        )
        return [f"UPDATE {self.quote(table)} SET {empty} WHERE {filled}"]  # noqa: S608 - names of our own, quoted

    def table(self, shadow: Shadow) -> Step:
        """The table is gone; where columns that SQLite cannot let go of point at it, only its rows are."""
        name = self.quote(shadow.table)
        others = (t for t in (*self.live.tables.values(), *self.live.kept.values()) if t.name != shadow.table)
        if self.dialect.name == "sqlite" and any(shadow.table in t.references.values() for t in others):
            return self._step(shadow, [f"DELETE FROM {name}"], "rows")  # noqa: S608 - a name of our own
        return self._step(shadow, [f"DROP TABLE {name}"], "rows")

    def orphan(self, shadow: Shadow, columns: Sequence[str]) -> Step:
        """What a table that is kept says of records that go is empty; SQLite holds it to them, and nobody needs it."""
        sentence = (
            f"Empty what {shadow.thing} ({shadow.table}), which is kept, says of them: "
            f"{', '.join(columns)}. It can not come back any more."
        )
        return Purge(
            sentence, says(self._emptied(shadow.table, columns)), NO_UNDO, Effect.DESTRUCTIVE,
            measure=counting(shadow.table, columns),
        )  # fmt: skip

    def _step(
        self, shadow: Shadow, statements: Sequence[str], what: str, columns: Iterable[str] = ()
    ) -> Step:
        def note(unit: UnitOfWork, _: Occasion) -> None:
            forget(unit, [shadow.number])

        since = f", removed on {shadow.at:%Y-%m-%d}," if shadow.at else ""
        return Purge(
            f"Destroy the {what} of {shadow.thing}{since} for good ({shadow.table}).",
            says(statements),
            NO_UNDO,
            Effect.DESTRUCTIVE,
            measure=counting(shadow.table, columns),
            note=note,
        )
