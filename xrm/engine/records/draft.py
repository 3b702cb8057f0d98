"""A draft: one record on its way through the write pipeline. Each step returns a new one."""

from __future__ import annotations

from collections.abc import Mapping, Set
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from xrm.engine.commands import Link, Unlink
from xrm.engine.records.writer import Writer
from xrm.errors import Place, Problem
from xrm.metadata.model import Transition

Values = Mapping[str, Any]
NONE: Values = MappingProxyType({})


class Draft(NamedTuple):
    """One record being written.

    `given` holds the JSON values as they came, `parsed` the Python values of exactly those names, `old` the
    stored values by name and `new` the values that shall be stored. `path` is where the caller finds these
    values (`commands[2].values`, or empty for a single command). `preset` holds values that the place of
    writing gives, as a child's link to the record it is written in. `link` is what a command makes or takes away
    of the record's links. `refused` names values that cannot be used and values that hang on them: nothing
    that reads them is judged. `accepted` says that the writer knows of duplicates of which they would be warned.
    `worth` tells of amounts, by name, what they are worth in the base currency; the rate of their day tells it else.

    A tuple, for a batch makes thousands of them.
    """

    writer: Writer
    operation: str
    id: UUID
    path: str = ""
    given: Values = NONE
    parsed: Values = NONE
    nested: Values = NONE
    preset: Values = NONE
    old: Values | None = None
    new: Values = NONE
    version: int | None = None
    transition: Transition | None = None
    reason: str = ""
    deletion: UUID | None = None
    link: Link | Unlink | None = None
    refused: frozenset[str] = frozenset()
    accepted: bool = False
    worth: Values = NONE

    def with_(self, **changes: Any) -> Draft:
        """This draft with other facts."""
        return self._replace(**changes)

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """The names whose value differs, each with old and new value; of a new record all that are full."""
        if self.old is None:
            return {n: (None, value) for n, value in self.new.items() if value is not None}
        old, new = self.old, self.new
        found = {n: (was, new.get(n)) for n, was in old.items() if was != new.get(n)}
        added = new.keys() - old.keys()
        return found | {n: (None, new[n]) for n in new if n in added and new[n] is not None}

    def without(self, names: Set[str]) -> Draft:
        """This draft where these values, and what is worked out from them, are not to be judged."""
        programs, refused = self.writer.programs, {*self.refused, *names}
        for name in programs.defaults:
            if name not in self.parsed and programs.default_reads[name] & refused:
                refused.add(name)
        if programs.title_reads & refused:
            refused.add("title")
        return self._replace(refused=frozenset(refused))

    @property
    def is_new(self) -> bool:
        """True when there is no stored record yet."""
        return self.old is None

    def where(self, name: str) -> Place:
        """The place of a value of this draft in the request."""
        if not name:
            return Place(path=self.path)
        return Place(path=f"{self.path}.{name}" if self.path else name)

    def problem(self, code: str, name: str, message: str, hint: str = "") -> Problem:
        """A problem at a value of this draft."""
        return Problem(code, message, hint, self.where(name))


def unfit(place: Place) -> Problem:
    """The problem of pointing at a record that the relationship's filter does not admit."""
    return Problem("R152", "This record may not be chosen here.", "Choose another one.", place)
