"""The programs of an entity: its expressions compiled for Python, once per model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from xrm.engine.projection.following import nodes_of, trees_for
from xrm.engine.projection.reach import Reach, reach_of
from xrm.metadata.expressions.compile import compile_python
from xrm.metadata.expressions.environment import Context, Env
from xrm.metadata.expressions.tree import Access, Aggregate, Expression, Node, Root, walk
from xrm.metadata.fieldtypes.special import EXPRESSION
from xrm.metadata.kept_rules import KeptRule
from xrm.metadata.model import Entity, Field, Relationship, Rule, Shape


class Scene(NamedTuple):
    """What a program runs on. `outer` is the record in hand where bare names belong to another."""

    context: Context
    env: Env
    old: Env | None = None
    outer: Env | None = None


Program = Callable[[Scene], Any]


@dataclass(frozen=True, slots=True)
class RuleProgram:
    """A rule, compiled, the names of the record that it reads, and what it reads of other records."""

    rule: Rule
    must: Program
    when: Program | None
    reads: frozenset[str]
    reach: Reach


@dataclass(frozen=True, slots=True)
class KeptProgram:
    """What rules that are kept in records say, compiled; the record in hand is `outer`."""

    rule: KeptRule
    must: Program | None
    when: Program | None


@dataclass(frozen=True, slots=True)
class Programs:
    """The compiled expressions of an entity, each by the name of what it belongs to.

    Local rules speak of the record alone, wide ones of others too. `filters` are of lookups, `link_filters` of
    many-to-many relationships; `filter_uses` are the names of the record in hand that a filter looks at.
    `sides` are the relationships that are no lookups. `options` say by name and key
    where an option may be chosen. `default_reads`, `needed_reads` and `options_reads`
    are what a default reads, what tells whether a value is needed, and what tells which options there are;
    `guard_reads` are of guards that speak of the record alone. `link_defaults` are of attributes of links, by
    relationship; they are run on the record that the links go out from. `formulas` are of computed fields.
    `expressions` are fields that hold one, each with the entity that it is about.
    """

    title: Program | None
    title_reads: frozenset[str]
    defaults: Mapping[str, tuple[Program, ...]]
    default_reads: Mapping[str, frozenset[str]]
    local_rules: tuple[RuleProgram, ...]
    wide_rules: tuple[RuleProgram, ...]
    required: tuple[str, ...]
    required_when: Mapping[str, Program]
    needed_reads: Mapping[str, frozenset[str]]
    visible: Mapping[str, Program]
    readonly: Mapping[str, Program]
    sides: frozenset[str]
    options: Mapping[str, Mapping[str, Program]]
    options_reads: Mapping[str, frozenset[str]]
    filters: Mapping[str, Program]
    link_filters: Mapping[str, Program]
    link_defaults: Mapping[str, Mapping[str, tuple[Program, ...]]]
    filter_uses: Mapping[str, frozenset[str]]
    guards: Mapping[str, Program]
    guard_reads: Mapping[str, frozenset[str]]
    guard_reaches: Mapping[str, Reach]
    key_conditions: Mapping[str, Program]
    duplicate_conditions: Mapping[str, Program]
    formulas: Mapping[str, tuple[Program, ...]]
    frozen: Mapping[str, Program]
    formula_reaches: Mapping[str, Reach]
    kept_rules: tuple[KeptProgram, ...]
    expressions: Mapping[str, str]


def programs_of(entity: Entity) -> Programs:
    """The programs of an entity."""
    things: list[Field | Relationship] = [*entity.fields.values(), *entity.lookups]
    steps = entity.lifecycle.transitions.values() if entity.lifecycle else ()
    lookups, rules = list(entity.lookups), entity.rules.values()
    sides = [r for r in entity.relationships.values() if r.shape is not Shape.LOOKUP]
    chosen = [f for f in entity.fields.values() if f.options_when]
    linked = [r for r in entity.relationships.values() if r.shape is Shape.MANY]
    return Programs(
        title=_program(entity.title),
        title_reads=names_read(entity.title),
        defaults=_begun(things),
        default_reads={t.name: names_read(t.default) for t in things},
        local_rules=tuple(_rule(entity, rule) for rule in rules if _is_local(rule)),
        wide_rules=tuple(_rule(entity, rule) for rule in rules if not _is_local(rule)),
        required=tuple(t.name for t in things if t.required),
        required_when=_each((t.name, t.required_when) for t in things),
        needed_reads={t.name: names_read(t.required_when, t.visible_when) for t in (*things, *sides)},
        visible=_each((t.name, t.visible_when) for t in (*things, *sides)),
        readonly=_each((t.name, t.readonly_when) for t in (*things, *sides)),
        sides=frozenset(r.name for r in sides),
        options={f.name: _each(f.options_when.items()) for f in chosen},
        options_reads={f.name: names_read(f.visible_when, *f.options_when.values()) for f in chosen},
        filters=_each((r.name, r.filter) for r in lookups),
        link_filters=_each((r.name, r.filter) for r in linked),
        link_defaults={r.name: _begun(r.attributes.values()) for r in linked},
        filter_uses={r.name: _outer_names(r.filter) for r in (*lookups, *linked) if r.filter is not None},
        guards=_each((s.name, s.guard) for s in steps),
        guard_reads={s.name: names_read(s.guard) for s in steps if s.guard is None or is_local(s.guard)},
        guard_reaches={s.name: reach_of(entity, s.guard) for s in steps if s.guard is not None},
        key_conditions=_each((k.name, k.when) for k in entity.keys.values()),
        duplicate_conditions=_each((d.name, d.when) for d in entity.duplicates.values()),
        frozen=_each((f.name, f.frozen_when) for f in entity.fields.values()),
        formulas={f.name: _found(f) for f in entity.fields.values() if f.formula is not None},
        formula_reaches={
            f.name: reach_of(entity, f.formula)
            for f in entity.fields.values()
            if f.formula is not None and not is_local(f.formula)
        },
        kept_rules=tuple(
            KeptProgram(r, _program(r.must), _program(r.when)) for r in entity.kept_rules.values()
        ),
        expressions={
            f.name: str(f.params["entity"]) for f in entity.fields.values() if f.type.name == EXPRESSION.name
        },
    )


def _each(pairs: Iterable[tuple[str, Expression | None]]) -> dict[str, Program]:
    compiled = ((name, _program(expression)) for name, expression in pairs)
    return {name: program for name, program in compiled if program is not None}


def _program(expression: Expression | None) -> Program | None:
    return None if expression is None else program_of(expression)


def program_of(expression: Expression) -> Program:
    """The expression as a function of a scene."""
    evaluate = compile_python(expression)
    return lambda scene: evaluate(scene.env, scene.context, scene.outer, scene.old)


def _begun(things: Iterable[Field | Relationship]) -> dict[str, tuple[Program, ...]]:
    """By name the programs whose values tell what the field or lookup begins with."""
    return {
        thing.name: tuple(
            program_of(replace(thing.default, tree=node)) for node in _trees(thing, thing.default.tree)
        )
        for thing in things
        if thing.default is not None
    }


def _trees(thing: Field | Relationship, tree: Node) -> tuple[Node, ...]:
    return trees_for(thing.type, tree) if isinstance(thing, Field) else (tree,)


def _found(field: Field) -> tuple[Program, ...]:
    """The programs whose values tell that of a computed field."""
    formula = field.formula
    if formula is None:
        return ()
    return tuple(program_of(replace(formula, tree=node)) for node in nodes_of(field))


def _rule(entity: Entity, rule: Rule) -> RuleProgram:
    reach = reach_of(entity, *(e for e in (rule.must, rule.when) if e is not None))
    reads = names_read(rule.must, rule.when)
    return RuleProgram(rule, program_of(rule.must), _program(rule.when), reads, reach)


def _is_local(rule: Rule) -> bool:
    return is_local(rule.must) and (rule.when is None or is_local(rule.when))


def is_local(expression: Expression) -> bool:
    """True when evaluating it reads no other record."""
    return not any(
        isinstance(n, Aggregate) or (isinstance(n, Access) and n.hops) for n in walk(expression.tree)
    )


def _outer_names(expression: Expression | None) -> frozenset[str]:
    return _names(expression, (Root.OUTER,))


def names_read(*expressions: Expression | None) -> frozenset[str]:
    """The names of the record as it will be that the expressions begin at."""
    return frozenset[str]().union(*(_names(e, (Root.RECORD, Root.OUTER)) for e in expressions))


def _names(expression: Expression | None, roots: Sequence[Root]) -> frozenset[str]:
    if expression is None:
        return frozenset()
    found = (n for n in walk(expression.tree) if isinstance(n, Access) and n.root in roots)
    return frozenset(n.hops[0].relationship if n.hops else n.path[0] for n in found)
