"""Every shipped pack, and the pack of the tests, is read without a problem."""

from __future__ import annotations

import pytest

from tests.packs.shipped import PACKS, ROOT, SHIPPED, docs_of, read_fixture, read_pack


@pytest.mark.parametrize("pack", SHIPPED)
def test_a_shipped_pack_is_read_without_a_problem(pack: str) -> None:
    assert read_pack(pack).problems == ()


def test_the_library_is_read_without_a_problem() -> None:
    assert read_fixture("library").problems == ()


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_says_what_it_models_with_a_diagram(pack: str) -> None:
    assert "```mermaid" in (ROOT / "entity_packs" / pack / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("pack", PACKS)
def test_every_entity_of_a_pack_has_an_icon_a_title_and_both_labels(pack: str) -> None:
    lacking = [
        (name, key)
        for name, doc in docs_of(pack, "entity").items()
        for key in ("icon", "title", "label", "plural", "ownership")
        if key not in doc.body and not (key == "title" and doc.body.get("abstract"))
    ]

    assert lacking == []
