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
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from benchmarks.limit_driver import (
    BEGIN,
    CONTAINS,
    DAY_AND_ID,
    ID_BYTES,
    IS_SQLITE,
    WORDS,
    amount_in,
    amount_out,
    asked,
    connect,
    fold,
    id_in,
    id_made,
    id_out,
    insert_all,
    insert_into,
    instant_shown,
    marked,
    shown,
)  # fmt: skip

TOKEN = "Bearer " + os.environ["LIMIT_TOKEN"]
USER = os.environ["LIMIT_USER"]
STAGES = frozenset({"new", "qualified", "proposal", "negotiation", "won", "lost"})
FILTER = re.compile(r'stage == "(\w+)" and amount >= (\d+)\Z')
API = "/api/v1/records/"
OWN = threading.local()

# --- statements ---------------------------------------------------------------------------------------

DEALS = "bench__deal"
STORED = (
    "id", "version", "title", "title__key", "created_at", "created_by", "updated_at", "updated_by", "name",
    "name__key", "amount", "stage", "close_date", "account", "contact",
)  # fmt: skip
INSERT = insert_into(DEALS, STORED)
POINTED = (
    " FROM bench__deal d LEFT JOIN bench__account a ON a.id = d.account"
    " LEFT JOIN bench__contact c ON c.id = d.contact"
)
BRIEF = (
    f"SELECT {shown('d.id')}, d.name, {shown('d.amount')}, d.stage, {shown('d.close_date')},"
    f" {shown('d.account')}, a.title, {shown('d.contact')}, c.title{POINTED}"
)
NAMED = BRIEF.replace(POINTED, f", a.name, c.first_name, c.last_name{POINTED}")
PEOPLE = " LEFT JOIN xrm_user u ON u.id = {0}.created_by LEFT JOIN xrm_user v ON v.id = {0}.updated_by"


def system_columns(alias: str) -> str:
    """What is selected of every whole record."""
    made, changed, gone = (instant_shown(f"{alias}.{x}_at") for x in ("created", "updated", "deleted"))
    return (
        f"{shown(f'{alias}.id')}, {alias}.version, {alias}.title, {alias}.external_key,"
        f" {made}, {shown(f'{alias}.created_by')}, u.title,"
        f" {changed}, {shown(f'{alias}.updated_by')}, v.title, {gone}"
    )


FULL = (
    f"SELECT {system_columns('d')}, d.name, {shown('d.amount')}, d.stage, {shown('d.close_date')},"
    f" {shown('d.account')}, a.title, {shown('d.contact')}, c.title{POINTED}{PEOPLE.format('d')}"
)
ACCOUNT = (
    f"SELECT {system_columns('a')}, a.name, a.industry, a.country, {shown('a.revenue')}, a.employees"
    f" FROM bench__account a{PEOPLE.format('a')}"
)
CONTACT = (
    f"SELECT {system_columns('c')}, c.first_name, c.last_name, c.email, c.phone, {shown('c.account')}, a.title"
    f" FROM bench__contact c LEFT JOIN bench__account a ON a.id = c.account{PEOPLE.format('c')}"
)
LIVE = " WHERE d.deleted_at IS NULL"
NEWEST = " ORDER BY d.close_date DESC NULLS LAST, d.id DESC LIMIT 51"
MATCHING = f"{LIVE} AND d.stage = ? AND d.amount >= ?"
FIRST_ACCOUNTS = " ORDER BY a.title__key, a.id LIMIT 21"

ONE, ONE_BRIEF = marked(f"{FULL} WHERE d.id = ?"), marked(f"{BRIEF} WHERE d.id = ?")
LIST, LIST_NAMED = marked(f"{BRIEF}{MATCHING}{NEWEST}"), marked(f"{NAMED}{MATCHING}{NEWEST}")
LIST_AFTER = marked(f"{BRIEF}{LIVE} AND (d.close_date, d.id) < {DAY_AND_ID}{NEWEST}")
COUNT = marked(f"SELECT count(*) FROM bench__deal d{MATCHING}")
GROUPS = (
    f"SELECT stage, {shown('sum(amount)')}, count(*) FROM bench__deal d{LIVE} GROUP BY stage ORDER BY stage"
)
FOUND = marked(f"{ACCOUNT} WHERE a.deleted_at IS NULL AND a.id IN ({WORDS}){FIRST_ACCOUNTS}")
CONTAINING = marked(f"{ACCOUNT} WHERE a.deleted_at IS NULL AND {CONTAINS}{FIRST_ACCOUNTS}")
CHANGE = marked(
    "UPDATE bench__deal SET amount = ?, version = version + 1, updated_at = ?, updated_by = ? WHERE id = ?"
)


