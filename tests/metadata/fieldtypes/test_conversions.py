"""Which types a field can change between, and what its values become."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.inputs import CASES, TYPES
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.builtins import read_value, storage_scalars, value_from, write_value
from xrm.metadata.fieldtypes.conversions import (
    CONVERSIONS,
    FIXED,
    UNREACHED,
    becomes,
    conversion,
    converted,
)
from xrm.metadata.fieldtypes.problems import VALUE_CODES

NAMES = set(TYPES)
BY_TYPE = {name: [case for case in CASES if case.type.name == name] for name in NAMES}


def test_of_every_type_it_is_said_what_it_becomes_and_what_becomes_it():
    """A new type stands in the table, or with the reason why not."""
    assert {source for source, _ in CONVERSIONS} - {"file"} == NAMES - FIXED.keys()
    assert {target for source, target in CONVERSIONS if source != target} == NAMES - UNREACHED.keys()
    assert all(reason.endswith(".") for reason in (*FIXED.values(), *UNREACHED.values()))


def test_every_type_but_secrets_can_change_its_bounds():
    for name in NAMES - {"secret"}:
        assert conversion(TYPES[name], TYPES[name]) is not None
    assert conversion(TYPES["secret"], TYPES["secret"]) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_value_becomes_one_that_the_other_type_takes_or_is_refused_with_a_code(data):
    source, target = data.draw(st.sampled_from(sorted(CONVERSIONS)))
    before, after = (data.draw(st.sampled_from(BY_TYPE[name])) for name in (source, target))
    value = read_value(before.type, data.draw(before.inputs), before.params)
    assume(value is not None)
    say = conversion(before.type, after.type)
    made, code = taken(lambda: converted(say, value, before.params, after.type, after.params))
    assert code in {"", *VALUE_CODES}
    assert read_value(after.type, write_value(after.type, made, after.params), after.params) == made
    assert value_from(after.type, storage_scalars(after.type, made, after.params), after.params) == made


def taken(convert):
    """What the conversion gives, or the code of its refusal."""
    try:
        return convert(), ""
    except BadValue as refusal:
        return None, refusal.problem.code


def become(source, raw, target, before=None, after=None):
    value = read_value(TYPES[source], raw, before or {})
    say = conversion(TYPES[source], TYPES[target])
    return converted(say, value, before or {}, TYPES[target], after or {})


EUR = {"currency": "EUR"}
SAID = [
    ("text", " 007 ", "integer", 7),
    ("text", "12.345", "decimal", Decimal("12.35")),
    ("decimal", "12.50", "text", "12.50"),
    ("integer", 12, "decimal", Decimal("12.00")),
    ("boolean", True, "text", "true"),
    ("datetime", "2026-05-31T14:30:00+02:00", "text", "2026-05-31T12:30:00Z"),
    ("duration", "90 min", "text", "PT1H30M"),
    ("tags", ["vip", "new"], "text", "new, vip"),
    ("text", "vip; new", "tags", ("new", "vip")),
    ("long_text", "a < b\n\nc", "rich_text", "<p>a &lt; b</p><p>c</p>"),
    ("rich_text", "<p>a &lt; b</p><p>c</p>", "text", "a < b c"),
    ("person_name", {"first": "Ana", "last": "Silva"}, "text", "Ana Silva"),
    ("geo", {"lat": "1", "lon": "2"}, "text", "1.000000, 2.000000"),
    ("json", {"a": [1]}, "long_text", '{"a":[1]}'),
]


@pytest.mark.parametrize(("source", "raw", "target", "made"), SAID)
def test_values_become_what_somebody_would_type(source, raw, target, made):
    assert become(source, raw, target) == made


def test_an_amount_becomes_money_of_the_fields_currency_and_money_its_amount():
    made = become("decimal", "12.5", "money", after=EUR)
    assert (made.amount, made.currency) == (Decimal("12.50"), "EUR")
    assert become("money", {"amount": "12.5", "currency": "JPY"}, "text") == "13 JPY"
    assert become("money", {"amount": "12.5", "currency": "EUR"}, "decimal") == Decimal("12.50")
    with pytest.raises(BadValue):
        become("decimal", "12.5", "money")


@pytest.mark.parametrize(
    ("source", "raw", "target"),
    [("decimal", "12.5", "integer"), ("tags", ["a", "b"], "choice"), ("text", "soon", "date")],
)
def test_what_a_form_would_refuse_is_refused(source, raw, target):
    with pytest.raises(BadValue):
        become(source, raw, target)


def test_what_is_a_guess_is_no_conversion():
    for pair in (("date", "datetime"), ("datetime", "date"), ("text", "person_name"), ("integer", "boolean")):
        assert conversion(*(TYPES[name] for name in pair)) is None
    assert "secret" not in becomes("text")
