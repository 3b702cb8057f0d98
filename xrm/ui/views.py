"""What the page of an entity's records is given: what stands around them, and what their view makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from xrm.ui.fields.view import Column, Field, Option
from xrm.ui.models import Action, Empty, Link

NO_WORDS = Empty("")


class Body(Protocol):
    """What one type of view makes of the records; its own template shows it."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no record to show."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a list: its cells in the order of the columns, JSON values of the API.

    `title` names it where the first cell is empty.
    """

    id: str
    href: str
    cells: tuple[object, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The body of a list. `next_href` leads to the next rows; `bulk` is what one may do with many of them.

    `totals` are, in step with the columns, fields with what the whole list comes to, called `totals_label`. `pending`
    names the values that wait for a job.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    next_href: str = ""
    bulk: tuple[Action, ...] = ()
    totals: tuple[Field | None, ...] = ()
    totals_label: str = ""
    pending: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no record to show."""
        return not self.rows


@dataclass(frozen=True, slots=True)
class Card:
    """A record on a board: `facts` are fields with its values; `hue` colours its edge where the view says by what.

    `move_href` leads to the lanes that it may be moved to; empty where this person moves none.
    """

    id: str
    href: str
    title: str
    facts: tuple[Field, ...]
    version: str
    hue: str = ""
    move_href: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One value of the field that a board stands by: how many records have it, and the first of them.

    `total` is a field with the aggregate of all of them; `more_href` leads to the next cards.
    """

    option: Option
    count: int
    cards: tuple[Card, ...]
    total: Field | None = None
    more_href: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The body of a board: its lanes in the order of the options."""

    lanes: tuple[Lane, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no record to show."""
        return not any(lane.count or lane.cards for lane in self.lanes)


@dataclass(frozen=True, slots=True)
class Move:
    """A lane that a record may be moved to. `href` leads to what the step asks first; empty where it asks nothing."""

    option: Option
    href: str = ""


@dataclass(frozen=True, slots=True)
class MovePage:
    """Where one record of a board may be moved, or why it was not."""

    title: str
    action: str
    version: str
    moves: tuple[Move, ...]
    back_href: str
    refusal: str = ""
    crumbs: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A condition in force that has no control of its own: its words, the list without it, and where it is changed."""

    label: str
    remove_href: str
    edit_href: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Options under a heading."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class FilterPage:
    """One condition of a filter: its field, what is asked of it, and the `control` of its value.

    `alternatives` are shown in their place where there are several; `or_href` adds one. With `is_text` the form holds
    the whole filter as `text`. `hidden` is the state of the list, and where in the filter the condition stands.
    """

    title: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    submit: str
    cancel_href: str
    fields: tuple[Choices, ...] = ()
    field: str = ""
    operators: tuple[Option, ...] = ()
    operator: str = ""
    control: Field | None = None
    alternatives: tuple[FilterChip, ...] = ()
    remove_href: str = ""
    or_href: str = ""
    text_href: str = ""
    is_text: bool = False
    text: str = ""
    error: str = ""
    crumbs: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One thing that a list is sorted by."""

    option: Option
    descending: bool = False


@dataclass(frozen=True, slots=True)
class DisplayPage:
    """How a list is shown: as what, with which columns, in which order, with which totals, and how dense.

    Each form asks its address again with what was moved, added or taken away, until it is done.
    """

    title: str
    action: str
    hidden: tuple[tuple[str, str], ...]
    submit: str
    cancel_href: str
    kinds: tuple[Option, ...]
    kind: str
    columns: tuple[Option, ...]
    columns_label: str
    more_columns: tuple[Choices, ...]
    sorts: tuple[SortTerm, ...]
    more_sorts: tuple[Choices, ...]
    totals: tuple[Option, ...]
    total: str
    density_href: str
    densities: tuple[Option, ...]
    density: str
    crumbs: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What may be done with a look that differs from the chosen view: keep it in the view, as a new one, or not."""

    reset_href: str
    save: Action | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewPage:
    """Many records, as a view shows them: `template` shows `body`, and `script` is the module that it needs.

    `href` is its address without query; `state` what a filter form must carry along (view, sort). `filters`
    are fields shown with their `filter` face, posted as `f.<name>`; `chips` the conditions of the free filter
    (`filter=`), `filter_href` adds one, and `refusal` says what is wrong with them. `count_href` leads to the
    exact count where `count` is only a bound; `total` is the bare number of it. `left_out` says that the view has
    parts that are not there for this person.
    """

    title: str
    icon: str
    href: str
    template: str
    body: Body
    script: str = ""
    search: str = ""
    filters: tuple[Field, ...] = ()
    chips: tuple[FilterChip, ...] = ()
    filter_href: str = ""
    display_href: str = ""
    refusal: str = ""
    state: tuple[tuple[str, str], ...] = ()
    count: str = ""
    total: str = ""
    count_href: str = ""
    reset_href: str = ""
    empty: Empty = NO_WORDS
    unsaved: Unsaved | None = None
    left_out: str = ""
    tabs: tuple[Link, ...] = ()
    actions: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()
    crumbs: tuple[Link, ...] = ()
