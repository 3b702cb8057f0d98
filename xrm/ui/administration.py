"""What the pages for administrators are given: who is there, what roles grant, which tokens open something."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.models import Action, Link


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user: address, name, whether they may sign in, roles and teams."""

    email: str
    name: str
    is_active: bool
    roles: tuple[str, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsersPage:
    """All users of the installation."""

    title: str
    rows: tuple[UserRow, ...]
    tabs: tuple[Link, ...]
    count: str = ""


@dataclass(frozen=True, slots=True)
class GrantRow:
    """What a grant allows: on what, to do what, on which records, with which fields."""

    entities: str
    can: tuple[str, ...]
    rows: tuple[str, ...]
    fields: str


@dataclass(frozen=True, slots=True)
class RoleCard:
    """A role with its grants; `held` says how many users hold it."""

    name: str
    label: str
    pack: str
    held: str
    grants: tuple[GrantRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class RolesPage:
    """All roles of the installation."""

    title: str
    roles: tuple[RoleCard, ...]
    tabs: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class HeldTokenRow:
    """A token that opens something now, and whose it is; the token itself is never here."""

    owner: str
    name: str
    prefix: str
    created_at: str
    until: str
    revoke: Action


@dataclass(frozen=True, slots=True)
class TokensPage:
    """All tokens that open something."""

    title: str
    rows: tuple[HeldTokenRow, ...]
    tabs: tuple[Link, ...]
