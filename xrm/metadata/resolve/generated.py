"""What an entity gets when nobody wrote it: a list, and a list of one's own records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xrm.metadata.expressions.check import check
from xrm.metadata.expressions.tree import Expression, uses
from xrm.metadata.expressions.types import Kind
from xrm.metadata.model import LIST, Entity, Shape, View
from xrm.metadata.typing_scope import ModelNames

ALL: Final = "all"
MINE: Final = "mine"
MOST_COLUMNS: Final = 7
_MINE_LABEL: Final = {"en": "Mine", "pt": "Meus", "es": "Míos", "ru": "Мои"}
# What tells records apart at a glance comes first.
_RANKS: Final = (Kind.CHOICE, Kind.REFERENCE, Kind.DATE, Kind.DATETIME, Kind.MONEY, Kind.BOOLEAN, Kind.TEXT,
                 Kind.DECIMAL, Kind.INTEGER)  # fmt: skip


def made_views(entity: Entity, names: ModelNames) -> dict[str, View]:
    """A list of all records, and of one's own where records have owners."""
    columns = _columns(entity)
    sort = ((entity.ordered_by, False),)
    views = {ALL: View(ALL, entity.name, LIST, entity.plural, columns, None, sort, {}, entity.place)}
    if entity.is_owned:
        mine = check("owner == me", entity.name, names)
        if isinstance(mine, Expression):
            views[MINE] = View(MINE, entity.name, LIST, _MINE_LABEL, columns, mine, sort, {}, entity.place)
    return views


def _columns(entity: Entity) -> tuple[str, ...]:
    """What the title is made of, then the most telling of the rest, in the order of the file."""
    first = _title_names(entity) or ("title",)
    rest = [(n, k) for n, k in _candidates(entity) if n not in first and k in _RANKS]
    ranked = sorted(rest, key=lambda pair: _RANKS.index(pair[1]))
    chosen = {n for n, _ in ranked[: MOST_COLUMNS - len(first)]}
    return (*first, *(n for n, _ in rest if n in chosen))


def _title_names(entity: Entity) -> tuple[str, ...]:
    if entity.title is None:
        return ()
    used = {name for _, name in uses(entity.title.tree)}
    return tuple(n for n in entity.fields if n in used)


def _candidates(entity: Entity) -> Iterator[tuple[str, Kind]]:
    for field in entity.fields.values():
        if not field.is_guarded and field.type.is_readable:
            yield field.name, field.type.expression(field.params).kind
    for relationship in entity.relationships.values():
        if relationship.shape is Shape.LOOKUP and not relationship.is_guarded:
            yield relationship.name, Kind.REFERENCE
    if entity.lifecycle:
        yield "state", Kind.CHOICE
