"""The forms that values of a field are kept in, and how values of one form become values of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from xrm.errors import Place, Problem
from xrm.metadata.fieldtypes.base import BadValue, FieldType, Option, Params, Part, Say
from xrm.metadata.fieldtypes.builtins import read_value, value_from, write_value
from xrm.metadata.fieldtypes.choices import former_keys, options_of
from xrm.metadata.fieldtypes.conversions import conversion, converted
from xrm.metadata.model import Field
from xrm.metadata.values import no_worth, worth_in

Decisions = Mapping[str, str]
NO_DECISIONS: Decisions = {}
OWN_OPTIONS = ("choice", "multi_choice")
BEING = "state of a lifecycle"  # the name of what no field can be


class Fault(StrEnum):
    """Why a value cannot be kept, and the word before the place of the decision about it."""

    UNFIT = "unfit"  # the value is none of the field as it will be
    OPTION = "option"  # the option will be gone
    EMPTY = "empty"  # a value will be required
    STATE = "state"  # the state will be gone


class Unfit(Exception):
    """A value that nothing was decided about: `fault` says why, `option` which option it is about."""

    def __init__(self, fault: Fault, message: str = "", option: str = "") -> None:
        super().__init__(message)
        self.fault, self.message, self.option = fault, message, option


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about the values of one field, as texts that the field reads; an empty text is no value."""

    unfit: str | None = None
    empty: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def about(decisions: Decisions, entity: str, name: str) -> Decided:
        """Those of the decisions that are about this field."""
        start = f"{Fault.OPTION}:{entity}.{name}."
        options = {key.removeprefix(start): said for key, said in decisions.items() if key.startswith(start)}
        unfit, empty = (decisions.get(f"{fault}:{entity}.{name}") for fault in (Fault.UNFIT, Fault.EMPTY))
        return Decided(unfit, empty, options)

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Decided:
        """The same again."""
        return Decided(kept.get("unfit"), kept.get("empty"), kept.get("options", {}))

    def as_json(self) -> dict[str, Any]:
        """What the ledger keeps of them."""
        return {"unfit": self.unfit, "empty": self.empty, "options": dict(self.options)}

    def over(self, others: Decided) -> Decided:
        """These, and those of the others to which these say nothing."""
        return Decided(
            others.unfit if self.unfit is None else self.unfit,
            others.empty if self.empty is None else self.empty,
            {**others.options, **self.options},
        )

    def keys(self, entity: str, name: str) -> Iterator[str]:
        """The decisions that they are."""
        for fault, said in ((Fault.UNFIT, self.unfit), (Fault.EMPTY, self.empty)):
            if said is not None:
                yield f"{fault}:{entity}.{name}"
        yield from (f"{Fault.OPTION}:{entity}.{name}.{key}" for key in self.options)


NOTHING_DECIDED = Decided()
DECIDED = "answers"  # what the ledger has called decisions since before conflicts had answers


