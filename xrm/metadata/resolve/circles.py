"""Circles in which nothing has a value: fields that are read from each other, defaults that need each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xrm.errors import Place
from xrm.metadata.expressions.tree import Access, Aggregate, Expression, Node, Root, children
from xrm.metadata.model import Entity, Field
from xrm.metadata.resolve.context import Context


def check_source(context: Context, entity: Entity, field: Field, source: str, where: Place) -> None:
    """It has been told that what the field is read from is itself read from elsewhere, in a circle or not."""
    circle = _back_to(context, entity.name, field, (f"{entity.name}.{field.name}",))
    if circle:
        message = f"Fields are read from each other in a circle: {' → '.join(circle)}."
        context.add("M263", message, "End one of the paths with a stored field.", where)
    elif not _leads_into_a_circle(context, entity.name, field):
        message = f'"{source}" is itself read from elsewhere.'
        context.add("M218", message, "End the path with a stored field.", where)


def check_defaults(context: Context, entity: Entity) -> None:
    """It has been told of every circle in which a default needs the field that it is for."""
    defaults = {f.name: f.default for f in entity.fields.values() if isinstance(f.default, Expression)}
    needed = {name: tuple(_needed(default.tree, Root.RECORD)) for name, default in defaults.items()}
    told: set[str] = set()
    for name, default in defaults.items():
        circle = () if name in told else _circle(needed, name, (name,))
        told.update(circle)
        if circle:
            message = f"Defaults need each other in a circle: {' → '.join(circle)}."
            context.add("M264", message, "Take one of the defaults out.", default.place)


def _needed(node: Node, own: Root) -> Iterator[str]:
    """The fields of the same record that the node asks for; over many records, bare names belong to these."""
    if isinstance(node, Access):
        yield from node.path[:1] if node.root is own and not node.hops else ()
        return
    for child in children(node):
        yield from _needed(child, Root.OUTER if isinstance(node, Aggregate) else own)


def _circle(needed: Mapping[str, tuple[str, ...]], name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
    """The way from the first of the trail back to it, if there is one."""
    for other in needed[name]:
        if other == trail[0]:
            return (*trail, other)
        if other in needed and other not in trail:
            found = _circle(needed, other, (*trail, other))
            if found:
                return found
    return ()


def _back_to(context: Context, entity: str, field: Field, trail: tuple[str, ...]) -> tuple[str, ...]:
    for owner, source in _sources(context, entity, field):
        name = f"{owner}.{source.name}"
        if name == trail[0]:
            return (*trail, name)
        if name not in trail:
            found = _back_to(context, owner, source, (*trail, name))
            if found:
                return found
    return ()


def _leads_into_a_circle(context: Context, entity: str, field: Field) -> bool:
    """Whether a field further on is read from itself, which is told there."""
    return any(
        _back_to(context, owner, source, (f"{owner}.{source.name}",))
        for owner, source in _sources(context, entity, field)
    )


def _sources(context: Context, entity: str, field: Field) -> Iterator[tuple[str, Field]]:
    """The fields that this one is read from and that are read from elsewhere themselves."""
    reached: tuple[str, ...] = (entity,)
    for name in field.through[:-1]:
        hops = [context.entities[e].relationships.get(name) for e in reached]
        reached = tuple(dict.fromkeys(t for hop in hops if hop for t in hop.targets))
    for owner in reached:
        source = context.entities[owner].fields.get(field.through[-1])
        if source is not None and source.through:
            yield owner, source
