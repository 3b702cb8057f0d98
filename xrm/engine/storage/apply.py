"""The only place that changes the schema: takes the steps of a plan, writes them down, and looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

import xrm.engine.storage.rates  # noqa: F401  its table is one of the ledger
from xrm.engine.storage import progress
from xrm.engine.storage.ahead import BUILT, Grounds, clear_up, done_ahead
from xrm.engine.storage.crowding import with_room
from xrm.engine.storage.database import Database, UnitOfWork
from xrm.engine.storage.faults import DRIVER_ERRORS, UNIQUE, translate
from xrm.engine.storage.held import telling_who_holds
from xrm.engine.storage.inspection import LiveSchema, inspect
from xrm.engine.storage.interrupted import demand_whole
from xrm.engine.storage.ledger import INSTALLATION, JOURNAL, LEDGER
from xrm.engine.storage.matching import Match, Past
from xrm.engine.storage.patience import MIGRATION_SECONDS, patiently
from xrm.engine.storage.plan import Demands, SchemaPlan, make_plan
from xrm.engine.storage.steps import CreateIndex, Occasion, Step, operations, said_by
from xrm.engine.world import World
from xrm.errors import Conflict, PlanRefused, Problem, XrmError

if TYPE_CHECKING:
    from alembic.operations import Operations

MIGRATOR = 0x78726D  # the key of PostgreSQL's advisory lock: one process migrates at a time
STEPS_AT_ONCE = 1500  # PostgreSQL keeps a lock for every table and index that a transaction makes
MOVED_TOLD = 5
JOURNAL_COLUMNS = ("plan", "step", "sql", "at")
# How the ledger looked where this program had nothing to add.
_WHOLE: set[tuple[str, tuple[str, ...]]] = set()


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan: its hash and how many steps were taken."""

    plan: str
    steps: int


def no_demands(
    unit: UnitOfWork, matched: Match, past: Past, *, before_steps: bool = False
) -> Iterable[Problem]:
    """Nothing is asked of records."""
    return ()


def no_past(_unit: UnitOfWork) -> Past:
    """Nothing is known of what the tables hold."""
    return Past()


def plan_for(
    database: Database,
    wanted: Sequence[sa.MetaData] = (),
    demands: Demands = no_demands,
    past: Callable[[UnitOfWork], Past] = no_past,
) -> SchemaPlan:
    """The steps that bring the ledger and these tables about, with the rows that they touch; nothing is changed.

    Raises PlanRefused with everything that stands against it, what records do not fit of `demands` included.
    """
    with database.read() as unit:
        live, dialect, known = inspect(unit), database.engine.dialect, past(unit)
        seen: list[Match] = []

        def asked(found: Match) -> Iterable[Problem]:
            seen.append(found)
            return demands(unit, found, known)

        plan = make_plan(live, (LEDGER, *wanted), dialect, known, asked)
        again = partial(demands, matched=seen[-1], past=known, before_steps=True)
        anew = partial(_anew, demands, matched=seen[-1], past=known)
        return replace(plan, ask=again, ask_anew=anew).measured(unit)


def _anew(demands: Demands, unit: UnitOfWork, matched: Match, past: Past) -> Iterable[Problem]:
    past.seen.clear()
    return demands(unit, matched, past)


def apply_plan(
    database: Database,
    plan: SchemaPlan,
    world: World,
    then: Callable[[UnitOfWork], None] | None = None,
    *,
    actor: UUID | None = None,
    days: int = 0,
) -> Applied:
    """The schema is as the plan says, and `then` was done with its last steps; or nothing has changed.

    What it removes is kept for so many `days`, and the ledger knows who the `actor` was. Of a plan of very many steps,
    tables that nobody knows yet are made before, in portions; what is there changes in one transaction with `then`. If
    that is refused, these tables are gone again; those that a crash leaves are found by the next attempt. Values become
    others before anybody is kept from writing, but for those that are written meanwhile.
    """
    now = world.now()
    occasion = Occasion(now, now + timedelta(days=days), actor)
    for each in plan.ahead:
        each.begin(occasion)
    clashes = partial(_clashes, database, plan)
    grounds = Grounds(plan.hash, plan.live, partial(_demand_same, database, plan), clashes, world.now)
    try:
        with telling_who_holds(database), done_ahead(database, plan.ahead, grounds):
            _carry_out(database, plan, occasion, then)
    except Conflict as error:
        if error.facts.get("kind") == UNIQUE and (problems := clashes()):
            raise PlanRefused(problems) from error
        raise
    return Applied(plan.hash, len(plan.steps))


