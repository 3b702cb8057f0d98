"""Definitions: the entities with their fields and relationships, changed in a draft that ends in its plan."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from xrm.metadata.customising import CUSTOMISATION
from xrm.metadata.defining import unsay_entity
from xrm.metadata.drafting import Desk, without_member
from xrm.metadata.granting import without_grants
from xrm.metadata.model import Entity, Field, Relationship, Shape
from xrm.metadata.values import fold
from xrm.ui.admin.bench import Bench, bench_of, refused
from xrm.ui.admin.defining_computed import changed_computed, computed_form, is_computed, kind_of, new_computed
from xrm.ui.admin.defining_entities import changed_entity, entity_form, new_entity
from xrm.ui.admin.defining_fields import changed_field, field_form, new_field, type_gallery
from xrm.ui.admin.defining_options import options_card
from xrm.ui.admin.defining_relationships import changed_relationship, new_relationship, relationship_form
from xrm.ui.admin.defining_roles import changed_roles, roles_card, roles_form
from xrm.ui.admin.defining_types import became, becoming_form, becoming_gallery, types_after
from xrm.ui.admin.forms import Values, answered
from xrm.ui.admin.skin import Area, asked, posted, shown
from xrm.ui.admin.typewords import type_label
from xrm.ui.admin.uses import uses_address
from xrm.ui.admin.words import user_named
from xrm.ui.administration import Card, CardsPage, Cell, Row, Search, Table, TablePage
from xrm.ui.fields.view import Field as Input
from xrm.ui.fields.view import Option
from xrm.ui.models import Action, Empty, Link
from xrm.ui.pages.answers import moved, page
from xrm.ui.pages.menu import DEFINITIONS, admin_tabs
from xrm.ui.pages.visit import Visit

SEARCH, PACK = "search", "f.pack"


class Definitions(Area):
    """`/admin/definitions`."""

    href = DEFINITIONS

    @shown()
    def index(self, visit: Visit) -> Response:
        """The entities by pack, those that are found by a word."""
        return page(visit, "admin/table.html", _index(bench_of(visit)), current=DEFINITIONS)

    @asked("/new")
    def new(self, visit: Visit) -> Response:
        """The draft has one more entity; its fields come next."""
        bench = bench_of(visit)

        def do(values: Values) -> Response:
            name = new_entity(bench, values)
            return moved(f"{DEFINITIONS}/e/{name}", visit.ui.t("Added to the draft"))

        return answered(visit, entity_form(bench, None), DEFINITIONS, do)

    @shown("/e/<entity>")
    def one(self, visit: Visit, entity: str) -> Response:
        """The entity with what it has, where that comes from, and what the draft changes of it."""
        bench = bench_of(visit)
        model = _entity_page(bench, bench.entity(entity))
        return page(visit, "admin/cards.html", model, current=DEFINITIONS)

    @asked("/e/<entity>/edit")
    def edit(self, visit: Visit, entity: str) -> Response:
        """What the entity is called, and how it is shown."""
        bench = bench_of(visit)
        found = bench.entity(entity)

        def do(values: Values) -> Response:
            name = changed_entity(bench, found, values)
            return moved(f"{DEFINITIONS}/e/{name}", visit.ui.t("Changed in the draft"))

        return answered(visit, entity_form(bench, found), DEFINITIONS, do)

    @posted("/e/<entity>/remove")
    def remove(self, visit: Visit, entity: str) -> Response:
        """The draft has no such entity; only those that were made here can go."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        if found.pack != CUSTOMISATION:
            raise refused(visit.ui.t("This comes with a pack and goes with it."))
        desk = without_grants(bench.desk, entity)
        bench.keep(Desk(unsay_entity(desk.documents, entity), desk.ours))
        return moved(DEFINITIONS, visit.ui.t("Taken out in the draft"))

    @asked("/e/<entity>/roles")
    def roles(self, visit: Visit, entity: str) -> Response:
        """What each role may do with an entity that was made here."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        if found.pack != CUSTOMISATION:
            raise refused(visit.ui.t("The roles of a pack say who may use what comes with it."))

        def do(values: Values) -> Response:
            changed_roles(bench, found, values)
            return moved(f"{DEFINITIONS}/e/{entity}", visit.ui.t("Changed in the draft"))

        return answered(visit, roles_form(bench, found), DEFINITIONS, do)

    @shown("/e/<entity>/fields/new")
    def gallery(self, visit: Visit, entity: str) -> Response:
        """The types that a new field may have."""
        bench = bench_of(visit)
        model = type_gallery(bench, bench.entity(entity))
        return page(visit, "admin/cards.html", model, current=DEFINITIONS)

    @asked("/e/<entity>/fields/new/<kind>")
    def add_field(self, visit: Visit, entity: str, kind: str) -> Response:
        """The draft has one more field of that type."""
        bench = bench_of(visit)
        found = bench.entity(entity)

        def do(values: Values) -> Response:
            (new_computed if is_computed(kind) else new_field)(bench, found, kind, values)
            back = f"{DEFINITIONS}/e/{entity}"
            then = visit.form.get("then", "")
            return moved(f"{back}/fields/new" if then == "new" else back, visit.ui.t("Added to the draft"))

        form = computed_form if is_computed(kind) else field_form
        return answered(visit, form(bench, found, kind, None), DEFINITIONS, do)

    @shown("/e/<entity>/fields/<field>")
    def field(self, visit: Visit, entity: str, field: str) -> Response:
        """The field with its options and where it comes from."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        model = _field_page(bench, found, bench.field(found, field))
        return page(visit, "admin/cards.html", model, current=DEFINITIONS)

    @asked("/e/<entity>/fields/<field>/edit")
    def edit_field(self, visit: Visit, entity: str, field: str) -> Response:
        """What the field is called, asks for and takes."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        known = bench.field(found, field)

        def do(values: Values) -> Response:
            name = (changed_computed if known.formula else changed_field)(bench, found, known, values)
            return moved(f"{DEFINITIONS}/e/{entity}/fields/{name}", visit.ui.t("Changed in the draft"))

        if known.formula is not None:
            return answered(
                visit, computed_form(bench, found, kind_of(bench, found, known), known), DEFINITIONS, do
            )
        return answered(visit, field_form(bench, found, known.type.name, known), DEFINITIONS, do)

    @shown("/e/<entity>/fields/<field>/type")
    def types(self, visit: Visit, entity: str, field: str) -> Response:
        """The types that the field can have instead."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        model = becoming_gallery(bench, found, bench.field(found, field))
        return page(visit, "admin/cards.html", model, current=DEFINITIONS)

    @asked("/e/<entity>/fields/<field>/type/<kind>")
    def retype(self, visit: Visit, entity: str, field: str, kind: str) -> Response:
        """The draft has the field with another type."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        known = bench.field(found, field)

        def do(values: Values) -> Response:
            became(bench, found, known, kind, values)
            return moved(f"{DEFINITIONS}/e/{entity}/fields/{field}", visit.ui.t("Changed in the draft"))

        return answered(visit, becoming_form(bench, found, known, kind), DEFINITIONS, do)

    @posted("/e/<entity>/fields/<field>/remove")
    def remove_field(self, visit: Visit, entity: str, field: str) -> Response:
        """The draft has no such field, or the pack's field as the pack has it."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        is_own = _is_own(found, bench.field(found, field))
        bench.keep(without_member(bench.desk, entity, ("fields", field), is_own=is_own))
        return moved(f"{DEFINITIONS}/e/{entity}", visit.ui.t("Taken out in the draft"))

    @posted("/e/<entity>/fields/<field>/hide")
    def hide(self, visit: Visit, entity: str, field: str) -> Response:
        """Nobody sees the field; its values stay."""
        bench = bench_of(visit)
        bench.field(bench.entity(entity), field)
        bench.keep(bench.desk.says(entity, ("fields", field, "visible_when"), False))
        return moved(f"{DEFINITIONS}/e/{entity}/fields/{field}", visit.ui.t("Hidden in the draft"))

    @asked("/e/<entity>/relationships/new")
    def add_relationship(self, visit: Visit, entity: str) -> Response:
        """The draft has one more relationship."""
        bench = bench_of(visit)
        found = bench.entity(entity)

        def do(values: Values) -> Response:
            new_relationship(bench, found, values)
            return moved(f"{DEFINITIONS}/e/{entity}", visit.ui.t("Added to the draft"))

        return answered(visit, relationship_form(bench, found, None), DEFINITIONS, do)

    @asked("/e/<entity>/relationships/<relationship>")
    def edit_relationship(self, visit: Visit, entity: str, relationship: str) -> Response:
        """What the relationship is called on both sides, and what holds it."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        known = bench.relationship(found, relationship)

        def do(values: Values) -> Response:
            changed_relationship(bench, found, known, values)
            return moved(f"{DEFINITIONS}/e/{entity}", visit.ui.t("Changed in the draft"))

        return answered(visit, relationship_form(bench, found, known), DEFINITIONS, do)

    @posted("/e/<entity>/relationships/<relationship>/remove")
    def remove_relationship(self, visit: Visit, entity: str, relationship: str) -> Response:
        """The draft has no such relationship, or the pack's as the pack has it."""
        bench = bench_of(visit)
        found = bench.entity(entity)
        is_own = _is_own(found, bench.relationship(found, relationship))
        bench.keep(without_member(bench.desk, entity, ("relationships", relationship), is_own=is_own))
        return moved(f"{DEFINITIONS}/e/{entity}", visit.ui.t("Taken out in the draft"))


