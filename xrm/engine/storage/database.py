"""The database and the unit of work that owns a transaction; answers only after the commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import sqlalchemy as sa

from xrm.engine.storage.connections import Connections
from xrm.engine.storage.copying import copied
from xrm.engine.storage.dialects import Dialect, Link, Options, ask_at_once, facts_of, make_engine
from xrm.engine.storage.faults import DRIVER_ERRORS, NO_MEANINGS, Meanings, translate
from xrm.engine.storage.statements import (
    NO_VALUES,
    Columns,
    Insert,
    Lifted,
    Prepared,
    Values,
    lift,
    prepare,
    together,
)
from xrm.errors import Unavailable

T = TypeVar("T")
Row = tuple[Any, ...]
NOT_ASKED: Mapping[str, Row | None] = MappingProxyType({})
ATTEMPTS = 4
FETCH_ROWS = 1000


class UnitOfWork:
    """One transaction: statements run on it, and it is committed or rolled back as a whole.

    `run`, `one` and `change` talk to the driver directly and give raw rows; `execute` goes through
    SQLAlchemy and gives converted ones. Errors leave as refusals of ours. `opened` is what the words with which
    the transaction was opened have found. What is `remembered` was read once and stays as it is to its end.
    While it `is_alone`, for it changes tables, no other transaction may be waited for.
    """

    __slots__ = (
        "_callbacks", "_link", "_meanings", "_names", "_statement_seconds", "database", "is_alone", "is_writing",
        "opened", "remembered",
    )  # fmt: skip

    def __init__(
        self,
        database: Database,
        link: Link,
        meanings: Meanings,
        *,
        is_writing: bool,
        seconds: float | None = None,
        opened: Mapping[str, Row | None] = NOT_ASKED,
    ) -> None:
        self.opened, self.remembered = opened, dict[str, Any]()
        self.database, self.is_writing, self.is_alone = database, is_writing, False
        self._statement_seconds = database.options.statement_seconds if seconds is None else None
        self._link, self._meanings, self._names = link, meanings, 0
        self._callbacks: list[Callable[[], None]] = []

    @property
    def dialect(self) -> Dialect:
        """The facts of the database."""
        return self.database.dialect

    @property
    def connection(self) -> sa.Connection:
        """SQLAlchemy's connection inside this transaction, for the schema and its migration."""
        return self._link.connection

    def run(self, prepared: Prepared, values: Values = NO_VALUES) -> list[Row]:
        """The raw rows that the statement gives."""
        sql, bound = prepared.ready(values)
        cursor = self._timed().cursor
        try:
            cursor.execute(sql, bound)
            rows: list[Row] = cursor.fetchall()
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error
        return rows

    def one(self, prepared: Prepared, values: Values = NO_VALUES) -> Row | None:
        """The first raw row, or None."""
        rows = self.run(prepared, values)
        return rows[0] if rows else None

    def change(self, prepared: Prepared, values: Values = NO_VALUES) -> int:
        """How many rows the insert, update or delete touched."""
        sql, bound = prepared.ready(values)
        cursor = self._timed().cursor
        try:
            cursor.execute(sql, bound)
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error
        return int(cursor.rowcount)

    def _timed(self) -> Link:
        """The link, with the clock of one statement started where no limit holds for the whole unit."""
        link = self._link
        if self._statement_seconds is not None:
            link.deadline = time.monotonic() + self._statement_seconds
        return link

    def run_columns(self, prepared: Prepared, columns: Columns, count: int) -> int:
        """The statement has run once for each of the `count` rows of these columns; gives how many it touched."""
        rows = prepared.bind_columns(columns, count)
        cursor = self._timed().cursor
        try:
            if count == 1:
                cursor.execute(prepared.sql, next(rows))
            else:
                cursor.executemany(prepared.sql, rows)
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error
        return int(cursor.rowcount)

    def insert_many(self, table: sa.Table, names: Sequence[str], rows: Sequence[Values]) -> None:
        """Every row is in the table, by the fastest way that the database has."""
        self.insert_columns(table, by_column(names, rows), len(rows))

    def insert_columns(self, table: sa.Table, columns: Columns, count: int) -> None:
        """The `count` rows of these columns are in the table, by the fastest way that the database has."""
        prepared = self.database.insert_of(table, tuple(columns))
        if count >= self.dialect.bulk_rows:
            self._copy(table, prepared, columns, count)
        elif count:
            self.run_columns(prepared, columns, count)

    def insert_all(self, inserts: Sequence[Insert]) -> None:
        """The rows of all inserts are in their tables; single ones by one statement, where that can be said."""
        filled = [insert for insert in inserts if insert.size]
        if self.dialect.inserts_together and len(filled) > 1 and all(i.size == 1 for i in filled):
            self._insert_together(filled)
        else:
            for table, columns, size in filled:
                self.insert_columns(table, columns, size)

    def _insert_together(self, inserts: Sequence[Insert]) -> None:
        prepared = [self.database.insert_of(i.table, tuple(i.columns)) for i in inserts]
        rows = [p.bind_columns(i.columns, 1) for p, i in zip(prepared, inserts, strict=True)]
        try:
            self._timed().cursor.execute(
                together(tuple(p.sql for p in prepared)), [value for [row] in rows for value in row]
            )
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error

    def _copy(self, table: sa.Table, prepared: Prepared, columns: Columns, count: int) -> None:
        quote = self.database.engine.dialect.identifier_preparer.quote
        command = f"COPY {quote(table.name)} ({', '.join(map(quote, prepared.names))}) FROM STDIN"
        portions = copied(prepared.bound_columns(columns), count)
        try:
            with self._timed().cursor.copy(command) as copy:
                for portion in portions:
                    copy.write(portion)
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error

    def stream(
        self, prepared: Prepared, values: Values = NO_VALUES, *, rows: int = FETCH_ROWS
    ) -> Iterator[list[Row]]:
        """The raw rows in portions of so many, however many there are, without holding them all."""
        sql, bound = prepared.ready(values)
        with self._streaming_cursor() as cursor:
            try:
                cursor.execute(sql, bound)
                while portion := cursor.fetchmany(rows):
                    yield portion
            except DRIVER_ERRORS as error:
                raise translate(error, self._meanings) from error

    @contextmanager
    def _streaming_cursor(self) -> Iterator[Any]:
        driver = self._timed().driver
        cursor = driver.cursor() if self.dialect.is_sqlite else driver.cursor(name="xrm_stream")
        try:
            yield cursor
        finally:
            cursor.close()

    def execute(
        self, statement: sa.Executable, values: Values | Sequence[Values] | None = None
    ) -> sa.CursorResult[Any]:
        """SQLAlchemy's result of the statement, with values converted; for paths where time is no matter."""
        given: Any = None if values is None else dict(values) if isinstance(values, Mapping) else list(values)
        try:
            return self._timed().connection.execute(statement, given)
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error

    def script(self, sql: str) -> None:
        """The statement, which is text of our own without values, has run."""
        try:
            self._timed().cursor.execute(sql)
        except DRIVER_ERRORS as error:
            raise translate(error, self._meanings) from error

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What the block did is undone when it raises; the rest of the transaction stays."""
        self._names += 1
        name = f"xrm_{self._names}"
        self.script(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.script(f"ROLLBACK TO SAVEPOINT {name}")
            self.script(f"RELEASE SAVEPOINT {name}")
            raise
        self.script(f"RELEASE SAVEPOINT {name}")

    def after_commit(self, callback: Callable[[], None]) -> None:
        """`callback` runs once the transaction is committed, and not at all if it is not."""
        self._callbacks.append(callback)

    def committed(self) -> None:
        """Everyone who waits for the commit is told."""
        for callback in self._callbacks:
            callback()


Around = Callable[[UnitOfWork, Callable[[], T]], T]


class Database:
    """One installation's database, used by any number of threads of this process.

    Made in the process that uses it: connections do not survive a fork.
    """

    def __init__(self, url: str, options: Options | None = None) -> None:
        self.options = options or Options()
        self.dialect: Dialect = facts_of(url)
        self.engine = make_engine(url, self.options)
        self._connections = Connections(self.engine, self.dialect, self.options)
        self._inserts: dict[tuple[sa.Table, tuple[str, ...]], Prepared] = {}

    def prepare(
        self,
        statement: sa.Executable,
        columns: Sequence[str] | None = None,
        literals: Sequence[sa.BindParameter[Any]] = (),
    ) -> Prepared:
        """The statement compiled for this database; keep it and run it often."""
        return prepare(statement, self.engine.dialect, columns, literals)

    def lift(self, statement: sa.Select[Any]) -> Lifted:
        """The literals of the statement, set apart from what it shares with others of its shape."""
        return lift(statement, self.engine.dialect)

    def insert_of(self, table: sa.Table, columns: tuple[str, ...]) -> Prepared:
        """The insert of these columns, compiled on first use."""
        found = self._inserts.get((table, columns))
        if found is None:
            found = self._inserts[table, columns] = self.prepare(sa.insert(table).inline(), columns)
        return found

    @contextmanager
    def read(
        self, *, snapshot: bool = True, seconds: float | None = None, opening: str = "", closing: str = ""
    ) -> Iterator[UnitOfWork]:
        """Everything read in the block is of one moment; without `snapshot`, each statement is.

        `seconds`, for a snapshot, is how long the whole may take, in place of the limit of each statement. A snapshot
        begins with the words of `opening`, as that of `write` does. `closing` are words of the kind which PostgreSQL is
        told in one breath with its end, whether the block raised or not; the unit's `opened` then holds what they
        found, which is of that moment.
        """
        with self._connections.link(writes=False) as link:
            if not snapshot:
                yield UnitOfWork(self, link, NO_MEANINGS, is_writing=False)
                return
            self._begin(link, self.dialect.begin_read)
            try:
                self._allow(link, seconds)
                found = {opening: self._ask(link, opening)} if opening else {}
                yield UnitOfWork(self, link, NO_MEANINGS, is_writing=False, seconds=seconds, opened=found)
            finally:
                if closing:
                    self._close(link, closing, found)
                else:
                    self._roll_back(link)

    @contextmanager
    def write(
        self, meanings: Meanings = NO_MEANINGS, *, seconds: float | None = None, opening: str = ""
    ) -> Iterator[UnitOfWork]:
        """What the block wrote is durable when the block has ended, and is gone when it raised.

        `seconds` is how long the whole may take, in place of the limit of each statement. `opening` are words of
        our own without values that are said in one breath with BEGIN; the unit's `opened` holds under them the
        row that the last of them gave.
        """
        with self._connections.turn(), self._connections.link(writes=True) as link:
            try:
                opened = self._open(link, opening)
                unit = UnitOfWork(self, link, meanings, is_writing=True, seconds=seconds, opened=opened)
                self._allow(link, seconds)
                yield unit
                self._commit(link, meanings)
            except BaseException:
                self._roll_back(link)
                raise
        unit.committed()

    def transact(
        self,
        work: Callable[[UnitOfWork], T],
        meanings: Meanings = NO_MEANINGS,
        attempts: int = ATTEMPTS,
        around: Around[T] | None = None,
        *,
        opening: str = "",
    ) -> T:
        """What `work` gave, committed; it is repeated when the database asks for that.

        `around` is given the work to do, and may write before and after it in the same transaction. `opening` is
        that of `write`.
        """
        for left in range(attempts - 1, -1, -1):
            try:
                with self.write(meanings, opening=opening) as unit:
                    return around(unit, partial(work, unit)) if around else work(unit)
            except Unavailable as error:
                if not (left and error.facts.get("retry") and self.dialect.has_own_writer_queue):
                    raise
        raise AssertionError("unreachable: the last attempt returned or raised")

    def renew(self) -> None:
        """Tables are others: what is asked from now on rests on nothing that was prepared before."""
        self._connections.renew()

    def close(self) -> None:
        """Every idle connection is closed."""
        self._connections.close()

    # --- transactions -------------------------------------------------------------------------------

    def _open(self, link: Link, opening: str) -> Mapping[str, Row | None]:
        """The transaction has begun; gives what the opening words found, by these words."""
        if not opening:
            self._begin(link, self.dialect.begin_write)
            return NOT_ASKED
        try:
            return {opening: self.dialect.open_write(link, opening)}
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    def _ask(self, link: Link, words: str) -> Row | None:
        try:
            row: Row | None = link.cursor.execute(words).fetchone()
        except DRIVER_ERRORS as error:
            raise translate(error) from error
        return row

    def _begin(self, link: Link, words: str) -> None:
        try:
            link.cursor.execute(words)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    def _allow(self, link: Link, seconds: float | None) -> None:
        if seconds is None:
            return
        link.deadline = time.monotonic() + seconds
        if not self.dialect.is_sqlite:
            link.cursor.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")

    def _commit(self, link: Link, meanings: Meanings) -> None:
        try:
            link.cursor.execute("COMMIT")
        except DRIVER_ERRORS as error:
            raise translate(error, meanings) from error

    def _close(self, link: Link, closing: str, found: dict[str, Row | None]) -> None:
        """The transaction is over, and what the closing words found afterwards is known by them, if they were heard."""
        with suppress(*DRIVER_ERRORS):
            found[closing] = ask_at_once(link, f"ROLLBACK; {closing}")

    def _roll_back(self, link: Link) -> None:
        """The transaction is over. After a full disk SQLite has ended it already; the first error counts."""
        with suppress(*DRIVER_ERRORS):
            link.cursor.execute("ROLLBACK")


def by_column(names: Sequence[str], rows: Sequence[Values]) -> Columns:
    """The rows as columns of these names."""
    return {name: [row[name] for row in rows] for name in names}
