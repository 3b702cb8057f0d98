"""A list query compiled: one statement for the page, one for the count, and how rows become records."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from xrm.engine.commands import Signature
from xrm.engine.projection.contracts import Contracts
from xrm.engine.queries.cache import Cache
from xrm.engine.queries.conditions import (
    base_conditions,
    filter_expressions,
    id_condition,
    search_condition,
    sql_of,
    within_condition,
)
from xrm.engine.queries.frame import Desk, Element, Frame
from xrm.engine.queries.joins import Joins, gathered, labelled
from xrm.engine.queries.ordering import (
    SortKey,
    follows_clock,
    kind_of,
    ordered,
    reordered,
    sort_keys,
    stretches,
)
from xrm.engine.queries.outputs import Output, Presenter, outputs
from xrm.engine.queries.request import Aggregate, Count, Query
from xrm.engine.storage.database import Database
from xrm.engine.storage.numbers import Numbers
from xrm.engine.storage.search import SearchIndex
from xrm.engine.storage.stamp import model_column
from xrm.engine.storage.statements import Lifted, Prepared
from xrm.metadata.compared import Compared, compared_options
from xrm.metadata.expressions.tree import Mention
from xrm.settings import Limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ListPlan:
    """What is needed to answer every query of one shape for every actor with the same roles.

    `kinds` are the Python types of the sort columns that stand behind the presented ones in each row, with the number
    of the model between. `first` is the statement without a cursor; `continued` gives those after one, nearest rows
    first, by which of its values are empty. Where `follows_clock`, the order is by that of the first page.
    """

    first: Prepared
    continued: Callable[[tuple[bool, ...]], tuple[Prepared, ...]]
    count: Prepared | None
    presenter: Presenter
    kinds: tuple[type, ...]
    follows_clock: bool = False

    def is_one_statement(self, query: Query) -> bool:
        """Whether the query needs no other statement, and so no transaction around it."""
        others = query.cursor or query.expand or self.presenter.any_references
        return not others and self.count is None

    def model(self, row: Sequence[Any]) -> Any:
        """The number of the model in force when the raw row was read."""
        return row[len(row) - len(self.kinds) - 1]

    def key(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """The sort key of a raw row."""
        return self.first.read(row, len(row) - len(self.kinds))


@dataclass(frozen=True, slots=True)
class Kit:
    """What planning needs besides the query: the desk of the reader, contracts, numbers, index and limits.

    `kept` holds what was planned before, by the roles of the reader and whatever else it depends on.
    """

    desk: Desk
    contracts: Contracts
    numbers: Numbers
    index: SearchIndex
    limits: Limits
    dialect: str
    currency: str
    database: Database
    kept: Cache[Any]

    def plan(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """What `make` gives, made once for readers with the same roles; the key holds all it depends on."""
        found: T = self.kept.get((self.desk.reader.actor.signature, *key), make)
        return found

    def prepare(self, statement: sa.Executable, literals: Sequence[sa.BindParameter[Any]] = ()) -> Prepared:
        """The statement compiled for the database, the literals as parameters."""
        return self.database.prepare(statement, literals=literals)


@dataclass(frozen=True, slots=True)
class Filtered:
    """The filters of a query as conditions on a frame, their literals set apart, the names in them, and the options."""

    frame: Frame
    conditions: Sequence[sa.ColumnElement[bool]]
    lifted: Lifted
    mentions: Sequence[Mention] = ()
    compared: Sequence[Compared] = ()


def filtered(kit: Kit, query: Query | Aggregate) -> Filtered:
    """The filters, read and checked to the last value; raises Invalid for all that does not fit."""
    frame = kit.desk.first(query.entity)
    asked = filter_expressions(frame, query.filters, query.tests, kit.limits)
    conditions = sql_of(frame, [*asked, *query.conditions])
    smallest: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(frame.table).where(*conditions)
    mentions = [m for e in asked for m in e.mentions]
    compared = [c for e in asked for c in compared_options(e.tree)]
    return Filtered(frame, conditions, kit.database.lift(smallest), mentions, compared)


def plan_list(kit: Kit, query: Query, filters: Filtered) -> ListPlan:
    """The plan of all queries that differ in the literals of their filters only."""
    frame, prepare = filters.frame, partial(kit.prepare, literals=filters.lifted.literals)
    conditions = [*filters.conditions, *conditions_of(kit, frame, query)]
    keys = sort_keys(frame, query.sort) if len(query.ids) != 1 else []
    joins = Joins()
    made = outputs(frame, kit.contracts, query.fields, joins)
    page = _Page(frame, conditions, keys, made, joins)
    counting = _count(kit, frame, conditions, query)
    return ListPlan(
        prepare(page.statement()),
        _continued(prepare, page),
        None if counting is None else prepare(counting),
        Presenter(made, kit.dialect),
        tuple(kind_of(key.column) for key in keys),
        follows_clock(keys),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """The statement of a page before it is compiled; without sort keys it is about one record."""

    frame: Frame
    conditions: Sequence[sa.ColumnElement[bool]]
    keys: Sequence[SortKey]
    made: Sequence[Output]
    joins: Joins

    def statement(self, *more: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """The page of the records for which these conditions hold, too."""
        columns: list[Element] = [c for output in self.made for c in output.columns]
        columns += [model_column(), *(key.column for key in self.keys)]
        return gathered(partial(self._rows, more), columns, self.joins, partial(reordered, self.keys))

    def _rows(self, more: Sequence[sa.ColumnElement[bool]], columns: Sequence[Element]) -> sa.Select[Any]:
        chosen = sa.select(*labelled(columns)).select_from(self.frame.table).where(*self.conditions, *more)
        if not self.keys:
            return chosen
        return chosen.order_by(*ordered(self.keys)).limit(sa.bindparam("limit", type_=sa.Integer()))


def _continued(
    prepare: Callable[[sa.Executable], Prepared], page: _Page
) -> Callable[[tuple[bool, ...]], tuple[Prepared, ...]]:
    """The statements that continue after a cursor; which of its values are empty changes their shape."""
    known: dict[tuple[bool, ...], tuple[Prepared, ...]] = {}

    def prepared(empties: tuple[bool, ...]) -> tuple[Prepared, ...]:
        if empties not in known:
            known[empties] = tuple(prepare(page.statement(s)) for s in stretches(page.keys, empties))
        return known[empties]

    return prepared


def conditions_of(kit: Kit, frame: Frame, query: Query) -> list[sa.ColumnElement[bool]]:
    """Everything that narrows the query besides its filters."""
    found = base_conditions(frame, query.trash)
    if query.search:
        found.append(search_condition(frame, kit.index, kit.numbers))
    if query.ids:
        found.append(id_condition(frame, len(query.ids)))
    if query.within is not None:
        found.append(within_condition(frame, query.within))
    return found


def _count(
    kit: Kit, frame: Frame, conditions: Sequence[sa.ColumnElement[bool]], query: Query
) -> sa.Select[Any] | None:
    if query.count is Count.NONE:
        return None
    matching = sa.select(frame.id).select_from(frame.table).where(*conditions)
    if query.count is Count.CAPPED:
        matching = matching.limit(kit.limits.capped_count + 1)
    return sa.select(sa.func.count()).select_from(matching.subquery())


def shape_of(query: Query, signature: Signature) -> tuple[Any, ...]:
    """A key that is equal for queries that one plan answers; values that are bound are not part of it."""
    within = None if query.within is None else (query.within[0], query.within[2])
    return (
        signature,
        query.entity,
        query.fields,
        query.filters,
        query.conditions,
        query.tests,
        bool(query.search),
        query.sort,
        query.count,
        query.trash,
        min(len(query.ids), 2),
        within,
    )


def values_of(kit: Kit, query: Query, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The values that the statements of the plan are run with."""
    values: dict[str, Any] = {**parameters, "limit": query.limit + 1}
    if query.search:
        values["q"] = kit.index.query(query.search[: kit.limits.search_length])
    if query.ids:
        values["ids"] = query.ids[0] if len(query.ids) == 1 else list(query.ids)
    if query.within is not None:
        values["within"] = query.within[1]
        values["within_entity"] = kit.numbers.entities[query.within[0]]
    return values
