"""The library fixture behind its API, with a librarian, a visitor and an administrator who call it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from tests.support.postgres import Cluster
from tests.support.project import ROOT
from xrm.app import mount
from xrm.engine.commands import ADMINISTRATOR
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, an_actor

CALLER = "caller: {label: Caller, grants: {calls: {entity: call, can: [create, read, update]}}}\n"
CALL = "like: activity\ntitle: subject\nownership: user_or_team"
DESK = a_pack("desk", {"roles.yaml": CALLER}, call=CALL)
PACKS = (ROOT / "tests/packs/fixtures/library", DESK)


@dataclass(frozen=True)
class Library:
    """A runtime, its application, and callers by name."""

    runtime: Runtime
    app: Flask

    def caller(self, name: str, *roles: str) -> Caller:
        """Somebody with these roles and a token of their own."""
        token = self.runtime.identity.create_token(an_actor(self.runtime, name, roles), "test")
        return Caller(self.app, {"Authorization": f"Bearer {token}"})

    @property
    def librarian(self) -> Caller:
        return self.caller("Lena", "librarian", "caller")

    @property
    def visitor(self) -> Caller:
        return self.caller("Vera", "visitor")

    @property
    def admin(self) -> Caller:
        return self.caller("Ada", ADMINISTRATOR)


def open_library(url: str, folder: Path) -> Library:
    """The library is installed in the database, and its API answers."""
    runtime = make_runtime(url, folder, PACKS)
    return Library(runtime, mount(runtime))


class SqliteLibrary:
    """A library in a file that can be put back to how it was just after the installation."""

    def __init__(self, folder: Path) -> None:
        self._file, self._kept = folder / "library.db", folder / "kept.db"
        self.library = open_library(f"sqlite:///{self._file}", folder)
        self.library.runtime.close()
        shutil.copy(self._file, self._kept)

    def restored(self) -> Library:
        """The library as it was."""
        self.library.runtime.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
        shutil.copy(self._kept, self._file)
        return self.library


class PostgresLibrary:
    """The same in a PostgreSQL database."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster, self._name = cluster, cluster.create()
        self.library = open_library(cluster.url(self._name), folder)
        self.library.runtime.close()
        self._kept = cluster.create(template=self._name)

    def restored(self) -> Library:
        """The library as it was."""
        self.library.runtime.close()
        self._cluster.drop(self._name)
        self._cluster.copy(self._kept, self._name)
        return self.library


def made(caller: Caller, entity: str, **values: Any) -> dict[str, Any]:
    """A record that the caller has created, as answered."""
    got = caller("POST", f"/records/{entity}", json=values)
    assert got.status_code == 201, got.text
    return dict(got.get_json())
