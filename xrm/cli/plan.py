"""xrm plan: what would change?"""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import data_option, json_option, opened, verb
from xrm.cli.output import say, say_json
from xrm.cli.sources import sources_for


@verb("plan", help="Show the steps that would bring the database to these packs and all that is installed.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sql", "with_sql", is_flag=True, help="Show what is said to the database, too.")
@data_option
@json_option
def command(paths: tuple[Path, ...], with_sql: bool, data: Path | None, as_json: bool) -> None:
    """The steps have been told; nothing has changed."""
    from xrm.settings import pack_folders_of

    with opened(data) as runtime:
        sources = sources_for(runtime, [str(path) for path in paths], pack_folders_of(runtime.settings))
        plan = runtime.packs.plan(sources)
        sentences = plan.sentences()
        statements = plan.sql(runtime.database.engine.dialect) if with_sql or as_json else ()
    if as_json:
        steps = [{"step": s, "sql": q} for s, q in zip(sentences, statements, strict=True)]
        say_json({"hash": plan.hash, "steps": steps})
    elif plan.is_empty:
        say("Nothing to do: the database is as the definitions want it.")
    else:
        for number, sentence in enumerate(sentences):
            say(sentence)
            if with_sql:
                say(f"    {statements[number]}")
