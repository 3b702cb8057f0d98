"""`GET .../timeline`: what was changed on a record, said about it and done about it, in one order."""

from __future__ import annotations

from collections.abc import Sequence

from xrm.api.answers import Answer, tagged
from xrm.api.call import Call, record_id
from xrm.api.codes import unreadable
from xrm.api.records import page_body
from xrm.engine.queries.timelines import SOURCES


def timeline(call: Call, entity: str, record: str) -> Answer:
    """Newest first: a change has `kind` change, a comment comment, an activity the name of its entity."""
    call.allow_only("limit", "cursor", "only")
    page = call.snapshot.queries.timeline(
        call.actor,
        entity,
        record_id(record),
        sources=_sources(call.param("only")),
        limit=call.number("limit", 50, call.limits.page_rows),
        after=call.param("cursor"),
    )
    return tagged(page_body(page), 0)


def _sources(text: str) -> Sequence[str]:
    """What the caller wants to see of the timeline; all of it unless they say."""
    wanted = [name.strip() for name in text.split(",")] if text else list(SOURCES)
    unknown = [name for name in wanted if name not in SOURCES]
    if unknown:
        hint = f"Give some of {', '.join(SOURCES)}."
        raise unreadable("R106", f"only names {unknown[0][:60]!r}.", hint, "only")
    return wanted
