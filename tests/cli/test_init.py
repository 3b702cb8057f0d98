"""init: from nothing to a demo that can be signed in to, and again without harm."""

import stat

import pytest
from click.testing import CliRunner

from xrm.cli import cli
from xrm.engine.queries.request import parse_query
from xrm.engine.runtime import open_runtime
from xrm.settings import load_settings

CHEAP = {"XRM_PASSWORD_MEMORY": "1024"}


def run(data, *arguments):
    result = CliRunner(env=CHEAP).invoke(cli, ["init", "--data", str(data), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A data folder with the demo, and what was said when it was made."""
    data = tmp_path_factory.mktemp("demo") / "data"
    return data, run(data, "--demo")


@pytest.fixture
def runtime(demo):
    opened = open_runtime(load_settings({**CHEAP, "XRM_DATA": str(demo[0])}, demo[0]))
    yield opened
    opened.close()


def way_in(said):
    email = said.split("Sign in as ")[1].split("\n")[0]
    return email, said.split("Password:  ")[1].split("\n")[0]


def rows(runtime, entity):
    query = parse_query(entity, {"count": ["exact"], "limit": ["1"]}, runtime.settings.limits)
    return runtime.current().queries.list(runtime.installer, query).count


def test_the_demo_can_be_signed_in_to_as_told(demo, runtime):
    session = runtime.identity.sign_in(*way_in(demo[1]))
    assert "system_admin" in runtime.identity.resolve_session(session.token).roles


def test_the_shipped_packs_bring_their_base_and_demo_records(runtime):
    counts = {entity: rows(runtime, entity) for entity in ("account", "contact", "connection", "opportunity")}
    assert counts == {"account": 120, "contact": 260, "connection": 40, "opportunity": 80}
    assert rows(runtime, "connection_role") > 40


def test_a_second_run_tells_the_same_way_in_and_makes_nothing(demo, runtime):
    before = (rows(runtime, "account"), runtime.freshness.read(), runtime.packs.list())
    said = run(demo[0], "--demo")
    assert way_in(said) == way_in(demo[1])
    assert "Made" not in said
    assert "Installed" not in said
    assert (rows(runtime, "account"), runtime.freshness.read(), runtime.packs.list()) == before


def test_nobody_else_on_the_machine_reads_the_folder_or_the_password(demo):
    data = demo[0]
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE((data / name).stat().st_mode) for name in ("demo-sign-in.txt", "secret.key")} == {
        0o600
    }


def test_after_an_init_nothing_is_left_to_do(demo, runtime):
    assert runtime.packs.plan().is_empty
    result = CliRunner(env=CHEAP).invoke(cli, ["doctor", "--data", str(demo[0])])
    assert result.exit_code == 0, result.output


def test_an_installation_in_earnest_keeps_no_password(tmp_path):
    file = tmp_path / "password"
    file.write_text("four words in line\n")
    data = tmp_path / "data"
    said = run(data, "--admin-email", "root@iron.example", "--password-file", str(file))
    assert "four words" not in said
    assert not (data / "demo-sign-in.txt").exists()
    opened = open_runtime(load_settings({**CHEAP, "XRM_DATA": str(data)}, data))
    assert opened.identity.sign_in("root@iron.example", "four words in line")
    assert rows(opened, "account") == 0
    opened.close()
