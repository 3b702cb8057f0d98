"""xrm backup: everything of one moment in one archive, or its digest."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.output import problem_json, problem_line, progress, say, say_json

if TYPE_CHECKING:
    from xrm.engine.backup import Manifest


@verb(
    "backup",
    help="Write everything into one archive, files included, while servers go on. FILE may be a folder, in"
    " which the archive is named by the time. The archive is not encrypted and lacks the secret key.",
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--digest", "only_digest", is_flag=True, help="Write nothing; tell the digest of all there is.")
@click.option(
    "--native",
    is_flag=True,
    help="The database's own copy and the files, in the new folder FILE: fast, for the same kind of database.",
)
@data_option
@json_option
def command(file: Path | None, only_digest: bool, native: bool, data: Path | None, as_json: bool) -> None:
    """The archive is there and has been told, or the digest has."""
    from xrm.engine.backup import digest_of, write_backup, write_native
    from xrm.engine.runtime.backups import ground_of

    if (file is None) != only_digest or (native and only_digest):
        raise click.UsageError("Give a file or a folder, or --digest.")
    if native and file is not None:
        with opened(data) as runtime:
            copy = write_native(ground_of(runtime), file)
        say_json({"copy": str(copy)}) if as_json else say(f"Wrote {copy}, and the files beside it.")
        return
    with opened(data) as runtime, progress("tables", hidden=as_json) as advance:
        ground = ground_of(runtime)
        if file is None:
            manifest = digest_of(ground, advance)
        else:
            file = _named(file, runtime.world.now())
            manifest = write_backup(ground, file, advance)
    _tell(manifest, file, as_json)


def _named(file: Path, now: datetime) -> Path:
    """In a folder a name that is free: that of the time, and those of the same second are numbered."""
    if not file.is_dir():
        return file
    name = f"xrm-{now:%Y%m%d-%H%M%S}Z"
    numbered = (file / f"{name}-{number}.zip" for number in count(2))
    return next(path for path in chain((file / f"{name}.zip",), numbered) if not path.exists())


def _tell(manifest: Manifest, file: Path | None, as_json: bool) -> None:
    from xrm.engine.backup import warnings_of

    warnings = warnings_of(manifest)
    if as_json:
        say_json(
            {
                **backup_json(manifest),
                "file": file and str(file),
                "warnings": list(map(problem_json, warnings)),
            }
        )
        return
    if file is not None:
        say(f"Wrote {file}: {held_by(manifest)}.")
    say(f"Digest: {manifest.digest}")
    for problem in warnings:
        click.echo(problem_line(problem), err=True)


def held_by(manifest: Manifest) -> str:
    """How much it is, for a person."""
    return f"{manifest.rows:,} rows of {len(manifest.tables)} tables, {manifest.files.count:,} files"


def backup_json(manifest: Manifest) -> dict[str, object]:
    """What a backup holds, for a program."""
    return {
        "digest": manifest.digest,
        "installation": manifest.installation,
        "made_at": manifest.made_at,
        "rows": manifest.rows,
        "files": manifest.files.count,
        "tables": {t.name: {"rows": t.rows, "sha256": t.sha256} for t in manifest.tables},
    }
