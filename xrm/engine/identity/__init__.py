"""People and what proves that a request comes from them: the public names of the package."""

from xrm.engine.identity.service import Identity
from xrm.engine.identity.sessions import Session
from xrm.engine.identity.tokens import NewToken, Token

SESSION_COOKIE = "xrm_session"
CSRF_HEADER = "X-CSRF-Token"

__all__ = ["CSRF_HEADER", "SESSION_COOKIE", "Identity", "NewToken", "Session", "Token"]
