"""What the edge promises whatever the records are: status, problems, tags, repetition, who may come in."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import count

import pytest

from tests.api.caller import Caller
from tests.api.conftest import PASSWORD, an_app
from tests.api.fakes import FakeRuntime
from xrm import errors
from xrm.engine.identity import CSRF_HEADER, SESSION_COOKIE
from xrm.errors import Problem

PROBLEM = Problem("R110", "Must be text.", "Write some.", errors.Place(path="lines[2].text"))
REFUSALS = {
    "unreadable": (errors.Unreadable(PROBLEM), 400, "R101"),
    "not signed in": (errors.NotSignedIn(PROBLEM), 401, "A101"),
    "forbidden": (errors.Forbidden(PROBLEM), 403, "A102"),
    "not found": (errors.NotFound(PROBLEM), 404, "R104"),
    "conflict": (errors.Conflict(PROBLEM), 409, "R109"),
    "stale": (errors.Stale(PROBLEM), 412, "R112"),
    "too large": (errors.TooLarge(PROBLEM, facts={"limit": {"name": "x"}}), 413, "R113"),
    "wrong type": (errors.WrongType(PROBLEM), 415, "R115"),
    "invalid": (errors.Invalid(PROBLEM), 422, "R102"),
    "too many": (errors.TooMany(PROBLEM, facts={"retry_after": 7}), 429, "A129"),
    "unavailable": (errors.Unavailable(PROBLEM, facts={"retry_after": 7}), 503, "R153"),
    "disk full": (errors.Unavailable(PROBLEM, facts={"status": 507}), 507, "R153"),
}


def test_the_detail_is_whole_sentences(api, fake):
    for message in ("An operator is missing", "An operator is missing."):
        fake.store.fault = errors.Invalid(Problem("R106", message, "Write one."))
        assert api("GET", "/records/note").get_json()["detail"] == "An operator is missing. Write one."


@pytest.mark.parametrize(("error", "status", "code"), REFUSALS.values(), ids=REFUSALS)
def test_each_refusal_has_its_status_and_is_problem_json(api, fake, error, status, code):
    fake.store.fault = error
    got = api("GET", "/records/note")
    assert got.status_code == status
    assert got.content_type == "application/problem+json"
    body = got.get_json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/api/v1/problems/{code}")
    assert body["detail"]
    assert body["request_id"] == got.headers["X-Request-Id"]
    if status == 404:
        assert "errors" not in body
    else:
        found = {"path": "lines[2].text", "code": "R110", "message": "Must be text.", "hint": "Write some."}
        assert body["errors"] == [found]
    if status in (429, 503):
        assert got.headers["Retry-After"] == "7"
    if status == 401:
        assert got.headers["WWW-Authenticate"].startswith("Bearer")
    if status == 413:
        assert body["limit"] == {"name": "x"}


def test_a_failure_of_the_program_tells_nothing_but_the_request_id(api, fake):
    fake.store.fault = RuntimeError("secret /etc/passwd SELECT 1")
    api.app.config["PROPAGATE_EXCEPTIONS"] = False
    got = api("GET", "/records/note", headers={"X-Request-Id": "abc-1"})
    assert got.status_code == 500
    assert got.content_type == "application/problem+json"
    assert got.get_json()["request_id"] == "abc-1"
    assert "secret" not in got.text
    assert "Traceback" not in got.text


NOWHERE = {
    "an unknown id": "/records/note/01936b2c-7d3e-7000-8000-000000000001",
    "no id at all": "/records/note/1",
    "an id in another form": "/records/note/01936b2c7d3e70008000000000000001",
    "no such address": "/nothing/here",
    "an unknown entity's page": "/metadata/entities/nothing",
    "a trailing slash": "/records/note/",
    "a NUL": "/records/note/%00",
}


def test_whatever_is_not_there_is_answered_in_one_shape(api):
    bodies = []
    for path in NOWHERE.values():
        got = api("GET", path)
        assert got.status_code == 404, path
        body = got.get_json()
        body.pop("request_id")
        bodies.append(body)
    assert all(body == bodies[0] for body in bodies)


def test_a_wrong_method_says_which_are_right(api):
    got = api("POST", "/search")
    assert got.status_code == 405
    assert got.content_type == "application/problem+json"
    assert "GET" in got.headers["Allow"]


def test_every_answer_is_closed_to_what_it_does_not_need(api):
    for path in ("/records/note", "/nothing/here", "/me"):
        headers = api("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["Vary"] == "Authorization, Cookie"
        assert "Set-Cookie" not in headers


def test_a_request_id_is_taken_over_when_it_is_plain_and_made_otherwise(api):
    assert api("GET", "/me", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    made = api("GET", "/me", headers={"X-Request-Id": "a b<script>"}).headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", made)


def test_the_time_of_each_stage_is_told(api):
    header = api("GET", "/records/note").headers["Server-Timing"]
    assert "run;dur=1.50" in header
    assert {part.partition(";")[0] for part in header.split(", ")} == {"door", "run", "work", "total"}


# --- who may come in --------------------------------------------------------------------------------


def test_without_a_token_nobody_comes_in(api):
    stranger = Caller(api.app, {})
    for headers in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic eA=="},
    ):
        assert stranger("GET", "/me", headers=headers).status_code == 401
        assert stranger("POST", "/records/note", headers=headers, json={"text": "x"}).status_code == 401


def test_a_revoked_token_opens_nothing(api, fake, ana):
    assert api("GET", "/me").get_json()["id"] == str(ana)
    actor = fake.identity.actor(ana, door="api")
    fake.identity.revoke_token(actor, fake.identity.list_tokens(actor)[0].id)
    assert api("GET", "/me").status_code == 401


def a_session(fake: FakeRuntime, app) -> tuple[Caller, str]:
    made = fake.identity.sign_in("ana@iron.example", PASSWORD)
    return Caller(app, {"Cookie": f"{SESSION_COOKIE}={made.token}"}), made.csrf


def test_a_session_counts_only_with_its_csrf_header(api, fake):
    session, csrf = a_session(fake, api.app)
    _, other = a_session(fake, api.app)
    for word in ("", "x", other):
        got = session("GET", "/me", headers={CSRF_HEADER: word})
        assert (got.status_code, got.get_json()["errors"][0]["code"]) == (403, "A131")
    assert session("GET", "/me").status_code == 403
    assert session("GET", "/me", headers={CSRF_HEADER: csrf}).status_code == 200
    assert session("POST", "/records/note", json={"text": "x"}).status_code == 403
    assert (
        session("POST", "/records/note", json={"text": "x"}, headers={CSRF_HEADER: csrf}).status_code == 201
    )
    assert len(fake.store.rows) == 1


def test_a_sign_out_closes_the_api_at_once(api, fake):
    made = fake.identity.sign_in("ana@iron.example", PASSWORD)
    session = Caller(api.app, {"Cookie": f"{SESSION_COOKIE}={made.token}", CSRF_HEADER: made.csrf})
    assert session("GET", "/me").status_code == 200
    fake.identity.sign_out(made.token)
    assert session("GET", "/me").status_code == 401


# --- bodies and parameters --------------------------------------------------------------------------

BAD_BODIES = {
    "not JSON": (b"{", "application/json", 400, "H101"),
    "a list of numbers": (b"[1]", "application/json", 400, "H105"),
    "a number": (b"1", "application/json", 400, "H105"),
    "a key twice": (b'{"a":1,"a":1}', "application/json", 400, "H102"),
    "2^63": (b'{"text": 9223372036854775808}', "application/json", 400, "H103"),
    "nothing": (b"", "application/json", 400, "H101"),
    "a form": (b"text=x", "application/x-www-form-urlencoded", 415, "R115"),
    "text": (b"{}", "text/plain", 415, "R115"),
    "too deep": (b"[" * 100 + b"]" * 100, "application/json", 413, "L102"),
    "too long": (b'"' + b"x" * (8 << 20) + b'"', "application/json", 413, "L101"),
}


@pytest.mark.parametrize(("raw", "media_type", "status", "code"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_cannot_be_taken_is_refused_and_nothing_is_done(api, fake, raw, media_type, status, code):
    got = api("POST", "/records/note", data=raw, content_type=media_type)
    assert (got.status_code, got.get_json()["errors"][0]["code"]) == (status, code)
    assert fake.store.done == []


BAD_PARAMETERS = {
    "unknown": ("GET", "/records/note?colour=red", 422),
    "unknown elsewhere": ("GET", "/search?q=x&colour=red", 400),
    "twice": ("GET", "/search?q=x&q=y", 400),
    "a NUL": ("GET", "/records/note?search=%00", 400),
    "no words": ("GET", "/search", 400),
    "a huge number": ("GET", "/changes?limit=99999999999999999999999", 400),
    "a limit beyond the limit": ("GET", "/records/note?limit=501", 422),
    "a bad mode": ("POST", "/records/note?mode=some", 400),
    "no key to upsert by": ("PUT", "/records/note", 400),
}


@pytest.mark.parametrize(("method", "path", "status"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS)
def test_a_parameter_that_means_nothing_is_refused(api, fake, method, path, status):
    more = {} if method == "GET" else {"json": {"text": "x"}}
    assert api(method, path, **more).status_code == status
    assert fake.store.done == []


BAD_COMMANDS = {
    "no commands": ({}, "commands"),
    "an empty list": ({"commands": []}, "commands"),
    "not a list": ({"commands": {"create": "note"}}, "commands"),
    "not an object": ({"commands": ["create"]}, "commands[0]"),
    "no verb": ({"commands": [{"values": {}}]}, "commands[0]"),
    "two verbs": ({"commands": [{"create": "note", "delete": "note"}]}, "commands[0]"),
    "an unknown key": ({"commands": [{"create": "note", "colour": 1}]}, "commands[0].colour"),
    "values that are none": ({"commands": [{"create": "note", "values": []}]}, "commands[0].values"),
    "no record": ({"commands": [{"delete": "note"}]}, "commands[0]"),
    "two records": ({"commands": [{"delete": "note", "ref": "a", "key": {}}]}, "commands[0]"),
    "an id that is none": ({"commands": [{"delete": "note", "id": "1"}]}, "commands[0].id"),
    "a version that is none": (
        {"commands": [{"delete": "note", "ref": "a", "version": "1"}]},
        "commands[0].version",
    ),
    "a name that is none": ({"commands": [{"create": "note", "name": 1}]}, "commands[0].name"),
    "another key": ({"commands": [{"create": "note"}], "mode": "all"}, "mode"),
}


@pytest.mark.parametrize(("body", "path"), BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_a_batch_that_cannot_be_read_names_the_place(api, fake, body, path):
    got = api("POST", "/batch", json=body)
    assert got.status_code == 400
    assert got.get_json()["errors"][0]["path"] == path
    assert fake.store.done == []


# --- tags -------------------------------------------------------------------------------------------


def a_note(api: Caller) -> str:
    return api("POST", "/records/note", json={"text": "first"}).headers["Location"].removeprefix("/api/v1")


def test_a_created_record_is_answered_with_its_address_and_tag(api):
    got = api("POST", "/records/note", json={"text": "first"})
    assert got.status_code == 201
    assert got.headers["Location"] == f"/api/v1/records/note/{got.get_json()['id']}"
    assert re.fullmatch(r'"1-[0-9a-f]{16}"', got.headers["ETag"])


def test_what_the_caller_holds_is_not_sent_again(api):
    path = a_note(api)
    first = api("GET", path)
    again = api("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    api("PATCH", path, json={"text": "second"})
    assert api("GET", path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_change_based_on_an_old_version_is_refused(api):
    path = a_note(api)
    tag = api("GET", path).headers["ETag"]
    assert api("PATCH", path, json={"text": "b"}, headers={"If-Match": tag}).status_code == 200
    assert api("PATCH", path, json={"text": "c"}, headers={"If-Match": tag}).status_code == 412
    assert api("PATCH", path, json={"text": "c"}, headers={"If-Match": "*"}).status_code == 200
    assert api("PATCH", path, json={"text": "c"}, headers={"If-Match": '"x"'}).status_code == 400


def test_the_tag_of_a_change_is_the_tag_of_the_record(api):
    path = a_note(api)
    changed = api("PATCH", path, json={"text": "second"})
    assert changed.headers["ETag"] == api("GET", path).headers["ETag"]


# --- repetition -------------------------------------------------------------------------------------

KEYED = {"Idempotency-Key": "order-1"}


def test_a_repeated_post_is_answered_alike_and_done_once(api, fake):
    first = api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    again = api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(fake.store.done) == 1


def test_the_same_answer_is_given_after_the_record_has_changed(api, fake):
    first = api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    api("PATCH", first.headers["Location"].removeprefix("/api/v1"), json={"text": "later"})
    assert api("POST", "/records/note", json={"text": "once"}, headers=KEYED).data == first.data


def test_a_key_used_for_another_request_is_refused(api, fake):
    api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    for path, body in (("/records/note", {"text": "twice"}), ("/batch", {"text": "once"})):
        got = api("POST", path, json=body, headers=KEYED)
        assert (got.status_code, got.get_json()["errors"][0]["code"]) == (422, "H107")
    assert len(fake.store.done) == 1


def test_a_refused_request_leaves_its_key_free(api, fake):
    fake.store.fault = errors.Invalid(PROBLEM)
    assert api("POST", "/records/note", json={"text": "once"}, headers=KEYED).status_code == 422
    fake.store.fault = None
    assert api("POST", "/records/note", json={"text": "better"}, headers=KEYED).status_code == 201


def test_a_key_is_forgotten_after_a_day(api, fake):
    api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    fake.world.clock.advance(timedelta(hours=24))
    got = api("POST", "/records/note", json={"text": "another"}, headers=KEYED)
    assert got.status_code == 201
    assert len(fake.store.done) == 2


def test_one_persons_keys_are_not_anothers(api, fake):
    other = fake.identity.people.create_user(
        fake.identity.actor(next(iter(_ids(fake))), door="api"), email="rui@iron.example", name="Rui"
    )
    token = fake.identity.create_token(fake.identity.actor(other, door="api"), "test")
    rui = Caller(api.app, {"Authorization": f"Bearer {token}"})
    api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    rui("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    assert len(fake.store.done) == 2


def _ids(fake: FakeRuntime):
    from xrm.engine.storage.ledger import USER

    with fake.database.read() as unit:
        return unit.execute(USER.select().with_only_columns(USER.c.id)).scalars().all()


def test_work_that_lost_its_answer_is_not_done_again(api, fake, monkeypatch):
    """The process died between the commit and the answer: the key still knows what was done."""
    api.app.config["PROPAGATE_EXCEPTIONS"] = False
    honest = fake.store.get
    monkeypatch.setattr(fake.store, "get", lambda *a, **k: 1 / 0)
    assert api("POST", "/records/note", json={"text": "once"}, headers=KEYED).status_code == 500
    monkeypatch.setattr(fake.store, "get", honest)

    soon = api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    assert (soon.status_code, soon.get_json()["errors"][0]["code"]) == (409, "H108")
    assert soon.headers["Retry-After"] == "1"
    fake.world.clock.advance(timedelta(minutes=1))
    later = api("POST", "/records/note", json={"text": "once"}, headers=KEYED)
    assert later.status_code == 200
    assert later.get_json()["data"][0]["id"] == str(next(iter(fake.store.rows)))
    assert len(fake.store.done) == 1


@pytest.mark.parametrize("key", ["a b", "x" * 201, "é"], ids=["space", "long", "accent"])
def test_a_key_that_cannot_be_read_is_refused(api, fake, key):
    got = api(
        "POST",
        "/records/note",
        json={"text": "x"},
        headers={"Idempotency-Key": key.encode().decode("latin-1")},
    )
    assert got.status_code == 400
    assert fake.store.done == []


# --- health -----------------------------------------------------------------------------------------


def test_health_says_whether_the_process_lives_and_whether_it_can_serve(api, fake):
    client = api.app.test_client()
    assert client.get("/health/live").get_json() == {"status": "live"}
    assert client.get("/health/ready").get_json() == {"status": "ready"}
    fault = errors.Unavailable(Problem("R153", "The database is away."), facts={"retry_after": 2})
    fault.everywhere = True
    fake.store.fault = fault
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


def test_figures_need_their_own_token(api, fake):
    client = api.app.test_client()
    api("GET", "/records/note")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=api.headers).status_code == 401
    got = client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 40}"})
    assert got.status_code == 200
    assert 'route="/api/v1/records/<entity>",status="200"' in got.text


def test_without_a_token_for_them_there_are_no_figures(fake):
    client = an_app(fake.with_settings(metrics_token="")).test_client()
    assert client.get("/metrics").status_code == 404


def test_the_figures_hold_the_time_of_a_request_that_failed(api, fake, monkeypatch):
    """The clock of the figures goes on by 100 seconds whenever it is looked at."""
    ticks = count(0, 100)
    for module in ("direct", "health"):
        monkeypatch.setattr(f"xrm.api.{module}.perf_counter", lambda: float(next(ticks)))
    api.app.config["PROPAGATE_EXCEPTIONS"] = False
    fake.store.fault = RuntimeError("broken")
    assert api("GET", "/records/note").status_code == 500
    got = api.app.test_client().get("/metrics", headers={"Authorization": f"Bearer {'m' * 40}"})
    assert 'xrm_requests_total{method="GET",route="/api/v1/records/<entity>",status="500"} 1.0' in got.text
    (spent,) = re.findall(r'seconds_sum{method="GET",route="/api/v1/records/<entity>"} (.*)', got.text)
    assert float(spent) >= 100
