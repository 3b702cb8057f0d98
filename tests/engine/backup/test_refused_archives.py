"""An archive that is not as it was written is refused with its place, and nothing is left of the attempt."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from tests.engine.backup.conftest import PACKS, Full, Places, fill
from xrm.engine.backup import ArchiveRefused, write_backup
from xrm.engine.backup import archive as archives
from xrm.engine.backup.manifest import FilesFacts, Manifest, TableFacts
from xrm.errors import Problem
from xrm.testing import make_runtime

Entries = dict[str, bytes]
Change = Callable[[Entries], None]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Full, Path]]:
    """An installation and its backup; archives are the same from both databases."""
    folder = tmp_path_factory.mktemp("refused")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, PACKS)
    full = fill(runtime)
    write_backup(full.ground, folder / "backup.zip")
    yield full, folder / "backup.zip"
    runtime.close()


@pytest.fixture
def archive(made: tuple[Full, Path], tmp_path: Path) -> Path:
    """A copy of the backup that this test may spoil."""
    return Path(shutil.copy(made[1], tmp_path / "backup.zip"))


@pytest.fixture
def refused(places: Places) -> Callable[[Path], Problem]:
    """`refused(path)` is the problem that the archive has; the database is as empty as before."""
    settings = places.settings("sqlite")

    def refuse(path: Path) -> Problem:
        with pytest.raises(ArchiveRefused) as caught:
            places.restore(path, settings)
        assert places.tables(settings) == []
        assert str(caught.value.first.where)
        return caught.value.first

    return refuse


def entries_of(path: Path) -> Entries:
    with zipfile.ZipFile(path) as source:
        return {name: source.read(name) for name in source.namelist()}


def rewritten(archive: Path, change: Change, *, honest: bool = False) -> Path:
    """A copy with other entries; an honest one has a manifest that says what is in it."""
    entries = entries_of(archive)
    change(entries)
    if honest:
        entries["manifest.json"] = _honest(entries)
    path = archive.with_name("rewritten.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return path


def _honest(entries: Entries) -> bytes:
    told = orjson.loads(entries["manifest.json"])
    tables = tuple(
        TableFacts(
            t["name"],
            t["columns"],
            tuple(t["key"]),
            content.count(b"\n"),
            len(content),
            sha256(content).hexdigest(),
        )
        for t in told["tables"]
        if (content := entries.get(f"tables/{t['name']}.jsonl")) is not None
    )
    files = [name for name in sorted(entries) if name.startswith("files/")]
    hashes = sha256("".join(name.removeprefix("files/") for name in files).encode()).hexdigest()
    facts = FilesFacts(len(files), sum(len(entries[name]) for name in files), hashes)
    plain = ("program", "installation", "fingerprint", "made_at", "database", "key_check", "sequences")
    return Manifest(**{name: told[name] for name in plain}, tables=tables, files=facts).to_bytes()


def with_manifest(**changes: object) -> Change:
    def change(entries: Entries) -> None:
        entries["manifest.json"] = orjson.dumps({**orjson.loads(entries["manifest.json"]), **changes})

    return change


def in_account(old: bytes, new: bytes) -> Change:
    def change(entries: Entries) -> None:
        name = "tables/office__account.jsonl"
        assert old in entries[name]
        entries[name] = entries[name].replace(old, new, 1)

    return change


def test_a_file_cut_short_anywhere_is_refused(archive: Path, refused, tmp_path: Path) -> None:
    whole, path = archive.read_bytes(), tmp_path / "cut.zip"
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert refused(path).code == "B101"


def test_a_flipped_bit_is_found_wherever_it_is(archive: Path, refused, tmp_path: Path, scale) -> None:
    whole, path, chance = archive.read_bytes(), tmp_path / "flipped.zip", random.Random(4)
    for _ in range(scale(25, 2000)):
        place = chance.randrange(len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        path.write_bytes(flipped)
        if entries_or_none(path) != entries_of(archive):
            assert refused(path).code in ("B101", "B102", "B103")


def entries_or_none(path: Path) -> Entries | None:
    """What a reader finds who asks no questions; a bit of a date or a comment changes nothing of it."""
    try:
        return entries_of(path)
    except Exception:  # noqa: BLE001 - whatever the library makes of damage
        return None


def test_another_file_is_no_archive(refused, tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("manifest.json", "{}")
    assert refused(path).code == "B101"
    path.write_text("hello")
    assert refused(path).code == "B101"
    assert refused(tmp_path / "none.zip").message == "There is no such file."


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "tables/../../evil.jsonl", "files/..", "tables/a\\b.jsonl", "more.txt",
     "tables/xrm_evil.jsonl", "files/" + "a" * 64],
)  # fmt: skip
def test_an_entry_that_the_manifest_does_not_name_is_refused(archive: Path, refused, name: str) -> None:
    problem = refused(rewritten(archive, lambda entries: entries.update({name: b"x"})))
    assert problem.code in ("B102", "B103")


def test_a_changed_value_is_refused_with_its_table(archive: Path, refused) -> None:
    problem = refused(rewritten(archive, in_account(b"Porto", b"Lagos")))
    assert (problem.code, problem.where.file) == ("B103", "rewritten.zip/tables/office__account.jsonl")


def test_a_missing_table_and_a_missing_file_are_refused(archive: Path, refused, made) -> None:
    assert refused(rewritten(archive, lambda e: e.pop("tables/office__deal.jsonl") and None)).code == "B102"
    assert refused(rewritten(archive, lambda e: e.pop(f"files/{made[0].content}") and None)).code == "B103"


def test_a_later_version_is_refused_with_what_helps(archive: Path, refused) -> None:
    for change in (with_manifest(program="99.0.0"), with_manifest(version=2)):
        problem = refused(rewritten(archive, change))
        assert (problem.code, "later" in problem.hint) == ("B104", True)


@pytest.mark.parametrize(
    "change",
    [
        with_manifest(tables=[]), with_manifest(digest="0" * 64), with_manifest(program="x"), with_manifest(more=1),
        with_manifest(sequences={"x": -1}), with_manifest(tables="all"), with_manifest(program=None),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_hold_together_is_refused(archive: Path, refused, change: Change) -> None:
    assert refused(rewritten(archive, change)).code in ("B101", "B102", "B103")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"name":"Acme"', b'"name":1'),
        (b'"name":"Acme"', b'"name":"A\\u0000b"'),
        (b'"version":1', b'"version":1e3'),
        (b'"version":1', b'"version":99999999999999999999'),
        (b',"version":1}', b"}"),
        (b'"created_at":"2026-', b'"created_at":"26-'),
        (b'"id":"', b'"id":"x'),
        (b'"city":"Porto"', b'"town":"Porto"'),
        (b"{", b"["),
        (b"}\n", b"}"),
        (b'"title":"Acme",', b'"title":null,'),
    ],
)
def test_a_line_that_no_backup_writes_is_refused_though_its_digest_is_right(
    archive: Path, refused, old: bytes, new: bytes
) -> None:
    problem = refused(rewritten(archive, in_account(old, new), honest=True))
    assert problem.code in ("B105", "B112", "B103", "B113")
    assert "office__account" in str(problem)


def test_numbers_that_do_not_know_an_entity_of_the_definitions_are_refused(archive: Path, refused) -> None:
    def change(entries: Entries) -> None:
        name = "tables/xrm_entity.jsonl"
        assert b'"name":"account"' in entries[name]
        entries[name] = entries[name].replace(b'"name":"account"', b'"name":"accounts"', 1)

    problem = refused(rewritten(archive, change, honest=True))
    assert (problem.code, "account" in problem.message) == ("B112", True)


def test_a_row_that_points_nowhere_is_refused(archive: Path, refused) -> None:
    def change(entries: Entries) -> None:
        entries["tables/office__line.jsonl"] = entries["tables/office__line.jsonl"]
        entries["tables/office__deal.jsonl"] = b""

    assert refused(rewritten(archive, change, honest=True)).code == "B112"


def test_what_unpacks_to_more_than_it_says_is_never_unpacked(
    archive: Path, refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LINE_BYTES", 100_000)
    name = "tables/office__account.jsonl"
    bomb = rewritten(
        archive, lambda e: e.update({name: b'{"name":"' + b"A" * 200_000 + b'"}\n'}), honest=True
    )
    assert refused(bomb).code == "B105"
    assert refused(rewritten(archive, lambda e: e.update({name: b"A" * (64 << 20)}))).code == "B103"


def test_entries_that_lie_inside_each_other_are_refused(archive: Path, refused, tmp_path: Path) -> None:
    path = tmp_path / "overlapping.zip"
    path.write_bytes(_overlapping(archive))
    assert refused(path).code in ("B101", "B102")


def _overlapping(archive: Path) -> bytes:
    """The archive whose directory names the largest entry's place for every table."""
    with zipfile.ZipFile(archive) as source:
        infos = source.infolist()
        largest = max(infos, key=lambda info: info.compress_size)
        path = archive.with_name("draft.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for info in infos:
                target.writestr(info.filename, source.read(info.filename))
            big = target.getinfo(largest.filename)
            for info in target.filelist:
                info.header_offset, info.compress_size, info.file_size, info.CRC = (
                    big.header_offset, big.compress_size, big.file_size, big.CRC,
                )  # fmt: skip
    return path.read_bytes()
