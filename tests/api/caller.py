"""Somebody who calls the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API with headers of their own."""

    app: Flask
    headers: dict[str, str]

    def __call__(self, method: str, path: str, **more: Any) -> TestResponse:
        headers = {**self.headers, **more.pop("headers", {})}
        return self.app.test_client(use_cookies=False).open(
            f"/api/v1{path}", method=method, headers=headers, buffered=True, **more
        )
