"""What a relationship's filter admits for a record as it is being written: `record.` becomes its values.

The same filter is judged again when the record is written. What is not known of the record, or not to be
known by the person, narrows nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from xrm.engine.commands import Actor
from xrm.errors import XrmError
from xrm.metadata.expressions.compile import compile_python
from xrm.metadata.expressions.environment import Context, Env
from xrm.metadata.expressions.tree import Access, Expression, Node, Root, children, uses, walk
from xrm.metadata.expressions.tree import Literal as Value
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value
from xrm.metadata.model import POINTERS, Entity, Relationship
from xrm.metadata.values import Ref, meant

if TYPE_CHECKING:
    from xrm.engine.queries.service import QueryService

NOBODY = UUID(int=0)
_ID = "id"
_BASE = ("base",)  # the value of money in the installation's currency is worked out at writing


class _Unknown(Exception):
    """The filter asks for something that the form does not tell."""


def record_names(filter_: Expression) -> frozenset[str]:
    """The names of the record in hand on which the filter depends; `id` where it is meant itself."""
    return frozenset(
        node.hops[0].relationship if node.hops else node.path[0]
        for node in walk(filter_.tree)
        if isinstance(node, Access) and node.root is Root.OUTER
    )


def admitted(
    service: QueryService, actor: Actor, side: Relationship, values: Mapping[str, Any]
) -> Expression | None:
    """The filter of the relationship for a record with these JSON values; None where it narrows nothing.

    `values` with an `id` stand over what is stored of that record.
    """
    if side.filter is None or not _may_ask(service, actor, side.filter):
        return None
    if not record_names(side.filter):
        return side.filter
    entity = service.model.entities[side.entity]
    record = _InHand(service, actor, entity, _known(service, actor, entity, values))
    try:
        return replace(side.filter, tree=_bound(side.filter.tree, record, service.context(actor)))
    except _Unknown:
        return None


def _may_ask(service: QueryService, actor: Actor, filter_: Expression) -> bool:
    """Whether every name in it may be read; what is offered would else tell of the others."""
    names = service.reader(actor).names
    return all(names.attribute(entity, name) is not None for entity, name in uses(filter_.tree))


def _known(
    service: QueryService, actor: Actor, entity: Entity, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    if not values.get(_ID):
        return {_ID: str(NOBODY), **values}
    try:
        return {**service.get(actor, entity.name, UUID(str(values[_ID]))), **values}
    except (XrmError, ValueError):
        return {_ID: str(NOBODY), **{n: v for n, v in values.items() if n != _ID}}


def _bound(node: Node, record: Env, now: Context) -> Node:
    """The tree with the values of the record in hand in the place of `record.` and what follows it."""
    if isinstance(node, Access):
        return Value(node.type, _value(node, record, now)) if node.root is Root.OUTER else node
    if not children(node):
        return node
    found: dict[str, Any] = {}
    for f in fields(node):
        part = getattr(node, f.name)
        if isinstance(part, Node):
            found[f.name] = _bound(part, record, now)
        elif isinstance(part, tuple) and part and isinstance(part[0], Node):
            found[f.name] = tuple(_bound(p, record, now) for p in part)
    return replace(node, **found)


def _value(node: Access, record: Env, now: Context) -> Any:
    found = compile_python(node)(record, now, record)
    if isinstance(found, tuple | list | Mapping):
        raise _Unknown
    return found


class _InHand:
    """A record of which JSON values are known; a name without one is not known."""

    __slots__ = ("_actor", "_entity", "_service", "_values")

    def __init__(
        self, service: QueryService, actor: Actor, entity: Entity, values: Mapping[str, Any]
    ) -> None:
        self._service, self._actor, self._entity, self._values = service, actor, entity, values

    @property
    def entity(self) -> str:
        """The entity of the record."""
        return self._entity.name

    def value(self, path: tuple[str, ...]) -> Any:
        """The value at an attribute's path, None when empty."""
        found = self._read(path[0])
        if found is None:
            return None
        if path[1:] == _BASE:
            raise _Unknown
        return meant(found, *path[1:2])

    def follow(self, relationship: str) -> Env | None:
        """The record that a lookup leads to, as far as the person may read it."""
        ref = self._read(relationship)
        if not isinstance(ref, Ref):
            return None
        try:
            values = self._service.get(self._actor, ref.entity, ref.id)
        except XrmError:
            return None
        return _InHand(self._service, self._actor, self._service.model.entities[ref.entity], values)

    def many(self, relationship: str) -> list[Env]:
        """Which records are on the other side is not in the form."""
        raise _Unknown

    def _read(self, name: str) -> Any:
        if name not in self._values:
            raise _Unknown
        raw = self._values[name]
        if name == _ID:
            return UUID(str(raw))
        if name in self._entity.fields:
            return self._of_field(name, raw)
        if name in POINTERS:
            return _ref(raw, (POINTERS[name],))
        side = self._entity.relationships.get(name)
        return raw or None if side is None else _ref(raw, side.targets)

    def _of_field(self, name: str, raw: Any) -> Any:
        field = self._entity.fields[name]
        try:
            return read_value(field.type, raw, field.params)
        except BadValue:
            raise _Unknown from None


def _ref(raw: Any, targets: tuple[str, ...]) -> Ref | None:
    """The record that a JSON reference means; a typed title that was not resolved is not known."""
    if not raw:
        return None
    found = raw if isinstance(raw, Mapping) else {_ID: raw, "entity": targets[0]}
    try:
        return Ref(str(found.get("entity") or targets[0]), UUID(str(found[_ID])))
    except (KeyError, ValueError):
        raise _Unknown from None
