"""The search index: one port, FTS5 on SQLite and tsvector on PostgreSQL, the same words found on both.

Words are cut and folded here, so both databases index and ask for the same ones, and no text of a user is
ever read as query syntax. Each field of an entity has a slot; a search can be held to the slots that its
reader may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.dialects import SQLITE
from xrm.engine.storage.statements import Columns, Insert, Same, any_of
from xrm.engine.storage.types import Integer, Uuid
from xrm.metadata.values import fold

SLOTS = 24
TITLE_SLOT = 0
WORD_LENGTH = 64
DOCUMENT_WORDS = 20_000
QUERY_WORDS = 16
LAST_POSITION = 16_383
SNIPPET_LENGTH = 160
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class SearchEntries:
    """What can be found of records of one entity: by slot, the text of each record; one of them is the title's."""

    entity: int
    records: Sequence[UUID]
    texts: Mapping[int, Sequence[str | None]]
    title: int = TITLE_SLOT


def search_words(text: str) -> tuple[str, ...]:
    """The words of a text as the index knows them."""
    return tuple(word[:WORD_LENGTH] for word in _WORD.findall(fold(text))[:DOCUMENT_WORDS])


class _Words(dict[str | None, tuple[str, ...]]):
    """The words of texts, each text cut once; a title is often the text of a field, too."""

    def __missing__(self, text: str | None) -> tuple[str, ...]:
        found = self[text] = search_words(text) if text else ()
        return found


