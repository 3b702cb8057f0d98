"""Whether records are still as an act left them, and who changed what if they are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from xrm.engine.records import permits
from xrm.engine.records.acts import Past, later_changes
from xrm.engine.records.batch import Setting
from xrm.engine.records.targets import absent
from xrm.errors import NOWHERE, Conflict, Problem

MOST_TOLD = 10
_HELD = ("share", "unshare")
_DONE = {
    "delete": "moved it to the trash",
    "restore": "restored it",
    "link": "linked it",
    "unlink": "took a link away",
}


def refuse_changed(setting: Setting, act: Sequence[Past]) -> None:
    """Every record of the act is locked and has the version that the act left, and its links are untouched.

    Raises Conflict that says who changed what since, as far as this actor may know.
    """
    left: dict[tuple[str, UUID], int] = {}
    for past in act:
        key = (past.entity, past.record)
        left[key] = max(past.version, left.get(key, 0))
    moved = _moved(setting, left)
    links = {past.link for past in act} - {""}
    if not moved and not links:
        return
    records = [record for _, record in left]
    later = later_changes(setting.unit, setting.writers.numbers, records, act[-1].position)
    touched = [past for past in later if past.record in moved or past.link in links]
    if moved or touched:
        raise Conflict(_told(setting, touched))


def _moved(setting: Setting, left: dict[tuple[str, UUID], int]) -> set[UUID]:
    """The records that have another version than the act left; raises NotFound for those that are gone."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, record in left:
        by_entity.setdefault(entity, []).append(record)
    moved: set[UUID] = set()
    for entity, ids in by_entity.items():
        writer = setting.writers[entity]
        stored = writer.load(setting.unit, ids, lock=True)
        if len(stored) < len(ids) or not permits.passing(setting, writer, "read", ids):
            raise absent(writer, NOWHERE)
        moved.update(record for record in ids if stored[record]["version"] != left[entity, record])
    return moved


def _told(setting: Setting, later: Sequence[Past]) -> list[Problem]:
    """One problem for each record, with its latest change; what may not be read is not told."""
    last = {past.record: past for past in later if past.operation not in _HELD}
    shown = [past for past in last.values() if _is_seen(setting, past)][:MOST_TOLD]
    hint = "Look at the record and change it again."
    if not shown:
        return [Problem("R171", "Somebody changed the record since.", hint)]
    return [Problem("R171", _sentence(setting, past), hint) for past in shown]


def _is_seen(setting: Setting, past: Past) -> bool:
    writer = setting.writers[past.entity]
    return bool(permits.passing(setting, writer, "read", [past.record]))


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
    names = [n for n in {**past.before, **past.after} if n in _known(setting, past.entity)]
    writer = setting.writers[past.entity]
    return "changed " + (_listed(writer.label(name) for name in names) or "it")


def _known(setting: Setting, entity: str) -> Collection[str]:
    return permits.readable(setting, setting.writers[entity])


def _listed(labels: Iterable[str]) -> str:
    found = list(labels)
    return found[0] if len(found) == 1 else ", ".join(found[:-1]) + f" and {found[-1]}" if found else ""
