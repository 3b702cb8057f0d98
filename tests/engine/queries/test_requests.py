"""Query strings become queries, or are refused."""

from __future__ import annotations

import pytest

from xrm.engine.queries.request import (
    Count,
    Expand,
    FieldTest,
    Sort,
    parse_aggregate,
    parse_query,
)
from xrm.errors import Invalid
from xrm.settings import Limits


def test_a_query_string_becomes_a_query() -> None:
    query = parse_query(
        "deal",
        {
            "filter": ["amount > 5"],
            "sort": ["-closes,name"],
            "fields": ["name,account.name"],
            "expand": ["account,lines(limit=2)"],
            "limit": ["10"],
            "count": ["capped"],
            "f.state": ["won", "lost"],
            "f.amount.ge": ["5"],
        },
        Limits(),
    )
    assert query.sort == (Sort(("closes",), True), Sort(("name",)))
    assert query.fields == (("name",), ("account", "name"))
    assert query.expand == (Expand("account", 50), Expand("lines", 2))
    assert query.tests == (
        FieldTest(("state",), "eq", ("won", "lost")),
        FieldTest(("amount",), "ge", ("5",)),
    )
    assert (query.limit, query.count) == (10, Count.CAPPED)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": ["0"]},
        {"limit": ["501"]},
        {"limit": ["ten"]},
        {"limit": ["1", "2"]},
        {"count": ["all"]},
        {"sort": ["a b"]},
        {"fields": ["na me"]},
        {"expand": ["x(y=1)"]},
        {"expand": ["x("]},
        {"unknown": ["1"]},
        {"search": ["\x00"]},
    ],
    ids=str,
)
def test_bad_query_strings_are_refused(params) -> None:
    with pytest.raises(Invalid):
        parse_query("deal", params, Limits())


def test_aggregates_split_at_commas_outside_brackets_and_quotes() -> None:
    asked = parse_aggregate(
        "deal", {"group": ["state,month(closes)"], "aggregate": ["sum(round(x, 2)),count()"]}, Limits()
    )
    assert asked.group == ("state", "month(closes)")
    assert asked.aggregates == ("sum(round(x, 2))", "count()")
