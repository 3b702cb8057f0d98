"""The options of a choice: shown with their colours, added, called otherwise, and taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response

from xrm.errors import NotFound, Problem
from xrm.metadata.calling import with_other_option_key
from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.drafting import (
    Words,
    options_below,
    short,
    with_options,
    with_own_option,
    with_pack_option,
    with_words,
    without_option,
)
from xrm.metadata.fieldtypes.base import Option as OptionOf
from xrm.metadata.fieldtypes.special import HUES
from xrm.metadata.model import Entity, Field
from xrm.metadata.names import MAX_OPTION
from xrm.metadata.parse import DEFAULT_LANGUAGE
from xrm.metadata.reconciling import value_at
from xrm.ui.admin.bench import (
    Bench,
    bench_of,
    chosen_name,
    hidden,
    other_name,
    refused,
    words_elsewhere,
    words_in,
    words_of_post,
)
from xrm.ui.admin.defining_conditions import (
    WHEN,
    controls_of,
    offered_input,
    offered_where,
    said_with_option,
    with_offered_where,
)
from xrm.ui.admin.forms import Values, answered
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.twins import options_of
from xrm.ui.admin.uses import uses_address
from xrm.ui.administration import Card, Cell, Row, Table
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, FormPage, Link, Section
from xrm.ui.pages.answers import moved
from xrm.ui.pages.menu import DEFINITIONS
from xrm.ui.pages.visit import Visit

OPTIONS = f"{DEFINITIONS}/options"


def options_card(bench: Bench, entity: Entity, field: Field) -> Iterator[Card]:
    """The options of the field, if it is a choice."""
    if "options" not in field.type.params:
        return
    visit, t, href = bench.visit, bench.visit.ui.t, f"{OPTIONS}/{entity.name}/{field.name}"
    shared = shared_list(bench, entity, field)
    rows = tuple(
        Row((Cell(tags=(Option(o.key, visit.text(o.label, o.key), o.color or "slate"),)), Cell(o.key, code=True),
             Cell(offered_where(field, o.key), code=True), _uses(bench, entity, field, o.key)),
            (Action(t("Condition"), f"{href}/{o.key}/when", "git-branch"),
             *(() if shared else _acts(bench, f"{href}/{o.key}"))))
        for o in field.options
    )  # fmt: skip
    add = () if shared else (Action(t("Add options"), f"{href}/new", "plus"),)
    note = t("The list {list} belongs to several fields; its pack changes it.", list=shared) if shared else ""
    columns = (t("Option"), t("Key"), t("Offered where"), t("Uses"))
    table = Table(t("Options"), columns, rows, Empty(t("No options yet")))
    yield Card(t("Options"), "list-checks", table=table, actions=add, note=note, id="options")


def _uses(bench: Bench, entity: Entity, field: Field, key: str) -> Cell:
    """The way to what uses the option, if it is in force."""
    live = bench.visit.model.entities.get(entity.name)
    known = live.fields.get(field.name) if live else None
    if known is None or key not in {option.key for option in known.options}:
        return Cell(is_plain=True)
    return Cell(bench.visit.ui.t("Where used"), uses_address(f"{entity.name}.{field.name}.{key}"))


def _acts(bench: Bench, href: str) -> tuple[Action, ...]:
    t = bench.visit.ui.t
    return (
        Action(t("Change"), href, "pencil"),
        Action(t("Take out"), f"{href}/remove", "x", post=True),
    )


def shared_list(bench: Bench, entity: Entity, field: Field) -> str:
    """The name of the list that the field shares with others; empty if its options are its own."""
    for pack in reversed(bench.look.layers):
        for doc in pack.docs:
            if doc.kind in ("entity", "extend") and doc.name == entity.name:
                said = value_at(doc.body, ("fields", field.name, "options"))
                if isinstance(said, str) and said in bench.model.option_sets:
                    return said
    return ""


class Options(Area):
    """`/admin/definitions/options`."""

    href = OPTIONS

    @shown()
    def index(self, visit: Visit) -> Response:
        """The way to the entities; options are reached through their field."""
        return moved(DEFINITIONS)

    @asked("/<entity>/<field>/new")
    def new(self, visit: Visit, entity: str, field: str) -> Response:
        """The draft has more options, a line for each."""
        bench, found, known = _choice(visit, entity, field)
        t, href = visit.ui.t, f"{OPTIONS}/{entity}/{field}"

        def do(values: Values) -> Response:
            added = options_of(bench, str(values["options"]), {o.key: o.label for o in known.options})
            bench.keep(with_options(bench.desk, entity, field, added), f"{entity}:fields.{field}")
            return moved(_back(entity, field), t("Added to the draft"))

        one = Input("options", t("Options"), "area", required=True, wide=True,
                    help=t("One in a line, as people read them. Colours and other languages come later."))  # fmt: skip
        form = FormPage(
            t("Add options"), f"{href}/new", t("Add to the draft"), _back(entity, field), (Section("", (one,)),),
            _crumbs(bench, found, known), hidden=hidden(bench),
        )  # fmt: skip
        return answered(visit, form, DEFINITIONS, do)

    @asked("/<entity>/<field>/<key>")
    def one(self, visit: Visit, entity: str, field: str, key: str) -> Response:
        """What the option is called, and its colour."""
        bench, found, known = _choice(visit, entity, field)
        option = _option(known, key)

        def do(values: Values) -> Response:
            _changed(bench, found, known, option, values)
            return moved(_back(entity, field), visit.ui.t("Changed in the draft"))

        return answered(visit, _form(bench, found, known, option), DEFINITIONS, do)

    @asked("/<entity>/<field>/<key>/when")
    def when(self, visit: Visit, entity: str, field: str, key: str) -> Response:
        """Where the option may be chosen; also of a list that several fields share, for this field."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        known = bench.field(found, field)
        option = _option(known, key)
        is_own = not shared_list(bench, found, known) and _pack_of(bench, found, known, key) == CUSTOMISATION

        def do(values: Values) -> Response:
            text = str(values.get(WHEN) or "").strip()
            if text != offered_where(known, key):
                desk = with_offered_where(bench, found, known, key, text, is_own=is_own)
                bench.keep(desk, f"{entity}:fields.{field}", controls_of(key))
            return moved(_back(entity, field), visit.ui.t("Changed in the draft"))

        form = FormPage(
            visit.text(option.label, option.key), f"{OPTIONS}/{entity}/{field}/{key}/when",
            visit.ui.t("Save in the draft"), _back(entity, field),
            (Section("", (offered_input(bench, found, known, key),)),), _crumbs(bench, found, known),
            hidden=hidden(bench),
        )  # fmt: skip
        return answered(visit, form, DEFINITIONS, do)

    @posted("/<entity>/<field>/<key>/remove")
    def remove(self, visit: Visit, entity: str, field: str, key: str) -> Response:
        """The draft offers the option no more."""
        bench, found, known = _choice(visit, entity, field)
        _option(known, key)
        below = options_below(bench.look.layers, entity, field)
        wholes = {o.key: _whole(bench, found, known, o, o.label, o.color) for o in known.options}
        desk = without_option(bench.desk, entity, field, key, below, wholes)
        bench.keep(desk, f"{entity}:fields.{field}")
        return moved(_back(entity, field), visit.ui.t("Taken out in the draft"))


