"""Short forms to the one long form: what a document says, without the ways in which it can be said.

A text where languages may stand becomes `{en: text}`, one word where a list may stand a list, options a map,
an expression text, a form of bare rows a form with one section. Positions stay with the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from xrm.metadata.documents import SourceDocument
from xrm.metadata.names import ITEM_WORDS

Body = dict[str, Any]

DEFAULT_LANGUAGE: Final = "en"
ONLY_SECTION: Final = "main"

_LABELS: Final = frozenset({"label", "plural", "help", "message", "summary"})
_EXPRESSIONS: Final = frozenset(
    {"title", "visible_when", "required_when", "readonly_when", "filter", "when", "must", "guard"}
)
_LISTS: Final = frozenset({"renamed_from", "moved_from"})


@dataclass(frozen=True, slots=True)
class Doc:
    """A document in its long form. `body` mirrors the file; `source` knows where everything stands."""

    source: SourceDocument
    body: Body

    @property
    def kind(self) -> str:
        """The kind of document."""
        return self.source.kind

    @property
    def name(self) -> str:
        """What it is about: the name of an entity, an option set, a language."""
        return self.source.name

    @property
    def pack(self) -> str:
        """The pack that says it."""
        return self.source.pack


def parse(document: SourceDocument) -> Doc:
    """The document in its long form; one that could not be read is empty."""
    raw = document.raw if isinstance(document.raw, dict) else {}
    return Doc(document, _READERS.get(document.kind, dict)(raw))


def is_item_change(value: Any) -> bool:
    """True for what changes a list or options of a lower layer item by item."""
    return isinstance(value, dict) and bool(value) and set(value) <= set(ITEM_WORDS)


def _label(value: Any) -> Any:
    return {DEFAULT_LANGUAGE: value} if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else value


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _item(
    raw: Mapping[str, Any], lists: frozenset[str] = _LISTS, texts: frozenset[str] = _EXPRESSIONS
) -> Body:
    """The common short forms of one item are long."""
    body = dict(raw)
    for key, value in raw.items():
        if key in _LABELS:
            body[key] = _label(value)
        elif key in texts:
            body[key] = _text(value)
        elif key in lists:
            body[key] = _list(value)
    return body


def _map_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: {name: read(value) for name, value in (raw or {}).items()}


def _options(raw: Any) -> Any:
    if isinstance(raw, str) or raw is None:
        return raw
    if isinstance(raw, list):
        return {str(key): {} for key in raw}
    if is_item_change(raw):
        change = dict(raw)
        if "add" in raw:
            change["add"] = _options(raw["add"])
        return change
    return {key: _option(value) for key, value in raw.items()}


def _option(raw: Any) -> Body:
    if isinstance(raw, str):
        return {"label": _label(raw)}
    return _item(raw or {})


def _field(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    if "options" in body:
        body["options"] = _options(body["options"])
    if "options_when" in body:
        body["options_when"] = {str(key): _text(value) for key, value in body["options_when"].items()}
    return body


_fields = _map_of(_field)
_RELATIONSHIP_LISTS = _LISTS | {"to"}
_RELATIONSHIP_TEXTS = _EXPRESSIONS | {"default"}


def _relationship(raw: Mapping[str, Any]) -> Body:
    body = _item(raw, _RELATIONSHIP_LISTS, _RELATIONSHIP_TEXTS)
    if isinstance(body.get("inverse"), str):
        body["inverse"] = {"name": body["inverse"]}
    elif "inverse" in body:
        body["inverse"] = _item(body["inverse"])
    if "attributes" in body:
        body["attributes"] = _fields(body["attributes"])
    return body


def _key(raw: Any) -> Body:
    return {"fields": raw} if isinstance(raw, list) else _item(raw)


def _rule(raw: Any) -> Body:
    return {"must": raw} if isinstance(raw, str) else _item(raw)


def _rows(raw: Any) -> Any:
    if is_item_change(raw):
        return {**raw, "add": _rows(raw["add"])} if "add" in raw else raw
    return [[row] if isinstance(row, str) else row for row in raw]


def _section(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    if "rows" in body:
        body["rows"] = _rows(body["rows"])
    return body


def _form(raw: Mapping[str, Any]) -> Body:
    sections = {name: _section(section) for name, section in raw.get("sections", {}).items()}
    if "rows" in raw:
        sections.setdefault(ONLY_SECTION, {"rows": _rows(raw["rows"])})
    return {"sections": sections}


_VIEW_LISTS = _LISTS | {"sort", "by"}


def _view(raw: Mapping[str, Any]) -> Body:
    return _item(raw, _VIEW_LISTS)


_MEMBERS: Mapping[str, Callable[[Any], Any]] = {
    "fields": _fields,
    "relationships": _map_of(_relationship),
    "keys": _map_of(_key),
    "duplicates": _map_of(_item),
    "rules": _map_of(_rule),
    "forms": _map_of(_form),
    "views": _map_of(_view),
}


def _entity(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    for key, read in _MEMBERS.items():
        if key in body:
            body[key] = read(body[key])
    return body


_TRANSITION_LISTS = frozenset({"from", "requires"})


def _lifecycle(raw: Mapping[str, Any]) -> Body:
    return {
        "states": {name: _item(state or {}) for name, state in raw.get("states", {}).items()},
        "transitions": {
            name: _item(step, _TRANSITION_LISTS) for name, step in raw.get("transitions", {}).items()
        },
    }


def _grant(raw: Mapping[str, Any]) -> Body:
    body = dict(raw)
    if "entity" in body:
        body["entity"] = _list(body["entity"])
    if "rows" in body:
        body["rows"] = _text(body["rows"])
    if isinstance(body.get("fields"), list):
        body["fields"] = {"only": body["fields"]}
    return body


def _role(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    body["grants"] = {name: _grant(grant) for name, grant in raw.get("grants", {}).items()}
    return body


def _setting(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    if "options" in body:
        body["options"] = _options(body["options"])
    return body


def _pack(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    for key in ("requires", "optional"):
        body[key] = {name: _text(range_) for name, range_ in raw.get(key, {}).items()}
    body["menu"] = {name: _item(group) for name, group in raw.get("menu", {}).items()}
    return body


def _option_set(raw: Mapping[str, Any]) -> Body:
    body = _item(raw)
    body["options"] = _options(raw.get("options", {}))
    return body


def _scenario(raw: Mapping[str, Any]) -> Body:
    return {**raw, "people": {name: _list(roles) for name, roles in raw.get("people", {}).items()}}


_READERS: Final[Mapping[str, Callable[[Any], Body]]] = {
    "pack": _pack,
    "settings": _map_of(_setting),
    "entity": _entity,
    "extend": _entity,
    "form": _map_of(_form),
    "view": _map_of(_view),
    "lifecycle": _lifecycle,
    "role": _map_of(_role),
    "options": _option_set,
    "scenario": _scenario,
}
