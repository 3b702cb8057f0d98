"""`like`: an entity starts with the fields, relationships, rules, forms and lifecycle of another one."""

from __future__ import annotations

from typing import Final

from xrm.errors import Problems
from xrm.metadata.layers import Layers
from xrm.metadata.mending import meant_by
from xrm.metadata.merging import Merged, lay_over, own_first
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Body

# What an entity takes over; forms and lifecycle are documents of their own.
_COPIED: Final = (
    "title", "icon", "ownership", "append_only",
    "fields", "relationships", "keys", "duplicates", "rules", "indexes",
)  # fmt: skip

# So many entities of a circle are named.
_SHOWN: Final = 20


def copy_likenesses(layers: Layers, problems: Problems) -> None:
    """Every entity that is like another one has all that it takes from there, and says the rest itself."""
    done: set[str] = set()
    for name in list(layers.entities):
        for one in reversed(_line(layers, name, done, problems)):
            _become_like(layers, one, done, [], problems)


def _line(layers: Layers, name: str, done: set[str], problems: Problems) -> list[str]:
    """The entity, what it is like, what that is like and so on; a circle at its end is told and left out."""
    line: dict[str, int] = {name: 0}
    last = name
    while (shape := layers.entities[last].body.get("like")) in layers.entities and shape not in done:
        if shape in line:
            names = list(line)
            _refuse_circle(layers, names[line[shape] :], done, problems)
            return names[: line[shape]]
        line[shape] = len(line)
        last = shape
    return list(line)


def _refuse_circle(layers: Layers, circle: list[str], done: set[str], problems: Problems) -> None:
    """One problem is told for the circle, and nothing that hangs on it."""
    for one in circle:
        layers.entities[one].broken.add(())
        layers.lines[one] = (one,)
    done.update(circle)
    where = layers.entities[circle[-1]].place(("like",))
    message = f"Entities are like each other in a circle: {_shown([*circle, circle[0]])}."
    problems.add("M234", message, "Take one like out.", where)


def _become_like(layers: Layers, name: str, done: set[str], trail: list[str], problems: Problems) -> None:
    entity = layers.entities[name]
    shape = entity.body.get("like")
    if name in done or not shape:
        layers.lines.setdefault(name, (name,))
        return
    done.add(name)
    where = entity.place(("like",))
    if shape in (*trail, name):
        names = [*trail, name]
        _refuse_circle(layers, names[names.index(shape) :], done, problems)
    elif shape in layers.entities:
        _become_like(layers, shape, done, [*trail, name], problems)
        _take_shape(layers, entity, layers.entities[shape], problems)
        layers.lines[name] = (name, *layers.lines.get(shape, (shape,)))
    else:
        layers.lines[name] = (name,)
        pack = entity.pack(("like",))
        known = own_first(layers.entities, pack)
        if shape not in layers.unreadable and pack not in layers.lenient:
            own = {n for n in known if layers.entities[n].pack(()) == pack}
            hint = near_hint(shape, [n for n in known if n != name], own=own)
            problems.add("M210", f'There is no entity "{shape}" to be like.', hint, where)
        _become_like_what_was_meant(layers, entity, shape, done, trail, problems)


def _shown(circle: list[str]) -> str:
    """The circle, without its middle if it is a long one."""
    if len(circle) > _SHOWN:
        circle = [*circle[: _SHOWN // 2], "…", *circle[-_SHOWN // 2 :]]
    return " → ".join(circle)


def _become_like_what_was_meant(
    layers: Layers, entity: Merged, word: str, done: set[str], trail: list[str], problems: Problems
) -> None:
    """What hangs on the shape is judged by the one that was surely meant, or not at all."""
    meant = meant_by(word, [n for n in layers.entities if n not in (entity.name, *trail)])
    if not meant or layers.entities[meant].body.get("like") == entity.name:
        entity.broken.add(())
        return
    _become_like(layers, meant, done, [*trail, entity.name], problems)
    _take_shape(layers, entity, layers.entities[meant], problems)
    layers.lines[entity.name] = (entity.name, *layers.lines.get(meant, (meant,)))


def _take_shape(layers: Layers, entity: Merged, shape: Merged, problems: Problems) -> None:
    copied: Body = {k: shape.body[k] for k in _COPIED if k in shape.body}
    held = (dict(shape.origins), set(shape.broken), set(shape.absent), set(shape.taken))
    base = Merged("entity", entity.name, copied, *held)
    base.origins[()] = entity.origin(())
    for key in copied:
        base.origins.setdefault((key,), shape.origin((key,)))
    problems.extend(lay_over(base, entity))
    layers.entities[entity.name] = base
    _copy_forms(layers, entity.name, shape.name)
    _copy_lifecycle(layers, entity.name, shape.name)


def _copy_forms(layers: Layers, name: str, shape: str) -> None:
    """Forms of the shape that the entity does not write itself are its own too."""
    source = layers.forms.get(shape)
    if source is None:
        return
    target = layers.forms.setdefault(name, Merged("form", name, {}, dict(source.origins)))
    for form, body in source.body.items():
        if form not in target.body:
            target.body[form] = body
            target.origins[(form,)] = source.origin((form,))


def _copy_lifecycle(layers: Layers, name: str, shape: str) -> None:
    source = layers.lifecycles.get(shape)
    if source and name not in layers.lifecycles:
        copy = Merged(
            "lifecycle", name, dict(source.body), dict(source.origins), set(source.broken), set(source.absent)
        )
        layers.lifecycles[name] = copy
