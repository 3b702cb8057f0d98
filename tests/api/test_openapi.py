"""What a caller is told of this installation: sound OpenAPI, and nothing that they may not know."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from openapi_spec_validator import validate

from tests.support.project import ROOT
from xrm.api.describe import entity_line, entity_page
from xrm.api.feeds import MOST_FOUND
from xrm.api.jobs import MOST_LISTED
from xrm.api.openapi import openapi
from xrm.api.reference import example_of, reference, reference_list
from xrm.api.routes import ROUTES
from xrm.api.visible import Visible, visible_entities
from xrm.engine.access import Policy
from xrm.engine.commands import ADMINISTRATOR, Actor
from xrm.errors import NotFound
from xrm.metadata import judge, read_source
from xrm.metadata.model import Model
from xrm.settings import Limits

BASE = "http://localhost:8000"


@pytest.fixture(scope="module")
def model() -> Model:
    return judge([read_source(ROOT / "tests/packs/fixtures/library")]).model


def actor(*roles: str, language: str = "en") -> Actor:
    return Actor(UUID(int=1), "Ana", frozenset(roles), language=language)


def seen_by(model: Model, *roles: str) -> dict[str, Visible]:
    return {v.entity.name: v for v in visible_entities(model, Policy(model), actor(*roles))}


def document(model: Model, *roles: str) -> dict:
    return json.loads(json.dumps(openapi(tuple(seen_by(model, *roles).values()), "en", BASE, Limits())))


@pytest.mark.parametrize("role", [ADMINISTRATOR, "librarian", "visitor", "nobody"])
def test_the_document_is_sound_for_every_caller(model, role):
    made = document(model, role)
    validate(made)
    assert made["openapi"] == "3.1.0"
    ids = [o["operationId"] for p in made["paths"].values() for m, o in p.items() if m != "parameters"]
    assert len(ids) == len(set(ids))


def test_every_documented_call_has_a_route(model):
    """Any path parameter stands for one; the entity's name is written out."""
    routes = {
        (r.method, "/".join("*" if "<" in part else part for part in r.path.split("/"))) for r in ROUTES
    }
    for path, operations in document(model, ADMINISTRATOR)["paths"].items():
        parts = path.split("/")
        named = [part in ("records", "views") for part in ("", *parts)]
        generic = ["*" if p.startswith("{") or n else p for p, n in zip(parts, named, strict=False)]
        for method in operations:
            assert (method.upper(), "/".join(generic)) in routes, path


def test_every_call_says_how_it_may_be_refused(model):
    for path, operations in document(model, ADMINISTRATOR)["paths"].items():
        for method, operation in operations.items():
            answers = set(operation["responses"])
            assert answers >= {"400", "401", "403", "404", "422", "429", "503"}, path
            if method != "get":
                assert answers >= {"409", "412", "413", "415"}, path


def test_who_may_nothing_is_told_of_no_entity(model):
    made = document(model, "nobody")
    assert not any(path.startswith("/records") for path in made["paths"])
    assert set(made["components"]["schemas"]) == {"problem", "results"}


def test_a_visitor_is_told_of_what_they_may_read_and_of_nothing_else(model):
    made = document(model, "visitor")
    text = json.dumps(made)
    assert set(made["paths"]["/records/book"]) == {"get"}
    properties = made["components"]["schemas"]["book.record"]["properties"]
    assert "isbn" in properties
    for hidden in ("price", "note"):
        assert hidden not in properties
    assert set(made["components"]["schemas"]["loan.record"]["properties"]) & {"patron", "end"} == {"end"}
    assert "/records/shelf" not in text
    assert "biography" not in text


def test_a_lookup_names_only_targets_that_the_caller_knows(model):
    book = seen_by(model, "visitor")["book"]
    known = {r.name: book.targets(r) for r in book.relationships}
    assert known["publisher"] == ("author",)
    assert "shelf" not in known


def test_what_is_required_and_given_by_nobody_else_is_required(model):
    create = document(model, "librarian")["components"]["schemas"]["book.create"]
    assert set(create["required"]) == {"name", "author"}
    assert create["additionalProperties"] is False
    assert "required" not in document(model, "librarian")["components"]["schemas"]["book.update"]


