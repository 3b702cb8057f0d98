"""model, plan, apply and pack upgrade: from one installation to another, with what was changed."""

import json
import shutil

import pytest

from tests.cli.conftest import DEAL
from xrm.engine.commands import Create
from xrm.testing import a_pack, admin_actor

OURS = {
    "entities/deal.yaml": "# our words\nlabel:   Case\nfields: {name: {label: Subject}, tier: {type: text}}\n",
    "forms/deal.yaml": "main: {rows: [[name, tier]]}\n",
}
LABELS = {"entities/deal.yaml": "label: Matter\n"}


@pytest.fixture
def folder(tmp_path):
    """`folder("ours", files)` is a folder with these files."""

    def write(name, files):
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def files_in(path):
    found = (p for p in sorted(path.rglob("*")) if p.is_file())
    return {p.relative_to(path).as_posix(): p.read_text(encoding="utf-8") for p in found}


def test_a_customisation_goes_out_as_it_came_in_each_time(installation, xrm, folder, tmp_path):
    assert xrm("apply", folder("ours", OURS)).exit_code == 0
    for name in ("first", "second"):
        assert "2 documents" in xrm("model", "export", tmp_path / name).stdout
        assert files_in(tmp_path / name) == OURS
    assert xrm("plan", tmp_path / "first").stdout.startswith("Nothing to do")
    assert xrm("apply", "--mirror", tmp_path / "first").stdout.startswith("Nothing to do")


def test_a_plan_of_a_customisation_says_what_pages_and_tables_will_have(installation, xrm, said, folder):
    ours = folder("ours", OURS)
    planned = xrm("plan", ours).stdout
    assert "Add the field tier to deal (sales__deal): column tier." in planned
    assert "The customisation changes:\n    entity deal: new.\n    form deal: new.\n" in planned
    assert said("plan", ours)["differences"][0]["where"].startswith(str(ours))
    xrm("apply", ours)
    assert said("explain", "deal.tier")["pack"] == "customisation"


def test_a_plan_of_labels_says_that_no_table_changes(installation, xrm, folder):
    assert xrm("plan", folder("ours", LABELS)).stdout.endswith("No table changes.\n")
    assert xrm("apply", folder("ours", LABELS)).stdout == "The customisation is in force.\n"


def test_an_export_leaves_what_is_not_in_force_unless_it_is_a_mirror(
    installation, xrm, said, folder, tmp_path
):
    xrm("apply", folder("ours", LABELS))
    there = folder("there", {**OURS, "README.md": "About\n"})
    assert "Not in force, and left there: forms/deal.yaml" in xrm("model", "export", there).stdout
    assert files_in(there).keys() == {*OURS, "README.md"}
    assert said("model", "export", there, "--mirror")["removed"] == ["forms/deal.yaml"]
    assert files_in(there) == {**LABELS, "README.md": "About\n"}


def test_an_export_into_a_pack_is_refused(installation, xrm, written):
    pack = written(a_pack("parts", part=DEAL))
    before = files_in(pack)
    result = xrm("model", "export", pack, "--mirror")
    assert (result.exit_code, "P155" in result.stderr) == (1, True)
    assert files_in(pack) == before


def test_a_folder_without_a_document_is_no_customisation_and_wipes_nothing(installation, xrm, folder, said):
    xrm("apply", folder("ours", LABELS))
    empty = folder("empty", {"notes.txt": "Nothing\n"})
    assert xrm("apply", empty, "--mirror").exit_code == 1
    assert "M107" in xrm("apply", empty).stderr
    assert said("model", "diff", "live", folder("ours", LABELS)) == {"differences": []}


def test_two_sides_are_compared_by_document_and_key(installation, xrm, said, folder):
    xrm("apply", folder("ours", OURS))
    other = folder("other", {"entities/deal.yaml": OURS["entities/deal.yaml"].replace("Case", "Matter")})
    told = xrm("model", "diff", "live", other).stdout
    assert told == "entity deal: label.en was Case and is Matter.\nform deal: only there before.\n"
    first = said("model", "diff", "live", other)["differences"][0]
    assert (first["path"], first["before"], first["after"]) == (["label", "en"], "Case", "Matter")
    assert xrm("model", "diff", other, folder("ours", OURS)).stdout.endswith("form deal: new.\n")
    assert xrm("model", "diff", "live", "live").exit_code == 2


def test_a_pack_is_compared_with_the_version_that_is_installed(installation, xrm, written):
    other = written(a_pack("sales", version="1.1.0", deal=DEAL + "  code: {type: text}\n"))
    told = xrm("model", "diff", "live", other).stdout
    assert told == (
        "entity deal: fields.code was nothing and is {type: text}.\n"
        'pack: version was "1.0.0" and is "1.1.0".\n'
    )


