"""From the model to controls: what a field, a relationship or a system name is on a page, for one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xrm.engine.access import always_readable
from xrm.engine.queries.choosing import record_names
from xrm.metadata.expressions.tree import LISTS, Access, Aggregate
from xrm.metadata.fieldtypes.base import FieldType, Params
from xrm.metadata.model import POINTERS, STATE, Entity, Relationship, Shape
from xrm.metadata.model import Field as ModelField
from xrm.ui.fields.view import Field, Lookup, Option
from xrm.ui.pages.visit import Visit

_SYSTEM_KINDS = {
    "id": "line", "version": "number", "title": "line", "external_key": "line", "state": "select",
    "created_at": "datetime", "updated_at": "datetime", "deleted_at": "datetime", "state_since": "datetime",
}  # fmt: skip
MOST_MADE = 3
_AUTOCOMPLETE = {"email": "off", "phone": "off", "url": "off"}


def control_for(visit: Visit, entity: Entity, path: str, value: object = None) -> Field | None:
    """The control of a name or of a dotted path; None when this person may not read it or it is not one value."""
    name, _, rest = path.partition(".")
    if name not in readable_names(visit, entity):
        return None
    if rest:
        return _along(visit, entity, name, rest, path)
    found = named(visit, entity, name)
    return None if found is None else replace(found, value=value)


def readable_names(visit: Visit, entity: Entity) -> frozenset[str]:
    """The names whose values this person may read on some record."""
    return visit.rights(entity.name).names("read") | frozenset(always_readable(entity))


def named(visit: Visit, entity: Entity, name: str) -> Field | None:
    """The control of a field, lookup or system name of the entity; None for relationships to many."""
    if name in entity.fields:
        return of_field(visit, entity.fields[name])
    if name in entity.relationships:
        relationship = entity.relationships[name]
        return of_lookup(visit, relationship) if relationship.shape is Shape.LOOKUP else None
    return _of_system(visit, entity, name)


def of_field(visit: Visit, field: ModelField) -> Field:
    """The control of a field of the model, without value."""
    return replace(
        of_type(visit, field.name, visit.text(field.label, field.name), field.type, field.params),
        required=field.required,
        help=visit.text(field.help),
        many=field.many or bool(field.params.get("many")),
        listed=_listed(visit, field),
        private=field.sensitive or str(field.type.control) == "secret",
        computed=field.formula is not None,
    )


def _listed(visit: Visit, field: ModelField) -> tuple[Option, ...]:
    """The options whose keys a computed field lists; none where it lists texts."""
    tree = field.formula.tree if field.formula else None
    if not isinstance(tree, Aggregate) or tree.function not in LISTS or not isinstance(tree.value, Access):
        return ()
    told, name = dict[str, Option](), tree.value.path[0]
    for entity in (visit.model.entities[e] for e in tree.value.entities):
        known = states(visit, entity) if name == STATE else _options(visit, entity.fields.get(name))
        told = {**{option.value: option for option in known}, **told}
    return tuple(told.values())


def _options(visit: Visit, field: ModelField | None) -> tuple[Option, ...]:
    return of_type(visit, field.name, "", field.type, field.params).options if field else ()


def of_type(visit: Visit, name: str, label: str, type_: FieldType, params: Params) -> Field:
    """The control of a value of this type."""
    return Field(
        name,
        label,
        str(type_.control),
        autocomplete=_AUTOCOMPLETE.get(str(type_.control), ""),
        options=tuple(
            Option(o.key, visit.text(o.label, o.key), o.color or "slate") for o in params.get("options", ())
        ),
        max_length=params.get("max_length"),
        currencies=(str(params["currency"]),) if params.get("currency") else (),
        currency=str(params.get("default_currency") or visit.runtime.settings.currency),
        stars=int(params.get("max", 5)) if str(type_.control) == "rating" else 5,
        many=bool(params.get("many")),
        accept=",".join(params.get("accept", ())),
    )


def of_lookup(visit: Visit, relationship: Relationship, source: str = "") -> Field:
    """The control of a relationship to one record."""
    return Field(
        relationship.name,
        visit.text(relationship.label, relationship.name),
        "lookup",
        required=relationship.required,
        help=visit.text(relationship.help),
        lookup=lookup_of(visit, relationship, source),
    )


def lookup_of(visit: Visit, relationship: Relationship, source: str = "") -> Lookup:
    """Where a lookup finds its records."""
    base = source or f"/r/{relationship.entity}/lookup/{relationship.name}"
    targets = relationship.targets
    icon = visit.model.entities[targets[0]].icon if len(targets) == 1 else "link"
    needs = tuple(sorted(record_names(relationship.filter))) if relationship.filter else ()
    made = tuple((visit.label(e).lower(), f"/r/{e.name}/new") for e in makeable(visit, relationship))
    return Lookup(base, f"{base}?page=1", relationship.is_polymorphic, icon, needs=needs, makes=made)


def makeable(visit: Visit, side: Relationship) -> tuple[Entity, ...]:
    """The entities of which this person may make a record for the lookup; none where there are too many to name."""
    names = side.of[:1] if side.shape is Shape.INVERSE and side.of else side.targets
    known = (visit.model.entities.get(name) for name in names)
    found = tuple(e for e in known if e is not None and not e.is_engine and visit.can("create", e.name))
    return found if len(found) <= MOST_MADE else ()


def pointer(visit: Visit, entity: Entity, name: str) -> Field:
    """The control of a system name that points at a person, team or unit."""
    target = POINTERS[name]
    base = f"/r/{entity.name}/lookup/{name}"
    lookup = Lookup(base, f"{base}?page=1", icon=visit.model.entities[target].icon)
    return Field(name, system_label(visit, name), "lookup", lookup=lookup)


def states(visit: Visit, entity: Entity) -> tuple[Option, ...]:
    """The states of the entity's lifecycle, as options."""
    if entity.lifecycle is None:
        return ()
    return tuple(
        Option(s.name, visit.text(s.label, s.name), s.color or "slate")
        for s in entity.lifecycle.states.values()
    )


