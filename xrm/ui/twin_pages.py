"""What the pages about duplicates are given: groups of records that are alike, and those that are to be made one."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Field
from xrm.ui.models import FormProblem, Link


@dataclass(frozen=True, slots=True)
class TwinGroup:
    """Records that are the same thing twice; `merge` leads to making one of them, for whoever may."""

    records: tuple[Link, ...]
    merge: str = ""


@dataclass(frozen=True, slots=True)
class TwinsPage:
    """Duplicates of one entity by one of its ways; `ways` lead to the others, `way` is the name of this one."""

    title: str
    crumbs: tuple[Link, ...]
    ways: tuple[Link, ...]
    way: str
    groups: tuple[TwinGroup, ...]
    next_href: str = ""


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A field in which the records differ: the value of each, and the id of the record whose value is chosen.

    `is_united` says that all values are kept unless one is chosen.
    """

    field: Field
    name: str
    values: tuple[tuple[str, object], ...]
    chosen: str = ""
    is_united: bool = False


@dataclass(frozen=True, slots=True)
class MergePage:
    """Two to five records side by side; posts `keep` and for each row the id of a record."""

    title: str
    crumbs: tuple[Link, ...]
    action: str
    cancel_href: str
    records: tuple[tuple[str, str], ...]
    keep: str
    rows: tuple[MergeRow, ...]
    problems: tuple[FormProblem, ...] = ()
