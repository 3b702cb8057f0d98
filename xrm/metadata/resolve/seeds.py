"""Seeds: records that packs bring, checked by name; their values are checked when they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.model import Entity, Shape
from xrm.metadata.moments import is_moment, moment
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Doc
from xrm.metadata.positions import Path
from xrm.metadata.resolve.context import Context
from xrm.metadata.resolve.seed_steps import check_steps
from xrm.metadata.seeds import is_demo

_GIVEN = ("external_key", "owner", "team")
# An amount that names no currency is in that of the installation; which one that is, is known when it is planted.
_INSTALLATION = {"default_currency": "EUR"}
_HOME = {"seed": "pack", "scenario": "scenario"}


def check_seeds(context: Context) -> None:
    """Every record is of an entity with such fields, and refers to records that there are."""
    by_pack: dict[str, list[Doc]] = {}
    for doc in context.layers.seeds:
        by_pack.setdefault(doc.pack, []).append(doc)
    refs = {pack: _refs(context, docs) for pack, docs in by_pack.items()}
    for pack, docs in by_pack.items():
        below = _refs_below(context, pack, refs)
        for doc in docs:
            _check(context, pack, doc, refs[pack] | below if is_demo(doc.name) else refs[pack])
            _check_people(context, doc)


def _records(doc: Doc) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, record in enumerate(doc.body.get("records", ())):
        if record is not None:
            yield index, record


def _refs(context: Context, docs: list[Doc]) -> set[str]:
    refs: set[str] = set()
    for doc in docs:
        for index, record in _records(doc):
            ref = record.get("ref")
            if ref in refs:
                where = doc.source.at(("records", index, "ref"))
                context.add("M217", f'The ref "{ref}" is taken in this pack.', "Choose another one.", where)
            if ref is not None:
                refs.add(ref)
    return refs


def _refs_below(context: Context, pack: str, refs: dict[str, set[str]]) -> set[str]:
    """What demos may name of the packs that this one requires: those are planted with it."""
    manifest = context.layers.packs.get(pack)
    required = manifest.body["requires"] if manifest else ()
    return {f"{below}:{ref}" for below in required for ref in refs.get(below, ())}


def _check(context: Context, pack: str, doc: Doc, refs: set[str]) -> None:
    used: set[tuple[str, str]] = set()
    for index, record in _records(doc):
        name = record.get("entity")
        entity = context.entities.get(name or "")
        place = doc.source.at(("records", index, "entity"))
        if name is None:
            continue
        if entity is None:
            context.unknown_entity(name, pack, place, _with_records(context))
            meant = context.entities.get(context.entity_meant(name, pack))
            if meant and not meant.abstract and not meant.is_engine:
                _check_values(context, meant, doc, index, record, refs, used)
        elif entity.abstract or entity.is_engine:
            kind = "abstract" if entity.abstract else "the engine's own"
            hint = (
                "Give people under the key people."
                if entity.is_engine
                else f"Choose one of {', '.join(entity.implementations)}."
            )
            context.add("M216", f'"{entity.name}" is {kind}, so it has no records here.', hint, place)
        else:
            _check_values(context, entity, doc, index, record, refs, used)
            check_steps(context, entity, doc, index, record)


def _with_records(context: Context) -> set[str]:
    return {e.name for e in context.entities.values() if not e.abstract and not e.is_engine}


def _check_people(context: Context, doc: Doc) -> None:
    """The roles that people of the seed hold are there."""
    for i, user in enumerate(doc.body.get("people", {}).get("users", ())):
        for j, role in enumerate(user.get("roles", ())):
            place = doc.source.at(("people", "users", i, "roles", j))
            if role in context.layers.roles:
                context.use(f"role:{role}", f"seed:{doc.pack}.{doc.name}", place)
            else:
                context.unknown_role(role, doc.pack, place)


def _check_values(
    context: Context,
    entity: Entity,
    doc: Doc,
    index: int,
    record: dict[str, Any],
    refs: set[str],
    used: set[tuple[str, str]],
) -> None:
    below = ("records", index, "values")
    check_record_values(context, entity, doc, below, record.get("values", {}), refs, used)


def check_record_values(
    context: Context,
    entity: Entity,
    doc: Doc,
    below: Path,
    values: Mapping[str, Any],
    refs: set[str],
    used: set[tuple[str, str]],
) -> None:
    """The values that stand `below` are of fields that there are, and name records among `refs`."""
    known = _settable(entity)
    for name, value in values.items():
        path = (*below, name)
        if name not in known:
            context.unknown_name(entity.name, name, doc.source.key_at(path), known)
            continue
        _check_value(context, entity, name, value, doc, path)
        if (entity.name, name) not in used:
            used.add((entity.name, name))
            source = f"{doc.kind}:{doc.pack}.{doc.name}"
            context.use(f"field:{entity.name}.{name}", source, doc.source.key_at(path))
        for ref in _refs_in(value):
            if ref not in refs and doc.pack not in context.layers.lenient:
                hint = near_hint(
                    ref, refs, f"Write the record's ref as another record of this {_HOME[doc.kind]} has it."
                )
                message = f'No record of this {_HOME[doc.kind]} has the ref "{ref}".'
                context.add("M216", message, hint, doc.source.at(path))


def _check_value(
    context: Context, entity: Entity, name: str, value: Any, doc: Doc, path: tuple[str | int, ...]
) -> None:
    """The value is one that the field takes; what a record lacks or must be is judged when it is written."""
    field = entity.fields.get(name)
    merged = context.layers.entities.get(entity.name)
    is_judged = field is not None and value not in (None, "", []) and merged is not None
    if not is_judged or field is None or merged is None or context.is_broken(merged, "fields", name):
        return
    if is_moment(field.type.name, value):
        found = moment(field.type.name, value, doc.source.at(path))
        for said in found if isinstance(found, tuple) else ():
            context.add(said.code, said.message, said.hint, said.where)
        return
    try:
        field.type.parse(value, {**_INSTALLATION, **field.params})
    except BadValue as error:
        problem = error.problem
        hint = problem.hint or f"See the reference of the field type {field.type.name}."
        context.add("M226", f"{entity.name}.{name}: {problem.message}", hint, doc.source.at(path))


def _settable(entity: Entity) -> tuple[str, ...]:
    fields = (f.name for f in entity.fields.values() if f.is_stored)
    relationships = (r.name for r in entity.relationships.values() if r.shape is not Shape.INVERSE or r.owned)
    return (*fields, *relationships, *_GIVEN)


def _refs_in(value: Any) -> Iterator[str]:
    """The refs of a value: of a lookup, of a list of links, of links with attributes."""
    if isinstance(value, dict):
        if isinstance(value.get("ref"), str):
            yield value["ref"]
        else:
            for inner in value.values():
                yield from _refs_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs_in(inner)
