"""Entities: fields, defaults, titles, keys, rules, lifecycles, and what is made when nobody wrote it."""

from __future__ import annotations

import pytest

from tests.metadata.builders import ACCOUNT, CRM, model_of, problems_of, said
from xrm.metadata.expressions.tree import Literal
from xrm.metadata.model import Entity, text_of

THING = "entity: thing\nownership: {ownership}\nfields:\n  name: {{type: text}}\n{more}"


def a_thing(more: str = "", ownership: str = "none", **files: str) -> Entity:
    """An entity with a name and more."""
    pack = {"entities/thing.yaml": THING.format(more=more, ownership=ownership)}
    pack |= {path.replace("__", "/") + ".yaml": text for path, text in files.items()}
    return model_of({**CRM, **pack}).entities["thing"]


def test_labels_are_made_from_names_and_plurals_from_labels():
    text = "entity: due_entry\nfields: {paid_at: {type: datetime}, n: {type: text}}\n"
    thing = model_of({"entities/due_entry.yaml": text}).entities["due_entry"]
    assert text_of(thing.label, "en") == "Due entry"
    assert text_of(thing.plural, "en") == "Due entries"
    assert text_of(thing.fields["paid_at"].label, "en") == "Paid at"


def test_a_text_is_the_english_label():
    thing = a_thing("  size: {type: integer, label: How big, help: In metres}\n")
    assert thing.fields["size"].label == {"en": "How big"}
    assert thing.fields["size"].help == {"en": "In metres"}


def test_translations_join_the_labels():
    i18n = """
        entities.thing.label: Coisa
        entities.thing.fields.kind.label: Tipo
        entities.thing.fields.kind.options.a: Primeiro
        entities.thing.relationships.about.label: Sobre
        entities.thing.relationships.about.inverse.label: Coisas
        """
    more = "  kind: {type: choice, options: [a, b]}\nrelationships: {about: {to: account, inverse: things}}\n"
    model = model_of(
        {**CRM, "entities/thing.yaml": THING.format(more=more, ownership="none"), "i18n/pt.yaml": i18n}
    )
    thing = model.entities["thing"]
    assert thing.label == {"en": "Thing", "pt": "Coisa"}
    assert thing.fields["kind"].options[0].label == {"en": "A", "pt": "Primeiro"}
    assert thing.relationships["about"].label["pt"] == "Sobre"
    assert model.entities["account"].relationships["things"].label["pt"] == "Coisas"


DEFAULTS = [
    ("kind: {type: choice, options: [a, b], default: a}", "a"),
    ("on: {type: boolean, default: true}", True),
    ("size: {type: integer, default: 3}", 3),
]


@pytest.mark.parametrize(("field", "value"), DEFAULTS)
def test_a_default_may_be_a_plain_value(field: str, value: object):
    thing = a_thing(f"  {field}\n")
    default = thing.fields[field.split(":")[0]].default
    assert default is not None
    assert isinstance(default.tree, Literal)
    assert default.tree.value == value


@pytest.mark.parametrize(
    "field",
    [
        "on: {type: date, default: today()}",
        "on: {type: date, default: today() + 14 days}",
        "kinds: {type: multi_choice, options: [a, b], default: [a, b]}",
        "kinds: {type: multi_choice, options: [a, b], default: a}",
        "other: {type: text, default: '\"none\"'}",
        "price: {type: decimal, default: 1.50}",
        "number: {type: text, default: name}",
    ],
)
def test_a_default_may_be_calculated(field: str):
    assert a_thing(f"  {field}\n").fields[field.split(":")[0]].default is not None


def test_a_default_of_the_wrong_type_is_a_problem_at_its_column():
    more = "  size: {type: integer, default: today()}\n"
    files = {"entities/thing.yaml": THING.format(more=more, ownership="none")}
    assert said(problems_of(files)) == ["p/entities/thing.yaml:5:34 M205"]


def test_a_field_reads_through_a_relationship():
    more = "  phone: {from: account.phone}\nrelationships: {account: {to: account, inverse: things}}\n"
    phone = a_thing(more).fields["phone"]
    assert (phone.type.name, phone.through, phone.parts) == ("phone", ("account", "phone"), ())


def test_what_is_read_through_is_guarded_as_its_source_is():
    more = "  mail: {from: contact.email}\nrelationships: {contact: {to: contact, inverse: things}}\n"
    assert a_thing(more).fields["mail"].is_guarded


@pytest.mark.parametrize(
    ("path", "code"),
    [("account.phon", "M211"), ("acount.phone", "M211"), ("things.name", "M218"), ("phone", "M218")],
)
def test_a_read_through_that_leads_nowhere_is_a_problem(path: str, code: str):
    sides = "{account: {to: account, inverse: things}, parts: {to: thing, inverse: things}}"
    more = f"  far: {{from: {path}}}\n  phone: {{type: text}}\nrelationships: {sides}\n"
    files = {**CRM, "entities/thing.yaml": THING.format(more=more, ownership="none")}
    assert [p.code for p in problems_of(files)] == [code]


@pytest.mark.parametrize("path", ["owner_of.name", "owner_of.name.again"])
def test_a_read_through_something_abstract_that_no_entity_is_like_is_told_once_at_the_relationship(path: str):
    more = f"  far: {{from: {path}}}\nrelationships: {{owner_of: {{to: party}}}}\n"
    party = "entity: party\nabstract: true\nfields: {name: {type: text}}\n"
    thing = THING.format(more=more, ownership="none")
    problems = problems_of({**CRM, "entities/party.yaml": party, "entities/thing.yaml": thing})
    assert [(p.code, '"party" is abstract' in p.message) for p in problems] == [("M244", True)]


