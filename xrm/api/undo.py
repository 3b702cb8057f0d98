"""`POST /changes/{position}/undo`: what one did is taken back, whole."""

from __future__ import annotations

from xrm.api.answers import Answer, answer
from xrm.api.call import Call
from xrm.api.records import told


def undo(call: Call, position: str) -> Answer:
    """The act to which the change belongs is reversed; `undo` is the place of what did it, to be undone too."""
    call.allow_only()
    call.say_nothing()
    outcome = call.undo(position)
    done = [told(result) for result in outcome.results]
    return answer({"data": done, "undo": call.snapshot.records.place_of(outcome) or None})
