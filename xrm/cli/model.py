"""xrm model: what this organisation changed, versions of all definitions, and what was removed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import Group, data_option, json_option, opened, settings_for
from xrm.cli.output import say, say_json, show_table
from xrm.cli.planned import Said, confirm_option, plan_options, show_option, shown_or_done
from xrm.cli.plans import confirmation_lines, step_lines
from xrm.cli.sources import show_installed
from xrm.cli.writing import writing
from xrm.errors import Conflict, MetadataInvalid, Place, Problem

if TYPE_CHECKING:
    from xrm.engine.packs import Version
    from xrm.engine.runtime import Runtime
    from xrm.metadata.definitions import Definitions
    from xrm.metadata.reading import ReadPack
    from xrm.metadata.sources import PackSource

LIVE = "live"
CHANGES_TOLD = 12  # sentences of one version that a table shows


@click.group(
    "model", cls=Group, help="Export, compare and reset what this organisation changed; go back to a version."
)
def command() -> None:
    """A word about the definitions follows."""


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
    with writing(folder):
        for path in others if mirror else ():
            (folder / path).unlink()
        _write(folder, files)
    if as_json:
        say_json({"written": sorted(files), "removed" if mirror else "left": others})
        return
    count = "1 document is" if len(files) == 1 else f"{len(files)} documents are"
    say(f"{count} in {folder}." if files else "Nothing is customised here.")
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
    from xrm.engine.packs.telling import difference_json
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
    if not os.path.exists(path):
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
@plan_options("Only show what would change.")
@data_option
@json_option
def reset(name: str, said: Said, data: Path | None, as_json: bool) -> None:
    """What the layers below say of NAME holds again; with --show that has been shown only."""
    from xrm.engine.packs import Revision, resetting

    with opened(data) as runtime:
        installed = shown_or_done(runtime, Revision(edit=resetting(name)), said, as_json=as_json)
    show_installed(installed, as_json=as_json)


@command.command("versions", help="List the versions: when, who, and what changed; no more than 200 at once.")
@click.option("--before", "below", type=int, metavar="NUMBER", help="Only those before this version.")
@data_option
@json_option
def versions(below: int | None, data: Path | None, as_json: bool) -> None:
    """The last versions, or those before one, have been told, the newest first."""
    with opened(data) as runtime:
        known = runtime.packs.versions(below)
        names = {version.actor: _name(runtime, version) for version in known}
    if as_json:
        facts = ("number", "at", "actor", "door", "fingerprint", "changes", "can_return", "is_current")
        say_json([{fact: getattr(version, fact) for fact in facts} for version in known])
        return
    rows = [
        (v.number, f"{v.at:%Y-%m-%d %H:%M}", names[v.actor], v.door, "\n".join(_short(v.changes)))
        for v in known
    ]
    show_table(("version", "when", "who", "door", "what changed"), rows)


def _name(runtime: Runtime, version: Version) -> str:
    if version.actor is None:
        return "the system"
    found = runtime.overview.names(runtime.installer, [version.actor])
    return found.get(str(version.actor), "the system")


def _short(changes: tuple[str, ...]) -> list[str]:
    told = list(changes[:CHANGES_TOLD])
    return [*told, f"and {len(changes) - CHANGES_TOLD} more"] if len(changes) > CHANGES_TOLD else told


@command.command("rollback", help="Bring back the definitions of a version, with what was removed since.")
@click.argument("number", type=int)
@plan_options("Only show what would change.")
@data_option
@json_option
def rollback(number: int, said: Said, data: Path | None, as_json: bool) -> None:
    """The definitions of that version are in force as a new version; or that has been shown."""
    from xrm.engine.packs import Revision

    with opened(data) as runtime:
        installed = shown_or_done(runtime, Revision(version=number), said, as_json=as_json)
    show_installed(installed, as_json=as_json)


@command.command("removed", help="List what is no longer defined and still kept.")
@data_option
@json_option
def removed(data: Path | None, as_json: bool) -> None:
    """Everything that a purge would destroy has been told."""
    with opened(data) as runtime:
        kept = runtime.packs.removed()
    if as_json:
        facts = ("number", "thing", "table", "columns", "at", "until", "actor", "definition")
        say_json([{fact: getattr(shadow, fact) for fact in facts} for shadow in kept])
        return
    rows = [(s.number, s.thing, s.table, f"{s.at:%Y-%m-%d}", f"{s.until:%Y-%m-%d}") for s in kept]
    show_table(("number", "what", "table", "removed", "kept until"), rows)


@command.command("purge", help="Destroy what was removed, by the numbers of xrm model removed. No undo.")
@click.argument("numbers", type=int, nargs=-1, required=True)
@show_option("Only show what would go.")
@confirm_option
@data_option
@json_option
def purge(
    numbers: tuple[int, ...], only_plan: bool, confirmed: str, data: Path | None, as_json: bool
) -> None:
    """What was removed under these numbers is gone for good; or that has been shown."""
    from xrm.engine.storage.written import written

    with opened(data) as runtime:
        plan, dialect = runtime.packs.plan_purge(numbers), runtime.database.engine.dialect
        lines = [*step_lines(plan, None), *confirmation_lines(plan)]
        told = written(plan, dialect) if as_json else {}
        if not only_plan:
            lines = list(runtime.packs.purge(numbers, runtime.installer, confirmed=confirmed))
            told = {"steps": lines}
    if as_json:
        say_json(told)
        return
    for line in lines:
        say(line)
