"""A field whose values become others, or have to be looked at, and what becomes of one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from xrm.engine.storage.asked import Asked
from xrm.engine.storage.beings import decided_states
from xrm.engine.storage.entity_tables import StoredField
from xrm.engine.storage.forms import BEING, Change, Decided, Fault
from xrm.engine.storage.lineage import Kept, taken_back
from xrm.engine.storage.matching import member
from xrm.engine.storage.shadows import Shadow
from xrm.engine.storage.steps import Column
from xrm.metadata.fingerprint import canonical
from xrm.metadata.model import Field


@dataclass(frozen=True, slots=True)
class Turn:
    """A field whose values become others by `change`; or, with `kept`, what they were, newest shadow first.

    `columns` keep the parts as they are; `aside` are all columns of the field as it is. A field that is new has none.
    Where it only `fills`, they are there or come back as they are, and rows that hold nothing get a value.
    `last` is what its values were before the last turn. Where it `is_unique`, no two records may hold the same, which
    the index `holder` sees to. A turn that only `is_check` changes nothing: its values have to fit as they are. What
    was removed and comes back as something narrower becomes that out of `shadow`, which stays; `was` tells what it was
    in a table that comes back.

    Of records where it is hidden no value is asked for: `asked` says of which one is, None of all.

    An attribute of links is one of the relationship `link`, whose records are in `homes`: what their table is called
    now, and what it will be.
    """

    entity: str
    stored: StoredField
    change: Change
    former: Field | None = None
    columns: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    last: Shadow | None = None
    is_check: bool = False
    fills: bool = False
    is_unique: bool = False
    holder: str = ""
    shadow: Shadow | None = None
    was: Any = None
    link: str = ""
    homes: tuple[str, str] = ("", "")
    asked: Asked | None = None

    @property
    def member(self) -> str:
        """The field as its entity calls it."""
        return member(self.link, self.stored.field.name)

    @property
    def name(self) -> str:
        """The field as it is called."""
        return f"{self.entity}.{self.member}"

    @property
    def is_state(self) -> bool:
        """Whether it is the state of records."""
        return self.stored.field.type.name == BEING

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored of the field yet."""
        return self.definition is None and self.shadow is None

    @property
    def adds(self) -> bool:
        """Whether the field gets columns that are not there yet."""
        return not (self.kept or self.fills or self.is_check)

    @property
    def definition(self) -> Any:
        """The field as it is kept now, in plain values; None where it is not."""
        return self.was if self.former is None else canonical(self.former)

    @property
    def reads_all(self) -> bool:
        """Whether rows without any value matter, too."""
        return self.change.is_needed

    @property
    def wanted(self) -> tuple[Column, ...]:
        """The columns that the field shall have."""
        keys = (key for key in self.stored.keys if key is not None)
        return (*self.stored.columns, *keys)

    @property
    def returning(self) -> Shadow | None:
        """The shadow that comes back."""
        return self.kept[-1].shadow if self.kept else None

    @property
    def back(self) -> Mapping[str, str]:
        """By their new names, the columns of the shadow that comes back."""
        shadow = self.returning
        if shadow is None:
            return {}
        former, name = shadow.definition["name"], self.stored.field.name
        return {f"{name}{was.removeprefix(former)}": there for was, there in shadow.columns.items()}

    def decided_in(self, decisions: Mapping[str, str]) -> Decided:
        """What was decided about it."""
        if self.is_state:
            return decided_states(decisions, self.entity)
        return Decided.about(decisions, self.entity, self.member)

    def place(self, fault: Fault, option: str = "") -> str:
        """The place of the decision about what is wrong."""
        if self.is_state:
            return f"{Fault.STATE}:{self.entity}.{option}"
        return f"{fault}:{self.name}" + (f".{option}" if option else "")

    def places(self, decided: Decided) -> Iterator[str]:
        """The places of these decisions."""
        for fault, said in ((Fault.UNFIT, decided.unfit), (Fault.EMPTY, decided.empty)):
            if said is not None:
                yield self.place(fault)
        yield from (self.place(Fault.OPTION, key) for key in decided.options)

    def value(self, row: Mapping[str, Any]) -> Became:
        """What the value of the row becomes; raises Unfit where nothing was decided."""
        form, used = self.change.before, list[tuple[Fault, str]]()
        value = form.value(tuple(row[column] for column in self.columns)) if self.columns else None
        if self.fills and value is not None:
            return Became(value)
        left_out = False
        for kept in self.kept:
            value, is_lost = taken_back(kept, value, row, used)
            left_out = left_out or is_lost
        if not self.kept or (value is None and self.change.is_needed):
            value = self.change.value(value, used)
        return Became(value, tuple(used), left_out)


class Became(NamedTuple):
    """What a value became: by which decisions, and whether a change made since does not fit and is left out."""

    value: Any
    used: tuple[tuple[Fault, str], ...] = ()
    left_out: bool = False
