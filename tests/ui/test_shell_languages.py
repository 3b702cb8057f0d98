"""Every sentence of the pages exists in every language, and nothing is translated that nobody says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import xrm.ui
from xrm.ui.formatting import LENGTHS
from xrm.ui.i18n import LANGUAGES, catalogue

ROOT = Path(xrm.ui.__file__).parent
CALL = re.compile(r"""\bt\(\s*(?:"((?:[^"\\]|\\.)+)"|'((?:[^'\\]|\\.)+)')""")
PLURALS = {
    "en": {"one", "other"},
    "pt": {"one", "other"},
    "es": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
}


def said() -> set[str]:
    """Every sentence that a template or a module hands to `t`."""
    files = [*ROOT.rglob("*.html"), *ROOT.rglob("*.py")]
    found = (match for file in files for match in CALL.findall(file.read_text()))
    return {double or single for double, single in found} | {words for words, _ in LENGTHS}


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_a_language_says_all_that_is_said_and_nothing_else(language: str) -> None:
    known = set(catalogue(language))
    assert sorted(said() - known) == []
    assert sorted(known - said()) == []


def test_english_holds_the_sentences_that_count() -> None:
    assert set(catalogue("en")) == {
        text for text, forms in catalogue("pt").items() if not isinstance(forms, str)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_names_and_has_the_plural_forms_of_its_language(language: str) -> None:
    for text, forms in catalogue(language).items():
        for form in [forms] if isinstance(forms, str) else forms.values():
            assert set(re.findall(r"{\w+}", form)) <= set(re.findall(r"{\w+}", text)), text
            assert form.strip(), text
        if isinstance(forms, str):
            assert re.findall(r"{\w+}", forms) or "{" not in text
        else:
            assert set(forms) == PLURALS[language], text
