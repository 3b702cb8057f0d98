"""Helpers for authors of packs: an installation in a few milliseconds, with a clock that stands still.

runtime = make_runtime(url, folder, [a_pack("sales", deal="label: Deal\\nplural: Deals\\nfields: {...}")])
ana = an_actor(runtime, roles=["sales_user"])
runtime.current().records.execute(ana, [Create("deal", {"name": "First"})])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.engine.extensions import load_extensions
from xrm.engine.jobs import InlineRunner
from xrm.engine.runtime import Runtime, open_runtime, rehearsals
from xrm.engine.runtime.rehearsal import Played
from xrm.engine.runtime.service import DOCUMENTS
from xrm.engine.world import World, fixed_world
from xrm.metadata.definitions import Definitions
from xrm.metadata.finding import pack_source, with_requirements
from xrm.metadata.sources import PackSource, core_source
from xrm.settings import Settings

__all__ = [
    "NOON",
    "Played",
    "a_pack",
    "admin_actor",
    "an_actor",
    "make_runtime",
    "make_settings",
    "pack_from",
    "run_scenarios",
]

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
_SEEDS = count(1)
_KEY = "c2f1a7d94be35860" * 3

GivenPack = Path | Mapping[str, str]


def make_settings(database_url: str, folder: Path, **changes: Any) -> Settings:
    """Settings for a test: a key of its own, everything in `folder`, passwords hashed cheaply."""
    chosen = Settings(
        data=folder / "data",
        database_url=database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        secret_key=_KEY,
        base_url="http://127.0.0.1:8000",
        password_memory=1024,
    )
    return replace(chosen, **changes)


def make_runtime(
    database_url: str,
    folder: Path,
    packs: Iterable[GivenPack] = (),
    *,
    demo: bool = False,
    world: World | None = None,
    settings: Settings | None = None,
    install: bool = True,
) -> Runtime:
    """An installation of the core and these packs; raises like an installation does.

    A pack is a folder, an archive, or a mapping of files to texts. Without `install` the database stays as it
    is, as for a second process of the same installation. The clock stands at NOON until it is moved; jobs are
    performed by the thread that starts them, when its transaction has committed.
    """
    chosen = settings or make_settings(database_url, folder)
    _share_documents(chosen.data)
    runtime = open_runtime(
        chosen,
        world=world or fixed_world(NOON, seed=next(_SEEDS)),
        runner=lambda database, there: InlineRunner(there),
        definitions=_definitions(),
    )
    try:
        if install:
            runtime.packs.install([pack_from(pack) for pack in packs], runtime.installer)
        if demo:
            runtime.packs.seed_demo()
    except BaseException:
        runtime.close()
        raise
    return runtime


@cache
def _documents() -> TemporaryDirectory[str]:
    """Where all installations of this process keep checked documents; gone when the process ends."""
    return TemporaryDirectory(prefix="xrm-documents-", ignore_cleanup_errors=True)


@cache
def _definitions() -> Definitions:
    """What all installations of this process have read: the same packs are resolved once."""
    return Definitions(load_extensions().types, Path(_documents().name))


def _share_documents(data: Path) -> None:
    """The core layer is read once in a process, however many installations it makes."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = data / DOCUMENTS
    if link.is_symlink() and not link.exists():
        link.unlink(missing_ok=True)  # the process that made it has ended
    with suppress(FileExistsError):
        link.symlink_to(_documents().name)


def pack_from(given: GivenPack) -> PackSource:
    """The pack in the form in which packs are installed; a mapping without pack.yaml is the pack `sample`."""
    if isinstance(given, Path):
        return pack_source(given)
    files = given if "pack.yaml" in given else a_pack("sample", given)
    name = next(
        (line[5:].strip() for line in files["pack.yaml"].splitlines() if line.startswith("pack:")), ""
    )
    return PackSource(name, {path: text.encode() for path, text in files.items()})


def a_pack(
    name: str = "sample", files: Mapping[str, str] | None = None, *, version: str = "1.0.0", **entities: str
) -> dict[str, str]:
    """A pack with a manifest, these files, and entities by name: `deal="label: Deal\\nfields: ..."`."""
    manifest = f"pack: {name}\nlabel: {name.replace('_', ' ').capitalize()}\nversion: {version}\n"
    documents = {f"entities/{entity}.yaml": _entity(entity, text) for entity, text in entities.items()}
    return {"pack.yaml": manifest, **documents, **(files or {})}


def _entity(name: str, text: str) -> str:
    """The document, with its name, label and plural where it does not say them."""
    said = {line.split(":", 1)[0] for line in text.splitlines()}
    label = name.replace("_", " ").capitalize()
    facts = {"entity": name, "label": label, "plural": f"{label}s"}
    missing = [f"{key}: {value}" for key, value in facts.items() if key not in said]
    return "\n".join([*missing, text])


def run_scenarios(*packs: GivenPack, folders: Iterable[Path] = ()) -> list[Played]:
    """What came of every scenario of these packs; those that they require are looked for in the folders.

    Played in a database of their own, which is gone afterwards.
    """
    definitions = _definitions()
    sources = [pack_from(pack) for pack in packs]
    read = [definitions.read(source) for source in sources]  # held, so that nothing is read again
    chosen = with_requirements(sources, {"core"}, folders, definitions)
    names = {pack.name for pack in read}
    layers = [core_source(), *chosen]
    return list(rehearsals(definitions).play(layers, lambda doc: doc.pack in names))


def admin_actor(runtime: Runtime) -> Actor:
    """A person who may do everything."""
    return an_actor(runtime, "Administrator", [ADMINISTRATOR])


def an_actor(
    runtime: Runtime,
    name: str = "Ana",
    roles: Iterable[str] = (),
    *,
    teams: Iterable[str] = (),
    unit: str | None = None,
    **facts: Any,
) -> Actor:
    """A user of that name with these roles, made if there is none; teams and unit by name, made likewise.

    `facts` change the actor afterwards, as in `language="pt"`.
    """
    email = f"{name.lower().replace(' ', '.')}@example.com"
    user = runtime.directory.user(email)
    if user is None:
        user = runtime.identity.people.create_user(
            runtime.installer, email=email, name=name, roles=roles, unit=_unit(runtime, unit)
        )
        for team in teams:
            runtime.identity.groups.add_member(runtime.installer, _team(runtime, team), user)
    return replace(runtime.identity.actor(user, door="api"), **facts)


def _unit(runtime: Runtime, name: str | None) -> Any:
    if name is None:
        return None
    return runtime.directory.unit(name) or runtime.identity.groups.create_unit(runtime.installer, name)


def _team(runtime: Runtime, name: str) -> Any:
    return runtime.directory.team(name) or runtime.identity.groups.create_team(runtime.installer, name)
