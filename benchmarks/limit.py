"""The limit: a server written by hand for three tables, over the bare driver, that answers what ours answers.

It works on a copy of our database, so ids, columns, indexes and durability are the same. It knows one token,
keeps no rights, no change log and no search words, and takes only the requests that are measured. What it
costs is the least that a server in this language can cost.

LIMIT_DATABASE is a path of SQLite or a conninfo of PostgreSQL; LIMIT_TOKEN opens it; LIMIT_USER is its user.
"""

from __future__ import annotations

import csv
import io
import os
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson

PLACE, TOKEN = os.environ["LIMIT_DATABASE"], "Bearer " + os.environ["LIMIT_TOKEN"]
USER = UUID(os.environ["LIMIT_USER"])
IS_SQLITE = "=" not in PLACE
STAGES = frozenset({"new", "qualified", "proposal", "negotiation", "won", "lost"})
FILTER = re.compile(r'stage == "(\w+)" and amount >= (\d+)\Z')
API = "/api/v1/records/"
OWN = threading.local()
FACTS: dict[str, Any] = {}  # of the last request; a worker serves one at a time

if IS_SQLITE:
    import sqlite3

    BEGIN = "BEGIN IMMEDIATE"

    def connect() -> Any:
        """A connection with the settings of our own server."""
        driver = sqlite3.connect(PLACE, isolation_level=None, cached_statements=256, timeout=30)
        for pragma in (
            "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -65536",
            f"mmap_size = {256 << 20}",
        ):  # fmt: skip
            driver.execute(f"PRAGMA {pragma}")
        return driver

    def run(sql: str, values: Iterable[Any] = ()) -> Any:
        """The cursor of the statement."""
        return OWN.driver.execute(sql, values)

    def id_in(text: str) -> bytes:
        """The id as the database keeps it."""
        return UUID(text).bytes

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

    def day_out(raw: str) -> str:
        """A day is kept as it is shown."""
        return raw

    def instant_out(raw: str) -> str:
        """An instant is kept with six decimals."""
        return raw

    def now() -> str:
        """The instant, as the database keeps it."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def insert_all(rows: list[tuple[Any, ...]]) -> None:
        """All rows are in the table."""
        OWN.driver.executemany(INSERT, rows)

    WORDS = (
        "SELECT r.record FROM xrm_search_words w JOIN xrm_search r ON r.id = w.rowid"
        " WHERE w.xrm_search_words MATCH ?"
        " AND r.entity = (SELECT number FROM xrm_entity WHERE name = 'account')"
    )
    CONTAINS = "instr(a.name__key, ?) > 0"
    SUM_OUT: Callable[[Any], str] = amount_out

    def asked(text: str) -> str:
        """The query of the full text index."""
        return "{s0 s1} : (" + " AND ".join(f'"{word}"*' for word in fold(text).split()) + ")"
else:
    import psycopg

    BEGIN = "BEGIN"

    def connect() -> Any:
        """A connection that prepares its statements at once."""
        return psycopg.connect(PLACE, autocommit=True, prepare_threshold=1, options="-c timezone=UTC")

    def run(sql: str, values: Iterable[Any] = ()) -> Any:
        """The cursor of the statement."""
        return OWN.driver.execute(sql.replace("?", "%s"), values)

    def id_in(text: str) -> UUID:
        """The id as the driver takes it."""
        return UUID(text)

    id_out = str

    def amount_in(text: str) -> Decimal:
        """Exact."""
        return Decimal(text)

    amount_out = str
    day_out = date.isoformat

    def instant_out(raw: datetime) -> str:
        """Without the offset, which is none."""
        return raw.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def now() -> datetime:
        """The instant."""
        return datetime.now(UTC)

    def insert_all(rows: list[tuple[Any, ...]]) -> None:
        """All rows are in the table."""
        with OWN.driver.cursor().copy(f"COPY bench__deal ({', '.join(STORED)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    WORDS = (
        "SELECT record FROM xrm_search WHERE document @@ ?::tsquery"
        " AND entity = (SELECT number FROM xrm_entity WHERE name = 'account')"
    )
    CONTAINS = "position(? in a.name__key) > 0"
    SUM_OUT = str

    def asked(text: str) -> str:
        """The query of the full text index."""
        return " & ".join(f"'{word}':*" for word in fold(text).split())


STORED = (
    "id", "version", "title", "title__key", "created_at", "created_by", "updated_at", "updated_by", "name",
    "name__key", "amount", "stage", "close_date", "account", "contact",
)  # fmt: skip
INSERT = f"INSERT INTO bench__deal ({', '.join(STORED)}) VALUES ({', '.join('?' * len(STORED))})"
POINTED = (
    " FROM bench__deal d LEFT JOIN bench__account a ON a.id = d.account"
    " LEFT JOIN bench__contact c ON c.id = d.contact"
)
BRIEF = (
    f"SELECT d.id, d.name, d.amount, d.stage, d.close_date, d.account, a.title, d.contact, c.title{POINTED}"
)
NAMED = BRIEF.replace(POINTED, f", a.name, c.first_name, c.last_name{POINTED}")
SYSTEM = (
    "{0}.id, {0}.version, {0}.title, {0}.external_key, {0}.created_at, {0}.created_by, u.title,"
    " {0}.updated_at, {0}.updated_by, v.title, {0}.deleted_at"
)
PEOPLE = " LEFT JOIN xrm_user u ON u.id = {0}.created_by LEFT JOIN xrm_user v ON v.id = {0}.updated_by"
FULL = (
    f"SELECT {SYSTEM.format('d')}, d.name, d.amount, d.stage, d.close_date, d.account, a.title, d.contact,"
    f" c.title{POINTED}{PEOPLE.format('d')}"
)
ACCOUNT = (
    f"SELECT {SYSTEM.format('a')}, a.name, a.industry, a.country, a.revenue, a.employees"
    f" FROM bench__account a{PEOPLE.format('a')}"
)
CONTACT = (
    f"SELECT {SYSTEM.format('c')}, c.first_name, c.last_name, c.email, c.phone, c.account, a.title"
    f" FROM bench__contact c LEFT JOIN bench__account a ON a.id = c.account{PEOPLE.format('c')}"
)
LIVE = " WHERE d.deleted_at IS NULL"
NEWEST = " ORDER BY d.close_date DESC NULLS LAST, d.id DESC LIMIT 51"
MATCHING = f"{LIVE} AND d.stage = ? AND d.amount >= ?"


def fold(text: str) -> str:
    """The text without case and marks, by which it is sorted and found."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def new_id() -> UUID:
    """An id that begins with the time."""
    return UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | 2 << 62 | int.from_bytes(os.urandom(7)))


