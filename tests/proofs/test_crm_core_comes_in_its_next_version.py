"""The shipped pack in its next versions over what an organisation changed: all is kept, one thing asked, once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.installed import make_runtime, plan_back
from tests.support.project import ROOT
from xrm.cli import cli
from xrm.engine.commands import Create
from xrm.testing import admin_actor, make_settings

SHIPPED = ROOT / "entity_packs" / "crm_core"
OURS = {
    "entities/account.yaml": (
        "# what we changed\nlabel: Client\n"
        "fields:\n"
        "  tier:  {type: choice, options: [gold, silver]}\n"
        "  phone: {label: Telephone}\n"
        "  kind:  {options: {remove: [person_account]}}\n"
    ),
    "forms/account.yaml": "main: {sections: {account: {rows: {add: [[tier]], after: name}}}}\n",
    "i18n/pt.yaml": "entities.account.label: Cliente\n",
}
NEXT = {
    "pack.yaml": [("version: 1.2.0", "version: 1.3.0")],
    "entities/account.yaml": [
        ("person_account: {label: Person, color: pink}", "person_account: {label: Individual, color: red}"),
        ("household:      {color: teal}", "household:      {color: teal}\n      association:    {color: green}"),
        ("  website:             {type: url}\n", "  website:             {type: url}\n  fax: {type: phone}\n"),
    ],
    "forms/account.yaml": [("[[email, phone], ", "[[email, phone], [fax], ")],
}  # fmt: skip
AFTER_NEXT = {
    "pack.yaml": [("version: 1.3.0", "version: 1.4.0")],
    "entities/account.yaml": [("  fax: {type: phone}\n", "  fax: {type: phone}\n  founded: {type: date}\n")],
}
KEY = "entities/account:fields.kind.options.remove.person_account"
Xrm = Callable[..., Result]


def changed(folder: Path, name: str, edits: dict[str, list[tuple[str, str]]]) -> Path:
    """A copy of the pack with these words in place of those, each of which was there once."""
    made = Path(shutil.copytree(folder, folder.parents[1] / name / "crm_core"))
    for path, words in edits.items():
        text = (made / path).read_text(encoding="utf-8")
        for before, after in words:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (made / path).write_text(text, encoding="utf-8")
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.proof)])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite in every run, both databases under --proofs: packs of this size take long."""
    return str(request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]))


@pytest.fixture
def versions(tmp_path: Path, proofs: bool) -> dict[str, Path]:
    """The pack as it is shipped and twice changed; in every run one of its scenarios and no sample data suffice."""
    first = Path(shutil.copytree(SHIPPED, tmp_path / "1.0" / "crm_core"))
    if not proofs:
        shutil.rmtree(first / "seed" / "demo")
    for scenario in sorted((first / "scenarios").iterdir()):
        if not proofs and scenario.stem != "account_lifecycle":
            scenario.unlink()
    second = changed(first, "1.1", NEXT)
    return {"1.0": first, "1.1": second, "1.2": changed(second, "1.2", AFTER_NEXT)}


def test_everything_is_kept_one_conflict_is_shown_and_its_decision_is_remembered(
    database_url: str, tmp_path: Path, versions: dict[str, Path]
) -> None:
    settings = make_settings(database_url, tmp_path)
    runtime = make_runtime(database_url, tmp_path, [versions["1.0"]], settings=settings)
    environment = {
        "XRM_DATA": str(settings.data), "XRM_DATABASE_URL": database_url, "XRM_PASSWORD_MEMORY": "1024",
        "XRM_SECRET_KEY": settings.secret_key,
    }  # fmt: skip

    def xrm(*arguments: object) -> Result:
        result = CliRunner(env=environment).invoke(cli, [str(argument) for argument in arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    def said(*arguments: object) -> Any:
        result = xrm(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    for path, text in OURS.items():
        (tmp_path / "ours" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ours" / path).write_text(text, encoding="utf-8")
    said("apply", tmp_path / "ours")
    ana, number = admin_actor(runtime), runtime.packs.versions()[0].number
    values = {"name": "Oliveira", "tier": "gold", "phone": "+351210000000"}
    record = runtime.current().records.execute(ana, [Create("account", values)]).results[0].id

    # 1.1: nothing is written before the one question is answered
    [conflict] = said("pack", "upgrade", versions["1.1"], "--show")["conflicts"]
    assert (conflict["key"], conflict["choice"], conflict["yours"]) == (KEY, None, "taken out")
    assert (conflict["before"]["label"], conflict["theirs"]["label"]) == (
        {"en": "Person"},
        {"en": "Individual"},
    )
    refused = xrm("pack", "upgrade", versions["1.1"])
    assert (refused.exit_code, refused.stderr.count("P150"), f'--keep "{KEY}"' in refused.stderr) == (
        1,
        1,
        True,
    )
    assert runtime.packs.list()[1].version == "1.2.0"
    assert said("pack", "upgrade", versions["1.1"], "--keep", KEY)["installed"] == [
        {"name": "crm_core", "version": "1.3.0"}
    ]
    kept(runtime, ana, record, {"fax"})

    # 1.2: nothing is asked; nor of who comes from 1.0 again
    assert said("pack", "upgrade", versions["1.2"], "--show")["conflicts"] == []
    said("pack", "upgrade", versions["1.2"])
    kept(runtime, ana, record, {"fax", "founded"})
    said("model", "rollback", number, "--confirm", plan_back(runtime, number).hash)
    [again] = said("pack", "upgrade", versions["1.2"], "--show")["conflicts"]
    assert (again["key"], again["choice"], again["remembered"]) == (KEY, "keep", True)
    assert runtime.packs.list()[1].version == "1.2.0"
    kept(runtime, ana, record, set())
    said("model", "export", tmp_path / "out")
    for path, text in OURS.items():
        assert (tmp_path / "out" / path).read_text(encoding="utf-8") == text
    runtime.close()


def kept(runtime: Any, actor: Any, record: Any, added: set[str]) -> None:
    """What the organisation changed is as it was, beside what the pack brought since its first version."""
    account = runtime.current().model.entities["account"]
    assert (account.label["en"], account.label["pt"], account.label["es"]) == ("Client", "Cliente", "Cuenta")
    assert account.fields["phone"].label["en"] == "Telephone"
    assert [o.key for o in account.fields["kind"].options] == [
        "business",
        "household",
        *(["association"] if added else []),
    ]
    assert account.forms["main"].sections[0].rows[:2] == (("name", "number"), ("tier",))
    assert (("fax",) in account.forms["main"].sections[1].rows) == ("fax" in added)
    assert added <= account.fields.keys()
    found = runtime.current().queries.get(actor, "account", record)
    assert (found["tier"], found["phone"]) == ("gold", "+351210000000")
