"""Where things are: postal addresses and points on the globe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from xrm.metadata.expressions.types import TEXT, Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import typed
from xrm.metadata.fieldtypes.iso import countries, country_code
from xrm.metadata.fieldtypes.numbers import decimal_pattern, fit, plain, read_decimal
from xrm.metadata.fieldtypes.people import line_parts, parts_schema
from xrm.metadata.fieldtypes.problems import bad, inside, read_parts
from xrm.metadata.values import Address, Geo

ADDRESS_EXAMPLE = '{"street": "Rua do Carmo", "city": "Lisboa", "country": "PT"}'
GEO_EXAMPLE = '{"lat": "38.722252", "lon": "-9.139337"}'
GEO_SCALE = 6
_ADDRESS_LENGTHS = {"street": 200, "number": 20, "city": 100, "state": 100, "postal_code": 20, "country": 60}
_ADDRESS_PARTS = (
    *(
        Part(name, Storage.TEXT, max_length=limit)
        for name, limit in _ADDRESS_LENGTHS.items()
        if name != "country"
    ),
    Part("country", Storage.CODE, max_length=2),
)
_GEO_PARTS = (Part("lat", Storage.DECIMAL, 9, GEO_SCALE), Part("lon", Storage.DECIMAL, 9, GEO_SCALE))
_GEO_LIMITS = {"lat": Decimal(90), "lon": Decimal(180)}
_OPAQUE = Type(Kind.OPAQUE)
_COORDINATE = Type(Kind.DECIMAL, scale=GEO_SCALE)


def _parse_address(raw: Any, params: Params) -> Address | None:
    parts = line_parts(raw, _ADDRESS_LENGTHS, ADDRESS_EXAMPLE)
    if "country" in parts:
        parts["country"] = _country(parts["country"])
    return Address(**parts) if parts else None


def _country(given: str) -> str:
    code = given.upper()
    if code in countries():
        return code
    meant = country_code(given)
    hint = f"For {given} write {meant}." if meant else "Use the ISO 3166 code of two letters."
    raise bad("R125", "Must be the code of a country, for example PT.", hint, "country")


_ADDRESS_NAMES = tuple(f.name for f in fields(Address))


def _dump_address(value: Address, params: Params) -> dict[str, str | None]:
    return {name: getattr(value, name) for name in _ADDRESS_NAMES}


def _split_address(value: Address, params: Params) -> tuple[Any, ...]:
    return tuple(getattr(value, name) for name in _ADDRESS_NAMES)


def _join_address(scalars: tuple[Any, ...], params: Params) -> Address | None:
    return None if all(s is None for s in scalars) else Address(*scalars)


def _address_schema(params: Params) -> Mapping[str, Any]:
    example = {"street": "Rua do Carmo", "number": "12", "city": "Lisboa", "country": "PT"}
    shape = parts_schema(_ADDRESS_LENGTHS, example)
    country = {"enum": [*sorted(countries()), None]}
    return {**shape, "properties": {**shape["properties"], "country": country}}


def _address_words(value: Address, params: Params) -> str:
    return " ".join(part for part in _split_address(value, params) if part)


def _address_part_types(params: Params) -> Mapping[str, Type]:
    return {**dict.fromkeys(_ADDRESS_NAMES, TEXT), "country": Type(Kind.CHOICE)}


def _parse_geo(raw: Any, params: Params) -> Geo | None:
    parts = read_parts(_pair(raw), tuple(_GEO_LIMITS), GEO_EXAMPLE)
    if not parts:
        return None
    for name in _GEO_LIMITS:
        if name not in parts:
            raise bad("R126", f"Needs latitude and longitude, for example {GEO_EXAMPLE}.", path=name)
    return Geo(**{name: _degrees(name, given) for name, given in parts.items()})


def _pair(raw: Any) -> Any:
    """An object of what a map's clipboard gives: latitude, comma, longitude."""
    if not isinstance(raw, str) or raw.count(",") != 1:
        return raw
    lat, lon = raw.split(",")
    return {"lat": lat, "lon": lon}


def _degrees(name: str, raw: Any) -> Decimal:
    limit = _GEO_LIMITS[name]
    try:
        degrees = fit(read_decimal(raw, "38.722252"), 9, GEO_SCALE)
    except BadValue as refusal:
        raise inside(refusal, name) from None
    if abs(degrees) > limit:
        raise bad("R117", f"Must be between -{limit} and {limit} degrees.", path=name)
    return degrees


def _dump_geo(value: Geo, params: Params) -> dict[str, str]:
    return {"lat": plain(value.lat, GEO_SCALE), "lon": plain(value.lon, GEO_SCALE)}


def _join_geo(scalars: tuple[Any, ...], params: Params) -> Geo | None:
    lat, lon = scalars
    return None if lat is None else Geo(lat, lon)


def _geo_schema(params: Params) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": {
            "lat": {"type": "string", "pattern": decimal_pattern(2, GEO_SCALE)},
            "lon": {"type": "string", "pattern": decimal_pattern(3, GEO_SCALE)},
        },
        "required": ["lat", "lon"],
        "additionalProperties": False,
        "examples": [{"lat": "38.722252", "lon": "-9.139337"}],
    }


ADDRESS = FieldType(
    name="address",
    summary="A postal address in parts, the country as its ISO code.",
    example="headquarters: {type: address}",
    control=Control.ADDRESS,
    parts=lambda params: _ADDRESS_PARTS,
    parse=_parse_address,
    dump=_dump_address,
    split=_split_address,
    join=_join_address,
    expression=typed(_OPAQUE),
    part_types=_address_part_types,
    json_schema=_address_schema,
    words=_address_words,
    sorted_by=("city",),
    is_sortable=False,
    can_be_unique=False,
    can_be_searched=True,
)

GEO = FieldType(
    name="geo",
    summary="A point on the globe: latitude and longitude in degrees with six decimals.",
    example="position: {type: geo}",
    control=Control.GEO,
    parts=lambda params: _GEO_PARTS,
    parse=_parse_geo,
    dump=_dump_geo,
    split=lambda value, params: (value.lat, value.lon),
    join=_join_geo,
    expression=typed(_OPAQUE),
    part_types=lambda params: dict.fromkeys(_GEO_LIMITS, _COORDINATE),
    json_schema=_geo_schema,
    is_sortable=False,
    can_be_unique=False,
)

PLACE_TYPES = (ADDRESS, GEO)
