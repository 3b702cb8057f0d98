"""What all parts of resolving share: merged documents, problems, what is forgiven, and who uses what."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from xrm.errors import Place, Problem, Problems
from xrm.metadata.compared import compared_options
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.expressions.check import check, check_rows
from xrm.metadata.expressions.problems import MAX_CHARACTERS
from xrm.metadata.expressions.scope import FILTER, Scope
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.expressions.types import BOOLEAN, Attribute, Kind, Type
from xrm.metadata.fieldtypes.base import FieldType, Option
from xrm.metadata.layers import Layers
from xrm.metadata.mending import meant_by
from xrm.metadata.merging import Merged, own_first
from xrm.metadata.model import ENGINE_ENTITIES, Entity, Field, Reference
from xrm.metadata.names import near_hint
from xrm.metadata.parse import Body
from xrm.metadata.positions import Path
from xrm.metadata.renewal import note_of
from xrm.metadata.resolve.texts import Texts
from xrm.metadata.sources import Layer
from xrm.metadata.typing_scope import ModelNames

# What is wrong with names does not follow from the meaning of another one.
_OF_NAMES = frozenset({"M200", "M201", "M203"})


@dataclass(frozen=True, slots=True)
class Item:
    """A map inside a merged document, with its path."""

    merged: Merged
    path: Path
    body: Body

    @property
    def name(self) -> str:
        """Its name: the last step of its path."""
        return str(self.path[-1]) if self.path else self.merged.name

    @property
    def pack(self) -> str:
        """The pack that says it."""
        return self.merged.pack(self.path)

    def get(self, key: str, default: Any = None) -> Any:
        """What stands under `key`."""
        return self.body.get(key, default)

    def at(self, *steps: str | int) -> Place:
        """The place of the value below."""
        return self.merged.place((*self.path, *steps))

    def key_at(self, *steps: str | int) -> Place:
        """The place of the key below, or its own."""
        return self.merged.key_place((*self.path, *steps))

    def items(self, *steps: str) -> Iterator[Item]:
        """The named items of the map below."""
        body: Any = self.body
        for step in steps:
            body = body.get(step, {})
        for name, value in body.items():
            yield Item(self.merged, (*self.path, *steps, name), value)


@dataclass(slots=True)
class Context:
    """The state of one resolving: filled step by step, then turned into a Model.

    `pending` are the computed fields whose types are not known yet, by entity and name, with what finds each;
    `trail` are those that are being found, each because the one before asks for it.
    """

    layers: Layers
    types: Mapping[str, FieldType]
    texts: Texts
    problems: Problems
    option_sets: dict[str, tuple[Option, ...]] = field(default_factory=dict)
    entities: dict[str, Entity] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    settings: dict[str, dict[str, Type]] = field(default_factory=dict)
    names: _Names | None = None
    pending: dict[tuple[str, str], Callable[[], None]] = field(default_factory=dict)
    trail: list[tuple[str, str]] = field(default_factory=list)
    sorted_names: dict[tuple[int, str], tuple[list[str], set[str]]] = field(default_factory=dict)

    def add(self, code: str, message: str, hint: str, where: Place) -> None:
        """One more problem is known."""
        self.problems.add(code, message, hint, where)

    def use(self, target: str, source: str, place: Place) -> None:
        """`source` uses `target`."""
        self.references.append(Reference(target, source, place))

    def put_field(self, entity: str, name: str, field: Field | None) -> None:
        """The entity has this field under that name, or none."""
        known = self.entities[entity]
        kept = {n: f for n, f in known.fields.items() if n != name or field is not None}
        self.entities[entity] = replace(known, fields=kept if field is None else {**kept, name: field})
        self.typed.forget()

    def prefixes(self, kind: str, entity: str) -> tuple[str, ...]:
        """Where translations of the entity may stand: below what it is like, then below itself."""
        line = self.layers.lines.get(entity, (entity,))
        return self.texts.translated(f"{kind}.{e}" for e in reversed(line))

    # --- names that are not there ---------------------------------------------------------------------

    def forgives_entity(self, name: str, pack: str) -> bool:
        """True when an unknown entity follows from a problem that is known already."""
        return name in self.layers.unreadable or pack in self.layers.lenient

    def forgives(self, entity: str, name: str) -> bool:
        """True when an unknown name follows from a known problem, or waits for an absent pack."""
        if entity in self.layers.unreadable:
            return True
        merged = self.layers.entities.get(entity)
        if merged is None:
            return entity not in self.entities
        paths = ((), ("fields",), ("relationships",), ("fields", name), ("relationships", name))
        return any(p in merged.broken or p in merged.absent for p in paths)

    def is_broken(self, merged: Merged, *path: str) -> bool:
        """True when the document tried to say something here and did not manage."""
        around = (path[:length] for length in range(1, len(path) + 1))
        return any(p in merged.broken or p in merged.absent for p in around)

    def unknown_entity(
        self, name: str, pack: str, where: Place, allowed: Container[str] | None = None
    ) -> None:
        """The entity's absence is a problem, unless it follows from another one; `allowed` are those to offer."""
        if not self.forgives_entity(name, pack):
            known = [e for e in self.entity_names(pack) if allowed is None or e in allowed]
            hint = near_hint(name, known, own=self.own(self.layers.entities, pack))
            if hint.startswith("Known") and pack != CUSTOMISATION:
                hint += " What another pack has is there when pack.yaml names that pack under requires."
            self.add("M210", f'There is no entity "{name}".', hint, where)

    def entity_names(self, pack: str) -> list[str]:
        """Every entity that a document of the pack may name: the pack's own first, the engine's own last."""
        return [*self.own_first(self.layers.entities, pack), *ENGINE_ENTITIES]

    def own_first(self, things: Mapping[str, Merged], pack: str) -> list[str]:
        """The names of the things, those that the pack says itself first; sorted once, for many may ask."""
        return self._sorted_by(things, pack)[0]

    def own(self, things: Mapping[str, Merged], pack: str) -> set[str]:
        """The names of those of the things that the pack says itself."""
        return self._sorted_by(things, pack)[1]

    def _sorted_by(self, things: Mapping[str, Merged], pack: str) -> tuple[list[str], set[str]]:
        known = self.sorted_names.get((id(things), pack))
        if known is None:
            own = {name for name, merged in things.items() if merged.pack(()) == pack}
            known = self.sorted_names[id(things), pack] = (own_first(things, pack), own)
        return known

    def entity_meant(self, name: str, pack: str) -> str:
        """The entity that an unknown name surely means; an empty text if none."""
        return meant_by(name, self.entity_names(pack))

    def unknown_role(self, name: str, pack: str, where: Place) -> None:
        """The role's absence is a problem, unless it follows from another one."""
        if pack not in self.layers.lenient and name not in self.layers.sleeping_roles:
            roles = self.layers.roles
            hint = near_hint(name, self.own_first(roles, pack), own=self.own(roles, pack))
            self.add("M214", f'There is no role "{name}".', hint, where)

    def unknown_name(self, entity: str, name: str, where: Place, known: Iterable[str] | None = None) -> None:
        """The name's absence is a problem, unless it follows from another one."""
        if self.forgives(entity, name):
            return
        names = known if known is not None else self.attribute_names(entity)
        self.add("M211", f'{entity} has no field or relationship "{name}".', near_hint(name, names), where)

    def attribute_names(self, entity: str) -> tuple[str, ...]:
        """All names that records of the entity have, those that its file says first."""
        found = self.entities.get(entity)
        written = (*found.fields, *found.relationships) if found else ()
        return tuple(dict.fromkeys((*written, *self.typed.attribute_names(entity))))

    # --- expressions ----------------------------------------------------------------------------------

    @property
    def notes(self) -> list[Problem]:
        """Where documents say former names."""
        return self.layers.notes

    @property
    def typed(self) -> _Names:
        """What names mean, as far as entities are known now."""
        if self.names is None:
            self.names = _Names(self)
        return self.names

    def expression(
        self,
        item: Item,
        key: str,
        entity: str,
        source: str,
        *,
        scope: Scope = FILTER,
        expect: Type | None = BOOLEAN,
    ) -> Expression | None:
        """The checked expression under `key`; None if there is none, or if its problems are known now."""
        text = item.get(key)
        if text is None:
            return None
        return self.check(
            str(text), item, (*item.path, key), entity, f"{source}.{key}", scope=scope, expect=expect
        )

    def check(
        self,
        text: str,
        item: Item,
        path: Path,
        entity: str,
        source: str,
        *,
        scope: Scope = FILTER,
        expect: Type | None = BOOLEAN,
        is_rows: bool = False,
    ) -> Expression | None:
        """The checked expression that is written at `path`."""
        if len(text) > MAX_CHARACTERS and self.is_broken(item.merged, *map(str, path)):
            return None  # that it is too long is told
        place, counts = item.merged.text_place(path)
        settings = self._settings_for(item, path)
        names = self.typed
        names.has_forgiven = False
        if is_rows:
            found = check_rows(text, entity, names, place=place)
        else:
            found = check(
                text, entity, names, scope=scope.with_settings(settings), expect=expect, place=place
            )
        if not isinstance(found, Expression):
            told = [p for p in found if not names.has_forgiven or p.code in _OF_NAMES]
            self.problems.extend(
                told if counts else [p.at(replace(place, within=p.where.within)) for p in told]
            )
            return None
        if names.has_forgiven:
            return None
        self._record_uses(found, source)
        return found

    def _settings_for(self, item: Item, path: Path) -> Mapping[str, Type]:
        """A pack reads the settings that it has, and the core's; what an organisation says reads those of all packs."""
        if item.merged.layer(path) is Layer.CUSTOMISATION:
            return {name: type_ for known in self.settings.values() for name, type_ in known.items()}
        return self.settings_of(item.merged.pack(path))

    def settings_of(self, pack: str) -> Mapping[str, Type]:
        """What expressions of the pack read: its own settings and those of the core."""
        return {**self.settings.get(Layer.CORE.value, {}), **self.settings.get(pack, {})}

    def _record_uses(self, expression: Expression, source: str) -> None:
        for mention in expression.mentions:
            where = _place_in(expression, mention.offset)
            self.use(f"field:{mention.entity}.{mention.attribute}", source, where)
        for found in expression.former:
            where = _place_in(expression, found.offset)
            self.notes.append(note_of(found.former, found.present, found.of and f"{found.of}:", where))
        for target in sorted({one.target for one in compared_options(expression.tree)}):
            self.use(target, source, expression.place)


def _place_in(expression: Expression, offset: int) -> Place:
    place = expression.place
    column = place.column + offset if "\n" not in expression.text else place.column
    return Place(place.file, place.line, column)


class _Names(ModelNames):
    """Names of the entities being resolved; what is broken or absent is answered, and raises no echo."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.entities)
        self._context = context
        self.has_forgiven = False

    def attribute(self, entity: str, name: str) -> Attribute | None:
        """The attribute; a forgiven one has no meaning, and the caller drops the expression.

        The type of a computed field is found when it is first asked for.
        """
        find = self._context.pending.get((entity, self._present(entity, name)))
        if find is not None:
            find()
        found = super().attribute(entity, name)
        if found is None and self._context.forgives(entity, name):
            self.has_forgiven = True
            return Attribute(name, Type(Kind.EMPTY), (name,))
        return found

    def forget(self) -> None:
        """Entities have changed; nothing that was worked out holds any more."""
        self._known.clear()
        self._former.clear()