def _is_own(entity: Entity, member: Field | Relationship) -> bool:
    return CUSTOMISATION in (member.pack, entity.pack)


# --- all of them ------------------------------------------------------------------------------------


def _index(bench: Bench) -> TablePage:
    visit, t = bench.visit, bench.visit.ui.t
    said, pack = visit.arg(SEARCH).strip()[:200], visit.arg(PACK)
    known = [e for e in bench.model.entities.values() if not e.is_engine]
    chosen = [e for e in known if (not pack or e.pack == pack) and _is_meant(bench, e, said)]
    ordered = sorted(
        chosen, key=lambda e: (e.pack != CUSTOMISATION, bench.pack(e.pack).casefold(), visit.plural(e))
    )
    packs = tuple(Option(name, bench.pack(name)) for name in sorted({e.pack for e in known}))
    search = Search(
        DEFINITIONS, said, t("Name of an entity"), (Input("pack", t("Pack"), "select", pack, options=packs),),
        DEFINITIONS if said or pack else "",
    )  # fmt: skip
    columns = (t("Entity"), t("Comes from"), t("Fields"), t("Relationships"), t("Draft"))
    empty = Empty(t("No entity is called so"), "", "shapes")
    table = Table(t("Definitions"), columns, tuple(_entity_row(bench, e) for e in ordered), empty)
    add = Action(t("Add entity"), f"{DEFINITIONS}/new", "plus", primary=True)
    return TablePage(
        t("Definitions"), "shapes", admin_tabs(visit, DEFINITIONS), table, search, _note(bench),
        t("{count} entities", count=len(ordered)), bench.actions(add),
    )  # fmt: skip


