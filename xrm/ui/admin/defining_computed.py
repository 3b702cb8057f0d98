"""The form of a field that nobody gives: what its value follows from, in the language of expressions."""

from __future__ import annotations

from collections.abc import Iterator

from xrm.metadata.calling import with_other_name
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.drafting import Desk, placed, short, with_words, without_value
from xrm.metadata.model import Entity, Field, Shape
from xrm.metadata.names import MAX_MEMBER
from xrm.metadata.naming import name_for
from xrm.metadata.schemas.entity import COMPUTED, RESULTS, ROLLUP
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
from xrm.ui.admin.defining_fields import MAIN, field_crumbs, number_said, place_inputs
from xrm.ui.admin.forms import Values
from xrm.ui.admin.twins import labels_of, refuse_twin
from xrm.ui.admin.typewords import type_label
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import FormPage, Section
from xrm.ui.pages.menu import DEFINITIONS

LONGEST = 2000
_NAMES_SHOWN = 40
_KEYS = ("formula", "over", "value", "where", "result", "scale", "currency", "search", "reveal")


def is_computed(kind: str) -> bool:
    """Whether fields of that kind are computed."""
    return kind in COMPUTED


def computed_form(bench: Bench, entity: Entity, kind: str, field: Field | None) -> FormPage:
    """The form of a new computed field, or of one that is there; what a pack computes is left to the pack."""
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}"
    label, about = (field.label, field.help) if field else ({}, {})
    named = (("label", t("Label"), label), ("help", t("Help"), about))
    first = [words_in(bench, "label", t("Label"), label, required=True, text=t("As people read it."))]
    if field is None:
        text = t("Made of the label where it is empty. It stands in formulas, imports and the API.")
        first.append(Input("name", t("Name"), "line", max_length=MAX_MEMBER, help=text))
    else:
        first.append(name_of(bench, field, MAX_MEMBER))
    first.append(words_in(bench, "help", t("Help"), about, text=t("A sentence under the field.")))
    title = bench.visit.text(field.label, field.name) if field else t("Add field")
    is_ours = field is None or field.pack == CUSTOMISATION
    follows = tuple(_follows(bench, entity, kind, field)) if is_ours else ()
    place = tuple(place_inputs(bench, entity)) if field is None else ()
    return FormPage(
        title=f"{title} · {type_label(bench.visit, kind)}" if field is None else title,
        action=f"{href}/fields/{field.name}/edit" if field else f"{href}/fields/new/{kind}",
        submit=t("Save in the draft") if field else t("Add to the draft"),
        cancel_href=f"{href}/fields/{field.name}" if field else f"{href}/fields/new",
        sections=tuple(
            section
            for section in (
                Section("", tuple(first)),
                Section(t("What it follows from"), follows),
                Section(t("Where it stands"), place),
                Section(t("In other languages"), tuple(words_elsewhere(bench, named))),
            )
            if section.fields
        ),
        crumbs=field_crumbs(bench, entity),
        hidden=hidden(bench),
    )


def kind_of(bench: Bench, entity: Entity, field: Field) -> str:
    """Whether the computed field is said as a rollup or as a formula."""
    said = bench.desk.said(entity.name, ("fields", field.name, "type"))
    return ROLLUP if said == ROLLUP else "formula"