def test_a_key_is_explained_and_reset(installation, xrm, said, folder):
    xrm("apply", folder("ours", OURS))
    said_of = said("explain", "deal.name")["layers"]["label.en"]
    assert [(one["layer"], one["value"]) for one in said_of] == [("customisation", "Subject")]
    assert said_of[0]["where"] == "customisation/entities/deal.yaml:3:24"
    assert (
        "Subject   (customisation: customisation/entities/deal.yaml:3:24)"
        in xrm("explain", "deal.name").stdout
    )
    planned = xrm("model", "reset", "deal.name", "--show").stdout
    assert "entity deal: fields.name was {label: {en: Subject}} and is nothing." in planned
    assert xrm("model", "reset", "deal.name").exit_code == 0
    result = xrm("model", "reset", "deal.name")
    assert (result.exit_code, "P154" in result.stderr) == (1, True)


def test_an_upgrade_asks_is_answered_and_done(installation, xrm, said, folder, written):
    xrm("apply", folder("ours", {"entities/deal.yaml": "label: Case\n"}))
    pack = written(a_pack("sales", version="1.1.0", deal="label: Opportunity\n" + DEAL))
    asked = said("pack", "upgrade", pack, "--show")
    assert [(c["key"], c["choice"]) for c in asked["conflicts"]] == [("entities/deal:label.en", None)]
    assert asked["layers"] == [{"name": "sales", "from": "1.0.0", "to": "1.1.0"}]
    told = xrm("plan", pack).stdout
    assert "CONFLICT entities/deal:label.en: yours is Case; sales had Deal and now has Opportunity." in told
    refused = xrm("pack", "upgrade", pack)
    assert (refused.exit_code, "P150" in refused.stderr) == (1, True)
    done = xrm("pack", "upgrade", pack, "--keep", "entities/deal:label.en")
    assert "Installed sales 1.1.0." in done.stdout
    assert said("explain", "deal")["label"]["en"] == "Case"


def test_an_upgrade_of_what_is_not_installed_is_refused(installation, xrm, written):
    result = xrm("pack", "upgrade", written(a_pack("parts", part=DEAL)))
    assert (result.exit_code, "xrm pack install" in result.stderr) == (1, True)


def test_choices_that_contradict_each_other_are_wrong_use(installation, xrm, written):
    pack = written(a_pack("sales", version="1.1.0", deal=DEAL))
    assert xrm("pack", "upgrade", pack, "--keep", "all", "--take", "all").exit_code == 2


def test_an_installed_pack_goes_out_as_the_same_archive_each_time(installation, xrm, said, tmp_path):
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    told = said("pack", "export", "sales", first)
    assert "sales 1.0.0 is in" in xrm("pack", "export", "sales", second).stdout
    assert first.read_bytes() == second.read_bytes()
    shutil.unpack_archive(first, tmp_path / "sales")
    assert xrm("apply", tmp_path / "sales").stdout.startswith("Nothing to do")
    installed = {pack["name"]: pack["content"] for pack in said("pack", "list")["installed"]}
    assert told["content"] == installed["sales"]


def test_a_pack_that_others_require_stays(installation, xrm, written):
    cars = a_pack("cars", car=DEAL)
    cars["pack.yaml"] += "requires: {sales: '>=1.0'}\n"
    xrm("pack", "install", written(cars))
    result = xrm("pack", "uninstall", "sales")
    assert result.exit_code == 1
    assert "P152 sales is required by cars." in result.stderr


def test_records_that_go_with_a_pack_are_told_and_written_to_files_first(installation, xrm, said, tmp_path):
    ana = admin_actor(installation)
    installation.current().records.execute(ana, [Create("deal", {"name": "Ship"})])
    result = xrm("pack", "uninstall", "sales")
    assert result.stdout == "The entity deal goes, with 1 record.\n"
    assert (result.exit_code, "P156" in result.stderr) == (1, True)
    planned = said("pack", "uninstall", "sales", "--show")
    assert planned["losses"]["entities"] == [{"name": "deal", "records": 1}]
    assert "deal" in installation.current().model.entities
    files = tmp_path / "records"
    done = xrm("pack", "uninstall", "sales", "--export", files, "--confirm", planned["hash"])
    assert done.stdout.endswith("Uninstalled sales.\n")
    (line,) = (files / "deal.jsonl").read_text().splitlines()
    assert json.loads(line)["name"] == "Ship"
    assert [pack["name"] for pack in said("pack", "list")["installed"]] == ["core"]
