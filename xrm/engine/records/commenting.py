"""Comments: plain words about one record, written by whoever may read it and read by nobody else.

The right to a comment is the right to read its record, asked anew each time; only its author changes or removes
it. The change log says that there was a comment, never its words, so a comment that is removed is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from xrm.engine.commands import Change
from xrm.engine.records.batch import Setting
from xrm.engine.records.mentions import InPlaceOf, mentioned
from xrm.engine.records.permits import passing
from xrm.engine.records.targets import absent
from xrm.engine.records.writer import Writer
from xrm.engine.storage.ledger import COMMENT, MENTION
from xrm.errors import Forbidden, Invalid, NotFound, Place, Problem
from xrm.metadata.fieldtypes.base import BadValue
from xrm.metadata.fieldtypes.text import area

COMMENT_LENGTH = 10_000
WRITTEN, EDITED, REMOVED = "comment", "comment_edit", "comment_delete"
_TEXT = Place(path="text")


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a record, and whom they meant by `@name`."""

    id: UUID
    author: UUID
    text: str
    created_at: datetime
    edited_at: datetime | None
    mentions: tuple[UUID, ...] = ()


def write_comment(setting: Setting, writer: Writer, record: UUID, text: str, of: InPlaceOf) -> Comment:
    """The comment stands on the record; raises NotFound for a record that the actor may not read."""
    stored = _demand(setting, writer, record)
    made = Comment(setting.world.new_id(), setting.actor.id, _checked(text), setting.now, None)
    values = {"id": made.id, "author": made.author, "text": made.text, "created_at": made.created_at}
    row = {**values, "entity": writer.number, "record": record}
    setting.unit.execute(sa.insert(COMMENT), row)
    _log(setting, writer, stored, WRITTEN)
    return _with_mentions(setting, writer, record, made, of)


def edit_comment(
    setting: Setting, writer: Writer, record: UUID, comment: UUID, text: str, of: InPlaceOf
) -> Comment:
    """The comment says this now; raises Forbidden when it is somebody else's."""
    stored = _demand(setting, writer, record)
    edited = replace(_own(setting, record, comment), text=_checked(text), edited_at=setting.now)
    changed = {"text": edited.text, "edited_at": edited.edited_at}
    setting.unit.execute(sa.update(COMMENT).where(COMMENT.c.id == comment).values(changed))
    setting.unit.execute(sa.delete(MENTION).where(MENTION.c.comment == comment))
    _log(setting, writer, stored, EDITED)
    return _with_mentions(setting, writer, record, edited, of)


def delete_comment(setting: Setting, writer: Writer, record: UUID, comment: UUID) -> None:
    """The comment and its words are gone; raises Forbidden when it is somebody else's."""
    stored = _demand(setting, writer, record)
    _own(setting, record, comment)
    setting.unit.execute(sa.delete(MENTION).where(MENTION.c.comment == comment))
    setting.unit.execute(sa.delete(COMMENT).where(COMMENT.c.id == comment))
    _log(setting, writer, stored, REMOVED)


def _demand(setting: Setting, writer: Writer, record: UUID) -> Mapping[str, Any]:
    """The live record, as it is stored, which the actor may read."""
    if writer.entity.is_engine:
        raise Forbidden(Problem("A102", "People, teams and units take no comments.", "", Place(path="id")))
    stored = writer.load(setting.unit, [record]).get(record)
    if stored is None or stored["deleted_at"] or not passing(setting, writer, "read", [record]):
        raise absent(writer, Place(path="id"))
    return stored


def _own(setting: Setting, record: UUID, comment: UUID) -> Comment:
    """The comment on this record, which is the actor's own."""
    facts = (COMMENT.c.id, COMMENT.c.author, COMMENT.c.text, COMMENT.c.created_at, COMMENT.c.edited_at)
    wanted = sa.select(*facts).where(COMMENT.c.id == comment, COMMENT.c.record == record)
    row = setting.unit.execute(wanted).mappings().one_or_none()
    if row is None:
        raise NotFound(Problem("R104", "There is no such comment.", "", Place(path="comment")))
    if row["author"] != setting.actor.id:
        message = "Only its author changes or removes a comment."
        raise Forbidden(Problem("A102", message, "Write one of your own.", Place(path="comment")))
    return Comment(**row)


def _checked(text: str) -> str:
    try:
        found = area(text.strip(), COMMENT_LENGTH, "Called back, all is well.")
    except BadValue as error:
        raise Invalid(error.problem.at(_TEXT)) from None
    if found is None:
        raise Invalid(Problem("R130", "The comment is empty.", "Write what others should know.", _TEXT))
    return found


def _with_mentions(
    setting: Setting, writer: Writer, record: UUID, comment: Comment, of: InPlaceOf
) -> Comment:
    users: Sequence[UUID] = mentioned(setting, writer, record, comment.text, of)
    if users:
        setting.unit.execute(sa.insert(MENTION), [{"comment": comment.id, "user": u} for u in users])
    return replace(comment, mentions=tuple(users))


def _log(setting: Setting, writer: Writer, stored: Mapping[str, Any], operation: str) -> None:
    change = Change(
        entity=writer.entity.name,
        record=stored["id"],
        version=stored["version"],
        operation=operation,
        before={},
        after={},
        at=setting.now,
        title=stored["title"],
    )
    setting.log.append(setting.unit, setting.actor, [change])
