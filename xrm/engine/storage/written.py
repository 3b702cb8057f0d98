"""A plan as a program reads it and a file keeps it, and whether it is still the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy.engine import Dialect as SqlDialect

from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.steps import Effect
from xrm.errors import NOWHERE, Conflict, Place, PlanRefused, Problem

SEAL = "seal"
NOTHING: Mapping[str, Any] = {}
TOLD = 5


def written(plan: SchemaPlan, dialect: SqlDialect, besides: Mapping[str, Any] = NOTHING) -> dict[str, Any]:
    """The whole plan as plain values, with what is told besides, sealed so that an edit is seen."""
    steps = [
        {
            "step": step.sentence,
            "class": str(step.effect),
            "rows": step.rows.touched,
            "failing": step.rows.failing,
            "samples": list(step.rows.samples),
            "lock_seconds": step.lock_seconds,
            "inverse": step.inverse,
            "sql": sql,
        }
        for step, sql in zip(plan.steps, plan.sql(dialect), strict=True)
    ]
    told = {
        "hash": plan.hash,
        "base": plan.base,
        "model": plan.model,
        "needs_confirmation": bool(plan.destructive),
        "decisions": dict(plan.decisions),
        "steps": steps,
        **besides,
    }
    return {**told, SEAL: _seal(told)}


def _seal(told: Mapping[str, Any]) -> str:
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """A plan from a file: its hash, its steps with what they do to what is stored, and what was decided."""

    hash: str
    steps: tuple[str, ...]
    decisions: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def read(content: bytes, where: Place = NOWHERE) -> Written:
        """The plan that the file at that place holds; raises PlanRefused for anything but a plan as it was written."""
        try:
            told = orjson.loads(content)
            rest = {name: value for name, value in told.items() if name != SEAL}
            if _seal(rest) == told[SEAL]:
                steps = tuple(_said(s["class"], s["step"]) for s in rest["steps"])
                return Written(rest["hash"], steps, rest["decisions"])
        except (orjson.JSONDecodeError, AttributeError, TypeError, KeyError):
            raise PlanRefused(
                Problem("S117", "The file holds no plan.", "Write one with xrm plan --json.", where)
            ) from None
        message = "The plan in the file is not as it was written."
        raise PlanRefused(Problem("S117", message, "Change the definitions instead, and plan again.", where))

    def demand_same(self, plan: SchemaPlan) -> None:
        """The plan is the one in the file; raises Conflict with the steps that are other by now."""
        if plan.hash == self.hash:
            return
        now = [_said(step.effect, step.sentence) for step in plan.steps]
        other = [f"no longer: {said}" for said in self.steps if said not in now]
        other += [f"new: {said}" for said in now if said not in self.steps]
        told = [Problem("S120", said) for said in other[:TOLD]]
        first = "The plan has changed since it was written" + (
            f" in {len(other)} steps."
            if other
            else ": the steps are the same, the database or the definitions are not."
        )
        raise Conflict([Problem("S120", first, "Plan again."), *told])


def _said(effect: Effect | str, sentence: str) -> str:
    return f"{sentence} ({effect})"
