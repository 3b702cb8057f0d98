"""What page templates are given: the shell around a page, and the pieces of which pages are made.

Each kind of page is one frozen value: of a record in `record_pages`, of an entity in `views`, of one's own in
`own_pages`.

All texts are translated and all links allowed before they come here. Templates get `shell`, `page` and
`ui` (a `Reader`), and do nothing but show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xrm.ui.fields.view import Field


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go: in the sidebar, a crumb, a tab. `key` is the letter that leads there after G.

    `record` is the id of a record that can be moved among its neighbours.
    """

    label: str
    href: str
    icon: str = ""
    current: bool = False
    count: str = ""
    key: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Links of the sidebar under one heading; the first group usually has none.

    `is_open` is how it is now, `folded` how it is for whoever never touched it. `arrange` is the page on which its
    links are put in order.
    """

    label: str
    items: tuple[Link, ...]
    name: str = ""
    is_open: bool = True
    folded: bool = False
    arrange: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a page. `post` makes it a form with the CSRF token and `values`; else it is a link."""

    label: str
    href: str
    icon: str = ""
    primary: bool = False
    post: bool = False
    danger: bool = False
    disabled: bool = False
    reason: str = ""
    key: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flash:
    """What the page before this one left to be said once.

    `undo` names the act that a button takes back, or with `is_redo` brings about again; after that `back` is shown.
    `saved` names the draft that is no longer needed.
    """

    said: str = ""
    undo: str = ""
    back: str = ""
    saved: str = ""
    is_redo: bool = False


NO_FLASH = Flash()


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page of a signed-in person. `flash` says once what just happened."""

    product: str = "xrm"
    person: str = ""
    person_href: str = "/me"
    api_href: str = "/api/v1/docs"
    groups: tuple[NavGroup, ...] = ()
    theme: str = "system"
    density: str = "normal"
    direction: str = "ltr"
    csrf_token: str = ""
    mark: str = ""
    home_href: str = "/"
    search_href: str = "/search"
    palette_href: str = "/palette"
    keys_href: str = "/help/keys"
    theme_href: str = "/me/theme"
    sign_out_href: str = "/logout"
    banner: str = ""
    flash: Flash = NO_FLASH
    letter_keys: bool = True


@dataclass(frozen=True, slots=True)
class Empty:
    """What a place without records says: what would be here, why it is empty, one thing to do."""

    title: str
    text: str = ""
    icon: str = "inbox"
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under a heading, on a record page or a form; a `hidden` one waits for what is typed to show it."""

    label: str
    fields: tuple[Field, ...]
    help: str = ""
    name: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class FormProblem:
    """A line in the summary of errors; `field_id` is where its link leads, empty for the whole form."""

    message: str
    field_id: str = ""


@dataclass(frozen=True, slots=True)
class ClashRow:
    """A field that two people changed: posts `name` with `mine` or `theirs`; `chosen` is the one preset."""

    field: Field
    name: str
    theirs: object
    mine: object
    chosen: str = "mine"


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form. `hidden` carries version and the like; `merged` says what somebody else changed meanwhile.

    `clashes` are the fields in which the two meet, for the person to choose. `conditions` is what the page judges by
    itself while somebody types, as JSON; empty where there is nothing to judge.
    """

    title: str
    action: str
    submit: str
    cancel_href: str
    sections: tuple[Section, ...]
    crumbs: tuple[Link, ...] = ()
    problems: tuple[FormProblem, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    merged: str = ""
    clashes: tuple[ClashRow, ...] = ()
    has_files: bool = False
    is_wide: bool = False
    is_danger: bool = False
    second: str = ""  # label of a second button, posted as `then=new`
    draft: str = ""  # the name under which the browser keeps what is typed; it keeps nothing without
    typed: str = ""  # the draft that the form shows
    conditions: str = ""
    twins: tuple[Link, ...] = ()  # records that may be the same thing
    accept: str = ""  # label of the button that writes it anyway, posted as `duplicates=accept`


@dataclass(frozen=True, slots=True)
class QuickForm:
    """The short form of a new record in a dialog.

    `problems` are about none of its fields; `whole_href` is the form with all of them; `conditions` is what its page
    judges, as JSON. `twins` are records like it; where they are only warned of, `accept` is the button that makes it.
    """

    title: str
    action: str
    submit: str
    sections: tuple[Section, ...]
    problems: tuple[str, ...] = ()
    whole_href: str = ""
    conditions: str = ""
    twins: tuple[Link, ...] = ()
    accept: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A record that was made on the way, as a lookup holds it."""

    entity: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A found record; `snippet` is text in pieces, the marked ones true."""

    title: str
    href: str
    detail: str = ""
    snippet: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class HitGroup:
    """What was found of one entity."""

    label: str
    icon: str
    hits: tuple[Hit, ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The search page: before (`query` empty), with results, without."""

    action: str
    query: str = ""
    groups: tuple[HitGroup, ...] = ()
    state: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A record offered by a lookup: `value` is what the form will post; or at `make` the way to a new one."""

    value: str
    title: str
    detail: str = ""
    icon: str = ""
    make: str = ""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A refusal as a page: the same facts as problem+json."""

    status: int
    title: str
    detail: str
    problems: tuple[str, ...] = ()
    request_id: str = ""
    actions: tuple[Action, ...] = ()
    search_action: str = ""