def pointer(raw: Any, entity: str, title: Any) -> Any:
    """A lookup as JSON shows it."""
    return None if raw is None else {"id": id_out(raw), "entity": entity, "title": title}


def brief(row: Any) -> dict[str, Any]:
    """A deal with what a list shows of it."""
    return {
        "id": id_out(row[0]),
        "name": row[1],
        "amount": amount_out(row[2]),
        "stage": row[3],
        "close_date": day_out(row[4]),
        "account": pointer(row[5], "account", row[6]),
        "contact": pointer(row[7], "contact", row[8]),
    }


def system(row: Any) -> dict[str, Any]:
    """What every record has."""
    return {
        "id": id_out(row[0]),
        "version": row[1],
        "title": row[2],
        "external_key": row[3],
        "created_at": instant_out(row[4]),
        "created_by": pointer(row[5], "user", row[6]),
        "updated_at": instant_out(row[7]),
        "updated_by": pointer(row[8], "user", row[9]),
        "deleted_at": row[10],
    }


def full_deal(row: Any) -> dict[str, Any]:
    """A deal with everything."""
    return {
        **system(row),
        "name": row[11],
        "amount": amount_out(row[12]),
        "stage": row[13],
        "close_date": day_out(row[14]),
        "account": pointer(row[15], "account", row[16]),
        "contact": pointer(row[17], "contact", row[18]),
    }


def named(row: Any) -> dict[str, Any]:
    """A deal with the names of the records it points at."""
    made = brief(row)
    made["account"]["name"] = row[9]
    made["contact"] |= {"first_name": row[10], "last_name": row[11]}
    return made


def full_contact(row: Any) -> dict[str, Any]:
    """A contact with everything."""
    return {
        **system(row),
        "first_name": row[11],
        "last_name": row[12],
        "email": row[13],
        "phone": row[14],
        "account": pointer(row[15], "account", row[16]),
    }


