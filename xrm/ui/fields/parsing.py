"""Posted forms, read back to the JSON forms of the API: the inverse of the `input` faces.

Nothing is judged here. What cannot be read as its kind goes on as the text that was typed, so that the
field's type refuses it with its own message and the page shows it again unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Protocol

from xrm.metadata.fieldtypes.times import write_duration
from xrm.ui.formatting import Reader, as_decimal, decimal_mark, zone_of


class Absence(Enum):
    """`ABSENT`: the form did not carry the field, so that it must stay as it is."""

    ABSENT = "absent"


ABSENT = Absence.ABSENT
NAME_PARTS = ("salutation", "first", "middle", "last", "suffix")
ADDRESS_PARTS = ("street", "number", "city", "state", "postal_code", "country")
GEO_PARTS = ("lat", "lon")


class FormData(Protocol):
    """What a posted form offers; werkzeug's MultiDict does."""

    def getlist(self, key: str, /) -> list[str]: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class RowInput:
    """One row of a posted grid: its number in the form, the record it edits if any, and its values."""

    index: int
    values: Mapping[str, object] = field(default_factory=dict)
    id: str = ""
    removed: bool = False


def parse_form(kind: str, name: str, form: FormData, reader: Reader) -> object:
    """The JSON value that the form carries for a field; None when emptied, `ABSENT` when not in the form."""
    return _PARSERS.get(kind, _text)(name, form, reader)


def parse_rows(name: str, kinds: Mapping[str, str], form: FormData, reader: Reader) -> tuple[RowInput, ...]:
    """The rows of a grid of children in the order of the form; blank new rows are left out."""
    rows = (_row(f"{name}.{index}", index, kinds, form, reader) for index in _indexes(name, form))
    return tuple(row for row in rows if row.id or (not row.removed and _is_filled(row.values)))


def nested(rows: Sequence[RowInput]) -> dict[str, list[object]]:
    """Rows as a nested write: what to create, update and delete."""
    kept = [row for row in rows if not row.removed]
    return {
        "create": [dict(row.values) for row in kept if not row.id],
        "update": [{"id": row.id, **row.values} for row in kept if row.id],
        "delete": [row.id for row in rows if row.removed],
    }


def plain_number(text: str, mark: str) -> str:
    """The number in `text` with a point as its decimal mark, or `text` itself when it is none.

    `mark` is the locale's decimal mark and always wins. The other mark groups thousands, unless what follows
    cannot be a group: `12.5` is twelve and a half in every locale. Beside a decimal mark it is that or nothing:
    `1.234,567` where the point is the mark was meant for another locale, and guessing would be wrong by thousands.
    """
    bare = re.sub(r"[\s\u00a0\u202f'’]", "", text).replace("−", "-")
    other = "." if mark == "," else ","
    whole, has_mark, part = bare.partition(mark)
    is_grouped = re.fullmatch(r"[+-]?[1-9]\d{0,2}(" + re.escape(other) + r"\d{3})+", whole) is not None
    if has_mark and (other in part or (other in whole and not is_grouped)):
        return text
    if has_mark or is_grouped:
        bare = bare.replace(other, "").replace(mark, ".")
    else:
        bare = bare.replace(other, ".")
    return bare if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", bare) else text


def _one(name: str, form: FormData) -> str | None:
    """The last value posted under a name: a hidden companion comes first and gives way."""
    values = form.getlist(name)
    return values[-1] if values else None


def _text(name: str, form: FormData, reader: Reader) -> object:
    value = _one(name, form)
    if value is None:
        return ABSENT
    return value.replace("\r\n", "\n") if value.strip() else None


def _word(name: str, form: FormData, reader: Reader) -> object:
    value = _text(name, form, reader)
    return value.strip() if isinstance(value, str) else value


def _integer(name: str, form: FormData, reader: Reader) -> object:
    value = _word(name, form, reader)
    if not isinstance(value, str):
        return value
    plain = plain_number(value, decimal_mark(reader.locale))
    return int(plain) if re.fullmatch(r"[+-]?\d{1,30}", plain) else value


def _decimal(name: str, form: FormData, reader: Reader) -> object:
    value = _word(name, form, reader)
    if not isinstance(value, str):
        return value
    plain = plain_number(value.rstrip("% \u00a0"), decimal_mark(reader.locale))
    return plain if as_decimal(plain) is not None else value


def _money(name: str, form: FormData, reader: Reader) -> object:
    amount = _decimal(f"{name}.amount", form, reader)
    if not isinstance(amount, str):
        return amount
    currency = _word(f"{name}.currency", form, reader)
    return {"amount": amount, "currency": currency} if isinstance(currency, str) else {"amount": amount}


def _boolean(name: str, form: FormData, reader: Reader) -> object:
    value = _word(name, form, reader)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _instant(name: str, form: FormData, reader: Reader) -> object:
    """The instant of a wall clock time; `<name>.exact` where it still says what is shown of that instant.

    Browsers keep no microseconds, and an hour that a clock lives twice is two instants.
    """
    value, exact = _word(name, form, reader), _one(f"{name}.exact", form)
    wall = _wall(value)
    if wall is None:
        return value
    if exact and wall == _wall(reader.local(exact)):
        return exact
    local = wall if wall.tzinfo else wall.replace(tzinfo=zone_of(reader.zone))
    try:
        return local.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return value


