"""The model in force and everything that follows from it, made whole from a schema and its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from xrm.engine.access import Policy
from xrm.engine.access.row_rules import RowRules
from xrm.engine.changes import ChangeLog
from xrm.engine.packs import Freshness
from xrm.engine.projection.contracts import Contracts, Surroundings
from xrm.engine.projection.programs import programs_of
from xrm.engine.queries.service import QueryService
from xrm.engine.records.postponing import Postponer
from xrm.engine.records.service import RecordService
from xrm.engine.records.writer import writers_of
from xrm.engine.runtime.organisation import Organisation
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.former import Since
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.sealing import Seal
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import Stamp
from xrm.engine.views import ViewService
from xrm.engine.world import World
from xrm.metadata.model import Model
from xrm.settings import Settings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The model in force with its services. Ask the runtime once per request and keep the answer.

    `former_since` says since when former names have been former.
    """

    schema: Schema
    policy: Policy
    records: RecordService
    queries: QueryService
    views: ViewService
    numbers: Numbers
    stamp: Stamp
    freshness: Freshness
    organisation: Organisation = field(default_factory=Organisation)
    former_since: Since = field(default_factory=dict)

    @property
    def model(self) -> Model:
        """The definitions."""
        return self.schema.model

    def check(self, unit: UnitOfWork) -> None:
        """What this transaction writes is written by the model in force; raises DefinitionChanged."""
        self.freshness.hold(unit, self.stamp)


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes snapshots over one database."""

    database: Database
    world: World
    settings: Settings
    freshness: Freshness
    index: SearchIndex
    seal: Seal
    postponer: Postponer

    def __call__(self, schema: Schema, numbers: Numbers, stamp: Stamp) -> Snapshot:
        """The services of the model, ready to be used by any thread."""
        policy = Policy(schema.model, numbers.entities)
        row_rules = RowRules(schema, numbers.entities)
        contracts = Contracts(
            schema.model, Surroundings(numbers=numbers.names, currency=self.settings.currency)
        )
        records = self._records(schema, numbers, policy, row_rules, contracts, stamp)
        queries = QueryService(
            self.database, schema.model, schema, policy, row_rules, contracts, numbers, self.index,
            self.world, self.settings.limits, zone=self.settings.zone, currency=self.settings.currency,
            pack_settings=schema.model.setting_values, epoch=self.freshness.epoch(stamp),
        )  # fmt: skip
        views = ViewService(
            self.database, queries, policy, numbers, self.world, self.settings.limits,
            check=lambda unit: self.freshness.hold(unit, stamp),
        )  # fmt: skip
        return Snapshot(schema, policy, records, queries, views, numbers, stamp, self.freshness)

    def _records(
        self,
        schema: Schema,
        numbers: Numbers,
        policy: Policy,
        row_rules: RowRules,
        contracts: Contracts,
        stamp: Stamp,
    ) -> RecordService:
        writers = writers_of(schema, contracts, programs_of, self.database, numbers, self.seal)
        return RecordService(
            self.database, writers, policy, row_rules, ChangeLog(numbers), self.index, schema.meanings,
            self.world, self.settings.limits, currency=self.settings.currency, zone=self.settings.zone,
            pack_settings=schema.model.setting_values,
            epoch=self.freshness.epoch(stamp), postponer=self.postponer,
        )  # fmt: skip