def with_answer(write: str) -> str:
    """PostgreSQL writes and answers in one statement."""
    return f"WITH d AS ({write} RETURNING *) {FULL.replace('bench__deal d', 'd')}"


ANSWERED = {sql: with_answer(sql) for sql in (INSERT, CHANGE)}


def run(sql: str, values: Iterable[Any] = ()) -> Any:
    """The cursor of the statement."""
    return OWN.cursor.execute(sql, values)


def new_id() -> bytes:
    """An id that begins with the time."""
    chance = int.from_bytes(os.urandom(7))
    return (time.time_ns() // 1_000_000 << 80 | 7 << 76 | 2 << 62 | chance).to_bytes(ID_BYTES)


def now() -> str:
    """The instant, as it is shown and on SQLite kept."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


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
        "close_date": row[4],
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
        "created_at": row[4],
        "created_by": pointer(row[5], "user", row[6]),
        "updated_at": row[7],
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
        "close_date": row[14],
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
    row = run(ONE, (id_in(record),)).fetchone()
    return None if row is None else full_deal(row)


def one_brief(record: str) -> Any:
    """One deal with some of its fields, or nothing."""
    row = run(ONE_BRIEF, (id_in(record),)).fetchone()
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
        return page(run(LIST_AFTER, (day, id_in(record))).fetchall(), brief)
    if "aggregate" in asked_for:
        return groups()
    values = wanted(asked_for)
    if "account.name" in asked_for["fields"]:
        return page(run(LIST_NAMED, values).fetchall(), named)
    if "expand" in asked_for:
        return expanded(run(LIST, values).fetchall())
    made = page(run(LIST, values).fetchall(), brief)
    if "count" in asked_for:
        found = run(COUNT, values).fetchone()[0]
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
        rows = run(f"{sql} = ANY (%s::uuid[])", (list(ids),))
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
    rows = run(GROUPS).fetchall()
    return {"data": [{"stage": s, "sum(amount)": amount_out(total), "count()": n} for s, total, n in rows]}


def found_accounts(asked_for: dict[str, str]) -> dict[str, Any]:
    """Accounts by their words, or by a part of their name."""
    if "search" in asked_for:
        rows = run(FOUND, (asked(asked_for["search"]),))
    else:
        rows = run(CONTAINING, (fold(asked_for["f.name.contains"]),))
    return page(rows.fetchall(), full_account, 20)


# --- writing ------------------------------------------------------------------------------------------


def row_of(deal: dict[str, Any], at: str) -> tuple[Any, ...]:
    """The deal as a row; raises for one that does not fit."""
    name, amount, stage, day = deal["name"], deal["amount"], deal["stage"], deal["close_date"]
    if not (0 < len(name) <= 200 and amount[0] != "-" and stage in STAGES):
        raise ValueError("deal")
    date.fromisoformat(day)
    key, user = fold(name), OWN.user
    return (
        id_made(new_id()), 1, name, key, at, user, at, user, name, key, amount_in(amount), stage, day,
        id_in(deal["account"]), id_in(deal["contact"]),
    )  # fmt: skip


def create(body: bytes) -> tuple[str, Any]:
    """One deal, or many."""
    given, at = orjson.loads(body), now()
    if isinstance(given, list):
        rows = [row_of(deal, at) for deal in given]
        in_transaction(lambda: insert_all(OWN.cursor, DEALS, STORED, rows))
        told = [{"entity": "deal", "id": id_out(r[0]), "version": 1, "outcome": "created"} for r in rows]
        return "201 Created", {"data": told}
    row = row_of(given, at)
    return "201 Created", written(INSERT, row, row[0])


def update(record: str, body: bytes) -> tuple[str, Any]:
    """One deal has another amount."""
    amount, key = amount_in(orjson.loads(body)["amount"]), id_in(record)
    return "200 OK", written(CHANGE, (amount, now(), OWN.user, key), key)


def written(sql: str, values: tuple[Any, ...], key: Any) -> dict[str, Any]:
    """The deal after the statement, which is a transaction of its own."""
    if IS_SQLITE:
        run(sql, values)
        return full_deal(run(ONE, (key,)).fetchone())
    return full_deal(run(ANSWERED[sql], values).fetchone())


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
    in_transaction(lambda: insert_all(OWN.cursor, DEALS, STORED, rows))
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
        OWN.cursor = OWN.driver.cursor()
        OWN.user = id_in(USER)
    try:
        status, made = answered(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ)
    except (ValueError, KeyError) as error:
        status, made = "400 Bad Request", {"error": str(error)}
    body = orjson.dumps(made)
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
