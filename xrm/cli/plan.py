"""xrm plan: what would change?"""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.output import say, say_json
from xrm.cli.planned import decide_option, decided_by
from xrm.cli.plans import plan_lines
from xrm.cli.sources import choice_options, revision_for


@verb("plan", help="Show the steps that would bring the database to these packs and all that is installed.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sql", "with_sql", is_flag=True, help="Show what is said to the database, too.")
@click.option("--dev", is_flag=True, help="Accept other content under a version that is installed.")
@click.option("--mirror", is_flag=True, help="Of a customisation: what it does not have would go.")
@choice_options
@decide_option
@data_option
@json_option
def command(
    paths: tuple[Path, ...],
    with_sql: bool,
    dev: bool,
    mirror: bool,
    keep: tuple[str, ...],
    take: tuple[str, ...],
    decide: tuple[str, ...],
    data: Path | None,
    as_json: bool,
) -> None:
    """The steps, and the conflicts with what the organisation changed, have been told; nothing has changed."""
    from xrm.engine.packs.telling import plan_json

    with opened(data) as runtime:
        names = [str(path) for path in paths]
        revision = revision_for(runtime, names, mirror=mirror, dev=dev, keep=keep, take=take)
        proposal = runtime.packs.foresee(decided_by(revision, decide))
        dialect = runtime.database.engine.dialect
        statements = proposal.plan.sql(dialect) if with_sql else None
    if as_json:
        say_json(plan_json(proposal, dialect))
        return
    for line in plan_lines(proposal, statements):
        say(line)
