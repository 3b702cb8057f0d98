"""Records to read that the tests of a module share."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from xrm.engine.commands import Create


@pytest.fixture(scope="module")
def towns(office: Office) -> Office:
    """Thirty accounts in four towns, some without, each with two people."""
    cities = ["Porto", "Lisboa", "Évora", None]
    for number in range(30):
        city = cities[number % 4]
        made = Create("account", {"name": f"Town {number:02}", "city": city, "credit": number}, name="a")
        people = [
            Create("person", {"name": {"first": "P", "last": f"{number:02}{side}"}, "account": {"ref": "a"}})
            for side in "ab"
        ]
        office.run(made, *people)
    return office
