"""Pictures of the documentation: each is there, small, shown somewhere, and can be taken again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pictures.__main__ import FOLDER, take
from tests.pictures.scenes import LIST, SCENES, Scene
from tests.pictures.studio import MOST_BYTES, studio
from tests.support.project import ROOT, project_files

SHOWN = re.compile(r"!\[[^\]]+\]\(([^)]+\.webp)\)")


def shown() -> dict[Path, set[Path]]:
    """The pictures of each page of the documentation, as absolute paths."""
    pages = [path for path in project_files() if path.suffix == ".md"]
    found = {page: SHOWN.findall((ROOT / page).read_text(encoding="utf-8")) for page in pages}
    return {page: {(ROOT / page.parent / link).resolve() for link in links} for page, links in found.items()}


def test_there_is_a_picture_for_every_scene_and_none_without():
    assert {path.stem for path in FOLDER.glob("*.webp")} == {scene.name for scene in SCENES}
    assert len({scene.name for scene in SCENES}) == len(SCENES) > 30


def test_no_picture_is_larger_than_a_page_can_bear():
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.webp")}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}


def test_every_picture_that_a_page_shows_is_there_and_is_described():
    missing = {str(page): [p.name for p in found if not p.is_file()] for page, found in shown().items()}
    assert {page: names for page, names in missing.items() if names} == {}


def test_every_picture_is_shown_on_some_page():
    known = set().union(*shown().values())
    assert sorted(path.name for path in FOLDER.glob("*.webp") if path.resolve() not in known) == []


def test_the_first_page_opens_with_three_pictures():
    first = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert len(SHOWN.findall(first)) == 3


@pytest.mark.parametrize("is_empty", [False, True], ids=["demo", "empty"])
def test_the_scenes_can_be_played(is_empty: bool, proofs: bool):
    wanted: tuple[Scene, ...] = SCENES if proofs or is_empty else (LIST,)
    with studio(is_empty=is_empty) as place:
        for scene in wanted:
            if scene.is_empty is is_empty:
                assert 5_000 < len(take(place, scene)) <= MOST_BYTES, scene.name
