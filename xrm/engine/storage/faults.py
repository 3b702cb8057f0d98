"""What the databases say when they refuse, translated once into our words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import psycopg
import sqlalchemy as sa

from xrm.errors import Conflict, Invalid, Place, Problem, Unavailable, XrmError
from xrm.metadata.model import Label, text_of

RETRY_AFTER = 2
UNIQUE, FOREIGN_KEY, CHECK, EXCLUSION = "unique", "foreign_key", "check", "exclusion"
DRIVER_ERRORS = (sqlite3.Error, psycopg.Error, sa.exc.DBAPIError)
_CROWDED = "54011"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a constraint stands for: the entity, its key or relationship, and the fields involved."""

    kind: str
    entity: str
    name: str
    fields: tuple[str, ...]
    message: Label = field(default_factory=dict)


Meanings = Mapping[str, Meaning]
NO_MEANINGS: Meanings = MappingProxyType({})


def is_crowded(error: BaseException) -> bool:
    """Whether a table has no room for a column: PostgreSQL counts those that were dropped, and nobody else can."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return getattr(cause, "sqlstate", "") == _CROWDED or str(cause).startswith("too many columns on ")


def translate(error: BaseException, meanings: Meanings = NO_MEANINGS) -> XrmError:
    """The refusal that a caller can understand, made from a driver's error."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause, meanings)
    if isinstance(cause, psycopg.Error):
        return _from_postgresql(cause, meanings)
    raise error


# --- SQLite -----------------------------------------------------------------------------------------

_SQLITE_KINDS = {
    "SQLITE_CONSTRAINT_UNIQUE": UNIQUE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": UNIQUE,
    "SQLITE_CONSTRAINT_ROWID": UNIQUE,
    "SQLITE_CONSTRAINT_FOREIGNKEY": FOREIGN_KEY,
    "SQLITE_CONSTRAINT_CHECK": CHECK,
}


def _from_sqlite(error: sqlite3.Error, meanings: Meanings) -> XrmError:
    name = getattr(error, "sqlite_errorname", "")
    if name in _SQLITE_KINDS:
        return _broken(_SQLITE_KINDS[name], _sqlite_constraint(str(error)), meanings)
    if re.match("no such (column|table):", str(error)):
        return _outdated()
    base = "_".join(name.split("_")[:2])
    if base in _SQLITE_STATES:
        return _SQLITE_STATES[base]()
    raise error


def _sqlite_constraint(message: str) -> str:
    """`UNIQUE constraint failed: t.a, t.b` names columns; a check names itself; a foreign key nothing."""
    found = re.search(r"constraint failed: (?:index ')?([^']+)", message)
    return found.group(1) if found else ""


# --- PostgreSQL -------------------------------------------------------------------------------------

_POSTGRESQL_KINDS = {"23505": UNIQUE, "23503": FOREIGN_KEY, "23514": CHECK, "23P01": EXCLUSION}


def _from_postgresql(error: psycopg.Error, meanings: Meanings) -> XrmError:
    state = error.sqlstate or ""
    if state in _POSTGRESQL_KINDS:
        return _broken(_POSTGRESQL_KINDS[state], error.diag.constraint_name or "", meanings)
    known = _POSTGRESQL_STATES.get(state) or _POSTGRESQL_CLASSES.get(state[:2])
    if known is not None:
        return known()
    if "cached plan" in str(error):  # of a statement that was prepared before its columns became others
        return _outdated()
    if not state and isinstance(error, psycopg.OperationalError):
        return _lost()
    raise error


# --- our words --------------------------------------------------------------------------------------


def _broken(kind: str, constraint: str, meanings: Meanings) -> XrmError:
    meaning = meanings.get(constraint, Meaning(kind, "", constraint, ()))
    facts = {
        "kind": kind,
        "constraint": constraint,
        "entity": meaning.entity,
        "key": meaning.name,
        "fields": meaning.fields,
    }
    where = Place(path=meaning.fields[0] if meaning.fields else "")
    return _KINDS[kind](meaning, where, facts)


