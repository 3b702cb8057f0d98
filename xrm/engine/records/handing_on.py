"""When a record is given to somebody else, the records that follow it are given along, in the same act.

A relationship says with `cascade: {assign: ...}` which of its records follow the one that they lead to. They are
written like any other update, so the giver's rights on each of them, the change log and what follows in turn are
those of every write; one that may not be given refuses the whole act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from xrm.engine.records import permits, removal
from xrm.engine.records.batch import Setting, Tally
from xrm.engine.records.draft import Draft
from xrm.engine.records.incoming import Incoming, incoming, live_children
from xrm.metadata.model import HOLDERS

Write = Callable[[Setting, Tally, Sequence[Draft], str], list[Draft]]


def hand_on(setting: Setting, tally: Tally, drafts: Sequence[Draft], write: Write) -> None:
    """Whatever follows the drafts that changed hands belongs to the same people now."""
    for draft in drafts:
        given = {} if draft.is_new else {n: draft.new.get(n) for n in HOLDERS if n in draft.changed}
        for source in _followers(setting, draft) if given else ():
            following = list(_following(setting, draft, source, given))
            if following:
                permits.require_rows(setting, following, "update")
                write(setting, tally, following, "update")


def _followers(setting: Setting, draft: Draft) -> Iterator[Incoming]:
    """The lookups through which records follow this one."""
    for source in incoming(setting, draft.writer.entity.name):
        entity, which = source.writer.entity, source.lookup.relationship.cascade.get("assign", "none")
        if which != "none" and entity.is_owned and not entity.append_only:
            yield source


def _following(
    setting: Setting, draft: Draft, source: Incoming, given: Mapping[str, UUID | None]
) -> Iterator[Draft]:
    """An update for each record that follows and does not belong to these people yet."""
    ids = live_children(setting, source, draft.writer.entity.name, [draft.id])
    if len(ids) > setting.limits.cascade_records:
        raise removal.too_many(setting)
    values = {name: None if id_ is None else str(id_) for name, id_ in given.items()}
    stored = source.writer.load(setting.unit, ids, lock=True)
    for record in ids:
        old = stored.get(record)
        if old is not None and _follows(draft, source, old) and any(old[n] != given[n] for n in given):
            yield Draft(source.writer, "update", record, draft.path, given=values, old=old)


def _follows(draft: Draft, source: Incoming, child: Mapping[str, Any]) -> bool:
    match source.lookup.relationship.cascade["assign"]:
        case "active":
            lifecycle = source.writer.entity.lifecycle
            return lifecycle is None or not lifecycle.states[child["state"]].final
        case "owned":
            return all(child[name] == (draft.old or {})[name] for name in HOLDERS)
        case _:
            return True
