"""Relationships of every kind are known at both ends."""

from __future__ import annotations

import pytest

from tests.metadata.builders import CRM, model_of, problems_of, said
from xrm.metadata.expressions.types import Kind
from xrm.metadata.model import Model, Relationship, Shape, text_of
from xrm.metadata.typing_scope import ModelNames

TICKET = """
entity: ticket
label: Ticket
plural: Tickets
fields: {{name: {{type: text}}}}
relationships:
{relationships}
"""


def a_ticket(*relationships: str, **more: str) -> Model:
    """Accounts, contacts and tickets with these relationships."""
    text = TICKET.format(relationships="\n".join(f"  {r}" for r in relationships))
    return model_of(
        {**CRM, "entities/ticket.yaml": text, **{f"entities/{n}.yaml": t for n, t in more.items()}}
    )


def side(model: Model, path: str) -> Relationship:
    """The relationship at `entity.name`."""
    entity, name = path.split(".")
    return model.entities[entity].relationships[name]


def test_a_lookup_has_its_other_side():
    model = a_ticket("account: {to: account, inverse: tickets, on_delete: clear}")
    lookup, inverse = side(model, "ticket.account"), side(model, "account.tickets")
    assert (lookup.shape, lookup.targets, lookup.one, lookup.on_delete) == (
        Shape.LOOKUP,
        ("account",),
        True,
        "clear",
    )
    assert (inverse.shape, inverse.targets, inverse.one) == (Shape.INVERSE, ("ticket",), False)
    assert (inverse.of, inverse.inverse) == (("ticket", "account"), "account")
    assert text_of(inverse.label, "en") == "Tickets"


def test_a_side_that_nobody_named_is_called_by_entity_and_relationship():
    model = a_ticket("asked_by: {to: contact}")
    assert side(model, "ticket.asked_by").inverse == "ticket_by_asked_by"
    assert text_of(side(model, "contact.ticket_by_asked_by").label, "en") == "Tickets"


def test_the_other_side_may_have_a_label_of_its_own():
    model = a_ticket(
        "account: {to: account, inverse: {name: tickets, label: {en: Their tickets, pt: Pedidos}}}"
    )
    assert text_of(side(model, "account.tickets").label, "pt") == "Pedidos"


def test_a_unique_lookup_is_one_to_one():
    model = a_ticket("account: {to: account, unique: true, inverse: ticket}")
    assert side(model, "account.ticket").one


def test_a_polymorphic_lookup_is_seen_from_each_target():
    model = a_ticket("who: {to: [account, contact], required: true, inverse: tickets}")
    assert side(model, "ticket.who").is_polymorphic
    assert side(model, "account.tickets").of == side(model, "contact.tickets").of == ("ticket", "who")


def test_a_lookup_to_any_is_seen_from_every_entity_when_it_has_a_name_there():
    model = a_ticket("about: {to: any, inverse: tickets}", "of: {to: any}")
    about = side(model, "ticket.about")
    assert (about.any, about.targets, about.is_polymorphic) == (True, (), True)
    seen = {e.name for e in model.entities.values() if "tickets" in e.relationships}
    assert seen == {"account", "contact", "ticket", "user", "team", "unit"}
    assert side(model, "ticket.of").inverse == ""


def test_many_to_many_has_attributes_and_days():
    attributes = "{role: {type: choice, options: [lead, helper], default: helper}}"
    model = a_ticket(
        f"handlers: {{to: contact, many: true, attributes: {attributes}, valid: true, inverse: handles}}"
    )
    handlers = side(model, "ticket.handlers")
    assert (handlers.shape, handlers.one, handlers.valid, handlers.exclusive) == (
        Shape.MANY,
        False,
        True,
        False,
    )
    assert [o.key for o in handlers.attributes["role"].options] == ["lead", "helper"]
    assert handlers.attributes["role"].default is not None
    assert side(model, "contact.handles").of == ("ticket", "handlers")


@pytest.mark.parametrize(
    "word",
    [
        "sensitive: true",
        "privacy: personal",
        "search: true",
        "index: true",
        "unique: true",
        "track: false",
        "visible_when: name == empty",
        "required_when: name == empty",
        "readonly_when: name == empty",
    ],
)
def test_what_is_not_held_for_attributes_of_links_is_refused(word: str):
    side = f"handlers: {{to: contact, many: true, attributes: {{role: {{type: text, {word}}}}}}}"
    text = TICKET.format(relationships=f"  {side}")
    (problem,) = problems_of({**CRM, "entities/ticket.yaml": text})
    assert (problem.code, word.partition(":")[0] in problem.message) == ("M108", True)
    assert text.splitlines()[problem.where.line - 1][problem.where.column - 1 :].startswith(word)


