"""What people and programs keep that uses something: saved views, roles that are held, tokens, and jobs that wait.

All of it is counted. Named is what administrators are shown elsewhere, too; a private view is nobody else's to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from xrm.engine.identity.work import INSTALLER_EMAIL
from xrm.engine.jobs.states import State
from xrm.engine.projection.tables import sql_schema
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.ledger import JOB, TEAM, TEAM_ROLE, TOKEN, USER, USER_ROLE, VIEW
from xrm.engine.storage.numbers import Numbers
from xrm.engine.views.asked import Asked, from_json, targets_of
from xrm.engine.views.saved import ME
from xrm.metadata.expressions.check import check
from xrm.metadata.fieldtypes.special import EXPRESSION
from xrm.metadata.model import Model
from xrm.metadata.typing_scope import ModelNames

VIEWS, PEOPLE, TEAMS, TOKENS, JOBS = "views", "people", "teams", "tokens", "jobs"
EXPRESSIONS: Final = "expressions"
NAMED: Final = 50  # of each kind
_WAITING: Final = (State.QUEUED.value, State.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many of one kind there are, and the first names of those that may be named."""

    kind: str
    count: int
    names: tuple[str, ...] = ()


def kept_uses(
    unit: UnitOfWork, model: Model, numbers: Numbers, targets: Sequence[str], now: datetime
) -> tuple[Kept, ...]:
    """What uses one of the targets of references, kind by kind; kinds of which there are none are left out."""
    roles = [target.removeprefix("role:") for target in targets if target.startswith("role:")]
    found = (
        _kept(VIEWS, _views(unit, model, numbers, targets)),
        _kept(PEOPLE, _people(unit, roles)),
        _kept(TEAMS, _teams(unit, roles)),
        _kept(TOKENS, _tokens(unit, roles, now)),
        _kept(JOBS, _jobs(unit, model, targets)),
        _kept(EXPRESSIONS, _expressions(unit, model, targets)),
    )
    return tuple(kept for kept in found if kept.count)


def _kept(kind: str, names: Iterable[str]) -> Kept:
    every = list(names)
    return Kept(kind, len(every), tuple(sorted(name for name in every if name)[:NAMED]))


def is_used(targets: Iterable[str], used: Iterable[str]) -> bool:
    """Whether what is used is one of the targets, or something inside of one."""
    inside = tuple(f"{target}." for target in targets)
    members = tuple(f"field:{e}." for kind, _, e in (t.partition(":") for t in targets) if kind == "entity")
    return any(one in targets or one.startswith((*inside, *members)) for one in used)


# --- saved views --------------------------------------------------------------------------------------


def _views(unit: UnitOfWork, model: Model, numbers: Numbers, targets: Sequence[str]) -> Iterator[str]:
    """A name for each view that uses one of them; none for what only one person sees."""
    columns = (VIEW.c.entity, VIEW.c.name, VIEW.c.scope, VIEW.c.role, VIEW.c.asked, VIEW.c.uses)
    for row in unit.execute(sa.select(*columns)).all():
        entity = numbers.names.get(row.entity, "?")
        used = {*row.uses, *used_by_view(model, entity, from_json(row.asked), row.role or "")}
        if is_used(targets, used):
            yield "" if row.scope == ME else f'"{row.name}": {entity}'


def used_by_view(model: Model, entity: str, asked: Asked, role: str = "") -> set[str]:
    """Everything that a look at records of the entity uses, as targets of references."""
    found = {f"entity:{entity}"} | ({f"role:{role}"} if role else set())
    if asked.base:
        found.add(f"view:{entity}.{asked.base}")
    if entity in model.entities:
        found.update(targets_of(model, model.entities[entity], asked))
    return found


# --- roles that are held ------------------------------------------------------------------------------


