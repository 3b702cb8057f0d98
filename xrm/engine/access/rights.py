"""Who may do what: grants of the model, combined cell by cell, as values that both services compile.

A right is answered in three parts: may this actor do the operation on the entity at all, on which rows
(a `RowRule`), and with which fields (a `RowRule` for each). Nothing is granted unless a grant says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from xrm.engine.commands import ADMINISTRATOR as ADMINISTRATOR
from xrm.engine.commands import Actor, Signature
from xrm.metadata.dependencies import DELETED, Dependencies, Read, Way, dependencies_of, reads_of
from xrm.metadata.expressions.tree import Expression, Node
from xrm.metadata.model import (
    OPERATIONS,
    POINTERS,
    SHAREABLE,
    Entity,
    Field,
    Grant,
    Label,
    Model,
    Role,
)
from xrm.metadata.names import system_names


@dataclass(frozen=True, slots=True)
class Condition:
    """One alternative of a row rule: `expression` holds on the record itself, or on its owner record.

    `path` holds the lookups to follow to the record that the expression is about; it is empty for the record
    itself. An absent expression holds wherever the path leads to a record of `entity`. With `shared`, it holds
    for the records that are shared with the actor for that operation.
    """

    expression: Expression | None
    path: tuple[str, ...] = ()
    text: str = ""
    entity: str = ""
    shared: str = ""


@dataclass(frozen=True, slots=True)
class RowRule:
    """The rows on which something holds: everywhere, or where any condition or both rules of a pair hold."""

    everywhere: bool = False
    conditions: tuple[Condition, ...] = ()
    pairs: tuple[tuple[RowRule, RowRule], ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """A short key that is equal for equal rules of one model."""
        if self.everywhere:
            return ("everywhere",)
        both = (f"({' or '.join(a.texts)}) and ({' or '.join(b.texts)})" for a, b in self.pairs)
        return (*(f"{'.'.join(c.path)}:{c.text}" for c in self.conditions), *both)

    @property
    def nowhere(self) -> bool:
        """True when no row can satisfy it."""
        return not self.everywhere and not self.conditions and not self.pairs

    def or_else(self, other: RowRule) -> RowRule:
        """Where this rule or the other holds."""
        if self.everywhere or other.everywhere:
            return EVERYWHERE
        new = tuple(c for c in other.conditions if c not in self.conditions)
        pairs = tuple(p for p in other.pairs if p not in self.pairs)
        return RowRule(conditions=self.conditions + new, pairs=self.pairs + pairs)

    def and_also(self, other: RowRule) -> RowRule:
        """Where this rule and the other hold."""
        if self.nowhere or other.nowhere:
            return NOWHERE
        if self.everywhere or self == other:
            return other
        return self if other.everywhere else RowRule(pairs=((self, other),))


EVERYWHERE = RowRule(everywhere=True)
NOWHERE = RowRule()


@dataclass(frozen=True, slots=True)
class Rights:
    """What one set of roles may do with one entity.

    `rows` gives the rule for each operation, `cells` the rule for each operation and field, `given` the
    fields that an operation may touch at all. A field whose rule equals the row rule is given wherever the
    row is.
    """

    entity: str
    rows: Mapping[str, RowRule]
    cells: Mapping[str, Mapping[str, RowRule]]
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def can(self, operation: str) -> bool:
        """True when the operation is granted on some row."""
        return not self.rows_for(operation).nowhere

    def rows_for(self, operation: str) -> RowRule:
        """The rows on which the operation is granted."""
        return self.rows.get(operation, NOWHERE)

    def cell(self, operation: str, name: str) -> RowRule:
        """The rows on which the operation is granted for this field or relationship."""
        return self.cells.get(operation, {}).get(name, NOWHERE)

    def names(self, operation: str) -> frozenset[str]:
        """The fields and relationships that the operation may touch on some row."""
        return self.given.get(operation, frozenset())

    def is_masked(self, name: str) -> bool:
        """True when some readable rows do not give this field."""
        return self.cell("read", name) != self.rows_for("read")


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is allowed, and the grants or the lack of them that say so."""

    allowed: bool
    reason: str


