"""Whether the tables of an archive are those that its definitions ask for, and what it holds besides."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from xrm.engine.backup.archive import Archive
from xrm.engine.backup.codes import ArchiveRefused, unfit
from xrm.engine.backup.kept import LEFT_OUT, counting_columns
from xrm.engine.backup.kinds import kind_named, kind_of_column
from xrm.engine.backup.manifest import Manifest, TableFacts
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.inspection import LiveTable
from xrm.engine.storage.ledger import INSTALLATION, LEDGER
from xrm.engine.storage.restoring import LeftOver

OWN = "xrm_"
MOST = 20


def demand_fit(archive: Archive, schema: Schema) -> None:
    """The tables of these definitions can hold what is in the archive; raises ArchiveRefused with all that cannot."""
    problems = [
        unfit(archive.place(facts.entry), message)
        for facts in archive.manifest.tables
        for message in _misfits(facts, _known(facts.name, schema))
    ]
    problems += [unfit(str(archive.path), message) for message in _missing(archive.manifest, schema)]
    if problems:
        raise ArchiveRefused(problems[:MOST])


def _known(name: str, schema: Schema) -> sa.Table | None:
    return LEDGER.tables.get(name) if name.startswith(OWN) else schema.metadata.tables.get(name)


def _misfits(facts: TableFacts, known: sa.Table | None) -> Iterator[str]:
    """Why the table cannot hold this, in sentences."""
    strange = [message for name, kind in facts.columns.items() if (message := _strange(name, kind))]
    yield from strange
    if not set(facts.key) <= facts.columns.keys():
        yield "It is ordered by columns that it does not have."
    if strange:
        return
    if facts.name.startswith(OWN):
        if known is None or facts.name in LEFT_OUT:
            yield f"This program keeps no table {facts.name} in a backup."
        else:
            yield from (
                f"{name} is no column of it." for name in sorted(facts.columns.keys() - known.c.keys())
            )
    elif known is None and not LiveTable(facts.name, dict(facts.columns)).is_ours:
        yield "It is no table of xrm."
    if known is not None:
        yield from _of_other_kind(facts, known)


def _strange(name: str, kind: str) -> str:
    try:
        kind_named(kind)
    except ValueError as error:
        return f"The column {name} {error}."
    return ""


def _of_other_kind(facts: TableFacts, known: sa.Table) -> Iterator[str]:
    for name, kind in facts.columns.items():
        wanted = kind_of_column(known.c[name]) if name in known.c else kind
        if wanted != kind:
            yield f"The column {name} holds {kind}, and {wanted} is asked for."


def _missing(manifest: Manifest, schema: Schema) -> Iterator[str]:
    rows = {facts.name: facts.rows for facts in manifest.tables}
    if rows.get(INSTALLATION.name) != 1:
        yield "The archive does not say which installation it is of."
    lost = sorted(schema.metadata.tables.keys() - rows.keys())
    yield from (f"The archive lacks the table {name}." for name in lost)
    if strangers := sorted(manifest.sequences.keys() - {".".join(name) for name in counting_columns()}):
        yield f"{strangers[0][:60]} is no counting column."


def shadows_of(manifest: Manifest, schema: Schema) -> Iterator[LeftOver]:
    """What the archive holds and no definition asks for any more."""
    for facts in manifest.tables:
        known = _known(facts.name, schema)
        names = facts.columns if known is None else sorted(facts.columns.keys() - known.c.keys())
        if names:
            columns = {name: kind_named(facts.columns[name]).type for name in names}
            yield LeftOver(facts.name, columns, facts.key, is_new=known is None)
