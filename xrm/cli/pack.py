"""xrm pack: which packs are installed, which shall be, and which shall go."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import Group, data_option, json_option, opened, settings_for
from xrm.cli.output import progress, say, say_json, show_table
from xrm.cli.planned import Said, plan_options, shown_or_done
from xrm.cli.sources import answers_of, choice_options, named_packs, revision_for, show_installed
from xrm.cli.writing import writing
from xrm.errors import Conflict, Place, Problem

if TYPE_CHECKING:
    from xrm.engine.packs.removal import Losses
    from xrm.engine.runtime import Runtime


@click.group("pack", cls=Group, help="List, install, upgrade and uninstall packs.")
def command() -> None:
    """A word about packs follows."""


@command.command("list", help="List what is installed, and what could be.")
@data_option
@json_option
def list_(data: Path | None, as_json: bool) -> None:
    """The layers of this installation and the packs at hand have been told."""
    from xrm.metadata.finding import pack_folders
    from xrm.settings import pack_folders_of

    with opened(data) as runtime:
        layers, off = runtime.packs.list(), runtime.switches.disabled()
        at_hand = sorted(pack_folders(pack_folders_of(runtime.settings)).keys() - {x.name for x in layers})
    if as_json:
        facts = ("name", "version", "content", "installed_at")
        told = [
            {"layer": str(x.floor), "disabled": x.name in off, **{fact: getattr(x, fact) for fact in facts}}
            for x in layers
        ]
        say_json({"installed": told, "available": at_hand})
        return
    rows = [
        (x.name, x.version, "disabled" if x.name in off else x.floor, f"{x.installed_at:%Y-%m-%d %H:%M}")
        for x in layers
    ]
    show_table(("name", "version", "layer", "installed"), [*rows, *((name, "", "", "") for name in at_hand)])


@command.command("install", help="Install packs by path, or by name from the folders for packs.")
@click.argument("packs", nargs=-1, required=True)
@click.option("--demo", is_flag=True, help="Make the demo records of all installed packs, too.")
@click.option("--dev", is_flag=True, help="Accept other content under a version that is installed.")
@choice_options
@plan_options()
@data_option
@json_option
def install(
    packs: tuple[str, ...],
    demo: bool,
    dev: bool,
    keep: tuple[str, ...],
    take: tuple[str, ...],
    said: Said,
    data: Path | None,
    as_json: bool,
) -> None:
    """The packs are installed and served by every process, or nothing has changed."""
    with opened(data) as runtime:
        revision = revision_for(runtime, packs, dev=dev, keep=keep, take=take)
        installed = shown_or_done(runtime, revision, said, as_json=as_json)
        with progress("demo records", hidden=not demo or as_json) as advance:
            made = runtime.packs.seed_demo(advance) if demo else 0
    show_installed(installed, as_json=as_json, more={"demo_records": made})
    if demo and not as_json:
        say(f"Made {made} demo records.")


@command.command("demo", help="Add the demo records of the installed packs, or take them away.")
@click.option("--remove", is_flag=True, help="Move them to the trash; those that people changed stay.")
@click.option("--with-changed", is_flag=True, help="With --remove: those that people changed, too.")
@data_option
@json_option
def demo(remove: bool, with_changed: bool, data: Path | None, as_json: bool) -> None:
    """The demo records are there, or as many as can go are in the trash."""
    if with_changed and not remove:
        raise click.UsageError("--with-changed goes with --remove.")
    with opened(data) as runtime:
        sample, actor = runtime.sample, runtime.installer
        with progress("demo records", hidden=as_json) as advance:
            job = sample.run(actor, remove=remove, with_changed=with_changed, watch=advance)
    if as_json:
        say_json(dict(job.result))
        return
    words = {
        "created": "Made",
        "restored": "Brought back",
        "deleted": "Moved to the trash:",
        "changed": "Kept",
    }
    for name, word in words.items():
        if job.result.get(name):
            say(f"{word} {job.result[name]} demo records.")
    for told in job.result.get("problems", ()):
        say(f"{told['column']} {told['row']} stays: {told['message']}")


@command.command("upgrade", help="Bring installed packs to the versions at hand, or those in these paths.")
@click.argument("packs", nargs=-1, required=True)
@choice_options
@plan_options("Only show what would change.")
@data_option
@json_option
def upgrade(
    packs: tuple[str, ...],
    keep: tuple[str, ...],
    take: tuple[str, ...],
    said: Said,
    data: Path | None,
    as_json: bool,
) -> None:
    """The packs are there in the other version with all that was customised; or that has been shown."""
    with opened(data) as runtime:
        _demand_installed(runtime, packs)
        revision = revision_for(runtime, packs, keep=keep, take=take)
        installed = shown_or_done(runtime, revision, said, as_json=as_json)
    show_installed(installed, as_json=as_json)


def _demand_installed(runtime: Runtime, words: tuple[str, ...]) -> None:
    from xrm.engine.packs.named import absent

    present = {layer.name for layer in runtime.packs.list()}
    for word, name in named_packs(runtime, words).items():
        if name not in present:
            raise absent(name, f"Install it: xrm pack install {word}.", word)


@command.command("uninstall", help="Take a pack out; first it is told what goes with it.")
@click.argument("name")
@click.option(
    "--export",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the records that go here.",
)
@click.option("--no-export", is_flag=True, help="Let the records go without writing them to files.")
@choice_options
@plan_options("Only show what would go.")
@data_option
@json_option
def uninstall(
    name: str,
    folder: Path | None,
    no_export: bool,
    keep: tuple[str, ...],
    take: tuple[str, ...],
    said: Said,
    data: Path | None,
    as_json: bool,
) -> None:
    """The pack is no part of the installation any more, or what would go has been shown."""
    if folder and said.only_plan:
        raise click.UsageError("--show writes nothing: leave --export out, or leave --show out.")
    with opened(data) as runtime:
        losses = runtime.removals.look(runtime.installer, name)
        for sentence in losses.sentences() if not as_json else ():
            say(sentence)
        revision = runtime.removals.revision(runtime.installer, name, answers_of(keep, take))
        written: list[str] = []
        if not said.only_plan:
            _demand_word_of_export(losses, folder, no_export=no_export)
            ready = said.about(runtime, revision)
            runtime.packs.foresee(ready).demand_ready(ready.confirmed)
            written = _write_records(runtime, losses, folder) if folder else []
        facts = {"losses": asdict(losses), "written": written}
        done = shown_or_done(runtime, revision, said, as_json=as_json, more=facts)
    show_installed(done, as_json=as_json, more=facts)


def _demand_word_of_export(losses: Losses, folder: Path | None, *, no_export: bool) -> None:
    if losses.has_data and not (folder or no_export):
        message = f"Records go with {losses.pack}, and nothing is said of an export."
        hint = "Write them with --export FOLDER, or say --no-export."
        raise Conflict(Problem("P156", message, hint, Place(path=losses.pack)))


@command.command("disable", help="Take a pack out of use; its tables and records stay as they are.")
@click.argument("name")
@plan_options("Only show what would change.")
@data_option
@json_option
def disable(name: str, said: Said, data: Path | None, as_json: bool) -> None:
    """Nothing of the pack is served, or what would change has been shown."""
    _switch(name, said, data, on=False, as_json=as_json)


@command.command("enable", help="Take a disabled pack into use again.")
@click.argument("name")
@plan_options("Only show what would change.")
@data_option
@json_option
def enable(name: str, said: Said, data: Path | None, as_json: bool) -> None:
    """All of the pack is served as it was, or what would change has been shown."""
    _switch(name, said, data, on=True, as_json=as_json)


def _switch(name: str, said: Said, data: Path | None, *, on: bool, as_json: bool) -> None:
    with opened(data) as runtime:
        revision = runtime.switches.revision(runtime.installer, name, on=on)
        if shown_or_done(runtime, revision, said, as_json=as_json) is None:
            return
    if as_json:
        say_json({"pack": name, "disabled": not on})
        return
    say(f"{name} is in use." if on else f"{name} is disabled; its tables and records stay as they are.")


@command.command("export", help="Write an installed pack to a zip archive, as it was installed.")
@click.argument("name")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@json_option
def export(name: str, file: Path, data: Path | None, as_json: bool) -> None:
    """The archive holds the pack's files, the same bytes each time."""
    from xrm.engine.packs.named import absent
    from xrm.metadata.archiving import archive_of

    with opened(data) as runtime:
        layers = {layer.name: layer for layer in runtime.packs.list()}
        source = runtime.packs.source(name)
    if source is None:
        raise absent(name)
    with writing(file):
        file.write_bytes(archive_of(source))
    if as_json:
        say_json({"file": str(file), "version": layers[name].version, "content": layers[name].content})
        return
    say(f"{name} {layers[name].version} is in {file}.")


