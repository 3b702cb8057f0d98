"""The controls: for each kind one template with the faces `input`, `read`, `cell` and `filter`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType

from xrm.metadata.fieldtypes.base import Control

FACES = ("input", "read", "cell", "filter")


class Use(Flag):
    """Where values of a kind of control stand besides the form and the page of their record."""

    NONE = 0
    FACT = auto()  # among the facts under a record's title
    TELLING = auto()  # beside a title, where it tells namesakes apart
    COLUMN = auto()  # read, in the table of a record's children
    CELL = auto()  # entered, in a row of a form


IN_ROWS = Use.COLUMN | Use.CELL
PLAIN = Use.FACT | IN_ROWS
TELLING = PLAIN | Use.TELLING


@dataclass(frozen=True, slots=True)
class ControlKind:
    """How pages treat a kind of control.

    `icon` stands before its label; `compound` says that it has several inputs, and thus a legend instead of
    a label; `wide` that it takes the whole row of a form; `figures` that it is read right aligned; `uses`
    where else its values stand.
    """

    control: Control
    icon: str
    compound: bool = False
    wide: bool = False
    figures: bool = False
    uses: Use = PLAIN

    @property
    def template(self) -> str:
        """The file of its four faces."""
        return f"fields/{self.control}.html"


def _kinds() -> Mapping[str, ControlKind]:
    kinds = (
        ControlKind(Control.LINE, "type", uses=TELLING),
        ControlKind(Control.AREA, "align-left", wide=True, uses=IN_ROWS),
        ControlKind(Control.RICH, "pilcrow", wide=True, uses=Use.NONE),
        ControlKind(Control.MARKDOWN, "hash", wide=True, uses=Use.NONE),
        ControlKind(Control.EMAIL, "mail", uses=TELLING),
        ControlKind(Control.PHONE, "phone", uses=TELLING),
        ControlKind(Control.URL, "globe"),
        ControlKind(Control.NUMBER, "hash", figures=True, uses=TELLING),
        ControlKind(Control.DECIMAL, "hash", figures=True),
        ControlKind(Control.PERCENT, "percent", figures=True),
        ControlKind(Control.MONEY, "banknote", compound=True, figures=True, uses=TELLING),
        ControlKind(Control.BOOLEAN, "toggle-left"),
        ControlKind(Control.DATE, "calendar", uses=TELLING),
        ControlKind(Control.DATETIME, "calendar-clock", uses=TELLING),
        ControlKind(Control.TIME, "clock"),
        ControlKind(Control.DURATION, "timer", figures=True),
        ControlKind(Control.SELECT, "list", uses=TELLING),
        ControlKind(Control.MULTI_SELECT, "list-checks"),
        ControlKind(Control.TAGS, "tag", uses=IN_ROWS),
        ControlKind(Control.RATING, "star", compound=True),
        ControlKind(Control.COLOR, "palette"),
        ControlKind(Control.READONLY, "lock", uses=TELLING),
        ControlKind(Control.PERSON_NAME, "user", compound=True, wide=True),
        ControlKind(Control.ADDRESS, "map-pin", compound=True, wide=True, uses=Use.COLUMN),
        ControlKind(Control.GEO, "locate", compound=True, uses=Use.FACT | Use.COLUMN),
        ControlKind(Control.FILE, "paperclip", compound=True, uses=Use.NONE),
        ControlKind(Control.IMAGE, "image", compound=True, uses=Use.NONE),
        ControlKind(Control.JSON, "braces", wide=True, uses=Use.NONE),
        ControlKind(Control.SECRET, "key-round", uses=Use.FACT | Use.COLUMN),
        ControlKind(Control.EXPRESSION, "square-function", wide=True, uses=Use.FACT | Use.COLUMN),
        ControlKind(Control.LOOKUP, "link", uses=TELLING),
        ControlKind(Control.ROWS, "rows-3", compound=True, wide=True),
    )
    return MappingProxyType({str(kind.control): kind for kind in kinds})


CONTROLS = _kinds()
# A click in a native list of several takes all others away without a word, so it is for long lists alone.
CHIP_LIMITS = {"select": 5, "multi_select": 40}


def control(kind: str) -> ControlKind:
    """What is known about a kind of control; an unknown kind is a fault and raises KeyError."""
    return CONTROLS[kind]


def suits(kind: str, use: Use) -> bool:
    """Whether values of a kind of control may stand there."""
    return use in CONTROLS[kind].uses


def is_compound(kind: str, options: int) -> bool:
    """Whether it shows several inputs: choices do while there are few enough to show them all."""
    return CONTROLS[kind].compound or 0 < options <= CHIP_LIMITS.get(kind, 0)
