"""What the pages of the administration are given: tables of rows, cards of facts, and the roles with their grants."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, Empty, Link


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place: a text that may lead on, a point in time (`at`), or tags.

    `face` puts the letters of a person before it, `code` sets it like something typed, `depth` moves it in.
    `id` is where an address may lead. A plain one says nothing where there is nothing.
    """

    text: str = ""
    href: str = ""
    at: str = ""
    tags: tuple[Option, ...] = ()
    face: bool = False
    code: bool = False
    depth: int = 0
    note: str = ""
    id: str = ""
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; the first cell names it. A quiet one matters less than the others."""

    cells: tuple[Cell, ...]
    actions: tuple[Action, ...] = ()
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `empty` is said where there are none."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: Empty
    next_href: str = ""

    @property
    def has_actions(self) -> bool:
        """Whether anything can be done with any row."""
        return any(row.actions for row in self.rows)


@dataclass(frozen=True, slots=True)
class Search:
    """What a table can be narrowed by; `reset_href` is there where it is."""

    action: str
    text: str = ""
    label: str = ""
    filters: tuple[Field, ...] = ()
    reset_href: str = ""


@dataclass(frozen=True, slots=True)
class TablePage:
    """An area of the administration that is one table."""

    title: str
    icon: str
    tabs: tuple[Link, ...]
    table: Table
    search: Search | None = None
    note: str = ""
    count: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Something that can be asked for: one text that goes to `action` under `name`; `options` are proposed for it."""

    action: str
    name: str
    text: str
    label: str
    submit: str
    help: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is asked for, and posted to `action` as `file`; `accept` names what can be chosen."""

    action: str
    label: str
    submit: str
    accept: str = ""
    help: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """One answer to a clash: whose it is, what it says, and where that is written."""

    value: str
    whose: str
    says: str
    place: str = ""
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """Something that can be one way or another; `name` is that of the control, `notes` say what one has to know."""

    name: str
    text: str
    ways: tuple[Way, ...]
    notes: tuple[str, ...] = ()
    tag: Option | None = None


@dataclass(frozen=True, slots=True)
class Clashes:
    """What has to be answered together; the answers go to `action` in its address, with what is `carried` along."""

    action: str
    items: tuple[Clash, ...]
    submit: str
    carried: tuple[tuple[str, str], ...] = ()
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a plan: its sentence with a picture in a hue, how grave it is, what it is about, and the way back."""

    text: str
    icon: str
    tag: Option
    notes: tuple[str, ...] = ()
    back: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """Something that is other than it was; a side that says nothing is empty."""

    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Becoming:
    """What becomes of some values: a text or one of the `options`, or nothing where it `can_clear`.

    `help` says which values those are, and `records` leads to who holds them, where a list can show it.
    """

    name: str
    label: str
    help: str = ""
    records: str = ""
    text: str = ""
    options: tuple[Option, ...] = ()
    can_clear: bool = False
    is_cleared: bool = False


@dataclass(frozen=True, slots=True)
class Deciding:
    """Decisions that are asked for together, and shown what they come to at `action`; `carried` goes along."""

    action: str
    items: tuple[Becoming, ...]
    submit: str
    carried: tuple[tuple[str, str], ...] = ()
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Card:
    """Facts, tags or a table under one heading, with what can be done there.

    A card with a `tone` (success, warning or danger) says how things stand. One that stands `aside` has its place
    beside the others where there is room.
    """

    label: str
    icon: str
    facts: tuple[tuple[str, Cell], ...] = ()
    tags: tuple[Option, ...] = ()
    table: Table | None = None
    note: str = ""
    actions: tuple[Action, ...] = ()
    id: str = ""
    question: Question | None = None
    upload: Upload | None = None
    clashes: Clashes | None = None
    deciding: Deciding | None = None
    steps: tuple[Told, ...] = ()
    shifts: tuple[Shift, ...] = ()
    tone: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """Something that is shown this once, and what to do with it."""

    says: str
    text: str


@dataclass(frozen=True, slots=True)
class CardsPage:
    """One thing of the administration. `tags` stand beside its title; `secret` is shown this once."""

    title: str
    crumbs: tuple[Link, ...]
    cards: tuple[Card, ...]
    facts: tuple[str, ...] = ()
    tags: tuple[Option, ...] = ()
    actions: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()
    secret: Secret | None = None
    face: bool = False

    @property
    def has_plan(self) -> bool:
        """Whether it shows what would happen."""
        return any(c.steps or c.shifts or c.tone or c.aside or c.deciding for c in self.cards)


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """Whether a role may do something with an entity: `how` is all, some or empty; `says` tells it in words."""

    says: str
    href: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """An entity, with a cell for each role."""

    label: str
    href: str
    icon: str
    pack: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """All roles in a table, and one operation of all of them on every entity."""

    title: str
    icon: str
    tabs: tuple[Link, ...]
    action: str
    filters: tuple[Field, ...]
    table: Table
    label: str
    roles: tuple[Link, ...]
    rows: tuple[MatrixRow, ...]
