"""Secrets at rest: texts of `secret` fields are encrypted with a key that is not in the database."""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

from xrm.errors import Problem, Unavailable

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_PURPOSE = b"xrm secret fields 1"


class Seal:
    """Seals and opens texts with a key derived from the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key

    def seal(self, text: str) -> str:
        """The text in a form that says nothing without the key."""
        return self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed; raises Unavailable when the key is another one."""
        from cryptography.fernet import InvalidToken

        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken:
            hint = "Restore XRM_SECRET_KEY as it was when the secret was stored."
            raise Unavailable(Problem("R168", "A stored secret can not be opened.", hint)) from None

    @cached_property
    def _cipher(self) -> Fernet:
        # Most installations seal nothing, so neither the library nor the key is had before it is needed.
        from cryptography.fernet import Fernet

        derived = hashlib.scrypt(self._secret_key.encode(), salt=_PURPOSE, n=2**12, r=8, p=1, dklen=32)
        return Fernet(base64.urlsafe_b64encode(derived))
