"""A plan as programs read it at every door: its steps, other words of layers, conflicts, what it concerns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy.engine import Dialect

from xrm.engine.packs.dependents import Dependents
from xrm.engine.packs.proposal import Proposal, version_in
from xrm.engine.packs.reconciliation import Answer
from xrm.engine.storage.written import written
from xrm.errors import Place
from xrm.metadata.differences import Difference
from xrm.metadata.words import plain

NO_MORE: Final[Mapping[str, object]] = MappingProxyType({})


def plan_json(proposal: Proposal, dialect: Dialect, more: Mapping[str, object] = NO_MORE) -> dict[str, Any]:
    """The plan for a program, or for a file."""
    besides = {
        "layers": [{"name": name, "from": old, "to": new} for name, old, new in layer_changes(proposal)],
        "differences": [difference_json(one) for one in proposal.differences],
        "conflicts": [_answer_json(one) for one in proposal.reconciled.answers],
        "edits": list(proposal.reconciled.edits),
        "saved_views": [{"name": v.name, "entity": v.entity, "lost": list(v.lost)} for v in proposal.views],
        "dependents": [_dependents_json(one) for one in proposal.dependents],
        **more,
    }
    return written(proposal.plan, dialect, _read_again(besides))


def layer_changes(proposal: Proposal) -> Iterator[tuple[str, str, str]]:
    """The name of each layer that changes, with its version before and after; empty where there is none."""
    before = {pack.name: version_in(pack) for pack in proposal.before}
    for change in proposal.changes:
        yield change.pack.name, before.get(change.pack.name, ""), version_in(change.pack)
    for name in sorted(proposal.gone):
        yield name, before.get(name, ""), ""


def difference_json(difference: Difference) -> dict[str, Any]:
    """One difference for a program."""
    return {
        "kind": difference.kind,
        "name": difference.name,
        "path": list(difference.path),
        "before": plain(difference.before),
        "after": plain(difference.after),
        "sentence": difference.sentence,
        **_place_json("where", difference.where),
    }


def _dependents_json(found: Dependents) -> dict[str, Any]:
    references = [{"source": r.source, "place": str(r.place)} for r in found.references]
    return {"name": found.name, "references": references}


def _answer_json(answer: Answer) -> dict[str, Any]:
    conflict = answer.conflict
    return {
        "key": conflict.key,
        "pack": conflict.pack,
        "yours": "taken out" if conflict.is_removal else plain(conflict.ours),
        "before": plain(conflict.before),
        "theirs": plain(conflict.theirs),
        "choice": str(answer.choice) if answer.choice else None,
        "remembered": answer.is_remembered,
        "sentence": conflict.sentence,
        **_place_json("where", conflict.where),
        **_place_json("there", conflict.there),
    }


def _place_json(name: str, place: Place) -> dict[str, Any]:
    return {name: str(place)} if str(place) else {}


def _read_again(value: Any) -> Any:
    """The value as a program reads it."""
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
