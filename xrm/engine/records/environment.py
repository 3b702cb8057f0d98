"""A draft as expressions see it: values new and old, and related records, loaded when asked for."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.projection.programs import Scene
from xrm.engine.records.batch import Setting
from xrm.engine.records.draft import Draft
from xrm.engine.records.incoming import Incoming, belonging, live_children
from xrm.engine.records.writer import Writer
from xrm.engine.storage.entity_tables import LinkTable
from xrm.metadata.expressions.environment import Env
from xrm.metadata.model import POINTERS, Relationship, Shape
from xrm.metadata.values import Ref, meant


class StoredEnv:
    """A record in the transaction of the batch; `follow` and `many` read what is stored now."""

    __slots__ = ("_setting", "_values", "_writer")

    def __init__(self, setting: Setting, writer: Writer, values: Mapping[str, Any]) -> None:
        self._setting, self._writer, self._values = setting, writer, values

    @property
    def entity(self) -> str:
        """The entity of the record."""
        return self._writer.entity.name

    def value(self, path: tuple[str, ...]) -> Any:
        """The value at an attribute's path, None when empty."""
        name = path[0]
        found = self._values.get(name)
        if found is None or found == ():
            return None
        if name in POINTERS and isinstance(found, UUID):
            return Ref(POINTERS[name], found)
        return meant(found, *path[1:2])

    def follow(self, relationship: str) -> Env | None:
        """The live record on the other side of a relationship to one."""
        side = self._writer.entity.relationships.get(relationship)
        if side is not None and side.shape is not Shape.LOOKUP:
            return next(iter(self.many(relationship)), None)
        ref = self.value((relationship,))
        return next(iter(_live(self._setting, ref.entity, [ref.id])), None) if isinstance(ref, Ref) else None

    def many(self, relationship: str) -> Iterable[Env]:
        """The live records on the other side."""
        side = self._writer.entity.side(relationship)
        record = self._values.get("id")
        if record is None or side is None:
            return ()
        return [env for ref in _far(self._setting, self._writer, side, record) for env in ref]


class OnceEnv:
    """A record whose related records are read once, for many questions between which nothing is written."""

    __slots__ = ("_env", "_followed", "_many")

    def __init__(self, env: Env) -> None:
        self._env = env
        self._followed: dict[str, Env | None] = {}
        self._many: dict[str, list[Env]] = {}

    @property
    def entity(self) -> str:
        """The entity of the record."""
        return self._env.entity

    def value(self, path: tuple[str, ...]) -> Any:
        """The value at an attribute's path, None when empty."""
        return self._env.value(path)

    def follow(self, relationship: str) -> Env | None:
        """The live record on the other side of a relationship to one."""
        if relationship not in self._followed:
            found = self._env.follow(relationship)
            self._followed[relationship] = None if found is None else OnceEnv(found)
        return self._followed[relationship]

    def many(self, relationship: str) -> Iterable[Env]:
        """The live records on the other side."""
        if relationship not in self._many:
            self._many[relationship] = [OnceEnv(env) for env in self._env.many(relationship)]
        return self._many[relationship]


def environment(setting: Setting, draft: Draft) -> Scene:
    """What the programs of the draft's entity are run on."""
    return scene_of(setting, draft, draft.new)


def scene_of(setting: Setting, draft: Draft, new: Mapping[str, Any]) -> Scene:
    """The same, for values that are on their way into the draft; the id is one of them."""
    old = None if draft.old is None else StoredEnv(setting, draft.writer, draft.old)
    return Scene(setting.context, StoredEnv(setting, draft.writer, new), old)


def stored_scene(
    setting: Setting, writer: Writer, values: Mapping[str, Any], outer: Env | None = None
) -> Scene:
    """The scene of a stored record; `outer` is the record in hand where bare names belong to this one."""
    return Scene(setting.context, StoredEnv(setting, writer, values), None, outer)


def _live(setting: Setting, entity: str, ids: list[UUID]) -> list[Env]:
    if entity not in setting.writers:
        return []
    writer = setting.writers[entity]
    stored = writer.load(setting.unit, ids)
    return [
        StoredEnv(setting, writer, stored[i]) for i in ids if i in stored and stored[i]["deleted_at"] is None
    ]


def _far(setting: Setting, writer: Writer, side: Relationship, record: UUID) -> Iterable[list[Env]]:
    """The records on the far side, by entity: children of an inverse lookup, or what is linked."""
    if side.shape is Shape.MANY:
        yield from _linked(setting, writer, side.name, record, from_source=True, entity=writer.entity.name)
    elif side.of is not None:
        source = setting.writers[side.of[0]]
        if side.of[1] in POINTERS:
            yield _live(setting, side.of[0], belonging(setting, source, side.of[1], record))
            return
        stored = source.entity.relationships[side.of[1]]
        if stored.shape is Shape.MANY:
            yield from _linked(
                setting, source, stored.name, record, from_source=False, entity=writer.entity.name
            )
        else:
            pointing = Incoming(source, source.table.lookups[stored.name])
            yield _live(setting, side.of[0], live_children(setting, pointing, writer.entity.name, [record]))


def _linked(
    setting: Setting, source: Writer, name: str, record: UUID, *, from_source: bool, entity: str
) -> Iterable[list[Env]]:
    links = source.table.links[name]
    valid = tuple(_valid_on(links, setting.today))
    if not from_source:
        column = links.target.columns[entity]
        chosen = sa.select(links.source).where(column == record, *valid)
        yield _live(setting, source.entity.name, [row[0] for row in setting.unit.execute(chosen)])
        return
    for target, column in links.target.columns.items():
        chosen = sa.select(column).where(links.source == record, column.is_not(None), *valid)
        yield _live(setting, target, [row[0] for row in setting.unit.execute(chosen)])


def _valid_on(links: LinkTable, day: date) -> Iterable[sa.ColumnElement[bool]]:
    """Links with validity count while they hold, as they do in queries."""
    for end, in_time in ((links.valid_from, operator.le), (links.valid_to, operator.ge)):
        if end is not None:
            yield sa.or_(end.is_(None), in_time(end, day))
