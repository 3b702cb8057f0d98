"""The one way in which views are saved, changed, removed and found, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.access import Policy
from xrm.engine.commands import Actor
from xrm.engine.queries.cache import Cache
from xrm.engine.queries.former import present_asked
from xrm.engine.queries.request import Query, parse_query
from xrm.engine.queries.service import QueryService
from xrm.engine.storage.database import Around, Database, UnitOfWork
from xrm.engine.storage.ledger import VIEW
from xrm.engine.storage.numbers import Numbers
from xrm.engine.views.asked import TOTALS, Asked, as_json, fitted, from_json, targets_of, with_unseen
from xrm.engine.views.saved import (
    ALL,
    DENSITIES,
    DENSITY,
    EVERYWHERE,
    FIRST,
    ME,
    ROLE,
    SCOPES,
    Kept,
    SavedView,
    Shelf,
    Shelves,
    Wanted,
    forget,
    prefer,
    users_of,
)
from xrm.engine.world import World
from xrm.errors import Forbidden, Invalid, NotFound, Place, Problem, Problems, Stale, TooLarge, XrmError
from xrm.metadata.expressions.types import Kind
from xrm.metadata.model import BOARD, LIST, Entity
from xrm.metadata.values import fold
from xrm.settings import Limits

T = TypeVar("T")
NAME_LENGTH: Final = 60
MOST: Final = 200  # of one person, or of all together, at one entity
PUBLISH: Final = "publish"
FITTED: Final = 2_000  # views that are kept as they hold for readers with the same roles


class ViewService:
    """Saved views under one model; made anew at each activation, safe to share between threads.

    Whoever may read an entity saves views of it for themselves. Views for others need the right to `publish`.
    """

    def __init__(
        self,
        database: Database,
        queries: QueryService,
        policy: Policy,
        numbers: Numbers,
        world: World,
        limits: Limits,
        *,
        check: Callable[[UnitOfWork], None],
    ) -> None:
        self._database, self._queries, self._policy = database, queries, policy
        self._numbers, self._world, self._limits, self._check = numbers, world, limits, check
        self._shelves = Shelves(database)
        self._fitted: Cache[tuple[Asked, int]] = Cache(FITTED)

    # --- read -------------------------------------------------------------------------------------------

    def shelf(self, actor: Actor, entity: str) -> Shelf:
        """What the actor finds at the entity: views for all, for their roles, and their own."""
        found = self._queries.reader(actor).entity(entity)
        with self._database.read(snapshot=False) as unit:
            kept, settings = self._shelves.read(unit, actor.id, self._numbers.entities[entity])
        views = (self._shown(actor, found, row) for row in kept if self._sees(actor, entity, row))
        ordered = sorted(views, key=lambda v: (-SCOPES.index(v.scope), fold(v.name), v.id))
        return Shelf(tuple(ordered), settings.get(FIRST, ""), settings.get(DENSITY, ""))

    def view(self, actor: Actor, entity: str, id_: UUID) -> SavedView:
        """One of these; raises NotFound for any other."""
        found = self.shelf(actor, entity).view(str(id_))
        if found is None:
            raise _absent()
        return found

    def may_publish(self, actor: Actor, entity: str) -> bool:
        """Whether the actor may save views of the entity for others."""
        return self._policy.rights(actor, entity).can(PUBLISH)

    def users(self, target: str) -> Iterator[str]:
        """The saved views that use the target, in the words of the reference index; names of private ones are not
        told."""
        with self._database.read() as unit:
            found = users_of(unit, target)
        for number, name, scope in found:
            told = "of one person" if scope == ME else f'"{name}"'
            yield f"saved view {told}: {self._numbers.names.get(number, '?')}"

    # --- write ------------------------------------------------------------------------------------------

    def create(
        self, actor: Actor, entity: str, wanted: Wanted, *, around: Around[SavedView] | None = None
    ) -> SavedView:
        """The view is saved; raises Invalid with every fault. `around` may write beside in the same transaction."""
        found, wanted = self._demand(actor, entity, wanted), self._present(actor, entity, wanted)
        now = self._world.now()

        def work(unit: UnitOfWork) -> SavedView:
            others = self._others(unit, actor, entity)
            _demand_room(others, actor, wanted.scope)
            _demand_name(others, actor, wanted)
            row = Kept(
                self._world.new_id(), wanted.scope, wanted.role or None, actor.id, wanted.name.strip(),
                as_json(wanted.asked), 1, now, now,
            )  # fmt: skip
            values = {c: getattr(row, c) for c in Kept.__dataclass_fields__}
            number, uses = self._numbers.entities[entity], self._uses(actor, found, wanted.asked)
            unit.execute(sa.insert(VIEW), {**values, "entity": number, "uses": uses})
            return self._shown(actor, found, row)

        return self._write(work, around)

    def change(
        self,
        actor: Actor,
        entity: str,
        id_: UUID,
        wanted: Wanted,
        version: int | None = None,
        *,
        around: Around[SavedView] | None = None,
    ) -> SavedView:
        """The view is this now, besides what of it the actor may not know, which stays.

        `version` is compared when it is given.
        """
        found, wanted = self._demand(actor, entity, wanted), self._present(actor, entity, wanted)

        def work(unit: UnitOfWork) -> SavedView:
            others = self._others(unit, actor, entity)
            row = self._own(others, actor, entity, id_)
            _demand_version(row, version)
            _demand_name([o for o in others if o.id != id_], actor, wanted, row.owner)
            asked = with_unseen(self._queries.reader(actor), found, row.wanted.asked, wanted.asked)
            changed = {
                "name": wanted.name.strip(), "scope": wanted.scope, "role": wanted.role or None,
                "asked": as_json(asked), "version": row.version + 1, "updated_at": self._world.now(),
            }  # fmt: skip
            uses = self._uses(actor, found, asked)
            unit.execute(sa.update(VIEW).where(VIEW.c.id == id_).values({**changed, "uses": uses}))
            now = Kept(**{**{c: getattr(row, c) for c in Kept.__dataclass_fields__}, **changed})
            return self._shown(actor, found, now)

        return self._write(work, around)

    def delete(self, actor: Actor, entity: str, id_: UUID, version: int | None = None) -> None:
        """The view is gone for everybody; `version` is compared when it is given."""
        self._queries.reader(actor).entity(entity)

        def work(unit: UnitOfWork) -> None:
            row = self._own(self._others(unit, actor, entity), actor, entity, id_)
            _demand_version(row, version)
            forget(unit, id_)

        self._write(work)

    def begin_with(self, actor: Actor, entity: str, view: str) -> None:
        """The actor begins at the entity with this view, by name or id; with an empty text as everybody does."""
        found = self._queries.reader(actor).entity(entity)
        if view and view not in found.views and self.shelf(actor, entity).view(view) is None:
            raise _absent()
        self._prefer(actor, self._numbers.entities[entity], FIRST, view)

    def set_density(self, actor: Actor, density: str) -> None:
        """The actor's lists are so dense."""
        if density not in DENSITIES:
            hint = f"Choose one of {', '.join(DENSITIES)}."
            raise Invalid(Problem("R183", "There is no such density.", hint, Place(path="density")))
        self._prefer(actor, EVERYWHERE, DENSITY, density)

    def _prefer(self, actor: Actor, entity: int, name: str, value: str) -> None:
        self._database.transact(lambda unit: prefer(unit, actor.id, entity, name, value))

    def _write(self, work: Callable[[UnitOfWork], T], around: Around[T] | None = None) -> T:
        def under_these(unit: UnitOfWork) -> T:
            self._check(unit)
            return work(unit)

        return self._database.transact(under_these, around=around)

    # --- who sees and changes what ----------------------------------------------------------------------

    def _sees(self, actor: Actor, entity: str, row: Kept) -> bool:
        if row.owner == actor.id or row.scope == ALL:
            return True
        return row.scope == ROLE and (row.role in actor.roles or self.may_publish(actor, entity))

    def _may_change(self, actor: Actor, entity: str, row: Kept) -> bool:
        return row.owner == actor.id if row.scope == ME else self.may_publish(actor, entity)

    def _shown(self, actor: Actor, entity: Entity, row: Kept) -> SavedView:
        wanted = row.wanted.asked
        asked, left_out = self._fitted.get(
            (actor.signature, entity.name, wanted),
            lambda: fitted(self._queries.reader(actor), entity, wanted),
        )
        return SavedView(
            row.id, entity.name, row.name, row.scope, row.role or "", row.owner, asked, row.version,
            row.created_at, row.updated_at, self._may_change(actor, entity.name, row), left_out,
        )  # fmt: skip

    def _others(self, unit: UnitOfWork, actor: Actor, entity: str) -> list[Kept]:
        return self._shelves.read(unit, actor.id, self._numbers.entities[entity])[0]

    def _own(self, rows: Sequence[Kept], actor: Actor, entity: str, id_: UUID) -> Kept:
        """The view, which the actor may change."""
        row = next((r for r in rows if r.id == id_ and self._sees(actor, entity, r)), None)
        if row is None:
            raise _absent()
        if not self._may_change(actor, entity, row):
            raise _not_for_others("scope")
        return row

    # --- what a view may be -----------------------------------------------------------------------------

    def _demand(self, actor: Actor, entity: str, wanted: Wanted) -> Entity:
        """The entity; raises Invalid with every fault of what is wanted."""
        found = self._queries.reader(actor).entity(entity)
        problems = Problems()
        name = wanted.name.strip()
        if not (0 < len(name) <= NAME_LENGTH and name.isprintable()):
            said = f"A name has 1 to {NAME_LENGTH} printable characters."
            problems.add("R181", said, "Give the view another name.", Place(path="name"))
        problems.extend(self._scope_faults(wanted))
        problems.extend(self._faults(actor, found, wanted.asked))
        if problems:
            raise Invalid(problems.found)
        if wanted.scope != ME and not self.may_publish(actor, entity):
            raise _not_for_others("scope")
        return found

    def _present(self, actor: Actor, entity: str, wanted: Wanted) -> Wanted:
        """What is wanted, by present names."""
        reader = self._queries.reader(actor)
        if not reader.model.former:
            return wanted
        asked = present_asked(reader.names, entity, as_json(wanted.asked))
        return replace(wanted, asked=from_json(asked), role=reader.model.former.role(wanted.role))

    def _scope_faults(self, wanted: Wanted) -> Iterator[Problem]:
        if wanted.scope not in SCOPES:
            hint = f"Give one of {', '.join(SCOPES)}."
            yield Problem("R183", "There is no such scope of a view.", hint, Place(path="scope"))
        if (wanted.scope == ROLE) != bool(wanted.role) or (
            wanted.role and wanted.role not in self._policy.roles
        ):
            hint = "Name a role for the scope role, and for no other."
            yield Problem("R183", "The view is not for a role that there is.", hint, Place(path="role"))

    def _faults(self, actor: Actor, entity: Entity, asked: Asked) -> Iterator[Problem]:
        if asked.base and asked.base not in entity.views:
            yield Problem("R183", "There is no such view.", "Name one of the entity.", Place(path="base"))
        if asked.type not in ("", LIST, BOARD):
            hint = f"Give {LIST} or {BOARD}."
            yield Problem("R183", "There is no such type of view.", hint, Place(path="type"))
        if asked.totals and asked.totals not in TOTALS:
            hint = f"Give one of {', '.join(TOTALS)}."
            yield Problem("R183", "There are no such totals.", hint, Place(path="totals"))
        if asked.group and not self._makes_lanes(actor, entity, asked.group):
            hint = "Name a choice or the state."
            yield Problem("R183", "A board does not stand by that.", hint, Place(path="group"))
        for part in (
            Asked(fields=asked.fields),
            Asked(filter=asked.filter, search=asked.search),
            Asked(sort=asked.sort),
        ):
            yield from self._refused(actor, entity.name, part)

    def _makes_lanes(self, actor: Actor, entity: Entity, name: str) -> bool:
        found = self._queries.reader(actor).names.attribute(entity.name, name)
        return found is not None and found.type.kind is Kind.CHOICE and bool(found.type.options)

    def _refused(self, actor: Actor, entity: str, asked: Asked) -> Sequence[Problem]:
        """What a query would be refused for that asks for this."""
        try:
            self._queries.check(actor, query_of(entity, asked, self._limits))
        except XrmError as error:
            return error.problems
        return ()

    def _uses(self, actor: Actor, entity: Entity, asked: Asked) -> list[str]:
        return targets_of(self._queries.reader(actor).model, entity, asked)