def _write_records(runtime: Runtime, losses: Losses, folder: Path) -> list[str]:
    """A file for each entity that goes or loses fields, with the records that are not in the trash."""
    from xrm.engine.transfer import ExportRequest

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files = []
    for entity, fields in losses.exports():
        params = {"fields": (",".join(fields),)} if fields else {}
        request = ExportRequest(entity, params, "jsonl")
        file = folder / f"{entity}.jsonl"
        with writing(file), file.open("wb") as target:
            for piece in runtime.transfer.export(runtime.installer, request).pieces:
                target.write(piece)
        files.append(str(file))
    return files


@command.command("test", help="Run the scenarios of packs, by path or name, in a database made for that.")
@click.argument("packs", nargs=-1, required=True)
@data_option
@json_option
def test(packs: tuple[str, ...], data: Path | None, as_json: bool) -> None:
    """What came of every scenario has been told."""
    from xrm.cli.scenarios import tell_played
    from xrm.engine.extensions import load_extensions
    from xrm.metadata.definitions import Definitions
    from xrm.metadata.finding import pack_folders, pack_source, with_requirements
    from xrm.metadata.sources import core_source
    from xrm.settings import pack_folders_of

    folders = pack_folders_of(settings_for(data))
    at_hand, definitions = pack_folders(folders), Definitions(load_extensions().types)
    sources = [pack_source(at_hand.get(name, Path(name))) for name in packs]
    chosen = with_requirements(sources, {"core"}, folders, definitions)
    names = {definitions.read(source).name for source in sources}
    tell_played(definitions, [core_source(), *chosen], names, as_json=as_json)
