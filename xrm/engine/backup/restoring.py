"""Restoring an archive: looked through first, then everything in one transaction, and compared before it counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.backup.archive import Archive, open_archive, verify
from xrm.engine.backup.codes import ArchiveRefused, misfit, no_line
from xrm.engine.backup.fitting import demand_fit, shadows_of
from xrm.engine.backup.kept import continue_sequences, kept_tables, sequences_of
from xrm.engine.backup.kinds import kind_named
from xrm.engine.backup.manifest import Manifest, TableFacts
from xrm.engine.backup.pointing import first_lost, pointers
from xrm.engine.backup.taking import SECONDS, Advance, Ground, Nowhere, key_check, take_table, unseen
from xrm.engine.packs.layers import source_of
from xrm.engine.projection.tables import sql_schema
from xrm.engine.records.searched import index_rows
from xrm.engine.storage.alone import Work, alone
from xrm.engine.storage.database import UnitOfWork, by_column
from xrm.engine.storage.entity_tables import EntityTable, Schema
from xrm.engine.storage.faults import DRIVER_ERRORS
from xrm.engine.storage.ledger import CONTENT, ENTITY, JOURNAL, LAYER, LEDGER, SHADOW
from xrm.engine.storage.numbers import Numbers, read_numbers
from xrm.engine.storage.restoring import (
    Pointer,
    add_shadows,
    begin_restore,
    clear,
    demand_empty,
    end_restore,
)
from xrm.engine.storage.search import SearchIndex
from xrm.errors import Conflict, Invalid, Place, Problem, Unavailable, XrmError
from xrm.metadata.sources import PackSource

T = TypeVar("T")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what whoever did it should know."""

    manifest: Manifest
    warnings: tuple[Problem, ...]


def restore(ground: Ground, path: Path, folder: Path, advance: Advance = unseen) -> Restored:
    """The archive's installation is in the database and its contents are in the file store, and is served.

    `folder` is where there must be room. Raises ArchiveRefused, Conflict for a database that is not empty, and
    Unavailable, and then has changed nothing. What is interrupted from outside leaves a mark, and can be repeated.
    """
    with open_archive(path, ground.program) as archive:
        demand_empty(ground.database)
        _look_through(archive, advance)
        schema = sql_schema(ground.definitions.stored(_layers(archive)))
        demand_fit(archive, schema)
        _demand_room(ground, archive.manifest, folder)
        with alone(ground.database, Work.RESTORE):
            demand_empty(ground.database)
            _restore(ground, archive, schema, advance)
        return Restored(archive.manifest, _warnings(ground, archive.manifest))


def _look_through(archive: Archive, advance: Advance) -> None:
    manifest = archive.manifest
    total, done = sum(t.bytes for t in manifest.tables) + manifest.files.bytes, 0
    for size in verify(archive):
        done += size
        advance(done, total)


def _demand_room(ground: Ground, manifest: Manifest, folder: Path) -> None:
    rows = sum(t.bytes for t in manifest.tables) if ground.database.dialect.is_sqlite else 0
    needed, free = rows + manifest.files.bytes, shutil.disk_usage(folder).free
    if needed > free:
        message = f"The archive holds {needed:,} bytes, and {folder} has room for {free:,}."
        problem = Problem("B111", message, "Make room, or choose another data folder.")
        raise Unavailable(problem, facts={"status": 507})


def _restore(ground: Ground, archive: Archive, schema: Schema, advance: Advance) -> None:
    """All of it, or the database is empty again."""
    try:
        made_at = datetime.fromisoformat(archive.manifest.made_at)
        begin_restore(ground.database, ground.world, archive.manifest.digest, made_at, schema.metadata)
        _bring_files(ground, archive)
        with ground.database.write(seconds=SECONDS) as unit:
            _Filling(ground, archive, schema, unit).fill(advance)
            end_restore(unit, ground.world)
    except BaseException:
        with suppress(XrmError):  # a database that is away keeps the mark
            clear(ground.database)
        raise


def _bring_files(ground: Ground, archive: Archive) -> None:
    names = [name for name in archive.zip.namelist() if name.startswith("files/")]
    for name in names:
        with archive.open(name) as source:
            ground.files.put(source, archive.manifest.files.bytes)


