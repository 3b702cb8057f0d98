"""Files and images: the field holds the ids of stored files, which come in through their own door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import typed
from xrm.metadata.fieldtypes.problems import bad, inside, is_blank, text_of

MOST_FILES = 50
ID_EXAMPLE = '"0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"'
_ONE = (Part("", Storage.UUID),)
_MANY = (Part("", Storage.JSON),)
_MEDIA_TYPE = r"^[a-z]+/(\*|[a-z0-9][a-z0-9.+-]*)$"


def read_id(raw: Any, wanted: str = "the id of a file", example: str = ID_EXAMPLE) -> UUID:
    """The id that a text says, in the usual form with hyphens."""
    text = text_of(raw, wanted, example)
    if len(text) == 36:
        try:
            return UUID(text)
        except ValueError:
            pass
    raise bad("R127", f"Must be {wanted}, for example {example}.", "Copy the id as it was given.")


def is_many(params: Params) -> bool:
    """True when the field holds a list of files."""
    return bool(params.get("many"))


def _most(params: Params) -> int:
    return int(params.get("max_files", MOST_FILES))


def _parts(params: Params) -> tuple[Part, ...]:
    return _MANY if is_many(params) else _ONE


def _parse(raw: Any, params: Params) -> UUID | tuple[UUID, ...] | None:
    return _parse_many(raw, params) if is_many(params) else _file(raw)


def _file(raw: Any) -> UUID:
    """The id alone, or the id in an object as the file door answers it."""
    return read_id(raw["id"] if isinstance(raw, Mapping) and raw.keys() == {"id"} else raw)


def _parse_many(raw: Any, params: Params) -> tuple[UUID, ...] | None:
    """Each file once, in the order given; a file alone is a list of one."""
    items = list(raw) if isinstance(raw, list | tuple) else [raw]
    if len(items) > _most(params):
        raise bad("R121", f"Must hold at most {_most(params)} files.", "Take some away.")
    found: dict[UUID, None] = {}
    for index, item in enumerate(items):
        if is_blank(item):
            continue
        try:
            found[_file(item)] = None
        except BadValue as refusal:
            raise inside(refusal, f"[{index}]") from None
    return tuple(found) or None


def _dump(value: UUID | tuple[UUID, ...], params: Params) -> str | list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else str(value)


def _split(value: UUID | tuple[UUID, ...], params: Params) -> tuple[Any, ...]:
    return ([str(one) for one in value],) if isinstance(value, tuple) else (value,)


def _join(scalars: tuple[Any, ...], params: Params) -> UUID | tuple[UUID, ...] | None:
    stored = scalars[0]
    return tuple(UUID(one) for one in stored) if isinstance(stored, list) else stored


def _schema(params: Params) -> Mapping[str, Any]:
    one = {"type": "string", "format": "uuid"}
    example = ID_EXAMPLE.strip('"')
    if is_many(params):
        return {"type": "array", "items": one, "maxItems": _most(params), "examples": [[example]]}
    return {**one, "examples": [example]}


_PARAMS = {
    "many": {"type": "boolean", "default": False, "description": "True for a list of files."},
    "max_files": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_FILES,
        "default": MOST_FILES,
        "description": "The most files of a list.",
    },
    "max_size": {
        "x-later": "The limit file_bytes bounds every file; take this out.",
        "not": {},
        "description": "Not carried out by this version, and refused. The greatest size of one file.",
    },
    "accept": {
        "type": "array",
        "items": {"type": "string", "pattern": _MEDIA_TYPE},
        "description": "The media types it takes, such as image/png or text/*; name and content say which a file is.",
    },
}

FILE = FieldType(
    name="file",
    summary="A file, or with `many` a list of files, read and deleted with the record.",
    example="contract_copy: {type: file, accept: [application/pdf]}",
    control=Control.FILE,
    params=_PARAMS,
    parts=_parts,
    parse=_parse,
    dump=_dump,
    split=_split,
    join=_join,
    expression=typed(Type(Kind.OPAQUE)),
    json_schema=_schema,
    holds_files=True,
    is_sortable=False,
    can_be_unique=False,
)

IMAGE = FieldType(
    name="image",
    summary="A PNG, JPEG, GIF or WebP picture, or with `many` a list of them, shown where it stands.",
    example="evidence: {type: image, many: true}",
    control=Control.IMAGE,
    params=_PARAMS,
    parts=_parts,
    parse=_parse,
    dump=_dump,
    split=_split,
    join=_join,
    expression=typed(Type(Kind.OPAQUE)),
    json_schema=_schema,
    holds_files=True,
    holds_pictures=True,
    is_sortable=False,
    can_be_unique=False,
)

FILE_TYPES = (FILE, IMAGE)
