"""The form of a field: what every field has, and the parameters of its type as inputs; and what it changes."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from xrm.errors import NotFound, Problem
from xrm.metadata.calling import with_other_name
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.drafting import Desk, placed, short, with_words, without_value
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.model import Entity, Field
from xrm.metadata.names import MAX_MEMBER
from xrm.metadata.naming import name_for
from xrm.metadata.schemas.entity import COMPUTED
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
from xrm.ui.admin.defining_conditions import condition_inputs, condition_said, with_conditions
from xrm.ui.admin.forms import Values
from xrm.ui.admin.twins import default_option, labels_of, options_of, refuse_twin
from xrm.ui.admin.typewords import param_words, type_groups, type_label
from xrm.ui.administration import Card, CardsPage, Cell, Row, Table
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import Empty, FormPage, Link, Section
from xrm.ui.pages.menu import DEFINITIONS

_OWN_INPUT = frozenset({"options"})  # parameters that have a way of their own
_SAID_AS_TEXT = frozenset({"text", "long_text", "email", "phone", "url", "color"})
_SAID_AS_NUMBER = {"integer": "number", "rating": "number", "decimal": "decimal", "percent": "decimal"}
_FLAGS = ("required", "unique", "search")
MAIN = "main"


def type_gallery(bench: Bench, entity: Entity) -> CardsPage:
    """The types in groups, each leading to the form of a field of it."""
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}/fields/new"
    return CardsPage(
        title=t("Add field"), crumbs=field_crumbs(bench, entity),
        cards=tuple(type_cards(bench, href, {*bench.visit.runtime.extensions.types, *COMPUTED})),
        facts=(t("What shall it hold?"),),
    )  # fmt: skip


def type_cards(bench: Bench, href: str, wanted: Container[str]) -> Iterator[Card]:
    """Those of the types that are wanted, in groups, each leading to its own form below that address."""
    visit, t = bench.visit, bench.visit.ui.t
    for group in type_groups(visit, visit.runtime.extensions.types):
        rows = tuple(
            Row((Cell(label, f"{href}/{name}", note=about),))
            for name, label, about in group.types
            if name in wanted
        )
        if rows:
            table = Table(group.label, (t("Type"),), rows, Empty(t("No types")))
            yield Card(group.label, group.icon, table=table, id=f"types-{group.icon}")


def field_crumbs(bench: Bench, entity: Entity) -> tuple[Link, ...]:
    """The way to a page about a part of the entity."""
    t = bench.visit.ui.t
    return (
        Link(t("Definitions"), DEFINITIONS, "shapes"),
        Link(bench.visit.plural(entity), f"{DEFINITIONS}/e/{entity.name}"),
    )


def field_form(bench: Bench, entity: Entity, kind: str, field: Field | None) -> FormPage:
    """The form of a new field of that type, or of one that is there."""
    t, type_ = bench.visit.ui.t, bench.visit.runtime.extensions.types.get(kind)
    if type_ is None:
        raise NotFound(Problem("R104", "There is no such type of field."))
    label, about = (field.label, field.help) if field else ({}, {})
    first = [words_in(bench, "label", t("Label"), label, required=True, text=t("As people read it."))]
    if field is None:
        first.append(
            Input("name", t("Name"), "line", max_length=MAX_MEMBER,
                  help=t("Made of the label where it is empty. It stands in formulas, imports and the API."))
        )  # fmt: skip
    else:
        first.append(name_of(bench, field, MAX_MEMBER))
    first.append(words_in(bench, "help", t("Help"), about, text=t("A sentence under the field.")))
    first += _options_input(bench, type_, field)
    first += _default(bench, type_, field)
    flags = tuple(_flags(bench, type_, field))
    params = tuple(params_of(bench, type_, field))
    place = tuple(place_inputs(bench, entity)) if field is None else ()
    conditions = tuple(condition_inputs(bench, entity, field))
    href = f"{DEFINITIONS}/e/{entity.name}"
    named = (("label", t("Label"), label), ("help", t("Help"), about))
    title = bench.visit.text(field.label, field.name) if field else t("Add field")
    return FormPage(
        title=f"{title} · {type_label(bench.visit, kind)}" if field is None else title,
        action=f"{href}/fields/{field.name}/edit" if field else f"{href}/fields/new/{kind}",
        submit=t("Save in the draft") if field else t("Add to the draft"),
        second="" if field else t("Add, then another"),
        cancel_href=f"{href}/fields/{field.name}" if field else f"{href}/fields/new",
        sections=tuple(
            _sections(
                bench, tuple(first), flags, params, conditions, place, tuple(words_elsewhere(bench, named))
            )
        ),
        crumbs=field_crumbs(bench, entity),
        hidden=hidden(bench),
    )


def _sections(
    bench: Bench,
    first: tuple[Input, ...],
    flags: tuple[Input, ...],
    params: tuple[Input, ...],
    conditions: tuple[Input, ...],
    place: tuple[Input, ...],
    words: tuple[Input, ...],
) -> Iterator[Section]:
    t = bench.visit.ui.t
    yield Section("", first)
    yield Section(t("What it asks for"), flags)
    if params:
        yield Section(t("What it takes"), params)
    yield Section(t("On which conditions"), conditions)
    if place:
        yield Section(t("Where it stands"), place)
    yield Section(t("In other languages"), words)


def _flags(bench: Bench, type_: FieldType, field: Field | None) -> Iterator[Input]:
    t = bench.visit.ui.t
    yield Input("required", t("Required"), "boolean", bool(field and field.required),
                help=t("Every record has a value."))  # fmt: skip
    if type_.can_be_unique:
        yield Input("unique", t("Unique"), "boolean", bool(field and field.unique),
                    help=t("No two records have the same value."))  # fmt: skip
    if type_.can_be_searched:
        yield Input("search", t("Found by search"), "boolean", bool(field and field.search),
                    help=t("The search of the whole application reads it."))  # fmt: skip


def _options_input(bench: Bench, type_: FieldType, field: Field | None) -> Iterator[Input]:
    t = bench.visit.ui.t
    if "options" in type_.params and field is None:
        yield Input("options", t("Options"), "area", required=True, wide=True,
                    help=t("One in a line, as people read them. Colours and other languages come later."))  # fmt: skip


def place_inputs(bench: Bench, entity: Entity) -> Iterator[Input]:
    """Where a new field stands on a form that somebody wrote; one that is generated has it by itself."""
    t, form = bench.visit.ui.t, entity.forms.get(MAIN)
    if form is not None and form.sections and _is_written(bench, entity):
        options = tuple(Option(s.name, bench.visit.text(s.label, s.name)) for s in form.sections)
        yield Input("section", t("Section of the form"), "select", options[0].value, options=options, required=True,
                    help=t("It comes last there."))  # fmt: skip


def _is_written(bench: Bench, entity: Entity) -> bool:
    return any(
        doc.kind == "form" and doc.name == entity.name for pack in bench.look.layers for doc in pack.docs
    )


# --- parameters of the type -------------------------------------------------------------------------


def params_of(bench: Bench, type_: FieldType, field: Field | None) -> Iterator[Input]:
    """The inputs of what the type can be told, as the field has it."""
    for name, schema in type_.params.items():
        if name not in _OWN_INPUT and "x-later" not in schema:
            yield _param(bench, type_, name, schema, field)


def _param(
    bench: Bench, type_: FieldType, name: str, schema: Mapping[str, Any], field: Field | None
) -> Input:
    label, about = param_words(bench.visit, name, schema)
    value = field.params.get(name) if field else None
    kind, options = _kind_of(bench, name, schema)
    default = schema.get("default")
    is_one_of = kind == "select" and default is not None
    value = default if is_one_of and value is None else value
    shown = str(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
    usual = str(default) if default is not None and kind in ("number", "decimal", "line") else ""
    return Input(
        name, label, kind, shown if shown is not None or kind != "boolean" else False, options=options, help=about,
        required=is_one_of or name in type_.required_params, placeholder=usual,
    )  # fmt: skip


def _kind_of(bench: Bench, name: str, schema: Mapping[str, Any]) -> tuple[str, tuple[Option, ...]]:
    """The control that suits what the schema of a parameter takes."""
    if name == "entity":
        entities = sorted(bench.model.entities.values(), key=bench.visit.plural)
        return "select", tuple(Option(e.name, bench.visit.plural(e)) for e in entities)
    if "enum" in schema:
        return "select", tuple(Option(str(word), _word(bench, str(word))) for word in schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return ("decimal" if "number" in kind else "line"), ()
    return {"boolean": "boolean", "integer": "number", "number": "decimal", "array": "tags"}.get(
        str(kind), "line"
    ), ()


def _word(bench: Bench, word: str) -> str:
    t = bench.visit.ui.t
    said = {"none": t("Never"), "year": t("Every year"), "month": t("Every month")}
    return {**said, "never": t("No gaps"), "allowed": t("Gaps allowed, nobody waits")}.get(word, word)


def _default(bench: Bench, type_: FieldType, field: Field | None) -> Iterator[Input]:
    """The value of new records, as far as it can be given without writing an expression."""
    t = bench.visit.ui.t
    known = Input("default", t("Value of new records"), "line", _default_value(type_, field))
    if type_.name == "boolean":
        yield replace(known, kind="select", options=(Option("true", t("Yes")), Option("false", t("No"))))
    elif type_.name == "choice" and field is None:
        yield replace(known, max_length=200, help=t("One of the options, as it stands above."))
    elif type_.name == "choice" and field is not None:
        options = tuple(Option(o.key, bench.visit.text(o.label, o.key)) for o in field.options)
        yield replace(known, kind="select", options=options)
    elif type_.name in ("date", "datetime"):
        word = "today()" if type_.name == "date" else "now()"
        said = (
            t("The day on which it is made") if type_.name == "date" else t("The moment at which it is made")
        )
        kept = [Option(str(known.value), str(known.value))] if known.value not in (None, word) else []
        yield replace(known, kind="select", options=(Option(word, said), *kept))
    elif type_.name in _SAID_AS_TEXT:
        yield replace(known, max_length=400)
    elif type_.name in _SAID_AS_NUMBER:
        yield replace(known, kind=_SAID_AS_NUMBER[type_.name])


def _default_value(type_: FieldType, field: Field | None) -> str | None:
    text = field.default.text if field and field.default else None
    if text is None:
        return None
    value = getattr(field.default.tree, "value", None) if field and field.default else None
    if isinstance(value, str):
        return value
    return text


def _default_said(type_: FieldType, value: Any) -> Any:
    """The default as a document says it."""
    if type_.name in _SAID_AS_TEXT:
        return json.dumps(str(value), ensure_ascii=False)
    if type_.name in _SAID_AS_NUMBER:
        return number_said(value)
    return {"true": True, "false": False}.get(value, value) if type_.name == "boolean" else value


def number_said(value: Any) -> Any:
    """A number as a document says it; what is none stays as it was typed, for the checker to refuse."""
    try:
        return value if isinstance(value, int) else Decimal(str(value))
    except InvalidOperation:
        return value


def _param_said(kind: str, value: Any) -> Any:
    return number_said(value) if kind in ("number", "decimal") else value


# --- what the form changes --------------------------------------------------------------------------


def new_field(bench: Bench, entity: Entity, kind: str, values: Values) -> str:
    """The draft has the field; gives its name."""
    type_ = bench.visit.runtime.extensions.types[kind]
    refuse_twin(bench, str(values["label"]), labels_of(entity))
    taken = {*entity.fields, *entity.relationships}
    name = str(values["name"] or name_for(str(values["label"]), taken))
    if not name:
        raise no_name(bench)
    body = {
        "label": short(words_of_post(bench, values, "label", {})),
        "type": kind,
        **{flag: True for flag in _FLAGS if values.get(flag)},
        **_said_default(type_, values),
        "help": short(words_of_post(bench, values, "help", {})),
        **dict(params_said(bench, type_, values)),
        **{
            known.name: condition_said(values.get(known.name))
            for known in condition_inputs(bench, entity, None)
        },
    }
    if values.get("options"):
        body["options"] = options_of(bench, str(values["options"]))
        body.update(default_option(bench, body["options"], str(values.get("default") or "")))
    desk = bench.desk.says(
        entity.name, ("fields", name), {k: v for k, v in body.items() if v not in ({}, "", None)}
    )
    if values.get("section"):
        desk = placed(desk, entity.name, MAIN, str(values["section"]), name)
    _keep(bench, desk, entity, name)
    return name


def _said_default(type_: FieldType, values: Values) -> dict[str, Any]:
    value = values.get("default")
    return {"default": _default_said(type_, value)} if value not in (None, "") else {}


def params_said(bench: Bench, type_: FieldType, values: Values) -> Iterator[tuple[str, Any]]:
    """The same as a document says it, where something was typed."""
    for known in params_of(bench, type_, None):
        value = values.get(known.name)
        if value not in (None, "", False, []) and (known.kind != "select" or value != known.value):
            yield known.name, _param_said(known.kind, value)


def changed_field(bench: Bench, entity: Entity, field: Field, values: Values) -> str:
    """The draft says of the field what was changed in the form; gives its name."""
    name = chosen_name(bench, values, field.name, {*entity.fields, *entity.relationships})
    is_own = field.pack == CUSTOMISATION
    desk, at = bench.desk, ("fields", field.name)
    for key, texts in (("label", field.label), ("help", field.help)):
        words = words_of_post(bench, values, key, texts)
        if words:
            desk = with_words(desk, entity.name, (*at, key), words, is_own=is_own)
    inputs = [*_flags(bench, field.type, field), *_default(bench, field.type, field),
              *params_of(bench, field.type, field)]  # fmt: skip
    for known in inputs:
        value = values.get(known.name)
        if not _is_same(known.value, value):
            desk = _with(desk, entity.name, (*at, known.name), _said(field.type, known, value), is_own=is_own)
    desk = with_conditions(bench, desk, entity, field, values, is_own=is_own)
    if name != field.name:
        desk = with_other_name(desk, entity.name, at, name)
    _keep(bench, desk, entity, name)
    return name


def _is_same(shown: object, posted: object) -> bool:
    empty: tuple[object, ...] = (None, "", [], ())
    return shown == posted or str(shown) == str(posted) or (shown in empty and posted in empty)


def _said(type_: FieldType, known: Input, value: Any) -> Any:
    if value in (None, "", []):
        return None
    return _default_said(type_, value) if known.name == "default" else _param_said(known.kind, value)


def _with(desk: Desk, entity: str, path: tuple[str, ...], value: Any, *, is_own: bool) -> Desk:
    if value is None or (value is False and is_own):
        return without_value(desk, entity, path, is_own=is_own)
    return desk.says(entity, path, value)


def _keep(bench: Bench, desk: Desk, entity: Entity, name: str) -> None:
    bench.keep(desk, f"{entity.name}:fields.{name}")
