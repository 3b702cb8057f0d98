"""Files that the changes of a record put into its fields or took out of them, by the names that they came with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from xrm.engine.queries.reading import Reader
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.files import FileFacts, file_facts

Held = Mapping[str, frozenset[UUID]]
Told = Mapping[str, Any]


def file_fields(reader: Reader, entity: str) -> tuple[str, ...]:
    """The fields with files or pictures that the reader may read on some record."""
    return tuple(f.name for f in reader.fields(reader.model.entities[entity]) if f.type.holds_files)


def held_by(record: Told, fields: Sequence[str]) -> Held:
    """The files that the record has now, by field."""
    return {name: frozenset(_ids(record.get(name))) for name in fields}


def with_files(unit: UnitOfWork, changes: Sequence[Told | None], held: Held) -> list[Told | None]:
    """The changes, those that touch fields with files with what was put in and taken out: one statement for all."""
    moved = [list(_moved(change, held)) if change is not None else [] for change in changes]
    wanted = list(dict.fromkeys(file for files in moved for _, file, _ in files))
    facts = file_facts(unit, wanted) if wanted else {}
    return [
        {**change, "files": [_told(name, file, is_new, facts, held) for name, file, is_new in files]}
        if change is not None and files
        else change
        for change, files in zip(changes, moved, strict=True)
    ]


def _moved(change: Told, held: Held) -> Iterator[tuple[str, UUID, bool]]:
    """Field and id of each file that came, and of each that went."""
    for name in held:
        ends = change["changes"].get(name, {})
        before, after = (list(_ids(ends.get(end))) for end in ("before", "after"))
        yield from ((name, file, True) for file in after if file not in before)
        yield from ((name, file, False) for file in before if file not in after)


def _ids(value: object) -> Iterable[UUID]:
    for item in value if isinstance(value, list | tuple) else (value,):
        found = item.get("id") if isinstance(item, Mapping) else item
        if found:
            yield found if isinstance(found, UUID) else UUID(str(found))


def _told(
    name: str, file: UUID, is_new: bool, facts: Mapping[UUID, FileFacts], held: Held
) -> dict[str, object]:
    known = facts.get(file)
    return {
        "field": name,
        "id": str(file),
        "name": known and known.name,
        "size": known and known.size,
        "added": is_new,
        "held": file in held[name],
    }
