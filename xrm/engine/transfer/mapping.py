"""Which column of a file goes where in a record: said by people, or found by name, label or former name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xrm.errors import Invalid, Place, Problems
from xrm.metadata.fieldtypes.base import Control
from xrm.metadata.model import Entity, Field, Label, Model, Relationship
from xrm.metadata.values import fold
from xrm.registry import near_names

EXTERNAL_KEY = "external_key"
ID = "id"
_LABELS: Mapping[str, Label] = {
    EXTERNAL_KEY: {"en": "External key", "pt": "Chave externa", "es": "Clave externa", "ru": "Внешний ключ"},
    "owner": {"en": "Owner", "pt": "Responsável", "es": "Responsable", "ru": "Ответственный"},
    "team": {"en": "Team", "pt": "Equipa", "es": "Equipo", "ru": "Команда"},
}
# What other programs call the parts of a name or an address, where an entity has only one of these.
_USUAL: Mapping[Control, Mapping[str, tuple[str, ...]]] = {
    Control.PERSON_NAME: {
        "first": ("first name", "given name", "forename", "primeiro nome", "nombre", "имя"),
        "middle": ("middle name", "nome do meio", "segundo nombre", "отчество"),
        "last": ("last name", "surname", "family name", "apelido", "sobrenome", "apellido", "apellidos", "фамилия"),
    },
    Control.ADDRESS: {
        "street": ("street", "street address", "rua", "calle", "улица"),
        "postal_code": ("postal code", "postcode", "zip", "zip code", "código postal", "индекс", "почтовый индекс"),
        "city": ("city", "town", "cidade", "localidade", "ciudad", "город"),
        "country": ("country", "país", "страна"),
    },
}  # fmt: skip
_NOT_WORDS = re.compile(r"[\W_]+")
_PARTED = (Control.MONEY, Control.PERSON_NAME, Control.ADDRESS, Control.GEO)
_COMPUTED_PARTS = ("base",)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A place for the cells of a column: a field, a part of it, or a lookup by one of the far record's keys.

    `path` is what people write: `name`, `amount.currency`, `account`, `account.tax_number`.
    """

    path: str
    name: str
    part: str = ""
    relationship: Relationship | None = None
    field: Field | None = None

    @property
    def is_lookup(self) -> bool:
        """Whether its cells say which record is meant."""
        return self.relationship is not None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are taken, each with its target, and those that are not."""

    columns: tuple[str, ...]
    targets: tuple[Target | None, ...]

    @property
    def taken(self) -> Iterator[tuple[int, Target]]:
        """The position and target of each column that is taken."""
        return ((index, target) for index, target in enumerate(self.targets) if target is not None)

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The columns that are left out."""
        return tuple(c for c, target in zip(self.columns, self.targets, strict=True) if target is None)

    def column_of(self, path: str) -> str:
        """The column whose cells ended up at this path of a record, as well as that can be said."""
        place = self.place_of(path)
        return "" if place is None else self.columns[place]

    def cell_of(self, path: str, cells: Sequence[str]) -> str:
        """What stood in that column of a row; nothing of what is kept secret."""
        place = self.place_of(path)
        if place is None or place >= len(cells):
            return ""
        target = self.targets[place]
        is_secret = target and target.field and target.field.type.control is Control.SECRET
        return "" if is_secret else cells[place]

    def place_of(self, path: str) -> int | None:
        """Where the column of that path stands."""
        names = path.split(".")
        for index, target in self.taken:
            if target.path == path or (target.name == names[0] and target.part in ("", *names[1:2])):
                return index
        return None


def targets_of(model: Model, entity: Entity, writable: Iterable[str], by: str = "") -> dict[str, Target]:
    """Every target that this entity offers to somebody who may write these names, by path.

    The id is one only where records are found by it: new records get ids of their own.
    """
    allowed = frozenset(writable)
    own = (EXTERNAL_KEY, ID) if by == ID else (EXTERNAL_KEY,)
    found: dict[str, Target] = {name: Target(name, name) for name in own}
    for field in entity.fields.values():
        if field.name in allowed and field.is_given:
            found |= {t.path: t for t in _of_field(field)}
    for relationship in entity.lookups:
        if relationship.name in allowed:
            found |= {t.path: t for t in _of_lookup(model, relationship)}
    return found


def _of_field(field: Field) -> Iterator[Target]:
    yield Target(field.name, field.name, field=field)
    if field.type.control in _PARTED:
        for part in field.parts:
            if part.suffix and part.suffix not in _COMPUTED_PARTS:
                yield Target(f"{field.name}.{part.suffix}", field.name, part.suffix, field=field)


def _of_lookup(model: Model, relationship: Relationship) -> Iterator[Target]:
    yield Target(relationship.name, relationship.name, relationship=relationship)
    for key in far_keys(model, relationship):
        yield Target(f"{relationship.name}.{key}", relationship.name, key, relationship)


def far_keys(model: Model, relationship: Relationship) -> tuple[str, ...]:
    """By what a cell may name the far record: its id, its keys of one text, and its title."""
    keys = [ID, EXTERNAL_KEY]
    for target in relationship.targets:
        far = model.entities[target]
        keys += [f.name for f in far.fields.values() if f.unique]
        keys += [key.fields[0] for key in far.keys.values() if len(key.fields) == 1 and key.when is None]
    return (*dict.fromkeys(keys), "title")


