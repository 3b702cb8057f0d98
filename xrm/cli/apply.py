"""xrm apply: let it be so."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.output import say, say_json
from xrm.cli.sources import installed_json, installed_lines, sources_for


@verb("apply", help="Install packs from these paths; without a path, bring the tables up to date.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dev", is_flag=True, help="Accept other content under a version that is installed.")
@data_option
@json_option
def command(paths: tuple[Path, ...], dev: bool, data: Path | None, as_json: bool) -> None:
    """The packs are installed and served, or nothing has changed."""
    from xrm.settings import pack_folders_of

    with opened(data) as runtime:
        sources = sources_for(runtime, [str(path) for path in paths], pack_folders_of(runtime.settings))
        installed = runtime.packs.install(sources, runtime.installer, dev=dev)
    if as_json:
        say_json(installed_json(installed))
        return
    for line in installed_lines(installed):
        say(line)
