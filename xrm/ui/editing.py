"""What the parts of pages are given in which values are edited where they stand, or many records at once."""

from __future__ import annotations

from dataclasses import dataclass

from xrm.ui.fields.view import Field, Option


@dataclass(frozen=True, slots=True)
class CellEditor:
    """One value that is edited where it is read; `known` are values on which its offers depend."""

    field: Field
    action: str
    version: int
    was: str
    known: tuple[tuple[str, str], ...] = ()


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
    """What is asked before many records are changed; `field` is the control of the new value, once it is known."""

    title: str
    action: str
    href: str
    submit: str
    fields: tuple[Option, ...] = ()
    chosen: str = ""
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class BulkRefusal:
    """Why some of many records would not change: how many, why, and the names of a few."""

    count: str
    reason: str
    names: str = ""


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
