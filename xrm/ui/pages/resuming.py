"""What was typed when the session ended: it goes through the sign-in page and comes back as it was.

Nothing of it is kept here. Every form carries a mark of its person. A form that comes without a session goes
back to its browser inside the sign-in page; after signing in the same person gets it posted once more, and
since it does not belong to the new session it is shown and not saved. A draft that the browser has kept comes the
same way: it says that it is one, and `STAMP` says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flask import request

from xrm.ui.pages.addresses import is_local

if TYPE_CHECKING:
    from xrm.engine.runtime import Runtime

MARK, TOKEN = "_by", "csrf_token"
DRAFT, STAMP = "_draft", "_at"
LONGEST_STAMP = 40
KEPT, AGAIN = "kept.", "again"

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that waits for its person: where it goes and what it holds."""

    action: str = ""
    pairs: Pairs = ()


NOTHING = Typed()


def draft_in(form: Mapping[str, str]) -> str:
    """Which draft of the browser the form that was posted shows; empty if none."""
    return form.get(STAMP, "")[:LONGEST_STAMP]


def from_request(runtime: Runtime) -> Typed:
    """The form that was posted without a session, or nothing if it is not one of our people's."""
    pairs = tuple((name, value) for name, value in _posted() if name != TOKEN)
    return _of(runtime, request.full_path.rstrip("?"), pairs)


def from_card(runtime: Runtime) -> Typed:
    """The form that the sign-in page carried."""
    pairs = tuple((n.removeprefix(KEPT), value) for n, value in _posted() if n.startswith(KEPT))
    return _of(runtime, request.form.get(AGAIN, ""), pairs)


def is_of(runtime: Runtime, typed: Typed, user: UUID) -> bool:
    """Whether the form is this person's."""
    return runtime.identity.person_marked(dict(typed.pairs).get(MARK, "")) == user


def _of(runtime: Runtime, action: str, pairs: Pairs) -> Typed:
    is_ours = runtime.identity.person_marked(dict(pairs).get(MARK, "")) is not None
    return Typed(action, pairs) if is_ours and is_local(action) else Typed()


def _posted() -> Iterable[tuple[str, str]]:
    return request.form.items(multi=True)
