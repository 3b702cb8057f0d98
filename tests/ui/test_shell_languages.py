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


# One word per idea: what is not said, and what is said instead.
NOT_SAID = {
    "en": {r"\b[Ee]mails?\b": "e-mail", r"\b[Ll]og(ged)? (in|out|on)\b": "sign in", r"\b[Rr]ecycle": "trash"},
    "pt": {
        r"\b[Ee]mails?\b|\b[Cc]orreio": "e-mail",
        r"\b[Rr]ecicla": "lixo",
        r"\b[Ss]air em|\b[Ee]ntra outra|\b[Ll]ogin": "iniciar sessão",
        r"\b[Ss]enha": "palavra-passe",
    },
    "es": {
        r"\b[Ee]-?mails?\b": "correo electrónico",
        r"\b[Bb]asura|\b[Rr]eciclaje": "papelera",
        r"\b[Ff]ichero": "archivo",
    },
    "ru": {r"[Ээ]л\. почт|[Ии]мейл|\b[Ee]-?mail": "электронная почта", r"[Мм]усор": "корзина", r"[Лл]огин": "войти"},
}  # fmt: skip


def texts_of(language: str) -> dict[str, str]:
    """All that people read in a language, by where it stands: pages, and the packs that come along."""
    found = {f"pages: {key}": str(text) for key, text in catalogue(language).items()}
    if language == "en":
        found = {f"pages: {text}": text for text in said()}
    for pack in (ROOT.parent / "metadata" / "core", ROOT.parents[1] / "entity_packs" / "crm_core"):
        lines = pack.glob(f"i18n/{language}.yaml") if language != "en" else pack.glob("*/*.yaml")
        for file in lines:
            for number, line in enumerate(file.read_text().splitlines(), 1):
                words = re.findall(r"(?:label|plural|help|message|summary): ([^,}]+)", line)
                shown = words if language == "en" else [line.partition(": ")[2]]
                found |= {f"{file.name}:{number}": text for text in shown}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_idea_has_one_word(language: str) -> None:
    wrong = [
        f"{where}: {text} (say {instead})"
        for where, text in texts_of(language).items()
        for pattern, instead in NOT_SAID[language].items()
        if re.search(pattern, text)
    ]
    assert wrong == []


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
