"""Every text of a shipped pack that people read exists in every language that the packs are shipped in."""

from __future__ import annotations

import pytest

from tests.packs.shipped import SHIPPED, docs_of, texts

LANGUAGES = ("pt", "es", "ru")
EVERYWHERE = [(pack, language) for pack in SHIPPED for language in LANGUAGES]


@pytest.mark.parametrize(("pack", "language"), EVERYWHERE)
def test_every_text_is_translated_and_nothing_else_is(pack: str, language: str) -> None:
    translated = docs_of(pack, "i18n")[language].body

    assert sorted(set(texts(pack)) - set(translated)) == []
    assert sorted(set(translated) - set(texts(pack))) == []


@pytest.mark.parametrize("pack", SHIPPED)
def test_russian_texts_are_written_in_cyrillic(pack: str) -> None:
    latin = {
        path: text
        for path, text in docs_of(pack, "i18n")["ru"].body.items()
        if not any("а" <= letter.lower() <= "я" or letter in "ёЁ" for letter in text)
    }

    assert set(latin.values()) <= {"SMS"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("pack", SHIPPED)
def test_sentences_end_in_every_language_as_they_do_in_english(pack: str, language: str) -> None:
    translated = docs_of(pack, "i18n")[language].body

    assert [p for p, text in texts(pack).items() if text.endswith(".") != translated[p].endswith(".")] == []
