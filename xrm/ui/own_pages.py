"""What the pages of a person's own are given: signing in, home, and who they are."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.models import Action, Empty, FormProblem, Section
from xrm.ui.record_pages import Related


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in card; `error` says in one sentence why it did not work.

    `again` is where the form goes that waits for its person, `kept` what it holds.
    """

    action: str
    csrf_token: str = ""
    email: str = ""
    next: str = ""
    error: str = ""
    again: str = ""
    kept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """Choosing a password by a link; without `action` the link opens nothing any more."""

    action: str = ""
    name: str = ""
    email: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure on the home page; `tone` is good, bad or empty."""

    label: str
    value: str
    more: str = ""
    href: str = ""
    icon: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One thing that somebody new can do here, with the way to do it, until it is done."""

    icon: str
    title: str
    text: str
    action: Action | None = None
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class HomePage:
    """Where a person lands: figures, short lists of their own work, and lessons as long as there is none."""

    title: str
    tiles: tuple[Tile, ...] = ()
    boards: tuple[Related, ...] = ()
    actions: tuple[Action, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    lessons_title: str = ""
    hide_lessons: Action | None = None
    empty: Empty | None = None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token as its owner sees it; the token itself is never here. Without `roles` it has its owner's."""

    name: str
    prefix: str
    created_at: str
    until: str
    is_open: bool
    revoke: Action
    roles: tuple[str, ...] | None = None
    used_at: str = ""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of one's own."""

    device: str
    address: str
    seen_at: str
    is_this: bool
    end: Action


@dataclass(frozen=True, slots=True)
class MeForm:
    """One of the small forms of one's own page."""

    action: str
    submit: str
    section: Section
    problems: tuple[FormProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class MePage:
    """One's own page; `token` is one that was made just now and is shown this once."""

    title: str
    profile: MeForm
    password: MeForm
    new_token: MeForm
    tokens: tuple[TokenRow, ...] = ()
    token: str = ""
    roles: tuple[str, ...] = ()
    sessions: tuple[SessionRow, ...] = ()
    end_sessions: Action | None = None
