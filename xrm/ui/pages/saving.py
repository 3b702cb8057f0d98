"""Views that people save: what is looked at becomes a view of one's own or for others, and is changed or removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask import Response

from xrm.engine.views import ALL, ME, ROLE, TOTALS, Asked, SavedView, Wanted
from xrm.errors import Conflict, Forbidden, Invalid, Place, Problem, TooLarge, XrmError
from xrm.metadata.expressions import Unparsable
from xrm.metadata.expressions.writing import conjunction, conjuncts
from xrm.metadata.model import BOARD, Entity, View
from xrm.ui.fields.view import Field, Option
from xrm.ui.models import Action, FormPage, Link, Section
from xrm.ui.pages.addresses import is_local
from xrm.ui.pages.answers import moved, page, part
from xrm.ui.pages.asking import texts_of
from xrm.ui.pages.filters import tests_of
from xrm.ui.pages.listing import ListState, Look, look_at
from xrm.ui.pages.refusals import marked, said_of, status_of, summary
from xrm.ui.pages.visit import Visit, record_id
from xrm.ui.views import Unsaved

REFUSALS = (Invalid, Conflict, Forbidden, TooLarge)
NAME, SCOPE, FIRST = "name", "scope", "first"
SHEET = "sheet"  # the dialog of a list page that shows these forms


# --- what is looked at, as a view -----------------------------------------------------------------------


def asked_of(visit: Visit, look: Look) -> Asked:
    """All that is looked at, so that it stands by itself; raises Invalid or Unparsable for what cannot be asked."""
    return _asked(visit, look.entity, look.view, look.base, look.state, look.paths)


def _asked(
    visit: Visit,
    entity: Entity,
    view: View | None,
    base: View | None,
    state: ListState,
    paths: Sequence[str] = (),
) -> Asked:
    filters = [view.filter.text] if view and view.filter else []
    texts = texts_of(visit, entity, [*filters, state.filter], tests_of(visit, entity, state.pairs))
    order = [f"{'-' if down else ''}{path}" for path, down in view.sort] if view else []
    params = view.params if view else {}
    return Asked(
        base=base.name if base else "",
        type=view.type if view else "",
        group=str(params["group_by"]) if view and view.type == BOARD else "",
        fields=tuple(paths or params.get("card", ()) or (view.columns if view else ())),
        filter=conjunction(texts),
        search=state.search,
        sort=state.sorts or tuple(order),
        totals=state.totals if state.totals in TOTALS else "",
    )


def unsaved_of(visit: Visit, look: Look) -> Unsaved | None:
    """What may be done with the look, if it differs from the chosen view."""
    if not look.is_said or not _is_changed(visit, look):
        return None
    t = visit.ui.t
    scopes = [(ME, t("Save for me…"))]
    if visit.snapshot.views.may_publish(visit.actor, look.entity.name):
        scopes.append((ALL, t("Save for all…")))
    links = tuple(
        Link(label, look.state.address(below="/views/new", more=((SCOPE, scope),))) for scope, label in scopes
    )
    save = None
    if look.saved is not None and look.saved.may_change:
        href = look.state.address(below=f"/views/{look.saved.id}/save")
        save = Action(t("Save changes"), href, primary=True, post=True)
    return Unsaved(look.chosen.address(), save, links)


def view_actions(visit: Visit, look: Look) -> tuple[Action, ...]:
    """What may be done with the chosen view itself."""
    if visit.fragment or look.base is None:
        return ()
    t, views = visit.ui.t, f"/r/{look.entity.name}/views"
    name = str(look.saved.id) if look.saved else look.base.name
    is_first = look.shelf.first == name
    label = t("Begin as everybody does") if is_first else t("Begin with this view")
    values = {"view": "" if is_first else name, "to": look.chosen.address()}
    found = [Action(label, f"{views}/first", "bookmark", post=True, values=values)]
    if look.saved is not None and look.saved.may_change:
        one = f"{views}/{look.saved.id}"
        found.append(Action(t("Change the view…"), f"{one}/edit", "pencil"))
        found.append(Action(t("Delete the view…"), f"{one}/delete", "trash-2"))
    return tuple(found)


def _is_changed(visit: Visit, look: Look) -> bool:
    try:
        now = asked_of(visit, look)
        if look.saved is not None:
            before = look.saved.asked
        else:
            before = _asked(visit, look.entity, look.base, look.base, look.chosen)
    except (Invalid, Unparsable):
        return False
    return _key(now, before) != _key(before, before)


def _key(asked: Asked, before: Asked) -> tuple[Any, ...]:
    """What is compared: words that one searches for make no other view, unless they are part of the saved one."""
    bare = replace(asked, base="", filter="", search=asked.search if before.search else "")
    return (bare, frozenset(part for text in conjuncts(asked.filter) for part in conjuncts(text)))


# --- forms ------------------------------------------------------------------------------------------------


def new(visit: Visit, entity: str) -> Response:
    """`GET, POST /r/<entity>/views/new?<state of the list>`: what is looked at is saved under a name."""
    look = look_at(visit, visit.entity(entity))
    if not visit.is_post or visit.is_again:
        return _form(visit, look.entity, _new_form(visit, look.entity))
    views = visit.snapshot.views
    try:
        made = views.create(visit.actor, entity, _wanted(visit, _asked_here(visit, look)))
    except REFUSALS as error:
        return _form(visit, look.entity, _new_form(visit, look.entity), error)
    if visit.chosen(FIRST) == "true":
        views.begin_with(visit.actor, entity, str(made.id))
    return moved(_address(made), visit.ui.t("Saved as {name}", name=made.name))


def save(visit: Visit, entity: str, view: str) -> Response:
    """`POST /r/<entity>/views/<id>/save?<state of the list>`: the view is now what is looked at."""
    look, id_ = look_at(visit, visit.entity(entity)), record_id(view)
    known = visit.snapshot.views.view(visit.actor, entity, id_)
    wanted = Wanted(known.name, _asked_here(visit, look), known.scope, known.role)
    made = visit.snapshot.views.change(visit.actor, entity, id_, wanted)
    return moved(_address(made), visit.ui.t("Saved as {name}", name=made.name))


def edit(visit: Visit, entity: str, view: str) -> Response:
    """`GET, POST /r/<entity>/views/<id>/edit`: the view is called otherwise, or is for others."""
    found, id_ = visit.entity(entity), record_id(view)
    known = visit.snapshot.views.view(visit.actor, entity, id_)
    if not visit.is_post or visit.is_again:
        return _form(visit, found, _edit_form(visit, found, known))
    try:
        made = visit.snapshot.views.change(visit.actor, entity, id_, _wanted(visit, known.asked, known))
    except REFUSALS as error:
        return _form(visit, found, _edit_form(visit, found, known), error)
    return moved(_address(made), visit.ui.t("Saved as {name}", name=made.name))


def delete(visit: Visit, entity: str, view: str) -> Response:
    """`GET, POST /r/<entity>/views/<id>/delete`: the view is gone, for everybody who had it."""
    found, id_ = visit.entity(entity), record_id(view)
    known = visit.snapshot.views.view(visit.actor, entity, id_)
    if not visit.is_post or visit.is_again:
        return _form(visit, found, _delete_form(visit, found, known))
    visit.snapshot.views.delete(visit.actor, entity, id_)
    return moved(f"/r/{entity}", visit.ui.t("The view {name} is gone", name=known.name))


def begin(visit: Visit, entity: str) -> Response:
    """`POST /r/<entity>/views/first`: this person begins at the entity with the view that is named."""
    view = visit.form.get("view", "")
    visit.snapshot.views.begin_with(visit.actor, visit.entity(entity).name, view)
    said = visit.ui.t("You begin with this view") if view else visit.ui.t("You begin as everybody does")
    return moved(visit.form.get("to", "") if _is_here(visit, entity) else f"/r/{entity}", said)


def _is_here(visit: Visit, entity: str) -> bool:
    """Whether the form names a list of this entity to go back to."""
    to = visit.form.get("to", "")
    return is_local(to) and to.partition("?")[0] == f"/r/{entity}"


def _asked_here(visit: Visit, look: Look) -> Asked:
    try:
        return asked_of(visit, look)
    except Unparsable as stop:
        raise Invalid(Problem(stop.code, stop.message, stop.hint, Place(path="filter"))) from None


def _address(view: SavedView) -> str:
    return f"/r/{view.entity}?view={view.id}"


def _wanted(visit: Visit, asked: Asked, known: SavedView | None = None) -> Wanted:
    """What the form says; a person who saves for nobody else is not asked for whom."""
    scope, _, role = visit.chosen(SCOPE).partition(":")
    if not scope:
        scope, role = (known.scope, known.role) if known else (ME, "")
    return Wanted(visit.form.get(NAME, ""), asked, scope, role)


def _new_form(visit: Visit, entity: Entity) -> FormPage:
    t = visit.ui.t
    scope = visit.chosen(SCOPE) or visit.arg(SCOPE)
    fields = [_name_field(visit, ""), *_scope_field(visit, entity, scope or ME)]
    first = Field(FIRST, t("Begin with this view"), "boolean", visit.chosen(FIRST) == "true", wide=True)
    back = look_at(visit, entity).state.address()
    return FormPage(
        t("Save the view"), visit.path, t("Save the view"), back, (Section("", (*fields, first)),)
    )


def _edit_form(visit: Visit, entity: Entity, known: SavedView) -> FormPage:
    t = visit.ui.t
    scope = visit.chosen(SCOPE) or (f"{ROLE}:{known.role}" if known.role else known.scope)
    fields = (_name_field(visit, known.name), *_scope_field(visit, entity, scope))
    return FormPage(t("Change the view"), visit.path, t("Save"), _address(known), (Section("", fields),))


def _delete_form(visit: Visit, entity: Entity, known: SavedView) -> FormPage:
    t = visit.ui.t
    about = t("Nobody will have it any more.") if known.scope != ME else t("It is yours alone.")
    title = t("Delete the view {name}?", name=known.name)
    sections = (Section("", (), f"{about} {t('The records stay as they are.')}"),)
    return FormPage(title, visit.path, t("Delete the view"), _address(known), sections, is_danger=True)


def _name_field(visit: Visit, name: str) -> Field:
    given = visit.form.get(NAME, name)
    return Field(
        NAME,
        visit.ui.t("Name of the view"),
        "line",
        given,
        required=True,
        max_length=60,
        autocomplete="off",
        wide=True,
    )


def _scope_field(visit: Visit, entity: Entity, scope: str) -> Iterator[Field]:
    """For whom the view is, for whoever may say so."""
    if not visit.snapshot.views.may_publish(visit.actor, entity.name):
        return
    t, roles = visit.ui.t, visit.model.roles
    options = (
        Option(ME, t("Me")),
        *(Option(f"{ROLE}:{name}", visit.text(role.label, name)) for name, role in roles.items()),
        Option(ALL, t("Everybody")),
    )
    yield Field(SCOPE, t("For"), "select", scope, required=True, options=options, wide=True)


def _form(visit: Visit, entity: Entity, form: FormPage, error: XrmError | None = None) -> Response:
    """The form as a page, or in the dialog of the list that asked for it."""
    known = frozenset((NAME, SCOPE))
    said = said_of([_here(p) for p in error.problems], {}, known) if error else []
    sections = tuple(replace(s, fields=tuple(marked(f, said) for f in s.fields)) for s in form.sections)
    crumbs = (Link(visit.plural(entity), form.cancel_href, entity.icon),)
    whole = replace(form, sections=sections, crumbs=crumbs, problems=summary(said, sections))
    status = status_of(error) if error else 200
    if visit.fragment == SHEET:
        return part(visit, "_sheet.html", status, page=whole)
    return page(visit, "form.html", whole, status=status, current=entity.name)


def _here(problem: Problem) -> Problem:
    """The problem at the control that it is about."""
    return problem.at(Place(path=SCOPE)) if problem.where.path == "role" else problem
