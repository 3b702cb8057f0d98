"""The draft before it is applied: what it changes, the steps that follow, and what stands against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response

from xrm.engine.packs.drafts import Draft, Planned
from xrm.errors import Problem, XrmError
from xrm.metadata.differences import Difference
from xrm.metadata.model import Entity, text_of
from xrm.metadata.positions import Path
from xrm.metadata.words import ABSENT, told
from xrm.ui.admin.bench import REVIEW, Bench, bench_of
from xrm.ui.admin.packs import MARK, MOST_STEPS, problems_card, step_columns, step_row
from xrm.ui.admin.parts import DEFINING, MEMBER, MEMBERS, NEW
from xrm.ui.admin.skin import Area, posted, shown
from xrm.ui.admin.typewords import param_words, type_label
from xrm.ui.admin.words import at, user_named
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.i18n import LANGUAGES
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import DEFINITIONS
from xrm.ui.pages.refusals import status_of
from xrm.ui.pages.visit import Visit

MOST_CHANGES = 200
PARAMS = (
    "max_length",
    "min",
    "max",
    "precision",
    "scale",
    "max_tags",
    "pattern",
    "scope",
    "currency",
    "region",
    "accept",
)


class Review(Area):
    """`/admin/definitions/review`."""

    href = REVIEW

    @shown()
    def index(self, visit: Visit) -> Response:
        """What applying the draft comes to."""
        return _shown(bench_of(visit), None)

    @posted("/apply")
    def apply(self, visit: Visit) -> Response:
        """The draft holds for everybody, as its plan was shown; or it is shown again with what stands against it."""
        try:
            visit.runtime.drafts.apply(visit.actor, visit.form.get(MARK, ""))
        except XrmError as error:
            return _shown(bench_of(visit), error)
        return moved(DEFINITIONS, visit.ui.t("Applied: everybody works with it now"))

    @posted("/discard")
    def discard(self, visit: Visit) -> Response:
        """There is no draft."""
        visit.runtime.drafts.discard(visit.actor)
        return moved(DEFINITIONS, visit.ui.t("Draft discarded"))

    @posted("/renew")
    def renew(self, visit: Visit) -> Response:
        """The draft begins from what holds now, with its own changes."""
        visit.runtime.drafts.renew(visit.actor)
        return moved(REVIEW, visit.ui.t("The draft is up to date"))


def _shown(bench: Bench, error: XrmError | None) -> Response:
    status = status_of(error) if error else 200
    return page(bench.visit, "admin/cards.html", _page(bench, error), status=status, current=DEFINITIONS)


def _page(bench: Bench, error: XrmError | None) -> CardsPage:
    t, draft = bench.visit.ui.t, bench.look.draft
    crumbs = (Link(t("Definitions"), DEFINITIONS, "shapes"),)
    if draft is None:
        note = t("Change a definition, and its plan is shown here.")
        return CardsPage(
            t("Review the draft"), crumbs, (Card(t("There is no draft"), "list-checks", note=note),)
        )
    planned, problems = _planned(bench, error)
    discard = Action(t("Discard the draft"), f"{REVIEW}/discard", "trash-2", post=True)
    actions = (discard, _apply(bench, planned)) if planned else (discard,)
    cards = tuple(_cards(bench, draft, planned, problems))
    return CardsPage(t("Review the draft"), crumbs, cards, _facts(bench, draft), actions=actions)


def _planned(bench: Bench, error: XrmError | None) -> tuple[Planned | None, Sequence[Problem]]:
    told_before = tuple(error.problems) if error else ()
    if bench.look.moved:
        return None, told_before
    try:
        return bench.visit.runtime.drafts.plan(bench.visit.actor), told_before
    except XrmError as refusal:
        return None, tuple(dict.fromkeys((*told_before, *refusal.problems)))


def _facts(bench: Bench, draft: Draft) -> tuple[str, ...]:
    who = user_named(bench.visit, draft.begun_by)
    return (bench.visit.ui.t("A draft by {who} waits to be applied.", who=who),)


def _apply(bench: Bench, planned: Planned) -> Action:
    t, values = bench.visit.ui.t, {MARK: planned.mark}
    if planned.removes:
        said = t("Confirm and apply {count} changes", count=bench.count)
        return Action(said, f"{REVIEW}/apply", "check", danger=True, post=True, values=values)
    said = t("Apply {count} changes", count=bench.count)
    return Action(said, f"{REVIEW}/apply", "check", primary=True, post=True, values=values)


def _cards(
    bench: Bench, draft: Draft, planned: Planned | None, problems: Sequence[Problem]
) -> Iterator[Card]:
    if problems:
        yield problems_card(bench.visit, problems)
    if bench.look.moved:
        yield _moved(bench)
    yield _changes(bench)
    if planned is not None:
        yield _steps(bench, planned)
    yield _about(bench, draft)


def _moved(bench: Bench) -> Card:
    t = bench.visit.ui.t
    rows = tuple(_rows(bench, bench.look.moved))
    renew = Action(t("Bring the draft up to date"), f"{REVIEW}/renew", "refresh-cw", primary=True, post=True)
    table = Table(t("Changed meanwhile"), _columns(bench), rows, Empty(t("Nothing")))
    note = t(
        "Others have changed this since the draft was begun. Up to date, the draft makes its own changes to that."
    )
    return Card(t("Changed meanwhile"), "git-merge", table=table, note=note, actions=(renew,), id="moved")


def _changes(bench: Bench) -> Card:
    t = bench.visit.ui.t
    rows = tuple(_rows(bench, bench.look.changes))[:MOST_CHANGES]
    table = Table(t("What changes"), _columns(bench), rows, Empty(t("Nothing")))
    return Card(t("What changes"), "pencil", table=table, id="changes")


def _columns(bench: Bench) -> tuple[str, ...]:
    t = bench.visit.ui.t
    return t("What"), t("Before"), t("After")


def _rows(bench: Bench, found: Sequence[Difference]) -> Iterator[Row]:
    for difference in found:
        for path, before, after in bench.parts(difference):
            what = Cell(_what(bench, difference, path))
            yield Row((what, _side(bench, path, before), _side(bench, path, after)))


def _what(bench: Bench, one: Difference, path: Path) -> str:
    """What the row is about, from the entity to the key, in the words of the forms."""
    entity = bench.model.entities.get(one.name) or bench.visit.model.entities.get(one.name)
    if one.kind not in ("entity", "extend", "form") or entity is None:
        return " › ".join(filter(None, (one.document, *map(str, path))))
    words = [bench.visit.label(entity)]
    if one.kind == "form":
        words.append(bench.visit.ui.t("Form"))
    elif len(path) >= MEMBER and path[0] in MEMBERS:
        words.append(_member(bench, entity, str(path[1])))
        path = path[MEMBER:]
    known = key_words(bench)
    return " › ".join((*words, *(known.get(str(step), str(step)) for step in path if step not in LANGUAGES)))


def _member(bench: Bench, entity: Entity, name: str) -> str:
    found = entity.fields.get(name) or entity.relationships.get(name)
    return bench.visit.text(found.label, name) if found else name


def _side(bench: Bench, path: Path, value: object) -> Cell:
    if value == ABSENT:
        return Cell(is_plain=True)
    if value is NEW:
        return Cell(bench.visit.ui.t("The entity with all that it has"))
    if isinstance(value, Mapping) and DEFINING & value.keys():
        return Cell(" · ".join(_definition(bench, value)))
    return Cell(_in_words(bench, value))


def _definition(bench: Bench, body: Mapping[str, Any]) -> Iterator[str]:
    """A field or relationship in a few words: its type or where it leads, what it asks for, its options."""
    t = bench.visit.ui.t
    if "type" in body:
        yield type_label(bench.visit, str(body["type"]))
    for target in body.get("to", ()):
        entity = bench.model.entities.get(str(target))
        yield t("to {entity}", entity=bench.visit.plural(entity) if entity else target)
    known = key_words(bench)
    for key, value in body.items():
        if value is True:
            yield known.get(key, key)
        elif key == "options" and isinstance(value, Mapping):
            yield ", ".join(text_of(o.get("label", {}), bench.language, k) for k, o in value.items())
        elif key not in ("type", "to", "label", "help", "inverse", "options"):
            yield f"{known.get(key, key)}: {_in_words(bench, value)}"


def _in_words(bench: Bench, value: object) -> str:
    t = bench.visit.ui.t
    if value is True or value == "true":
        return t("Yes")
    if value is False or value == "false":
        return t("No")
    if isinstance(value, Mapping) and value.keys() <= LANGUAGES.keys():
        return text_of({str(k): str(v) for k, v in value.items()}, bench.language)
    return value if isinstance(value, str) else told(value)


def key_words(bench: Bench) -> Mapping[str, str]:
    """What the keys of definitions are called on the forms."""
    t, visit = bench.visit.ui.t, bench.visit
    return {
        "label": t("Label"), "plural": t("Several"), "icon": t("Icon"), "title": t("Title of a record"),
        "ownership": t("Who a record belongs to"), "required": t("Required"), "unique": t("Unique"),
        "search": t("Found by search"), "help": t("Help"), "default": t("Value of new records"),
        "options": t("Options"), "visible_when": t("Shown where"), "type": t("Type"), "to": t("Leads to"),
        "many": t("Several"), "inverse": t("The other side"), "on_delete": t("When the other record is deleted"),
        "color": t("Colour"), "sections": t("Section"), "rows": t("Rows"),
        **{name: param_words(visit, name, {})[0] for name in PARAMS},
    }  # fmt: skip


def _steps(bench: Bench, planned: Planned) -> Card:
    t, steps = bench.visit.ui.t, planned.proposal.plan.steps
    rows = tuple(step_row(bench.visit, step) for step in steps[:MOST_STEPS])
    said = [t("and {count} more", count=len(steps) - MOST_STEPS)] if len(steps) > MOST_STEPS else []
    if planned.removes:
        said.insert(
            0, t("Something is removed. Applying it confirms that; what is removed is kept for a while.")
        )
    empty = Empty(t("No table changes"), t("Only definitions are new; they work at once."), "shapes")
    table = Table(t("Steps"), step_columns(bench.visit), rows, empty)
    return Card(t("Steps"), "list-checks", table=table, note=" ".join(said), id="plan")


def _about(bench: Bench, draft: Draft) -> Card:
    t = bench.visit.ui.t
    facts = (
        (t("Begun by"), Cell(user_named(bench.visit, draft.begun_by))),
        (t("Begun"), at(draft.begun_at)),
        (t("Changed by"), Cell(user_named(bench.visit, draft.changed_by))),
        (t("Changed"), at(draft.changed_at)),
    )
    return Card(t("Draft"), "file-clock", facts, id="draft")
