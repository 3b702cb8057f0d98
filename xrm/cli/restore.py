"""xrm restore: the installation of an archive, in an empty database of either kind."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.backup import backup_json, held_by
from xrm.cli.frame import data_option, json_option, settings_for, verb
from xrm.cli.output import problem_json, problem_line, progress, say, say_json


@verb(
    "restore",
    help="Bring a backup into the empty database of the settings, SQLite or PostgreSQL, whichever it was taken"
    " of. Repeat it if it was interrupted.",
)
@click.argument("file", type=click.Path(path_type=Path))
@data_option
@json_option
def command(file: Path, data: Path | None, as_json: bool) -> None:
    """The installation of the archive can be served, or nothing has changed."""
    from xrm.engine.backup import restore
    from xrm.engine.runtime.backups import empty_ground

    settings = settings_for(data)
    with empty_ground(settings) as ground, progress("restoring", hidden=as_json) as advance:
        restored = restore(ground, file, settings.data, advance)
    if as_json:
        warnings = list(map(problem_json, restored.warnings))
        say_json({**backup_json(restored.manifest), "warnings": warnings})
        return
    say(f"Restored {held_by(restored.manifest)}, as they were at {restored.manifest.made_at}.")
    say(f"Digest: {restored.manifest.digest}")
    say("Everybody signs in anew.")
    for problem in restored.warnings:
        click.echo(problem_line(problem), err=True)
