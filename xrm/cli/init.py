"""xrm init: from nothing to an installation that can be signed in to. Repeating it changes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xrm.cli.frame import data_option, json_option, prepared, verb
from xrm.cli.output import progress, say, say_json

if TYPE_CHECKING:
    from xrm.engine.packs import Installed
    from xrm.engine.runtime import Runtime

DEMO_SIGN_IN = "demo-sign-in.txt"
ADMIN_EMAIL = "admin@example.com"


@verb("init", help="Make an installation: packs, an administrator, demo data if asked for.")
@click.option("--demo", is_flag=True, help="Add demo records, and keep the administrator's password at hand.")
@click.option("--admin-email", default=ADMIN_EMAIL, show_default=True, help="The administrator's address.")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose first line is the administrator's password; else one is made and shown.",
)
@data_option
@json_option
def command(
    demo: bool, admin_email: str, password_file: Path | None, data: Path | None, as_json: bool
) -> None:
    """The shipped packs are installed, somebody can administer, and the way in has been told."""
    with prepared(data) as runtime:
        installed = install_shipped(runtime)
        if not as_json:
            tell_installed(installed)
        admin = ensure_administrator(runtime, admin_email, password_file, is_demo=demo)
        made = plant_demo(runtime, hidden=as_json) if demo else 0
        runtime.jobs.runner.prepare()
        address = runtime.settings.base_url
    if as_json:
        layers = [{"name": layer.name, "version": layer.version} for layer in installed.layers]
        say_json({"installed": layers, "demo_records": made, "address": address, **admin.facts()})
        return
    if made:
        say(f"Made {made} demo records.")
    for line in admin.lines():
        say(line)
    say(f"Start it with: xrm serve{f' --data {data}' if data else ''}   Then open {address}")


@dataclass(frozen=True, slots=True)
class Way:
    """How the administrator signs in, as far as it can be told."""

    email: str
    password: str = ""
    is_new: bool = False

    def facts(self) -> dict[str, str]:
        """For a program."""
        told = {"email": self.email, "password": self.password}
        return {name: value for name, value in told.items() if value}

    def lines(self) -> list[str]:
        """For a person."""
        if not self.email:
            return ["An administrator is there already."]
        if not self.password:
            return [f"Sign in as {self.email}."]
        return [f"Sign in as {self.email}", f"Password:  {self.password}"]


def install_shipped(runtime: Runtime) -> Installed:
    """The packs that come with this program, and those of the settings, are installed.

    In a checkout the shipped packs are being written, so a version may come with other content.
    """
    from xrm.metadata.finding import pack_folders, pack_source
    from xrm.settings import pack_folders_of, shipped_folders

    folders = pack_folders_of(runtime.settings)
    sources = [pack_source(path) for path in pack_folders(folders).values()]
    is_checkout = shipped_folders()[0].parent.name != "shipped"
    return runtime.packs.install(sources, runtime.installer, dev=is_checkout)


def tell_installed(installed: Installed) -> None:
    """What was installed has been told, in two lines at most."""
    if installed.layers:
        names = ", ".join(f"{layer.name} {layer.version}".strip() for layer in installed.layers)
        say(f"Installed {names}: {len(installed.steps)} schema steps, {installed.seeded} base records.")


def ensure_administrator(runtime: Runtime, email: str, password_file: Path | None, *, is_demo: bool) -> Way:
    """Somebody can administer. A demo's password is kept beside the data, readable by its owner only."""
    from xrm.cli.passwords import made_password, read_password
    from xrm.engine.commands import ADMINISTRATOR

    if runtime.directory.has_administrator():
        return kept_way(runtime.settings.data) if is_demo else Way("")
    password = read_password(password_file) if password_file else made_password(runtime.world)
    runtime.identity.people.create_user(
        runtime.installer, email=email, name="Administrator", password=password, roles=[ADMINISTRATOR]
    )
    if is_demo and not password_file:
        _keep(runtime.settings.data / DEMO_SIGN_IN, f"{email}\n{password}\n")
    return Way(email, "" if password_file else password, is_new=True)


def kept_way(data: Path) -> Way:
    """How the administrator of the demo in this folder signs in; no way when it holds no demo."""
    path = data / DEMO_SIGN_IN
    if not path.exists():
        return Way("")
    email, password = path.read_text(encoding="utf-8").split("\n")[:2]
    return Way(email, password)


def _keep(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def plant_demo(runtime: Runtime, *, hidden: bool) -> int:
    """The demo records of all packs are there; gives how many were made now."""
    with progress("demo records", hidden=hidden) as advance:
        return runtime.packs.seed_demo(advance)
