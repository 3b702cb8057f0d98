"""Where a key comes from, what lies below it, and how it is taken back."""

from __future__ import annotations

import pytest

from tests.metadata.builders import CRM, NO_CORE, a_pack, customised
from xrm.errors import Problems
from xrm.metadata.definitions import Definitions
from xrm.metadata.differences import differences
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.order import ordered_packs
from xrm.metadata.provenance import provenance, reset
from xrm.metadata.words import ABSENT

DEFINITIONS = Definitions(builtin_registry())
BASE = a_pack(
    {
        **CRM,
        "options/tone.yaml": "options: {low: Quiet, high: Loud}\n",
        "entities/bell.yaml": """
            entity: bell
            label: Bell
            fields:
              name: {type: text, label: Name}
              tone: {type: choice, options: tone, default: low}
            """,
        "entities/gong.yaml": "entity: gong\nlike: bell\n",
    },
    "base",
)
MORE = a_pack(
    {
        "pack.yaml": "pack: more\nversion: 1.0.0\nrequires: {base: '*'}\n",
        "extend/bell.yaml": "fields:\n  name: {required: true, help: As on the tag}\n",
        "i18n/pt.yaml": "entities.bell.fields.name.label: Nome\n",
    },
    "more",
)
OURS = {
    "entities/bell.yaml": "# ours\nlabel: Chime\nfields:\n  name:\n    label: Title # short\n    help: Our way\n",
    "options/tone.yaml": "options: {remove: [high]}\n",
    "i18n/pt.yaml": "entities.bell.fields.name.label: Título\n",
}


def told(entity: str, member: str = "") -> dict[str, list[tuple[str, object, str]]]:
    sources = (NO_CORE, BASE, MORE, customised(OURS))
    packs = ordered_packs([DEFINITIONS.read(source) for source in sources], Problems())
    return {
        one.key: [(said.layer, said.value, str(said.where)) for said in one.said]
        for one in provenance(packs, entity, member)
    }


def test_each_key_of_a_field_names_its_layer_and_place_and_what_lies_below():
    keys = told("bell", "name")
    assert keys["label.en"] == [
        ("customisation", "Title", "ours/entities/bell.yaml:5:12"),
        ("base", "Name", "base/entities/bell.yaml:5:29"),
    ]
    assert keys["type"] == [("base", "text", "base/entities/bell.yaml:5:16")]
    assert keys["required"] == [("more", True, "more/extend/bell.yaml:2:20")]
    assert [layer for layer, *_ in keys["help.en"]] == ["customisation", "more"]


def test_a_translation_comes_from_the_layer_that_has_the_last_word():
    assert [(layer, value) for layer, value, _ in told("bell", "name")["label.pt"]] == [
        ("customisation", "Título"),
        ("more", "Nome"),
    ]


def test_a_shared_option_that_was_taken_out_says_so_and_what_it_was():
    keys = told("bell", "tone")
    assert [(layer, value) for layer, value, _ in keys["options.high.label.en"]] == [
        ("customisation", ABSENT),
        ("base", "Loud"),
    ]
    assert [layer for layer, *_ in keys["options.low.label.en"]] == ["base"]


def test_an_entity_is_told_without_its_members():
    keys = told("bell")
    assert [layer for layer, *_ in keys["label.en"]] == ["customisation", "base"]
    assert not any(key.startswith("fields") for key in keys)


def test_what_an_entity_has_from_the_one_it_is_like_is_told_where_it_stands():
    assert told("gong", "name")["type"][0][2] == "base/entities/bell.yaml:5:16"


RESETS = [
    pytest.param("bell.name.label", "entities/bell.yaml", "    label: Title # short\n", id="a key"),
    pytest.param("bell.name.label.en", "entities/bell.yaml", "    label: Title # short\n", id="one language"),
    pytest.param("bell.label", "entities/bell.yaml", "label: Chime\n", id="a key of the entity"),
    pytest.param(
        "bell.name",
        "entities/bell.yaml",
        "fields:\n  name:\n    label: Title # short\n    help: Our way\n",
        id="a field",
    ),
    pytest.param("options/tone:options.high", "options/tone.yaml", None, id="an option, by its document"),
    pytest.param("entities/bell:", "entities/bell.yaml", None, id="a document"),
]


@pytest.mark.parametrize(("name", "file", "gone"), RESETS)
def test_what_is_taken_back_is_all_that_is_missing(name: str, file: str, gone: str | None):
    ours = customised(OURS)
    below = [DEFINITIONS.read(source) for source in (NO_CORE, BASE, MORE)]
    left, taken = reset(ours, DEFINITIONS.read(ours), below, name)
    expected = {path: text for path, text in OURS.items() if path != file}
    if gone is not None:
        assert OURS[file].count(gone) == 1
        expected[file] = OURS[file].replace(gone, "")
    assert {path: content.decode() for path, content in left.files.items()} == expected
    assert len(taken) == 1


@pytest.mark.parametrize(
    "name", ["bell.tone", "bell.name.type", "nothing", "bell", "forms/bell:main", "bell."]
)
def test_where_the_customisation_says_nothing_nothing_is_taken(name: str):
    ours = customised(OURS)
    left, taken = reset(ours, DEFINITIONS.read(ours), [], name)
    assert (left.files, taken) == (ours.files, ())


# --- differences ------------------------------------------------------------------------------------------


def compared(before: dict[str, str], after: dict[str, str]) -> list[str]:
    found = differences(DEFINITIONS.read(customised(before)), DEFINITIONS.read(customised(after)))
    return [difference.sentence for difference in found]


def test_the_same_in_other_words_is_no_difference():
    other = {
        **OURS,
        "entities/bell.yaml": "fields: {name: {help: {en: Our way}, label: Title}}\nlabel: {en: Chime}\n",
    }
    assert compared(OURS, other) == []


def test_every_difference_is_a_sentence_about_a_document_and_a_key():
    after = {
        "entities/bell.yaml": "label: Chime\nfields: {name: {label: Name, required: true}}\n",
        "options/tone.yaml": "options: {remove: [high]}\n",
        "views/bell.yaml": "all: {type: list, columns: [name]}\n",
    }
    assert compared(OURS, after) == [
        "entity bell: fields.name.label.en was Title and is Name.",
        "entity bell: fields.name.required was nothing and is true.",
        "entity bell: fields.name.help was Our way and is nothing.",
        "i18n pt: only there before.",
        "view bell: new.",
    ]