def _clash(meaning: Meaning, where: Place, facts: Mapping[str, object]) -> XrmError:
    named = " and ".join(meaning.fields) or "key"
    otherwise = f"Another record has the same {named}."
    message = text_of(meaning.message, "en", otherwise)
    return Conflict(
        Problem("R140", message, "Change the value, or change the other record.", where), facts=facts
    )


def _dangling(meaning: Meaning, where: Place, facts: Mapping[str, object]) -> XrmError:
    message = "A record that this one points to is gone, or a record still points to this one."
    return Conflict(
        Problem("R141", message, "Read the records again and choose another.", where), facts=facts
    )


def _unfit(meaning: Meaning, where: Place, facts: Mapping[str, object]) -> XrmError:
    message = f"The values of {' and '.join(meaning.fields) or meaning.name} do not go together."
    return Invalid(Problem("R142", message, "Give a value to one of them only.", where), facts=facts)


_KINDS: Mapping[str, Callable[[Meaning, Place, Mapping[str, object]], XrmError]] = {
    UNIQUE: _clash,
    EXCLUSION: _clash,
    FOREIGN_KEY: _dangling,
    CHECK: _unfit,
}


def _out(code: str, message: str, hint: str, status: int = 503, *, retry: bool = False) -> XrmError:
    facts = {"status": status, "retry_after": RETRY_AFTER, "retry": retry}
    return Unavailable(Problem(code, message, hint), facts=facts)


def _busy() -> XrmError:
    return _out("R163", "The database was busy for too long.", "Try again.", retry=True)


def _lost() -> XrmError:
    return _out("R164", "The database cannot be reached.", "Try again; if it lasts, run xrm doctor.")


def _late() -> XrmError:
    return _out("R165", "The database took too long to answer.", "Ask for less, or use a narrower filter.")


def _outdated() -> XrmError:
    """A request reads by the definitions that it began with, and those may have changed."""
    message = "What this asks for is stored otherwise by now, or not at all."
    problem = Problem(
        "R185", message, "Load the page again, or repeat the request; if it lasts, run xrm doctor."
    )
    return Conflict(problem, facts={"retry_after": 1})


def _full() -> XrmError:
    return _out("R166", "The disk of the database is full; nothing was written.", "Make room.", 507)


def _broken_disk() -> XrmError:
    return _out("R167", "The disk of the database failed; nothing was written.", "Run xrm doctor.", 507)


def _too_big() -> XrmError:
    message = "A value is too large for the database."
    return Invalid(Problem("R160", message, "Shorten the text or choose a smaller number."))


def _unstorable() -> XrmError:
    return Invalid(Problem("R161", "A text holds a character that cannot be stored.", "Remove it."))


_SQLITE_STATES: Mapping[str, Callable[[], XrmError]] = {
    "SQLITE_BUSY": _busy,
    "SQLITE_LOCKED": _busy,
    "SQLITE_FULL": _full,
    "SQLITE_IOERR": _broken_disk,
    "SQLITE_READONLY": _broken_disk,
    "SQLITE_CANTOPEN": _lost,
    "SQLITE_NOTADB": _lost,
    "SQLITE_CORRUPT": _broken_disk,
    "SQLITE_INTERRUPT": _late,
    "SQLITE_TOOBIG": _too_big,
}
_POSTGRESQL_STATES: Mapping[str, Callable[[], XrmError]] = {
    "40001": _busy,
    "42703": _outdated,
    "42P01": _outdated,
    "40P01": _busy,
    "55P03": _busy,
    "53100": _full,
    "57014": _late,
    "22003": _too_big,
    "54000": _too_big,
    "54001": _too_big,
    "22021": _unstorable,
    "22P05": _unstorable,
}
_POSTGRESQL_CLASSES: Mapping[str, Callable[[], XrmError]] = {
    "08": _lost,
    "53": _lost,
    "57": _lost,
    "58": _broken_disk,
}
