"""Values as people read them: by language, locale and zone, from the JSON forms of the API.

Everything here is pure. A text that is not what its kind expects (something mistyped that comes back with
its error) is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers, units

from xrm.metadata.fieldtypes.iso import countries
from xrm.metadata.values import fold
from xrm.ui.i18n import fill, sentence

LONGEST_NUMBER = 40
RECENT = timedelta(days=7)
SAFE_SCHEMES = ("http://", "https://")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LENGTHS = (("{n} d", 86_400), ("{n} h", 3_600), ("{n} min", 60), ("{n} s", 1))


@dataclass(frozen=True, slots=True)
class Reader:
    """The person a page is made for, and every way of writing a value for that person.

    `language` chooses words, `locale` (a Babel id such as `pt_BR`) numbers and dates, `zone` (an IANA name)
    the clock; `now` is the instant that "2 hours ago" is counted from, `base` the currency of totals.
    """

    language: str = "en"
    locale: str = "en"
    zone: str = "UTC"
    now: datetime = _EPOCH
    base: str = ""

    def t(self, text: str, /, **values: object) -> str:
        """The product's own sentence in the reader's language; whole numbers in it are grouped."""
        shown = {key: self.number(v) if isinstance(v, int) else v for key, v in values.items()}
        return fill(sentence(self.language, text, values.get("count")), shown)

    def number(self, value: object) -> str:
        """A number with grouping and the decimals that it has."""
        amount = as_decimal(value)
        return str(value) if amount is None else _number(amount, self.locale)

    def plain(self, value: object) -> str:
        """A number for an input: the locale's decimal mark, no grouping."""
        amount = as_decimal(value)
        if amount is None:
            return "" if value is None else str(value)
        return f"{amount:f}".replace(".", decimal_mark(self.locale))

    def weekdays(self, numbers: Iterable[int]) -> str:
        """Days of the week, 1 for Monday, as in "Mon, Tue"."""
        names = dates.get_day_names("abbreviated", locale=self.locale)
        return ", ".join(names[number - 1] for number in numbers)

    def percent(self, value: object) -> str:
        """10 as "10%", the way the locale writes it."""
        amount = as_decimal(value)
        return str(value) if amount is None else _percent(amount, self.locale)

    def money(self, value: object) -> str:
        """An amount with its currency; a whole amount carries no decimals."""
        if not isinstance(value, Mapping):
            return str(value)
        amount, currency = as_decimal(value.get("amount")), str(value.get("currency") or "")
        if amount is None:
            return f"{value.get('amount') or ''} {currency}".strip()
        return _money(amount, currency, self.locale)

    def worth(self, value: object) -> str:
        """What an amount in another currency is worth in the base currency; nothing where that is not known."""
        logged = value.get("base") if isinstance(value, Mapping) else None  # as the change log keeps it
        worth = as_decimal(getattr(value, "worth", logged))
        return "" if worth is None or not self.base else _money(worth, self.base, self.locale)

    def currency(self, code: str) -> str:
        """What a currency is called."""
        return numbers.get_currency_name(code, locale=self.locale)

    def date(self, value: object) -> str:
        """A calendar day; the year is always there."""
        day = as_date(value)
        return str(value) if day is None else _date(day, self.locale)

    def datetime(self, value: object) -> str:
        """An instant in the reader's zone."""
        instant = as_instant(value)
        return str(value) if instant is None else _datetime(instant, self.zone, self.locale)

    def moment(self, value: object) -> str:
        """An instant as one speaks of it: relative within seven days, else the day."""
        instant = as_instant(value)
        if instant is None:
            return str(value)
        gap = instant - self.now
        if abs(gap) < RECENT:
            seconds = round(gap.total_seconds())
            return _ago(seconds, self.locale) if seconds else self.t("just now")
        return _date(instant.astimezone(zone_of(self.zone)).date(), self.locale)

    def time(self, value: object) -> str:
        """A time of day; seconds only when there are some."""
        clock = as_time(value)
        if clock is None:
            return str(value)
        return dates.format_time(clock, "medium" if clock.second else "short", locale=self.locale)

    def period(self, start: object, end: object) -> str:
        """From one instant to another; the day is said once where it is the same."""
        first, last = as_instant(start), as_instant(end)
        if first is None or last is None:
            return self.datetime(start)
        zone = zone_of(self.zone)
        first, last = first.astimezone(zone), last.astimezone(zone)
        if first.date() != last.date():
            return f"{self.datetime(start)} – {self.datetime(end)}"
        return f"{self.datetime(start)} – {dates.format_time(last, 'short', tzinfo=zone, locale=self.locale)}"

    def phone(self, value: object) -> str:
        """A telephone number in the groups of its country."""
        return _phone(value) if isinstance(value, str) else str(value)

    def duration(self, value: object) -> str:
        """A length of time in days, hours, minutes and seconds, the empty ones left out."""
        seconds = as_seconds(value)
        if seconds is None:
            return str(value)
        rest, parts = abs(seconds), []
        for words, length in LENGTHS:
            count, rest = divmod(rest, length)
            if count:
                parts.append(self.t(words, n=str(count)))
        return ("−" if seconds < 0 else "") + (" ".join(parts) or self.t("{n} min", n=0))

    def local(self, value: object) -> str:
        """An instant for a `datetime-local` input: the reader's wall clock, without zone."""
        instant = as_instant(value)
        if instant is None:
            return "" if value is None else str(value)
        wall = instant.astimezone(zone_of(self.zone)).replace(tzinfo=None)
        return wall.isoformat(
            timespec="minutes" if wall.time() == time(wall.hour, wall.minute) else "milliseconds"
        )

    def size(self, value: object) -> str:
        """A number of bytes in the unit that suits it."""
        amount = as_decimal(value)
        if amount is None:
            return ""
        for unit in ("byte", "kilobyte", "megabyte"):
            if amount < 1000:
                return _unit(amount, f"digital-{unit}", self.locale)
            amount /= 1000
        return _unit(amount, "digital-gigabyte", self.locale)

    def countries(self) -> tuple[tuple[str, str], ...]:
        """Every country as code and name, in the order of the names."""
        return _countries(self.locale)

    def country(self, code: object) -> str:
        """A country's name, or the code when there is none."""
        return str(Locale.parse(self.locale).territories.get(str(code), code))


