"""The shipped packs with their demo data go from SQLite to PostgreSQL and back, and the digest stays the same.

At full size with 100,000 opportunities besides, and the times are told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.sales import PACKS, fill
from xrm.engine.backup import Manifest, digest_of, restore, write_backup
from xrm.engine.runtime import Runtime
from xrm.engine.runtime.backups import empty_ground, ground_of
from xrm.testing import make_runtime, make_settings


@pytest.mark.proof
def test_the_shipped_packs_go_to_postgresql_and_back(
    sqlite_url: str, postgres_url: str, tmp_path: Path, scale: Any, tell: Callable[..., None]
) -> None:
    runtime = make_runtime(sqlite_url, tmp_path / "first", PACKS, demo=True)
    fill(runtime, scale(40, 100_000))
    there, back = tmp_path / "there.zip", tmp_path / "back.zip"
    first, taken = timed(lambda: write_backup(ground_of(runtime), there))
    runtime.close()
    second, brought, read = moved(there, postgres_url, tmp_path / "second", back)
    third, returned, _ = moved(back, f"sqlite:///{tmp_path / 'third.db'}", tmp_path / "third", None)
    assert first.digest == second.digest == third.digest
    assert first.rows == third.rows
    tell(
        rows=first.rows, megabytes=there.stat().st_size >> 20, backup_sqlite=taken, restore_postgresql=brought,
        backup_postgresql=read, restore_sqlite=returned,
    )  # fmt: skip


def moved(archive: Path, url: str, folder: Path, back: Path | None) -> tuple[Manifest, str, str]:
    """What is there after the archive was restored, and how long that took, and another backup."""
    folder.mkdir()
    settings = make_settings(url, folder)
    with empty_ground(settings) as ground:
        _, brought = timed(lambda: restore(ground, archive, settings.data))
    runtime = make_runtime(url, folder, settings=settings, install=False)
    try:
        manifest, read = timed(lambda: _read(runtime, back))
        assert runtime.packs.plan().is_empty
    finally:
        runtime.close()
    return manifest, brought, read


def _read(runtime: Runtime, back: Path | None) -> Manifest:
    ground = ground_of(runtime)
    return write_backup(ground, back) if back else digest_of(ground)


def timed(work: Callable[[], Any]) -> tuple[Any, str]:
    begun = time.perf_counter()
    done = work()
    return done, f"{time.perf_counter() - begun:.1f} s"
