"""Documents over documents: order, additions, changes of items, clashes, likeness, absent packs."""

from __future__ import annotations

import pytest

from tests.metadata.builders import ACCOUNT, CRM, NO_CORE, a_pack, customised, model_of, problems_of, said
from xrm.metadata import Layer, judge, load_model, read_source
from xrm.metadata.model import Model, text_of
from xrm.metadata.versions import BadRange, admits

BASE = a_pack(CRM, "base")
SALES = a_pack(
    {
        "pack.yaml": "pack: sales\nversion: 1.0.0\nrequires: {base: '>=1.0'}\n",
        "extend/account.yaml": """
            fields: {tier: {type: choice, options: [gold, silver]}}
            rules: {founded: {must: founded_on <= today()}}
            views: {golden: {type: list, columns: [name], filter: 'tier == "gold"'}}
            """,
    },
    "sales",
)


def test_a_pack_adds_to_the_entity_of_another_in_its_own_name():
    account = load_model([NO_CORE, SALES, BASE]).entities["account"]
    assert account.pack == "base"
    assert account.fields["tier"].pack == "sales"
    assert account.fields["name"].pack == "base"
    assert set(account.rules) == {"founded"}
    assert "golden" in account.views


def test_the_order_in_which_packs_are_given_changes_nothing():
    assert load_model([NO_CORE, BASE, SALES]).fingerprint == load_model([SALES, BASE, NO_CORE]).fingerprint


def test_two_packs_that_add_one_field_are_both_named():
    other = a_pack({"extend/account.yaml": "fields: {tier: {type: text}}\n"}, "service")
    (problem,) = judge([NO_CORE, BASE, SALES, other]).problems
    assert problem.code == "M231"
    assert "sales" in problem.message
    assert "service" in problem.message
    assert "tier" in problem.message


def test_two_packs_with_an_entity_of_one_name_are_both_named():
    other = a_pack({**CRM, "views/contact.yaml": "all: {type: list, columns: [whatever]}\n"}, "zz")
    problems = judge([NO_CORE, BASE, other]).problems
    assert [p.code for p in problems] == ["M230", "M230"]
    assert all("base" in p.message and "zz" in p.message for p in problems)


def test_the_core_layer_is_below_every_pack():
    model = load_model([a_pack({"entities/thing.yaml": "entity: thing\nfields: {name: {type: text}}\n"})])
    assert "connection" in model.entities
    assert next(iter(model.packs)) == "core"


# --- what an organisation changes ---------------------------------------------------------------------


def changed(files: dict[str, str]) -> Model:
    """The base pack below a customisation."""
    return load_model([NO_CORE, BASE, customised(files)])


def test_a_customisation_overrides_single_keys_and_keeps_the_rest():
    model = changed({"entities/account.yaml": "label: Client\nfields: {phone: {required: true}}\n"})
    account = model.entities["account"]
    assert text_of(account.label, "en") == "Client"
    assert account.fields["phone"].required
    assert account.fields["phone"].type.name == "phone"
    assert account.fields["phone"].place.file == "base/entities/account.yaml"
    assert account.ownership == "user_or_team"


def test_a_customisation_adds_an_entity_of_its_own():
    model = changed({"entities/badge.yaml": "entity: badge\nfields: {name: {type: text}}\n"})
    assert model.entities["badge"].table == "customisation__badge"


def test_a_customisation_cannot_make_a_field_anew():
    problems = judge(
        [NO_CORE, BASE, customised({"entities/account.yaml": "fields: {phone: {type: text}}\n"})]
    )
    assert [p.code for p in problems.problems] == ["M231"]


LISTED = a_pack(
    {
        **CRM,
        "views/account.yaml": "all: {type: list, columns: [name, kind, phone], sort: [name]}\n",
        "forms/account.yaml": "main: {sections: {first: {rows: [[name, kind], [phone]]}}}\n",
        "options/tone.yaml": "options: {low: Quiet, high: Loud}\n",
        "entities/bell.yaml": """
            entity: bell
            fields: {name: {type: text}, tone: {type: choice, options: tone, default: low}}
            """,
    },
    "base",
)


