"""JSON inputs for every field type, drawn by hypothesis: good ones by type, and whatever JSON can say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import phonenumbers
from hypothesis import strategies as st

from xrm.metadata.fieldtypes.base import FieldType, Option, Params
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.fieldtypes.iso import countries, currencies
from xrm.metadata.fieldtypes.special import HUES
from xrm.metadata.values import INT64_MAX, INT64_MIN

TYPES = builtin_registry()
OPTIONS = (
    Option("red", {"en": "Red", "pt": "Vermelho"}),
    Option("green", {"en": "Green"}),
    Option("blue", {}),
)
_CONTROL = ("Cs", "Cc", "Zl", "Zp")


@dataclass(frozen=True, slots=True)
class Case:
    """A field type with parameters, and inputs that it takes."""

    type: FieldType
    inputs: st.SearchStrategy[Any]
    params: Params = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of the case in a test report."""
        shown = ",".join(f"{k}={v}" for k, v in self.params.items() if k != "options")
        return f"{self.type.name}[{shown}]" if shown else self.type.name


def lines(most: int = 40) -> st.SearchStrategy[str]:
    """Text of one line, with letters of every script."""
    return st.text(st.characters(exclude_categories=_CONTROL), min_size=1, max_size=most)


def areas() -> st.SearchStrategy[str]:
    """Text of many lines."""
    return st.lists(lines(), min_size=1, max_size=4).map("\r\n".join)


def numbers(whole: int, scale: int) -> st.SearchStrategy[Any]:
    """Numbers with room in so many digits, as text, Decimal and int."""
    top = Decimal(10) ** whole - 1
    exact = st.decimals(-top, top, places=scale, allow_nan=False)
    finer = st.decimals(-top, top, places=scale + 3, allow_nan=False)
    ints = st.integers(max(INT64_MIN, -int(top)), min(INT64_MAX, int(top)))
    return st.one_of(exact.map(lambda d: format(d, "f")), exact, finer, ints)


