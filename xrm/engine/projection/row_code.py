"""The text of a function that turns a raw row into a record: one dictionary display, made once per list.

A loop over fields costs as much again as the values themselves; Python runs the written-out expression
without it. All that is written are positions, names as `repr` quotes them, and names of converters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Converter = Callable[[Any], Any]
RowDumper = Callable[[Sequence[Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a record: a column as it is or converted, or what `whole` makes of the row.

    With an `entity` it is a pointer to a record of it, whose id is the converted column and whose title
    stands in the next one. `path` says where it goes; below a pointer stand values of that record.
    """

    path: tuple[str, ...]
    at: int
    convert: Converter | None = None
    whole: Callable[[Sequence[Any]], Any] | None = None
    entity: str = ""


def row_function(cells: Sequence[Cell]) -> RowDumper:
    """The function that gives the record of a raw row."""
    writer = _Writer({cell.path: cell for cell in cells})
    text = f"lambda raw: {writer.display((), ())}"
    made: RowDumper = eval(text, writer.known)  # noqa: S307  (see above for what is in the text)
    return made


@dataclass(slots=True)
class _Writer:
    cells: Mapping[tuple[str, ...], Cell]
    known: dict[str, Any] = field(default_factory=lambda: {"__builtins__": {}, "below": _below})

    def display(self, above: tuple[str, ...], first: Iterable[str]) -> str:
        """The dictionary of what stands directly below a path, behind the pairs in `first`."""
        here = (cell for cell in self.cells.values() if self._stands_below(cell.path, above))
        pairs = (f"{'.'.join(cell.path[len(above) :])!r}: {self._value(cell)}" for cell in here)
        return "{" + ", ".join((*first, *pairs)) + "}"

    def _stands_below(self, path: tuple[str, ...], above: tuple[str, ...]) -> bool:
        """Whether `above` is the nearest place above the path that the record has."""
        nearest = next((path[:n] for n in range(len(path) - 1, 0, -1) if path[:n] in self.cells), ())
        return nearest == above and path != above

    def _value(self, cell: Cell) -> str:
        raw = f"raw[{cell.at}]"
        if cell.entity:
            pair = (f"'id': {self._converted(cell.convert, raw)}", f"'entity': {cell.entity!r}")
            title = f"'title': raw[{cell.at + 1}]"
            return f"(None if {raw} is None else {self.display(cell.path, (*pair, title))})"
        if cell.whole is not None:
            more = self.display(cell.path, ())
            found = f"{self._name(cell.whole)}(raw)"
            return found if more == "{}" else f"below({found}, {more})"
        if cell.convert is None:
            return raw
        return f"(None if {raw} is None else {self._converted(cell.convert, raw)})"

    def _converted(self, convert: Converter | None, raw: str) -> str:
        return raw if convert is None else f"{self._name(convert)}({raw})"

    def _name(self, thing: Callable[..., Any]) -> str:
        name = f"c{len(self.known)}"
        self.known[name] = thing
        return name


def _below(found: dict[str, Any] | None, more: dict[str, Any]) -> dict[str, Any] | None:
    """The pointer with values of its record, if it leads anywhere."""
    return None if found is None else {**found, **more}