def over_lists(files: dict[str, str]) -> Model:
    """A pack with lists below a customisation."""
    return load_model([NO_CORE, LISTED, customised(files)])


COLUMNS = [
    pytest.param("{add: [founded_on]}", ("name", "kind", "phone", "founded_on"), id="add at the end"),
    pytest.param("{add: [founded_on], after: name}", ("name", "founded_on", "kind", "phone"), id="add after"),
    pytest.param("{remove: [kind]}", ("name", "phone"), id="remove"),
    pytest.param("{add: [revenue], after: kind, remove: [kind]}", ("name", "revenue", "phone"), id="replace"),
    pytest.param("[phone]", ("phone",), id="another list"),
]


@pytest.mark.parametrize(("change", "columns"), COLUMNS)
def test_columns_change_item_by_item(change: str, columns: tuple[str, ...]):
    model = over_lists({"views/account.yaml": f"all: {{columns: {change}}}\n"})
    view = model.entities["account"].views["all"]
    assert view.columns == columns
    assert view.sort == (("name", False),)


def test_rows_of_a_form_change_item_by_item():
    change = "main: {sections: {first: {rows: {add: [founded_on], after: kind, remove: [phone]}}}}\n"
    form = over_lists({"forms/account.yaml": change}).entities["account"].forms["main"]
    assert form.sections[0].rows == (("name", "kind"), ("founded_on",))


def test_options_change_item_by_item_wherever_the_set_is_used():
    change = "options: {add: {middle: {color: amber}}, after: low, remove: [high]}\n"
    options = over_lists({"options/tone.yaml": change}).entities["bell"].fields["tone"].options
    assert [o.key for o in options] == ["low", "middle"]
    assert options[1].color == "amber"


def test_a_fault_in_an_added_item_is_shown_in_the_file_that_adds_it():
    layer = customised({"views/account.yaml": "all: {columns: {add: [phne]}}\n"})
    assert said(judge([NO_CORE, LISTED, layer]).problems) == ["ours/views/account.yaml:1:23 M211"]


BOARDED = a_pack(
    {**CRM, "views/account.yaml": "all: {type: list}\nlanes: {type: board, group_by: kind}\n"}, "base"
)
UPPER = [
    pytest.param("all: {group_by: kind}", "1:7 M108", id="groups of a list"),
    pytest.param("all: {card: [name]}", "1:7 M110", id="the card of a list"),
    pytest.param("lanes: {columns: [name]}", "1:9 M110", id="the columns of a board"),
    pytest.param("lanes: {group_by: name}", "1:19 M259", id="lanes of a text"),
    pytest.param("lanes: {group_by: knd}", "1:19 M211", id="lanes of nothing"),
]


@pytest.mark.parametrize(("change", "problem"), UPPER)
def test_what_an_upper_layer_gives_a_view_is_held_to_the_type_that_the_lower_one_names(
    change: str, problem: str
):
    """Alone its document cannot be held to it, for the type stands in the other one."""
    layer = customised({"views/account.yaml": f"{change}\n"})
    assert said(judge([NO_CORE, BOARDED, layer]).problems) == [f"ours/views/account.yaml:{problem}"]


def test_a_layer_that_makes_a_list_a_board_may_leave_the_columns_of_the_list_below():
    layer = customised({"views/account.yaml": "all: {type: board, group_by: kind}\n"})
    model = load_model([NO_CORE, LISTED, layer])
    assert model.entities["account"].views["all"].params["group_by"] == "kind"


