"""Another type for a field that was made here: what its values can become, and what the new type has to know."""

from __future__ import annotations

from collections.abc import Iterator

from xrm.errors import NotFound, Problem
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.drafting import Desk
from xrm.metadata.fieldtypes.base import FieldType
from xrm.metadata.fieldtypes.conversions import conversion
from xrm.metadata.model import Entity, Field
from xrm.ui.admin.bench import Bench, hidden, refused
from xrm.ui.admin.defining_fields import field_crumbs, params_of, params_said, type_cards
from xrm.ui.admin.forms import Values
from xrm.ui.admin.twins import options_of
from xrm.ui.admin.typewords import type_label
from xrm.ui.administration import CardsPage
from xrm.ui.fields.view import Field as Input
from xrm.ui.models import FormPage, Link, Section
from xrm.ui.pages.menu import DEFINITIONS

OPTIONS = "options"


def types_after(bench: Bench, entity: Entity, field: Field) -> tuple[str, ...]:
    """The types that the field can have instead; none for what comes with a pack."""
    if CUSTOMISATION not in (field.pack, entity.pack) or field.formula is not None:
        return ()
    known = bench.visit.runtime.extensions.types.values()
    return tuple(t.name for t in known if t.name != field.type.name and conversion(field.type, t) is not None)


def becoming_gallery(bench: Bench, entity: Entity, field: Field) -> CardsPage:
    """The types that the field can have instead, each leading to its form."""
    t, href = bench.visit.ui.t, f"{_address(entity, field)}/type"
    wanted = types_after(bench, entity, field)
    return CardsPage(
        title=t("Change the type"),
        crumbs=_crumbs(bench, entity, field),
        cards=tuple(type_cards(bench, href, wanted)),
        facts=(t("Now it is: {type}.", type=type_label(bench.visit, field.type.name)),
               t("Each value becomes what it would be if somebody typed it anew.")),
    )  # fmt: skip


def becoming_form(bench: Bench, entity: Entity, field: Field, kind: str) -> FormPage:
    """What the new type has to know; raises NotFound for a type that the values cannot become."""
    t, type_ = bench.visit.ui.t, _type(bench, entity, field, kind)
    label = type_label(bench.visit, kind)
    why = t("The review counts the values that do not fit, and asks what they become. Those of now are kept.")
    first = Input("kind", t("New type"), "line", label, readonly=True, reason=why, wide=True)
    return FormPage(
        title=f"{bench.visit.text(field.label, field.name)} · {label}",
        action=f"{_address(entity, field)}/type/{kind}",
        submit=t("Save in the draft"),
        cancel_href=_address(entity, field),
        sections=(Section("", (first, *_inputs(bench, type_, field))),),
        crumbs=_crumbs(bench, entity, field),
        hidden=hidden(bench),
    )


def became(bench: Bench, entity: Entity, field: Field, kind: str, values: Values) -> None:
    """The draft has the field with that type; what only the former one takes goes, and the value of new records."""
    type_, at = _type(bench, entity, field, kind), ("fields", field.name)
    desk = bench.desk
    for key in _left_behind(desk, entity, field, type_):
        desk = desk.without(entity.name, (*at, key))
    desk = desk.says(entity.name, (*at, "type"), kind)
    for key, value in params_said(bench, type_, values):
        desk = desk.says(entity.name, (*at, key), value)
    if values.get(OPTIONS):
        desk = desk.says(entity.name, (*at, OPTIONS), options_of(bench, str(values[OPTIONS])))
    bench.keep(desk, f"{entity.name}:fields.{field.name}")


def _left_behind(desk: Desk, entity: Entity, field: Field, type_: FieldType) -> Iterator[str]:
    keeps = {"unique": type_.can_be_unique, "search": type_.can_be_searched, "default": False}
    for key in desk.said(entity.name, ("fields", field.name)):
        if not keeps.get(key, key not in field.type.params or key in type_.params):
            yield key


def _type(bench: Bench, entity: Entity, field: Field, kind: str) -> FieldType:
    if CUSTOMISATION not in (field.pack, entity.pack):
        raise refused(bench.visit.ui.t("The type of this field comes with its pack."))
    if kind not in types_after(bench, entity, field):
        raise NotFound(Problem("R104", "Values of this field cannot become that type."))
    return bench.visit.runtime.extensions.types[kind]


def _inputs(bench: Bench, type_: FieldType, field: Field) -> Iterator[Input]:
    t = bench.visit.ui.t
    if OPTIONS in type_.params and OPTIONS not in field.type.params:
        yield Input(OPTIONS, t("Options"), "area", required=True, wide=True,
                    help=t("One in a line, as people read them. Colours and other languages come later."))  # fmt: skip
    shared = field if type_.params.keys() & field.type.params.keys() else None
    yield from params_of(bench, type_, shared)


def _address(entity: Entity, field: Field) -> str:
    return f"{DEFINITIONS}/e/{entity.name}/fields/{field.name}"


def _crumbs(bench: Bench, entity: Entity, field: Field) -> tuple[Link, ...]:
    here = Link(bench.visit.text(field.label, field.name), _address(entity, field))
    return (*field_crumbs(bench, entity), here)
