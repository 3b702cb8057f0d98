"""The matrix of rights: what the engine answers, cell by cell, beside what the reference says.

A cell is one set of roles, one entity, one field or relationship, and one way to ask or to write.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tests.support.rights_ask import (
    Ask,
    Pair,
)
from tests.support.rights_carrying import (
    export_all,
    export_fields,
    export_filter,
    export_heading,
    export_sort,
    import_change,
    import_new,
)
from tests.support.rights_following import (
    all_many,
    any_many,
    count_many,
    expand,
    filter_pointer,
    filter_pointer_ne,
    links,
    max_many,
    sum_many,
    typeahead,
)
from tests.support.rights_linking import (
    link_change,
    link_expanded,
    link_filter,
    link_sort,
    link_told,
    link_values,
    link_with,
)
from tests.support.rights_reading import (
    extreme,
    feed,
    fields_of,
    filter_below,
    filter_contains,
    filter_empty,
    filter_eq,
    filter_ne,
    filter_not_below,
    get_one,
    group,
    history,
    how_many,
    list_all,
    list_order,
    search_all,
    search_list,
    short_test,
    sort_down,
    sort_up,
    total,
    trash,
)
from tests.support.rights_speaking import (
    comment_delete,
    comment_edit,
    comment_get,
    comment_mentionable,
    comment_read,
    comment_write,
    mention_list,
)
from tests.support.rights_stage import Cell, Fault, Stage, Unknown
from tests.support.rights_undoing import undo_change, undo_create, undo_delete, undo_finish, undo_link
from tests.support.rights_world import THINGS, TRANSITIONS, Realm
from tests.support.rights_writing import (
    batch_reference,
    create_with,
    delete_one,
    link_one,
    nested_child,
    restore_one,
    transition_one,
    unlink_one,
    update_one,
    upsert_one,
)

ORDERED = ("integer", "decimal", "date", "money")
GROUPED = ("text", "email", "choice", "integer", "decimal", "date", "boolean")
SHAPES: Mapping[str, Callable[[Ask], Pair]] = {
    f.__name__: f
    for f in (
        get_one, list_all, list_order, fields_of, trash, filter_eq, filter_ne, filter_empty, filter_below,
        filter_not_below, filter_contains, short_test, sort_up, sort_down, group, total, how_many, extreme,
        search_list, search_all, history, feed, expand, links, filter_pointer, filter_pointer_ne, count_many,
        any_many, all_many, sum_many, max_many, typeahead, create_with, update_one, delete_one, restore_one,
        transition_one, link_one, unlink_one, upsert_one, batch_reference, nested_child, export_all,
        export_fields, export_filter, export_heading, export_sort, import_new, import_change, comment_read,
        comment_get, comment_write, comment_mentionable, comment_edit, comment_delete, mention_list, link_values,
        link_expanded, link_told, link_filter, link_sort, link_with, link_change, undo_create, undo_change,
        undo_finish, undo_delete, undo_link,
    )
}  # fmt: skip


LINKED = (link_values, link_expanded, link_filter, link_sort)


def _names(*shapes: Callable[[Ask], Pair]) -> tuple[str, ...]:
    return tuple(s.__name__ for s in shapes)


SPOKEN = _names(
    comment_read,
    comment_get,
    comment_write,
    comment_mentionable,
    comment_edit,
    comment_delete,
    mention_list,
)


def _field_shapes(kind: str, *, through: bool, searched: bool) -> Iterator[str]:
    yield from _names(get_one, list_all, fields_of, filter_empty, history, feed)
    yield from _names(export_all, export_fields, export_heading)
    if kind != "long_text":
        yield from _names(filter_eq, filter_ne, short_test, sort_up, sort_down, export_filter)
        yield from _names(export_sort) if not through else ()
    if kind in ORDERED:
        yield from _names(filter_below, filter_not_below)
    if kind in ("text", "email"):
        yield from _names(filter_contains)
    if kind in GROUPED:
        yield from _names(group, how_many)
    if kind in ("integer", "decimal", "money"):
        yield from _names(total)
    if kind in ("integer", "date"):
        yield from _names(extreme)
    if searched:
        yield from _names(search_list, search_all)
    if not through:
        yield from _names(create_with, update_one, import_new, import_change)


def _side_shapes(entity: str, name: str) -> Iterator[str]:
    side = THINGS[entity].sides[name]
    if side.many:
        yield from _names(expand, links, count_many)
        return
    yield from _names(get_one, list_all, fields_of, history, feed, expand, create_with, update_one)
    yield from _names(export_all, export_fields, export_heading, import_new, import_change)
    if not side.any:
        yield from _names(filter_pointer, filter_pointer_ne, filter_empty, sort_up, sort_down, typeahead)
    if len(side.targets) == 1:
        yield from _names(group, links)


def _hops(entity: str) -> Iterator[tuple[str, str]]:
    """Each field of each record that a relationship leads to, and the ways to ask for it."""
    for name, side in THINGS[entity].sides.items():
        target = THINGS[side.targets[0]]
        for far, attribute in target.fields.items():
            if attribute.through or side.any:
                continue
            for shape in _hop_shapes(attribute.kind, many=side.many, narrowed=side.narrowed):
                yield f"{name}.{far}", shape


def _hop_shapes(kind: str, *, many: bool, narrowed: bool) -> Iterator[str]:
    if many:
        yield from _names(any_many, all_many) if kind not in ("long_text", "money") else ()
        yield from _names(sum_many, max_many) if kind == "integer" else ()
        return
    yield from _names(filter_empty)
    yield from _names(filter_eq, filter_ne) if kind != "long_text" else ()
    if narrowed:
        return
    yield from _names(fields_of, export_fields)
    yield from _names(export_filter, export_sort, sort_up, sort_down) if kind != "long_text" else ()
    yield from _names(group) if kind in GROUPED else ()
    yield from _names(total) if kind == "integer" else ()


def _questions() -> Iterator[tuple[str, str, str]]:
    for entity, thing in THINGS.items():
        for name, attribute in thing.fields.items():
            shapes = _field_shapes(
                attribute.kind, through=bool(attribute.through), searched=attribute.searched
            )
            yield from ((entity, name, shape) for shape in shapes)
        for name in thing.sides:
            yield from ((entity, name, shape) for shape in _side_shapes(entity, name))
        yield from ((entity, name, shape) for name, shape in _hops(entity))
        yield from ((entity, thing.title, shape) for shape in _names(list_order, trash, delete_one))
        yield from ((entity, thing.title, shape) for shape in (*SPOKEN, "undo_create"))
    yield from (("ticket", name, "transition_one") for name in TRANSITIONS)
    yield from (
        ("ticket", "watchers", shape) for shape in _names(link_one, unlink_one, link_with, link_change)
    )
    yield from (("ticket", "watchers", shape) for shape in _names(*LINKED, link_told, undo_link))
    yield from (("client", "watching", shape) for shape in _names(*LINKED))
    yield from (("client", "tag", "undo_change"), ("ticket", "kind", "undo_finish"))
    yield ("ticket", "subject", "undo_delete")
    yield from (("ticket", "steps", "nested_child"), ("client", "region", "batch_reference"))
    yield from (
        ("region", "code", "upsert_one"),
        ("ticket", "subject", "restore_one"),
        ("step", "name", "restore_one"),
    )


def all_cells(realm: Realm, seed: int) -> list[Cell]:
    """Every cell of the realm, in an order drawn by the seed."""
    chance = random.Random(seed)
    cells = [
        Cell(roles, entity, name, shape, chance.randrange(10_000))
        for roles in realm.role_sets
        for entity, name, shape in _questions()
    ]
    chance.shuffle(cells)
    return cells


SENT = {"batch_reference": ("name", "code"), "nested_child": ("name",), "upsert_one": ("name",)}


def judge(stage: Stage, cell: Cell) -> Fault | None:
    """The difference between the two answers of a cell, if there is one."""
    person, actor = stage.realm.person(cell.roles), stage.actor(cell.roles)
    ask = Ask(stage, cell, person, actor)
    expected, got = SHAPES[cell.shape](ask)
    if expected != got:
        return Fault(cell, expected, got)
    if isinstance(got, Unknown) and (told := _told_names(ask, got.told)):
        return Fault(cell, "unknown", ("ok", f"told of {told} in: {got.told}"))
    return None


def _told_names(ask: Ask, text: str) -> set[str]:
    """Names that the person may not use and that an error tells all the same."""
    person, words = ask.person, set(re.findall(r"[a-z_]+", text))
    known = {
        n for e in THINGS for o in ("read", "create", "update", "transition") for n in person.names(e, o)
    }
    every = {n for thing in THINGS.values() for n in (*thing.fields, *thing.sides)}
    said = {*ask.path, *SENT.get(ask.cell.shape, ())}
    return (every - known - said - set(THINGS)) & words


def cells_about(cells: Iterable[Cell], entity: str, shapes: Iterable[str]) -> list[Cell]:
    """The cells of an entity that are asked in these ways."""
    wanted = frozenset(shapes)
    return [cell for cell in cells if cell.entity == entity and cell.shape in wanted]


def run_cells(stage: Stage, cells: Sequence[Cell]) -> list[Fault]:
    """The faults among the cells."""
    return [fault for cell in cells if (fault := judge(stage, cell)) is not None]