def full_account(row: Any) -> dict[str, Any]:
    """An account with everything."""
    return {
        **system(row),
        "name": row[11],
        "industry": row[12],
        "country": row[13],
        "revenue": amount_out(row[14]),
        "employees": row[15],
    }


# --- reading ------------------------------------------------------------------------------------------


def one(record: str) -> Any:
    """One deal, or nothing."""
    row = run(f"{FULL} WHERE d.id = ?", (id_in(record),)).fetchone()
    return None if row is None else full_deal(row)


def one_brief(record: str) -> Any:
    """One deal with some of its fields, or nothing."""
    row = run(f"{BRIEF} WHERE d.id = ?", (id_in(record),)).fetchone()
    return None if row is None else brief(row)


def page(rows: list[Any], show: Callable[[Any], dict[str, Any]], most: int = 50) -> dict[str, Any]:
    """A page, and where the next one begins."""
    shown = [show(row) for row in rows[:most]]
    more = f"{shown[-1].get('close_date')}_{shown[-1]['id']}" if len(rows) > most else None
    return {"data": shown, "next": more}


def deals(asked_for: dict[str, str]) -> dict[str, Any]:
    """A list of deals."""
    if "cursor" in asked_for:
        day, _, record = asked_for["cursor"].partition("_")
        day_in: Any = day if IS_SQLITE else date.fromisoformat(day)
        rows = run(f"{BRIEF}{LIVE} AND (d.close_date, d.id) < (?, ?){NEWEST}", (day_in, id_in(record)))
        return page(rows.fetchall(), brief)
    if "aggregate" in asked_for:
        return groups()
    values = wanted(asked_for)
    if "account.name" in asked_for["fields"]:
        return page(run(f"{NAMED}{MATCHING}{NEWEST}", values).fetchall(), named)
    if "expand" in asked_for:
        return expanded(run(f"{BRIEF}{MATCHING}{NEWEST}", values).fetchall())
    made = page(run(f"{BRIEF}{MATCHING}{NEWEST}", values).fetchall(), brief)
    if "count" in asked_for:
        found = run(f"SELECT count(*) FROM bench__deal d{MATCHING}", values).fetchone()[0]
        made |= {"count": found, "count_is": "exact"}
    return made


def expanded(rows: list[Any]) -> dict[str, Any]:
    """A page of deals with the whole records they point at."""
    made = page(rows, brief)
    far = whole(f"{ACCOUNT} WHERE a.id", {row[5] for row in rows[:50]}, full_account)
    far |= whole(f"{CONTACT} WHERE c.id", {row[7] for row in rows[:50]}, full_contact)
    for deal in made["data"]:
        deal["account"] |= far[deal["account"]["id"]]
        deal["contact"] |= far[deal["contact"]["id"]]
    return made


