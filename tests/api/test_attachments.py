"""Files over HTTP: an upload is its sender's until a record of theirs takes it in."""

from __future__ import annotations

from contextlib import closing
from io import BytesIO
from pathlib import Path

from werkzeug.test import TestResponse

from tests.api.caller import Caller
from tests.support.installed import make_runtime
from tests.support.ward import PACK
from xrm.app import mount
from xrm.testing import an_actor


def codes(got: TestResponse) -> list[str]:
    """The code of each problem of a refusal."""
    return [problem["code"] for problem in got.get_json()["errors"]]


def test_nobody_takes_the_upload_of_someone_else_into_a_record(database_url: str, tmp_path: Path) -> None:
    with closing(make_runtime(database_url, tmp_path, [PACK])) as runtime:
        app, ben = mount(runtime), an_actor(runtime, "ben", ["clerk"])
        token = runtime.identity.create_token(an_actor(runtime, "ana", ["clerk"]), "test")
        ana = Caller(app, {"Authorization": f"Bearer {token}"})
        paper = str(runtime.uploads.upload(ben, BytesIO(b"of ben"), "ben.txt").id)
        record = ana("POST", "/records/thing", json={"name": "mine"}).get_json()["id"]
        asked = [
            ("POST", "/records/thing", {"name": "x", "paper": paper}),
            ("PATCH", f"/records/thing/{record}", {"paper": paper}),
            ("PUT", "/records/thing?by=code", {"name": "x", "code": "c", "paper": paper}),
            ("POST", "/batch", {"commands": [{"create": "thing", "values": {"name": "x", "paper": paper}}]}),
        ]
        for method, path, body in asked:
            got = ana(method, path, json=body)
            assert (got.status_code, codes(got)) == (422, ["R158"]), got.text
        assert ana("GET", f"/records/thing/{record}").get_json()["paper"] is None


def test_a_key_with_an_empty_part_is_refused_by_every_door(database_url: str, tmp_path: Path) -> None:
    with closing(make_runtime(database_url, tmp_path, [PACK])) as runtime:
        token = runtime.identity.create_token(an_actor(runtime, "ada", ["system_admin"]), "test")
        ada = Caller(mount(runtime), {"Authorization": f"Bearer {token}"})
        record = ada("POST", "/records/thing", json={"name": "one", "a": "1", "b": "2"}).get_json()["id"]
        put = ada("PUT", "/records/thing?by=ab", json={"name": "x", "a": "1", "b": None})
        assert (put.status_code, codes(put)) == (422, ["R138"]), put.text
        assert [e["path"] for e in put.get_json()["errors"]] == ["b"]
        delete = {"commands": [{"delete": "thing", "key": {"a": "1", "b": None}}]}
        got = ada("POST", "/batch", json=delete)
        assert (got.status_code, codes(got)) == (422, ["R138"]), got.text
        job = ada(
            "POST",
            "/imports?entity=thing&by=ab",
            data="name,a,b\nx,1,\n",
            headers={"Content-Type": "text/csv"},
        ).get_json()
        result = ada("GET", f"/jobs/{job['id']}").get_json()["result"]
        assert (result["created"], result["updated"], result["failed"]) == (0, 0, 1), result
        assert ada("GET", f"/records/thing/{record}").get_json()["name"] == "one"


def test_a_file_that_a_field_held_comes_back_into_it_and_into_no_other(
    database_url: str, tmp_path: Path
) -> None:
    with closing(make_runtime(database_url, tmp_path, [PACK])) as runtime:
        token = runtime.identity.create_token(an_actor(runtime, "ada", ["system_admin"]), "test")
        ada = Caller(mount(runtime), {"Authorization": f"Bearer {token}"})
        paper = ada("POST", "/files?name=a.txt", data=b"first").get_json()["id"]
        record = ada("POST", "/records/thing", json={"name": "holder", "paper": paper}).get_json()["id"]
        ada("PATCH", f"/records/thing/{record}", json={"paper": None})
        position = ada("GET", f"/records/thing/{record}/history").get_json()["data"][0]["position"]
        assert ada("POST", f"/changes/{position}/undo").status_code == 200
        assert ada("GET", f"/records/thing/{record}").get_json()["paper"] is not None
        got = ada("POST", "/records/thing", json={"name": "thief", "paper": paper})
        assert (got.status_code, codes(got)) == (422, ["R158"]), got.text
