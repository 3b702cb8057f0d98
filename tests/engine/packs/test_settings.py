"""Settings of packs: given other values by a change of the customisation, which everybody works with at once."""

from __future__ import annotations

import pytest

from tests.support.settings_of_packs import PACK
from xrm.engine.commands import Create
from xrm.engine.queries.request import Query
from xrm.errors import Invalid
from xrm.metadata.customising import CUSTOMISATION
from xrm.testing import admin_actor

HOLIDAYS = 'business_days: {default: "12345 2026-12-25 2027-01-01"}\n'


def test_titles_computed_values_and_rules_follow_a_setting_in_every_process_and_go_back_with_its_version(
    make,
):
    runtime = make([PACK])
    there, ada = make(install=False), admin_actor(runtime)

    def made(**values):
        there.current().records.execute(ada, [Create("lead", values)])

    def lead(*filters):
        rows = there.current().queries.list(ada, Query("lead", filters=filters)).data
        return [tuple(row[name] for name in ("title", "hot", "told", "share", "due")) for row in rows]

    def changed(**values):
        revision = runtime.pack_settings.revision(ada, runtime.current().model, values)
        return runtime.packs.revise(revision, ada).version

    made(name="Ida", points=50, on="2026-12-23")
    before = [("Idax", False, "small", "625.000000", "2026-12-25")]
    assert (lead(), lead("hot")) == (before, [])
    version = changed(hot=40, word="!", rate="2.5", first="2026-01-01", size="l")
    assert lead("hot") == [("Ida!", True, "hot", "125.000000", "2027-01-10")]
    changed(hot=70, business_days="1-5\r\n2027-01-01, 2026-12-25")
    assert lead('due == "2026-12-28"') == [("Ida!", False, "large", "125.000000", "2026-12-28")]
    assert runtime.packs.source(CUSTOMISATION).files["settings.yaml"].decode().endswith(HOLIDAYS)
    runtime.packs.roll_back(version, ada)
    with pytest.raises(Invalid, match="Too early"):
        made(name="Eve", on="2025-12-31")
    one = next(one for one in runtime.packs.versions() if one.number == version)
    assert (one.number, one.actor) == (version, ada.id)
    assert "The setting hot is 40, and was 70." in one.changes
    source = runtime.packs.source(CUSTOMISATION)
    assert source.files["settings.yaml"].decode() == (
        'hot: {default: 40}\nword: {default: "!"}\nrate: {default: 2.5}\nfirst: {default: "2026-01-01"}\n'
        "size: {default: l}\n"
    )
    runtime.packs.roll_back(version - 1, ada)
    assert (lead(), lead("hot")) == (before, [])
