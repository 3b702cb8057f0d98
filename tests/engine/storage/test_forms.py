"""Whether every value of one form is certainly one of another."""

import pytest

from xrm.engine.storage.forms import Form
from xrm.metadata.fieldtypes.builtins import BUILTIN_TYPES

TYPES = {type_.name: type_ for type_ in BUILTIN_TYPES}
LARGE = 2**53


@pytest.mark.parametrize(
    ("name", "wide", "narrow"),
    [
        ("integer", {"max": LARGE + 1}, {"max": LARGE}),
        ("integer", {"min": -LARGE - 1}, {"min": -LARGE}),
    ],
)
def test_a_bound_is_narrower_by_the_least_there_is(name, wide, narrow):
    wider, narrower = (Form(TYPES[name], params) for params in (wide, narrow))
    assert wider.takes_all_of(narrower)
    assert not narrower.takes_all_of(wider)