def _choice(visit: Visit, entity: str, field: str) -> tuple[Bench, Entity, Field]:
    bench = bench_of(visit)
    found = bench.entity(entity)
    known = bench.field(found, field)
    if "options" not in known.type.params:
        raise NotFound(Problem("R104", "This field has no options."))
    if shared_list(bench, found, known):
        raise refused(visit.ui.t("The list belongs to several fields; its pack changes it."))
    return bench, found, known


def _option(field: Field, key: str) -> OptionOf:
    found = next((option for option in field.options if option.key == key), None)
    if found is None:
        raise NotFound(Problem("R104", "There is no such option."))
    return found


def _is_own(entity: Entity, field: Field) -> bool:
    return CUSTOMISATION in (field.pack, entity.pack)


def _pack_of(bench: Bench, entity: Entity, field: Field, key: str) -> str:
    """Who has named the option: the organisation, or the pack of the field."""
    if _is_own(entity, field) or key not in options_below(bench.look.layers, entity.name, field.name):
        return CUSTOMISATION
    return field.pack


def _back(entity: str, field: str) -> str:
    return f"{DEFINITIONS}/e/{entity}/fields/{field}"


def _crumbs(bench: Bench, entity: Entity, field: Field) -> tuple[Link, ...]:
    visit = bench.visit
    return (
        Link(visit.ui.t("Definitions"), DEFINITIONS, "shapes"),
        Link(visit.plural(entity), f"{DEFINITIONS}/e/{entity.name}"),
        Link(visit.text(field.label, field.name), _back(entity.name, field.name)),
    )


