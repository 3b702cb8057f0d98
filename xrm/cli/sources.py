"""What is named on the command line: packs by path or by name, a customisation by path, answers by key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xrm.cli.output import say, say_json
from xrm.errors import MetadataInvalid

if TYPE_CHECKING:
    from xrm.engine.packs import Installed, Revision
    from xrm.engine.runtime import Runtime
    from xrm.metadata.sources import PackSource

NO_MORE: Mapping[str, object] = {}


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options --keep and --take, which answer the conflicts of an upgrade."""
    keep = click.option("--keep", multiple=True, help="In this conflict your value holds; all for every one.")
    take = click.option("--take", multiple=True, help="In this conflict the pack's value holds; or all.")
    return keep(take(function))


def named_packs(runtime: Runtime, words: Iterable[str]) -> dict[str, str]:
    """The name of the pack that each of these words stands for, a customisation left out."""
    from xrm.metadata.customising import is_customisation
    from xrm.settings import pack_folders_of

    words = tuple(dict.fromkeys(words))
    found = zip(words, _named(words, pack_folders_of(runtime.settings)), strict=True)
    return {word: runtime.definitions.read(s).name for word, s in found if not is_customisation(s)}


def revision_for(
    runtime: Runtime,
    names: Sequence[str],
    *,
    mirror: bool = False,
    dev: bool = False,
    keep: Iterable[str] = (),
    take: Iterable[str] = (),
) -> Revision:
    """What these packs, with those that they require, this customisation and these answers come to."""
    from xrm.engine.packs import Revision, laying
    from xrm.metadata.customising import is_customisation
    from xrm.settings import pack_folders_of

    folders = tuple(pack_folders_of(runtime.settings))
    named = _named(names, folders)
    ours = [source for source in named if is_customisation(source)]
    if len(ours) > 1:
        raise click.UsageError("One customisation at a time; put the documents into one folder.")
    if mirror and not ours:
        _demand_readable(runtime, named)
        raise click.UsageError("--mirror goes with the folder of a customisation.")
    packs = _completed(runtime, [source for source in named if source not in ours], folders)
    edit = laying(ours[0], mirror=mirror) if ours else None
    return Revision(packs, edit=edit, dev=dev, answers=answers_of(keep, take))


def _demand_readable(runtime: Runtime, sources: Iterable[PackSource]) -> None:
    """Nothing stands against reading them; raises MetadataInvalid with all that does."""
    problems = [problem for source in sources for problem in runtime.definitions.read(source).problems]
    if problems:
        raise MetadataInvalid(problems)


def answers_of(keep: Iterable[str], take: Iterable[str]) -> dict[str, Any]:
    """The choice for each key."""
    from xrm.engine.packs import Choice

    both = sorted(set(keep) & set(take))
    if both:
        raise click.UsageError(f"{both[0]} cannot be kept and taken.")
    return {**dict.fromkeys(keep, Choice.KEEP), **dict.fromkeys(take, Choice.TAKE)}


def _named(names: Sequence[str], folders: Iterable[Path]) -> list[PackSource]:
    from xrm.metadata.finding import pack_folders, pack_source

    available = pack_folders(folders)
    return [pack_source(_path(name, available)) for name in names]


def _completed(
    runtime: Runtime, sources: Sequence[PackSource], folders: Iterable[Path]
) -> tuple[PackSource, ...]:
    from xrm.metadata.finding import with_requirements

    installed = {layer.name for layer in runtime.packs.list()}
    return with_requirements(sources, {"core", *installed}, folders, runtime.definitions)


def _path(name: str, available: dict[str, Path]) -> Path:
    path = Path(name)
    return available[name] if not os.path.exists(path) and name in available else path


def installed_json(installed: Installed) -> dict[str, object]:
    """What an installation came to, for a program."""
    return {
        "installed": [{"name": layer.name, "version": layer.version} for layer in installed.layers],
        "steps": list(installed.steps),
        "fingerprint": installed.fingerprint,
        "records": installed.seeded,
    }


def installed_lines(installed: Installed) -> list[str]:
    """What an installation came to, for a person."""
    from xrm.metadata.customising import CUSTOMISATION

    if not installed.layers and not installed.steps and not installed.gone:
        return ["Nothing to do: everything is installed as it is."]
    lines = list(installed.steps)
    names = [f"{x.name} {x.version}".strip() for x in installed.layers if x.name != CUSTOMISATION]
    if names:
        lines.append(f"Installed {', '.join(names)}.")
    if len(names) < len(installed.layers):
        lines.append("The customisation is in force.")
    if installed.gone:
        lines.append(f"Uninstalled {', '.join(installed.gone)}.")
    if installed.seeded:
        lines.append(f"Made {installed.seeded} records of base data.")
    return lines


def show_installed(
    installed: Installed | None, *, as_json: bool, more: Mapping[str, object] = NO_MORE
) -> None:
    """What an installation came to, if there was one, has been told; `more` goes with it to a program."""
    if installed is None:
        return
    if as_json:
        say_json({**installed_json(installed), **more})
        return
    for line in installed_lines(installed):
        say(line)
