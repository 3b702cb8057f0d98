"""Search across entities, and the typeahead of lookups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from xrm.engine.commands import Actor
from xrm.engine.queries.choosing import admitted
from xrm.engine.queries.conditions import all_slots_open, base_conditions, search_condition
from xrm.engine.queries.plan import Kit
from xrm.engine.queries.reading import unknown_entity, unknown_name
from xrm.engine.queries.request import Query, Trash
from xrm.engine.storage.database import UnitOfWork
from xrm.engine.storage.search import search_words, snippet
from xrm.engine.storage.statements import Prepared
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.model import Entity, Relationship, Shape, text_of
from xrm.metadata.values import fold

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService

MOST_TARGETS = 200
MOST_ENTITIES = 400  # SQLite takes 500 selects in one statement


def search(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    text: str,
    entities: Sequence[str],
    limit: int,
) -> list[dict[str, Any]]:
    """At most `limit` readable records that hold every word, titles that begin with the text first."""
    kit = service.kit(actor)
    words = search_words(text[: kit.limits.search_length])
    if not words:
        return []
    wanted = entities or _searched(service, actor)
    for name in wanted:
        if name not in service.policy.readable_entities(actor):
            raise unknown_entity(name, service.policy.readable_entities(actor))
    values = {**service.parameters(actor), "q": kit.index.query(text), "limit": limit}
    found = _hits(kit, unit, _with_words(kit, unit, wanted, values), values)
    folded = fold(text)
    found.sort(
        key=lambda hit: (not fold(hit["title"]).startswith(folded), -hit["rank"], hit["title"], hit["id"])
    )
    return [_shown(hit, words) for hit in found[:limit]]


def _searched(service: QueryService, actor: Actor) -> list[str]:
    readable = service.policy.readable_entities(actor)
    return [n for n in readable if not service.model.entities[n].is_engine]


def _with_words(kit: Kit, unit: UnitOfWork, wanted: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Those of the entities that have any record with the words, before any right is asked."""
    prepared = kit.plan(("search", "entities"), lambda: _entities_with_words(kit))
    numbers = {prepared.read(row)[0] for row in unit.run(prepared, values)}
    return [name for name in wanted if kit.numbers.entities[name] in numbers][:MOST_ENTITIES]


def _entities_with_words(kit: Kit) -> Prepared:
    found = kit.index.candidates()
    return kit.prepare(sa.select(found.c.entity).distinct())


def _hits(
    kit: Kit, unit: UnitOfWork, entities: Sequence[str], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The best of each entity, by one statement for all of them."""
    if not entities:
        return []
    prepared = kit.plan(("search", *entities), lambda: _best_of_each(kit, entities))
    rows = (prepared.read(row) for row in unit.run(prepared, values))
    return [
        {"entity": entities[place], "id": str(i), "title": title, "rank": float(rank)}
        for place, i, title, rank in rows
    ]


def _best_of_each(kit: Kit, entities: Sequence[str]) -> Prepared:
    best = [_best(kit, entity) for entity in entities]
    numbered = [
        sa.select(sa.literal_column(str(n), sa.Integer()).label("place"), b) for n, b in enumerate(best)
    ]
    return kit.prepare(sa.union_all(*numbered) if len(numbered) > 1 else numbered[0])


def _best(kit: Kit, entity: str) -> sa.Subquery:
    frame = kit.desk.frame(entity)
    ranks = kit.index.candidates(kit.numbers.entities[entity])
    joined = frame.table.join(ranks, ranks.c.record == frame.id)
    rank = ranks.c.rank if all_slots_open(frame, kit.numbers) else sa.literal(0.0)
    return (
        sa.select(frame.id.label("id"), frame.own("title").label("title"), rank.label("rank"))
        .select_from(joined)
        .where(*base_conditions(frame, Trash.LIVE), search_condition(frame, kit.index, kit.numbers))
        .order_by(rank.desc(), frame.own("title__key"), frame.id)
        .limit(sa.bindparam("limit", type_=sa.Integer()))
        .subquery()
    )


def _shown(hit: Mapping[str, Any], words: Sequence[str]) -> dict[str, Any]:
    pieces = [{"text": text, "match": is_match} for text, is_match in snippet(hit["title"], words)]
    return {"entity": hit["entity"], "id": hit["id"], "title": hit["title"], "highlight": pieces}


def lookup(
    service: QueryService,
    actor: Actor,
    entity: str,
    name: str,
    text: str,
    values: Mapping[str, Any],
    limit: int,
) -> list[dict[str, Any]]:
    """What may be chosen for a relationship: readable records of its targets that hold the words.

    The relationship's filter is asked as if the record had these values.
    """
    near = service.reader(actor).usable(entity)
    targets, narrow = _targets(service, actor, near, name), _conditions(service, actor, near, name, values)
    found: list[dict[str, Any]] = []
    with service.epoch.reading() as unit:
        for target in targets:
            found += _choices(service, unit, actor, target, text, narrow, limit - len(found))
            if len(found) >= limit:
                break
    return found[:limit]


def _targets(service: QueryService, actor: Actor, entity: Entity, name: str) -> list[str]:
    readable = service.policy.readable_entities(actor)
    system = {"owner": "user", "team": "team", "unit": "unit"}
    if name in system:
        return [system[name]]
    rights = service.policy.rights(actor, entity.name)
    given = {n for o in ("read", "create", "update", "transition") for n in rights.names(o)}
    known = [n for n in entity.relationships if n in given]
    side: Relationship | None = entity.relationships.get(name)
    if side is None or side.shape is Shape.INVERSE or name not in known:
        raise unknown_name(entity.name, name, known, "relationship")
    wanted = readable if side.any else side.targets
    return [t for t in wanted if t in readable][:MOST_TARGETS]


def _conditions(
    service: QueryService, actor: Actor, entity: Entity, name: str, values: Mapping[str, Any]
) -> tuple[Expression, ...]:
    side = entity.relationships.get(name)
    found = None if side is None else admitted(service, actor, side, values)
    return () if found is None else (found,)


def _choices(
    service: QueryService,
    unit: UnitOfWork,
    actor: Actor,
    target: str,
    text: str,
    narrow: tuple[Expression, ...],
    limit: int,
) -> list[dict[str, Any]]:
    if limit <= 0:
        return []
    found = _by_words(service, unit, actor, Query(target, conditions=narrow, limit=limit), text)
    label = text_of(service.model.entities[target].label, actor.language, target)
    return [{"id": r["id"], "entity": target, "title": r["title"], "hint": label} for r in found]


def _by_words(
    service: QueryService, unit: UnitOfWork, actor: Actor, query: Query, text: str
) -> Sequence[Mapping[str, Any]]:
    """By the search index; the engine's own records have no place in it and are matched by title."""
    query = replace(query, fields=(("title",),))
    if service.model.entities[query.entity].is_engine and text:
        written = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        query = replace(query, filters=(f"contains(title, {written})",))
    else:
        query = replace(query, search=text.strip())
    return service.list_in(unit, actor, query).data