def system_label(visit: Visit, name: str) -> str:
    """What a system name is called."""
    t = visit.ui.t
    return {
        "id": t("Id"),
        "version": t("Version"),
        "title": t("Title"),
        "external_key": t("External key"),
        "state": t("State"),
        "state_since": t("In this state since"),
        "created_at": t("Created"),
        "created_by": t("Created by"),
        "updated_at": t("Changed"),
        "updated_by": t("Changed by"),
        "deleted_at": t("Deleted"),
        "owner": t("Owner"),
        "team": t("Team"),
        "unit": t("Business unit"),
    }.get(name, name)


@dataclass(frozen=True, slots=True)
class Columns:
    """The paths of a list's columns with their controls, in step."""

    paths: tuple[tuple[str, ...], ...]
    fields: tuple[Field, ...]


def columns_of(visit: Visit, entity: Entity, paths: Iterable[str]) -> Columns:
    """The columns that this person may read; a list without any shows the title."""
    found = [(tuple(p.split(".")), c) for p in paths if (c := control_for(visit, entity, p)) is not None]
    if not found:
        title = control_for(visit, entity, "title")
        found = [(("title",), title)] if title else []
    return Columns(tuple(p for p, _ in found), tuple(c for _, c in found))


def value_at(record: Mapping[str, object], path: Iterable[str]) -> object:
    """What a record holds at a path; None where the way there ends early."""
    found: object = record
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _along(visit: Visit, entity: Entity, name: str, rest: str, path: str) -> Field | None:
    """A field of a related record, or a part of a value, under both names."""
    step = entity.relationships.get(name)
    targets = step.targets if step else (POINTERS[name],) if name in POINTERS else ()
    far = [visit.model.entities[t] for t in targets if visit.can("read", t)]
    found = next((c for e in far if (c := control_for(visit, e, rest)) is not None), None)
    near = named(visit, entity, name)
    if found is None or near is None:
        return None
    return replace(found, name=path, label=f"{near.label} · {found.label}")


def _of_system(visit: Visit, entity: Entity, name: str) -> Field | None:
    if name in POINTERS:
        return pointer(visit, entity, name)
    if name not in _SYSTEM_KINDS:
        return None
    options = states(visit, entity) if name == "state" else ()
    return Field(name, system_label(visit, name), _SYSTEM_KINDS[name], options=options, ago=True)
