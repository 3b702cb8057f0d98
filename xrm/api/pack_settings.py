"""Handlers that read, plan and change the settings of packs; for administrators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call
from xrm.api.problems import said
from xrm.api.shapes import as_object, known_keys, text
from xrm.engine.packs import Installed, Revision
from xrm.engine.packs.asked import in_force
from xrm.engine.packs.reconciliation import unanswered
from xrm.engine.packs.telling import plan_json
from xrm.errors import Invalid
from xrm.metadata.setting_values import Setting

VALUES = "values"


def settings(call: Call) -> Answer:
    """`GET /metadata/settings`: the settings of all packs in use with their values, and the version in force."""
    call.allow_only()
    known = call.runtime.pack_settings.list(call.actor, call.snapshot.model)
    version = in_force(call.runtime.packs, call.actor).version
    return tagged({"version": version, "settings": [_setting_json(one) for one in known]}, version)


def plan(call: Call) -> Answer:
    """`POST /metadata/settings/plan`: what these values would change; nothing is changed."""
    call.allow_only()
    proposal = call.runtime.packs.foresee(_revision(call, known_keys(call.object(), VALUES)))
    more = {
        "is_empty": proposal.is_empty,
        "problems": [said(one) for one in unanswered(proposal.reconciled)],
    }
    return answer(plan_json(proposal, call.runtime.database.engine.dialect, more))


def change(call: Call) -> Answer:
    """`PATCH /metadata/settings`: the settings have these values, null for that of the pack; or nothing has changed.

    With the `hash` of a plan it is carried out only as it was planned.
    """
    call.allow_only()
    revision = _revision(call, known_keys(call.object(), VALUES, "hash"))
    made = call.runtime.packs.revise(revision, call.actor, around=call.around(_told))
    told = _told(made)
    if made.version is None:
        told["version"] = in_force(call.runtime.packs, call.actor).version
    return answer(told)


def _told(made: Installed) -> dict[str, Any]:
    return {"version": made.version, "fingerprint": made.fingerprint}


def _revision(call: Call, body: dict[str, Any]) -> Revision:
    values, hash_ = as_object(body.get(VALUES), VALUES), text(body, "hash")
    try:
        return call.runtime.pack_settings.revision(call.actor, call.snapshot.model, values, hash_)
    except Invalid as error:
        raise Invalid([problem.under(VALUES) for problem in error.problems]) from None


def _setting_json(setting: Setting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "pack": setting.pack,
        "type": setting.kind,
        "label": dict(setting.label),
        "help": dict(setting.help),
        **({"options": {k: dict(v) for k, v in setting.options.items()}} if setting.options else {}),
        "value": _dumped(setting.value),
        "default": _dumped(setting.usual),
        "is_changed": setting.is_changed,
    }


def _dumped(value: Any) -> Any:
    """The value as a record would have it."""
    return str(value) if isinstance(value, date | Decimal) else value
