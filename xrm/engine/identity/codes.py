"""The problem codes that only identity gives out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

IDENTITY_CODES: Mapping[str, str] = MappingProxyType(
    {
        "A101": "No valid token, session or password came with the request.",
        "A129": "There were too many attempts to sign in; the answer says when to come back.",
        "A131": "A session cookie, or a form, came without the word that belongs to the session.",
        "A132": "E-mail address or password is wrong, or the account is not active.",
        "A133": "The password is too short, too long or too easy to guess.",
        "A134": "The last administrator would be gone.",
        "A135": "The present password is wrong.",
        "A136": "A business unit would lie below itself.",
        "A138": "Somebody who may not sign in would choose a password.",
        "A139": "A team would hold the role of administrators.",
        "L140": "A user keeps too many records as favourites, or follows too many.",
        "L137": "A user made too many requests in one minute; the answer says when to go on.",
    }
)
