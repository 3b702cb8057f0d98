"""Files: named by content, whole or absent, and sent so that nothing in them runs."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.engine.storage.conftest import NOON
from xrm.engine.storage.database import Database
from xrm.engine.storage.files import (
    FileFacts,
    FileStore,
    add_file,
    attach_file,
    delivery,
    file_facts,
)
from xrm.engine.world import FixedClock, World
from xrm.errors import NotFound, TooLarge, Unavailable


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> FileStore:
    return FileStore(tmp_path / "files", clock)


def _contents(root: Path) -> list[Path]:
    return [path for path in (root / "files").rglob("*") if path.is_file() and path.name != "lock"]


def test_a_content_comes_back_and_is_kept_once(store: FileStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    first, second = store.put(io.BytesIO(data), 1 << 20), store.put(io.BytesIO(data), 1 << 20)
    assert first == second
    assert (first.sha256, first.size) == (sha256(data).hexdigest(), len(data))
    assert len(_contents(tmp_path)) == 1
    with store.open(first.sha256) as stream:
        assert stream.read() == data


def test_a_content_past_the_limit_is_refused_and_nothing_is_kept(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        store.put(io.BytesIO(b"x" * 100_001), 100_000)
    assert _contents(tmp_path) == []
    assert store.put(io.BytesIO(b"x" * 100_000), 100_000).size == 100_000


def test_a_stream_that_breaks_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError("connection reset")

    with pytest.raises(Unavailable) as caught:
        store.put(Broken(), 100)
    assert caught.value.facts["status"] == 507
    assert _contents(tmp_path) == []


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 63 + "/"])
def test_only_a_hash_names_a_content(store: FileStore, digest: str) -> None:
    with pytest.raises(ValueError):
        store.open(digest)


def test_a_content_that_is_not_there_is_not_found(store: FileStore) -> None:
    with pytest.raises(NotFound):
        store.open("0" * 64)


def test_a_content_goes_when_nobody_has_brought_it_since(store: FileStore, clock: FixedClock) -> None:
    content, other = store.put(io.BytesIO(b"x"), 10), store.put(io.BytesIO(b"y"), 10)
    clock.advance(timedelta(hours=1))
    store.renew(other.sha256)
    assert list(store.brought_before(clock.now())) == [content]
    assert [store.remove(c.sha256, clock.now()) for c in (content, other)] == [True, False]
    with pytest.raises(NotFound):
        store.open(content.sha256)
    store.open(other.sha256).close()


def test_what_is_brought_again_while_it_is_found_old_stays(store: FileStore, clock: FixedClock) -> None:
    store.put(io.BytesIO(b"x"), 10)
    clock.advance(timedelta(hours=1))
    (old,) = store.brought_before(clock.now())
    store.put(io.BytesIO(b"x"), 10)
    assert store.remove(old.sha256, clock.now()) is False
    store.open(old.sha256).close()


def test_whoever_brings_a_content_has_it_afterwards_though_it_is_removed_as_old_at_the_same_time(
    store: FileStore, clock: FixedClock, tmp_path: Path
) -> None:
    digest = store.put(io.BytesIO(b"x"), 10).sha256
    path = next(path for path in _contents(tmp_path) if path.name == digest)
    before, over = clock.now(), Event()

    def remove() -> None:
        while not over.is_set():
            store.remove(digest, before)

    remover = Thread(target=remove)
    remover.start()
    try:
        for _ in range(300):
            with suppress(FileNotFoundError):
                os.utime(path, (0, 0))
            store.put(io.BytesIO(b"x"), 10)
            store.open(digest).close()
    finally:
        over.set()
        remover.join()


def test_what_was_not_written_to_its_end_goes(store: FileStore, clock: FixedClock, tmp_path: Path) -> None:
    left = tmp_path / "files" / "drafts" / "left"
    left.write_bytes(b"half")
    os.utime(left, (clock.now().timestamp(),) * 2)
    store.remove_drafts(clock.now())
    assert left.exists()
    store.remove_drafts(clock.now() + timedelta(seconds=1))
    assert not left.exists()


def test_a_file_belongs_to_one_record(installed: Database, world: World) -> None:
    facts = FileFacts(world.new_id(), "0" * 64, 5, "image/png", "plan.png")
    mine, other = world.new_id(), world.new_id()
    with installed.write() as unit:
        add_file(unit, facts, NOON, None)
        assert attach_file(unit, facts.id, 7, mine, 9)
        assert attach_file(unit, facts.id, 7, mine, 9)
        assert not attach_file(unit, facts.id, 7, other, 9)
        assert not attach_file(unit, world.new_id(), 7, mine, 9)
    with installed.read() as unit:
        found = file_facts(unit, [facts.id, other])
    assert found == {facts.id: FileFacts(facts.id, "0" * 64, 5, "image/png", "plan.png", 7, mine, 9)}


DELIVERIES = {
    "an image shown": ("a.png", "image/png", True, "image/png", "inline"),
    "an image downloaded": ("a.png", "image/png", False, "application/octet-stream", "attachment"),
    "a page is never shown": ("a.html", "text/html", True, "application/octet-stream", "attachment"),
    "a drawing with scripts": ("a.svg", "image/svg+xml", True, "application/octet-stream", "attachment"),
    "an invented type": ("a", "text/html; charset=x\r\nX: y", True, "application/octet-stream", "attachment"),
}


@pytest.mark.parametrize(
    ("name", "media_type", "inline", "sent", "way"), DELIVERIES.values(), ids=DELIVERIES.keys()
)
def test_a_file_is_sent_as_something_that_cannot_run(
    name: str, media_type: str, inline: bool, sent: str, way: str
) -> None:
    headers = delivery(name, media_type, inline=inline).headers
    assert headers["Content-Type"] == sent
    assert headers["Content-Disposition"].startswith(way)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ['a"; x="b', "a\r\nSet-Cookie: x", "año/../x", "", "\0", "文件.pdf"])
def test_a_file_name_cannot_break_out_of_its_header(name: str) -> None:
    value = delivery(name, "image/png").headers["Content-Disposition"]
    assert not set("\r\n\0") & set(value)
    assert value.count('"') == 2
    assert value.isascii()
