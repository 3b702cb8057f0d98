"""A pack is installed by a third process, and two servers that run on answer for it within two seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.conftest import Tell
from tests.support.servers import KEY, XRM, Caller, Server, Site, until, write_pack
from tests.support.visitors import Visitor, visit
from xrm.engine.world import real_world
from xrm.testing import make_runtime, make_settings

PASSWORD = "correct horse battery"
PROMISED = 2.0
PACK = {
    "pack.yaml": """
pack: orchard
label: Orchard
version: 1.0.0
summary: Trees and what they bore.
""",
    "entities/tree.yaml": """
entity: tree
label: Tree
plural: Trees
icon: trees
title: name
ownership: user_or_team
fields:
  name:    {type: text, required: true, max_length: 80, search: true}
  planted: {type: date}
  kind:    {type: choice, default: apple, options: [apple, pear, quince]}
""",
    "entities/harvest.yaml": """
entity: harvest
label: Harvest
plural: Harvests
icon: shopping-basket
title: name
ownership: user_or_team
fields:
  name:   {type: text, required: true, max_length: 80, search: true}
  weight: {type: decimal, precision: 8, scale: 2, min: 0}
relationships:
  tree: {to: tree, required: true, inverse: harvests, on_delete: cascade}
""",
    "roles.yaml": """
gardener:
  label: Gardener
  grants:
    trees:    {entity: [tree, harvest], can: [create, read, update]}
