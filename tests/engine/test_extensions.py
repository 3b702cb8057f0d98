"""Packages from outside register through the same door as the built-ins, and a mistake of theirs is named."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from xrm.engine.extensions import ExtensionInvalid, Extensions, load_extensions
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES
from xrm.registry import Frozen


def add_part_number(extensions: Extensions) -> None:
    text = extensions.field_types["text"]
    extensions.field_types.register("part_number", replace(text, name="part_number"))


def take_a_name(extensions: Extensions) -> None:
    extensions.field_types.register("text", extensions.field_types["text"])


NO_FUNCTION = "text"


def an_entry_point(attribute: str, module: str = __name__) -> EntryPoint:
    return EntryPoint(name=attribute, value=f"{module}:{attribute}", group="xrm.extensions")


def test_the_built_in_field_types_are_there_without_any_extension():
    assert tuple(load_extensions([]).field_types) == tuple(type_.name for type_ in BUILTIN_TYPES)


def test_an_extension_registers_a_field_type_after_the_built_ins():
    assert tuple(load_extensions([an_entry_point("add_part_number")]).field_types)[-1] == "part_number"


def test_nothing_can_be_registered_once_loading_is_over():
    with pytest.raises(Frozen):
        add_part_number(load_extensions([]))


@pytest.mark.parametrize(
    ("point", "code"),
    [
        (an_entry_point("add", "no_such_package"), "E101"),
        (an_entry_point("no_such_function"), "E101"),
        (an_entry_point("NO_FUNCTION"), "E102"),
        (an_entry_point("take_a_name"), "E103"),
    ],
    ids=["no module", "no function of that name", "not a function", "a taken name"],
)
def test_a_faulty_extension_is_named(point, code):
    with pytest.raises(ExtensionInvalid) as refused:
        load_extensions([point])
    assert [p.code for p in refused.value.problems] == [code]
    assert point.name in refused.value.first.message
