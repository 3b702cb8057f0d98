"""The reference page of field types says what the types say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.support.project import ROOT
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.metadata.fieldtypes.problems import VALUE_CODES
from xrm.metadata.fieldtypes.reference import field_type_page
from xrm.metadata.schemas.entity import COMPUTED

PAGE = ROOT / "docs" / "reference" / "field-types.md"


def test_the_page_is_what_the_types_print(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, field_type_page(BUILTIN_TYPES, COMPUTED))


def test_the_page_has_every_type_with_its_parameters_and_every_code() -> None:
    page = field_type_page(BUILTIN_TYPES, COMPUTED)
    for type_ in BUILTIN_TYPES:
        assert f"## {type_.name}\n\n{type_.summary}" in page
        assert all(f"| `{name}` |" in page for name in type_.params)
    assert all(f"| {code} |" in page for code in VALUE_CODES)