def _warnings(ground: Ground, manifest: Manifest) -> tuple[Problem, ...]:
    found = []
    if key_check(ground.secret_key, UUID(manifest.installation)) != manifest.key_check:
        hint = "Set XRM_SECRET_KEY to the key of the installation that the backup was taken of."
        message = "The secret key is another one, so what secret fields hold cannot be opened here."
        found.append(Problem("B114", message, hint))
    if manifest.lost:
        message = f"{len(manifest.lost)} contents of files were missing already, first: {manifest.lost[0]}."
        found.append(Problem("B103", message, "Bring them from an earlier backup."))
    return tuple(found)


# --- the definitions in the archive -----------------------------------------------------------------------


def _layers(archive: Archive) -> tuple[PackSource, ...]:
    """The files of the installed layers, lowest first."""
    layers = [
        (
            _part(archive, LAYER, row, "ordinal", int),
            _part(archive, LAYER, row, "name", str),
            row.get("content"),
        )
        for row in _rows_of(archive, LAYER.name)
    ]
    wanted = {content for _, _, content in layers}
    contents = {
        row["hash"]: _part(archive, CONTENT, row, "documents", dict)
        for row in _rows_of(archive, CONTENT.name)
        if row.get("hash") in wanted
    }
    if wanted - contents.keys() or any(type(t) is not str for d in contents.values() for t in d.values()):
        raise misfit(archive.place(CONTENT.name), "The documents of a layer are not there.")
    return tuple(source_of(name, contents[content]) for _, name, content in sorted(layers))


def _part(archive: Archive, table: sa.Table, row: Row, name: str, kind: type[T]) -> T:
    value = row.get(name)
    if type(value) is not kind:
        raise misfit(archive.place(table.name), f"A layer does not say its {name}.")
    return value


def _rows_of(archive: Archive, name: str) -> Iterator[Row]:
    facts = next((t for t in archive.manifest.tables if t.name == name), None)
    if facts is None:
        raise misfit(str(archive.path), f"The archive lacks the table {name}.")
    for _, rows in _portions(archive, facts):
        yield from rows


def _portions(archive: Archive, facts: TableFacts) -> Iterator[tuple[int, list[Row]]]:
    """The rows of a table as Python scalars, with the number of the first line; what is left out is None."""
    try:
        parsers = {name: kind_named(kind).parse for name, kind in facts.columns.items()}
    except ValueError as error:
        raise misfit(archive.place(facts.entry), f"A column of it {error}.") from None
    for first, lines in archive.portions(facts):
        yield first, [_row(archive, facts, parsers, n, line) for n, line in enumerate(lines, first)]


def _row(
    archive: Archive, facts: TableFacts, parsers: Mapping[str, Callable[[Any], Any]], number: int, line: bytes
) -> Row:
    found, row = archive.values(facts, number, line), {}
    for name, parse in parsers.items():
        value = found.get(name)
        try:
            row[name] = None if value is None else parse(value)
        except (ValueError, OverflowError) as error:
            message = f"What {name} holds {error}."
            raise no_line(archive.place(facts.entry), number, message) from None
    return row


