"""The form of an entity, and what it changes in the draft."""

from __future__ import annotations

from dataclasses import replace

from xrm.metadata.calling import with_other_entity_name
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.defining import say
from xrm.metadata.drafting import Desk, short, with_words, without_value
from xrm.metadata.model import Entity
from xrm.metadata.names import MAX_ENTITY
from xrm.metadata.naming import name_for
from xrm.ui.admin.bench import (
    Bench,
    chosen_name,
    hidden,
    name_of,
    no_name,
    words_elsewhere,
    words_in,
    words_of_post,
)
from xrm.ui.admin.forms import Values
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Lookup, Option
from xrm.ui.models import FormPage, Link, Section
from xrm.ui.pages.menu import DEFINITIONS, ICONS

_TITLES = frozenset({"text", "email", "phone", "url", "autonumber", "person_name"})


def entity_form(bench: Bench, entity: Entity | None) -> FormPage:
    """The form of a new entity, or of one that is there."""
    t = bench.visit.ui.t
    label, plural = (entity.label, entity.plural) if entity else ({}, {})
    first = [
        words_in(
            bench, "label", t("What one of them is called"), label, required=True, text=t("As in Site visit.")
        ),
        words_in(
            bench,
            "plural",
            t("What several are called"),
            plural,
            text=t("As in Site visits; the menu says it."),
        ),
    ]
    if entity is None:
        first += [
            Input("name", t("Name"), "line", max_length=MAX_ENTITY,
                  help=t("Made of the label where it is empty. It stands in formulas, imports and the API.")),
            Input("title", t("What its first field is called"), "line", t("Name"), required=True, max_length=200,
                  help=t("A line of text that names each record; more fields come next.")),
        ]  # fmt: skip
    else:
        first += [name_of(bench, entity, MAX_ENTITY), _title(bench, entity)]
    icon = Input("icon", t("Icon"), "line", entity.icon if entity else None, max_length=60, placeholder="box",
                 help=t("Type an English word, as in pin, truck or wrench, and choose a picture."),
                 lookup=Lookup(ICONS))  # fmt: skip
    named = (("label", t("One of them"), label), ("plural", t("Several"), plural))
    href = f"{DEFINITIONS}/e/{entity.name}" if entity else DEFINITIONS
    title = bench.visit.plural(entity) if entity else t("Add entity")
    crumbs = (Link(t("Definitions"), DEFINITIONS, "shapes"),)
    return FormPage(
        title=title,
        action=f"{href}/edit" if entity else f"{DEFINITIONS}/new",
        submit=t("Save in the draft") if entity else t("Add to the draft"),
        cancel_href=href,
        sections=(Section("", (*first, icon, _ownership(bench, entity))),
                  Section(t("In other languages"), tuple(words_elsewhere(bench, named)))),
        crumbs=(*crumbs, Link(title, href)) if entity else crumbs,
        hidden=hidden(bench),
    )  # fmt: skip


def _ownership(bench: Bench, entity: Entity | None) -> Input:
    t = bench.visit.ui.t
    options = (
        Option("user_or_team", t("A user or a team")),
        Option("organization", t("The organisation")),
        Option("none", t("Nobody")),
    )
    known = Input("ownership", t("Who a record belongs to"), "select", "user_or_team", options=options, required=True,
                  help=t("Rights can depend on it: own records, those of a team, or all."))  # fmt: skip
    if entity is None:
        return known
    why = t("It is chosen once, when the entity is added.")
    return replace(known, value=entity.ownership, readonly=True, reason=why, help="")


def _title(bench: Bench, entity: Entity) -> Input:
    t = bench.visit.ui.t
    fitting = [f for f in entity.fields.values() if f.type.name in _TITLES and f.is_stored]
    options = [Option(f.name, bench.visit.text(f.label, f.name)) for f in fitting]
    now = entity.title.text if entity.title else ""
    if now and now not in entity.fields:
        options.insert(0, Option(now, now))
    return Input("title", t("Title of a record"), "select", now, options=tuple(options), required=True,
                 help=t("The field by which records are known in lists and links."))  # fmt: skip


def new_entity(bench: Bench, values: Values) -> str:
    """The draft has the entity with its first field; gives its name."""
    label = words_of_post(bench, values, "label", {})
    plural = words_of_post(bench, values, "plural", {})
    name = values["name"] or name_for(str(values["label"]), bench.model.entities, MAX_ENTITY)
    if not name:
        raise no_name(bench)
    first = name_for(str(values["title"])) or "name"
    body = {
        "label": short(label), "plural": short(plural), "icon": values["icon"], "title": first,
        "ownership": values["ownership"],
        "fields": {first: {"label": short({bench.language: str(values["title"])}), "type": "text",
                           "required": True, "search": True}},
    }  # fmt: skip
    documents = bench.desk.documents
    for key, value in body.items():
        if value:
            documents = say(documents, str(name), (key,), value)
    desk = Desk(documents, bench.look.ours)
    _keep(bench, desk, str(name), {"entity": "name", f"fields.{first}": "title"})
    return str(name)


def changed_entity(bench: Bench, entity: Entity, values: Values) -> str:
    """The draft says of the entity what was changed in the form; gives its name."""
    name = chosen_name(bench, values, entity.name, bench.model.entities)
    desk, is_own = bench.desk, entity.pack == CUSTOMISATION
    for key, known in (("label", entity.label), ("plural", entity.plural)):
        words = words_of_post(bench, values, key, known)
        if words:
            desk = with_words(desk, entity.name, (key,), words, is_own=is_own)
    for key, now in (("icon", entity.icon), ("title", entity.title.text if entity.title else "")):
        value = values[key]
        if value and value != now:
            desk = desk.says(entity.name, (key,), value)
        elif not value and now:
            desk = without_value(desk, entity.name, (key,), is_own=is_own)
    if name != entity.name:
        desk = with_other_entity_name(desk, entity.name, name)
    _keep(bench, desk, name, {"entity": "name"})
    return name


def _keep(bench: Bench, desk: Desk, name: str, renamed: dict[str, str]) -> None:
    bench.keep(desk, f"{name}:", renamed)