def test_a_lookup_with_days_is_one_link_at_a_time():
    owner = side(a_ticket("keeper: {to: contact, valid: true}"), "ticket.keeper")
    assert (owner.shape, owner.exclusive) == (Shape.MANY, True)


def test_a_hierarchy_leads_to_its_own_entity():
    model = a_ticket("parent: {to: ticket, hierarchy: true, inverse: parts}")
    assert side(model, "ticket.parent").hierarchy
    assert side(model, "ticket.parts").targets == ("ticket",)


LINE = "entity: line\nfields: {name: {type: text}}\n"


def test_owned_children_get_the_lookup_that_nobody_wrote():
    model = a_ticket("lines: {from: line, owned: true}", line=LINE)
    lookup, inverse = side(model, "line.ticket"), side(model, "ticket.lines")
    assert (lookup.required, lookup.on_delete, lookup.is_parent) == (True, "cascade", True)
    assert (inverse.owned, inverse.of) == (True, ("line", "ticket"))
    assert model.entities["line"].parent == "ticket"


def test_owned_children_keep_the_lookup_that_they_have():
    written = LINE + "relationships: {of: {to: ticket, required: true, on_delete: restrict}}\n"
    model = a_ticket("lines: {from: line, owned: true}", line=written)
    assert model.entities["line"].parent == "of"
    assert side(model, "line.of").on_delete == "restrict"
    assert side(model, "line.of").inverse == "lines"
    assert "ticket" not in model.entities["line"].relationships


def test_children_go_with_their_owner_unless_their_file_says_otherwise():
    written = LINE + "relationships: {of: {to: ticket}}\n"
    model = a_ticket("lines: {from: line, owned: true}", line=written)
    assert side(model, "line.of").on_delete == "cascade"


def test_via_says_which_lookup_is_meant():
    written = LINE + "relationships: {a: {to: ticket}, b: {to: ticket}}\n"
    model = a_ticket("lines: {from: line, owned: true, via: b}", line=written)
    assert side(model, "ticket.lines").of == ("line", "b")


def test_a_filter_speaks_of_the_target_and_of_the_record_in_hand():
    model = a_ticket(
        "account: {to: account, inverse: tickets}",
        "contact: {to: contact, inverse: tickets, filter: account == record.account}",
    )
    assert side(model, "ticket.contact").filter is not None


def test_people_teams_and_units_are_there_to_relate_to():
    model = a_ticket("asked_by: {to: user, inverse: asked}", "group: {to: team}")
    assert side(model, "user.asked").targets == ("ticket",)
    assert model.entities["user"].is_engine
    assert set(model.entities["user"].fields) == {"name", "email", "active"}
    assert "user" not in {e.name for e in model.tables}


@pytest.mark.parametrize(
    "relationship",
    [
        "lines: {¦from: account, to: account}",
        "account: {to: account, ¦via: x}",
        "account: {to: account, ¦owned: true}",
        "account: {to: account, many: true, ¦on_delete: clear}",
        "account: {to: account, many: true, ¦unique: true}",
        "account: {to: account, ¦hierarchy: true}",
        "account: {to: ¦[account, any]}",
    ],
)
def test_words_that_contradict_each_other_are_problems(relationship: str):
    before, _, after = relationship.partition("¦")
    text = TICKET.format(relationships=f"  {before}{after}").lstrip()
    problems = problems_of({**CRM, "entities/ticket.yaml": text})
    assert said(problems) == [f"p/entities/ticket.yaml:6:{len(before) + 3} M245"]


def test_expressions_see_both_sides():
    names = ModelNames(a_ticket("account: {to: account, inverse: tickets}").entities)
    lookup, inverse = names.attribute("ticket", "account"), names.attribute("account", "tickets")
    assert lookup is not None
    assert inverse is not None
    assert (lookup.type.kind, lookup.type.entities, lookup.stored) == (Kind.REFERENCE, ("account",), True)
    assert (inverse.type.kind, inverse.type.entities, inverse.stored) == (Kind.MANY, ("ticket",), False)
