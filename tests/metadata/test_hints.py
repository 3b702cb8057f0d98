"""A hint offers what the author can really write there, what his own pack has first."""

from __future__ import annotations

import pytest

from tests.metadata.builders import MANIFEST, a_pack, problems_of

MINE = {
    "entities/ring.yaml": """\
entity: ring
title: name
ownership: user_or_team
icon: circle
fields:
  name: {type: text}
  tone: {type: choice, options: tones}
  cast_on: {type: date}
relationships:
  tower: {to: tower, inverse: rings}
keys:
  one: {fields: [name, tone]}
""",
    "entities/tower.yaml": "entity: tower\ntitle: name\nfields: {name: {type: text}}\n",
    "entities/shape.yaml": "entity: shape\nabstract: true\nfields: {remark: {type: text}}\n",
    "options/tones.yaml": "options: [low, high]\n",
    "lifecycles/ring.yaml": """\
states:
  quiet: {initial: true}
  loud: {}
transitions:
  strike: {from: quiet, to: loud, roles: [ringers]}
""",
    "views/ring.yaml": "all:\n  type: list\n  columns: [name, tone]\n",
    "forms/ring.yaml": "main: {rows: [[name, tone]]}\n",
    "roles.yaml": """\
ringers:
  grants:
    rings: {entity: ring, can: [read], rows: own, fields: [name, tone]}
""",
    "settings.yaml": "days: {type: integer, default: 5}\n",
    "i18n/pt.yaml": "views.ring.all.label: Todos\n",
}
# What another pack calls much the same.
THEIRS = a_pack(
    {
        "entities/rings.yaml": "entity: rings\ntitle: name\nfields: {name: {type: text}}\n",
        "entities/towers.yaml": "entity: towers\ntitle: name\nfields: {name: {type: text}}\n",
        "options/tone.yaml": "options: [deep]\n",
        "roles.yaml": "ringer: {grants: {all: {entity: rings, can: [read]}}}\n",
    },
    "theirs",
)

CASES = [
    ("an entity of to", "entities/ring.yaml", "to: tower,", "to: towerz,", "mean tower or towers?"),
    (
        "an entity of to, none alike",
        "entities/ring.yaml",
        "to: tower,",
        "to: zoo,",
        "Known: ring, shape, tower, rings, towers, user",
    ),
    ("an entity of a grant", "roles.yaml", "entity: ring,", "entity: rinng,", "mean ring or rings?"),
    ("an entity to be like", "entities/tower.yaml", "title: name", "like: shap", "mean shape?"),
    ("an entity of a file", "views/ring.yaml", "", "views/rinng.yaml", "mean ring or rings?"),
    ("a field", "views/ring.yaml", "[name, tone]", "[name, ton]", "mean tone"),
    (
        "a field, none alike",
        "views/ring.yaml",
        "[name, tone]",
        "[name, x]",
        "Known: name, tone, cast_on, tower, id",
    ),
    ("a relationship", "forms/ring.yaml", "[name, tone]", "[name, towr]", "mean tower"),
    ("a field of a key", "entities/ring.yaml", "[name, tone]", "[name, toen]", "mean tone"),
    ("an option set", "entities/ring.yaml", "options: tones", "options: tonez", "mean tones or tone?"),
    ("a role", "lifecycles/ring.yaml", "[ringers]", "[ringerz]", "mean ringers or ringer?"),
    ("a state", "lifecycles/ring.yaml", "to: loud", "to: lout", "mean loud?"),
    ("an icon", "entities/ring.yaml", "icon: circle", "icon: circl", "circle"),
    ("a field type", "entities/ring.yaml", "type: date", "type: dat", "mean date"),
    ("a type of view", "views/ring.yaml", "type: list", "type: lists", "mean list?"),
    ("a key of a field", "entities/ring.yaml", "type: date", "type: date, labell: x", "mean label?"),
    ("a key that is there already", "entities/ring.yaml", "type: date", "type: date, typ: x", "Known: label"),
    ("a view", "i18n/pt.yaml", "ring.all", "ring.al", "mean views.ring.all.label?"),
    ("a form", "i18n/pt.yaml", "views.ring.all", "forms.ring.man.sections.main", "mean forms.ring.main."),
    ("a function", "entities/ring.yaml", "type: date", "type: date, default: todya()", "mean today"),
    ("a level of rows", "roles.yaml", "rows: own", "rows: unnit", "mean unit"),
    ("a setting", "views/ring.yaml", "type: list", "type: list\n  filter: settings.dais > 1", "mean days?"),
]


@pytest.mark.parametrize(("path", "old", "new", "offer"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_name_that_is_not_there_is_answered_with_those_that_are(path: str, old: str, new: str, offer: str):
    files = dict(MINE)
    if old:
        assert old in files[path]
        files[path] = files[path].replace(old, new, 1)
    else:
        files[new] = files.pop(path)
    (problem,) = problems_of(files, THEIRS)
    assert offer in problem.hint


def test_a_function_that_cannot_stand_in_a_title_is_not_offered():
    files = {
        **MINE,
        "entities/tower.yaml": MINE["entities/tower.yaml"].replace("title: name", "title: todya()"),
    }
    assert [p.hint for p in problems_of(files, THEIRS)] == [""]


def test_a_seed_is_offered_entities_that_have_records():
    files = {**MINE, "seed/base.yaml": "records: [{ref: a, entity: house, values: {}}]\n"}
    (problem,) = problems_of(files, THEIRS)
    elsewhere = "What another pack has is there when pack.yaml names that pack under requires."
    assert problem.hint == f"Known: ring, tower, rings, towers. {elsewhere}"


def test_a_pack_that_is_required_is_offered_by_its_name():
    manifest = MANIFEST.format(name="p") + 'requires: {thiers: ">=1"}\n'
    (problem,) = problems_of({**MINE, "pack.yaml": manifest}, THEIRS)
    assert problem.hint == "Did you mean theirs?"


def test_a_name_of_the_record_in_hand_is_told_where_bare_names_are_those_of_many():
    rollup = "  tall: {type: rollup, over: rings, value: count(), where: cast_on > built_on}\n"
    tower = (
        f"entity: tower\ntitle: name\nfields:\n  name: {{type: text}}\n  built_on: {{type: date}}\n{rollup}"
    )
    (problem,) = problems_of({**MINE, "entities/tower.yaml": tower})
    assert problem.hint == "tower has it: write record.built_on."
