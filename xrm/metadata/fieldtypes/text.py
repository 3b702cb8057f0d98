"""Text in one line, in many lines, as Markdown and as cleaned HTML, and web addresses."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import nh3

from xrm.metadata.expressions.types import TEXT as TEXT_VALUE
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import Control, FieldType, Params, Part, Storage
from xrm.metadata.fieldtypes.columns import alone, as_is, as_text, column, only, schema, typed
from xrm.metadata.fieldtypes.problems import bad, wrong_type
from xrm.metadata.values import fold

LINE_LENGTH = 255
LINE_LIMIT = 1000
AREA_LENGTH = 20_000
AREA_LIMIT = 200_000
URL_LENGTH = 2000
# A folded key stands in a B-tree, and PostgreSQL refuses index rows above a third of a page.
KEY_BYTES = 2600

LINE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_AREA = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Format characters, controls, halves and blanks; code points that nothing is assigned to may be letters tomorrow.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zs", "Zl", "Zp"))
# Unicode calls these letters, marks or symbols, and no font draws anything for them on their own.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

_RICH_TAG_NAMES = (
    "p br hr h2 h3 h4 strong b em i u s sub sup code pre blockquote ul ol li a "
    "table thead tbody tr th td caption"
)
RICH_TAGS = frozenset(_RICH_TAG_NAMES.split())
_RICH_ATTRIBUTES = {"a": {"href", "title"}, "th": {"colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
_RICH_SCHEMES = {"http", "https", "mailto"}
_MOST_CLEANINGS = 4


def line(raw: object, limit: int, example: str) -> str | None:
    """One line of storable text without blanks around it, or None if nothing is left."""
    if not isinstance(raw, str):
        raise wrong_type(raw, "text", example)
    text = _storable(raw).strip()
    if _CONTROL.search(text):
        raise bad("R114", "Must be one line without control characters.", "Take out line breaks and tabs.")
    _check_length(text, limit)
    if _may_grow(text) and len(fold(text).encode()) > KEY_BYTES:
        raise bad("R111", "Must be shorter: its letters need too much room in an index.")
    return text if can_be_seen(text) else None


def _may_grow(text: str) -> bool:
    """False for text whose folded key certainly fits: one letter becomes at most 64 bytes."""
    return not text.isascii() and len(text) > KEY_BYTES // 64


def area(raw: object, limit: int, example: str) -> str | None:
    """Storable text of many lines with plain line breaks and none at the end, or None if nothing is left."""
    if not isinstance(raw, str):
        raise wrong_type(raw, "text", example)
    text = _storable(raw).replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if _CONTROL_IN_AREA.search(text):
        raise bad("R114", "Must be text without control characters.", "Only line breaks and tabs are taken.")
    _check_length(text, limit)
    return text if can_be_seen(text) else None


def can_be_seen(text: str) -> bool:
    """Whether anything of the text shows: joiners, marks of direction, fillers and blanks alone do not."""
    bare = text.strip()
    return bool(bare) if bare.isascii() else any(map(_is_seen, bare))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN and not _BLANK.match(character)


def _storable(raw: str) -> str:
    if raw.isascii() and "\x00" not in raw:
        return raw
    if _UNSTORABLE.search(raw):
        raise bad(
            "R114", "Must be text without NUL and without halves of characters.", "Type the text again."
        )
    return unicodedata.normalize("NFC", raw)


def _check_length(text: str, limit: int) -> None:
    if len(text) > limit:
        raise bad("R111", f"Must have at most {limit} characters.", f"It has {len(text)}.")


def _length_param(default: int, limit: int) -> Mapping[str, Any]:
    return {
        "max_length": {
            "type": "integer",
            "minimum": 1,
            "maximum": limit,
            "default": default,
            "description": "The most characters it takes.",
        }
    }


def _line_limit(params: Params) -> int:
    return int(params.get("max_length", LINE_LENGTH))


def _area_limit(params: Params) -> int:
    return int(params.get("max_length", AREA_LENGTH))


def _line_parts(params: Params) -> tuple[Part, ...]:
    return (Part("", Storage.TEXT, max_length=_line_limit(params)),)


def _area_parts(params: Params) -> tuple[Part, ...]:
    return (Part("", Storage.LONG_TEXT, max_length=_area_limit(params)),)


def _parse_line(raw: Any, params: Params) -> str | None:
    return line(raw, _line_limit(params), '"Iron Foods"')


def _parse_area(raw: Any, params: Params) -> str | None:
    return area(raw, _area_limit(params), '"Called twice.\\nWill call again."')


def _line_schema(params: Params) -> Mapping[str, Any]:
    limit = _line_limit(params)
    example = "Iron Foods"[:limit]
    return {"type": "string", "maxLength": limit, "pattern": LINE_PATTERN, "examples": [example]}


def _area_schema(example: str) -> Any:
    return lambda params: {"type": "string", "maxLength": _area_limit(params), "examples": [example]}


def clean_html(text: str) -> str:
    """`text` as HTML of the allowed tags only, links opening nothing but web pages and mail."""
    return nh3.clean(
        text, tags=set(RICH_TAGS), attributes=_RICH_ATTRIBUTES, url_schemes=_RICH_SCHEMES, strip_comments=True
    )


def html_words(value: str, params: Params) -> str:
    """The words of a piece of HTML, tags taken away."""
    spaced = re.sub(r"<(/?(p|br|li|h\d|td|th|tr|div|pre|blockquote)\b)", r" <\1", value)
    return " ".join(html.unescape(nh3.clean(spaced, tags=set())).split())


def _parse_rich(raw: Any, params: Params) -> str | None:
    """HTML that another cleaning would leave as it is, or None if no word is left."""
    text = area(raw, _area_limit(params), '"<p>Called <strong>twice</strong>.</p>"')
    if text is None:
        return None
    cleaned = _clean_until_stable(text)
    _check_length(cleaned, _area_limit(params))
    return cleaned if can_be_seen(html_words(cleaned, params)) else None


def _clean_until_stable(text: str) -> str:
    for _ in range(_MOST_CLEANINGS):
        cleaned = area(clean_html(text), len(text) * 16 + 64, "") or ""
        if cleaned == text:
            return text
        text = cleaned
    raise bad("R114", "Must be well-formed HTML.", "Paste it as plain text.")


def _parse_url(raw: Any, params: Params) -> str | None:
    """A web address with scheme and host in lower case."""
    text = line(raw, URL_LENGTH, '"https://iron.example"')
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_host = False
    if not has_host or parts.scheme not in ("http", "https") or " " in text or "\\" in text:
        raise bad("R124", "Must be a web address, for example https://iron.example.", _url_hint(text))
    if parts.username is not None:
        raise bad("R124", "Must be a web address without a user name in it.", "Leave out the part before @.")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def _url_hint(text: str) -> str:
    return "Start it with https:// ." if "://" not in text else "Only http and https are taken."


LONG_TEXT_VALUE = Type(Kind.LONG_TEXT)

TEXT = FieldType(
    name="text",
    summary="One line of text.",
    example="name: {type: text, required: true, max_length: 120, search: true}",
    control=Control.LINE,
    params=_length_param(LINE_LENGTH, LINE_LIMIT),
    parts=_line_parts,
    parse=_parse_line,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(TEXT_VALUE),
    json_schema=_line_schema,
    words=as_text,
    can_be_searched=True,
)


def _many_lines(
    name: str,
    summary: str,
    example: str,
    control: Control,
    sample: str,
    parse: Callable[[Any, Params], Any] = _parse_area,
    words: Callable[[Any, Params], str] = as_text,
) -> FieldType:
    """A type of text of many lines: found by search, neither sorted nor compared."""
    return FieldType(
        name=name,
        summary=summary,
        example=example,
        control=control,
        params=_length_param(AREA_LENGTH, AREA_LIMIT),
        parts=_area_parts,
        parse=parse,
        dump=as_is,
        split=alone,
        join=only,
        expression=typed(LONG_TEXT_VALUE),
        json_schema=_area_schema(sample),
        words=words,
        is_sortable=False,
        can_be_unique=False,
        can_be_searched=True,
    )


LONG_TEXT = _many_lines(
    "long_text",
    "Text of many lines; found by search, neither sorted nor compared.",
    "remark: {type: long_text, search: true}",
    Control.AREA,
    "Called twice.\nWill call again.",
)

RICH_TEXT = _many_lines(
    "rich_text",
    "Formatted text, kept as HTML from which all but simple tags and links is taken away.",
    "description: {type: rich_text, search: true}",
    Control.RICH,
    "<p>Called <strong>twice</strong>.</p>",
    parse=_parse_rich,
    words=html_words,
)

MARKDOWN = _many_lines(
    "markdown",
    "Formatted text, kept as Markdown and shown as cleaned HTML.",
    "body: {type: markdown, max_length: 50000}",
    Control.MARKDOWN,
    "Called **twice**.",
)

URL = FieldType(
    name="url",
    summary="A web address, http or https.",
    example="website: {type: url}",
    control=Control.URL,
    parts=column(Storage.TEXT),
    parse=_parse_url,
    dump=as_is,
    split=alone,
    join=only,
    expression=typed(TEXT_VALUE),
    json_schema=schema(
        type="string",
        format="uri",
        pattern="^https?://",
        maxLength=URL_LENGTH,
        examples=["https://iron.example"],
    ),
    words=as_text,
    can_be_searched=True,
)

TEXT_TYPES = (TEXT, LONG_TEXT, RICH_TEXT, MARKDOWN, URL)
