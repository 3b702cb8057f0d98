"""xrm model: what this organisation changed, as files, compared, and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import Group, data_option, json_option, opened, settings_for
from xrm.cli.output import say, say_json
from xrm.cli.plans import difference_json, show_plan
from xrm.cli.sources import show_installed
from xrm.errors import Conflict, MetadataInvalid, Place, Problem

if TYPE_CHECKING:
    from xrm.metadata.definitions import Definitions
    from xrm.metadata.reading import ReadPack
    from xrm.metadata.sources import PackSource

LIVE = "live"


@click.group("model", cls=Group, help="Export, compare and reset what this organisation changed.")
def command() -> None:
    """A word about the customisation follows."""


@command.command("export", help="Write the customisation into the folder, one file for each document.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--mirror", is_flag=True, help="Remove documents from the folder that are no longer in force.")
@data_option
@json_option
def export(folder: Path, mirror: bool, data: Path | None, as_json: bool) -> None:
    """The folder holds the customisation as its authors wrote it, the same bytes each time."""
    from xrm.metadata.customising import CUSTOMISATION

    _demand_no_pack(folder)
    with opened(data) as runtime:
        source = runtime.packs.source(CUSTOMISATION)
    files = dict(source.files) if source else {}
    others = _others(folder, files)
    for path in others if mirror else ():
        (folder / path).unlink()
    _write(folder, files)
    if as_json:
        say_json({"written": sorted(files), "removed" if mirror else "left": others})
        return
    say(f"{len(files)} documents are in {folder}." if files else "Nothing is customised here.")
    for path in others:
        say(f"{'Removed' if mirror else 'Not in force, and left there'}: {path}")


def _demand_no_pack(folder: Path) -> None:
    from xrm.metadata.finding import MANIFESTS

    for name in MANIFESTS:
        if (folder / name).exists():
            hint = "Name another folder."
            raise Conflict(Problem("P155", "A pack is in this folder.", hint, Place(str(folder / name))))


def _others(folder: Path, files: Iterable[str]) -> list[str]:
    """The documents in the folder that are none of these files."""
    from xrm.metadata.documents import locate
    from xrm.metadata.sources import read_source

    if not folder.is_dir():
        return []
    return sorted({one.path for one in locate(read_source(folder))[0]} - set(files))


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in sorted(files.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


@command.command("diff", help=f"Compare two folders, packs or archives, or one of them with what is {LIVE}.")
@click.argument("before")
@click.argument("after")
@data_option
@json_option
def diff(before: str, after: str, data: Path | None, as_json: bool) -> None:
    """Every difference has been told, by document and key."""
    from xrm.metadata.differences import differences

    if before == after == LIVE:
        raise click.UsageError(f"Compare {LIVE} with a folder, a pack or an archive.")
    found = differences(*_sides(before, after, data))
    if as_json:
        say_json({"differences": [difference_json(one) for one in found]})
        return
    for one in found:
        say(one.sentence)
    if not found:
        say("No difference.")


def _sides(before: str, after: str, data: Path | None) -> tuple[ReadPack | None, ReadPack | None]:
    from xrm.engine.extensions import load_extensions
    from xrm.metadata.definitions import Definitions

    definitions = Definitions(load_extensions().types)
    given = {word: _read(definitions, _source(word, data)) for word in (before, after) if word != LIVE}
    if len(given) == 2 or before == after:
        return given[before], given[after]
    (other,) = given.values()
    with opened(data) as runtime:
        source = runtime.packs.source(other.name)
        live = runtime.definitions.read(source) if source else None
    return (live, other) if before == LIVE else (other, live)


def _source(word: str, data: Path | None) -> PackSource:
    """The pack by path, or by name in the folders for packs; or the customisation in the folder."""
    from xrm.metadata.customising import as_customisation, is_customisation
    from xrm.metadata.finding import pack_folders, pack_source
    from xrm.settings import pack_folders_of

    path = Path(word)
    if not path.exists():
        path = pack_folders(pack_folders_of(settings_for(data))).get(word, path)
    source = pack_source(path)
    return as_customisation(source) if is_customisation(source) else source


def _read(definitions: Definitions, source: PackSource) -> ReadPack:
    pack = definitions.read(source)
    if pack.problems:
        raise MetadataInvalid(pack.problems)
    return pack


@command.command("reset", help="Take back what the customisation says of NAME, as in account.phone.label.")
@click.argument("name")
@click.option("--show", "only_plan", is_flag=True, help="Only show what would change.")
@data_option
@json_option
def reset(name: str, only_plan: bool, data: Path | None, as_json: bool) -> None:
    """What the layers below say of NAME holds again; with --show that has been shown only."""
    from xrm.engine.packs import Revision, resetting

    revision = Revision(edit=resetting(name))
    with opened(data) as runtime:
        if only_plan:
            show_plan(runtime, runtime.packs.foresee(revision), as_json=as_json)
            return
        installed = runtime.packs.revise(revision, runtime.installer)
    show_installed(installed, as_json=as_json)
