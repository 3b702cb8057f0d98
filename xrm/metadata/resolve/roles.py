"""Roles: grants on concrete entities, with the fields they give and the rows where they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xrm.errors import Problem
from xrm.metadata.expressions.tree import Expression, uses
from xrm.metadata.mending import meant_by
from xrm.metadata.model import Entity, Grant, Role
from xrm.metadata.names import system_names
from xrm.metadata.renewal import note_of
from xrm.metadata.resolve.context import Context, Item

EVERY_ENTITY = "any"
EVERY_ROW = "all"


def roles_of(context: Context) -> dict[str, Role]:
    """Every role with its grants."""
    return {
        name: _role(context, Item(merged, (), merged.body)) for name, merged in context.layers.roles.items()
    }


def _role(context: Context, item: Item) -> Role:
    portal = item.get("portal", "")
    if portal and portal not in context.entities:
        context.unknown_entity(portal, item.pack, item.at("portal"))
    grants = {g.name: grant for g in item.items("grants") if (grant := _grant(context, item.name, g))}
    for child in item.items("grants"):
        if child.name in grants:
            _check_titles(context, child, grants[child.name], grants)
    label = context.texts.named(item.get("label"), item.name, f"roles.{item.name}.label")
    former = tuple(item.get("renamed_from", ()))
    return Role(item.name, label, grants, item.pack, portal, former, item.key_at())


def _grant(context: Context, role: str, item: Item) -> Grant | None:
    if "entity" not in item.body:
        if not context.is_broken(item.merged, *map(str, item.path)):
            hint = "Say on which entity."
            context.add("M250", f'The grant "{item.name}" names no entity.', hint, item.key_at())
        return None
    source = f"grant:{role}.{item.name}"
    entities = _entities(context, item, source)
    if not entities:
        return None
    return Grant(
        name=item.name,
        entities=tuple(entities),
        can=frozenset(item.get("can", ())),
        rows=_rows(context, item, entities, source),
        fields={e: _fields(context, item, context.entities[e], source) for e in entities},
        place=item.key_at(),
    )


def _inputs(entity: Entity, expression: Expression) -> set[str]:
    """The names of the record that the expression reads, those included that computed ones follow from."""
    found: set[str] = set()
    for _, name in uses(expression.tree):
        field = entity.fields.get(name)
        if field is None or field.formula is None or field.reveal:
            found.add(name)
        else:
            found |= _inputs(entity, field.formula)
    return found


def _check_titles(context: Context, item: Item, grant: Grant, grants: Mapping[str, Grant]) -> None:
    """Whoever may read a record may read what its title is made of."""
    for name in grant.entities if "read" in grant.can else ():
        entity = context.entities[name]
        used = _inputs(entity, entity.title) if entity.title else set()
        hidden = sorted(n for n in used & set(entity.fields) if not _is_given(n, grant, name, grants))
        if hidden:
            words = " and ".join(hidden)
            message = f"The grant lets people read {name} without {words}, which its title is made of."
            hint = f"Add {words} to its fields, or give it for the same rows in another grant."
            context.add("M280", message, hint, item.at("fields") if "fields" in item.body else item.key_at())
            return


def _is_given(field: str, grant: Grant, entity: str, grants: Mapping[str, Grant]) -> bool:
    """True when the field may be read wherever the grant's rows are."""
    if field in grant.fields[entity]:
        return True
    reading = (g for g in grants.values() if entity in g.entities and "read" in g.can)
    return any(_covers(g.rows[entity], grant.rows[entity]) for g in reading if field in g.fields[entity])


def _covers(wide: Expression | None, narrow: Expression | None) -> bool:
    return wide is None or (narrow is not None and wide.tree == narrow.tree)


