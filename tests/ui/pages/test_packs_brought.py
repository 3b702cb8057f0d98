"""A pack that is brought as an archive on the page of packs: kept until it is installed, or refused with its places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Lay, Person, Place, Sheet, a_place, the_pack
from tests.ui.pages.drafting import rows
from tests.ui.pages.test_admin_installation import MORE, TOOL, WRONG, told
from xrm.testing import a_pack, make_settings

BRING = "/admin/bring"


@pytest.fixture
def works(tmp_path: Path, folder: Path) -> Iterator[Place]:
    """The shop, with a folder for more packs; nothing here depends on the database."""
    url = f"sqlite:///{tmp_path / 'xrm.db'}"
    settings = replace(make_settings(url, tmp_path), packs=(folder,))
    runtime = make_runtime(url, tmp_path, [the_pack()], settings=settings)
    yield a_place(runtime)
    runtime.close()


def zipped(files: Mapping[str, str]) -> bytes:
    """The archive of these files."""
    held = BytesIO()
    with ZipFile(held, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return held.getvalue()


def bring(person: Person, content: bytes, name: str = "yard.zip") -> Sheet:
    """The page after the archive was sent."""
    return person.send(BRING, person.open(BRING).form(BRING), file=[(BytesIO(content), name)])


def test_an_archive_is_brought_looked_at_installed_and_brought_again_in_its_next_version(
    works: Place,
) -> None:
    ana = works.person("Ana")
    assert BRING in ana.open("/admin/packs").links().values()
    page = bring(ana, zipped(a_pack("yard", tool=TOOL)), "yard of ours (2).zip")
    assert page.address == "/admin/packs/yard"
    assert "Comes in: yard 1.0.0." in page.text
    assert told(ana.open("/admin/packs"), "yard")[0] == "At hand"
    ana.fill(page, "/admin/packs/yard/install")
    assert told(ana.open("/admin/packs"), "yard")[:2] == ["Installed", "1.0.0"]
    page = bring(ana, zipped(a_pack("yard", version="1.1.0", tool=MORE)))
    ana.fill(page, "/admin/packs/yard/install")
    assert "weight" in works.runtime.current().model.entities["tool"].fields
    assert not list((works.runtime.settings.data / "brought").iterdir())


def test_an_archive_that_is_wrong_is_refused_with_its_places_and_not_kept(works: Place) -> None:
    ana = works.person("Ana")
    page = bring(ana, zipped(a_pack("yard", tool=WRONG)))
    assert page.status == 422
    assert any(cell.startswith("yard.zip/entities/tool.yaml:") for row in rows(page) for cell in row)
    for content in (
        b"no archive",
        b"",
        zipped({"../pack.yaml": "pack: yard\n"}),
        zipped({"roles.yaml": "{}"}),
    ):
        page = bring(ana, content)
        assert (page.status, bool(rows(page))) == (422, True), content
    core = bring(ana, zipped(a_pack("core", tool=TOOL)))
    assert core.status == 422
    assert all(row[0] != "yard" for row in rows(ana.open("/admin/packs")))
    assert not list((works.runtime.settings.data / "brought").iterdir())
    none = ana.send(BRING, ana.open(BRING).form(BRING))
    assert (none.status, "Choose a file." in none.text) == (422, True)


def test_what_was_brought_can_be_taken_away_again_and_nobody_else_brings_anything(works: Place) -> None:
    ana = works.person("Ana")
    page = bring(ana, zipped(a_pack("yard", tool=TOOL)))
    page = ana.fill(page, "/admin/packs/yard/away")
    assert page.address == "/admin/packs"
    assert ana.open("/admin/packs/yard").status == 404
    bob = works.person("Bob", "clerk")
    assert bob.open(BRING).status == 403
    assert bob.send(BRING, bob.open("/").form("/me/theme"), file=[(BytesIO(b""), "a.zip")]).status == 403


def test_archives_lie_in_the_folders_for_packs_too_and_the_highest_version_counts(
    works: Place, lay: Lay
) -> None:
    ana, folder = works.person("Ana"), works.runtime.settings.packs[0]
    folder.mkdir()
    for version in ("1.9.0", "1.10.0"):
        (folder / f"yard-{version}.zip").write_bytes(zipped(a_pack("yard", version=version, tool=TOOL)))
    (folder / "shed.zip").write_bytes(b"no archive")
    (folder / "Some notes.zip").write_bytes(b"no archive")
    assert told(ana.open("/admin/packs"), "yard")[:3] == ["At hand", "", "1.10.0"]
    assert told(ana.open("/admin/packs"), "shed")[0] == "Wrong"
    assert "/admin/packs/yard/away" not in ana.open("/admin/packs/yard").html
    lay(a_pack("yard", version="1.2.0", tool=TOOL))
    assert told(ana.open("/admin/packs"), "yard")[2] == "1.2.0"
