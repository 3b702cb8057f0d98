"""What somebody does on the pages of definitions, in a shop whose definitions are theirs alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Person, Place, Sheet, a_place, the_pack
from xrm.engine.packs import Revision, laying
from xrm.metadata.customising import from_documents

HOME = "/admin/definitions"
VISIT = f"{HOME}/e/site_visit"
REVIEW = f"{HOME}/review"


@contextmanager
def fresh_shop(folder: Path) -> Iterator[Place]:
    """A shop of one's own until the block ends."""
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [the_pack()])
    yield a_place(runtime)
    runtime.close()


def added_entity(ana: Person) -> Sheet:
    """The page of a new entity in the draft."""
    form = ana.open(f"{HOME}/new")
    return ana.fill(
        form, f"{HOME}/new", label="Site visit", plural="Site visits", title="Purpose", icon="map-pin"
    )


def added_field(ana: Person, entity: str, kind: str, **typed: object) -> Sheet:
    """What comes after a field of that type was added."""
    address = f"{HOME}/e/{entity}/fields/new/{kind}"
    return ana.fill(ana.open(address), address, **typed)


def applied(ana: Person) -> Sheet:
    """What comes after the draft was applied."""
    return ana.press(f"{REVIEW}/apply", REVIEW)


def customised(shop: Place, **documents: str) -> None:
    """The organisation keeps these documents: `forms__customer__json`."""
    files = {"/".join(k.split("__")[:-1]) + "." + k.split("__")[-1]: text for k, text in documents.items()}
    revision = Revision(edit=laying(from_documents(files), mirror=False))
    shop.runtime.packs.revise(revision, shop.runtime.installer)


def drafted(shop: Place) -> Mapping[str, str]:
    """The documents of the draft."""
    return shop.runtime.drafts.look(shop.runtime.installer).documents


def rows(sheet: Sheet) -> list[list[str]]:
    """The tables of a page, row by row."""
    found = [e for e in sheet.find("tr") if e.within("tbody")]
    cells = [e for e in sheet.elements if e.tag in ("th", "td")]
    tables = [[" ".join(e.text.split()) for e in cells if e.within("tr") is row] for row in found]
    return [*tables, *_in_list(sheet, "ol", "steps", "li"), *_in_list(sheet, "dl", "shifts", "div")]


def _in_list(sheet: Sheet, tag: str, name: str, item: str) -> Iterator[list[str]]:
    """The steps of a plan (sentence, kind, rows, way back), or what is other than it was (what, before and after)."""
    order = ("step-text", "tag", "under", "under back")
    for row in sheet.find(item):
        if row["class"] or (holder := row.within(tag)) is None or holder["class"] != name:
            continue
        parts = [e for e in sheet.elements if e.within(item) is row and e.tag in ("p", "span", "dt", "dd")]
        said = {next((o for o in reversed(order) if e["class"].startswith(o)), e.tag): e.text for e in parts}
        texts = (
            [said.get(o, "") for o in order]
            if item == "li"
            else [e.text for e in parts if e.tag in ("dt", "dd")]
        )
        yield [" ".join(re.sub("Way back:|Before:|After:", "", text).split()) for text in texts]
