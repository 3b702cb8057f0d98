"""The Model: what the documents of all layers mean together. Frozen; replaced whole, never edited.

Names have become references that hold, defaults are filled, both sides of every relationship exist, and
every expression is typed. Everything downstream (tables, contracts, forms, rights, pages) is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from xrm.errors import NOWHERE, Place, Problem
from xrm.metadata.expressions.tree import Expression
from xrm.metadata.fieldtypes.base import FieldType, Option, Params, Part
from xrm.metadata.former import FormerNames
from xrm.metadata.kept_rules import KeptRule

Label = Mapping[str, str]
BOARD = "board"  # the type of view whose cards stand in lanes
LIST = "list"  # the type of view that is a table; others may be added, this one is always there


def text_of(label: Label, language: str, otherwise: str = "") -> str:
    """The label in `language`, else in English, else in any language, else `otherwise`."""
    return label.get(language) or label.get("en") or next(iter(label.values()), otherwise)


@dataclass(frozen=True, slots=True)
class Field:
    """A stored (or read-through) field of an entity.

    `params` holds the type's own parameters, resolved (`options` is a tuple of Option); `options_when` says of
    some options where they may be chosen. `through` is the path of a `from:` field (`("account", "phone")`), which
    is stored nowhere. `formula` is what the values of a computed field follow from, whose type is that of its
    results; with `reveal` whoever reads the record reads it. What follows from the clock `is_live`: it is stored
    nowhere, and found when it is read. Where `frozen_when` holds, a value that is stored stays.
    """

    name: str
    type: FieldType
    label: Label
    params: Params = field(default_factory=dict)
    required: bool = False
    unique: bool = False
    default: Expression | None = None
    help: Label = field(default_factory=dict)
    visible_when: Expression | None = None
    required_when: Expression | None = None
    readonly_when: Expression | None = None
    options_when: Mapping[str, Expression] = field(default_factory=dict)
    sensitive: bool = False
    privacy: str = ""
    search: bool = False
    index: bool = False
    track: bool = True
    many: bool = False
    through: tuple[str, ...] = ()
    formula: Expression | None = None
    frozen_when: Expression | None = None
    is_live: bool = False
    reveal: bool = False
    renamed_from: tuple[str, ...] = ()
    pack: str = ""
    place: Place = NOWHERE

    @property
    def is_stored(self) -> bool:
        """True when it has columns of its own."""
        return not self.through and not self.is_live

    @property
    def is_given(self) -> bool:
        """True when people give its values; false for what is numbered, computed or read from elsewhere."""
        return self.type.is_writable and not self.through and self.formula is None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its columns; none for what is read from elsewhere or found when it is read."""
        return self.type.parts(self.params) if self.is_stored else ()

    @property
    def is_guarded(self) -> bool:
        """True when a grant must name it to give it."""
        return self.sensitive or self.privacy == "personal"

    @property
    def options(self) -> tuple[Option, ...]:
        """The allowed options of a choice; empty for other types."""
        return tuple(self.params.get("options", ()))


class Shape(StrEnum):
    """How a relationship is kept."""

    LOOKUP = "lookup"  # a column (or one per target) on the source
    MANY = "many"  # a link table
    INVERSE = "inverse"  # the far side of one of the two above


@dataclass(frozen=True, slots=True)
class Relationship:
    """One side of a relationship, named from its entity.

    `targets` are concrete entity names, an abstract target already spread over its implementations; `any`
    means every entity. `one` says that this side sees at most one record. An INVERSE names the side that is
    stored: `of` is (entity, relationship name). `owned` on an INVERSE means that its records are edited and
    deleted with this one, and that rights follow; the child's LOOKUP then has `is_parent`. `exclusive` on a
    MANY with `valid` means one link at a time per source (a lookup with validity).
    """

    name: str
    entity: str
    shape: Shape
    targets: tuple[str, ...]
    label: Label
    any: bool = False
    one: bool = True
    inverse: str = ""
    of: tuple[str, str] | None = None
    abstract_target: str = ""
    required: bool = False
    unique: bool = False
    on_delete: str = "restrict"
    cascade: Mapping[str, str] = field(default_factory=dict)
    filter: Expression | None = None
    default: Expression | None = None
    attributes: Mapping[str, Field] = field(default_factory=dict)
    valid: bool = False
    exclusive: bool = False
    hierarchy: bool = False
    owned: bool = False
    is_parent: bool = False
    help: Label = field(default_factory=dict)
    visible_when: Expression | None = None
    required_when: Expression | None = None
    readonly_when: Expression | None = None
    sensitive: bool = False
    privacy: str = ""
    renamed_from: tuple[str, ...] = ()
    pack: str = ""
    place: Place = NOWHERE

    @property
    def is_polymorphic(self) -> bool:
        """True when its records may be of several entities."""
        return self.any or len(self.targets) > 1

    @property
    def is_guarded(self) -> bool:
        """True when a grant must name it to give it."""
        return self.sensitive or self.privacy == "personal"


