"""Documents of a customisation, changed one definition at a time in the author's own text."""

from __future__ import annotations

import pytest

from xrm.metadata.customising import from_documents
from xrm.metadata.defining import replayed, say, unsay, unsay_entity
from xrm.metadata.definitions import Definitions
from xrm.metadata.differences import differences
from xrm.metadata.editing import with_key
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.metadata.naming import name_for

WRITTEN = """\
entity: visit   # what we do outside
label: Visit
fields:
  # who it is about
  name: {type: text}   # as people say it

  held_on:
    type: date
# the end
"""


def read(documents: dict[str, str]) -> object:
    return Definitions({t.name: t for t in BUILTIN_TYPES}).read(from_documents(documents))


def test_a_new_key_comes_after_the_last_one_and_every_word_of_the_author_stays() -> None:
    text = with_key(WRITTEN, ("fields", "cost"), {"type": "money", "required": True})
    added = "  cost: {type: money, required: true}\n"
    assert text == WRITTEN.replace("    type: date\n", f"    type: date\n{added}")
    assert (
        with_key(text, ("fields", "name", "help"), "Yes: no").count('{type: text, help: "Yes: no"}   # as')
        == 1
    )
    assert "    type: date\n    help: Day\n" in with_key(WRITTEN, ("fields", "held_on", "help"), "Day")
    assert with_key(WRITTEN, ("label",), {"en": "Visit", "pt": "Visita"}).startswith(
        "entity: visit   # what we do outside\nlabel: {en: Visit, pt: Visita}\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "fields:\n  a: {type: text}\n"),
        ("# mine\n", "# mine\nfields:\n  a: {type: text}\n"),
        ("fields:\n", "fields: {a: {type: text}}\n"),
        ("fields: {}", "fields: {a: {type: text}}"),
        ("fields: {b: {type: date}}", "fields: {b: {type: date}, a: {type: text}}"),
        ('{"fields": {"b": {"type": "date"}}}', '{"fields": {"b": {"type": "date"}, a: {type: text}}}'),
        ("icon: box", "icon: box\nfields:\n  a: {type: text}\n"),
        (
            "fields:\n  b: |\n    x\n\n\nicon: box\n",
            "fields:\n  b: |\n    x\n  a: {type: text}\n\n\nicon: box\n",
        ),
    ],
)
def test_a_key_is_said_in_the_layout_that_is_there(text: str, said: str) -> None:
    assert with_key(text, ("fields", "a"), {"type": "text"}).replace("\n\n\n", "\n") == said.replace(
        "\n\n\n", "\n"
    )


def test_a_definition_is_said_where_the_entity_is_spoken_of() -> None:
    documents = {"extend/visit.yaml": "extend: visit\nfields:\n  a: {type: text}\n"}
    assert say(documents, "visit", ("fields", "a", "required"), True) == {
        "extend/visit.yaml": "extend: visit\nfields:\n  a: {type: text, required: true}\n"
    }
    both = say(documents, "visit", ("label",), "Visit")
    assert both["entities/visit.yaml"] == "entity: visit\nlabel: Visit\n"


def test_what_is_not_said_any_more_leaves_no_empty_document_and_no_translation() -> None:
    documents = {
        "extend/visit.yaml": "extend: visit\nfields:\n  a: {type: text}\n",
        "i18n/pt.yaml": "entities.visit.fields.a.label: Um\nentities.visit.fields.ab.label: Outro\n",
    }
    assert unsay(documents, "visit", ("fields", "a")) == {
        "i18n/pt.yaml": "entities.visit.fields.ab.label: Outro\n"
    }
    assert unsay_entity(documents, "visit") == {}


def test_changes_are_made_again_to_documents_that_others_have_changed_meanwhile() -> None:
    mine = say(say({"entities/visit.yaml": WRITTEN}, "visit", ("fields", "cost"), {"type": "money"}),
               "visit", ("label",), "Call")  # fmt: skip
    mine = unsay(mine, "visit", ("fields", "held_on")) | {"entities/trip.yaml": "entity: trip\nlabel: Trip\n"}
    changes = differences(read({"entities/visit.yaml": WRITTEN}), read(mine))  # type: ignore[arg-type]
    theirs = say({"entities/visit.yaml": WRITTEN}, "visit", ("fields", "place"), {"type": "geo"})
    done = replayed(theirs, changes, mine)
    assert done["entities/trip.yaml"] == mine["entities/trip.yaml"]
    body = read(dict(done)).docs[1].body  # type: ignore[attr-defined]
    assert (list(body["fields"]), body["label"]) == (["name", "place", "cost"], {"en": "Call"})


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Site visit", "site_visit"),
        ("  E-mail (private)", "e_mail_private"),
        ("Дата визита", "data_vizita"),
        ("Größe & Maß", "grosse_mass"),
        ("3 wishes", "wishes"),
        ("taken", "taken_2"),
        ("日本", ""),
        ("x" * 50, "x" * 40),
    ],
)
def test_a_name_is_made_of_what_people_call_it(label: str, name: str) -> None:
    assert name_for(label, {"taken"}) == name
