"""The reference pages of definitions, printed from schemas, limits, checks and codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from xrm.metadata import limits
from xrm.metadata.checks import builtin_checks
from xrm.metadata.documents import FILES, FOLDERS, LATER
from xrm.metadata.fieldtypes.base import Storage
from xrm.metadata.names import MAX_ENTITY, MAX_MEMBER, MAX_OPTION, MAX_PACK
from xrm.metadata.schemas import BASES
from xrm.metadata.schemas.entity import FIELD_KEYS
from xrm.metadata.schemas.views import CARRIED_OUT, VIEW_KEYS, VIEW_TYPES, view_variants
from xrm.metadata.widths import DIGITS, FIXED, POINTER, VARYING, width_of

_KINDS = {
    "string": "text",
    "object": "map",
    "array": "list",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
_HEAD = """# Definitions in YAML

This page is printed from the schemas; a test compares the two, and `--update-golden` rewrites the page.
Field types and their own keys are on [their page](field-types.md), expressions on [theirs](expressions.md),
and what the checker says on [a third](problems.md).

Files are YAML 1.2, or JSON with the ending `.json`. A plain word is a number only if the number is written
like it, so `012`, `1_000`, `12:30`, `yes` and `2026-01-01` are text. Anchors, aliases, tags and second
documents are not read. Names are lower case with single underscores.

"""
_PROBLEM_HEAD = """# Problems

This page is printed from the tables of codes; a test compares the two, and `--update-golden` rewrites it.
Every problem carries a stable code, a message, what to do, and the place: file, line and column, or the path
in a request. All problems are told at once.

"""


def definition_page() -> str:
    """Every kind of document with every key, as Markdown."""
    return "".join((_HEAD, _files(), *map(_kind, BASES), _fields(), _views(), _limits(), _checks()))


def problem_page(families: Mapping[str, Mapping[str, str]]) -> str:
    """Every problem code by family, as Markdown."""
    sections = (
        f"## {title}\n\n{_table(('code', 'says'), _sorted(codes))}" for title, codes in families.items()
    )
    return _PROBLEM_HEAD + "\n".join(sections)


def _sorted(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((code, codes[code]) for code in sorted(codes))


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(c) for c in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _files() -> str:
    rows = [(f"`{file}.yaml`", kind) for file, kind in FILES.items()]
    rows += [(f"`{folder}/*.yaml`", kind) for folder, kind in FOLDERS.items()]
    later = ", ".join(f"`{f}/`" for f in LATER)
    note = f"\nNot run by this version, and refused: {later}.\n\n"
    return f"## Files of a pack\n\n{_table(('file', 'kind'), iter(rows))}{note}"


def _kind(kind: str) -> str:
    schema = BASES[kind]
    body = _table(("key", "is", "says"), _rows(schema, ""))
    return f"## {kind}\n\n{schema['description']}\n\n{body}\n"


def _rows(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    """A row for each key of a map, and for those of the maps in it."""
    needed = schema.get("required", ())
    for key, inner in schema.get("properties", {}).items():
        says = inner.get("description", "")
        yield f"`{prefix}{key}`", _is(inner) + (", needed" if key in needed else ""), says
        if key not in ("add", "after", "remove"):
            yield from _inside(inner, f"{prefix}{key}")
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and "properties" in named:
        yield from _rows(named, f"{prefix}NAME.")


def _inside(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, ...]]:
    named, item = schema.get("additionalProperties"), schema.get("items")
    if isinstance(named, dict) and "properties" in named:
        yield from _rows(named, f"{path}.NAME.")
    elif isinstance(item, dict) and "properties" in item:
        yield from _rows(item, f"{path}[].")
    elif "properties" in schema:
        yield from _rows(schema, f"{path}.")


def _is(schema: Mapping[str, Any]) -> str:
    """The values that a key takes, in a few words."""
    if "$ref" in schema:
        return f"see {schema['$ref'].rsplit('/', 1)[-1]}"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{w}`" for w in schema["enum"])
    types = schema.get("type", [])
    words = " or ".join(_KINDS[t] for t in ([types] if isinstance(types, str) else types) if t != "null")
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and "$ref" in named:
        words += f" of {named['$ref'].rsplit('/', 1)[-1]}s by name"
    default = schema.get("default")
    return words + (f", default `{str(default).lower()}`" if default is not None else "")


def _fields() -> str:
    rows = ((f"`{k}`", _is(s), str(s["description"])) for k, s in FIELD_KEYS.items())
    note = "A field has a `type`, whose own keys it has too, or `from` with the path that it reads through.\n"
    return f"## field\n\n{note}\n{_table(('key', 'is', 'says'), rows)}\n"


def _views() -> str:
    types = ((f"`{v.name}`", v.summary, _keys_of(v.name), f"`{v.example}`") for v in VIEW_TYPES.values())
    keys = ((f"`{k}`", _is(s), str(s["description"])) for k, s in _view_keys().items())
    listed = _table(("type", "shows", "its keys", "example"), types)
    shown = ", ".join(f"`{name}`" for name in CARRIED_OUT)
    said = f"This version carries out {shown} alone and refuses the others, which are told here for later."
    return f"## view types\n\n{said}\n\n{listed}\n{_table(('key', 'is', 'says'), keys)}\n"


def _view_keys() -> dict[str, Any]:
    common = {k: s for k, s in view_variants()["list"]["properties"].items() if k not in ("type", *VIEW_KEYS)}
    return {**common, **VIEW_KEYS}


def _keys_of(name: str) -> str:
    view = VIEW_TYPES[name]
    return ", ".join(f"`{k}`" + (" (needed)" if k in view.required else "") for k in view.keys)


def _limits() -> str:
    rows = [
        ("a document", f"{limits.DOCUMENT_BYTES:,} bytes"),
        ("nesting in a document", f"{limits.DOCUMENT_DEPTH} levels"),
        ("values in a document", f"{limits.DOCUMENT_NODES:,}"),
        ("files of a pack", f"{limits.PACK_FILES:,}"),
        ("a pack, unpacked", f"{limits.PACK_BYTES:,} bytes"),
        ("stored fields of an entity", f"{limits.FIELDS_PER_ENTITY:,}"),
        (
            (
                "the values of a record in its row; a line of text counts"
                f" {width_of(Storage.TEXT)} bytes, other texts, options, tags and JSON {VARYING}, decimals {DIGITS},"
                f" files and each place that a lookup leads to {POINTER}, anything else {FIXED}, and each part of"
                " money, a name or an address by itself"
            ),
            f"{limits.ROW_BYTES:,} bytes",
        ),
        ("places that the lookups of an entity lead to", f"{limits.LOOKUPS_PER_ENTITY:,}"),
        ("steps of a scenario", f"{limits.SCENARIO_STEPS:,}"),
        ("problems of a file that are told at once", f"{limits.PROBLEMS_PER_DOCUMENT:,}"),
        ("problems of all files that are told at once", f"{limits.PROBLEMS:,}"),
        ("the name of a pack", f"{MAX_PACK} characters"),
        ("the name of an entity", f"{MAX_ENTITY} characters"),
        ("the name of a field or relationship", f"{MAX_MEMBER} characters"),
        ("an option's key", f"{MAX_OPTION} characters"),
    ]
    return f"## Limits\n\n{_table(('what', 'at most'), iter(rows))}\n"


def _checks() -> str:
    checks = ((c.code, c.summary, f"`{c.example}`" if c.example else "") for c in builtin_checks().values())
    return f"## Checks over the whole model\n\n{_table(('code', 'says', 'breaks it'), checks)}"
