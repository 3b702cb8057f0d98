"""Dates without a zone, instants in UTC, times of day and durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from xrm.metadata.expressions import types as kinds
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Storage
from xrm.metadata.fieldtypes.columns import alone, column, only, schema, typed
from xrm.metadata.fieldtypes.problems import bad, text_of

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<clock>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_ISO_DURATION = re.compile(
    r"P((?P<weeks>[0-9]{1,9})W)?((?P<days>[0-9]{1,9})D)?"
    r"(T((?P<hours>[0-9]{1,9})H)?((?P<minutes>[0-9]{1,9})M)?((?P<seconds>[0-9]{1,9})S)?)?"
)
_COUNTED = re.compile(r"([0-9]{1,9})\s*([a-z]+)")
_WORDS = re.compile(r"([0-9]{1,9}\s*[a-z]+[\s,]*)+")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 604800),
}
# An instant is shown in zones up to a day away, and must exist there too.
EARLIEST = datetime(1, 1, 3, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)
LONGEST = timedelta(days=3_650_000)
_SECOND = timedelta(seconds=1)
DURATION_PATTERN = "^-?P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$"


def _parse_date(raw: Any, params: Params) -> date:
    text = text_of(raw, "a date", '"2026-05-31"')
    if not _DATE.fullmatch(text):
        raise bad("R118", "Must be a date, for example 2026-05-31.", "Write year, month and day.")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad(
            "R118", f"Must be a date that exists; {text} does not.", "Look at the month and day."
        ) from None


def parse_instant(raw: Any) -> datetime:
    """The instant that an RFC 3339 text names, in UTC, to the microsecond."""
    text = text_of(raw, "a date and time", '"2026-05-31T14:30:00Z"')
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise bad("R118", "Must be a date and time, for example 2026-05-31T14:30:00Z.")
    if match["offset"] is None:
        raise bad(
            "R119",
            "Must say its offset from UTC, for example 2026-05-31T14:30:00+02:00.",
            "End with Z or it.",
        )
    try:
        instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_such_instant() from None
    if not EARLIEST <= instant <= LATEST:
        raise _no_such_instant()
    return instant


def _no_such_instant() -> BadValue:
    return bad("R118", "Must be a date and time that exists.", "Look at month, day, hour, minute and offset.")


def write_instant(value: datetime) -> str:
    """RFC 3339 in UTC, with microseconds only if there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _parse_time(raw: Any, params: Params) -> time:
    text = text_of(raw, "a time of day", '"14:30"')
    if not _TIME.fullmatch(text):
        raise bad("R118", "Must be a time of day, for example 14:30.", "Write hours and minutes of 24 hours.")
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise bad("R118", "Must be a time of day that exists, from 00:00 to 23:59:59.") from None


def parse_duration(raw: Any) -> timedelta:
    """The span of whole seconds that an ISO 8601 text (`PT4H`) or words (`14 days`, `1h 30m`) name."""
    text = text_of(raw, "a duration", '"PT4H" or "14 days"')
    sign = -1 if text.startswith("-") else 1
    seconds = _seconds(text.removeprefix("-").lstrip())
    if seconds is None:
        raise bad(
            "R118", "Must be a duration, for example 4h, 14 days or PT4H.", "Units: weeks, days, h, m, s."
        )
    if seconds > LONGEST // _SECOND:
        raise bad("R117", f"Must be at most {LONGEST.days} days.")
    return timedelta(seconds=sign * seconds)


def _seconds(text: str) -> int | None:
    iso = _ISO_DURATION.fullmatch(text.upper())
    if iso and iso[0][-1] not in "PT":
        return sum(int(n or 0) * _UNITS[unit] for unit, n in iso.groupdict().items())
    words = text.lower()
    if not _WORDS.fullmatch(words):
        return None
    counted = _COUNTED.findall(words)
    if any(unit not in _UNITS for _, unit in counted):
        return None
    return sum(int(n) * _UNITS[unit] for n, unit in counted)


def write_duration(value: timedelta) -> str:
    """ISO 8601 in days, hours, minutes and seconds, parts of zero left out."""
    seconds = value // _SECOND
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    days, rest = divmod(seconds, 86400)
    clock = f"{_count(rest // 3600, 'H')}{_count(rest // 60 % 60, 'M')}{_count(rest % 60, 'S')}"
    if not seconds:
        return "PT0S"
    return f"{sign}P{_count(days, 'D')}{'T' if clock else ''}{clock}"


def _count(n: int, unit: str) -> str:
    return f"{n}{unit}" if n else ""


def _parse_boolean(raw: Any, params: Params) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else None
    if word in _BOOLEAN_WORDS:
        return _BOOLEAN_WORDS[word]
    raise bad("R110", "Must be true or false.", "A number is not taken; write true or false.")


_BOOLEAN_WORDS: Mapping[str | None, bool] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

BOOLEAN = FieldType(
    name="boolean",
    summary="True or false.",
    example="is_active: {type: boolean, default: 'true'}",
    control=Control.BOOLEAN,
    parts=column(Storage.BOOLEAN),
    parse=_parse_boolean,
    dump=lambda value, params: value,
    split=alone,
    join=only,
    expression=typed(kinds.BOOLEAN),
    json_schema=schema(type="boolean", examples=[True]),
    can_be_unique=False,
)

DATE = FieldType(
    name="date",
    summary="A calendar date, the same in every zone.",
    example="closed_on: {type: date, default: today()}",
    control=Control.DATE,
    parts=column(Storage.DATE),
    parse=_parse_date,
    dump=lambda value, params: value.isoformat(),
    split=alone,
    join=only,
    expression=typed(kinds.DATE),
    json_schema=schema(type="string", format="date", examples=["2026-05-31"]),
)

DATETIME = FieldType(
    name="datetime",
    summary="An instant, kept in UTC and shown in the reader's zone.",
    example="called_at: {type: datetime}",
    control=Control.DATETIME,
    parts=column(Storage.DATETIME),
    parse=lambda raw, params: parse_instant(raw),
    dump=lambda value, params: write_instant(value),
    split=alone,
    join=only,
    expression=typed(kinds.DATETIME),
    json_schema=schema(type="string", format="date-time", examples=["2026-05-31T14:30:00Z"]),
)

TIME = FieldType(
    name="time",
    summary="A time of day to the second, without a zone.",
    example="opens: {type: time}",
    control=Control.TIME,
    parts=column(Storage.TIME),
    parse=_parse_time,
    dump=lambda value, params: value.isoformat(),
    split=alone,
    join=only,
    expression=typed(kinds.TIME),
    json_schema=schema(
        type="string", pattern="^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", examples=["14:30:00"]
    ),
)

DURATION = FieldType(
    name="duration",
    summary="A span of whole seconds; months and years are not spans, for they differ in length.",
    example="effort: {type: duration}",
    control=Control.DURATION,
    parts=column(Storage.DURATION),
    parse=lambda raw, params: parse_duration(raw),
    dump=lambda value, params: write_duration(value),
    split=alone,
    join=only,
    expression=typed(kinds.DURATION),
    json_schema=schema(type="string", format="duration", pattern=DURATION_PATTERN, examples=["PT4H"]),
)

TIME_TYPES = (BOOLEAN, DATE, DATETIME, TIME, DURATION)
