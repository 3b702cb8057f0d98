"""What the templates of the API reference are given: one frozen value for each thing that integrators read about."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.models import Link


@dataclass(frozen=True, slots=True)
class DocParameter:
    """A parameter of a call: where it goes (path, query or body), and what it takes."""

    name: str
    place: str
    type: str
    text: str = ""
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class DocCall:
    """One call of the API. `samples` are (tab, text); `answers` are (status, meaning)."""

    method: str
    path: str
    summary: str
    id: str
    parameters: tuple[DocParameter, ...] = ()
    body: str = ""
    samples: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    answers: tuple[tuple[int, str], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class DocField:
    """One field as integrators see it."""

    name: str
    type: str
    label: str
    example: str = ""
    notes: str = ""
    required: bool = False
    writable: bool = True


@dataclass(frozen=True, slots=True)
class DocsPage:
    """The API reference of one entity, or the overview of all when there are no calls."""

    title: str
    text: str
    crumbs: tuple[Link, ...]
    entities: tuple[Link, ...] = ()
    fields: tuple[DocField, ...] = ()
    calls: tuple[DocCall, ...] = ()
    links: tuple[Link, ...] = ()
