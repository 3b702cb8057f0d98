"""What the shipped pack refuses beyond the types of its fields, and how its choices read on a form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packs.shipped import texts
from tests.support.installed import make_runtime
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime
from xrm.errors import Invalid
from xrm.ui.i18n import translate

PACK = Path(__file__).parents[2] / "entity_packs" / "crm_core"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The pack, without its demo."""
    folder = tmp_path_factory.mktemp("crm")
    runtime = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [PACK])
    yield runtime
    runtime.close()


def _make(runtime: Runtime, entity: str, **values: Any) -> None:
    runtime.current().records.do(runtime.installer, Create(entity, values))


@pytest.mark.parametrize(
    ("field", "value"), [("timezone", "Lisbon"), ("timezone", "soon"), ("currency", "E"), ("currency", "€")]
)
def test_a_zone_and_a_currency_that_name_none_are_refused(installed: Runtime, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        _make(installed, "account", name="Nonsense", **{field: value})
    assert refused.value.first.where.path == field


def test_the_zone_of_a_contact_is_held_to_the_same_rule(installed: Runtime) -> None:
    with pytest.raises(Invalid) as refused:
        _make(installed, "contact", name={"last": "Nonsense"}, timezone="Lisbon")
    assert refused.value.first.where.path == "timezone"


@pytest.mark.parametrize("zone", ["Europe/Lisbon", "America/Argentina/Buenos_Aires", "UTC"])
def test_a_zone_and_a_currency_are_taken_by_name(installed: Runtime, zone: str) -> None:
    _make(installed, "account", name=f"Sense in {zone}", timezone=zone, currency="EUR")


@pytest.mark.parametrize("language", ["en", "pt", "es", "ru"])
def test_no_option_reads_like_no_choice_at_all(language: str) -> None:
    labels = texts("crm_core")
    if language != "en":
        labels = yaml.safe_load((PACK / "i18n" / f"{language}.yaml").read_text())
    nothing = translate(language, "None")
    assert [path for path, label in labels.items() if ".options." in path and label == nothing] == []