def _is_meant(bench: Bench, entity: Entity, said: str) -> bool:
    words = (entity.name, bench.visit.label(entity), bench.visit.plural(entity))
    return any(fold(said) in fold(word) for word in words)


def _note(bench: Bench) -> str:
    t, draft = bench.visit.ui.t, bench.look.draft
    if draft is None:
        return t("What you change goes into a draft; nobody else notices before you apply it.")
    return t("A draft by {who} waits to be applied.", who=user_named(bench.visit, draft.begun_by))


def _entity_row(bench: Bench, entity: Entity) -> Row:
    number = bench.visit.ui.number
    links = [r for r in entity.relationships.values() if r.shape is not Shape.INVERSE]
    return Row((
        Cell(bench.visit.plural(entity), f"{DEFINITIONS}/e/{entity.name}", note=entity.name),
        Cell(bench.pack(entity.pack)), Cell(number(len(entity.fields))), Cell(number(len(links))),
        _tag(bench.drafted(entity.name)),
    ))  # fmt: skip


def _tag(tag: Option | None) -> Cell:
    return Cell(tags=(tag,)) if tag else Cell(is_plain=True)


# --- one of them ------------------------------------------------------------------------------------


def _entity_page(bench: Bench, entity: Entity) -> CardsPage:
    visit, t, href = bench.visit, bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}"
    tag = bench.drafted(entity.name)
    more = [Action(t("Where used"), uses_address(entity.name), "search")]
    if entity.pack == CUSTOMISATION:
        more.append(Action(t("Remove"), f"{href}/remove", "trash-2", post=True, danger=True))
    if entity.name in visit.model.entities:
        more.insert(0, Action(t("Open the records"), f"/r/{entity.name}", "list"))
    return CardsPage(
        title=visit.plural(entity),
        crumbs=(Link(t("Definitions"), DEFINITIONS, "shapes"),),
        cards=tuple(_entity_cards(bench, entity)),
        facts=(entity.name, bench.pack(entity.pack)),
        tags=(tag,) if tag else (),
        actions=bench.actions(Action(t("Add field"), f"{href}/fields/new", "plus", primary=True)),
        more=tuple(more),
    )


