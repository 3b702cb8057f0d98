"""The one way in which records are read: lists, single records, groups, search, history and the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from xrm.engine.access import Policy
from xrm.engine.access.row_rules import RowRules, actor_context
from xrm.engine.commands import Actor
from xrm.engine.projection.contracts import Contracts
from xrm.engine.projection.sql_expressions import parameter_values
from xrm.engine.queries import (
    agenda,
    attached,
    comments,
    counting,
    cursor,
    expanding,
    following,
    grouping,
    histories,
    kept,
    linked,
    searching,
    timelines,
)
from xrm.engine.queries.cache import Cache
from xrm.engine.queries.counting import Counted, Far
from xrm.engine.queries.former import Said, Use, Words, present_query, said_in, uses, uses_of_groups
from xrm.engine.queries.frame import Desk
from xrm.engine.queries.ordering import begun_at
from xrm.engine.queries.plan import Kit, ListPlan, filtered, plan_list, shape_of, values_of
from xrm.engine.queries.reading import Reader
from xrm.engine.queries.references import name_references
from xrm.engine.queries.request import Aggregate, Count, Expand, Page, Query, Trash
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import Epoch
from xrm.engine.world import World
from xrm.errors import NotFound, Place, Problem
from xrm.metadata.expressions.environment import Context
from xrm.metadata.model import Model
from xrm.metadata.typing_scope import ModelNames
from xrm.settings import Limits

PLANS = 2_000


class Asked(NamedTuple):
    """A query that can be asked: its plan, the literals of its filters, and the names that it uses."""

    plan: ListPlan
    literals: Mapping[str, Any]
    uses: tuple[Use, ...]


class QueryService:
    """Reads records of one model; made anew at each activation, safe to share between threads."""

    def __init__(
        self,
        database: Database,
        model: Model,
        schema: Schema,
        policy: Policy,
        row_rules: RowRules,
        contracts: Contracts,
        numbers: Numbers,
        index: SearchIndex,
        world: World,
        limits: Limits,
        *,
        zone: str,
        currency: str,
        pack_settings: Mapping[str, Any],
        epoch: Epoch,
    ) -> None:
        self.epoch = epoch
        self.database, self.model, self.schema, self.policy = database, model, schema, policy
        self.numbers, self.index, self.limits, self.contracts = numbers, index, limits, contracts
        self._row_rules, self._world, self._zone, self._settings = row_rules, world, zone, pack_settings
        self._currency = currency
        self._names = ModelNames(model.entities)
        self._kept: Cache[Any] = Cache(PLANS)
        self._asked: Cache[Asked] = Cache(PLANS)
        self._firsts: dict[str, sa.FromClause] = {}
        self._former = Words.of(model.former)
        self._uses: Cache[tuple[Use, ...]] = Cache(PLANS)

    # --- what a reader is ------------------------------------------------------------------------------

    def reader(self, actor: Actor) -> Reader:
        """The actor in front of this model."""
        return Reader(self.model, self.policy, actor, self._names)

    def kit(self, actor: Actor) -> Kit:
        """What planning a query of this actor needs."""
        desk = Desk(self.schema, self._row_rules, self.reader(actor), self._firsts)
        dialect = self.database.dialect.name
        return Kit(
            desk,
            self.contracts,
            self.numbers,
            self.index,
            self.limits,
            dialect,
            self._currency,
            self.database,
            self._kept,
        )

    def context(self, actor: Actor) -> Context:
        """The actor, their day and this instant, as expressions are given them."""
        now, zone = self._world.now(), actor.zone or self._zone
        today = now.astimezone(ZoneInfo(zone)).date()
        return actor_context(actor, now, today, zone, self._settings)

    def parameters(self, actor: Actor) -> Mapping[str, Any]:
        """The values of the actor, day and instant that statements are run with."""
        return parameter_values(self.context(actor))

    # --- records ----------------------------------------------------------------------------------------

    def list(self, actor: Actor, query: Query) -> Page:
        """One page of the records that match and that the actor may read."""
        started = perf_counter()
        query = self.present(actor, query)
        asked = self._plan(actor, query)
        if not asked.plan.is_one_statement(query):
            with self.epoch.reading() as unit:
                return self._page(unit, actor, query, asked, started)
        with self.epoch.asking() as unit:
            return self._page(unit, actor, query, asked, started, self._demand_model)

    def list_in(self, unit: UnitOfWork, actor: Actor, query: Query) -> Page:
        """One page, read in the caller's transaction."""
        started = perf_counter()
        query = self.present(actor, query)
        return self._page(unit, actor, query, self._plan(actor, query), started)

    def _demand_model(self, unit: UnitOfWork, plan: ListPlan, rows: Sequence[tuple[Any, ...]]) -> None:
        """The rows of a statement that stands alone are of this model, as each says; else DefinitionChanged."""
        if not rows or plan.model(rows[0]) != self.epoch.model:
            self.epoch.demand(unit)

    def _page(
        self,
        unit: UnitOfWork,
        actor: Actor,
        query: Query,
        asked: Asked,
        started: float,
        demand: Callable[[UnitOfWork, ListPlan, Sequence[tuple[Any, ...]]], None] | None = None,
    ) -> Page:
        planned = perf_counter()
        (plan, literals, _), kit, parameters = asked, self.kit(actor), self.parameters(actor)
        begun = cursor.begun(query, parameters["now"]) if plan.follows_clock else None
        values = {**values_of(kit, query, parameters), **literals}
        if begun is not None:
            values |= begun_at(begun, parameters["zone"])
        rows = self._rows(unit, plan, query, values)
        if demand is not None:
            demand(unit, plan, rows)
        ran = perf_counter()
        shown = rows[: query.limit]
        data = plan.presenter.records(shown)
        name_references(kit, unit, data, plan.presenter.any_references, parameters)
        expanding.expand(self, unit, actor, query, data)
        more = cursor.encode(query, plan.key(shown[-1]), begun) if len(rows) > query.limit else None
        count, count_is = self._count(unit, plan, query, values)
        timings = {"plan": planned - started, "run": ran - planned, "present": perf_counter() - ran}
        return Page(data, more, count, count_is, timings=timings)

    def _plan(self, actor: Actor, query: Query) -> Asked:
        """The plan of a query and the literals of its filters; one plan serves whatever the literals are."""
        return self._asked.get(shape_of(query, actor.signature), lambda: self._ask(actor, query))

    def _ask(self, actor: Actor, query: Query) -> Asked:
        self.reader(actor).entity(query.entity)
        kit = self.kit(actor)
        filters = filtered(kit, query)
        bare = shape_of(replace(query, filters=(), conditions=(), tests=()), actor.signature)
        key = ("list", *bare, filters.lifted.shape)
        plan = kit.plan(key, lambda: plan_list(kit, query, filters))
        return Asked(
            plan,
            filters.lifted.values,
            uses(kit.desk.reader.names, query, filters.mentions, filters.compared),
        )

    def _rows(
        self, unit: UnitOfWork, plan: ListPlan, query: Query, values: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        if not query.cursor:
            return unit.run(plan.first, values)
        key = cursor.decode(query, plan.kinds)
        after = {**values, **{f"after{i}": v for i, v in enumerate(key)}}
        rows: list[tuple[Any, ...]] = []
        for prepared in plan.continued(tuple(v is None for v in key)):
            rows += unit.run(prepared, {**after, "limit": values["limit"] - len(rows)})
            if len(rows) == values["limit"]:
                break
        return rows

    def _count(
        self, unit: UnitOfWork, plan: ListPlan, query: Query, values: Mapping[str, Any]
    ) -> tuple[int | None, str]:
        if plan.count is None:
            return None, ""
        found = unit.run(plan.count, values)[0][0]
        if query.count is Count.CAPPED and found > self.limits.capped_count:
            return self.limits.capped_count, "at_least"
        return found, "exact"

    def check(self, actor: Actor, query: Query) -> None:
        """The query can be asked by the actor; raises the refusal that asking it would be. Nothing is read."""
        self._plan(actor, self.present(actor, query))

    def present(self, actor: Actor, query: Query) -> Query:
        """The query with present names; former ones are read as what they mean now."""
        if not self._former.are_in(_words_of(query)):
            return query
        return present_query(self.reader(actor).names, query)[0]

    def former(self, actor: Actor, query: Query | Aggregate) -> tuple[Said, ...]:
        """The former names that the query says, each once."""
        if not self._former.are_in(_words_of(query)):
            return ()
        names = self.reader(actor).names
        said = said_in(names, query) if isinstance(query, Aggregate) else present_query(names, query)[1]
        return tuple(dict.fromkeys(said))

    def uses(self, actor: Actor, query: Query | Aggregate) -> tuple[Use, ...]:
        """Each field and relationship that the query names, once for each way in which it does; no values."""
        if isinstance(query, Query):
            return self._plan(actor, self.present(actor, query)).uses
        key = (query.entity, actor.signature, *_words_of(query))
        return self._uses.get(key, lambda: uses_of_groups(self.reader(actor).names, query))

    def get(
        self,
        actor: Actor,
        entity: str,
        record: UUID,
        *,
        fields: tuple[tuple[str, ...], ...] | None = None,
        expand: tuple[Expand, ...] = (),
        trash: Trash = Trash.BOTH,
    ) -> dict[str, Any]:
        """The record as this actor may see it; raises NotFound when it is absent or hidden."""
        query = Query(entity, fields=fields, expand=expand, ids=(record,), limit=1, trash=trash)
        found = self.list(actor, query).data
        if not found:
            raise no_record(entity)
        return dict(found[0])

    def aggregate(self, actor: Actor, query: Aggregate) -> Sequence[Mapping[str, Any]]:
        """The groups of the readable records that match, with their aggregates."""
        self.reader(actor).entity(query.entity)
        with self.epoch.reading() as unit:
            return grouping.aggregate(self.kit(actor), unit, query, self.parameters(actor))

    def links(
        self, actor: Actor, entity: str, record: UUID, relationship: str, *, limit: int = 50, after: str = ""
    ) -> Page:
        """The records on the far side of a relationship of this record, with the link where there is one."""
        self.get(actor, entity, record, fields=(("id",),))
        with self.epoch.reading() as unit:
            return linked.page(self, unit, actor, entity, record, relationship, limit, after)

    def lookup(
        self,
        actor: Actor,
        entity: str,
        relationship: str,
        text: str,
        values: Mapping[str, Any] | None = None,
        limit: int = 8,
    ) -> Sequence[Mapping[str, Any]]:
        """The records that this relationship may point at and whose words begin like `text`.

        `values` are those of the record as it is being written, for the relationship's filter.
        """
        return searching.lookup(self, actor, entity, relationship, text, values or {}, limit)

    def far_counts(self, actor: Actor, entity: str, record: UUID, asked: Sequence[Far]) -> Sequence[Counted]:
        """How many readable records each relationship of the record leads to, up to the published limit."""
        self._demand(actor, (entity, *(far.entity for far in asked)))
        if not asked:
            return []
        with self.epoch.reading() as unit:
            kit, parameters = self.kit(actor), self.parameters(actor)
            return counting.counts(kit, unit, asked, parameters, (entity, record))

    # --- what is the actor's own -------------------------------------------------------------------------

    def titles(self, actor: Actor, records: Sequence[kept.Kept]) -> Mapping[kept.Kept, str]:
        """The titles of those of these records, of any entities, that are there and that the actor may read."""
        if not records:
            return {}
        with self.epoch.asking() as unit:
            # Titles are titles whatever the model: none is read as something else.
            return kept.titles(self.kit(actor), unit, records, self.parameters(actor))

    def owned(self, actor: Actor, entities: Sequence[str]) -> Mapping[str, Counted]:
        """How many records of each of the entities that have owners are the actor's."""
        self._demand(actor, entities)
        names = [name for name in entities if self.model.entities[name].is_owned]
        if not names:
            return {}
        asked = [Far(name, is_mine=True) for name in names]
        with self.epoch.asking() as unit:
            # Owners are owners whatever the model: no count rests on a value that may have turned.
            found = counting.counts(self.kit(actor), unit, asked, self.parameters(actor))
        return dict(zip(names, found, strict=True))

    def agenda(self, actor: Actor, limit: int) -> agenda.Agenda:
        """The actor's open work that has a time: what is overdue, due today and in a week, and what comes first."""
        context = self.context(actor)
        start = datetime.combine(context.today, time(), ZoneInfo(context.zone))
        bounds = agenda.Bounds(context.now, start + timedelta(days=1), start + timedelta(days=7))
        with self.epoch.reading() as unit:
            return agenda.agenda(self.kit(actor), unit, bounds, self.parameters(actor), limit)

    def followed(self, actor: Actor, limit: int) -> Sequence[Mapping[str, Any]]:
        """What others did lately to records that the actor follows, newest first."""
        with self.epoch.reading() as unit:
            return following.followed(self.kit(actor), unit, self._world.now(), self.parameters(actor), limit)

    def mentions(self, actor: Actor, limit: int) -> Sequence[Mapping[str, Any]]:
        """The last comments in which others mentioned the actor, on records that they may read, newest first."""
        with self.epoch.reading() as unit:
            return following.mentions(self.kit(actor), unit, self.parameters(actor), limit)

    # --- across entities --------------------------------------------------------------------------------

    def counts(self, actor: Actor, entities: Sequence[str]) -> Sequence[Counted]:
        """How many records of each entity the actor may read, up to the published limit."""
        self._demand(actor, entities)
        if not entities:
            return []
        with self.epoch.reading() as unit:
            asked = [Far(entity) for entity in entities]
            return counting.counts(self.kit(actor), unit, asked, self.parameters(actor))

    def recent(
        self, actor: Actor, entities: Sequence[str], limit: int
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The records of each entity that the actor changed last: id, title and when."""
        self._demand(actor, entities)
        if not entities:
            return {}
        with self.epoch.reading() as unit:
            return counting.recent(self.kit(actor), unit, entities, self.parameters(actor), limit)

    def _demand(self, actor: Actor, entities: Iterable[str]) -> None:
        reader = self.reader(actor)
        for name in entities:
            reader.entity(name)

    def search(
        self, actor: Actor, text: str, *, entities: Iterable[str] = (), limit: int = 20
    ) -> Sequence[Mapping[str, Any]]:
        """Readable records of any entity that hold every word, best first."""
        with self.epoch.reading() as unit:
            return searching.search(self, unit, actor, text, tuple(entities), limit)

    def history(
        self, actor: Actor, entity: str, record: UUID, *, limit: int = 100, after: str = "", field: str = ""
    ) -> Page:
        """What happened to the record, newest first, in fields that the actor may read, or in one of them."""
        self.get(actor, entity, record, fields=(("id",),))
        with self.epoch.reading() as unit:
            return histories.history(self, unit, actor, entity, record, limit, after, field)

    def timeline(
        self,
        actor: Actor,
        entity: str,
        record: UUID,
        *,
        sources: Sequence[str] = timelines.SOURCES,
        limit: int = 50,
        after: str = "",
    ) -> Page:
        """Changes, files, comments and activities of the record, newest first, as the actor may read each."""
        fields = attached.file_fields(self.reader(actor), entity) if entity in self.model.entities else ()
        found = self.get(actor, entity, record, fields=(("id",), *((name,) for name in fields)))
        held = attached.held_by(found, fields)
        with self.epoch.reading() as unit:
            return timelines.timeline(self, unit, actor, entity, record, held, sources, limit, after)

    def comment(self, actor: Actor, entity: str, record: UUID, comment: UUID) -> Mapping[str, Any]:
        """One comment on a record that the actor may read; raises NotFound for any other."""
        self.get(actor, entity, record, fields=(("id",),))
        with self.epoch.reading() as unit:
            found = comments.one(self.kit(actor), unit, self.parameters(actor), record, comment)
        if found is None:
            raise NotFound(Problem("R104", "There is no such comment.", "", Place(path="comment")))
        return found

    def changes(self, actor: Actor, since: str = "", limit: int = 100) -> Page:
        """The changes after a position of the feed, of records and fields that the actor may read."""
        with self.epoch.reading() as unit:
            return histories.feed(self, unit, actor, since, limit)


def _words_of(query: Query | Aggregate) -> Iterator[str]:
    """All that the query says in which a name may be."""
    yield from query.filters
    for test in query.tests:
        yield from (".".join(test.path), test.operator, *test.raw)
    if isinstance(query, Aggregate):
        yield from (*query.group, *query.aggregates)
        return
    yield from (".".join(path) for path in query.fields or ())
    yield from (".".join(sort.path) for sort in query.sort)
    yield from (item.name for item in query.expand)
    if query.within is not None:
        yield query.within[2]


def no_record(entity: str) -> NotFound:
    """The one refusal for a record that is absent and for one that may not be known."""
    return NotFound(Problem("R104", f"There is no such {entity} for you.", "", Place(path="id")))
