"""The reference of the API says what the code has."""

from __future__ import annotations

import re

from tests.support.project import ROOT
from xrm.api.codes import EDGE_CODES
from xrm.api.problems import STATUS
from xrm.api.routes import ROUTES

PAGE = (ROOT / "docs/reference/http-api.md").read_text()


def test_the_page_names_every_call():
    told = re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `(/[^`]*)` \|", PAGE, re.MULTILINE)
    assert told == [(route.method, route.path) for route in ROUTES]


def test_the_page_explains_every_code_of_the_edge():
    for code, says in EDGE_CODES.items():
        assert f"| {code} | {says} |" in PAGE


def test_the_page_names_the_code_of_every_status():
    told = set(re.findall(r"^\| (\d{3}) \| ([ARH]\d{3}) \|", PAGE, re.MULTILINE))
    own = {(str(status), kind.code) for kind, status in STATUS.items() if kind.code[0] in "AR"}
    assert own <= told