def _follows(bench: Bench, entity: Entity, kind: str, field: Field | None) -> Iterator[Input]:
    """What says the value, as the draft has it."""
    t = bench.visit.ui.t

    def said(key: str) -> str:
        known = bench.desk.said(entity.name, ("fields", field.name, key)) if field else ""
        return "" if known in (ABSENT, None) else str(known)

    if kind == ROLLUP:
        many = [r for r in entity.relationships.values() if r.shape is Shape.MANY or not r.one]
        options = tuple(Option(r.name, bench.visit.text(r.label, r.name)) for r in many)
        yield Input("over", t("Over"), "select", said("over"), options=options, required=True,
                    help=t("The records that it tells of."))  # fmt: skip
        told = t("As in count(), sum(amount), max(closed_on): names are those of the other records.")
        yield Input(
            "value", t("What it tells"), "line", said("value"), required=True, max_length=LONGEST, help=told
        )
        chosen = t('A condition on the other records, as in state == "open"; all where it is empty.')
        yield Input(
            "where", t("Only where"), "area", said("where"), wide=True, max_length=LONGEST, help=chosen
        )
    else:
        names = ", ".join((*entity.fields, *entity.relationships))
        listed = names if len(names) < _NAMES_SHOWN * 20 else f"{names[: _NAMES_SHOWN * 20]} …"
        yield Input("formula", t("Formula"), "area", said("formula"), required=True, wide=True, max_length=LONGEST,
                    help=t("As in amount * probability / 100. Names here: {names}.", names=listed))  # fmt: skip
    results = tuple(Option(name, type_label(bench.visit, name)) for name in RESULTS if name != "choice")
    yield Input("result", t("Result"), "select", said("result"), options=results,
                help=t("Found by itself where nothing is chosen. What calculates with money says money."))  # fmt: skip
    yield Input(
        "scale", t("Decimals"), "number", said("scale"), help=t("How many are kept, rounded half up.")
    )
    yield Input("search", t("Found by search"), "boolean", said("search") == "True",
                help=t("The search of the whole application reads it."))  # fmt: skip
    yield Input("reveal", t("Shown to every reader"), "boolean", said("reveal") == "True",
                help=t("Even to those who may not read all that it follows from."))  # fmt: skip


def new_computed(bench: Bench, entity: Entity, kind: str, values: Values) -> str:
    """The draft has the field; gives its name."""
    refuse_twin(bench, str(values["label"]), labels_of(entity))
    name = str(values["name"] or name_for(str(values["label"]), {*entity.fields, *entity.relationships}))
    if not name:
        raise no_name(bench)
    body = {
        "label": short(words_of_post(bench, values, "label", {})),
        "type": kind,
        **dict(_said(values)),
        "help": short(words_of_post(bench, values, "help", {})),
    }
    desk = bench.desk.says(
        entity.name, ("fields", name), {k: v for k, v in body.items() if v not in ({}, "")}
    )
    if values.get("section"):
        desk = placed(desk, entity.name, MAIN, str(values["section"]), name)
    bench.keep(desk, f"{entity.name}:fields.{name}")
    return name


def _said(values: Values) -> Iterator[tuple[str, object]]:
    for key in _KEYS:
        value = values.get(key)
        if value not in (None, "", False):
            yield key, number_said(value) if key == "scale" else value


def changed_computed(bench: Bench, entity: Entity, field: Field, values: Values) -> str:
    """The draft says of the field what was changed in the form; gives its name."""
    name = chosen_name(bench, values, field.name, {*entity.fields, *entity.relationships})
    is_own, at = field.pack == CUSTOMISATION, ("fields", field.name)
    desk = bench.desk
    for key, texts in (("label", field.label), ("help", field.help)):
        words = words_of_post(bench, values, key, texts)
        if words:
            desk = with_words(desk, entity.name, (*at, key), words, is_own=is_own)
    desk = _with_follows(bench, desk, entity, field, values) if is_own else desk
    if name != field.name:
        desk = with_other_name(desk, entity.name, at, name)
    bench.keep(desk, f"{entity.name}:fields.{name}")
    return name


def _with_follows(bench: Bench, desk: Desk, entity: Entity, field: Field, values: Values) -> Desk:
    """The desk that says what was typed, and no more what was emptied."""
    said, at = dict(_said(values)), ("fields", field.name)
    for known in _follows(bench, entity, kind_of(bench, entity, field), field):
        key = known.name
        if key in said:
            desk = desk.says(entity.name, (*at, key), said[key])
        elif known.value not in ("", None, False):
            desk = without_value(desk, entity.name, (*at, key), is_own=True)
    return desk
