"""xrm apply: let it be so."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.planned import Said, plan_options, shown_or_done
from xrm.cli.sources import choice_options, revision_for, show_installed


@verb("apply", help="Install packs or a customisation; without a path, bring the tables up to date.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dev", is_flag=True, help="Accept other content under a version that is installed.")
@click.option("--mirror", is_flag=True, help="Of a customisation: what it does not have goes.")
@choice_options
@plan_options()
@data_option
@json_option
def command(
    paths: tuple[Path, ...],
    dev: bool,
    mirror: bool,
    keep: tuple[str, ...],
    take: tuple[str, ...],
    said: Said,
    data: Path | None,
    as_json: bool,
) -> None:
    """The packs and the customisation are in force, or nothing has changed."""
    with opened(data) as runtime:
        names = [str(path) for path in paths]
        revision = revision_for(runtime, names, mirror=mirror, dev=dev, keep=keep, take=take)
        installed = shown_or_done(runtime, revision, said, as_json=as_json)
    show_installed(installed, as_json=as_json)
