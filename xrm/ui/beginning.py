"""What the pages of a beginning are given: the first run, and the organisation with its sample data."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.models import Action, FormProblem, Link, Section
from xrm.ui.own_pages import MeForm
from xrm.ui.transfers import JobPage


@dataclass(frozen=True, slots=True)
class PackChoice:
    """A pack that can be ticked; `needs` are the names of those that come with it."""

    name: str
    label: str
    summary: str
    facts: str
    needs: tuple[str, ...]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The form of the first run. `key` is what lets it be sent."""

    action: str
    key: str
    sections: tuple[Section, ...]
    packs: tuple[PackChoice, ...]
    with_demo: bool
    problems: tuple[FormProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """What somebody reads who comes to the first run without its key."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """The organisation's name, its sample data with the newest job about it, and whether first steps are shown."""

    title: str
    links: tuple[Link, ...]
    name: MeForm
    sample: str
    changed: str
    job: JobPage | None
    add: Action | None
    remove: Action | None
    guide: Action
