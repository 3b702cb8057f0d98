"""xrm check: are these packs right?"""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import data_option, json_option, settings_for, verb
from xrm.cli.output import problem_json, problem_line, say, say_json


@verb("check", help="Check packs, together with the packs that they require. Needs no database.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--scenarios", is_flag=True, help="Run their scenarios, too, in a database made for that.")
@data_option
@json_option
def command(paths: tuple[Path, ...], scenarios: bool, data: Path | None, as_json: bool) -> None:
    """Every problem of all stages has been told, or there is none; former names that are still said are noted."""
    from xrm.cli.scenarios import tell_played
    from xrm.engine.extensions import load_extensions
    from xrm.metadata.definitions import Definitions
    from xrm.metadata.finding import pack_source, with_requirements
    from xrm.metadata.requirements import demand_declared
    from xrm.metadata.sources import core_source
    from xrm.settings import pack_folders_of

    settings = settings_for(data)
    definitions = Definitions(load_extensions().types)
    sources = [pack_source(path) for path in paths]
    chosen = with_requirements(sources, {"core"}, pack_folders_of(settings), definitions)
    model = definitions.resolve([core_source(), *chosen])
    demand_declared(model, map(definitions.read, chosen))
    if scenarios:
        names = {definitions.read(source).name for source in sources}
        tell_played(definitions, [core_source(), *chosen], names, as_json=as_json)
        return
    if as_json:
        notes = [problem_json(note) for note in model.notes]
        say_json(
            {"problems": [], "notes": notes, "packs": list(model.packs), "entities": len(model.entities)}
        )
        return
    for note in model.notes:
        say(problem_line(note))
    say(f"No problems in {', '.join(name for name in model.packs if name != 'core')}.")
