"""The reference page of field types, printed from the types themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import yaml

from xrm.metadata.fieldtypes.base import FieldType, Option, Params, Part
from xrm.metadata.fieldtypes.conversions import FIXED, becomes
from xrm.metadata.fieldtypes.problems import VALUE_CODES

# A page cannot know the options or the pattern of a real field; these stand in for them.
_SAMPLE: Params = {"options": (Option("product", {}), Option("service", {})), "pattern": "CMP-{yyyy}-{0000}"}


def field_type_page(types: Iterable[FieldType], computed: Mapping[str, Mapping[str, Any]]) -> str:
    """What every type takes, keeps and gives, as Markdown; `computed` are the schemas of fields that nobody gives."""
    listed = tuple(types)
    index = "".join(f"| [{t.name}](#{t.name}) | {t.summary} |\n" for t in listed)
    index += "".join(f"| [{name}](#{name}) | {said['description']} |\n" for name, said in computed.items())
    sections = "".join([*map(_section, listed), *(_computed(name, said) for name, said in computed.items())])
    codes = "".join(f"| {code} | {says} |\n" for code, says in VALUE_CODES.items())
    return (
        f"{_HEAD}\n| type | holds |\n|---|---|\n{index}\n{sections}## Refusals\n\n{_REFUSALS}\n"
        f"| code | says |\n|---|---|\n{codes}"
    )


_HEAD = """# Field types

This page is printed from the types; a test compares the two, and `--update-golden` rewrites the page.
Null, an empty or blank text and an empty list all mean that the field is empty.
"""
_REFUSALS = (
    "A value that its field cannot take is answered with one of these codes, at the path of the field.\n"
)


def _section(type_: FieldType) -> str:
    lines = [
        f"## {type_.name}\n",
        f"{type_.summary}\n",
        f"```yaml\n{type_.example}\n```\n",
        f"JSON: `{_json(type_)}`\n",
        f"Columns: {_columns(type_)}. In expressions: {_kinds(type_)}. {_abilities(type_)}\n",
        f"{_becomes(type_)}\n",
        _params(type_),
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _computed(name: str, said: Mapping[str, Any]) -> str:
    """A kind of field whose type is that of what it gives."""
    keys = {key: schema for key, schema in said["properties"].items() if key != "type"}
    rows = "".join(_param(key, schema, tuple(said["required"])) for key, schema in keys.items())
    return (
        f"## {name}\n\n{said['description']}\n\nIts type is that of its result. Nobody gives a value.\n\n"
        f"| key | default | says |\n|---|---|---|\n{rows}\n"
    )


def _sample(type_: FieldType) -> Params:
    """The parameters of the example whose numbers say how values are kept, so that the lines below show it."""
    (given,) = yaml.safe_load(type_.example).values()
    sizes = ("precision", "scale")
    return {**_SAMPLE, **({k: given[k] for k in sizes if k in given} if isinstance(given, dict) else {})}


def _json(type_: FieldType) -> str:
    return orjson.dumps(type_.json_schema(_sample(type_))["examples"][0]).decode()


def _columns(type_: FieldType) -> str:
    return ", ".join(map(_column, type_.parts(_sample(type_))))


def _column(part: Part) -> str:
    kind = f"decimal({part.precision}, {part.scale})" if part.storage == "decimal" else part.storage.value
    return f"`__{part.suffix}` {kind}" if part.suffix else kind


def _kinds(type_: FieldType) -> str:
    parts = ", ".join(f"`.{name}` {t.kind.value}" for name, t in type_.part_types(_SAMPLE).items())
    own = type_.expression(_SAMPLE).kind.value
    return f"{own}; {parts}" if parts else own


def _becomes(type_: FieldType) -> str:
    """What a field of this type can be made with its values converted."""
    names = becomes(type_.name)
    return f"Can become: {', '.join(names)}." if names else f"Becomes no other type. {FIXED[type_.name]}"


def _abilities(type_: FieldType) -> str:
    """What a field of this type cannot do, for most can do everything."""
    cannot = {
        "written": type_.is_writable,
        "read": type_.is_readable,
        "sorted": type_.is_sortable,
        "unique": type_.can_be_unique,
        "searched": type_.can_be_searched,
    }
    words = [word for word, can in cannot.items() if not can]
    return f"Cannot be {_listed(words)}." if words else "Can be sorted, unique and searched."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _params(type_: FieldType) -> str:
    if not type_.params:
        return ""
    rows = "".join(_param(name, schema, type_.required_params) for name, schema in type_.params.items())
    return f"| parameter | default | says |\n|---|---|---|\n{rows}"


def _param(name: str, schema: Mapping[str, Any], required: tuple[str, ...]) -> str:
    default = "needed" if name in required else _default(schema)
    return f"| `{name}` | {default} | {schema['description']} |\n"


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    return "none" if default is None else f"`{str(default).lower()}`"
