"""A yard of boats whose definitions change in three ways, with renames, conversions and drops; and its portrait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from tests.support.installed import make_runtime
from tests.support.servers import KEY, write_pack
from xrm.engine.commands import Create, Link, Target
from xrm.engine.packs import Revision, laying
from xrm.engine.runtime import Runtime
from xrm.metadata.customising import from_documents
from xrm.testing import admin_actor, make_settings

DOCK = "title: name\nfields:\n  name: {type: text, required: true, search: true}\n"
BOAT = """
title: name
fields:
  name:  {type: text, required: true, search: true}
  size:  {type: text, unique: true}
  kind:  {type: choice, options: [hot, cold, lost]}
  note:  {type: text, search: true}
  code:  {type: text}
  price: {type: money}
relationships:
  dock:    {to: dock, inverse: boats}
  helpers: {to: dock, many: true, inverse: helped}
keys:
  code: {fields: [code]}
"""
NEXT_BOAT = """
title: name
fields:
  name:  {type: text, required: true, search: true}
  size:  {type: decimal, scale: 2, unique: true}
  kind:  {type: choice, required: true, options: [hot, cold]}
  mark:  {type: text, renamed_from: code}
  price: {type: decimal, scale: 2}
  flag:  {type: text, search: true, default: '"none"'}
relationships:
  berth:   {to: dock, inverse: boats, renamed_from: dock}
  hands:   {to: dock, many: true, inverse: helped, renamed_from: helpers}
keys:
  code: {fields: [mark]}
"""
CRANE = "title: name\nfields:\n  name: {type: text, required: true, search: true}\n  load: {type: integer}\n"
DERRICK = (
    "title: name\nrenamed_from: crane\nfields:\n  name: {type: text, required: true, search: true}\n"
    "  load: {type: decimal, scale: 1}\n"
)
PLAIN = "title: name\nfields:\n  name: {type: text, required: true}\n"
SEED = """
records:
  - {ref: north, entity: dock, values: {name: North}}
  - {ref: south, entity: dock, values: {name: South}}
"""


def _document(entity: str, text: str) -> str:
    return f"entity: {entity}\nlabel: {entity.capitalize()}\nplural: {entity.capitalize()}s\n{text.lstrip()}"


def _pack(version: str, seed: str = "", **entities: str) -> dict[str, str]:
    files = {f"entities/{name}.yaml": _document(name, text) for name, text in entities.items()}
    manifest = f"pack: yard\nlabel: Yard\nversion: {version}\nsummary: Boats and docks.\n"
    return {"pack.yaml": manifest, **files, **({"seed/base.yaml": seed} if seed else {})}


FIRST = _pack("1.0.0", SEED, boat=BOAT, dock=DOCK, crane=CRANE, hut=PLAIN)
SECOND = _pack("1.1.0", SEED, boat=NEXT_BOAT, dock=DOCK, derrick=DERRICK, buoy=PLAIN)
OURS = {
    "entities/dock.yaml": "entity: dock\nfields:\n  tier: {type: text}\n  rank: {type: text, search: true}\n"
    "  hue: {type: choice, options: [red, blue, grey]}\n  depth: {type: integer}\n",
    "entities/lamp.yaml": _document("lamp", PLAIN),
}
OURS_NEXT = {
    "entities/dock.yaml": "entity: dock\nfields:\n  grade: {type: text, renamed_from: tier}\n  rank: {type: integer}\n"
    "  hue: {type: choice, options: [red, blue]}\n  width: {type: decimal, scale: 1}\n",
    "entities/bell.yaml": _document("bell", PLAIN),
}
DECISIONS = {"unfit:boat.size": "0", "option:boat.kind.lost": "cold", "empty:boat.kind": "hot"}
OUR_DECISIONS = {"unfit:dock.rank": "", "option:dock.hue.grey": "blue"}


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the definitions lie."""

    first: Path
    second: Path
    ours: Path


def write_folders(folder: Path) -> Folders:
    """Both versions of the pack and the next customisation are there."""
    return Folders(
        write_pack(FIRST, folder / "1.0" / "yard"),
        write_pack(SECOND, folder / "1.1" / "yard"),
        write_pack(OURS_NEXT, folder / "ours"),
    )


def make_yard(database_url: str, folder: Path, packs: list[Path], boats: int) -> None:
    """The packs are installed; with any, the customisation too, and so many boats with everything filled in."""
    settings = make_settings(database_url, folder, secret_key=KEY)
    runtime = make_runtime(database_url, folder, packs, settings=settings)
    try:
        if packs:
            _customise(runtime)
            _fill(runtime, boats)
    finally:
        runtime.close()


