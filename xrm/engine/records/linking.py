"""Links of many-to-many relationships: made, changed and taken away as changes of their source record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Change, Link, Unlink
from xrm.engine.projection.contracts import ByKey, ByName
from xrm.engine.projection.following import value_of
from xrm.engine.projection.references import pointing, read_reference
from xrm.engine.records import permits, targets
from xrm.engine.records.batch import Setting, Tally, Touch
from xrm.engine.records.computing import unfit_default
from xrm.engine.records.draft import NONE, Draft, unfit
from xrm.engine.records.environment import StoredEnv, scene_of, stored_scene
from xrm.engine.records.exchanging import worth_today
from xrm.engine.records.priced import Priced
from xrm.engine.storage.entity_tables import LinkTable
from xrm.errors import Conflict, Forbidden, Invalid, NotFound, Place, Problem, Problems
from xrm.metadata.dependencies import linking_name
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, write_value
from xrm.metadata.fieldtypes.times import DATE
from xrm.metadata.kept_rules import kept_by
from xrm.metadata.model import Field, Relationship, Shape, text_of
from xrm.metadata.values import Ref

VALIDITY = ("valid_from", "valid_to")


def link(setting: Setting, tally: Tally, draft: Draft, command: Link, at: str) -> None:
    """The two records are linked; the link has its own id."""
    side = _side(setting, draft, command.relationship)
    place = draft.where(at)
    ref = _far_end(setting, tally, side, command.to, place)
    _refuse_unfit(setting, draft, side, ref, place)
    values = _begun(setting, draft, side, _values(setting, side, command.values, place), place)
    _refuse_missing(side, side.attributes, values, place)
    _refuse_backward(values, place)
    links = draft.writer.table.links[side.name]
    _refuse_overlap(setting, links, draft.id, ref, values, place, None)
    record = put_link(setting, links, draft.id, ref, _scalars(links, values), command.id)
    shown = {"id": str(record), "to": {"id": str(ref.id), "entity": ref.entity}, **shown_link(side, values)}
    log_link(setting, tally, draft, side, "link", {}, shown, record)


def put_link(
    setting: Setting,
    links: LinkTable,
    source: UUID,
    ref: Ref,
    scalars: Mapping[str, Any] = NONE,
    record: UUID | None = None,
) -> UUID:
    """The two records are linked, by a row that no log tells of; gives the id of the link."""
    chosen = record or setting.world.new_id()
    row = {"id": chosen, links.source.key: source, **links.target.split(ref, setting.numbers), **scalars}
    stamps = {"created_at": setting.now, "created_by": setting.actor.id}
    setting.unit.execute(sa.insert(links.table), {**_empty(links), **row, **stamps})
    return chosen


def change(setting: Setting, tally: Tally, draft: Draft, name: str, item: Mapping[str, Any], at: str) -> None:
    """The attributes and validity of a link are as given; its two ends stay."""
    side = _side(setting, draft, name)
    place = draft.where(at)
    links = draft.writer.table.links[side.name]
    stored, ref = _stored(setting, links, draft, item["id"], place)
    given = _values(setting, side, {k: v for k, v in item.items() if k != "id"}, place)
    values = {**stored, **given}
    _refuse_missing(side, given, given, place)
    _refuse_backward(values, place)
    _refuse_overlap(setting, links, draft.id, ref, values, place, item["id"])
    setting.unit.execute(
        sa.update(links.table).where(links.table.c.id == item["id"]).values(**_scalars(links, given))
    )
    told = {"id": str(item["id"]), "to": {"id": str(ref.id), "entity": ref.entity}}
    before, after = ({**told, **shown_link(side, v)} for v in (stored, values))
    log_link(setting, tally, draft, side, "link", before, after, item["id"])


def unlink(setting: Setting, tally: Tally, draft: Draft, command: Unlink, at: str) -> None:
    """The link is gone; its history stays in the change log."""
    side = _side(setting, draft, command.relationship)
    links = draft.writer.table.links[side.name]
    stored, ref = _stored(setting, links, draft, command.link, draft.where(at))
    setting.unit.execute(sa.delete(links.table).where(links.table.c.id == command.link))
    before = {
        "id": str(command.link),
        "to": {"id": str(ref.id), "entity": ref.entity},
        **shown_link(side, stored),
    }
    log_link(setting, tally, draft, side, "unlink", before, {}, command.link)


def _side(setting: Setting, draft: Draft, name: str) -> Relationship:
    """The many-to-many relationship that the actor may change on this record."""
    side = draft.writer.entity.relationships.get(name)
    cell = permits.rights(setting, draft.writer).cell("update" if draft.old is not None else "create", name)
    if side is None or (name not in permits.readable(setting, draft.writer) and cell.nowhere):
        message = f"{draft.writer.entity.name} has no relationship {name!r} for you."
        raise NotFound(Problem("R104", message, "", draft.where("")))
    if name in kept_by(draft.writer.entity.kept_rules):
        message = f"{draft.writer.label(name)} is set by the system."
        raise Invalid(Problem("R131", message, "Leave it out.", draft.where(name)))
    if side.shape is not Shape.MANY:
        hint = "Set it as a field, or write it from its other side."
        raise Invalid(Problem("R137", f"{name} is not a many-to-many relationship.", hint, draft.where(name)))
    if not permits.passing_rule(setting, draft.writer, cell, [draft.id]):
        raise Forbidden(
            draft.problem(
                "R132", name, f"{draft.writer.label(name)} is not yours to change.", "Leave it out."
            )
        )
    return side


def _far_end(setting: Setting, tally: Tally, side: Relationship, to: Any, place: Place) -> Ref:
    try:
        found = read_reference(to, pointing(side, setting.policy.model))
    except BadValue as bad:
        raise Invalid(bad.problem.under(place.path)) from None
    if isinstance(found, ByName):
        found = tally.named(found.name, place)
    if isinstance(found, ByKey):
        return targets.find_by_key(setting, side, found, place)
    if found.id not in targets.readable_of(setting, {found.entity: [found.id]})[found.entity]:
        raise Invalid(
            Problem("R133", f"There is no such {found.entity} for you.", "Choose another record.", place)
        )
    return found


def _values(setting: Setting, side: Relationship, given: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """The Python values of attributes and validity; raises Invalid with every problem."""
    problems, values = Problems(), {}
    known = {**{n: (f.type, f.params) for n, f in side.attributes.items()}}
    if side.valid:
        known |= dict.fromkeys(VALIDITY, (DATE, {}))
    for name, raw in given.items():
        if name not in known:
            hint = "It has " + (", ".join(known) or "no attributes") + "."
            problems.add("R103", f"The link has no attribute {name!r}.", hint, place)
            continue
        try:
            values[name] = _priced(setting, side, name, read_value(known[name][0], raw, known[name][1]))
        except BadValue as bad:
            problems.extend([bad.problem.under(name).under(place.path)])
    if problems:
        raise Invalid(problems.found)
    return values


def _priced(setting: Setting, side: Relationship, name: str, value: Any) -> Any:
    """The value, of an amount with what it is worth today; BadValue where nobody could tell."""
    field = side.attributes.get(name)
    if value is None or field is None or field.type.in_base is None:
        return value
    return worth_today(setting, Priced.of(field), value)


def _begun(
    setting: Setting, draft: Draft, side: Relationship, given: Mapping[str, Any], place: Place
) -> dict[str, Any]:
    """What is given, and for attributes that are not the defaults; these see the record in hand."""
    problems, values = Problems(), dict(given)
    for name, programs in draft.writer.programs.link_defaults[side.name].items():
        if name in given:
            continue
        scene = scene_of(setting, draft, draft.new or draft.old or {})
        try:
            values[name] = value_of(
                side.attributes[name], [program(scene) for program in programs], setting.currency
            )
        except BadValue as bad:
            problems.extend([unfit_default(bad, _at(place, name))])
    if problems:
        raise Invalid(problems.found)
    return values


def _refuse_missing(
    side: Relationship, names: Iterable[str], values: Mapping[str, Any], place: Place
) -> None:
    """Those of the named attributes that every link has to have are there."""
    asked = [side.attributes[name] for name in names if name in side.attributes]
    missing = [a for a in asked if a.required and values.get(a.name) is None]
    if missing:
        raise Invalid([_needed(attribute, _at(place, attribute.name)) for attribute in missing])


def _needed(attribute: Field, place: Place) -> Problem:
    label = text_of(attribute.label, "en", attribute.name)
    return Problem("R130", f"{label} is needed.", "Give it a value.", place)


def _at(place: Place, name: str) -> Place:
    return Place(path=f"{place.path}.{name}" if place.path else name)


def _refuse_backward(values: Mapping[str, Any], place: Place) -> None:
    """A link ends on the day on which it begins or later, whichever of the two was given now."""
    start, end = values.get("valid_from"), values.get("valid_to")
    if isinstance(start, date) and isinstance(end, date) and end < start:
        message = "The link ends before it begins."
        raise Invalid(Problem("R156", message, "Set valid_to to a later day.", place))


def _refuse_unfit(setting: Setting, draft: Draft, side: Relationship, ref: Ref, place: Place) -> None:
    """The relationship's filter admits the far record beside the record in hand as it will be."""
    program = draft.writer.programs.link_filters.get(side.name)
    if program is None:
        return
    far = setting.writers[ref.entity]
    here = StoredEnv(setting, draft.writer, draft.new or draft.old or {})
    stored = far.load(setting.unit, [ref.id])[ref.id]
    if program(stored_scene(setting, far, stored, here)) is not True:
        raise Invalid(unfit(place))


