"""Files over the API: brought, taken in by a record, and given out to whoever reads it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from xrm.app import mount
from xrm.settings import Limits
from xrm.testing import a_pack, an_actor, make_settings

PACK = a_pack(
    "claims",
    claim="""
title: name
ownership: user_or_team
fields:
  name: {type: text, required: true}
  papers: {type: file, many: true}
  photo: {type: image}
  report: {type: file, sensitive: true}
  contract: {type: file, accept: [application/pdf, image/*]}
""",
    files={
        "roles.yaml": """
clerk:
  grants:
    own: {entity: claim, can: [create, read, update], rows: own, fields: [name, papers, photo, report, contract]}
reader:
  grants:
    all: {entity: claim, can: [read]}
"""
    },
)
MOST = 2_000
PNG = b"\x89PNG\r\n\x1a\n and so on"
BYTES = {"Content-Type": "application/octet-stream"}
Callers = Callable[..., Caller]


@pytest.fixture
def caller(database_url: str, tmp_path: Path) -> Iterator[Callers]:
    """Gives somebody with these roles."""
    limits = replace(Limits(), file_bytes=MOST)
    runtime = make_runtime(
        database_url, tmp_path, [PACK], settings=make_settings(database_url, tmp_path, limits=limits)
    )
    app = mount(runtime)

    def made(name: str, *roles: str) -> Caller:
        token = runtime.identity.create_token(an_actor(runtime, name, roles), "test")
        return Caller(app, {"Authorization": f"Bearer {token}"})

    yield made
    runtime.close()


def brought(by: Caller, name: str = "a.pdf", data: bytes = b"%PDF-1") -> str:
    got = by("POST", "/files", query_string={"name": name}, data=data, headers=BYTES)
    assert got.status_code == 201, got.text
    assert got.headers["Location"] == f"/api/v1/files/{got.get_json()['id']}"
    return str(got.get_json()["id"])


def claim(by: Caller, **values: object) -> str:
    got = by("POST", "/records/claim", json={"name": "Roof", **values})
    assert got.status_code == 201, got.text
    return str(got.get_json()["id"])


def test_a_file_is_brought_taken_in_and_given_out_as_it_came(caller: Callers) -> None:
    ana, rui = caller("Ana", "clerk"), caller("Rui", "reader")
    file = brought(ana, "Relatório final.pdf", b"%PDF-1.7 \x00\xff")
    assert ana("GET", f"/files/{file}").data == b"%PDF-1.7 \x00\xff"
    assert rui("GET", f"/files/{file}").status_code == 404
    claim(ana, papers=[file])
    got = rui("GET", f"/files/{file}")
    assert (got.status_code, got.data) == (200, b"%PDF-1.7 \x00\xff")
    assert (got.content_type, got.headers["Content-Length"]) == ("application/pdf", "11")
    assert "Relat%C3%B3rio%20final.pdf" in got.headers["Content-Disposition"]
    again = rui("GET", f"/files/{file}", headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_what_a_browser_could_run_is_only_downloaded(caller: Callers) -> None:
    ana = caller("Ana", "clerk")
    got = ana("GET", f"/files/{brought(ana, 'page.html', b'<script>alert(1)</script>')}")
    assert got.content_type == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_a_file_in_a_field_or_record_that_may_not_be_read_is_not_there(caller: Callers) -> None:
    ana, rui, ben = caller("Ana", "clerk"), caller("Rui", "reader"), caller("Ben", "clerk")
    report, photo = brought(ana), brought(ana, "a.png", PNG)
    claim(ana, report=report, photo=photo)
    assert [rui("GET", f"/files/{f}").status_code for f in (report, photo)] == [404, 200]
    assert [ben("GET", f"/files/{f}").status_code for f in (report, photo)] == [404, 404]
    assert [ana("GET", f"/files/{f}").status_code for f in (report, photo)] == [200, 200]
    assert caller("Nil")("GET", f"/files/{photo}").status_code == 404


def test_a_file_that_the_record_has_let_go_is_not_there(caller: Callers) -> None:
    ana = caller("Ana", "clerk")
    photo = brought(ana, "a.png", PNG)
    id_ = claim(ana, photo=photo)
    assert ana("PATCH", f"/records/claim/{id_}", json={"photo": None}).status_code == 200
    assert ana("GET", f"/files/{photo}").status_code == 404


def test_a_file_of_somebody_else_cannot_be_taken_in(caller: Callers) -> None:
    ana, ben = caller("Ana", "clerk"), caller("Ben", "clerk")
    got = ben("POST", "/records/claim", json={"name": "Mine", "papers": [brought(ana)]})
    assert (got.status_code, got.get_json()["errors"][0]["code"]) == (422, "R158")


def test_a_file_past_the_limit_is_refused_and_the_limit_named(caller: Callers) -> None:
    got = caller("Ana", "clerk")("POST", "/files", data=b"x" * (MOST + 1), headers=BYTES)
    assert (got.status_code, got.get_json()["limit"]["name"]) == (413, "file_bytes")


def test_a_form_is_told_how_to_send_a_file(caller: Callers) -> None:
    got = caller("Ana", "clerk")("POST", "/files", data={"file": "x"})
    assert (got.status_code, got.get_json()["errors"][0]["code"]) == (415, "R115")


def test_a_repeated_upload_is_one_file(caller: Callers) -> None:
    ana = caller("Ana", "clerk")

    def bring() -> str:
        got = ana("POST", "/files", data=b"same", headers={**BYTES, "Idempotency-Key": "one"})
        return str(got.get_json()["id"])

    assert bring() == bring()


@pytest.mark.parametrize("path", ["/files/none", "/files/0190b6a4-0000-7000-8000-000000000000"])
def test_what_is_no_file_is_not_there(caller: Callers, path: str) -> None:
    assert caller("Ana", "clerk")("GET", path).status_code == 404


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"x"), ("scan.PNG", PNG), ("scan.bin", PNG)])
def test_a_field_takes_files_of_the_types_that_it_accepts(caller: Callers, name: str, content: bytes) -> None:
    ana = caller("Ana", "clerk")
    claim(ana, contract=brought(ana, name, content))


PICTURES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
}


@pytest.mark.parametrize(("media_type", "content"), PICTURES.items(), ids=PICTURES)
def test_a_picture_is_known_by_its_content(caller: Callers, media_type: str, content: bytes) -> None:
    ana = caller("Ana", "clerk")
    file = brought(ana, "photo.txt", content)
    stored = claim(ana, photo=file)
    assert ana("GET", f"/files/{file}").headers["Content-Type"] == media_type
    assert stored


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
NO_PICTURES = {
    "a text": ("notes.txt", b"no picture"),
    "a text that is called a picture": ("notes.png", b"no picture"),
    "a drawing": ("plan.svg", SVG),
    "a drawing that is called a picture": ("plan.png", SVG),
    "nothing": ("empty.png", b""),
    "the beginning of one": ("cut.webp", b"RIFF"),
}


@pytest.mark.parametrize(("name", "content"), NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_by_its_content_is_refused_as_one(
    caller: Callers, name: str, content: bytes
) -> None:
    ana = caller("Ana", "clerk")
    file = brought(ana, name, content)
    got = ana("POST", "/records/claim", json={"name": "Roof", "photo": file})
    (error,) = got.get_json()["errors"]
    assert (got.status_code, error["code"], error["path"]) == (422, "R169", "photo")
    assert "image/png, image/jpeg, image/gif, image/webp" in error["hint"]
    claim(ana, papers=[file])


@pytest.mark.parametrize("name", ["a.html", "a.pdf.exe", "pdf", "a.txt"])
def test_a_field_refuses_files_of_other_types_whoever_sends_them(caller: Callers, name: str) -> None:
    ana = caller("Ana", "clerk")
    file = brought(ana, name)
    got = ana("POST", "/records/claim", json={"name": "Roof", "contract": file})
    (error,) = got.get_json()["errors"]
    assert (got.status_code, error["code"], error["path"]) == (422, "R169", "contract")
    assert "application/pdf, image/*" in error["hint"]
    claim(ana, papers=[file])  # it is still free for a field that takes it


@pytest.mark.parametrize("more", [{}, {"Idempotency-Key": "one"}], ids=["without a key", "with a key"])
def test_a_file_may_be_larger_than_another_body_with_a_key_too(
    database_url: str, tmp_path: Path, more: dict[str, str]
) -> None:
    limits = replace(Limits(), body_bytes=70_000, file_bytes=3_000_000)
    settings = make_settings(database_url, tmp_path, limits=limits)
    runtime = make_runtime(database_url, tmp_path, [PACK], settings=settings)
    token = runtime.identity.create_token(an_actor(runtime, "Cleo", ["clerk"]), "test")
    cleo = Caller(mount(runtime), {"Authorization": f"Bearer {token}"})
    sent = bytes(range(250)) * 10_000
    made = cleo("POST", "/files?name=a.bin", data=sent, headers={**BYTES, **more})
    assert made.status_code == 201, made.text
    assert cleo("GET", f"/files/{made.json['id']}").data == sent
    again = cleo("POST", "/files?name=a.bin", data=sent, headers={**BYTES, **more})
    assert (again.json["id"] == made.json["id"]) == bool(more)
    other = cleo("POST", "/files?name=a.bin", data=sent[:-1] + b"!", headers={**BYTES, **more})
    assert other.status_code == (422 if more else 201)
    over = cleo("POST", "/files?name=a.bin", data=b"x" * 3_000_001, headers={**BYTES, **more})
    assert (over.status_code, over.json["limit"]["name"]) == (413, "file_bytes")
    runtime.close()
