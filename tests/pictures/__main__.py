"""`python3 dev.py pictures`: every picture of the documentation is taken anew, or those that are named."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import click

from tests.pictures.scenes import SCENES, Scene
from tests.pictures.studio import Studio, studio, taken
from tests.support.project import ROOT

FOLDER = ROOT / "docs" / "pictures"


def main(names: Sequence[str]) -> int:
    """The pictures are in docs/pictures; a name that is unknown takes none."""
    unknown = sorted(set(names) - {scene.name for scene in SCENES})
    if unknown:
        click.echo(f"There is no picture {', '.join(unknown)}.", err=True)
        return 1
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    FOLDER.mkdir(exist_ok=True)
    chosen = [scene for scene in SCENES if not names or scene.name in names]
    for is_empty in (False, True):
        wanted = [scene for scene in chosen if scene.is_empty is is_empty]
        if wanted:
            with studio(is_empty=is_empty) as place:
                for scene in wanted:
                    picture = take(place, scene)
                    (FOLDER / f"{scene.name}.webp").write_bytes(picture)
                    click.echo(f"{scene.name}: {len(picture) // 1024} KB")
    return 0


def take(place: Studio, scene: Scene) -> bytes:
    """The scene, played and photographed."""
    path = scene.path.replace("KEY", place.runtime.first_run.key)
    with place.person(scene.look, scene.who) as page:
        page.goto(f"{place.address}{path}")
        page.wait_for_load_state("networkidle")
        scene.doing(page)
        return taken(page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