@dataclass(frozen=True, slots=True)
class Form:
    """A type with parameters, as a field has or had it; with `follows` its values are computed, and found anew."""

    type: FieldType
    params: Params
    required: bool = False
    follows: bool = False

    @staticmethod
    def of(field_: Field) -> Form:
        """The form of the values of this field."""
        return Form(field_.type, field_.params, field_.required, field_.formula is not None)

    @staticmethod
    def from_definition(kept: Mapping[str, Any], types: Mapping[str, FieldType]) -> Form | None:
        """The form that a definition in the ledger says; None where its type is not known any more."""
        type_ = types.get(kept.get("type", ""))
        if type_ is None:
            return None
        params = dict(kept.get("params", {}))
        if "options" in params:
            params["options"] = tuple(map(_option, params["options"]))
        return Form(type_, params, bool(kept.get("required")), kept.get("formula") is not None)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its columns."""
        return self.type.parts(self.params)

    def columns(self, name: str) -> tuple[str, ...]:
        """What they are called, of a field of this name."""
        mark = "_" if self.type.name == BEING else "__"
        return tuple(f"{name}{mark}{part.suffix}" if part.suffix else name for part in self.parts)

    def value(self, scalars: tuple[Any, ...]) -> Any:
        """The value that the columns hold; None if they are all empty."""
        return value_from(self.type, scalars, self.params)

    def said(self, value: Any) -> Any:
        """The value as an API gives it."""
        return write_value(self.type, value, self.params)

    def takes_all_of(self, other: Form) -> bool:
        """Whether every value of the other form is certainly one of this; what people gave is never a computed one."""
        if self.type.name != other.type.name or (self.follows and not other.follows):
            return False
        names = (self.params.keys() | other.params.keys()) - {"default_currency"}
        return all(self._is_wider(name, other) for name in names)

    def _is_wider(self, name: str, other: Form) -> bool:
        if name == "options":
            known = {option.key for option in options_of(self.params)}
            known |= former_keys(options_of(self.params)).keys()
            return known >= {option.key for option in options_of(other.params)}
        mine, theirs = self._bound(name), other._bound(name)
        if mine == theirs:
            return True
        if not name.startswith(("min", "max")):
            return False
        if mine is None or theirs is None:
            return mine is None
        mine, theirs = (
            Decimal(str(mine)),
            Decimal(str(theirs)),
        )  # a float cannot tell 2^53 from the next number
        return mine >= theirs if name.startswith("max") else mine <= theirs

    def _bound(self, name: str) -> Any:
        return self.params.get(name, self.type.params.get(name, {}).get("default"))

    def same_as(self, other: Form) -> bool:
        """Whether both take the same values."""
        return self.takes_all_of(other) and other.takes_all_of(self)


def _option(kept: Mapping[str, Any]) -> Option:
    return Option(
        kept["key"], kept.get("label", {}), kept.get("color", ""), tuple(kept.get("renamed_from", ()))
    )


@dataclass(frozen=True)
class Change:
    """From one form to another, with what was decided. Amounts are worth themselves in the base `currency`.

    `kept_keys` say which options are which, where more is known of that than both forms say.
    """

    before: Form
    after: Form
    decided: Decided = NOTHING_DECIDED
    currency: str = ""
    kept_keys: Mapping[str, str] | None = None

    @cached_property
    def say(self) -> Say | None:
        """What says a value as input of the other form; None if nothing does."""
        return conversion(self.before.type, self.after.type)

    @property
    def is_needed(self) -> bool:
        """Whether a value is required that was not before."""
        return self.after.required and not self.before.required

    def value(self, value: Any, used: list[tuple[Fault, str]] | None = None) -> Any:
        """What the value becomes, the decisions that it took added to `used`; raises Unfit where none was taken."""
        taken = [] if used is None else used
        made = None if value is None else self._converted(value, taken)
        if made is None and self.is_needed:
            if self.decided.empty is None:
                raise Unfit(Fault.EMPTY)
            taken.append((Fault.EMPTY, ""))
            made = self._values["empty"]
        return self._worth(made, value)

    def _worth(self, made: Any, value: Any) -> Any:
        """An amount that stays as it is is worth what it was worth; of others only the base currency is known."""
        in_base = self.after.type.in_base
        if made is None or in_base is None:
            return made
        bare = in_base(made, no_worth)
        is_same = self.before.type.in_base is not None and in_base(value, no_worth) == bare
        return value if is_same else worth(self.after, made, self.currency)

    def _converted(self, value: Any, used: list[tuple[Fault, str]]) -> Any:
        if self.after.follows:
            return None  # it is found anew as soon as the definitions are in force
        if self.say is None:
            raise Unfit(Fault.UNFIT)
        kept = self._with_options_left(value, used) if self._keeps_options else value
        if kept is None:
            return None
        try:
            return converted(self.say, kept, self.before.params, self.after.type, self.after.params)
        except BadValue as refusal:
            if self.decided.unfit is None:
                raise Unfit(Fault.UNFIT, refusal.problem.message) from None
            used.append((Fault.UNFIT, ""))
            return self._values["unfit"]

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        return {"unfit": self._read(self.decided.unfit), "empty": self._read(self.decided.empty)}

    def _read(self, said: str | None) -> Any:
        """What a decision says; nothing where `faults` refuses it."""
        try:
            return None if said is None else read_value(self.after.type, said, self.after.params)
        except BadValue:
            return None

    @cached_property
    def lost_options(self) -> frozenset[str]:
        """The options that will be gone, of a field that keeps options of its own."""
        if not self._keeps_options:
            return frozenset()
        kept = self._options_left if self.kept_keys is None else self.kept_keys.keys()
        return frozenset(option.key for option in options_of(self.before.params)) - kept

    @property
    def _keeps_options(self) -> bool:
        return self.before.type.name in OWN_OPTIONS and self.after.type.name in OWN_OPTIONS

    @cached_property
    def _options_left(self) -> frozenset[str]:
        options = options_of(self.after.params)
        return frozenset((*(option.key for option in options), *former_keys(options)))

    def _with_options_left(self, value: Any, used: list[tuple[Fault, str]]) -> Any:
        """The value with what was decided in place of options that will be gone; None if nothing is left."""
        given = (value,) if isinstance(value, str) else value
        used += [(Fault.OPTION, key) for key in given if key in self.lost_options]
        left = tuple(dict.fromkeys(key for each in given if (key := self._instead(each))))
        return (left[0] if left else None) if isinstance(value, str) else left or None

    def _instead(self, key: str) -> str:
        if key not in self.lost_options:
            return (self.kept_keys or {}).get(key, key)
        said = self.decided.options.get(key)
        if said is None:
            raise Unfit(Fault.OPTION, option=key)
        return said if said in self._options_left else ""

    def faults(self, entity: str, name: str) -> Iterator[Problem]:
        """What is wrong with the decisions themselves."""
        said = {Fault.UNFIT: self.decided.unfit, Fault.EMPTY: self.decided.empty}
        texts = [(f"{fault}:{entity}.{name}", text) for fault, text in said.items() if text]
        for key, text in (*texts, *self._options_said(entity, name)):
            try:
                read_value(self.after.type, text, self.after.params)
            except BadValue as refusal:
                yield undecided(key, f"{text!r} is no value of it: {refusal.problem.message}")
        if self.is_needed and self.decided.empty == "":
            yield undecided(f"{Fault.EMPTY}:{entity}.{name}", "A value is required.")

    def _options_said(self, entity: str, name: str) -> Iterator[tuple[str, str]]:
        for key, text in self.decided.options.items():
            if text:
                yield f"{Fault.OPTION}:{entity}.{name}.{key}", text

    def uses(self, decided: Decided) -> Decided:
        """Those of the decisions that are about something that can happen."""
        options = {key: said for key, said in decided.options.items() if key in self.lost_options}
        return Decided(decided.unfit, decided.empty if self.is_needed else None, options)


def worth(form: Form, value: Any, currency: str) -> Any:
    """The value with what it is worth in the base currency, where its type knows that."""
    in_base = form.type.in_base
    return value if value is None or in_base is None else in_base(value, worth_in(currency))


def undecided(key: str, message: str) -> Problem:
    """A decision that decides nothing."""
    hint = "Look at the plan for what needs a decision: xrm plan."
    return Problem("S125", f"The decision {key} cannot be followed. {message}", hint, Place(path=key))
