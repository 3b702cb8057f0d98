"""Computed fields: what their values follow from, and of which type these are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from xrm.errors import Place, Problem
from xrm.metadata.expressions.functions import AGGREGATES
from xrm.metadata.expressions.grammar import Unparsable, parse_expression
from xrm.metadata.expressions.scope import CLOCK
from xrm.metadata.expressions.scope import FORMULA as SCOPE
from xrm.metadata.expressions.syntax import CallOf
from xrm.metadata.expressions.tree import OUTERMOST, Access, Aggregate, Expression, Node, parameters, walk
from xrm.metadata.expressions.typerules import calculable, fits, named
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import FieldType, Option, Params
from xrm.metadata.model import STATE, Entity, Field
from xrm.metadata.resolve.context import Context, Item
from xrm.metadata.schemas.entity import COMPUTED, ROLLUP
from xrm.registry import near_names

# The field type that keeps what an expression gives, if nothing else is said.
_KEPT: Mapping[Kind, str] = {
    Kind.TEXT: "text",
    Kind.LONG_TEXT: "long_text",
    Kind.INTEGER: "integer",
    Kind.DECIMAL: "decimal",
    Kind.MONEY: "money",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.TIME: "time",
    Kind.DURATION: "duration",
    Kind.CHOICE: "choice",
}
_LONGEST = 1000  # characters of a computed text
_VALUE = re.compile(r"\s*([a-z_]+)\s*\((.*)\)\s*", re.DOTALL)


def begin_computed(context: Context, entity: Entity, item: Item) -> None:
    """The computed fields of the entity wait until somebody asks for their types."""
    for child in item.items("fields"):
        if child.get("type") in COMPUTED and child.name in entity.fields:
            key = (entity.name, child.name)
            context.pending[key] = partial(_find, context, entity.name, child)


def find_computed(context: Context) -> None:
    """Every computed field has its formula and its type, or is gone with a problem that is told."""
    for key in list(context.pending):
        find = context.pending.get(key)
        if find is not None:
            find()


def _find(context: Context, entity: str, item: Item) -> None:
    """The field has its formula; what the formula speaks of has been found before."""
    key = (entity, item.name)
    if key in context.trail:
        _tell_circle(context, key, item)
        return
    context.trail.append(key)
    forgiven = context.typed.has_forgiven
    found = _found(context, entity, item)
    context.typed.has_forgiven = forgiven
    context.trail.remove(key)
    context.pending.pop(key, None)
    if found is None:
        item.merged.broken.add(item.path)
    context.put_field(entity, item.name, found)


def _tell_circle(context: Context, key: tuple[str, str], item: Item) -> None:
    """The circle is told once, at the field that it was entered by; whoever asks gets no type."""
    circle = [*context.trail[context.trail.index(key) :], key]
    message = f"Computed fields need each other in a circle: {' → '.join(map('.'.join, circle))}."
    if item.path not in item.merged.broken:
        context.add("M267", message, "Take one of the names out of one of the formulas.", item.key_at())
    item.merged.broken.add(item.path)
    context.pending.pop(key, None)
    context.put_field(*key, None)


def _found(context: Context, entity: str, item: Item) -> Field | None:
    field = context.entities[entity].fields[item.name]
    formula = (
        _rollup(context, entity, item) if item.get("type") == ROLLUP else _formula(context, entity, item)
    )
    if formula is None or item.path in item.merged.broken:
        return None
    kept = _kept_as(context, item, formula)
    whole = replace(formula, tree=calculable(formula.tree))
    if kept is None:
        return None
    return replace(field, type=kept[0], params=kept[1], formula=whole, is_live=_asks_the_clock(whole))


def _asks_the_clock(formula: Expression) -> bool:
    """Whether its value may be another one tomorrow though nothing was written."""
    return not parameters(formula.tree).isdisjoint(CLOCK)


def _formula(context: Context, entity: str, item: Item) -> Expression | None:
    source = f"field:{entity}.{item.name}"
    return context.expression(item, "formula", entity, source, scope=SCOPE, expect=None)


# --- rollups: the same, in three keys -----------------------------------------------------------------


def _rollup(context: Context, entity: str, item: Item) -> Expression | None:
    """The rollup as one expression over many: sum(amount) over lines is sum(lines, amount)."""
    said = _VALUE.fullmatch(str(item.get("value", "")))
    if said is None or said[1] not in AGGREGATES:
        known = ", ".join(AGGREGATES)
        near = near_names(said[1], AGGREGATES) if said else ()
        hint = f"Did you mean {near[0]}(...)? " if near else ""
        message = f'The value of the rollup "{item.name}" tells nothing of many records.'
        context.add(
            "M266", message, f"{hint}Write sum(amount) or count(), or one of {known}.", item.at("value")
        )
        return None
    segments = [(f"{said[1]}(", "value", 0), (str(item.get("over", "")), "over", 0)]
    if said[2].strip():
        segments += [(", ", "value", said.start(2)), (said[2], "value", said.start(2))]
    segments += _condition(item, said[1], said[2])
    segments.append((")", "value", max(said.end() - 1, 0)))
    return _checked(context, entity, item, segments)


def _condition(item: Item, function: str, arguments: str) -> list[tuple[str, str, int]]:
    where = item.get("where")
    if where is None:
        return []
    is_one = function in OUTERMOST
    missing = ", id" if is_one and _count(arguments) == 1 else ""
    return [(f"{missing}, ", "where", 0), (str(where), "where", 0)]


def _count(arguments: str) -> int:
    """How many arguments there are."""
    try:
        call = parse_expression(f"latest({arguments})")
    except Unparsable:
        return 0
    return len(call.arguments) if isinstance(call, CallOf) else 0


def _checked(
    context: Context, entity: str, item: Item, segments: list[tuple[str, str, int]]
) -> Expression | None:
    """The segments as one expression; what is wrong is told where the segment is written."""
    text = "".join(written for written, _, _ in segments)
    before = len(context.problems.found)
    path, source = (*item.path, "value"), f"field:{entity}.{item.name}"
    found = context.check(text, item, path, entity, source, scope=SCOPE, expect=None)
    start, counts = item.merged.text_place(path)
    for index, problem in enumerate(context.problems.found[before:], before):
        if counts and problem.where.line == start.line and problem.where.file == start.file:
            context.problems.found[index] = _moved(
                item, segments, problem, problem.where.column - start.column
            )
    return found


def _moved(item: Item, segments: list[tuple[str, str, int]], problem: Problem, offset: int) -> Problem:
    for written, key, begin in segments:
        if offset < len(written):
            place, counts = item.merged.text_place((*item.path, key))
            column = place.column + begin + offset if counts else place.column
            return replace(problem, where=Place(place.file, place.line, column, within=begin + offset + 1))
        offset -= len(written)
    return problem


# --- what the values are ------------------------------------------------------------------------------


def _kept_as(context: Context, item: Item, formula: Expression) -> tuple[FieldType, Params] | None:
    """The field type that keeps the values, with its parameters."""
    given = formula.type
    name = item.get("result") or ("money" if _is_of_money(formula.tree) else _natural(given))
    if not name:
        message = f"The values of {item.name} would be {named(given)}, and that cannot be kept."
        hint = "Name a field of the record, or count or compare."
        context.add("M266", message, hint, formula.place)
        return None
    if name == "money" and _asks_the_clock(formula):
        message = f"The values of {item.name} follow from the day, and an amount of money is kept as it was."
        context.add("M266", message, "Let the result be decimal.", formula.place)
        return None
    type_ = context.types[name]
    params = _params(context, item, formula, name)
    wanted = type_.expression(params)
    if not fits(given, wanted):
        message = (
            f"The formula of {item.name} gives {named(given)}, and its result is said to be {named(wanted)}."
        )
        context.add("M266", message, "Change the result, or the formula.", item.at("result"))
        return None
    return type_, params


def _is_of_money(tree: Node) -> bool:
    """Whether the value is one amount of many, or their sum."""
    value = tree.value if isinstance(tree, Aggregate) else None
    return isinstance(value, Access) and len(value.path) == 2 and value.path[1] in ("amount", "base")


def _natural(given: Type) -> str:
    """The field type for values of the type; a code without options is a text."""
    return "text" if given.kind is Kind.CHOICE and not given.options else _KEPT.get(given.kind, "")


def _params(context: Context, item: Item, formula: Expression, name: str) -> Params:
    if name in ("decimal", "percent"):
        return {"scale": item.get("scale", min(formula.type.decimals, 6))}
    if name == "money":
        code = item.get("currency") or _fixed(formula.type)
        return {"currency": code} if code else {}
    if name == "text":
        return {"max_length": _LONGEST}
    return {"options": _options(context, formula)} if name == "choice" else {}


def _fixed(given: Type) -> str:
    """The currency that all amounts of the type have."""
    return given.options[0] if given.kind is Kind.MONEY and given.options else ""


def _options(context: Context, formula: Expression) -> tuple[Option, ...]:
    """The options of the choices that the formula takes its value from, called as they are there."""
    known = {option.key: option for option in _options_read(context, formula.tree)}
    return tuple(known.get(key) or Option(key, {"en": key}) for key in formula.type.options)


def _options_read(context: Context, tree: Node) -> Iterator[Option]:
    for node in walk(tree):
        if isinstance(node, Access) and node.type.kind is Kind.CHOICE:
            for entity in node.entities:
                yield from _options_of(context.entities[entity], node.path[0])


def _options_of(entity: Entity, name: str) -> Iterator[Option]:
    if name == STATE and entity.lifecycle is not None:
        yield from (Option(s.name, s.label, s.color) for s in entity.lifecycle.states.values())
    elif name in entity.fields:
        yield from entity.fields[name].options
