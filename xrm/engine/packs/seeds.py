"""The records that packs bring, in an order in which they can be made.

Records may point at each other in any direction. The order is found by need; where records need each other in
a ring, an optional lookup of the ring is left empty first and filled when all of them are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xrm.errors import MetadataInvalid, Place, Problem
from xrm.metadata.documents import SourceDocument
from xrm.metadata.parse import Doc
from xrm.metadata.positions import Path
from xrm.metadata.refs import refs_in

BASE, DEMO = "base", "demo"


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """One record of a seed file. `key` is its external key: pack and ref, a colon between.

    `steps` are taken when all records are there, `reason` is given with those that need one.
    """

    key: str
    entity: str
    values: Mapping[str, Any]
    document: SourceDocument
    path: Path
    steps: tuple[str, ...] = ()
    reason: str = ""

    def place(self, *inside: str | int) -> Place:
        """Where the record, or a value of it, is written."""
        return self.document.at((*self.path, *inside))


@dataclass(frozen=True, slots=True)
class Seed:
    """What seed files say: people first, then records, each in the order of the files."""

    people: tuple[Mapping[str, Any], ...] = ()
    records: tuple[SeedRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Planting:
    """The records in rounds, each of which needs only earlier ones, and what is filled in at the end.

    `written` are the records in the order of the files, in which they are finished.
    `late` are lookups by (record key, name) that a round leaves empty; `entities` says by external key of
    which entity a record is, for these and for those that other seeds of the packs bring.
    """

    written: tuple[SeedRecord, ...]
    rounds: tuple[tuple[SeedRecord, ...], ...]
    late: frozenset[tuple[str, str]]
    entities: Mapping[str, str]


def seed_of(docs: Iterable[Doc], which: str) -> Seed:
    """What the seed documents of this kind, base or demo, say together."""
    chosen = [doc for doc in docs if doc.name.split("/")[0] == which]
    people = tuple(doc.body["people"] for doc in chosen if "people" in doc.body)
    return Seed(people, tuple(record for doc in chosen for record in _records(doc)))


def _records(doc: Doc) -> Iterator[SeedRecord]:
    for index, row in enumerate(doc.body.get("records", ())):
        key = external_key(doc.pack, row["ref"])
        steps, reason = tuple(row.get("steps", ())), row.get("reason", "")
        path = ("records", index)
        yield SeedRecord(key, row["entity"], row["values"], doc.source, path, steps, reason)


def external_key(pack: str, ref: str) -> str:
    """The key by which a seeded record is known, however often its seed is planted."""
    return f"{pack}:{ref}"


def key_of(ref: str, record: SeedRecord) -> str:
    """The external key that a ref in this record means: of a record of its pack, or of the pack that the ref names."""
    return ref if ":" in ref else external_key(record.document.pack, ref)


def plan_seed(
    records: Sequence[SeedRecord], elsewhere: Mapping[str, str], can_wait: Callable[[str, str], bool]
) -> Planting:
    """The order in which the records can be made; raises MetadataInvalid when they need each other in a ring.

    `elsewhere` gives the entity of records that other seeds bring, by external key. `can_wait` says whether a
    lookup of an entity may be empty at first.
    """
    own = {r.key for r in records}
    waiting = {r.key: _needs(r, own) for r in records}
    rounds, late = _rounds(records, waiting, can_wait)
    return Planting(tuple(records), rounds, late, {**elsewhere, **{r.key: r.entity for r in records}})


def _needs(record: SeedRecord, own: set[str]) -> dict[str, set[str]]:
    """The other records of this seed that the record names, by the name of the value that does."""
    found = {name: {key_of(r, record) for r in refs_in(value)} & own for name, value in record.values.items()}
    return {name: keys for name, keys in found.items() if keys}


def _rounds(
    records: Sequence[SeedRecord],
    waiting: Mapping[str, dict[str, set[str]]],
    can_wait: Callable[[str, str], bool],
) -> tuple[tuple[tuple[SeedRecord, ...], ...], frozenset[tuple[str, str]]]:
    """Rounds of records that need nothing unmade; a ring is cut at the first lookup that can wait."""
    rounds: list[tuple[SeedRecord, ...]] = []
    late: set[tuple[str, str]] = set()
    cut: set[tuple[str, str]] = set()
    left, made = list(records), set[str]()
    while left:
        ready = [r for r in left if not _unmet(r, waiting, made, cut)]
        if ready:
            late |= {pair for r in ready for pair in _late(r, waiting, made, cut)}
            rounds.append(tuple(ready))
            made |= {r.key for r in ready}
            left = [r for r in left if r.key not in made]
        else:
            cut.add(_weakest(left, waiting, made, cut, can_wait))
    return tuple(rounds), frozenset(late)


def _unmet(
    record: SeedRecord,
    waiting: Mapping[str, dict[str, set[str]]],
    made: set[str],
    cut: set[tuple[str, str]],
) -> dict[str, set[str]]:
    return {
        name: keys - made
        for name, keys in waiting[record.key].items()
        if keys - made and (record.entity, name) not in cut
    }


def _late(
    record: SeedRecord,
    waiting: Mapping[str, dict[str, set[str]]],
    made: set[str],
    cut: set[tuple[str, str]],
) -> Iterator[tuple[str, str]]:
    """The lookups of the record that are cut and lead to records that are not made yet."""
    for name, keys in waiting[record.key].items():
        if (record.entity, name) in cut and keys - made:
            yield record.key, name


def _weakest(
    left: Sequence[SeedRecord],
    waiting: Mapping[str, dict[str, set[str]]],
    made: set[str],
    cut: set[tuple[str, str]],
    can_wait: Callable[[str, str], bool],
) -> tuple[str, str]:
    for record in left:
        for name in _unmet(record, waiting, made, cut):
            if can_wait(record.entity, name):
                return record.entity, name
    first = left[0]
    message = "These records need each other in a ring, and none of the lookups may be empty."
    names = ", ".join(r.key.partition(":")[2] for r in left[:5])
    raise MetadataInvalid(Problem("P101", message, f"Look at {names}.", first.place("values")))
