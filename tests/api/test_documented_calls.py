"""What the pages about the API print works as it is printed, on the entities that are shipped."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from tests.support.installed import make_runtime
from tests.support.project import ROOT
from xrm.app import mount
from xrm.cli import cli
from xrm.cli.init import ADMIN_EMAIL, ensure_administrator
from xrm.engine.runtime import Runtime
from xrm.testing import admin_actor

REFERENCE = (ROOT / "docs/reference/http-api.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs/how-to/call-the-api.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """An installation of the shipped pack, with the administrator that the demo has."""
    folder = tmp_path_factory.mktemp("documented")
    made = make_runtime(f"sqlite:///{folder / 'xrm.db'}", folder, [ROOT / "entity_packs/crm_core"])
    ensure_administrator(made, ADMIN_EMAIL, None, is_demo=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def call(runtime: Runtime):
    """`call("GET", "/me")` as the administrator."""
    token = runtime.identity.create_token(admin_actor(runtime), "documented")
    client = mount(runtime).test_client()

    def send(method: str, path: str, **more):
        headers = {"Authorization": f"Bearer {token}"}
        return client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    return send


def test_the_batch_of_the_reference_is_done(call):
    (batch,) = re.findall(r"```json\n(.*?)```", REFERENCE, re.DOTALL)
    got = call("POST", "/batch", json=json.loads(batch))
    assert got.status_code == 200, got.text


def test_the_expansion_of_the_reference_is_answered(call):
    (said,) = re.findall(r"`expand` .*on an account `([^`]+)`", REFERENCE)
    got = call("GET", "/records/account", query_string={"expand": said})
    assert got.status_code == 200, got.text


def test_the_change_of_definitions_of_the_guide_is_planned(call):
    (body,) = re.findall(r"-d '(\{\"documents\"[^']+)'", GUIDE)
    got = call("POST", "/metadata/plan", json=json.loads(body))
    assert got.status_code == 200, got.text
    assert "tier" in got.text


def test_the_token_of_the_guide_is_made_by_the_administrator_of_the_demo(runtime: Runtime):
    """What the guide types is typed, in its order, by somebody who has just run `python3 dev.py run`."""
    (body,) = re.findall(r"-d '(\{\"name\": \"Nightly[^']+)'", GUIDE)
    token, *more = [typed(runtime, line) for line in re.findall(r"\.venv/bin/xrm ([^)\n]+)", GUIDE)]
    assert more
    got = (
        mount(runtime)
        .test_client()
        .post("/api/v1/me/tokens", json=json.loads(body), headers={"Authorization": f"Bearer {token}"})
    )
    assert got.status_code == 201, got.text


def typed(runtime: Runtime, line: str) -> str:
    """What this command of `xrm` said; it must have been done."""
    settings = runtime.settings
    environment = {"XRM_DATA": str(settings.data), "XRM_DATABASE_URL": settings.database_url}
    done = CliRunner(env=environment).invoke(cli, shlex.split(line))
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_the_filter_of_the_guide_to_exports_is_answered(call):
    guide = (ROOT / "docs/how-to/import-records.md").read_text(encoding="utf-8")
    (entity, said) = re.search(r'xrm export (\w+) .*--filter "([^"]+)"', guide).groups()
    got = call("GET", f"/records/{entity}", query_string={"filter": said})
    assert got.status_code == 200, got.text


def test_every_entity_of_the_guide_is_there(call):
    named = set(re.findall(r"/records/([a-z_]+)", GUIDE))
    assert named == {"account", "contact"}
    for entity in named:
        assert call("GET", f"/records/{entity}").status_code == 200
    assert "photo" in call("GET", "/metadata/entities/contact").text
