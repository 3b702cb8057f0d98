"""What the pages of a record are given: the record itself, what belongs to it, its history, and the trash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Link, Section

if TYPE_CHECKING:
    from xrm.ui.around import Centre, Toggle


@dataclass(frozen=True, slots=True)
class Step:
    """A state on the path of a lifecycle: done, current or open."""

    label: str
    place: str = "open"


@dataclass(frozen=True, slots=True)
class RelatedRow:
    """A record in a short list: title, a second fact, a tag, a figure.

    `lead` stands before the title and makes a sentence with it; `more` leads to what stands between the two
    records, `remove` takes that away.
    """

    title: str
    href: str
    detail: str = ""
    tag: Option | None = None
    figure: str = ""
    lead: str = ""
    more: Link | None = None
    remove: Action | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """A short list of related records; `count` is its text, `href` leads to all of them, `add` makes one."""

    label: str
    icon: str
    rows: tuple[RelatedRow, ...]
    count: str = ""
    href: str = ""
    add: Action | None = None
    empty: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A field before and after, as texts; an empty text means nothing was there."""

    label: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a record: who did what, when (`at` in RFC 3339), with what changes."""

    who: str
    what: str
    at: str
    icon: str = "pencil"
    text: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordPage:
    """A record. `facts` stand under its title; `adds` begin something that belongs to it.

    `history_href` tells the changes of one field when its name is added to it.
    `pending` names the values that wait for a job.
    """

    title: str
    icon: str
    crumbs: tuple[Link, ...]
    sections: tuple[Section, ...]
    facts: tuple[str, ...] = ()
    path: tuple[Step, ...] = ()
    transitions: tuple[Action, ...] = ()
    related: tuple[Related, ...] = ()
    adds: tuple[Action, ...] = ()
    actions: tuple[Action, ...] = ()
    more: tuple[Action, ...] = ()
    toggles: tuple[Toggle, ...] = ()
    centre: Centre | None = None
    history_href: str = ""
    footnote: str = ""
    trashed: str = ""
    restore: Action | None = None
    pending: str = ""


@dataclass(frozen=True, slots=True)
class TrashedRow:
    """A record in the trash: when it was deleted and by whom, and the way back."""

    title: str
    href: str
    deleted_at: str
    deleted_by: str
    restore: Action | None = None


@dataclass(frozen=True, slots=True)
class TrashPage:
    """The trash of one entity."""

    title: str
    crumbs: tuple[Link, ...]
    rows: tuple[TrashedRow, ...]
    note: str = ""
    next_href: str = ""


@dataclass(frozen=True, slots=True)
class LinksPage:
    """All records on the far side of one relationship of a record."""

    title: str
    crumbs: tuple[Link, ...]
    card: Related
    next_href: str = ""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Every change of one record, the latest first; of one `field` alone, `whole_href` leads to all of them."""

    title: str
    crumbs: tuple[Link, ...]
    events: tuple[Event, ...]
    next_href: str = ""
    field: str = ""
    whole_href: str = ""