""",
}
PEOPLE = {"admin": ["system_admin"], "ana": [], "rui": []}


@dataclass(frozen=True, slots=True)
class Garden:
    """An installation without the pack, two servers, and people with tokens and passwords."""

    site: Site
    servers: tuple[Server, ...]
    tokens: dict[str, str]

    def callers(self, who: str, stack: ExitStack) -> list[Caller]:
        """That person, at each server."""
        return [stack.enter_context(server.caller(self.tokens[who])) for server in self.servers]

    def visitors(self, who: str, stack: ExitStack) -> list[Visitor]:
        """That person, signed in at each server."""
        visitors = [visit(server, f"{who}@example.com", PASSWORD) for server in self.servers]
        for visitor in visitors:
            stack.callback(visitor.call.hang_up)
        return visitors


@pytest.fixture
def garden(database_url: str, tmp_path: Path) -> Iterator[Garden]:
    """A garden on each database."""
    with a_garden(database_url, tmp_path) as made:
        yield made


@contextmanager
def a_garden(database_url: str, tmp_path: Path, program: tuple[str, ...] = XRM) -> Iterator[Garden]:
    """The core is installed, and two servers of `program` answer for it."""
    settings = make_settings(database_url, tmp_path, secret_key=KEY)
    runtime = make_runtime(database_url, tmp_path, settings=settings, world=real_world())
    tokens = {}
    for who, roles in PEOPLE.items():
        user = runtime.identity.people.create_user(
            runtime.installer, email=f"{who}@example.com", name=who, password=PASSWORD, roles=roles
        )
        tokens[who] = runtime.identity.create_token(runtime.identity.actor(user, door="cli"), "proof")
    runtime.close()
    site = Site(tmp_path, database_url, program)
    with site.serving(2) as servers:
        yield Garden(site, servers, tokens)


# --- the proof ----------------------------------------------------------------------------------------------


def test_both_servers_answer_for_the_pack_within_two_seconds(garden: Garden, tell: Tell) -> None:
    folder = write_pack(PACK, garden.site.folder / "orchard")
    with ExitStack() as stack:
        admins, visitors = garden.callers("admin", stack), garden.visitors("admin", stack)
        assert [admin("GET", "/records/tree").status for admin in admins] == [404, 404]
        assert [visitor.open("/r/tree").status for visitor in visitors] == [404, 404]
        names = [installed_names(admin) for admin in admins]

        seconds, said = seconds_until_served(garden, admins, folder)
        assert [layer["name"] for layer in said["installed"]] == ["orchard"]
        assert max(seconds) < PROMISED
        tell(seconds_after_the_install_ended=[round(s, 3) for s in seconds])

        assert [installed_names(admin) - names[0] for admin in admins] == [{"tree", "harvest"}] * 2
        tree, harvest = the_api_answers(admins)
        the_model_is_told(admins)
        the_search_finds(admins, tree, harvest)
        the_pages_show(visitors, tree, harvest)
        rights_are_as_the_role_says(garden, stack, tree)
    assert garden.servers[0].process.poll() is garden.servers[1].process.poll() is None


@pytest.mark.proof
def test_a_server_that_keeps_its_first_model_is_found_out(sqlite_url: str, tmp_path: Path) -> None:
    program = (str(Path(__file__).with_name("sabotage.py")), "keep_first_model")
    with a_garden(sqlite_url, tmp_path, program) as garden, ExitStack() as stack:
        folder = write_pack(PACK, tmp_path / "orchard")
        seconds, _ = seconds_until_served(garden, garden.callers("admin", stack), folder)
    assert seconds == [inf, inf]


# --- its parts ----------------------------------------------------------------------------------------------


def seconds_until_served(
    garden: Garden, admins: list[Caller], folder: Path
) -> tuple[list[float], dict[str, Any]]:
    """How long after `xrm pack install` had ended each server answered for it; endless if it did not."""
    said = garden.site.xrm("pack", "install", folder)
    ended = time.monotonic()

    def served_after(admin: Caller) -> float:
        served = until(lambda: admin("GET", "/records/harvest").status == 200, PROMISED * 2)
        return time.monotonic() - ended if served else inf

    with ThreadPoolExecutor(len(admins)) as both:
        return list(both.map(served_after, admins)), said


def installed_names(call: Caller) -> set[str]:
    return {entity["name"] for entity in call("GET", "/metadata").json["data"]}


def the_api_answers(admins: list[Caller]) -> tuple[str, str]:
    """What one server wrote, the other reads: list, get, related list and history. Gives the ids."""
    one, other = admins
    made = one("POST", "/records/tree", {"name": "Old Bramley", "planted": "1998-11-02"})
    assert made.status == 201, made.text
    tree = made.json["id"]
    lot = other("POST", "/records/harvest", {"name": "October lot", "weight": "41.5", "tree": tree})
    assert lot.status == 201, lot.text
    harvest = lot.json["id"]
    for call in admins:
        assert [row["name"] for row in call("GET", "/records/tree").json["data"]] == ["Old Bramley"]
        seen = call("GET", f"/records/harvest/{harvest}").json
        assert (seen["weight"], seen["tree"]["title"]) == ("41.50", "Old Bramley")
        expanded = call("GET", f"/records/tree/{tree}", expand="harvests").json["harvests"]["data"]
        assert [row["name"] for row in expanded] == ["October lot"]
        related = call("GET", "/records/harvest", filter=f'tree == "{tree}"').json["data"]
        assert [row["id"] for row in related] == [harvest]
        history = call("GET", f"/records/tree/{tree}/history").json["data"]
        assert [(row["operation"], row["changes"]["name"]["after"]) for row in history] == [
            ("create", "Old Bramley")
        ]
    return tree, harvest


def the_model_is_told(admins: list[Caller]) -> None:
    for call in admins:
        entity = call("GET", "/metadata/entities/harvest").json
        assert [field["name"] for field in entity["fields"]] == ["name", "weight"]
        assert "tree" in [relationship["name"] for relationship in entity["relationships"]]
        document = call("GET", "/openapi.json").json
        assert {"/records/tree", "/records/harvest"} <= {
            path.removeprefix("/api/v1") for path in document["paths"]
        }


def the_search_finds(admins: list[Caller], tree: str, harvest: str) -> None:
    for call in admins:
        assert [hit["id"] for hit in call("GET", "/search", q="bramley").json["data"]] == [tree]
        assert [hit["id"] for hit in call("GET", "/search", q="octob").json["data"]] == [harvest]


def the_pages_show(visitors: list[Visitor], tree: str, harvest: str) -> None:
    """List, record with its related list, form and history; a record posted at one is listed by the other."""
    for visitor in visitors:
        assert "Old Bramley" in visitor.open("/r/tree").text
        record = visitor.open(f"/r/tree/{tree}").text
        assert f"/r/harvest/{harvest}" in record
        assert "October lot" in record
        assert "Old Bramley" in visitor.open(f"/r/tree/{tree}/history").text
    one, other = visitors
    came = one.fill(
        one.open("/r/harvest/new"), "/r/harvest/new", name="November lot", tree__text="Old Bramley"
    )
    assert came.status == 200, came.text
    assert "November lot" in other.open("/r/harvest").text


def rights_are_as_the_role_says(garden: Garden, stack: ExitStack, tree: str) -> None:
    """Without the role the entity does not exist; with it, it does, in both servers within the second."""
    garden.site.xrm("user", "roles", "ana@example.com", "gardener")
    gardeners, others = garden.callers("ana", stack), garden.callers("rui", stack)
    paths = ("/records/tree", f"/records/tree/{tree}", "/metadata/entities/tree")
    assert [[call("GET", path).status for path in paths] for call in gardeners] == [[200, 200, 200]] * 2
    assert [[call("GET", path).status for path in paths] for call in others] == [[404, 404, 404]] * 2
    assert [call("GET", "/search", q="bramley").json["data"] for call in others] == [[], []]
    assert [call("DELETE", f"/records/tree/{tree}").status for call in gardeners] == [403, 403]
    assert [call("POST", "/records/tree", {"name": "Mine"}).status for call in others] == [404, 404]
