"""A body that ends before it is whole: the connection broke, or the limit was passed without a length being said.

The server before us ends such a body like one that is whole, which these requests do as well.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.api.library import Library
from tests.conftest import DATABASES

SCHOOLS = b"name\nOne\nTwo\nThree\n"
CUT = SCHOOLS[:-4]
FILES = ("/imports?entity=school", "/files?name=schools.csv")


@pytest.fixture(params=DATABASES)
def library(request: pytest.FixtureRequest, libraries: Callable[[str], Library]) -> Library:
    """A library on each database in turn, as it was just after the installation."""
    return libraries(request.param)


def sent(library: Library, path: str, body: bytes, length: int | None, **headers: str) -> TestResponse:
    """The answer to a body that ends where it ends, whatever length was said."""
    said: dict[str, Any] = {"CONTENT_LENGTH": str(length)} if length is not None else {}
    if length is None:
        said = {"HTTP_TRANSFER_ENCODING": "chunked"}
    environ = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, **said}
    return library.admin("POST", path, headers=headers, environ_overrides=environ)


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}])
def test_a_file_that_broke_off_on_its_way_is_refused_and_kept_nowhere(
    library: Library, path: str, key: dict[str, str]
) -> None:
    kept = sorted(library.runtime.settings.data.glob("files/*/*/*"))
    got = sent(library, path, CUT, len(SCHOOLS), **{"Content-Type": "text/csv"}, **key)
    assert got.status_code == 400, got.text
    assert library.admin("GET", "/jobs").json["data"] == []
    assert library.admin("GET", "/records/school").json["data"] == []
    assert sorted(library.runtime.settings.data.glob("files/*/*/*")) == kept
    again = library.admin("POST", path, data=SCHOOLS, headers={"Content-Type": "text/csv", **key})
    assert again.status_code in (200, 201), again.text


@pytest.mark.parametrize("path", FILES)
def test_a_file_says_how_long_it_is_so_that_its_end_is_known(library: Library, path: str) -> None:
    got = sent(library, path, SCHOOLS, None, **{"Content-Type": "text/csv"})
    assert (got.status_code, got.json["errors"][0]["code"]) == (411, "H110")
    assert library.admin("GET", "/jobs").json["data"] == []


def test_json_need_not_say_its_length_and_is_bounded_all_the_same(library: Library) -> None:
    most = library.runtime.settings.limits.body_bytes
    json = {"Content-Type": "application/json"}
    whole = sent(library, "/records/school", b'{"name": "One"}', None, **json)
    assert whole.status_code == 201, whole.text
    fits = sent(library, "/records/school", b'{"name": "Two"}'.ljust(most), None, **json)
    assert fits.status_code == 201, fits.text
    over = sent(library, "/records/school", b'{"name": "Three"}'.ljust(most + 1), None, **json)
    assert (over.status_code, over.json["limit"]["name"]) == (413, "body_bytes")
    assert len(library.admin("GET", "/records/school").json["data"]) == 2


def test_a_form_that_broke_off_is_refused_before_anything_is_read_from_it(library: Library) -> None:
    body = b"email=ada%40example.com&password=some"
    environ = {
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(len(body) + 9),
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    got = library.app.test_client().post("/login", environ_overrides=environ)
    assert got.status_code == 400
