"""xrm explain: where something is defined and kept, how it is called, and who may read or write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.output import say, say_json
from xrm.errors import NotFound, Place, Problem

if TYPE_CHECKING:
    from xrm.engine.access import Policy
    from xrm.engine.runtime import Snapshot
    from xrm.engine.runtime.where_used import WhereUsed
    from xrm.engine.storage.entity_tables import EntityTable
    from xrm.metadata.model import Entity, Field, Relationship
    from xrm.metadata.reading import ReadPack

_OPERATIONS = ("read", "create", "update")


@verb("explain", help="Tell everything about ENTITY, or about ENTITY.FIELD.")
@click.argument("name")
@click.option(
    "--where-used", is_flag=True, help="Tell every place that uses it instead, and how often the API does."
)
@data_option
@json_option
def command(name: str, where_used: bool, data: Path | None, as_json: bool) -> None:
    """What is known about the entity or field has been told, or all that uses it."""
    with opened(data) as runtime:
        if where_used:
            _tell_uses(runtime.where_used(runtime.installer, name), as_json=as_json)
            return
        facts = {**explain(runtime.current(), name), "layers": _layers(runtime.packs.read(), name)}
    if as_json:
        say_json(facts)
        return
    for line in _lines(facts):
        say(line)


def _tell_uses(found: WhereUsed, *, as_json: bool) -> None:
    """The uses have been told: places as compilers print theirs, then saved views and counts."""
    from xrm.engine.runtime.kept_uses import VIEWS

    if as_json:
        from xrm.api.uses import told

        say_json(told(found, "en"))
        return
    for one in found.references:
        say(f"{one.place}: {one.source} ({one.layer}{', disabled' if one.sleeps else ''})")
    for view in found.saved_views:
        say(view)
    for kept in found.kept:
        if kept.kind != VIEWS:
            more = [f"{kept.count - len(kept.names)} more"] if kept.count > len(kept.names) else []
            say(f"{kept.kind}: {kept.count} ({', '.join([*kept.names, *more])})")
    for name in found.former:
        say(f"former name {name.name}: said {name.uses} times in {found.days} days")
    counted = ", ".join(f"{how} {count}" for how, count in found.uses.items()) or "none"
    say(f"{found.thing.name}: {len(found.references)} references; API in {found.days} days: {counted}")


def explain(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """Everything about an entity, or about one of its fields or relationships; raises NotFound."""
    entity_name, _, member = name.partition(".")
    entity = snapshot.model.entities.get(entity_name)
    if entity is None:
        raise _unknown("entity", entity_name, snapshot.model.entities)
    if not member:
        return _entity_facts(snapshot, entity)
    members: Mapping[str, Field | Relationship] = {**entity.fields, **entity.relationships}
    if member not in members:
        raise _unknown("field", name, [f"{entity_name}.{known}" for known in members])
    return _member_facts(snapshot, entity, members[member])


def _layers(packs: Sequence[ReadPack], name: str) -> dict[str, list[dict[str, Any]]]:
    """For each key what the layers say of it, the one that counts first."""
    from xrm.metadata.provenance import provenance
    from xrm.metadata.words import plain

    entity, _, member = name.partition(".")
    return {
        key.key: [{"layer": s.layer, "value": plain(s.value), "where": str(s.where)} for s in key.said]
        for key in provenance(packs, entity, member)
    }


def _unknown(kind: str, name: str, known: Iterable[str]) -> NotFound:
    from xrm.registry import near_names

    near = near_names(name, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Name it as in account.name."
    return NotFound(Problem("R104", f"There is no {kind} {name!r}.", hint, Place(path=name)))


def _entity_facts(snapshot: Snapshot, entity: Entity) -> dict[str, Any]:
    stored = snapshot.schema.entities.get(entity.name)
    return {
        "entity": entity.name,
        "label": dict(entity.label),
        "pack": entity.pack,
        "defined": str(entity.place),
        "table": stored.table.name if stored else "none: it is abstract",
        "api": f"/api/v1/records/{entity.name}",
        "fields": list(entity.fields),
        "relationships": list(entity.relationships),
        "rights": _entity_rights(snapshot.policy, entity.name),
        "used by": sorted({r.source for r in snapshot.model.uses(f"entity:{entity.name}")}),
    }


def _member_facts(snapshot: Snapshot, entity: Entity, member: Field | Relationship) -> dict[str, Any]:
    stored = snapshot.schema.entities.get(entity.name)
    return {
        "name": f"{entity.name}.{member.name}",
        "label": dict(member.label),
        "pack": member.pack,
        "defined": str(member.place),
        **_nature(member),
        "columns": _columns(stored, member.name) if stored else [],
        "api": f'"{member.name}" of /api/v1/records/{entity.name}',
        **_sources(member),
        "rights": _member_rights(snapshot.policy, entity.name, member),
        "used by": sorted(
            {
                *(r.source for r in _uses(snapshot, entity.name, member.name)),
                *snapshot.views.users(f"field:{entity.name}.{member.name}"),
            }
        ),
    }


def _nature(member: Field | Relationship) -> dict[str, Any]:
    from xrm.metadata.model import Field

    if isinstance(member, Field):
        return {"type": member.type.name, "control": str(member.type.control), "required": member.required}
    targets = "any entity" if member.any else ", ".join(member.targets)
    control = "lookup" if member.one else "rows"
    return {"type": f"{member.shape} of {targets}", "control": control, "required": member.required}


def _sources(member: Field | Relationship) -> dict[str, list[str]]:
    """What a computed field names; nothing for any other."""
    from xrm.metadata.model import Field

    if not isinstance(member, Field) or member.formula is None:
        return {}
    return {"follows from": sorted({f"{m.entity}.{m.attribute}" for m in member.formula.mentions})}


def _columns(stored: EntityTable, name: str) -> list[str]:
    if name in stored.fields:
        columns = [c.name for c in stored.fields[name].columns]
    elif name in stored.lookups:
        columns = [c.name for c in stored.lookups[name].all_columns]
    elif name in stored.links:
        return [f"{stored.links[name].table.name} (one row for each link)"]
    else:
        return []
    return [f"{stored.table.name}.{column}" for column in columns]


def _uses(snapshot: Snapshot, entity: str, name: str) -> Iterable[Any]:
    for kind in ("field", "relationship"):
        yield from snapshot.model.uses(f"{kind}:{entity}.{name}")


def _entity_rights(policy: Policy, entity: str) -> dict[str, list[str]]:
    from xrm.metadata.model import OPERATIONS

    found = {}
    for operation in OPERATIONS:
        rules = ((role, policy.rights_of([role], entity).rows_for(operation)) for role in policy.roles)
        found[operation] = [_told(role, rule) for role, rule in rules if not rule.nowhere]
    return {operation: roles for operation, roles in found.items() if roles}


def _member_rights(policy: Policy, entity: str, member: Field | Relationship) -> dict[str, list[str]]:
    """Who may do what with the values; nobody writes what xrm finds itself."""
    from xrm.metadata.model import Field

    found = {}
    is_found = isinstance(member, Field) and not member.is_given
    for operation in _OPERATIONS[:1] if is_found else _OPERATIONS:
        rules = (
            (role, policy.rights_of([role], entity).cell(operation, member.name)) for role in policy.roles
        )
        found[operation] = [_told(role, rule) for role, rule in rules if not rule.nowhere]
    return {operation: roles for operation, roles in found.items() if roles}


def _told(role: str, rule: Any) -> str:
    if rule.everywhere:
        return role
    return f"{role}, where {' or '.join(c.text or 'it leads to a record' for c in rule.conditions)}"


def _lines(facts: Mapping[str, Any]) -> Iterable[str]:
    for name, value in facts.items():
        if name == "rights":
            for operation, roles in value.items():
                yield f"{f'may {operation}':14}{'; '.join(roles)}"
        elif name == "layers":
            yield from _layer_lines(value)
        elif name == "label":
            yield f"{name:14}{value.get('en') or next(iter(value.values()), '')}"
        elif isinstance(value, list):
            yield f"{name:14}{', '.join(value) or 'none'}"
        elif isinstance(value, bool):
            yield f"{name:14}{'yes' if value else 'no'}"
        else:
            yield f"{name:14}{value}"


def _layer_lines(layers: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[str]:
    """A line for each key with its value and its place, and one for each value below it."""
    from xrm.metadata.editing import flow

    for key, said in layers.items():
        for number, one in enumerate(said):
            value = "taken out" if one["value"] is None else flow(one["value"])
            yield f"{key if number == 0 else '  below':30} {value}   ({one['layer']}: {one['where']})"
