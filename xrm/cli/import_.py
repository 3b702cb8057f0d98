"""xrm import: records from a table of separated values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from xrm.cli.frame import REFUSED, data_option, json_option, opened, verb
from xrm.cli.output import progress, say, say_json, show_table

if TYPE_CHECKING:
    from xrm.engine.jobs import Job
    from xrm.engine.runtime import Runtime

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOST_SHOWN = 20


@verb("import", help="Import records from a CSV file, as the user given by --as.")
@click.argument("entity", required=False)
@click.argument("file", type=_FILE, required=False)
@click.option("--as", "email", required=True, help="The e-mail address of the user who imports.")
@click.option(
    "--map", "mapping", multiple=True, metavar="COLUMN=FIELD", help="Where a column goes; may be repeated."
)
@click.option("--by", default="", help="The key by which a row finds the record that it changes.")
@click.option(
    "--duplicates",
    type=click.Choice(["tell", "accept", "skip", "update"]),
    default="tell",
    help="What becomes of a row that is like another record.",
)
@click.option("--all-or-nothing", is_flag=True, help="Import every row, or none.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--encoding", default="", help="The encoding of the file; guessed without it.")
@click.option("--delimiter", default="", help="What separates the cells; guessed without it.")
@click.option("--dates", type=click.Choice(["iso", "dmy", "mdy"]), default="iso", help="The order of dates.")
@click.option("--decimal", type=click.Choice([".", ","]), help="The decimal separator; seen without it.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where refused rows go.")
@click.option("--undo", type=click.UUID, help="Delete what this import created, instead of importing.")
@data_option
@json_option
def command(
    entity: str | None,
    file: Path | None,
    email: str,
    rejects: Path | None,
    undo: UUID | None,
    data: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """The good rows are records, and the others have been told with their reasons."""
    with opened(data) as runtime:
        actor = runtime.identity.actor(runtime.directory.demand_user(email), door="import")
        if undo is not None:
            job = runtime.transfer.undo(actor, undo)
        elif entity is None or file is None:
            raise click.UsageError("Give an entity and a file, or --undo and the id of an import.")
        else:
            job = _imported(runtime, actor, entity, file, options, hidden=as_json)
        if rejects is not None and job.result.get("file"):
            _write_rejects(runtime, actor, job, rejects)
    _say(job, as_json=as_json)
    if job.problems or job.result.get("failed"):
        raise click.exceptions.Exit(REFUSED)


def _imported(
    runtime: Runtime, actor: Any, entity: str, file: Path, options: Mapping[str, Any], *, hidden: bool
) -> Job:
    from xrm.engine.transfer import ImportRequest

    with file.open("rb") as source:
        content = runtime.transfer.keep(actor, entity, source)
    request = ImportRequest(
        entity=entity,
        content=content,
        name=file.name,
        mapping=_mapping(options["mapping"]),
        by=options["by"],
        mode="all" if options["all_or_nothing"] else "good_rows",
        duplicates=options["duplicates"],
        dry_run=options["dry_run"],
        encoding=options["encoding"],
        delimiter=options["delimiter"],
        formats=_formats(options),
    )
    with progress(f"Importing {file.name}", hidden=hidden) as advance:
        return runtime.transfer.start_import(actor, request, here=True, watch=advance)


def _formats(options: Mapping[str, Any]) -> Mapping[str, str]:
    said = {"date": options["dates"], "decimal": options["decimal"]}
    return {name: value for name, value in said.items() if value}


def _mapping(pairs: Sequence[str]) -> Mapping[str, str | None] | None:
    """What was said with --map; None to find all columns by name."""
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} is not COLUMN=FIELD.", param_hint="--map")
    split = [pair.rpartition("=") for pair in pairs]
    return {column: path or None for column, _, path in split} or None


def _write_rejects(runtime: Runtime, actor: Any, job: Job, path: Path) -> None:
    _, source = runtime.transfer.file(actor, job.id)
    with source, path.open("wb") as target:
        target.write(source.read())


def _say(job: Job, *, as_json: bool) -> None:
    if as_json:
        from xrm.cli.output import problem_json

        facts = {"id": job.id, "state": job.state, "problems": [problem_json(p) for p in job.problems]}
        say_json({**facts, "result": dict(job.result)})
        return
    for problem in job.problems:
        say(str(problem))
    say(f"{job.label}: {job.state}{' as a trial' if _is_trial(job) else ''}. {_counts(job)}Job {job.id}.")
    if job.result.get("unmapped"):
        say(f"Left out: {', '.join(job.result['unmapped'])}.")
    refused = job.result.get("problems", ())
    if refused:
        rows = [
            (p["row"], p["column"], p["value"], p["code"], f"{p['message']} {p['hint']}")
            for p in refused[:MOST_SHOWN]
        ]
        show_table(("row", "column", "value", "code", "problem"), rows)


def _is_trial(job: Job) -> bool:
    return bool(job.params.get("dry_run"))


def _counts(job: Job) -> str:
    """The counts of the result in words; what a trial counts has not happened."""
    would = "would be " if _is_trial(job) else ""
    told = [
        f"{would if name in _OUTCOMES else ''}{name} {job.result[name]}"
        for name in _COUNTS
        if job.result.get(name)
    ]
    return f"{', '.join(told)}. " if told else ""


_OUTCOMES = ("created", "updated", "unchanged")
_COUNTS = ("rows", "created", "updated", "unchanged", "failed", "deleted", "changed", "updated_kept")
