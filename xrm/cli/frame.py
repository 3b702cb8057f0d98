"""What all verbs share: how they are found, how refusals end, and the options for settings and JSON."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xrm.errors import XrmError

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime
    from xrm.settings import Settings

REFUSED = 1


class Verb(click.Command):
    """A verb whose refusals are told with place and remedy, and end with exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """The verb has run, or its refusal is on the screen."""
        try:
            return super().invoke(ctx)
        except XrmError as error:
            from xrm.cli.output import show_refusal

            show_refusal(error, as_json=bool(ctx.params.get("as_json")))
            ctx.exit(REFUSED)


class Verbs(click.Group):
    """The verbs by name; a verb's file is imported when the verb is called."""

    def __init__(self, verbs: Mapping[str, str], **facts: Any) -> None:
        super().__init__(**facts)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all verbs, in the order of a life with xrm."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, imported now."""
        if cmd_name not in self._verbs:
            return None
        file = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        found = import_module(f"xrm.cli.{file}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs, told without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._verbs.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb; an unknown one is answered with near ones."""
        from xrm.registry import near_names

        near = near_names(args[0], self._verbs)
        if args[0] not in self._verbs and near:
            ctx.fail(f"There is no command '{args[0]}'. Did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)


verb: Callable[..., Callable[[Callable[..., Any]], Verb]] = partial(click.command, cls=Verb)


class Group(click.Group):
    """A verb of several words, as in `user add`."""

    command_class = Verb


def data_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --data, which stands before the settings file and the environment."""
    return click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="The data folder, instead of the one in the settings.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option --json, for programs that read the answer."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(function)


def settings_for(data: Path | None) -> Settings:
    """The settings in force here; raises SettingsInvalid."""
    from xrm.settings import load_settings

    given = {"XRM_DATA": str(data)} if data else {}
    return load_settings({**os.environ, **given}, Path.cwd())


@contextmanager
def opened(data: Path | None) -> Iterator[Runtime]:
    """The runtime of this installation, closed afterwards; raises, and makes nothing, where there is none."""
    from xrm.engine.runtime import demand_installation

    demand_installation(settings_for(data))
    with prepared(data) as runtime:
        yield runtime


@contextmanager
def prepared(data: Path | None) -> Iterator[Runtime]:
    """The same, whose key, folder and database are made where they are missing."""
    from xrm.engine.runtime import open_runtime
    from xrm.settings import with_secret_key

    runtime = open_runtime(with_secret_key(settings_for(data)))
    try:
        yield runtime
    finally:
        runtime.close()
