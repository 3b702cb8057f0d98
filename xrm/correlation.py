"""The id by which one request is known: in its answer, in the log, and to whoever asks about it."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_KNOWN_AS = "xrm.request_id"


def request_id(environ: MutableMapping[str, Any], new_id: Callable[[], object]) -> str:
    """The caller's own id if it is plain, else a new one; the same for whoever asks about this request again."""
    if _KNOWN_AS not in environ:
        stated = str(environ.get("HTTP_X_REQUEST_ID", ""))
        environ[_KNOWN_AS] = stated if _PLAIN.match(stated) else str(new_id())
    return str(environ[_KNOWN_AS])
