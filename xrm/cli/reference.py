"""xrm reference: what may be written in packs and on the command line, printed from the code itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from xrm.cli.frame import json_option, verb
from xrm.cli.output import say, say_json, show_table

TOPICS = {
    "fields": "The field types, each with an example.",
    "functions": "The functions of expressions.",
    "documents": "The kinds of documents of a pack; --json gives their JSON Schemas, for editors.",
    "settings": "The settings of an installation.",
    "limits": "The published limits, each with the code of its refusal.",
    "commands": "The verbs of the command line.",
}


@verb("reference", help="Print the reference. Without TOPIC, the list of topics.")
@click.argument("topic", required=False, type=click.Choice(tuple(TOPICS)))
@json_option
def command(topic: str | None, as_json: bool) -> None:
    """The reference of the topic has been printed."""
    if topic is None:
        _print(("topic", "says"), [{"topic": name, "says": says} for name, says in TOPICS.items()], as_json)
    elif topic == "commands":
        say(command_reference())
    elif topic == "documents" and as_json:
        say_json(_schemas())
    else:
        columns, rows = _TABLES[topic]()
        _print(columns, rows, as_json)


Table = tuple[tuple[str, ...], list[dict[str, Any]]]


def _print(columns: tuple[str, ...], rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say_json(rows)
    else:
        show_table(columns, [[row[c] for c in columns] for row in rows])


def _fields() -> Table:
    from xrm.engine.extensions import load_extensions

    types = load_extensions().types.values()
    return ("name", "says", "example"), [
        {"name": t.name, "says": t.summary, "example": t.example, "params": dict(t.params)} for t in types
    ]


def _functions() -> Table:
    from xrm.metadata.expressions.functions import FUNCTIONS

    return ("call", "says", "example", "answer"), [
        {"call": f.signature, "says": f.summary, "example": f.example, "answer": f.answer}
        for f in FUNCTIONS.values()
    ]


def _schemas() -> Mapping[str, Any]:
    from xrm.engine.extensions import load_extensions
    from xrm.metadata.schemas import published_schemas

    return published_schemas(load_extensions().types)


def _documents() -> Table:
    from xrm.metadata.documents import FILES, FOLDERS

    files = [{"kind": kind, "file": f"{name}.yaml"} for name, kind in FILES.items()]
    folders = [{"kind": kind, "file": f"{name}/*.yaml"} for name, kind in FOLDERS.items()]
    schemas = _schemas()
    rows = [{**row, "says": schemas.get(row["kind"], {}).get("description", "")} for row in files + folders]
    return ("kind", "file", "says"), rows


def _settings() -> Table:
    from xrm.settings import setting_table

    return ("variable", "default", "says"), [
        {"variable": f.variable, "default": _default(f.default), "says": f.says} for f in setting_table()
    ]


def _default(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _limits() -> Table:
    from xrm.settings import Limits, limit_table

    return ("code", "name", "default", "unit", "says"), [
        {"code": f.code, "name": f.name, "default": f.value, "unit": f.unit, "says": f.says}
        for f in limit_table(Limits())
    ]


_TABLES: dict[str, Callable[[], Table]] = {
    "fields": _fields,
    "functions": _functions,
    "documents": _documents,
    "settings": _settings,
    "limits": _limits,
}


def command_reference() -> str:
    """The page about the command line, made from the verbs themselves."""
    from xrm.cli import cli

    context = click.Context(cli, info_name="xrm")
    parts = [
        "# Command line\n",
        "A test compares this page with the code; `python3 dev.py test --update-golden tests/cli` rewrites",
        "it.\n",
        "Exit codes: 0 done, 1 refused or invalid, 2 wrong use. `--json` answers for programs: what was",
        'done, or the refusal as `{"title", "code", "problems"}`. `--data` names the data folder; everything',
        "else comes from the [settings](settings.md).\n",
    ]
    for name in cli.list_commands(context):
        found = cli.get_command(context, name)
        if found is not None:
            parts += _described(found, click.Context(found, info_name=name, parent=context))
    return "\n".join(parts).rstrip() + "\n"


def _described(described: click.Command, context: click.Context) -> list[str]:
    if isinstance(described, click.Group):
        subs = ((name, described.get_command(context, name)) for name in described.list_commands(context))
        return [
            line
            for name, sub in subs
            if sub is not None
            for line in _described(sub, click.Context(sub, info_name=name, parent=context))
        ]
    usage = " ".join([context.command_path, *described.collect_usage_pieces(context)])
    options = [o.get_help_record(context) for o in described.get_params(context)]
    rows = [f"| `{o[0]}` | {o[1]} |" for o in options if o and o[1] and o[0] != "--help"]
    table = ["| option | says |", "|---|---|", *rows, ""] if rows else []
    return [f"## {context.command_path}\n", f"    {usage}\n", f"{described.help}\n", *table]
