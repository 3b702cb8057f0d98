"""Numbers that no column holds, typed into forms and addresses: a page that says so, never a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import Place, a_place
from xrm.testing import a_pack

ENDLESS = (
    "9" * 19, "9" * 30, "-" + "9" * 30, "9" * 5000, str(2**63), "1e999", "NaN", "٣" * 25, "²", "1.5", "1:" + "9" * 30,
    "9" * 400 + ":00", "9" * 400 + " d", "10000-01-01", "0000-00-00", "99:99",
)  # fmt: skip
# Every fourth in every run, all of them under --proofs.
IN_TURN = [pytest.param(t, marks=[pytest.mark.proof] if place % 4 else []) for place, t in enumerate(ENDLESS)]
TYPES = (
    "integer",
    "decimal",
    "percent",
    "money",
    "duration",
    "date",
    "datetime",
    "time",
    "rating",
    "json",
    "text",
)
FIELDS = "".join(f"  {name}_one: {{type: {name}}}\n" for name in TYPES)
RECORD = f"""title: name
fields:
  name: {{type: text, required: true}}
{FIELDS}
relationships:
  lines: {{from: line, owned: true}}
"""
LINE = f"""title: name
fields:
  name: {{type: text}}
{FIELDS}
relationships:
  ledger: {{to: ledger, inverse: lines, required: true, on_delete: cascade}}
"""


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("numbers")
    runtime = make_runtime(
        f"sqlite:///{folder / 'xrm.db'}", folder, [a_pack("desk", ledger=RECORD, line=LINE)]
    )
    place = a_place(runtime)
    place.app.testing = False
    yield place
    runtime.close()


@pytest.mark.parametrize("typed", IN_TURN, ids=lambda text: text[:12])
def test_what_is_typed_into_a_form_is_taken_or_refused(numbers: Place, typed: str) -> None:
    ana, record = numbers.person(), numbers.make("ledger", name="One")
    for action in ("/r/ledger/new", f"/r/ledger/{record}/edit"):
        sheet = ana.open(action)
        form = sheet.form(action)
        # One by one, for a refusal may hide what the database would say; the cells of rows go together below.
        names = [n for n, _ in form.pairs if n not in ("csrf_token", "name") and not n.startswith("lines.")]
        for name in names:
            pairs = [(n, typed if n == name else v) for n, v in form.pairs if n != "name"]
            got = ana.send(action, [*pairs, ("name", "One")])
            assert got.status < 500, (action, name, got.text)
        cells = [(f"lines.0.{n}_one", typed) for n in TYPES]
        got = ana.send(action, [*form.without("name").pairs, ("name", "One"), ("lines.0.name", "L"), *cells])
        assert got.status < 500, (action, "cells", got.text)
        every = [(n, typed if n.split(".")[0].endswith("_one") else v) for n, v in form.pairs]
        assert ana.send(action, every).status < 500


@pytest.mark.parametrize("typed", IN_TURN, ids=lambda text: text[:12])
def test_what_stands_in_an_address_is_taken_or_refused(numbers: Place, typed: str) -> None:
    ana, record = numbers.person(), numbers.make("ledger", name="One")
    for page in ("/r/ledger", f"/r/ledger/{record}", f"/r/ledger/{record}/history", "/search", "/r/ledger/trash",
                 f"/r/ledger/{typed[:200]}", f"/r/ledger/{record}/edit", "/me", "/"):  # fmt: skip
        for name in ("cursor", "count", "limit", "page", "q", "search", "filter", "sort", "fields", "view", "offset",
                     "f.integer_one", "f.decimal_one.lt", "f.date_one.gt", "f.duration_one", "f.money_one.ge",
                     "version", "since", "at", "after"):  # fmt: skip
            value = f"integer_one == {typed}" if name == "filter" else typed
            got = ana.client.get(page, query_string={name: value}, headers={"Accept": "text/html"})
            assert got.status_code < 500, (page, name, got.text)
