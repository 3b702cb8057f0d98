"""Which values that are shown wait for a job: they are what followed from something that has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from xrm.engine.records.batch import Setting
from xrm.engine.records.catching_up import Part, part_of
from xrm.engine.records.origins import origins_among
from xrm.engine.records.postponing import trail_of
from xrm.engine.storage.waits import Wait, waits
from xrm.metadata.dependencies import Trail

MOST_ASKED = 50  # statements; beyond, every record may have values that wait
Named = dict[tuple[Wait, Trail], list[str]]


def pending(setting: Setting, entity: str, records: Collection[UUID]) -> Mapping[UUID, Sequence[str]]:
    """The names of each of the records whose values may wait, those without any left out."""
    waiting = [(wait, part) for wait in waits(setting.unit) if (part := part_of(setting, wait)) is not None]
    found: dict[UUID, dict[str, None]] = {}
    for number, ((wait, way), names) in enumerate(_asked(setting, entity, waiting).items()):
        trail = trail_of(setting, wait.trail)
        if number >= MOST_ASKED:
            concerned = records
        elif trail is None:
            continue
        else:
            concerned = origins_among(setting, records, (way, trail), wait.ends, wait.after)
        for record in concerned:
            found.setdefault(record, {}).update(dict.fromkeys(names))
    return {record: tuple(names) for record, names in found.items()}


def _asked(setting: Setting, entity: str, waiting: Sequence[tuple[Wait, Part]]) -> Named:
    """What has to be asked, once for all names of which it tells: what waits, and the way to it."""
    graph, asked = setting.writers.dependencies, Named()
    for name in graph.computed(entity) if waiting else ():
        ways = graph.ways(entity, name)
        for wait, part in waiting:
            for way in ways.get(part, ()):
                asked.setdefault((wait, way), []).append(name)
    return asked
