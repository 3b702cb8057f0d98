"""Registries refuse a taken name, keep their order, and help whoever mistyped a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xrm.registry import Frozen, NameTaken, Registry, UnknownName


@pytest.fixture
def kinds() -> Registry[str]:
    registry: Registry[str] = Registry("field type")
    for name in ("text", "money", "percent"):
        registry.register(name, name.upper())
    return registry


def test_a_registered_thing_is_found_under_its_name(kinds):
    assert kinds["money"] == "MONEY"


def test_a_taken_name_is_refused(kinds):
    with pytest.raises(NameTaken, match='field type "money" exists already'):
        kinds.register("money", "other")
    assert kinds["money"] == "MONEY"


def test_a_replacement_keeps_the_place_in_the_order(kinds):
    kinds.register("text", "other", replace=True)
    assert list(kinds.items()) == [("text", "other"), ("money", "MONEY"), ("percent", "PERCENT")]


def test_an_unknown_name_is_answered_with_near_ones(kinds):
    with pytest.raises(UnknownName) as raised:
        kinds["persent"]
    assert str(raised.value) == 'There is no field type "persent". Did you mean percent?'
    assert raised.value.near == ("percent",)


def test_an_unknown_name_that_is_near_to_nothing_is_answered_with_all(kinds):
    with pytest.raises(UnknownName, match="Known: text, money, percent"):
        kinds["zzz"]


def test_an_empty_registry_says_so():
    with pytest.raises(UnknownName, match="None is registered"):
        Registry("action")["send"]


def test_a_missing_name_can_be_asked_for_without_an_error(kinds):
    assert kinds.get("nothing") is None
    assert "nothing" not in kinds


def test_a_frozen_registry_takes_nothing_more(kinds):
    kinds.freeze()
    with pytest.raises(Frozen):
        kinds.register("date", "DATE")
    with pytest.raises(Frozen):
        kinds.register("money", "other", replace=True)
    assert len(kinds) == 3


@given(st.lists(st.text(), unique=True))
def test_names_come_out_in_the_order_they_went_in(names):
    registry: Registry[int] = Registry("thing")
    for number, name in enumerate(names):
        registry.register(name, number)
    assert list(registry) == names