def query_of(entity: str, asked: Asked, limits: Limits) -> Query:
    """The query of the records that a view asks for; raises Invalid for what is no query."""
    params: dict[str, Any] = {
        "fields": [",".join(asked.fields)],
        "filter": [asked.filter],
        "search": [asked.search],
        "sort": [",".join(asked.sort)],
    }
    return parse_query(entity, {name: texts for name, texts in params.items() if texts[0]}, limits)


def _demand_version(row: Kept, version: int | None) -> None:
    if version is not None and version != row.version:
        hint = "Look at it again, and change that."
        raise Stale(Problem("R184", "The view was changed meanwhile.", hint, Place(path="version")))


def _demand_room(others: Sequence[Kept], actor: Actor, scope: str) -> None:
    same = [o for o in others if (o.scope == ME) == (scope == ME) and (scope != ME or o.owner == actor.id)]
    if len(same) >= MOST:
        problem = Problem("L141", f"There are {MOST} such views, and that is the most.", "Remove some first.")
        raise TooLarge(problem)


def _demand_name(others: Sequence[Kept], actor: Actor, wanted: Wanted, owner: UUID | None = None) -> None:
    """No other view that the same people see is called so."""
    about = (wanted.scope, wanted.role, owner or actor.id if wanted.scope == ME else None)
    name = fold(wanted.name.strip())
    for other in others:
        same = (other.scope, other.role or "", other.owner if other.scope == ME else None)
        if same == about and fold(other.name) == name:
            problem = Problem(
                "R182", "There is a view of this name already.", "Choose another.", Place(path="name")
            )
            raise Invalid(problem)


def _not_for_others(path: str) -> Forbidden:
    message = "No role of yours lets you save views for others."
    return Forbidden(Problem("A102", message, "Save it for yourself.", Place(path=path)))


def _absent() -> NotFound:
    return NotFound(Problem("R104", "There is no such view for you.", "", Place(path="view")))