def _people(unit: UnitOfWork, roles: Sequence[str]) -> list[str]:
    held = sa.select(USER.c.name).join(USER_ROLE, USER_ROLE.c.user == USER.c.id)
    held = held.where(USER_ROLE.c.role.in_(roles), USER.c.deleted_at.is_(None))
    return list(unit.execute(held.where(USER.c.email__key != INSTALLER_EMAIL)).scalars())


def _teams(unit: UnitOfWork, roles: Sequence[str]) -> list[str]:
    held = sa.select(TEAM.c.name).join(TEAM_ROLE, TEAM_ROLE.c.team == TEAM.c.id)
    return list(unit.execute(held.where(TEAM_ROLE.c.role.in_(roles), TEAM.c.deleted_at.is_(None))).scalars())


def _tokens(unit: UnitOfWork, roles: Sequence[str], now: datetime) -> list[str]:
    """The tokens that are narrowed to one of the roles and still open something."""
    found = sa.select(TOKEN.c.name, TOKEN.c.roles, USER.c.name.label("owner"))
    found = found.join(USER, USER.c.id == TOKEN.c.user).where(TOKEN.c.roles.is_not(None))
    in_time = sa.or_(TOKEN.c.expires_at.is_(None), TOKEN.c.expires_at > now)
    rows = unit.execute(found.where(TOKEN.c.revoked_at.is_(None), in_time)).all()
    return [f"{row.name} ({row.owner})" for row in rows if set(roles).intersection(row.roles or ())]


# --- jobs ---------------------------------------------------------------------------------------------


def _jobs(unit: UnitOfWork, model: Model, targets: Sequence[str]) -> list[str]:
    """The jobs that wait or run and are about one of them, by kind and label."""
    found = sa.select(JOB.c.kind, JOB.c.label, JOB.c.params, JOB.c.authority)
    rows = unit.execute(found.where(JOB.c.state.in_(_WAITING))).all()
    return [
        f"{row.kind}: {row.label}" if row.label else row.kind
        for row in rows
        if is_used(targets, _used_by_job(model, row.params, row.authority))
    ]


def _used_by_job(model: Model, params: Mapping[str, Any], authority: Mapping[str, Any]) -> set[str]:
    found = {f"role:{role}" for role in authority.get("roles", ())}
    entity = params.get("entity")
    if not isinstance(entity, str):
        return found
    found.add(f"entity:{entity}")
    if entity in model.entities:
        for asked in _asked_by_job(params):
            found.update(targets_of(model, model.entities[entity], asked))
    return found


def _asked_by_job(params: Mapping[str, Any]) -> Iterator[Asked]:
    """What the job reads and writes, as looks at records."""
    query, mapping, values = (params.get(name) or {} for name in ("params", "mapping", "values"))
    names = [params.get("by"), *mapping.values(), *values]
    for key in ("fields", "sort"):
        names += [word.removeprefix("-") for text in query.get(key, ()) for word in text.split(",")]
    yield Asked(fields=tuple(name for name in names if name))
    yield from (Asked(filter=text) for text in query.get("filter", ()))


# --- expressions in records ---------------------------------------------------------------------------


def _expressions(unit: UnitOfWork, model: Model, targets: Sequence[str]) -> Iterator[str]:
    """The records whose expressions speak of one of them, each by its entity and title."""
    names = ModelNames(model.entities)
    for stored in sql_schema(model).entities.values():
        for kept in stored.fields.values():
            if kept.field.type.name == EXPRESSION.name and kept.columns:
                entity, table = str(kept.field.params["entity"]), stored.table
                chosen = sa.select(table.c.title, kept.columns[0].label("text"))
                for row in unit.execute(chosen.where(kept.columns[0].is_not(None))).all():
                    found = check(row.text, entity, names)
                    said = {f"field:{m.entity}.{m.attribute}" for m in getattr(found, "mentions", ())}
                    if is_used(targets, said | {f"entity:{entity}"}):
                        yield f'"{row.title}": {stored.entity.name}'
