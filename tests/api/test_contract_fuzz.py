"""The live API against its own document: whatever fits it, and what nearly does, is answered as it says."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.caller import Caller
from tests.api.library import Library, made

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SMALL, FULL = 150, 1_000  # for each of the two callers
ANSWERED_WELL = 0.3
NAMES = ("author", "book", "copy", "shelf", "remark", "biography", "school", "loan", "call")


def fill(library: Library) -> dict[str, list[str]]:
    """A few records of every entity exist; their ids by entity."""
    admin = library.admin
    ids: dict[str, list[str]] = {name: [] for name in NAMES}

    def add(entity: str, **values: Any) -> str:
        ids[entity].append(made(admin, entity, **values)["id"])
        return ids[entity][-1]

    for number in range(6):
        author = add("author", name=f"Author {number}", born_on="1950-01-01")
        copies = {"create": [{"barcode": f"B-{number}"}]}
        book = add("book", name=f"Book {number}", author=author, published_on="2000-01-01", copies=copies)
        (copy_,) = admin("GET", f"/records/book/{book}/links/copies").get_json()["data"]
        ids["copy"].append(copy_["id"])
        add("shelf", name=f"Shelf {number}")
        add("biography", name=f"Life {number}", author=author)
        add("remark", text=f"Remark {number}", about={"entity": "book", "id": book})
        school = add("school", name=f"School {number}")
        patron = {"entity": "school", "id": school}
        add("loan", copy=copy_["id"], patron=patron, start=f"2026-0{number + 1}-01")
        add("call", subject=f"Call {number}")
    for name in ("user", "team", "unit"):
        ids[name] = [row["id"] for row in admin("GET", f"/records/{name}").get_json()["data"]]
    return ids


def with_real_ids(document: dict[str, Any], ids: dict[str, list[str]]) -> dict[str, Any]:
    """The document with addresses that lead somewhere, and queries that mean something."""
    known = copy.deepcopy(document)
    known["components"]["schemas"] = _pointed(known["components"]["schemas"], ids)
    for path, operations in known["paths"].items():
        kind, entity = path.split("/")[1], "/".join(path.split("/")[2:3])
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _sharpen(parameter, ids.get(entity if kind == "records" else f"{kind} {entity}", []))
            if kind == "views" and "requestBody" in operation:
                (content,) = operation["requestBody"]["content"].values()
                content["schema"]["properties"].update(A_VIEW)
    return known


# What a view of any entity may ask for; a role is for few.
A_VIEW = {
    "filter": {"enum": ["created_at <= now()", "version == 1"]},
    "fields": {"enum": [["title"], []]},
    "sort": {"enum": [["-created_at"], []]},
    "base": {"enum": [""]},
    "type": {"enum": ["", "list"]},
    "group": {"enum": [""]},
    "scope": {"enum": ["me"]},
    "role": {"enum": [None]},
}


def views_of(caller: Caller) -> dict[str, list[str]]:
    """Some views of the caller's own at every entity that they may read; their ids by what is asked for."""
    paths = caller("GET", "/openapi.json").get_json()["paths"]
    places = [path for path in paths if path.startswith("/views/") and "{" not in path]
    return {
        f"views {place.split('/')[2]}": [
            caller("POST", place, json={"name": f"Own {n}"}).get_json()["id"] for n in range(20)
        ]
        for place in places
    }


def _pointed(schema: Any, ids: dict[str, list[str]]) -> Any:
    """The schema with lookups that lead to records: `{"id", "entity"}` of each known target."""
    if isinstance(schema, list):
        return [_pointed(item, ids) for item in schema]
    if not isinstance(schema, dict):
        return schema
    properties = schema.get("properties", {})
    targets = properties["entity"].get("enum", []) if set(properties) == {"id", "entity"} else []
    known = [{"id": one, "entity": name} for name in targets for one in ids.get(name, [])]
    return {"enum": known} if known else {key: _pointed(value, ids) for key, value in schema.items()}


def _sharpen(parameter: dict[str, Any], ids: list[str]) -> None:
    known = {
        "filter": ["created_at <= now()", "version == 1", "title == empty"],
        "sort": ["created_at", "-updated_at", "title"],
        "fields": ["id", "title,version"],
        "search": ["author", "book", "zzz"],
        "q": ["author", "book", "remark"],
        "cursor": [""],
        "since": [""],
        "aggregate": ["count()"],
        "group": ["version"],
        "expand": [""],
        "If-None-Match": ['"1-0000000000000000"'],
        "If-Match": ["*"],
        **(dict.fromkeys(("id", "view"), ids) if ids and parameter["in"] == "path" else {}),
    }
    if parameter["name"] in known:
        parameter["schema"] = {"enum": known[parameter["name"]]}


def cases(library: Library, caller: Caller, ids: dict[str, list[str]]) -> st.SearchStrategy[Case]:
    """Calls of every operation that the caller is told of, most of them right, some of them wrong."""
    document = with_real_ids(caller("GET", "/openapi.json").get_json(), ids)
    schema = openapi.from_dict(document)
    schema.app = library.app
    operations = [result.ok() for result in schema.get_all_operations()]
    modes = [GenerationMode.POSITIVE] * 4 + [GenerationMode.NEGATIVE]
    return st.tuples(st.sampled_from(operations), st.sampled_from(modes)).flatmap(
        lambda chosen: chosen[0].as_strategy(generation_mode=chosen[1])
    )


@pytest.fixture(params=["librarian", "visitor"])
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def filled(libraries: Callable[[str], Library]) -> tuple[Library, dict[str, list[str]]]:
    library = libraries("sqlite")
    return library, fill(library)


def test_every_answer_is_one_that_the_document_names(filled, role, scale):
    library, ids = filled
    caller = library.librarian if role == "librarian" else library.visitor
    ids |= views_of(caller)
    seen: Counter[int] = Counter()

    @settings(
        max_examples=scale(SMALL, FULL),
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(cases(library, caller, ids))
    def call(case: Case) -> None:
        answered = case.call_and_validate(headers=caller.headers, checks=CHECKS)
        seen[answered.status_code // 100] += 1

    call()
    assert seen[5] == 0
    assert seen[2] >= ANSWERED_WELL * seen.total(), seen
