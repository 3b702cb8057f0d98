"""What verbs print: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import click

from xrm.errors import Problem, XrmError

Progress = Any


def say(text: str = "") -> None:
    """One line of the answer."""
    click.echo(text)


def say_json(value: Any) -> None:
    """The answer for a program."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The rows under their headings; plain text where nobody watches."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    # Where nobody watches, no line is cut to the width of a screen.
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False).print(table)


def show_refusal(error: XrmError, *, as_json: bool) -> None:
    """Every problem with place and remedy: on standard error for people, on standard output as JSON."""
    if as_json:
        problems = [problem_json(problem) for problem in error.problems]
        say_json({"title": error.title, "code": error.code, "problems": problems})
        return
    for problem in error.problems:
        click.echo(problem_line(problem), err=True)
    if len(error.problems) > 1:
        click.echo(f"{len(error.problems)} problems.", err=True)


def problem_line(problem: Problem) -> str:
    """The problem as compilers print theirs, so that editors find the place."""
    return str(problem)


def problem_json(problem: Problem) -> dict[str, object]:
    """The problem for a program; a place that is not known is left out."""
    where = problem.where
    place = {"file": where.file, "line": where.line, "column": where.column, "path": where.path}
    told = {"code": problem.code, "message": problem.message, "hint": problem.hint}
    return {**told, **{name: value for name, value in place.items() if value}}


@contextmanager
def progress(label: str, *, hidden: bool = False) -> Iterator[Any]:
    """A bar on standard error that `advance(done, total)` moves; nothing where nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
