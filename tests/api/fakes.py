"""A runtime with real people and a real ledger, whose records are a dictionary: for the edge by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from xrm.engine.access import Policy
from xrm.engine.commands import Actor, Change, Command, Create, Outcome, Result
from xrm.engine.identity import Identity
from xrm.engine.queries.request import Page, Query
from xrm.engine.runtime.usage import Usage
from xrm.engine.storage.database import Database
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.stamp import Stamp, StampReader
from xrm.engine.world import World
from xrm.errors import NotFound, Problem, Stale
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.model import Entity, Field, Model
from xrm.settings import Settings

NOTE = Entity(
    "note",
    "test",
    {"en": "Note", "pt": "Nota"},
    {"en": "Notes"},
    fields={"text": Field("text", builtin_registry()["text"], {"en": "Text"}, required=True)},
)
MODEL = Model({}, {"note": NOTE}, {}, {})


@dataclass
class Store:
    """Both services over a dictionary; `fault` is raised in their place when it is set."""

    database: Database
    world: World
    rows: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    done: list[Command] = field(default_factory=list)
    fault: BaseException | None = None

    def execute(
        self,
        actor: Actor,
        commands: Sequence[Command],
        *,
        mode: str = "all",
        around: Callable[..., Outcome] | None = None,
    ) -> Outcome:
        if self.fault:
            raise self.fault

        def run() -> Outcome:
            results = tuple(self._do(c) for c in commands)
            return Outcome(results, tuple[Change, ...]())

        return self.database.transact(lambda unit: around(unit, run) if around else run())

    def do(self, actor: Actor, command: Command, *, around: Callable[..., Outcome] | None = None) -> Outcome:
        return self.execute(actor, [command], around=around)

    def _do(self, command: Command) -> Result:
        self.done.append(command)
        if isinstance(command, Create):
            made = self.world.new_id()
            self.rows[made] = {"id": str(made), "version": 1, **command.values}
            return Result(command.entity, made, 1, "created")
        row = self.rows[command.target.id]
        wanted = getattr(command, "version", None)
        if wanted is not None and wanted != row["version"]:
            raise Stale(Problem("R112", "Somebody was faster.", "Read it again."))
        row.update(getattr(command, "values", {}), version=row["version"] + 1)
        return Result(command.entity, command.target.id, row["version"], "updated")

    def get(self, actor: Actor, entity: str, record: UUID, **options: Any) -> dict[str, Any]:
        if self.fault:
            raise self.fault
        if record not in self.rows:
            raise NotFound(Problem("R104", f"There is no {entity} {record}: a secret sentence."))
        return {"deleted_at": None, **self.rows[record]}

    def answering(self, actor: Actor, entity: str, record: UUID) -> UUID | None:
        return None

    def pending(self, actor: Actor, entity: str, records: Any) -> dict[UUID, tuple[str, ...]]:
        return {}

    def former(self, actor: Actor, query: Query) -> tuple[()]:
        return ()

    def uses(self, actor: Actor, query: Query) -> tuple[()]:
        return ()

    def list(self, actor: Actor, query: Query) -> Page:
        if self.fault:
            raise self.fault
        return Page(list(self.rows.values()), timings={"run": 0.0015})


@dataclass(frozen=True)
class FakeSnapshot:
    model: Model
    policy: Policy
    records: Store
    queries: Store
    numbers: Numbers = field(default_factory=lambda: Numbers({"note": 1}, {}, {}, {1: "note"}, {}))


class FakeRuntime:
    """What the API needs of a runtime."""

    def __init__(self, database: Database, world: World, settings: Settings) -> None:
        self.database, self.world, self.settings = database, world, settings
        self.identity = Identity(database, world, settings)
        self.usage = Usage(database, world)
        self.store = Store(database, world)
        self._stamps = StampReader(database)

    def current(self) -> FakeSnapshot:
        return self.look()[0]

    def look(self) -> tuple[FakeSnapshot, Stamp]:
        if self.store.fault and getattr(self.store.fault, "everywhere", False):
            raise self.store.fault
        return FakeSnapshot(MODEL, Policy(MODEL), self.store, self.store), self._stamps.read()

    def with_settings(self, **changes: Any) -> FakeRuntime:
        return FakeRuntime(self.database, self.world, replace(self.settings, **changes))
