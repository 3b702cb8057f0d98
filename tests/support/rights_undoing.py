"""Ways to take back what was done when everything was granted, as somebody to whom only the cell's roles are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.rights_ask import Ask, Pair
from tests.support.rights_reference import Record
from tests.support.rights_stage import LATER, Act, answered, came_to
from tests.support.rights_world import THINGS

ACTS = 6  # that one cell takes back, each by itself


def undo_create(ask: Ask) -> Pair:
    """What was made goes, unless something has come to depend on it."""

    def opposite(act: Act) -> str:
        return ask.person.delete(act.records[0], held=_is_needed(act.records[0]))

    return _undo(ask, "create", opposite)


def undo_change(ask: Ask) -> Pair:
    """The fields are empty again, as they were before."""

    def opposite(act: Act) -> str:
        client = act.records[0]
        return ask.person.update(client, {n: None for n in LATER if client[n] is not None})

    return _undo(ask, "change", opposite)


def undo_finish(ask: Ask) -> Pair:
    """A step leads back."""
    return _undo(ask, "finish", lambda act: ask.person.step(act.records[0], ("done", "open", None)))


def undo_delete(ask: Ask) -> Pair:
    """What went together comes back together."""
    return _undo(ask, "delete", lambda act: ask.person.restore(act.records[0], act.records[0]))


def undo_link(ask: Ask) -> Pair:
    """The link is cut."""

    def opposite(act: Act) -> str:
        found = ask.person.link(act.records[0], "watchers", act.records[1])
        return {"absent": "unknown", "unfit": "absent"}.get(found, found)

    return _undo(ask, "link", opposite, most=1)


def _undo(ask: Ask, kind: str, opposite: Callable[[Act], str], most: int = 2) -> Pair:
    """What is expected and what comes of it for some acts; `most` is how many records of each are changed by it."""
    acts = [a for a in ask.stage.acts if a.kind == kind and a.records[0]["entity"] == ask.entity]
    turned = [acts[(ask.cell.pick + i) % len(acts)] for i in range(min(len(acts), ACTS))]
    expected = {act.position: _expected(ask, act, act.records[:most], opposite) for act in turned}
    return expected, {act.position: _got(ask, act) for act in turned}


def _expected(ask: Ask, act: Act, records: Sequence[Record], opposite: Callable[[Act], str]) -> str:
    changed = _is_changed_since(ask, act, records)
    return ask.person.undo(records, act.author, changed=changed, opposite=opposite(act))


def _got(ask: Ask, act: Act) -> str:
    records = ask.stage.runtime.current().records
    got = answered(lambda: came_to(lambda around: records.undo(ask.actor, act.position, around=around)))
    return "done" if isinstance(got, tuple) else str(got)


def _is_changed_since(ask: Ask, act: Act, records: Sequence[Record]) -> bool:
    """Whether a later act has left another version of one of the records; a link leaves none."""
    later = ask.stage.acts[ask.stage.acts.index(act) + 1 :]
    touched = [r for a in later if a.kind != "link" for r in a.records]
    return any(r is t for r in records for t in touched)


def _is_needed(record: Record) -> bool:
    """Whether other records point at this one."""
    sides = THINGS[record["entity"]].sides
    return any(record[name] for name, side in sides.items() if side.of is not None)