def plain_json(leaves: int = 12) -> st.SearchStrategy[Any]:
    """Whatever a JSON parser can hand over, hostile numbers and texts included."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.decimals(),
        st.text(),
        st.text(st.characters(categories=["Cs", "Cc", "Lu", "Nd"])),
        st.sampled_from(
            ["", " ", "\x00", "\ud800", "1e999", "NaN", "-", "P", "PT", "2026-02-30", "{", "[" * 500]
        ),
    )
    keys = st.one_of(
        st.text(max_size=5), st.sampled_from(["amount", "currency", "lat", "lon", "first", "id"])
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=leaves,
    )


def _documents() -> st.SearchStrategy[Any]:
    scalars = (
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | lines()
        | st.floats(-1e6, 1e6).map(lambda f: round(f, 3))
    )
    inner = st.recursive(
        scalars, lambda i: st.lists(i, max_size=3) | st.dictionaries(lines(6), i, max_size=3), max_leaves=8
    )
    documents = st.dictionaries(lines(6), inner, max_size=4) | st.lists(inner, max_size=4)
    return documents | documents.map(json.dumps)


def _money(fixed: str = "") -> st.SearchStrategy[Any]:
    amounts = numbers(13, 2)
    currency = st.just(fixed) if fixed else st.sampled_from(sorted(currencies()))
    whole = st.fixed_dictionaries({"amount": amounts, "currency": currency})
    return whole | amounts if fixed else whole


def _parts(*names: str, **special: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    texts = {name: st.none() | lines(20) for name in names}
    return st.fixed_dictionaries({}, optional={**texts, **special})


def _phones() -> st.SearchStrategy[str]:
    regions = [r for r in sorted(phonenumbers.SUPPORTED_REGIONS) if phonenumbers.example_number(r)]
    shape = st.sampled_from(
        [phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
    )
    return st.builds(
        lambda region, form: phonenumbers.format_number(phonenumbers.example_number(region), form),
        st.sampled_from(regions),
        shape,
    )


def _durations() -> st.SearchStrategy[str]:
    spans = st.integers(0, int(timedelta(days=3_000_000).total_seconds()))
    words = st.builds(
        lambda n, unit: f"{n} {unit}", st.integers(0, 9999), st.sampled_from(["days", "h", "min", "week"])
    )
    return (
        words
        | spans.map(lambda s: f"PT{s // 3600}H{s % 3600}S")
        | st.integers(1, 9999).map(lambda n: f"-P{n}D")
    )


_zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_instants = (
    st.datetimes(timezones=_zones).map(datetime.isoformat).filter(lambda t: t[:4] not in ("0001", "9999"))
)
_words = st.sampled_from(
    ["<b>bold</b>", "<script>x</script>", "&amp;", "a < b", "<p>", "</p>", "<a href=javascript:x>y</a>"]
)
_urls = st.builds(
    lambda scheme, host, path: f"{scheme}://{host}.example/{path}",
    st.sampled_from(["http", "https", "HTTPS"]),
    st.from_regex(r"\A[A-Za-z0-9]{1,20}\Z"),
    st.from_regex(r"\A[a-z0-9/?=&#%.~-]{0,20}\Z"),
)
_emails = st.builds(
    lambda name, host: f"{name}@{host}.example",
    st.from_regex(r"\A[A-Za-z0-9]{1,20}\Z"),
    st.from_regex(r"\A[A-Za-z][a-z0-9]{0,20}\Z"),
)


def _case(name: str, inputs: st.SearchStrategy[Any], **params: Any) -> Case:
    return Case(TYPES[name], inputs, params)


CASES = (
    _case("text", lines(200)),
    _case("text", lines(20), max_length=20 * 4),
    _case("long_text", areas()),
    _case("rich_text", st.lists(_words | lines(), min_size=1, max_size=6).map("".join)),
    _case("markdown", areas()),
    _case("url", _urls),
    _case("integer", st.integers(INT64_MIN, INT64_MAX) | st.integers(-(10**9), 10**9).map(str)),
    _case("decimal", numbers(15, 2)),
    _case("decimal", numbers(2, 6), precision=9, scale=6),
    _case("decimal", numbers(17, 0), scale=0),
    _case("decimal", numbers(5, 12), scale=12),
    _case("percent", numbers(6, 2)),
    _case("rating", st.integers(1, 5)),
    _case("money", _money()),
    _case("money", _money("JPY"), currency="JPY"),
    _case("boolean", st.booleans() | st.sampled_from(["true", "No"])),
    _case("date", st.dates().map(lambda d: d.isoformat())),
    _case("datetime", _instants),
    _case("time", st.times().map(lambda t: t.isoformat(timespec="seconds"))),
    _case("duration", _durations()),
    _case("choice", st.sampled_from([o.key for o in OPTIONS]), options=OPTIONS),
    _case("multi_choice", st.lists(st.sampled_from([o.key for o in OPTIONS]), min_size=1), options=OPTIONS),
    _case(
        "tags", st.lists(lines(20).filter(lambda t: "," not in t and ";" not in t), min_size=1, max_size=8)
    ),
    _case("email", _emails),
    _case("phone", _phones()),
    _case("person_name", _parts("middle", "last", first=lines(20))),
    _case("address", _parts("street", "number", "city", country=st.sampled_from(sorted(countries())))),
    _case("geo", st.fixed_dictionaries({"lat": numbers(1, 6), "lon": numbers(2, 6)})),
    _case("file", st.uuids().map(str)),
    _case("file", st.lists(st.uuids().map(str), min_size=1, max_size=4), many=True),
    _case("image", st.uuids().map(str)),
    _case("image", st.lists(st.uuids().map(str), min_size=1, max_size=4), many=True),
    _case("autonumber", st.integers(1, 10**6).map(lambda n: f"CMP-{n:04d}"), pattern="CMP-{0000}"),
    _case("json", _documents()),
    _case("color", st.sampled_from(HUES) | st.from_regex(r"\A#[0-9a-fA-F]{6}\Z")),
    _case("secret", lines(100)),
    _case(
        "expression",
        st.sampled_from(["amount > 100", "name == empty", 'kind in ["a", "b"]']),
        entity="account",
    ),
)
READABLE_CASES = tuple(case for case in CASES if case.type.is_readable)