@dataclass(frozen=True, slots=True)
class Key:
    """A combination of fields that is unique among live records, where `when` holds.

    With `no_overlap` (start field, end field) records of the same key values may not overlap in time.
    """

    name: str
    fields: tuple[str, ...]
    message: Label = field(default_factory=dict)
    when: Expression | None = None
    no_overlap: tuple[str, str] | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Match:
    """What two records have alike: a field, a part of one, or a lookup. `at_least` is a percentage, of fuzzy texts."""

    path: tuple[str, ...]
    by: str
    at_least: int = 100

    @property
    def name(self) -> str:
        """The field or lookup."""
        return self.path[0]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A way to find records that are the same thing twice: all of `match` is alike, and `when` holds of both."""

    name: str
    match: tuple[Match, ...]
    then: str = "warn"
    when: Expression | None = None
    message: Label = field(default_factory=dict)
    place: Place = NOWHERE

    @property
    def refuses(self) -> bool:
        """Whether nobody may write one."""
        return self.then == "refuse"

    @property
    def fuzzy(self) -> Match | None:
        """What is compared by likeness, if anything is."""
        return next((match for match in self.match if match.by == "fuzzy"), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that every stored record meets: `must`, wherever `when` holds."""

    name: str
    must: Expression
    when: Expression | None = None
    message: Label = field(default_factory=dict)
    place: Place = NOWHERE
    field: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """A state of a lifecycle; a locked one admits no change but by transition."""

    name: str
    label: Label
    color: str = ""
    initial: bool = False
    final: bool = False
    locked: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Transition:
    """A named step between states. `roles` None means whoever may transition; empty means nobody."""

    name: str
    label: Label
    sources: tuple[str, ...]
    to: str
    roles: tuple[str, ...] | None = None
    requires: tuple[str, ...] = ()
    guard: Expression | None = None
    reason_required: bool = False
    message: Label = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of an entity's records and the steps between them."""

    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    place: Place = NOWHERE

    @property
    def initial(self) -> State:
        """The state that new records get."""
        return next(s for s in self.states.values() if s.initial)

    def lock(self, name: object) -> State | None:
        """The state of that name, if it is one that admits no change but by transition."""
        state = self.states.get(name) if isinstance(name, str) else None
        return state if state is not None and state.locked else None


