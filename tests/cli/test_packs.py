"""check, plan, apply and pack: from files on disk to what is served."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import DEAL
from tests.support.project import ROOT
from xrm.engine.commands import Create
from xrm.testing import a_pack, admin_actor

FAULTY = ROOT / "tests/packs/fixtures/faulty"
LIBRARY = ROOT / "tests/packs/fixtures/library"


def test_a_sound_pack_has_no_problems(xrm):
    result = xrm("check", LIBRARY)
    assert (result.exit_code, result.stdout) == (0, "No problems in library.\n")


def test_all_problems_of_a_pack_are_told_at_once_with_their_places(xrm):
    result = xrm("check", FAULTY)
    lines = result.stderr.splitlines()
    assert result.exit_code == 1
    assert lines[-1] == "8 problems."
    assert all(line.partition(":")[2].partition(" ")[0].count(":") == 2 for line in lines[:-1]), lines


def test_the_same_problems_can_be_read_by_a_program(xrm):
    result = xrm("check", FAULTY, "--json")
    problems = json.loads(result.stdout)["problems"]
    assert result.exit_code == 1
    assert len(problems) == 8
    assert all(
        {"code", "message", "hint", "file", "line", "column"} <= problem.keys() for problem in problems
    )


@pytest.mark.parametrize("path", ["no/such/folder", "pyproject.toml"], ids=["nothing", "no pack"])
def test_what_is_no_pack_is_refused(xrm, path):
    result = xrm("check", ROOT / path)
    assert result.exit_code == 1
    assert "M106" in result.stderr


def test_a_pack_that_others_need_is_found_in_the_folders_for_packs(xrm, written):
    written(a_pack("parts", part=DEAL))
    cars = a_pack("cars", car=DEAL)
    cars["pack.yaml"] += "requires: {parts: '>=1.0'}\n"
    folder = written(cars)
    assert xrm("check", folder).exit_code == 1
    assert xrm("check", folder, XRM_PACKS=str(folder.parent)).exit_code == 0


def test_a_plan_says_what_an_apply_then_does(installation, xrm, said, written):
    folder = written(a_pack("parts", part=DEAL))
    planned = said("plan", folder)
    assert "Create the table of part (parts__part)." in [step["step"] for step in planned["steps"]]
    assert all(step["sql"] for step in planned["steps"])
    applied = said("apply", folder)
    assert applied["steps"] == [step["step"] for step in planned["steps"]]
    assert applied["installed"] == [{"name": "parts", "version": "1.0.0"}]
    assert said("plan", folder)["steps"] == []
    assert xrm("plan").stdout.startswith("Nothing to do")
    assert xrm("apply", folder).stdout.startswith("Nothing to do")


def test_a_plan_can_be_read_as_sql(installation, xrm, written):
    result = xrm("plan", written(a_pack("parts", part=DEAL)), "--sql")
    assert "CREATE TABLE parts__part" in result.stdout


def test_a_refused_pack_ends_with_one_and_is_not_installed(installation, xrm, said, written):
    result = xrm("apply", written(a_pack("sales", deal=DEAL + "  stage: {type: text}\n")))
    assert result.exit_code == 1
    assert "P110" in result.stderr
    assert [pack["version"] for pack in said("pack", "list")["installed"]] == ["1.0.0", "1.0.0"]
    assert xrm("apply", "--dev", "packs/sales").exit_code == 1


def test_packs_are_installed_by_name_with_what_they_require(installation, said, written):
    written(a_pack("parts", part=DEAL))
    cars = a_pack(
        "cars", {"seed/demo.yaml": "records:\n- {ref: a, entity: car, values: {name: A}}\n"}, car=DEAL
    )
    cars["pack.yaml"] += "requires: {parts: '>=1.0'}\n"
    folders = str(written(cars).parent)
    installed = said("pack", "install", "cars", "--demo", XRM_PACKS=folders)
    assert [pack["name"] for pack in installed["installed"]] == ["cars", "parts"]
    assert installed["demo_records"] == 1


def test_the_list_of_packs_names_installed_ones_and_those_at_hand(installation, xrm, said):
    listed = said("pack", "list")
    assert [pack["name"] for pack in listed["installed"]] == ["core", "sales"]
    assert "crm_core" in listed["available"]
    assert "sales" in xrm("pack", "list").stdout


def test_a_zipped_pack_is_a_pack(installation, said, written, tmp_path: Path):
    archive = shutil.make_archive(str(tmp_path / "parts"), "zip", written(a_pack("parts", part=DEAL)).parent)
    assert [pack["name"] for pack in said("apply", archive)["installed"]] == ["parts"]


def test_demo_records_come_and_go_by_one_command_each(xrm, said, written, installation):
    demo = "records:\n- {ref: a, entity: part, values: {name: Anchor}}\n"
    pack = written(a_pack("parts", {"seed/demo.yaml": demo}, part=DEAL))
    said("pack", "install", pack)
    assert said("pack", "demo")["created"] == 1
    assert xrm("pack", "demo", "--remove").stdout == "Moved to the trash: 1 demo records.\n"
    assert said("pack", "demo") == {"created": 0, "restored": 1}
    assert xrm("pack", "demo", "--with-changed").exit_code == 2


def test_what_a_plan_removes_is_confirmed_by_its_hash_or_its_file_and_comes_back(
    installation, xrm, said, written, tmp_path: Path
):
    amount = "  amount: {type: money}\n"
    folder = written(a_pack("sales", version="1.1.0", deal=DEAL.replace(amount, "")))
    refused = xrm("apply", folder)
    assert refused.exit_code == 1
    assert "S116 Remove deal.amount (sales__deal)" in refused.stderr
    told = said("plan", folder)
    assert told["hash"] in refused.stderr
    assert told["hash"] in xrm("plan", folder).stdout
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({**told, "steps": []}))
    edited = xrm("apply", folder, "--plan", file)
    assert (edited.exit_code, edited.stderr.startswith(f"{file}: S117")) == (1, True)
    file.write_text(json.dumps(told))
    assert said("apply", folder, "--plan", file)["installed"] == [{"name": "sales", "version": "1.1.0"}]
    (kept,) = said("model", "removed")
    assert (kept["thing"], kept["definition"]["type"]) == ("deal.amount", "money")
    assert "deal.amount" in xrm("model", "removed").stdout
    assert "deal.amount (1) until" in xrm("doctor").stdout
    last, first = said("model", "versions")[:2]
    assert last["is_current"]
    assert "sales goes from 1.0.0 to 1.1.0." in xrm("model", "versions").stdout
    assert "Bring back deal.amount" in xrm("model", "rollback", first["number"], "--show").stdout
    assert "Bring back deal.amount" in xrm("model", "rollback", first["number"]).stdout
    assert said("model", "removed") == []
    again = said("plan", folder)
    assert said("pack", "install", folder, "--confirm", again["hash"])["installed"]
    (kept,) = said("model", "removed")
    assert xrm("model", "purge", kept["number"]).exit_code == 1
    plan = said("model", "purge", kept["number"], "--show")
    assert said("model", "purge", kept["number"], "--confirm", plan["hash"])["steps"]
    assert said("model", "removed") == []


def test_a_pack_is_disabled_and_enabled_again(installation, xrm, said):
    shown = xrm("pack", "disable", "sales", "--show").stdout
    assert "packs: new." in shown
    assert "No table changes." in shown
    assert (
        xrm("pack", "disable", "sales").stdout
        == "sales is disabled; its tables and records stay as they are.\n"
    )
    assert "deal" not in installation.current().model.entities
    assert [pack["name"] for pack in said("pack", "list")["installed"] if pack["disabled"]] == ["sales"]
    assert "disabled" in xrm("pack", "list").stdout
    assert xrm("pack", "disable", "sales").stderr.startswith("sales: P158 sales is disabled already.")
    assert xrm("pack", "uninstall", "sales", "--show").exit_code == 1
    assert said("pack", "enable", "sales") == {"pack": "sales", "disabled": False}
    assert "deal" in installation.current().model.entities


def test_what_becomes_of_values_is_decided_by_an_option_or_the_file_of_a_plan(
    installation, xrm, said, written, tmp_path: Path
):
    code = DEAL + "  code: {type: text}\n"
    said("apply", written(a_pack("sales", version="1.1.0", deal=code)))
    records, ana = installation.current().records, admin_actor(installation)
    records.execute(ana, [Create("deal", {"name": each, "code": each}) for each in ("12", "many")])
    folder = written(
        a_pack("sales", version="1.2.0", deal=code.replace("code: {type: text}", "code: {type: integer}"))
    )
    refused = xrm("apply", folder)
    assert refused.exit_code == 1
    assert "S123 1 record holds a value of deal.code that does not fit" in refused.stderr
    assert '--decide "unfit:deal.code=VALUE"' in refused.stderr
    decision = "unfit:deal.code=7"
    planned = xrm("plan", folder, "--decide", decision).stdout
    assert "A value that does not fit becomes 7. [needs decision, 2 rows, 1 of them do not fit]" in planned
    assert "): many\n" in planned
    for wrong in ("unfit:deal.code", "=7"):
        assert xrm("plan", folder, "--decide", wrong).exit_code == 2
    assert xrm("plan", folder, "--decide", decision, "--decide", "unfit:deal.code=8").exit_code == 2
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(said("plan", folder, "--decide", decision)))
    assert json.loads(file.read_text())["decisions"] == {"unfit:deal.code": "7"}
    assert xrm("apply", folder, "--plan", file, "--decide", decision).exit_code == 2
    assert said("apply", folder, "--plan", file)["installed"] == [{"name": "sales", "version": "1.2.0"}]
    first = said("model", "versions")[1]
    assert "Bring back the values of deal.code" in xrm("model", "rollback", first["number"]).stdout
    assert said("pack", "upgrade", folder, "--decide", decision)["installed"]
