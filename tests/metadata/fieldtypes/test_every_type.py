"""What holds for every field type, whatever it is about."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.support.inputs import CASES, OPTIONS, READABLE_CASES, TYPES, Case, plain_json
from xrm.errors import Problem
from xrm.metadata.expressions.types import Kind, Type
from xrm.metadata.fieldtypes.base import BadValue, Control, FieldType, Part, Storage
from xrm.metadata.fieldtypes.builtins import (
    BUILTIN_TYPES,
    read_value,
    storage_scalars,
    value_from,
    write_value,
)
from xrm.metadata.fieldtypes.problems import VALUE_CODES

FIELD_WORDS = {
    "type", "required", "unique", "default", "help", "sensitive", "privacy", "search", "index", "track",
}  # fmt: skip
LANGUAGE = {
    "text", "long_text", "rich_text", "markdown", "email", "phone", "url", "integer", "decimal", "percent",
    "money", "boolean", "date", "datetime", "time", "duration", "choice", "multi_choice", "tags", "rating",
    "color", "autonumber", "person_name", "address", "geo", "file", "image", "json", "secret", "expression",
}  # fmt: skip
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
each_readable_case = pytest.mark.parametrize("case", READABLE_CASES, ids=lambda case: case.id)
each_type = pytest.mark.parametrize("type_", BUILTIN_TYPES, ids=lambda type_: type_.name)
a_few = settings(max_examples=25, deadline=None)


def written_params(type_: FieldType) -> dict[str, Any]:
    """The parameters in a type's own YAML example, options as the model resolves them."""
    ((_, keys),) = YAML(typ="safe", pure=True).load(type_.example).items()
    params = {key: value for key, value in keys.items() if key not in FIELD_WORDS}
    return {**params, "options": OPTIONS} if "options" in params else params


def test_the_registry_holds_every_type_of_the_language_once() -> None:
    assert set(TYPES) == LANGUAGE
    assert len(BUILTIN_TYPES) == len(LANGUAGE)


def test_every_type_is_tried_with_inputs() -> None:
    assert {case.type.name for case in CASES} == LANGUAGE


@each_type
def test_a_type_says_what_it_is(type_: FieldType) -> None:
    assert type_.summary.endswith(".")
    assert isinstance(type_.control, Control)
    assert isinstance(type_.expression(written_params(type_)), Type)


@each_type
def test_the_yaml_example_names_the_type_and_only_known_parameters(type_: FieldType) -> None:
    ((_, keys),) = YAML(typ="safe", pure=True).load(type_.example).items()
    assert keys["type"] == type_.name
    params = {key: value for key, value in keys.items() if key not in FIELD_WORDS}
    shape = {
        "type": "object",
        "properties": type_.params,
        "required": list(type_.required_params),
        "additionalProperties": False,
    }
    Draft202012Validator.check_schema(shape)
    Draft202012Validator(shape).validate(params)
    assert type_.faults(written_params(type_)) == ()


@each_type
def test_every_parameter_is_described(type_: FieldType) -> None:
    assert all(schema["description"].endswith(".") for schema in type_.params.values())


@each_type
def test_parts_have_closed_storage_kinds_and_names_of_their_own(type_: FieldType) -> None:
    parts = type_.parts(written_params(type_))
    assert parts
    assert all(isinstance(part, Part) and isinstance(part.storage, Storage) for part in parts)
    assert len({part.suffix for part in parts}) == len(parts)


@each_type
def test_expressions_reach_every_part_under_its_column_name(type_: FieldType) -> None:
    params = written_params(type_)
    suffixes = {part.suffix for part in type_.parts(params)} - {""}
    assert set(type_.part_types(params)) == suffixes


@each_type
def test_text_that_expressions_fold_has_a_folded_column(type_: FieldType) -> None:
    params = written_params(type_)
    kinds = {"": type_.expression(params), **type_.part_types(params)}
    for part in type_.parts(params):
        assert (kinds[part.suffix].kind is Kind.TEXT) == (part.storage is Storage.TEXT)


@each_type
def test_the_json_schema_is_valid_and_its_examples_are_taken(type_: FieldType) -> None:
    params = written_params(type_)
    schema = type_.json_schema(params)
    Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)
        assert read_value(type_, example, params) is not None


@each_type
def test_a_type_that_search_reads_gives_it_words(type_: FieldType) -> None:
    params = written_params(type_)
    value = read_value(type_, type_.json_schema(params)["examples"][0], params)
    if type_.can_be_searched:
        assert type_.words(value, params).split()


@each_readable_case
@a_few
@given(data=st.data())
def test_what_was_written_out_is_read_back(case: Case, data: st.DataObject) -> None:
    value = read_value(case.type, data.draw(case.inputs), case.params)
    assume(value is not None)
    written = write_value(case.type, value, case.params)
    assert read_value(case.type, written, case.params) == value
    Draft202012Validator(case.type.json_schema(case.params)).validate(written)


@each_case
@a_few
@given(data=st.data())
def test_what_was_split_into_columns_is_joined_again(case: Case, data: st.DataObject) -> None:
    value = read_value(case.type, data.draw(case.inputs), case.params)
    scalars = storage_scalars(case.type, value, case.params)
    assert len(scalars) == len(case.type.parts(case.params))
    assert value_from(case.type, scalars, case.params) == value


@each_case
def test_null_and_what_means_null_have_no_value(case: Case) -> None:
    assert [read_value(case.type, raw, case.params) for raw in (None, "", [], "  ")] == [None] * 4
    assert write_value(case.type, None, case.params) is None
    assert set(storage_scalars(case.type, None, case.params)) == {None}


@settings(max_examples=200, deadline=None)
@given(raw=plain_json())
def test_any_json_is_taken_or_refused_with_a_message(raw: Any) -> None:
    for case in CASES:
        note(case.id)
        try:
            value = read_value(case.type, raw, case.params)
        except BadValue as refusal:
            assert_is_readable(refusal.problem)
        else:
            scalars = storage_scalars(case.type, value, case.params)
            assert value_from(case.type, scalars, case.params) == value


def assert_is_readable(problem: Problem) -> None:
    """A refusal has a known code, starts so that a label can stand before it, and can be sent as UTF-8."""
    assert problem.code in VALUE_CODES
    assert problem.message.split()[0] in {"Must", "Needs", "Has"}
    assert f"{problem.message}{problem.hint}{problem.where.path}".encode()
