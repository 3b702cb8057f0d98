"""Reads separated values as people's programs write them: any encoding and delimiter, by rows, bounded."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from xrm.errors import Problem, TooLarge, Unreadable
from xrm.settings import Limits

SAMPLE_BYTES = 1 << 16
SAMPLE_ROWS = 50
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
LEAST_CELL = 1 << 17
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EXCEL_HINT = "sep="
_NO_TEXT = {
    b"PK\x03\x04": "The file is a workbook or an archive, and no text.",
    b"\xd0\xcf\x11\xe0": "The file is a workbook of an old kind, and no text.",
    b"%PDF": "The file is a PDF, and no text.",
}


class Row(NamedTuple):
    """One row of the table. `number` is what a spreadsheet shows: the heading is row 1."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose form is known, and which can be read again and again."""

    source: BinaryIO
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    most_rows: int

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """The rows that hold anything, without the first `skip`; raises TooLarge past the limit."""
        for index, (number, cells) in enumerate(self._filled()):
            self._bound(index + 1)
            if index >= skip:
                yield Row(number, [cell.strip() for cell in cells])

    def count(self) -> int:
        """How many rows there are; raises TooLarge past the limit."""
        found = 0
        for found, _ in enumerate(self._filled(), start=1):
            self._bound(found)
        return found

    def _filled(self) -> Iterator[tuple[int, list[str]]]:
        """The rows that hold anything but blanks, with their numbers."""
        reader = self._reader()
        next(reader)
        return ((number, cells) for number, cells in enumerate(reader, start=2) if any(map(str.strip, cells)))

    def _bound(self, rows: int) -> None:
        if rows > self.most_rows:
            message = f"One import takes at most {self.most_rows} rows."
            problem = Problem("L116", message, "Import the file in several pieces.")
            raise TooLarge(problem, facts={"limit": "import_rows"})

    def _reader(self) -> Iterator[list[str]]:
        return _records(self.source, self.encoding, self.delimiter)


def open_table(source: BinaryIO, limits: Limits, *, encoding: str = "", delimiter: str = "") -> Table:
    """The form of the file is known: what is not given is guessed; raises Unreadable or TooLarge."""
    _demand_text(source)
    csv.field_size_limit(max(LEAST_CELL, limits.import_cell))
    chosen = encoding or _encoding_of(source)
    if chosen not in ENCODINGS:
        raise Unreadable(
            Problem("I102", f"{chosen!r} is not read here.", f"Use one of {', '.join(ENCODINGS)}.")
        )
    separator = delimiter or _delimiter_of(source, chosen)
    heading = next(_records(source, chosen, separator), None)
    if heading is None or not any(heading):
        raise Unreadable(Problem("I101", "The file is empty.", "Its first row must name the columns."))
    if len(heading) > limits.import_columns:
        message = f"The file has {len(heading)} columns."
        raise TooLarge(Problem("L122", message, f"Leave at most {limits.import_columns}."))
    return Table(source, chosen, separator, _named(heading), limits.import_rows)


def _demand_text(source: BinaryIO) -> None:
    """What spreadsheet programs save by themselves would be read as one column of signs."""
    source.seek(0)
    start = source.read(4)
    if start in _NO_TEXT:
        hint = "Save the sheet as CSV in the program that made it, and import that."
        raise Unreadable(Problem("I103", _NO_TEXT[start], hint))


def _named(heading: Sequence[str]) -> tuple[str, ...]:
    """A name of its own for each column, also for those that share one or have none."""
    names: list[str] = []
    for index, cell in enumerate(heading):
        wanted = cell.strip() or f"Column {index + 1}"
        taken = sum(1 for name in names if name == wanted or name.startswith(f"{wanted} ("))
        names.append(f"{wanted} ({taken + 1})" if taken else wanted)
    return tuple(names)


def _records(source: BinaryIO, encoding: str, delimiter: str) -> Iterator[list[str]]:
    source.seek(0)
    text = io.TextIOWrapper(source, encoding=encoding, newline="")
    try:
        if not text.readline().startswith(_EXCEL_HINT):
            text.seek(0)
        yield from csv.reader(text, delimiter=delimiter, strict=True)
    except UnicodeDecodeError as error:
        message = f"The file is not {encoding} text: byte {error.start + 1} cannot be read."
        raise Unreadable(
            Problem("I102", message, "Say which encoding it has, or save it as UTF-8.")
        ) from None
    except csv.Error as error:
        message = f"The file cannot be read as a table: {error}."
        raise Unreadable(Problem("I103", message, "Check its quotes and separators.")) from None
    finally:
        # A reader that is left in the middle may find its file closed.
        with suppress(ValueError):
            text.detach()


def _encoding_of(source: BinaryIO) -> str:
    """By its mark, else by its zeros, else UTF-8 if the whole file is, else the one of western Windows."""
    source.seek(0)
    start = source.read(SAMPLE_BYTES)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\0" in start[:1000]:
        return "utf-16-le" if start[1:1000:2].count(0) > start[0:1000:2].count(0) else "utf-16-be"
    return "utf-8" if _is_utf8(source) else "cp1252"


def _is_utf8(source: BinaryIO) -> bool:
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := source.read(1 << 20):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(source: BinaryIO, encoding: str) -> str:
    """The one that the file states, else the one that cuts the first rows most evenly."""
    source.seek(0)
    # A character may be cut in two at the end of the sample.
    sample = source.read(SAMPLE_BYTES).decode(encoding, errors="ignore")
    if sample.startswith(_EXCEL_HINT) and len(sample) > len(_EXCEL_HINT):
        return sample[len(_EXCEL_HINT)]
    lines = sample if len(sample.encode(encoding, "ignore")) < SAMPLE_BYTES else sample.rpartition("\n")[0]
    return max(DELIMITERS, key=lambda delimiter: _fitness(lines, delimiter))


def _fitness(sample: str, delimiter: str) -> tuple[float, int]:
    """How evenly the delimiter cuts, then into how many cells."""
    widths: list[int] = []
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
            if cells:
                widths.append(len(cells))
            if len(widths) == SAMPLE_ROWS:
                break
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] == 1:
        return 0.0, 0
    return Counter(widths)[widths[0]] / len(widths), widths[0]
