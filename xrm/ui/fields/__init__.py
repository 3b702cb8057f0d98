"""The controls: for each kind one template with the faces `input`, `read`, `cell` and `filter`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xrm.metadata.fieldtypes.base import Control

FACES = ("input", "read", "cell", "filter")


@dataclass(frozen=True, slots=True)
class ControlKind:
    """How pages treat a kind of control.

    `icon` stands before its label; `compound` says that it has several inputs, and thus a legend instead of
    a label; `wide` that it takes the whole row of a form; `figures` that it is read right aligned.
    """

    control: Control
    icon: str
    compound: bool = False
    wide: bool = False
    figures: bool = False

    @property
    def template(self) -> str:
        """The file of its four faces."""
        return f"fields/{self.control}.html"


def _kinds() -> Mapping[str, ControlKind]:
    kinds = (
        ControlKind(Control.LINE, "type"),
        ControlKind(Control.AREA, "align-left", wide=True),
        ControlKind(Control.RICH, "pilcrow", wide=True),
        ControlKind(Control.MARKDOWN, "hash", wide=True),
        ControlKind(Control.EMAIL, "mail"),
        ControlKind(Control.PHONE, "phone"),
        ControlKind(Control.URL, "globe"),
        ControlKind(Control.NUMBER, "hash", figures=True),
        ControlKind(Control.DECIMAL, "hash", figures=True),
        ControlKind(Control.PERCENT, "percent", figures=True),
        ControlKind(Control.MONEY, "banknote", compound=True, figures=True),
        ControlKind(Control.BOOLEAN, "toggle-left"),
        ControlKind(Control.DATE, "calendar"),
        ControlKind(Control.DATETIME, "calendar-clock"),
        ControlKind(Control.TIME, "clock"),
        ControlKind(Control.DURATION, "timer", figures=True),
        ControlKind(Control.SELECT, "list"),
        ControlKind(Control.MULTI_SELECT, "list-checks"),
        ControlKind(Control.TAGS, "tag"),
        ControlKind(Control.RATING, "star", compound=True),
        ControlKind(Control.COLOR, "palette"),
        ControlKind(Control.READONLY, "lock"),
        ControlKind(Control.PERSON_NAME, "user", compound=True, wide=True),
        ControlKind(Control.ADDRESS, "map-pin", compound=True, wide=True),
        ControlKind(Control.GEO, "locate", compound=True),
        ControlKind(Control.FILE, "paperclip", compound=True),
        ControlKind(Control.IMAGE, "image", compound=True),
        ControlKind(Control.JSON, "braces", wide=True),
        ControlKind(Control.SECRET, "key-round"),
        ControlKind(Control.EXPRESSION, "square-function", wide=True),
        ControlKind(Control.LOOKUP, "link"),
        ControlKind(Control.ROWS, "rows-3", compound=True, wide=True),
    )
    return MappingProxyType({str(kind.control): kind for kind in kinds})


CONTROLS = _kinds()
CHIP_LIMITS = {"select": 5, "multi_select": 12}


def control(kind: str) -> ControlKind:
    """What is known about a kind of control; an unknown kind is a fault and raises KeyError."""
    return CONTROLS[kind]


def is_compound(kind: str, options: int) -> bool:
    """Whether it shows several inputs: choices do while there are few enough to show them all."""
    return CONTROLS[kind].compound or 0 < options <= CHIP_LIMITS.get(kind, 0)
