"""Refusals on a form: each problem at the control that it is about, and all of them in the summary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xrm.engine.records.duplicates import WARNED
from xrm.errors import Conflict, Forbidden, PlanChanged, Problem, Stale, TooLarge, XrmError
from xrm.ui.fields.view import ChildRow, Field
from xrm.ui.models import FormProblem, Link, Section

_ROW = re.compile(
    r"(?P<grid>[a-z0-9_]+)(?:\.(?P<verb>create|update|delete))?\[(?P<at>\d+)\](?:\.(?P<rest>.+))?\Z"
)
_STATUS: Mapping[type[XrmError], int] = {
    Stale: 412,
    Conflict: 409,
    PlanChanged: 409,
    Forbidden: 403,
    TooLarge: 413,
}

RowNumbers = Mapping[str, Mapping[str, list[int]]]


@dataclass(frozen=True, slots=True)
class Said:
    """A problem with the name of the control that it is about; without name it is about the whole form."""

    message: str
    name: str = ""
    part: str = ""

    @property
    def control(self) -> str:
        """The name of the control, or of the grid that it stands in."""
        return self.name.partition(".")[0]

    @property
    def field_id(self) -> str:
        """The id of the input that the summary leads to."""
        return f"f-{self.name.replace('.', '-')}" if self.name else ""


def status_of(error: XrmError) -> int:
    """The status of a form that was refused for this."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)


def twins_of(error: XrmError) -> tuple[tuple[Link, ...], bool]:
    """The records that a refusal is about as links, and whether it only warns and can be passed."""
    found = {a: Link(a.title, f"/r/{a.entity}/{a.id}") for p in error.problems for a in p.records}
    return tuple(found.values()), all(problem.code == WARNED for problem in error.problems)


def whole_text(problem: Problem) -> str:
    """What is wrong and what to do, as one text; pages have a button where programs give a parameter."""
    hint = "Use that record, or write it anyway." if problem.code == WARNED else problem.hint
    return f"{problem.message} {hint}".strip()


def said_of(problems: Iterable[Problem], numbers: RowNumbers, known: frozenset[str]) -> list[Said]:
    """The problems in the words of the page, at the controls of the form."""
    return [_said(problem, numbers, known) for problem in problems]


def with_untitled(untitled: Sequence[Said], said: Iterable[Said]) -> tuple[Said, ...]:
    """Texts that named no record, in the page's words, and whatever else is said of other controls."""
    names = {one.name for one in untitled}
    return (*untitled, *(one for one in said if one.name not in names))


def _said(problem: Problem, numbers: RowNumbers, known: frozenset[str]) -> Said:
    text = whole_text(problem)
    path = problem.where.path
    in_row = _ROW.match(path)
    if in_row and in_row["grid"] in known:
        return Said(text, _row_name(in_row, numbers))
    name, _, rest = path.partition(".")
    name = name.partition("[")[0]
    return Said(text, name, rest) if name in known else Said(text)


def _row_name(found: re.Match[str], numbers: RowNumbers) -> str:
    """The name of the cell, by the number that the row has in the form."""
    at = int(found["at"])
    listed = numbers.get(found["grid"], {}).get(found["verb"] or "create", [])
    index = listed[at] if at < len(listed) else at
    column = (found["rest"] or "").partition(".")[0].partition("[")[0]
    return f"{found['grid']}.{index}.{column}" if column else found["grid"]


def summary(said: Iterable[Said], sections: Iterable[Section] = ()) -> tuple[FormProblem, ...]:
    """The lines at the head of the form: what is wrong with the whole, then in the order of its fields.

    Each names its field, since a line up there does not stand beside it.
    """
    fields = {f.name: (place, f.label) for place, f in enumerate(f for s in sections for f in s.fields)}
    nowhere = (len(fields), "")
    ordered = sorted(said, key=lambda one: fields.get(one.control, nowhere)[0] if one.name else -1)
    return tuple(
        FormProblem(_naming(fields.get(one.control, nowhere)[1], one.message), one.field_id)
        for one in ordered
    )


def _naming(label: str, message: str) -> str:
    is_named = not label or re.search(rf"\b{re.escape(label)}\b", message, re.IGNORECASE)
    return message if is_named else f"{label}: {message}"


def marked(field: Field, said: Iterable[Said]) -> Field:
    """The field with what is wrong with it, its rows and cells too."""
    own = " ".join(dict.fromkeys(s.message for s in said if s.name == field.name))
    found = replace(field, error=own) if own else field
    if field.children is None:
        return found
    rows = tuple(_marked_row(row, list(said)) for row in field.children.rows)
    return replace(found, children=replace(field.children, rows=rows))


def _marked_row(row: ChildRow, said: list[Said]) -> ChildRow:
    return replace(row, cells=tuple(marked(cell, said) for cell in row.cells))
