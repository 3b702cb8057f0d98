"""What the parts of pages are given in which values are edited where they stand, or many records at once."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Link


@dataclass(frozen=True, slots=True)
class CellEditor:
    """One value that is edited where it is read; `known` are values on which its offers depend.

    `ahead` tells what follows from what is typed; it is empty where nothing does.
    """

    field: Field
    action: str
    version: int
    was: str
    known: tuple[tuple[str, str], ...] = ()
    ahead: str = ""


@dataclass(frozen=True, slots=True)
class CellAhead:
    """What follows from a value before it is saved.

    `fields` are needed then and empty, `wrong` is what can not stay so, `values` are calculated anew.
    """

    fields: tuple[Field, ...]
    wrong: tuple[str, ...]
    values: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class CellClash:
    """A value that `who` changed while it was edited here; `version` is the record's now."""

    field: Field
    who: str
    theirs: object
    mine: object
    version: int


@dataclass(frozen=True, slots=True)
class BulkForm:
    """What is asked before many records are changed; `field` is the control of the new value, once it is known.

    `notes` say what cannot be known before the records are tried.
    """

    title: str
    action: str
    href: str
    submit: str
    fields: tuple[Option, ...] = ()
    chosen: str = ""
    field: Field | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkRefusal:
    """Why some of many records would not change: how many, why, and which: a few, and those behind them."""

    count: str
    reason: str
    records: tuple[Link, ...] = ()
    more: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What would come of a change of many records; `submit` is empty where there is nothing to do."""

    title: str
    href: str
    field: Field | None
    confirm: str
    same: str = ""
    others: str = ""
    untried: str = ""
    refusals: tuple[BulkRefusal, ...] = ()
    submit: str = ""
    is_danger: bool = False
