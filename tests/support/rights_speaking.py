"""Ways to speak of records and to hear what is said: the right to a comment is the right to read its record."""

from __future__ import annotations

from uuid import UUID

from tests.support.rights_ask import MANY_ROWS, Ask, Pair
from tests.support.rights_reference import Person, Record
from tests.support.rights_stage import answered, came_to
from tests.support.rights_world import ME, OTHER
from xrm.engine.records.service import RecordService


def comment_read(ask: Ask) -> Pair:
    """Who said something about the record, in its timeline."""
    record = ask.record

    def got() -> set[str]:
        page = ask.stage.queries.timeline(
            ask.actor, ask.entity, UUID(record["id"]), sources=("comments",), limit=MANY_ROWS
        )
        return {entry["comment"]["author"]["id"] for entry in page.data}

    authors = {str(ask.stage.author(name).id) for name in (ME, OTHER)}
    return ("ok", authors) if ask.person.sees(record) else "absent", answered(got)


def comment_get(ask: Ask) -> Pair:
    """One comment, by its id."""
    record, author = ask.record, _author(ask)
    comment = ask.stage.said[record["id"], author]
    got = answered(
        lambda: ask.stage.queries.comment(ask.actor, ask.entity, UUID(record["id"]), comment)["id"]
    )
    return ("ok", str(comment)) if ask.person.sees(record) else "absent", got


def comment_write(ask: Ask) -> Pair:
    """A comment that names everybody: those are mentioned who may read the record."""
    record, names = ask.record, sorted(ask.stage.people.values())
    text = "Look, " + ", ".join(f"@{name}" for name in names)
    id_ = UUID(record["id"])
    got = answered(
        lambda: (
            came_to(
                lambda around: _service(ask).comment(ask.actor, ask.entity, id_, text, around=around)
            ).mentions
        )
    )
    expected = ask.person.comment(record, ME)
    return ("ok", _readers(ask, record)) if expected == "done" else expected, _named(ask, got)


def comment_mentionable(ask: Ask) -> Pair:
    """Who is offered while a name is typed."""
    record = ask.record
    got = answered(
        lambda: [
            p["id"]
            for p in _service(ask).mentionable(ask.actor, ask.entity, UUID(record["id"]), "kim", MANY_ROWS)
        ]
    )
    return ("ok", _readers(ask, record)) if ask.person.sees(record) else "absent", _named(ask, got)


def comment_edit(ask: Ask) -> Pair:
    """Other words in the place of one's own, or of somebody else's; they are the same words, so nothing changes."""
    record, author = ask.record, _author(ask)
    comment = ask.stage.said[record["id"], author]
    text = "mine" if author == ME else "theirs, @ana"
    got = answered(
        lambda: _service(ask).edit_comment(ask.actor, ask.entity, UUID(record["id"]), comment, text)
    )
    return ask.person.comment(record, author), "done" if isinstance(got, tuple) else got


def comment_delete(ask: Ask) -> Pair:
    """A comment, said for this cell, is taken away."""
    record, author, id_ = ask.record, _author(ask), UUID(ask.record["id"])
    if record["trashed"]:
        comment = ask.stage.said[record["id"], author]
    else:
        comment = ask.stage.say(author, record).id
    got = answered(lambda: _service(ask).delete_comment(ask.actor, ask.entity, id_, comment))
    if not isinstance(got, tuple) and not record["trashed"]:
        _service(ask).delete_comment(ask.stage.author(author), ask.entity, id_, comment)
    return ask.person.comment(record, author), "done" if isinstance(got, tuple) else got


def mention_list(ask: Ask) -> Pair:
    """Where the other one has mentioned the asker, as far as those records are there to be read."""
    found = answered(
        lambda: sorted(
            m["record"] for m in ask.stage.queries.mentions(ask.actor, MANY_ROWS) if m["entity"] == ask.entity
        )
    )
    return ("ok", sorted(r["id"] for r in ask.person.rows(ask.entity))), found


def _author(ask: Ask) -> str:
    return ME if ask.cell.pick % 2 else OTHER


def _service(ask: Ask) -> RecordService:
    return ask.stage.runtime.current().records


def _readers(ask: Ask, record: Record) -> list[str]:
    """Those of the people of the stage who may read the record; whoever has no roles knows nobody's name."""
    if not ask.cell.roles:
        return []
    world = ask.person.world
    seeing = (n for roles, n in ask.stage.people.items() if Person(world, roles, n).sees(record))
    return sorted(seeing)


def _named(ask: Ask, got: object) -> object:
    """The people that an answer tells, by name."""
    if not isinstance(got, tuple):
        return got
    return "ok", sorted(ask.stage.name_of(id_) for id_ in got[1])