def make_mapping(
    model: Model,
    entity: Entity,
    writable: Iterable[str],
    columns: Sequence[str],
    given: Mapping[str, str | None] | None,
    by: str = "",
) -> Columns:
    """The mapping that was said, else the one found by name; raises Invalid with everything that is wrong."""
    offered, problems = targets_of(model, entity, writable, by), Problems()
    if given is None:
        targets = _found(model, offered, columns)
    else:
        present = {column: _present(model, entity, offered, path) for column, path in given.items()}
        targets = _said(offered, columns, present, problems)
    _refuse_doubles(columns, targets, problems)
    if not any(targets) and not problems:
        names = ", ".join(list(offered)[:12])
        problems.add("I109", "No column of the file was recognised.", f"Map them to fields, as {names}.")
    if problems:
        raise Invalid(problems.found)
    return Columns(tuple(columns), tuple(targets))


def _present(model: Model, entity: Entity, offered: Mapping[str, Target], path: str | None) -> str | None:
    """The path by present names, if it leads somewhere by these only."""
    if not path or path in offered:
        return path
    present = model.former.path(entity.name, path)
    return present if present in offered else path


def _said(
    offered: Mapping[str, Target], columns: Sequence[str], given: Mapping[str, str | None], problems: Problems
) -> list[Target | None]:
    for column in given:
        if column not in columns:
            near = near_names(column, columns)
            hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(columns[:12])}."
            problems.add("I106", f"The file has no column {column!r}.", hint, Place(path=f"mapping.{column}"))
    return [_target(offered, column, given.get(column), problems) for column in columns]


def _target(
    offered: Mapping[str, Target], column: str, path: str | None, problems: Problems
) -> Target | None:
    if not path:
        return None
    if path not in offered:
        near = near_names(path, offered)
        hint = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(list(offered)[:12])}."
        problems.add("I107", f"Nothing here is called {path!r}.", hint, Place(path=f"mapping.{column}"))
    return offered.get(path)


def _refuse_doubles(columns: Sequence[str], targets: Sequence[Target | None], problems: Problems) -> None:
    """Two columns for one target, or for the whole and a part of it, would overwrite each other."""
    taken: dict[str, dict[str, str]] = {}
    for column, target in zip(columns, targets, strict=True):
        if target is None:
            continue
        others = taken.setdefault(target.name, {})
        is_whole = not target.part or target.is_lookup
        rival = next((c for part, c in others.items() if is_whole or not part or part == target.part), None)
        others["" if is_whole else target.part] = column
        if rival is not None and not _is_money_pair(target, others):
            hint = "Leave one of them out."
            where = Place(path=f"mapping.{column}")
            problems.add("I108", f"{rival!r} and {column!r} go to the same place.", hint, where)


def _is_money_pair(target: Target, others: Mapping[str, str]) -> bool:
    """An amount may stand under the field's own name, with its currency in another column."""
    is_money = target.field is not None and target.field.type.control is Control.MONEY
    return is_money and set(others) == {"", "currency"}


# --- by name ------------------------------------------------------------------------------------------


def _found(model: Model, offered: Mapping[str, Target], columns: Sequence[str]) -> list[Target | None]:
    """Each target once, for the first column that is called like it."""
    known: dict[str, Target] = {}
    for target in offered.values():
        for name in _names(model, target):
            known.setdefault(plain(name), target)
    for name, target in _usual_names(offered.values()):
        known.setdefault(plain(name), target)
    found: list[Target | None] = []
    used: set[str] = set()
    for column in columns:
        match = known.get(plain(column))
        # A column for a whole that is there in parts, or the other way round, is left to people.
        if match is None or match.path in used or _is_rival(match, used):
            found.append(None)
            continue
        found.append(match)
        used.add(match.path)
    return found


def _usual_names(offered: Iterable[Target]) -> Iterator[tuple[str, Target]]:
    """What parts are called without their whole, where no other field has such parts."""
    parts = [target for target in offered if target.field and target.part]
    for control, words in _USUAL.items():
        meant = [t for t in parts if t.field and t.field.type.control is control]
        if len({t.name for t in meant}) == 1:
            yield from ((name, t) for t in meant for name in words.get(t.part, ()))


def _is_rival(target: Target, used: Iterable[str]) -> bool:
    if target.part and not target.is_lookup:
        is_currency = target.part == "currency"
        return target.name in used and not is_currency
    return any(path.split(".")[0] == target.name and not path.endswith(".currency") for path in used)


def plain(text: str) -> str:
    """The text as names are compared: no case, accents, punctuation or underscores."""
    return _NOT_WORDS.sub(" ", fold(text)).strip()


def _names(model: Model, target: Target) -> Iterator[str]:
    """All that a column for this target may be called."""
    for whole in _own_names(target):
        if not target.part:
            yield whole
        else:
            yield from (f"{whole} {part}" for part in _part_names(model, target))
    if not target.part or target.part == EXTERNAL_KEY or not target.is_lookup:
        yield target.path


def _own_names(target: Target) -> Iterator[str]:
    thing: Field | Relationship | None = target.field or target.relationship
    yield target.name
    yield from (_LABELS.get(target.name, {}) if thing is None else thing.label).values()
    if thing is not None:
        yield from thing.renamed_from


def _part_names(model: Model, target: Target) -> Iterator[str]:
    yield target.part
    yield from _LABELS.get(target.part, {}).values()
    if target.relationship is None:
        return
    for entity in target.relationship.targets:
        field = model.entities[entity].fields.get(target.part)
        if field is not None:
            yield from field.label.values()


def shown(mapping: Columns) -> dict[str, Any]:
    """The mapping as it is told to people: columns with their paths, None for those that are left out."""
    return {
        column: target.path if target else None
        for column, target in zip(mapping.columns, mapping.targets, strict=True)
    }