@dataclass(frozen=True, slots=True)
class View:
    """A named way to look at many records. `sort` holds (path, descending)."""

    name: str
    entity: str
    type: str
    label: Label
    columns: tuple[str, ...] = ()
    filter: Expression | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of a form: rows of field or relationship names."""

    name: str
    label: Label
    rows: tuple[tuple[str, ...], ...]
    visible_when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A named layout of one record."""

    name: str
    entity: str
    sections: tuple[Section, ...]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Grant:
    """A triple (operations, rows, fields) on one entity.

    `entities` are concrete names. `rows` None means all rows. `fields` are the readable and writable names
    of fields and relationships per entity, already resolved from allow or except lists; system fields are
    not among them, for they come with the row.
    """

    name: str
    entities: tuple[str, ...]
    can: frozenset[str]
    rows: Mapping[str, Expression | None]
    fields: Mapping[str, frozenset[str]]
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of grants."""

    name: str
    label: Label
    grants: Mapping[str, Grant]
    pack: str = ""
    portal: str = ""
    renamed_from: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """Entities that stand together in the menu; a folded group stands last and is closed at first."""

    name: str
    label: Label
    entities: tuple[str, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack in the model: its manifest, resolved, and the hash of its content."""

    name: str
    label: Label
    version: str
    requires: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    summary: Label = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    menu: tuple[MenuGroup, ...] = ()
    content: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A definition of records. `relationships` holds both stored sides and inverse sides.

    `implementations` are the concrete entities of an abstract one. `parent` names the lookup to the record
    that owns records of this entity, if they are owned children. `belongings` lead from people, teams and units
    to the records that are theirs; only expressions speak of them.
    """

    name: str
    pack: str
    label: Label
    plural: Label
    icon: str = "box"
    title: Expression | None = None
    ownership: str = "none"
    abstract: bool = False
    append_only: bool = False
    is_engine: bool = False
    fields: Mapping[str, Field] = field(default_factory=dict)
    relationships: Mapping[str, Relationship] = field(default_factory=dict)
    belongings: Mapping[str, Relationship] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    duplicates: Mapping[str, Duplicate] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    kept_rules: Mapping[str, KeptRule] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    lifecycle: Lifecycle | None = None
    forms: Mapping[str, Form] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    implementations: tuple[str, ...] = ()
    parent: str = ""
    renamed_from: tuple[str, ...] = ()
    moved_from: tuple[str, ...] = ()
    place: Place = NOWHERE

    @property
    def table(self) -> str:
        """The name of its table: pack and entity, two underscores between."""
        return f"{self.pack}__{self.name}"

    def side(self, name: str) -> Relationship | None:
        """The relationship of that name as expressions know it: its own, or one to what belongs to its records."""
        return self.relationships.get(name) or self.belongings.get(name)

    @property
    def lookups(self) -> Iterator[Relationship]:
        """The relationships kept in its own columns."""
        return (r for r in self.relationships.values() if r.shape is Shape.LOOKUP)

    @property
    def ordered_by(self) -> str:
        """What orders records where nothing is said: the title, or the field that is the title, if that is in parts."""
        field = self.fields.get(self.title.text) if self.title is not None else None
        return field.name if field is not None and len(field.type.sorted_by) > 1 else "title"

    @property
    def first_list(self) -> View | None:
        """Its leading list: what it shows of a record, and in which order, holds wherever no view is chosen."""
        return next((v for v in self.views.values() if v.type == LIST), None)

    @property
    def former(self) -> Mapping[str, str]:
        """The present name for each former one of its fields and relationships that nothing here has taken."""
        things: tuple[Field | Relationship, ...] = (
            *self.fields.values(), *self.relationships.values(), *self.belongings.values(),
        )  # fmt: skip
        renamed = [thing for thing in things if thing.renamed_from]
        living = {thing.name for thing in things} if renamed else set()
        return {old: thing.name for thing in renamed for old in thing.renamed_from if old not in living}

    @property
    def is_owned(self) -> bool:
        """True when records have an owner or a team."""
        return self.ownership == "user_or_team"


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of a name: `target` is used by `source` at `place`.

    Both are colon-separated kinds and dotted names: `field:account.name`, `view:account.all.columns`. Fields
    and relationships share their names, so a used relationship is a `field` too. Other targets are `entity`,
    `options`, `option`, `state`, `role`, `key`, `duplicate`, `rule`, `transition`, `view`, `form`, `pack`.
    """

    target: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class Model:
    """All definitions of an installation, resolved. `fingerprint` is equal for equal content.

    `former` are the names that stand for others now, and `notes` where documents still say them. `disabled` are
    packs of which nothing is here, by what they are called.
    """

    packs: Mapping[str, Pack]
    entities: Mapping[str, Entity]
    roles: Mapping[str, Role]
    option_sets: Mapping[str, tuple[Option, ...]]
    references: tuple[Reference, ...] = ()
    fingerprint: str = ""
    former: FormerNames = field(default_factory=FormerNames)
    notes: tuple[Problem, ...] = ()
    disabled: Mapping[str, Label] = field(default_factory=dict)

    @property
    def tables(self) -> Iterator[Entity]:
        """The entities that have a table made from metadata: neither abstract nor the engine's own."""
        return (e for e in self.entities.values() if not e.abstract and not e.is_engine)

    @property
    def setting_values(self) -> dict[str, Any]:
        """The value of each named setting of the packs, as expressions read them."""
        return {n: said["default"] for pack in self.packs.values() for n, said in pack.settings.items()}

    def uses(self, target: str) -> tuple[Reference, ...]:
        """Every use of `target`, or of something inside it."""
        return tuple(r for r in self.references if r.target == target or r.target.startswith(f"{target}."))


SYSTEM_FIELDS = (
    "id", "version", "title", "external_key",
    "created_at", "created_by", "updated_at", "updated_by", "deleted_at",
)  # fmt: skip
HOLDERS = ("owner", "team")  # whom a record can be given to
OWNER_FIELDS = (*HOLDERS, "unit")
SETTABLE = (*HOLDERS, "external_key")  # system fields that a caller may be granted to set
STATE = "state"
STATE_FIELDS = (STATE, "state_since")
# The system fields that point at one of the engine's own records, and at what.
POINTERS: Mapping[str, str] = MappingProxyType(
    {"owner": "user", "team": "team", "unit": "unit", "created_by": "user", "updated_by": "user"}
)
OPERATIONS = (
    "create", "read", "update", "delete", "transition", "assign", "share", "export", "import", "publish",
)  # fmt: skip
SHAREABLE = ("read", "update", "delete", "transition", "assign", "share", "export")
ENGINE_ENTITIES = ("user", "team", "unit")