def test_the_title_is_an_expression_over_own_fields():
    assert a_thing('  code: {type: text}\ntitle: code + " " + name\n').title is not None
    more = "title: account.name\nrelationships: {account: {to: account}}\n"
    files = {**CRM, "entities/thing.yaml": THING.format(more=more, ownership="none")}
    assert said(problems_of(files)) == ["p/entities/thing.yaml:5:16 M207"]


def test_without_a_title_the_first_name_or_text_is_it():
    title = (
        model_of({"entities/t.yaml": "entity: t\nfields: {code: {type: text}, name: {type: text}}\n"})
        .entities["t"]
        .title
    )
    assert title is not None
    assert title.text == "name"


def test_keys_rules_and_indexes_are_made_of_known_names():
    more = """
  size: {type: integer}
keys: {once: {fields: [name, account], when: size > 0}, named: [name]}
rules: {big: {must: size > 3, when: name != empty, field: size, message: Too small.}, short: size < 9}
indexes: [[size, name], [created_at]]
relationships: {account: {to: account}}
"""
    thing = a_thing(more)
    assert thing.keys["once"].fields == ("name", "account")
    assert thing.keys["once"].when is not None
    assert thing.keys["named"].fields == ("name",)
    assert thing.rules["big"].field == "size"
    assert thing.rules["short"].when is None
    assert thing.indexes == (("size", "name"), ("created_at",))


LIFECYCLE = """
states: {open: {initial: true}, busy: , done: {final: true, locked: true}}
transitions:
  start: {from: open, to: busy, requires: name}
  finish: {from: [open, busy], to: done, guard: name != empty, reason: required}
  reopen: {from: any, to: open}
"""


def test_a_lifecycle_gives_states_steps_and_the_state_as_a_name():
    thing = a_thing('rules: {ok: state != "done" or name != empty}\n', lifecycles__thing=LIFECYCLE)
    lifecycle = thing.lifecycle
    assert lifecycle is not None
    assert lifecycle.initial.name == "open"
    assert lifecycle.transitions["reopen"].sources == ("busy", "done")
    assert lifecycle.transitions["finish"].guard is not None
    assert lifecycle.transitions["finish"].reason_required
    assert lifecycle.transitions["finish"].roles is None
    assert lifecycle.transitions["start"].requires == ("name",)


def test_a_state_that_is_not_there_is_a_problem_in_an_expression():
    files = {
        "entities/thing.yaml": THING.format(more="rules: {ok: 'state != \"gone\"'}\n", ownership="none"),
        "lifecycles/thing.yaml": LIFECYCLE,
    }
    assert said(problems_of(files)) == ["p/entities/thing.yaml:5:23 M206"]


def test_names_that_only_owned_records_have_are_free_on_others():
    assert "unit" in a_thing("  unit: {type: text}\n").fields
    files = {"entities/thing.yaml": THING.format(more="  unit: {type: text}\n", ownership="user_or_team")}
    assert said(problems_of(files)) == ["p/entities/thing.yaml:5:3 M240"]


# --- what is made -------------------------------------------------------------------------------------


def test_an_entity_without_views_gets_a_list_of_the_telling_columns():
    account = model_of({"entities/account.yaml": ACCOUNT}).entities["account"]
    assert account.views["all"].columns == ("name", "kind", "phone", "revenue", "founded_on")
    assert account.views["mine"].filter is not None
    assert set(a_thing().views) == {"all"}


def test_guarded_fields_stay_out_of_made_lists():
    contact = model_of(CRM).entities["contact"]
    assert contact.views["all"].columns == ("name", "account")


def test_an_entity_without_a_form_gets_one_with_everything_to_enter():
    more = """  a: {type: integer}
  b: {type: date}
  text: {type: long_text}
relationships: {links: {to: account, many: true}}
"""
    form = a_thing(more, ownership="user_or_team").forms["main"]
    assert [s.name for s in form.sections] == ["details", "links"]
    assert form.sections[0].rows == (("name", "a"), ("b", "owner"), ("team",), ("text",))


def test_a_form_of_bare_rows_has_one_section():
    thing = a_thing(forms__thing="quick: {rows: [name]}\n")
    assert thing.forms["quick"].sections[0].rows == (("name",),)
    assert "main" in thing.forms


def test_a_list_keeps_its_columns_and_its_order():
    views = "deep: {type: list, columns: [name, owner.name, revenue.currency], sort: [-revenue, name]}\n"
    account = model_of({**CRM, "views/account.yaml": views}).entities["account"]
    assert account.views["deep"].columns == ("name", "owner.name", "revenue.currency")
    assert account.views["deep"].sort == (("revenue", True), ("name", False))
    assert set(account.views) == {"deep"}


def test_settings_of_a_pack_are_known_to_its_expressions():
    more = "  n: {type: integer}\nrules: {ok: n < settings.patience}\n"
    settings = "patience: {type: integer, default: 90, label: Days of patience}\n"
    files = {"entities/thing.yaml": THING.format(more=more, ownership="none"), "settings.yaml": settings}
    model = model_of(files)
    assert model.packs["p"].settings["patience"]["default"] == 90
    assert "ok" in model.entities["thing"].rules
    unknown = files | {"settings.yaml": settings.replace("patience", "calm")}
    assert said(problems_of(unknown)) == ["p/entities/thing.yaml:6:26 M201"]


def test_a_list_of_a_view_that_is_a_map_is_told_with_its_place():
    view = "b: {type: board, group_by: kind, card: {first: name}}\n"
    thing = THING.format(more="  kind: {type: choice, options: [a]}\n", ownership="none")
    files = {**CRM, "entities/thing.yaml": thing, "views/thing.yaml": view}
    assert said(problems_of(files)) == ["p/views/thing.yaml:1:41 M110"]
