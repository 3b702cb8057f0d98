"""Many records changed alike by a job: whatever can be is changed, in one transaction and as one act.

One act is what can be taken back by one undo. The records that are refused stay, and are told with their reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from xrm.engine.commands import Actor, Command, Delete, Outcome, Target, Update
from xrm.engine.jobs import Context
from xrm.engine.queries.request import Query, Trash
from xrm.engine.records.acts import place_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.transfer.services import Ground, Services

BULK = "bulk"
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Which records of an entity get these values, or go to the trash where there are none."""

    entity: str
    ids: tuple[UUID, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def commands(self) -> list[Command]:
        """One command for each record."""
        if not self.values:
            return [Delete(self.entity, Target(id_)) for id_ in self.ids]
        return [Update(self.entity, Target(id_), self.values) for id_ in self.ids]

    @property
    def params(self) -> dict[str, Any]:
        """The request as a job keeps it."""
        return {**asdict(self), "ids": [str(id_) for id_ in self.ids]}

    @staticmethod
    def of(params: Mapping[str, Any]) -> BulkRequest:
        """The request that a job keeps."""
        return BulkRequest(params["entity"], tuple(UUID(id_) for id_ in params["ids"]), params["values"])


class Bulk:
    """The handler of the jobs of kind `bulk`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """All that can be changed is changed; tells how many, why others were not, and where the act stands."""
        if "undo" in context.saved:
            return context.saved
        request, actor, services = BulkRequest.of(context.params), context.actor(), self._ground.current()

        def work(unit: UnitOfWork) -> Mapping[str, Any]:
            outcome = services.records.execute_in(unit, actor, request.commands, mode="good_rows")
            facts = {**_facts(request, outcome), "undo": place_of(unit, outcome)}
            context.checkpoint(unit, facts, len(request.ids), len(request.ids))
            return facts

        facts = self._ground.database.transact(work, services.schema.meanings)
        return {**facts, "problems": _with_titles(services, actor, request, facts["problems"])}


def _facts(request: BulkRequest, outcome: Outcome) -> dict[str, Any]:
    done = [result.outcome for result in outcome.results]
    told = [
        {"row": str(request.ids[position]), "column": "", "path": "", "message": p.message, "hint": p.hint}
        for position, problems in list(outcome.refused.items())[:MOST_TOLD]
        for p in problems[:1]
    ]
    return {
        **{word: done.count(word) for word in ("updated", "deleted", "unchanged") if word in done},
        "failed": len(outcome.refused),
        "problems": told,
    }


def _with_titles(
    services: Services, actor: Actor, request: BulkRequest, problems: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The problems with the names of their records, as far as this person may read them."""
    ids = tuple(UUID(told["row"]) for told in problems)
    if not ids:
        return []
    query = Query(request.entity, fields=(("title",),), ids=ids, limit=len(ids), trash=Trash.BOTH)
    titles = {str(row["id"]): row["title"] for row in services.queries.list(actor, query).data}
    return [{**told, "row": titles.get(told["row"]) or ""} for told in problems]