def _form(bench: Bench, entity: Entity, field: Field, option: OptionOf) -> FormPage:
    visit, t = bench.visit, bench.visit.ui.t
    hues = tuple(Option(hue, word) for hue, word in _hues(bench))
    first = (
        words_in(bench, "label", t("Label"), option.label, required=True, text=t("As people read it.")),
        other_name(
            bench, "name", t("Key"), option.key, _pack_of(bench, entity, field, option.key), MAX_OPTION
        ),
        Input("color", t("Colour"), "select", option.color or None, options=hues),
    )
    words = tuple(words_elsewhere(bench, (("label", t("Label"), option.label),)))
    title = visit.text(option.label, option.key)
    href = f"{OPTIONS}/{entity.name}/{field.name}/{option.key}"
    return FormPage(
        title, href, t("Save in the draft"), _back(entity.name, field.name),
        (Section("", first), Section(t("In other languages"), words)), _crumbs(bench, entity, field),
        hidden=hidden(bench),
    )  # fmt: skip


def _hues(bench: Bench) -> Iterator[tuple[str, str]]:
    t = bench.visit.ui.t
    words = {
        "slate": t("Slate"), "blue": t("Blue"), "iris": t("Iris"), "amber": t("Amber"), "green": t("Green"),
        "red": t("Red"), "teal": t("Teal"), "pink": t("Pink"),
    }  # fmt: skip
    return ((hue, words[hue]) for hue in HUES)


def _whole(
    bench: Bench, entity: Entity, field: Field, option: OptionOf, label: Words, color: str
) -> dict[str, Any]:
    """All that an option says with this label and colour, as it stands in a document."""
    when = said_with_option(bench, entity, field, option.key)
    return {"label": short(label), **({"color": color} if color else {}), **when}


def _changed(bench: Bench, entity: Entity, field: Field, option: OptionOf, values: Values) -> None:
    desk, is_own = bench.desk, _is_own(entity, field)
    words = words_of_post(bench, values, "label", option.label)
    color = values.get("color") or ""
    if is_own:
        if words:
            words = {DEFAULT_LANGUAGE: option.label.get(DEFAULT_LANGUAGE), **words}
        new = color if color != option.color else None
        desk = with_own_option(desk, entity.name, field.name, option.key, words, new)
    else:
        whole = _whole(bench, entity, field, option, {**option.label, **words}, color)
        changed = {k: v for k, v in (("color", color),) if v and v != option.color}
        if words.get(DEFAULT_LANGUAGE):
            changed["label"] = str(words[DEFAULT_LANGUAGE])
        if changed:
            desk = with_pack_option(desk, entity.name, field.name, option.key, changed, whole)
        elsewhere = {k: v for k, v in words.items() if k != DEFAULT_LANGUAGE}
        path = ("fields", field.name, "options", option.key)
        desk = with_words(desk, entity.name, path, elsewhere, is_own=False)
    key = chosen_name(bench, values, option.key, [other.key for other in field.options])
    if key != option.key:
        desk = with_other_option_key(desk, entity.name, field.name, option.key, key)
    bench.keep(desk, f"{entity.name}:fields.{field.name}", {"options": "name"})
