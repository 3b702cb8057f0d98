"""Every code that storage raises is explained, and none is explained that it does not raise."""

from __future__ import annotations

import re
from pathlib import Path

from xrm.engine import storage
from xrm.engine.storage.problems import STORAGE_CODES


def test_the_table_of_codes_is_the_code() -> None:
    folder = Path(str(storage.__file__)).parent
    sources = [path.read_text() for path in folder.glob("*.py") if path.name != "problems.py"]
    raised = {code for source in sources for code in re.findall(r'"([CRS]1\d\d)"', source)}
    assert raised == set(STORAGE_CODES)
    assert all(meaning.endswith(".") for meaning in STORAGE_CODES.values())