def test_what_is_computed_cannot_be_sent(model):
    create = document(model, "librarian")["components"]["schemas"]["loan.create"]
    assert "number" not in create["properties"]


def test_the_upsert_names_the_keys(model):
    (by, *_) = document(model, "librarian")["paths"]["/records/book"]["put"]["parameters"]
    assert by["name"] == "by"
    assert set(by["schema"]["enum"]) >= {"isbn", "external_key"}


def test_the_metadata_of_an_entity_is_in_the_callers_language_and_holds_nothing_hidden(model):
    page = entity_page(seen_by(model, "visitor")["book"], "en")
    text = json.dumps(page)
    assert [f["name"] for f in page["fields"]][:2] == ["name", "isbn"]
    assert all(not f["writable"] for f in page["fields"])
    assert "price" not in text
    assert page["operations"] == ["read"]
    assert [k["name"] for k in page["keys"]] == ["isbn", "same_again"]


def test_the_lifecycle_is_told_with_states_and_steps(model):
    page = entity_page(seen_by(model, "librarian")["loan"], "en")
    assert page["lifecycle"]["states"]
    assert {"name", "label", "from", "to", "requires", "reason_required"} == set(
        page["lifecycle"]["transitions"][0]
    )


def test_the_reference_page_has_calls_and_an_example_that_the_schema_takes(model):
    told = reference(model, Policy(model), actor("librarian"), "book", Limits())
    calls = {call["id"]: call for call in told["calls"]}
    assert set(json.loads(calls["create_book"]["body"])) == {"name", "author"}
    assert calls["get_book"]["path"] == "/api/v1/records/book/{id}"
    assert any(p["name"] == "If-Match" for p in calls["update_book"]["parameters"])
    assert dict(calls["create_book"]["answers"])[409]
    json.loads(told["answer"])


def test_the_reference_of_a_hidden_entity_does_not_exist(model):
    for name in ("biography", "nothing", "shelf"):
        with pytest.raises(NotFound):
            reference(model, Policy(model), actor("visitor"), name, Limits())
    told = {line["name"] for line in reference_list(model, Policy(model), actor("visitor"))}
    assert told >= {"book", "author", "loan"}
    assert told.isdisjoint({"biography", "shelf", "remark"})


def test_an_entity_is_listed_with_its_operations(model):
    line = entity_line(seen_by(model, "librarian")["loan"], "en")
    assert (line["label"], line["operations"]) == ("Loan", ["create", "read", "update", "transition"])


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "examples": ["x"]}, "x"),
        ({"enum": ["a", "b"]}, "a"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
        ({"type": "array", "items": {"type": "boolean"}}, [True]),
        ({"type": "object", "properties": {"a": {"type": "string", "format": "date"}}}, {"a": "2026-05-31"}),
        ({"type": "string"}, "text"),
    ],
    ids=["example", "enum", "any of", "array", "object", "text"],
)
def test_an_example_is_made_of_a_schema(schema, example):
    assert example_of(schema) == example


def test_the_bounds_of_parameters_are_those_in_force(model):
    limits = Limits(page_rows=77, search_length=33, filter_length=444)
    made = openapi(tuple(seen_by(model, ADMINISTRATOR).values()), "en", BASE, limits)
    found = {
        (path, p["name"]): p["schema"].get("maximum", p["schema"].get("maxLength"))
        for path, operations in made["paths"].items()
        for p in operations.get("get", {}).get("parameters", ())
    }
    one = "/records/book/{id}"
    paged = (
        "/records/book",
        f"{one}/history",
        f"{one}/timeline",
        f"{one}/links/{{relationship}}",
        "/changes",
    )
    assert {found[path, "limit"] for path in paged} == {77}
    assert (found["/search", "limit"], found["/jobs", "limit"]) == (MOST_FOUND, MOST_LISTED)
    assert found["/records/book", "search"] == found["/search", "q"] == 33
    assert found["/records/book", "filter"] == 444
