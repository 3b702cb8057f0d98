"""A key that is sent several times at the same moment: tokens, files and shares are made once, too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.api.caller import Caller
from tests.api.library import Library, made
from tests.conftest import DATABASES
from xrm.engine.identity.repetition import Repetition
from xrm.testing import an_actor

AT_ONCE = 4


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    return libraries(request.param)


def together(ask: Callable[[], Any]) -> list[Any]:
    """What callers are answered who ask at the same moment, and one who asks afterwards."""
    gate = Barrier(AT_ONCE)

    def one(_: int) -> Any:
        gate.wait()
        return ask()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(one, range(AT_ONCE)), ask()]


def assert_one(answers: list[Any]) -> str:
    """All that were answered name the same thing, the others are asked to wait; gives its id."""
    assert {a.status_code for a in answers} <= {201, 409}, [a.text for a in answers]
    assert {a.json["errors"][0]["code"] for a in answers if a.status_code == 409} <= {"H108"}
    (found,) = {a.json["id"] for a in answers if a.status_code == 201}
    assert (answers[-1].status_code, answers[-1].json["id"]) == (201, found)
    return str(found)


def keyed(attempt: int, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": f"key-{attempt}", **more}


def test_tokens_asked_for_at_the_same_moment_with_one_key_are_one_token(library: Library) -> None:
    lena = library.librarian
    before = len(lena("GET", "/me/tokens").json["data"])
    for attempt in range(3):
        asked = {"json": {"name": f"nightly {attempt}"}, "headers": keyed(attempt)}
        answers = together(lambda a=asked: lena("POST", "/me/tokens", **a))  # type: ignore[misc]
        found = assert_one(answers)
        (secret,) = {a.json["token"] for a in answers if a.status_code == 201} - {None}
        assert Caller(library.app, {"Authorization": f"Bearer {secret}"})("GET", "/me").status_code == 200
        listed = lena("GET", "/me/tokens").json["data"]
        assert (listed[0]["id"], len(listed)) == (found, before + attempt + 1)


def test_files_brought_at_the_same_moment_with_one_key_are_one_file(library: Library) -> None:
    lena = library.librarian
    for attempt in range(3):
        headers = keyed(attempt, **{"Content-Type": "application/octet-stream"})
        body = b"%PDF-1 " + bytes([attempt])
        found = assert_one(
            together(lambda b=body, h=headers: lena("POST", "/files?name=a.pdf", data=b, headers=h))  # type: ignore[misc]
        )
        assert lena("GET", f"/files/{found}").data == body


def test_shares_given_at_the_same_moment_with_one_key_are_given_once(library: Library) -> None:
    ada, rui = library.admin, an_actor(library.runtime, "Rui", ["visitor"])
    for attempt in range(3):
        path = f"/records/author/{made(ada, 'author', name=f'Ana {attempt}')['id']}"
        asked = {"json": {"to": {"id": str(rui.id)}, "operations": ["read"]}, "headers": keyed(attempt)}
        assert_one(together(lambda p=path, a=asked: ada("POST", f"{p}/shares", **a)))  # type: ignore[misc]
        done = [line["operation"] for line in ada("GET", f"{path}/history").json["data"]]
        assert done == ["share", "create"]


@pytest.mark.parametrize("what", ["token", "file", "share"])
def test_an_answer_that_was_lost_is_what_was_made(
    library: Library, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends between the transaction and the keeping of the full answer."""
    ada, rui = library.admin, an_actor(library.runtime, "Rui", ["visitor"])
    book = made(ada, "author", name="Ana")["id"]
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "token": ("/me/tokens", {"json": {"name": "nightly"}}),
        "file": ("/files?name=a.pdf", {"data": b"%PDF-1"}),
        "share": (
            f"/records/author/{book}/shares",
            {"json": {"to": {"id": str(rui.id)}, "operations": ["read"]}},
        ),
    }
    path, asked = ways[what]
    with monkeypatch.context() as broken:
        broken.setattr(Repetition, "settle", lambda *_: None)
        first = ada("POST", path, headers=keyed(0), **asked)
    assert first.status_code == 201, first.text
    early = ada("POST", path, headers=keyed(0), **asked)
    assert (early.status_code, early.json["errors"][0]["code"]) == (409, "H108")
    monkeypatch.setattr("xrm.api.idempotency.PATIENCE", timedelta())
    again = ada("POST", path, headers=keyed(0), **asked)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.json == {**first.json, **({"token": None} if what == "token" else {})}
