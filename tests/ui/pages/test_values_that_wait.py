"""Who reads a value that a job has yet to find is told so: on a page, in a list, by the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.installed import make_runtime
from tests.ui.pages.conftest import a_place
from xrm.engine.commands import Target, Update
from xrm.settings import Limits
from xrm.testing import a_pack, make_settings

STALL = a_pack(
    "stall",
    {"views/line.yaml": "all: {type: list, label: All, columns: [what, price]}\n"},
    product="title: name\nfields:\n  name: {type: text}\n  cost: {type: integer}\n",
    line="""
title: what
fields:
  what: {type: text}
  price: {label: Price, type: formula, formula: product.cost}
relationships:
  product: {to: product, inverse: lines}
rules:
  dear: {must: price < 10, message: Too dear.}
""",
)  # fmt: skip
SAID = "Not up to date yet, because a change concerns many records: Price."


def test_values_that_wait_are_named_wherever_they_are_shown(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(make_settings(sqlite_url, tmp_path), limits=Limits(fan_out=1))
    runtime = make_runtime(sqlite_url, tmp_path, [STALL], settings=settings)
    place, installer = a_place(runtime), runtime.installer
    product = place.make("product", installer, name="Bolt", cost=2)
    lines = [place.make("line", installer, what=what, product=str(product)) for what in ("a", "b")]
    ana, api = place.person("Ana", "system_admin"), place.app.test_client()
    key = {"Authorization": f"Bearer {runtime.identity.create_token(place.actor(), 'test')}"}
    pages = [f"/r/line/{lines[0]}", f"/r/line/{lines[0]}/peek", "/r/line"]
    runs = []
    monkeypatch.setattr(runtime.jobs.runner, "enqueue", lambda unit, run: runs.append(run))

    def told() -> list[object]:
        one, many = (
            api.get(f"/api/v1/records/line{tail}", headers=key).json for tail in (f"/{lines[0]}", "")
        )
        return [*(SAID in ana.open(page).text for page in pages), one.get("pending"), many.get("pending")]

    assert told() == [False, False, False, None, None]
    runtime.current().records.execute(installer, [Update("product", Target(UUID(product)), {"cost": 3})])
    assert told() == [True, True, True, ["price"], {str(line): ["price"] for line in lines}]
    runtime.jobs.perform(runs[0].job, 1)
    assert told() == [False, False, False, None, None]
    assert "Too dear." not in ana.open(f"/admin/jobs/{runs[0].job}").text
    runtime.current().records.execute(installer, [Update("product", Target(UUID(product)), {"cost": 20})])
    runtime.jobs.perform(runs[1].job, 1)
    assert ana.open(f"/admin/jobs/{runs[1].job}").text.count("Too dear.") == 2
    runtime.close()