def _wall(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_LENGTH_LETTERS = 60
_LENGTH = re.compile(r"(\d+(?:[.,]\d+)?)\s*([^\W\d_]*)\.?")
_MOST_SECONDS = 10**12  # what any length of time can be, and more than a field takes
_SECONDS = {
    **dict.fromkeys(("d", "day", "days", "dia", "dias", "día", "días", "д", "дн", "дня", "дней"), 86_400),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "hora", "horas", "ч", "час", "часа", "часов"), 3_600),
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes", "minuto", "minutos", "м", "мин"), 60),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "segundo", "segundos", "с", "сек"), 1),
}  # fmt: skip


def seconds_of(text: str) -> int | None:
    """The length in `1 h 30 min`, `1:30`, `90` (minutes) or `2d`, in any of our languages; else None."""
    bare = text.strip().lower()
    if len(bare) > _LENGTH_LETTERS:
        return None
    sign, bare = (-1, bare[1:]) if bare[:1] in ("-", "−") else (1, bare)
    clock = re.fullmatch(r"(\d+):([0-5]\d)(?::([0-5]\d))?", bare)
    if clock:
        return sign * (int(clock[1]) * 3_600 + int(clock[2]) * 60 + int(clock[3] or 0))
    parts = _LENGTH.findall(bare)
    if not parts or _LENGTH.sub("", bare).strip() or any(unit not in _SECONDS for _, unit in parts):
        return None
    return sign * round(sum(float(number.replace(",", ".")) * _SECONDS[unit] for number, unit in parts))


def _duration(name: str, form: FormData, reader: Reader) -> object:
    value = _text(name, form, reader)
    if not isinstance(value, str):
        return value
    seconds = seconds_of(value)
    return (
        value
        if seconds is None or abs(seconds) > _MOST_SECONDS
        else write_duration(timedelta(seconds=seconds))
    )


def _several(name: str, form: FormData, reader: Reader) -> object:
    if not form.getlist(name):
        return ABSENT
    return [value for value in form.getlist(name) if value] or None


def _tags(name: str, form: FormData, reader: Reader) -> object:
    if not form.getlist(name):
        return ABSENT
    words = (word.strip() for value in form.getlist(name) for word in re.split(r"[,;\n]", value))
    return list(dict.fromkeys(word for word in words if word)) or None


def _parts(keys: Sequence[str], numeric: bool = False) -> Callable[[str, FormData, Reader], object]:
    def parse(name: str, form: FormData, reader: Reader) -> object:
        read = _decimal if numeric else _text
        values = {key: read(f"{name}.{key}", form, reader) for key in keys}
        present = {key: value for key, value in values.items() if value is not ABSENT}
        if not present:
            return ABSENT
        return present if any(value is not None for value in present.values()) else None

    return parse


def _secret(name: str, form: FormData, reader: Reader) -> object:
    """A secret is kept unless another is typed or its removal is ticked."""
    if _one(f"{name}.clear", form):
        return None
    return _one(name, form) or ABSENT


def _lookup(name: str, form: FormData, reader: Reader) -> object:
    """The chosen record's id, or {"entity", "id"} where several entities are possible.

    A text typed without choosing gives {"text": ...}: whoever asked resolves it to a record or refuses it.
    """
    chosen, typed, shown = (_word(name + tail, form, reader) for tail in ("", ".text", ".shown"))
    if chosen is ABSENT and typed is ABSENT:
        return ABSENT
    if typed is None:
        return None
    if isinstance(typed, str) and (typed != shown or not isinstance(chosen, str)):
        return typed if _is_id(typed) else {"text": typed}
    if not isinstance(chosen, str):
        return None
    entity, slash, id_ = chosen.partition("/")
    return {"entity": entity, "id": id_} if slash else chosen


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def _indexes(name: str, form: FormData) -> list[int]:
    found = (re.match(re.escape(name) + r"\.(\d{1,6})\.", key) for key in form)
    return sorted({int(match[1]) for match in found if match})


def _row(prefix: str, index: int, kinds: Mapping[str, str], form: FormData, reader: Reader) -> RowInput:
    values = {name: parse_form(kind, f"{prefix}.{name}", form, reader) for name, kind in kinds.items()}
    present = {name: value for name, value in values.items() if value is not ABSENT}
    return RowInput(index, present, _one(f"{prefix}.id", form) or "", bool(_one(f"{prefix}.delete", form)))


def _is_filled(values: Mapping[str, object]) -> bool:
    """Whether somebody typed into a new row; an unticked box and a preset currency are no typing."""
    return any(value not in (None, False) for value in values.values())


_PARSERS: Mapping[str, Callable[[str, FormData, Reader], object]] = {
    "number": _integer,
    "rating": _integer,
    "decimal": _decimal,
    "percent": _decimal,
    "money": _money,
    "boolean": _boolean,
    "datetime": _instant,
    "duration": _duration,
    "multi_select": _several,
    "file": _several,
    "image": _several,
    "tags": _tags,
    "person_name": _parts(NAME_PARTS),
    "address": _parts(ADDRESS_PARTS),
    "geo": _parts(GEO_PARTS, numeric=True),
    "secret": _secret,
    "lookup": _lookup,
}
