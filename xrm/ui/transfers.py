"""What the pages of imports, exports and their jobs are given, as `models` is for the others."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, FormProblem, Link


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of an import on the way to its end: done, current or open."""

    label: str
    place: str = "open"


@dataclass(frozen=True, slots=True)
class ImportFilePage:
    """The first step: choosing a file. `columns` are those that are found by themselves."""

    title: str
    crumbs: tuple[Link, ...]
    stages: tuple[Stage, ...]
    action: str
    cancel_href: str
    columns: tuple[str, ...] = ()
    problems: tuple[FormProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """A column of the file: some of its values, and the choice of where they go, posted as `name`."""

    label: str
    name: str
    samples: tuple[str, ...]
    chosen: str = ""
    error: str = ""

    @property
    def id(self) -> str:
        """The id of its control."""
        return f"f-{self.name.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class ImportMapPage:
    """The second step: where each column goes. `reading` says how the file is read, `fields` how its rows are."""

    title: str
    crumbs: tuple[Link, ...]
    stages: tuple[Stage, ...]
    action: str
    read_action: str
    cancel_href: str
    facts: str
    columns: tuple[ImportColumn, ...]
    targets: tuple[Option, ...]
    fields: tuple[Field, ...]
    reading: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...] = ()
    problems: tuple[FormProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row of the file, and what stood there; the row is empty for the whole file."""

    row: str
    column: str
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class JobPage:
    """Work in the background: how far it is, and when it is over what has come of it.

    `tone` is good, bad or empty; `href` is asked again until `is_over`. `about` is what problems are about where
    that is no row of a file.
    """

    title: str
    crumbs: tuple[Link, ...]
    href: str
    state: str
    is_over: bool
    done: int = 0
    total: int | None = None
    progress: str = ""
    note: str = ""
    tone: str = ""
    stages: tuple[Stage, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[RowProblem, ...] = ()
    about: str = ""
    more_problems: str = ""
    actions: tuple[Action, ...] = ()