def whole(sql: str, ids: set[Any], show: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """These records by id."""
    if IS_SQLITE:
        rows = run(f"{sql} IN ({', '.join('?' * len(ids))})", tuple(ids))
    else:
        rows = run(f"{sql} = ANY (?)", (list(ids),))
    return {made["id"]: made for made in map(show, rows)}


def wanted(asked_for: dict[str, str]) -> tuple[Any, Any]:
    """Stage and least amount of a list."""
    if "filter" in asked_for:
        found = FILTER.match(asked_for["filter"])
        if not found:
            raise ValueError("filter")
        return found[1], amount_in(found[2])
    return asked_for["f.stage"], amount_in(asked_for["f.amount.ge"])


def groups() -> dict[str, Any]:
    """Sum and number of deals by stage."""
    rows = run(f"SELECT stage, sum(amount), count(*) FROM bench__deal d{LIVE} GROUP BY stage ORDER BY stage")
    return {"data": [{"stage": s, "sum(amount)": SUM_OUT(total), "count()": n} for s, total, n in rows]}


def found_accounts(asked_for: dict[str, str]) -> dict[str, Any]:
    """Accounts by their words, or by a part of their name."""
    if "search" in asked_for:
        condition, value = f"a.id IN ({WORDS})", asked(asked_for["search"])
    else:
        condition, value = CONTAINS, fold(asked_for["f.name.contains"])
    where = f" WHERE a.deleted_at IS NULL AND {condition} ORDER BY a.title__key, a.id LIMIT 21"
    return page(run(ACCOUNT + where, (value,)).fetchall(), full_account, 20)


# --- writing ------------------------------------------------------------------------------------------


def row_of(deal: dict[str, Any], at: Any) -> tuple[Any, ...]:
    """The deal as a row; raises for one that does not fit."""
    name, amount, stage = deal["name"], amount_in(deal["amount"]), deal["stage"]
    if not (0 < len(name) <= 200 and amount >= 0 and stage in STAGES):
        raise ValueError("deal")
    day, key, user = date.fromisoformat(deal["close_date"]), fold(name), FACTS["user"]
    account, contact = id_in(deal["account"]), id_in(deal["contact"])
    made = new_id()
    return (
        made.bytes if IS_SQLITE else made,
        1, name, key, at, user, at, user, name, key, amount, stage, day.isoformat() if IS_SQLITE else day,
        account, contact,
    )  # fmt: skip


def create(body: bytes) -> tuple[str, Any]:
    """One deal, or many."""
    given, at = orjson.loads(body), now()
    if isinstance(given, list):
        rows = [row_of(deal, at) for deal in given]
        in_transaction(lambda: insert_all(rows))
        told = [{"entity": "deal", "id": id_out(r[0]), "version": 1, "outcome": "created"} for r in rows]
        return "201 Created", {"data": told}
    row = row_of(given, at)
    in_transaction(lambda: run(INSERT, row))
    return "201 Created", one(id_out(row[0]))


def update(record: str, body: bytes) -> tuple[str, Any]:
    """One deal has another amount."""
    amount = amount_in(orjson.loads(body)["amount"])
    change = (
        "UPDATE bench__deal SET amount = ?, version = version + 1, updated_at = ?, updated_by = ?"
        " WHERE id = ?"
    )
    in_transaction(lambda: run(change, (amount, now(), FACTS["user"], id_in(record))))
    return "200 OK", one(record)


def in_transaction(work: Callable[[], Any]) -> None:
    """The work is committed, or undone."""
    run(BEGIN)
    try:
        work()
    except BaseException:
        run("ROLLBACK")
        raise
    run("COMMIT")


def import_file(body: bytes) -> tuple[str, Any]:
    """Every line of the file is a deal."""
    at = now()
    lines = csv.DictReader(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""))
    rows = [row_of(line, at) for line in lines]
    in_transaction(lambda: insert_all(rows))
    return "201 Created", {"rows": len(rows)}


def define(body: bytes) -> tuple[str, Any]:
    """A column or a table of the given name exists."""
    given = orjson.loads(body)
    if not re.fullmatch(r"[a-z_0-9]{1,40}", given["name"]):
        raise ValueError("name")
    if given["kind"] == "field":
        run(f"ALTER TABLE bench__deal ADD COLUMN {given['name']} TEXT")
    else:
        run(f"CREATE TABLE {given['name']} (id {'BLOB' if IS_SQLITE else 'uuid'} PRIMARY KEY, name TEXT)")
    return "201 Created", {"name": given["name"]}


# --- the door -----------------------------------------------------------------------------------------


def answered(method: str, path: str, environ: dict[str, Any]) -> tuple[str, Any]:
    """Status and JSON of a request; raises KeyError and ValueError for what it does not take."""
    if method == "GET":
        return read(path, environ["QUERY_STRING"])
    body = environ["wsgi.input"].read()
    if path == f"{API}deal":
        return create(body)
    if path == "/import":
        return import_file(body)
    if path == "/define":
        return define(body)
    return update(path.removeprefix(f"{API}deal/"), body)


def read(path: str, query: str) -> tuple[str, Any]:
    """Status and JSON of a reading request."""
    if path == f"{API}deal":
        return "200 OK", deals(dict(parse_qsl(query)))
    if path == f"{API}account":
        return "200 OK", found_accounts(dict(parse_qsl(query)))
    record = path.removeprefix(f"{API}deal/")
    found = one_brief(record) if query else one(record)
    return ("200 OK", found) if found else ("404 Not Found", {})


def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    """One request."""
    if environ.get("HTTP_AUTHORIZATION") != TOKEN:
        start("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    if not hasattr(OWN, "driver"):
        OWN.driver = connect()
        FACTS["user"] = USER.bytes if IS_SQLITE else USER
    try:
        status, made = answered(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ)
    except (ValueError, KeyError) as error:
        status, made = "400 Bad Request", {"error": str(error)}
    body = orjson.dumps(made)
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
