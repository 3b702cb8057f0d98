"""Static files: vendored ones are what their manifest says, and each is named by its content."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import tomllib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from xrm.ui.assets import (
    FOREVER,
    SHEETS,
    STATIC,
    TEMPLATES,
    Assets,
    icons_in_use,
    is_kernel,
    load_assets,
    static_assets,
)
from xrm.ui.fields import CONTROLS

VENDOR = STATIC / "vendor"
ENTRIES = tomllib.loads((VENDOR / "vendor.toml").read_text())["file"]
ASSETS = load_assets(extra_icons=["truck"])


@pytest.fixture
def client() -> FlaskClient:
    app = Flask("assets", static_folder=None)
    app.register_blueprint(static_assets(ASSETS))
    return app.test_client()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_is_the_one_of_the_manifest(entry: dict[str, str]) -> None:
    digest = hashlib.sha384((VENDOR / entry["file"]).read_bytes()).digest()
    assert entry["sha384"] == "sha384-" + base64.b64encode(digest).decode()
    assert entry["source"].startswith(f"npm:{entry['package']}@{entry['version']}/")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_a_vendored_file_has_its_licence_beside_it(entry: dict[str, str]) -> None:
    licence = (VENDOR / entry["licence_file"]).read_text()
    assert entry["licence"] in ("0BSD", "ISC", "OFL-1.1", "Apache-2.0")
    assert "ermission" in licence or "Licens" in licence


def test_nothing_vendored_is_missing_from_the_manifest() -> None:
    listed = {e["file"] for e in ENTRIES} | {e["licence_file"] for e in ENTRIES}
    present = {p.name for p in VENDOR.iterdir() if p.is_file()}
    assert present - {"vendor.toml", "refresh.py"} == listed


def test_every_style_sheet_takes_part_and_points_at_files_that_exist(client: FlaskClient) -> None:
    parts = [part for parts in SHEETS.values() for part in parts]
    assert sorted(p.stem for p in (STATIC / "css").glob("*.css")) == sorted(parts)
    sheet = ASSETS.files["app.css"].body.decode()
    assert "/*" not in sheet
    fonts = re.findall(r'url\("(/static/[^"]+)"\)', sheet)
    assert len(fonts) == 2
    assert all(client.get(font).status_code == 200 for font in fonts)


def test_first_visit_is_within_its_budget() -> None:
    always = ["app.css", "icons.svg", "brand.svg", "vendor/htmx-4.0.1.min.js"]
    kernel = [name for name in ASSETS.files if is_kernel(name)]
    sizes = {name: len(ASSETS.files[name].squeezed or b"") for name in [*always, *kernel]}
    on_lists = sum(
        len(ASSETS.files[f"js/on/{n}.js"].squeezed or b"")
        for n in ("bulk", "grid", "inline", "peek", "sheet")
    )
    # Rows under the keyboard, the bar of a selection, the peek; the centre of a record and the palette.
    assert sizes["app.css"] <= 14_500  # lanes and cards are the last 500
    assert sum(sizes[name] for name in kernel) <= 15_000  # 12,000 before the palette, which any page needs
    assert sum(sizes.values()) <= 45_500
    assert on_lists <= 12_000
    assert len(ASSETS.files["lists.css"].squeezed or b"") <= 2_500
    assert sum(sizes.values()) + len(ASSETS.files["vendor/inter-5.3.0-latin.woff2"].body) <= 110_000


def test_a_file_under_its_own_name_is_kept_for_ever(client: FlaskClient) -> None:
    answer = client.get(ASSETS.url("app.css"), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == FOREVER
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.data) == ASSETS.files["app.css"].body


def test_a_file_under_an_older_name_is_sent_but_not_kept(client: FlaskClient) -> None:
    answer = client.get("/static/000000000000/app.css")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Content-Encoding" not in answer.headers


def test_a_known_file_is_not_sent_twice(client: FlaskClient) -> None:
    etag = client.get(ASSETS.url("app.css")).headers["ETag"]
    assert client.get(ASSETS.url("app.css"), headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/nothing.css",
        "/static/x/../assets.py",
        "/static/x/vendor/refresh.py",
        "/static/x/icon/no-icon.svg",
    ],
)
def test_only_files_meant_for_browsers_are_sent(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_scripts_share_one_digest_because_they_import_each_other() -> None:
    assert len({ASSETS.files[name].digest for name in ASSETS.files if name.startswith("js/")}) == 1
    assert len(ASSETS.scripts) == len(list((STATIC / "js").glob("*.js")))


def test_every_icon_that_pages_and_controls_name_is_in_the_sprite() -> None:
    named = icons_in_use() & ASSETS.drawn.keys()
    assert len(named) > 20
    assert named | {c.icon for c in CONTROLS.values()} | {"truck"} <= ASSETS.icons


def test_an_icon_outside_the_sprite_is_sent_alone_and_an_unknown_one_is_a_box(client: FlaskClient) -> None:
    alone = ASSETS.icon("anchor")
    assert b'id="anchor"' in client.get(alone.split("#")[0]).data
    assert ASSETS.icon("no-such-icon").endswith("icons.svg#box")
    assert not ASSETS.has_icon("no-such-icon")


def test_no_template_holds_script_style_or_anything_marked_safe() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\|\s*safe|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|autoescape", text), (
            path
        )
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


def test_the_same_files_have_the_same_names_in_every_process() -> None:
    again: Assets = load_assets(extra_icons=["truck"])
    assert {n: a.url for n, a in again.files.items()} == {n: a.url for n, a in ASSETS.files.items()}
