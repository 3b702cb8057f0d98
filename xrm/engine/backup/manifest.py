"""The manifest of an archive: who made it, what it holds, and a digest of each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from jsonschema import Draft202012Validator

from xrm.engine.backup.codes import NEWER, ArchiveRefused, changed, damaged
from xrm.engine.backup.kept import KeptTable
from xrm.errors import Place, Problem
from xrm.metadata.versions import BadRange, version_of

FORMAT, VERSION = "xrm-backup", 1
MANIFEST = "manifest.json"
MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table of the archive: its columns with their kinds, and its lines."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    rows: int
    bytes: int
    sha256: str

    @property
    def entry(self) -> str:
        """Where its lines lie."""
        return f"tables/{self.name}.jsonl"

    @property
    def kept(self) -> KeptTable:
        """The table as it was when the backup was taken."""
        return KeptTable(self.name, self.columns, self.key)


@dataclass(frozen=True, slots=True)
class FilesFacts:
    """The contents of the archive together; the digest is that of their hashes in order."""

    count: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `lost` are contents that were missing already when it was made."""

    program: str
    installation: str
    fingerprint: str
    made_at: str
    database: str
    key_check: str
    tables: tuple[TableFacts, ...]
    sequences: Mapping[str, int]
    files: FilesFacts
    lost: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows all tables have."""
        return sum(table.rows for table in self.tables)

    @property
    def digest(self) -> str:
        """Equal for installations that hold the same, whichever database they lie in."""
        return sha256("\n".join(self._facts()).encode()).hexdigest()

    def _facts(self) -> Iterable[str]:
        """An empty table says nothing, so that it does not matter which version of the program made it."""
        yield FORMAT
        yield from (f"{t.name} {t.rows} {t.sha256}" for t in sorted(self.tables, key=_name) if t.rows)
        yield from (f"{name} {last}" for name, last in sorted(self.sequences.items()) if last)
        yield f"files {self.files.count} {self.files.sha256}"

    def to_bytes(self) -> bytes:
        """The manifest as the archive holds it."""
        told = {"format": FORMAT, "version": VERSION, "digest": self.digest, **asdict(self)}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _name(table: TableFacts) -> str:
    return table.name


def read_manifest(raw: bytes, place: str, program: str) -> Manifest:
    """The manifest that these bytes say; raises ArchiveRefused for one that is not ours, not whole or newer."""
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise damaged(place, f"The manifest is no JSON: {error.msg}.") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise damaged(place, "The file is no archive of xrm.")
    _demand_no_newer(told, place, program)
    _demand_shape(told, place)
    _demand_values(told, place)
    manifest = _manifest(told)
    if manifest.digest != told["digest"]:
        raise changed(place, "The digest of the manifest does not belong to what it says.")
    return manifest


def _demand_no_newer(told: Mapping[str, Any], place: str, program: str) -> None:
    made_by, version = told.get("program"), told.get("version")
    try:
        is_newer = version_of(str(made_by)) > version_of(program)
    except BadRange:
        raise damaged(place, "The manifest does not say which version of xrm made it.") from None
    if type(version) is not int or version > VERSION or is_newer:
        message = f"The archive was made by xrm {made_by} in format {version}; this is xrm {program}."
        raise ArchiveRefused(Problem("B104", message, NEWER, Place(file=place)))


def _demand_shape(told: Mapping[str, Any], place: str) -> None:
    error = next(iter(_shape().iter_errors(told)), None)
    if error is not None:
        path = ".".join(map(str, error.absolute_path)) or "the manifest"
        raise damaged(place, f"The manifest is not whole at {path}: {error.message[:200]}")


def _demand_values(told: Mapping[str, Any], place: str) -> None:
    try:
        UUID(told["installation"])
        datetime.fromisoformat(told["made_at"])
    except ValueError as error:
        raise damaged(place, f"The manifest does not say when and of what it was made: {error}.") from None


def _manifest(told: Mapping[str, Any]) -> Manifest:
    facts = {name: told[name] for name in _PLAIN}
    tables = tuple(replace(TableFacts(**t), key=tuple(t["key"])) for t in told["tables"])
    return Manifest(
        **facts,
        tables=tables,
        sequences=told["sequences"],
        files=FilesFacts(**told["files"]),
        lost=tuple(told["lost"]),
    )


_PLAIN = ("program", "installation", "fingerprint", "made_at", "database", "key_check")


@cache
def _shape() -> Draft202012Validator:
    return Draft202012Validator(_SCHEMA)


def _closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


_WORD = {"type": "string", "maxLength": 200}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**62}
_COLUMN = {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,62}$"}
_TABLE = _closed(
    name={"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
    columns={"type": "object", "propertyNames": _COLUMN, "additionalProperties": _WORD, "minProperties": 1},
    key={"type": "array", "items": _COLUMN, "minItems": 1},
    rows=_COUNT,
    bytes=_COUNT,
    sha256=_HASH,
)
_SCHEMA = _closed(
    format=_WORD,
    version=_COUNT,
    digest=_HASH,
    **dict.fromkeys(_PLAIN, _WORD),
    tables={"type": "array", "items": _TABLE, "maxItems": 100_000},
    sequences={"type": "object", "additionalProperties": _COUNT},
    files=_closed(count=_COUNT, bytes=_COUNT, sha256=_HASH),
    lost={"type": "array", "items": _HASH},
)
