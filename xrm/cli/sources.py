"""Packs as they are named on the command line: by path, or by name in one of the folders for packs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xrm.engine.packs import Installed
    from xrm.engine.runtime import Runtime
    from xrm.metadata.sources import PackSource


def sources_for(runtime: Runtime, names: Sequence[str], folders: Iterable[Path]) -> tuple[PackSource, ...]:
    """The named packs and those that they require and that are not installed."""
    from xrm.metadata.finding import pack_folders, pack_source, with_requirements

    folders = tuple(folders)
    available = pack_folders(folders)
    sources = [pack_source(_path(name, available)) for name in names]
    installed = {layer.name for layer in runtime.packs.list()}
    return with_requirements(sources, {"core", *installed}, folders, runtime.definitions)


def _path(name: str, available: dict[str, Path]) -> Path:
    path = Path(name)
    return available[name] if not path.exists() and name in available else path


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
    if not installed.layers and not installed.steps:
        return ["Nothing to do: everything is installed as it is."]
    lines = list(installed.steps)
    names = [f"{layer.name} {layer.version}".strip() for layer in installed.layers]
    if names:
        lines.append(f"Installed {', '.join(names)}.")
    if installed.seeded:
        lines.append(f"Made {installed.seeded} records of base data.")
    return lines