class Policy:
    """Answers rights for a model; built once per activation, safe to share between threads.

    Whoever has a role inside the organisation may read who its people, teams and units are.
    """

    def __init__(self, model: Model, numbers: Mapping[str, int] | None = None) -> None:
        """`numbers` are the ledger numbers of entities, by which actors say where records are shared."""
        self._model, self._numbers = model, numbers or {}
        self._roles = {**model.roles, ADMINISTRATOR: administrator(model)}
        self._dependencies = dependencies_of(model)
        self._granted = lru_cache(maxsize=20_000)(self._combined)
        self._carried = lru_cache(maxsize=20_000)(self._narrowed)
        self._cached = lru_cache(maxsize=20_000)(self._rights)
        self._usable = lru_cache(maxsize=2_000)(self._used)

    @property
    def model(self) -> Model:
        """The model whose grants it answers for."""
        return self._model

    @property
    def dependencies(self) -> Dependencies:
        """What the computed fields of the model follow from."""
        return self._dependencies

    @property
    def roles(self) -> Mapping[str, Role]:
        """All roles, the built-in administrator included."""
        return self._roles

    def rights(self, actor: Actor, entity: str) -> Rights:
        """What `actor` may do with `entity`."""
        return self._cached(actor.signature, entity)

    def rights_of(self, roles: Iterable[str], entity: str) -> Rights:
        """What whoever holds exactly these roles may do with `entity`, without what is shared with them."""
        return self._cached(Signature(tuple(sorted(roles))), entity)

    def decide(self, actor: Actor, operation: str, entity: str) -> Decision:
        """Whether `actor` may do `operation` on any row of `entity`, with the grants that say so."""
        rights = self.rights(actor, entity)
        reasons = rights.reasons.get(operation, ())
        if rights.can(operation):
            return Decision(True, "granted by " + ", ".join(reasons))
        return Decision(False, f"no role of {actor.name} grants {operation} on {entity}")

    def readable_entities(self, actor: Actor) -> tuple[str, ...]:
        """The concrete entities of which `actor` may read some row, in model order."""
        return tuple(
            e.name
            for e in self._model.entities.values()
            if not e.abstract and self.rights(actor, e.name).can("read")
        )

    def usable_entities(self, actor: Actor) -> tuple[str, ...]:
        """The concrete entities on which any operation is granted to `actor`, in model order."""
        return self._usable(actor.signature)

    def _used(self, signature: Signature) -> tuple[str, ...]:
        concrete = (e.name for e in self._model.entities.values() if not e.abstract)
        return tuple(n for n in concrete if any(self._carried(signature, n).can(o) for o in OPERATIONS))

    def _rights(self, signature: Signature, entity_name: str) -> Rights:
        """What the grants give, without read-through and computed fields whose inputs they do not give."""
        granted = self._carried(signature, entity_name)
        fields = self._model.entities[entity_name].fields.values()
        closed = {
            f.name for f in fields if f.through and not self._reaches(signature, entity_name, f.through)
        }
        computed = [f for f in fields if f.formula is not None and not f.reveal]
        if not closed and not computed:
            return granted
        read = {n: rule for n, rule in granted.cells.get("read", {}).items() if n not in closed}
        told = {f.name: self._told(signature, entity_name, f) for f in computed if f.name in read}
        read = {n: told.get(n, rule) for n, rule in read.items() if not told.get(n, rule).nowhere}
        cells = {**granted.cells, "read": read}
        return replace(granted, cells=cells, given=_given(cells))

    def _told(self, signature: Signature, entity_name: str, field: Field) -> RowRule:
        """Where a computed field is given: where all that its value follows from is given to the actor.

        Of other records every one that it may follow from has to be readable, for it speaks of all of them.
        """
        rule = self._carried(signature, entity_name).cell("read", field.name)
        if field.reveal:
            return rule
        return self._where_given(signature, rule, self._dependencies.reads(entity_name, field.name))

    def _where_given(self, signature: Signature, rule: RowRule, reads: Iterable[Read]) -> RowRule:
        """Where the rule holds and all that is read is given."""
        for read in reads:
            given = self._given(signature, read)
            if not read.trail:
                rule = rule.and_also(given)
            elif not given.everywhere:
                rule = rule.and_also(self._along(signature, read))
        return rule

    def gives_all(self, actor: Actor, entity: str, tree: Node) -> bool:
        """Whether `actor` is given all that an expression reads wherever they may read a record of `entity`.

        Of other records that is every one that it may lead to, for its answer speaks of all of them.
        """
        rows = self._cached(actor.signature, entity).rows_for("read")
        reads = reads_of(self._model, self._model.entities[entity], tree)
        return not rows.nowhere and self._where_given(actor.signature, rows, reads) == rows

    def _given(self, signature: Signature, read: Read) -> RowRule:
        """Where the actor is given a value that something follows from."""
        name, side = read.name.rpartition(".")[2], read.name.rpartition(".")[0] or read.entity
        entity, granted = self._model.entities[side], self._carried(signature, side)
        field = entity.fields.get(name)
        if field is not None and field.formula is not None:
            return self._told(signature, side, field)
        return (
            granted.rows_for("read")
            if name == DELETED or name in always_readable(entity)
            else granted.cell("read", name)
        )

    def _along(self, signature: Signature, read: Read) -> RowRule:
        """Where whoever reads the record reads this value of its owned children, as parts of the record."""
        first = read.trail[0]
        if not self._goes_along(read) or not self._is_open(signature, read):
            return NOWHERE
        inverse = self._model.entities[first.to].relationships[first.relationship].inverse
        return self._carried(signature, first.entity).cell("read", inverse)

    def _goes_along(self, read: Read) -> bool:
        """Whether the way leads from the record to owned children only, of which none is guarded from their owner."""
        entities = self._model.entities
        ways = (
            s.way is Way.IN and entities[s.to].parent == s.relationship and "." not in read.name
            for s in read.trail
        )
        inner = (entities[s.to].relationships[s.relationship].inverse for s in read.trail[1:])
        return all(ways) and not any(
            entities[s.entity].relationships[name].is_guarded
            for s, name in zip(read.trail[1:], inner, strict=True)
        )

    def _is_open(self, signature: Signature, read: Read) -> bool:
        """Whether whoever reads a child through its owner is given the value: nothing that it tells is guarded."""
        entity = self._model.entities[read.entity]
        if read.name == DELETED or read.name in always_readable(entity):
            return True
        field = entity.fields.get(read.name)
        if field is None or field.formula is None or field.reveal:
            return read.name in open_names(entity)
        return read.name in open_names(entity) and all(
            self._given(signature, inner).everywhere
            or (self._goes_along(inner) and self._is_open(signature, inner))
            for inner in self._dependencies.reads(entity.name, field.name)
        )

    def _narrowed(self, signature: Signature, entity_name: str) -> Rights:
        """What the grants give for what is going on: a transfer has to be granted besides, cell by cell."""
        granted = self._granted(signature.roles, signature.shared, entity_name)
        # Roles grant nothing but reading of people, teams and units; an export shows who they are as well.
        if not signature.transfer or self._model.entities[entity_name].is_engine:
            return granted
        return _narrowed(granted, signature.transfer)

    def _reaches(self, signature: Signature, entity_name: str, path: tuple[str, ...]) -> bool:
        """True when every name on the path may be read on some row of each entity that it leads through."""
        name, rest = path[0], path[1:]
        entity, granted = self._model.entities[entity_name], self._carried(signature, entity_name)
        known = granted.cell("read", name)
        if name in always_readable(entity):
            known = granted.rows_for("read")
        field, side = entity.fields.get(name), entity.relationships.get(name)
        if field is not None and field.formula is not None and not known.nowhere:
            known = self._told(signature, entity_name, field)
        if known.nowhere or (
            field and field.through and not self._reaches(signature, entity_name, field.through)
        ):
            return False
        targets = side.targets if side else (POINTERS[name],) if name in POINTERS else ()
        return not rest or field is not None or all(self._reaches(signature, t, rest) for t in targets)

    def _combined(self, roles: tuple[str, ...], shared: tuple[int, ...], entity_name: str) -> Rights:
        entity = self._model.entities[entity_name]
        own = list(self._own_pieces(roles, entity))
        if self._numbers.get(entity_name) in shared:
            own = [wider for piece in own for wider in _with_shares(piece)]
        return _combine(entity_name, [*own, *self._parent_pieces(roles, shared, entity)])

    def _own_pieces(self, roles: tuple[str, ...], entity: Entity) -> Iterable[_Piece]:
        held = [self._roles[r] for r in roles if r in self._roles]
        if entity.is_engine and any(not role.portal for role in held):
            yield _Piece(frozenset({"read"}), EVERYWHERE, all_names(entity), "everyone")
        for role in held:
            for grant in role.grants.values():
                if entity.name in grant.entities:
                    yield _piece(role, grant, entity.name)

    def _parent_pieces(
        self, roles: tuple[str, ...], shared: tuple[int, ...], entity: Entity
    ) -> Iterable[_Piece]:
        """Rights of owned children follow the parent: whoever updates the parent edits its rows."""
        if not entity.parent:
            return
        lookup = entity.relationships[entity.parent]
        for target in lookup.targets:
            parent = self._granted(roles, shared, target)
            yield from _followed(parent, entity, lookup.inverse)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One grant on one entity: for these operations, on these rows, these fields."""

    operations: frozenset[str]
    rows: RowRule
    fields: frozenset[str]
    reason: str


def _piece(role: Role, grant: Grant, entity: str) -> _Piece:
    expression = grant.rows.get(entity)
    rows = (
        EVERYWHERE
        if expression is None
        else RowRule(conditions=(Condition(expression, text=expression.text),))
    )
    return _Piece(grant.can, rows, grant.fields.get(entity, frozenset()), f"{role.name}.{grant.name}")


def _with_shares(piece: _Piece) -> Iterable[_Piece]:
    """The same grant, and what it gives on the records that are shared with the actor."""
    yield piece
    if piece.rows.everywhere:
        return
    for operation in sorted(piece.operations.intersection(SHAREABLE)):
        condition = Condition(None, text=f"shared to {operation}", shared=operation)
        rows = RowRule(conditions=(condition,))
        yield _Piece(frozenset({operation}), rows, piece.fields, f"{piece.reason} by a share")


_FOLLOWING = {
    "read": ("read",),
    "update": ("create", "update", "delete", "transition"),
    "export": ("export",),
    "import": ("import",),
}


def _followed(parent: Rights, child: Entity, inverse: str) -> Iterable[_Piece]:
    names = frozenset(open_names(child))
    for operation, gives in _FOLLOWING.items():
        rule = parent.cell(operation, inverse)
        if not rule.nowhere:
            reason = f"{operation} on {parent.entity}"
            rows = _through(rule, child.parent, parent.entity)
            yield _Piece(frozenset(gives), rows, names, reason)


def _through(rule: RowRule, lookup: str, parent: str) -> RowRule:
    """`rule` of the parent entity, asked from the child through `lookup`."""
    if rule.everywhere:
        return RowRule(conditions=(Condition(None, (lookup,), f"{lookup} to {parent}", parent),))
    return RowRule(
        conditions=tuple(
            replace(
                c,
                path=(lookup, *c.path),
                text=f"{lookup} to {parent}: {c.text}",
                entity=c.entity or parent,
            )
            for c in rule.conditions
        ),
        pairs=tuple((_through(a, lookup, parent), _through(b, lookup, parent)) for a, b in rule.pairs),
    )


def _combine(entity: str, pieces: list[_Piece]) -> Rights:
    rows: dict[str, RowRule] = {}
    cells: dict[str, dict[str, RowRule]] = {}
    reasons: dict[str, tuple[str, ...]] = {}
    for piece in pieces:
        for operation in piece.operations:
            rows[operation] = rows.get(operation, NOWHERE).or_else(piece.rows)
            reasons[operation] = (*reasons.get(operation, ()), piece.reason)
            cell = cells.setdefault(operation, {})
            for name in piece.fields:
                cell[name] = cell.get(name, NOWHERE).or_else(piece.rows)
    return Rights(entity, rows, cells, reasons, _given(cells))


def _given(cells: Mapping[str, Mapping[str, RowRule]]) -> dict[str, frozenset[str]]:
    return {op: frozenset(n for n, rule in cell.items() if not rule.nowhere) for op, cell in cells.items()}


_CARRYING = {"export": ("read",), "import": ("create", "update")}


def _narrowed(granted: Rights, transfer: str) -> Rights:
    """`granted`, where what a transfer does to records is given only where the transfer is granted as well."""
    rows, cells = dict(granted.rows), dict(granted.cells)
    for operation in _CARRYING[transfer]:
        rows[operation] = granted.rows_for(operation).and_also(granted.rows_for(transfer))
        cells[operation] = {
            name: rule.and_also(granted.cell(transfer, name))
            for name, rule in granted.cells.get(operation, {}).items()
        }
    return replace(granted, rows=rows, cells=cells, given=_given(cells))


def open_names(entity: Entity) -> Iterable[str]:
    """The fields and relationships of an entity that a grant without a list gives."""
    yield from (f.name for f in entity.fields.values() if not f.is_guarded)
    yield from (r.name for r in entity.relationships.values() if not r.is_guarded)


def all_names(entity: Entity) -> frozenset[str]:
    """Every field and relationship of an entity."""
    return frozenset((*entity.fields, *entity.relationships))


def administrator(model: Model) -> Role:
    """The built-in role that grants every operation on every record and field."""
    label: Label = {
        "en": "Administrator",
        "pt": "Administrador",
        "es": "Administrador",
        "ru": "Администратор",
    }
    entities = tuple(e.name for e in model.entities.values() if not e.abstract)
    writable = tuple(e for e in entities if not model.entities[e].is_engine)
    grants = {
        "everything": _full_grant("everything", model, writable, frozenset(OPERATIONS)),
        "people": _full_grant(
            "people", model, tuple(e for e in entities if model.entities[e].is_engine), frozenset({"read"})
        ),
    }
    return Role(ADMINISTRATOR, label, grants, pack="core")


def _full_grant(name: str, model: Model, entities: tuple[str, ...], can: frozenset[str]) -> Grant:
    fields = {e: all_names(model.entities[e]) for e in entities}
    return Grant(name, entities, can, dict.fromkeys(entities), fields)


def transition_roles_allow(actor: Actor, roles: tuple[str, ...] | None) -> bool:
    """True when a transition limited to `roles` is open to `actor`; None is no limit, empty admits nobody."""
    if roles is None or ADMINISTRATOR in actor.roles:
        return True
    return bool(actor.roles.intersection(roles))


def always_readable(entity: Entity) -> tuple[str, ...]:
    """The system fields that come with every readable row of the entity."""
    return system_names(entity.ownership, has_lifecycle=entity.lifecycle is not None)
