"""A table has so many columns over its life: what would need one more is refused, and nothing has changed."""

import pytest

from tests.engine.packs.fleet import NUMBER, fleet, put, refused, shop
from tests.engine.packs.living import data, filled, house, version
from xrm.engine.storage import crowding
from xrm.engine.storage.inspection import inspect
from xrm.errors import PlanRefused

__all__ = ["filled", "fleet", "house", "shop"]


def test_what_a_retyped_field_was_counts_among_the_columns_of_its_table(fleet, monkeypatch):
    runtime, _, _ = fleet
    with runtime.database.read() as unit:
        count = len(inspect(unit).tables["sales__boat"].columns)
    monkeypatch.setattr(crowding, "MOST_COLUMNS", count)
    told = refused(runtime, NUMBER, {"unfit:boat.size": "0"})
    message = f"boat would need {count + 1} columns; {count} are allowed."
    assert ("S128", "", message) in told


def test_a_table_whose_columns_are_used_up_refuses_another_type_and_stays(fleet):
    """PostgreSQL counts those that are gone for good."""
    runtime, _, _ = fleet
    if runtime.database.dialect.is_sqlite:
        return
    with runtime.database.write() as unit:
        gone = range(len(inspect(unit).tables["sales__boat"].columns), 1_600)
        for word in ("ADD COLUMN a{} int", "DROP COLUMN a{}"):
            unit.script(f"ALTER TABLE sales__boat {', '.join(map(word.format, gone))}")
    before, then = data(runtime), version(runtime)
    with pytest.raises(PlanRefused) as caught:
        put(runtime, NUMBER, {"unfit:boat.size": "0"})
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.file) == ("S128", "sales/entities/boat.yaml")
    assert "boat.size" in problem.message
    assert "xrm backup" in problem.hint
    assert (data(runtime), version(runtime)) == (before, then)
