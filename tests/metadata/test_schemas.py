"""The published schemas are sound, describe every key, and refuse what the checker refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.metadata.builders import problems_of
from tests.metadata.test_every_problem import CASES
from xrm.metadata import core_source
from xrm.metadata.documents import SourceDocument, locate
from xrm.metadata.failures import PATTERNS
from xrm.metadata.fieldtypes.builtins import builtin_registry
from xrm.metadata.schemas import BASES, published_schemas
from xrm.metadata.shape import ShapeChecker
from xrm.metadata.sources import PackSource
from xrm.metadata.yaml_reader import compose

TYPES = builtin_registry()
PUBLISHED = published_schemas(TYPES)


@pytest.mark.parametrize("kind", list(BASES))
def test_a_published_schema_is_a_json_schema(kind: str):
    Draft202012Validator.check_schema(PUBLISHED[kind])
    assert PUBLISHED[kind]["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("kind", list(BASES))
def test_every_key_is_described(kind: str):
    assert [
        path for path, schema in _properties(PUBLISHED[kind], kind) if not schema.get("description")
    ] == []


def _properties(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        conditions = {"if"}
        for key, inner in schema.get("properties", {}).items():
            yield f"{path}.{key}", inner
        for key, inner in schema.items():
            if key not in conditions:
                yield from _properties(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _properties(inner, f"{path}[{index}]")


def test_an_editor_learns_the_keys_of_each_field_type():
    validator = Draft202012Validator(PUBLISHED["entity"])
    entity = {"entity": "thing", "fields": {"size": {"type": "integer", "min": 1}}}
    assert validator.is_valid(entity)
    assert not validator.is_valid({**entity, "fields": {"size": {"type": "text", "min": 1}}})


def documents(source: PackSource) -> Iterator[SourceDocument]:
    """The source's documents, unchecked."""
    for one in locate(source)[0]:
        composed = compose(source.files[one.path], one.path)
        if composed.raw is not None and len(source.files[one.path]) < SMALL:
            yield SourceDocument(one.kind, one.name, source.name, one.path, composed.raw, composed.positions)


SMALL = 2_000
SOURCES = [core_source(), *(s for case in CASES for s in case.sources)]


def test_an_editor_and_the_checker_refuse_the_same_documents():
    checker = ShapeChecker(TYPES)
    validators = {kind: Draft202012Validator(schema) for kind, schema in PUBLISHED.items()}
    refused = 0
    for document in (d for source in SOURCES for d in documents(source)):
        problems = checker.check(document)[1].problems
        assert validators[document.kind].is_valid(document.raw) is (not problems), (document.file, problems)
        refused += bool(problems)
    assert refused >= 10


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from _patterns(inner)


def test_every_form_that_a_text_needs_is_told_in_words():
    assert set(_patterns(PUBLISHED)) - PATTERNS.keys() == set()


def test_a_currency_that_is_no_code_is_told_in_words():
    files = {"entities/a.yaml": "title: n\nfields: {n: {type: text}, p: {type: money, currency: EURO}}\n"}
    (problem,) = problems_of(files)
    assert problem.message == '"EURO" is not a currency\'s code.'
    assert problem.hint == "Write its three capital letters, as in EUR."
