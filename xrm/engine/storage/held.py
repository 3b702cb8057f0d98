"""Who keeps a change of definitions waiting, told to whoever wanted it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from xrm.engine.storage.database import Database
from xrm.engine.storage.faults import DRIVER_ERRORS
from xrm.errors import Problem, Unavailable, XrmError

WAITED = frozenset({"R163", "R165"})
# Whoever may not see what others do sees that they are there, and since when they are not.
_OPEN = sa.text(
    "SELECT pid, usename, application_name, to_char(xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 3"
)


@contextmanager
def telling_who_holds(database: Database) -> Iterator[None]:
    """The block waits for others; raises Unavailable with who they are where it has waited in vain."""
    try:
        yield
    except Unavailable as error:
        if error.first.code not in WAITED:
            raise
        raise Unavailable(_told(database, error.first.code), facts=error.facts) from error


def _told(database: Database, code: str) -> Problem:
    if database.dialect.is_sqlite:
        message = f"Another program keeps {database.engine.url.database} locked by a transaction that it has not ended."
        hint = "End it there (a tool that has the file open, a long import or backup), then repeat this."
        return Problem(code, message, f"{hint} Nothing has changed.")
    found = _open(database)
    if not found:
        message = "Others use the tables that would change, and have not let go of them in time."
        hint = "Look who has a transaction open, in pg_stat_activity, and end it; then repeat this."
        return Problem(code, message, f"{hint} Nothing has changed.")
    told = "; ".join(f"session {pid} of {user}{by} since {since} UTC" for pid, user, by, since in found)
    message = f"Others keep the tables busy by transactions that they have not ended: {told}."
    hint = f"End them there, or by SELECT pg_terminate_backend({found[0][0]}); then repeat this."
    return Problem(code, message, f"{hint} Nothing has changed.")


def _open(database: Database) -> list[tuple[int, str, str, str]]:
    """The transactions of others, the oldest first, as far as we may see them."""
    with suppress(XrmError, *DRIVER_ERRORS), database.read(snapshot=False) as unit:
        rows = unit.execute(_OPEN).all()
        return [
            (r.pid, r.usename, f" ({r.application_name})" if r.application_name else "", r.since)
            for r in rows
        ]
    return []
