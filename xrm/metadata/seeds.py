"""Seeds: the people and records that a pack brings, ready for whoever installs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xrm.errors import Place
from xrm.metadata.parse import Doc


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """One record: its name inside the pack, its entity, its values as written."""

    ref: str
    entity: str
    values: Mapping[str, Any]
    place: Place


@dataclass(frozen=True, slots=True)
class Seed:
    """One seed document. `name` is its path below seed/: `base`, `demo`, or `demo/<part>`.

    `people` holds `units`, `teams` and `users`, each a list of maps.
    """

    pack: str
    name: str
    people: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    records: tuple[SeedRecord, ...] = ()


def is_demo(name: str) -> bool:
    """True for the name of a seed document that is only there to try the pack with."""
    return name.split("/")[0] == "demo"


def seed_of(doc: Doc) -> Seed:
    """The seed that a document says."""
    records = tuple(
        SeedRecord(r["ref"], r["entity"], r["values"], doc.source.at(("records", i)))
        for i, r in enumerate(doc.body.get("records", ()))
    )
    return Seed(doc.pack, doc.name, doc.body.get("people", {}), records)