def _clashes(database: Database, plan: SchemaPlan) -> Sequence[Problem]:
    """What stands against the plan by now."""
    with database.read() as unit:
        return list(plan.ask_anew(unit))


def _demand_same(database: Database, plan: SchemaPlan) -> None:
    with database.read() as unit:
        _demand_base(unit, plan)


def _carry_out(
    database: Database, plan: SchemaPlan, occasion: Occasion, then: Callable[[UnitOfWork], None] | None
) -> None:
    made: list[str] = []
    try:
        for number, tables in enumerate(_portions(plan)):
            steps = tuple(step for name in tables for step in plan.new[name])
            _try(database, _Portion(plan, steps, occasion, number == 0, False, None))
            made.extend(tables)
        done = {id(step) for name in made for step in plan.new[name]}
        steps = tuple(step for step in plan.steps if id(step) not in done)
        _try(database, _Portion(plan, steps, occasion, not made, True, then))
    except XrmError:
        _unmake(database, plan, made, occasion.at)
        raise


def _try(database: Database, portion: _Portion) -> None:
    patiently(database, partial(_take, portion=portion))


def prepare_installation(database: Database, world: World) -> None:
    """The ledger exists and says which installation this is, and nothing is left of a change that was interrupted.

    Raises Unavailable in the midst of a restore.
    """
    demand_whole(database)
    with database.read() as unit:
        live = inspect(unit)
        is_named = INSTALLATION.name in live.tables and _is_named(unit)
    clear_up(database, live, world.now())
    look = (database.dialect.name, tuple(fact for name in LEDGER.tables for fact in _facts(live, name)))
    if is_named and look in _WHOLE:
        return
    plan = plan_for(database)
    if plan.is_empty:
        _WHOLE.add(look)
    if not plan.is_empty or not is_named:
        apply_plan(database, plan, world, lambda unit: _name_installation(unit, world))


@dataclass(frozen=True, slots=True)
class _Portion:
    """Steps that are taken in one transaction."""

    plan: SchemaPlan
    steps: tuple[Step, ...]
    occasion: Occasion
    is_first: bool
    is_last: bool
    then: Callable[[UnitOfWork], None] | None


def _portions(plan: SchemaPlan) -> Iterator[tuple[str, ...]]:
    """The tables that are made before the rest of a plan of very many steps, those of so many steps at a time."""
    names, room = list[str](), STEPS_AT_ONCE
    for name, steps in plan.new.items() if len(plan.steps) > STEPS_AT_ONCE else ():
        if names and len(steps) > room:
            yield tuple(names)
            names, room = [], STEPS_AT_ONCE
        names.append(name)
        room -= len(steps)
    if names:
        yield tuple(names)


def _unmake(database: Database, plan: SchemaPlan, tables: Sequence[str], now: datetime) -> None:
    """The tables, in which nothing is, are gone."""
    quote = database.engine.dialect.identifier_preparer.quote
    for start in range(0, len(tables), STEPS_AT_ONCE):
        told = {
            f"Take the new table {name} away again.": f"DROP TABLE {quote(name)}"
            for name in tables[start : start + STEPS_AT_ONCE]
        }
        with database.write(seconds=MIGRATION_SECONDS) as unit:
            for statement in told.values():
                unit.script(statement)
            rows = [{"plan": plan.hash, "step": step, "sql": sql, "at": now} for step, sql in told.items()]
            unit.insert_many(JOURNAL, JOURNAL_COLUMNS, rows)


def _take(unit: UnitOfWork, portion: _Portion) -> None:
    _lock(unit)
    unit.is_alone = True
    if portion.is_first:
        _demand_base(unit, portion.plan)
    if portion.is_first or portion.is_last:
        _demand_fit(unit, portion.plan)
    target = operations(connection=unit.connection)
    for step in portion.steps:
        _run(step, target)
        if step.note is not None:
            step.note(unit, portion.occasion)
    _write_down(unit, portion)
    if portion.is_last:
        _look_again(unit, portion.plan)
    if portion.then is not None:
        portion.then(unit)