def _scalars(links: LinkTable, values: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name in links.attributes:
            out.update(links.attributes[name].split(value))
        else:
            out[name] = value
    return out


def _empty(links: LinkTable) -> dict[str, Any]:
    return {c.key: None for c in links.table.c}


def shown_link(side: Relationship, values: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON forms of attributes and validity that are not empty."""
    shown = {}
    for name, value in values.items():
        attribute = side.attributes.get(name)
        if value is not None:
            shown[name] = (
                write_value(attribute.type, value, attribute.params) if attribute else value.isoformat()
            )
    return shown


def _stored(
    setting: Setting, links: LinkTable, draft: Draft, record: UUID, place: Place
) -> tuple[dict[str, Any], Ref]:
    chosen = sa.select(links.table).where(links.table.c.id == record, links.source == draft.id)
    found = setting.unit.execute(chosen).mappings().one_or_none()
    if found is None:
        raise NotFound(Problem("R104", "There is no such link for you.", "", place))
    row = {str(name): value for name, value in found.items()}
    ref = links.target.join(row, setting.entity_names)
    if ref is None:
        raise AssertionError("a link always has a far end")
    writer = setting.writers[ref.entity]
    if not permits.passing(setting, writer, "read", [ref.id]):
        raise NotFound(Problem("R104", "There is no such link for you.", "", place))
    return link_values(links, row), ref


def link_values(links: LinkTable, row: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes and validity of a stored link."""
    values = {name: stored.join(row) for name, stored in links.attributes.items()}
    if links.valid_from is not None and links.valid_to is not None:
        values |= {"valid_from": row[links.valid_from.key], "valid_to": row[links.valid_to.key]}
    return values


def _refuse_overlap(
    setting: Setting,
    links: LinkTable,
    source: UUID,
    ref: Ref,
    values: Mapping[str, Any],
    place: Place,
    but: UUID | None,
) -> None:
    """One link between the same two records at a time; where the relationship says so, one at all."""
    if overlaps(setting, links, source, ref, values, but):
        hint = "Change that link instead, or give another period." if links.valid_from is not None else ""
        raise Conflict(Problem("R157", "The records are linked already.", hint, place))


def overlaps(
    setting: Setting, links: LinkTable, source: UUID, ref: Ref, values: Mapping[str, Any], but: UUID | None
) -> bool:
    """Whether a link stands between the two at that time, or, where only one may, between the source and any other."""
    conditions = [links.source == source]
    if not links.relationship.exclusive:
        wanted = links.target.split(ref, setting.numbers)
        conditions += [links.table.c[n] == v for n, v in wanted.items() if v is not None]
    if but is not None:
        conditions.append(links.table.c.id != but)
    if links.valid_from is not None and links.valid_to is not None:
        start, end = values.get("valid_from"), values.get("valid_to")
        if end is not None:
            conditions.append(sa.or_(links.valid_from.is_(None), links.valid_from <= end))
        if start is not None:
            conditions.append(sa.or_(links.valid_to.is_(None), links.valid_to >= start))
    return setting.unit.execute(sa.select(links.table.c.id).where(*conditions).limit(1)).first() is not None


def log_link(
    setting: Setting,
    tally: Tally,
    draft: Draft,
    side: Relationship,
    operation: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    link: UUID,
) -> None:
    """The change log tells of the link, and what follows from its ends is to be found anew."""
    version = (draft.old or draft.new or {"version": 1}).get("version", 1)
    made = Change(
        entity=draft.writer.entity.name,
        record=draft.id,
        version=version,
        operation=operation,
        before={side.name: before} if before else {},
        after={side.name: after} if after else {},
        at=setting.now,
        title=(draft.new or draft.old or {}).get("title", ""),
    )
    setting.log.append(setting.unit, setting.actor, [made], setting.act)
    tally.changes.append(made)
    tally.links.append(link)
    tally.touched.extend(_touches(draft, side, before or after))


def _touches(draft: Draft, side: Relationship, told: Mapping[str, Any]) -> Iterable[Touch]:
    """Both ends of the link."""
    source = frozenset({side.name})
    target = frozenset({linking_name(draft.writer.name, side.name)})
    yield Touch(draft.writer.name, draft.id, source, NONE, NONE)
    yield Touch(told["to"]["entity"], UUID(told["to"]["id"]), target, NONE, NONE)