# --- filling the tables -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Filling:
    """Tables that are empty and are being filled, in one transaction."""

    ground: Ground
    archive: Archive
    schema: Schema
    unit: UnitOfWork

    def fill(self, advance: Advance) -> None:
        """Everything is there, is found by search, and is what the archive holds; raises ArchiveRefused."""
        shadows, entities = (list(_rows_of(self.archive, table.name)) for table in (SHADOW, ENTITY))
        pointing = pointers(shadows, entities, self.schema, self.archive.manifest)
        add_shadows(self.unit, shadows_of(self.archive.manifest, self.schema), pointing)
        self.unit.execute(sa.delete(JOURNAL))  # what made the tables here; the archive brings its own
        tables = _in_order(self.archive.manifest.tables)
        first = next((facts for facts in tables if facts.name not in LEDGER.tables), None)
        for number, facts in enumerate(tables):
            advance(number, len(tables))
            if facts is first:
                self._demand_numbers()
            self._fill(facts)
        continue_sequences(self.unit, self.archive.manifest.sequences)
        self._demand_references(pointing)
        self._demand_equal()

    def _fill(self, facts: TableFacts) -> None:
        searched = self._searched(facts.name)
        table = facts.kept.table
        for first, rows in _portions(self.archive, facts):
            try:
                self.unit.insert_columns(table, by_column(tuple(facts.columns), rows), len(rows))
            except (*DRIVER_ERRORS, Conflict, Invalid) as error:
                raise self._refused(facts, first, error) from error
            if searched is not None:
                searched.put(self.unit, rows)

    def _refused(self, facts: TableFacts, first: int, error: BaseException) -> ArchiveRefused:
        told = error.first.message if isinstance(error, XrmError) else str(error).splitlines()[0]
        message = f"The database refuses a row from this line on: {told}"
        place = Place(file=self.archive.place(facts.entry), line=first, column=1)
        return ArchiveRefused(Problem("B112", message, "Take another backup.", place))

    def _searched(self, name: str) -> _Searched | None:
        stored = next((t for t in self.schema if t.table.name == name and name not in LEDGER.tables), None)
        if stored is None:
            return None
        return _Searched(stored, read_numbers(self.unit), SearchIndex(self.ground.database))

    def _demand_references(self, pointing: Sequence[Pointer]) -> None:
        """SQLite was told not to look at references; PostgreSQL looks at the commit, and at what is kept not at all."""
        if lost := first_lost(self.unit, pointing):
            pointer, count = lost
            values = "1 value points" if count == 1 else f"{count:,} values point"
            message = f"{values} at a record of {pointer.target} that is not there: {pointer.column}."
            entry = next(t.entry for t in self.archive.manifest.tables if t.name == pointer.table)
            raise misfit(self.archive.place(entry), message)
        if self.unit.dialect.is_sqlite:
            row = self.unit.execute(sa.text("PRAGMA foreign_key_check")).mappings().first()
            if row is not None:
                message = f"A row of {row['table']} points at one of {row['parent']} that is not there."
                raise misfit(str(self.archive.path), message)

    def _demand_numbers(self) -> None:
        """What the definitions name has a number, by which its history and its words are known."""
        known = read_numbers(self.unit)
        for stored in self.schema:
            entity = stored.entity.name
            names = [(entity, name) for name in (*stored.entity.fields, *stored.entity.relationships)]
            lost = [".".join(name) for name in names if name not in known.fields]
            if not stored.entity.is_engine and (lost or entity not in known.entities):
                message = f"It does not know {(lost or [entity])[0]}, which the definitions in it name."
                raise misfit(self.archive.place(ENTITY.name), message)

    def _demand_equal(self) -> None:
        manifest, sink = self.archive.manifest, Nowhere()
        wanted = {t.name: (t.rows, t.sha256) for t in manifest.tables if t.rows}
        kept = kept_tables(self.unit, [self.schema.metadata])
        found = {t.name: (t.rows, t.sha256) for k in kept if (t := take_table(self.unit, k, sink)).rows}
        different = sorted({name for name, _ in wanted.items() ^ found.items()})
        if different or not manifest.sequences.items() <= sequences_of(self.unit).items():
            table = different[0] if different else "its counting columns"
            message = f"Read again, {table} would hold something else than the archive."
            raise ArchiveRefused(
                Problem("B113", message, "Report this with the archive.", Place(file=str(self.archive.path)))
            )


@dataclass(frozen=True, slots=True)
class _Searched:
    """The words of an entity's records."""

    stored: EntityTable
    numbers: Numbers
    index: SearchIndex

    def put(self, unit: UnitOfWork, rows: Sequence[Row]) -> None:
        """The records outside the trash are found."""
        index_rows(unit, self.index, self.stored, self.numbers, rows, fresh=True)


def _in_order(tables: Iterable[TableFacts]) -> list[TableFacts]:
    """The ledger's tables first, each after those that it points at."""
    places = {table.name: number for number, table in enumerate(LEDGER.sorted_tables)}
    return sorted(tables, key=lambda facts: (places.get(facts.name, len(places)), facts.name))
