"""`Idempotency-Key`: a repeated POST is answered as the first one was, and does nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import orjson

from xrm.api.answers import Answer
from xrm.api.call import Call
from xrm.api.codes import unreadable
