"""xrm export: records as CSV or JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from xrm.cli.frame import data_option, opened, verb
from xrm.cli.output import progress


@verb("export", help="Write records to a file or to standard output, as the user given by --as.")
@click.argument("entity")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--as", "email", required=True, help="The e-mail address of the user who exports.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "jsonl"]), help="By the file's name without it, else csv."
)
@click.option(
    "--filter", "filters", multiple=True, help="Only records for which this holds; may be repeated."
)
@click.option("--fields", default="", help="Only these fields, with commas between.")
@click.option("--sort", default="", help="In this order, as in a list: -created_at,name.")
@data_option
def command(
    entity: str,
    file: Path | None,
    email: str,
    form: str | None,
    filters: tuple[str, ...],
    fields: str,
    sort: str,
    data: Path | None,
) -> None:
    """What the user may read and export is in the file."""
    from xrm.engine.transfer import ExportRequest

    given = {"filter": filters, "fields": (fields,) if fields else (), "sort": (sort,) if sort else ()}
    params = {name: values for name, values in given.items() if values}
    request = ExportRequest(entity, params, form or _form_of(file))
    with opened(data) as runtime:
        actor = runtime.identity.actor(runtime.directory.demand_user(email), door="cli")
        export = runtime.transfer.export(actor, request)
        with progress(f"Exporting {entity}", hidden=file is None) as advance:
            target = file.open("wb") if file else sys.stdout.buffer
            for number, piece in enumerate(export.pieces):
                target.write(piece)
                advance(min(number * 1000, export.rows), export.rows)
            target.flush()
            if file:
                target.close()


def _form_of(file: Path | None) -> str:
    return "jsonl" if file and file.suffix in (".jsonl", ".ndjson") else "csv"
