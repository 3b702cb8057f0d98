"""xrm pack: which packs are installed, and which shall be."""

from __future__ import annotations

from pathlib import Path

import click

from xrm.cli.frame import Group, data_option, json_option, opened
from xrm.cli.output import progress, say, say_json, show_table
from xrm.cli.sources import installed_json, installed_lines, sources_for


@click.group("pack", cls=Group, help="List and install packs.")
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
        layers = runtime.packs.list()
        at_hand = sorted(pack_folders(pack_folders_of(runtime.settings)).keys() - {x.name for x in layers})
    if as_json:
        facts = ("name", "version", "content", "installed_at")
        told = [{"layer": str(x.floor), **{fact: getattr(x, fact) for fact in facts}} for x in layers]
        say_json({"installed": told, "available": at_hand})
        return
    rows = [(x.name, x.version, x.floor, f"{x.installed_at:%Y-%m-%d %H:%M}") for x in layers]
    show_table(("name", "version", "layer", "installed"), [*rows, *((name, "", "", "") for name in at_hand)])


@command.command("install", help="Install packs by path, or by name from the folders for packs.")
@click.argument("packs", nargs=-1, required=True)
@click.option("--demo", is_flag=True, help="Make the demo records of all installed packs, too.")
@click.option("--dev", is_flag=True, help="Accept other content under a version that is installed.")
@data_option
@json_option
def install(packs: tuple[str, ...], demo: bool, dev: bool, data: Path | None, as_json: bool) -> None:
    """The packs are installed and served by every process, or nothing has changed."""
    from xrm.settings import pack_folders_of

    with opened(data) as runtime:
        sources = sources_for(runtime, packs, pack_folders_of(runtime.settings))
        installed = runtime.packs.install(sources, runtime.installer, dev=dev)
        with progress("demo records", hidden=not demo or as_json) as advance:
            made = runtime.packs.seed_demo(advance) if demo else 0
    if as_json:
        say_json({**installed_json(installed), "demo_records": made})
        return
    for line in installed_lines(installed):
        say(line)
    if demo:
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
