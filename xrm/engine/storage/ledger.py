"""The engine's own tables, written by hand, for they must exist before any pack.

All names begin with `xrm_`. `user`, `team` and `unit` carry the system columns of records, so that packs can
point at them and the query service can read them like any entity; secrets lie in tables of their own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xrm.engine.storage.transactions import TransactionNumber
from xrm.engine.storage.types import (
    Boolean,
    Bytes,
    Code,
    Instant,
    Integer,
    Json,
    LongText,
    Text,
    Uuid,
)
from xrm.metadata.model import SHAREABLE

LEDGER = sa.MetaData()


def system_columns() -> list[sa.Column[Any]]:
    """The columns that every record has."""
    return [
        sa.Column("id", Uuid(), primary_key=True, nullable=False),
        sa.Column("version", Integer(), nullable=False),
        sa.Column("title", Text(), nullable=False),
        sa.Column("title__key", Text(), nullable=False),
        sa.Column("external_key", Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", Uuid()),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("updated_by", Uuid()),
        sa.Column("deleted_at", Instant()),
        sa.Column("deletion", Uuid()),
    ]


def _table(name: str, *parts: Any) -> sa.Table:
    counts = any(isinstance(part, sa.Column) and part.autoincrement is True for part in parts)
    return sa.Table(f"xrm_{name}", LEDGER, *parts, sqlite_autoincrement=counts)


def _serial(name: str) -> sa.Column[int]:
    """A number given by the database and never reused."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, primary_key=True, autoincrement=True)


def _points_to(name: str, target: str, *, nullable: bool = False, key: bool = False) -> sa.Column[Any]:
    there = sa.ForeignKey(target, deferrable=True, initially="DEFERRED")
    return sa.Column(name, Uuid(), there, nullable=nullable, primary_key=key)


def _role() -> sa.Column[Any]:
    return sa.Column("role", Code(), primary_key=True, nullable=False)