def _entity_cards(bench: Bench, entity: Entity) -> Iterator[Card]:
    yield _fields(bench, entity)
    if entity.pack == CUSTOMISATION:
        yield roles_card(bench, entity)
    yield _relationships(bench, entity)
    yield from _led_here(bench, entity)
    yield _about(bench, entity)


def _about(bench: Bench, entity: Entity) -> Card:
    visit, t = bench.visit, bench.visit.ui.t
    facts = (
        (t("One of them"), Cell(visit.label(entity))),
        (t("Several"), Cell(visit.plural(entity))),
        (t("Title"), Cell(entity.title.text if entity.title else "", code=True)),
        (t("Belongs to"), Cell(_ownership(bench, entity))),
        (t("Comes from"), Cell(bench.pack(entity.pack))),
    )
    change = Action(t("Change"), f"{DEFINITIONS}/e/{entity.name}/edit", "pencil")
    return Card(t("About"), entity.icon, facts, actions=(change,), id="about")


def _ownership(bench: Bench, entity: Entity) -> str:
    t = bench.visit.ui.t
    return {
        "user_or_team": t("A user or a team"), "organization": t("The organisation"),
    }.get(entity.ownership, t("Nobody"))  # fmt: skip


def _fields(bench: Bench, entity: Entity) -> Card:
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}/fields"
    rows = tuple(_field_row(bench, entity, field) for field in entity.fields.values())
    add = Action(t("Add field"), f"{href}/new", "plus")
    columns = (t("Field"), t("Type"), t("Asks for"), t("Comes from"), t("Draft"))
    empty = Empty(t("No fields yet"), "", "text-cursor-input", add)
    return Card(
        t("Fields"), "text-cursor-input", table=Table(t("Fields"), columns, rows, empty),
        actions=(add,) if rows else (), id="fields",
    )  # fmt: skip


def _field_row(bench: Bench, entity: Entity, field: Field) -> Row:
    href = f"{DEFINITIONS}/e/{entity.name}/fields/{field.name}"
    return Row((
        Cell(bench.visit.text(field.label, field.name), href, note=field.name),
        Cell(type_label(bench.visit, field.type.name)), Cell(tags=tuple(_demands(bench, field)), is_plain=True),
        Cell(_origin(bench, entity, field)), _tag(bench.drafted(entity.name, ("fields", field.name))),
    ), is_quiet=_is_hidden(bench, entity, field))  # fmt: skip


def _is_hidden(bench: Bench, entity: Entity, field: Field) -> bool:
    return bool(bench.desk.said(entity.name, ("fields", field.name, "visible_when")) == "false")


def _demands(bench: Bench, field: Field) -> Iterator[Option]:
    t = bench.visit.ui.t
    if field.required:
        yield Option("required", t("Required"), "blue")
    if field.unique:
        yield Option("unique", t("Unique"), "iris")
    if field.visible_when is not None and field.visible_when.text == "false":
        yield Option("hidden", t("Hidden"), "slate")


def _origin(bench: Bench, entity: Entity, member: Field | Relationship) -> str:
    collection = "fields" if isinstance(member, Field) else "relationships"
    if member.pack != CUSTOMISATION and bench.said(entity.name, collection, member.name):
        return bench.visit.ui.t("{pack}, changed here", pack=bench.pack(member.pack))
    return bench.pack(member.pack or entity.pack)


def _relationships(bench: Bench, entity: Entity) -> Card:
    t, href = bench.visit.ui.t, f"{DEFINITIONS}/e/{entity.name}/relationships"
    own = [r for r in entity.relationships.values() if r.shape is not Shape.INVERSE]
    rows = tuple(_relationship_row(bench, entity, r) for r in own)
    add = Action(t("Add relationship"), f"{href}/new", "plus")
    columns = (t("Relationship"), t("Leads to"), t("How many"), t("Comes from"), t("Draft"))
    about = t("A relationship leads from a record to others, and back.")
    table = Table(t("Relationships"), columns, rows, Empty(t("No relationships yet"), about, "link", add))
    return Card(t("Relationships"), "link", table=table, actions=(add,) if rows else (), id="relationships")