def _customise(runtime: Runtime) -> None:
    runtime.packs.revise(Revision(edit=laying(from_documents(OURS), mirror=True)), runtime.installer)


def _fill(runtime: Runtime, boats: int) -> None:
    ana, records = admin_actor(runtime), runtime.current().records
    hues, kinds = ("red", "blue", "grey", None), ("hot", "cold", "lost", None)
    docks = [
        {
            "name": f"name {n}",
            "tier": f"tier {n}",
            "rank": str(n) if n % 3 else f"rank {n}",
            "hue": hues[n % 4],
            "depth": n,
        }
        for n in range(max(boats // 4, 1))
    ]
    made = [done.id for done in records.execute(ana, [Create("dock", values) for values in docks]).results]
    fleet = [
        {
            "name": f"name {n}", "size": f"{n}.5" if n != 3 else "size 3", "kind": kinds[n % 4], "note": f"note {n}",
            "code": f"code {n}", "price": {"amount": f"{n}.25", "currency": "EUR"},
            "dock": {"id": str(made[n % len(made)])},
        }
        for n in range(boats)
    ]  # fmt: skip
    ids = [done.id for done in records.execute(ana, [Create("boat", values) for values in fleet]).results]
    records.execute(ana, [Link("boat", Target(ids[0]), "helpers", {"id": str(made[0])}, {})])
    others = [
        ("crane", {"name": "name 1", "load": 7}),
        ("hut", {"name": "name 1"}),
        ("lamp", {"name": "name 1"}),
    ]
    records.execute(ana, [Create(entity, values) for entity, values in others])


# --- its portrait -------------------------------------------------------------------------------------------

Portrait = Mapping[str, Any]
_TAKEN = {
    "xrm_journal": " WHERE phase IS NULL"
}  # lines of what was begun and given up are no part of what is there
_SHADOWED = "xrm_search_words_"  # how SQLite keeps its full-text index
_COLUMNS = """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S')"""
_TABLES = """SELECT relname, array(SELECT attname FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = attnum
        WHERE attrelid = c.oid AND (attidentity <> '' OR pg_get_expr(adbin, adrelid) LIKE 'nextval%'))::text
    FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
_CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace"""
# What somebody can find: words that were laid ahead of a lock stand in slots that nobody asks for.
_FOUND = """SELECT t.record, t.entity, (
        SELECT array_agg((f.slot, coalesce(t.slots[f.slot + 1], ''::tsvector)) ORDER BY f.slot)::text
        FROM (SELECT 0 AS slot UNION SELECT slot FROM xrm_field WHERE entity = t.entity AND slot IS NOT NULL) f)
    FROM xrm_search t"""
_INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


def portrait(database_url: str) -> Portrait:
    """All that the database says: its schema, and every row of every table, of one moment."""
    engine = sa.create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            return dict(_of_file(connection))
        return dict(_of_server(connection))


def _of_file(connection: sa.Connection) -> Any:
    said = connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master ORDER BY type, name")).all()
    yield "schema", [tuple(row) for row in said]
    for kind, name, _ in said:
        if kind == "table" and not name.startswith((_SHADOWED, "sqlite_")):
            yield name, _rows(connection, f'SELECT * FROM "{name}"{_TAKEN.get(name, "")}')


def _of_server(connection: sa.Connection) -> Any:
    connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    yield "schema", [_rows(connection, words) for words in (_COLUMNS, _INDEXES, _CONSTRAINTS, _INVALID)]
    for name, numbered in connection.execute(sa.text(_TABLES)).all():
        # What a transaction and a line of a journal is called differs: no rollback takes such a number back.
        whole = f"SELECT to_jsonb(t) - 'transaction' - '{numbered}'::text[] FROM \"{name}\" t{_TAKEN.get(name, '')}"
        yield name, _rows(connection, _FOUND if name == "xrm_search" else whole)


def _rows(connection: sa.Connection, words: str) -> list[str]:
    return sorted(str(tuple(row)) for row in connection.execute(sa.text(words)))


def unlike(one: Portrait, other: Portrait) -> list[str]:
    """What of the two portraits differs, the first of it."""
    return [
        f"{name}: {_first(one.get(name), other.get(name))}"
        for name in sorted({*one, *other})
        if one.get(name) != other.get(name)
    ]


def _first(one: Any, other: Any) -> str:
    here = [row for row in one or [] if row not in (other or [])]
    there = [row for row in other or [] if row not in (one or [])]
    shown = [str((rows or [""])[0])[:300] for rows in (here, there)]
    return f"{len(here)} only here, {len(there)} only there, as {' | '.join(shown)}"
