"""Small models, made by hand, for tests of storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xrm.metadata.expressions.tree import Expression, Node
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.model import Entity, Field, Key, Lifecycle, Model, Relationship, Shape, State

TYPES = builtin_registry()


def a_field(name: str, type_: str, params: Mapping[str, Any] | None = None, **more: Any) -> Field:
    """A field of a built-in type."""
    return Field(name, TYPES[type_], {"en": name.capitalize()}, params or {}, **more)


def an_entity(name: str, *parts: Field | Relationship | Key, pack: str = "test", **more: Any) -> Entity:
    """An entity with these fields, relationships and keys."""
    return Entity(
        name,
        pack,
        {"en": name.capitalize()},
        {"en": f"{name}s"},
        fields={p.name: p for p in parts if isinstance(p, Field)},
        relationships={p.name: replace(p, entity=name) for p in parts if isinstance(p, Relationship)},
        keys={p.name: p for p in parts if isinstance(p, Key)},
        **more,
    )


def a_lookup(name: str, *targets: str, **more: Any) -> Relationship:
    """A lookup to one of the targets."""
    return Relationship(name, "", Shape.LOOKUP, targets, {"en": name}, **more)


def a_link(name: str, *targets: str, **more: Any) -> Relationship:
    """A many-to-many relationship."""
    return Relationship(name, "", Shape.MANY, targets, {"en": name}, one=False, **more)


def a_lifecycle(*states: str) -> Lifecycle:
    """A lifecycle whose first state is the initial one."""
    return Lifecycle({s: State(s, {"en": s}, initial=s == states[0]) for s in states}, {})


def people() -> tuple[Entity, ...]:
    """The engine's own entities."""
    return (
        an_entity("unit", a_field("name", "text"), pack="core", is_engine=True),
        an_entity(
            "user",
            a_field("name", "text"),
            a_field("email", "email"),
            a_field("active", "boolean"),
            a_lookup("unit", "unit"),
            pack="core",
            is_engine=True,
        ),
        an_entity("team", a_field("name", "text"), a_lookup("unit", "unit"), pack="core", is_engine=True),
    )


def a_model(*entities: Entity) -> Model:
    """A model of the engine's entities and these."""
    return Model({}, {e.name: e for e in (*people(), *entities)}, {}, {})


def an_expression(entity: str, tree: Node, text: str = "") -> Expression:
    """A checked expression, made without the checker."""
    return Expression(text, tree, entity)


def a_crm() -> Model:
    """Accounts, contacts and complaints: every way in which records point at each other."""
    account = an_entity(
        "account",
        a_field("name", "text", {"max_length": 200}, required=True, search=True),
        a_field("tax_number", "text", unique=True),
        a_field("revenue", "money"),
        a_field("rating", "decimal", {"precision": 10, "scale": 3}),
        a_field("kind", "choice", {"options": ()}),
        a_field("notes", "long_text"),
        a_lookup("parent", "account", hierarchy=True),
        ownership="user_or_team",
        lifecycle=a_lifecycle("new", "active"),
    )
    contact = an_entity(
        "contact",
        a_field("name", "person_name"),
        a_field("email", "email"),
        a_field("born", "date"),
        a_lookup("account", "account"),
        indexes=(("account", "born"),),
    )
    complaint = an_entity(
        "complaint",
        a_field("subject", "text", search=True),
        a_field("received_on", "date"),
        a_lookup("complainant", "account", "contact"),
        a_lookup("about", any=True),
        a_link("handlers", "user", attributes={"role": a_field("role", "text")}, valid=True),
        a_link("products", "account", "contact"),
        Key("same_again", ("complainant", "subject", "received_on"), {"en": "Filed already."}),
    )
    return a_model(account, contact, complaint)
