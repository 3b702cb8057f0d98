"""The types of view: what the language admits and what pages show are the same."""

from __future__ import annotations

from xrm.metadata.schemas.views import CARRIED_OUT
from xrm.ui.assets import TEMPLATES
from xrm.ui.pages.views import KINDS


def test_every_type_of_view_that_is_carried_out_has_its_own_body_and_templates() -> None:
    assert set(KINDS) == set(CARRIED_OUT)
    for kind in KINDS.values():
        assert (TEMPLATES / kind.template).is_file()
        assert (TEMPLATES / kind.more).is_file()
