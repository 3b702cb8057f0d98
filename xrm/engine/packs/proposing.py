"""Works out what a revision would come to: layers, tables and the steps to them. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from xrm.engine.packs.calling import called_ahead
from xrm.engine.packs.dependents import Dependents, dependents
from xrm.engine.packs.layers import InstalledLayer, read_present
from xrm.engine.packs.lost_views import LostView, lost_views
from xrm.engine.packs.parts import Parts
from xrm.engine.packs.proposal import Proposal, changed_layers, in_order
from xrm.engine.packs.reconciliation import Reconciled, read_answers, reconcile
from xrm.engine.packs.reindexing import before_change, organisation_context
from xrm.engine.packs.revision import Revision, Sources
from xrm.engine.packs.showing import shown_where
from xrm.engine.packs.versions import sources_of_version
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.apply import plan_for
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.demands import unmet_demands
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.forms import Decisions
from xrm.engine.storage.matching import Match, Past
from xrm.engine.storage.meant import names_in_force
from xrm.engine.storage.numbers import (
    NO_NAMES,
    Names,
    identify,
    read_numbers,
)
from xrm.engine.storage.options import kept_keys
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import Stamp
from xrm.errors import Problem, XrmError
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.model import Model
from xrm.metadata.requirements import demand_declared
from xrm.metadata.sources import PackSource, core_source


@dataclass(frozen=True, slots=True)
class _Layers:
    """What is installed at a moment, and what is `wanted` by name instead: `given` newly, `twins` under one name."""

    stamp: Stamp
    layers: tuple[InstalledLayer, ...]
    present: Sources
    wanted: Sources
    given: frozenset[str]
    twins: tuple[PackSource, ...]
    reconciled: Reconciled

    @property
    def sources(self) -> list[PackSource]:
        """The files of all that is wanted."""
        return [*self.wanted.values(), *self.twins]


class _Concerned(NamedTuple):
    """What a plan means for what speaks of things."""

    views: tuple[LostView, ...]
    dependents: tuple[Dependents, ...]


class Proposer:
    """Proposes against what is installed at the moment of asking."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def propose(self, revision: Revision) -> Proposal:
        """What the revision would come to, as things are now."""
        if revision.version is not None:
            return self._propose_back(revision.version, revision.decisions).sealed()
        return self._propose(revision).sealed()

    def intended(self, revision: Revision) -> Model:
        """What the definitions would be, whatever records stand against it."""
        if revision.version is not None:
            with self._parts.database.read() as unit:
                sources = sources_of_version(unit, revision.version)[0]
            return self._parts.definitions.resolve([core_source(), *sources])
        return self._parts.definitions.resolve(self._layers(revision).sources)

    def _propose(self, revision: Revision) -> Proposal:
        parts, lie = self._parts, self._layers(revision)
        packs = {name: parts.definitions.read(source) for name, source in lie.wanted.items()}
        schema, served = self.schemas(lie.sources)
        changes = changed_layers(
            [(packs[n], s) for n, s in lie.wanted.items() if n in lie.given], lie.layers, dev=revision.dev
        )
        demand_declared(schema.model, (change.pack for change in changes))
        before = self.in_force(lie.present) if lie.layers else None
        plan, concerned = self._plan((schema, served), before, lie.stamp, NO_NAMES, revision.decisions)
        known = (
            packs[n] if lie.wanted.get(n) == s else parts.definitions.read(s) for n, s in lie.present.items()
        )
        return Proposal(
            lie.stamp, schema, plan, changes, in_order(packs.values()), in_order(known),
            revision.gone & lie.present.keys(), lie.reconciled, sources=tuple(lie.wanted.values()), served=served,
            views=concerned.views, dependents=concerned.dependents,
        )  # fmt: skip

    def _layers(self, revision: Revision) -> _Layers:
        """The layers as they shall be, the customisation reconciled with them."""
        parts = self._parts
        with parts.database.read() as unit:
            stamp, (layers, present) = parts.freshness.read_in(unit), read_present(unit)
            remembered = read_answers(unit) if layers else {}
        wanted, given, twins = self._wanted(revision, present)
        reconciled = reconcile(parts.definitions, present, wanted, remembered, revision.answers)
        if reconciled.source is not None and reconciled.source is not present.get(CUSTOMISATION):
            wanted, given = {**wanted, CUSTOMISATION: reconciled.source}, given | {CUSTOMISATION}
        return _Layers(stamp, layers, present, wanted, frozenset(given), tuple(twins), reconciled)

    def _propose_back(self, number: int, decisions: Decisions) -> Proposal:
        """The layers of that version over the core of this program."""
        parts = self._parts
        with parts.database.read() as unit:
            stamp, (layers, present) = parts.freshness.read_in(unit), read_present(unit)
            sources, then = sources_of_version(unit, number)
        given = [(parts.definitions.read(source), source) for source in (core_source(), *sources)]
        schema, served = self.schemas([source for _, source in given])
        plan, concerned = self._plan((schema, served), self.in_force(present), stamp, then, decisions, number)
        return Proposal(
            stamp, schema, plan, changed_layers(given, layers, dev=True),
            in_order(pack for pack, _ in given), in_order(map(parts.definitions.read, present.values())),
            frozenset(present.keys() - {pack.name for pack, _ in given}), then=then, served=served,
            views=concerned.views, dependents=concerned.dependents,
        )  # fmt: skip

    def _wanted(
        self, revision: Revision, present: Sources
    ) -> tuple[dict[str, PackSource], set[str], Sequence[PackSource]]:
        """The layers as they shall be by name, the names of those that are given, and others of their names."""
        parts = self._parts
        named = [(parts.definitions.read(s).name, s) for s in (core_source(), *revision.sources)]
        if revision.edit is not None:
            named.append((CUSTOMISATION, revision.edit(parts.definitions, present)))
        given = {name for name, _ in named}
        kept = {name: s for name, s in present.items() if name not in revision.gone | given}
        wanted = {**dict(named), **kept}
        return wanted, given, [s for name, s in named if wanted[name] is not s]

    def _plan(
        self,
        tables: tuple[Schema, Schema | None],
        before: Schema | None,
        stamp: Stamp,
        then: Names,
        decisions: Decisions,
        version: int | None = None,
    ) -> tuple[SchemaPlan, _Concerned]:
        """The steps to these tables, with those that are served of them, and what else is concerned by them.

        Raises DefinitionChanged if others have changed meanwhile what they rest on.
        """
        parts, concerned, (schema, served) = self._parts, list[_Concerned](), tables
        shown = parts.current().model if before else None

        seen: list[tuple[Match, Past]] = []

        def asked(
            unit: UnitOfWork, matched: Match, past: Past, *, before_steps: bool = False
        ) -> list[Problem]:
            seen.append((matched, past))
            return unmet_demands(schema, unit, matched, past, before_steps=before_steps)

        def past(unit: UnitOfWork) -> Past:
            # What others have made since would be taken for what is no longer defined.
            parts.freshness.compare(unit, stamp)
            numbers = read_numbers(unit)
            identities = identify(numbers, schema.model, then)
            hidden, wanted = served.model if served else None, None if version else schema.model
            views = lost_views(unit, shown, numbers, identities, hidden, wanted)
            concerned.append(_Concerned(views, dependents(shown, schema.model, identities)))
            noted = names_in_force(unit)
            keys = kept_keys(before.model, schema.model, identities, noted, then) if before else {}
            return Past(
                numbers,
                identities,
                before,
                parts.kept_days,
                schema,
                version,
                decisions,
                parts.types,
                parts.currency,
                kept_keys=keys,
                shown=shown_where(schema, organisation_context(schema.model, parts.world.now(), parts.zone)),
            )

        plan = plan_for(parts.database, [schema.metadata], asked, past)
        if before is not None:
            (matched, known), now = seen[-1], parts.world.now()
            was, context = (
                before_change(before, known.numbers, plan),
                organisation_context(schema.model, now, parts.zone),
            )
            called = called_ahead(was, schema, matched, known, SearchIndex(parts.database), context)
            plan = replace(plan, ahead=(*plan.ahead, *called))
        former = before.model.fingerprint if before else ""
        return replace(plan, model=f"{former} > {schema.model.fingerprint}"), concerned[-1]

    def schemas(self, sources: Sequence[PackSource]) -> tuple[Schema, Schema | None]:
        """The tables of these layers; and those that are served, where a pack is disabled."""
        served, stored = self._parts.definitions.resolve(sources), self._parts.definitions.stored(sources)
        return sql_schema(stored), sql_schema(served) if served.disabled else None

    def in_force(self, present: Sources) -> Schema | None:
        """The tables that are there; none where this program cannot serve what an earlier one installed."""
        try:
            current = self._parts.current().schema
            return self.schemas(tuple(present.values()))[0] if current.model.disabled else current
        except XrmError:
            return None

    def present(self) -> Sources:
        """The files of the installed layers by name, lowest first."""
        with self._parts.database.read() as unit:
            return read_present(unit)[1]
