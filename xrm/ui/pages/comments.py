"""Comments on a record: written, changed and removed by plain posting, and people offered for a mention."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from xrm.engine.queries.request import Trash
from xrm.engine.records.commenting import COMMENT_LENGTH
from xrm.errors import Invalid, NotFound, Problem, XrmError
from xrm.metadata.model import Entity
from xrm.ui.fields.view import Field
from xrm.ui.models import FormPage, Offer, Section
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.crumbs import to_record
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary
from xrm.ui.pages.visit import Visit, record_id

TEXT = "text"
OFFERS, LONGEST = 6, 60


def write(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/comments`: one more comment stands on the record."""
    found, id_ = visit.entity(entity), record_id(record)
    t = visit.ui.t
    if not visit.is_post or visit.is_again:
        return _asked(visit, found, id_, t("Comment"), t("Add comment"), visit.form.get(TEXT, ""))
    try:
        made = visit.records.comment(visit.actor, entity, id_, visit.form.get(TEXT, ""))
    except Invalid as error:
        return _asked(visit, found, id_, t("Comment"), t("Add comment"), visit.form.get(TEXT, ""), error)
    return moved(f"/r/{entity}/{id_}#c-{made.id}", t("Comment added"))


def edit(visit: Visit, entity: str, record: str, comment: str) -> Response:
    """`GET, POST /r/<entity>/<id>/comments/<comment>/edit`: one's own comment says something else."""
    found, id_, known = visit.entity(entity), record_id(record), record_id(comment)
    t = visit.ui.t
    title, submit = t("Edit the comment"), t("Save comment")
    if not visit.is_post or visit.is_again:
        return _asked(
            visit, found, id_, title, submit, visit.form.get(TEXT) or _text(visit, found, id_, known)
        )
    try:
        visit.records.edit_comment(visit.actor, entity, id_, known, visit.form.get(TEXT, ""))
    except Invalid as error:
        return _asked(visit, found, id_, title, submit, visit.form.get(TEXT, ""), error)
    return moved(f"/r/{entity}/{id_}#c-{known}", t("Comment saved"))


def delete(visit: Visit, entity: str, record: str, comment: str) -> Response:
    """`POST /r/<entity>/<id>/comments/<comment>/delete`: one's own comment is gone."""
    visit.records.delete_comment(
        visit.actor, visit.entity(entity).name, record_id(record), record_id(comment)
    )
    return moved(f"/r/{entity}/{record}", visit.ui.t("Comment removed"))


def people(visit: Visit, entity: str, record: str) -> Response:
    """`GET /r/<entity>/<id>/people?q=`: people who may read the record, for a mention."""
    found = visit.entity(entity)
    begin = visit.arg("q")[:LONGEST]
    rows = visit.records.mentionable(visit.actor, found.name, record_id(record), begin, OFFERS)
    names = [str(row["title"]) for row in rows]
    offers = [
        Offer(
            str(row["email"] if names.count(str(row["title"])) > 1 and row["email"] else row["title"]),
            str(row["title"]),
            str(row["email"]),
            "user",
        )
        for row in rows
    ]
    return part(visit, "_options.html", offers=offers)


def _text(visit: Visit, entity: Entity, id_: UUID, comment: UUID) -> str:
    """The comment's words as they are; raises NotFound when there is no such comment of this person's."""
    found = visit.queries.comment(visit.actor, entity.name, id_, comment)
    if found["author"]["id"] != str(visit.actor.id):
        raise NotFound(Problem("R104", "There is no such page for you."))
    return str(found["text"])


def _asked(
    visit: Visit,
    entity: Entity,
    id_: UUID,
    title: str,
    submit: str,
    text: str,
    refusal: XrmError | None = None,
) -> Response:
    shown = visit.queries.get(visit.actor, entity.name, id_, fields=(("title",),), trash=Trash.LIVE)
    said: list[Said] = said_of(refusal.problems, {}, frozenset((TEXT,))) if refusal else []
    help_ = visit.ui.t("Whoever may read this record can comment on it. Type @ to mention somebody.")
    field = Field(
        TEXT, visit.ui.t("Comment"), "area", text, required=True, help=help_, max_length=COMMENT_LENGTH
    )
    href = f"/r/{entity.name}/{id_}"
    model = FormPage(
        title=title,
        action=visit.path,
        submit=submit,
        cancel_href=href,
        sections=(Section("", (marked(field, said),)),),
        crumbs=to_record(visit, entity, id_, shown),
        problems=summary(said),
    )
    return page(visit, "form.html", model, status=status_of(refusal) if refusal else 200, current=entity.name)
