"""Every code of installing is listed, and every listed one is given out."""

import re

from tests.support.project import ROOT
from xrm.engine.packs import INSTALLATION_CODES


def test_the_codes_that_are_listed_are_those_that_are_given_out():
    files = [f for part in ("metadata", "engine", "cli", "ui") for f in (ROOT / "xrm" / part).rglob("*.py")]
    sources = [file.read_text() for file in files if file.name != "codes.py"]
    assert {code for text in sources for code in re.findall(r'"(P1\d\d)"', text)} == set(INSTALLATION_CODES)