def test_a_fault_in_an_item_that_moved_is_shown_where_it_was_written():
    broken = a_pack({**CRM, "views/account.yaml": "all: {type: list, columns: [name, phne]}\n"}, "base")
    layer = customised({"views/account.yaml": "all: {columns: {add: [kind], after: name}}\n"})
    assert said(judge([NO_CORE, broken, layer]).problems) == ["base/views/account.yaml:1:35 M211"]


# --- when another pack is there -----------------------------------------------------------------------

OPTIONAL = {
    "pack.yaml": "pack: p\nversion: 1.0.0\noptional: {base: '>=1.0'}\n",
    "entities/ticket.yaml": """
        entity: ticket
        fields: {name: {type: text}}
        relationships: {account: {to: account, when_installed: base, inverse: tickets}}
        """,
    "forms/ticket.yaml": "main: {rows: [[name, account]]}\n",
    "views/ticket.yaml": "all: {type: list, columns: [name, account, account.phone]}\n",
    "extend/account.yaml": "when_installed: base\nfields: {open_tickets: {type: integer}}\n",
    "i18n/pt.yaml": "entities.ticket.relationships.account.label: Conta\n",
    "roles.yaml": """
        clerk:
          grants:
            all: {entity: ticket, can: [read], fields: [name, account]}
            accounts: {entity: account, can: [read], when_installed: base}
        """,
}


def test_what_waits_for_an_absent_pack_is_left_out_everywhere_without_a_word():
    model = model_of(OPTIONAL)
    ticket = model.entities["ticket"]
    assert set(ticket.relationships) == set()
    assert ticket.forms["main"].sections[0].rows == (("name",),)
    assert ticket.views["all"].columns == ("name",)
    assert set(model.roles["clerk"].grants) == {"all"}


def test_what_waits_for_a_pack_is_there_with_it():
    model = model_of(OPTIONAL, BASE)
    assert model.entities["ticket"].views["all"].columns == ("name", "account", "account.phone")
    assert model.entities["account"].relationships["tickets"].targets == ("ticket",)
    assert "open_tickets" in model.entities["account"].fields


def test_translations_of_an_option_that_the_customisation_takes_out_are_let_be_and_no_others():
    texts = "entities.account.fields.kind.options.household: Família\nentities.account.fields.kind.options.hause: X\n"
    packs = [NO_CORE, a_pack({**CRM, "i18n/pt.yaml": texts})]
    ours = customised({"entities/account.yaml": "fields: {kind: {options: {remove: [household]}}}\n"})
    assert said(judge([*packs, ours]).problems) == ["p/i18n/pt.yaml:2:1 M215"]
    likes = a_pack(
        {
            **SHAPES,
            "options/tone.yaml": "options: [low, high]\n",
            "i18n/pt.yaml": "options.tone.options.high: Alto\n",
        }
    )
    ours = customised({"options/tone.yaml": "options: {remove: [high]}\n"})
    assert judge([NO_CORE, likes, ours]).problems == ()


# --- entities that are like others --------------------------------------------------------------------

SHAPES = {
    "entities/activity.yaml": """
        entity: activity
        abstract: true
        ownership: user_or_team
        fields: {subject: {type: text, required: true}, due_at: {type: datetime}}
        relationships: {about: {to: account, inverse: activities}}
        rules: {named: {must: subject != empty}}
        """,
    "entities/task.yaml": """
        entity: task
        like: activity
        fields: {done: {type: boolean}, due_at: {required: true}}
        """,
    "entities/call.yaml": "entity: call\nlike: activity\n",
    "entities/urgent.yaml": "entity: urgent\nlike: task\n",
    "entities/note.yaml": "entity: note\nfields: {name: {type: text}}\nrelationships: {on: {to: activity}}\n",
    "forms/activity.yaml": "main: {sections: {what: {rows: [[subject, due_at]]}}}\n",
    "i18n/pt.yaml": """
        entities.activity.fields.subject.label: Assunto
        entities.task.fields.due_at.label: Prazo
        """,
    **CRM,
}  # fmt: skip