def _entities(context: Context, item: Item, source: str) -> list[str]:
    """The concrete entities that the grant is about."""
    words: list[str] = item.body["entity"]
    if EVERY_ENTITY in words:
        return [e.name for e in context.entities.values() if not e.abstract and not e.is_engine]
    found: dict[str, None] = {}
    for index, word in enumerate(words):
        entity = context.entities.get(word)
        place = item.at("entity", index)
        if entity is None:
            context.unknown_entity(word, item.pack, place)
            entity = context.entities.get(context.entity_meant(word, item.pack))
            if entity is None:
                continue
        context.use(f"entity:{entity.name}", source, place)
        found.update(dict.fromkeys(entity.implementations if entity.abstract else (entity.name,)))
    return list(found)


def _rows(context: Context, item: Item, entities: list[str], source: str) -> Mapping[str, Expression | None]:
    """The row rule for each entity; None for all rows. A rule that is wrong is said once."""
    text = item.get("rows")
    rows: dict[str, Expression | None] = dict.fromkeys(entities)
    if text is None or text.strip() == EVERY_ROW:
        return rows
    for entity in entities:
        before = len(context.problems.found)
        rows[entity] = context.check(text, item, (*item.path, "rows"), entity, f"{source}.rows", is_rows=True)
        _forget_repetitions(context.problems.found, before)
    return rows


def _forget_repetitions(found: list[Problem], before: int) -> None:
    """What was said of one entity at a place is not said again of the next one."""
    said = {p.where for p in found[:before]}
    found[before:] = [p for p in found[before:] if p.where not in said]


def _fields(context: Context, item: Item, entity: Entity, source: str) -> frozenset[str]:
    """The names that the grant gives: those listed, or all but the guarded and the excepted."""
    asked: Mapping[str, Any] | None = item.get("fields")
    if asked is None:
        return frozenset(_unguarded(entity))
    if "except" in asked:
        excepted = _named(context, item, entity, asked["except"], ("fields", "except"), source)
        return frozenset(_unguarded(entity)) - excepted
    return _named(context, item, entity, asked.get("only", ()), ("fields",), source)


def _unguarded(entity: Entity) -> Iterable[str]:
    yield from (f.name for f in entity.fields.values() if not f.is_guarded)
    yield from (r.name for r in entity.relationships.values() if not r.is_guarded)


def _named(
    context: Context, item: Item, entity: Entity, names: Sequence[str], steps: tuple[str, ...], source: str
) -> frozenset[str]:
    """The listed names that the entity has; system names come with the row anyway."""
    system = system_names(entity.ownership, entity.lifecycle is not None)
    known = (*entity.fields, *entity.relationships)
    found: set[str] = set()
    for index, written in enumerate(names):
        place = item.at(*steps, index)
        name = context.layers.former.member(entity.name, written)
        if name != written:
            context.notes.append(note_of(written, name, f"{entity.name}:", place))
        if name in known:
            found.add(name)
            context.use(f"field:{entity.name}.{name}", f"{source}.fields", place)
        elif name not in system:
            if _is_told_of(context, item, entity, name):
                context.unknown_name(entity.name, name, place, (*known, *system))
            found |= {meant_by(name, known)} - {""}
    return frozenset(found)


def _is_told_of(context: Context, item: Item, entity: Entity, name: str) -> bool:
    """True for the one entity of a grant of which an unknown name is told: where it was surely meant, or the first.

    A name that another entity of the grant has, or would have, is right.
    """
    spread = _spread(context, item)
    if any(_has(context, e, name) or context.forgives(e.name, name) for e in spread if e is not entity):
        return False
    meant = [e for e in spread if meant_by(name, (*e.fields, *e.relationships))]
    return entity.name == next((e.name for e in [*meant, *spread]), entity.name)


def _spread(context: Context, item: Item) -> list[Entity]:
    """The entities of a grant, concrete and abstract."""
    words: list[str] = item.body["entity"]
    if EVERY_ENTITY in words:
        return [e for e in context.entities.values() if not e.abstract and not e.is_engine]
    entities = [context.entities[w] for w in words if w in context.entities]
    return [context.entities[i] for e in entities for i in e.implementations] + entities


def _has(context: Context, entity: Entity, name: str) -> bool:
    present = context.layers.former.member(entity.name, name)
    return present in entity.fields or present in entity.relationships
