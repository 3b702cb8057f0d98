"""Settings of packs: the kinds of values that they take, what they are in a model, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from xrm.metadata.dependencies import dependencies_of
from xrm.metadata.expressions.tree import Expression, parameters
from xrm.metadata.expressions.types import BOOLEAN, DATE, DECIMAL, INTEGER, TEXT, Kind, Type
from xrm.metadata.expressions.working import NoCalendar, read_calendar
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.fieldtypes.problems import bad
from xrm.metadata.model import Field, Label, Model
from xrm.metadata.reading import ReadPack
from xrm.metadata.sources import Layer
from xrm.metadata.words import told

KIND: Final = "settings"
CHOICE, CALENDAR = "choice", "calendar"
TYPES: Final[Mapping[str, Type]] = {
    "text": TEXT,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "boolean": BOOLEAN,
    "date": DATE,
    CHOICE: Type(Kind.CHOICE),
    CALENDAR: Type(Kind.CALENDAR),
}
# Those whose values are read as fields of the type read them, with an example of each.
EXAMPLES: Final[Mapping[str, str]] = {
    "text": "some words",
    "integer": "14",
    "decimal": "12.50",
    "boolean": "true",
    "date": "2026-05-31",
    CALENDAR: "1-5 2026-12-25 2027-01-01",
}
_EXACT: Final[Mapping[str, Any]] = {"precision": 18, "scale": 6}
_VALUE: Final = "default"
_SPOKEN: Final = "settings."


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a pack with its value; `usual` is the value that the pack gives it."""

    name: str
    pack: str
    kind: str
    label: Label
    help: Label
    options: Mapping[str, Label]
    value: Any
    usual: Any

    @property
    def is_changed(self) -> bool:
        """Whether the organisation has given it another value than the pack."""
        return bool(self.value != self.usual)


def value_of(types: Mapping[str, FieldType], kind: str, options: Iterable[str], said: Any) -> Any:
    """What is said, as expressions read it; raises BadValue for what a setting of the kind cannot be."""
    if kind == CHOICE:
        if str(said) not in options:
            raise bad("R120", f'"{said}" is not one of the options.', f"Use one of: {', '.join(options)}.")
        return str(said)
    if kind == CALENDAR:
        return _calendar(said)
    found = None if said == "" else types[kind].parse(said, _EXACT if kind == "decimal" else {})
    if found is None:
        raise bad("R110", "A setting has a value always.", f"Write it as in {EXAMPLES[kind]} .")
    return Decimal(format(found.normalize(), "f")) if isinstance(found, Decimal) else found


def _calendar(said: Any) -> str:
    try:
        return read_calendar(str(said))
    except NoCalendar as why:
        raise bad("R118", str(why), f"Write it as in {EXAMPLES[CALENDAR]} .") from None


def as_said(value: Any) -> Any:
    """The value as a document says it."""
    return value.isoformat() if isinstance(value, date) else value


def settings_of(
    model: Model, packs: Sequence[ReadPack], types: Mapping[str, FieldType]
) -> tuple[Setting, ...]:
    """The settings of all packs of the model, in their order; `packs` are the documents of its layers."""
    usual = dict(_usual(packs))
    return tuple(
        Setting(
            name, pack.name, said["type"], said["label"], said["help"], said["options"], said["default"],
            value_of(types, said["type"], said["options"], usual.get(name, said["default"])),
        )
        for pack in model.packs.values()
        for name, said in pack.settings.items()
    )  # fmt: skip


def _usual(packs: Iterable[ReadPack]) -> Iterator[tuple[str, Any]]:
    """What the packs themselves say."""
    return (one for pack in packs if pack.layer is not Layer.CUSTOMISATION for one in _values(pack))


def _values(pack: ReadPack) -> Iterator[tuple[str, Any]]:
    for doc in pack.docs:
        if doc.kind == KIND:
            yield from ((name, said[_VALUE]) for name, said in doc.body.items() if _VALUE in said)


def changed_settings(before: Sequence[ReadPack], after: Sequence[ReadPack]) -> Iterator[str]:
    """A sentence for each setting that has another value by the layers `after`, which are in order."""
    was, now = ({n: v for pack in packs for n, v in _values(pack)} for packs in (before, after))
    for name, value in now.items():
        if name in was and was[name] != value:
            yield f"The setting {name} is {told(value)}, and was {told(was[name])}."


def asked_of(field: Field) -> Set[str]:
    """The names of the settings that decide what the field follows to."""
    return asked_in(field.formula) | asked_in(field.frozen_when)


def asked_in(expression: Expression | None) -> Set[str]:
    """The names of the settings that the expression asks for."""
    names = parameters(expression.tree) if expression is not None else frozenset()
    return {name.removeprefix(_SPOKEN) for name in names if name.startswith(_SPOKEN)}


def followers(model: Model, names: Set[str]) -> tuple[tuple[str, str], ...]:
    """The computed fields, by entity and name, that may follow to something else with these settings."""
    graph = dependencies_of(model)
    own = {part for part in graph.parts if asked_of(model.entities[part[0]].fields[part[1]]) & names}
    found = graph.following(own)
    return tuple(part for part in graph.parts if part in found)
