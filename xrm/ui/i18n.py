"""The product's own words in the reader's language.

The English sentence is the key. A catalogue is a JSON file beside this module: `"Save": "Guardar"`, or, for
a sentence that counts, its forms by plural category: `"{count} records": {"one": ..., "other": ...}`.
`en.json` holds only sentences that count; every other English sentence is its own text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel import Locale

FOLDER = Path(__file__).parent / "translations"
LANGUAGES = {"en": "English", "pt": "Português", "es": "Español", "ru": "Русский"}

Forms = str | Mapping[str, str]


@cache
def catalogue(language: str) -> Mapping[str, Forms]:
    """Every sentence of a language; empty for a language without a file."""
    path = FOLDER / f"{language}.json"
    return json.loads(path.read_text(encoding="utf-8")) if language in LANGUAGES else {}


def translate(language: str, text: str, **values: object) -> str:
    """`text` in `language`, or else in English, with `{name}`s replaced; `count` chooses the plural form."""
    return fill(sentence(language, text, values.get("count")), values)


def sentence(language: str, text: str, count: object = None) -> str:
    """The sentence of `language` for the English `text`, its `{name}`s still open."""
    base = base_of(language)
    forms = catalogue(base).get(text) or catalogue("en").get(text, text)
    return forms if isinstance(forms, str) else _plural(forms, base, count)


def fill(text: str, values: Mapping[str, object]) -> str:
    """The sentence with its `{name}`s replaced; a name that was not given stays as it stands."""
    return text.format_map(_Shown(values)) if "{" in text else text


def base_of(language: str) -> str:
    """The language of a tag such as `pt-BR`, without its region."""
    return language.replace("-", "_").split("_")[0].lower()


def best_language(wanted: str, accepted: str = "") -> str:
    """The language to use: the person's choice if we have it, else the browser's first, else English."""
    asked = (wanted, *(part.split(";")[0].strip() for part in accepted.split(",")))
    return next((base for base in map(base_of, asked) if base in LANGUAGES), "en")


def _plural(forms: Mapping[str, str], language: str, count: object) -> str:
    number = count if isinstance(count, int) else 0
    return forms.get(_locale(language).plural_form(number), forms["other"])


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language if language in LANGUAGES else "en")


class _Shown(dict[str, object]):
    """Leaves a name that was not given as it stands, for a page must not fail over a missing word."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
