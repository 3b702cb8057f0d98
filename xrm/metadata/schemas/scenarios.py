"""The shape of scenarios: what is given, what happens, and what must be so then."""

from __future__ import annotations

from xrm.metadata.names import MAX_ENTITY
from xrm.metadata.schemas.words import Schema, by_name, closed, expression, items, name, one_or_more, text

CODE_PATTERN = "^[A-Z][0-9]{3}$"
_VALUES: Schema = {
    "type": "object",
    "description": "Values by field; a record or a person of the scenario is {ref: name}, a file with some text "
    "{file: name.txt}.",
}
_WHO = name("Who does it: one of the people. Absent: an administrator.")
_REFUSED: Schema = {
    "type": "string",
    "pattern": CODE_PATTERN,
    "description": "The code with which it must be refused, as in A102; absent, it must be done.",
}
_ACTS: dict[str, Schema] = {
    "create": name("Make a record of this entity.", MAX_ENTITY),
    "name": name("With create: how the scenario calls the record from here on."),
    "update": name("Change this record."),
    "transition": name("Take this step of the life cycle of the record under `of`."),
    "of": name("With transition: the record."),
    "delete": name("Move this record to the trash."),
    "restore": name("Bring this record back from the trash."),
    "link": name("Connect this record with the one under `to`, along `along`."),
    "to": name("With link: the record at the other end."),
    "along": name("With link: the relationship."),
    "advance": text("Let this much time pass, as in 3 days or 90min."),
    "values": _VALUES,
    "reason": text("With transition: the reason."),
    "as": _WHO,
}
_GIVEN: Schema = closed("One step, which must be done.", _ACTS)
_WHEN: Schema = closed("One step.", {**_ACTS, "refused": _REFUSED})
_THEN: Schema = closed(
    "Something that must be so, or an attempt that must be refused or done.",
    {
        **_ACTS,
        "refused": _REFUSED,
        "expect": expression("What must hold of one record, which stands before a dot, as in deal.state."),
        "read": name("Read this record."),
        "count": name("Count the records of this entity.", MAX_ENTITY),
        "where": expression("With count: which records."),
        "is": {"type": "integer", "minimum": 0, "description": "With count: how many there must be."},
    },
)

SCENARIO: Schema = closed(
    "A test of a pack: run on an empty copy of its tables, at an instant of its own.",
    {
        "scenario": text("What it shows, in a sentence."),
        "at": text("When it begins, as in 2026-05-15T16:00Z; absent, at noon of 15 June 2026, UTC."),
        "people": by_name(
            "Who acts in it, each with the roles held.", one_or_more("Roles.", name("A role."))
        ),
        "given": items("What was done before, in order.", _GIVEN),
        "when": items("What happens, in order.", _WHEN),
        "then": items("What must be so after that, in order.", _THEN, minItems=1),
    },
    ("scenario", "then"),
)
