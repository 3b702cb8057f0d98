"""Records over HTTP, on both databases: every call of the contract for a librarian and a visitor."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.library import Library, made
from tests.conftest import DATABASES


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def problem(got) -> tuple[int, str, str]:
    first = got.get_json()["errors"][0]
    return got.status_code, first["code"], first["path"]


def changed(library: Library) -> list[str]:
    """What the feed tells of authors and books."""
    told = library.admin("GET", "/changes?limit=500").get_json()["data"]
    return [change["operation"] for change in told if change["entity"] in ("author", "book")]


def test_a_record_is_created_read_changed_deleted_and_brought_back(library):
    lena = library.librarian
    author = made(lena, "author", name="Inês Pedrosa", born_on="1962-08-15")
    book = made(
        lena, "book", name="Fica comigo", author=author["id"], price={"amount": "12.50", "currency": "EUR"}
    )
    path = f"/records/book/{book['id']}"

    got = lena("GET", path)
    assert got.status_code == 200
    seen = got.get_json()
    assert seen["author"] == {"id": author["id"], "entity": "author", "title": "Inês Pedrosa"}
    assert seen["price"] == {"amount": "12.50", "currency": "EUR"}
    assert (seen["genre"], seen["version"], seen["title"]) == ("novel", 1, "Fica comigo")
    assert lena("GET", path, headers={"If-None-Match": got.headers["ETag"]}).status_code == 304

    changed = lena("PATCH", path, json={"pages": 200}, headers={"If-Match": got.headers["ETag"]})
    assert (changed.status_code, changed.get_json()["version"]) == (200, 2)
    assert changed.headers["ETag"] == lena("GET", path).headers["ETag"]
    assert (
        lena("PATCH", path, json={"pages": 201}, headers={"If-Match": got.headers["ETag"]}).status_code == 412
    )

    only = lena("GET", f"{path}?fields=pages")
    assert only.headers["ETag"].startswith('"2-')
    assert "version" not in only.get_json()

    assert lena("DELETE", path).status_code == 204
    assert lena("GET", "/records/book").get_json()["data"] == []
    assert [r["id"] for r in lena("GET", "/records/book?trash=only").get_json()["data"]] == [book["id"]]
    restored = lena("POST", f"{path}/restore")
    assert restored.status_code == 200
    assert lena("GET", "/records/book").get_json()["data"][0]["id"] == book["id"]

    history = lena("GET", f"{path}/history").get_json()["data"]
    assert [entry["operation"] for entry in history][-1] == "create"
    assert len(history) == 4
    assert {entry["door"] for entry in history} == {"api"}


def test_what_is_wrong_is_said_all_at_once_by_path(library):
    got = library.librarian("POST", "/records/book", json={"pages": 0, "genre": "cookery", "colour": "red"})
    assert got.status_code == 422
    assert {e["path"] for e in got.get_json()["errors"]} >= {"name", "author", "pages", "genre", "colour"}
    assert changed(library) == []


def test_many_are_created_or_none(library):
    lena = library.librarian
    good, bad = {"name": "One"}, {"name": "", "born_on": "tomorrow"}
    refused = lena("POST", "/records/author", json=[good, bad])
    assert refused.status_code == 422
    assert {e["path"].partition(".")[0] for e in refused.get_json()["errors"]} == {"[1]"}
    assert lena("GET", "/records/author").get_json()["data"] == []

    alone = lena("POST", "/records/author", json=[bad])
    assert {e["path"] for e in alone.get_json()["errors"]} == {"[0].name", "[0].born_on"}

    partly = lena("POST", "/records/author?mode=good_rows", json=[good, bad, {"name": "Three"}])
    assert partly.status_code == 200
    assert len(partly.get_json()["data"]) == 2
    assert {e["path"].partition(".")[0] for e in partly.get_json()["errors"]} == {"[1]"}
    assert len(lena("GET", "/records/author").get_json()["data"]) == 2

    every = lena("POST", "/records/author", json=[{"name": "Four"}, {"name": "Five"}])
    assert every.status_code == 201
    assert [r["outcome"] for r in every.get_json()["data"]] == ["created", "created"]


def test_a_list_filters_sorts_expands_counts_and_continues(library):
    lena = library.librarian
    author = made(lena, "author", name="Ana")
    for pages in (30, 10, 20):
        made(lena, "book", name=f"Book {pages}", author=author["id"], pages=pages)

    first = lena("GET", "/records/book?sort=-pages&limit=2&fields=name,author.name&count=exact").get_json()
    assert [row["name"] for row in first["data"]] == ["Book 30", "Book 20"]
    assert first["data"][0]["author"]["name"] == "Ana"
    assert (first["count"], first["count_is"]) == (3, "exact")
    query = f"sort=-pages&limit=2&fields=name,author.name&count=exact&cursor={first['next']}"
    second = lena("GET", f"/records/book?{query}").get_json()
    assert [row["name"] for row in second["data"]] == ["Book 10"]
    assert second["next"] is None

    filtered = lena("GET", "/records/book", query_string={"filter": "pages > 10 and author.name == 'Ana'"})
    assert len(filtered.get_json()["data"]) == 2
    expanded = lena("GET", f"/records/author/{author['id']}?expand=books(limit=2)").get_json()
    assert len(expanded["books"]["data"]) == 2
    groups = lena("GET", "/records/book?group=author&aggregate=sum(pages),count()").get_json()["data"]
    assert groups[0]["count()"] == 3
    assert str(groups[0]["sum(pages)"]) == "60"


REFUSED_LISTS = {
    "an unknown field": ({"filter": "colour == 'red'"}, 422),
    "a broken filter": ({"filter": "pages >"}, 422),
    "a type that does not fit": ({"filter": "pages == 'x'"}, 422),
    "10,000 terms": ({"filter": " or ".join(["pages == 1"] * 10_000)}, 413),
    "a deep filter": ({"filter": "not " * 500 + "pages == 1"}, 422),
    "an unknown sort": ({"sort": "colour"}, 422),
    "an unknown expansion": ({"expand": "colour"}, 422),
    "an unknown field to give": ({"fields": "colour"}, 422),
    "a cursor of nobody": ({"cursor": "abc"}, 400),
    "an aggregate that is none": ({"aggregate": "drop(pages)"}, 422),
}


@pytest.mark.parametrize(("query", "status"), REFUSED_LISTS.values(), ids=REFUSED_LISTS)
def test_a_list_that_cannot_be_is_refused_with_a_code(library, query, status):
    got = library.librarian("GET", "/records/book", query_string=query)
    assert (got.status_code, got.content_type) == (status, "application/problem+json"), got.text
    assert all(e["code"] for e in got.get_json()["errors"])


def test_a_cursor_of_another_query_is_refused(library):
    lena = library.librarian
    for name in ("One", "Two"):
        made(lena, "author", name=name)
    cursor = lena("GET", "/records/author?limit=1").get_json()["next"]
    assert lena("GET", f"/records/author?limit=1&sort=-name&cursor={cursor}").status_code == 400


def test_an_upsert_says_whether_it_created_or_updated(library):
    lena = library.librarian
    values = {"name": "Ana", "born_on": "1950-01-01"}
    first = lena("PUT", "/records/author?by=name", json=values)
    again = lena("PUT", "/records/author?by=name", json={**values, "born_on": "1951-01-01"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.get_json()["born_on"] == "1951-01-01"
    assert lena("PUT", "/records/author?by=colour", json=values).status_code == 422


def test_links_carry_attributes_and_are_taken_away(library):
    lena = library.librarian
    ana, rui = made(lena, "author", name="Ana"), made(lena, "author", name="Rui")
    book = made(lena, "book", name="Together", author=ana["id"])
    path = f"/records/book/{book['id']}/links/coauthors"

    linked = lena("POST", path, json={"to": rui["id"], "values": {"role": "illustrator", "share": "40"}})
    assert linked.status_code == 201, linked.text
    (row,) = lena("GET", path).get_json()["data"]
    assert (row["id"], row["link"]["role"]) == (rui["id"], "illustrator")
    assert row["link"]["id"] == linked.get_json()["link"]

    assert lena("POST", path, json={"to": rui["id"], "values": {"role": "cook"}}).status_code == 422
    assert lena("DELETE", path).status_code == 400
    assert lena("DELETE", f"{path}?link={row['link']['id']}").status_code == 204
    assert lena("GET", path).get_json()["data"] == []
    assert lena("DELETE", f"{path}?link={row['link']['id']}").status_code == 404
    assert lena("GET", f"/records/book/{book['id']}/links/colour").status_code in (404, 422)


def a_loan(library: Library) -> str:
    lena = library.librarian
    author = made(lena, "author", name="Ana")
    book = made(lena, "book", name="Lent", author=author["id"], copies={"create": [{"barcode": "B-1"}]})
    copy = lena("GET", f"/records/book/{book['id']}/links/copies").get_json()["data"][0]
    reader = made(library.admin, "reader", name="Zé")
    loan = made(
        lena, "loan", copy=copy["id"], patron={"entity": "reader", "id": reader["id"]}, start="2026-06-01"
    )
    return f"/records/loan/{loan['id']}"


def test_a_lifecycle_step_asks_for_what_it_requires(library):
    path = a_loan(library)
    lena = library.librarian
    steps = {s["name"]: s for s in lena("GET", f"{path}/transitions").get_json()["data"]}
    assert set(steps) == {"give_back", "lose"}
    assert steps["give_back"]["to"] == "returned"
    assert steps["lose"]["reason_required"] is True

    assert lena("POST", f"{path}/transitions/give_back").status_code == 422
    assert lena("POST", f"{path}/transitions/fly").status_code in (404, 422)
    got = lena("POST", f"{path}/transitions/give_back", json={"values": {"end": "2026-06-10"}})
    assert (got.status_code, got.get_json()["state"]) == (200, "returned")
    assert lena("POST", f"{path}/transitions/give_back").status_code in (409, 422)


def test_a_batch_is_one_transaction_and_names_earlier_records(library):
    lena = library.librarian
    commands = [
        {"name": "a", "create": "author", "values": {"name": "Ana"}},
        {"create": "book", "values": {"name": "Batch", "author": {"ref": "a"}}},
    ]
    got = lena("POST", "/batch", json={"commands": commands})
    assert got.status_code == 200, got.text
    assert [r["outcome"] for r in got.get_json()["data"]] == ["created", "created"]
    assert lena("GET", "/records/book?fields=author").get_json()["data"][0]["author"]["title"] == "Ana"

    commands[1]["values"]["pages"] = 0
    commands[0]["values"]["name"] = "Rui"
    refused = lena("POST", "/batch", json={"commands": commands})
    assert problem(refused)[0] == 422
    assert problem(refused)[2] == "commands[1].values.pages"
    assert len(lena("GET", "/records/author").get_json()["data"]) == 1

    alone = lena("POST", "/batch", json={"commands": [{"create": "author", "values": {}}]})
    assert problem(alone)[2] == "commands[0].values.name"


def test_a_repeated_key_writes_once_on_the_real_pipeline(library):
    lena = library.librarian
    keyed = {"Idempotency-Key": "import-7"}
    first = lena("POST", "/records/author", json={"name": "Ana"}, headers=keyed)
    again = lena("POST", "/records/author", json={"name": "Ana"}, headers=keyed)
    assert (again.status_code, again.data) == (201, first.data)
    assert changed(library) == ["create"]


def test_the_feed_resumes_where_it_was_left(library):
    lena = library.librarian
    start = lena("GET", "/changes?limit=500").get_json()["next"]
    made(lena, "author", name="Ana")
    first = lena("GET", f"/changes?since={start}").get_json()
    assert [(c["operation"], c["entity"], c["door"]) for c in first["data"]] == [("create", "author", "api")]
    assert first["data"][0]["changes"]["name"]["after"] == "Ana"
    made(lena, "author", name="Rui")
    second = lena("GET", f"/changes?since={first['next']}").get_json()
    assert len(second["data"]) == 1
    assert lena("GET", f"/changes?since={second['next']}").get_json()["data"] == []
    assert lena("GET", "/changes?since=abc").status_code == 400


def test_the_feed_tells_nothing_of_sign_ins_and_tokens(library):
    operations = {c["operation"] for c in library.admin("GET", "/changes?limit=500").get_json()["data"]}
    assert operations <= {"create", "update"}


def test_search_finds_across_entities_what_the_caller_may_read(library):
    lena, vera = library.librarian, library.visitor
    author = made(lena, "author", name="Oliveira")
    made(lena, "book", name="Os Oliveira", author=author["id"], published_on="2030-01-01")
    assert {h["entity"] for h in lena("GET", "/search?q=oliv").get_json()["data"]} == {"author", "book"}
    assert {h["entity"] for h in vera("GET", "/search?q=oliv").get_json()["data"]} == {"author"}
    assert [h["entity"] for h in lena("GET", "/search?q=oliv&entity=book").get_json()["data"]] == ["book"]


def test_the_timeline_has_changes_and_activities_in_one_order(library):
    lena = library.librarian
    author = made(lena, "author", name="Ana")
    made(lena, "call", subject="About the book", regarding={"entity": "author", "id": author["id"]})
    got = lena("GET", f"/records/author/{author['id']}/timeline")
    assert got.status_code == 200, got.text
    assert {item["kind"] for item in got.get_json()["data"]} == {"change", "call"}
    vera = library.visitor("GET", f"/records/author/{author['id']}/timeline").get_json()["data"]
    assert {item["kind"] for item in vera} == {"change"}


# --- rights -----------------------------------------------------------------------------------------


def test_what_a_visitor_may_not_read_does_not_exist_for_them(library):
    lena, vera = library.librarian, library.visitor
    author = made(lena, "author", name="Ana")
    price = {"amount": "9.00", "currency": "EUR"}
    out = made(lena, "book", name="Out", author=author["id"], published_on="2020-01-01", price=price)
    coming = made(lena, "book", name="Coming", author=author["id"], published_on="2030-01-01")
    shelf = made(lena, "shelf", name="A")

    assert [b["name"] for b in vera("GET", "/records/book").get_json()["data"]] == ["Out"]
    assert "price" not in vera("GET", f"/records/book/{out['id']}").get_json()
    hidden = vera("GET", f"/records/book/{coming['id']}")
    nowhere = vera("GET", "/records/book/01936b2c-7d3e-7000-8000-000000000001")
    unknown = vera("GET", f"/records/shelf/{shelf['id']}")
    bodies = [{**got.get_json(), "request_id": ""} for got in (hidden, nowhere, unknown)]
    assert [got.status_code for got in (hidden, nowhere, unknown)] == [404, 404, 404]
    assert bodies[0] == bodies[1] == bodies[2]
    for query in ("filter=price == empty", "sort=price", "fields=price", "group=price"):
        assert vera("GET", f"/records/book?{query}").status_code == 422
    for path in ("", "/history", "/timeline", "/transitions"):
        assert vera("GET", f"/records/book/{coming['id']}{path}").status_code == 404


def test_what_a_visitor_may_read_but_not_write_is_forbidden(library):
    author = made(library.librarian, "author", name="Ana")
    vera = library.visitor
    path = f"/records/author/{author['id']}"
    assert vera("POST", "/records/author", json={"name": "Rui"}).status_code == 403
    assert vera("PATCH", path, json={"name": "Rui"}).status_code == 403
    assert vera("DELETE", path).status_code == 403
    assert vera("POST", "/records/shelf", json={"name": "A"}).status_code == 404


def test_the_tag_depends_on_what_the_caller_sees(library):
    author = made(library.librarian, "author", name="Ana")
    book = made(library.librarian, "book", name="Out", author=author["id"], published_on="2020-01-01")
    tags = {
        who("GET", f"/records/book/{book['id']}").headers["ETag"]
        for who in (library.librarian, library.visitor)
    }
    assert len(tags) == 2
    assert all(tag.startswith('"1-') for tag in tags)


def test_a_changed_role_works_on_the_next_call(library):
    vera = library.visitor
    assert vera("GET", "/records/author").status_code == 200
    user = library.runtime.directory.demand_user("vera@example.com")
    library.runtime.identity.people.assign_roles(library.runtime.installer, user, [])
    assert vera("GET", "/records/author").status_code == 404
    assert vera("GET", "/openapi.json").get_json()["paths"].keys().isdisjoint({"/records/author"})


def test_the_metadata_and_the_document_are_the_callers_own(library):
    lena, vera = library.librarian, library.visitor
    assert {e["name"] for e in lena("GET", "/metadata").get_json()["data"]} >= {"book", "shelf"}
    assert "shelf" not in {e["name"] for e in vera("GET", "/metadata").get_json()["data"]}
    assert vera("GET", "/metadata/entities/shelf").status_code == 404
    assert lena("GET", "/metadata/entities/book").get_json()["lifecycle"] is None
    assert "/records/shelf" in lena("GET", "/openapi.json").get_json()["paths"]
    assert lena("GET", "/me").get_json()["roles"] == [
        {"name": "caller", "label": "Caller"}, {"name": "librarian", "label": "Librarian"},
    ]  # fmt: skip


def test_the_same_key_at_the_same_moment_writes_once(library):
    """Eight threads send one request: one does the work, the others wait for it or are told to come again."""
    lena = library.librarian
    keyed = {"Idempotency-Key": "order-8"}
    with ThreadPoolExecutor(8) as pool:
        sent = [
            pool.submit(lena, "POST", "/records/author", json={"name": "Ana"}, headers=keyed)
            for _ in range(8)
        ]
        answers = [one.result() for one in sent]
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.data for a in answers if a.status_code == 201}) == 1
    assert changed(library) == ["create"]
    assert lena("POST", "/records/author", json={"name": "Ana"}, headers=keyed).status_code == 201