def _live(table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.deleted_at.is_(None)


# --- the installation and its model ---------------------------------------------------------------

INSTALLATION = _table(
    "installation",
    sa.Column("id", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("uuid", Uuid(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("model", Integer(), nullable=False),
    sa.Column("rights", Integer(), nullable=False),
    sa.Column("sessions", Integer(), nullable=False),
    sa.Column("name", Text()),
    sa.Column("guided", Boolean()),
)
ENTITY = _table(
    "entity",
    _serial("number"),
    sa.Column("name", Code(), nullable=False),
    sa.Column("gone", Boolean()),
)
FIELD = _table(
    "field",
    _serial("number"),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("name", Code(), nullable=False),
    sa.Column("slot", Integer()),
    sa.Column("gone", Boolean()),
)
SHADOW = _table(
    "shadow",
    sa.Column("number", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("entity", Integer()),
    sa.Column("member", Integer()),
    sa.Column("thing", Text(), nullable=False),
    sa.Column("table", Code(), nullable=False),
    sa.Column("was", Code(), nullable=False),
    sa.Column("columns", Json(), nullable=False),
    sa.Column("points", Json()),
    sa.Column("definition", Json()),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("until", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
    sa.Column("turned", Json()),
)
FORMER = _table(
    "former",
    sa.Column("entity", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("field", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("name", Code(), primary_key=True, nullable=False),
    sa.Column("since", Instant(), nullable=False),
)
USE = _table(
    "use",
    sa.Column("day", Code(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("field", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("how", Code(), primary_key=True, nullable=False),
    sa.Column("name", Code(), primary_key=True, nullable=False),
    sa.Column("count", Integer(), nullable=False),
)
CONTENT = _table(
    "content",
    sa.Column("hash", Code(), primary_key=True, nullable=False),
    sa.Column("documents", Json(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
)
LAYER = _table(
    "layer",
    sa.Column("name", Code(), primary_key=True, nullable=False),
    sa.Column("ordinal", Integer(), nullable=False),
    sa.Column("version", Code(), nullable=False),
    sa.Column("content", Code(), sa.ForeignKey("xrm_content.hash"), nullable=False),
    sa.Column("installed_at", Instant(), nullable=False),
    sa.Column("installed_by", Uuid()),
)
# Answers to the conflicts of upgrades; the table had its name before decisions were about values.
ANSWER = _table(
    "decision",
    sa.Column("mark", Code(), primary_key=True, nullable=False),
    sa.Column("layer", Code(), nullable=False),
    sa.Column("document", Text(), nullable=False),
    sa.Column("path", LongText(), nullable=False),
    sa.Column("pack", Code(), nullable=False),
    sa.Column("choice", Code(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
)
DRAFT = _table(
    "draft", sa.Column("id", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("version", Integer(), nullable=False), sa.Column("base", Code(), nullable=False),
    sa.Column("documents", Json(), nullable=False), sa.Column("begun_at", Instant(), nullable=False),
    sa.Column("begun_by", Uuid()), sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("changed_by", Uuid()),
)  # fmt: skip
ACTIVATION = _table(
    "activation",
    _serial("number"),
    sa.Column("fingerprint", Code(), nullable=False),
    sa.Column("plan", Code(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
    sa.Column("door", Code()),
    sa.Column("layers", Json()),
    sa.Column("names", Json()),
    sa.Column("sentences", Json()),
    sa.Column("position", sa.BigInteger()),
)
JOURNAL = _table(
    "journal",
    _serial("number"),
    sa.Column("plan", Code(), nullable=False),
    sa.Column("step", LongText(), nullable=False),
    sa.Column("sql", LongText(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("phase", Code()),
)
RESTORE = _table(
    "restore",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("archive", Code(), nullable=False),
    sa.Column("made_at", Instant(), nullable=False),
    sa.Column("begun_at", Instant(), nullable=False),
    sa.Column("finished_at", Instant()),
)

# --- what happened ----------------------------------------------------------------------------------

CHANGE = _table(
    "change",
    _serial("position"),
    sa.Column("transaction", sa.BigInteger(), server_default=TransactionNumber(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
    sa.Column("door", Code(), nullable=False),
    sa.Column("cause", Text()),
    sa.Column("reason", LongText()),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("record", Uuid(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
    sa.Column("operation", Code(), nullable=False),
    sa.Column("title", Text()),
    sa.Column("before", Json(), nullable=False),
    sa.Column("after", Json(), nullable=False),
    sa.Column("act", Uuid()),
)
CONSUMER = _table(
    "consumer", sa.Column("name", Code(), primary_key=True, nullable=False),
    *(sa.Column(name, Integer(), nullable=False) for name in ("transaction", "position")),
    sa.Column("updated_at", Instant(), nullable=False),
)  # fmt: skip
DELETION = _table(
    "deletion",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("record", Uuid(), nullable=False),
)
DELETED = _table(
    "deleted",
    sa.Column("deletion", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), primary_key=True, nullable=False),
    sa.Column("record", Uuid(), primary_key=True, nullable=False),
)
# A record that was merged into another one, which answers for it, and what went over besides changes of records.
MERGE = _table(
    "merge",
    sa.Column("record", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("kept", Uuid(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Uuid()),
)
MERGED = _table(
    "merged", sa.Column("record", Uuid(), primary_key=True, nullable=False),
    *(sa.Column(name, kind, primary_key=True, nullable=False) for name, kind in (("what", Code()), ("thing", Uuid()))),
)  # fmt: skip
COUNTER = _table(
    "counter",
    sa.Column("entity", Integer(), primary_key=True, nullable=False),
    sa.Column("field", Integer(), primary_key=True, nullable=False),
    sa.Column("scope", Code(), primary_key=True, nullable=False),
    sa.Column("value", Integer(), nullable=False),
)
FILE = _table(
    "file",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("sha256", Code(), nullable=False),
    sa.Column("size", Integer(), nullable=False),
    sa.Column("media_type", Code(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("entity", Integer()),
    sa.Column("record", Uuid()),
    sa.Column("field", Integer()),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("created_by", Uuid()),
)

# --- people -----------------------------------------------------------------------------------------

UNIT = _table(
    "unit",
    *system_columns(),
    sa.Column("name", Text(), nullable=False),
    sa.Column("name__key", Text(), nullable=False),
    _points_to("parent", "xrm_unit.id", nullable=True),
)
USER = _table(
    "user",
    *system_columns(),
    sa.Column("name", Text(), nullable=False),
    sa.Column("name__key", Text(), nullable=False),
    sa.Column("email", Text(), nullable=False),
    sa.Column("email__key", Text(), nullable=False),
    sa.Column("active", Boolean(), nullable=False),
    sa.Column("language", Code()),
    sa.Column("zone", Code()),
    _points_to("unit", "xrm_unit.id", nullable=True),
    _points_to("manager", "xrm_user.id", nullable=True),
)
TEAM = _table(
    "team",
    *system_columns(),
    sa.Column("name", Text(), nullable=False),
    sa.Column("name__key", Text(), nullable=False),
    _points_to("unit", "xrm_unit.id", nullable=True),
)
TEAM_MEMBER = _table(
    "team_member",
    _points_to("team", "xrm_team.id", key=True),
    _points_to("user", "xrm_user.id", key=True),
)
USER_ROLE = _table("user_role", _points_to("user", "xrm_user.id", key=True), _role())
TEAM_ROLE = _table("team_role", _points_to("team", "xrm_team.id", key=True), _role())
SHARE = _table(
    "share",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("record", Uuid(), nullable=False),
    _points_to("user", "xrm_user.id", nullable=True),
    _points_to("team", "xrm_team.id", nullable=True),
    *(sa.Column(f"may_{operation}", Boolean(), nullable=False) for operation in SHAREABLE),
    sa.Column("by", Uuid(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
)
CREDENTIAL = _table(
    "credential",
    _points_to("user", "xrm_user.id", key=True),
    sa.Column("password", Code(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("must_change", Boolean(), nullable=False),
)
PASSWORD_LINK = _table(
    "password_link",
    _points_to("user", "xrm_user.id", key=True),
    sa.Column("hash", Bytes(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("created_by", Uuid(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
)
SESSION = _table(
    "session",
    sa.Column("hash", Bytes(), primary_key=True, nullable=False),
    _points_to("user", "xrm_user.id"),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
    sa.Column("address", Code()),
    sa.Column("agent", Text()),
    sa.Column("seen_at", Instant()),
)
TOKEN = _table(
    "token",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("hash", Bytes(), nullable=False),
    _points_to("user", "xrm_user.id"),
    sa.Column("name", Text(), nullable=False),
    sa.Column("prefix", Code(), nullable=False),
    sa.Column("roles", Json()),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant()),
    sa.Column("revoked_at", Instant()),
    sa.Column("used_at", Instant()),
)
ATTEMPT = _table(
    "attempt", _serial("number"), sa.Column("key", Text(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
)  # fmt: skip
IDEMPOTENCY = _table(
    "idempotency",
    sa.Column("actor", Uuid(), primary_key=True, nullable=False),
    sa.Column("key", Text(), primary_key=True, nullable=False),
    sa.Column("digest", Code(), nullable=False),
    sa.Column("status", Integer()),
    sa.Column("headers", Json()),
    sa.Column("body", Bytes()),
    sa.Column("job", Uuid()),
    sa.Column("created_at", Instant(), nullable=False),
)

# --- what people say about records, and which records they keep ------------------------------------

COMMENT = _table(
    "comment",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("record", Uuid(), nullable=False),
    _points_to("author", "xrm_user.id"),
    sa.Column("text", LongText(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("edited_at", Instant()),
)
MENTION = _table(
    "mention", _points_to("comment", "xrm_comment.id", key=True), _points_to("user", "xrm_user.id", key=True),
)  # fmt: skip
MARK = _table(
    "mark",
    _points_to("user", "xrm_user.id", key=True),
    sa.Column("kind", Code(), primary_key=True, nullable=False),
    sa.Column("record", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("position", Integer()),
)

# --- how people look at records ---------------------------------------------------------------------

VIEW = _table(
    "view",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("entity", Integer(), nullable=False),
    sa.Column("scope", Code(), nullable=False),
    sa.Column("role", Code()),
    _points_to("owner", "xrm_user.id"),
    sa.Column("name", Text(), nullable=False),
    sa.Column("asked", Json(), nullable=False),
    sa.Column("uses", Json(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("updated_at", Instant(), nullable=False),
)
PREFERENCE = _table(
    "preference",
    _points_to("user", "xrm_user.id", key=True),
    sa.Column("entity", Integer(), primary_key=True, nullable=False, autoincrement=False),
    sa.Column("name", Code(), primary_key=True, nullable=False),
    sa.Column("value", Text(), nullable=False),
)

# --- background work --------------------------------------------------------------------------------

JOB = _table(
    "job",
    sa.Column("id", Uuid(), primary_key=True, nullable=False),
    sa.Column("kind", Code(), nullable=False),
    sa.Column("label", Text()),
    sa.Column("params", Json(), nullable=False),
    sa.Column("state", Code(), nullable=False),
    sa.Column("done", Integer(), nullable=False),
    sa.Column("total", Integer()),
    sa.Column("result", Json()),
    sa.Column("problems", Json()),
    sa.Column("actor", Uuid()),
    sa.Column("authority", Json(), nullable=False),
    sa.Column("attempt", Integer(), nullable=False),
    sa.Column("worker", Code()),
    sa.Column("cancel_requested", Boolean(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("started_at", Instant()),
    sa.Column("finished_at", Instant()),
)
WORKER = _table(
    "worker", sa.Column("name", Code(), primary_key=True, nullable=False),
    sa.Column("about", Text(), nullable=False), sa.Column("started_at", Instant(), nullable=False),
    sa.Column("beat_at", Instant(), nullable=False),
)  # fmt: skip
WAITING = _table(
    "waiting", _serial("number"), sa.Column("job", Uuid(), nullable=False),
    *(sa.Column(name, Integer(), nullable=False) for name in ("entity", "field")),
    sa.Column("trail", Json(), nullable=False), sa.Column("ends", Json(), nullable=False),
    sa.Column("mark", Code(), nullable=False), sa.Column("after", Uuid()),
    sa.Column("refused", Boolean(), nullable=False), sa.Column("at", Instant(), nullable=False),
)  # fmt: skip

# --- indexes: the name says the columns -------------------------------------------------------------


def _index(table: sa.Table, *columns: str, unique: bool = False, where: Any = None) -> None:
    kind = "uq" if unique else "ix"
    sa.Index(
        f"{kind}_{table.name}__{'_'.join(columns)}",
        *(table.c[name] for name in columns),
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


_index(ENTITY, "name", unique=True)
_index(FIELD, "entity", "name", unique=True)
_index(CHANGE, "record", "position")
_index(CHANGE, "transaction", "position")
_index(DELETED, "record")
_index(MERGE, "kept")
_index(FILE, "record")
_index(FILE, "sha256")
_index(USER, "email__key", unique=True, where=_live(USER))
_index(USER, "external_key", unique=True, where=_live(USER))
_index(USER, "title__key", "id", where=_live(USER))
_index(USER, "unit")
_index(TEAM, "name__key", unique=True, where=_live(TEAM))
_index(TEAM, "external_key", unique=True, where=_live(TEAM))
_index(UNIT, "name__key", unique=True, where=_live(UNIT))
_index(UNIT, "external_key", unique=True, where=_live(UNIT))
_index(TEAM_MEMBER, "user")
_index(SHARE, "record")
_index(SHARE, "user")
_index(SHARE, "team")
_index(PASSWORD_LINK, "hash", unique=True)
_index(SESSION, "user")
_index(TOKEN, "hash", unique=True)
_index(TOKEN, "user")
_index(ATTEMPT, "key", "at")
_index(IDEMPOTENCY, "created_at")
_index(COMMENT, "record", "created_at", "id")
_index(MENTION, "user")
_index(MARK, "user", "kind", "at")
_index(VIEW, "entity", "scope")
_index(VIEW, "owner")
_index(JOB, "state", "created_at")
_index(JOB, "actor", "created_at")
_index(WAITING, "job")
