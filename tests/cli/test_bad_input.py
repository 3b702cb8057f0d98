"""What cannot be is refused at every door, with a place and what to do, and changes nothing."""

import hashlib
import json
import sqlite3
from contextlib import closing
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from tests.cli.conftest import SECRET
from tests.support.installed import make_runtime
from xrm.cli import cli
from xrm.engine.commands import Create
from xrm.testing import a_pack, admin_actor

NAME = "title: name\nfields:\n  name: {type: text}\n"
THING = (
    NAME
    + "  code: {type: text}\n  last: {type: text}\n  both: {type: text}\n  kind: {type: choice, options: [a, b]}\n"
)
EXTRA = {"extend/thing.yaml": "fields: {extra: {type: text}}\n"}
VIEW = {"extend/thing.yaml": EXTRA["extend/thing.yaml"] + "views: {coded: {type: list, columns: [code]}}\n"}
LOOKUP = "relationships: {thing: {to: thing}}\n"


def pack(name, version="1.1.0", requires="", files=None, **entities):
    made = a_pack(name, files or {}, version=version, **entities)
    more = f"requires: {{{requires}}}\n" if requires else ""
    return {**made, "pack.yaml": made["pack.yaml"] + more}


BASE = pack("base", thing=THING)
THERE = [
    BASE,
    pack("user", requires="base: '>=1.0'", files=VIEW, part=NAME + LOOKUP),
    pack(
        "off",
        requires="base: '>=1.0'",
        files={"extend/thing.yaml": "fields: {size: {type: text}}\n"},
        idle=NAME,
    ),
]


SIZE_TOO = {"extend/thing.yaml": "fields: {size_too: {type: text}}\n"}
UNDECLARED = pack("more", other=NAME + LOOKUP)
CHANGED = """title: name
fields:
  name: {type: text, unique: true}
  kind: {type: choice, options: [b]}
  code: {type: integer}
  must: {type: text, required: true}
  both: {type: text, renamed_from: last}
"""
REFUSED = {
    "names": (
        {
            ("M210", "zoo/entities/other.yaml"),
            ("M211", "user/extend/thing.yaml"),
            ("M231", "zoo/extend/thing.yaml"),
        },
        [
            pack("base", "1.2.0", thing=THING.replace("code", "mark")),
            pack(
                "zoo",
                requires="user: '>=1.0'",
                files=EXTRA,
                other=NAME + LOOKUP.replace("to: thing", "to: thong"),
            ),
        ],
    ),
    "ranges and circles": (
        {
            ("M220", "lost/pack.yaml"),
            ("M221", "late/pack.yaml"),
            ("M222", "user/pack.yaml"),
            ("M224", "late/pack.yaml"),
            ("M228", "customisation/packs.yaml"),
        },
        [
            pack("base", "1.2.0", "user: '>=1.0'", thing=THING),
            pack("lost", requires="nothing: '>=1.0'", other=NAME),
            pack("late", requires="base: '>=2.0 <2.0', user: newest, off: '>=1.0'", later=NAME),
        ],
    ),
    "versions": (
        {("P110", "user/pack.yaml"), ("P111", "base/pack.yaml")},
        [pack("base", "1.0.9", thing=THING), pack("user", requires="base: '>=1.0'", files=VIEW, part=NAME)],
    ),
    "packs that are not required": (
        {("M225", "more/entities/other.yaml"), ("M225", "zoo/extend/thing.yaml")},
        [UNDECLARED, pack("zoo", files=SIZE_TOO, another=NAME)],
    ),
    "what records do not fit": (
        {(code, "base/entities/thing.yaml") for code in ("S115", "S121", "S123", "S124", "S127")},
        [pack("base", "1.2.0", thing=CHANGED)],
    ),
}


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """An installation with records, whose pack `off` is disabled; and how to type a command there."""
    folder = tmp_path_factory.mktemp("bad")
    url = f"sqlite:///{folder / 'xrm.db'}"
    with closing(make_runtime(url, folder / "data", THERE)) as runtime:
        values = [{"name": "Twin", "code": "A", "kind": "a"}, {"name": "Twin"}]
        runtime.current().records.execute(admin_actor(runtime), [Create("thing", v) for v in values])
        off = runtime.switches.revision(runtime.installer, "off", on=False)
        runtime.packs.revise(off, runtime.installer)
    environment = {"XRM_DATABASE_URL": url, "XRM_SECRET_KEY": SECRET, "XRM_DATA": str(folder / "data")}

    def run(*arguments):
        return CliRunner(env=environment).invoke(cli, [str(argument) for argument in arguments])

    return folder, run


def state(folder):
    """A hash of everything that is stored."""
    with closing(sqlite3.connect(folder / "xrm.db")) as connection:
        return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()


def written(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_all_at_once(there, tmp_path, name):
    folder, run = there
    wanted, packs = REFUSED[name]
    paths = [written(tmp_path / files["pack.yaml"].split()[1], files) for files in packs]
    before = state(folder)
    result = run("apply", *paths, "--json")
    assert result.exit_code == 1, result.output
    told = json.loads(result.stdout)["problems"]
    places = {(p["code"], (p.get("file") or p["path"]).removeprefix(f"{tmp_path}/")) for p in told}
    assert places >= wanted, (wanted - places, result.output)
    assert all(p["hint"] for p in told)
    assert state(folder) == before


@pytest.mark.parametrize("verb", [("plan",), ("pack", "install"), ("check",)])
def test_what_a_pack_uses_it_requires_at_every_door(there, tmp_path, verb):
    _, run = there
    base, more = (written(tmp_path / name, files) for name, files in (("base", BASE), ("more", UNDECLARED)))
    result = run(*verb, *([base] if verb == ("check",) else []), more)
    assert result.exit_code == 1, result.output
    assert f"{more / 'entities/other.yaml'}:7:29: M225" in result.output


def test_an_archive_or_a_plan_that_was_edited_by_hand_is_refused(there, tmp_path):
    folder, run = there
    before, archive, plan = state(folder), tmp_path / "base.zip", tmp_path / "plan.json"
    with ZipFile(archive, "w") as file:
        for path, text in BASE.items():
            file.writestr(path, text.replace("[a, b]", "[a, b, c]"))
    result = run("pack", "install", archive)
    assert result.exit_code == 1
    assert "base.zip/pack.yaml:3:10: P110" in result.output
    newer = written(tmp_path / "base", pack("base", "1.2.0", thing=THING + "  more: {type: text}\n"))
    plan.write_bytes(run("plan", newer, "--json").stdout_bytes.replace(b"1.2.0", b"1.2.1"))
    result = run("apply", newer, "--plan", plan)
    assert result.exit_code == 1
    assert f"{plan}: S117" in result.output
    assert state(folder) == before
