"""What the values of a field were before: shadows of its other states, and the changes that lead between them.

A state is a set of values in one form. Every change of form makes one, and coming back to one makes none. The values
of now are one state, each shadow keeps another, and between any two of them leads one way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xrm.engine.storage.beings import LIFECYCLE, Being, change_between
from xrm.engine.storage.forms import BEING, DECIDED, NOTHING_DECIDED, Change, Decided, Fault, Form, Unfit
from xrm.engine.storage.inspection import LiveSchema
from xrm.engine.storage.matching import Past
from xrm.engine.storage.shadows import Shadow

FIRST = "0"  # the state with which a field begins


@dataclass(frozen=True, slots=True)
class Kept:
    """A shadow of the field: how its values become those of the state beside it, and how those become its own.

    `columns` keep its parts, in their order.
    """

    shadow: Shadow
    form: Form
    columns: tuple[str, ...]
    there: Change
    back: Change


def taken_back(
    kept: Kept, value: Any, row: Mapping[str, Any], used: list[tuple[Fault, str]]
) -> tuple[Any, bool]:
    """The value that the shadow keeps if this is what became of it; else this one by its form, if it fits.

    With it comes whether it does not fit, and is left out.
    """
    old = kept.form.value(tuple(row[column] for column in kept.columns))
    if kept.there.after.follows:
        return old, False  # nobody gave what has been there since
    is_later = isinstance(value, Being) and value.is_after(kept.shadow.at)
    if not is_later and _became(kept.there, old) == kept.there.after.said(value):
        return old, False
    taken: list[tuple[Fault, str]] = []
    try:
        new = kept.back.value(value, taken)
    except Unfit as unfit:
        if unfit.fault is Fault.STATE:
            raise  # nothing that somebody did is undone by leaving it out
        return old, True
    if not is_later and kept.form.said(new) == kept.form.said(old):
        return old, False
    used += taken
    return new, False


def _became(there: Change, old: Any) -> Any:
    try:
        return there.after.said(there.value(old))
    except Unfit:
        return Unfit


class Lineage:
    """The states of one field in one table. With each shadow stands what made it one: `turned`."""

    def __init__(
        self,
        live: LiveSchema,
        past: Past,
        number: int | None,
        table: str,
        decided: Decided = NOTHING_DECIDED,
    ) -> None:
        self.live, self.past, self.decided = live, past, decided
        mine = (s for s in live.shadows if s.table == table and not s.is_table)
        here = [shadow for shadow in mine if number is not None and shadow.member == number]
        self.shadows = [shadow for shadow in reversed(here) if shadow.turned and "state" in shadow.turned]

    @property
    def last(self) -> Shadow | None:
        """What the values were before they last became others."""
        return self.shadows[0] if self.shadows else None

    def back_to(self, now: Form, wanted: Form, kinds: Sequence[str], *, is_other: bool) -> tuple[Kept, ...]:
        """The shadows through which the values go back to one in columns of these kinds.

        It is the one of the version that is gone back to; else, where the form `is_other`, the newest of that.
        """
        version = self.past.version
        then = [shadow for shadow in self.shadows if version and _held(shadow, version)]
        for shadow in (*then, *(self.shadows if is_other else ())):
            way = tuple(self._way(shadow, now))
            is_it = bool(way) and (shadow in then or way[-1].form.same_as(wanted))
            if is_it and way[-1].form.type.name == wanted.type.name and self._fits(shadow, kinds):
                return way
        return ()

    def _fits(self, shadow: Shadow, kinds: Sequence[str]) -> bool:
        table = self.live.tables.get(shadow.table) or self.live.kept[shadow.table]
        return sorted(kinds) == sorted(table.shadows.get(c, "") for c in shadow.columns.values())

    def _way(self, target: Shadow, form: Form) -> list[Kept]:
        """From the values of now to the target; nothing where a part of the way is not known any more."""
        by_state = {shadow.turned["state"]: shadow for shadow in self.shadows}
        found: list[Kept] = []
        for edge in _between(edges_of(self.shadows), state_of(self.last), target.turned["state"]):
            shadow = by_state.get(edge.to)
            kept = shadow and self._kept(shadow, edge)
            if not kept or not _goes_on(kept.there.after, form):
                return []
            found.append(kept)
            form = kept.form
        return found

    def _kept(self, shadow: Shadow, edge: _Edge) -> Kept | None:
        forms = [self._form(each) for each in (shadow.definition, edge.before, edge.after)]
        if any(form is None for form in forms):
            return None
        form, before, after = (each for each in forms if each is not None)
        named = form.columns(shadow.definition["name"])
        if not shadow.columns.keys() >= set(named):
            return None
        columns, decided = tuple(shadow.columns[name] for name in named), Decided.from_json(edge.decided)
        there = self._change(after, before, NOTHING_DECIDED if edge.is_forward else decided)
        back = self._change(before, after, self.decided.over(decided if edge.is_forward else NOTHING_DECIDED))
        return Kept(shadow, form, columns, there, back)

    def _form(self, definition: Mapping[str, Any]) -> Form | None:
        return Form.from_definition(definition, {**self.past.types, BEING: LIFECYCLE})

    def _change(self, before: Form, after: Form, decided: Decided) -> Change:
        return change_between(before, after, decided, self.past.currency)


@dataclass(frozen=True, slots=True)
class _Edge:
    """A step from one state to another. Forward, it is the change that made the second; else the way back over it."""

    to: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    decided: Mapping[str, Any]
    is_forward: bool


def edges_of(shadows: Sequence[Shadow]) -> list[Mapping[str, Any]]:
    """All changes that made states, each once, as the ledger keeps them."""
    every = [edge for shadow in shadows for edge in shadow.turned["edges"]]
    return list({(edge["from"], edge["to"]): edge for edge in every}.values())


def _between(edges: Sequence[Mapping[str, Any]], here: str, there: str) -> list[_Edge]:
    """The steps from one state to another; nothing if no way leads there."""
    ways: dict[str, list[_Edge]] = {here: []}
    waiting = [here]
    while waiting and there not in ways:
        state = waiting.pop(0)
        for step in _steps(edges, state):
            if step.to not in ways:
                ways[step.to] = [*ways[state], step]
                waiting.append(step.to)
    return ways.get(there, [])


def _steps(edges: Sequence[Mapping[str, Any]], state: str) -> Iterator[_Edge]:
    for edge in edges:
        if edge["from"] == state:
            yield _Edge(edge["to"], edge["before"], edge["after"], edge[DECIDED], is_forward=True)
        elif edge["to"] == state:
            yield _Edge(edge["from"], edge["after"], edge["before"], edge[DECIDED], is_forward=False)


def state_of(last: Shadow | None) -> str:
    """What stands for the values of now, by what they were before."""
    return last.turned["now"] if last else FIRST


def _goes_on(into: Form, after: Form) -> bool:
    """Whether values of the one form lie in columns of the other unchanged."""
    kinds = [[(part.suffix, part.storage, part.scale) for part in form.parts] for form in (into, after)]
    return into.type.name == after.type.name and kinds[0] == kinds[1]


def _held(shadow: Shadow, version: int) -> bool:
    """Whether the shadow keeps the values of that version, with what was changed while they were in use."""
    return any(first <= version <= last for first, last in shadow.turned["versions"])
