"""The page of definitions says what the schemas say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.project import ROOT
from xrm.metadata.reference import definition_page
from xrm.metadata.schemas import BASES


def test_the_page_of_definitions_is_what_the_schemas_print(golden: Callable[[Path, str], None]):
    golden(ROOT / "docs" / "reference" / "yaml.md", definition_page())


def test_the_page_of_definitions_has_every_key_of_every_kind():
    page = definition_page()
    for kind, schema in BASES.items():
        section = page.split(f"\n## {kind}\n")[1].split("\n## ")[0]
        assert all(f"`{key}`" in section for key in schema.get("properties", {}))
