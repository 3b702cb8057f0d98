"""What an import has come to so far; it is saved with every portion, so that another worker can go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from xrm.engine.transfer.mapping import Columns
from xrm.engine.transfer.reader import Row
from xrm.errors import Problem

MOST_PROBLEMS = 200
LONGEST_VALUE = 80


def cut(cell: str) -> str:
    """The cell as far as there is room for it."""
    return cell if len(cell) <= LONGEST_VALUE else f"{cell[: LONGEST_VALUE - 1]}…"


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not imported, and why."""

    row: Row
    problems: Sequence[Problem]

    def told(self, columns: Columns) -> list[dict[str, Any]]:
        """Its problems by row and column, as people are told them."""
        return [
            {
                "row": self.row.number,
                "column": columns.column_of(problem.where.path),
                "path": problem.where.path,
                "value": cut(columns.cell_of(problem.where.path, self.row.cells)),
                "code": problem.code,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in self.problems
        ]

    @property
    def reason(self) -> str:
        """Everything that is wrong with the row, in one cell."""
        return " ".join(f"{problem.message} {problem.hint}".strip() for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of rows, the first problems, and where in the change log the import's changes lie.

    `parts` are the hashes of files with the refused rows of each portion.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: tuple[Mapping[str, Any], ...] = ()
    parts: tuple[str, ...] = ()
    after: int = 0
    until: int = 0

    @staticmethod
    def of(saved: Mapping[str, Any]) -> Tally:
        """The tally that was saved, or an empty one."""
        kept: dict[str, Any] = {f.name: saved[f.name] for f in fields(Tally) if f.name in saved}
        kept |= {name: tuple(kept[name]) for name in ("problems", "parts") if name in kept}
        return Tally(**kept)

    def plus(
        self, outcomes: Mapping[str, int], refused: Sequence[Refused], columns: Columns, part: str = ""
    ) -> Tally:
        """The tally after one more portion."""
        room = MOST_PROBLEMS - len(self.problems)
        told = [told for row in refused[:room] for told in row.told(columns)][: max(room, 0)]
        return replace(
            self,
            rows=self.rows + sum(outcomes.values()) + len(refused),
            created=self.created + outcomes.get("created", 0),
            updated=self.updated + outcomes.get("updated", 0),
            unchanged=self.unchanged + outcomes.get("unchanged", 0),
            failed=self.failed + len(refused),
            problems=(*self.problems, *told),
            parts=(*self.parts, part) if part else self.parts,
        )

    @property
    def saved(self) -> dict[str, Any]:
        """The tally as a job keeps it."""
        return asdict(self)
