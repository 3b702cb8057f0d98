"""What stands around a record and a person: the centre of a record's page, its star and bell, the palette, the keys."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link, Section
from xrm.ui.record_pages import Change, RelatedRow


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a plain text: words, a link, or the name of somebody who is meant."""

    text: str
    href: str = ""
    is_mention: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A file of the record and its field; one without `href` is not held any more, `is_out` was just taken out."""

    name: str
    href: str
    size: int | None
    label: str
    is_out: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the timeline: who did what, when (`at` in RFC 3339), and what there is to read of it.

    An activity has a `title` with its `href`, `facts` and a `tag`; a comment has `pieces` of text, and for its
    author the way to change it and to remove it; a change has `changes`, and one of files has `papers`.
    """

    kind: str
    who: str
    what: str
    at: str
    icon: str
    id: str = ""
    title: str = ""
    href: str = ""
    facts: tuple[str, ...] = ()
    tag: Option | None = None
    pieces: tuple[Piece, ...] = ()
    text: str = ""
    changes: tuple[Change, ...] = ()
    papers: tuple[Paper, ...] = ()
    edited_at: str = ""
    edit: Action | None = None
    remove: Action | None = None


@dataclass(frozen=True, slots=True)
class Composer:
    """Where a comment is written: the address that takes it, and the one that offers people to mention."""

    action: str
    people: str
    max_length: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened, newest first; `next_href` leads to what is older, `adds` to new activities."""

    entries: tuple[Entry, ...]
    filters: tuple[Link, ...] = ()
    next_href: str = ""
    composer: Composer | None = None
    adds: tuple[Action, ...] = ()
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """What one relationship leads to; `more` says how many are not told, `href` leads to all."""

    label: str
    icon: str
    rows: tuple[RelatedRow, ...]
    count: str = ""
    href: str = ""
    more: str = ""
    is_above: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A record in the drawing; `x` and `y` are its upper left corner, `short` is what has room of its title."""

    x: int
    y: int
    title: str
    short: str
    href: str = ""
    icon: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Caption:
    """Words in the drawing: the name of a relationship over its records; with `href` the way to the others."""

    x: int
    y: int
    text: str
    href: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The record between what it points at and what points at it. `edges` are paths of SVG."""

    width: int
    height: int
    here: Node
    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    captions: tuple[Caption, ...]


@dataclass(frozen=True, slots=True)
class Kin:
    """The relationships of a record, told and drawn."""

    branches: tuple[Branch, ...]
    graph: Graph | None
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class Papers:
    """The files of a record."""

    papers: tuple[Paper, ...]
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class Centre:
    """The centre of the page: tables of owned records, and one of the tabs."""

    tabs: tuple[Link, ...]
    tables: tuple[Section, ...] = ()
    timeline: Timeline | None = None
    kin: Kin | None = None
    papers: Papers | None = None


@dataclass(frozen=True, slots=True)
class Toggle:
    """A button that is on or off: posts `on` = 1 or 0, the other of what it is now."""

    name: str
    label: str
    href: str
    icon: str
    is_on: bool = False


@dataclass(frozen=True, slots=True)
class ArrangePage:
    """One's favourites in their order; `action` takes `record` and the `step` that it goes."""

    title: str
    action: str
    links: tuple[Link, ...]
    empty: Empty


@dataclass(frozen=True, slots=True)
class Choice:
    """Something in the palette: a place to go, or with `press` the id of a button of the page to press."""

    label: str
    href: str = ""
    icon: str = ""
    detail: str = ""
    press: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """A group of them."""

    label: str
    choices: tuple[Choice, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """Keys that do something, as one presses them."""

    keys: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class KeysPage:
    """Every key, in groups."""

    title: str
    groups: tuple[tuple[str, tuple[Key, ...]], ...]
