"""Crates whose fields change while they are filled: which name stood for which field, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock

FIXED = ("code", "kind")
MANIFEST = "pack: harbour\nlabel: Harbour\nversion: 1.{}.0\nsummary: Crates that change.\n"
CRATE = "entity: crate\nlabel: Crate\nplural: Crates\ntitle: code\nfields:\n  code: {type: text, required: true}\n"
EXTRA = "entity: {0}\nlabel: {0}\nplural: {0}s\ntitle: name\nfields:\n  name: {{type: text}}\n"
TYPES = {"text": "type: text", "integer": "type: integer", "decimal": "type: decimal, scale: 2"}


@dataclass(frozen=True, slots=True)
class Slot:
    """A field with the name and type that it has now; `ident` stays. `former` is the name that it has just lost."""

    ident: int
    name: str
    type: str = "text"
    former: str = ""

    def said(self) -> str:
        """The line of its definition."""
        former = f", renamed_from: {self.former}" if self.former else ""
        return f"  {self.name}: {{{TYPES[self.type]}{former}}}\n"

    def value(self, serial: int) -> object:
        """The number as this field takes it."""
        return serial if self.type == "integer" else str(serial)


@dataclass(frozen=True, slots=True)
class Version:
    """What crates are made of: fields of the pack, fields of the organisation, options, and further entities."""

    packed: tuple[Slot, ...]
    ours: tuple[Slot, ...] = ()
    options: tuple[Slot, ...] = ()
    extras: tuple[str, ...] = ()
    names: Mapping[str, Slot] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", {slot.name: slot for slot in (*self.packed, *self.ours)})

    @property
    def kinds(self) -> Mapping[str, int]:
        """The options by key, each with what stays when it is renamed."""
        return {slot.name: slot.ident for slot in self.options}

    def settled(self) -> Version:
        """The same once it holds: no name has just been lost."""
        packed, ours, options = (
            tuple(replace(slot, former="") for slot in slots)
            for slots in (self.packed, self.ours, self.options)
        )
        return Version(packed, ours, options, self.extras)

    def pack(self, number: int) -> dict[str, str]:
        """The files of the pack."""
        fields = "".join(slot.said() for slot in self.packed)
        return {"pack.yaml": MANIFEST.format(number), "entities/crate.yaml": CRATE + fields}

    def customisation(self) -> dict[str, str]:
        """The files of the customisation."""
        options = ", ".join(
            f"{slot.name}: {{{f'renamed_from: {slot.former}' if slot.former else ''}}}"
            for slot in self.options
        )
        kind = f"  kind: {{type: choice, options: {{{options}}}}}\n"
        crate = "entity: crate\nfields:\n" + kind + "".join(slot.said() for slot in self.ours)
        extras = {f"entities/{name}.yaml": EXTRA.format(name) for name in self.extras}
        return {"entities/crate.yaml": crate, **extras}


@dataclass(frozen=True, slots=True)
class Written:
    """A number that was sent for a name, between those two versions: `last` is open until the answer has come."""

    name: str
    first: int
    last: int | None = None


@dataclass(slots=True)
class Timeline:
    """The versions, of which `done` holds for certain, and those up to `begun` may hold already; what was written."""

    versions: list[Version]
    done: int = 0
    written: dict[int, Written] = field(default_factory=dict)
    serials: Iterator[int] = field(default_factory=lambda: count(1000))
    lock: Lock = field(default_factory=Lock)

    @property
    def begun(self) -> int:
        """The version that may hold already."""
        return len(self.versions) - 1

    @property
    def now(self) -> Version:
        """The version that holds for certain."""
        return self.versions[self.done]

    def begin(self, version: Version) -> None:
        """From now on that version may hold."""
        self.versions.append(version.settled())

    def end(self) -> None:
        """The version that was begun holds."""
        self.done = self.begun

    def serial(self, name: str, first: int) -> int:
        """A number that nobody has, about to be sent for that name."""
        with self.lock:
            serial = next(self.serials)
        self.written[serial] = Written(name, first)
        return serial

    def answered(self, serial: int) -> None:
        """Whoever sent it has had an answer."""
        self.written[serial] = replace(self.written[serial], last=self.begun)

    def meant(self, serial: int) -> set[int]:
        """The fields for which the number may have been sent."""
        written = self.written[serial]
        last = self.begun if written.last is None else written.last
        slots = [version.names.get(written.name) for version in self.versions[written.first : last + 1]]
        return {slot.ident for slot in slots if slot}

    def faults(self, row: Mapping[str, object], first: int, last: int) -> list[str]:
        """What is wrong with a row that was read between two versions: none of them explains all of it."""
        found: list[list[str]] = []
        for number in range(first, last + 1):
            found.append(list(self._faults(row, self.versions[number])))
            if not found[-1]:
                return []
        return found[-1]

    def _faults(self, row: Mapping[str, object], version: Version) -> Iterator[str]:
        slots = {name: value for name, value in row.items() if name in self.all_names()}
        if slots.keys() != version.names.keys():
            yield f"{row.get('code')} has {sorted(slots)} in place of {sorted(version.names)}"
            return
        for name, value in slots.items():
            if value is not None and version.names[name].ident not in self.meant(serial_of(value)):
                yield f"{row.get('code')}: {name} holds {value}, sent for {self.written[serial_of(value)]}"

    def loses_a_field(self, first: int) -> bool:
        """Whether a field of that version is missing in one of those after it."""
        had = {slot.ident for slot in self.versions[first].names.values()}
        return any(
            had - {slot.ident for slot in version.names.values()} for version in self.versions[first + 1 :]
        )

    def all_names(self) -> set[str]:
        """Every name that a field has ever had."""
        return {name for version in self.versions for name in version.names}


def serial_of(value: object) -> int:
    """The number in a value of any type."""
    return int(float(str(value)))
