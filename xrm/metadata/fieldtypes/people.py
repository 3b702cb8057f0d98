"""How people are called and reached: names in parts, e-mail addresses and phone numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xrm.metadata.expressions.types import TEXT
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, as_text, column, only, schema, typed
from xrm.metadata.fieldtypes.problems import bad, inside, read_parts, text_of
from xrm.metadata.fieldtypes.text import LINE_PATTERN, line
from xrm.metadata.values import PersonName

EMAIL_LENGTH = 254
_LONGEST_PHONE = 60
NAME_LENGTH = 80
TITLE_LENGTH = 20
NAME_EXAMPLE = '{"first": "Ana", "last": "Silva"}'
_NAME_LENGTHS = {
    "first": NAME_LENGTH,
    "middle": NAME_LENGTH,
    "last": NAME_LENGTH,
    "salutation": TITLE_LENGTH,
    "suffix": TITLE_LENGTH,
}
_NAME_PARTS = (
    Part("", Storage.TEXT, max_length=3 * NAME_LENGTH + TITLE_LENGTH + 3),
    *(Part(name, Storage.TEXT, max_length=limit) for name, limit in _NAME_LENGTHS.items()),
)


def line_parts(raw: Any, lengths: Mapping[str, int], example: str) -> dict[str, str]:
    """The parts of an object of one-line texts that are not blank; a refusal names the part."""
    parts: dict[str, str] = {}
    for name, value in read_parts(raw, tuple(lengths), example).items():
        try:
            text = line(value, lengths[name], f'"{name}"')
        except BadValue as refusal:
            raise inside(refusal, name) from None
        if text is not None:
            parts[name] = text
    return parts


def _parse_name(raw: Any, params: Params) -> PersonName | None:
    parts = line_parts(raw, _NAME_LENGTHS, NAME_EXAMPLE)
    if not parts:
        return None
    if not parts.keys() & {"first", "middle", "last"}:
        raise bad("R126", f"Needs a first or a last name, for example {NAME_EXAMPLE}.", path="last")
    return PersonName(**parts)


def _dump_name(value: PersonName, params: Params) -> dict[str, str | None]:
    return {name: getattr(value, name) for name in _NAME_LENGTHS}


def _split_name(value: PersonName, params: Params) -> tuple[Any, ...]:
    return (value.full, *(getattr(value, name) for name in _NAME_LENGTHS))


def _join_name(scalars: tuple[Any, ...], params: Params) -> PersonName | None:
    return None if all(s is None for s in scalars) else PersonName(*scalars[1:])


def _name_schema(params: Params) -> Mapping[str, Any]:
    return parts_schema(_NAME_LENGTHS, {"first": "Ana", "last": "Silva"})


def parts_schema(lengths: Mapping[str, int], example: Mapping[str, str]) -> Mapping[str, Any]:
    """The JSON schema of an object whose parts are texts or null."""
    properties = {
        name: {"type": ["string", "null"], "maxLength": limit, "pattern": LINE_PATTERN}
        for name, limit in lengths.items()
    }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "examples": [{name: example.get(name) for name in lengths}],
    }


def _parse_email(raw: Any, params: Params) -> str | None:
    """A well-formed address as its domain is written in letters; nobody is asked whether it exists."""
    text = text_of(raw, "an e-mail address", '"ana@iron.example"')
    if line(text, EMAIL_LENGTH * 2, "") is None:
        return None
    # Loaded with the first address: its patterns alone take longer than most commands.
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as refusal:
        why = str(refusal).replace("email", "e-mail")
        raise bad("R122", "Must be an e-mail address, for example ana@iron.example.", why) from None
    return line(address, EMAIL_LENGTH, "")


def _parse_phone(raw: Any, params: Params) -> str | None:
    """The number as E.164: plus, country, number, nothing between."""
    region = params.get("region")
    text = text_of(raw, "a phone number", '"+351 211 234 567"')
    if not text:
        return None
    # Loaded with the first number, for it brings what is known of all countries.
    import phonenumbers

    try:
        number = phonenumbers.parse(text[:_LONGEST_PHONE], region)
    except phonenumbers.NumberParseException:
        raise _bad_phone(text, region) from None
    if len(text) > _LONGEST_PHONE or not phonenumbers.is_possible_number(number):
        raise _bad_phone(text, region)
    if number.extension:
        raise bad(
            "R123",
            "Must be a phone number without an extension.",
            "Keep the extension in a field of its own.",
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _bad_phone(text: str, region: str | None) -> BadValue:
    hint = "" if region or text.startswith("+") else "Start it with + and the country."
    return bad("R123", "Must be a phone number, for example +351 211 234 567.", hint)


def _phone_faults(params: Params) -> tuple[str, ...]:
    region = params.get("region")
    if region is None:
        return ()
    import phonenumbers

    if region in phonenumbers.SUPPORTED_REGIONS:
        return ()
    return (f"There is no phone region {region}.",)


EMAIL = FieldType(
    name="email",
    summary="An e-mail address, checked for its form only.",
    example="email: {type: email, privacy: personal}",
    control=Control.EMAIL,
    parts=column(Storage.TEXT),
    parse=_parse_email,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(TEXT),
    json_schema=schema(type="string", format="email", maxLength=EMAIL_LENGTH, examples=["ana@iron.example"]),
    words=as_text,
    can_be_searched=True,
)

PHONE = FieldType(
    name="phone",
    summary="A phone number, kept in its international form.",
    example="mobile: {type: phone, region: PT}",
    control=Control.PHONE,
    params={
        "region": {
            "type": "string",
            "pattern": "^[A-Z]{2}$",
            "description": "The country of numbers given without one.",
        }
    },
    parts=column(Storage.TEXT),
    parse=_parse_phone,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(TEXT),
    json_schema=schema(type="string", pattern=r"^\+[0-9]{4,18}$", examples=["+351211234567"]),
    words=as_text,
    faults=_phone_faults,
    can_be_searched=True,
)

PERSON_NAME = FieldType(
    name="person_name",
    summary="A person's name in parts; sorted by last and then first name, searched by the name as it is said.",
    example="name: {type: person_name, required: true, search: true}",
    control=Control.PERSON_NAME,
    parts=lambda params: _NAME_PARTS,
    parse=_parse_name,
    dump=_dump_name,
    split=_split_name,
    join=_join_name,
    expression=typed(TEXT),
    part_types=lambda params: dict.fromkeys(_NAME_LENGTHS, TEXT),
    json_schema=_name_schema,
    words=lambda value, params: value.full,
    sorted_by=("last", "first"),
    can_be_searched=True,
)

PEOPLE_TYPES = (EMAIL, PHONE, PERSON_NAME)