def _demand_base(unit: UnitOfWork, plan: SchemaPlan) -> None:
    """The database is the one that the plan was made for; raises Conflict with what is other by now."""
    live = inspect(unit)
    if live.base != plan.base:
        told = f": {', '.join(moved(plan.live, live))}" if plan.live else ""
        message = f"The database has changed since the plan was made{told}."
        raise Conflict(Problem("S120", message, "Plan again."))


def _demand_fit(unit: UnitOfWork, plan: SchemaPlan) -> None:
    """Records meet what is asked of them now, whatever was written since the plan was made; raises PlanRefused."""
    problems = list(plan.ask(unit))
    if problems:
        raise PlanRefused(problems)


def moved(before: LiveSchema, now: LiveSchema) -> list[str]:
    """The tables that differ, the first of them with what is other."""
    told = []
    for name in sorted({**before.tables, **before.kept, **now.tables, **now.kept}):
        was, is_ = (set(_facts(live, name)) for live in (before, now))
        if was != is_:
            word = "is gone" if not is_ else "is new" if not was else "has other columns or indexes"
            told.append(f"{name} {word}")
    if len(told) > MOVED_TOLD:
        told[MOVED_TOLD:] = [f"and {len(told) - MOVED_TOLD} more"]
    return told or ["what was removed and kept is other"]


def _facts(live: LiveSchema, name: str) -> Iterable[str]:
    table = live.tables.get(name) or live.kept.get(name)
    return table.facts() if table else ()


def _lock(unit: UnitOfWork) -> None:
    if unit.dialect.is_sqlite:
        return  # whoever may write to the file is the only one
    unit.script(f"SELECT pg_advisory_xact_lock({MIGRATOR})")


def _run(step: Step, target: Operations) -> None:
    try:
        with with_room(step.sentence, step.place):
            step.run(target)
    except DRIVER_ERRORS as error:
        raise _explained(step, translate(error)) from error


def _explained(step: Step, error: XrmError) -> XrmError:
    """A unique index that the records break is a matter of the plan, not of one record."""
    if isinstance(step, CreateIndex) and isinstance(error, Conflict):
        message = f"Records clash, so this step cannot be taken: {step.sentence}"
        return PlanRefused(
            Problem("S121", message, "Find the records with equal values and change them first.")
        )
    return error


def _write_down(unit: UnitOfWork, portion: _Portion) -> None:
    dialect, now, plan = unit.database.engine.dialect, portion.occasion.at, portion.plan.hash
    rows = [
        {"plan": plan, "step": step.sentence, "sql": sql, "at": now}
        for step, sql in zip(portion.steps, said_by(portion.steps, dialect), strict=True)
    ]
    unit.insert_many(JOURNAL, JOURNAL_COLUMNS, rows)
    if portion.is_last and portion.plan.ahead:
        progress.carry_out(unit, plan, BUILT, now)


def _look_again(unit: UnitOfWork, plan: SchemaPlan) -> None:
    """The database is as was wanted, or nothing of this has happened.

    A table about which no step was, and which is as it was, needs no second look: everybody waits meanwhile.
    """
    live = inspect(unit)
    same = _same(plan, live)
    left = make_plan(live.without(same), plan.wanted, unit.database.engine.dialect, settled=same)
    if not left.is_empty:
        message = f"After the plan the database still differs: {left.steps[0].sentence}"
        raise PlanRefused(Problem("S122", message, "Nothing was changed. Report this with the plan."))


def _same(plan: SchemaPlan, live: LiveSchema) -> Set[str]:
    """The tables that no step was about, which are as they were; not those by which tables of links are found."""
    before = plan.live.tables if plan.live else {}
    same = {name for name in plan.settled if live.tables.get(name) == before.get(name)}
    tables = [table for metadata in plan.wanted for table in metadata.tables.values()]
    others = (table for table in tables if table.name not in same)
    owners = {table.info["entity"] for table in others if "relationship" in table.info}
    return same - {table.name for table in tables if table.info.get("entity") in owners}


def _is_named(unit: UnitOfWork) -> bool:
    return unit.execute(sa.select(INSTALLATION.c.id)).first() is not None


def _name_installation(unit: UnitOfWork, world: World) -> None:
    if not _is_named(unit):
        values = {"id": 1, "uuid": world.new_id(), "created_at": world.now()}
        unit.execute(sa.insert(INSTALLATION).values(**values, model=0, rights=0, sessions=0))