@lru_cache(maxsize=4096)
def _phone(number: str) -> str:
    # Loaded with the first number, for it brings what is known of all countries.
    import phonenumbers

    try:
        found = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def decimal_mark(locale: str) -> str:
    """The locale's decimal mark."""
    return numbers.get_decimal_symbol(locale)


def as_decimal(value: object) -> Decimal | None:
    """The number in a JSON value, or None; neither a boolean nor one too long to be written is a number."""
    text = "" if isinstance(value, bool) or value is None else str(value)
    try:
        amount = Decimal(text) if len(text) <= LONGEST_NUMBER else Decimal("NaN")
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < LONGEST_NUMBER // 2 else None


def as_date(value: object) -> date | None:
    """The day in a JSON value, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def as_instant(value: object) -> datetime | None:
    """The instant in a JSON value, or None; one without a zone is none."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None


def as_time(value: object) -> time | None:
    """The time of day in a JSON value, or None."""
    try:
        return time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def as_seconds(value: object) -> int | None:
    """The length of time in a JSON value (seconds, or ISO 8601 as in PT1H30M), or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", str(value))
    if found is None or not any(found.groups()[1:]):
        return None
    parts = (int(part or 0) for part in found.groups()[1:])
    total = sum(part * seconds for part, (_, seconds) in zip(parts, (("", 604_800), *LENGTHS), strict=True))
    return -total if found[1] else total


def safe_href(value: object) -> str:
    """The address if a browser may be sent there, else an empty text."""
    text = str(value or "").strip()
    return text if text.lower().startswith(SAFE_SCHEMES) else ""


def initials(name: object) -> str:
    """The one or two letters that stand for a name."""
    words = re.findall(r"\w+", str(name or ""))
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name."""
    return ZoneInfo(name)


# Babel reads its tables anew on each call; a page shows the same few hundred values over and over.


@lru_cache(maxsize=8192)
def _number(amount: Decimal, locale: str) -> str:
    return numbers.format_decimal(amount, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=2048)
def _percent(amount: Decimal, locale: str) -> str:
    return numbers.format_percent(amount / 100, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=8192)
def _money(amount: Decimal, currency: str, locale: str) -> str:
    if not currency:
        return _number(amount, locale)
    if amount == amount.to_integral_value():
        pattern = re.sub(r"[.,]0+", "", Locale.parse(locale).currency_formats["standard"].pattern)
        return numbers.format_currency(amount, currency, pattern, locale=locale, currency_digits=False)
    exact = -int(amount.normalize().as_tuple().exponent) > numbers.get_currency_precision(currency)
    return numbers.format_currency(amount, currency, locale=locale, decimal_quantization=not exact)


@lru_cache(maxsize=8192)
def _date(day: date, locale: str) -> str:
    return dates.format_date(day, "medium", locale=locale)


@lru_cache(maxsize=8192)
def _datetime(instant: datetime, zone: str, locale: str) -> str:
    local = instant.astimezone(zone_of(zone))
    clock = dates.format_time(local, "short", tzinfo=zone_of(zone), locale=locale)
    return f"{_date(local.date(), locale)}, {clock}"


@lru_cache(maxsize=1024)
def _ago(seconds: int, locale: str) -> str:
    gap = timedelta(seconds=seconds)
    return dates.format_timedelta(gap, threshold=1, add_direction=True, locale=locale)


@lru_cache(maxsize=1024)
def _unit(amount: Decimal, unit: str, locale: str) -> str:
    shown = amount.quantize(Decimal("0.1")) if amount < 10 else amount.quantize(Decimal(1))
    whole = int(shown) if shown == shown.to_integral_value() else shown
    return units.format_unit(whole, unit, length="short", locale=locale)


@lru_cache(maxsize=64)
def _countries(locale: str) -> tuple[tuple[str, str], ...]:
    names = Locale.parse(locale).territories
    return tuple(sorted(((code, names[code]) for code in countries()), key=lambda pair: fold(pair[1])))