def _led_here(bench: Bench, entity: Entity) -> Iterator[Card]:
    """What leads to these records from others: it is changed over there."""
    t = bench.visit.ui.t
    rows = tuple(
        _relationship_row(bench, entity, r) for r in entity.relationships.values() if r.shape is Shape.INVERSE
    )
    if rows:
        columns = (t("Called here"), t("Comes from"), t("How many"), t("Draft"))
        table = Table(t("What leads here"), columns, rows, Empty(t("Nothing")))
        note = t("Relationships of other entities, seen from this side.")
        yield Card(t("What leads here"), "corner-down-left", table=table, note=note, id="led-here")


def _relationship_row(bench: Bench, entity: Entity, known: Relationship) -> Row:
    visit, t = bench.visit, bench.visit.ui.t
    is_far = known.shape is Shape.INVERSE
    holder, name = known.of if is_far and known.of else (entity.name, known.name)
    targets = ", ".join(
        visit.plural(bench.model.entities[n]) for n in known.targets if n in bench.model.entities
    )
    many = t("Several") if not known.one else t("One")
    href = f"{DEFINITIONS}/e/{holder}/relationships/{name}"
    first = Cell(visit.text(known.label, known.name), href, note=known.name)
    target = Cell(t("Any entity") if known.any else targets)
    draft = _tag(bench.drafted(holder, ("relationships", name)))
    if is_far:
        return Row((first, target, Cell(many), draft))
    ways = tuple(_ways_out(bench, entity, known, href))
    return Row((first, target, Cell(many), Cell(_origin(bench, entity, known)), draft), ways)


def _ways_out(bench: Bench, entity: Entity, known: Relationship, href: str) -> Iterator[Action]:
    t = bench.visit.ui.t
    if _is_own(entity, known):
        yield Action(t("Remove"), f"{href}/remove", "trash-2", post=True)
    elif bench.said(entity.name, "relationships", known.name):
        yield Action(t("Take our changes back"), f"{href}/remove", "undo-2", post=True)


# --- a field ----------------------------------------------------------------------------------------


def _field_page(bench: Bench, entity: Entity, field: Field) -> CardsPage:
    visit, t = bench.visit, bench.visit.ui.t
    href = f"{DEFINITIONS}/e/{entity.name}/fields/{field.name}"
    tag = bench.drafted(entity.name, ("fields", field.name))
    cards = [*options_card(bench, entity, field), _field_facts(bench, entity, field)]
    return CardsPage(
        title=visit.text(field.label, field.name),
        crumbs=(Link(t("Definitions"), DEFINITIONS, "shapes"),
                Link(visit.plural(entity), f"{DEFINITIONS}/e/{entity.name}")),
        cards=tuple(cards),
        facts=(field.name, type_label(visit, field.type.name)),
        tags=(tag,) if tag else (),
        actions=bench.actions(Action(t("Change"), f"{href}/edit", "pencil", primary=True)),
        more=(Action(t("Where used"), uses_address(f"{entity.name}.{field.name}"), "search"),
              *_departures(bench, entity, field, href)),
    )  # fmt: skip


def _departures(bench: Bench, entity: Entity, field: Field, href: str) -> Iterator[Action]:
    """How the field can go: what was made here is removed, what a pack has is hidden, and comes back."""
    t = bench.visit.ui.t
    if types_after(bench, entity, field):
        yield Action(t("Change the type"), f"{href}/type", "replace")
    if _is_own(entity, field):
        yield Action(t("Remove"), f"{href}/remove", "trash-2", post=True, danger=True)
        return
    if not _is_hidden(bench, entity, field):
        yield Action(t("Hide from everybody"), f"{href}/hide", "eye-off", post=True)
    if bench.said(entity.name, "fields", field.name):
        yield Action(t("Take our changes back"), f"{href}/remove", "undo-2", post=True)


def _field_facts(bench: Bench, entity: Entity, field: Field) -> Card:
    visit, t = bench.visit, bench.visit.ui.t
    facts = (
        (t("Name"), Cell(field.name, code=True)),
        (t("Type"), Cell(type_label(visit, field.type.name))),
        (t("Asks for"), Cell(tags=tuple(_demands(bench, field)))),
        (t("Value of new records"), Cell(field.default.text, code=True) if field.default else Cell()),
        (t("Help"), Cell(visit.text(field.help))),
        (t("Comes from"), Cell(_origin(bench, entity, field))),
    )
    return Card(t("About"), "text-cursor-input", facts, id="about")
