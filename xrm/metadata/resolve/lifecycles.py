"""Lifecycles: states and the steps between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xrm.metadata.expressions.scope import RULE
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.mending import meant_by
from xrm.metadata.model import HOLDERS, Entity, Lifecycle, State, Transition
from xrm.metadata.names import near_hint
from xrm.metadata.resolve.context import Context, Item

ANY_STATE = "any"


def lifecycle_of(context: Context, entity: str) -> Lifecycle | None:
    """The states of the entity's records and the steps, without guards; None if it has no lifecycle."""
    merged = context.layers.lifecycles.get(entity)
    if merged is None:
        return None
    item = Item(merged, (), merged.body)
    paths = context.prefixes("lifecycles", entity)
    states = {s.name: _state(context, s, paths) for s in item.items("states")}
    transitions = {
        t.name: step for t in item.items("transitions") if (step := _transition(context, t, states, paths))
    }
    return Lifecycle(states, transitions, item.key_at("states"))


def _state(context: Context, item: Item, paths: tuple[str, ...]) -> State:
    label = context.texts.named(
        item.get("label"), item.name, *(f"{p}.states.{item.name}.label" for p in paths)
    )
    return State(
        item.name,
        label,
        item.get("color", ""),
        item.get("initial", False),
        item.get("final", False),
        item.get("locked", False),
        item.key_at(),
    )


def _transition(
    context: Context, item: Item, states: dict[str, State], paths: tuple[str, ...]
) -> Transition | None:
    if "from" not in item.body or "to" not in item.body:
        if context.is_broken(item.merged, *map(str, item.path)):
            return None
        hint = "A step says from which states and to which state it leads."
        context.add("M250", f'The transition "{item.name}" has no from or no to.', hint, item.key_at())
        return None
    target = _state_meant(context, item, item.body["to"], ("to",), states)
    words: list[str] = item.body["from"]
    everywhere = words == [ANY_STATE]
    sources = [] if everywhere else [
        _state_meant(context, item, word, ("from", i), states) for i, word in enumerate(words)
    ]  # fmt: skip
    name = item.name
    return Transition(
        name=name,
        label=context.texts.named(item.get("label"), name, *(f"{p}.transitions.{name}.label" for p in paths)),
        sources=tuple(
            s for s in (states if everywhere else sources) if s and (s != target or not everywhere)
        ),
        to=target,
        requires=tuple(item.get("requires", ())),
        reason_required=item.get("reason") == "required",
        message=context.texts.label(
            item.get("message"), "", *(f"{p}.transitions.{name}.message" for p in paths)
        ),
        place=item.key_at(),
    )


def _state_meant(
    context: Context, item: Item, word: str, step: tuple[str | int, ...], states: dict[str, State]
) -> str:
    """The state, or the one that was meant, so that what hangs on the step is judged; else an empty text."""
    place = item.at(*step)
    if word in states:
        context.use(f"state:{item.merged.name}.{word}", f"transition:{item.merged.name}.{item.name}", place)
        return word
    if not context.is_broken(item.merged, "states", word):
        context.add("M213", f'{item.merged.name} has no state "{word}".', near_hint(word, states), place)
    meant = meant_by(word, states)
    if not meant:
        item.merged.broken.add(item.path)
    return meant


def with_guards(context: Context, entity: Entity) -> Entity:
    """The entity's steps know their roles, required fields and guards."""
    if entity.lifecycle is None:
        return entity
    merged = context.layers.lifecycles[entity.name]
    item = Item(merged, (), merged.body)
    steps = dict(entity.lifecycle.transitions)
    for child in item.items("transitions"):
        step = steps.get(child.name)
        guarded = _guarded(context, entity, child, step.requires if step else child.get("requires", ()))
        if step:
            steps[child.name] = replace(step, roles=guarded[0], guard=guarded[1])
    return replace(entity, lifecycle=replace(entity.lifecycle, transitions=steps))


def _guarded(
    context: Context, entity: Entity, item: Item, requires: Iterable[str]
) -> tuple[tuple[str, ...] | None, Expression | None]:
    """The roles and the guard of a step; a step without a meaning of its own is judged, too."""
    source = f"transition:{entity.name}.{item.name}"
    for index, name in enumerate(requires):
        place = item.at("requires", index)
        if name in entity.fields or name in entity.relationships or name in HOLDERS:
            context.use(f"field:{entity.name}.{name}", f"{source}.requires", place)
        else:
            context.unknown_name(entity.name, name, place)
    roles = item.get("roles")
    for index, role in enumerate(roles or ()):
        _check_role(context, role, item, index, source)
    guard = context.expression(item, "guard", entity.name, source, scope=RULE)
    return None if roles is None else tuple(roles), guard


def _check_role(context: Context, role: str, item: Item, index: int, source: str) -> None:
    place = item.at("roles", index)
    if role in context.layers.roles:
        context.use(f"role:{role}", f"{source}.roles", place)
    else:
        context.unknown_role(role, item.pack, place)
