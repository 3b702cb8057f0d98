"""Whether records are still as an act left them, and who changed what if they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from xrm.engine.access import always_readable
from xrm.engine.records import permits
from xrm.engine.records.acts import COMMENTING, LINKING, Past, later_changes
from xrm.engine.records.batch import Setting
from xrm.engine.records.targets import absent
from xrm.engine.records.writer import Writer
from xrm.errors import NOWHERE, Conflict, Problem

MOST_TOLD = 10
_BESIDE = ("share", "unshare", *COMMENTING)
_DONE = {
    "delete": "moved it to the trash",
    "restore": "restored it",
    "link": "linked it",
    "unlink": "took a link away",
}


def refuse_changed(setting: Setting, act: Sequence[Past], along: Collection[UUID]) -> None:
    """Every record of the act is locked and has the version that the act left, and its links are untouched.

    Raises NotFound where the actor may not read one of the records; those that went `along` with others come back
    with them unseen. Raises Conflict that says who changed what since, as far as this actor may know.
    """
    left: dict[tuple[str, UUID], int] = {}
    for past in act:
        key = (past.entity, past.record)
        left[key] = max(past.version, left.get(key, 0))
    moved = _moved(setting, left, along)
    links = {past.link for past in act} - {""}
    if not moved and not links:
        return
    records = [record for _, record in left]
    later = later_changes(setting.unit, setting.writers.numbers, records, act[-1].position)
    touched = [past for past in later if past.record in moved or past.link in links]
    if moved or touched:
        raise Conflict(_told(setting, touched))


def _moved(setting: Setting, left: dict[tuple[str, UUID], int], along: Collection[UUID]) -> set[UUID]:
    """The records that have another version than the act left; raises NotFound for those that are gone or hidden."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, record in left:
        by_entity.setdefault(entity, []).append(record)
    moved: set[UUID] = set()
    for entity, ids in by_entity.items():
        writer = setting.writers[entity]
        stored = writer.load(setting.unit, ids, lock=True)
        changed = {i for i in stored if stored[i]["version"] != left[entity, i]}
        shown = [i for i in ids if i in changed or i not in along]
        if len(stored) < len(ids) or len(permits.passing(setting, writer, "read", shown)) < len(shown):
            raise absent(writer, NOWHERE)
        moved |= changed
    return moved


def _told(setting: Setting, later: Sequence[Past]) -> list[Problem]:
    """One problem for each record, with its latest change; what may not be read is not told."""
    shown = _latest_seen(setting, later)
    hint = "Look at the record and change it again."
    if not shown:
        return [Problem("R171", "Somebody changed the record since.", hint)]
    return [Problem("R171", _sentence(setting, past), hint) for past in shown]


def _latest_seen(setting: Setting, later: Sequence[Past]) -> list[Past]:
    """Of each record its latest change that the actor may know of, in the order in which they came to be."""
    found: dict[UUID, Past] = {}
    for past in reversed(later):
        is_told = past.record in found or past.operation in _BESIDE
        if not is_told and len(found) < MOST_TOLD and _is_seen(setting, past):
            found[past.record] = past
    return list(reversed(found.values()))


def _is_seen(setting: Setting, past: Past) -> bool:
    """Whether the actor may read the record, and of a link the one at its end too."""
    ends = [(past.entity, past.record)]
    if past.operation in LINKING:
        ends += [(to["entity"], UUID(to["id"])) for to in [past.far] if to]
        if len(ends) < 2:
            return False
    known = setting.writers
    return all(e in known and permits.passing(setting, known[e], "read", [r]) for e, r in ends)


def _sentence(setting: Setting, past: Past) -> str:
    title = past.title or _title(setting, past)
    return f"{_who(setting, past.actor)} {_what(setting, past)} since: “{title}”."


def _title(setting: Setting, past: Past) -> str:
    stored = setting.writers[past.entity].load(setting.unit, [past.record])
    return str(stored[past.record]["title"])


def _who(setting: Setting, actor: UUID | None) -> str:
    if actor == setting.actor.id:
        return "You"
    people = setting.writers["user"]
    if actor is None or not permits.passing(setting, people, "read", [actor]):
        return "Somebody"
    return str(people.load(setting.unit, [actor]).get(actor, {}).get("title") or "Somebody")


def _what(setting: Setting, past: Past) -> str:
    if past.operation in _DONE:
        return _DONE[past.operation]
    writer = setting.writers[past.entity]
    names = [n for n in {**past.before, **past.after} if _is_told(setting, writer, n, past.record)]
    return "changed " + (_listed(writer.label(name) for name in names) or "it")


def _is_told(setting: Setting, writer: Writer, name: str, record: UUID) -> bool:
    """Whether the actor may read what has this name on this record, as history would tell them."""
    if name in always_readable(writer.entity):
        return True
    rule = permits.rights(setting, writer).cell("read", name)
    return bool(permits.passing_rule(setting, writer, rule, [record]))


def _listed(labels: Iterable[str]) -> str:
    found = list(labels)
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + f" and {found[-1]}" if found else ""
