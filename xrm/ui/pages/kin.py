"""The relationships of a record, one step far: told as an outline, and drawn with the record in the middle.

Nothing is read for it besides what the page has read already: the record's own pointers, the counts of all
relationships, and the first records of some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xrm.metadata.model import OWNER_FIELDS, POINTERS, Entity, Shape
from xrm.ui.around import Branch, Caption, Graph, Kin, Node
from xrm.ui.models import Empty
from xrm.ui.pages.controls import control_for
from xrm.ui.pages.visit import Visit
from xrm.ui.record_pages import Related, RelatedRow

MOST_NODES = 24
WIDE, HIGH = 150, 34
GAP, HEAD, MARGIN = 8, 20, 14
LEFT, MIDDLE, RIGHT, WIDTH = 1, 185, 369, 520
LETTERS = 17


def kin_of(
    visit: Visit, entity: Entity, record: Mapping[str, Any], title: str, related: Sequence[Related]
) -> Kin:
    """What the record points at, and what it is related to, as far as this person may read it."""
    above = tuple(_above(visit, entity, record))
    below = tuple(_branch(visit, r) for r in related if r.rows or r.href)
    branches = (*above, *below)
    if not branches:
        t = visit.ui.t
        text = t("Records that point here, links and connections appear here as soon as there are some.")
        return Kin((), None, Empty(t("Not related to anything yet"), text, "waypoints"))
    here = Node(MIDDLE, 0, title, _short(title), "", entity.icon)
    return Kin(branches, drawn(here, branches))


def _above(visit: Visit, entity: Entity, record: Mapping[str, Any]) -> Iterator[Branch]:
    """The record's own pointers; a record that may not be read is only said to be there."""
    names = [r.name for r in entity.relationships.values() if r.shape is Shape.LOOKUP]
    names += [n for n in OWNER_FIELDS if entity.is_owned]
    for name in names:
        control = control_for(visit, entity, name)
        value = record.get(name)
        if control is None or not isinstance(value, Mapping) or not value.get("title"):
            continue
        target = visit.model.entities[str(value.get("entity") or POINTERS.get(name, ""))]
        href = f"/r/{target.name}/{value['id']}"
        row = RelatedRow(str(value["title"]), href)
        yield Branch(control.label, target.icon, (row,), is_above=True)


def _branch(visit: Visit, related: Related) -> Branch:
    """A list of related records; how many more there are than are told is known from its count."""
    left = related.count.isdecimal() and int(related.count) - len(related.rows)
    more = visit.ui.t("and {count} more", count=left) if left else ""
    if related.href and not more:
        more = visit.ui.t("Show all")
    return Branch(
        related.label,
        related.icon,
        related.rows,
        related.count,
        related.href,
        more if related.href else "",
    )


# --- drawing ----------------------------------------------------------------------------------------


def drawn(here: Node, branches: Sequence[Branch]) -> Graph:
    """The record in the middle, what it points at on its left, what it is related to on its right."""
    fitted = fit(branches)
    left = _column([b for b in fitted if b.is_above], LEFT)
    right = _column([b for b in fitted if not b.is_above], RIGHT)
    height = max(_height(left), _height(right), HIGH + 2 * MARGIN)
    left, right = (_centred(column, height) for column in (left, right))
    middle = replace(here, y=(height - HIGH) // 2)
    nodes = tuple(p for p in (*left, *right) if isinstance(p, Node))
    return Graph(
        WIDTH,
        height,
        middle,
        nodes,
        tuple(_edge(middle, node) for node in nodes),
        tuple(p for p in (*left, *right) if isinstance(p, Caption)),
    )


Column = list[Node | Caption]


def fit(branches: Sequence[Branch], most: int = MOST_NODES) -> list[Branch]:
    """The branches with as many records as there is room for, shared evenly among them."""
    room = dict.fromkeys(range(len(branches)), 0)
    left = most
    while left > 0:
        growing = [n for n, b in enumerate(branches) if room[n] < len(b.rows)]
        if not growing:
            break
        for n in growing[:left]:
            room[n] += 1
        left -= min(len(growing), left)
    return [_cut(branch, room[n]) for n, branch in enumerate(branches)]


def _cut(branch: Branch, room: int) -> Branch:
    return branch if room >= len(branch.rows) else replace(branch, rows=branch.rows[:room])


def _column(branches: Sequence[Branch], x: int) -> Column:
    """The nodes under the names of their relationships, from the top."""
    found: Column = []
    y = MARGIN
    for branch in branches:
        count = f" {branch.count}" if branch.count and not branch.rows else ""
        found.append(Caption(x, y + 12, _short(branch.label + count, 24), branch.href, branch.label))
        y += HEAD
        for row in branch.rows:
            about = f"{row.lead} {row.title}" if row.lead else row.title
            found.append(
                Node(x, y, row.title, _short(row.title), row.href, branch.icon, f"{branch.label}: {about}")
            )
            y += HIGH + GAP
        if branch.more and branch.rows:
            found.append(Caption(x, y + 10, branch.more, branch.href, f"{branch.label}: {branch.more}"))
            y += HEAD
        y += GAP
    return found


def _height(column: Column) -> int:
    ends = [p.y + (HIGH if isinstance(p, Node) else 6) for p in column]
    return max(ends, default=0) + MARGIN


def _centred(column: Column, height: int) -> Column:
    down = (height - _height(column)) // 2
    return [replace(p, y=p.y + down) for p in column]


def _edge(here: Node, there: Node) -> str:
    """A curve between the facing sides of two nodes."""
    is_left = there.x < here.x
    x1 = here.x if is_left else here.x + WIDE
    x2 = there.x + WIDE if is_left else there.x
    y1, y2, bend = here.y + HIGH // 2, there.y + HIGH // 2, (x1 + x2) // 2
    return f"M{x1} {y1}C{bend} {y1} {bend} {y2} {x2} {y2}"


def _short(text: str, letters: int = LETTERS) -> str:
    """As much of the text as has room."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
