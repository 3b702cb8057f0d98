"""Secrets at rest: texts of `secret` fields are encrypted with a key that is not in the database."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from xrm.errors import Problem, Unavailable

_PURPOSE = b"xrm secret fields 1"


class Seal:
    """Seals and opens texts with a key derived from the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        derived = hashlib.scrypt(secret_key.encode(), salt=_PURPOSE, n=2**12, r=8, p=1, dklen=32)
        self._cipher = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, text: str) -> str:
        """The text in a form that says nothing without the key."""
        return self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text that was sealed; raises Unavailable when the key is another one."""
        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken:
            hint = "Restore XRM_SECRET_KEY as it was when the secret was stored."
            raise Unavailable(Problem("R168", "A stored secret can not be opened.", hint)) from None
