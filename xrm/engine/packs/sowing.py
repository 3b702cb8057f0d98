"""The records that packs bring: base records with the model that they belong to, demo records when asked for."""

from __future__ import annotations

from functools import cache

from xrm.engine.commands import Actor
from xrm.engine.packs.layers import (
    read_layers,
    read_sources,
)
from xrm.engine.packs.parts import Parts
from xrm.engine.packs.people import PeoplePlanter, ensure_installer
from xrm.engine.packs.planting import Planter, Progress, known_records, no_progress
from xrm.engine.packs.proposal import in_order, seeds_of
from xrm.engine.packs.seeds import BASE, DEMO, Planting, Seed, seed_of
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.numbers import (
    Numbers,
)


class Sower:
    """Makes the records of seeds in one installation."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def seed_demo(self, progress: Progress = no_progress) -> int:
        """The demo records of all installed packs are there; gives how many were made now."""
        demo, base = self._seeds()
        return self._plant(demo, base, progress)

    def demo(self) -> tuple[Seed, Planting]:
        """What the demo seeds of the installed packs say, and the order in which it is made."""
        demo, base = self._seeds()
        installer = ensure_installer(self._parts.database, self._parts.world)
        return demo, self._planter(installer, base).plan(demo.records)

    def sow(self, unit: UnitOfWork, schema: Schema, numbers: Numbers, base: Seed, installer: Actor) -> int:
        """The base people and records are there, in the transaction that activates the model they belong to."""
        people = PeoplePlanter.of(self._parts.identity, self._parts.database, installer)
        people.within(unit, self._parts.database).plant(base.people)
        planter = Planter(schema.model, installer, self._parts.world, self._parts.zone, {})
        planting = planter.plan(base.records)
        known = known_records(unit, schema, planting.entities)
        # Everybody waits meanwhile, and few changes of definitions bring a record.
        services = cache(lambda: self._parts.compose(schema, numbers, self._parts.freshness.read_in(unit)))
        return planter.plant(planting, known, lambda c: services().records.execute_in(unit, installer, c))

    def _plant(self, seed: Seed, others: Seed, progress: Progress) -> int:
        """The people and records of the seed are there, each batch of records in a transaction of its own."""
        parts, services = self._parts, self._parts.current()
        installer = ensure_installer(parts.database, parts.world)
        PeoplePlanter.of(parts.identity, parts.database, installer).plant(seed.people)
        planter = self._planter(installer, others)
        planting = planter.plan(seed.records)
        with parts.database.read() as unit:
            known = known_records(unit, services.schema, planting.entities)
        return planter.plant(planting, known, lambda c: services.records.execute(installer, c), progress)

    def _seeds(self) -> tuple[Seed, Seed]:
        """The demo seed and the base seed of what is installed."""
        with self._parts.database.read() as unit:
            sources = read_sources(unit, read_layers(unit))
        disabled = self._parts.current().model.disabled
        packs = in_order(map(self._parts.definitions.read, sources))
        seeds = seeds_of(pack for pack in packs if pack.name not in disabled)
        return seed_of(seeds, DEMO), seed_of(seeds, BASE)

    def _planter(self, installer: Actor, others: Seed) -> Planter:
        parts = self._parts
        elsewhere = {record.key: record.entity for record in others.records}
        return Planter(parts.current().model, installer, parts.world, parts.zone, elsewhere)
