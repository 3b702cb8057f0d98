"""Packs are taken from folders and archives within bounds, and nothing leads out of them."""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.metadata.builders import ACCOUNT, MANIFEST, NO_CORE
from xrm.metadata import judge, load_model, read_source
from xrm.metadata.limits import DOCUMENT_BYTES, PACK_BYTES, PACK_FILES

FILES = {"pack.yaml": MANIFEST.format(name="p"), "entities/account.yaml": ACCOUNT}


def folder(root: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def archive(file: Path, entries: list[tuple[str | zipfile.ZipInfo, str]]) -> Path:
    """A zip archive with these entries."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in entries:
            out.writestr(name, text)
    return file


def codes(path: Path) -> list[str]:
    """What is wrong with reaching the pack."""
    return [p.code for p in read_source(path).problems]


def test_a_folder_and_its_archive_are_the_same_pack(tmp_path: Path):
    from_folder = read_source(folder(tmp_path / "p", FILES))
    flat = read_source(archive(tmp_path / "flat.zip", list(FILES.items())))
    wrapped = read_source(archive(tmp_path / "wrapped.zip", [(f"p-1.0/{n}", t) for n, t in FILES.items()]))
    assert from_folder.files == flat.files == wrapped.files
    assert load_model([flat]).fingerprint == load_model([from_folder]).fingerprint


def test_files_that_are_no_documents_are_left_alone(tmp_path: Path):
    more = {
        "README.md": "# P",
        "LICENSE": "-",
        ".git/config": "x",
        "entities/.draft.yaml": "}",
        "logo.png": "-",
    }
    assert set(read_source(folder(tmp_path / "p", FILES | more)).files) == set(FILES)


CLIMBERS = [
    "../evil.yaml",
    "entities/../../evil.yaml",
    "/etc/evil.yaml",
    "entities\\..\\evil.yaml",
    "C:/evil.yaml",
]


@pytest.mark.parametrize("name", CLIMBERS)
def test_an_archive_that_climbs_out_is_refused_whole(tmp_path: Path, name: str):
    file = archive(tmp_path / "p.zip", [*FILES.items(), (name, "entity: evil\n")])
    source = read_source(file)
    assert [p.code for p in source.problems] == ["M106"]
    assert source.files == {}


def test_a_link_in_an_archive_is_refused(tmp_path: Path):
    link = zipfile.ZipInfo("entities/passwords.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert codes(archive(tmp_path / "p.zip", [*FILES.items(), (link, "/etc/passwd")])) == ["M106"]


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path):
    (tmp_path / "secret.yaml").write_text("entity: secret\n")
    root = folder(tmp_path / "p", FILES)
    (root / "entities/secret.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "views").symlink_to(tmp_path)
    source = read_source(root)
    assert [p.code for p in source.problems] == ["M106", "M106"]
    assert set(source.files) == set(FILES)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_one_name_twice_is_refused(tmp_path: Path):
    file = archive(tmp_path / "p.zip", [*FILES.items(), ("entities/account.yaml", "entity: account\n")])
    assert codes(file) == ["M106"]


def test_a_locked_archive_is_refused(tmp_path: Path):
    file = archive(tmp_path / "p.zip", list(FILES.items()))
    content = bytearray(file.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + offset] |= 1
    file.write_bytes(bytes(content))
    assert codes(file) == ["M106"]


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_archive_that_is_packed_in_a_rare_way_is_refused_before_it_is_unpacked(
    tmp_path: Path, method: int
):
    file = tmp_path / "p.zip"
    with zipfile.ZipFile(file, "w", method) as out:
        out.writestr("pack.yaml", FILES["pack.yaml"])
    content = file.read_bytes()
    file.write_bytes(content[:50] + b"\xff" * 8 + content[58:])
    assert codes(file) == ["M106"]


def test_a_name_that_is_not_utf_8_is_a_problem_that_can_be_printed(tmp_path: Path):
    root = folder(tmp_path / os.fsdecode(b"p\xff"), FILES)
    (root / os.fsdecode(b"entities/\xff.yaml")).write_text("entity: x\n")
    source = read_source(root)
    assert [p.code for p in source.problems] == ["M106"]
    assert f"{source.name} {source.problems[0].where}".encode()


def test_a_path_that_no_file_can_have_is_one_problem(tmp_path: Path):
    assert codes(tmp_path / ("q" * 300)) == ["M106"]


def test_what_is_no_archive_is_one_problem(tmp_path: Path):
    (tmp_path / "p.zip").write_bytes(b"not a zip")
    assert codes(tmp_path / "p.zip") == ["M106"]
    broken = archive(tmp_path / "q.zip", list(FILES.items()))
    content = broken.read_bytes()
    broken.write_bytes(content[:60] + b"\xff" * 40 + content[100:])
    assert codes(broken) == ["M106"]


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_archive_is_refused_or_read_and_never_raises(tmp_path: Path, data: st.DataObject):
    content = bytearray(archive(tmp_path / "p.zip", list(FILES.items())).read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "q.zip").write_bytes(bytes(content))
    source = read_source(tmp_path / "q.zip")
    assert all(len(content) <= DOCUMENT_BYTES for content in source.files.values())


def test_a_document_of_fifty_megabytes_is_one_problem_and_is_never_read(tmp_path: Path):
    root = folder(tmp_path / "p", FILES)
    with (root / "entities/huge.yaml").open("wb") as out:
        out.truncate(50 * 1024 * 1024)
    source = read_source(root)
    assert [p.code for p in source.problems] == ["M104"]
    assert set(source.files) == set(FILES)


def test_an_archive_that_unpacks_to_too_much_is_one_problem(tmp_path: Path):
    zeros = "0" * (DOCUMENT_BYTES + 1)
    assert codes(archive(tmp_path / "one.zip", [*FILES.items(), ("seed/base.yaml", zeros)])) == ["M104"]
    parts = [(f"seed/demo/{n}.yaml", "0" * DOCUMENT_BYTES) for n in range(PACK_BYTES // DOCUMENT_BYTES + 2)]
    assert codes(archive(tmp_path / "many.zip", [*FILES.items(), *parts])) == ["M104"]


def test_a_pack_of_too_many_files_is_one_problem(tmp_path: Path):
    entries = [(f"views/v{n}.yaml", "") for n in range(PACK_FILES + 1)]
    assert codes(archive(tmp_path / "p.zip", [*FILES.items(), *entries])) == ["M104"]
    assert codes(folder(tmp_path / "p", FILES | dict(entries))) == ["M104"]


def test_a_pack_in_a_folder_of_another_name_is_told_at_the_name(tmp_path: Path):
    folder = tmp_path / "bells"
    folder.mkdir()
    (folder / "pack.yaml").write_text("label: A pack\npack: towers\nversion: 1.0.0\n")
    (problem,) = judge([NO_CORE, read_source(folder)]).problems
    assert (problem.code, problem.where.line, problem.where.column) == ("M109", 2, 7)


def test_the_name_of_an_archive_says_nothing_about_the_pack(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bells-1.0.zip", "w") as archive:
        archive.writestr("bells-main/pack.yaml", "pack: bells\nversion: 1.0.0\n")
    assert judge([NO_CORE, read_source(tmp_path / "bells-1.0.zip")]).problems == ()


def test_an_entry_without_a_name_refuses_the_archive(tmp_path: Path):
    file = archive(tmp_path / "p.zip", [("pack.yaml", MANIFEST.format(name="p")), ("x", "y")])
    content = bytearray(file.read_bytes())
    start = content.rindex(b"PK\x01\x02")  # the second entry in the directory at the end
    content[start + 28 : start + 30] = b"\0\0"
    content[start + 30 : start + 32] = b"\1\0"  # what was its name counts as an extra field
    file.write_bytes(content)
    source = read_source(file)
    assert [p.code for p in source.problems] == ["M106"]
    assert source.files == {}
