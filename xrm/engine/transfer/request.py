"""What is asked of an import, as the parameters of its job keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from xrm.engine.transfer.cells import Formats
from xrm.errors import Invalid, Place, Problem
from xrm.registry import near_names

MODES = ("all", "good_rows")
TELL, ACCEPT, SKIP, UPDATE = DUPLICATES = ("tell", "accept", "skip", "update")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Which file goes where and how.

    `mapping` gives the target of each column, None to find them by name. With `by`, a row whose key a record
    has already changes that record. `all` imports everything or nothing, `good_rows` what can be imported.
    A row that would make a duplicate is refused and told of it, or, as `duplicates` says, imported anyway, left out, or
    taken as a change of the one record that it is like.
    """

    entity: str
    content: str = ""
    name: str = ""
    mapping: Mapping[str, str | None] | None = None
    by: str = ""
    mode: str = "good_rows"
    duplicates: str = TELL
    dry_run: bool = False
    encoding: str = ""
    delimiter: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(given: Mapping[str, Any]) -> ImportRequest:
        """The request that was made; raises Invalid for options and values that are not known."""
        known = [f.name for f in fields(ImportRequest)]
        for name in given:
            if name not in known:
                near = near_names(name, known)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
                raise Invalid(Problem("I114", f"An import has no option {name!r}.", hint, Place(path=name)))
        made = ImportRequest(**given)
        if made.mode not in MODES:
            hint = f"Give {' or '.join(MODES)}."
            raise Invalid(Problem("I114", f"mode is {made.mode!r}.", hint, Place(path="mode")))
        if made.duplicates not in DUPLICATES:
            hint = f"Give {', '.join(DUPLICATES[:-1])} or {DUPLICATES[-1]}."
            raise Invalid(
                Problem("I114", f"duplicates is {made.duplicates!r}.", hint, Place(path="duplicates"))
            )
        Formats.of(made.formats)
        return made

    @property
    def params(self) -> dict[str, Any]:
        """The request as a job keeps it."""
        return asdict(self)
