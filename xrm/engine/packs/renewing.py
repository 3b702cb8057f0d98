"""Names that the ledger keeps, present again with the activation that made some of them former ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from xrm.engine.packs.lost_views import now_called
from xrm.engine.packs.proposal import Proposal
from xrm.engine.projection.tables import sql_schema
from xrm.engine.queries.former import present_asked
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.entity_tables import Schema
from xrm.engine.storage.former import keep_former_names
from xrm.engine.storage.ledger import JOB, TEAM_ROLE, TOKEN, USER_ROLE, VIEW
from xrm.engine.storage.numbers import Numbers, identify
from xrm.engine.storage.options import Part
from xrm.engine.storage.plan import SchemaPlan
from xrm.engine.storage.stamp import bump
from xrm.engine.storage.types import Json
from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.choices import former_keys
from xrm.metadata.fieldtypes.special import EXPRESSION
from xrm.metadata.former import FormerNames
from xrm.metadata.model import Field, Model
from xrm.metadata.returning import looking_back
from xrm.metadata.typing_scope import ModelNames

_HOLDERS: Final = ((USER_ROLE, USER_ROLE.c.user), (TEAM_ROLE, TEAM_ROLE.c.team))


def renew_names(
    unit: UnitOfWork, proposal: Proposal, numbers: Numbers, now: datetime, back: Schema | None = None
) -> None:
    """Options in records, saved views, roles that people hold, tokens and jobs say present names.

    What they mean is as it was. On the way back to an earlier version, `back` says what its things are called until
    then.
    """
    keep_former_names(unit, proposal.model, numbers, now)
    schema = back or proposal.schema
    model = schema.model
    for column, keys in _columns_of_options(schema, proposal.plan):
        _renew_options(unit, column, keys)
    if not model.former:
        return
    _renew_expressions(unit, schema)
    _renew_views(unit, model, numbers)
    _renew_jobs(unit, model)
    if model.former.roles:
        _renew_roles(unit, model.former)


def way_back(proposal: Proposal, former: Schema | None, numbers: Numbers) -> Schema | None:
    """On the way back, the tables of the version, whose things were called formerly what they are called now."""
    if not proposal.is_way_back or former is None:
        return None
    which = proposal.plan.other.without(identify(numbers, proposal.model, proposal.then))
    return sql_schema(looking_back(proposal.model, former.model, now_called(which)))


# --- options in records -------------------------------------------------------------------------------


def _columns_of_options(
    schema: Schema, plan: SchemaPlan
) -> Iterator[tuple[sa.Column[Any], Mapping[str, str]]]:
    """Each column that holds options of which some had other keys, with the present key for each of those."""
    for stored in schema.entities.values():
        linked = [attribute for link in stored.links.values() for attribute in link.attributes.values()]
        for attribute in linked:
            if attribute.columns and (former := former_keys(attribute.field.options)):
                yield attribute.columns[0], former
        for name, one in stored.fields.items():
            keys = _present_keys((stored.entity.name, name), one.field, plan)
            if one.columns and keys:
                yield one.columns[0], keys


def _present_keys(part: Part, field: Field, plan: SchemaPlan) -> Mapping[str, str]:
    """Of what was in force before, the plan knows which option is which; of what comes back, the definition says it."""
    if part not in plan.kept_keys or part in plan.turned:
        return former_keys(field.options)
    return {old: new for old, new in plan.kept_keys[part].items() if old != new}


def _renew_options(unit: UnitOfWork, column: sa.Column[Any], former: Mapping[str, str]) -> None:
    """All at once, for the former key of one may be the present key of another."""
    table = column.table
    if not isinstance(column.type, Json):
        renamed = sa.case(former, value=column)
        unit.execute(sa.update(table).where(column.in_(former)).values({column.name: renamed}))
        return
    written = [sa.cast(column, sa.Text()).contains(f'"{old}"', autoescape=True) for old in former]
    wanted = sa.select(table.c.id, column.label("keys")).where(sa.or_(*written))
    for row in unit.execute(wanted).mappings().all():
        present = list(dict.fromkeys(former.get(key, key) for key in row["keys"] or ()))
        unit.execute(sa.update(table).where(table.c.id == row["id"]).values({column.name: present}))


# --- expressions in records ---------------------------------------------------------------------------


def _renew_expressions(unit: UnitOfWork, schema: Schema) -> None:
    """What records say in expressions is said by present names."""
    names = ModelNames(schema.model.entities)
    for stored in schema.entities.values():
        for kept in stored.fields.values():
            if kept.field.type.name == EXPRESSION.name and kept.columns:
                _renew_texts(unit, kept.columns[0], str(kept.field.params["entity"]), names)


def _renew_texts(unit: UnitOfWork, column: sa.Column[Any], entity: str, names: ModelNames) -> None:
    texts = unit.execute(sa.select(column).where(column.is_not(None)).distinct()).scalars().all()
    for text in texts:
        found = check(text, entity, names)
        if isinstance(found, Expression) and found.renewed != text:
            unit.execute(sa.update(column.table).where(column == text).values({column.name: found.renewed}))


# --- saved views --------------------------------------------------------------------------------------


def _renew_views(unit: UnitOfWork, model: Model, numbers: Numbers) -> None:
    names = ModelNames(model.entities)
    for row in unit.execute(
        sa.select(VIEW.c.id, VIEW.c.entity, VIEW.c.role, VIEW.c.asked, VIEW.c.uses)
    ).all():
        entity = numbers.names.get(row.entity, "")
        if entity in model.entities:
            changed = {
                "asked": present_asked(names, entity, row.asked),
                "uses": [_present_target(model.former, used) for used in row.uses],
                "role": model.former.role(row.role) if row.role else row.role,
            }
            if changed != {key: getattr(row, key) for key in changed}:
                unit.execute(sa.update(VIEW).where(VIEW.c.id == row.id).values(changed))


def _present_target(former: FormerNames, used: str) -> str:
    kind, _, names = used.partition(":")
    entity, _, rest = names.partition(".")
    present = former.entity(entity)
    if kind == "state":  # a state is called so for good
        return f"{kind}:{present}.{rest}"
    if not rest:
        return f"{kind}:{present}"
    name, _, option = rest.partition(".")
    member = former.member(present, name)
    key = f".{former.option(present, member, option)}" if option else ""
    return f"{kind}:{present}.{member}{key}"


# --- jobs ---------------------------------------------------------------------------------------------


def _renew_jobs(unit: UnitOfWork, model: Model) -> None:
    """Jobs that wait, and those that can still be taken back, are about what they were about."""
    for row in unit.execute(sa.select(JOB.c.id, JOB.c.params, JOB.c.authority)).all():
        held = row.authority.get("roles", ())
        changed = {
            "params": _present_params(model, row.params),
            "authority": {**row.authority, "roles": sorted({model.former.role(role) for role in held})},
        }
        if changed != {"params": row.params, "authority": {**row.authority, "roles": list(held)}}:
            unit.execute(sa.update(JOB).where(JOB.c.id == row.id).values(changed))


def _present_params(model: Model, params: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(params)
    if not isinstance(params.get("entity"), str):
        return made
    entity = made["entity"] = model.former.entity(params["entity"])
    if params.get("by"):
        made["by"] = model.former.member(entity, params["by"])
    if isinstance(params.get("mapping"), dict):
        made["mapping"] = {
            column: path and model.former.path(entity, path) for column, path in params["mapping"].items()
        }
    if isinstance(params.get("values"), dict):
        made["values"] = {model.former.member(entity, name): v for name, v in params["values"].items()}
    if isinstance(params.get("params"), dict) and entity in model.entities:
        made["params"] = _present_query(model, entity, params["params"])
    return made


def _present_query(model: Model, entity: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a list, each a list of texts."""
    names, made = ModelNames(model.entities), dict(params)
    for key, texts in params.items():
        if key in ("fields", "sort"):
            asked = (present_asked(names, entity, {key: text.split(",")}) for text in texts)
            made[key] = [",".join(one[key]) for one in asked]
        elif key == "filter":
            made[key] = [present_asked(names, entity, {key: text})[key] for text in texts]
    return made


# --- roles --------------------------------------------------------------------------------------------


def _renew_roles(unit: UnitOfWork, former: FormerNames) -> None:
    """Whoever held a role holds it by its present name, and so does every token that was narrowed to it."""
    for old, new in former.roles.items():
        for table, holder in _HOLDERS:
            has_new = sa.select(holder).where(table.c.role == new)
            unit.execute(sa.delete(table).where(table.c.role == old, holder.in_(has_new)))
            unit.execute(sa.update(table).where(table.c.role == old).values(role=new))
    for row in unit.execute(sa.select(TOKEN.c.id, TOKEN.c.roles).where(TOKEN.c.roles.is_not(None))).all():
        present = sorted({former.role(role) for role in row.roles or ()})
        if row.roles is not None and present != sorted(row.roles):
            unit.execute(sa.update(TOKEN).where(TOKEN.c.id == row.id).values(roles=present))
    bump(unit, rights=True)
