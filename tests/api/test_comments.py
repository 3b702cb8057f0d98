"""Comments and the timeline, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.api.library import Library, made
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def test_a_comment_is_written_read_changed_and_removed(library):
    lena, vera = library.librarian, library.visitor
    author = made(lena, "author", name="Commented")
    path = f"/records/author/{author['id']}"
    got = lena("POST", f"{path}/comments", json={"text": "Alive, @Vera says"})
    assert got.status_code == 201, got.text
    comment = got.get_json()
    assert comment["text"] == "Alive, @Vera says"
    (entry,) = vera("GET", f"{path}/timeline?only=comments").get_json()["data"]
    assert entry["kind"] == "comment"
    assert entry["comment"]["author"]["title"] == "Lena"
    assert [m["title"] for m in entry["comment"]["mentions"]] == ["Vera"]
    here = f"{path}/comments/{comment['id']}"
    assert vera("PATCH", here, json={"text": "Mine?"}).status_code == 403
    assert lena("PATCH", here, json={"text": "Still alive"}).get_json()["edited_at"]
    assert vera("DELETE", here).status_code == 403
    assert lena("DELETE", here).status_code == 204
    assert lena("DELETE", here).status_code == 404
    assert vera("GET", f"{path}/timeline?only=comments").get_json() == {"data": [], "next": None}


def test_a_comment_on_what_one_may_not_read_is_refused_like_one_on_nothing(library):
    lena, vera = library.librarian, library.visitor
    author = made(lena, "author", name="Hidden books")
    coming = made(lena, "book", name="Coming", author=author["id"], published_on="2030-01-01")
    nowhere = "01936b2c-7d3e-7000-8000-000000000001"
    answers = [
        vera("POST", f"/records/book/{id_}/comments", json={"text": "Hello"})
        for id_ in (coming["id"], nowhere)
    ]
    assert [a.status_code for a in answers] == [404, 404]
    assert len({str({**a.get_json(), "request_id": ""}) for a in answers}) == 1


def test_a_body_that_is_no_comment_is_refused_with_its_place(library):
    lena = library.librarian
    path = f"/records/author/{made(lena, 'author', name='Refusing')['id']}/comments"
    for body, status in (({}, 422), ({"text": " "}, 422), ({"text": 1}, 400), ({"words": "x"}, 400)):
        assert lena("POST", path, json=body).status_code == status
    assert lena("POST", path, json={"text": "x" * 10_001}).get_json()["errors"][0]["path"] == "text"


def test_a_key_makes_one_comment_of_two_requests(library):
    lena = library.librarian
    path = f"/records/author/{made(lena, 'author', name='Once')['id']}"
    key = {"Idempotency-Key": "once"}
    first, again = (lena("POST", f"{path}/comments", json={"text": "Once"}, headers=key) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert len(lena("GET", f"{path}/timeline?only=comments").get_json()["data"]) == 1


def test_the_timeline_is_read_in_pages_and_narrowed(library):
    lena = library.librarian
    author = made(lena, "author", name="Paged")
    path = f"/records/author/{author['id']}"
    for number in range(5):
        lena("POST", f"{path}/comments", json={"text": f"Comment {number}"})
        made(lena, "call", subject=f"Call {number}", regarding={"entity": "author", "id": author["id"]})
    kinds, cursor = [], ""
    while cursor is not None:
        page = lena("GET", f"{path}/timeline?limit=3&cursor={cursor}").get_json()
        kinds += [item["kind"] for item in page["data"]]
        cursor = page["next"]
    assert (kinds.count("comment"), kinds.count("call"), kinds.count("change"), len(kinds)) == (5, 5, 1, 11)
    only = lena("GET", f"{path}/timeline?only=activities,changes").get_json()["data"]
    assert {item["kind"] for item in only} == {"call", "change"}
    assert lena("GET", f"{path}/timeline?only=everything").get_json()["code"] == "R101"
    assert lena("GET", f"{path}/timeline?cursor=zz").status_code == 400


def test_the_feed_tells_of_a_comment_without_its_words(library):
    lena = library.librarian
    path = f"/records/author/{made(lena, 'author', name='Fed')['id']}"
    lena("POST", f"{path}/comments", json={"text": "Secret words"})
    changes = lena("GET", "/changes?limit=500").get_json()["data"]
    assert [c["changes"] for c in changes if c["operation"] == "comment"] == [{}]
    assert "Secret words" not in str(changes)
