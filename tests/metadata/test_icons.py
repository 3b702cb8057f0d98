"""The icons that packs may name are those that the pages can draw."""

from __future__ import annotations

from xrm.metadata.icons import icon_names
from xrm.ui.assets import drawn_icons


def test_a_pack_may_name_every_icon_that_is_drawn_and_no_other():
    assert icon_names() == set(drawn_icons())
