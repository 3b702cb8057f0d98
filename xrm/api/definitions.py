"""Handlers that read, plan and change the customisation by its documents; for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call
from xrm.api.codes import unreadable
from xrm.api.problems import said
from xrm.api.shapes import as_object, known_keys, object_at, text
from xrm.engine.identity.work import DEFINE, demand_administrator
from xrm.engine.packs import Choice, Installed
from xrm.engine.packs.asked import Asked, applied, foreseen, in_force
from xrm.engine.packs.reconciliation import unanswered
from xrm.engine.packs.telling import plan_json

MERGE, MIRROR = "merge", "mirror"
KEYS: Final = ("documents", "mode", "decisions", "answers")
MOST_PATH = 200


def documents(call: Call) -> Answer:
    """`GET /metadata/documents`: the customisation by path, as its authors wrote it, and the version in force."""
    call.allow_only()
    found = in_force(call.runtime.packs, call.actor)
    return tagged({"version": found.version, "documents": dict(found.documents)}, found.version)


def plan(call: Call) -> Answer:
    """`POST /metadata/plan`: what these documents would change; nothing is changed."""
    call.allow_only()
    demand_administrator(call.actor, DEFINE)
    proposal = foreseen(call.runtime.packs, call.actor, _asked(known_keys(call.object(), *KEYS)))
    more = {
        "is_empty": proposal.is_empty,
        "problems": [said(one) for one in unanswered(proposal.reconciled)],
    }
    return answer(plan_json(proposal, call.runtime.database.engine.dialect, more))


def apply(call: Call) -> Answer:
    """`POST /metadata/apply`: the customisation is what was planned under this hash; or nothing has changed."""
    call.allow_only()
    demand_administrator(call.actor, DEFINE)
    body = known_keys(call.object(), *KEYS, "hash")
    mark = text(body, "hash")
    if not mark:
        raise unreadable(
            "H105", "The hash of the plan is needed.", "Plan first: POST /metadata/plan.", "hash"
        )
    made = applied(call.runtime.packs, call.actor, _asked(body), mark, call.around(_told))
    told = _told(made)
    if made.version is None:
        told["version"] = in_force(call.runtime.packs, call.actor).version
    return answer(told)


def _told(made: Installed) -> dict[str, Any]:
    layers = [{"name": layer.name, "version": layer.version} for layer in made.layers]
    facts = {"layers": layers, "gone": list(made.gone), "steps": list(made.steps)}
    return {"version": made.version, "fingerprint": made.fingerprint, **facts}


# --- what is asked ----------------------------------------------------------------------------------


def _asked(body: dict[str, Any]) -> Asked:
    mode = text(body, "mode") or MERGE
    if mode not in (MERGE, MIRROR):
        raise unreadable("H105", "There is no such mode.", f"Use {MERGE} or {MIRROR}.", "mode")
    given, decisions = as_object(body.get("documents"), "documents"), object_at(body, "decisions")
    return Asked(
        {path: _document(path, value) for path, value in given.items()},
        mode == MIRROR,
        {place: text(decisions, place, "decisions") for place in decisions},
        {key: _choice(key, value) for key, value in object_at(body, "answers").items()},
    )


def _document(path: str, value: object) -> str:
    """The text of a document; one that is given as JSON is written as that."""
    where = f"documents.{path[:MOST_PATH]}"
    if len(path) > MOST_PATH:
        hint = "Name it as in entities/account.yaml."
        raise unreadable("H105", f"A path has at most {MOST_PATH} characters.", hint, where)
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return orjson.dumps(value, default=_exact, option=orjson.OPT_INDENT_2).decode() + "\n"
    raise unreadable("H105", "A document must be its text, or a JSON object.", "", where)


def _exact(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _choice(key: str, value: object) -> Choice:
    if isinstance(value, str) and value in {str(each) for each in Choice}:
        return Choice(value)
    where = f"answers.{key[:MOST_PATH]}"
    raise unreadable("H105", "A conflict is answered by keep or take.", 'Send {"KEY": "keep"}.', where)