def snippet(text: str, words: Iterable[str], length: int = SNIPPET_LENGTH) -> tuple[tuple[str, bool], ...]:
    """The part of the text around the first word that was asked for, in pieces: (text, is it a match)."""
    asked = tuple(words)
    matches = [m.span() for m in _WORD.finditer(text) if asked and fold(m.group()).startswith(asked)]
    start = max(0, matches[0][0] - length // 3) if matches else 0
    end = min(len(text), start + length)
    pieces, at = [("…", False)] if start else [], start
    for first, last in matches:
        if last > end:
            break
        pieces += [(text[at:first], False), (text[first:last], True)]
        at = last
    pieces += [(text[at:end], False)] + ([("…", False)] if end < len(text) else [])
    return tuple((piece, is_match) for piece, is_match in pieces if piece)


# --- tables -----------------------------------------------------------------------------------------

_TABLES = sa.MetaData()
_COLUMNS = [f"s{slot}" for slot in range(SLOTS)]
_RECORDS = sa.Table(
    "xrm_search",
    _TABLES,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("record", Uuid(), nullable=False),
)
_WORDS = sa.Table(
    "xrm_search_words",
    _TABLES,
    sa.Column("rowid", sa.Integer(), primary_key=True),
    sa.Column("rank", sa.Float()),
    sa.Column("xrm_search_words", sa.Text()),
    *(sa.Column(name, sa.Text()) for name in _COLUMNS),
)
_DOCUMENTS = sa.Table(
    "xrm_search",
    sa.MetaData(),
    sa.Column("record", Uuid(), primary_key=True),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("document", TSVECTOR(), nullable=False),
    sa.Column("slots", ARRAY(TSVECTOR()), nullable=False),
)
_CUT_AT_SPACES = "tokenize = 'unicode61 remove_diacritics 0'"
_SQLITE_DDL = (
    "CREATE TABLE xrm_search (id INTEGER PRIMARY KEY, entity BIGINT NOT NULL, record BLOB NOT NULL)",
    "CREATE UNIQUE INDEX uq_xrm_search__record ON xrm_search (record)",
    f"CREATE VIRTUAL TABLE xrm_search_words USING fts5({', '.join(_COLUMNS)}, {_CUT_AT_SPACES})",
    "INSERT INTO xrm_search_words (xrm_search_words, rank) VALUES ('rank', 'bm25(8.0)')",  # the title
)
_POSTGRESQL_DDL = (
    """CREATE TABLE xrm_search (record uuid PRIMARY KEY, entity bigint NOT NULL,
    document tsvector NOT NULL, slots tsvector[] NOT NULL)""",
    "CREATE INDEX ix_xrm_search__document ON xrm_search USING gin (document)",
)


def index_size(unit: UnitOfWork) -> int:
    """How many records the index holds."""
    found = sa.select(sa.func.count()).select_from(sa.table(_RECORDS.name))
    return int(unit.execute(found).scalar_one())


def search_table(dialect: str) -> str:
    """The table whose presence says that the index exists."""
    return "xrm_search_words" if dialect == SQLITE else "xrm_search"


def search_ddl(dialect: str) -> tuple[str, ...]:
    """The statements that make the index."""
    return _SQLITE_DDL if dialect == SQLITE else _POSTGRESQL_DDL


# --- the port ---------------------------------------------------------------------------------------


class SearchIndex:
    """The search index of one database. It changes in the transaction of the records that it finds."""

    def __init__(self, database: Database) -> None:
        self._side: _Fts | _Vectors = _Fts(database) if database.dialect.is_sqlite else _Vectors(database)

    def put(self, unit: UnitOfWork, entries: SearchEntries, *, fresh: bool = False) -> None:
        """The records are found by these texts and no others; `fresh` promises that none was known."""
        if entries.records:
            self._side.put(unit, entries, fresh=fresh)

    def lay(self, unit: UnitOfWork, entries: SearchEntries) -> None:
        """Records that are known have these texts in these slots besides; in the others is what was there."""
        if entries.records and entries.texts:
            self._side.lay(unit, entries)

    def inserts(self, unit: UnitOfWork, entries: SearchEntries) -> Sequence[Insert]:
        """What makes the records found, none of which was known, once it is inserted."""
        return self._side.inserts(unit, entries) if entries.records else ()

    def remove(self, unit: UnitOfWork, records: Sequence[UUID]) -> None:
        """The records are found no longer."""
        if records:
            self._side.remove(unit, records)

    def remove_entity(self, unit: UnitOfWork, entity: int) -> None:
        """No record of the entity is found."""
        self._side.remove_entity(unit, entity)

    def candidates(
        self, entity: int | None = None, slots: Sequence[int] | None = None, name: str = "q"
    ) -> sa.Subquery:
        """The records that hold every word asked for: columns entity, record and rank, greater is better.

        The words are bound to `name` as `query` gives them. With `entity` only its records are looked at,
        with `slots` only what lies in those.
        """
        found = self._side.candidates(None if slots is None else tuple(slots), name)
        if entity is not None:
            found = found.where(found.selected_columns.entity == entity)
        return found.subquery("found")

    def query(self, text: str) -> str:
        """What to bind for a text that a person typed; empty when it holds no word, which finds nothing."""
        return self._side.query(search_words(text)[:QUERY_WORDS])


class _Fts:
    """SQLite: a row of FTS5 per record, a column per slot."""

    def __init__(self, database: Database) -> None:
        self._known = database.prepare(
            sa.select(_RECORDS.c.record, _RECORDS.c.id).where(any_of(_RECORDS.c.record, "records"))
        )
        self._last = database.prepare(sa.select(sa.func.coalesce(sa.func.max(_RECORDS.c.id), 0)))
        self._forget = database.prepare(sa.delete(_RECORDS).where(any_of(_RECORDS.c.id, "ids")))
        self._forget_words = database.prepare(sa.delete(_WORDS).where(any_of(_WORDS.c.rowid, "ids")))

    def put(self, unit: UnitOfWork, entries: SearchEntries, *, fresh: bool) -> None:
        known = {} if fresh else self._ids(unit, entries.records)
        if known:
            unit.change(self._forget_words, {"ids": list(known.values())})
        unit.insert_all(self.inserts(unit, entries, known))

    def inserts(
        self, unit: UnitOfWork, entries: SearchEntries, known: Mapping[bytes, int] | None = None
    ) -> Sequence[Insert]:
        ids, added = self._numbered(unit, entries, known or {})
        words = _Words()
        columns: Columns = {
            _COLUMNS[slot]: [" ".join(words[text]) or None for text in texts]
            for slot, texts in entries.texts.items()
        }
        return added, Insert(_WORDS, {"rowid": ids, **columns}, len(ids))

    def lay(self, unit: UnitOfWork, entries: SearchEntries) -> None:
        ids, words = self._ids(unit, entries.records), _Words()
        places = [place for place, record in enumerate(entries.records) if record.bytes in ids]
        columns: dict[str, Any] = {
            _COLUMNS[slot]: [" ".join(words[texts[place]]) or None for place in places]
            for slot, texts in entries.texts.items()
        }
        statement = sa.update(_WORDS).where(_WORDS.c.rowid == sa.bindparam("word_id", type_=Integer()))
        known = [ids[entries.records[place].bytes] for place in places]
        prepared = unit.database.prepare(statement, list(columns))
        if known:
            unit.run_columns(prepared, {**columns, "word_id": known}, len(known))

    def remove(self, unit: UnitOfWork, records: Sequence[UUID]) -> None:
        ids = list(self._ids(unit, records).values())
        unit.change(self._forget_words, {"ids": ids})
        unit.change(self._forget, {"ids": ids})

    def remove_entity(self, unit: UnitOfWork, entity: int) -> None:
        ids = sa.select(_RECORDS.c.id).where(_RECORDS.c.entity == entity)
        unit.execute(sa.delete(_WORDS).where(_WORDS.c.rowid.in_(ids)))
        unit.execute(sa.delete(_RECORDS).where(_RECORDS.c.entity == entity))

    def candidates(self, slots: tuple[int, ...] | None, name: str) -> sa.Select[Any]:
        asked: Any = sa.bindparam(name, type_=sa.Text())
        if slots is not None:
            columns = " ".join(_COLUMNS[slot] for slot in slots)
            asked = sa.literal(f"{{{columns}}} : (").concat(asked).concat(")")
        words = _WORDS.join(_RECORDS, _RECORDS.c.id == _WORDS.c.rowid)
        match = _WORDS.c.xrm_search_words.op("MATCH", is_comparison=True)(asked)
        matching = sa.false() if slots == () else match
        rank = (-_WORDS.c.rank).label("rank")
        return sa.select(_RECORDS.c.entity, _RECORDS.c.record, rank).select_from(words).where(matching)

    def query(self, words: tuple[str, ...]) -> str:
        return " AND ".join(f'"{word}"*' for word in words) or '""'

    def _ids(self, unit: UnitOfWork, records: Sequence[UUID]) -> dict[bytes, int]:
        return dict(unit.run(self._known, {"records": records}))

    def _numbered(
        self, unit: UnitOfWork, entries: SearchEntries, known: Mapping[bytes, int]
    ) -> tuple[Sequence[int], Insert]:
        """The number of each record, and the rows of those that had none.

        Writers stand in a queue, so the next free numbers are ours.
        """
        added = (
            [record for record in entries.records if record.bytes not in known] if known else entries.records
        )
        first = unit.run(self._last)[0][0] + 1 if added else 0
        numbers = range(first, first + len(added))
        columns: Columns = {"id": numbers, "entity": Same(entries.entity), "record": added}
        insert = Insert(_RECORDS, columns, len(added))
        if not known:
            return numbers, insert
        free = iter(numbers)
        return [known[r.bytes] if r.bytes in known else next(free) for r in entries.records], insert


class _Vectors:
    """PostgreSQL: a row per record, one vector of everything for the index and one per slot to hold it to."""

    columns = ("record", "entity", "document", "slots")

    def __init__(self, database: Database) -> None:
        new = postgresql_insert(_DOCUMENTS)
        changed = {name: new.excluded[name] for name in self.columns[1:]}
        self._put = database.prepare(
            new.on_conflict_do_update(index_elements=["record"], set_=changed), self.columns
        )
        self._remove = database.prepare(sa.delete(_DOCUMENTS).where(any_of(_DOCUMENTS.c.record, "records")))

    def put(self, unit: UnitOfWork, entries: SearchEntries, *, fresh: bool) -> None:
        inserts = self.inserts(unit, entries)
        if fresh:
            unit.insert_all(inserts)
        else:
            for _, columns, count in inserts:
                unit.run_columns(self._put, columns, count)

    def inserts(self, unit: UnitOfWork, entries: SearchEntries) -> Sequence[Insert]:
        columns: Columns = {
            "record": entries.records,
            "entity": Same(entries.entity),
            **_vector_columns(entries, len(entries.records)),
        }
        return (Insert(_DOCUMENTS, columns, len(entries.records)),)

    def lay(self, unit: UnitOfWork, entries: SearchEntries) -> None:
        words = _Words()
        laid = {
            f"slot_{slot}": [_vector(words[text], "A" if slot == entries.title else "") for text in texts]
            for slot, texts in entries.texts.items()
        }
        whole = " || ".join(("document", *(f"CAST(:{name} AS tsvector)" for name in laid)))
        said = [f"slots[{slot + 1}] = CAST(:slot_{slot} AS tsvector)" for slot in entries.texts]
        sql = f"UPDATE xrm_search SET {', '.join(said)}, document = {whole} WHERE record = :known"  # noqa: S608
        bound = (sa.bindparam(name, type_=sa.Text()) for name in laid)
        statement = sa.text(sql).bindparams(*bound, sa.bindparam("known", type_=Uuid()))
        prepared = unit.database.prepare(statement)
        unit.run_columns(prepared, {**laid, "known": entries.records}, len(entries.records))

    def remove(self, unit: UnitOfWork, records: Sequence[UUID]) -> None:
        unit.change(self._remove, {"records": records})

    def remove_entity(self, unit: UnitOfWork, entity: int) -> None:
        unit.execute(sa.delete(_DOCUMENTS).where(_DOCUMENTS.c.entity == entity))

    def candidates(self, slots: tuple[int, ...] | None, name: str) -> sa.Select[Any]:
        asked = sa.cast(sa.bindparam(name, type_=sa.Text()), TSQUERY)
        columns = _DOCUMENTS.c
        rank = sa.func.ts_rank(columns.document, asked, type_=sa.Float()).label("rank")
        found = sa.select(columns.entity, columns.record, rank).where(_holds(columns.document, asked))
        if slots is None:
            return found
        return found.where(_holds(_together(columns.slots, slots), asked) if slots else sa.false())

    def query(self, words: tuple[str, ...]) -> str:
        return " & ".join(f"'{word}':*" for word in words)


def _holds(vector: sa.ColumnElement[Any], asked: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return vector.op("@@", is_comparison=True, return_type=sa.Boolean())(asked)


def _together(vectors: sa.ColumnElement[Any], slots: tuple[int, ...]) -> sa.ColumnElement[Any]:
    """The vectors of these slots as one. A slot beyond the last text is empty."""
    empty = sa.cast(sa.literal_column("''"), TSVECTOR)
    parts = [sa.func.coalesce(vectors[slot + 1], empty, type_=TSVECTOR()) for slot in slots]
    joined: sa.ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        joined = joined.op("||", return_type=TSVECTOR())(part)
    return sa.type_coerce(joined, TSVECTOR)


def _vector_columns(entries: SearchEntries, count: int) -> dict[str, list[Any]]:
    """The document and the slots of each record; a record has as many slots as its last text needs."""
    texts, words, nothing = entries.texts, _Words(), [None] * count
    by_slot = [texts.get(slot, nothing) for slot in range(max(texts, default=-1) + 1)]
    cut = [[words[text] for text in column] for column in by_slot]
    rows = [_without_empty_end(row) for row in zip(*cut, strict=True)] if cut else [()] * count
    return {
        "document": [_document(row, entries.title) for row in rows],
        "slots": [[_vector(slot) for slot in row] for row in rows],
    }


def _without_empty_end(slots: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    used = len(slots)
    while used and not slots[used - 1]:
        used -= 1
    return slots[:used]


def _document(slots: Sequence[Sequence[str]], place: int) -> str:
    """All words in one vector, those of the title, which has this place, heavier."""
    title = slots[place] if place < len(slots) else ()
    rest = tuple(chain.from_iterable(slot for at, slot in enumerate(slots) if at != place))
    return f"{_vector(title, 'A')} {_vector(rest, '', len(title))}"


def _vector(words: Sequence[str], weight: str = "", after: int = 0) -> str:
    """Words with their positions as PostgreSQL writes a vector; they are letters and digits only."""
    if after + len(words) <= LAST_POSITION:
        return " ".join([f"'{word}':{place}{weight}" for place, word in enumerate(words, after + 1)])
    places = enumerate(words[:DOCUMENT_WORDS], after + 1)
    return " ".join([f"'{word}':{min(place, LAST_POSITION)}{weight}" for place, word in places])
