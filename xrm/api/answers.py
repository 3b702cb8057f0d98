"""What a handler gives back: status, bytes and headers, ready to be sent, or kept and sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer without the framework around it.

    A large one comes in `pieces` instead of a body; `close` is called when they have been sent, or not.
    `kept` is what an idempotency key remembers in place of a body that holds a secret.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON
    pieces: Iterator[bytes] | None = None
    close: Callable[[], None] | None = None
    kept: bytes | None = None

    def with_headers(self, **headers: str) -> Answer:
        """The same answer with these headers too; underscores in names stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})

    @property
    def etag(self) -> str:
        """Its entity tag, or nothing."""
        return self.headers.get("ETag", "")


def answer(value: Any, status: int = 200) -> Answer:
    """The JSON answer that says `value`."""
    return Answer(status, _json(value))


def tagged(value: Any, version: object, status: int = 200) -> Answer:
    """The same with an ETag: the version, and a digest of exactly what this caller sees."""
    body = _json(value)
    digest = hashlib.blake2b(body, digest_size=8).hexdigest()
    return Answer(status, body, {"ETag": f'"{version}-{digest}"'})


def _json(value: Any) -> bytes:
    """The value as JSON, instants with Z like those of records."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def nothing() -> Answer:
    """Done, and there is nothing to say (204)."""
    return Answer(204)


def is_current(answer: Answer, if_none_match: str) -> bool:
    """Whether the caller already holds this answer."""
    if not answer.etag or not if_none_match:
        return False
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in held or answer.etag in held
