"""The form of a relationship, and what it changes in the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xrm.metadata.calling import with_other_name
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.drafting import placed, short, with_words
from xrm.metadata.model import Entity, Label, Relationship, Shape
from xrm.metadata.names import MAX_MEMBER
from xrm.metadata.naming import name_for
from xrm.metadata.words import ABSENT
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
from xrm.ui.admin.defining_conditions import (
    condition_inputs,
    condition_said,
    filter_input,
    with_conditions,
)
from xrm.ui.admin.defining_fields import MAIN, field_crumbs, place_inputs
from xrm.ui.admin.forms import Values
from xrm.ui.admin.twins import labels_of, refuse_twin
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import FormPage, Section
from xrm.ui.pages.menu import DEFINITIONS

ONE, MANY = "one", "many"
RESTRICT = "restrict"


def relationship_form(bench: Bench, entity: Entity, known: Relationship | None) -> FormPage:
    """The form of a new relationship, or of one that is there."""
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}"
    label, about, far = (known.label, known.help, _far_label(bench, known)) if known else ({}, {}, {})
    first = [
        words_in(bench, "label", t("Label"), label, required=True, text=t("As people read it on this side."))
    ]
    if known is None:
        first.append(
            Input("name", t("Name"), "line", max_length=MAX_MEMBER,
                  help=t("Made of the label where it is empty. It stands in formulas, imports and the API."))
        )  # fmt: skip
    else:
        first.append(name_of(bench, known, MAX_MEMBER))
    first += [_target(bench, known), _many(bench, known)]
    other = words_in(bench, "inverse", t("Label on the other side"), far or (entity.plural if known is None else {}),
                     text=t("What a record over there calls the records that lead to it."))  # fmt: skip
    if known is not None and not known.inverse:
        other = replace(other, readonly=True, reason=t("It was made without another side."), help="")
    named = (("label", t("Label"), label), ("inverse", t("Label on the other side"), far))
    place = tuple(place_inputs(bench, entity)) if known is None else ()
    rules = (_required(bench, known), _on_delete(bench, known))
    sections = [
        Section(
            "",
            (*first, other, words_in(bench, "help", t("Help"), about, text=t("A sentence under the field."))),
        ),
        Section(t("What holds"), rules),
        Section(
            t("On which conditions"), (*condition_inputs(bench, entity, known), filter_input(bench, known))
        ),
        *([Section(t("Where it stands"), place)] if place else ()),
        Section(t("In other languages"), tuple(words_elsewhere(bench, named))),
    ]
    title = bench.visit.text(known.label, known.name) if known else t("Add relationship")
    return FormPage(
        title=title,
        action=f"{href}/relationships/{known.name if known else 'new'}",
        submit=t("Save in the draft") if known else t("Add to the draft"),
        cancel_href=href, sections=tuple(sections), crumbs=field_crumbs(bench, entity), hidden=hidden(bench),
    )  # fmt: skip


def _far_label(bench: Bench, known: Relationship) -> Label:
    for target in known.targets:
        side = bench.model.entities[target].relationships.get(known.inverse)
        if side is not None:
            return side.label
    return {}


def _target(bench: Bench, known: Relationship | None) -> Input:
    t = bench.visit.ui.t
    concrete = [e for e in bench.model.entities.values() if not e.abstract]
    options = tuple(
        Option(e.name, bench.visit.plural(e))
        for e in sorted(concrete, key=lambda e: bench.visit.plural(e).casefold())
    )
    chosen = Input("to", t("Leads to"), "select", options=options, required=True)
    if known is None:
        return chosen
    names = t("Any entity") if known.any else ", ".join(chosen.option(n).label for n in known.targets)
    return Input("to", t("Leads to"), "line", names, readonly=True, reason=t("It is chosen once."))


def _many(bench: Bench, known: Relationship | None) -> Input:
    t = bench.visit.ui.t
    options = (Option(ONE, t("One")), Option(MANY, t("Several")))
    chosen = Input("count", t("How many a record leads to"), "select", ONE, options=options, required=True)
    if known is None:
        return chosen
    value = MANY if known.shape is Shape.MANY else ONE
    if known.pack != CUSTOMISATION or known.any:
        return replace(chosen, value=value, readonly=True, reason=t("It is chosen once."))
    help_ = t("Changed, each value becomes a link, or the link of a record its value.")
    return replace(chosen, value=value, help=help_)


def _required(bench: Bench, known: Relationship | None) -> Input:
    t = bench.visit.ui.t
    return Input("required", t("Required"), "boolean", bool(known and known.required),
                 help=t("Every record leads to one."))  # fmt: skip


def _on_delete(bench: Bench, known: Relationship | None) -> Input:
    t = bench.visit.ui.t
    options = (
        Option(RESTRICT, t("It cannot be deleted")),
        Option("clear", t("This record leads nowhere")),
        Option("cascade", t("This record is deleted too")),
    )
    chosen = Input("on_delete", t("When the other record is deleted"), "select", RESTRICT, options=options,
                   required=True, wide=True)  # fmt: skip
    if known is None:
        return replace(chosen, help=t("Links to several records simply end."))
    if known.shape is Shape.MANY:
        return replace(
            chosen, value="", readonly=True, required=False, reason=t("Links to several records simply end.")
        )
    return replace(chosen, value=known.on_delete)


def new_relationship(bench: Bench, entity: Entity, values: Values) -> str:
    """The draft has the relationship, with its other side; gives its name."""
    refuse_twin(bench, str(values["label"]), labels_of(entity))
    name = str(values["name"] or name_for(str(values["label"]), {*entity.fields, *entity.relationships}))
    if not name:
        raise no_name(bench)
    is_many = values["count"] == MANY
    body: dict[str, Any] = {
        "label": short(words_of_post(bench, values, "label", {})),
        "to": values["to"],
        "many": is_many,
        "required": bool(values["required"]),
        "help": short(words_of_post(bench, values, "help", {})),
        "inverse": _inverse(bench, str(values["to"]), values),
        "on_delete": "" if is_many or values["on_delete"] == RESTRICT else values["on_delete"],
    }
    wanted = (*condition_inputs(bench, entity, None), filter_input(bench, None))
    body |= {known.name: condition_said(values.get(known.name)) for known in wanted}
    said = {k: v for k, v in body.items() if v}
    desk = bench.desk.says(entity.name, ("relationships", name), said)
    if values.get("section"):
        desk = placed(desk, entity.name, MAIN, str(values["section"]), name)
    bench.keep(desk, f"{entity.name}:relationships.{name}", {"many": "count"})
    return name


def _inverse(bench: Bench, target: str, values: Values) -> dict[str, Any]:
    words = {code: values.get("inverse" if code == bench.language else f"inverse_{code}") for code in
             (bench.language, *bench.others)}  # fmt: skip
    label = values.get("inverse")
    if not label:
        return {}
    there = bench.model.entities.get(target)
    taken = {*there.fields, *there.relationships} if there else set()
    return {"name": name_for(str(label), taken) or name_for(target, taken), "label": short(words)}


def changed_relationship(bench: Bench, entity: Entity, known: Relationship, values: Values) -> None:
    """The draft says of the relationship what was changed in the form."""
    called = chosen_name(bench, values, known.name, {*entity.fields, *entity.relationships})
    desk, at, is_own = bench.desk, ("relationships", known.name), known.pack == CUSTOMISATION
    texts: list[tuple[tuple[str, ...], str, Label]] = [
        (("label",), "label", known.label),
        (("help",), "help", known.help),
    ]
    if known.inverse:
        texts.append((("inverse", "label"), "inverse", _far_label(bench, known)))
    for path, name, was in texts:
        words = words_of_post(bench, values, name, was)
        words = {k: v for k, v in words.items() if name != "help" or k == bench.language}
        if words:
            desk = _named(desk, entity.name, (*at, *path), words, known, is_own=is_own)
    if bool(values["required"]) != known.required:
        desk = desk.says(entity.name, (*at, "required"), bool(values["required"]))
    is_many = known.shape is Shape.MANY
    if is_own and values.get("count") in (ONE, MANY) and (values["count"] == MANY) != is_many:
        is_many = not is_many
        desk = (
            desk.says(entity.name, (*at, "many"), True)
            if is_many
            else desk.without(entity.name, (*at, "many"))
        )
        if is_many and desk.said(entity.name, (*at, "on_delete")) != ABSENT:
            desk = desk.without(entity.name, (*at, "on_delete"))
    chosen = values.get("on_delete")
    if chosen and chosen != known.on_delete and not is_many and known.shape is not Shape.MANY:
        desk = desk.says(entity.name, (*at, "on_delete"), chosen)
    desk = with_conditions(bench, desk, entity, known, values, is_own=is_own)
    if called != known.name:
        desk = with_other_name(desk, entity.name, at, called)
    bench.keep(desk, f"{entity.name}:relationships.{called}", {"many": "count"})


def _named(
    desk: Any, entity: str, path: tuple[str, ...], words: Any, known: Relationship, *, is_own: bool
) -> Any:
    if path[-2:] == ("inverse", "label") and is_own:
        # The other side says name and label together; an author may have written the name alone.
        at = path[:-1]
        side = {
            "name": known.inverse,
            **(desk.said(entity, at) if isinstance(desk.said(entity, at), dict) else {}),
        }
        before = side.get("label", {})
        after = {k: v for k, v in {**(before if isinstance(before, dict) else {}), **words}.items() if v}
        return desk.says(entity, at, {"name": side["name"], **({"label": short(after)} if after else {})})
    return with_words(desk, entity, path, words, is_own=is_own)
