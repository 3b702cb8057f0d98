"""Forms: sections of rows of names, written or made."""

from __future__ import annotations

from typing import Final

from xrm.metadata.fieldtypes.base import Control
from xrm.metadata.model import HOLDERS, OWNER_FIELDS, Entity, Form, Relationship, Section, Shape
from xrm.metadata.resolve.context import Context, Item

MAIN: Final = "main"
DETAILS: Final = "details"
_WIDE: Final = frozenset(
    {
        Control.AREA,
        Control.RICH,
        Control.MARKDOWN,
        Control.ADDRESS,
        Control.PERSON_NAME,
        Control.JSON,
        Control.FILE,
        Control.IMAGE,
        Control.EXPRESSION,
    }
)
_DETAILS_LABEL: Final = {"en": "Details", "pt": "Detalhes", "es": "Detalles", "ru": "Подробности"}


def forms_of(context: Context, entity: Entity) -> dict[str, Form]:
    """The entity's written forms."""
    merged = context.layers.forms.get(entity.name)
    if merged is None:
        return {}
    item = Item(merged, (), merged.body)
    return {
        form.name: Form(
            form.name,
            entity.name,
            tuple(_section(context, entity, form.name, s) for s in form.items("sections")),
            form.key_at(),
        )
        for form in item.items()
    }


def _section(context: Context, entity: Entity, form: str, item: Item) -> Section:
    source = f"form:{entity.name}.{form}.sections.{item.name}"
    paths = (f"{p}.{form}.sections.{item.name}.label" for p in context.prefixes("forms", entity.name))
    rows: list[tuple[str, ...]] = []
    for index, row in enumerate(item.get("rows", ())):
        names = tuple(n for i, n in enumerate(row) if _is_shown(context, entity, n, item, (index, i), source))
        if names:
            rows.append(names)
    return Section(
        item.name,
        context.texts.named(item.get("label"), item.name, *paths),
        tuple(rows),
        context.expression(item, "visible_when", entity.name, source),
    )


def _is_shown(
    context: Context, entity: Entity, name: str, item: Item, at: tuple[int, int], source: str
) -> bool:
    """True for a name that can stand on a form; another one is a problem."""
    place = item.at("rows", *at)
    known = form_names(entity)
    if name in known:
        context.use(f"field:{entity.name}.{name}", f"{source}.rows", place)
        return True
    context.unknown_name(entity.name, name, place, known)
    return False


def form_names(entity: Entity) -> tuple[str, ...]:
    """What can stand on a form: fields, relationships, and who the record belongs to."""
    owners = OWNER_FIELDS if entity.is_owned else ()
    return (*entity.fields, *entity.relationships, *owners)


def made_form(entity: Entity) -> Form:
    """A form with all that can be entered, narrow things in pairs, and what belongs to the record below."""
    narrow = [f.name for f in entity.fields.values() if f.type.control not in _WIDE]
    narrow += [r.name for r in entity.relationships.values() if r.shape is Shape.LOOKUP]
    narrow += list(HOLDERS) if entity.is_owned else []
    rows = [tuple(narrow[i : i + 2]) for i in range(0, len(narrow), 2)]
    rows += [(f.name,) for f in entity.fields.values() if f.type.control in _WIDE]
    details = Section(DETAILS, _DETAILS_LABEL, tuple(rows))
    below = [
        Section(r.name, r.label, ((r.name,),)) for r in entity.relationships.values() if _belongs_below(r)
    ]
    return Form(MAIN, entity.name, (details, *below), entity.place)


def _belongs_below(relationship: Relationship) -> bool:
    return relationship.shape is Shape.MANY or relationship.owned
