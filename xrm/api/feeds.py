"""Handlers that look across entities: the change feed and the search."""

from __future__ import annotations

from xrm.api.answers import Answer, answer, tagged
from xrm.api.call import Call
from xrm.api.codes import over, unreadable

MOST_FOUND = 100


def changes(call: Call) -> Answer:
    """`GET /changes?since=`: what happened after it, oldest first; `next` resumes, and never skips."""
    call.allow_only("since", "limit")
    limit = call.number("limit", 100, call.limits.page_rows)
    page = call.snapshot.queries.changes(call.actor, call.param("since"), limit)
    return answer({"data": page.data, "next": page.next})


def search(call: Call) -> Answer:
    """`GET /search?q=`: the best records of all entities that the caller may read, with highlights."""
    call.allow_only("q", "entity", "limit")
    asked = call.param("q").strip()
    if not asked:
        raise unreadable("R105", "q is missing.", "Give the words to look for: ?q=oliveira.", "q")
    if len(asked) > call.limits.search_length:
        raise over(call.limits, "search_length")
    limit = call.number("limit", 20, MOST_FOUND)
    entities = tuple(map(call.former.entity, call.params.get("entity", ())))
    return tagged(
        {"data": call.snapshot.queries.search(call.actor, asked, entities=entities, limit=limit)}, 0
    )