def test_an_entity_takes_the_fields_rules_and_forms_of_what_it_is_like():
    task = model_of(SHAPES).entities["task"]
    assert list(task.fields) == ["subject", "due_at", "done"]
    assert task.fields["due_at"].required
    assert task.fields["due_at"].type.name == "datetime"
    assert task.ownership == "user_or_team"
    assert set(task.rules) == {"named"}
    assert task.forms["main"].sections[0].name == "what"
    assert not task.abstract


def test_labels_are_translated_where_the_shape_is_and_then_nearer_by():
    urgent = model_of(SHAPES).entities["urgent"]
    assert text_of(urgent.fields["subject"].label, "pt") == "Assunto"
    assert text_of(urgent.fields["due_at"].label, "pt") == "Prazo"


def test_an_abstract_entity_has_no_table_and_stands_for_all_that_are_like_it():
    model = model_of(SHAPES)
    assert "activity" not in {e.name for e in model.tables}
    assert set(model.entities["activity"].implementations) == {"task", "call", "urgent"}
    on = model.entities["note"].relationships["on"]
    assert set(on.targets) == {"task", "call", "urgent"}
    assert on.abstract_target == "activity"


def test_copies_of_one_relationship_share_its_other_side():
    inverse = model_of(SHAPES).entities["account"].relationships["activities"]
    assert set(inverse.targets) == {"task", "call", "urgent"}
    assert inverse.of == ("activity", "about")


# --- versions -----------------------------------------------------------------------------------------

RANGES = [
    (">=1.0", "1.0.0", True), (">=1.0", "0.9.9", False), (">1.0", "1.0.0", False), ("<2", "1.9.9", True),
    (">=1.0, <2.0", "1.5.0", True), (">=1.0 <2.0", "2.0.0", False), ("^1.2", "1.9.0", True),
    ("^1.2", "2.0.0", False), ("^0.2.3", "0.2.9", True), ("^0.2.3", "0.3.0", False),
    ("^0.0.3", "0.0.4", False),
    ("~1.2.3", "1.2.9", True), ("~1.2.3", "1.3.0", False), ("1.2.3", "1.2.3", True),
    ("=1.2.3", "1.2.4", False),
    ("*", "0.0.1", True), (">=1.0.0", "1.0.0-rc.1", False), (">=1.0.0-rc.1", "1.0.0-rc.2", True),
    (">=1.0.0-alpha", "1.0.0-1", False), ("<=1.0.0", "1.0.0+build.5", True),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "have", "fits"), RANGES)
def test_a_range_of_versions_takes_those_that_it_names(wanted: str, have: str, fits: bool):
    assert admits(wanted, have) is fits


@pytest.mark.parametrize("wanted", ["", "new", ">=", ">=1.x", "1.0 || 2.0", "=>1.0"])
def test_what_is_no_range_is_told(wanted: str):
    with pytest.raises(BadRange):
        admits(wanted, "1.0.0")


def test_a_missing_pack_is_one_problem_whatever_refers_to_it():
    files = {
        "pack.yaml": "pack: p\nversion: 1.0.0\nrequires: {base: '*'}\n",
        "entities/ticket.yaml": """
            entity: ticket
            fields: {name: {type: text}}
            relationships: {a: {to: account}}
            """,
        "extend/contact.yaml": "fields: {x: {type: text}}\n",
        "views/account.yaml": "all: {type: list, columns: [name]}\n",
        "roles.yaml": "clerk: {grants: {all: {entity: [ticket, account], can: [read]}}}\n",
    }
    assert [p.code for p in problems_of(files)] == ["M220"]


def test_a_layer_of_changes_alone_needs_no_manifest(tmp_path):
    folder = tmp_path / "ours" / "entities"
    folder.mkdir(parents=True)
    (folder / "account.yaml").write_text("label: Client\n")
    source = read_source(tmp_path / "ours", Layer.CUSTOMISATION)
    model = load_model([NO_CORE, a_pack({"entities/account.yaml": ACCOUNT}, "base"), source])
    assert text_of(model.entities["account"].label, "en") == "Client"


