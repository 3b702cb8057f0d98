"""Sharing one record: with whom it is shared, on its page; one more receiver; and the end of a share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from flask import Response

from xrm.engine.queries.request import Query, Sort
from xrm.engine.records.sharing import Share
from xrm.errors import Conflict, Forbidden, Invalid, Place
from xrm.metadata.model import Entity
from xrm.metadata.values import Ref
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, FormPage, Section
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.crumbs import to_record
from xrm.ui.pages.operations import operations
from xrm.ui.pages.refusals import Said, marked, said_of, status_of, summary
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.record_pages import Related, RelatedRow

MOST_OFFERED = 500
TO, LEVEL = "to", "level"
NAMES: Mapping[str, str] = {"operations": LEVEL}
LEVELS: Mapping[str, tuple[str, ...]] = {
    "read": ("read",),
    "update": ("read", "update"),
    "share": ("read", "update", "share"),
}
REFUSALS = (Invalid, Conflict, Forbidden)


def shared_card(visit: Visit, entity: Entity, id_: UUID, *, is_gone: bool) -> Related:
    """With whom the record is shared, for whoever may share it; in the trash shares are only ended."""
    href = f"/r/{entity.name}/{id_}"
    rows = tuple(_row(visit, share, href) for share in visit.records.shares(visit.actor, entity.name, id_))
    add = None if is_gone else Action(visit.ui.t("Share"), f"{href}/share", "plus")
    return Related(
        visit.ui.t("Shared with"),
        "users",
        rows,
        count=str(len(rows)) if rows else "",
        add=add,
        empty=visit.ui.t("With nobody in particular."),
    )


def share(visit: Visit, entity: str, record: str) -> Response:
    """`GET, POST /r/<entity>/<id>/share`: the record is shared with one more user or team."""
    found = visit.entity_to("share", entity)
    id_ = record_id(record)
    visit.records.shares(visit.actor, entity, id_)
    if not visit.is_post or visit.is_again:
        return _asked(visit, found, id_)
    to, _, receiver = visit.chosen(TO).partition(":")
    chosen = LEVELS.get(visit.chosen(LEVEL), ())
    if not receiver:
        said = Said(visit.ui.t("{field} is needed.", field=visit.ui.t("With whom")), TO)
        return _asked(visit, found, id_, [said])
    try:
        visit.records.share(visit.actor, entity, id_, Ref(to, record_id(receiver)), chosen)
    except REFUSALS as error:
        problems = [p.at(Place(path=NAMES.get(p.where.path, p.where.path))) for p in error.problems]
        return _asked(visit, found, id_, said_of(problems, {}, frozenset((TO, LEVEL))), status_of(error))
    return moved(f"/r/{entity}/{id_}", visit.ui.t("Shared"))


def end(visit: Visit, entity: str, record: str, share: str) -> Response:
    """`POST /r/<entity>/<id>/shares/<share>/end`: the share gives nothing any more."""
    visit.records.end_share(visit.actor, visit.entity(entity).name, record_id(record), record_id(share))
    return moved(f"/r/{entity}/{record}", visit.ui.t("The share has ended"))


def _row(visit: Visit, share: Share, href: str) -> RelatedRow:
    return RelatedRow(
        title=share.title or visit.ui.t("A record that you may not read"),
        href=f"/r/{share.to.entity}/{share.to.id}",
        detail=", ".join(_words(visit, share)),
        remove=Action(visit.ui.t("End the share"), f"{href}/shares/{share.id}/end", "x", post=True),
    )


def _words(visit: Visit, share: Share) -> Iterator[str]:
    words = operations(visit)
    return (words.get(operation, operation) for operation in share.operations)


def _receivers(visit: Visit) -> Iterator[Option]:
    """People and teams that this person may know of, without this person."""
    for entity in ("team", "user"):
        if visit.can("read", entity):
            query = Query(entity, fields=(("title",),), sort=(Sort(("title",)),), limit=MOST_OFFERED)
            label = visit.label(visit.model.entities[entity])
            others = (
                r for r in visit.queries.list(visit.actor, query).data if r["id"] != str(visit.actor.id)
            )
            for row in others:
                title = row["title"] if entity == "user" else f"{row['title']} ({label})"
                yield Option(f"{entity}:{row['id']}", str(title))


def _asked(
    visit: Visit, entity: Entity, id_: UUID, said: list[Said] | None = None, status: int = 422
) -> Response:
    t, found = visit.ui.t, said or []
    levels = {"read": t("Read"), "update": t("Read and change"), "share": t("Read, change and share")}
    options = tuple(Option(value, label) for value, label in levels.items())
    level = visit.chosen(LEVEL) or "read"
    fields = (
        Field(
            TO, t("With whom"), "select", visit.chosen(TO), required=True, options=tuple(_receivers(visit))
        ),
        Field(LEVEL, t("What they may do"), "select", level, required=True, options=options),
    )
    href = f"/r/{entity.name}/{id_}"
    shown = visit.queries.get(visit.actor, entity.name, id_, fields=(("title",),))
    model = FormPage(
        title=t("Share"),
        action=visit.path,
        submit=t("Share"),
        cancel_href=href,
        sections=(Section("", tuple(marked(field, found) for field in fields)),),
        crumbs=to_record(visit, entity, id_, shown),
        problems=summary(found),
    )
    return page(visit, "form.html", model, status=status if said else 200, current=entity.name)
