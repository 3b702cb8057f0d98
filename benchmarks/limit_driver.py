"""The two databases of the limit: how each is opened, and how it takes and gives ids, amounts and rows."""

from __future__ import annotations

import os
import unicodedata
from typing import Any

PLACE = os.environ["LIMIT_DATABASE"]
IS_SQLITE = "=" not in PLACE
ID_BYTES = 16


def fold(text: str) -> str:
    """The text without case and marks, by which it is sorted and found."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


if IS_SQLITE:
    import sqlite3

    BEGIN = "BEGIN IMMEDIATE"
    DAY_AND_ID = "(?, ?)"

    def connect() -> Any:
        """A connection with the settings of our own server."""
        driver = sqlite3.connect(PLACE, isolation_level=None, cached_statements=256, timeout=30)
        for pragma in (
            "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536",
            f"mmap_size = {256 << 20}",
        ):  # fmt: skip
            driver.execute(f"PRAGMA {pragma}")
        return driver

    def marked(sql: str) -> str:
        """The statement with the driver's own marks for values."""
        return sql

    def shown(column: str) -> str:
        """What to select of a column that is kept otherwise than it is shown."""
        return column

    instant_shown = shown

    def id_in(text: str) -> bytes:
        """The id as the database keeps it."""
        raw = bytes.fromhex(text.replace("-", ""))
        if len(raw) != ID_BYTES:
            raise ValueError("id")
        return raw

    def id_made(raw: bytes) -> bytes:
        """A new id as the driver takes it."""
        return raw

    def id_out(raw: bytes) -> str:
        """The id as JSON shows it."""
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def amount_in(text: str) -> int:
        """Hundredths."""
        whole, _, rest = text.partition(".")
        return int(whole + rest.ljust(2, "0"))

    def amount_out(raw: int) -> str:
        """With its two decimals."""
        return f"{raw // 100}.{raw % 100:02}"

    def insert_all(cursor: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """All rows are in the table."""
        cursor.executemany(insert_into(table, columns), rows)

    WORDS = (
        "SELECT r.record FROM xrm_search_words w JOIN xrm_search r ON r.id = w.rowid"
        " WHERE w.xrm_search_words MATCH ?"
        " AND r.entity = (SELECT number FROM xrm_entity WHERE name = 'account')"
    )
    CONTAINS = "instr(a.name__key, ?) > 0"

    def asked(text: str) -> str:
        """The query of the full text index."""
        return "{s0 s1} : (" + " AND ".join(f'"{word}"*' for word in fold(text).split()) + ")"
else:
    import psycopg

    BEGIN = "BEGIN"
    DAY_AND_ID = "(?::date, ?::uuid)"
    ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})

    def connect() -> Any:
        """A connection that prepares its statements at once."""
        return psycopg.connect(PLACE, autocommit=True, prepare_threshold=1, options="-c timezone=UTC")

    def marked(sql: str) -> str:
        """The statement with the driver's own marks for values."""
        return sql.replace("?", "%s")

    def shown(column: str) -> str:
        """What to select of a column that is kept otherwise than it is shown: the database writes it faster."""
        return f"{column}::text"

    def instant_shown(column: str) -> str:
        """The same for an instant."""
        return f"""to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

    def as_it_is(value: Any) -> Any:
        """The database reads and writes it."""
        return value

    id_in = id_out = amount_out = as_it_is

    def id_made(raw: bytes) -> str:
        """A new id as the driver takes it."""
        text = raw.hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def amount_in(text: str) -> str:
        """As it is written, which must be a number."""
        float(text)
        return text

    def insert_all(cursor: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        """All rows are in the table."""
        lines = ["\t".join([str(value).translate(ESCAPED) for value in row]) for row in rows]
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write("\n".join(lines) + "\n")

    WORDS = (
        "SELECT record FROM xrm_search WHERE document @@ ?::tsquery"
        " AND entity = (SELECT number FROM xrm_entity WHERE name = 'account')"
    )
    CONTAINS = "position(? in a.name__key) > 0"

    def asked(text: str) -> str:
        """The query of the full text index."""
        return " & ".join(f"'{word}':*" for word in fold(text).split())


def insert_into(table: str, columns: tuple[str, ...]) -> str:
    """The statement that adds one row."""
    return marked(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})")
