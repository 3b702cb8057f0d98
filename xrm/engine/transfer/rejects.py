"""The refused rows as a file that people mend and import again: the columns as they came, and the reason."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing

from xrm.engine.storage.files import Content, FileStore
from xrm.engine.transfer.formulas import harmless
from xrm.engine.transfer.tally import Refused

REASON = "Reason"


def keep_rejects(store: FileStore, refused: Sequence[Refused], limit: int) -> str:
    """The hash of a file with these rows; empty when there are none."""
    if not refused:
        return ""
    lines = [[*row.row.cells, row.reason] for row in refused]
    return store.put(io.BytesIO(_written(lines)), limit).sha256


def join_rejects(store: FileStore, columns: Sequence[str], parts: Iterable[str], limit: int) -> Content:
    """One file of all parts under their heading."""
    with tempfile.TemporaryFile() as whole:
        whole.write(_written([[*columns, REASON]]))
        for part in parts:
            with closing(store.open(part)) as source:
                shutil.copyfileobj(source, whole)
        whole.seek(0)
        return store.put(whole, limit)


def _written(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue().encode()
