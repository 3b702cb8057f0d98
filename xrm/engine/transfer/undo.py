"""Takes back what an import created, as far as nobody has changed it since.

What it changed keeps its new values, for its history alone holds the old ones; `updated_kept` counts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Delete, Target
from xrm.engine.jobs import Context, Job, State
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import CHANGE
from xrm.engine.transfer.importer import IMPORT
from xrm.engine.transfer.services import Ground, demand_entity
from xrm.errors import Conflict, Problem, XrmError

PORTION = 1000
MOST_KEPT = 200
UNDO = "undo_import"


class Undo:
    """The handler of the jobs of kind `undo_import`, whose parameters hold the facts of the import."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __call__(self, context: Context) -> Mapping[str, Any]:
        """What the import created and nobody changed is in the trash; what was changed is kept."""
        nothing = {"deleted": 0, "changed": 0, "kept": [], "updated_kept": context.params.get("updated", 0)}
        saved = {**nothing, "at": context.params["after"], **context.saved}
        demand_entity(self._ground.current(), context.actor(), context.params["entity"], "delete")
        while portion := self._created(context.params, saved["at"]):
            context.go_on()
            saved = self._take_back(context, portion, saved)
        return saved

    def _take_back(
        self, context: Context, portion: Sequence[tuple[int, UUID, int]], saved: Mapping[str, Any]
    ) -> dict[str, Any]:
        actor, services, entity = context.actor(), self._ground.current(), context.params["entity"]
        commands = [Delete(entity, Target(record), version) for _, record, version in portion]

        def work(unit: UnitOfWork) -> dict[str, Any]:
            try:
                with unit.savepoint():
                    services.records.execute_in(unit, actor, commands)
                kept: list[str] = []
            except XrmError as error:
                if error.facts.get("retry"):
                    raise
                outcome = services.records.execute_in(unit, actor, commands, mode="good_rows")
                kept = [str(portion[i][1]) for i in outcome.refused]
            now = {
                "deleted": saved["deleted"] + len(portion) - len(kept),
                "changed": saved["changed"] + len(kept),
                "kept": [*saved["kept"], *kept][:MOST_KEPT],
                "updated_kept": saved["updated_kept"],
                "at": portion[-1][0],
            }
            context.checkpoint(unit, now, now["deleted"] + now["changed"], context.params["created"])
            return now

        return self._ground.database.transact(work, services.schema.meanings)

    def _created(self, params: Mapping[str, Any], after: int) -> list[tuple[int, UUID, int]]:
        """The next records that the import created: position of the change, id, and version."""
        numbered = self._ground.current().queries.numbers.entities
        wanted = (
            sa.select(CHANGE.c.position, CHANGE.c.record, CHANGE.c.version)
            .where(
                CHANGE.c.position > after,
                CHANGE.c.cause == params["import"],
                CHANGE.c.operation == "create",
                CHANGE.c.entity == numbered[params["entity"]],
            )
            .order_by(CHANGE.c.position)
            .limit(PORTION)
        )
        if params["until"]:
            wanted = wanted.where(CHANGE.c.position <= params["until"])
        with self._ground.database.read() as unit:
            return [(row.position, row.record, row.version) for row in unit.execute(wanted)]


def undo_params(job: Job) -> dict[str, Any]:
    """What the undoing of this import needs to know; raises Conflict when there is nothing to undo."""
    facts = job.result
    over = job.state in (State.DONE, State.CANCELLED, State.FAILED)
    if job.kind != IMPORT or not over or not facts.get("created") or job.params.get("dry_run"):
        hint = "Undo an import that is over and has created records."
        raise Conflict(Problem("I113", "There is nothing to undo here.", hint))
    return {
        "import": str(job.id),
        "entity": job.params["entity"],
        "after": facts["after"],
        "until": facts["until"],
        "created": facts["created"],
        "updated": facts.get("updated", 0),
    }