def test_two_packs_with_a_setting_of_one_name_are_refused_and_both_are_named():
    """An expression says settings.days, and both packs would read the value of one of them."""
    days = "days: {type: integer, default: 5}\n"
    first = a_pack({"settings.yaml": days}, "first")
    second = a_pack({"settings.yaml": f"more: {{type: integer, default: 1}}\n{days}"}, "second")
    (problem,) = judge([NO_CORE, first, second]).problems
    assert (problem.code, str(problem.where)) == ("M235", "second/settings.yaml:2:1")
    assert problem.message == 'The packs first and second both have a setting "days".'
    assert (
        problem.hint
        == "Names of settings are unique in an installation: rename one, for example to second_days."
    )


RENAMED = "entity: thing\ntitle: name\nfields:\n  name: {{type: text}}\n{fields}"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("  a: {type: text, renamed_from: b}\n  b: {type: text, renamed_from: a}\n", "circle"),
        ("  a: {type: text, renamed_from: a}\n", "circle: a → a."),
        ("  a: {type: text, renamed_from: o}\n  b: {type: text, renamed_from: [p, o]}\n", 'called "o"'),
    ],
)
def test_former_names_that_contradict_each_other_are_refused(fields: str, says: str):
    (problem,) = problems_of({"entities/thing.yaml": RENAMED.format(fields=fields)})
    assert problem.code == "M236"
    assert says in problem.message
    assert problem.hint


def test_entities_that_exchange_their_names_are_refused():
    files = {
        "entities/a.yaml": "entity: a\nrenamed_from: b\nfields: {name: {type: text}}\n",
        "entities/b.yaml": "entity: b\nrenamed_from: a\nfields: {name: {type: text}}\n",
    }
    assert [p.code for p in problems_of(files)] == ["M236"]


def test_a_former_name_may_be_given_to_another_field_later():
    fields = "  a: {type: text}\n  b: {type: text, renamed_from: a}\n"
    assert problems_of({"entities/thing.yaml": RENAMED.format(fields=fields)}) == ()


# --- settings and names of layers --------------------------------------------------------------------------

SET = a_pack({**CRM, "settings.yaml": "days: {type: integer, default: 5, label: Days}\n"}, "base")


def test_a_customisation_gives_the_setting_of_a_pack_another_value():
    layer = customised({"settings.yaml": "days: {type: integer, default: 9}\n"})
    settings = load_model([NO_CORE, SET, layer]).packs["base"].settings
    assert settings["days"]["default"] == 9


def test_the_customisation_says_the_value_of_a_setting_alone_and_reads_those_of_all_packs():
    ours = {
        "settings.yaml": "days: {default: 9}\n",
        "extend/account.yaml": "extend: account\nrules: {long: {must: count(contacts) < settings.days}}\n",
    }
    model = load_model([NO_CORE, SET, customised(ours)])
    assert model.setting_values == {"days": 9}
    (problem,) = judge([NO_CORE, a_pack({"settings.yaml": "days: {default: 9}\n"})]).problems
    assert problem.code == "M111"


def test_a_customisation_of_a_setting_that_no_pack_has_is_refused():
    layer = customised({"settings.yaml": "dayz: {type: integer, default: 9}\n"})
    (problem,) = judge([NO_CORE, SET, layer]).problems
    assert (problem.code, str(problem.where)) == ("M250", "ours/settings.yaml:1:1")
    assert "days" in problem.hint


@pytest.mark.parametrize("name", ["core", "workflows", "customisation"])
def test_a_pack_cannot_take_the_name_of_another_layer(name: str):
    pack = a_pack({"pack.yaml": f"pack: {name}\nversion: 1.0.0\n", **CRM}, "p")
    assert "M109" in [p.code for p in judge([NO_CORE, pack]).problems]
