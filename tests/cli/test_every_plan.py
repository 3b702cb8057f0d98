"""Every verb that makes a plan shows it, takes decisions and is confirmed in the same words."""

import json
import shutil

import pytest

from tests.cli.conftest import DEAL
from xrm.engine.commands import Create
from xrm.testing import a_pack, admin_actor

KIND = DEAL + "  kind: {type: choice, options: [new, used], required: true}\n"
OURS = "fields: {kind: {required: false, options: {add: {vip: VIP}}}}\n"


@pytest.fixture
def customised(installation, said, written, tmp_path):
    """The pack with a required option, which our own customisation does not require; two deals."""
    said("apply", written(a_pack("sales", version="1.1.0", deal=KIND)))
    file = tmp_path / "ours/entities/deal.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OURS)
    said("apply", tmp_path / "ours")
    records = installation.current().records
    values = [{"name": "Bare"}, {"name": "Ship", "kind": "vip"}]
    records.execute(admin_actor(installation), [Create("deal", each) for each in values])
    return installation


@pytest.mark.parametrize("words", [
    "apply", "pack install", "pack upgrade", "pack uninstall", "pack disable", "pack enable",
    "model reset", "model rollback",
])  # fmt: skip
def test_every_verb_that_carries_out_a_plan_takes_decisions_and_a_confirmation(xrm, words):
    told = xrm(*words.split(), "--help").stdout
    assert all(option in told for option in ("--decide", "--confirm", "--plan"))


def test_what_a_reset_asks_is_decided_with_the_verb(customised, xrm, said):
    refused = xrm("model", "reset", "deal.kind")
    assert refused.exit_code == 1
    assert '--decide "empty:deal.kind=VALUE"' in refused.stderr
    decided = ["--decide", "empty:deal.kind=new", "--decide", "option:deal.kind.vip=used"]
    shown = said("model", "reset", "deal.kind", *decided, "--show")
    assert shown["decisions"] == {"empty:deal.kind": "new", "option:deal.kind.vip": "used"}
    assert xrm("model", "reset", "deal.kind", *decided, "--confirm", "another").exit_code == 1
    assert said("model", "reset", "deal.kind", *decided, "--confirm", shown["hash"])["steps"]
    with customised.database.read() as unit:
        kinds = unit.connection.exec_driver_sql("SELECT kind FROM sales__deal ORDER BY name").scalars()
        assert list(kinds) == ["new", "used"]


def test_what_an_uninstallation_asks_is_decided_with_the_verb(installation, xrm, said, written):
    said("apply", written(a_pack("sales", version="1.1.0", deal=KIND)))
    cars = a_pack("cars", {"extend/deal.yaml": "fields: {kind: {options: {add: {car: Car}}}}\n"}, car=DEAL)
    cars["pack.yaml"] += "requires: {sales: '>=1.0'}\n"
    said("apply", written(cars))
    records = installation.current().records
    records.execute(admin_actor(installation), [Create("deal", {"name": "Beetle", "kind": "car"})])
    refused = xrm("pack", "uninstall", "cars")
    assert '--decide "option:deal.kind.car=VALUE"' in refused.stderr
    words = ("pack", "uninstall", "cars", "--decide", "option:deal.kind.car=used")
    shown = said(*words, "--show")
    assert shown["decisions"] == {"option:deal.kind.car": "used"}
    assert said(*words, "--confirm", shown["hash"])["steps"]


def test_an_uninstallation_that_is_only_shown_writes_no_files(customised, xrm, said, tmp_path):
    files = tmp_path / "records"
    result = xrm("pack", "uninstall", "sales", "--show", "--export", files)
    assert (result.exit_code, "--show" in result.stderr, files.exists()) == (2, True, False)


def test_an_uninstallation_that_is_not_confirmed_writes_no_files(customised, xrm, tmp_path):
    files = tmp_path / "records"
    refused = xrm("pack", "uninstall", "sales", "--take", "all", "--export", files)
    assert (refused.exit_code, "S116" in refused.stderr, files.exists()) == (1, True, False)


def test_a_switch_is_shown_and_carried_out_by_the_hash_of_its_plan(installation, xrm, said, tmp_path):
    for verb in ("disable", "enable"):
        file = tmp_path / f"{verb}.json"
        file.write_text(json.dumps(said("pack", verb, "sales", "--show")))
        assert xrm("pack", verb, "sales", "--confirm", "another").exit_code == 1
        assert said("pack", verb, "sales", "--plan", file)["pack"] == "sales"


def test_a_plan_refuses_what_an_apply_would_refuse(installation, xrm, written):
    other = written(a_pack("sales", deal=DEAL + "  stage: {type: text}\n"))
    refused = xrm("plan", other)
    assert (refused.exit_code, "P110" in refused.stderr) == (1, True)
    assert "Add the field stage" in xrm("plan", other, "--dev").stdout
    assert "Add the field stage" in xrm("apply", other, "--dev").stdout


def test_an_upgrade_names_the_pack_that_is_not_installed_by_the_word_it_was_given(
    installation, xrm, written, tmp_path
):
    """A zip of one pack named twice, and one that is not installed: each word stands for its own pack."""
    sales = written(a_pack("sales", version="1.1.0", deal=DEAL))
    copy = shutil.copytree(sales, tmp_path / "copy")
    parts = written(a_pack("parts", part=DEAL))
    refused = xrm("pack", "upgrade", sales, copy, parts)
    assert (refused.exit_code, f"xrm pack install {parts}" in refused.stderr) == (1, True)
